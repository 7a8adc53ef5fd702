using CallCrm.CallFlow;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CallRouter.Tests;

/// <summary>A phone is tried over real sockets; nothing of it is a call.</summary>
[Trait("Category", "Slow")]
public sealed class PhoneTestTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static RoadPhoneTestAsk Ask(bool start, string extension = "101", string? device = null) => new(RouterBench.Node, extension, device ?? $"PJSIP/{extension}", RouterBench.Anna, start);

    static async Task<RoadPhoneTest> TryAsync(RouterBench bench)
    {
        var begun = await bench.Road.TestPhoneAsync(Ask(start: true), default);
        begun.Should().BeEquivalentTo(new { Step = "ringing", Refusal = (string?)null });
        (await bench.Road.TestPhoneAsync(Ask(start: true), default)).Refusal.Should().Be("phone_test_runs");
        return await Eventually.GetAsync(() => bench.Road.TestPhoneAsync(Ask(start: false), default).GetAwaiter().GetResult() is { Step: "done" } done ? done : null, TimeSpan.FromSeconds(40), "the test's end");
    }

    [PostgresFact]
    public async Task A_phone_that_answers_and_holds_by_NOTIFY_is_found_out_and_no_call_is_made_of_it()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        (await bench.Road.TestPhoneAsync(Ask(start: false), default)).Step.Should().Be("none");
        (await TryAsync(bench)).Should().Be(new RoadPhoneTest("done", "PJSIP/101", true, Rang: true, Answers: "button", Hold: true));
        await Eventually.BeAsync(() => bench.Pbx.LiveChannels.IsEmpty, TimeSpan.FromSeconds(10), "the phone to be on hook");
        bench.Entries.Should().NotContain(e => e is CallStarted || e is LegStarted || e is CallOffered);
        bench.Entries.OfType<AgentChanged>().Last().State.Should().Be(AgentState.Ready, "it counts for nothing");
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from call")).Should().Be(0);
    }

    [PostgresFact]
    public async Task Whose_phone_it_is_not_who_is_in_a_call_and_what_is_no_PJSIP_phone_are_refused()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        (await bench.Road.TestPhoneAsync(Ask(start: true), default)).Refusal.Should().Be("not_your_extension", "she sits nowhere");
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102", ready: false);
        (await bench.Road.TestPhoneAsync(Ask(start: true, "102"), default)).Refusal.Should().Be("not_your_extension");
        foreach (var device in new[] { "SIP/101", "Local/1@callcrm-out", "PJSIP/1\r\nAction: Command" })
            (await bench.Road.TestPhoneAsync(Ask(start: true, device: device), default)).Refusal.Should().Be("phone_not_testable");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234567", RouterBench.Dialled));
        await bench.UntilAsync<OfferRang>();
        (await bench.Road.TestPhoneAsync(Ask(start: true), default)).Refusal.Should().Be("in_call");
    }
}
