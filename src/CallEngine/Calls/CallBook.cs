namespace CallCrm.Engine;

/// <summary>Calls and their legs: how they begin, become one, and end (by <see cref="End"/>, once).</summary>
internal sealed class CallBook(EngineState state, AgentBoard board, OfferDesk offers)
{
    /// <summary>AMI may see a call before it asks us for a route: so long an inbound call may yet turn out to be routed.</summary>
    private static readonly TimeSpan AnnounceDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>When the client's leg is gone the others follow within milliseconds; after this the call is over without them.</summary>
    private static readonly TimeSpan GoneGrace = TimeSpan.FromSeconds(2);

    /// <summary>An ended call is remembered for late facts and look-ups.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(60);

    public Call? Find(Guid id) => state.Calls.GetValueOrDefault(id);

    public Call Begin(Guid id, string node)
    {
        var call = new Call(id, state.NextCallOrder(), node, state.Now);
        state.Calls.Add(id, call);
        state.OpenCalls++;
        return call;
    }

    public Leg AddLeg(Call call, LegId id, string channelName, string device, string linkedId, bool isClient, bool estimated = false)
    {
        var leg = new Leg(id, call) { ChannelName = channelName, Device = device, Estimated = estimated, CreatedAt = state.Now.Stamp };
        state.Legs[id] = leg;
        call.Legs.Add(leg);
        Link(leg, linkedId);
        if (state.FindDevice(id.Node, device)?.Extension?.Holder is { } holder)
            Give(leg, holder);
        if (isClient)
            MakeClient(call, leg);
        if (call.Announced)
            Log(leg);
        return leg;
    }

    public void Link(Leg leg, string linkedId)
    {
        leg.LinkedId = linkedId;
        var key = new NodeKey(leg.Id.Node, linkedId);
        if (state.Links.TryGetValue(key, out var call) && ReferenceEquals(call, leg.Call))
            return;
        state.Links[key] = leg.Call;
        leg.Call.Links.Add(key);
    }

    public void Give(Leg leg, Agent agent)
    {
        leg.Agent = agent;
        agent.Legs.Add(leg);
    }

    public void MakeClient(Call call, Leg leg)
    {
        leg.IsClient = true;
        call.Client ??= leg;
    }

    /// <summary>Who asks us for a route is who is served.</summary>
    public void Serve(Call call, Leg leg)
    {
        leg.IsClient = true;
        call.Client = leg;
        call.ClientGoneAt = null;
        state.Timers.Cancel(call.GoneTimer);
    }

    public void AnnounceSoon(Call call) => state.Timers.Set(call.AnnounceTimer ??= new EngineTimer(TimerKind.Announce, call), state.Now.Stamp + AnnounceDelay);

    /// <summary>Writes CallStarted and the legs so far; from here on everything about the call is written as it happens.</summary>
    public void Announce(Call call)
    {
        if (call.Announced || call.Legs.Count == 0)
            return;
        call.Announced = true;
        state.Timers.Cancel(call.AnnounceTimer);
        var root = call.Client ?? call.Legs[0];
        state.Out.Write(new CallStarted(call.Node, root.Id.UniqueId, root.LinkedId, call.Direction, call.Caller, call.Dialled, call.CallerName,
            call.Routed, call.Estimated) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
        foreach (var leg in call.Legs)
            Log(leg);
    }

    public void Step(Call call, CallState to)
    {
        if (call.State == to)
            return;
        if (!CallSteps.May(call.State, to))
        {
            state.Out.Report("call_step", $"{call.Id:N} {call.State} to {to}");
            return;
        }

        offers.LeaveLine(call);
        call.State = to;
    }

    /// <summary>A channel is gone. Its agent wraps up if they spoke with the client of a routed call.</summary>
    public void LegGone(Leg leg, int cause, int? techCause, bool hungUp, bool estimated)
    {
        if (!leg.Live)
            return;
        var call = leg.Call;
        Announce(call);
        leg.Live = false;
        state.Timers.Cancel(leg.DoubtTimer);
        TalkClock.Stop(leg, state.Now.Stamp);
        call.Talk += leg.Agent is null ? TimeSpan.Zero : leg.Talk;
        call.Hold += leg.Agent is null ? TimeSpan.Zero : leg.Hold;
        if (hungUp && call.By == EndedBy.Unknown && (leg.IsClient || leg.Talked))
            call.By = leg.IsClient ? EndedBy.Caller : EndedBy.Agent;
        state.Out.Write(new LegEnded(leg.Id.Node, leg.Id.UniqueId, leg.Agent?.Id, cause, techCause,
            leg.Agent is null ? 0 : Span.Milliseconds(leg.Talk), leg.Agent is null ? 0 : Span.Milliseconds(leg.Hold), estimated)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = call.Id,
        });
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
            offers.End(offer, OfferOutcome.CallerGaveUp, null);
        Announce(call);
        offers.LeaveLine(call);
        DropRequest(call);
        CancelTimers(call);
        foreach (var leg in call.Legs)
        {
            if (!leg.Live)
                continue;
            leg.Accrue(state.Now.Stamp);
            call.Talk += leg.Agent is null ? TimeSpan.Zero : leg.Talk;
            call.Hold += leg.Agent is null ? TimeSpan.Zero : leg.Hold;
        }

        if (call.By == EndedBy.Unknown && call.Final is not null && !estimated)
            call.By = EndedBy.System;
        var outcome = CallRules.OutcomeOf(call, estimated, state.Now.Stamp, state.Options.ShortAbandon);
        call.Outcome = outcome;
        Step(call, CallState.Ended);
        state.OpenCalls--;
        state.Out.Write(new CallEnded(outcome, call.By, call.Cause, call.LastAgent?.Id, call.ClientId, call.Queue?.Id, Span.Milliseconds(CallRules.WaitOf(call, state.Now.Stamp)),
            Span.Milliseconds(call.Talk), Span.Milliseconds(call.Hold), estimated || call.EndEstimated)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = call.Id,
        });
        state.Timers.Set(call.ForgetTimer ??= new EngineTimer(TimerKind.Forget, call), state.Now.Stamp + Memory);
    }

    /// <summary>Ended calls are forgotten, unless an agent still wraps one up.</summary>
    public void Forget(Call call)
    {
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

    /// <summary>Two calls came to share a channel or a bridge: the older stays.</summary>
    public Call Merge(Call a, Call b)
    {
        if (ReferenceEquals(a, b) || a.Ended || b.Ended)
            return a;
        var (older, younger) = CallRules.IsOlder(a, b) ? (a, b) : (b, a);
        Announce(older);
        if (younger.Offer is { } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        offers.LeaveLine(younger);
        DropRequest(younger);
        CancelTimers(younger);
        younger.State = CallState.Ended;
        state.OpenCalls--;
        if (younger.Announced)
            state.Out.Write(new CallMerged(younger.Id) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = older.Id });
        CallRules.TakeOver(older, younger);
        state.Calls[younger.Id] = older;
        foreach (var leg in younger.Legs)
        {
            leg.Call = older;
            older.Legs.Add(leg);
            if (leg.IsClient)
                older.Client ??= leg;
            if (leg.Live)
                Log(leg);
        }

        foreach (var id in younger.Merged)
            state.Calls[id] = older;
        foreach (var key in younger.Links)
        {
            if (state.Links.TryGetValue(key, out var linked) && ReferenceEquals(linked, younger))
                state.Links[key] = older;
            older.Links.Add(key);
        }

        return older;
    }

    private void Log(Leg leg)
    {
        if (leg.Logged)
            return;
        leg.Logged = true;
        state.Out.Write(new LegStarted(leg.Id.Node, leg.Id.UniqueId, leg.ChannelName, leg.Agent?.Id, leg.IsClient, leg.Estimated)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = leg.Call.Id,
        });
    }

    private void ClientGone(Call call, Leg leg, int cause, bool estimated)
    {
        var other = call.Legs.Find(l => l is { IsClient: true, Live: true });
        if (!ReferenceEquals(call.Client, leg) && other is not null)
            return;
        offers.LeaveLine(call);
        if (call.Offer is { } offer)
            offers.End(offer, OfferOutcome.CallerGaveUp, null);
        DropRequest(call);
        if (other is not null)
        {
            call.Client = other;
            return;
        }

        call.ClientGoneAt = state.Now.Stamp;
        call.Cause = cause;
        call.EndEstimated |= estimated;
        state.Timers.Set(call.GoneTimer ??= new EngineTimer(TimerKind.CallGone, call), state.Now.Stamp + GoneGrace);
    }

    private void LeaveAgent(Leg leg)
    {
        if (leg.Agent is not { } agent)
            return;
        agent.Legs.Remove(leg);
        var length = leg.Queue?.Settings.WrapUpTime ?? TimeSpan.Zero;
        if (leg.Talked && leg.Call.Routed && length > TimeSpan.Zero)
            agent.WrapUpDue = (leg.Call.Id, length);
        if (agent.Legs.Count == 0 && agent.WrapUpDue is { } due)
        {
            agent.WrapUpDue = null;
            if (agent.Extension is not null)
                board.BeginWrapUp(agent, due.Call, due.Length);
        }

        board.Refresh(agent);
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
    }
}
