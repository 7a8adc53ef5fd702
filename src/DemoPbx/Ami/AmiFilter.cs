using System.Text.RegularExpressions;

namespace CallCrm.DemoPbx.Ami;

/// <summary>
/// One event filter of the action <c>Filter</c>: the old form (a regular expression over the whole event, <c>!</c> in front
/// to exclude) and the form with <c>MatchCriteria</c> (Asterisk 20.13, 21.8, 22.3 and later).
/// </summary>
internal sealed class AmiFilter
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);
    private readonly Func<string, string, bool> _matches;

    private AmiFilter(bool excludes, Func<string, string, bool> matches) => (Excludes, _matches) = (excludes, matches);

    public bool Excludes { get; }

    public bool Matches(string name, string text) => _matches(name, text);

    /// <summary>Null when it cannot be understood; <paramref name="error"/> is then what Asterisk says.</summary>
    public static AmiFilter? Parse(string? criteria, string? filter, out string error)
    {
        error = "Filter was formatted incorrectly.  Check the syntax of the filter given.";
        try
        {
            return string.IsNullOrEmpty(criteria) ? ParseOld(filter) : ParseNew(criteria, filter ?? "");
        }
        catch (ArgumentException)
        {
            error = "Filter did not compile.  Check the syntax of the filter given.";
            return null;
        }
    }

    private static AmiFilter? ParseOld(string? filter)
    {
        if (string.IsNullOrEmpty(filter))
        {
            return null;
        }

        var excludes = filter[0] == '!';
        var expression = Compile(excludes ? filter[1..] : filter);
        return new AmiFilter(excludes, (_, text) => expression.IsMatch(text));
    }

    private static AmiFilter? ParseNew(string criteria, string filter)
    {
        var (excludes, event_, header, method) = (false, (string?)null, (string?)null, "none");
        foreach (Match part in Regex.Matches(criteria, @"\G(?<key>\w+)\((?<value>[^)]*)\)(,|$)", RegexOptions.ExplicitCapture, Limit))
        {
            var value = part.Groups["value"].Value;
            switch (part.Groups["key"].Value)
            {
                case "action" when value is "include" or "exclude":
                    excludes = value == "exclude";
                    break;
                case "name":
                    event_ = value;
                    break;
                case "header":
                    header = value;
                    break;
                case "method" when value is "regex" or "exact" or "starts_with" or "ends_with" or "contains" or "none":
                    method = value;
                    break;
                default:
                    return null;
            }

            criteria = criteria[part.Length..];
        }

        return criteria.Length > 0 || (method == "none") != (filter.Length == 0)
            ? null
            : new AmiFilter(excludes, Matcher(event_, header, method, filter));
    }

    private static Func<string, string, bool> Matcher(string? event_, string? header, string method, string filter)
    {
        Func<string, bool> value = method switch
        {
            "exact" => v => v == filter,
            "starts_with" => v => v.StartsWith(filter, StringComparison.Ordinal),
            "ends_with" => v => v.EndsWith(filter, StringComparison.Ordinal),
            "contains" => v => v.Contains(filter, StringComparison.Ordinal),
            "regex" => Compile(filter).IsMatch,
            _ => _ => true,
        };
        return (name, text) =>
        {
            if (event_ is not null && event_ != name)
            {
                return false;
            }

            return header is null
                ? value(text)
                : text.Split("\r\n").Any(l => l.StartsWith(header + ": ", StringComparison.Ordinal) && value(l[(header.Length + 2)..]));
        };
    }

    /// <summary>As POSIX has it, a point stands for a line's end, too. Of its named classes that of control characters is known.</summary>
    private static Regex Compile(string expression) =>
        new(expression.Replace("[:cntrl:]", @"\x00-\x1f\x7f", StringComparison.Ordinal), RegexOptions.CultureInvariant | RegexOptions.Singleline, Limit);
}
