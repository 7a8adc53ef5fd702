using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>All that routing is set up with, as one immutable snapshot, swapped whole when its version changes.</summary>
public sealed record EngineSettings(
    long Version,
    string Domain,
    ImmutableArray<QueueSettings> Queues,
    ImmutableArray<AgentSettings> Agents,
    ImmutableArray<ExtensionSettings> Extensions,
    ImmutableArray<DialledNumberSettings> DialledNumbers,
    ImmutableArray<PbxSettings> Pbxs,
    EngineOptions Options)
{
    /// <summary>Callers who are turned away, those of one number side by side. At most 20,000, as the snapshot and the flight recorder hold them all.</summary>
    public ImmutableArray<BlockedNumber> Blocked { get; init; }

    /// <summary>Calls between colleagues are recorded, too.</summary>
    public bool RecordInternal { get; init; }

    /// <summary>Calls out of agents who serve no queue are recorded; those of the others as their queues say.</summary>
    public bool RecordOut { get; init; } = true;

    /// <summary>Wrap-up after calls out of agents who serve no queue; 0 to 3,600 s, 0 = none. Default 30 s.</summary>
    public TimeSpan WrapUpOut { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A number that no client has, dialled on the phone itself, is the agent's own affair: no wrap-up, and no recording is kept.</summary>
    public bool UnknownPrivate { get; init; }

    public static EngineSettings Empty(string domain) => new(0, domain, [], [], [], [], [], new EngineOptions());
}

/// <summary>Limits that hold for the whole domain.</summary>
public sealed record EngineOptions
{
    /// <summary>A look-up later than this routes without identity. Default 300 ms.</summary>
    public TimeSpan LookupTimeout { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long an available agent's last page may be gone before the agent is away. Default 60 s.</summary>
    public TimeSpan PageGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Full-time unanswered offers in a row before the agent is paused. Default 2.</summary>
    public int UnansweredBeforePause { get; init; } = 2;

    /// <summary>No ringing this long after the dial began: the phone is unreachable. Default 3 s.</summary>
    public TimeSpan RingingWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A reservation lives at most ring time plus this. Default 3 s.</summary>
    public TimeSpan ReservationSlack { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>No answer to a Redirect within this releases the reservation. Default 1 s.</summary>
    public TimeSpan RedirectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Length of one turn of the hold loop. 1 to 20 s, default 20 s.</summary>
    public TimeSpan HoldTurn { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A caller who leaves sooner is a short abandon. Default 5 s.</summary>
    public TimeSpan ShortAbandon { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// After a restart the PBX finds its phones again within seconds; so long callers wait for agents whose phones were there before,
    /// instead of being told that nobody is. Default 30 s.
    /// </summary>
    public TimeSpan PhonesReturnWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>So long the holder of an extension has to say no to who wants it. Default 30 s.</summary>
    public TimeSpan SeatAnswerWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Who says so may become ready at a phone that is not registered. Default no.</summary>
    public bool ReadyWithoutPhone { get; init; }

    /// <summary>The router answers the PBX within this or not at all. Default 1.5 s.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromMilliseconds(1500);
}

public enum AfterWait { Queue, Goto, Play, Reject, Busy }

/// <summary>What follows the longest wait, a closed queue, or a queue with nobody signed in.</summary>
/// <param name="Target">Queue: its id. Goto: <c>context,exten,label</c>. Play: sound name. Reject: empty (Q.850 cause 21). Busy: empty (17).</param>
public sealed record Overflow(AfterWait Kind, string Target);

/// <summary>A half-open span of UTC in which a queue is open; computed outside from zone, hours and holidays.</summary>
public readonly record struct OpenSpan(DateTimeOffset From, DateTimeOffset To);

/// <param name="PreferredPatience">How long to wait for the preferred manager before the least busy gets the call. Default 0.</param>
/// <param name="RingTime">1 to 120 s.</param>
/// <param name="WrapUpTime">0 = ready at once after the hang-up.</param>
/// <param name="MaxWait">Longest wait in line.</param>
/// <param name="OpenSpans">Null = always open.</param>
/// <param name="LastContactWithin">How old the latest conversation may be to prefer its agent. Default 90 days.</param>
/// <param name="LastContactTalk">How long that conversation must have been. Default 20 s.</param>
/// <param name="WhenBlocked">What blocked callers get: anything but a queue. Null: busy.</param>
/// <param name="BlockWithheld">Who withholds the number is blocked.</param>
/// <param name="MostWaiting">So many in line make it full for transfers; null: never.</param>
/// <param name="PauseAfterWrapUp">When the wrap-up's time runs out the agent is paused ("wrap_up_over") instead of ready.</param>
public sealed record QueueSettings(
    Guid Id, string Name, TimeSpan RingTime, TimeSpan WrapUpTime, TimeSpan PreferredPatience, TimeSpan MaxWait,
    Overflow AfterMaxWait, Overflow WhenClosed, Overflow WhenNobody, ImmutableArray<OpenSpan>? OpenSpans,
    TimeSpan LastContactWithin, TimeSpan LastContactTalk, bool Record, ImmutableArray<QueueAgent> Agents, bool PauseAfterWrapUp = false,
    Overflow? WhenBlocked = null, bool BlockWithheld = false, int? MostWaiting = null);

/// <param name="Level">Skill: 1 is offered first, higher only when nobody of a lower level is free.</param>
public readonly record struct QueueAgent(Guid Agent, int Level);

/// <param name="NeedsPage">Free only while a page is connected. False for people who work by phone alone.</param>
public sealed record AgentSettings(Guid Id, string Name, bool NeedsPage = true);

public sealed record ExtensionSettings(string Node, string Number, ImmutableArray<DeviceSettings> Devices);

/// <param name="Name">Dial target, <c>^[A-Za-z0-9]+/[A-Za-z0-9_.-]{1,64}$</c>, e.g. PJSIP/101.</param>
/// <param name="CanAnswer">The page may answer it: by AMI PJSIPNotify (Event=talk), where the PBX lets us, or as <paramref name="AutoAnswer"/> says.</param>
/// <param name="CanHold">The page may hold it (Event=hold).</param>
/// <param name="AutoAnswer">It knows no NOTIFY, but answers by itself a call whose headers ask for it: so it is rung anew with those.</param>
public sealed record DeviceSettings(string Name, bool CanAnswer, bool CanHold, bool AutoAnswer = false);

/// <param name="Number">As the dialplan sends it (digits, maybe +); compared by digits.</param>
/// <param name="Campaign">What it is advertised for; null: nothing.</param>
public sealed record DialledNumberSettings(string Number, string Name, Guid Queue, string Source, string Language, CampaignSettings? Campaign = null)
{
    /// <summary>Who calls it at that moment comes by this; null: by none.</summary>
    public CampaignSettings? CampaignAt(DateTimeOffset at) => Campaign is { } campaign && !(at < campaign.From) && !(at >= campaign.Until) ? campaign : null;

    /// <summary>Where a new client who calls it comes from: the number, and the campaign of the moment.</summary>
    public string SourceAt(DateTimeOffset at) => (Source, CampaignAt(at)?.Name) switch
    {
        (var source, null) => source,
        ({ Length: 0 }, { } campaign) => campaign,
        (var source, { } campaign) => $"{source} · {campaign}",
    };
}

/// <summary>A campaign that runs, or is to.</summary>
/// <param name="From">Null: since ever.</param>
/// <param name="Until">Not any more from this moment on; null: without end.</param>
public sealed record CampaignSettings(string Code, string Name, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>A caller who is not let through.</summary>
/// <param name="Number">E.164.</param>
/// <param name="Queue">Null: all queues.</param>
/// <param name="Until">Null: for good.</param>
public readonly record struct BlockedNumber(string Number, Guid? Queue, DateTimeOffset? Until);

/// <param name="TrunkEndpoints">Devices behind which the outside world is, e.g. PJSIP/trunk.</param>
/// <param name="DefaultQueue">For a dialled number that no row names; null = fallback of the dialplan.</param>
public sealed record PbxSettings(string Node, ImmutableArray<string> TrunkEndpoints, Guid? DefaultQueue);
