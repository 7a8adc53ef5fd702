using System.Globalization;

namespace CallCrm.DemoPbx;

/// <summary>Places calls as a small company gets them; the same seed gives the same callers at the same gaps.</summary>
public sealed class DemoTraffic
{
    private readonly DemoPbxServer _server;
    private readonly DemoPbxOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private CancellationTokenSource? _running;
    private int _alive;
    private int _placed;

    internal DemoTraffic(DemoPbxServer server, DemoPbxOptions options, TimeProvider time)
    {
        (_server, _options, _time) = (server, options, time);
        _random = new Random(options.Seed);
    }

    /// <summary>Gives the number (and, if known to the network, the name) of a caller with a card. Null: the list in the options.</summary>
    public Func<Random, DemoKnownCaller?>? KnownCaller { get; set; }

    /// <summary>Gives the number to dial. Null: one of <see cref="DemoTrafficOptions.DialledNumbers"/>.</summary>
    public Func<Random, string?>? DialledNumber { get; set; }

    /// <summary>Called for every placed call.</summary>
    public Action<DemoCall>? Placed { get; set; }

    /// <summary>Calls placed so far.</summary>
    public int Count => _placed;

    /// <summary>Begins to place calls.</summary>
    public void Start()
    {
        if (_running is null)
        {
            _running = new CancellationTokenSource();
            _ = RunAsync(_running.Token);
        }
    }

    /// <summary>Places no more; calls under way go on.</summary>
    public void Stop()
    {
        _running?.Cancel();
        _running = null;
    }

    /// <summary>The next caller, drawn but not placed.</summary>
    public DemoCaller Next()
    {
        var traffic = _options.Traffic;
        var known = _random.Next(100) >= traffic.NewCallerPercent ? Known() : null;
        var caller = known ?? new DemoKnownCaller(NewNumber(), null);
        var givesUp = _random.Next(100) < traffic.GiveUpPercent;
        var dialled = DialledNumber?.Invoke(_random)
            ?? (traffic.DialledNumbers.Count > 0 ? traffic.DialledNumbers[_random.Next(traffic.DialledNumbers.Count)] : "100");
        return new DemoCaller(caller.Number, dialled)
        {
            Name = caller.Name,

            // Who gives up does so before the slowest phone answers; the others wait on hold as long as people do.
            Patience = givesUp ? Seconds(1.5, 5) : TimeSpan.FromMinutes(10),
            HoldPatience = givesUp ? Seconds(4, 15) : Seconds(45, 180),
            TalkAtMost = TimeSpan.FromMinutes(8),
        };
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        // The first call comes soon: nobody likes to wait for a demo.
        var gap = TimeSpan.FromSeconds(Math.Min(3, _options.Traffic.Interval.TotalSeconds));
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(gap, _time, cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (Volatile.Read(ref _alive) < _options.Traffic.MaxCalls)
            {
                Place(Next());
            }

            gap = _options.Traffic.Interval * (0.5 + _random.NextDouble());
        }
    }

    private void Place(DemoCaller caller)
    {
        Interlocked.Increment(ref _alive);
        _placed++;
        var call = _server.PlaceCall(caller);
        _ = call.Ended.ContinueWith(_ => Interlocked.Decrement(ref _alive), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Placed?.Invoke(call);
    }

    private DemoKnownCaller? Known()
    {
        if (KnownCaller?.Invoke(_random) is { } known)
        {
            return known;
        }

        var list = _options.Traffic.KnownCallers;
        return list.Count > 0 ? new DemoKnownCaller(list[_random.Next(list.Count)], null) : null;
    }

    private string NewNumber()
    {
        var prefixes = _options.Traffic.NewCallerPrefixes;
        var prefix = prefixes.Count > 0 ? prefixes[_random.Next(prefixes.Count)] : "+39347";
        return string.Create(CultureInfo.InvariantCulture, $"{prefix}{_random.Next(10_000_000):D7}");
    }

    private TimeSpan Seconds(double from, double to) => TimeSpan.FromSeconds(from + ((to - from) * _random.NextDouble()));
}

/// <summary>A caller the CRM has a card for.</summary>
/// <param name="Number">The number as the carrier sends it.</param>
/// <param name="Name">The name the carrier sends, if any.</param>
public sealed record DemoKnownCaller(string Number, string? Name);
