using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CallCrm.CallFlow;
using CallCrm.Engine;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.CallRouter.Tests;

/// <summary>What the engine counts is told to the meters.</summary>
public sealed class MetricsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    [Trait("Category", "Slow")]
    public async Task Events_that_fit_nothing_are_told_by_PBX_and_reason()
    {
        const string Node = "counted";
        await using var bench = await RouterBench.StartAsync(postgres, new Dictionary<string, string?> { ["Pbx:0:Node"] = Node }, pbx => pbx.Node = Node);
        using var meters = new Meters("callcrm_pbx_events_ignored", "callcrm_pbx_legs_evicted");
        var ami = new AmiClient(new AmiClientOptions { Port = bench.Pbx.AmiPort, User = "callcrm", Secret = "s3cret" });
        using var stop = new CancellationTokenSource();
        var running = ami.RunAsync(stop.Token);
        await foreach (var signal in ami.Signals.ReadAllAsync(CancellationToken.None))
        {
            if (signal is AmiConnected)
                break;
        }

        var before = (Unknown: meters.Of($"{Node} unknown_leg"), Malformed: meters.Of($"{Node} malformed"));
        await ami.SendAsync(new AmiAction("UserEvent") { { "UserEvent", "CallCrmHold" }, { "Uniqueid", "nobody-1.1" } }, stop.Token);
        await ami.SendAsync(new AmiAction("UserEvent") { { "UserEvent", "CallCrmHold" }, { "Uniqueid", "nobody-1.2" } }, stop.Token);
        await ami.SendAsync(new AmiAction("UserEvent") { { "UserEvent", "CallCrmHold" } }, stop.Token);

        await Eventually.BeAsync(() => meters.Of($"{Node} unknown_leg") == before.Unknown + 2 && meters.Of($"{Node} malformed") == before.Malformed + 1, TimeSpan.FromSeconds(20), "two unknown, one malformed");
        meters.Of($"{Node} ").Should().Be(0, "none was given up");
        await stop.CancelAsync();
        await running;
    }

    [PostgresFact]
    [Trait("Category", "Slow")]
    public async Task A_clock_that_was_set_is_counted_and_named_once()
    {
        var time = new SetClock();
        await using var bench = await RouterBench.StartAsync(await postgres.NewDatabaseAsync(), time: time);
        using var meters = new Meters("callcrm_clock_steps");
        await bench.SignInAsync(RouterBench.Anna, "101");
        meters.Of(" ").Should().Be(0);

        time.Ahead = TimeSpan.FromSeconds(-90);
        await bench.SignInAsync(RouterBench.Luca, "102");

        await Eventually.BeAsync(() => meters.Of(" ") == 1, TimeSpan.FromSeconds(20), "one step");
        KeptLog.Text().Should().Contain("clock was set by -90.0 s");
    }

    [Fact]
    public void Only_what_moves_the_time_of_day_against_the_monotonic_clock_is_a_step()
    {
        var (noon, watch) = (new DateTimeOffset(2026, 7, 1, 12, 0, 0, TimeSpan.Zero), new ClockWatch());
        TimeSpan? Step(double stamp_s, double utc_s) => watch.Step(new Moment(TimeSpan.FromSeconds(stamp_s), noon.AddSeconds(utc_s)));

        Step(10, 0).Should().BeNull("the first says nothing");
        Step(4000, 3990).Should().BeNull("a long pause is none");
        Step(4001, 3992.9).Should().BeNull("drawn right");
        Step(4002, 4002).Should().Be(TimeSpan.FromSeconds(8.1));
        Step(4003, 4003).Should().BeNull("told once");
        Step(4004, 404).Should().Be(TimeSpan.FromHours(-1));
    }

    sealed class SetClock : TimeProvider
    {
        long _ahead_ticks;

        public TimeSpan Ahead { set => Volatile.Write(ref _ahead_ticks, value.Ticks); }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _ahead_ticks));
    }

    /// <summary>Values of some instruments by their tags, "node reason".</summary>
    sealed class Meters : IDisposable
    {
        readonly MeterListener _listener = new();
        readonly ConcurrentDictionary<string, long> _values = new(StringComparer.Ordinal);

        public Meters(params string[] names)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "CallCrm.Router" && names.Contains(instrument.Name))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                string node = "", reason = "";
                foreach (var (key, tag) in tags)
                    (node, reason) = key == "node" ? ($"{tag}", reason) : (node, $"{tag}");
                _values.AddOrUpdate($"{node} {reason}", value, (_, old) => instrument.IsObservable ? value : old + value);
            });
            _listener.Start();
        }

        public long Of(string tags)
        {
            _listener.RecordObservableInstruments();
            return _values.GetValueOrDefault(tags);
        }

        public void Dispose() => _listener.Dispose();
    }
}
