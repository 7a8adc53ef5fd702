using System.Text.RegularExpressions;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Doctor;

/// <summary>How the PBX's own dialplan dials out of a context, read over AMI (ShowDialPlan): the Dials to the outside it includes or goes to.</summary>
/// <param name="Bare">Those that record nothing, as <c>context,extension,priority</c>.</param>
/// <param name="Recorded">Whether one has the snippet's <c>callcrm-record</c>, or options that only the PBX knows.</param>
sealed partial record WayOut(IReadOnlyList<string> Bare, bool Recorded)
{
    /// <summary>A FreePBX has some dozens behind its phones.</summary>
    const int MostContexts = 100;

    /// <param name="show">The lines of a context, ListDialplan events.</param>
    public static async Task<WayOut> ReadAsync(string context, Func<string, Task<IReadOnlyList<AmiEvent>>> show)
    {
        var (bare, recorded) = (new List<string>(), false);
        var (seen, next) = (new HashSet<string>(StringComparer.Ordinal) { context }, new Queue<string>([context]));
        while (next.TryDequeue(out var name))
        {
            foreach (var item in await show(name))
            {
                var leads = item["IncludeContext"];
                if (item["Application"] == "Goto" && Arguments(item["AppData"] ?? "") is { Count: 3 } place)
                    leads = place[0];
                if (leads is not null && !leads.Contains('$', StringComparison.Ordinal) && seen.Count < MostContexts && seen.Add(leads))
                    next.Enqueue(leads);
                if (item["Application"] != "Dial" || Arguments(item["AppData"] ?? "") is not [var targets, .. var rest] || !Outside().IsMatch(targets))
                    continue;
                var options = rest is [_, var given, ..] ? given : "";
                if (options.Contains("callcrm-record", StringComparison.Ordinal) || options.Contains("${", StringComparison.Ordinal))
                    recorded = true;
                else
                    bare.Add($"{name},{item["Extension"]},{item["Priority"]}");
            }
        }

        return new WayOut(bare, recorded);
    }

    /// <summary>Commas within brackets and braces belong to functions and expressions.</summary>
    static List<string> Arguments(string data)
    {
        var (arguments, depth, from) = (new List<string>(), 0, 0);
        for (var i = 0; i < data.Length; i++)
        {
            depth += data[i] switch { '(' or '{' or '[' => 1, ')' or '}' or ']' => -1, _ => 0 };
            if (data[i] != ',' || depth > 0)
                continue;
            arguments.Add(data[from..i]);
            from = i + 1;
        }

        arguments.Add(data[from..]);
        return arguments;
    }

    /// <summary>A number at a trunk (<c>PJSIP/0347…@trunk</c>, <c>SIP/trunk/0347…</c>), or a line.</summary>
    [GeneratedRegex("(^|&)((PJS|S)IP/[^&]+[@/][^&]|(DAHDI|IAX2)/)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Outside();
}
