using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>What the PBX's own record (CEL) says of a call replaces what was estimated.</summary>
internal sealed partial class CallAggregate
{
    void Corrected(CallCorrected e)
    {
        (Call.State, Call.EndedAt, Call.Outcome, Call.EndedBy, Call.Cause, Call.Estimated) = (CallState.Ended, e.EndedAt, e.Outcome, e.By, e.Cause, e.Estimated);
        Call.StartedAt = e.StartedAt ?? Call.StartedAt;
        (Call.WaitMs, Call.TalkMs, Call.AnsweredAt) = (e.Wait_ms, e.Talk_ms, e.AnsweredAt ?? Call.AnsweredAt);
        (Call.AgentId, Call.HeldSince, Call.Place) = (e.Agent ?? Call.AgentId, null, null);
        foreach (var leg in e.Legs)
        {
            Take(leg, e.Estimated);
            if (leg is { Agent: { } agent, AnsweredAt: { } answered }) AnsweredAfterAll(agent, answered);
        }

        ContactsChanged = MissChanged = true;
    }

    void Imported(CallImported e)
    {
        (Call.Node, Call.Direction, Call.Routed, Call.Estimated, Call.StartedAt, Call.State) = (e.Node, e.Direction, e.Routed, e.Estimated, e.StartedAt, CallState.Ended);
        Numbers(e.Caller, e.Dialled, e.CallerName);
        (Call.AnsweredAt, Call.EndedAt, Call.Outcome, Call.EndedBy, Call.Cause) = (e.AnsweredAt, e.EndedAt, e.Outcome, e.By, e.Cause);
        (Call.AgentId, Call.ClientId, Call.Lookup, Call.Candidates) = (e.Agent, e.Client, e.Lookup, e.Candidates.IsDefault ? [] : [.. e.Candidates]);
        Call.Campaign = e.Campaign;
        (Call.WaitMs, Call.TalkMs, Call.HoldMs) = (e.Wait_ms, e.Talk_ms, 0);
        foreach (var leg in e.Legs) Take(leg, e.Estimated);
        ContactsChanged = MissChanged = true;
    }

    void Take(ImportedLeg seen, bool estimated)
    {
        var leg = Legs.FindLast(l => l.Node == Call.Node && l.UniqueId == seen.UniqueId);
        if (leg is null)
        {
            leg = new LegRow { Node = Call.Node, UniqueId = seen.UniqueId, CallId = Call.Id, StartedAt = seen.StartedAt };
            Legs.Add(leg);
        }
        else if (seen.StartedAt < leg.StartedAt)
        {
            Move(leg, seen.StartedAt);
        }

        (leg.Channel, leg.AgentId, leg.IsClient) = (seen.ChannelName, seen.Agent ?? leg.AgentId, leg.IsClient || seen.IsClient);
        (leg.AnsweredAt, leg.EndedAt, leg.Cause) = (Earlier(leg.AnsweredAt, seen.AnsweredAt), seen.EndedAt, seen.Cause);
        (leg.TalkMs, leg.HoldMs, leg.Estimated) = (Math.Max(0, seen.Talk_ms - (leg.HoldMs ?? 0)), leg.HoldMs ?? 0, estimated);
        ChangedLegs.Add(leg);
    }

    /// <summary>Like the call, it began earlier than we saw it. Its beginning is part of its key: the row goes, and comes again.</summary>
    void Move(LegRow leg, DateTimeOffset startedAt)
    {
        MovedLegs.Add(new LegRow { Node = leg.Node, UniqueId = leg.UniqueId, StartedAt = leg.StartedAt });
        leg.StartedAt = startedAt;
    }

    static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b ?? a : a;
}
