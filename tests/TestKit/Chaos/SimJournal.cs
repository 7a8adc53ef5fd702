using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>The journal with its projections, without a database: the same fold, and the same way back from rows to the engine's open state.</summary>
internal sealed class SimJournal
{
    readonly ProjectionFold _fold = new("main");

    public List<JournalEntry> Entries { get; } = [];

    public string? Broken { get; private set; }

    public IEnumerable<CallAggregate> Calls => _fold.Touched;

    public void Append(JournalEntry entry)
    {
        if (entry.Seq != Entries.Count + 1)
            Broken ??= $"seq {entry.Seq}, expected {Entries.Count + 1}";
        // As it is stored: what JSON drops is lost.
        var stored = JournalText.Read(JsonSerializer.Serialize(entry, JournalJson.Default.JournalEntry));
        Entries.Add(stored);
        _fold.Apply(stored);
    }

    /// <summary>As JournalWriter does at its start: calls whose last leg has ended are closed, the others are open state.</summary>
    public RestoredState Restore(DateTimeOffset now)
    {
        foreach (var dead in Open().Where(c => c.Legs.TrueForAll(l => l.EndedAt is not null)).ToArray())
        {
            Append(new CallEnded(dead.Call.AnsweredAt is null ? CallOutcome.Lost : CallOutcome.Answered, EndedBy.Unknown, 0, dead.Call.AgentId, dead.Call.ClientId, dead.Call.QueueId, dead.Call.WaitMs ?? 0,
                dead.Legs.Sum(l => l.TalkMs ?? 0), dead.Legs.Sum(l => l.HoldMs ?? 0), Estimated: true)
            { Seq = Entries.Count + 1, At = dead.Legs.Max(l => l.EndedAt) ?? now, Call = dead.Call.Id });
        }

        return new RestoredState(Entries.Count + 1, [.. _fold.TouchedAgents.OrderBy(a => a.AgentId).Select(Restore)], [.. Open().Select(Restore)]);
    }

    IEnumerable<CallAggregate> Open() => _fold.Touched.Where(c => c.Call.State != CallState.Ended || (c.Call.MergedInto is null && c.Legs.Exists(l => l.EndedAt is null))).OrderBy(c => c.Call.StartedAt).ThenBy(c => c.Call.Id);

    static RestoredAgent Restore(AgentRow a) => new(a.AgentId, a.Node, a.Extension, a.State, a.Reason, a.Since, a.CallId, [], a.Until);

    static RestoredCall Restore(CallAggregate a)
    {
        var c = a.Call;
        var open = a.Offers.OrderBy(o => o.Attempt).FirstOrDefault(o => o.EndedAt is null);
        return new RestoredCall(c.Id, new PhoneNumber(c.CallerRaw, c.CallerKind, c.CallerE164), c.CallerName,
            new PhoneNumber(c.DialledRaw, c.DialledE164 is null ? NumberKind.Unparsed : NumberKind.E164, c.DialledE164), c.Direction, c.Routed, c.QueueId, c.ClientId, c.StartedAt, c.QueuedAt,
            c.AnsweredAt, c.State,
            [.. a.Legs.Where(l => l.EndedAt is null).OrderBy(l => l.StartedAt).Select(l => new RestoredLeg(new LegId(l.Node, l.UniqueId), l.AgentId, l.Channel, l.IsClient, l.StartedAt, l.AnsweredAt))],
            c.Lookup is { } outcome ? new LookupResult(outcome, [.. (c.ClientId is { } client ? [client] : c.Candidates).Select(id => new ClientMatch(id, null, c.DealId, []))]) : null,
            a.Offers.Count == 0 ? 0 : a.Offers.Max(o => o.Attempt), open is null ? null : new RestoredOffer(open.Id, open.AgentId));
    }
}
