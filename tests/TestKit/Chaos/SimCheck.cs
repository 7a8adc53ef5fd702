using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>What the world knows of one client's call, for the journal to be held against.</summary>
internal sealed class SimCall(string uniqueId, TimeSpan bornAt)
{
    public string UniqueId { get; } = uniqueId;

    public TimeSpan BornAt { get; } = bornAt;

    public TimeSpan? EndedAt { get; set; }

    /// <summary>Since when the router has had a whole picture of it without a break.</summary>
    public TimeSpan? WholeSince { get; set; }

    /// <summary>The same while an agent talks in it.</summary>
    public TimeSpan? TalkSince { get; set; }

    /// <summary>The router had time to see it and to write it down.</summary>
    public bool Seen { get; set; }

    /// <summary>It was seen in talk with an agent.</summary>
    public bool SeenTalking { get; set; }

    public bool Talked { get; set; }

    /// <summary>A fault was on while it lived.</summary>
    public bool Disturbed { get; set; }
}

/// <summary>
/// Holds the engine's state against the PBX's truth whenever the router has heard all there is: who is in which call, who talks, rings or is
/// free. A difference may live for a moment (events come one by one); one that lasts is a breach.
/// </summary>
internal sealed class SimCheck(SimClock clock, PbxTruth truth, SimRouter router, IReadOnlyList<string> agents)
{
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>An observed call is written down 300 ms after its first sign.</summary>
    static readonly TimeSpan TimeToSee = TimeSpan.FromMilliseconds(350);
    readonly Dictionary<string, TimeSpan> _since = new(StringComparer.Ordinal);
    readonly HashSet<string> _now = new(StringComparer.Ordinal);

    public Dictionary<string, SimCall> Calls { get; } = new(StringComparer.Ordinal);

    public void Look(bool disturbed)
    {
        var conversations = truth.Conversations();
        var whole = router.Alive && router.CaughtUp;
        Follow(conversations, whole, disturbed);
        if (!whole)
        {
            _since.Clear();
            return;
        }

        _now.Clear();
        var state = router.Engine!.State;
        Legs(state, conversations);
        foreach (var agent in state.AgentOrder)
            Agent(agent);
        foreach (var device in agents)
            Device(state, device);
        foreach (var key in _since.Keys.Where(k => !_now.Contains(k)).ToArray())
            _since.Remove(key);
        foreach (var key in _now)
        {
            if (!_since.TryAdd(key, clock.Now) && clock.Now - _since[key] > Longest)
                router.Broken ??= $"for more than 1 s: {key}";
        }
    }

    void Must(bool holds, string what)
    {
        if (!holds)
            _now.Add(what);
    }

    void Legs(EngineState state, IReadOnlyDictionary<TruthChannel, string> conversations)
    {
        var living = new HashSet<string>(StringComparer.Ordinal);
        foreach (var channel in truth.Legs)
        {
            living.Add(channel.UniqueId);
            var leg = state.Legs.GetValueOrDefault(new LegId(SimPbx.Node, channel.UniqueId));
            Must(leg is { Live: true }, $"channel {channel.Name} {channel.UniqueId} is not known");
            if (leg is not { Live: true })
                continue;
            var conversation = conversations.GetValueOrDefault(channel);
            if (conversation is null)
                Must(leg.Bridge is null, $"{channel.Name} is in no bridge, not in {leg.Bridge}");
            foreach (var other in conversation is null ? [] : conversations.Where(c => c.Value == conversation && c.Key != channel).Select(c => c.Key))
            {
                var with = state.Legs.GetValueOrDefault(new LegId(SimPbx.Node, other.UniqueId));
                // Two callers in a conference stay two calls; and who talks on when the client has gone, with somebody new, is no part of the client's call.
                var twoClients = with?.Call.Client is { Live: true } one && leg.Call.Client is { Live: true } two && !ReferenceEquals(one, two);
                Must(with is not null && (twoClients || with.Call.Ended || leg.Call.Ended || ReferenceEquals(with.Call, leg.Call)), $"{channel.Name} and {other.Name} talk and are two calls");
                Must(with is not null && with.Bridge is not null && with.Bridge == leg.Bridge, $"{channel.Name} and {other.Name} talk, not in one bridge");
            }

            if (leg.Call is { State: CallState.Waiting, Request: null } && ReferenceEquals(leg.Call.Client, leg))
                Must(channel.Context == "callcrm-route", $"{channel.Name} waits in line, but is in {channel.Context}");
        }

        foreach (var leg in state.Legs.Values.Where(l => l.Live))
            Must(living.Contains(leg.Id.UniqueId), $"leg {leg.ChannelName} {leg.Id.UniqueId} lives on without its channel");
    }

    void Device(EngineState state, string device)
    {
        var known = state.FindDevice(SimPbx.Node, device)?.State.ToString().ToUpperInvariant();
        var told = truth.DeviceState(device);
        Must(told == "UNKNOWN" || known == told.Replace("_", "", StringComparison.Ordinal), $"device {device} is {known}, not {told}");
    }

    void Agent(Agent agent)
    {
        if (agent.Extension is not { } extension)
            return;
        var device = extension.Devices[0].Name;
        var own = truth.Legs.Where(c => c.Device == device).ToArray();
        var talks = own.Any(c => c.State is "6" or "4");
        var rings = own.Any(c => c.State == "5");
        if (talks)
            Must(agent.State == AgentState.Talking, $"{device} talks, its agent is {agent.State}");
        else if (rings)
            Must(agent.State == AgentState.Ringing, $"{device} rings, its agent is {agent.State}");
        else
            Must(agent.State is not (AgentState.Talking or AgentState.Ringing), $"{device} is silent, its agent is {agent.State}");
        Must(!agent.Free || own.Length == 0, $"{device} has a channel, its agent is free");
    }

    void Follow(IReadOnlyDictionary<TruthChannel, string> conversations, bool whole, bool disturbed)
    {
        foreach (var channel in truth.Legs.Where(c => c.Device == SimPbx.Trunk && c.LinkedId == c.UniqueId))
            Calls.TryAdd(channel.UniqueId, new SimCall(channel.UniqueId, clock.Now));
        foreach (var call in Calls.Values.Where(c => c.EndedAt is null))
        {
            call.Disturbed |= disturbed || !whole;
            if (truth.Find(call.UniqueId) is not { } channel)
            {
                call.EndedAt = clock.Now;
                continue;
            }

            call.WholeSince = whole ? call.WholeSince ?? clock.Now : null;
            call.Seen |= call.WholeSince is { } since && clock.Now - since >= TimeToSee;
            var talks = conversations.TryGetValue(channel, out var name) && conversations.Any(c => c.Value == name && agents.Contains(c.Key.Device));
            call.Talked |= talks;
            call.TalkSince = talks && whole ? call.TalkSince ?? clock.Now : null;
            call.SeenTalking |= call.TalkSince is { } talking && clock.Now - talking >= TimeToSee;
        }
    }
}
