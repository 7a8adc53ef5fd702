using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Real recordings, whose marks are held against the PBX's own times: no sound is written while neither side sends any.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Recordings(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly TimeSpan Near = TimeSpan.FromMilliseconds(250);

    /// <param name="silent">The caller sends no sound, and waits with music before anybody rings.</param>
    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_talk_is_marked_where_it_is_heard(bool silent)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromSeconds(3), talk: TimeSpan.FromSeconds(60));
        await using var watch = await lab.WatchAsync();
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101", ready: !silent);
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112291", Talk = TimeSpan.FromSeconds(silent ? 12 : 5), Keys = silent ? "1" : "" });
        if (silent)
        {
            await watch.UserEventAsync("CallCrmHold");
            await anna.CommandAsync("ready");
        }

        (await call.EndAsync()).Should().Be(0);
        var client = await watch.EventAsync("MixMonitorStart");
        var joined = await watch.EventAsync("BridgeEnter", e => e["Uniqueid"] == client["Uniqueid"]);
        var left = await watch.EventAsync("BridgeLeave", e => e["Uniqueid"] == client["Uniqueid"]);
        var talked = TimeSpan.FromSeconds(LabAmi.AtSeconds(left) - LabAmi.AtSeconds(joined));
        RecordingView? recording = null;
        for (var n = 0; n < 300 && recording is not { Status: "ready" }; n++)
        {
            await Task.Delay(200);
            var row = (await supervisor.Http.GetFromJsonAsync("api/calls?limit=5", ContractsJson.Default.ListPageCallRow))!.Items.FirstOrDefault(r => r.Caller.Number?.Replace(" ", "", StringComparison.Ordinal) == "+393471112291");
            recording = row?.RecordingId is { } id ? await supervisor.Http.GetFromJsonAsync($"api/recordings/{id}", ContractsJson.Default.RecordingView) : null;
        }

        recording.Should().NotBeNull();
        var talk = recording!.Parts.Should().ContainSingle(p => p.Kind == "talk").Subject;
        talk.Agent.Should().Be("Anna Bianchi");
        TimeSpan.FromMilliseconds(talk.To_ms - talk.From_ms).Should().BeCloseTo(talked, Near, "no sound of the talk is missing");
        TimeSpan.FromMilliseconds(recording.Duration_ms - talk.To_ms).Should().BeLessThan(Near, "the recording ends with the talk");
        var ringing = TimeSpan.FromSeconds(LabAmi.AtSeconds(joined) - LabAmi.AtSeconds(client));
        if (!silent)
            TimeSpan.FromMilliseconds(talk.From_ms).Should().BeLessThan(Near, "nobody sends sound before the first answer, though it rang for {0}", ringing);
        TimeSpan.FromMilliseconds(recording.Missing_ms).Should().BeCloseTo(silent ? ringing - TimeSpan.FromMilliseconds(talk.From_ms) : TimeSpan.Zero, Near, "and what is missing is told");
    }
}
