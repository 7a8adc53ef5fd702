using System.Globalization;
using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>Text as Asterisk writes it in AMI values.</summary>
public static class AmiText
{
    /// <summary>
    /// Undoes Asterisk's <c>ast_escape_c</c>, which it applies to caller and connected names and to VarSet values:
    /// <c>\a \b \f \n \r \t \v \\ \' \" \?</c>. An unknown or unfinished escape stays as it is.
    /// The SIP channel driver leaves the backslashes of a SIP quoted string in the name; they are still there afterwards.
    /// </summary>
    public static string Unescape(string value)
    {
        var backslash = value.IndexOf('\\');
        if (backslash < 0)
            return value;
        var result = new StringBuilder(value.Length).Append(value, 0, backslash);
        for (var i = backslash; i < value.Length; i++)
        {
            var plain = value[i] == '\\' && i + 1 < value.Length ? Plain(value[i + 1]) : '\0';
            if (plain != '\0')
                i++;
            result.Append(plain != '\0' ? plain : value[i]);
        }

        return result.ToString();
    }

    /// <summary>Reads <c>1795448267.480890</c> (seconds and microseconds since 1970) without loss; null when it is not one.</summary>
    public static DateTimeOffset? ParseTimestamp(string? value)
    {
        if (value is null)
            return null;
        var dot = value.IndexOf('.');
        var whole = dot < 0 ? value : value[..dot];
        if (!long.TryParse(whole, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 253402300799)
            return null;
        var fraction = dot < 0 ? "" : value[(dot + 1)..];
        if (fraction.Length > 6)
            fraction = fraction[..6];
        long microseconds = 0;
        if (fraction.Length > 0 && !long.TryParse(fraction.PadRight(6, '0'), NumberStyles.None, CultureInfo.InvariantCulture, out microseconds))
            return null;
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
    }

    static char Plain(char escaped) => escaped switch
    {
        'a' => '\a',
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\v',
        '\\' or '\'' or '"' or '?' => escaped,
        _ => '\0',
    };
}
