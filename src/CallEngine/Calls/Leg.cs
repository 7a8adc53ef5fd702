namespace CallCrm.Engine;

/// <summary>One channel of a call.</summary>
internal sealed class Leg(LegId id, Call call)
{
    public LegId Id { get; } = id;

    public Call Call { get; set; } = call;

    public TimeSpan CreatedAt { get; init; }

    /// <summary>It began under the last router.</summary>
    public bool Restored { get; init; }

    /// <summary>A snapshot lacked it although it is young: it ends unless heard of before this.</summary>
    public EngineTimer? DoubtTimer { get; set; }

    public string LinkedId { get; set; } = "";

    public string ChannelName { get; set; } = "";

    public string Device { get; set; } = "";

    /// <summary>Who held the extension of its device when it began.</summary>
    public Agent? Agent { get; set; }

    public bool IsClient { get; set; }

    /// <summary>The person at it began the call here (it is the root channel, from an own device).</summary>
    public bool Dials { get; set; }

    public bool Rang { get; set; }

    public bool Answered { get; set; }

    public bool Live { get; set; } = true;

    public bool Logged { get; set; }

    public bool Estimated { get; set; }

    public bool Recorded { get; set; }

    public string? Bridge { get; set; }

    /// <summary>The person at it pressed hold.</summary>
    public bool Holding { get; set; }

    /// <summary>Its agent began to speak in another call and the phone told no hold: it counts as one.</summary>
    public bool Aside { get; set; }

    /// <summary>Since when it shares a bridge with the other side; null when it does not.</summary>
    public TimeSpan? InTalkSince { get; set; }

    /// <summary>When this stretch of talk began.</summary>
    public TimeSpan TalkBegan { get; set; }

    public bool Talked { get; set; }

    public TimeSpan Talk { get; set; }

    public TimeSpan Hold { get; set; }

    /// <summary>The queue whose wrap-up time follows it.</summary>
    public QueueState? Queue { get; set; }

    /// <summary>Books the time since the last change as talk or hold.</summary>
    public void Accrue(TimeSpan now)
    {
        if (InTalkSince is not { } since)
            return;
        if (Holding || Aside)
            Hold += now - since;
        else
            Talk += now - since;
        InTalkSince = now;
    }
}
