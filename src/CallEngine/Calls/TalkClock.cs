namespace CallCrm.Engine;

/// <summary>Who speaks with whom: follows from which legs share a bridge; keeps what each leg does, and first answers, true to it.</summary>
internal sealed class TalkClock(EngineState state, AgentBoard board, CallBook book, LegSpans spans)
{
    /// <summary>To be called after a leg joined, left, or anything else changed that <see cref="DoingRules"/> reads.</summary>
    public void Update(Call call)
    {
        state.Touch(call);
        Settle();
    }

    /// <summary>Brings all calls up to date that were touched since; ends because a call is touched anew only when an agent's talk moves.</summary>
    public void Settle()
    {
        while (state.Touched.TryDequeue(out var call))
        {
            call.Touched = false;
            Connect(call);
            foreach (var leg in call.Legs)
                Change(leg);
            if (!call.Ended)
                Step(call);
        }
    }

    /// <summary>The leg is about to end; it is in no bridge any more.</summary>
    public void Leave(Leg leg)
    {
        if (leg.Doing is not null)
            book.AnnounceUnlessRemnant(leg.Call);
        spans.End(leg);
        Disconnect(leg);
    }

    private void Connect(Call call)
    {
        foreach (var leg in call.Legs)
        {
            var connected = DoingRules.IsConnected(state, leg);
            var begins = connected && !leg.Connected;
            if (begins)
                Begin(leg);
            else if (!connected)
                Disconnect(leg);
            if (leg is { Live: true, Agent: { Legs.Count: > 1 } agent })
                Focus(agent);
            if (connected && !call.Ended && !leg.IsClient && (begins || !leg.Talked))
                MeetClient(call, leg);
        }
    }

    private void Begin(Leg leg)
    {
        leg.Connected = true;
        leg.ConnectedAt = state.Happened.Stamp;
        leg.Answered = true;
        if (leg.Agent is not { } agent)
            return;
        Focus(agent);
        board.Refresh(agent);
    }

    private void Disconnect(Leg leg)
    {
        if (!leg.Connected)
            return;
        leg.Connected = leg.Aside = false;
        if (leg.Agent is { } agent)
            Focus(agent);
    }

    /// <summary>Nobody speaks in two calls: the latest talk counts, the others wait.</summary>
    public void Focus(Agent agent)
    {
        Leg? latest = null;
        foreach (var leg in agent.Legs)
        {
            if (leg.Connected && !DoingRules.PressedHold(leg) && (latest is null || leg.ConnectedAt >= latest.ConnectedAt))
                latest = leg;
        }

        foreach (var leg in agent.Legs)
        {
            var aside = latest is not null && leg.Connected && !ReferenceEquals(leg, latest);
            if (aside == leg.Aside)
                continue;
            leg.Aside = aside;
            state.TouchBridge(leg);
        }
    }

    private void Change(Leg leg)
    {
        var doing = DoingRules.Of(state, leg);
        if (doing == leg.Doing)
            return;
        if (leg.Doing is not null)
            book.Announce(leg.Call);
        spans.End(leg);
        spans.Begin(leg, doing);
    }

    private void Step(Call call)
    {
        var anyone = false;
        foreach (var leg in call.Legs)
            anyone |= leg.Doing is { Kind: SpanKind.Talk or SpanKind.Hold or SpanKind.Conference };
        if (anyone)
            book.Step(call, CallState.Talking);
        else if (call.State == CallState.Talking)
            book.Step(call, CallState.Routing);
    }

    /// <summary>First time in this call that the leg's person and the client can hear each other.</summary>
    private void MeetClient(Call call, Leg leg)
    {
        if (!SharesWithClient(leg))
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
        call.AnsweredAt ??= state.Happened.Stamp;
        leg.Queue = call.Queue;
        agent.Unanswered = 0;
        var offer = call.LastOffer is { } last && ReferenceEquals(last.Agent, agent) ? last.Id : (Guid?)null;
        state.Out.Write(new CallAnswered(offer, agent.Id, leg.Id.Node, leg.Id.UniqueId, Span.Milliseconds(CallRules.WaitOf(call, state.Happened.Stamp)), call.EndEstimated)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Happened.Utc,
            Call = call.Id,
        });
    }

    private bool SharesWithClient(Leg leg)
    {
        foreach (var other in state.LegsIn(leg))
        {
            if (other.IsClient && !ReferenceEquals(other, leg) && ReferenceEquals(other.Call, leg.Call))
                return true;
        }

        return false;
    }
}
