using System.Globalization;
using System.Text;

namespace CallCrm.Engine;

/// <summary>How Asterisk writes names, numbers and channels in AMI.</summary>
static class PbxModelText
{
    const int MaxNumber = 128;
    const int MaxName = 200;

    /// <summary>AMI writes <c>&lt;unknown&gt;</c> for what a channel does not have.</summary>
    public static string Known(string? text) => text is null or "<unknown>" ? "" : text;

    public static string Number(string? text) => Cut(Known(text), MaxNumber);

    /// <summary>
    /// Undoes AMI's own escaping of names (ast_escape_c: a backslash before quotes, question mark and backslash, letters for
    /// control characters), and puts a space for each control character. FastAGI sends the same text unescaped.
    /// </summary>
    public static string Name(string? text)
    {
        var raw = Known(text);
        if (raw.Length == 0 || (!raw.Contains('\\') && raw.Length <= MaxName && !HasControl(raw)))
            return raw;
        var name = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            var c = raw[i];
            if (c == '\\' && i + 1 < raw.Length)
                c = raw[++i] is var next && next is 'a' or 'b' or 'f' or 'n' or 'r' or 't' or 'v' ? ' ' : next;
            name.Append(char.IsControl(c) ? ' ' : c);
        }

        return Cut(name.ToString(), MaxName);
    }

    /// <summary>
    /// The number in what Dial was given without its technology: <c>0039061234@trunk</c>, <c>trunk/sip:0039061234@host</c>,
    /// <c>g0/0039061234</c>. A device (<c>101</c>, also with contact: <c>101/sip:101@10.0.0.1:5060</c>) is one too; who reads it
    /// asks only for lines to the outside.
    /// </summary>
    public static string DialString(string? text)
    {
        var number = Known(text);
        number = number[(number.LastIndexOf('/') + 1)..];
        if (number.StartsWith("sip:", StringComparison.OrdinalIgnoreCase))
            number = number[4..];
        var at = number.IndexOf('@', StringComparison.Ordinal);
        return Cut(at < 0 ? number : number[..at], MaxNumber);
    }

    /// <summary>Literal that SIP sends instead of a withheld number (RFC 3323).</summary>
    public static bool IsAnonymous(string number) => number.Equals("anonymous", StringComparison.OrdinalIgnoreCase);

    /// <summary>Words of <c>CALLERID(num-pres)</c>: prohib, prohib_not_screened, prohib_passed_screen, prohib_failed_screen.</summary>
    public static bool IsProhibited(ReadOnlySpan<char> presentation) => presentation.StartsWith("prohib", StringComparison.OrdinalIgnoreCase);

    /// <summary>The number before the words of <c>CID-CallingPres</c>; Q.931 octet 3a, where 01 in bits 6 and 7 is "restricted".</summary>
    public static bool? IsRestricted(string? callingPres) => LeadingNumber(callingPres) is { } value ? (value & 0x60) == 0x20 : null;

    /// <summary>
    /// The channel's name without what makes it unique: <c>PJSIP/101-0000002a</c> → <c>PJSIP/101</c>. Endpoint names may
    /// hold dashes; what follows the last one is Asterisk's (hexadecimal for SIP and IAX, a call number for DAHDI).
    /// </summary>
    public static string Device(string channel)
    {
        var dash = channel.LastIndexOf('-');
        if (dash <= 0 || dash == channel.Length - 1)
            return channel;
        for (var i = dash + 1; i < channel.Length; i++)
        {
            if (!char.IsAsciiHexDigit(channel[i]))
                return channel;
        }

        return channel[..dash];
    }

    /// <summary>
    /// A channel without a person or a line behind it: the halves of a Local channel, what Asterisk makes for its own
    /// use (announcers, recorders, surrogates of a move), and <c>OutgoingSpoolFailed</c>, which has no technology at all.
    /// </summary>
    public static bool IsHidden(string channel)
    {
        var slash = channel.IndexOf('/');
        if (slash <= 0)
            return true;
        return channel.AsSpan(0, slash) is "Local" or "Message" or "Surrogate" or "AsyncGoto" or "Announcer" or "Recorder"
            or "CBAnn" or "CBRec" or "Snoop" or "Null" or "Bridge" or "MulticastRTP" or "Parked";
    }

    /// <summary><c>Local/101@from-queue-00000001;1</c> → true and the name that both halves share.</summary>
    public static bool IsLocalHalf(string channel, out string both)
    {
        both = "";
        if (channel.Length < 9 || !channel.StartsWith("Local/", StringComparison.OrdinalIgnoreCase) || channel[^2] != ';')
            return false;
        both = channel[..^2];
        return true;
    }

    /// <summary>The number a text begins with; null when it begins with none or it is out of range.</summary>
    public static int? LeadingNumber(string? text)
    {
        if (text is null)
            return null;
        var length = 0;
        while (length < text.Length && char.IsAsciiDigit(text[length]))
            length++;
        return int.TryParse(text.AsSpan(0, length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary><c>HH:MM:SS</c>; the hours may pass 24.</summary>
    public static TimeSpan Age(string? duration)
    {
        if (duration?.Split(':') is [var h, var m, var s] && LeadingNumber(h) is { } hours && LeadingNumber(m) is { } minutes && LeadingNumber(s) is { } seconds)
            return TimeSpan.FromSeconds((hours * 3600.0) + (minutes * 60.0) + seconds);
        return TimeSpan.Zero;
    }

    static bool HasControl(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
                return true;
        }

        return false;
    }

    static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
    }
}
