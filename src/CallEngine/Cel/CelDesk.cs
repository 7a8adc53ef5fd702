using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>
/// Takes in what CEL tells of the time in which nobody looked: calls that we closed by estimate get their true end, calls that
/// we never saw are added. A call that is known otherwise, or that lives, is left alone.
/// </summary>
internal sealed class CelDesk(EngineState state, CallBook book)
{
    public void Take(EngineInput.CelRead read)
    {
        foreach (var finding in read.Findings)
        {
            if (InMemory(read.Node, finding.Call) is { Ended: false })
                continue;
            if (!finding.Known.IsDefaultOrEmpty)
            {
                Settle(finding);
            }
            else if (finding.NewCall != default && InMemory(read.Node, finding.Call) is null && !state.Calls.ContainsKey(finding.NewCall))
            {
                Import(read.Node, finding);
            }
        }
    }

    private Call? InMemory(string node, CelCall seen)
    {
        foreach (var leg in seen.Legs)
        {
            if (state.Legs.TryGetValue(new LegId(node, leg.UniqueId), out var known))
                return known.Call;
        }

        return null;
    }

    /// <summary>One conversation is one call: what was adopted of it after a restart, or a loss, goes into the call that was there before.</summary>
    private void Settle(CelFinding finding)
    {
        var known = finding.Known;
        var first = known.FirstOrDefault(k => !k.Estimated) ?? known[0];
        foreach (var other in known)
        {
            if (!ReferenceEquals(other, first))
                state.Out.Write(new CallMerged(other.Call) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = first.Call });
        }

        if (first.Estimated)
            Correct(finding, first with { Legs = [.. known.SelectMany(k => k.Legs)] });
    }

    private void Correct(CelFinding finding, CelKnown known)
    {
        var seen = finding.Call;
        var shift = known.ClockOf(seen);
        var legs = seen.Legs.Select(l => Entry(l with { Agent = known.AgentOf(l) ?? l.Agent }, shift)).ToImmutableArray();
        var talker = LastTalker(legs);
        var answered = legs.Where(l => l is { IsClient: false, Agent: not null }).Select(l => l.AnsweredAt).Min();
        var ended = seen.EndedAt + shift;
        // We may have seen the talk only when it ran already, never before it began.
        if (known.AnsweredAt is { } seenTalking && (answered is null || seenTalking <= answered))
            answered = seenTalking;
        // Adopted from a snapshot, it began before.
        DateTimeOffset? earlier = seen.StartedAt + shift is var began && began < known.StartedAt ? began : null;
        var wait = (answered ?? ended) - (known.QueuedAt ?? earlier ?? known.StartedAt);
        state.Out.Write(new CallCorrected(
            OutcomeOf(seen, known.Routed || seen.AskedUs || GaveUpEarly(finding), answered is not null, known.AnsweredAt is not null, wait), ByOf(seen, legs), seen.Cause, talker?.Agent,
            answered, ended, answered == known.AnsweredAt && known.Wait_ms is { } waited ? waited : Span.Milliseconds(Positive(wait)), Math.Max(0, TalkOf(legs) - known.Hold_ms), seen.CutOff, legs, earlier)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = known.Call,
        });
    }

    private void Import(string node, CelFinding finding)
    {
        var seen = finding.Call;
        var legs = seen.Legs.Select(l => Entry(l, TimeSpan.Zero)).ToImmutableArray();
        var talker = LastTalker(legs);
        var answered = legs.Where(l => l is { IsClient: false, Agent: not null }).Select(l => l.AnsweredAt).Min();
        var wait = (answered ?? seen.EndedAt) - seen.StartedAt;
        var client = finding.Client is { Outcome: LookupOutcome.Known, Candidates: { IsDefaultOrEmpty: false } found } ? found[0].Client : (Guid?)null;
        Remember(node, finding);
        state.Out.Write(new CallImported(node, seen.LinkedId, seen.Direction, finding.Caller, finding.Dialled, seen.CallerName, seen.StartedAt, answered, seen.EndedAt,
            OutcomeOf(seen, seen.AskedUs || GaveUpEarly(finding), answered is not null, knownAnswered: false, wait), ByOf(seen, legs), seen.Cause, talker?.Agent, client, finding.Client?.Outcome,
            [.. finding.Client is { Candidates: { IsDefaultOrEmpty: false } all } ? all.Select(c => c.Client) : []],
            Span.Milliseconds(Positive(wait)), TalkOf(legs), seen.AskedUs, seen.CutOff, legs,
            seen.Direction == CallDirection.Inbound ? state.Settings.Dialled(finding.Dialled)?.CampaignAt(seen.StartedAt)?.Code : null)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = finding.NewCall,
        });
        WriteUnkept(node, finding, legs, client);
    }

    /// <summary>As for a call that we saw (<see cref="CallBook"/>); the settings of today are all that is known of its time. An agent who is not known is nobody's to judge by.</summary>
    private void WriteUnkept(string node, CelFinding finding, ImmutableArray<ImportedLeg> legs, Guid? client)
    {
        var settings = state.Settings.Settings;
        var kept = legs.FirstOrDefault(l => l.Agent is not null)?.Agent is not { } id || !state.Agents.TryGetValue(id, out var agent) || CallRules.IsRecorded(finding.Call.Direction, agent, settings);
        if (finding.Call.Direction != CallDirection.Outbound || (kept && !CallRules.IsPrivate(client, finding.Client, settings)))
            return;
        foreach (var leg in legs.Where(l => l.IsClient))
            state.Out.Write(new RecordingUnkept(node, leg.UniqueId) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = finding.NewCall });
    }

    /// <summary>AMI may be slow and tell of this call later: it is over, and its legs are taken.</summary>
    private void Remember(string node, CelFinding finding)
    {
        var call = book.Begin(finding.NewCall, node);
        call.Announced = true;
        foreach (var seen in finding.Call.Legs)
        {
            var leg = new Leg(new LegId(node, seen.UniqueId), call) { ChannelName = seen.ChannelName, Device = seen.Device, Logged = true, Live = false };
            state.Legs[leg.Id] = leg;
            call.Legs.Add(leg);
        }

        call.State = CallState.Ended;
        state.OpenCalls--;
        book.ForgetLater(call);
    }

    private CallOutcome OutcomeOf(CelCall seen, bool routed, bool answered, bool knownAnswered, TimeSpan wait)
    {
        if (seen.Fallback && !knownAnswered)
            return CallOutcome.Fallback;
        if (answered)
            return CallOutcome.Answered;
        if (!routed)
            return CallOutcome.Observed;
        return wait < state.Options.ShortAbandon ? CallOutcome.ShortAbandon : CallOutcome.Abandoned;
    }

    /// <summary>While our number still rang, before the dialplan came to ask us.</summary>
    private bool GaveUpEarly(CelFinding finding) =>
        finding.Call is { Direction: CallDirection.Inbound, PickedUp: false } && state.Settings.Dialled(finding.Dialled) is not null;

    private static EndedBy ByOf(CelCall seen, ImmutableArray<ImportedLeg> legs)
    {
        if (seen.HangupSource.Length == 0)
            return seen.CutOff ? EndedBy.Pbx : EndedBy.Unknown;
        foreach (var leg in legs)
        {
            if (string.Equals(leg.ChannelName, seen.HangupSource, StringComparison.Ordinal))
                return leg.IsClient ? EndedBy.Caller : leg.Agent is null ? EndedBy.Unknown : EndedBy.Agent;
        }

        return EndedBy.Unknown;
    }

    private static ImportedLeg? LastTalker(ImmutableArray<ImportedLeg> legs) =>
        legs.Where(l => l is { Agent: not null, Talk_ms: > 0 }).OrderBy(l => l.EndedAt).LastOrDefault();

    private static int TalkOf(ImmutableArray<ImportedLeg> legs) => legs.Where(l => l is { IsClient: false, Agent: not null }).Sum(l => l.Talk_ms);

    private static TimeSpan Positive(TimeSpan span) => span < TimeSpan.Zero ? TimeSpan.Zero : span;

    private static ImportedLeg Entry(CelLeg leg, TimeSpan shift) => new(
        leg.UniqueId, leg.ChannelName, leg.Agent, leg.IsClient, leg.StartedAt + shift, leg.AnsweredAt + shift, leg.EndedAt + shift, leg.Cause, leg.IsClient ? 0 : leg.Talk_ms);
}
