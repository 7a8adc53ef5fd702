using System.Text.RegularExpressions;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Desk;

/// <summary>
/// A card's numbers as they are typed, each with its extension and its label in brackets, commas between them; and what each of them is to the server: a number that one may not
/// read stands there masked, and goes back as its handle.
/// </summary>
static partial class PhoneList
{
    /// <summary>Labels that have a name in each language.</summary>
    public static readonly string[] Labels = ["mobile", "office", "home", "fax"];

    public static string Text(ClientCardView client) => Text(Shown(client).Select(p => new PhoneRow(p.Text, p.Phone.Extension, p.Phone.Label)));

    public static string Text(IEnumerable<PhoneRow> rows) =>
        string.Join(", ", rows.Select(r => $"{r.Number}{(r.Extension.Length > 0 ? $" ext. {r.Extension}" : "")}{(r.Label.Length > 0 ? $" ({r.Label})" : "")}"));

    /// <summary>The numbers of a list that is typed with commas, one of which may stand before an extension: 020 7946 0000, ext. 12.</summary>
    public static List<string> Listed(string typed)
    {
        var parts = new List<string>();
        foreach (var part in ClientDraft.Listed(typed))
        {
            if (parts.Count > 0 && char.IsAsciiDigit(part[^1]) && (char.IsLetter(part[0]) || part[0] == '#'))
                parts[^1] += " " + part;
            else
                parts.Add(part);
        }

        return parts;
    }

    /// <summary>Each number as it stands there, its extension and its label.</summary>
    public static List<PhoneRow> Rows(string typed)
    {
        var rows = new List<PhoneRow>();
        foreach (var part in Listed(typed))
        {
            // +7 (495) 123 has no label, and of two that look the same one is the second (2).
            var at = part.EndsWith(')') ? part.LastIndexOf('(') : -1;
            var label = at > 0 ? part[(at + 1)..^1].Trim() : "";
            var (text, said) = label.Any(char.IsLetter) ? (part[..at].TrimEnd(), label) : (part, "");
            var behind = text.IndexOf(" ext. ", StringComparison.Ordinal);
            rows.Add(behind > 0 ? new PhoneRow(text[..behind], text[(behind + 6)..].Trim(), said) : new PhoneRow(text, "", said));
        }

        return rows;
    }

    /// <summary>A label that does not part what is typed.</summary>
    public static string CleanLabel(string label) => new([.. label.Select(c => c is ',' or '(' or ')' ? ' ' : c)]);

    public static IEnumerable<PhoneSave> Saves(ClientCardView client, string typed)
    {
        var known = Shown(client).ToLookup(p => p.Text, p => p.Phone, StringComparer.Ordinal);
        return Rows(typed).Select((row, n) => new PhoneSave(known[row.Number].FirstOrDefault() is { } phone && IsHandle(phone) ? phone.E164 : row.Number, row.Label, n == 0, row.Extension));
    }

    public static string Word(IStringLocalizer<Texts> texts, string label) => Array.IndexOf(Labels, label) >= 0 ? texts["Imports.Phone." + label] : label;

    /// <summary>What is dialled of a number as it is typed, and the extension behind it, in whatever words.</summary>
    public static (string Number, string Extension) Split(string typed) => Behind().Match(typed.Trim()) is { Success: true } found ? (found.Groups["number"].Value.TrimEnd(), found.Groups["n"].Value) : (typed.Trim(), "");

    /// <summary>Two that look the same under their masks are told apart by a count; one number with several extensions is one.</summary>
    static IEnumerable<(string Text, PhoneView Phone)> Shown(ClientCardView client) => client.Phones.OrderByDescending(p => p.IsMain).Select(p => p with { Label = CleanLabel(p.Label).Trim() })
        .GroupBy(p => p.Display, StringComparer.Ordinal).SelectMany(g =>
        {
            var numbers = g.Select(p => p.E164).Distinct(StringComparer.Ordinal).ToList();
            return g.Select(p => (numbers.IndexOf(p.E164) is > 0 and var n ? $"{p.Display} ({n + 1})" : p.Display, p));
        });

    public static bool IsHandle(PhoneView phone) => phone.E164.StartsWith('~');

    [GeneratedRegex(@"^(?<number>\+?(?:[\s()./-]*\d){5,})[\s,;(]*(?:\p{L}+|#)[\s.:=]*(?<n>\d{1,10})\)?$", RegexOptions.NonBacktracking)]
    private static partial Regex Behind();
}

/// <param name="Number">As it is typed.</param>
/// <param name="Extension">Empty: none.</param>
readonly record struct PhoneRow(string Number, string Extension, string Label);
