using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>
/// A card's numbers as they are typed, each with its label in brackets, commas between them; and what each of them is to the server: a number that one may not
/// read stands there masked, and goes back as its handle.
/// </summary>
static class PhoneList
{
    /// <summary>Labels that have a name in each language.</summary>
    public static readonly string[] Labels = ["mobile", "office", "home", "fax"];

    public static string Text(ClientCardView client) => Text(Shown(client).Select(p => (p.Text, p.Phone.Label)));

    public static string Text(IEnumerable<(string Number, string Label)> rows) => string.Join(", ", rows.Select(r => r.Label.Length > 0 ? $"{r.Number} ({r.Label})" : r.Number));

    /// <summary>Each number as it stands there, and its label.</summary>
    public static List<(string Number, string Label)> Rows(string typed)
    {
        var rows = new List<(string, string)>();
        foreach (var part in ClientDraft.Listed(typed))
        {
            // +7 (495) 123 has no label, and of two that look the same one is the second (2).
            var at = part.EndsWith(')') ? part.LastIndexOf('(') : -1;
            var label = at > 0 ? part[(at + 1)..^1].Trim() : "";
            rows.Add(label.Any(char.IsLetter) ? (part[..at].TrimEnd(), label) : (part, ""));
        }

        return rows;
    }

    /// <summary>A label that does not part what is typed.</summary>
    public static string CleanLabel(string label) => new([.. label.Select(c => c is ',' or '(' or ')' ? ' ' : c)]);

    public static IEnumerable<PhoneSave> Saves(ClientCardView client, string typed)
    {
        var known = Shown(client).ToLookup(p => p.Text, p => p.Phone, StringComparer.Ordinal);
        return Rows(typed).Select((row, n) => new PhoneSave(known[row.Number].FirstOrDefault() is { } phone && IsHandle(phone) ? phone.E164 : row.Number, row.Label, n == 0));
    }

    /// <summary>Two that look the same under their masks are told apart by a count.</summary>
    static IEnumerable<(string Text, PhoneView Phone)> Shown(ClientCardView client) => client.Phones.OrderByDescending(p => p.IsMain).Select(p => p with { Label = CleanLabel(p.Label).Trim() })
        .GroupBy(p => p.Display, StringComparer.Ordinal).SelectMany(g => g.Select((p, n) => (n == 0 ? p.Display : $"{p.Display} ({n + 1})", p)));

    public static bool IsHandle(PhoneView phone) => phone.E164.StartsWith('~');
}
