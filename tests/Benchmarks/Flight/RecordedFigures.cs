using CallCrm.CallRouter.Flight;
using CallCrm.Engine;
using CallCrm.Engine.Wire;
using CallCrm.TestKit.Load;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Benchmarks.Flight;

/// <summary>
/// Filtered AMI events through PBX model, engine and flight recorder, per second of processor time of the whole process: both
/// threads, garbage collection and packing are counted, and so are the requests, look-ups and ticks between the events.
/// </summary>
sealed class EngineRecordedFigure : IFigure
{
    public string Name => "engine.recorded";

    public string Unit => "events/s";

    public string Better => "higher";

    public string Goal => "≥ 200,000";

    public Task<double[]> RunAsync()
    {
        var slice = new SiteSlice(events: 400_000);
        var runs = new double[3];
        for (var run = -1; run < runs.Length; run++)
        {
            using var scratch = new FlightScratch();
            var (engine, all) = slice.Run(scratch.Options);
            if (run >= 0)
                runs[run] = slice.Events / all.TotalSeconds;
            if (run == runs.Length - 1)
            {
                var bytes = scratch.Files.Sum(f => new FileInfo(f).Length);
                Console.Error.WriteLine($"  {slice.Events} events, {slice.Inputs} inputs; engine's thread {engine.TotalSeconds:F2} s of {all.TotalSeconds:F2} s; {bytes / (double)slice.Events:F1} bytes on disk per event");
            }
        }

        return Task.FromResult(runs);
    }
}

/// <summary>What the recorder adds to the time of the engine's own thread, which callers wait for; the writer's thread is told beside it.</summary>
sealed class RecorderCostFigure : IFigure
{
    public string Name => "recorder_cost";

    public string Unit => "%";

    public string Better => "lower";

    public string Goal => "≤ 3";

    public Task<double[]> RunAsync()
    {
        var slice = new SiteSlice(events: 300_000);
        var runs = new double[3];
        for (var run = -1; run < runs.Length; run++)
        {
            using var scratch = new FlightScratch();
            var (added, writer) = slice.Cost(scratch.Options);
            if (run >= 0)
                runs[run] = added;
            if (run == runs.Length - 1)
                Console.Error.WriteLine($"  the writer's thread, each small batch packed and given to the system: {writer:F0} % of the engine's time");
        }

        return Task.FromResult(runs);
    }
}

/// <summary>A day of a 500-agent site, recorded by the hour, replayed with every state hash checked.</summary>
sealed class ReplayDayFigure : IFigure
{
    public string Name => "replay.day";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 60";

    public Task<double[]> RunAsync()
    {
        using var scratch = new FlightScratch();
        var events = Record(scratch.Options);
        var size = scratch.Files.Sum(f => new FileInfo(f).Length) / 1e6;
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
        {
            var (inputs, hashes) = (0L, 0);
            var from = System.Diagnostics.Stopwatch.GetTimestamp();
            foreach (var path in scratch.Files)
            {
                using var file = FlightFile.Open(path);
                var result = new FlightReplay(file).Run();
                if (result.Difference is { } difference || file.Ending != FlightEnding.Complete || result.Checked == 0)
                    throw new InvalidOperationException($"{path}: {result.Difference ?? file.EndedBy}");
                (inputs, hashes) = (inputs + result.Inputs, hashes + result.Checked);
            }

            runs[run] = System.Diagnostics.Stopwatch.GetElapsedTime(from).TotalSeconds;
            if (run == 0)
                Console.Error.WriteLine($"  {events} events, {inputs} inputs, {hashes} state hashes, {scratch.Files.Count} files, {size:F0} MB");
        }

        return Task.FromResult(runs);
    }

    static long Record(FlightOptions options)
    {
        var load = new SiteLoad(500, TimeSpan.FromSeconds(60), seed: 3);
        using var recorder = new FlightRecorder(options, TimeProvider.System, NullLogger.Instance);
        var last = default(Moment);
        load.Before = (at, input) =>
        {
            last = at;
            recorder.Take(at, input, load.Engine);
            if (load.Inputs % 10_000 == 0)
                recorder.WaitUntilWritten();
        };
        load.After = (at, effects) =>
        {
            foreach (var effect in effects)
            {
                if (effect is EngineEffect.Write write)
                    recorder.Take(at, write.Entry);
            }
        };
        load.Open();
        // Nights are quiet; from eight to eight it goes up to two thirds of the agents' time.
        load.Run(TimeSpan.FromHours(24), at => 0.25 + 4.3 * Math.Max(0, Math.Sin((at.TotalHours - 8) / 12 * Math.PI)));
        recorder.Close(last, load.Engine);
        if (recorder.Lost > 0)
            throw new InvalidOperationException($"{recorder.Lost} inputs were lost while the day was recorded");
        return load.Events;
    }
}

/// <summary>Taking the whole state, on the engine's thread, at each hash and new file: 10,000 agents, 1,000 calls.</summary>
sealed class EngineStateFigure : IFigure
{
    public string Name => "engine.state";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 100";

    public Task<double[]> RunAsync()
    {
        var load = new SiteLoad(10_000, TimeSpan.FromSeconds(60));
        load.Open();
        // Some 60 s of talk each: 1,000 at a time.
        load.Run(TimeSpan.FromMinutes(4), _ => 15.5);
        var writer = new WireWriter();
        for (var i = 0; i < 10; i++)
            EngineImage.Write(load.Engine, writer);
        Console.Error.WriteLine($"  {load.Engine.Snapshot().OpenCalls} open calls, {writer.Count / 1e6:F1} MB");
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
        {
            var from = SiteSlice.ThreadTime();
            for (var i = 0; i < 10; i++)
                EngineImage.Write(load.Engine, writer);
            runs[run] = (SiteSlice.ThreadTime() - from).TotalMilliseconds / 10;
        }

        return Task.FromResult(runs);
    }
}
