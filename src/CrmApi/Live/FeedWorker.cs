using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.Engine;
using Npgsql;

namespace CallCrm.CrmApi.Live;

/// <summary>Reads the journal from its cursor, leads the live state by it, reads the cards of a batch in one round trip, and publishes.</summary>
internal sealed partial class FeedWorker(Feed feed, FeedLoader loader, JournalReader journal, Dressing dressing, FeedRender render, LiveFacts facts, SiteClock clock,
    NpgsqlDataSource database, LiveMetrics metrics, TimeProvider time, ILogger<FeedWorker> log) : BackgroundService
{
    /// <summary>A pop does not wait longer for its card: it is shown without, and the card follows.</summary>
    static readonly TimeSpan DressWithin = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(1);
    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    readonly Dictionary<Guid, Notice> undressed = [];
    bool late;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LiveState? state = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (state is null)
                {
                    facts.Names = await LiveNames.LoadAsync(database, feed.Domain, stoppingToken);
                    state = await loader.LoadAsync(feed.Domain, stoppingToken);
                    await dressing.ReadAsync(render.Wish(state, []), stoppingToken);
                    feed.Load(state);
                    LogLoaded(feed.Domain, state.Seq, state.Calls.Count, state.Agents.Count);
                }

                await foreach (var batch in journal.ReadAsync(feed.Domain, state.Seq, stoppingToken))
                {
                    // A hole means that the journal was trimmed or replaced behind us: only the projections know the present.
                    if (batch.Count > 0 && batch[0].Seq != state.Seq + 1)
                    {
                        LogHole(state.Seq, batch[0].Seq);
                        state = null;
                        break;
                    }

                    state = await TakeAsync(state, batch, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                metrics.Failed("read");
                LogReadFailed(e, state?.Seq ?? 0);
                await Task.Delay(RetryAfter, time, stoppingToken);
            }
        }
    }

    async Task<LiveState> TakeAsync(LiveState state, IReadOnlyList<JournalEntry> batch, CancellationToken cancel)
    {
        var notices = new List<(long Seq, Notice Notice)>();
        var of = new List<Notice>();
        state = LiveMachine.OnDay(state, clock.Today, clock.DayStart);
        foreach (var entry in batch)
        {
            of.Clear();
            state = LiveMachine.Apply(state, entry, of);
            foreach (var notice in of) notices.Add((entry.Seq, notice));
        }

        AddUndressed(state, notices);
        var dress = await DressAsync(state, notices, cancel);
        feed.Publish(state, render.Render(state, notices, dress));
        facts.Trim(state);
        if (batch.Count > 0) Measure(batch[0]);
        return state;
    }

    async Task<Dress> DressAsync(LiveState state, List<(long Seq, Notice Notice)> notices, CancellationToken cancel)
    {
        var wish = render.Wish(state, [.. notices.Select(n => n.Notice)]);
        if (wish.IsEmpty) return Dress.None;
        var began = time.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(DressWithin);
        try
        {
            var dress = await dressing.ReadAsync(wish, patience.Token);
            metrics.Dressed(time.GetElapsedTime(began));
            return dress;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            metrics.Failed("dress");
            LogUndressed(wish.Calls.Count, e.Message);
            foreach (var (_, notice) in notices)
            {
                if (notice is Notice.Popped p) undressed[p.Offer.Agent] = new Notice.CardChanged(p.Offer.Agent, p.Offer.Call, p.At);
                else if (notice is Notice.CallChanged c) undressed[c.Agent] = new Notice.CardChanged(c.Agent, c.Call, c.At);
            }

            return Dress.None;
        }
    }

    /// <summary>Cards that could not be read before follow with the next batch.</summary>
    void AddUndressed(LiveState state, List<(long Seq, Notice Notice)> notices)
    {
        foreach (var notice in undressed.Values) notices.Add((state.Seq, notice));
        undressed.Clear();
    }

    void Measure(JournalEntry first)
    {
        var lag = time.GetUtcNow() - first.At;
        metrics.Sent(lag);
        if (lag > LateAfter == late) return;
        late = !late;
        feed.Tell(Audience.Everyone, new HintEvent("pops_late", late ? "on" : "off", null));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Live feed of {Domain} from {Seq}: {Calls} open calls, {Agents} agents")]
    private partial void LogLoaded(string domain, long seq, int calls, int agents);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal goes on at {Next} after {Seq}: the live state is read anew")]
    private partial void LogHole(long seq, long next);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The live feed cannot read after {Seq}")]
    private partial void LogReadFailed(Exception error, long seq);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cards of {Calls} calls could not be read in time: {Reason}")]
    private partial void LogUndressed(int calls, string reason);
}
