using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CallRouter.Tests;

[Trait("Category", "Slow")]
public sealed class RouterTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task Caller_is_identified_offered_answered_and_logged()
    {
        // Who is called is what is tested, not how soon this machine finds it out.
        await using var bench = await RouterBench.StartAsync(postgres, new Dictionary<string, string?> { ["Router:LookupTimeout"] = "00:00:20" });
        await bench.SignInAsync(RouterBench.Anna, "101");

        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234567", RouterBench.Dialled) { Name = "Mario Rossi" });
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", offered.Call));
        var answered = await bench.UntilAsync<CallAnswered>();
        await Task.Delay(300);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("hang_up", offered.Call));
        var ended = await bench.UntilAsync<CallEnded>();
        await call.Ended;

        offered.Agent.Should().Be(RouterBench.Anna);
        offered.Client.Should().NotBeNull("a card is made for an unknown caller");
        answered.Agent.Should().Be(RouterBench.Anna);
        ended.Should().BeEquivalentTo(new { Outcome = CallOutcome.Answered, By = EndedBy.Agent, Agent = (Guid?)RouterBench.Anna });
        ended.Talk_ms.Should().BeGreaterThan(200);
        (await bench.UntilAsync<AgentChanged>(e => e.State == AgentState.WrapUp)).Agent.Should().Be(RouterBench.Anna);
        await using var database = await bench.Database.OpenConnectionAsync();
        var (outcome, name, source) = await database.QuerySingleAsync<(string, string, string)>(
            "select c.outcome, k.name, k.source from call c join client k on k.id = c.client_id where c.id = @Call", new { offered.Call });
        (outcome, name, source).Should().Be(("Answered", "Mario Rossi", "hotline"));
    }

    [PostgresFact]
    public async Task What_the_router_did_is_recorded_and_replayed_to_the_same_state()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234560", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", offered.Call));
        await bench.UntilAsync<CallAnswered>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("hang_up", offered.Call));
        await bench.UntilAsync<CallEnded>();
        await bench.StopAsync();

        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        output.ToString().Should().MatchRegex("inputs from .* [1-9][0-9]* state hashes: the same").And.NotContain("cut off");
        output.GetStringBuilder().Clear();
        FlightCommand.Replay(["--call", offered.Call.ToString()!], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        output.ToString().Should().Contain("asks for a route (new) +393471234560").And.Contain("anna   ").And.Contain("asks: answer").And.Contain("answered by anna").And.Contain("call ended: answered");
    }

    [PostgresFact]
    public async Task Unanswered_call_goes_to_the_next_agent()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.ChangeAsync("update queue set ring_s = 2");
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");

        bench.Pbx.PlaceCall(new DemoCaller("+393471234568", RouterBench.Dialled));
        var first = await bench.UntilAsync<CallOffered>();
        var missed = await bench.UntilAsync<OfferEnded>();
        var second = await bench.UntilAsync<CallOffered>(o => o.Attempt == 2);

        missed.Outcome.Should().Be(OfferOutcome.NoAnswer);
        second.Agent.Should().NotBe(first.Agent);
        second.Call.Should().Be(first.Call);
    }

    [PostgresFact]
    public async Task Waiting_caller_is_redirected_to_the_agent_who_frees_up()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101", ready: false);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"));

        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234569", RouterBench.Dialled));
        var queued = await bench.UntilAsync<CallQueued>();
        await Task.Delay(300);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("ready"));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", offered.Call));
        await bench.UntilAsync<CallAnswered>();

        queued.Place.Should().Be(1);
        call.WhereAmI.Should().Be(DemoCallPlace.Talking);
    }

    [PostgresFact]
    public async Task Caller_who_hangs_up_on_hold_is_abandoned()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101", ready: false);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"));

        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234570", RouterBench.Dialled));
        await bench.UntilAsync<CallQueued>();
        call.HangUp();
        var ended = await bench.UntilAsync<CallEnded>();

        ended.Should().BeEquivalentTo(new { Outcome = CallOutcome.ShortAbandon, By = EndedBy.Caller });
    }

    [PostgresFact]
    public async Task Pbx_restart_ends_the_calls_it_lost_and_the_router_serves_on()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", offered.Call));
        await bench.UntilAsync<CallAnswered>();

        await bench.Pbx.RestartAsync(kill: true);
        var ended = await bench.UntilAsync<CallEnded>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("finish_wrap_up", offered.Call));
        bench.Pbx.PlaceCall(new DemoCaller("+393471234572", RouterBench.Dialled));
        var next = await bench.UntilAsync<CallOffered>(o => o.Call != offered.Call);

        ended.Should().BeEquivalentTo(new { offered.Call, Estimated = true });
        next.Agent.Should().Be(RouterBench.Anna);
    }

    [PostgresFact]
    public async Task Number_no_queue_knows_is_served_by_the_dialplans_fallback()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");

        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234573", "999999"));
        await bench.UntilAsync<RouteDecided>(d => d.Rule == RouteRule.UnknownNumber);
        await call.Ended.WaitAsync(TimeSpan.FromSeconds(15));

        call.History.Select(h => h.Place).Should().Contain(DemoCallPlace.Fallback);
    }

    [PostgresFact]
    public async Task Hostile_caller_id_is_kept_as_text_and_the_call_is_served()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        const string Name = "<script>alert(1)</script>\"; drop table client; -- 🙂";

        bench.Pbx.PlaceCall(new DemoCaller("not a number', '", RouterBench.Dialled) { Name = Name });
        var started = await bench.UntilAsync<CallStarted>();
        var offered = await bench.UntilAsync<CallOffered>();

        started.Caller.Kind.Should().Be(NumberKind.Unparsed);
        started.CallerName.Should().Contain("<script>");
        offered.Client.Should().BeNull();
    }

    [PostgresFact]
    public async Task Command_repeated_with_its_id_gets_its_first_answer()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        var id = Guid.CreateVersion7();

        await bench.UntilAsync<AgentChanged>(e => e.State == AgentState.Ready);
        var first = await bench.Road.CommandAsync(id, RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"), CancellationToken.None);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("ready"));
        var again = await bench.Road.CommandAsync(id, RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"), CancellationToken.None);

        first.Accepted.Should().BeTrue();
        again.Should().Be(first);
        await bench.UntilAsync<AgentChanged>(e => e is { State: AgentState.Ready, Before: AgentState.Paused, Reason: null } && bench.Entries.Any(p => p is AgentChanged { State: AgentState.Paused, Reason: "lunch" } && p.Seq < e.Seq));
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select state from agent_state where agent_id = @Anna", new { RouterBench.Anna })).Should().Be("Ready");
    }

    [PostgresFact]
    public async Task Road_without_the_shared_key_is_closed()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await using var database = await bench.Database.OpenConnectionAsync();
        var address = await database.ExecuteScalarAsync<string>("select command_address from domain where name = 'main'");
        using var http = new HttpClient { BaseAddress = new Uri(address!) };

        using var commands = await http.PostAsync("internal/commands", Json());
        using var pages = await http.PostAsync("internal/pages", Json());
        using var pops = await http.PostAsync($"internal/pops/{Guid.NewGuid()}/seen", null);

        new[] { commands.StatusCode, pages.StatusCode, pops.StatusCode }.Should().AllBeEquivalentTo(System.Net.HttpStatusCode.Forbidden);

        static StringContent Json() => new("{}", System.Text.Encoding.UTF8, "application/json");
    }
}
