namespace CallCrm.Engine;

/// <summary>
/// A person who takes calls. What happened to them is kept in plain fields; <see cref="State"/> follows from those by
/// <see cref="AgentRules.Derive"/> alone, so a state cannot get stuck: when the facts go, it goes.
/// </summary>
internal sealed class Agent(Guid id, TimeSpan now)
{
    public Guid Id { get; } = id;

    public bool NeedsPage { get; set; } = true;

    /// <summary>In the settings. One who is not any more is signed out and kept only for a live call.</summary>
    public bool Known { get; set; }

    public Extension? Extension { get; set; }

    /// <summary>The pause they asked for; in a call it follows the call.</summary>
    public string? Pause { get; set; }

    /// <summary>They asked to be signed out when the call and its wrap-up are over: no other is offered in between.</summary>
    public bool Leaves { get; set; }

    public Offer? Offer { get; set; }

    /// <summary>Live legs at their devices that began while they held the extension.</summary>
    public List<Leg> Legs { get; } = [];

    public WrapUp? WrapUp { get; set; }

    /// <summary>They spoke with a client and still have another leg: wrap-up begins when that ends.</summary>
    public (Guid Call, TimeSpan Length)? WrapUpDue { get; set; }

    /// <summary>The queue that the wrap-up due is of.</summary>
    public Guid? WrapUpQueue { get; set; }

    public TimeSpan? PageGoneSince { get; set; }

    public bool Away { get; set; }

    /// <summary>Their phone refused by itself (unreachable, busy, do not disturb): not offered until this ends.</summary>
    public string? BackOff { get; set; }

    /// <summary>Why an offer could not ring at their extension by its devices' states (<see cref="AgentRules.PhoneTrouble"/>).</summary>
    public string? Phone { get; set; }

    /// <summary>The same once it has lasted: what the agent and the board are told.</summary>
    public string? PhoneTold { get; set; }

    /// <summary>Offers in a row rung for the full time and not answered.</summary>
    public int Unanswered { get; set; }

    public AgentState State { get; set; } = AgentState.SignedOut;

    public string? Reason { get; set; }

    public TimeSpan Since { get; set; } = now;

    public DateTimeOffset SinceUtc { get; set; }

    public DateTimeOffset? Until { get; set; }

    public string? ShownNode { get; set; }

    public string? ShownExtension { get; set; }

    public bool ShownLeaves { get; set; }

    public TimeSpan IdleSince { get; set; } = now;

    public LoadWindow Load { get; } = new(now);

    public int LoadTenths { get; set; }

    public bool Free { get; set; }

    public bool Reachable { get; set; }

    public List<Membership> Memberships { get; } = [];

    public EngineTimer? WrapUpTimer { get; set; }

    public EngineTimer? PageTimer { get; set; }

    public EngineTimer? BackOffTimer { get; set; }

    public EngineTimer? PhoneTimer { get; set; }

    public Membership? In(QueueState? queue)
    {
        foreach (var membership in Memberships)
        {
            if (ReferenceEquals(membership.Queue, queue))
                return membership;
        }

        return null;
    }
}

/// <param name="Queue">Whose setting says what follows when the time runs out.</param>
internal sealed record WrapUp(Guid Call, TimeSpan Until, DateTimeOffset UntilUtc, TimeSpan Length, bool Extended, Guid? Queue = null);

/// <summary>An agent's place in one queue, and the key under which the free ones are kept in order.</summary>
internal sealed class Membership(Agent agent, QueueState queue, int level)
{
    public Agent Agent { get; } = agent;

    public QueueState Queue { get; } = queue;

    public int Level { get; } = level;

    public int LoadTenths { get; set; }

    public TimeSpan IdleSince { get; set; }
}

/// <summary>Level, load, longest idle, id.</summary>
internal sealed class MembershipOrder : IComparer<Membership>
{
    public static MembershipOrder Instance { get; } = new();

    public int Compare(Membership? x, Membership? y)
    {
        if (x!.Level != y!.Level)
            return x.Level < y.Level ? -1 : 1;
        if (x.LoadTenths != y.LoadTenths)
            return x.LoadTenths < y.LoadTenths ? -1 : 1;
        return x.IdleSince != y.IdleSince ? x.IdleSince.CompareTo(y.IdleSince) : x.Agent.Id.CompareTo(y.Agent.Id);
    }
}

/// <summary>A place with one or more devices; at most one agent holds it.</summary>
internal sealed class Extension(string node, string number)
{
    public string Node { get; } = node;

    public string Number { get; } = number;

    public List<Device> Devices { get; } = [];

    public Agent? Holder { get; set; }
}

internal sealed class Device(string name)
{
    public string Name { get; } = name;

    public bool CanAnswer { get; set; }

    public bool CanHold { get; set; }

    /// <summary>Answered by ringing it anew, with headers that make it answer by itself; else by SIP NOTIFY.</summary>
    public bool AutoAnswer { get; set; }

    public DeviceState State { get; set; }

    public Extension? Extension { get; set; }

    public bool Busy => State is DeviceState.InUse or DeviceState.Busy or DeviceState.Ringing or DeviceState.RingInUse or DeviceState.OnHold;

    public bool Gone => State is DeviceState.Unavailable or DeviceState.Invalid;

    /// <summary>It was there before its PBX was lost, and the PBX that is back has not heard of it yet.</summary>
    public bool MayReturn { get; set; }
}
