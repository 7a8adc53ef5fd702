namespace CallCrm.Engine;

/// <summary>Reads what happens to channels: which call they belong to, who rings, who answered, who left.</summary>
internal sealed class LegFacts(EngineState state, AgentBoard board, CallBook book, OfferDesk offers, RouteDesk routes, Router router, TalkClock talk)
{
    public void Created(PbxFact.LegCreated fact, Guid newCall)
    {
        if (state.Legs.TryGetValue(fact.Leg, out var known))
        {
            // AGI was first: it did not know the linked id.
            if (Live(fact.Leg) is not null)
                book.Link(known, fact.LinkedId);
            return;
        }

        var isTrunk = state.Settings.IsTrunk(fact.Node, fact.Device);
        if (!state.Links.TryGetValue(new NodeKey(fact.Node, fact.LinkedId), out var call) || call.Ended)
        {
            if (newCall == default || state.Calls.ContainsKey(newCall))
            {
                state.Out.Report("no_new_call_id", fact.Leg.ToString());
                return;
            }

            call = Begin(fact, newCall, isTrunk);
        }
        else
        {
            if (isTrunk && call.Client is null && call.Direction != CallDirection.Inbound)
                call.Direction = CallDirection.Outbound;
            book.Announce(call);
        }

        var root = call.Legs.Count == 0;
        var leg = book.AddLeg(call, fact.Leg, fact.ChannelName, fact.Device, fact.LinkedId, isTrunk);
        leg.Dials = root && leg.Agent is not null;
        if (leg.Agent is { } agent)
            board.Refresh(agent);
    }

    /// <summary>The caller's number as the dialplan left it, or its presentation at last. A routed call has FastAGI's word.</summary>
    public void CallerChanged(PbxFact.CallerChanged fact)
    {
        if (Live(fact.Leg) is not { Call: { Routed: false, Announced: false } call } leg || !ReferenceEquals(call.Legs[0], leg))
            return;
        call.Caller = CallRules.Read(fact.CallerNumber, fact.NumberRestricted, state.Extensions.ContainsKey(new NodeKey(fact.Node, fact.CallerNumber)));
        call.CallerName = fact.CallerName;
    }

    public void Linked(PbxFact.LegLinked fact)
    {
        if (Live(fact.Leg) is not { } leg)
            return;
        if (state.Links.TryGetValue(new NodeKey(fact.Node, fact.LinkedId), out var other) && !other.Ended && !ReferenceEquals(other, leg.Call))
            Merge(leg.Call, other);
        book.Link(leg, fact.LinkedId);
    }

    public void DialBegan(PbxFact.DialBegan fact)
    {
        var dialled = Live(fact.Dialled);
        var call = (fact.Caller is { } id ? Live(id) : null)?.Call ?? dialled?.Call;
        if (call is null || call.Ended)
            return;
        book.Announce(call);
        if (dialled is { Dials: true } rung)
        {
            // Originated: the PBX rings it, nobody there dialled.
            rung.Dials = false;
            board.Refresh(rung.Agent!);
        }

        if (call.Offer is { IsDialled: true } offer && IsAt(offer, dialled, fact.Device))
            offers.Dialling(offer, dialled);
        else if (call is { Routed: true, Transferred: true, Offer: null } && dialled is { Agent: { Offer: null } agent })
            offers.Elsewhere(call, agent, dialled, RouteRule.Transfer);
    }

    public void Rang(PbxFact.LegRang fact)
    {
        if (Live(fact.Leg) is not { } leg)
            return;
        book.Announce(leg.Call);
        leg.Rang = true;
        if (leg.Call.Offer is { } offer && IsAt(offer, leg, leg.Device))
        {
            offer.Leg ??= leg;
            offers.Rang(offer);
        }

        if (leg.Agent is { } agent)
            board.Refresh(agent);
    }

    public void DialEnded(PbxFact.DialEnded fact)
    {
        var dialled = fact.Dialled is { } id ? state.Legs.GetValueOrDefault(id) : null;
        var caller = fact.Caller is { } callerId ? Live(callerId) : null;
        if (caller is not null && dialled is { Live: true } && !ReferenceEquals(caller.Call, dialled.Call))
            Merge(caller.Call, dialled.Call);
        var call = caller?.Call ?? dialled?.Call;
        if (call is null || call.Ended)
            return;
        book.Announce(call);
        if (fact.Result == DialResult.Answered)
            Answered(call, dialled);
        else if (call.Offer is { IsDialled: true } offer && (fact.Dialled is null || IsAt(offer, dialled, dialled?.Device ?? "")) && IsLast(offer, dialled))
            offers.End(offer, OfferRules.OutcomeOf(fact.Result, offer, call), fact.TechCause);
        routes.DialResultKnown(call);
    }

    public void Ended(PbxFact.LegEnded fact)
    {
        if (!state.Legs.TryGetValue(fact.Leg, out var leg) || !leg.Live)
            return;
        var call = leg.Call;
        book.Announce(call);
        if (!leg.Answered && call.Offer is { IsDialled: true } offer && offer.Legs.Contains(leg) && IsLast(offer, leg) && OfferRules.ResultOf(fact.Cause, fact.TechCause) is { } result)
        {
            offers.End(offer, OfferRules.OutcomeOf(result, offer, call), fact.TechCause);
            routes.DialResultKnown(call);
        }

        Gone(leg, fact.Cause, fact.TechCause, fact.HungUp, estimated: false);
    }

    public void Gone(Leg leg, int cause, int? techCause, bool hungUp, bool estimated)
    {
        state.LeaveBridge(leg);
        book.LegGone(leg, cause, techCause, hungUp, estimated);
        if (!leg.Call.Ended)
            talk.Update(leg.Call);
    }

    public void Joined(PbxFact.LegJoined fact)
    {
        if (Live(fact.Leg) is { } leg)
            Join(leg, fact.BridgeId);
    }

    public void Join(Leg leg, string bridge)
    {
        book.Announce(leg.Call);
        state.JoinBridge(leg, bridge);
        foreach (var other in state.LegsIn(leg).ToArray())
        {
            // A parking lot or conference holds callers who have nothing to do with each other.
            if (!ReferenceEquals(other.Call, leg.Call) && !(other.Call.Client is { Live: true } && leg.Call.Client is { Live: true }))
                Merge(leg.Call, other.Call);
        }

        talk.Update(leg.Call);
    }

    public void Left(PbxFact.LegLeft fact)
    {
        if (Live(fact.Leg) is not { } leg || !string.Equals(leg.Bridge, fact.BridgeId, StringComparison.Ordinal))
            return;
        state.LeaveBridge(leg);
        talk.Update(leg.Call);
    }

    public void Held(LegId holder, bool holds)
    {
        // An Unhold comes before a blind transfer although nothing was held (trace 09).
        if (Live(holder) is not { } leg || leg.Holding == holds)
            return;
        var call = leg.Call;
        book.Announce(call);
        leg.Accrue(state.Now.Stamp);
        leg.Holding = holds;
        talk.HoldChanged(leg);
        if (holds)
            state.Out.Write(new CallHeld(leg.Agent?.Id) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
        else
            state.Out.Write(new CallResumed(leg.Agent?.Id) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
    }

    public void HoldMarked(LegId id)
    {
        // The mark of a turn may arrive after the next request: then the channel is not in the loop any more.
        if (Live(id) is { IsClient: true, Call: { Request: null or { Stage: RequestStage.Answered } } call } && (call.State == CallState.Waiting || call.Plan is not null))
            router.Marked(call);
    }

    public void Transferred(PbxFact.Transferred fact)
    {
        if (Live(fact.Transferer) is not { } leg)
            return;
        var call = leg.Call;
        book.Announce(call);
        call.Transferred = true;
        var to = state.Extensions.GetValueOrDefault(new NodeKey(fact.Node, fact.Target))?.Holder;
        state.Out.Write(new CallTransferred(fact.Kind, leg.Agent?.Id, to?.Id, fact.Target) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
    }

    public void RecordingBegan(LegId id)
    {
        if (Live(id) is not { Recorded: false } leg)
            return;
        leg.Recorded = true;
        if (!leg.IsClient)
            return;
        book.Announce(leg.Call);
        state.Out.Write(new RecordingStarted(id.Node, id.UniqueId) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = leg.Call.Id });
    }

    public Leg? Live(LegId id)
    {
        if (!state.Legs.TryGetValue(id, out var leg) || !leg.Live)
            return null;
        state.Timers.Cancel(leg.DoubtTimer);
        return leg;
    }

    /// <summary>The snapshot shows the offered agent in talk: the answer came while we did not look.</summary>
    public void AnsweredUnseen(Offer offer, Leg leg)
    {
        leg.Answered = true;
        offers.End(offer, OfferOutcome.Answered, null);
    }

    private Call Begin(PbxFact.LegCreated fact, Guid id, bool isTrunk)
    {
        var call = book.Begin(id, fact.Node);
        var dialled = state.Extensions.ContainsKey(new NodeKey(fact.Node, fact.DialledNumber));
        call.Direction = isTrunk ? CallDirection.Inbound : dialled || fact.DialledNumber.Length == 0 ? CallDirection.Internal : CallDirection.Outbound;
        call.Caller = CallRules.Read(fact.CallerNumber, fact.NumberRestricted, state.Extensions.ContainsKey(new NodeKey(fact.Node, fact.CallerNumber)));
        call.CallerName = fact.CallerName;
        call.Dialled = CallRules.Read(fact.DialledNumber, restricted: false, dialled);
        book.AnnounceSoon(call);
        return call;
    }

    private void Answered(Call call, Leg? leg)
    {
        if (leg is not null)
            leg.Answered = true;
        if (call.Offer is { IsDialled: true } offer)
        {
            if (IsAt(offer, leg, leg?.Device ?? ""))
                offers.End(offer, OfferOutcome.Answered, null);
            else
                offers.End(offer, OfferOutcome.AnsweredElsewhere, null);
        }

        // Somebody else picked it up: pop, talk and reservation are theirs.
        if (leg is { Agent: { Offer: null } agent } && call is { Routed: true, Offer: null, LastOffer: { } last } && !ReferenceEquals(last.Agent, agent))
        {
            offers.Elsewhere(call, agent, leg, RouteRule.Pickup);
            offers.End(call.Offer!, OfferOutcome.Answered, null);
        }

        if (leg?.Agent is { } who)
            board.Refresh(who);
    }

    /// <summary>One of several contacts refused or gave up: the others ring on.</summary>
    private static bool IsLast(Offer offer, Leg? leg)
    {
        if (leg is null)
            return true;
        offer.Legs.Remove(leg);
        return offer.Legs.Count == 0;
    }

    private void Merge(Call a, Call b) => talk.Update(book.Merge(a, b));

    /// <summary>Any device of the extension counts as the offered one; a leg that is not theirs never does.</summary>
    private static bool IsAt(Offer offer, Leg? leg, string device)
    {
        if (leg is not null && ReferenceEquals(offer.Leg, leg))
            return true;
        foreach (var own in offer.Extension.Devices)
        {
            if (string.Equals(own.Name, device, StringComparison.Ordinal))
                return true;
        }

        return false;
    }
}
