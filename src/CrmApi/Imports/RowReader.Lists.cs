using CallCrm.CallFlow;
using static CallCrm.CrmApi.Imports.ImportTargets;

namespace CallCrm.CrmApi.Imports;

internal sealed partial class RowReader
{
    /// <summary>The first is the main one.</summary>
    (List<ClientEmail>, List<int>) Mails(TableRow row)
    {
        var (found, columns) = (new List<ClientEmail>(), new List<int>());
        foreach (var column in mails)
        {
            foreach (var (address, label) in Cells.Mails(Cell(row, column.Index)))
            {
                if (found.Exists(m => m.Address.Equals(address, StringComparison.OrdinalIgnoreCase))) continue;
                found.Add(new ClientEmail(address, label.Length > 0 ? label : column.Label ?? ""));
                columns.Add(column.Index);
            }
        }

        return (found, columns);
    }

    /// <summary>Null: the file says nothing of them. Columns of one kind are parts of one address.</summary>
    List<ClientAddress>? AddressesOf(TableRow row)
    {
        var found = AddressCells.Read(Cell(row, Addresses)).ToList();
        var (postal, region, country) = (Cell(row, PostalCode), Cell(row, Region), Cell(row, Country));
        var lines = addresses.GroupBy(c => c.Label is { Length: > 0 } kind ? kind : ClientAddress.Actual, c => Cell(row, c.Index)).Select(g => (Kind: g.Key, Line: Joined(g))).Where(a => a.Line.Length > 0).ToList();
        var structured = postal.Length + region.Length + country.Length > 0;
        if (structured && lines.Count == 0) lines.Add((ClientAddress.Actual, ""));
        // The parts are those of where the client is, else of the only one.
        var at = Math.Max(0, lines.FindIndex(l => l.Kind == ClientAddress.Actual));
        for (var n = 0; n < lines.Count; n++)
        {
            var (kind, line) = lines[n];
            found.Add(n == at && structured ? new ClientAddress(kind, line, Beyond(line, Cell(row, City)), Beyond(line, postal), Beyond(line, region), Beyond(line, country)) : new ClientAddress(kind, line));
        }

        return found.Count > 0 ? found : null;

        // Programs write the whole address in one column and its parts in others as well.
        static string Beyond(string line, string part) => line.Contains(part, StringComparison.OrdinalIgnoreCase) ? "" : part;

        static string Joined(IEnumerable<string> cells)
        {
            var line = "";
            foreach (var cell in cells.Where(c => c.Length > 0 && !line.Contains(c, StringComparison.OrdinalIgnoreCase))) line = line.Length == 0 ? cell : $"{line}, {cell}";
            return line;
        }
    }

    string[]? TagsOf(TableRow row)
    {
        var given = Cell(row, Tags).Split([',', ';', '|', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return given.Length > 0 ? given : null;
    }

    static readonly Dictionary<string, string> RoleWords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["client"] = "client",
        ["clients"] = "client",
        ["customer"] = "client",
        ["customers"] = "client",
        ["cliente"] = "client",
        ["clienti"] = "client",
        ["клиент"] = "client",
        ["клиенты"] = "client",
        ["покупатель"] = "client",
        ["supplier"] = "supplier",
        ["suppliers"] = "supplier",
        ["vendor"] = "supplier",
        ["fornitore"] = "supplier",
        ["fornitori"] = "supplier",
        ["поставщик"] = "supplier",
        ["поставщики"] = "supplier",
        ["partner"] = "partner",
        ["partners"] = "partner",
        ["партнер"] = "partner",
        ["партнёр"] = "partner",
        ["партнеры"] = "partner",
        ["партнёры"] = "partner",
    };

    List<string>? RolesOf(TableRow row, List<CellError> errors)
    {
        var given = Cell(row, Roles).Split([',', ';', '|', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var roles = new List<string>();
        foreach (var word in given)
        {
            if (RoleWords.TryGetValue(word, out var role)) roles.Add(role);
            // Another program's types of contacts are many, and only some of them are roles.
            else if (!rolesAreHints) errors.Add(new CellError(one[Roles], ImportTexts.Role, word));
        }

        return roles.Count > 0 ? roles : null;
    }

    string? TaxOf(TableRow row, string target, List<CellError> errors)
    {
        var given = Cell(row, target);
        if (Cells.IsScientific(given)) errors.Add(new CellError(one[target], ImportTexts.Scientific, given));
        // 1C writes a company's INN and KPP with a stroke between them.
        if (given.IndexOf('/', StringComparison.Ordinal) is 10 && given.Length == 20) given = given[..10];
        return given.Length > 0 && !Cells.IsScientific(given) ? given : null;
    }
}
