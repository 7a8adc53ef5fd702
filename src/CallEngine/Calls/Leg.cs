namespace CallCrm.Engine;

/// <summary>One channel of a call.</summary>
internal sealed class Leg(LegId id, Call call)
{
    public LegId Id { get; } = id;

    public Call Call { get; set; } = call;

    public TimeSpan CreatedAt { get; init; }

    public DateTimeOffset CreatedUtc { get; init; }

    /// <summary>AMI told of it, or an earlier run did: a later snapshot without it means that it is gone. FastAGI alone may be ahead of AMI.</summary>
    public bool InAmi { get; set; }

    /// <summary>It began under the last router.</summary>
    public bool Restored { get; init; }

    /// <summary>A snapshot lacked it although it is young: it ends unless heard of before this.</summary>
    public EngineTimer? DoubtTimer { get; set; }

    /// <summary>It was not there after the line was cut: this is when it was last known to be.</summary>
    public Moment? VanishedAt { get; set; }

    public string LinkedId { get; set; } = "";

    /// <summary>Of a clicked one its device, until the PBX has told of it.</summary>
    public string ChannelName { get; set; } = "";

    public string Device { get; set; } = "";

    /// <summary>Who held the extension of its device when it began.</summary>
    public Agent? Agent { get; set; }

    public bool IsClient { get; set; }

    /// <summary>The person at it began the call here (it is the root channel, from an own device), by key or by click.</summary>
    public bool Dials { get; set; }

    /// <summary>We asked the PBX to make it, for a number that its agent clicked: it is known before the PBX tells of it.</summary>
    public bool Clicked { get; init; }

    /// <summary>The action that asked for it.</summary>
    public long Action { get; set; }

    /// <summary>Its agent gave up before the PBX had told of it.</summary>
    public bool Unwanted { get; set; }

    public bool Rang { get; set; }

    /// <summary>Its DialEnd came, however it ended.</summary>
    public bool RingOver { get; set; }

    public bool Answered { get; set; }

    /// <summary>Its ring gave way to another at the same phone, which answers by itself: how it ends says nothing.</summary>
    public bool RungAnew { get; set; }

    public bool Live { get; set; } = true;

    public bool Logged { get; set; }

    public bool Estimated { get; set; }

    public bool Recorded { get; set; }

    public string? Bridge { get; set; }

    /// <summary>The person at it hung up then, though the channel may live on.</summary>
    public TimeSpan? HungUpAt { get; set; }

    /// <summary>The bridge it was in before.</summary>
    public string? LastBridge { get; set; }

    /// <summary>Its bridge is a ConfBridge's.</summary>
    public bool InConference { get; set; }

    /// <summary>The person at it pressed hold.</summary>
    public bool Holding { get; set; }

    /// <summary>It transferred its call: whom it held, it holds no more, though the channel may live on until the target answers.</summary>
    public bool HandedOver { get; set; }

    /// <summary>Where those are whom it put on hold.</summary>
    public string? HeldBridge { get; set; }

    /// <summary>Its agent began to speak in another call and the phone told no hold: it counts as one.</summary>
    public bool Aside { get; set; }

    /// <summary>Waits alone at the PBX, with music, in a queue or parked.</summary>
    public WaitKind? Waits { get; set; }

    /// <summary>Whom it hears by ChanSpy.</summary>
    public Leg? ListensTo { get; set; }

    /// <summary>The supervisor whose page asked for it to listen; known by its id even to a router that did not ask.</summary>
    public Guid? ListensFor { get; init; }

    /// <summary>Whom it is to hear, once its phone is lifted.</summary>
    public Leg? MeantFor { get; set; }

    /// <summary>The call that the journal was told it hears.</summary>
    public Call? ListenTold { get; set; }

    /// <summary>Those that hear this one by ChanSpy.</summary>
    public List<Leg>? HeardBy { get; set; }

    /// <summary>Shares a bridge with another leg, since <see cref="ConnectedAt"/>.</summary>
    public bool Connected { get; set; }

    public TimeSpan ConnectedAt { get; set; }

    /// <summary>What it does, since <see cref="DoingSince"/>; changed by <see cref="LegSpans"/> alone, which books it when it is over.</summary>
    public Doing? Doing { get; set; }

    public TimeSpan DoingSince { get; set; }

    /// <summary>The end of its last span, first its creation.</summary>
    public TimeSpan DoneUntil { get; set; }

    /// <summary>Answered before this process began: should the snapshot show it in talk, it has talked since then.</summary>
    public TimeSpan? RestoredTalk { get; set; }

    public bool Talked { get; set; }

    public TimeSpan Talk { get; set; }

    public TimeSpan Hold { get; set; }

    /// <summary>The queue whose wrap-up time follows it.</summary>
    public QueueState? Queue { get; set; }
}
