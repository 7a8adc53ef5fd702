using System.Net;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>Requests that another site makes in a signed-in browser.</summary>
[Trait("Category", "Slow")]
public sealed class DoorTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresTheory]
    [InlineData("https://evil.example", null, HttpStatusCode.Forbidden)]
    [InlineData("null", null, HttpStatusCode.Forbidden)]
    [InlineData("https://evil.example", "me", HttpStatusCode.Forbidden)]
    [InlineData(null, null, HttpStatusCode.Forbidden)]
    [InlineData(null, "a script", HttpStatusCode.BadRequest)]
    [InlineData("ours", null, HttpStatusCode.BadRequest)]
    public async Task What_changes_something_needs_our_origin_or_a_machines_header(string? origin, string? machine, HttpStatusCode expected)
    {
        await using var page = await host.SignInAsync("anna");
        page.Http.DefaultRequestHeaders.Remove("Origin");
        if (origin is not null) page.Http.DefaultRequestHeaders.Add("Origin", origin == "ours" ? page.Origin : origin);
        if (machine is not null) page.Http.DefaultRequestHeaders.Add("X-CallCrm-Client", machine);
        var (status, problem) = await page.ProblemAsync(HttpMethod.Post, "api/commands", """{"id":"00000000-0000-0000-0000-000000000000","kind":"ready"}""");
        status.Should().Be(expected);
        if (expected == HttpStatusCode.Forbidden) problem.ErrorId.Should().Be("wrong_origin");
    }

    [PostgresFact]
    public async Task The_hub_refuses_a_foreign_origin_and_reading_does_not_ask_for_one()
    {
        await using var page = await host.SignInAsync("anna");
        page.Http.DefaultRequestHeaders.Remove("Origin");
        (await page.ProblemAsync(HttpMethod.Get, "hubs/live")).Problem.ErrorId.Should().Be("wrong_origin");
        using var read = await page.Http.GetAsync("api/catalog");
        read.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task The_hub_is_closed_to_nobody_in_particular()
    {
        await using var page = Page.Nobody(host.Address);
        await page.Invoking(p => p.OpenAsync()).Should().ThrowAsync<Exception>().Where(e => e.ToString().Contains("401"));
    }

    [PostgresFact]
    public async Task Every_answer_carries_the_security_headers()
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        foreach (var path in new[] { "/", "/api/catalog", "/api/nothing", "/openapi/v1.json" })
        {
            using var answer = await http.GetAsync(path);
            answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
            answer.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("default-src 'none'").And.Contain("'wasm-unsafe-eval'").And.NotContain("script-src 'self' 'unsafe-inline'");
        }
    }
}
