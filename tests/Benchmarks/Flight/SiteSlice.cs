using System.Runtime.InteropServices;
using CallCrm.CallRouter.Flight;
using CallCrm.Engine;
using CallCrm.Engine.Wire;
using CallCrm.TestKit.Load;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Benchmarks.Flight;

/// <summary>
/// A stretch of a 500-agent site's busy hour: filtered AMI events as the captured calls have them, cut to what the model reads, with
/// the requests, look-ups, commands and ticks between them. Made beforehand, so that making it is not measured.
/// </summary>
sealed class SiteSlice
{
    const int Agents = 500;

    readonly byte[] _state;
    readonly List<(Moment At, EngineInput Input)> _inputs = [];

    public SiteSlice(int events)
    {
        var load = new SiteLoad(Agents, TimeSpan.FromSeconds(60));
        load.Open();
        load.Run(TimeSpan.FromMinutes(10), _ => CallsPerSecond);
        _state = EngineImage.Of(load.Engine);
        load.Before = (at, input) => _inputs.Add((at, input));
        var before = load.Events;
        for (var minute = 11; load.Events - before < events; minute++)
            load.Run(TimeSpan.FromMinutes(minute), _ => CallsPerSecond);
        Events = (int)(load.Events - before);
    }

    /// <summary>Two thirds of the agents' time.</summary>
    public const double CallsPerSecond = 4.3;

    public int Events { get; }

    public int Inputs => _inputs.Count;

    /// <summary>Time on the processor: the engine's thread alone, and the whole process (its garbage collector and the writer included).</summary>
    public (TimeSpan Engine, TimeSpan All) Run(FlightOptions options)
    {
        var engine = EngineImage.Read(_state, WireFile.Of(WireFile.CurrentText));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (all, own) = (Environment.CpuUsage.TotalTime, ThreadTime());
        using var recorder = new FlightRecorder(options, TimeProvider.System, NullLogger.Instance);
        var n = 0;
        foreach (var (at, input) in _inputs)
        {
            // Time runs some thousand times faster here than for a site: the writer is let catch up, and nothing is lost.
            if (++n % 1024 == 0 && recorder.Backlog > 40_000)
                SpinWait.SpinUntil(() => recorder.Backlog < 10_000);
            Handle(engine, recorder, at, input);
        }

        own = ThreadTime() - own;
        recorder.Close(_inputs[^1].At, engine);
        all = Environment.CpuUsage.TotalTime - all;
        if (recorder.Lost > 0)
            throw new InvalidOperationException($"{recorder.Lost} of {Inputs} inputs were lost");
        return (own, all);
    }

    /// <summary>
    /// What the recorder adds to the engine's thread: two engines go through the same batches by turns, one recorded. Each batch is
    /// written before the next, as at a site, where the writer is never behind. Batches in which others took the processor (the
    /// slowest twentieth of either) are left out; the states that files open with, and those that are hashed on the way, are added by what
    /// they take.
    /// </summary>
    /// <returns>Percent of the engine's time: added to its thread, and spent by the rest of the process.</returns>
    public (double Added, double Writer) Cost(FlightOptions options)
    {
        const int Batch = 256;
        var engines = new[] { EngineImage.Read(_state, WireFile.Of(WireFile.CurrentText)), EngineImage.Read(_state, WireFile.Of(WireFile.CurrentText)) };
        var batches = _inputs.Count / Batch;
        var (bare, recorded) = (new long[batches], new long[batches]);
        using var recorder = new FlightRecorder(options, TimeProvider.System, NullLogger.Instance);
        recorder.Take(_inputs[0].At, EngineInput.Tick.Instance, engines[1]);
        GC.Collect();
        var before = Environment.CpuUsage.TotalTime;
        var own = ThreadTime();
        for (var n = 0; n < batches; n++)
        {
            for (var turn = 0; turn < 2; turn++)
            {
                var isRecorded = (turn + n) % 2 == 0;
                var began = ThreadTime();
                for (var i = n * Batch; i < (n + 1) * Batch; i++)
                    Handle(engines[isRecorded ? 1 : 0], isRecorded ? recorder : null, _inputs[i].At, _inputs[i].Input);
                (isRecorded ? recorded : bare)[n] = (ThreadTime() - began).Ticks;
            }

            recorder.WaitUntilWritten();
        }

        var others = Environment.CpuUsage.TotalTime - before - (ThreadTime() - own);
        var (worstBare, worstRecorded) = (bare.Order().ElementAt(batches * 19 / 20), recorded.Order().ElementAt(batches * 19 / 20));
        var good = Enumerable.Range(0, batches).Where(n => bare[n] <= worstBare && recorded[n] <= worstRecorded).ToArray();
        var hours = (_inputs[batches * Batch - 1].At.Stamp - _inputs[0].At.Stamp) / TimeSpan.FromHours(1);
        var states = hours * Math.Min(
            TimeSpan.FromHours(1) / options.FileAge + _inputs.Count / hours / (EngineImage.Of(engines[0]).Length * options.InputsPerByte),
            TimeSpan.FromHours(1) / options.MarkEvery);
        var added = good.Sum(n => recorded[n]) / (double)good.Sum(n => bare[n]) - 1 + states * StateTime(engines[0]) / bare.Sum();
        recorder.Close(_inputs[^1].At, engines[1]);
        return (added * 100, others.Ticks / (double)bare.Sum() * 100);
    }

    /// <summary>Ticks to take the whole state once.</summary>
    static double StateTime(CallEngine engine)
    {
        var writer = new WireWriter();
        EngineImage.Write(engine, writer);
        return Enumerable.Range(0, 10).Min(_ =>
        {
            var began = ThreadTime();
            EngineImage.Write(engine, writer);
            return (ThreadTime() - began).Ticks;
        });
    }

    static void Handle(CallEngine engine, FlightRecorder? recorder, Moment at, EngineInput input)
    {
        recorder?.Take(at, input, engine);
        // Also without a recorder the effects are looked through, as the router does.
        foreach (var effect in engine.Handle(at, input).Effects)
        {
            if (effect is EngineEffect.Write write)
                recorder?.Take(at, write.Entry);
        }
    }

    /// <summary>Of the calling thread.</summary>
    public static TimeSpan ThreadTime()
    {
        const int CLOCK_THREAD_CPUTIME_ID = 3;
        return clock_gettime(CLOCK_THREAD_CPUTIME_ID, out var time) == 0
            ? TimeSpan.FromTicks(time.Seconds * TimeSpan.TicksPerSecond + time.Nanoseconds / 100)
            : throw new PlatformNotSupportedException("the time of a thread is read by clock_gettime");
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [DllImport("libc")]
    static extern int clock_gettime(int clock, out Timespec time);
}

/// <summary>A folder for one run.</summary>
sealed class FlightScratch : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("callcrm-flight");

    /// <summary>As in operation.</summary>
    public FlightOptions Options => new(_folder.FullName, "main") { TotalBytes = 1L << 40 };

    public IReadOnlyList<string> Files => FlightFolder.Files(_folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);
}
