using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Deals;
using static CallCrm.CrmApi.Imports.ImportTargets;

namespace CallCrm.CrmApi.Imports;

/// <param name="Column">From 0; null: the whole row.</param>
/// <param name="Code">Of <see cref="ImportTexts"/>.</param>
internal sealed record CellError(int? Column, string Code, string Value, string? Given = null);

/// <param name="PhoneColumns">From which column each of the client's numbers is.</param>
/// <param name="MailColumns">From which column each address of mail is, the main one first.</param>
internal sealed record ReadRow(TableRow Row, ImportedClient Client, ImportedDeal? Deal, IReadOnlyList<int> PhoneColumns, IReadOnlyList<int> MailColumns, IReadOnlyList<CellError> Errors);

/// <summary>What names in a file may mean here.</summary>
internal sealed record ImportLists(IReadOnlyList<NamedCode> Segments, IReadOnlyList<(Guid Id, string Login, string Name)> People, IReadOnlyList<(NamedCode Type, IReadOnlyList<NamedCode> Stages)> DealTypes,
    IReadOnlyList<CustomField> Own);

/// <summary>A row of the file as a client and a deal; what is wrong is told by column. Pure.</summary>
internal sealed partial class RowReader
{
    const int LongestStatus = 40;
    readonly ImportStart plan;
    readonly ImportLists lists;
    readonly Guid run;
    readonly TimeZoneInfo zone;
    readonly Dictionary<string, int> one;
    readonly List<ImportColumn> phones;
    readonly List<ImportColumn> mails;
    readonly List<ImportColumn> notes;
    readonly List<ImportColumn> addresses;
    readonly List<(CustomField Field, int Column)> own;
    readonly bool rolesAreHints;
    readonly bool isInn;
    readonly IReadOnlySet<int> monthFirst;
    readonly Dictionary<string, Guid?> people = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="monthFirst">Columns of dates, see <see cref="DateOrder"/>; null: none.</param>
    public RowReader(ImportStart plan, ImportLists lists, Guid run, TimeZoneInfo zone, IReadOnlySet<int>? monthFirst = null)
    {
        this.monthFirst = monthFirst ?? new HashSet<int>();
        (this.plan, this.lists, this.run, this.zone) = (plan, lists, run, zone);
        one = plan.Columns.Where(c => !Find(c.Target)!.Many).ToDictionary(c => c.Target, c => c.Index, StringComparer.Ordinal);
        phones = [.. plan.Columns.Where(c => c.Target == Phone)];
        mails = [.. plan.Columns.Where(c => c.Target == Email)];
        notes = [.. plan.Columns.Where(c => c.Target is Note or LeadName)];
        addresses = [.. plan.Columns.Where(c => c.Target == Address)];
        rolesAreHints = plan.Columns.Any(c => c.Target == Roles && c.Label == "hint");
        isInn = plan.Columns.Any(c => c.Target is TaxId or CompanyTaxId && c.Label == Inn);
        own = [.. lists.Own.Where(f => one.ContainsKey(Own + f.Code)).Select(f => (f, one[Own + f.Code]))];
        foreach (var (id, login, name) in lists.People)
        {
            people[name] = people.ContainsKey(name) ? null : id;
        }

        // A login is one person's, whoever has it for a name.
        foreach (var (id, login, _) in lists.People) people[login] = id;
    }

    public ReadRow Read(TableRow row)
    {
        var errors = new List<CellError>();
        if (row.Trouble is { } trouble) errors.Add(new CellError(null, trouble, ""));
        var (numbers, columns) = Numbers(row, errors);
        var (emails, mailColumns) = Mails(row);
        var name = Cell(row, Name) is { Length: > 0 } whole ? whole : string.Join(' ', ((string[])[Cell(row, FirstName), Cell(row, MiddleName), Cell(row, LastName)]).Where(n => n.Length > 0));
        var company = Cell(row, Company);
        var kind = KindOf(row, name, company, errors);
        if (name.Length == 0) name = company;
        var note = string.Join('\n', notes.Select(c => Cell(row, c.Index) is { Length: > 0 } said && c.Label is { Length: > 0 } label ? $"{label}: {said}" : Cell(row, c.Index)).Where(n => n.Length > 0).Distinct(StringComparer.Ordinal));
        var responsible = PersonOf(row, errors);
        var lead = LeadOf(row, name, responsible, errors);
        var fields = new ClientFields(kind, name, company, emails.Count > 0 ? emails[0].Address : "", Cell(row, City), note, LanguageOf(row, errors), SegmentOf(row, errors), responsible, numbers)
        {
            More = new ClientMore(emails.Count > 1 ? [.. emails.Skip(1)] : null, TaxOf(row, TaxId, errors), Cell(row, ImportTargets.TimeZone) is { Length: > 0 } place ? place : null, null, TagsWith(row, lead.Tag), OwnOf(row, errors), null, RolesOf(row, errors), AddressesOf(row), TaxOf(row, SecondTaxId, errors), isInn),
        };
        var source = Cell(row, Source) is { Length: > 0 } given ? given : plan.Source is { Length: > 0 } chosen ? chosen : "import";
        var belongs = kind == "person" ? new ImportedCompany(IdOf(run, row.Number, 3), company, TaxOf(row, CompanyTaxId, errors) ?? "") : null;
        return new ReadRow(row, new ImportedClient(IdOf(run, row.Number, 1), fields, source, belongs), DealOf(row, responsible, errors) ?? lead.Deal, columns, mailColumns, errors);
    }

    /// <summary>Follows from run and row, so that a row loaded again is the same client. In the form of a UUID v7, with the run's time.</summary>
    public static Guid IdOf(Guid run, long row, byte kind)
    {
        Span<byte> given = stackalloc byte[25];
        run.TryWriteBytes(given, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(given[16..], row);
        given[24] = kind;
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(given, hash);
        given[..6].CopyTo(hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x70);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    /// <summary>Follows from what something is called where it comes from: the same in every file. In the form of a UUID v8.</summary>
    static Guid IdOf(string key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    string Cell(TableRow row, string target) => one.TryGetValue(target, out var column) ? Cell(row, column) : "";

    static string Cell(TableRow row, int column) => column < row.Cells.Count ? Cells.Plain(row.Cells[column]) : "";

    (List<ClientNumber>, List<int>) Numbers(TableRow row, List<CellError> errors)
    {
        var (numbers, columns) = (new List<ClientNumber>(), new List<int>());
        foreach (var column in phones)
        {
            var cell = Cell(row, column.Index);
            if (cell.Length == 0) continue;
            if (Cells.IsScientific(cell))
            {
                errors.Add(new CellError(column.Index, ImportTexts.Scientific, cell));
                continue;
            }

            foreach (var (number, extension, label) in Cells.LabelledPhones(cell))
            {
                var named = label.Length > 0 ? label : column.Label;
                numbers.Add(new ClientNumber(number, named ?? "", numbers.Count == 0, extension));
                columns.Add(column.Index);
            }
        }

        Behind(row, numbers, errors);
        return (numbers, columns);
    }

    /// <summary>An extension in a column of its own speaks of the first number. One that speaks of none, or says something else than stands behind the number, is not dropped in silence: the row waits to be mended.</summary>
    void Behind(TableRow row, List<ClientNumber> numbers, List<CellError> errors)
    {
        if (Cell(row, PhoneExtension) is not { Length: > 0 } given) return;
        var keyed = PhoneNumbers.Split("0 " + given) is { Number: "0", Extension: { Length: > 0 } bare } ? bare : given;
        if (numbers.Count == 0)
        {
            // Of a number that was wrong itself, that is told.
            if (phones.TrueForAll(p => Cell(row, p.Index).Length == 0)) errors.Add(new CellError(one[PhoneExtension], ImportTexts.ExtensionAlone, given));
        }
        else if (numbers[0].Extension is not { Length: > 0 } known) numbers[0] = numbers[0] with { Extension = keyed };
        else if (known != keyed) errors.Add(new CellError(one[PhoneExtension], ImportTexts.ExtensionTwice, given, known));
    }

    string KindOf(TableRow row, string name, string company, List<CellError> errors)
    {
        var given = Cell(row, Kind).ToLowerInvariant();
        switch (given)
        {
            case "person" or "persona" or "privato" or "человек" or "физлицо" or "физическое лицо" or "частное лицо": return "person";
            case "company" or "azienda" or "società" or "компания" or "юрлицо" or "юридическое лицо" or "организация": return "company";
            case "": return plan.Kind is "person" or "company" ? plan.Kind : name.Length == 0 && company.Length > 0 ? "company" : "person";
            default:
                errors.Add(new CellError(one[Kind], ImportTexts.Kind, given));
                return "person";
        }
    }

    static readonly Dictionary<string, string> Languages = new(StringComparer.OrdinalIgnoreCase)
    {
        ["english"] = "en",
        ["inglese"] = "en",
        ["английский"] = "en",
        ["italian"] = "it",
        ["italiano"] = "it",
        ["итальянский"] = "it",
        ["russian"] = "ru",
        ["russo"] = "ru",
        ["русский"] = "ru",
        ["german"] = "de",
        ["tedesco"] = "de",
        ["немецкий"] = "de",
        ["deutsch"] = "de",
        ["french"] = "fr",
        ["francese"] = "fr",
        ["французский"] = "fr",
        ["spanish"] = "es",
        ["spagnolo"] = "es",
        ["испанский"] = "es",
    };

    string? LanguageOf(TableRow row, List<CellError> errors)
    {
        var given = Cell(row, Language);
        if (given.Length == 0) return null;
        if (Languages.TryGetValue(given, out var code)) return code;
        // en, en-GB, en_US
        if (given.Length >= 2 && given[..2].All(char.IsAsciiLetter) && (given.Length == 2 || given[2] is '-' or '_')) return given[..2].ToLowerInvariant();
        errors.Add(new CellError(one[Language], ImportTexts.Language, given));
        return null;
    }

    string? SegmentOf(TableRow row, List<CellError> errors)
    {
        var given = Cell(row, Segment);
        if (given.Length == 0) return null;
        if (Named(lists.Segments, given) is { } segment) return segment.Code;
        errors.Add(new CellError(one[Segment], ImportTexts.Segment, given, Names(lists.Segments)));
        return null;
    }

    Guid? PersonOf(TableRow row, List<CellError> errors)
    {
        var given = Cell(row, Responsible);
        // Bitrix24 adds the number of the person: Anna Verdi [12].
        if (given.EndsWith(']') && given.LastIndexOf('[') is > 0 and var at) given = given[..at].TrimEnd();
        if (given.Length == 0) return null;
        var known = people.TryGetValue(given, out var id) || (given.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var first, var last] && people.TryGetValue($"{last} {first}", out id));
        if (known && id is not null) return id;
        errors.Add(new CellError(one[Responsible], known ? ImportTexts.ResponsibleTwice : ImportTexts.Responsible, given));
        return null;
    }

    /// <summary>The site's own fields; an empty cell says nothing of its field.</summary>
    Dictionary<string, JsonElement>? OwnOf(TableRow row, List<CellError> errors)
    {
        if (own.Count == 0) return null;
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (field, column) in own)
        {
            var given = Cell(row, column);
            if (given.Length == 0) continue;
            if (OwnCells.Read(field, given, monthFirst.Contains(column)) is { } value) values[field.Code] = JsonSerializer.SerializeToElement(value);
            else if (field.Kind == "date" && OtherOrder(column, given) is { } order) errors.Add(new CellError(column, order, given));
            else errors.Add(new CellError(column, ImportTexts.Own, given, $"{field.Name}: {field.Expected}"));
        }

        return values.Count > 0 ? values : null;
    }

    ImportedDeal? DealOf(TableRow row, Guid? responsible, List<CellError> errors)
    {
        if (!one.TryGetValue(DealTitle, out var titled)) return null;
        var title = PlainText.Clean(Cell(row, DealTitle), 201);
        if (title.Length is 0 or > 200) errors.Add(new CellError(titled, ImportTexts.DealTitle, title));
        if (TypeOf(row, errors) is not { } type) return null;
        if (StageOf(row, type.Stages, errors) is not { } stage) return null;
        // What has a number where it comes from is the same deal whichever file brings it.
        return DealIn(row, Cell(row, DealKey) is { Length: > 0 } key ? IdOf("deal " + key) : IdOf(run, row.Number, 2), type.Type, stage, title, responsible, errors);
    }

    /// <summary>
    /// A lead of another program. In work, and in a stage that there is here by its name, it is a deal in that stage; else the card has the status as a tag: nobody is given work that is done or was none.
    /// </summary>
    (ImportedDeal? Deal, string? Tag) LeadOf(TableRow row, string name, Guid? responsible, List<CellError> errors)
    {
        var status = PlainText.Clean(Cell(row, LeadStatus), LongestStatus);
        if (status.Length == 0 || one.ContainsKey(DealTitle)) return default;
        if (BitrixColumns.IsOpenLead(status))
        {
            foreach (var (type, stages) in lists.DealTypes)
            {
                if (Named(stages, status) is not { } stage) continue;
                var title = PlainText.Clean(Cell(row, LeadName) is { Length: > 0 } called ? called : name, 200);
                if (title.Length == 0) break;
                return (DealIn(row, Cell(row, LeadKey) is { Length: > 0 } key ? IdOf("lead " + key) : IdOf(run, row.Number, 2), type, stage, title, responsible, errors), null);
            }
        }

        return (null, $"lead: {status.Replace(", ", " ", StringComparison.Ordinal).Replace(',', ' ')}");
    }

    string[]? TagsWith(TableRow row, string? more) => more is null ? TagsOf(row) : [.. TagsOf(row) ?? [], more];

    ImportedDeal DealIn(TableRow row, Guid id, NamedCode type, NamedCode stage, string title, Guid? responsible, List<CellError> errors)
    {
        var amount = Parsed(row, DealAmount, c => Cells.Decimal(c) is { } d && Math.Abs(d) < 1_000_000_000_000m ? Math.Round(d, 2) : (decimal?)null, ImportTexts.Amount, errors);
        var date = DateOf(row, errors);
        var currency = Cell(row, DealCurrency).ToUpperInvariant();
        if (currency.Length > 0 && !(currency.Length == 3 && currency.All(char.IsAsciiLetterUpper))) errors.Add(new CellError(one[DealCurrency], ImportTexts.Currency, currency));
        DateTimeOffset? at = date is { } day ? new DateTimeOffset(day, zone.GetUtcOffset(day)).ToUniversalTime() : null;
        return new ImportedDeal(id, type.Code, stage.Code, title, amount, currency.Length > 0 ? currency : "EUR", responsible, at);
    }

    (NamedCode Type, IReadOnlyList<NamedCode> Stages)? TypeOf(TableRow row, List<CellError> errors)
    {
        var given = Cell(row, DealType);
        foreach (var type in lists.DealTypes)
        {
            if (given.Length == 0 || Is(type.Type, given)) return type;
        }

        errors.Add(new CellError(one.TryGetValue(DealType, out var column) ? column : null, ImportTexts.DealType, given, Names(lists.DealTypes.Select(t => t.Type))));
        return null;
    }

    NamedCode? StageOf(TableRow row, IReadOnlyList<NamedCode> stages, List<CellError> errors)
    {
        var given = Cell(row, DealStage);
        if ((given.Length == 0 ? stages.FirstOrDefault() : Named(stages, given)) is { } stage) return stage;
        errors.Add(new CellError(one.TryGetValue(DealStage, out var column) ? column : null, ImportTexts.DealStage, given, Names(stages)));
        return null;
    }

    DateTime? DateOf(TableRow row, List<CellError> errors)
    {
        var given = Cell(row, DealDate);
        if (given.Length == 0) return null;
        var column = one[DealDate];
        var date = Cells.Date(given, monthFirst.Contains(column));
        if (date is null) errors.Add(new CellError(column, OtherOrder(column, given) ?? ImportTexts.Date, given));
        return date;
    }

    /// <summary>A date in itself, but the rest of the column has the other order; null: it is none.</summary>
    string? OtherOrder(int column, string cell) => Cells.Date(cell, !monthFirst.Contains(column)) is null ? null : monthFirst.Contains(column) ? ImportTexts.DateMonthFirst : ImportTexts.DateDayFirst;

    T? Parsed<T>(TableRow row, string target, Func<string, T?> parse, string code, List<CellError> errors) where T : struct
    {
        var given = Cell(row, target);
        if (given.Length == 0) return null;
        var value = parse(given);
        if (value is null) errors.Add(new CellError(one[target], code, given));
        return value;
    }

    static bool Is(NamedCode named, string given) => named.Code.Equals(given, StringComparison.OrdinalIgnoreCase) || named.Name.Equals(given, StringComparison.OrdinalIgnoreCase);

    static NamedCode? Named(IEnumerable<NamedCode> all, string given) => all.FirstOrDefault(n => Is(n, given));

    static string Names(IEnumerable<NamedCode> all) => string.Join(", ", all.Select(n => n.Name).Take(20));
}
