namespace CallCrm.Engine;

/// <summary>Reads what happens to channels: which call they belong to, who rings, who answered, who left.</summary>
internal sealed partial class LegFacts(EngineState state, AgentBoard board, CallBook book, OfferDesk offers, RouteDesk routes, Router router, IdentityDesk identity, TalkClock talk, TransferDesk transfers,
    ListenDesk listens)
{
    public void Created(PbxFact.LegCreated fact, Guid newCall)
    {
        if (state.Legs.TryGetValue(fact.Leg, out var known))
        {
            // AGI was first: it did not know the linked id. Or we asked for it: then its name is new, too.
            known.InAmi = true;
            known.ChannelName = fact.ChannelName;
            if (Live(fact.Leg) is not null)
                book.Link(known, fact.LinkedId);
            // Nobody waits for it any more: the phone shall not ring.
            if (known.Clicked && (!known.Live || known.Unwanted))
                state.Out.Act(fact.Node, new PbxAction.HangUp(fact.ChannelName, 16), null);
            return;
        }

        var isTrunk = state.Settings.IsTrunk(fact.Node, fact.Device);
        var isClient = isTrunk;
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
            if (isTrunk && call.Client is null && call.Direction == CallDirection.Internal)
                book.DialsOut(call, call.Dialled);
            isClient &= !call.ReachesOut;
            book.Announce(call);
        }

        var root = call.Legs.Count == 0;
        var leg = book.AddLeg(call, fact.Leg, fact.ChannelName, fact.Device, fact.LinkedId, isClient);
        leg.InAmi = true;
        // The first leg we see of a call may be one that an ended call still dials.
        leg.Dials = root && leg.Agent is not null && string.Equals(fact.Leg.UniqueId, fact.LinkedId, StringComparison.Ordinal);
        if (root && leg.ListensFor is not null)
            listens.Stray(leg);
        if (leg.Agent is { } agent)
            board.Refresh(agent);
    }

    /// <summary>The caller's number as the dialplan left it, or its presentation at last. A routed call has FastAGI's word.</summary>
    public void CallerChanged(PbxFact.CallerChanged fact)
    {
        if (Live(fact.Leg) is not { Call: { Routed: false, Announced: false } call } leg || !ReferenceEquals(call.Legs[0], leg))
            return;
        call.Caller = CallRules.Read(fact.CallerNumber, fact.NumberRestricted, state.Extensions.ContainsKey(new NodeKey(fact.Node, fact.CallerNumber)));
        // "Sales:Mario Rossi": a queue's name put before it for the phones is not the caller's.
        if (call.CallerName.Length == 0 || !fact.CallerName.EndsWith(call.CallerName, StringComparison.Ordinal))
            call.CallerName = fact.CallerName;
        call.CallerCertain = fact.PresentationTold;
    }

    public void Linked(PbxFact.LegLinked fact)
    {
        if (Live(fact.Leg) is not { } leg)
            return;
        if (state.Links.TryGetValue(new NodeKey(fact.Node, fact.LinkedId), out var other) && !other.Ended && !ReferenceEquals(other, leg.Call))
            Merge(leg.Call, other);
        book.Link(leg, fact.LinkedId);
    }

    public void Ended(PbxFact.LegEnded fact)
    {
        if (!state.Legs.TryGetValue(fact.Leg, out var leg) || !leg.Live)
            return;
        var call = leg.Call;
        book.AnnounceUnlessRemnant(call);
        if (!leg.Answered && call.Offer is { IsDialled: true } offer && offer.Legs.Contains(leg) && IsLast(offer, leg) && OfferRules.ResultOf(fact.Cause, fact.TechCause) is { } result)
        {
            offers.End(offer, OfferRules.OutcomeOf(result, offer, call), fact.TechCause);
            routes.DialResultKnown(call);
        }

        Gone(leg, fact.Cause, fact.TechCause, fact.HungUp, estimated: false);
    }

    public void Gone(Leg leg, int cause, int? techCause, bool hungUp, bool estimated)
    {
        if (!leg.Live)
            return;
        // The best that is known of an end nobody saw: until the line was cut it was there.
        var now = state.Happened;
        state.Happened = leg.VanishedAt ?? now;
        RingGone(leg, estimated ? null : OfferRules.ResultOf(cause, techCause), techCause);
        // How the ring ended was not seen; a caller who asks again brings the word of DIALSTATUS.
        if (estimated && leg.Call is { Request: null, Offer: { IsDialled: true } offer } && offer.Legs.Contains(leg) && IsLast(offer, leg))
            offers.End(offer, OfferOutcome.Cancelled, null);
        state.LeaveBridge(leg);
        Unheard(leg);
        talk.Leave(leg);
        book.LegGone(leg, cause, techCause, hungUp, estimated);
        transfers.Steer(leg.Call);
        talk.Update(leg.Call);
        state.Happened = now;
    }

    /// <summary>The snapshot shows the caller past the dial that we believe in, and no leg of it: it ended unseen.</summary>
    public void DialOver(Call call)
    {
        if (call is { Request: null, Offer: { IsDialled: true, Leg: not { Live: true } } offer })
            offers.End(offer, OfferOutcome.Cancelled, null);
    }

    public void Joined(PbxFact.LegJoined fact)
    {
        if (Live(fact.Leg) is { } leg)
            Join(leg, fact.BridgeId, fact.Conference);
    }

    public void Join(Leg leg, string bridge, bool conference)
    {
        // Who shares a bridge is in a conversation, whatever the channel was made for.
        leg.Call.Listens = false;
        book.Announce(leg.Call);
        state.JoinBridge(leg, bridge);
        leg.InConference = conference;
        MoveHold(leg, bridge);
        foreach (var other in state.LegsIn(leg).ToArray())
        {
            // Who meets in a conference keeps their own call.
            if (!ReferenceEquals(other.Call, leg.Call) && !conference)
                Merge(leg.Call, other.Call);
        }

        transfers.Steer(leg.Call);
        if (leg.Agent is { Offer: { Observed: true } ring } agent && ReferenceEquals(ring.Call, leg.Call))
            offers.RingsOver(leg.Call, agent);
        talk.Update(leg.Call);
    }

    public void Left(PbxFact.LegLeft fact)
    {
        if (Live(fact.Leg) is not { } leg || !string.Equals(leg.Bridge, fact.BridgeId, StringComparison.Ordinal))
            return;
        state.LeaveBridge(leg);
        transfers.Steer(leg.Call);
        talk.Update(leg.Call);
    }

    public void Held(LegId holder, bool holds)
    {
        // An Unhold comes before a blind transfer although nothing was held (trace 09).
        if (Live(holder) is not { } leg || leg.Holding == holds)
            return;
        var call = leg.Call;
        book.Announce(call);
        leg.Holding = holds;
        leg.HeldBridge = holds ? leg.Bridge : null;
        if (leg.Agent is { } agent)
            talk.Focus(agent);
        state.TouchBridge(leg);
        talk.Update(call);
        if (!call.Announced)
            return;
        if (holds)
            state.Out.Write(new CallHeld(leg.Agent?.Id) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
        else
            state.Out.Write(new CallResumed(leg.Agent?.Id) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
        if (!holds)
            transfers.Resumed(leg);
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
        leg.HandedOver = true;
        talk.Update(call);
        if (!call.Announced)
            return;
        var to = state.Extensions.GetValueOrDefault(new NodeKey(fact.Node, fact.Target))?.Holder;
        state.Out.Write(new CallTransferred(fact.Kind, leg.Agent?.Id, to?.Id, fact.Target) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
    }

    public void RecordingBegan(LegId id)
    {
        if (Live(id) is not { Recorded: false } leg)
            return;
        leg.Recorded = true;
        // Between colleagues it sits on the called one's leg. What the PBX records there by itself is none of ours.
        if (!leg.IsClient && !(state.Settings.Settings.RecordInternal && leg.Call is { Direction: CallDirection.Internal, Client: null }))
            return;
        book.Announce(leg.Call);
        if (leg.Call.Direction == CallDirection.Outbound)
            leg.Call.Kept ??= CallRules.IsRecorded(leg.Call.Direction, leg.Call.Legs.Find(l => l.Agent is not null)?.Agent, state.Settings.Settings);
        state.Out.Write(new RecordingStarted(id.Node, id.UniqueId) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = leg.Call.Id });
    }

    public Leg? Live(LegId id)
    {
        if (!state.Legs.TryGetValue(id, out var leg) || !leg.Live)
            return null;
        state.Timers.Cancel(leg.DoubtTimer);
        leg.VanishedAt = null;
        return leg;
    }

    private Call Begin(PbxFact.LegCreated fact, Guid id, bool isTrunk)
    {
        var call = book.Begin(id, fact.Node);
        var dialled = state.Extensions.ContainsKey(new NodeKey(fact.Node, fact.DialledNumber));
        call.Direction = isTrunk ? fact.Called ? CallDirection.Outbound : CallDirection.Inbound : dialled || fact.DialledNumber.Length == 0 ? CallDirection.Internal : CallDirection.Outbound;
        call.Caller = CallRules.Read(fact.CallerNumber, fact.NumberRestricted, state.Extensions.ContainsKey(new NodeKey(fact.Node, fact.CallerNumber)));
        call.CallerName = fact.CallerName;
        call.CallerCertain = fact.PresentationTold;
        call.Dialled = CallRules.Read(fact.DialledNumber, restricted: false, dialled);
        book.AnnounceSoon(call);
        return call;
    }

    private void Merge(Call a, Call b) => talk.Update(book.Merge(a, b));
}
