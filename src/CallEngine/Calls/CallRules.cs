namespace CallCrm.Engine;

/// <summary>What a call's figures mean (CONVENTIONS, Words); pure.</summary>
internal static class CallRules
{
    /// <summary>Where the dialplan does not tell: a caller whom its fallback took lives on after our request closed; one who hung up does not.</summary>
    private static readonly TimeSpan FallbackAfter = TimeSpan.FromSeconds(1);

    /// <summary>Queue entry (without a queue: start) to the first answer, else to the client's end.</summary>
    public static TimeSpan WaitOf(Call call, TimeSpan now) => (call.AnsweredAt ?? call.ClientGoneAt ?? now) - (call.QueuedAt ?? call.StartedAt);

    /// <param name="ours">A queue of ours is behind the dialled number.</param>
    public static CallOutcome OutcomeOf(Call call, bool ours, bool estimated, TimeSpan now, TimeSpan shortAbandon)
    {
        if (call.AnsweredAt is not null)
            return CallOutcome.Answered;
        // Whoever gives up while our number still rings has abandoned, also before the dialplan came to ask us.
        var early = ours && call is { Direction: CallDirection.Inbound, AnsweredByOther: false } && !call.Legs.Exists(l => l is { IsClient: true, Answered: true });
        if (!call.Routed && !early)
            return IsCallOut(call) && !call.Legs.Exists(l => l is { IsClient: true, Answered: true }) ? OutcomeOf(call.Unreached, call.By) : CallOutcome.Observed;
        if (call.Final is { } rule)
            return OutcomeOf(rule, call.FinalKind);
        var end = call.ClientGoneAt ?? now;
        if (call.AnsweredByOther || (!call.TellsFallback && call.AdriftSince is { } adrift && end - adrift > FallbackAfter))
            return CallOutcome.Fallback;
        if (estimated || call.EndEstimated)
            return CallOutcome.Lost;
        return WaitOf(call, now) < shortAbandon ? CallOutcome.ShortAbandon : CallOutcome.Abandoned;
    }

    /// <summary>A call out that is work: each, unless the site calls numbers that no client has private and one was dialled on the phone itself.</summary>
    public static bool IsWorkOut(Call call, EngineSettings settings) =>
        call.Direction == CallDirection.Outbound && !(IsPrivate(call.ClientId, call.Lookup, settings) && !call.Legs.Exists(IsClicked));

    /// <summary>Only what a look-up has said for sure: one that failed, came late or was never asked for makes nothing private.</summary>
    public static bool IsPrivate(Guid? client, LookupResult? lookup, EngineSettings settings) =>
        settings.UnknownPrivate && client is null && lookup?.Outcome == LookupOutcome.Unknown;

    /// <summary>Also one that was restored: the id of its leg is ours.</summary>
    private static bool IsClicked(Leg leg) => leg.Clicked || leg.Id.UniqueId == DialDesk.ChannelOf(leg.Call.Id);

    /// <summary>A call that an agent makes belongs to no queue: it is recorded when the calls of any of the agent's are. One to a colleague when the site wants that.</summary>
    /// <param name="agent">Null: a phone at which nobody is signed in.</param>
    public static bool IsRecorded(CallDirection direction, Agent? agent, EngineSettings settings) =>
        direction == CallDirection.Internal ? settings.RecordInternal
        : agent is { Memberships.Count: > 0 } ? agent.Memberships.Exists(m => m.Queue.Settings.Record)
        : settings.RecordOut;

    /// <summary>To the outside; or to a colleague, by click.</summary>
    private static bool IsCallOut(Call call) => call.Direction == CallDirection.Outbound || call.Legs.Exists(l => l.Clicked);

    private static CallOutcome OutcomeOf(DialResult? unreached, EndedBy by) => unreached switch
    {
        // A colleague: nobody of these is a client, and what they said is not ours.
        DialResult.Answered => CallOutcome.Observed,
        DialResult.Busy or DialResult.Declined or DialResult.DoNotDisturb => CallOutcome.Busy,
        DialResult.NoAnswer => CallOutcome.NoAnswer,
        DialResult.Cancelled => CallOutcome.Cancelled,
        null when by == EndedBy.Agent => CallOutcome.Cancelled,
        _ => CallOutcome.Failed,
    };

    public static bool IsOlder(Call a, Call b) => a.StartedAt != b.StartedAt ? a.StartedAt < b.StartedAt : a.Order < b.Order;

    /// <summary>What the older of two merged calls takes from the younger.</summary>
    public static void TakeOver(Call older, Call younger)
    {
        older.Merged.Add(younger.Id);
        older.Merged.AddRange(younger.Merged);
        older.Talk += younger.Talk;
        older.Hold += younger.Hold;
        older.LastAgent ??= younger.LastAgent;
        older.AnsweredAt ??= younger.AnsweredAt;
        older.Campaign ??= younger.Campaign;
        if (younger.Routed && !older.Routed)
        {
            older.Routed = true;
            older.Queue ??= younger.Queue;
            older.QueuedAt ??= younger.QueuedAt;
        }

        if (older.Direction == CallDirection.Internal && younger.Direction != CallDirection.Internal)
            older.Direction = younger.Direction;
        if (older.Identified || !younger.Identified)
            return;
        older.Identified = true;
        older.Lookup = younger.Lookup;
        older.ClientId = younger.ClientId;
        older.DealId = younger.DealId;
    }

    /// <summary>What an observed channel's number is, as far as the engine can tell without phone metadata.</summary>
    public static PhoneNumber Read(string text, bool restricted, bool extension)
    {
        if (restricted)
            return PhoneNumber.Withheld;
        if (extension)
            return new PhoneNumber(text, NumberKind.Extension);
        if (text.Length is > 7 and <= 16 && text[0] == '+' && !text.AsSpan(1).ContainsAnyExceptInRange('0', '9'))
            return new PhoneNumber(text, NumberKind.E164, text);
        return new PhoneNumber(text.Length > 80 ? text[..80] : text, NumberKind.Unparsed);
    }

    private static CallOutcome OutcomeOf(RouteRule rule, AfterWait? kind) => rule switch
    {
        RouteRule.Blocked => CallOutcome.Blocked,
        RouteRule.QueueClosed => CallOutcome.Closed,
        RouteRule.UnknownNumber or RouteRule.Fallback => CallOutcome.Fallback,
        _ => kind is AfterWait.Reject or AfterWait.Busy ? CallOutcome.Rejected : CallOutcome.Overflow,
    };
}
