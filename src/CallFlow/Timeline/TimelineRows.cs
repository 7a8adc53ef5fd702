using System.Text.Json;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// A call whose entries the journal does not keep any more, told again from the projections. What they do not hold (each hold's place, the
/// place in line) stays untold; sums that do not fit then mark the bar as estimated.
/// </summary>
internal static class TimelineRows
{
    /// <param name="younger">Calls that became part of it.</param>
    public static IReadOnlyList<JournalEntry> Entries(CallRow call, IReadOnlyList<CallRow> younger, IReadOnlyList<LegRow> legs, IReadOnlyList<OfferRow> offers, IReadOnlyList<string> decisions) =>
        [.. Tell(call, younger, legs, offers, decisions).OrderBy(e => Moment(e.At)).ThenBy(Rank).Select((e, i) => e with { Seq = i + 1, Call = call.Id })];

    /// <summary>Columns keep microseconds, a decision's own text keeps ticks: what was one moment must be one again.</summary>
    static long Moment(DateTimeOffset at) => at.UtcTicks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Of what happened at one moment, what comes first.</summary>
    static int Rank(JournalEntry entry) => entry switch
    {
        CallStarted => 0,
        CallIdentified => 1,
        CallQueued => 2,
        RouteDecided => 3,
        CallMerged => 4,
        LegStarted => 5,
        RecordingStarted => 6,
        CallOffered => 7,
        OfferRang => 8,
        OfferEnded => 9,
        CallAnswered => 10,
        LegEnded => 11,
        _ => 12,
    };

    static IEnumerable<JournalEntry> Tell(CallRow call, IReadOnlyList<CallRow> younger, IReadOnlyList<LegRow> legs, IReadOnlyList<OfferRow> offers, IReadOnlyList<string> decisions)
    {
        yield return At(call.StartedAt, new CallStarted(call.Node, "", "", call.Direction, Caller(call), Dialled(call), call.CallerName, call.Routed, call.Estimated) { Seq = 0, At = default });
        if (call.Lookup is { } outcome)
            yield return At(call.StartedAt, new CallIdentified(outcome, call.ClientId, call.DealId, [.. call.Candidates], null, false) { Seq = 0, At = default });
        if (call is { QueuedAt: { } queued, QueueId: { } queue }) yield return At(queued, new CallQueued(queue, call.Place ?? 0) { Seq = 0, At = default });
        foreach (var decision in decisions.Select(Decision).OfType<RouteDecided>()) yield return decision;
        foreach (var other in younger) yield return At(other.EndedAt ?? other.StartedAt, new CallMerged(other.Id) { Seq = 0, At = default });
        foreach (var entry in offers.SelectMany(o => Offer(o)).Concat(legs.SelectMany(l => Leg(l, offers, call)))) yield return entry;
        if (call is { EndedAt: { } ended, Outcome: { } how })
        {
            yield return At(ended, new CallEnded(how, call.EndedBy ?? EndedBy.Unknown, call.Cause ?? 0, call.AgentId, call.ClientId, call.QueueId, call.WaitMs ?? 0, call.TalkMs ?? 0,
                call.HoldMs ?? 0, call.Estimated)
            { Seq = 0, At = default });
        }
    }

    static T At<T>(DateTimeOffset when, T entry) where T : JournalEntry => entry with { At = when };

    static IEnumerable<JournalEntry> Offer(OfferRow o)
    {
        yield return At(o.OfferedAt, new CallOffered(o.Id, o.AgentId, o.Node, o.Extension, o.Device, o.QueueId, o.ClientId, o.Attempt, 0, o.Rule, o.CanAnswer, o.CanHold) { Seq = 0, At = default });
        if (o.RangAt is { } rang) yield return At(rang, new OfferRang(o.Id, o.AgentId) { Seq = 0, At = default });
        if (o is { EndedAt: { } ended, Outcome: { } outcome }) yield return At(ended, new OfferEnded(o.Id, o.AgentId, outcome, o.TechCause, o.RingMs ?? 0) { Seq = 0, At = default });
    }

    static IEnumerable<JournalEntry> Leg(LegRow l, IReadOnlyList<OfferRow> offers, CallRow call)
    {
        yield return At(l.StartedAt, new LegStarted(l.Node, l.UniqueId, l.Channel, l.AgentId, l.IsClient, l.Estimated) { Seq = 0, At = default });
        if (l.Recorded) yield return At(l.StartedAt, new RecordingStarted(l.Node, l.UniqueId) { Seq = 0, At = default });
        if (l is { AgentId: { } agent, AnsweredAt: { } answered })
        {
            var offer = offers.LastOrDefault(o => o.AgentId == agent && o.Outcome == OfferOutcome.Answered && o.OfferedAt <= answered);
            yield return At(answered, new CallAnswered(offer?.Id, agent, l.Node, l.UniqueId, call.WaitMs ?? 0) { Seq = 0, At = default });
        }

        if (l.EndedAt is { } ended)
            yield return At(ended, new LegEnded(l.Node, l.UniqueId, l.AgentId, l.Cause ?? 0, l.TechCause, l.TalkMs ?? 0, l.HoldMs ?? 0, l.Estimated) { Seq = 0, At = default });
    }

    static PhoneNumber Caller(CallRow c) => new(c.CallerRaw, c.CallerKind, c.CallerE164);

    static PhoneNumber Dialled(CallRow c) => new(c.DialledRaw, c.DialledE164 is null ? NumberKind.Unparsed : NumberKind.E164, c.DialledE164);

    static JournalEntry? Decision(string body)
    {
        try
        {
            // Stored as jsonb, which may put the kind after other fields.
            return JsonSerializer.Deserialize(body, JournalJson.Default.RouteDecided);
        }
        catch (JsonException)
        {
            return null; // Written by a newer version: the rest of the call is told without it.
        }
    }
}
