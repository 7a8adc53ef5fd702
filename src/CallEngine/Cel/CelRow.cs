using System.Globalization;
using System.Text;

namespace CallCrm.Engine;

/// <summary>One channel event as Asterisk wrote it down (CEL). Times are the PBX's, in microseconds.</summary>
public sealed record CelRow(string Event, DateTimeOffset At, string UniqueId, string LinkedId, string Channel, string Exten, string Context, string Peer,
    string Extra, string CallerNumber = "", string CallerName = "", string Application = "")
{
    /// <summary>Written by our dialplan snippet: presentation and dialled number.</summary>
    public const string CallMark = "CALLCRM_CALL";

    /// <summary>Written by our dialplan snippet: the fallback took the caller.</summary>
    public const string FallbackMark = "CALLCRM_FALLBACK";

    /// <summary>Columns that must be there, in order; number, name and application may follow.</summary>
    private const int Needed = 9;

    /// <summary>A line of <c>cel_custom</c>, each field quoted by <c>CSV_QUOTE</c>, in the order of deploy/asterisk/cel_custom.conf.</summary>
    /// <returns>Null, with what was expected, when the line is none of those.</returns>
    public static CelRow? Read(string line, out string expected)
    {
        var f = Fields(line);
        expected = "";
        if (f.Count < Needed)
            expected = $"at least {Needed} columns, found {f.Count}";
        else if (f[0].Length == 0 || f[0].AsSpan().ContainsAnyExcept(EventCharacters))
            expected = $"an event name such as CHAN_START in column 1, found '{Short(f[0])}'";
        else if (TimeOf(f[1]) is not { } at)
            expected = $"seconds since 1970 with microseconds in column 2 (no dateformat in cel.conf), found '{Short(f[1])}'";
        else if (!IsUniqueId(f[2]))
            expected = $"a unique id such as milan-1795822718.0 in column 3, found '{Short(f[2])}'";
        else if (!IsUniqueId(f[3]))
            expected = $"a linked id such as milan-1795822718.0 in column 4, found '{Short(f[3])}'";
        else if (f[4].Length > 0 && !f[4].Contains('/', StringComparison.Ordinal))
            expected = $"a channel name such as PJSIP/101-00000001 in column 5, found '{Short(f[4])}'";
        else
            return new CelRow(f[0], at, f[2], f[3], f[4], f[5], f[6], f[7], f[8], Optional(f, 9), Optional(f, 10), Optional(f, 11));
        return null;
    }

    /// <summary>A field of the JSON in eventextra; it is flat, and its texts are names and ids.</summary>
    public string? ExtraField(string name)
    {
        var key = $"\"{name}\":";
        var start = Extra.IndexOf(key, StringComparison.Ordinal);
        if (start < 0)
            return null;
        var value = Extra.AsSpan(start + key.Length);
        if (value is ['"', ..])
        {
            value = value[1..];
            var end = value.IndexOf('"');
            return end < 0 ? null : value[..end].ToString();
        }

        var stop = value.IndexOfAny(',', '}');
        return (stop < 0 ? value : value[..stop]).ToString();
    }

    private static readonly System.Buffers.SearchValues<char> EventCharacters = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    private static DateTimeOffset? TimeOf(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 100_000_000 and < 10_000_000_000
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : null;

    /// <summary><c>[systemname-]epoch.counter</c>.</summary>
    private static bool IsUniqueId(string text) => CelId.Parse(text) is not null;

    private static string Optional(List<string> fields, int column) => fields.Count > column ? fields[column] : "";

    private static string Short(string text) => text.Length > 40 ? text[..40] + "…" : text;

    private static List<string> Fields(string line)
    {
        var fields = new List<string>(12);
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
            else if (c != '\r' || quoted)
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }
}

/// <summary>What a unique id says: when its channel was made, and its number since the boot (which starts again at 0).</summary>
internal readonly record struct CelId(long Epoch_s, long Number)
{
    public static CelId? Parse(string text)
    {
        var id = text.AsSpan(text.LastIndexOf('-') + 1);
        var dot = id.IndexOf('.');
        return dot > 0 && long.TryParse(id[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            && long.TryParse(id[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new CelId(epoch, number)
            : null;
    }
}
