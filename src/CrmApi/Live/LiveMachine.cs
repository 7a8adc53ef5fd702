using System.Collections.Immutable;
using CallCrm.Engine;

namespace CallCrm.CrmApi.Live;

/// <summary>What an entry changed for whom; turned into feed events once the batch is applied.</summary>
internal abstract record Notice(DateTimeOffset At)
{
    /// <param name="Call">As it was then: within one batch it may be over and forgotten.</param>
    public sealed record Popped(LiveOffer Offer, LiveCall Call, DateTimeOffset At) : Notice(At);

    public sealed record OfferChanged(LiveOffer Offer, OfferOutcome? Outcome, Guid? AnsweredBy, DateTimeOffset At) : Notice(At);

    public sealed record CallChanged(Guid Agent, Guid Call, DateTimeOffset At) : Notice(At);

    /// <param name="Call">It is forgotten with that.</param>
    public sealed record CalledInVain(Guid Agent, LiveCall Call, DateTimeOffset At) : Notice(At);

    public sealed record CardChanged(Guid Agent, Guid Call, DateTimeOffset At) : Notice(At);

    /// <summary>An agent's own state, and with it the tile on the board.</summary>
    public sealed record AgentChanged(Guid Agent, DateTimeOffset At) : Notice(At);

    /// <param name="Outcome">Null: it is open.</param>
    public sealed record SeatAsked(LiveSeatAsk Ask, SeatOutcome? Outcome, DateTimeOffset At) : Notice(At);

    public sealed record PbxChanged(string Node, DateTimeOffset At) : Notice(At);

    /// <summary>The PBX's own record added a call to the log, or corrected one: whoever shows it reads it again.</summary>
    public sealed record CallLogged(Guid Call, DateTimeOffset At) : Notice(At);
}

/// <summary>
/// Journal entry in, next state and notices out. Pure. Follows the projections of the journal writer, so that a state loaded from them and one led
/// by the entries are the same. An entry for something unknown (its beginning was before our start) changes nothing.
/// </summary>
internal static class LiveMachine
{
    public static LiveState Apply(LiveState state, JournalEntry entry, ICollection<Notice> notices)
    {
        var next = entry switch
        {
            CallStarted e => Started(state, e, notices),
            LegStarted e => LegStarted(state, e, notices),
            CallRouted e => Told(ChangeCall(state, e.Call, c => c with { Routed = true, Caller = e.Caller, Dialled = e.Dialled, CallerName = e.CallerName, Campaign = e.Campaign }), e, notices),
            CallIdentified e => Identified(state, e, notices),
            CallDialled e => Told(ChangeCall(state, e.Call, c => c with { Direction = e.Direction, Dialled = e.Dialled }), e, notices),
            CallQueued e => ChangeCall(state, e.Call, c => c with { Queue = e.Queue, Place = e.Place, QueuedAt = c.QueuedAt ?? e.At, State = CallState.Waiting }),
            RouteDecided e => ChangeCall(state, e.Call, c => c with { Decision = e, Queue = e.Queue ?? c.Queue, Place = e.Place }),
            CallOffered e => Offered(state, e, notices),
            OfferRang e => Rang(state, e, notices),
            OfferEnded e => OfferEnded(state, e, notices),
            LegEnded e => LegEnded(state, e, notices),
            CallAnswered e => Answered(state, e, notices),
            CallHeld e => Told(ChangeCall(state, e.Call, c => c with { HeldSince = c.HeldSince ?? e.At }), e, notices),
            CallResumed e => Told(ChangeCall(state, e.Call, c => c with { HeldSince = null }), e, notices),
            RecordingStarted e => Told(ChangeCall(state, e.Call, c => c with { Recorded = true }), e, notices),
            CallerRead e => Told(ChangeCall(state, e.Call, c => c with { Caller = e.Caller }), e, notices),
            CallListened e => Listened(state, e, notices),
            CallMerged e => Merged(state, e, notices),
            CallTransferred e => Told(state, e, notices),
            TransferChanged e => Told(ChangeCall(state, e.Call, c => c with { Transfer = e }), e, notices),
            CallEnded e => Ended(state, e, notices),
            CallCorrected e => Corrected(state, e, notices),
            CallImported e => Imported(state, e, notices),
            Engine.AgentChanged e => AgentChanged(state, e, notices),
            WrapUpExtended e => Extended(state, e, notices),
            SeatAsked e => Asked(state, e, notices),
            SeatAnswered e => Answered(state, e, notices),
            PbxChanged e => Pbx(state, e, notices),
            _ => state,
        };
        return next with { Seq = entry.Seq };
    }

    /// <summary>A new day at the site: everyone's own figures begin again.</summary>
    public static LiveState OnDay(LiveState state, DateOnly day, DateTimeOffset start) => state.Day == day
        ? state with { DayStart = start }
        : state with { Day = day, DayStart = start, Agents = state.Agents.ToImmutableDictionary(a => a.Key, a => a.Value with { Today = default }) };

    /// <summary>Who dials is busy with it before it is announced.</summary>
    static LiveState Started(LiveState state, CallStarted e, ICollection<Notice> notices)
    {
        if (e.Call is not { } id) return state;
        ImmutableHashSet<Guid> dialling = e.Direction == CallDirection.Inbound ? [] : [.. state.Agents.Values.Where(a => a.Call == id && a.State == AgentState.Talking).Select(a => a.Id)];
        foreach (var agent in dialling) notices.Add(new Notice.CallChanged(agent, id, e.At));
        return state.With(new LiveCall(id, e.Node, e.Direction, CallState.Routing, e.Caller, e.CallerName, e.Dialled, e.At) { Routed = e.Routed, Campaign = e.Campaign, Agents = dialling });
    }

    static LiveState LegStarted(LiveState state, LegStarted e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is not { } call) return state;
        if (e is { CanHold: true, Agent: { } own }) state = state.With(call = call with { Holders = call.Holders.SetItem(e.UniqueId, own) });
        if (call.Direction == CallDirection.Inbound) return state;
        if (!e.IsClient) return state.With(call with { Dialler = call.Dialler ?? e.Agent });
        return Told(state.With(call with { ClientCalled = true }), e, notices);
    }

    static LiveState Identified(LiveState state, CallIdentified e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is not { } call) return state;
        call = call with
        {
            Lookup = e.Outcome,
            Client = e.Client,
            Deal = e.Deal,
            Candidates = e.Candidates.IsDefault ? [] : e.Candidates,
        };
        foreach (var agent in Watching(state, call))
        {
            notices.Add(new Notice.CardChanged(agent, call.Id, e.At));
            notices.Add(new Notice.AgentChanged(agent, e.At));
        }

        return state.With(call);
    }

    static LiveState Offered(LiveState state, CallOffered e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is not { } call) return state;
        var offer = new LiveOffer(e.Offer, call.Id, e.Agent, e.Node, e.Extension, e.Device, e.Queue, e.At, e.Ring_s, e.Rule, e.CanAnswer, e.CanHold, Rang: false);
        // Who is asked about a client takes no part in the talk with them.
        call = e.Rule == RouteRule.Consult ? call with { Offer = e.Offer } : call with { State = CallState.Ringing, Offer = e.Offer, CanAnswer = e.CanAnswer, Queue = e.Queue ?? call.Queue, Place = null };
        notices.Add(new Notice.Popped(offer, call, e.At));
        return state.With(call) with { Offers = state.Offers.SetItem(e.Offer, offer) };
    }

    static LiveState Rang(LiveState state, OfferRang e, ICollection<Notice> notices)
    {
        if (!state.Offers.TryGetValue(e.Offer, out var offer)) return state;
        offer = offer with { Rang = true };
        notices.Add(new Notice.OfferChanged(offer, null, null, e.At));
        return state with { Offers = state.Offers.SetItem(offer.Id, offer) };
    }

    static LiveState OfferEnded(LiveState state, OfferEnded e, ICollection<Notice> notices)
    {
        if (!state.Offers.TryGetValue(e.Offer, out var offer)) return state;
        state = state with { Offers = state.Offers.Remove(e.Offer) };
        var call = Find(state, offer.Call);
        notices.Add(new Notice.OfferChanged(offer, e.Outcome, e.Outcome == OfferOutcome.AnsweredElsewhere ? e.AnsweredBy ?? call?.Spoke.FirstOrDefault(a => a != offer.Agent) : null, e.At));
        // Of several agents at whom it rang: what the answered phone can do.
        if (call is not null && e.Outcome == OfferOutcome.Answered)
            state = state.With(call with { Offer = offer.Id, CanAnswer = offer.CanAnswer });
        if (call is { State: CallState.Ringing } && e.Outcome != OfferOutcome.Answered && !state.Offers.Values.Any(o => o.Call == call.Id))
            state = state.With(call with { State = call.Queue is null ? CallState.Routing : CallState.Waiting });
        // A ring of the PBX's own is nobody's missed offer: a group rings many, a queue again and again.
        if (e.Outcome is not (OfferOutcome.NoAnswer or OfferOutcome.Declined) || offer.Rule == RouteRule.Observed) return state;
        var agent = state.Agent(e.Agent);
        notices.Add(new Notice.AgentChanged(e.Agent, e.At));
        return state.With(agent with { Today = agent.Today with { Missed = agent.Today.Missed + 1 } });
    }

    static LiveState LegEnded(LiveState state, LegEnded e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is { } call && call.Holders.ContainsKey(e.UniqueId)) state = state.With(call with { Holders = call.Holders.Remove(e.UniqueId) });
        if (e.Agent is not { } id || e.Talk_ms == 0) return state;
        var agent = state.Agent(id);
        notices.Add(new Notice.AgentChanged(id, e.At));
        return state.With(agent with { Today = agent.Today with { Talk_ms = agent.Today.Talk_ms + e.Talk_ms } });
    }

    static LiveState Answered(LiveState state, CallAnswered e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is not { } call) return state;
        var agent = state.Agent(e.Agent);
        if (!call.Spoke.Contains(e.Agent)) agent = agent with { Today = agent.Today with { Calls = agent.Today.Calls + 1 } };
        call = call with
        {
            State = CallState.Talking,
            AnsweredAt = call.AnsweredAt ?? e.At,
            Wait_ms = call.Wait_ms ?? e.Wait_ms,
            Place = null,
            HeldSince = null,
            Agents = call.Agents.Add(e.Agent),
            Spoke = call.Spoke.Add(e.Agent),
        };
        notices.Add(new Notice.CallChanged(e.Agent, call.Id, e.At));
        notices.Add(new Notice.AgentChanged(e.Agent, e.At));
        return state.With(call).With(agent with { Call = call.Id });
    }

    /// <summary>The end goes by the channel: the call may have become part of another.</summary>
    static LiveState Listened(LiveState state, CallListened e, ICollection<Notice> notices)
    {
        var call = e.Listens ? Find(state, e.Call) : state.Calls.Values.FirstOrDefault(c => c.Listeners.Any(l => l.Channel == e.UniqueId));
        if (call is null) return state;
        var others = call.Listeners.RemoveAll(l => l.Channel == e.UniqueId);
        state = state.With(call with { Listeners = e.Listens ? others.Add(new LiveListener(e.UniqueId, e.By, e.Agent)) : others });
        foreach (var agent in call.Agents) notices.Add(new Notice.CallChanged(agent, call.Id, e.At));
        if (e.Agent is { } heard) notices.Add(new Notice.AgentChanged(heard, e.At));
        notices.Add(new Notice.AgentChanged(e.By, e.At));
        return state;
    }

    static LiveState Merged(LiveState state, CallMerged e, ICollection<Notice> notices)
    {
        if (Find(state, e.From) is not { } from) return state;
        state = state with { Calls = state.Calls.Remove(from.Id) };
        foreach (var offer in state.Offers.Values.Where(o => o.Call == from.Id).ToArray())
            state = state with { Offers = state.Offers.Remove(offer.Id) };
        if (Find(state, e.Call) is not { } call) return state;
        if (call.Client is null && from.Client is not null) call = call with { Client = from.Client, Lookup = from.Lookup, Deal = from.Deal, Candidates = from.Candidates };
        state = state.With(call with
        {
            Agents = call.Agents.Union(from.Agents),
            Spoke = call.Spoke.Union(from.Spoke),
            Listeners = call.Listeners.AddRange(from.Listeners),
            Holders = call.Holders.SetItems(from.Holders),
            Recorded = call.Recorded || from.Recorded,
            Routed = call.Routed || from.Routed,
            Campaign = call.Campaign ?? from.Campaign,
            Direction = call.Direction == CallDirection.Internal ? from.Direction : call.Direction,
            Queue = call.Queue ?? from.Queue,
            QueuedAt = call.QueuedAt ?? from.QueuedAt,
            AnsweredAt = call.AnsweredAt ?? from.AnsweredAt,
            Wait_ms = call.AnsweredAt is null ? from.Wait_ms : call.Wait_ms,
            State = from.State == CallState.Talking ? CallState.Talking : call.State,
        });
        foreach (var id in from.Agents)
        {
            if (state.Agent(id) is { } agent && agent.Call == from.Id) state = state.With(agent with { Call = call.Id });
            notices.Add(new Notice.CallChanged(id, call.Id, e.At));
        }

        return state;
    }

    static LiveState Ended(LiveState state, CallEnded e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is not { } call) return state;
        foreach (var offer in state.Offers.Values.Where(o => o.Call == call.Id).ToArray())
        {
            notices.Add(new Notice.OfferChanged(offer, OfferOutcome.CallerGaveUp, null, e.At));
            state = state with { Offers = state.Offers.Remove(offer.Id) };
        }

        if (call.Dialler is { } dialler && e.Outcome is CallOutcome.Busy or CallOutcome.NoAnswer or CallOutcome.Cancelled or CallOutcome.Failed)
            notices.Add(new Notice.CalledInVain(dialler, call with { Outcome = e.Outcome, Client = e.Client ?? call.Client }, e.At));
        if (call.Agents.IsEmpty) return state with { Calls = state.Calls.Remove(call.Id) };
        state = state.With(call with { State = CallState.Ended, EndedAt = e.At, Outcome = e.Outcome, By = e.By, Wait_ms = e.Wait_ms, HeldSince = null, Place = null, Client = e.Client ?? call.Client });
        return Told(state, e, notices);
    }

    /// <summary>Somebody may wrap it up still. By how much their day's talk was estimated wrongly is not known here: the next load has it right.</summary>
    static LiveState Corrected(LiveState state, CallCorrected e, ICollection<Notice> notices)
    {
        if (e.Call is not { } id) return state;
        notices.Add(new Notice.CallLogged(id, e.At));
        return Told(ChangeCall(state, id, c => c with
        {
            State = CallState.Ended,
            EndedAt = e.EndedAt,
            Outcome = e.Outcome,
            By = e.By,
            Wait_ms = e.Wait_ms,
            AnsweredAt = e.AnsweredAt ?? c.AnsweredAt,
            HeldSince = null,
            Place = null,
        }), e, notices);
    }

    /// <summary>It is over already; what agents talked in it counts for their day.</summary>
    static LiveState Imported(LiveState state, CallImported e, ICollection<Notice> notices)
    {
        if (e.Call is not { } id) return state;
        notices.Add(new Notice.CallLogged(id, e.At));
        foreach (var legs in e.Legs.IsDefault ? [] : e.Legs.Where(l => l.Agent is not null).GroupBy(l => l.Agent!.Value))
        {
            var agent = state.Agent(legs.Key);
            var today = agent.Today with
            {
                Calls = agent.Today.Calls + (legs.Any(l => l.AnsweredAt >= state.DayStart) ? 1 : 0),
                Talk_ms = agent.Today.Talk_ms + legs.Where(l => l.EndedAt >= state.DayStart).Sum(l => (long)l.Talk_ms),
            };
            if (today == agent.Today) continue;
            state = state.With(agent with { Today = today });
            notices.Add(new Notice.AgentChanged(agent.Id, e.At));
        }

        return state;
    }

    static LiveState AgentChanged(LiveState state, Engine.AgentChanged e, ICollection<Notice> notices)
    {
        var before = state.Agent(e.Agent);
        var today = e.Before == AgentState.WrapUp ? before.Today with { WrapUp_ms = before.Today.WrapUp_ms + e.Before_ms } : before.Today;
        // Of a pause that began yesterday only today's part counts.
        if (e.Before == AgentState.Paused && before is { State: AgentState.Paused, Reason: { } pause } && Math.Min(e.Before_ms, (long)(e.At - state.DayStart).TotalMilliseconds) is > 0 and var paused_ms)
            today = today.WithPause(pause, paused_ms);
        state = state.With(before with
        {
            State = e.State,
            Reason = e.Reason,
            Node = e.Node,
            Extension = e.Extension,
            Since = e.At,
            Until = e.Until,
            Call = e.Call,
            Extended = false,
            Today = today,
            Leaves = e.Leaves,
        });
        if (before.Call != e.Call && before.Call is { } left) state = Leave(state, left, e.Agent);
        notices.Add(new Notice.AgentChanged(e.Agent, e.At));
        if (e.State is AgentState.Talking or AgentState.WrapUp && Find(state, e.Call) is { } call)
        {
            state = state.With(call with { Agents = call.Agents.Add(e.Agent) });
            notices.Add(new Notice.CallChanged(e.Agent, call.Id, e.At));
        }
        else if (e.State is not (AgentState.Talking or AgentState.WrapUp) && e.Call is { } still)
        {
            state = Leave(state, still, e.Agent);
        }

        return state;
    }

    /// <summary>An ended call that nobody has on the desk any more is forgotten.</summary>
    static LiveState Leave(LiveState state, Guid id, Guid agent)
    {
        if (Find(state, id) is not { } call || !call.Agents.Contains(agent)) return state;
        call = call with { Agents = call.Agents.Remove(agent) };
        return call.State == CallState.Ended && call.Agents.IsEmpty ? state with { Calls = state.Calls.Remove(id) } : state.With(call);
    }

    static LiveState Extended(LiveState state, WrapUpExtended e, ICollection<Notice> notices)
    {
        notices.Add(new Notice.AgentChanged(e.Agent, e.At));
        return state.With(state.Agent(e.Agent) with { Until = e.Until, Extended = true });
    }

    static LiveState Asked(LiveState state, SeatAsked e, ICollection<Notice> notices)
    {
        var ask = new LiveSeatAsk(e.Ask, e.Node, e.Extension, e.Agent, e.Holder, e.Until);
        notices.Add(new Notice.SeatAsked(ask, null, e.At));
        return state with { SeatAsks = state.SeatAsks.SetItem(ask.Id, ask) };
    }

    static LiveState Answered(LiveState state, SeatAnswered e, ICollection<Notice> notices)
    {
        notices.Add(new Notice.SeatAsked(state.SeatAsks.GetValueOrDefault(e.Ask) ?? new LiveSeatAsk(e.Ask, e.Node, e.Extension, e.Agent, e.Holder, e.At), e.Outcome, e.At));
        return state with { SeatAsks = state.SeatAsks.Remove(e.Ask) };
    }

    static LiveState Pbx(LiveState state, PbxChanged e, ICollection<Notice> notices)
    {
        notices.Add(new Notice.PbxChanged(e.Node, e.At));
        // Still away, as a router that starts anew finds: away since then, not since now.
        var since = !e.Connected && state.Pbxs.TryGetValue(e.Node, out var before) && !before.Connected ? before.Since : e.At;
        return state with { Pbxs = state.Pbxs.SetItem(e.Node, new LivePbx(e.Node, e.Connected, since, e.Reason)) };
    }

    /// <summary>Everyone who has the call on the desk hears that it changed.</summary>
    static LiveState Told(LiveState state, JournalEntry e, ICollection<Notice> notices)
    {
        if (Find(state, e.Call) is { } call)
        {
            foreach (var agent in call.Agents) notices.Add(new Notice.CallChanged(agent, call.Id, e.At));
        }

        return state;
    }

    static IEnumerable<Guid> Watching(LiveState state, LiveCall call) =>
        state.Offers.Values.Where(o => o.Call == call.Id).Select(o => o.Agent).Concat(call.Agents).Distinct();

    static LiveState ChangeCall(LiveState state, Guid? id, Func<LiveCall, LiveCall> change) => Find(state, id) is { } call ? state.With(change(call)) : state;

    static LiveCall? Find(LiveState state, Guid? id) => id is { } call ? state.Calls.GetValueOrDefault(call) : null;
}
