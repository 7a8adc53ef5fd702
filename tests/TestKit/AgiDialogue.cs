using System.Globalization;

namespace CallCrm.TestKit;

/// <summary>One line of a captured FastAGI dialogue.</summary>
/// <param name="AtMs">Milliseconds since the scenario start.</param>
/// <param name="Direction"><c>&lt;</c> from Asterisk, <c>&gt;</c> from the server, <c>*</c> or <c>!</c> a note.</param>
/// <param name="Text">The line without its line end.</param>
public sealed record AgiLine(double AtMs, char Direction, string Text);

/// <summary>One FastAGI connection of a trace: <c>&lt;</c> received from Asterisk, <c>&gt;</c> sent by the server.</summary>
public sealed record AgiDialogue(int Number, IReadOnlyList<AgiLine> Lines)
{
    /// <summary>The environment Asterisk sent first, in order, without the closing empty line.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment =>
        Lines.Where(l => l.Direction == '<').TakeWhile(l => l.Text.Length > 0)
            .Select(l => l.Text.Split(':', 2)).Select(p => KeyValuePair.Create(p[0], p[1].Length > 0 ? p[1][1..] : "")).ToArray();

    /// <summary>All lines after the environment.</summary>
    public IEnumerable<AgiLine> Commands =>
        Lines.SkipWhile(l => l.Direction != '<' || l.Text.Length > 0).Skip(1);

    internal static List<AgiDialogue> ParseAll(string text)
    {
        var result = new List<AgiDialogue>();
        List<AgiLine>? lines = null;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("=== session", StringComparison.Ordinal))
            {
                lines = [];
                result.Add(new AgiDialogue(result.Count + 1, lines));
            }
            else if (lines is not null && line.StartsWith('[') && line.IndexOf(']') is var close and > 0)
            {
                var rest = line[(close + 2)..];
                lines.Add(new AgiLine(double.Parse(line[1..close], CultureInfo.InvariantCulture), rest[0], rest.Length > 2 ? rest[2..] : ""));
            }
        }

        return result;
    }
}
