namespace CallCrm.Engine;

/// <summary>Puts open calls and agents back as the journal's projections have them; the PBX's snapshot corrects the rest.</summary>
internal sealed class Restoring(EngineState state, AgentBoard board, CallBook book, SeatDesk seats, TransferDesk transfers)
{
    private RestoredState? _pending;

    /// <summary>Comes before the settings, or after them: queues, agents and extensions are named there, so it is put back with both at hand.</summary>
    public void Take(RestoredState restored)
    {
        if (state.Calls.Count > 0 || _pending is not null || restored.NextSeq < state.Out.NextSeq)
        {
            state.Out.Report("restored_late", $"next {restored.NextSeq}, here {state.Out.NextSeq}");
            return;
        }

        state.Out.NextSeq = restored.NextSeq;
        _pending = restored;
        if (state.Settings.Settings.Version > 0)
            PutBack();
    }

    public void PutBack()
    {
        if (_pending is not { } restored)
            return;
        _pending = null;
        foreach (var agent in restored.Agents)
            Take(agent);
        foreach (var call in restored.Calls.OrderBy(c => c.StartedAt).ThenBy(c => c.Call))
            Take(call);
        foreach (var (leg, call, by, agent) in restored.Listeners.IsDefault ? [] : restored.Listeners)
            state.Out.Write(new CallListened(by, agent, leg.Node, leg.UniqueId, Listens: false) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call });
        board.RefreshAll();
        foreach (var ask in restored.SeatAsks.IsDefault ? [] : restored.SeatAsks)
            seats.PutBack(ask);
    }

    private void Take(RestoredAgent row)
    {
        if (!state.Agents.TryGetValue(row.Agent, out var agent))
        {
            // Left the settings while nobody routed.
            if (row.State != AgentState.SignedOut)
                state.Out.Write(new AgentChanged(row.Agent, AgentState.SignedOut, "removed", null, null, null, row.State, Span.Milliseconds(state.Now.Utc - row.Since)) { Seq = state.Out.TakeSeq(), At = state.Now.Utc });
            return;
        }

        if (!row.Load.IsDefaultOrEmpty)
            agent.Load.Restore(state.Now.Stamp, row.Load.AsSpan());
        agent.LoadTenths = agent.Load.Tenths;
        agent.State = row.State;
        agent.Reason = row.Reason;
        agent.SinceUtc = row.Since;
        agent.Since = StampOf(row.Since);
        agent.IdleSince = agent.Since;
        if (row.State == AgentState.SignedOut || row.Node is null || row.Extension is null
            || !state.Extensions.TryGetValue(new NodeKey(row.Node, row.Extension), out var extension) || extension.Holder is not null)
        {
            agent.Reason = row.State == AgentState.SignedOut ? row.Reason : "extension_removed";
            return;
        }

        agent.Extension = extension;
        extension.Holder = agent;
        (agent.ShownNode, agent.ShownExtension) = (row.Node, row.Extension);
        (agent.Leaves, agent.ShownLeaves) = (row.Leaves, row.Leaves);
        agent.Away = row.State == AgentState.Away;
        agent.Pause = row.State is AgentState.Paused or AgentState.Reserved or AgentState.Ringing or AgentState.Talking or AgentState.WrapUp ? row.Reason : null;
        if (row.State == AgentState.Paused)
            agent.Pause ??= "pause";
        if (row is not { State: AgentState.WrapUp, Call: { } call, Until: { } until })
            return;
        if (until > state.Now.Utc)
        {
            // With a clock that was set back the rest would be longer than the whole.
            var rest = until - state.Now.Utc;
            board.BeginWrapUp(agent, call, rest < until - row.Since ? rest : until - row.Since, row.Queue);
            agent.Until = agent.WrapUp!.UntilUtc;
        }
        else
        {
            board.PauseAfterWrapUp(agent, row.Queue);
        }
    }

    private void Take(RestoredCall row)
    {
        if (state.Calls.ContainsKey(row.Call) || row.Legs.IsDefaultOrEmpty)
            return;
        var call = book.Begin(row.Call, row.Legs[0].Leg.Node);
        (call.Caller, call.CallerName, call.Dialled, call.Direction, call.Routed) = (row.Caller, row.CallerName, row.Dialled, row.Direction, row.Routed);
        (call.StartedUtc, call.StartedAt) = (row.StartedAt, StampOf(row.StartedAt));
        (call.Announced, call.Attempts) = (true, row.Attempts);
        (call.ClientId, call.Lookup, call.Identified) = (row.Client, row.Lookup, row.Lookup is not null || row.Client is not null);
        // A look-up under way ended with the router that asked: the caller is looked up again when the call asks next.
        call.LookupAsked = call.Identified;
        call.DealId = row.Lookup is { Candidates: { IsDefaultOrEmpty: false } candidates } ? candidates[0].Deal : null;
        call.QueuedUtc = row.QueuedAt;
        call.QueuedAt = row.QueuedAt is { } queued ? StampOf(queued) : null;
        call.WaitingSince = call.QueuedAt ?? call.StartedAt;
        call.AnsweredAt = row.AnsweredAt is { } answered ? StampOf(answered) : null;
        call.Queue = row.Queue is { } id ? state.Queues.GetValueOrDefault(id) : null;
        foreach (var leg in row.Legs)
            Take(call, leg);
        if (row.Held && call.Legs.FindAll(l => l.Agent is not null) is [var holder])
            holder.Holding = true;
        if (row.State == CallState.Ended)
            book.EndedBefore(call);
        else if (row.Consult is { } consult)
            transfers.PutBack(call, consult);
        if (row.State == CallState.Waiting && call is { Queue: { } queue, Client: { Live: true } })
        {
            call.State = CallState.Waiting;
            call.HoldTold = true;
            call.TurnEnds = state.Now.Stamp + state.Options.HoldTurn;
            queue.Join(call);
            state.Touch(call);
            var over = call.WaitingSince + queue.Settings.MaxWait;
            state.Timers.Set(call.MaxWaitTimer ??= new EngineTimer(TimerKind.MaxWait, call), over > state.Now.Stamp ? over : state.Now.Stamp);
        }

        if (row.Offer is { } offer)
            EndOffer(call, offer);
        foreach (var ring in row.Rings.IsDefault ? [] : row.Rings)
            EndOffer(call, ring);
    }

    private void Take(Call call, RestoredLeg row)
    {
        if (state.Legs.ContainsKey(row.Leg))
            return;
        var leg = new Leg(row.Leg, call)
        {
            Restored = true,
            ChannelName = row.ChannelName,
            Device = ChannelNames.Device(row.ChannelName),
            Logged = true,
            InAmi = true,
            CreatedAt = StampOf(row.StartedAt),
            CreatedUtc = row.StartedAt,
            DoneUntil = StampOf(row.DoneUntil ?? row.StartedAt),
            Talk = TimeSpan.FromMilliseconds(row.Talk_ms),
            Hold = TimeSpan.FromMilliseconds(row.Hold_ms),
            Answered = row.AnsweredAt is not null,
            Talked = row.AnsweredAt is not null && row.Agent is not null,
            RestoredTalk = row.AnsweredAt is { } answered ? StampOf(answered) : null,
            Queue = call.Queue,
        };
        state.Legs.Add(row.Leg, leg);
        call.Legs.Add(leg);
        book.Link(leg, row.Leg.UniqueId);
        if (row.IsClient)
            book.MakeClient(call, leg);
        if (row.Agent is not { } id || !state.Agents.TryGetValue(id, out var agent))
            return;
        book.Give(leg, agent);
        if (leg.Talked)
            call.LastAgent = agent;
    }

    /// <summary>A ring that was on when the last router ended: its agent is free again unless the snapshot shows them in talk.</summary>
    private void EndOffer(Call call, RestoredOffer offer) =>
        state.Out.Write(new OfferEnded(offer.Offer, offer.Agent, OfferOutcome.Cancelled, null, 0) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });

    /// <summary>The wall clock may have been set back since: nothing that happened lies ahead of now.</summary>
    private TimeSpan StampOf(DateTimeOffset utc) => state.Now.Stamp - (utc < state.Now.Utc ? state.Now.Utc - utc : TimeSpan.Zero);
}
