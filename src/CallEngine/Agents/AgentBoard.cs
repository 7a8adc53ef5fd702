namespace CallCrm.Engine;

/// <summary>Keeps every agent's state, load and place among the free ones true to the facts.</summary>
internal sealed class AgentBoard(EngineState state)
{
    /// <summary>Device states and channels come in no common order: what is over within this was none of the agent's trouble.</summary>
    private static readonly TimeSpan PhoneGrace = TimeSpan.FromSeconds(2);

    /// <summary>To be called after anything about the agent changed.</summary>
    public void Refresh(Agent agent)
    {
        // While the PBX is out of sight nobody knows whether their call is over.
        if (agent is { Leaves: true, Extension: { } held } && !AgentRules.IsInCall(agent) && state.IsUp(held.Node))
        {
            SignOut(agent, "after_call");
            return;
        }

        WatchPhone(agent);
        var now = AgentRules.Derive(agent);
        var reason = AgentRules.ReasonOf(agent, now);
        if (now != agent.State)
            Change(agent, now, reason);
        else if (!string.Equals(reason, agent.Reason, StringComparison.Ordinal) || UntilOf(agent, now) != agent.Until || agent.Leaves != agent.ShownLeaves || Moved(agent))
            Write(agent, now, reason, At(agent).Stamp - agent.Since);
        Index(agent);
    }

    /// <summary>Loads fade while agents do nothing: takes the next sixtieth of them each second.</summary>
    public void RefreshLoads(int from, int count)
    {
        for (var i = from; i < Math.Min(from + count, state.AgentOrder.Count); i++)
        {
            Accrue(state.AgentOrder[i]);
            Index(state.AgentOrder[i]);
        }
    }

    public void RefreshAll()
    {
        foreach (var agent in state.AgentOrder)
            Refresh(agent);
    }

    public void SignOut(Agent agent, string? reason)
    {
        if (agent.Extension is null)
            return;
        agent.Extension.Holder = null;
        agent.Extension = null;
        agent.Pause = null;
        agent.Leaves = false;
        agent.Away = false;
        agent.BackOff = null;
        agent.Unanswered = 0;
        agent.PageGoneSince = null;
        EndWrapUp(agent);
        state.Timers.Cancel(agent.PageTimer);
        state.Timers.Cancel(agent.BackOffTimer);
        WatchPhone(agent);
        if (agent.State != AgentState.SignedOut)
            Change(agent, AgentState.SignedOut, reason);
        Index(agent);
    }

    /// <summary>Their phone refused by itself: leave it alone for a while.</summary>
    public void BackOff(Agent agent, string reason, TimeSpan length)
    {
        agent.BackOff = reason;
        state.Timers.Set(agent.BackOffTimer ??= new EngineTimer(TimerKind.BackOff, agent), state.Now.Stamp + length);
    }

    public void EndBackOff(Agent agent)
    {
        agent.BackOff = null;
        state.Timers.Cancel(agent.BackOffTimer);
    }

    /// <summary>Its trouble has lasted.</summary>
    public void TellPhone(Agent agent)
    {
        agent.PhoneTold = agent.Phone;
        Refresh(agent);
    }

    private void WatchPhone(Agent agent)
    {
        var trouble = AgentRules.PhoneTrouble(agent, agent.Extension is { } extension && state.IsUp(extension.Node));
        if (string.Equals(trouble, agent.Phone, StringComparison.Ordinal))
            return;
        agent.Phone = trouble;
        if (trouble is null)
            state.Timers.Cancel(agent.PhoneTimer);
        else if (agent.PhoneTold is null)
            state.Timers.Set(agent.PhoneTimer ??= new EngineTimer(TimerKind.Phone, agent), state.Now.Stamp + PhoneGrace);
        if (trouble is null || agent.PhoneTold is not null)
            agent.PhoneTold = trouble;
    }

    public void BeginWrapUp(Agent agent, Guid call, TimeSpan length, Guid? queue)
    {
        agent.WrapUp = new WrapUp(call, state.Now.Stamp + length, state.Now.Utc + length, length, Extended: false, queue);
        state.Timers.Set(agent.WrapUpTimer ??= new EngineTimer(TimerKind.WrapUp, agent), agent.WrapUp.Until);
    }

    public void ExtendWrapUp(Agent agent)
    {
        var wrapUp = agent.WrapUp!;
        agent.WrapUp = wrapUp with { Until = wrapUp.Until + wrapUp.Length, UntilUtc = wrapUp.UntilUtc + wrapUp.Length, Extended = true };
        agent.Until = agent.WrapUp.UntilUtc;
        state.Timers.Set(agent.WrapUpTimer!, agent.WrapUp.Until);
        state.Out.Write(new WrapUpExtended(agent.Id, agent.WrapUp.UntilUtc) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = wrapUp.Call });
    }

    /// <summary>Nobody finished it: ready, or paused, as the queue says.</summary>
    public void WrapUpOver(Agent agent)
    {
        var queue = agent.WrapUp?.Queue;
        EndWrapUp(agent);
        PauseAfterWrapUp(agent, queue);
        Refresh(agent);
    }

    public void PauseAfterWrapUp(Agent agent, Guid? queue)
    {
        if (queue is { } id && state.Queues.GetValueOrDefault(id) is { Settings.PauseAfterWrapUp: true })
            agent.Pause ??= "wrap_up_over";
    }

    public void EndWrapUp(Agent agent)
    {
        agent.WrapUp = null;
        state.Timers.Cancel(agent.WrapUpTimer);
    }

    private static DateTimeOffset? UntilOf(Agent agent, AgentState now) => now == AgentState.WrapUp ? agent.WrapUp!.UntilUtc : null;

    private static bool Moved(Agent agent) =>
        !string.Equals(agent.ShownExtension, agent.Extension?.Number, StringComparison.Ordinal) || !string.Equals(agent.ShownNode, agent.Extension?.Node, StringComparison.Ordinal);

    private void Change(Agent agent, AgentState now, string? reason)
    {
        Accrue(agent);
        var before_ms = At(agent).Stamp - agent.Since;
        if (now == AgentState.Ready && agent.State is not (AgentState.Reserved or AgentState.Ringing))
            agent.IdleSince = At(agent).Stamp;
        Write(agent, now, reason, before_ms);
    }

    private void Write(Agent agent, AgentState now, string? reason, TimeSpan before)
    {
        var (was, at) = (agent.State, At(agent));
        agent.State = now;
        agent.Reason = reason;
        agent.Until = UntilOf(agent, now);
        agent.ShownNode = agent.Extension?.Node;
        agent.ShownExtension = agent.Extension?.Number;
        agent.ShownLeaves = agent.Leaves;
        agent.Since = at.Stamp;
        agent.SinceUtc = at.Utc;
        state.Out.Write(new AgentChanged(agent.Id, now, reason, agent.ShownNode, agent.ShownExtension, agent.Until, was, Span.Milliseconds(before), agent.Leaves)
        {
            Seq = state.Out.TakeSeq(),
            At = at.Utc,
            Call = CallOf(agent),
        });
    }

    internal static Guid? CallOf(Agent agent)
    {
        // A call that one only listens to is not theirs.
        foreach (var leg in agent.Legs)
        {
            if (!leg.Call.Listens)
                return leg.Call.Id;
        }

        return agent.Offer?.Call.Id ?? agent.WrapUp?.Call;
    }

    /// <summary>A fact that was read late may have happened before what the agent did since; one state follows the other.</summary>
    private Moment At(Agent agent) => state.Happened.Stamp >= agent.Since ? state.Happened : new Moment(agent.Since, agent.SinceUtc);

    private void Accrue(Agent agent)
    {
        agent.Load.Accrue(state.Happened.Stamp, AgentRules.IsBusy(agent.State), AgentRules.IsWorking(agent.State));
        agent.LoadTenths = agent.Load.Tenths;
    }

    private void Index(Agent agent)
    {
        var up = agent.Extension is not null && state.IsUp(agent.Extension.Node);
        var free = AgentRules.IsFree(agent, up);
        var wasFree = agent.Free;
        if (wasFree && free && agent.Memberships.Count > 0 && agent.Memberships[0].LoadTenths == agent.LoadTenths && agent.Memberships[0].IdleSince == agent.IdleSince)
            free = wasFree;
        else
            Reposition(agent, free);
        if (free && !wasFree)
            state.Freed.Enqueue(agent);
        var reachable = agent.Known && AgentRules.IsReachable(agent, up);
        if (reachable == agent.Reachable)
            return;
        agent.Reachable = reachable;
        foreach (var membership in agent.Memberships)
        {
            membership.Queue.Reachable += reachable ? 1 : -1;
            if (membership.Queue.Reachable == 0)
                state.Emptied.Enqueue(membership.Queue);
        }
    }

    private static void Reposition(Agent agent, bool free)
    {
        foreach (var membership in agent.Memberships)
        {
            if (agent.Free)
                membership.Queue.Free.Remove(membership);
            membership.LoadTenths = agent.LoadTenths;
            membership.IdleSince = agent.IdleSince;
            if (free)
                membership.Queue.Free.Add(membership);
        }

        agent.Free = free;
    }

    /// <summary>Takes the agent out of all queues, before its memberships are made anew.</summary>
    public void LeaveQueues(Agent agent)
    {
        Reposition(agent, free: false);
        if (agent.Reachable)
        {
            foreach (var membership in agent.Memberships)
                membership.Queue.Reachable--;
        }

        agent.Reachable = false;
        agent.Memberships.Clear();
    }
}

internal static class Span
{
    public static int Milliseconds(TimeSpan span) => (int)Math.Clamp(span.Ticks / TimeSpan.TicksPerMillisecond, 0, int.MaxValue);
}
