using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.CallRouter.Pbx;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CallRouter.Tests;

/// <summary>Calls from the page, by AMI over real sockets.</summary>
[Trait("Category", "Slow")]
public sealed class DialTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Number = "+390699998888";

    static RoadCommand Dial(Guid? client = null, string? campaign = null) => new("dial", ClientId: client, Number: "06 9999 8888", E164: Number, Campaign: campaign);

    [PostgresFact]
    public async Task A_click_calls_and_is_identified_recorded_logged_and_replayed()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => (o.CustomerAnswersAfter, o.RecordingFolder) = (TimeSpan.FromMilliseconds(200), Directory.CreateTempSubdirectory("recordings").FullName));
        var client = await AddClientAsync(bench);
        await bench.SignInAsync(RouterBench.Anna, "101");

        await bench.DoAsync(RouterBench.Anna, Dial(campaign: "winter"));
        var started = await bench.UntilAsync<CallStarted>();
        var answered = await bench.UntilAsync<CallAnswered>();
        await Task.Delay(300);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("hang_up", started.Call));
        var ended = await bench.UntilAsync<CallEnded>();

        started.Should().BeEquivalentTo(new { Direction = CallDirection.Outbound, Caller = new { Raw = "101" }, Dialled = new { E164 = Number }, Routed = false, Campaign = "winter" });
        answered.Should().BeEquivalentTo(new { Agent = RouterBench.Anna, started.Call });
        ended.Should().BeEquivalentTo(new { Outcome = CallOutcome.Answered, By = EndedBy.Agent, Agent = (Guid?)RouterBench.Anna, Client = (Guid?)client });
        (await bench.UntilAsync<AgentChanged>(e => e.State == AgentState.WrapUp)).Call.Should().Be(started.Call);
        var leg = bench.Entries.OfType<LegStarted>().Single(e => e.IsClient);
        leg.ChannelName.Should().StartWith("PJSIP/trunk");
        (await bench.UntilAsync<RecordingStarted>()).UniqueId.Should().Be(leg.UniqueId, "the recording sits on the client's channel");
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(string, string, string, string)>("select direction, outcome, dialled_e164, campaign from call where id = @Call", new { started.Call })).Should().Be(("Outbound", "Answered", Number, "winter"));

        await bench.StopAsync();
        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        output.ToString().Should().MatchRegex("inputs from .* [1-9][0-9]* state hashes: the same");
        output.GetStringBuilder().Clear();
        FlightCommand.Replay(["--call", started.Call.ToString()!], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        output.ToString().Should().Contain("for the campaign winter").And.Contain($"ring PJSIP/101, then call {Number}, recorded").And.Contain("call ended: answered");
    }

    [PostgresFact]
    public async Task A_busy_number_is_told_and_nobody_gets_a_card()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => o.CustomerBehaviour = DemoPhoneBehaviour.Busy);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.DoAsync(RouterBench.Anna, Dial());
        (await bench.UntilAsync<CallEnded>()).Should().BeEquivalentTo(new { Outcome = CallOutcome.Busy, Client = (Guid?)null, Talk_ms = 0 });
        (await bench.UntilAsync<CallIdentified>()).Outcome.Should().Be(LookupOutcome.Unknown);
        bench.Entries.OfType<AgentChanged>().Last(e => e.Agent == RouterBench.Anna).State.Should().Be(AgentState.Ready);
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from client")).Should().Be(0);
    }

    [PostgresFact]
    public async Task A_PBX_without_the_context_fails_the_call_at_once()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => o.OutboundContexts = ["another"]);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.DoAsync(RouterBench.Anna, Dial());
        (await bench.UntilAsync<CallEnded>()).Should().BeEquivalentTo(new { Outcome = CallOutcome.Failed, By = EndedBy.Pbx });
    }

    [PostgresFact]
    public async Task A_colleague_is_called_and_answers()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => o.Phones[1].AnswerAfterMin = TimeSpan.FromMilliseconds(100));
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("dial", Number: "102"));
        var started = await bench.UntilAsync<CallStarted>();
        await bench.UntilAsync<LegStarted>(e => e.ChannelName.StartsWith("PJSIP/102", StringComparison.Ordinal));
        await Task.Delay(500);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("hang_up", started.Call));
        (await bench.UntilAsync<CallEnded>()).Should().BeEquivalentTo(new { Outcome = CallOutcome.Observed, started.Call });
        started.Direction.Should().Be(CallDirection.Internal);
    }

    [PostgresFact]
    public async Task Whether_colleagues_are_recorded_is_told_to_the_dialplan_at_once_and_again_after_a_restart_of_the_PBX()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => (o.Phones[1].AnswerAfterMin, o.RecordingFolder) = (TimeSpan.FromMilliseconds(100), Directory.CreateTempSubdirectory("recordings").FullName));
        await UntilToldAsync(bench, "0");
        await using (var database = await bench.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into domain_setting (domain, record_internal) values ('main', true); update settings_version set version = version + 1; notify callcrm_settings");
        await UntilToldAsync(bench, "1");
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("dial", Number: "102"));
        var recorded = await bench.UntilAsync<RecordingStarted>();
        recorded.UniqueId.Should().Be(bench.Entries.OfType<LegStarted>().Single(l => l.ChannelName.StartsWith("PJSIP/102", StringComparison.Ordinal)).UniqueId, "it sits on the called leg");

        await bench.Pbx.RestartAsync(kill: true);
        await UntilToldAsync(bench, "1");
        await bench.StopAsync();
        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
    }

    static Task UntilToldAsync(RouterBench bench, string value) =>
        Eventually.BeAsync(() => bench.Pbx.GlobalAsync("CALLCRM_RECORD_INTERNAL").GetAwaiter().GetResult() == value, TimeSpan.FromSeconds(20), $"the dialplan to know {value}");

    [Theory]
    [InlineData(DialForm.E164, "", "+390699998888", "+390699998888")]
    [InlineData(DialForm.International, "", "+390699998888", "00390699998888")]
    [InlineData(DialForm.International, "0", "+442079460958", "000442079460958")]
    [InlineData(DialForm.National, "9", "+390699998888", "90699998888")]
    [InlineData(DialForm.National, "", "+442079460958", "00442079460958")]
    public void A_number_is_dialled_as_the_PBX_wants_it_and_read_back(DialForm form, string prefix, string e164, string dialled)
    {
        var pbx = new PbxOptions { DialAs = form, DialPrefix = prefix };
        DialNumber.Of(new PhoneNumber("as typed", NumberKind.E164, e164), pbx).Should().Be(dialled);
        DialNumber.Read(dialled, pbx).Should().Be(new PhoneNumber(dialled, NumberKind.E164, e164));
    }

    [Theory]
    [InlineData("*8")]
    [InlineData("102")]
    [InlineData("")]
    public void What_else_is_dialled_on_a_phone_is_no_number(string dialled) => DialNumber.Read(dialled, new PbxOptions()).Should().BeNull();

    [Fact]
    public void An_extension_is_dialled_as_it_is_and_what_is_no_number_never_gets_through()
    {
        DialNumber.Of(new PhoneNumber("102", NumberKind.Extension), new PbxOptions { DialPrefix = "0" }).Should().Be("102");
        var hostile = (AgentCommand.Dial)CommandEndpoints.ToCommand(new RoadCommand("dial", Number: "1", E164: "+39\r\nAction: Command"))!;
        hostile.Number.Should().Be(new PhoneNumber("1", NumberKind.Unparsed));
    }

    static async Task<Guid> AddClientAsync(RouterBench bench)
    {
        var id = Guid.CreateVersion7();
        await using var database = await bench.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into client (id, name, source, confirmed, created_at, updated_at) values (@id, 'Mario Rossi', '', true, now(), now());
            insert into client_phone (client_id, e164, raw, is_main, added_at) values (@id, @Number, @Number, true, now());
            """, new { id, Number });
        return id;
    }
}
