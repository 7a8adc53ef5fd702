using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CallCrm.Engine;
using CallCrm.Engine.Wire;

namespace CallCrm.CallRouter.Flight;

/// <summary>Numbers and names give way to made-up ones, the same everywhere in one excerpt; ids, short extensions and codes stay.</summary>
sealed partial class Anonymiser
{
    /// <summary>Fewer digits are an extension, a feature code or a short number of ours.</summary>
    const int LeastDigits = 7;

    readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _numbers = new(StringComparer.Ordinal);

    public string Rewrite(string text, WireRole role) => role switch
    {
        _ when text.Length == 0 => text,
        WireRole.Name => Name(text),
        WireRole.Code => Code().IsMatch(text) ? text : Name(text),
        WireRole.Channel => InChannel().Replace(text, m => Number(m.Value)),
        WireRole.Number when WrittenNumber().IsMatch(text) && !Guid.TryParse(text, out _) => Number(text),
        _ when PlainNumber().IsMatch(text) => Number(text),
        _ => text,
    };

    /// <summary>What Asterisk writes for none stays, because it means something. Events have names escaped, and are not to get another one.</summary>
    string Name(string text)
    {
        if (text is "<unknown>" or "unknown" || text.Equals("anonymous", StringComparison.OrdinalIgnoreCase))
            return text;
        var name = PbxModelText.Name(text);
        if (!_names.TryGetValue(name, out var other))
            _names.Add(name, other = string.Create(CultureInfo.InvariantCulture, $"Name {_names.Count + 1}"));
        return other;
    }

    /// <summary>Digit for digit, so that it is written as before; a leading + or 00 is no part of it (settings compare without).</summary>
    string Number(string text)
    {
        var digits = string.Concat(text.Where(char.IsAsciiDigit));
        if (digits.Length < LeastDigits)
            return text;
        var exit = digits.StartsWith("00", StringComparison.Ordinal) ? 2 : 0;
        var number = digits[exit..];
        if (!_numbers.TryGetValue(number, out var other))
        {
            var count = (_numbers.Count + 1).ToString(CultureInfo.InvariantCulture);
            _numbers.Add(number, other = count.Length + 3 > number.Length ? count.PadLeft(number.Length, '5') : "555" + count.PadLeft(number.Length - 3, '0'));
        }

        var result = new StringBuilder(text.Length);
        var place = -exit;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
                result.Append(c);
            else if (place++ is var at)
                result.Append(at < 0 ? c : other[at]);
        }

        return result.ToString();
    }

    [GeneratedRegex(@"^\+?[0-9]{7,}$")]
    private static partial Regex PlainNumber();

    [GeneratedRegex(@"^[+0-9 ()/.\-*#]{7,}$")]
    private static partial Regex WrittenNumber();

    [GeneratedRegex(@"(?<=/)\+?[0-9]{7,}(?=[@-])")]
    private static partial Regex InChannel();

    [GeneratedRegex("^[a-z][a-z_]{0,39}$")]
    private static partial Regex Code();
}
