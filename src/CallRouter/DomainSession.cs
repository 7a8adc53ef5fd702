using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>
/// One span during which this process holds the domain: the engine, the one consumer that feeds it, and the one that
/// commits entries and lets effects out after them.
/// </summary>
sealed partial class DomainSession(
    string domain, JournalWriter journal, IEnumerable<PbxLink> links, LookupRunner lookups, PopGate pops, RouterOptions options,
    Replies<Guid, RouteReply> routes, Replies<Guid, RoadAnswer> commands, FlightRecorder? flight, TimeProvider time, ILogger<DomainSession> log) : IInputs
{
    const int CountAfter = 10_000;

    // Inputs are small and handled in microseconds; a full queue means that the engine is stuck, and is reported.
    readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(
        new BoundedChannelOptions(65_536) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    readonly CommitGate _gate = new(journal, time);
    readonly CallEngine _engine = new(domain);
    readonly Dictionary<string, PbxLink> _links = links.ToDictionary(l => l.Node, StringComparer.Ordinal);
    readonly long _origin = time.GetTimestamp();
    readonly ClockWatch _clock = new();
    Task<bool>? _wait;
    int _uncounted;

    /// <param name="Look">A look between two inputs, in the place of one.</param>
    /// <param name="Safe">Called when what it led to is in the journal.</param>
    record struct Input(Moment At, EngineInput? What, Action<CallEngine>? Look, Action? Safe = null);

    FlightRecorder? _flight = flight;
    bool _failed;

    public Moment Now => new(time.GetElapsedTime(_origin), time.GetUtcNow());

    public ValueTask PutAsync(EngineInput input, CancellationToken cancel) => _inputs.Writer.WriteAsync(new Input(Now, input, null), cancel);

    public ValueTask PutAsync(EngineInput input, Action safe, CancellationToken cancel) => _inputs.Writer.WriteAsync(new Input(Now, input, null, safe), cancel);

    /// <summary>A look at the engine between two inputs, by its one consumer; it leaves no trace.</summary>
    public async Task<T> LookAsync<T>(Func<CallEngine, T> look, CancellationToken cancel)
    {
        var seen = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _inputs.Writer.WriteAsync(new Input(Now, null, See), cancel);
        return await seen.Task.WaitAsync(cancel);

        void See(CallEngine engine)
        {
            try
            {
                seen.TrySetResult(look(engine));
            }
            catch (Exception e)
            {
                seen.TrySetException(e);
            }
        }
    }

    public async Task RunAsync(EngineSettings settings, CancellationToken cancel)
    {
        await PutAsync(new EngineInput.Restored(journal.Restored), cancel);
        await PutAsync(new EngineInput.SettingsChanged(settings), cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] parts = [FeedEngineAsync(stop.Token), _gate.RunAsync(effect => _ = LetOutAsync(effect, stop.Token), stop.Token)];
        await Task.WhenAny(parts);
        await stop.CancelAsync();
        try
        {
            await Task.WhenAll(parts);
        }
        finally
        {
            _flight?.Close(Now, _failed ? null : _engine);
        }
    }

    async Task FeedEngineAsync(CancellationToken cancel)
    {
        TimeSpan? deadline = null;
        var last = TimeSpan.Zero;
        while (true)
        {
            if (!_inputs.Reader.TryRead(out var next))
            {
                Count();
                if (!await WaitForInputAsync(deadline, cancel))
                    next = new Input(Now, EngineInput.Tick.Instance, null);
                else if (!_inputs.Reader.TryRead(out next))
                    continue;
            }

            if (next.What is not { } input)
            {
                next.Look!(_engine);
                continue;
            }

            if (_clock.Step(next.At) is { } step)
            {
                RouterMetrics.ClockSteps.Add(1);
                LogClockStep(step.TotalSeconds);
            }

            // Writers stamp side by side; the engine's time never runs backwards.
            if (next.At.Stamp < last)
                next.At = next.At with { Stamp = last };
            last = next.At.Stamp;
            deadline = await HandleAsync(next.At, input, next.Safe, cancel);
        }
    }

    /// <summary>For the meters, by the engine's one consumer: where nothing waits, and now and then in a rush.</summary>
    void Count()
    {
        if (_uncounted == 0)
            return;
        _uncounted = 0;
        foreach (var (node, counters) in _engine.PbxCounters)
            RouterMetrics.Read(node, counters);
    }

    /// <returns>False when the engine's deadline came first.</returns>
    async Task<bool> WaitForInputAsync(TimeSpan? deadline, CancellationToken cancel)
    {
        // One wait at a time: after a tick the same one is awaited again.
        if (_wait is null || _wait.IsCompleted)
            _wait = _inputs.Reader.WaitToReadAsync(cancel).AsTask();
        if (deadline is not { } due)
            return await _wait;
        var left = due - Now.Stamp;
        if (left <= TimeSpan.Zero)
            return _wait.IsCompleted;
        try
        {
            // Timers know whole milliseconds: what is left of one would be no wait at all, over and over.
            return await _wait.WaitAsync(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time, cancel);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    async Task<TimeSpan?> HandleAsync(Moment at, EngineInput input, Action? safe, CancellationToken cancel)
    {
        RouterMetrics.Inputs.Add(1);
        if (++_uncounted >= CountAfter)
            Count();
        Keep(at, input);
        // Until it has come through: the state in the middle of an input is none.
        _failed = true;
        var step = _engine.Handle(at, input);
        _failed = false;
        if (input is EngineInput.PbxSaid { Event: { PbxTime: not null, Node: var node } } && _engine.ClockOf(node) is { } clock)
            RouterMetrics.Heard(node, clock.Offset, clock.Delay);
        List<JournalEntry>? entries = null;
        List<EngineEffect>? effects = null;
        foreach (var effect in step.Effects)
        {
            switch (effect)
            {
                case EngineEffect.Write write:
                    (entries ??= []).Add(write.Entry);
                    Keep(at, write.Entry);
                    LogEntry(write.Entry);
                    lookups.Learn(write.Entry);
                    break;
                case EngineEffect.LookUp lookUp:
                    lookups.Start(lookUp, _links.GetValueOrDefault(lookUp.Node)?.Options, this, cancel);
                    break;
                case EngineEffect.Breach breach:
                    Repair(breach);
                    break;
                case EngineEffect.Look look:
                    Resync(look.Node);
                    break;
                case EngineEffect.Report report:
                    RouterMetrics.Reports.Add(1, new KeyValuePair<string, object?>("code", report.Code));
                    LogReport(report.Code, report.Detail);
                    break;
                default:
                    if (AwaitedPop(effect) is { } offer)
                        pops.Expect(offer);
                    (effects ??= []).Add(effect);
                    break;
            }
        }

        if (entries is not null || effects is not null || safe is not null)
            await _gate.PutAsync(entries ?? [], effects ?? [], safe, cancel);
        return step.NextDeadline;
    }

    void Repair(EngineEffect.Breach breach)
    {
        RouterMetrics.Breaches.Add(1, new KeyValuePair<string, object?>("code", breach.Code));
        LogBreach(breach.Code, breach.Call, breach.Detail);
        Resync(breach.Node);
    }

    /// <param name="node">Null: all.</param>
    void Resync(string? node)
    {
        foreach (var link in _links.Values)
        {
            if (node is null || link.Node == node)
                link.Resync();
        }
    }

    void Keep(Moment at, EngineInput input)
    {
        try
        {
            _flight?.Take(at, input, _engine);
        }
        catch (Exception e)
        {
            NoFlight(e);
        }
    }

    void Keep(Moment at, JournalEntry entry)
    {
        try
        {
            _flight?.Take(at, entry);
        }
        catch (Exception e)
        {
            NoFlight(e);
        }
    }

    /// <summary>Whatever becomes of the recorder, calls go on.</summary>
    void NoFlight(Exception e)
    {
        _flight = null;
        LogFlightFailed(e);
    }

    static Guid? AwaitedPop(EngineEffect effect) => effect switch
    {
        EngineEffect.AnswerRoute route => route.AwaitPop,
        EngineEffect.Act act => act.AwaitPop,
        _ => null,
    };

    /// <summary>The wait for a pop holds back this effect alone.</summary>
    async Task LetOutAsync(EngineEffect effect, CancellationToken cancel)
    {
        try
        {
            if (AwaitedPop(effect) is { } offer)
                await pops.WaitAsync(offer, options.PopLead, cancel);
            switch (effect)
            {
                case EngineEffect.AnswerRoute route:
                    routes.Answer(route.Request, new RouteReply(route.Call, route.Answer));
                    break;
                case EngineEffect.AnswerCommand command:
                    commands.Answer(command.Command, new RoadAnswer(command.Accepted, command.Reason, command.Other));
                    break;
                case EngineEffect.Act act:
                    await ActAsync(act, cancel);
                    break;
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            LogEffectFailed(e, effect.GetType().Name);
        }
    }

    async Task ActAsync(EngineEffect.Act act, CancellationToken cancel)
    {
        var (ok, message) = _links.TryGetValue(act.Node, out var link)
            ? await link.ActAsync(act.What, cancel)
            : (false, $"no PBX '{act.Node}'");
        await PutAsync(new EngineInput.ActionDone(act.Action, ok, message), cancel);
    }

    void LogEntry(JournalEntry entry)
    {
        if (log.IsEnabled(LogLevel.Information) && entry.Call is { } call)
            LogMilestone(call, entry.GetType().Name, entry.Seq);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Call {Call} {Entry} #{Seq}")]
    partial void LogMilestone(Guid call, string entry, long seq);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Engine report {Code}: {Detail}")]
    partial void LogReport(string code, string detail);

    [LoggerMessage(Level = LogLevel.Error, Message = "Invariant {Code} broken, call {Call}: {Detail}. Mended; the PBX's snapshot is taken")]
    partial void LogBreach(string code, Guid? call, string detail);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The flight recorder failed; calls go on, and are not recorded for replay until the router starts again")]
    partial void LogFlightFailed(Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This machine's clock was set by {Seconds:F1} s; durations of running calls stay right, times of day before and after do not fit")]
    partial void LogClockStep(double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Effect {Effect} failed")]
    partial void LogEffectFailed(Exception e, string effect);
}

/// <summary>Where inputs for the engine go.</summary>
interface IInputs
{
    ValueTask PutAsync(EngineInput input, CancellationToken cancel);

    /// <param name="safe">Called once the engine has taken it and what it led to is in the journal; must return soon.</param>
    ValueTask PutAsync(EngineInput input, Action safe, CancellationToken cancel);
}

/// <summary>The engine's answer to a FastAGI request.</summary>
readonly record struct RouteReply(Guid Call, RouteAnswer Answer);
