namespace CallCrm.Engine;

internal enum OfferStage
{
    /// <summary>The agent is kept for a caller whose hold mark is not seen yet; nothing is shown.</summary>
    Kept,

    /// <summary>Shown; a Redirect brings the caller out of the hold loop.</summary>
    Redirecting,

    /// <summary>The PBX was answered with Dial.</summary>
    Sent,

    /// <summary>The PBX has that answer.</summary>
    Taken,

    /// <summary>It dials.</summary>
    Dialling,

    Ringing,

    Ended,
}

/// <summary>
/// Allowed steps of an offer. AMI may be ahead of AGI, so Sent may be followed by anything the phone does.
/// <code>
/// from \ to    Redirecting  Sent  Taken  Dialling  Ringing  Ended
/// Kept              x         x                               x
/// Redirecting                 x                               x
/// Sent                              x       x         x       x
/// Taken                                     x         x       x
/// Dialling                                            x       x
/// Ringing                                                     x
/// Ended
/// </code>
/// </summary>
internal static class OfferSteps
{
    public static bool May(OfferStage from, OfferStage to) => from switch
    {
        OfferStage.Kept => to is OfferStage.Redirecting or OfferStage.Sent or OfferStage.Ended,
        OfferStage.Redirecting => to is OfferStage.Sent or OfferStage.Ended,
        OfferStage.Ended => false,
        _ => to > from,
    };
}

/// <summary>One ring of one call at one agent: while it lives the agent is reserved.</summary>
internal sealed class Offer(Call call, Agent agent, Extension extension, Device device, RouteRule rule)
{
    /// <summary>Given when it is shown.</summary>
    public Guid Id { get; set; }

    public Call Call { get; set; } = call;

    public Agent Agent { get; } = agent;

    public Extension Extension { get; } = extension;

    public Device Device { get; } = device;

    public RouteRule Rule { get; } = rule;

    public OfferStage Stage { get; private set; }

    /// <summary>CallOffered is written: the page shows it.</summary>
    public bool Shown { get; set; }

    /// <summary>When that was.</summary>
    public Moment ShownAt { get; set; }

    public TimeSpan RingTime { get; set; }

    /// <summary>The AGI request that was answered with it.</summary>
    public RouteRequest? Request { get; set; }

    /// <summary>The first leg of it; <see cref="Legs"/> has those whose ring has not ended (a device may have several contacts).</summary>
    public Leg? Leg { get; set; }

    public List<Leg> Legs { get; } = [];

    /// <summary>The Redirect that brings the caller back to us, so that the phone is rung anew and answers by itself.</summary>
    public long? Lift { get; set; }

    public TimeSpan? DialBegan { get; set; }

    public TimeSpan? RangAt { get; set; }

    public bool Rang => RangAt is not null;

    /// <summary>Known before the end only of a ring that somebody answered who has no name yet.</summary>
    public OfferOutcome? Outcome { get; set; }

    public EngineTimer? EndTimer { get; set; }

    public EngineTimer? RingingTimer { get; set; }

    /// <summary>The PBX rings there by itself: nobody is reserved, moved or judged by it.</summary>
    public bool Observed => Rule == RouteRule.Observed;

    public bool Live => Stage != OfferStage.Ended;

    /// <summary>The PBX was told to dial.</summary>
    public bool IsDialled => Stage is >= OfferStage.Sent and < OfferStage.Ended;

    public bool Step(OfferStage to)
    {
        if (!OfferSteps.May(Stage, to))
            return false;
        Stage = to;
        return true;
    }
}
