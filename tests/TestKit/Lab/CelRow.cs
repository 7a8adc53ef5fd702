using System.Globalization;
using System.Text;

namespace CallCrm.TestKit.Lab;

/// <summary>A channel event as Asterisk itself wrote it down: the oracle that our own records are held against.</summary>
public sealed record CelRow(string Event, double AtSeconds, string Uniqueid, string Linkedid, string Channel, string Exten, string Context, string Peer, string Extra)
{
    /// <summary>The caller's number, as far as it was known then.</summary>
    public string Number { get; init; } = "";

    /// <summary>All whole lines of <c>cel-custom/cel.csv</c>.</summary>
    public static IReadOnlyList<CelRow> Read(string file)
    {
        if (!File.Exists(file))
            return [];
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(Fields)
            .Where(f => f.Count >= 9)
            .Select(f => new CelRow(f[0], double.Parse(f[1], CultureInfo.InvariantCulture), f[2], f[3], f[4], f[5], f[6], f[7], f[8]) { Number = f.Count > 9 ? f[9] : "" })
            .ToArray();
    }

    /// <summary>CSV as CSV_QUOTE writes it: every field in quotes, a quote doubled.</summary>
    internal static List<string> Fields(string line)
    {
        List<string> fields = [];
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }
}
