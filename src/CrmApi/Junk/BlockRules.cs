using CallCrm.CallFlow;
using CallCrm.CrmApi.Admin;

namespace CallCrm.CrmApi.Junk;

/// <summary>What may be blocked; pure.</summary>
internal static class BlockRules
{
    public const int MostLines = 5_000;
    public const int LongestNote = 200;

    /// <summary>Extensions and emergency numbers are too short to be one, and routing compares nothing else.</summary>
    public const string Number = "a telephone number with its area code, such as +39 02 1234 5678; own extensions are never blocked";

    static readonly string[] Reasons = ["spam", "robot", "abuse", "other"];

    public static AdminRules.Errors Check(string reason, string note, DateTimeOffset? until, DateTimeOffset now)
    {
        var errors = new AdminRules.Errors();
        errors.OneOf("reason", reason, Reasons);
        errors.Unless(note.Length <= LongestNote, "note", $"at most {LongestNote} characters");
        errors.Unless(until is null || (until > now && until < now.AddYears(10)), "until", "a moment to come, within ten years");
        return errors;
    }

    /// <summary>The lines that say something: number and note, or what stood there.</summary>
    public static List<BlockLine> Lines(string text, string region)
    {
        var lines = new List<BlockLine>();
        var n = 0;
        foreach (var line in text.Split('\n'))
        {
            n++;
            var said = line.Trim();
            if (said.Length == 0 || said[0] == '#') continue;
            var end = said.AsSpan().IndexOfAny(",;\t");
            var (number, note) = end < 0 ? (said, "") : (said[..end], said[(end + 1)..]);
            lines.Add(new BlockLine(n, said.Length > 80 ? said[..80] : said, PhoneNumbers.ToE164(number.Trim().Trim('"'), region), PlainText.Clean(note, LongestNote)));
        }

        return lines;
    }

    /// <summary>Whether a number of ours, as the dialplan sends or the PBX knows it, is this one.</summary>
    public static bool IsOwn(string own, string e164, string region) =>
        string.Equals(PhoneNumbers.ToE164(own, region), e164, StringComparison.Ordinal) || string.Equals(own.TrimStart('+'), e164[1..], StringComparison.Ordinal);
}

/// <param name="E164">Null: no number.</param>
internal sealed record BlockLine(int Line, string Text, string? E164, string Note);
