using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.CallRouter;
using CallCrm.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Benchmarks.Database;

/// <summary>
/// The router's way of a call without PBX and page: request → look-up in PostgreSQL → decision → journal and projections committed.
/// Calls come at fixed times whatever the answers take, so a stall is measured by everyone who came meanwhile.
/// </summary>
sealed class RouteLoad : IAsyncDisposable
{
    const string Node = "pbx";
    static readonly PhoneNumber s_dialled = new("800100", NumberKind.Unparsed);
    static readonly TimeSpan s_talk = TimeSpan.FromSeconds(4);
    readonly CallEngine _engine = new("main");
    readonly Channel<EngineInput> _inputs = Channel.CreateUnbounded<EngineInput>(new UnboundedChannelOptions { SingleReader = true });
    readonly Dictionary<Guid, (long Due, LegId Leg)> _asked = [];
    readonly List<double> _waits_ms = [];
    readonly List<double> _commits_ms = [];
    readonly JournalWriter _journal;
    readonly CommitGate _gate;
    readonly ConcurrentDictionary<Guid, long> _decided = new();
    readonly CancellationTokenSource _end = new();
    readonly ClientDirectory _directory;
    readonly ChangeHints _hints;
    readonly long _began = Stopwatch.GetTimestamp();
    readonly Random _random = new(1);
    Task _loop = Task.CompletedTask;
    int _calls;

    RouteLoad(JournalWriter journal, ClientDirectory directory, ChangeHints hints) =>
        (_journal, _gate, _directory, _hints) = (journal, new CommitGate(journal, TimeProvider.System), directory, hints);

    public static async Task<RouteLoad> StartAsync(BenchDatabase database)
    {
        var hints = new ChangeHints(database.Pages, TimeProvider.System, NullLogger<ChangeHints>.Instance);
        var journal = await JournalWriter.OpenAsync(database.Router, "main", new JournalOptions { SpillFolder = database.SpillFolder }, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var load = new RouteLoad(journal, new ClientDirectory(database.Pages, database.Router, hints, TimeProvider.System), hints);
        load.SetUp();
        load._loop = Task.WhenAll(Task.Run(load.LoopAsync), Task.Run(() => load._gate.RunAsync(load.LetOut, load._end.Token)));
        return load;
    }

    /// <summary>Milliseconds from a call's due time to its committed route, sorted.</summary>
    public async Task<double[]> RunAsync(int callsPerSecond, int seconds)
    {
        lock (_waits_ms)
        {
            _waits_ms.Clear();
            _commits_ms.Clear();
        }

        var from = Stopwatch.GetTimestamp();
        var total = callsPerSecond * seconds;
        for (var n = 0; n < total; n++)
        {
            var due = from + (long)((double)n / callsPerSecond * Stopwatch.Frequency);
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait);
            // Timers are a millisecond coarse: what was due counts from then on, but never before it could begin.
            Ask(Math.Max(due, wait > TimeSpan.Zero ? Stopwatch.GetTimestamp() : due));
        }

        await Task.Delay(TimeSpan.FromSeconds(1));
        lock (_waits_ms)
            return _waits_ms.Count >= total * 0.99 ? [.. _waits_ms.Order()] : throw new InvalidOperationException($"only {_waits_ms.Count} of {total} calls were routed");
    }

    /// <summary>Milliseconds that an offer waited for its commit in the last run, sorted.</summary>
    public double[] Commits_ms()
    {
        lock (_waits_ms)
            return [.. _commits_ms.Order()];
    }

    public async ValueTask DisposeAsync()
    {
        await Task.Delay(s_talk + TimeSpan.FromSeconds(1));
        _inputs.Writer.TryComplete();
        await _end.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _journal.DisposeAsync();
        await _hints.DisposeAsync();
    }

    void SetUp()
    {
        var ids = Enumerable.Range(1, BenchDatabase.Agents).Select(BenchDatabase.Agent).ToArray();
        var reject = new Overflow(AfterWait.Reject, "");
        var queue = new QueueSettings(BenchDatabase.Agent(1_000_001), "Sales", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromMinutes(5), reject, reject, reject, null,
            TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true, [.. ids.Select(a => new QueueAgent(a, 1))]);
        Post(new EngineInput.Restored(_journal.Restored));
        Post(new EngineInput.SettingsChanged(new EngineSettings(1, "main", [queue], [.. ids.Select(a => new AgentSettings(a, "a", NeedsPage: false))],
            [.. Enumerable.Range(1, ids.Length).Select(n => new ExtensionSettings(Node, $"{n}", [new DeviceSettings($"PJSIP/{n}", true, true)]))],
            [new DialledNumberSettings("800100", "Sales", queue.Id, "web", "it")], [new PbxSettings(Node, ["PJSIP/trunk"], null)], new EngineOptions())));
        Fact(new PbxFact.Connected(Node, null, "22"));
        Fact(new PbxFact.Snapshot(Node, null, [], []));
        for (var n = 1; n <= ids.Length; n++)
        {
            Post(new EngineInput.Command(Guid.NewGuid(), ids[n - 1], new AgentCommand.SignIn(Node, $"{n}")));
            Post(new EngineInput.Command(Guid.NewGuid(), ids[n - 1], new AgentCommand.Ready()));
        }
    }

    void Ask(long due)
    {
        var n = Interlocked.Increment(ref _calls);
        var leg = new LegId(Node, $"{n}.1");
        var request = Guid.NewGuid();
        // Nine of ten are known; a new caller's card is made on the way.
        var number = _random.Next(10) > 0 ? BenchDatabase.Number(_random.Next(BenchDatabase.Clients) + 1) : $"+39347{_random.Next(10_000_000):D7}";
        lock (_asked)
            _asked.Add(request, (due, leg));
        Post(new EngineInput.RouteAsked(request, Guid.CreateVersion7(), leg, $"PJSIP/trunk-{n:x8}", RequestState.New, new PhoneNumber(number, NumberKind.E164, number), "Ada", s_dialled, null));
    }

    void Post(EngineInput input) => _inputs.Writer.TryWrite(input);

    void Fact(PbxFact fact) => Post(new EngineInput.Fact(fact, Guid.CreateVersion7()));

    async Task LoopAsync()
    {
        var tick = TimeSpan.Zero;
        await foreach (var input in _inputs.Reader.ReadAllAsync())
        {
            var stamp = Stopwatch.GetElapsedTime(_began);
            await TakeAsync(_engine.Handle(new Moment(stamp, TimeProvider.System.GetUtcNow()), input).Effects);
            if (stamp - tick < TimeSpan.FromMilliseconds(100))
                continue;
            tick = stamp;
            await TakeAsync(_engine.Handle(new Moment(stamp, TimeProvider.System.GetUtcNow()), EngineInput.Tick.Instance).Effects);
        }
    }

    async Task TakeAsync(IReadOnlyList<EngineEffect> effects)
    {
        foreach (var look in effects.OfType<EngineEffect.LookUp>())
            _ = LookUpAsync(look);
        foreach (var answer in effects.OfType<EngineEffect.AnswerRoute>())
            _decided[answer.Request] = Stopwatch.GetTimestamp();
        JournalEntry[] entries = [.. effects.OfType<EngineEffect.Write>().Select(w => w.Entry)];
        EngineEffect[] others = [.. effects.Where(e => e is not EngineEffect.Write and not EngineEffect.LookUp)];
        if (entries.Length > 0 || others.Length > 0)
            await _gate.PutAsync(entries, others, safe: null, CancellationToken.None);
    }

    void LetOut(EngineEffect effect)
    {
        if (effect is EngineEffect.AnswerRoute { Answer: RouteAnswer.Dial dial } answer)
            _ = AnswerAsync(answer.Request, dial.Device);
    }

    async Task LookUpAsync(EngineEffect.LookUp look) =>
        Post(new EngineInput.LookupArrived(look.Call, await _directory.IdentifyAsync(look.Caller, look.CallerName, look.Source, mayCreate: true, CancellationToken.None)));

    async Task AnswerAsync(Guid request, string device)
    {
        var now = Stopwatch.GetTimestamp();
        (long Due, LegId Leg) asked;
        lock (_asked)
            _asked.Remove(request, out asked);
        lock (_waits_ms)
        {
            _waits_ms.Add(Stopwatch.GetElapsedTime(asked.Due, now).TotalMilliseconds);
            _commits_ms.Add(Stopwatch.GetElapsedTime(_decided[request], now).TotalMilliseconds);
        }

        var phone = asked.Leg with { UniqueId = asked.Leg.UniqueId + "p" };
        Post(new EngineInput.RouteTaken(request));
        Fact(new PbxFact.LegCreated(Node, null, phone, asked.Leg.UniqueId, device + "-1", device, "", "", "", "", false));
        Fact(new PbxFact.DialBegan(Node, null, asked.Leg, phone, device));
        Fact(new PbxFact.LegRang(Node, null, phone));
        Fact(new PbxFact.DialEnded(Node, null, asked.Leg, phone, DialResult.Answered, null));
        Fact(new PbxFact.LegJoined(Node, null, phone, asked.Leg.UniqueId));
        Fact(new PbxFact.LegJoined(Node, null, asked.Leg, asked.Leg.UniqueId));
        await Task.Delay(s_talk);
        Fact(new PbxFact.LegEnded(Node, null, asked.Leg, 16, null, true));
        Fact(new PbxFact.LegEnded(Node, null, phone, 16, null, false));
    }
}
