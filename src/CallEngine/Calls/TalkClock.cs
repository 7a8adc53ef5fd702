namespace CallCrm.Engine;

/// <summary>Who speaks with whom: follows from which legs share a bridge, and books talk and hold per leg.</summary>
internal sealed class TalkClock(EngineState state, AgentBoard board, CallBook book)
{
    /// <summary>To be called after a leg joined, left or ended.</summary>
    public void Update(Call call)
    {
        var anyone = false;
        foreach (var leg in call.Legs)
        {
            if (!leg.Live || leg.IsClient)
                continue;
            var talks = leg.Bridge is not null && MeetsOther(call, leg);
            anyone |= talks;
            if (talks && leg.InTalkSince is null)
                Begin(call, leg);
            else if (talks && !leg.Talked)
                MeetClient(call, leg);
            else if (!talks)
                Stop(leg, state.Now.Stamp);
        }

        if (anyone)
            book.Step(call, CallState.Talking);
        else if (call.State == CallState.Talking)
            book.Step(call, CallState.Routing);
    }

    public static void Stop(Leg leg, TimeSpan now)
    {
        if (leg.InTalkSince is null)
            return;
        leg.Accrue(now);
        leg.InTalkSince = null;
        if (leg.Agent is { } agent)
            Focus(agent, now);
    }

    /// <summary>Nobody speaks in two calls: the latest talk counts, the others wait.</summary>
    private static void Focus(Agent agent, TimeSpan now)
    {
        Leg? latest = null;
        foreach (var leg in agent.Legs)
        {
            if (leg.InTalkSince is not null && !leg.Holding && (latest is null || leg.TalkBegan >= latest.TalkBegan))
                latest = leg;
        }

        foreach (var leg in agent.Legs)
        {
            leg.Accrue(now);
            leg.Aside = leg.InTalkSince is not null && !ReferenceEquals(leg, latest);
        }
    }

    public void HoldChanged(Leg leg)
    {
        if (leg.Agent is { } agent)
            Focus(agent, state.Now.Stamp);
    }

    private void Begin(Call call, Leg leg)
    {
        leg.InTalkSince = leg.RestoredTalk ?? state.Now.Stamp;
        leg.RestoredTalk = null;
        leg.TalkBegan = state.Now.Stamp;
        leg.Answered = true;
        if (leg.Agent is { } agent)
        {
            Focus(agent, state.Now.Stamp);
            board.Refresh(agent);
        }

        MeetClient(call, leg);
    }

    /// <summary>First time in this call that the leg's person and the client can hear each other.</summary>
    private void MeetClient(Call call, Leg leg)
    {
        if (call.Client is null)
            return;
        if (leg.Agent is not { } agent)
        {
            call.AnsweredByOther = true;
            return;
        }

        call.LastAgent = agent;
        if (!leg.Talked)
            Answer(call, leg, agent);
        leg.Talked = true;
    }

    private void Answer(Call call, Leg leg, Agent agent)
    {
        call.AnsweredAt ??= state.Now.Stamp;
        leg.Queue = call.Queue;
        agent.Unanswered = 0;
        var offer = call.LastOffer is { } last && ReferenceEquals(last.Agent, agent) ? last.Id : (Guid?)null;
        state.Out.Write(new CallAnswered(offer, agent.Id, leg.Id.Node, leg.Id.UniqueId, Span.Milliseconds(CallRules.WaitOf(call, state.Now.Stamp)))
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = call.Id,
        });
    }

    /// <summary>The client in the leg's bridge; in a call without one, anybody.</summary>
    private static bool MeetsOther(Call call, Leg leg)
    {
        var hasClient = false;
        var meetsAnyone = false;
        foreach (var other in call.Legs)
        {
            if (!other.Live || ReferenceEquals(other, leg))
                continue;
            var shares = string.Equals(other.Bridge, leg.Bridge, StringComparison.Ordinal);
            if (other.IsClient && shares)
                return true;
            hasClient |= other.IsClient;
            meetsAnyone |= shares;
        }

        return meetsAnyone && !hasClient;
    }
}
