using CallCrm.TestKit;

namespace CallCrm.DemoPbx.Tests;

/// <summary>
/// The story a stream of AMI events tells, without times, ids and places in the dialplan: channels are A, B, C in the order
/// of their first event, and each event is its name, its channel and the fields that matter.
/// </summary>
internal sealed class TraceStory
{
    /// <summary>Events every story has in the same order.</summary>
    private static readonly HashSet<string> Ordered =
    [
        "Newchannel", "MixMonitorStart", "DialBegin", "DialEnd", "BridgeCreate", "BridgeEnter", "BridgeLeave", "HangupRequest",
        "UserEvent", "MusicOnHoldStart", "MusicOnHoldStop", "Hold", "Unhold", "MixMonitorMute",
    ];

    /// <summary>Events that are told of a channel in a fixed order, but not in a fixed order against other channels (README, order of events).</summary>
    private static readonly HashSet<string> OrderedByChannel = ["Newstate", "DialState", "NewConnectedLine", "SoftHangupRequest", "Hangup"];

    private static readonly string[] Fields =
    [
        "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName", "DialStatus", "DestChannelStateDesc",
        "BridgeNumChannels", "Cause", "Cause-txt", "TechCause", "UserEvent", "Class", "MusicClass", "Direction", "State", "Digit",
    ];

    private readonly Dictionary<string, string> _roles = new(StringComparer.Ordinal);

    public TraceStory(IEnumerable<IReadOnlyList<KeyValuePair<string, string>>> events)
    {
        foreach (var lines in events)
        {
            Take(lines);
        }
    }

    /// <summary>The strictly ordered events.</summary>
    public List<string> Plot { get; } = [];

    /// <summary>All events of one channel, by its role.</summary>
    public SortedDictionary<string, List<string>> ByChannel { get; } = new(StringComparer.Ordinal);

    /// <summary>States of one device, by its name.</summary>
    public SortedDictionary<string, List<string>> ByDevice { get; } = new(StringComparer.Ordinal);

    /// <summary>Values DIALSTATUS took.</summary>
    public List<string> DialStatuses { get; } = [];

    /// <summary>Dispositions of the call detail records, and whether they name a destination.</summary>
    public List<string> Records { get; } = [];

    public static TraceStory OfTrace(string scenario) =>
        new(TraceLibrary.Load(scenario).Messages().Where(m => m.Kind == "event").Select(m => m.Headers));

    public static TraceStory Of(AmiProbe ami) => new(ami.Messages.Where(m => m.IsEvent).Select(m => m.Lines));

    private void Take(IReadOnlyList<KeyValuePair<string, string>> lines)
    {
        string? Get(string key) => lines.FirstOrDefault(l => l.Key == key).Value;
        var name = Get("Event")!;
        switch (name)
        {
            case "DeviceStateChange" when Get("Device")!.StartsWith("PJSIP/", StringComparison.Ordinal):
                List(ByDevice, Get("Device")!).Add(Get("State")!);
                return;
            case "ExtensionStatus":
                List(ByDevice, "hint " + Get("Exten")).Add($"{Get("Status")} {Get("StatusText")}");
                return;
            case "VarSet" when Get("Variable") == "DIALSTATUS":
                DialStatuses.Add($"{Role(Get("Uniqueid"))} {Get("Value")}");
                return;
            // The captures are of an older snippet, which did not tell of its fallback.
            case "UserEvent" when Get("UserEvent") == "CallCrmFallback":
                return;
            case "Cdr":
                Records.Add($"{Role(Get("UniqueID"))} {Get("Disposition")} {Get("DestinationChannel") is { Length: > 0 }}");
                return;
        }

        if (!Ordered.Contains(name) && !OrderedByChannel.Contains(name))
        {
            return;
        }

        var line = Line(name, lines, Get);
        if (Ordered.Contains(name))
        {
            Plot.Add(line);
        }

        if (Get("Uniqueid") is { } id)
        {
            List(ByChannel, Role(id)).Add(line);
        }
    }

    private string Line(string name, IReadOnlyList<KeyValuePair<string, string>> lines, Func<string, string?> get)
    {
        var who = get("Uniqueid") is { } id ? $" {Role(id)} of {Role(get("Linkedid"))}" : "";
        var whom = get("DestUniqueid") is { } other ? $" -> {Role(other)} of {Role(get("DestLinkedid"))}" : "";
        return name + who + whom + string.Concat(lines.Where(l => Fields.Contains(l.Key)).Select(l => $" {l.Key}={l.Value}"));
    }

    private string Role(string? uniqueid)
    {
        if (!_roles.TryGetValue(uniqueid ?? "", out var role))
        {
            _roles.Add(uniqueid ?? "", role = ((char)('A' + _roles.Count)).ToString());
        }

        return role;
    }

    private static List<string> List(SortedDictionary<string, List<string>> lists, string key)
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists.Add(key, list = []);
        }

        return list;
    }
}
