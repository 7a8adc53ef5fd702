namespace CallCrm.Engine;

/// <summary>Which call a request belongs to, and what becomes of the one before.</summary>
internal sealed partial class RouteDesk
{
    /// <summary>Also after a talk: transferred back to us, maybe to another of our numbers.</summary>
    private void StartOver(Call call, PhoneNumber dialled)
    {
        call.Dialled = dialled;
        if (call.Offer is { } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        Forget(call.Redirect);
        offers.LeaveLine(call);
        call.Plan = null;
        call.Transfer = null;
        call.Final = null;
        call.FinalKind = null;
        call.NotTakenBack = false;
        call.Refusals.Clear();
    }

    private Call? CallFor(EngineInput.RouteAsked asked)
    {
        if (state.Legs.TryGetValue(asked.Leg, out var known))
        {
            if (!known.Live || known.Call.Ended)
            {
                state.Out.Report("route_for_ended_call", asked.Leg.ToString());
                return null;
            }

            state.Timers.Cancel(known.DoubtTimer);
            if (!ReferenceEquals(known.Call.Client, known))
                book.Serve(known.Call, known);
            Adopt(known, asked);
            return known.Call;
        }

        if (asked.NewCall == default || state.Calls.ContainsKey(asked.NewCall))
        {
            state.Out.Report("no_new_call_id", asked.Leg.ToString());
            return null;
        }

        var call = book.Begin(asked.NewCall, asked.Leg.Node);
        call.Direction = asked.Caller.Kind == NumberKind.Extension ? CallDirection.Internal : CallDirection.Inbound;
        call.Routed = true;
        (call.Caller, call.CallerName, call.Dialled) = (asked.Caller, asked.CallerName, asked.Dialled);
        var leg = book.AddLeg(call, asked.Leg, asked.ChannelName, ChannelNames.Device(asked.ChannelName), asked.Leg.UniqueId, isClient: true);
        leg.Dials = leg.Agent is not null;
        book.Announce(call);
        if (leg.Agent is { } agent)
            board.Refresh(agent);
        return call;
    }

    /// <summary>AMI saw the call first, or it had a menu of the PBX's own before.</summary>
    private void Adopt(Leg leg, EngineInput.RouteAsked asked)
    {
        var call = leg.Call;
        offers.EndRings(call, OfferOutcome.Cancelled);
        if (call.Routed)
            return;
        call.Routed = true;
        // A client whom an agent called, and hands on: what the trunk's channel says of itself is not who calls whom.
        if (call.Transfer is null)
            (call.Caller, call.CallerName, call.Dialled) = (asked.Caller, asked.CallerName, asked.Dialled);
        TellRouted(call);
    }

    private void TellRouted(Call call)
    {
        if (call.Announced)
            state.Out.Write(new CallRouted(call.Caller, call.Dialled, call.CallerName, book.CampaignOf(call)) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
        else
            book.Announce(call);
    }

    private void Supersede(Call call)
    {
        if (call.Request is not { } old)
            return;
        state.Requests.Remove(old.Id);
        Drop(old);
        if (old.Stage != RequestStage.Answered)
            state.Out.Add(new EngineEffect.AnswerRoute(old.Id, call.Id, new RouteAnswer.Fallback(), null));
    }

    private void Drop(RouteRequest request)
    {
        state.Timers.Cancel(request.DueTimer);
        state.Timers.Cancel(request.DialResultTimer);
        if (ReferenceEquals(request.Call.Request, request))
            request.Call.Request = null;
    }

    private void Forget(Redirect? redirect)
    {
        if (redirect is null)
            return;
        state.Timers.Cancel(redirect.Timer);
        state.Redirects.Remove(redirect.Action);
        redirect.Call.Redirect = null;
    }
}
