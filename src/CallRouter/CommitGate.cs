using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>Entries are safe in the journal before the effects behind them leave; in order, one commit at a time.</summary>
sealed class CommitGate(JournalWriter journal, TimeProvider time)
{
    const int LargestCommit = 1_000;

    // Entries that nobody waits for stay so long for others: an offer, which the PBX waits for, then finds the one
    // connection idle more often than in the middle of a commit, and the database has fewer commits to make.
    static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(5);

    readonly Channel<Outcome> _outcomes = Channel.CreateBounded<Outcome>(
        new BoundedChannelOptions(16_384) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });
    Task<bool>? _more;

    readonly record struct Outcome(IReadOnlyList<JournalEntry> Entries, IReadOnlyList<EngineEffect> Effects, Action? Safe);

    /// <param name="safe">Called when these entries, and all before them, are safe.</param>
    public ValueTask PutAsync(IReadOnlyList<JournalEntry> entries, IReadOnlyList<EngineEffect> effects, Action? safe, CancellationToken cancel) =>
        _outcomes.Writer.WriteAsync(new Outcome(entries, effects, safe), cancel);

    /// <param name="letOut">Called for each effect once all entries before it are safe; must not wait.</param>
    public async Task RunAsync(Action<EngineEffect> letOut, CancellationToken cancel)
    {
        var entries = new List<JournalEntry>();
        var effects = new List<EngineEffect>();
        var waiting = new List<Action>();
        while (await (_more ?? _outcomes.Reader.WaitToReadAsync(cancel).AsTask()))
        {
            _more = null;
            entries.Clear();
            effects.Clear();
            waiting.Clear();
            var from = time.GetTimestamp();
            do
            {
                while (entries.Count < LargestCommit && _outcomes.Reader.TryRead(out var outcome))
                {
                    entries.AddRange(outcome.Entries);
                    effects.AddRange(outcome.Effects);
                    if (outcome.Safe is { } safe)
                        waiting.Add(safe);
                }
            }
            while (effects.Count == 0 && waiting.Count == 0 && entries.Count < LargestCommit && await MoreComesAsync(s_gather - time.GetElapsedTime(from), cancel));

            if (entries.Count > 0)
            {
                from = time.GetTimestamp();
                await journal.AppendAsync(entries, cancel);
                RouterMetrics.CommitSeconds.Record(time.GetElapsedTime(from).TotalSeconds);
            }

            foreach (var safe in waiting)
                safe();
            foreach (var effect in effects)
                letOut(effect);
        }
    }

    /// <returns>Whether something came within this time.</returns>
    async Task<bool> MoreComesAsync(TimeSpan within, CancellationToken cancel)
    {
        if (within <= TimeSpan.Zero)
            return false;
        _more ??= _outcomes.Reader.WaitToReadAsync(cancel).AsTask();
        try
        {
            var more = await _more.WaitAsync(within, time, cancel);
            _more = null;
            return more;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
