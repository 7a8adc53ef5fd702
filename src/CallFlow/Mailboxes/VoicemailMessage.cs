using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>A message as app_voicemail keeps it: <c>msgNNNN.txt</c> and its sound beside it. Renumbered whenever one before it goes, so the file's name is no identity.</summary>
/// <param name="Text">The file msgNNNN.txt.</param>
/// <param name="Mailbox">In which it was left (origmailbox), <c>101@default</c>; copies and forwards lie in others.</param>
/// <param name="Channel">The caller's channel (callerchan).</param>
/// <param name="LeftAt">When recording began (origtime).</param>
public sealed record VoicemailMessage(string Text, string Mailbox, MailboxState State, string Channel, string CallerNumber, string CallerName, DateTimeOffset LeftAt, int Duration_s)
{
    /// <summary>The same in every copy, and after it was moved; msg_id is another one in each copy.</summary>
    public string Key => $"{LeftAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)} {Channel}";

    /// <summary>The sound, in the format that is read here; the others (wav49, gsm) are not.</summary>
    public string Sound => System.IO.Path.ChangeExtension(Text, ".wav");

    /// <summary>Null: it is none, and <paramref name="expected"/> says what was missing.</summary>
    public static VoicemailMessage? Read(string file, string context, string mailbox, MailboxState state, IEnumerable<string> lines, out string expected)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var inMessage = false;
        foreach (var line in lines)
        {
            var text = line.Trim();
            if (text.StartsWith('[')) inMessage = text == "[message]";
            else if (inMessage && !text.StartsWith(';') && text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at) fields.TryAdd(text[..at].TrimEnd(), text[(at + 1)..].TrimStart());
        }

        expected = "a section [message] with origtime (seconds since 1970), callerchan and duration (seconds)";
        if (fields.GetValueOrDefault("callerchan") is not { Length: > 0 } channel || !long.TryParse(fields.GetValueOrDefault("origtime"), NumberStyles.None, CultureInfo.InvariantCulture, out var at1)
            || at1 is <= 0 or > 253_402_300_799 || !int.TryParse(fields.GetValueOrDefault("duration"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 86_400)
            return null;
        var (number, name) = Caller(fields.GetValueOrDefault("callerid") ?? "");
        var origin = fields.GetValueOrDefault("origmailbox") is { Length: > 0 } first ? first : mailbox;
        return new VoicemailMessage(file, origin.Contains('@', StringComparison.Ordinal) ? origin : $"{origin}@{context}", state, channel, number, name, DateTimeOffset.FromUnixTimeSeconds(at1), seconds);
    }

    /// <summary><c>"Name" &lt;number&gt;</c>, <c>number</c>, or Unknown.</summary>
    static (string Number, string Name) Caller(string text)
    {
        var from = text.LastIndexOf('<');
        if (from >= 0 && text.EndsWith('>')) return (text[(from + 1)..^1], Unquoted(text[..from].Trim()).Replace("\\\"", "\"", StringComparison.Ordinal));
        return text.Length > 0 && (text[0] == '+' || char.IsAsciiDigit(text[0])) ? (text, "") : ("", "");
    }

    static string Unquoted(string name) => name is ['"', .. var inner, '"'] ? inner : name;
}
