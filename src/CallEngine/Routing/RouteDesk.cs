namespace CallCrm.Engine;

/// <summary>The PBX's requests for a route and its word on what we asked it to do. AGI and AMI have no common order: either may be ahead.</summary>
internal sealed partial class RouteDesk(EngineState state, AgentBoard board, OfferDesk offers, CallBook book, Router router, IdentityDesk identity, TransferDesk transfers)
{
    /// <summary>AMI tells decline, busy and do-not-disturb apart where AGI only says NOANSWER: worth this much waiting.</summary>
    private static readonly TimeSpan DialResultWait = TimeSpan.FromMilliseconds(100);

    public void Asked(EngineInput.RouteAsked asked)
    {
        if (state.Requests.ContainsKey(asked.Request))
        {
            state.Out.Report("request_twice", asked.Request.ToString("N"));
            return;
        }

        if (CallFor(asked) is not { } call)
        {
            state.Out.Add(new EngineEffect.AnswerRoute(asked.Request, default, new RouteAnswer.Fallback(), null));
            return;
        }

        Supersede(call);
        var request = new RouteRequest(asked.Request, call, asked.State) { LastDial = asked.LastDial };
        state.Requests.Add(request.Id, request);
        call.Request = request;
        call.AskedAt = state.Now.Stamp;
        call.AdriftSince = null;
        call.TellsFallback = asked.TellsFallback;
        call.Marked = false;
        call.MarkLate = false;
        state.Timers.Set(request.DueTimer = new EngineTimer(TimerKind.RequestDue, request), state.Now.Stamp + state.Options.AnswerWithin);
        if (asked.State == RequestState.New)
        {
            StartOver(call, asked.Dialled);
            if (router.IsBlocked(call))
            {
                identity.AskAside(call);
                router.Begin(call);
                return;
            }
        }

        // Whom an agent has spoken with is not kept for a name.
        if (call.Transfer is null && identity.Ask(call))
            return;
        switch (asked.State)
        {
            case RequestState.New:
                router.Begin(call);
                break;
            case RequestState.Next:
                Next(call, request);
                break;
            case RequestState.Held when call.Redirect is not null:
                request.Stage = RequestStage.Parked;
                break;
            case RequestState.Held:
                GoOn(call, again: true);
                break;
            case RequestState.Redirected when call.Offer is { Lift: not null, IsDialled: true } lifting:
                router.AnswerWithLift(call, lifting);
                break;
            default:
                Forget(call.Redirect);
                GoOn(call, again: false);
                break;
        }
    }

    public void Taken(Guid id)
    {
        if (!state.Requests.Remove(id, out var request))
            return;
        Drop(request);
        // A channel that takes our answer lives, whatever lists made before it began may lack.
        state.Timers.Cancel(request.Call.Client?.DoubtTimer);
        if (request.Call.Offer is { } offer && ReferenceEquals(offer.Request, request))
            offers.Taken(offer);
    }

    /// <summary>Our answer did not arrive. The caller hung up, or a Redirect took the channel, or the dialplan's fallback has it.</summary>
    public void Closed(Guid id)
    {
        if (!state.Requests.Remove(id, out var request))
            return;
        Drop(request);
        var call = request.Call;
        if (call.Redirect is not null || call.Request is not null || call.Ended)
            return;
        if (call.Offer is { } offer && (!offer.IsDialled || (offer.Stage == OfferStage.Sent && ReferenceEquals(offer.Request, request))))
            offers.End(offer, OfferOutcome.Cancelled, null);
        if (call.Offer is not null)
            return;
        LeaveOurHands(call);
    }

    /// <summary>The PBX shows a caller we believed in line somewhere else: the dialplan served them while we were not there.</summary>
    public void Adrift(Call call)
    {
        if (call is { State: CallState.Waiting, Request: null or { Stage: RequestStage.Answered }, Redirect: null })
            LeaveOurHands(call);
    }

    /// <summary>The dialplan's fallback has this caller, whether or not their question ever reached us.</summary>
    public void FellBack(Leg? leg)
    {
        if (leg is not { IsClient: true, Call: { Direction: CallDirection.Inbound, AnsweredAt: null, Listens: false } call })
            return;
        call.Final ??= RouteRule.Fallback;
        if (!call.Routed)
        {
            call.Routed = true;
            TellRouted(call);
        }

        Adrift(call);
    }

    private void LeaveOurHands(Call call)
    {
        if (call.Offer is { } kept)
            offers.End(kept, OfferOutcome.Cancelled, null);
        offers.LeaveLine(call);
        state.Timers.Cancel(call.MaxWaitTimer);
        state.Timers.Cancel(call.PatienceTimer);
        call.AdriftSince = state.Now.Stamp;
    }

    public void ActionDone(EngineInput.ActionDone done)
    {
        if (!state.Redirects.TryGetValue(done.Action, out var redirect))
        {
            if (!done.Ok && !LiftRefused(done.Action))
                state.Out.Report("action_failed", done.Message);
            return;
        }

        if (done.Ok)
        {
            redirect.Confirmed = true;
            state.Timers.Cancel(redirect.Timer);
            return;
        }

        RedirectFailed(redirect);
    }

    /// <summary>The phone rings on as before.</summary>
    private bool LiftRefused(long action)
    {
        foreach (var agent in state.AgentOrder)
        {
            if (agent.Offer is not { } offer || offer.Lift != action)
                continue;
            offer.Lift = null;
            state.Out.Report("lift_refused", offer.Id.ToString("N"));
            return true;
        }

        return false;
    }

    /// <summary>Refused, or not answered in time: the reservation goes, or the caller who asks meanwhile is served without it.</summary>
    public void RedirectFailed(Redirect redirect)
    {
        var call = redirect.Call;
        Forget(redirect);
        if (transfers.Refused(call))
            return;
        if (call.Request is { Stage: RequestStage.Parked })
        {
            GoOn(call, again: false);
            return;
        }

        call.MarkLate = true;
        if (call.Offer is { Stage: OfferStage.Redirecting } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        router.KeepWaiting(call);
    }

    /// <summary>The PBX would fall back by itself soon: answer with what there is.</summary>
    public void RequestDue(RouteRequest request)
    {
        var call = request.Call;
        if (!ReferenceEquals(call.Request, request))
            return;
        if (request.Stage == RequestStage.Parked)
        {
            Forget(call.Redirect);
            GoOn(call, again: false);
        }
        else
        {
            router.GiveUp(call);
        }
    }

    public void DialResultDue(RouteRequest request)
    {
        if (ReferenceEquals(request.Call.Request, request))
            GoOn(request.Call, again: false);
    }

    /// <summary>AMI had the word that a parked request waited for.</summary>
    public void DialResultKnown(Call call)
    {
        if (call.Request is { Stage: RequestStage.Parked, DialResultTimer: { IsSet: true } timer })
        {
            state.Timers.Cancel(timer);
            GoOn(call, again: false);
        }
    }

    /// <summary>A reservation's time is over and nothing ended it.</summary>
    public void OfferDue(Offer offer)
    {
        if (offer.Observed)
        {
            offers.RingDue(offer);
            return;
        }

        var (call, stage) = (offer.Call, offer.Stage);
        if (transfers.TargetFailed(offer, offer.Rang ? OfferOutcome.NoAnswer : OfferOutcome.Unreachable))
            return;
        if (stage == OfferStage.Kept)
            call.MarkLate = true;
        if (stage == OfferStage.Redirecting)
            Forget(call.Redirect);
        var outcome = !state.IsUp(call.Node) || offer.DialBegan is null ? OfferOutcome.Cancelled : offer.Rang ? OfferOutcome.NoAnswer : OfferOutcome.Unreachable;
        offers.End(offer, outcome, null);
        if (call.Request is { Stage: RequestStage.Parked })
            GoOn(call, again: false);
        else if (stage == OfferStage.Redirecting)
            router.KeepWaiting(call);
    }

    /// <summary>The phone does not ring: the caller goes on at once.</summary>
    public void NoRinging(Offer offer)
    {
        if (offer.Rang || !offer.Live || transfers.TargetFailed(offer, OfferOutcome.Unreachable))
            return;
        offers.End(offer, OfferOutcome.Unreachable, null);
        if (offer.Call.Request is null)
            router.SendOn(offer.Call, null, unlessBridged: true);
    }

    private void Next(Call call, RouteRequest request)
    {
        // DIALSTATUS may say CHANUNAVAIL for a 603, too: only AMI tells it from a phone that is not there.
        if (call.Offer is { IsDialled: true, Rule: not RouteRule.Consult } offer && state.IsUp(call.Node)
            && (request.LastDial == DialResult.NoAnswer && !offers.RangFullTime(offer) || request.LastDial == DialResult.Unreachable && offer.DialBegan is not null))
        {
            request.Stage = RequestStage.Parked;
            state.Timers.Set(request.DialResultTimer = new EngineTimer(TimerKind.DialResult, request), state.Now.Stamp + DialResultWait);
            return;
        }

        GoOn(call, again: false);
    }

    /// <summary>Claims what is reserved for the call, else decides anew.</summary>
    private void GoOn(Call call, bool again)
    {
        // Who is rung about a client is no affair of the client's channel.
        if (call.Offer is { IsDialled: true, Rule: not RouteRule.Consult } dialled)
            offers.End(dialled, OfferRules.OutcomeOf(call.Request?.LastDial, dialled, call), null);
        if (call is { Unwanted: true, Offer: { } kept })
            offers.End(kept, OfferOutcome.Cancelled, null);
        if (transfers.GoesOn(call))
            return;
        if (call.Offer is { } offer)
            router.AnswerWithDial(call, offer);
        else
            router.GoOn(call, again);
    }
}
