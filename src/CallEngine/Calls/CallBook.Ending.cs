namespace CallCrm.Engine;

/// <summary>How calls end, and are forgotten.</summary>
internal sealed partial class CallBook
{
    /// <summary>A channel is gone. Its agent wraps up if they spoke with the client of a routed call.</summary>
    public void LegGone(Leg leg, int cause, int? techCause, bool hungUp, bool estimated)
    {
        if (!leg.Live)
            return;
        var call = leg.Call;
        AnnounceUnlessRemnant(call);
        leg.Live = false;
        state.Timers.Cancel(leg.DoubtTimer);
        call.Talk += leg.Agent is null ? TimeSpan.Zero : leg.Talk;
        call.Hold += leg.Agent is null ? TimeSpan.Zero : leg.Hold;
        // An agent who hung up did not end the call if the client went on (a transfer, a survey) and hung up later.
        if (hungUp && !call.Unwanted && call.ClientGoneAt is null && (leg.IsClient || leg.Talked || leg.Dials || (call.Client is null && leg.Agent is not null)))
            call.By = leg.IsClient ? EndedBy.Caller : EndedBy.Agent;
        if (call.Client is null)
            call.Cause = cause;
        if (leg.Logged)
            WriteEnd(leg, cause, techCause, estimated);
        if (leg.IsClient)
            ClientGone(call, leg, cause, estimated);
        LeaveAgent(leg);
        if (!call.HasLiveLeg)
            End(call, estimated);
    }

    /// <summary>The one end of every call.</summary>
    public void End(Call call, bool estimated)
    {
        if (call.Ended)
            return;
        if (call.Offer is { } offer)
            offers.End(offer, call.GivenUp, null);
        offers.EndRings(call, OfferOutcome.CallerGaveUp);
        AnnounceUnlessRemnant(call);
        offers.LeaveLine(call);
        DropRequest(call);
        CancelTimers(call);
        foreach (var leg in call.Legs)
        {
            if (!leg.Live)
                continue;
            spans.End(leg);
            state.Touch(call);
            call.Talk += leg.Agent is null ? TimeSpan.Zero : leg.Talk;
            call.Hold += leg.Agent is null ? TimeSpan.Zero : leg.Hold;
        }

        if (call.By == EndedBy.Unknown && call.Final is not null && !estimated)
            call.By = EndedBy.System;
        var outcome = CallRules.OutcomeOf(call, state.Settings.Dialled(call.Dialled) is not null, estimated, state.Happened.Stamp, state.Options.ShortAbandon);
        call.Outcome = outcome;
        Step(call, CallState.Ended);
        state.OpenCalls--;
        if (call.Announced)
            WriteEnd(call, outcome, estimated);
        ForgetLater(call);
    }

    /// <summary>It ended under the last router, and agents still speak in it.</summary>
    public void EndedBefore(Call call)
    {
        call.State = CallState.Ended;
        state.OpenCalls--;
        ForgetLater(call);
    }

    public void ForgetLater(Call call) => state.Timers.Set(call.ForgetTimer ??= new EngineTimer(TimerKind.Forget, call), state.Now.Stamp + Memory);

    /// <summary>Ended calls are forgotten, unless an agent still wraps one up, or the caller's card is still awaited (the database may be away).</summary>
    public void Forget(Call call)
    {
        if (call is { LookupAsked: true, Identified: false } && state.Now.Stamp - call.StartedAt < LongestLookup)
        {
            ForgetLater(call);
            return;
        }

        foreach (var leg in call.Legs)
        {
            if (leg.Live || leg.Agent?.WrapUp is { } wrapUp && ReferenceEquals(Find(wrapUp.Call), call))
            {
                state.Timers.Set(call.ForgetTimer!, state.Now.Stamp + Memory);
                return;
            }
        }

        foreach (var leg in call.Legs)
        {
            if (state.Legs.TryGetValue(leg.Id, out var last) && ReferenceEquals(last, leg))
                state.Legs.Remove(leg.Id);
        }

        foreach (var key in call.Links)
        {
            if (state.Links.TryGetValue(key, out var linked) && ReferenceEquals(linked, call))
                state.Links.Remove(key);
        }

        state.Calls.Remove(call.Id);
        foreach (var id in call.Merged)
            state.Calls.Remove(id);
    }

    private void WriteEnd(Leg leg, int cause, int? techCause, bool estimated)
    {
        var call = leg.Call;
        state.Out.Write(new LegEnded(leg.Id.Node, leg.Id.UniqueId, leg.Agent?.Id, cause, techCause,
            leg.Agent is null ? 0 : Span.Milliseconds(leg.Talk), leg.Agent is null ? 0 : Span.Milliseconds(leg.Hold), estimated)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Happened.Utc,
            Call = call.Id,
        });
    }

    private void WriteEnd(Call call, CallOutcome outcome, bool estimated)
    {
        WriteUnkept(call);
        state.Out.Write(new CallEnded(outcome, call.By, call.Cause, call.LastAgent?.Id, call.ClientId, call.Queue?.Id, Span.Milliseconds(CallRules.WaitOf(call, state.Happened.Stamp)),
            Span.Milliseconds(call.Talk), Span.Milliseconds(call.Hold), estimated || call.EndEstimated)
        {
            Seq = state.Out.TakeSeq(),
            At = call.ClientGoneAt is { } gone && !call.Estimated ? call.UtcOf(gone) : state.Happened.Utc,
            Call = call.Id,
        });
    }

    /// <summary>
    /// Who dials on the phone itself is recorded by the PBX before anybody knows whom they call, and whether that is work is sure when the call
    /// is over: a client may be attached until then.
    /// </summary>
    private void WriteUnkept(Call call)
    {
        if (call.Direction != CallDirection.Outbound || (CallRules.IsWorkOut(call, state.Settings.Settings) && call.Kept is not false))
            return;
        foreach (var leg in call.Legs)
        {
            if (leg.IsClient)
                state.Out.Write(new RecordingUnkept(leg.Id.Node, leg.Id.UniqueId) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
        }
    }

    private void ClientGone(Call call, Leg leg, int cause, bool estimated)
    {
        var other = call.Legs.Find(l => l is { IsClient: true, Live: true });
        if (!ReferenceEquals(call.Client, leg) && other is not null)
            return;
        offers.LeaveLine(call);
        if (call.Offer is { } offer)
            offers.End(offer, call.GivenUp, null);
        if (other is null)
            offers.EndRings(call, OfferOutcome.CallerGaveUp);
        DropRequest(call);
        if (other is not null)
        {
            call.Client = other;
            state.Touch(call);
            return;
        }

        call.ClientGoneAt = leg.HungUpAt ?? state.Happened.Stamp;
        call.Cause = cause;
        call.EndEstimated |= estimated;
        state.Timers.Set(call.GoneTimer ??= new EngineTimer(TimerKind.CallGone, call), state.Now.Stamp + GoneGrace);
    }

    private void LeaveAgent(Leg leg)
    {
        if (leg.Agent is not { } agent)
            return;
        agent.Legs.Remove(leg);
        var (length, queue) = (TimeSpan.Zero, leg.Queue);
        if (CallRules.IsWorkOut(leg.Call, state.Settings.Settings))
            (length, queue) = LongestWrapUp(agent);
        else if (leg.Call.Routed)
            length = leg.Queue?.Settings.WrapUpTime ?? TimeSpan.Zero;
        else if (leg.Call.Direction == CallDirection.Inbound)
            // The PBX's own queue has no wrap-up that we know of: that of the queue behind the number, else as for a call out.
            (length, queue) = (leg.Queue ??= QueueBehind(leg.Call)) is { } behind ? (behind.Settings.WrapUpTime, behind) : LongestWrapUp(agent);
        if (leg.Talked && length > TimeSpan.Zero)
            (agent.WrapUpDue, agent.WrapUpQueue) = ((leg.Call.Id, length), queue?.Id);
        if (agent.Legs.Count == 0 && agent.WrapUpDue is { } due)
        {
            agent.WrapUpDue = null;
            if (agent.Extension is not null)
                board.BeginWrapUp(agent, due.Call, due.Length, agent.WrapUpQueue);
        }

        board.Refresh(agent);
    }

    private QueueState? QueueBehind(Call call) =>
        state.Settings.Dialled(call.Dialled) is { } number ? state.Queues.GetValueOrDefault(number.Queue) : null;

    /// <summary>A call out went through no queue: it is written up like the agent's longest, and ends as that one says.</summary>
    private (TimeSpan Length, QueueState? Queue) LongestWrapUp(Agent agent)
    {
        if (agent.Memberships.Count == 0)
            return (state.Settings.Settings.WrapUpOut, null);
        var longest = agent.Memberships[0].Queue;
        foreach (var membership in agent.Memberships)
        {
            if (membership.Queue.Settings.WrapUpTime > longest.Settings.WrapUpTime)
                longest = membership.Queue;
        }

        return (longest.Settings.WrapUpTime, longest);
    }

    private void DropRequest(Call call)
    {
        if (call.Redirect is { } redirect)
        {
            state.Timers.Cancel(redirect.Timer);
            state.Redirects.Remove(redirect.Action);
            call.Redirect = null;
        }

        if (call.Request is not { } request)
            return;
        call.Request = null;
        state.Timers.Cancel(request.DueTimer);
        state.Timers.Cancel(request.DialResultTimer);
        state.Requests.Remove(request.Id);
        if (request.Stage != RequestStage.Answered)
            state.Out.Add(new EngineEffect.AnswerRoute(request.Id, call.Id, new RouteAnswer.Fallback(), null));
    }

    private void CancelTimers(Call call)
    {
        state.Timers.Cancel(call.AnnounceTimer);
        state.Timers.Cancel(call.LookupTimer);
        state.Timers.Cancel(call.MaxWaitTimer);
        state.Timers.Cancel(call.PatienceTimer);
        state.Timers.Cancel(call.GoneTimer);
        state.Timers.Cancel(call.Transfer?.Timer);
    }
}
