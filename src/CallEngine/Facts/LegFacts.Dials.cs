namespace CallCrm.Engine;

/// <summary>Rings and answers, joined to the offers they belong to.</summary>
internal sealed partial class LegFacts
{
    public void DialBegan(PbxFact.DialBegan fact)
    {
        var dialled = Live(fact.Dialled);
        var call = (fact.Caller is { } id ? Live(id) : null)?.Call ?? dialled?.Call;
        if (call is null || call.Ended)
            return;
        if (dialled is { IsClient: true } && fact.Number.Length > 0 && call is { Direction: CallDirection.Outbound, Dialled.Raw: "" })
            book.DialsOut(call, CallRules.Read(fact.Number, restricted: false, extension: false));
        book.Announce(call);
        if (dialled is { IsClient: true } && call is { Direction: CallDirection.Outbound, LookupAsked: false, Dialled.Raw.Length: > 0 } && fact.Caller is { } by && Live(by)?.Agent is not null)
            identity.Ask(call);
        if (dialled is { Dials: true, Clicked: false } rung)
        {
            // Originated: the PBX rings it, nobody there dialled.
            rung.Dials = false;
            board.Refresh(rung.Agent!);
        }

        if (call.Offer is { IsDialled: true } offer && IsAt(offer, dialled, fact.Device))
            offers.Dialling(offer, dialled);
        else if (call is { Routed: true, Transferred: true, Offer: null } && dialled is { Agent: { Offer: null } agent })
            offers.Elsewhere(call, agent, dialled, RouteRule.Transfer);
        else if (dialled is not null)
            RingsByItself(call, dialled);
    }

    /// <summary>The PBX rings an agent in a call that it serves by itself: a group, a queue of its own, a direct line. Once for each agent.</summary>
    public void RingsByItself(Call call, Leg leg)
    {
        if (leg is not { Agent: { } agent, IsClient: false, Answered: false } || !IsServedByPbx(call))
            return;
        if (agent.Offer is { Observed: true } known && ReferenceEquals(known.Call, call))
        {
            if (!known.Legs.Contains(leg))
                known.Legs.Add(leg);
            return;
        }

        // Who talks sees the other call when they take it.
        if (agent.Offer is not null || agent.Legs.Exists(l => l.Answered || l.Dials))
            return;
        identity.Ask(call);
        offers.Observe(call, agent, leg);
    }

    /// <summary>From outside, and it never asked us, or has left our hands.</summary>
    private static bool IsServedByPbx(Call call) =>
        call is { Direction: CallDirection.Inbound, Ended: false, Offer: null, Client.Live: true } && (!call.Routed || call.Final is not null);

    /// <summary>How a ring of the PBX's own ended at this leg; at the last of the agent's devices it is over.</summary>
    private void RingGone(Leg leg, DialResult? result, int? techCause)
    {
        if (leg.Agent?.Offer is not { Observed: true } ring || !ring.Legs.Contains(leg) || !IsLast(ring, leg))
            return;
        var call = ring.Call;
        var gone = call.ClientGoneAt is not null || call.Client is not { Live: true, HungUpAt: null };
        var outcome = result switch
        {
            null or DialResult.Cancelled => gone ? OfferOutcome.CallerGaveUp : OfferOutcome.Cancelled,
            { } told => OfferRules.OutcomeOf(told, ring, call),
        };
        var taker = call.Legs.FindLast(l => l is { Live: true, Answered: true, Agent: not null })?.Agent;
        if (outcome == OfferOutcome.AnsweredElsewhere && taker is null)
            offers.AnsweredBySomebody(ring);
        else
            offers.End(ring, outcome, techCause, taker?.Id);
    }

    public void Rang(PbxFact.LegRang fact)
    {
        if (Live(fact.Leg) is not { } leg)
            return;
        book.Announce(leg.Call);
        leg.Rang = true;
        // Its agent has just clicked: where the page may lift the receiver, they need not.
        if (leg is { Clicked: true, Answered: false, Unwanted: false } && state.FindDevice(leg.Id.Node, leg.Device) is { AutoAnswer: false } own && state.CanAnswer(leg.Id.Node, own))
            state.Out.Act(leg.Id.Node, new PbxAction.Answer(own.Name, leg.ChannelName), null);
        state.Touch(leg.Call);
        if (leg.Call.Offer is { } offer && IsAt(offer, leg, leg.Device))
        {
            offer.Leg ??= leg;
            offers.Rang(offer);
        }

        if (leg.Agent is { Offer: { Observed: true } ring } && ring.Legs.Contains(leg))
            offers.Rang(ring);
        if (leg.Agent is { } agent)
            board.Refresh(agent);
    }

    public void DialEnded(PbxFact.DialEnded fact)
    {
        var dialled = fact.Dialled is { } id ? state.Legs.GetValueOrDefault(id) : null;
        var caller = fact.Caller is { } callerId ? Live(callerId) : null;
        if (caller is not null && dialled is { Live: true } && !ReferenceEquals(caller.Call, dialled.Call))
            Merge(caller.Call, dialled.Call);
        if (dialled is not null)
        {
            dialled.RingOver = true;
            state.Touch(dialled.Call);
            Unreached(dialled, fact.Result);
        }

        var call = caller?.Call ?? dialled?.Call;
        if (call is null || call.Ended)
            return;
        book.AnnounceUnlessRemnant(call);
        transfers.DialEnded(call, dialled, fact.Result);
        if (fact.Result == DialResult.Answered)
            Answered(call, dialled);
        else if (dialled?.Agent?.Offer is { Observed: true } ring && ring.Legs.Contains(dialled))
            RingGone(dialled, fact.Result, fact.TechCause);
        else if (call.Offer is { Lift: not null } lifting && fact.Result == DialResult.Cancelled && IsAt(lifting, dialled, dialled?.Device ?? ""))
            OfferDesk.RungAnew(lifting);
        else if (dialled is not { RungAnew: true } && call.Offer is { IsDialled: true } offer && (fact.Dialled is null || IsAt(offer, dialled, dialled?.Device ?? "")) && IsLast(offer, dialled))
            offers.End(offer, OfferRules.OutcomeOf(fact.Result, offer, call), fact.TechCause);
        routes.DialResultKnown(call);
    }

    /// <summary>An own phone that was not lifted called nobody; one that could not be rung is the PBX's failure.</summary>
    private static void Unreached(Leg dialled, DialResult result)
    {
        if (dialled.Clicked)
            dialled.Call.Unreached = result is DialResult.Answered or DialResult.Unreachable or DialResult.Congestion ? null : DialResult.Cancelled;
        else if (dialled.Call.Direction == CallDirection.Outbound ? dialled.IsClient : dialled.Call.Legs[0].Clicked)
            dialled.Call.Unreached = result;
    }

    /// <summary>The snapshot shows the offered agent in talk: the answer came while we did not look.</summary>
    public void AnsweredUnseen(Offer offer, Leg leg)
    {
        leg.Answered = true;
        offers.End(offer, OfferOutcome.Answered, null);
    }

    private void Answered(Call call, Leg? leg)
    {
        if (leg is not null)
            leg.Answered = true;
        // Whoever answers is there after all: what told of it was late.
        if (leg?.Agent is { BackOff: "unreachable" } there)
            board.EndBackOff(there);
        if (call.Offer is { IsDialled: true } offer)
        {
            if (IsAt(offer, leg, leg?.Device ?? ""))
                offers.End(offer, OfferOutcome.Answered, null);
            else
                offers.End(offer, OfferOutcome.AnsweredElsewhere, null, leg?.Agent?.Id);
        }

        // Who is outside (a mobile that still has to confirm) has not taken it from the others.
        if (leg is { IsClient: false, Agent: { } taker } && call.Rings.Count > 0)
            offers.RingsOver(call, taker);

        // Somebody else picked it up: pop, talk and reservation are theirs.
        if (leg is { Agent: { Offer: null } agent } && call is { Routed: true, Offer: null, LastOffer: { } last } && !ReferenceEquals(last.Agent, agent))
        {
            offers.Elsewhere(call, agent, leg, RouteRule.Pickup);
            // None for an agent who has signed out, or whose device left the settings, since the leg began.
            if (call.Offer is { } picked)
                offers.End(picked, OfferOutcome.Answered, null);
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
