using CallCrm.CallRouter.Flight;
using CallCrm.Engine;
using CallCrm.TestKit.Load;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace CallCrm.CallRouter.Tests.Flight;

/// <summary>What is measured is the memory of the process: nothing else may run in it meanwhile.</summary>
[CollectionDefinition(nameof(SoakAlone), DisableParallelization = true)]
public sealed class SoakAlone;

/// <summary>Two hours of 50 calls a second on the simulated clock, recorder on: memory stays where it was after the warm-up.</summary>
[Collection(nameof(SoakAlone))]
[Trait("Category", "Slow")]
public sealed class SoakTests(ITestOutputHelper output)
{
    const int CallsPerSecond = 50;
    static readonly TimeSpan Length = TimeSpan.FromHours(2);
    static readonly TimeSpan WarmUp = TimeSpan.FromHours(1);

    /// <summary>Enough agents that no line grows: a longer line is no leak, but more memory.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void Two_hours_of_50_calls_a_second_leave_memory_flat() => Soak(agents: 6_000, CallsPerSecond, Length, WarmUp);

    /// <summary>The same for a minute, so that the long one cannot rot.</summary>
    [Fact]
    public void A_short_soak_leaves_nothing_behind() => Soak(agents: 60, callsPerSecond: 0.7, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(15));

    void Soak(int agents, double callsPerSecond, TimeSpan length, TimeSpan warmUp)
    {
        using var recording = new Recording();
        var load = new SiteLoad(agents, TimeSpan.FromSeconds(45), seed: 11);
        var options = new FlightOptions(recording.Folder, "main") { FileAge = TimeSpan.FromMinutes(10), TotalBytes = 400L << 20 };
        using var recorder = new FlightRecorder(options, TimeProvider.System, NullLogger.Instance);
        var last = default(Moment);
        load.Before = (at, input) =>
        {
            last = at;
            if (load.Inputs % 5_000 == 0)
                recorder.WaitUntilWritten();
            recorder.Take(at, input, load.Engine);
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
        load.Run(warmUp, _ => callsPerSecond);
        recorder.WaitUntilWritten();
        var warm = Memory();
        var memory = new List<long>();
        // Ten minutes in the long one, as the files: in the middle of one the recorder knows more texts than at its start.
        var step = (length - warmUp) / 6;
        for (var i = 1; i <= 6; i++)
        {
            load.Run(warmUp + step * i, _ => callsPerSecond);
            recorder.WaitUntilWritten();
            var now = Memory();
            output.WriteLine($"{load.Now}: {load.Calls} calls, {load.Events} events, {now / 1e6:F1} MB, {(now / (double)warm - 1) * 100:+0.0;-0.0} %");
            load.Engine.CheckInvariants().Should().BeEmpty();
            memory.Add(now);
        }

        // Small heaps swing with the number of calls just now: five megabytes of that are no leak.
        var swing = warm < 100_000_000 ? 5_000_000 : 0;
        // One look may come upon a full buffer: the middle one of the first three is where it began.
        warm = memory.Take(2).Append(warm).Order().ElementAt(1);
        memory.Skip(2).Should().OnlyContain(m => m > warm * 0.95 - swing && m < warm * 1.05 + swing, "it was {0:N0} after the warm-up", warm);

        load.Drain();
        recorder.Close(last, load.Engine);
        recorder.Lost.Should().Be(0);
        load.Engine.Snapshot().OpenCalls.Should().Be(0);
        load.Answered.Should().BeGreaterThan((long)(load.Calls * 0.8));
        load.Calls.Should().BeGreaterThan((long)(length.TotalSeconds * callsPerSecond * 0.9));
        using var file = FlightFile.Open(recording.Files[^1]);
        new FlightReplay(file).Run().Difference.Should().BeNull();
    }

    static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
