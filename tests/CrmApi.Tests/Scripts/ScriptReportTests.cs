using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>The way through a script is kept with the call, and the report counts exactly what is kept.</summary>
[Trait("Category", "Slow")]
public sealed class ScriptReportTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task TypeAsync(Page page, Guid call, string field, string value)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/draft/{field}", new DraftWrite(value, "p"), ContractsJson.Default.DraftWrite);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    static async Task WrapUpAsync(Page page, Guid call, string disposition)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave(disposition, "", "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    async Task<Guid> TalkAsync(Story story)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null), .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi),
            .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        return call;
    }

    [PostgresFact]
    public async Task The_way_and_the_answers_are_kept_with_the_call()
    {
        await using var story = await Story.BeginAsync(host);
        await using var anna = await host.SignInAsync("anna");
        var desk = await anna.OpenAsync();
        var call = await TalkAsync(story);
        var shown = (await desk.NextAsync<PopEvent>(e => e.Pop.CallId == call)).Pop.Script!;
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        shown.Id.Should().Be("deal-in-negotiation");
        shown.Script.Why.Should().BeEquivalentTo(new ScriptReason([new("client", "known"), new("deal_stage", "Negotiation")], "en", ScriptLanguageOf.Number));

        await TypeAsync(anna, call, "script.step", "status blocker");
        await TypeAsync(anna, call, "answer.target_amount", "900");
        await TypeAsync(anna, call, "script.step", "status blocker price");
        await TypeAsync(anna, call, "script.step", "status blocker");
        await TypeAsync(anna, call, "script.step", "status blocker terms next_step");
        await TypeAsync(anna, call, "script.step", "status blocker terms next_step");
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        await story.WrittenAsync(host);
        await WrapUpAsync(anna, call, "sale");

        await using var database = await host.Database.OpenConnectionAsync();
        var visits = (await database.QueryAsync<(string Came, string Step, string Script, string Version, Guid Agent, DateTimeOffset At)>(
            "select came, step, script_id, script_version, agent_id, entered_at from script_visit where call_id = @call order by n", new { call })).AsList();
        visits.Select(v => $"{v.Came} {v.Step}").Should().Equal("start status", "next blocker", "next price", "back blocker", "next terms", "next next_step");
        visits.Should().OnlyContain(v => v.Script == shown.Id && v.Version == shown.Version && v.Agent == Seeds.Anna).And.BeInAscendingOrder(v => v.At);
        visits[0].At.Should().Be(await database.ExecuteScalarAsync<DateTimeOffset>("select answered_at from call where id = @call", new { call }), "until the answer the script was only read");
        (await database.QuerySingleAsync<(string[] Path, string Answers)>("select path, answers::text from wrap_up where call_id = @call", new { call }))
            .Should().BeEquivalentTo((new[] { "status", "blocker", "terms", "next_step" }, """{"target_amount": "900"}"""), "what was typed on the way that was given up is not lost");
    }

    [PostgresFact]
    public async Task A_script_that_nobody_moved_in_was_left_at_its_first_step()
    {
        await using var story = await Story.BeginAsync(host);
        await using var anna = await host.SignInAsync("anna");
        var desk = await anna.OpenAsync();
        var call = await TalkAsync(story);
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        await story.WrittenAsync(host);
        await WrapUpAsync(anna, call, "callback");
        await WrapUpAsync(anna, call, "sale");

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<string[]>("select path from wrap_up where call_id = @call", new { call })).Should().Equal("status");
        (await database.QueryAsync<string>("select came || ' ' || step from script_visit where call_id = @call", new { call })).Should().Equal("start status");
    }

    static DateTimeOffset At(string time, int day = 5) => new DateTimeOffset(2025, 3, day, 0, 0, 0, TimeSpan.FromHours(1)).Add(TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture)).ToUniversalTime();

    /// <summary>A call, its wrap-up and its visits, as they are stored: "start reason 10:00:10".</summary>
    async Task<Guid> StoredAsync(Guid agent, DateTimeOffset answered, DateTimeOffset ended, string disposition, string path, string[] visits, string script = "known-client")
    {
        var call = Guid.CreateVersion7();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, agent_id, started_at, answered_at, ended_at, outcome, last_seq)
            values (@call, 'main', 'pbx', 'Inbound', 'Ended', true, '+390212345678', 'E164', '390233334444', @agent, @answered, @answered, @ended, 'Answered', 0);
            insert into wrap_up (call_id, agent_id, disposition, script_id, script_version, path, created_at) values (@call, @agent, @disposition, @script, '000000000000', @path, @ended);
            """, new { call, agent, answered, ended, disposition, script, path = path.Split(' ') });
        for (var n = 0; n < visits.Length; n++)
        {
            var parts = visits[n].Split(' ');
            await database.ExecuteAsync("insert into script_visit (call_id, n, agent_id, script_id, script_version, step, came, entered_at) values (@call, @n, @agent, @script, '000000000000', @step, @came, @at)",
                new { call, n = n + 1, agent, script, step = parts[1], came = parts[0], at = At(parts[2]) });
        }

        return call;
    }

    /// <summary>By hand: reason 30, 20, 10 s. Service 60 and 20 (A, twice), 40 (B, to the end of the call), 40 (C, cut at the end). Promise 10 and 30 (A); C's began after the call. Close 20.</summary>
    [PostgresFact]
    public async Task The_report_is_what_was_counted_by_hand()
    {
        await StoredAsync(Seeds.Anna, At("10:00:10"), At("10:03:10"), "sale", "reason service promise close end",
            ["start reason 10:00:10", "next service 10:00:40", "next promise 10:01:40", "back service 10:01:50", "next promise 10:02:10", "next close 10:02:40", "next end 10:03:00"]);
        await StoredAsync(Seeds.Anna, At("11:00:00"), At("11:01:00"), "callback", "reason service", ["start reason 11:00:00", "next service 11:00:20"]);
        await StoredAsync(Seeds.Luca, At("12:00:00"), At("12:00:50"), "sale", "reason service promise close end",
            ["start reason 12:00:00", "next service 12:00:10", "next promise 12:01:00", "next close 12:01:05", "next end 12:01:10"]);
        await StoredAsync(Seeds.Luca, At("12:00:00", day: 6), At("12:00:50", day: 6), "sale", "reason need", []);
        await StoredAsync(Seeds.Luca, At("13:00:00"), At("13:00:50"), "sale", "what", [], script: "support");
        await StoredAsync(Seeds.Anna, At("13:00:00"), At("13:00:50"), "callback", "step-that-is-gone", [], script: "gone-script");

        await using var sara = await host.SignInAsync("sara");
        var report = await sara.GetAsync("api/reports/scripts?from=2025-03-05&to=2025-03-05&script=known-client", ContractsJson.Default.ScriptReportView);

        (report.Script, report.Calls, report.Finished, report.OtherCalls, report.Zone).Should().Be(("known-client", 3, 2, 0, "Europe/Rome"));
        report.Scripts.Should().Equal(new ScriptUseRow("known-client", "Known client without a deal", 3), new ScriptUseRow("gone-script", "gone-script", 1), new ScriptUseRow("support", "Support", 1));
        report.People.Should().Equal(new ScriptAgentRow(Seeds.Anna, "Anna Verdi", 2, 1), new ScriptAgentRow(Seeds.Luca, "Luca Neri", 1, 1));
        report.Paths.Select(p => $"{string.Join(" ", p.Steps.Select(s => s.Code))} {p.Finished} {p.Calls}: {string.Join(", ", p.Dispositions.Select(d => $"{d.Name} {d.Outcome} {d.Calls}"))}")
            .Should().Equal("reason service promise close True 2: Sale positive 2", "reason service False 1: Call back neutral 1");
        report.Paths[0].Steps[1].Name.Should().Be("Answer the question");
        report.Steps.Should().Equal(
            new ScriptStepRow("reason", "Reason for the call", 3, 0, 0, 3, 20, 20),
            new ScriptStepRow("service", "Answer the question", 3, 1, 0, 4, 40, 40),
            new ScriptStepRow("promise", "A promise with a date", 2, 0, 1, 2, 20, 20),
            new ScriptStepRow("close", "Goodbye", 2, 0, 0, 1, 20, 20));

        var annas = await sara.GetAsync($"api/reports/scripts?from=2025-03-05&to=2025-03-05&script=known-client&agent={Seeds.Anna}", ContractsJson.Default.ScriptReportView);
        (annas.Calls, annas.Finished, annas.Agent).Should().Be((2, 1, (Guid?)Seeds.Anna));
        annas.People.Should().HaveCount(2, "the others can still be chosen");
        annas.Steps[1].Should().Be(new ScriptStepRow("service", "Answer the question", 2, 1, 0, 3, 40, 40));

        (await sara.GetAsync("api/reports/scripts?from=2025-03-05&to=2025-03-06", ContractsJson.Default.ScriptReportView)).Should().BeEquivalentTo(new { Script = "known-client", Calls = 4, Finished = 2 }, "the one used most, over both days");
        (await sara.GetAsync("api/reports/scripts?from=2025-03-05&to=2025-03-05&script=gone-script", ContractsJson.Default.ScriptReportView)).Steps
            .Should().Equal(new ScriptStepRow("step-that-is-gone", "step-that-is-gone", 1, 1, 0, 0, null, null));
        (await sara.GetAsync("api/reports/scripts?from=2024-03-05&to=2024-03-05", ContractsJson.Default.ScriptReportView)).Should().BeEquivalentTo(new { Script = (string?)null, Calls = 0 });
    }

    [PostgresFact]
    public async Task What_cannot_be_asked_for_is_named()
    {
        await using var sara = await host.SignInAsync("sara");
        foreach (var (query, field) in new[] { ("agent=anna", "agent"), ("period=ever", "period"), ("zone=Mars", "zone"), ("from=2025-03-05&to=2025-03-04", "to"), ($"script={new string('x', 61)}", "script") })
        {
            var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, "api/reports/scripts?" + query);
            status.Should().Be(HttpStatusCode.BadRequest, query);
            problem.Errors!.Keys.Should().Equal(field);
        }
    }

    /// <summary>The made-up company walks the scripts that are delivered.</summary>
    [PostgresFact]
    public async Task Every_way_of_the_demo_is_a_way_through_a_delivered_script()
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(await new PostgresFixture().NewDatabaseAsync());
        await CallFlow.Demo.DemoData.SeedIfEmptyAsync(database, new CallFlow.Demo.DemoOptions { Clients = 200, Days = 10, CallsPerDay = 40 }, TimeProvider.System, default);
        await using var connection = await database.OpenConnectionAsync();
        var scripts = new ScriptFolder(ScriptLibraryTests.Folder, ScriptShape.Library, TimeProvider.System, _ => null).Read().Scripts.ToDictionary(s => s.Id, StringComparer.Ordinal);
        var ways = (await connection.QueryAsync<(string Script, string Path)>("select distinct script_id, array_to_string(path, ' ') from wrap_up")).AsList();
        ways.Should().HaveCountGreaterThan(10);
        foreach (var (id, path) in ways)
        {
            var (script, steps) = (scripts[id], path.Split(' '));
            steps[0].Should().Be(script.FirstStep, id);
            foreach (var (from, to) in steps.Zip(steps.Skip(1))) new ScriptWays(script).From(script.Steps.Single(s => s.Id == from)).Should().Contain(to, $"{id}: {path}");
        }

        (await connection.ExecuteScalarAsync<long>("select count(*) from script_visit v join call c on c.id = v.call_id where v.entered_at < c.answered_at or v.entered_at > c.ended_at")).Should().Be(0, "they happened in the talk");
    }
}
