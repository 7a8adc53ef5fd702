namespace CallCrm.Engine;

/// <summary>Reserves agents for calls, and ends every reservation by <see cref="End"/>, once.</summary>
internal sealed class OfferDesk(EngineState state, AgentBoard board)
{
    /// <summary>How long a freed agent is kept for a caller whose hold mark is still to come.</summary>
    private static readonly TimeSpan MarkWait = TimeSpan.FromSeconds(2);

    /// <summary>A phone that refuses by itself would refuse the next caller too.</summary>
    private static readonly TimeSpan BusyBackOff = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan UnreachableBackOff = TimeSpan.FromSeconds(30);

    /// <summary>How long the PBX lets a phone ring it tells nobody; its own word ends the ring, this only looks whether that was missed.</summary>
    private static readonly TimeSpan ObservedRing = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan TakerWithin = TimeSpan.FromMilliseconds(300);

    /// <summary>Reserves in the same step as deciding.</summary>
    public Offer? Reserve(Call call, Agent agent, RouteRule rule)
    {
        if (agent.Extension is not { } extension || AgentRules.Rings(agent, state.IsUp(extension.Node)) is not { } device || agent.Offer is not null || call.Offer is not null)
        {
            state.Out.Report("reserve_refused", $"{call.Id:N} {agent.Id:N}");
            return null;
        }

        var offer = new Offer(call, agent, extension, device, rule)
        {
            RingTime = call.Queue?.Settings.RingTime ?? TimeSpan.FromSeconds(20),
        };
        call.Offer = offer;
        call.LastOffer = offer;
        agent.Offer = offer;
        return offer;
    }

    /// <summary>Keeps the agent, unseen, for a caller who is between two turns of the hold loop.</summary>
    public void Keep(Offer offer)
    {
        SetEnd(offer, MarkWait);
        board.Refresh(offer.Agent);
    }

    /// <summary>The pop.</summary>
    public void Show(Offer offer)
    {
        if (offer.Shown)
            return;
        (offer.Shown, offer.ShownAt) = (true, state.Happened);
        var call = offer.Call;
        call.Attempts++;
        offer.Id = DerivedId.From(call.Id, DerivedId.Offer, Math.Min(call.Attempts, ushort.MaxValue));
        LeaveLine(call);
        // Who is asked about a client takes no part in the talk with them.
        if (offer.Rule != RouteRule.Consult && CallSteps.May(call.State, CallState.Ringing))
        {
            call.State = CallState.Ringing;
            state.Touch(call);
        }

        state.Out.Write(new CallOffered(offer.Id, offer.Agent.Id, offer.Extension.Node, offer.Extension.Number, offer.Device.Name, call.Queue?.Id,
            call.ClientId, call.Attempts, (int)offer.RingTime.TotalSeconds, offer.Rule, state.CanAnswer(offer.Extension.Node, offer.Device, call.Routed), state.CanHold(offer.Extension.Node, offer.Device))
        {
            Seq = state.Out.TakeSeq(),
            At = state.Happened.Utc,
            Call = call.Id,
        });
        SetEnd(offer, offer.RingTime + state.Options.ReservationSlack);
        board.Refresh(offer.Agent);
    }

    /// <summary>The PBX is told to dial.</summary>
    public void Sent(Offer offer, RouteRequest? request)
    {
        offer.Request = request;
        if (!offer.Step(OfferStage.Sent))
            state.Out.Report("offer_step", $"{offer.Id:N} {offer.Stage} to Sent");
        SetEnd(offer, offer.RingTime + state.Options.ReservationSlack);
    }

    public void Taken(Offer offer)
    {
        if (offer.Step(OfferStage.Taken))
            SetEnd(offer, offer.RingTime + state.Options.ReservationSlack);
    }

    public void Dialling(Offer offer, Leg? leg)
    {
        if (leg is not null && !offer.Legs.Contains(leg))
            offer.Legs.Add(leg);
        offer.Leg ??= leg;
        offer.DialBegan ??= state.Now.Stamp;
        if (offer.Step(OfferStage.Dialling))
        {
            SetEnd(offer, offer.RingTime + state.Options.ReservationSlack);
            if (!offer.Rang)
                state.Timers.Set(offer.RingingTimer ??= new EngineTimer(TimerKind.Ringing, offer), state.Now.Stamp + state.Options.RingingWithin);
        }

        if (leg is { Rang: true })
            Rang(offer);
    }

    /// <summary>Its agent pressed "answer" at a phone that answers by itself when asked in the INVITE: the ring ends, and another begins.</summary>
    public static void RungAnew(Offer offer)
    {
        foreach (var leg in offer.Legs)
            leg.RungAnew = true;
        offer.Legs.Clear();
        offer.Leg = null;
    }

    /// <summary>The caller is back for the ring that the phone answers. AGI may be ahead of AMI's word that the first is over.</summary>
    public void LiftSent(Offer offer, RouteRequest? request)
    {
        RungAnew(offer);
        (offer.Lift, offer.Request) = (null, request);
        SetEnd(offer, offer.RingTime + state.Options.ReservationSlack);
    }

    public void Rang(Offer offer)
    {
        if (offer.Rang || !offer.IsDialled)
            return;
        offer.RangAt = state.Happened.Stamp;
        offer.DialBegan ??= state.Now.Stamp;
        offer.Step(OfferStage.Ringing);
        state.Timers.Cancel(offer.RingingTimer);
        state.Out.Write(new OfferRang(offer.Id, offer.Agent.Id) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = offer.Call.Id });
        board.Refresh(offer.Agent);
    }

    /// <summary>A ring that was not ours to start (a transfer, a pickup): it pops like an offer.</summary>
    public void Elsewhere(Call call, Agent agent, Leg leg, RouteRule rule)
    {
        if (agent.Extension is not { } extension || state.FindDevice(leg.Id.Node, leg.Device) is not { } device)
            return;
        var offer = new Offer(call, agent, extension, device, rule)
        {
            RingTime = call.Queue?.Settings.RingTime ?? TimeSpan.FromSeconds(20),
        };
        call.Offer = offer;
        call.LastOffer = offer;
        agent.Offer = offer;
        offer.Step(OfferStage.Sent);
        Show(offer);
        Dialling(offer, leg);
    }

    /// <summary>A ring of the PBX's own: it pops, and its agent is Ringing by their leg.</summary>
    public void Observe(Call call, Agent agent, Leg leg)
    {
        if (agent.Extension is not { } extension || state.FindDevice(leg.Id.Node, leg.Device) is not { } device)
            return;
        var offer = new Offer(call, agent, extension, device, RouteRule.Observed) { RingTime = ObservedRing, Leg = leg, DialBegan = state.Now.Stamp };
        call.Rings.Add(offer);
        agent.Offer = offer;
        offer.Legs.Add(leg);
        offer.Step(OfferStage.Sent);
        Show(offer);
        offer.Step(OfferStage.Dialling);
        if (leg.Rang)
            Rang(offer);
    }

    /// <summary>The call was answered: whoever else it rang at reads by whom.</summary>
    public void RingsOver(Call call, Agent by)
    {
        foreach (var ring in call.Rings.ToArray())
        {
            if (ReferenceEquals(ring.Agent, by))
                call.LastOffer = ring;
            End(ring, ReferenceEquals(ring.Agent, by) ? OfferOutcome.Answered : OfferOutcome.AnsweredElsewhere, null, by.Id);
        }
    }

    /// <summary>The PBX may cancel the other phones a moment before it tells who answered: that name is waited for.</summary>
    public void AnsweredBySomebody(Offer ring)
    {
        ring.Outcome = OfferOutcome.AnsweredElsewhere;
        SetEnd(ring, TakerWithin);
    }

    public void EndRings(Call call, OfferOutcome outcome)
    {
        foreach (var ring in call.Rings.ToArray())
            End(ring, ring.Outcome ?? outcome, null);
    }

    /// <summary>Nothing ended it for long: it may ring still.</summary>
    public void RingDue(Offer ring)
    {
        if (ring.Legs.Exists(l => l is { Live: true, Answered: false }) && !ring.Call.Ended)
            SetEnd(ring, ObservedRing);
        else
            End(ring, ring.Outcome ?? OfferOutcome.Cancelled, null);
    }

    /// <param name="by">Who answered elsewhere.</param>
    public void End(Offer offer, OfferOutcome outcome, int? techCause, Guid? by = null)
    {
        var fullTime = outcome == OfferOutcome.NoAnswer && RangFullTime(offer);
        if (!offer.Step(OfferStage.Ended))
        {
            state.Out.Report("offer_step", $"{offer.Id:N} {offer.Stage} to Ended");
            return;
        }

        var (call, agent) = (offer.Call, offer.Agent);
        offer.Outcome = outcome;
        state.Timers.Cancel(offer.EndTimer);
        state.Timers.Cancel(offer.RingingTimer);
        if (offer.Observed)
            call.Rings.Remove(offer);
        else
            call.Offer = null;
        agent.Offer = null;
        if (offer.Shown)
        {
            // Its caller may have been gone before it was made: the line was dead, and nobody had noticed.
            var at = state.Happened.Stamp >= offer.ShownAt.Stamp ? state.Happened : offer.ShownAt;
            state.Out.Write(new OfferEnded(offer.Id, agent.Id, outcome, techCause, offer.RangAt is { } rang && rang < at.Stamp ? Span.Milliseconds(at.Stamp - rang) : 0,
                outcome == OfferOutcome.AnsweredElsewhere ? by : null)
            {
                Seq = state.Out.TakeSeq(),
                At = at.Utc,
                Call = call.Id,
            });
        }

        if (call.State == CallState.Ringing && outcome != OfferOutcome.Answered && call.Rings.Count == 0)
            call.State = CallState.Routing;
        if (!offer.Observed)
            Judge(offer, outcome, fullTime);
        board.Refresh(agent);
    }

    public void LeaveLine(Call call)
    {
        if (call.State != CallState.Waiting)
            return;
        call.Queue?.Leave(call);
        call.State = CallState.Routing;
        state.Touch(call);
    }

    private void Judge(Offer offer, OfferOutcome outcome, bool fullTime)
    {
        var (call, agent) = (offer.Call, offer.Agent);
        if (outcome is OfferOutcome.NoAnswer or OfferOutcome.Declined or OfferOutcome.Busy or OfferOutcome.DoNotDisturb or OfferOutcome.Unreachable)
        {
            call.Refusals.RemoveAll(r => ReferenceEquals(r.Agent, agent));
            call.Refusals.Add(new Refusal(agent, state.Now.Stamp));
            call.NotTakenBack |= offer.Rule == RouteRule.TransferBack;
        }

        switch (outcome)
        {
            case OfferOutcome.Answered:
                call.NotTakenBack = false;
                agent.Unanswered = 0;
                break;
            case OfferOutcome.NoAnswer when fullTime && ++agent.Unanswered >= state.Options.UnansweredBeforePause:
                agent.Unanswered = 0;
                agent.Pause ??= "no_answer";
                break;
            case OfferOutcome.Unreachable:
                board.BackOff(agent, "unreachable", UnreachableBackOff);
                break;
            // They are at the phone: no empty chair.
            case OfferOutcome.Declined:
                agent.Unanswered = 0;
                break;
            case OfferOutcome.Busy:
                agent.Unanswered = 0;
                board.BackOff(agent, "busy", BusyBackOff);
                break;
            case OfferOutcome.DoNotDisturb:
                board.BackOff(agent, "do_not_disturb", BusyBackOff);
                break;
        }
    }

    /// <summary>The PBX counts the ring time from its dial, whole seconds; a phone takes part of one to begin.</summary>
    public bool RangFullTime(Offer offer) =>
        state.Now.Stamp - (offer.DialBegan ?? offer.RangAt ?? state.Now.Stamp) >= offer.RingTime - TimeSpan.FromSeconds(1)
        || (offer.DialBegan is null && offer.EndTimer is { IsSet: true } timer && timer.Due - state.Options.ReservationSlack - state.Now.Stamp <= TimeSpan.FromSeconds(1));

    private void SetEnd(Offer offer, TimeSpan after) =>
        state.Timers.Set(offer.EndTimer ??= new EngineTimer(TimerKind.OfferEnd, offer), state.Now.Stamp + after);
}
