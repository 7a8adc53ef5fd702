using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

[Trait("Category", "Slow")]
public sealed class RecordingTests
{
    private readonly string _folder = System.IO.Path.Combine(TestFolders.Recordings, Guid.NewGuid().ToString("N"));

    [Fact]
    public async Task A_recorded_call_leaves_both_directions_and_the_mark()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", ring: 120, record: true)], Options, new FasterTime(20));
        var call = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        await Task.Delay(600);
        call.HangUp();
        await call.Ended;
        await bench.Pbx.RecordingsWrittenAsync();

        var (client, agent) = (Read(call, "in"), Read(call, "out"));
        client.Length.Should().Be(agent.Length).And.BeGreaterThan(8000 * 8);
        Loudest(client).Should().BeGreaterThan(1000);
        Loudest(agent).Should().BeGreaterThan(1000);

        // They take turns: where one is loud the other listens.
        for (var second = 0; second + 1 < client.Length / 8000; second++)
        {
            Math.Min(Loudest(client[(second * 8000 + 3000)..(second * 8000 + 3400)]), Loudest(agent[(second * 8000 + 3000)..(second * 8000 + 3400)]))
                .Should().BeLessThan(500);
        }

        File.Exists(Path(call, ".done")).Should().BeTrue();
        (await bench.Ami.EventAsync("MixMonitorStart"))["Channel"].Should().Be(call.Channel);
    }

    [Fact]
    public async Task A_muted_stretch_is_silent_and_told()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", ring: 120, record: true)], Options, new FasterTime(20));
        var call = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        (await bench.Ami.DoAsync("MixMonitorMute", ("Channel", call.Channel!), ("Direction", "both"), ("State", "1"))).Name.Should().Be("Success");
        await Task.Delay(300);
        call.HangUp();
        await call.Ended;
        await bench.Pbx.RecordingsWrittenAsync();
        Loudest(Read(call, "out")[^32000..]).Should().Be(0);
        var told = await bench.Ami.EventAsync("MixMonitorMute");
        (told["Direction"], told["State"]).Should().Be(("both", "1"));
    }

    [Fact]
    public async Task A_call_that_nobody_answered_leaves_the_mark_alone()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true)], Options);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing);
        call.HangUp();
        await call.Ended;
        await bench.Pbx.RecordingsWrittenAsync();
        File.Exists(Path(call, ".done")).Should().BeTrue();
        File.Exists(Path(call, "-in.wav")).Should().BeFalse();
    }

    [Fact]
    public async Task Recording_starts_once_in_a_call_and_not_when_the_router_does_not_want_it()
    {
        await using var bench = await Bench.StartAsync(
            [Dial("PJSIP/109", record: true), Dial("PJSIP/101", record: true), Dial("PJSIP/102")], Options);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        var other = bench.Pbx.PlaceCall(Bench.Alice());
        await other.Reached(DemoCallPlace.Ringing, "PJSIP/102");
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("MixMonitorStart").Should().ContainSingle().Which["Channel"].Should().Be(call.Channel);
    }

    [Fact]
    public async Task A_killed_pbx_leaves_an_unfinished_file_without_a_mark()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", ring: 120, record: true)], Options, new FasterTime(20));
        var call = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        await Task.Delay(200);
        await bench.Pbx.RestartAsync(kill: true);
        await bench.Pbx.RecordingsWrittenAsync();
        File.Exists(Path(call, ".done")).Should().BeFalse();
        var bytes = await File.ReadAllBytesAsync(Path(call, "-in.wav"));
        bytes.Length.Should().BeGreaterThan(44);
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(40)).Should().Be(0);
    }

    [Fact]
    public void Without_espeak_the_babble_is_audible_and_fits_the_telephone()
    {
        var samples = CallCrm.DemoPbx.Recording.Babble.Make("Good morning, how can I help you?", 120);
        samples.Length.Should().BeInRange(8000, 8000 * 6);
        Loudest(samples).Should().BeInRange(2000, 20000);
    }

    private void Options(DemoPbxOptions options)
    {
        options.RecordingFolder = _folder;
        options.VoiceFolder = TestFolders.Voices;

        // Twenty times faster, a minute is over before a busy machine has answered.
        options.AgiTimeout = TimeSpan.FromHours(1);
    }

    private string Path(DemoCall call, string ending) => System.IO.Path.Combine(_folder, $"demo-{call.Uniqueid}{ending}");

    private short[] Read(DemoCall call, string direction)
    {
        var bytes = File.ReadAllBytes(Path(call, $"-{direction}.wav"));
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(24)).Should().Be(8000);
        BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(22)).Should().Be(1);
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(40)).Should().Be(bytes.Length - 44);
        return MemoryMarshal.Cast<byte, short>(bytes.AsSpan(44)).ToArray();
    }

    private static int Loudest(short[] samples) => samples.Length == 0 ? 0 : samples.Max(s => Math.Abs((int)s));
}
