namespace CallCrm.Engine;

/// <summary>
/// What an agent's state is. It is derived, first line that holds wins:
/// <code>
/// SignedOut  holds no extension (a live call stays theirs)
/// Talking    a live leg that was answered, or that they dialled from
/// Ringing    their offer rings, or another live leg rings at their device
/// Reserved   an offer is on its way
/// WrapUp     its time runs
/// Paused     they asked for it, or did not answer twice
/// Away       ready, and the last page gone for PageGrace
/// Ready      otherwise
/// </code>
/// So any state may follow any other, except that <see cref="May"/> names what cannot be.
/// </summary>
internal static class AgentRules
{
    public static AgentState Derive(Agent agent)
    {
        if (agent.Extension is null)
            return AgentState.SignedOut;
        var rings = agent.Offer is { Rang: true };
        foreach (var leg in agent.Legs)
        {
            if (leg.Answered || leg.Dials)
                return AgentState.Talking;
            rings |= leg.Rang;
        }

        if (rings)
            return AgentState.Ringing;
        if (agent.Offer is not null)
            return AgentState.Reserved;
        if (agent.WrapUp is not null)
            return AgentState.WrapUp;
        if (agent.Pause is not null)
            return AgentState.Paused;
        return agent.Away ? AgentState.Away : AgentState.Ready;
    }

    /// <summary>In a busy state the reason is the pause that will follow it; ready, it says why no calls come.</summary>
    public static string? ReasonOf(Agent agent, AgentState state) => state switch
    {
        AgentState.SignedOut => agent.Reason,
        AgentState.Away => "page_gone",
        AgentState.Ready => agent.BackOff ?? agent.PhoneTold,
        _ => agent.Pause,
    };

    /// <summary>Who was signed out can only sign in; away follows ready (or what ends in ready), never a call.</summary>
    public static bool May(AgentState from, AgentState to) => (from, to) switch
    {
        (AgentState.SignedOut, AgentState.WrapUp or AgentState.Away) => false,
        (AgentState.Reserved or AgentState.Ringing, AgentState.Away) => true,
        _ => from != to,
    };

    public static bool IsBusy(AgentState state) => state is AgentState.Ringing or AgentState.Talking or AgentState.WrapUp;

    /// <summary>Counts in the divisor of the load.</summary>
    public static bool IsWorking(AgentState state) => state is not (AgentState.SignedOut or AgentState.Paused or AgentState.Away);

    /// <summary>The device that an offer would ring: the first that can, none while any is in use.</summary>
    public static Device? Rings(Agent agent, bool nodeUp) => agent.Extension is { } extension ? Rings(extension, nodeUp) : null;

    public static Device? Rings(Extension extension, bool nodeUp)
    {
        Device? first = null;
        foreach (var device in extension.Devices)
        {
            // While the PBX is out of sight its last words prove nothing; the dialplan looks itself before it dials.
            if (!nodeUp)
                return device;
            if (device.Busy)
                return null;
            if (!device.Gone)
                first ??= device;
        }

        return first;
    }

    /// <summary>
    /// Why no offer can ring at their extension although nothing of ours is there: <c>unreachable</c>, or <c>busy</c> (in use outside what we
    /// see). Null when one can, and while the PBX is out of sight and nobody knows.
    /// </summary>
    public static string? PhoneTrouble(Agent agent, bool nodeUp)
    {
        if (agent.Extension is null || !nodeUp || agent.Offer is not null || agent.Legs.Count > 0 || Rings(agent, nodeUp) is not null)
            return null;
        return agent.Extension.Devices.Exists(d => d.Busy) ? "busy" : "unreachable";
    }

    /// <summary>Whether a phone is there, or will be as soon as its PBX has asked it; null: the PBX is out of sight, or has not said.</summary>
    public static bool? IsRegistered(Extension extension, bool nodeUp)
    {
        var silent = !nodeUp;
        foreach (var device in extension.Devices)
        {
            var there = IsRegistered(device, nodeUp);
            if (there == true)
                return true;
            silent |= there is null;
        }

        return silent ? null : false;
    }

    /// <summary>One phone of it. Null: the PBX is out of sight, or says nothing of it.</summary>
    public static bool? IsRegistered(Device device, bool nodeUp) =>
        !nodeUp ? null : device.MayReturn || device is { Gone: false, State: not DeviceState.Unknown } ? true : device.State == DeviceState.Unknown ? null : false;

    /// <summary>Signed in, not away, and some device is there, or will be as soon as its PBX has asked it.</summary>
    public static bool IsReachable(Agent agent, bool nodeUp)
    {
        if (agent.Extension is null || agent.State == AgentState.Away || agent.BackOff == "unreachable")
            return false;
        foreach (var device in agent.Extension.Devices)
        {
            if (!nodeUp || !device.Gone || device.MayReturn)
                return true;
        }

        return false;
    }

    /// <summary>In a call (a ring counts), or wrapping one up: then a pause or leaving is for after it.</summary>
    public static bool IsInCall(Agent agent) => agent.Offer is not null || agent.Legs.Count > 0 || agent.WrapUp is not null;

    public static bool IsFree(Agent agent, bool nodeUp) =>
        agent.State == AgentState.Ready && !agent.Leaves && agent.Known && agent.Offer is null && agent.Legs.Count == 0 && agent.BackOff is null
        && Rings(agent, nodeUp) is not null;
}
