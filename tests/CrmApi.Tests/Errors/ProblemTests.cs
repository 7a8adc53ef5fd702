using System.Net;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Errors;

[Trait("Category", "Slow")]
public sealed class ProblemTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresTheory]
    [InlineData("""{"login":"anna"}""", "password", "is required")]
    [InlineData("""{"login":7,"password":"x"}""", "login", "expected String")]
    [InlineData("""{"login":null,"password":"x"}""", "login", "")]
    [InlineData("""{"login":"anna","password":"x""", "", "")]
    public async Task Bad_JSON_names_the_field_and_what_was_expected(string json, string field, string expected)
    {
        await using var page = Page.Nobody(host.Address);
        var (status, problem) = await page.ProblemAsync(HttpMethod.Post, "api/session", json);
        (status, problem.ErrorId).Should().Be((HttpStatusCode.BadRequest, "invalid_input"));
        problem.Errors!.Keys.Should().Contain(k => k.Contains(field));
        problem.Errors!.Values.SelectMany(v => v).Should().Contain(v => v.Contains(expected));
    }

    [PostgresFact]
    public async Task A_bad_parameter_names_itself()
    {
        await using var page = await host.SignInAsync("sara");
        (await page.ProblemAsync(HttpMethod.Get, "api/calls/not-a-guid")).Problem.Errors!.Keys.Should().Equal("id");
        (await page.ProblemAsync(HttpMethod.Get, "api/calls?from=yesterday")).Problem.Errors!.Keys.Should().Equal("from");
        (await page.ProblemAsync(HttpMethod.Get, "api/calls?outcome=Nonsense")).Problem.Errors!.Keys.Should().Equal("outcome");
    }

    [PostgresFact]
    public async Task Unknown_addresses_and_things_are_problems_too()
    {
        await using var page = await host.SignInAsync("sara");
        (await page.ProblemAsync(HttpMethod.Get, "api/nothing/here")).Problem.ErrorId.Should().Be("not_found");
        (await page.ProblemAsync(HttpMethod.Get, $"api/clients/{Guid.NewGuid()}")).Problem.ErrorId.Should().Be("not_found");
        (await page.ProblemAsync(HttpMethod.Get, $"api/calls/{Guid.NewGuid()}")).Problem.ErrorId.Should().Be("not_found");
        (await page.ProblemAsync(HttpMethod.Get, $"api/recordings/{Guid.NewGuid()}")).Problem.ErrorId.Should().Be("not_found");
    }

    [PostgresFact]
    public async Task A_supervisor_acts_for_an_agent_in_their_own_name_and_only_what_was_done_is_audited()
    {
        await using var sara = await host.SignInAsync("sara");
        await using var database = await host.Database.OpenConnectionAsync();
        Task<long> AuditedAsync() => database.ExecuteScalarAsync<long>("select count(*) from audit where action like 'supervise.%' and user_id = @Sara", new { Seeds.Sara });
        var (path, call) = ($"api/agents/{Seeds.Anna}/commands", Guid.NewGuid());
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        using (var answer = await sara.Http.PostAsync(path, Json($$"""{"id":"{{Guid.NewGuid()}}","kind":"sign_out"}"""))) answer.EnsureSuccessStatusCode();
        var sent = host.Router.Commands.Last();
        (sent.Agent, sent.By, sent.Command.Kind).Should().Be((Seeds.Anna, Seeds.Sara, "sign_out"));
        (await AuditedAsync()).Should().Be(1);
        using (var answer = await sara.Http.PostAsync($"api/calls/{call}/end", Json($$"""{"id":"{{Guid.NewGuid()}}"}"""))) answer.EnsureSuccessStatusCode();
        sent = host.Router.Commands.Last();
        (sent.By, sent.Command.Kind, sent.Command.CallId).Should().Be((Seeds.Sara, "end_call", call));
        (await AuditedAsync()).Should().Be(2);
        host.Router.Answer = _ => new CallFlow.RoadAnswer(false, "not_your_call");
        using (var answer = await sara.Http.PostAsync(path, Json($$"""{"id":"{{Guid.NewGuid()}}","kind":"pause"}""")))
            (await answer.Content.ReadAsStringAsync()).Should().Contain("not_your_call").And.Contain("\"accepted\":false");
        (await AuditedAsync()).Should().Be(2);
        foreach (var (body, field) in new[] { ("\"kind\":\"sign_in\"", "kind"), ("\"kind\":\"hang_up\"", "kind") })
        {
            var (status, problem) = await sara.ProblemAsync(HttpMethod.Post, path, $"{{\"id\":\"{Guid.NewGuid()}\",{body}}}");
            status.Should().Be(HttpStatusCode.BadRequest);
            problem.Errors.Should().ContainKey(field);
        }
    }

    [PostgresFact]
    public async Task A_supervisor_listens_in_their_own_name_and_only_what_was_done_is_audited()
    {
        await using var sara = await host.SignInAsync("sara");
        (await sara.GetAsync("api/session", Contracts.ContractsJson.Default.SessionView)).Should().Match<Contracts.SessionView>(s => s.Listening == "shown" && s.Extensions.Count == 3);
        await using (var anna = await host.SignInAsync("anna"))
            (await anna.GetAsync("api/session", Contracts.ContractsJson.Default.SessionView)).Listening.Should().BeNull();
        await using var database = await host.Database.OpenConnectionAsync();
        var (path, call) = ($"api/agents/{Seeds.Anna}/listening", Guid.NewGuid());
        async Task<string> AuditedAsync() => string.Join(' ', await database.QueryAsync<string>("select action from audit where user_id = @Sara and object = 'call' and object_id = @call order by at", new { Seeds.Sara, call = call.ToString() }));
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        using (var answer = await sara.Http.PostAsync(path, Json($$"""{"id":"{{Guid.NewGuid()}}","callId":"{{call}}","listens":true,"node":"pbx","extension":"103"}"""))) answer.EnsureSuccessStatusCode();
        host.Router.Commands.Last().Should().BeEquivalentTo(new { Agent = Seeds.Anna, By = Seeds.Sara, Command = new { Kind = "listen", CallId = call, Node = "pbx", Extension = "103" } });
        using (var answer = await sara.Http.PostAsync(path, Json($$"""{"id":"{{Guid.NewGuid()}}","callId":"{{call}}","listens":false}"""))) answer.EnsureSuccessStatusCode();
        host.Router.Commands.Last().Command.Kind.Should().Be("stop_listening");
        host.Router.Answer = _ => new CallFlow.RoadAnswer(false, "not_talking");
        using (var answer = await sara.Http.PostAsync(path, Json($$"""{"id":"{{Guid.NewGuid()}}","callId":"{{call}}","listens":true}""")))
            (await answer.Content.ReadAsStringAsync()).Should().Contain("not_talking");
        (await AuditedAsync()).Should().Be("listen.live listen.stop");
        foreach (var (body, field) in new[] { ("\"listens\":true", "callId"), ($"\"callId\":\"{call}\",\"listens\":true,\"node\":\"pbx\"", "node"), ($"\"callId\":\"{call}\",\"listens\":true,\"node\":\"pbx\",\"extension\":\"\"", "extension") })
        {
            var (status, problem) = await sara.ProblemAsync(HttpMethod.Post, path, $"{{\"id\":\"{Guid.NewGuid()}\",{body}}}");
            status.Should().Be(HttpStatusCode.BadRequest);
            problem.Errors.Should().ContainKey(field);
        }
    }

    [PostgresFact]
    public async Task No_router_is_503_at_once_and_a_refusal_passes_through()
    {
        await using var page = await host.SignInAsync("anna");
        host.Router.Answer = _ => new CallFlow.RoadAnswer(false, "not_your_call");
        using (var answer = await page.Http.PostAsync("api/commands", Json($$"""{"id":"{{Guid.NewGuid()}}","kind":"answer","callId":"{{Guid.NewGuid()}}"}""")))
            (await answer.Content.ReadAsStringAsync()).Should().Contain("not_your_call").And.Contain("\"accepted\":false");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update domain set command_address = null");
        await host.RestartAsync();
        try
        {
            var (status, problem) = await page.ProblemAsync(HttpMethod.Post, "api/commands", $$"""{"id":"{{Guid.NewGuid()}}","kind":"ready"}""");
            (status, problem.ErrorId).Should().Be((HttpStatusCode.ServiceUnavailable, "router_away"));
        }
        finally
        {
            await using var again = await host.Database.OpenConnectionAsync();
            await again.ExecuteAsync("update domain set command_address = @Address", new { host.Router.Address });
        }
    }

    [PostgresTheory]
    [InlineData("""{"id":"{0}","kind":"explode"}""", "kind")]
    [InlineData("""{"id":"{0}","kind":"answer"}""", "callId")]
    [InlineData("""{"id":"{0}","kind":"sign_in","node":"pbx"}""", "extension")]
    [InlineData("""{"id":"{0}","kind":"pause"}""", "reason")]
    [InlineData("""{"id":"{0}","kind":"attach_client","callId":"{0}"}""", "clientId")]
    [InlineData("""{"id":"{0}","kind":"dial"}""", "number")]
    [InlineData("""{"id":"{0}","kind":"dial","number":"  "}""", "number")]
    public async Task A_command_without_what_it_needs_names_it(string json, string field)
    {
        await using var page = await host.SignInAsync("anna");
        var (_, problem) = await page.ProblemAsync(HttpMethod.Post, "api/commands", json.Replace("{0}", Guid.NewGuid().ToString()));
        problem.Errors!.Keys.Should().Equal(field);
    }

    [PostgresFact]
    public async Task The_api_describes_itself()
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        var document = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync("openapi/v1.json"));
        var operations = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (Path: p.Name, Method: o.Name, o.Value))).ToList();
        operations.Should().HaveCountGreaterThan(15);
        operations.Where(o => !o.Value.TryGetProperty("summary", out _)).Select(o => $"{o.Method} {o.Path}").Should().BeEmpty();
    }

    static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");
}
