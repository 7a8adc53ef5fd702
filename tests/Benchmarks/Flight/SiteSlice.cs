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
    /// Time of the engine's thread in small batches, each written before the next begins, as at a site, where the writer is never
    /// behind. Without: the recorder gets the same inputs, but between the measured stretches, so that what its thread does to the
    /// caches is the same.
    /// </summary>
    public (TimeSpan Engine, TimeSpan All) RunPaced(FlightOptions options, bool recorded)
    {
        const int Batch = 256;
        var engine = EngineImage.Read(_state, WireFile.Of(WireFile.CurrentText));
        using var recorder = new FlightRecorder(options, TimeProvider.System, NullLogger.Instance);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (all, own) = (Environment.CpuUsage.TotalTime, TimeSpan.Zero);
        for (var from = 0; from < _inputs.Count; from += Batch)
        {
            var batch = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_inputs).Slice(from, Math.Min(Batch, _inputs.Count - from));
            var began = ThreadTime();
            foreach (var (at, input) in batch)
                Handle(engine, recorded ? recorder : null, at, input);
            own += ThreadTime() - began;
            if (!recorded)
            {
                foreach (var (at, input) in batch)
                    recorder.Take(at, input, engine);
            }

            recorder.WaitUntilWritten();
        }

        all = Environment.CpuUsage.TotalTime - all;
        recorder.Close(_inputs[^1].At, engine);
        return (own, all);
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
