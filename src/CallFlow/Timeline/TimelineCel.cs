using System.Collections.Immutable;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// What the PBX's own record (CEL) told of a call afterwards, put where it happened: an imported call is told as any other, and of a corrected
/// one the estimates give way to what was. What we saw ourselves stays.
/// </summary>
internal static class TimelineCel
{
    public static IReadOnlyList<JournalEntry> Place(Guid call, IReadOnlyList<JournalEntry> entries)
    {
        if (!entries.Any(e => e is CallImported or CallCorrected)) return entries;
        var placed = entries.SelectMany(e => e is CallImported imported ? Tell(imported) : [e]).ToList();
        return entries.OfType<CallCorrected>().LastOrDefault(e => e.Call == call) is { } corrected ? Correct(call, placed, corrected) : placed;
    }

    /// <summary>
    /// Spans that were closed by estimate end when their leg did; what a phone or the client did before the answer ends with it. The first of a leg that was there before
    /// we looked begins when that did.
    /// </summary>
    public static IReadOnlyList<TimelineSpan> Cut(Guid call, IReadOnlyList<JournalEntry> entries, IReadOnlyList<TimelineSpan> spans)
    {
        if (entries.OfType<CallCorrected>().LastOrDefault(e => e.Call == call) is not { } corrected) return spans;
        var guessed = entries.OfType<LegEnded>().Where(e => e.Estimated).Select(e => e.UniqueId).ToHashSet();
        var seenAnswer = entries.OfType<CallAnswered>().Select(e => e.UniqueId).ToHashSet();
        var adopted = entries.OfType<LegStarted>().Where(e => e.Estimated).Select(e => e.UniqueId).ToHashSet();
        var first = spans.Where(s => adopted.Contains(s.UniqueId)).GroupBy(s => s.UniqueId).Select(g => g.MinBy(s => s.From)!).ToHashSet();
        return [.. spans.Select(s => first.Contains(s) && Leg(corrected, s.UniqueId) is { } leg ? Begun(s, leg) : s).Select(s => Leg(corrected, s.UniqueId) is { } leg && guessed.Contains(leg.UniqueId) ? Cut(s, leg, corrected, seenAnswer) : s).Where(s => s.To is not { } to || to > s.From)];
    }

    static TimelineSpan Begun(TimelineSpan span, ImportedLeg leg)
    {
        var from = span.Kind switch
        {
            TimelineKind.Talk or TimelineKind.Conference => leg.AnsweredAt,
            TimelineKind.Ring or TimelineKind.Wait => leg.StartedAt,
            _ => null,
        };
        return from < span.From ? span with { From = from.Value } : span;
    }

    static TimelineSpan Cut(TimelineSpan span, ImportedLeg leg, CallCorrected corrected, HashSet<string> seenAnswer)
    {
        var end = leg.EndedAt;
        var answered = leg.IsClient ? seenAnswer.Count > 0 ? null : corrected.AnsweredAt : seenAnswer.Contains(leg.UniqueId) ? null : leg.AnsweredAt;
        if (span.Kind is TimelineKind.Ring or TimelineKind.Wait && answered < end) end = answered.Value;
        return span.To is { } to && to <= end ? span : span with { To = end };
    }

    static List<JournalEntry> Tell(CallImported e)
    {
        List<JournalEntry> told =
        [
            e with { At = e.StartedAt },
            new CallStarted(e.Node, "", e.LinkedId, e.Direction, e.Caller, e.Dialled, e.CallerName, e.Routed, e.Estimated) { Seq = e.Seq, At = e.StartedAt, Call = e.Call },
        ];
        if (e.Lookup is { } outcome) told.Add(new CallIdentified(outcome, e.Client, null, e.Candidates.IsDefault ? [] : e.Candidates, null, false) { Seq = e.Seq, At = e.StartedAt, Call = e.Call });
        var legs = e.Legs.IsDefault ? [] : e.Legs;
        told.AddRange(InOrder(legs.SelectMany(l => Leg(l, e.Node, e, e.StartedAt, e.Estimated))));
        told.Add(new CallEnded(e.Outcome, e.By, e.Cause, e.Agent, e.Client, null, e.Wait_ms, e.Talk_ms, 0, e.Estimated) { Seq = e.Seq, At = e.EndedAt, Call = e.Call });
        return told;
    }

    static IEnumerable<JournalEntry> Leg(ImportedLeg l, string node, JournalEntry source, DateTimeOffset waitsSince, bool estimated)
    {
        yield return new LegStarted(node, l.UniqueId, l.ChannelName, l.Agent, l.IsClient, estimated) { Seq = source.Seq, At = l.StartedAt, Call = source.Call };
        if (Answer(l, node, source, waitsSince) is { } answer) yield return answer;
        yield return new LegEnded(node, l.UniqueId, l.Agent, l.Cause, null, l.Talk_ms, 0, estimated) { Seq = source.Seq, At = l.EndedAt, Call = source.Call };
    }

    static CallAnswered? Answer(ImportedLeg l, string node, JournalEntry source, DateTimeOffset waitsSince) => l is { IsClient: false, Agent: { } agent, AnsweredAt: { } at, Talk_ms: > 0 }
        ? new CallAnswered(null, agent, node, l.UniqueId, Math.Max(0, (int)(at - waitsSince).TotalMilliseconds)) { Seq = source.Seq, At = at, Call = source.Call }
        : null;

    static List<JournalEntry> Correct(Guid call, List<JournalEntry> entries, CallCorrected e)
    {
        var began = entries.OfType<CallStarted>().FirstOrDefault(s => s.Call == call);
        var (node, since) = (began?.Node ?? "", entries.OfType<CallQueued>().FirstOrDefault()?.At ?? began?.At ?? e.EndedAt);
        var added = new List<JournalEntry>();
        foreach (var leg in e.Legs.IsDefault ? [] : e.Legs)
        {
            var isKnown = entries.Exists(x => x is LegStarted s && s.UniqueId == leg.UniqueId);
            if (!isKnown) added.AddRange(Leg(leg, node, e, since, e.Estimated));
            else if (!entries.Exists(x => x is CallAnswered a && a.UniqueId == leg.UniqueId) && Answer(leg, node, e, since) is { } answer) added.Add(answer);
        }

        // What rings at the answer is what was answered.
        var answered = added.OfType<CallAnswered>()
            .Select(a => (a.At, Offer: entries.OfType<CallOffered>().LastOrDefault(o => o.Agent == a.Agent && o.At <= a.At)?.Offer)).Where(a => a.Offer is not null).ToLookup(a => a.Offer!.Value, a => a.At);
        var seen = entries.Where(x => x is not CallEnded).Select(x => x is CallCorrected or AgentChanged or WrapUpExtended ? x : Seen(x, e, answered)).ToList();
        var ended = entries.OfType<CallEnded>().LastOrDefault(x => x.Call == call);
        var end = new CallEnded(e.Outcome, e.By, e.Cause, e.Agent ?? ended?.Agent, ended?.Client, ended?.Queue, e.Wait_ms, e.Talk_ms, ended?.Hold_ms ?? 0, e.Estimated) { Seq = e.Seq, At = e.EndedAt, Call = call };
        var before = InOrder(seen.Where(x => x is not (CallCorrected or AgentChanged or WrapUpExtended)).Concat(added));
        return [.. before, end, .. seen.Where(x => x is CallCorrected or AgentChanged or WrapUpExtended)];
    }

    /// <summary>An entry of ours with what was estimated in it put right; nothing of the call is later than its end.</summary>
    static JournalEntry Seen(JournalEntry entry, CallCorrected e, ILookup<Guid, DateTimeOffset> answered)
    {
        var put = entry switch
        {
            CallStarted { Estimated: true } s when s.Call == e.Call => s with { Estimated = e.Estimated, At = e.StartedAt ?? s.At },
            LegStarted { Estimated: true } s when Leg(e, s.UniqueId) is { } leg => s with { Estimated = e.Estimated, At = leg.StartedAt },
            CallAnswered { Estimated: true } s when Leg(e, s.UniqueId) is { AnsweredAt: { } at } && at < s.At => s with { Estimated = e.Estimated, At = at, Wait_ms = e.AnsweredAt == at ? e.Wait_ms : s.Wait_ms },
            LegEnded { Estimated: true } s when Leg(e, s.UniqueId) is { } leg =>
                s with { Estimated = e.Estimated, At = leg.EndedAt, Cause = leg.Cause, Agent = leg.Agent ?? s.Agent, Talk_ms = Math.Max(0, leg.Talk_ms - s.Hold_ms) },
            OfferEnded { Outcome: not OfferOutcome.Answered } o when answered[o.Offer].FirstOrDefault() is var at && at != default && at <= o.At =>
                o with { Outcome = OfferOutcome.Answered, At = at, TechCause = null, Ring_ms = Math.Max(0, o.Ring_ms - (int)(o.At - at).TotalMilliseconds) },
            _ => entry,
        };
        return put.At > e.EndedAt ? put with { At = e.EndedAt } : put;
    }

    static ImportedLeg? Leg(CallCorrected e, string uniqueId) => e.Legs.IsDefault ? null : e.Legs.FirstOrDefault(l => l.UniqueId == uniqueId);

    /// <summary>By time; what happened at one moment stays in the order in which it was told.</summary>
    static List<JournalEntry> InOrder(IEnumerable<JournalEntry> entries) => [.. entries.OrderBy(e => e.At)];
}
