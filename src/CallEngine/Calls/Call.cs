namespace CallCrm.Engine;

/// <summary>One conversation as the client sees it. Changed only by the desks of the engine.</summary>
internal sealed class Call(Guid id, long order, string node, Moment now)
{
    public Guid Id { get; } = id;

    /// <summary>In which order calls became known: breaks ties, orders lists.</summary>
    public long Order { get; } = order;

    public string Node { get; } = node;

    public TimeSpan StartedAt { get; set; } = now.Stamp;

    public DateTimeOffset StartedUtc { get; set; } = now.Utc;

    public CallDirection Direction { get; set; }

    public PhoneNumber Caller { get; set; } = PhoneNumber.Withheld;

    public string CallerName { get; set; } = "";

    public PhoneNumber Dialled { get; set; } = new("", NumberKind.Unparsed);

    /// <summary>Which an agent makes it for. Of what comes in its number tells (<see cref="CallBook.CampaignOf"/>).</summary>
    public string? Campaign { get; set; }

    /// <summary>Who is at the other end of it.</summary>
    public PhoneNumber OtherSide => Direction == CallDirection.Outbound ? Dialled : Caller;

    public CallState State { get; set; }

    /// <summary>It asked us for a route at least once; else it is only observed.</summary>
    public bool Routed { get; set; }

    /// <summary>CallStarted is written.</summary>
    public bool Announced { get; set; }

    public bool Estimated { get; set; }

    /// <summary>A supervisor's channel that listens to another call: no conversation of its own, so never announced.</summary>
    public bool Listens { get; set; }

    /// <summary>
    /// A snapshot showed one dialled channel without the one that dialled it: most often the last of a call that is just ending. It is no
    /// call of its own unless it lives on.
    /// </summary>
    public bool Remnant { get; set; }

    public List<Leg> Legs { get; } = [];

    /// <summary>The outside party that is served; the one that asked us last, should there be several.</summary>
    public Leg? Client { get; set; }

    /// <summary>Linked ids that lead here.</summary>
    public List<NodeKey> Links { get; } = [];

    /// <summary>Ids of calls that were found to be this one.</summary>
    public List<Guid> Merged { get; } = [];

    // Who calls.
    public bool LookupAsked { get; set; }

    public bool LookupPending { get; set; }

    public bool Identified { get; set; }

    public LookupResult? Lookup { get; set; }

    /// <summary>Of a call out: whether its recording is kept, by the settings when it began. Null: nobody saw it begin; then it is.</summary>
    public bool? Kept { get; set; }

    public Guid? ClientId { get; set; }

    public Guid? DealId { get; set; }

    // Where it waits.
    public QueueState? Queue { get; set; }

    /// <summary>First queue entry: the wait is counted from here.</summary>
    public TimeSpan? QueuedAt { get; set; }

    /// <summary>Its client's last question for a route: they were there then, whatever AMI tells.</summary>
    public TimeSpan? AskedAt { get; set; }

    public DateTimeOffset? QueuedUtc { get; set; }

    /// <summary>Entry to the queue it is in now: its place in line and its longest wait.</summary>
    public TimeSpan WaitingSince { get; set; }

    /// <summary>Of one who was spoken with and waits on past the longest wait: until then.</summary>
    public TimeSpan? WaitsUntil { get; set; }

    /// <summary>Whoever handed it on was rung to take it back and did not, and it has not come into a line since.</summary>
    public bool NotTakenBack { get; set; }

    public TimeSpan? PatienceUntil { get; set; }

    public int Hops { get; set; }

    /// <summary>RouteDecided(Hold) is written for this stay in line.</summary>
    public bool HoldTold { get; set; }

    /// <summary>In our hold loop by its own mark: a Redirect will find it there.</summary>
    public bool Marked { get; set; }

    /// <summary>An agent was kept for it and the mark did not come: it takes no other before it is heard of again.</summary>
    public bool MarkLate { get; set; }

    /// <summary>It comes round again by itself before this.</summary>
    public TimeSpan TurnEnds { get; set; }

    // Its talk with the PBX.
    public RouteRequest? Request { get; set; }

    public Redirect? Redirect { get; set; }

    /// <summary>What it is told when it asks next (an overflow decided while it was on hold).</summary>
    public RouteAnswer? Plan { get; set; }

    /// <summary>The rule by which it left our hands.</summary>
    public RouteRule? Final { get; set; }

    public AfterWait? FinalKind { get; set; }

    /// <summary>Its last request ended without an answer taken: gone, or served by the dialplan's fallback.</summary>
    public TimeSpan? AdriftSince { get; set; }

    /// <summary>This call's dialplan says when its fallback takes the caller: who left our hands without that has hung up.</summary>
    public bool TellsFallback { get; set; }

    /// <summary>An agent turned it away while it rang.</summary>
    public bool Unwanted { get; set; }

    /// <summary>How a ring ends when the caller is gone.</summary>
    public OfferOutcome GivenUp => Unwanted ? OfferOutcome.Cancelled : OfferOutcome.CallerGaveUp;

    // Who it was offered to.
    public Offer? Offer { get; set; }

    public Offer? LastOffer { get; set; }

    /// <summary>Rings that the PBX began by itself, one for each agent: shown like offers, and only that.</summary>
    public List<Offer> Rings { get; } = [];

    /// <summary>Whether the caller withheld the number is certain: else an observed one matches nobody.</summary>
    public bool CallerCertain { get; set; }

    public int Attempts { get; set; }

    /// <summary>Left in mailboxes of the PBX.</summary>
    public int Messages { get; set; }

    public List<Refusal> Refusals { get; } = [];

    public bool Transferred { get; set; }

    /// <summary>The last one that an agent began at the desk.</summary>
    public Transfer? Transfer { get; set; }

    /// <summary>Whom it was handed to may be outside, too: behind a trunk, and not the client.</summary>
    public bool ReachesOut => Transfer is { To.Number: not null, Target: null } && Client is { Live: true };

    // How it went.
    public TimeSpan? AnsweredAt { get; set; }

    public bool AnsweredByOther { get; set; }

    /// <summary>How the ring of a call of ours ended that nobody took: the other side's, else the own phone's.</summary>
    public DialResult? Unreached { get; set; }

    public Agent? LastAgent { get; set; }

    public TimeSpan Talk { get; set; }

    public TimeSpan Hold { get; set; }

    public TimeSpan? ClientGoneAt { get; set; }

    public EndedBy By { get; set; }

    public int Cause { get; set; }

    public bool EndEstimated { get; set; }

    public CallOutcome? Outcome { get; set; }

    public EngineTimer? AnnounceTimer { get; set; }

    public EngineTimer? LookupTimer { get; set; }

    public EngineTimer? MaxWaitTimer { get; set; }

    public EngineTimer? PatienceTimer { get; set; }

    public EngineTimer? GoneTimer { get; set; }

    public EngineTimer? ForgetTimer { get; set; }

    /// <summary>Queued to be brought up to date at the end of the step.</summary>
    public bool Touched { get; set; }

    /// <summary>By the clocks of its start, so that a step of the host's clock stretches nothing.</summary>
    public DateTimeOffset UtcOf(TimeSpan stamp) => StartedUtc + (stamp - StartedAt);

    public bool Ended => State == CallState.Ended;

    public bool HasLiveLeg
    {
        get
        {
            foreach (var leg in Legs)
            {
                if (leg.Live)
                    return true;
            }

            return false;
        }
    }

    public Refusal? RefusedBy(Agent agent)
    {
        foreach (var refusal in Refusals)
        {
            if (ReferenceEquals(refusal.Agent, agent))
                return refusal;
        }

        return null;
    }
}

/// <summary>An agent this call rang at in vain, and when last.</summary>
internal sealed record Refusal(Agent Agent, TimeSpan At);

/// <summary>A Redirect under way.</summary>
internal sealed class Redirect(long action, Call call)
{
    public long Action { get; } = action;

    public Call Call { get; } = call;

    public bool Confirmed { get; set; }

    public EngineTimer? Timer { get; set; }
}
