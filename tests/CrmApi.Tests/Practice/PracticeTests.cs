using System.Net;
using CallCrm.Contracts;
using CallCrm.CrmApi.Practice;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Practice;

/// <summary>Invented clients with the real scripts, of which nothing is written.</summary>
[Trait("Category", "Slow")]
public sealed class PracticeTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task Every_script_for_incoming_calls_can_be_practised_with_a_client_it_is_made_for()
    {
        await using var anna = await host.SignInAsync("anna");
        var first = await anna.GetAsync("api/practice", ContractsJson.Default.PracticeView);
        first.Scripts.Should().NotBeEmpty();
        foreach (var script in first.Scripts)
        {
            var view = await anna.GetAsync($"api/practice?script={script.Code}&turn=3", ContractsJson.Default.PracticeView);
            (view.Script.Id, view.Script.Name).Should().Be((script.Code, script.Name));
            var known = host.Services.GetRequiredService<ScriptShelf>().Find(script.Code)!;
            var deal = view.Card.OpenDeals.FirstOrDefault();
            ScriptChoice.Choose([known], new ScriptCall(view.Card.Confirmed ? ClientKind.Known : ClientKind.New, ScriptDirection.Inbound, deal is not null, view.Card.Segment, deal?.DealType, deal?.Stage, known.Language, Queue: known.For.Queues.FirstOrDefault()))
                .Should().NotBeNull($"{script.Code} is made for such a client");
            if (view.Card.Name.Length > 0) string.Concat(view.Script.Script.Greeting.Concat(view.Script.Script.Steps.SelectMany(s => s.Say)).SelectMany(l => l.Parts).Select(p => p.Text)).Should().NotContain("{{");
        }
    }

    [PostgresFact]
    public async Task The_next_turn_is_another_client_and_the_number_is_nobodys()
    {
        await using var anna = await host.SignInAsync("anna");
        var script = (await anna.GetAsync("api/practice", ContractsJson.Default.PracticeView)).Scripts.First(s => s.Code == "known-client").Code;
        var turns = new List<PracticeView>();
        for (var turn = 0; turn < 4; turn++) turns.Add(await anna.GetAsync($"api/practice?script={script}&turn={turn}", ContractsJson.Default.PracticeView));
        turns.Select(t => t.Card.Name).Should().OnlyHaveUniqueItems().And.NotContain("");
        turns.Select(t => t.Caller.Number).Should().OnlyHaveUniqueItems().And.OnlyContain(n => n!.StartsWith("+44 20 7946 0", StringComparison.Ordinal));
        turns[0].Should().BeEquivalentTo(new { NumberName = "Web site", Greeting = "Good morning, Example" });
        PracticeClient.Number(1_234_567).Should().Be("+442079460567");
    }

    [PostgresFact]
    public async Task Nothing_is_written_by_it()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var database = NpgsqlDataSource.Create(host.ConnectionString);
        await using var connection = await database.OpenConnectionAsync();
        Task<string> CountAsync() => connection.ExecuteScalarAsync<string>("select concat_ws(' ', (select count(*) from client), (select count(*) from client_phone), (select count(*) from call), (select count(*) from call_draft), (select count(*) from wrap_up), (select count(*) from change), (select count(*) from journal))")!;
        var before = await CountAsync();
        for (var turn = 0; turn < 3; turn++) await anna.GetAsync($"api/practice?turn={turn}", ContractsJson.Default.PracticeView);
        (await CountAsync()).Should().Be(before);
    }

    [PostgresFact]
    public async Task What_there_is_not_is_said()
    {
        await using var anna = await host.SignInAsync("anna");
        (await anna.ProblemAsync(HttpMethod.Get, "api/practice?script=nothing")).Should().BeEquivalentTo((HttpStatusCode.NotFound, new { ErrorId = "script.not_found" }));
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Get, "api/practice?turn=-1");
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal("turn");
    }

    [PostgresFact]
    public async Task The_server_tells_its_clock()
    {
        await using var sara = await host.SignInAsync("sara");
        (await sara.GetAsync("api/clock", ContractsJson.Default.ClockView)).Now.Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(5));
    }
}
