using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>What the entries alone say about who did what when. A wait ends with an answer, a word that it is over, or the call.</summary>
internal sealed class TimelineFold(Guid call)
{
    static readonly TimeSpan Exact = TimeSpan.FromSeconds(1);
    readonly Dictionary<(string, string), string> lanes = [];
    readonly Dictionary<Guid, (string Lane, DateTimeOffset At, DateTimeOffset? Rang)> offers = [];
    readonly Dictionary<(string, string), Talk> talks = [];
    int clients;
    (DateTimeOffset At, Guid Queue)? waits;

    /// <param name="Before">Talk of the leg before <paramref name="Since"/>.</param>
    sealed record Talk(string Lane, Guid Agent, DateTimeOffset Since, bool Holds, TimeSpan Before);

    public List<(string Lane, TimelineBar Bar)> Bars { get; } = [];

    public List<(string Id, LaneKind Kind, Guid? Agent, string? Device)> Lanes { get; } = [];

    public DateTimeOffset? EndedAt { get; private set; }

    public bool Estimated { get; private set; }

    /// <summary>Its end is the PBX's: spans that stop before it do not tell it all.</summary>
    public bool Corrected { get; private set; }

    public string? Client { get; private set; }

    public void Apply(JournalEntry entry)
    {
        switch (entry)
        {
            case CallStarted e: Estimated |= e.Estimated; break;
            case CallQueued e: Queued(e); break;
            case RouteDecided { Rule: RouteRule.QueueClosed or RouteRule.NobodySignedIn or RouteRule.MaxWait or RouteRule.UnknownNumber or RouteRule.Fallback or RouteRule.Blocked } e: EndWait(e.At); break;
            case CallOffered e: Offered(e); break;
            case OfferRang e: Rang(e); break;
            case OfferEnded e: OfferOver(e); break;
            case LegStarted e: Started(e); break;
            case CallAnswered e: Answered(e); break;
            case CallHeld e: Hold(e.Agent, e.At, holds: true); break;
            case CallResumed e: Hold(e.Agent, e.At, holds: false); break;
            case LegEnded e: Ended(e); break;
            case CallEnded e when e.Call == call: Over(e); break;
            case CallCorrected e when e.Call == call: Corrected = true; break;
        }
    }

    /// <summary>Everything that still goes on, as open bars.</summary>
    public void Finish()
    {
        foreach (var (lane, at, rang) in offers.Values) Bars.Add((lane, new TimelineBar(rang is null ? TimelineKind.Offer : TimelineKind.Ring, rang ?? at, null)));
        foreach (var talk in talks.Values) Bars.Add((talk.Lane, new TimelineBar(talk.Holds ? TimelineKind.Hold : TimelineKind.Talk, talk.Since, null)));
        if (waits is { } wait) Bars.Add((ClientLane(), new TimelineBar(TimelineKind.Wait, wait.At, null, wait.Queue)));
        offers.Clear();
        talks.Clear();
        waits = null;
    }

    public string? LaneOf(JournalEntry entry) => entry switch
    {
        CallStarted or CallRouted or CallDialled or CallIdentified or CallQueued or CallEnded or CallCorrected or CallImported => Client,
        CallOffered e => AgentLane(e.Agent),
        OfferRang e => AgentLane(e.Agent),
        OfferEnded e => AgentLane(e.Agent),
        LegStarted e => lanes.GetValueOrDefault((e.Node, e.UniqueId)),
        LegEnded e => lanes.GetValueOrDefault((e.Node, e.UniqueId)),
        CallAnswered e => AgentLane(e.Agent),
        CallHeld e => e.Agent is { } agent ? AgentLane(agent) : Client,
        CallResumed e => e.Agent is { } agent ? AgentLane(agent) : Client,
        CallTransferred e => e.FromAgent is { } agent ? AgentLane(agent) : Client,
        TransferChanged e => AgentLane(e.FromAgent),
        RecordingStarted e => lanes.GetValueOrDefault((e.Node, e.UniqueId)),
        RecordingUnkept e => lanes.GetValueOrDefault((e.Node, e.UniqueId)),
        MessageLeft e => lanes.GetValueOrDefault((e.Node, e.UniqueId)) ?? Client,
        AgentChanged e => AgentLane(e.Agent),
        WrapUpExtended e => AgentLane(e.Agent),
        _ => null,
    };

    public string AgentLane(Guid agent) => Lane($"agent.{agent:N}", LaneKind.Agent, agent, null);

    /// <summary>The lane of a leg known from a span; its agent when no entry told of it.</summary>
    public string LaneOf(TimelineSpan span) =>
        lanes.TryGetValue((span.Node, span.UniqueId), out var lane) ? lane
        : span.Agent is { } agent ? AgentLane(agent)
        : Lane($"other.{span.Node}/{span.UniqueId}", LaneKind.Other, null, null);

    string ClientLane() => Client ?? Lane("client.1", LaneKind.Client, null, null);

    string Lane(string id, LaneKind kind, Guid? agent, string? device)
    {
        var known = Lanes.FindIndex(l => l.Id == id);
        if (known < 0) Lanes.Add((id, kind, agent, device));
        else if (Lanes[known].Device is null && device is not null) Lanes[known] = (id, kind, agent, device);
        if (kind == LaneKind.Client) Client ??= id;
        return id;
    }

    void Queued(CallQueued e)
    {
        EndWait(e.At);
        waits = (e.At, e.Queue);
    }

    void EndWait(DateTimeOffset at)
    {
        if (waits is not { } wait) return;
        if (at > wait.At) Bars.Add((ClientLane(), new TimelineBar(TimelineKind.Wait, wait.At, at, wait.Queue)));
        waits = null;
    }

    void Offered(CallOffered e) => offers[e.Offer] = (Lane($"agent.{e.Agent:N}", LaneKind.Agent, e.Agent, e.Device), e.At, null);

    void Rang(OfferRang e)
    {
        if (!offers.TryGetValue(e.Offer, out var offer)) return;
        offers[e.Offer] = offer with { Rang = offer.Rang ?? e.At };
    }

    void OfferOver(OfferEnded e)
    {
        if (!offers.Remove(e.Offer, out var offer)) return;
        if (offer.Rang is { } rang) Bars.Add((offer.Lane, new TimelineBar(TimelineKind.Ring, rang, e.At, Outcome: e.Outcome)));
        else Bars.Add((offer.Lane, new TimelineBar(TimelineKind.Offer, offer.At, e.At, Outcome: e.Outcome)));
    }

    /// <summary><c>PJSIP/trunk-0000001a</c> → <c>PJSIP/trunk</c>.</summary>
    static string DeviceOf(string channel) => channel.LastIndexOf('-') is > 0 and var end ? channel[..end] : channel;

    void Started(LegStarted e)
    {
        Estimated |= e.Estimated;
        var device = DeviceOf(e.ChannelName);
        var lane = e.IsClient ? Lane($"client.{++clients}", LaneKind.Client, null, device)
            : e.Agent is { } agent ? Lane($"agent.{agent:N}", LaneKind.Agent, agent, device)
            : device.StartsWith("Local/", StringComparison.Ordinal) ? null // Two halves of nobody: what they join has channels of its own.
            : Lane($"other.{device}", LaneKind.Other, null, device);
        if (lane is not null) lanes[(e.Node, e.UniqueId)] = lane;
    }

    void Answered(CallAnswered e)
    {
        EndWait(e.At);
        var lane = AgentLane(e.Agent);
        lanes.TryAdd((e.Node, e.UniqueId), lane);
        talks.TryAdd((e.Node, e.UniqueId), new Talk(lane, e.Agent, e.At, Holds: false, TimeSpan.Zero));
    }

    void Hold(Guid? holder, DateTimeOffset at, bool holds)
    {
        foreach (var (leg, talk) in talks.Where(t => t.Value.Agent == holder && t.Value.Holds != holds).ToList())
        {
            Close(talk, at, estimated: false);
            talks[leg] = talk with { Since = at, Holds = holds, Before = talk.Holds ? talk.Before : talk.Before + (at - talk.Since) };
        }
    }

    void Ended(LegEnded e)
    {
        Estimated |= e.Estimated;
        if (!talks.Remove((e.Node, e.UniqueId), out var talk)) return;
        // The leg's own sum is exact: when the bars say another, somewhere between there was a hold or a gap that no entry tells.
        var told = talk.Before + (talk.Holds ? TimeSpan.Zero : e.At - talk.Since);
        Close(talk, e.At, e.Estimated || (told - TimeSpan.FromMilliseconds(e.Talk_ms)).Duration() > Exact);
    }

    void Over(CallEnded e)
    {
        Estimated |= e.Estimated;
        EndedAt = e.At;
        EndWait(e.At);
        foreach (var talk in talks.Values) Close(talk, e.At, e.Estimated);
        talks.Clear();
        foreach (var (lane, at, rang) in offers.Values) Bars.Add((lane, new TimelineBar(rang is null ? TimelineKind.Offer : TimelineKind.Ring, rang ?? at, e.At)));
        offers.Clear();
    }

    void Close(Talk talk, DateTimeOffset at, bool estimated)
    {
        if (at > talk.Since) Bars.Add((talk.Lane, new TimelineBar(talk.Holds ? TimelineKind.Hold : TimelineKind.Talk, talk.Since, at, Estimated: estimated)));
    }
}
