using System.Text.Json;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// One call with its legs and offers, folded from journal entries. An entry at or below the row's last_seq is in it already,
/// so entries may come again.
/// </summary>
internal sealed partial class CallAggregate(CallRow call)
{
    /// <summary>Shorter talk is no conversation.</summary>
    const int ShortestTalk_ms = 1000;

    public CallRow Call { get; } = call;

    public List<LegRow> Legs { get; } = [];

    public List<OfferRow> Offers { get; } = [];

    public bool IsNew { get; private set; }

    public bool CallChanged { get; private set; }

    public HashSet<LegRow> ChangedLegs { get; } = [];

    /// <summary>Keys under which legs stood whose beginning was corrected.</summary>
    public List<LegRow> MovedLegs { get; } = [];

    public HashSet<OfferRow> ChangedOffers { get; } = [];

    public bool ContactsChanged { get; private set; }

    /// <summary>Whether the client was spoken with, when, or who it is: what missed calls follow from.</summary>
    public bool MissChanged { get; private set; }

    public void Saved()
    {
        CallChanged = ContactsChanged = MissChanged = IsNew = false;
        ChangedLegs.Clear();
        MovedLegs.Clear();
        ChangedOffers.Clear();
    }

    public static CallAggregate Begin(string domain, JournalEntry entry)
    {
        var aggregate = new CallAggregate(new CallRow { Id = entry.Call!.Value, Domain = domain, StartedAt = entry.At, CallerKind = NumberKind.Unparsed, Estimated = true });
        (aggregate.IsNew, aggregate.CallChanged) = (true, true);
        return aggregate;
    }

    public void Apply(JournalEntry entry)
    {
        if (entry.Seq <= Call.LastSeq) return;
        Call.LastSeq = entry.Seq;
        CallChanged = true;
        switch (entry)
        {
            case CallStarted e: Started(e); break;
            case CallRouted e: Routed(e); break;
            case CallDialled e: Outward(e); break;
            case CallerRead e:
                (Call.CallerRaw, Call.CallerKind, Call.CallerE164) = (e.Caller.Raw, e.Caller.Kind, e.Caller.E164);
                MissChanged = true;
                break;
            case CallIdentified e: Identified(e); break;
            case CallQueued e: Queued(e); break;
            case RouteDecided e: Decided(e); break;
            case CallOffered e: Offered(e); break;
            case OfferRang e: Change(e.Offer, o => o.RangAt ??= e.At); break;
            case OfferEnded e: EndOffer(e); break;
            case LegStarted e: StartLeg(e); break;
            case LegEnded e: EndLeg(e); break;
            case CallAnswered e: Answered(e); break;
            case CallHeld e: Call.HeldSince ??= e.At; break;
            case CallResumed: Call.HeldSince = null; break;
            case RecordingStarted e: Leg(e.Node, e.UniqueId, e, leg => leg.Recorded = true); break;
            case RecordingUnkept e: Leg(e.Node, e.UniqueId, e, leg => (leg.Recorded, leg.Unkept) = (false, true)); break;
            case CallTransferred e: Transferred(e); break;
            case TransferChanged e: Transfer(e); break;
            case CallEnded e: Ended(e); break;
            case CallCorrected e: Corrected(e); break;
            case CallImported e: Imported(e); break;
            default: break;
        }
    }

    void Started(CallStarted e)
    {
        (Call.Node, Call.Direction, Call.Routed, Call.Estimated, Call.StartedAt) = (e.Node, e.Direction, e.Routed, e.Estimated, e.At);
        Call.Campaign = e.Campaign;
        Numbers(e.Caller, e.Dialled, e.CallerName);
    }

    void Routed(CallRouted e)
    {
        Call.Routed = true;
        Call.Campaign = e.Campaign;
        Numbers(e.Caller, e.Dialled, e.CallerName);
    }

    void Numbers(PhoneNumber caller, PhoneNumber dialled, string name)
    {
        (Call.CallerRaw, Call.CallerKind, Call.CallerE164, Call.CallerName) = (caller.Raw, caller.Kind, caller.E164, name);
        (Call.DialledRaw, Call.DialledE164) = (dialled.Raw, dialled.E164);
    }

    void Outward(CallDialled e)
    {
        (Call.Direction, Call.DialledRaw, Call.DialledE164) = (e.Direction, e.Dialled.Raw, e.Dialled.E164);
        MissChanged = true;
    }

    void Identified(CallIdentified e)
    {
        (Call.Lookup, Call.ClientId, Call.DealId, Call.Candidates) = (e.Outcome, e.Client, e.Deal, e.Candidates.IsDefault ? [] : [.. e.Candidates]);
        ContactsChanged = MissChanged = true;
    }

    void Queued(CallQueued e)
    {
        Call.QueueId = e.Queue;
        Call.QueuedAt ??= e.At;
        Call.Place = e.Place;
        Call.State = CallState.Waiting;
        if (Call.AnsweredAt is not null) Call.WaitsSince = e.At;
    }

    void Transferred(CallTransferred e)
    {
        if (e.Transfer == TransferKind.Attended) Call.AgentId = e.ToAgent ?? Call.AgentId;
        else WaitsAgain(e);
    }

    void Transfer(TransferChanged e)
    {
        Call.Transfer = new RawJson(Text(e));
        // Who asks the target first is still with the client, who waits for them.
        if (e is { Transfer: TransferKind.Blind, Step: TransferStep.Ringing or TransferStep.Returning }) WaitsAgain(e);
        else if (e.Step == TransferStep.Done || e.Reason == "pbx_refused") Call.WaitsSince = null;
    }

    /// <summary>Nobody speaks any more with a client who was answered before.</summary>
    void WaitsAgain(JournalEntry e) => Call.WaitsSince ??= Call.AnsweredAt is null ? null : e.At;

    void Decided(RouteDecided e)
    {
        Call.QueueId = e.Queue ?? Call.QueueId;
        Call.Place = e.Place;
        Call.Decision = new RawJson(Text(e));
    }

    public static string Text(JournalEntry entry) => JournalText.WithoutNul(JsonSerializer.Serialize(entry, JournalJson.Default.JournalEntry));

    void Offered(CallOffered e)
    {
        var offer = new OfferRow
        {
            Id = e.Offer,
            CallId = Call.Id,
            AgentId = e.Agent,
            Node = e.Node,
            Extension = e.Extension,
            Device = e.Device,
            QueueId = e.Queue,
            ClientId = e.Client,
            Attempt = e.Attempt,
            Rule = e.Rule,
            CanAnswer = e.CanAnswer,
            CanHold = e.CanHold,
            OfferedAt = e.At,
        };
        Offers.Add(offer);
        ChangedOffers.Add(offer);
        // Who is asked about a client takes no part in the talk with them.
        if (e.Rule == RouteRule.Consult) return;
        Call.State = CallState.Ringing;
        Call.Place = null;
    }

    void EndOffer(OfferEnded e)
    {
        Change(e.Offer, o => (o.EndedAt, o.Outcome, o.TechCause, o.RingMs) = (e.At, e.Outcome, e.TechCause, e.Ring_ms));
        if (e.Outcome != OfferOutcome.Answered && Call.State == CallState.Ringing && !Offers.Exists(o => o.EndedAt is null)) Call.State = Call.QueueId is null ? CallState.Routing : CallState.Waiting;
    }

    /// <summary>A ring ends with the router that watched it. Whoever answered it meanwhile has answered it.</summary>
    void AnsweredAfterAll(Guid agent, DateTimeOffset at)
    {
        if (Offers.FindLast(o => o.AgentId == agent && o.OfferedAt <= at) is not { Outcome: OfferOutcome.Cancelled or OfferOutcome.Answered } offer || (offer.Outcome == OfferOutcome.Answered && offer.EndedAt <= at)) return;
        (offer.Outcome, offer.EndedAt, offer.RingMs) = (OfferOutcome.Answered, at, (int)(at - (offer.RangAt ?? offer.OfferedAt)).TotalMilliseconds);
        ChangedOffers.Add(offer);
    }

    void Change(Guid id, Action<OfferRow> change)
    {
        if (Offers.Find(o => o.Id == id) is not { } offer) return;
        change(offer);
        ChangedOffers.Add(offer);
    }

    void StartLeg(LegStarted e)
    {
        var leg = new LegRow { Node = e.Node, UniqueId = e.UniqueId, CallId = Call.Id, Channel = e.ChannelName, AgentId = e.Agent, IsClient = e.IsClient, StartedAt = e.At, Estimated = e.Estimated, CanHold = e.CanHold };
        Legs.Add(leg);
        ChangedLegs.Add(leg);
        // An agent's leg that was first seen in a snapshot may have talked before.
        Call.Estimated |= e.Estimated && !e.IsClient;
    }

    void EndLeg(LegEnded e)
    {
        Leg(e.Node, e.UniqueId, e, leg =>
        {
            (leg.EndedAt, leg.Cause, leg.TechCause, leg.TalkMs, leg.HoldMs) = (e.At, e.Cause, e.TechCause, e.Talk_ms, e.Hold_ms);
            leg.AgentId = e.Agent ?? leg.AgentId;
            leg.Estimated |= e.Estimated;
        });
        ContactsChanged = true;
    }

    /// <summary>Ids come again after a restart of the PBX: the newest of that id is meant. One never announced is made up, and marked so.</summary>
    void Leg(string node, string uniqueId, JournalEntry entry, Action<LegRow> change)
    {
        var leg = Legs.FindLast(l => l.Node == node && l.UniqueId == uniqueId);
        if (leg is null)
        {
            leg = new LegRow { Node = node, UniqueId = uniqueId, CallId = Call.Id, StartedAt = entry.At, Estimated = true };
            Legs.Add(leg);
        }

        change(leg);
        ChangedLegs.Add(leg);
    }

    void Answered(CallAnswered e)
    {
        Call.State = CallState.Talking;
        Call.AgentId = e.Agent;
        Call.Place = null;
        (Call.HeldSince, Call.WaitsSince) = (null, null);
        Call.Estimated |= e.Estimated;
        MissChanged |= Call.AnsweredAt is null;
        if (Call.AnsweredAt is null) (Call.AnsweredAt, Call.WaitMs) = (e.At, e.Wait_ms);
        Leg(e.Node, e.UniqueId, e, leg => (leg.AnsweredAt, leg.AgentId) = (leg.AnsweredAt ?? e.At, e.Agent));
        if (e.Estimated) AnsweredAfterAll(e.Agent, e.At);
        if (Legs.FindLast(l => l.IsClient && l.EndedAt is null) is not { AnsweredAt: null } client) return;
        client.AnsweredAt = e.At;
        ChangedLegs.Add(client);
    }

    void Ended(CallEnded e)
    {
        MissChanged |= Call.AnsweredAt is null || Call.WaitsSince is not null || (e.Client is not null && e.Client != Call.ClientId);
        (Call.State, Call.EndedAt, Call.Outcome, Call.EndedBy, Call.Cause) = (CallState.Ended, e.At, e.Outcome, e.By, e.Cause);
        (Call.WaitMs, Call.TalkMs, Call.HoldMs, Call.HeldSince, Call.Place) = (e.Wait_ms, e.Talk_ms, e.Hold_ms, null, null);
        (Call.AgentId, Call.ClientId, Call.QueueId) = (e.Agent ?? Call.AgentId, e.Client ?? Call.ClientId, e.Queue ?? Call.QueueId);
        Call.Estimated |= e.Estimated;
        ContactsChanged = true;
    }

    /// <summary>The younger call becomes part of this one: its legs and offers move, and what it knew fills what is unknown here.</summary>
    public void TakeOver(CallAggregate younger, CallMerged e)
    {
        if (e.Seq <= Call.LastSeq) return;
        (Call.LastSeq, CallChanged, ContactsChanged, MissChanged) = (e.Seq, true, true, true);
        var (mine, theirs) = (Call, younger.Call);
        if (mine.ClientId is null && theirs.ClientId is not null) (mine.ClientId, mine.Lookup, mine.DealId, mine.Candidates) = (theirs.ClientId, theirs.Lookup, theirs.DealId, theirs.Candidates);
        if (mine.Direction == CallDirection.Internal) mine.Direction = theirs.Direction;
        mine.Routed |= theirs.Routed;
        mine.Campaign ??= theirs.Campaign;
        mine.AgentId ??= theirs.AgentId;
        mine.QueueId ??= theirs.QueueId;
        mine.QueuedAt ??= theirs.QueuedAt;
        if (mine.AnsweredAt is null) (mine.AnsweredAt, mine.WaitMs) = (theirs.AnsweredAt, theirs.WaitMs);
        mine.WaitsSince ??= theirs.WaitsSince;
        if (theirs.State == CallState.Talking) mine.State = CallState.Talking;
        Move(younger);
        younger.MergedAway(Call.Id, e);
    }

    void Move(CallAggregate younger)
    {
        foreach (var leg in younger.Legs)
        {
            leg.CallId = Call.Id;
            Legs.Add(leg);
            ChangedLegs.Add(leg);
        }

        MovedLegs.AddRange(younger.MovedLegs);
        foreach (var offer in younger.Offers)
        {
            offer.CallId = Call.Id;
            Offers.Add(offer);
            ChangedOffers.Add(offer);
        }

        younger.Legs.Clear();
        younger.Offers.Clear();
        younger.ChangedLegs.Clear();
        younger.MovedLegs.Clear();
        younger.ChangedOffers.Clear();
    }

    void MergedAway(Guid into, CallMerged e)
    {
        (Call.MergedInto, Call.State, Call.LastSeq, Call.HeldSince, Call.Place) = (into, CallState.Ended, e.Seq, null, null);
        Call.EndedAt ??= e.At;
        CallChanged = MissChanged = true;
        ContactsChanged = false;
    }

    /// <summary>The agent's wrap-up belongs to their last leg of this call.</summary>
    public void WrapUp(Guid agent, int span_ms)
    {
        if (Legs.FindLast(l => l.AgentId == agent && l.TalkMs is not null) is not { } leg) return;
        leg.WrapUpMs = (leg.WrapUpMs ?? 0) + span_ms;
        ChangedLegs.Add(leg);
    }

    /// <summary>Per agent the talk of all their ended legs.</summary>
    public IEnumerable<ContactRow> Contacts()
    {
        if (Call.ClientId is not { } client) yield break;
        foreach (var legs in Legs.Where(l => l is { AgentId: not null, EndedAt: not null }).GroupBy(l => l.AgentId!.Value))
        {
            var talk_ms = legs.Sum(l => l.TalkMs ?? 0);
            if (talk_ms >= ShortestTalk_ms) yield return new ContactRow { ClientId = client, CallId = Call.Id, AgentId = legs.Key, At = legs.Max(l => l.EndedAt!.Value), TalkMs = talk_ms };
        }
    }
}
