using System.Text.Json;
using System.Text.RegularExpressions;

namespace CallCrm.CallFlow;

/// <summary>What a setting may be: asked by who writes settings before, and by who reads them again.</summary>
public static partial class SettingsRules
{
    /// <summary>Blocked numbers that routing holds; whoever writes them refuses more.</summary>
    public const int MostBlocked = 20_000;

    /// <summary><c>context,exten,label</c> of the dialplan; the label, because Asterisk refuses a missing one.</summary>
    public static bool IsGotoTarget(string target) => GotoTarget().IsMatch(target);

    /// <summary>Where the snippet takes a message: what "voicemail" as a queue's overflow stands for.</summary>
    public const string MessageTarget = "callcrm-message,s,1";

    /// <summary>A sound of the PBX, without its ending.</summary>
    public static bool IsSoundName(string name) => SoundName().IsMatch(name);

    /// <summary>A device as channels and Dial name it; the same as the check of table <c>device</c>.</summary>
    public static bool IsDevice(string name) => Device().IsMatch(name);

    /// <summary>What is wrong with opening hours, by day; empty when nothing is.</summary>
    public static IReadOnlyList<string> HoursProblems(IReadOnlyDictionary<string, IReadOnlyList<string>> hours)
    {
        var problems = new List<string>();
        OpeningHours.Parse(JsonSerializer.Serialize(hours), problems.Add);
        return problems;
    }

    [GeneratedRegex("^[A-Za-z0-9_-]+,[A-Za-z0-9_-]+,[A-Za-z0-9_-]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex GotoTarget();

    [GeneratedRegex("^[A-Za-z0-9_/-]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SoundName();

    [GeneratedRegex("^[A-Za-z0-9]+/[A-Za-z0-9_.-]{1,64}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Device();
}
