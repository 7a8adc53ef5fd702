using CallCrm.CallFlow;
using CallCrm.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Benchmarks.Database;

/// <summary>Entries a second, committed with their projections, when eight callers append whole calls without pause.</summary>
sealed class JournalAppendFigure : IFigure
{
    const int Calls = 4_000;

    public string Name => "journal.append";

    public string Unit => "entries/s";

    public string Better => "higher";

    public string Goal => "≥ 20,000";

    public async Task<double[]> RunAsync()
    {
        await using var database = await BenchDatabase.StartAsync(clients: false);
        var options = new JournalOptions { SpillFolder = database.SpillFolder, CommitWithin = TimeSpan.FromSeconds(10) };
        await using var writer = await JournalWriter.OpenAsync(database.Router, "main", options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var seq = writer.Restored.NextSeq;
        await RunAsync(writer, Calls / 2);
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
            runs[run] = await RunAsync(writer, Calls);
        return runs;

        async Task<double> RunAsync(JournalWriter to, int calls)
        {
            var all = Enumerable.Range(0, calls).Select(_ => Call(ref seq)).ToArray();
            var count = all.Sum(c => c.Length);
            var from = System.Diagnostics.Stopwatch.GetTimestamp();
            var waiting = new Queue<Task>();
            // Numbers go up in order, so one appends; up to 200 calls wait for their commit at a time.
            foreach (var call in all)
            {
                waiting.Enqueue(to.AppendAsync(call, CancellationToken.None).AsTask());
                if (waiting.Count > 200)
                    await waiting.Dequeue();
            }

            await Task.WhenAll(waiting);
            return count / System.Diagnostics.Stopwatch.GetElapsedTime(from).TotalSeconds;
        }
    }

    static JournalEntry[] Call(ref long seq)
    {
        var (id, client, agent, queue, offer) = (Guid.CreateVersion7(), Guid.NewGuid(), BenchDatabase.Agent((int)(seq % 997) + 1), BenchDatabase.Agent(1_000_001), Guid.NewGuid());
        var (a, b) = ($"{seq}.1", $"{seq}.2");
        var at = TimeProvider.System.GetUtcNow();
        var number = new PhoneNumber("+390212345678", NumberKind.E164, "+390212345678");
        JournalEntry[] entries =
        [
            new CallStarted("pbx", a, a, CallDirection.Inbound, number, number, "Ada", true, false) { Seq = 0, At = at, Call = id },
            new LegStarted("pbx", a, "PJSIP/trunk-1", null, true, false) { Seq = 0, At = at, Call = id },
            new CallIdentified(LookupOutcome.Known, client, null, [client], null, false) { Seq = 0, At = at, Call = id },
            new CallQueued(queue, 1) { Seq = 0, At = at, Call = id },
            new RouteDecided(RouteRule.LeastBusy, agent, queue, null, null, null, null, null, [new RouteCandidate(agent, 1, 10.5m, 30)], 1, null) { Seq = 0, At = at, Call = id },
            new CallOffered(offer, agent, "pbx", "101", "PJSIP/101", queue, client, 1, 20, RouteRule.LeastBusy, true, true) { Seq = 0, At = at, Call = id },
            new AgentChanged(agent, AgentState.Reserved, null, "pbx", "101", null, AgentState.Ready, 1000) { Seq = 0, At = at, Call = id },
            new OfferRang(offer, agent) { Seq = 0, At = at, Call = id },
            new AgentChanged(agent, AgentState.Ringing, null, "pbx", "101", null, AgentState.Reserved, 200) { Seq = 0, At = at, Call = id },
            new LegStarted("pbx", b, "PJSIP/101-1", agent, false, false) { Seq = 0, At = at, Call = id },
            new OfferEnded(offer, agent, OfferOutcome.Answered, null, 3000) { Seq = 0, At = at, Call = id },
            new CallAnswered(offer, agent, "pbx", b, 3200) { Seq = 0, At = at, Call = id },
            new AgentChanged(agent, AgentState.Talking, null, "pbx", "101", null, AgentState.Ringing, 3000) { Seq = 0, At = at, Call = id },
            new LegEnded("pbx", a, null, 16, null, 0, 0, false) { Seq = 0, At = at, Call = id },
            new LegEnded("pbx", b, agent, 16, null, 60_000, 0, false) { Seq = 0, At = at, Call = id },
            new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, agent, client, queue, 3200, 60_000, 0, false) { Seq = 0, At = at, Call = id },
            new AgentChanged(agent, AgentState.WrapUp, null, "pbx", "101", at.AddSeconds(30), AgentState.Talking, 60_000) { Seq = 0, At = at, Call = id },
            new AgentChanged(agent, AgentState.Ready, null, "pbx", "101", null, AgentState.WrapUp, 20_000) { Seq = 0, At = at },
        ];
        for (var n = 0; n < entries.Length; n++)
            entries[n] = entries[n] with { Seq = seq++ };
        return entries;
    }
}
