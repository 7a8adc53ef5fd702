using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Audit;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class AuditPageTests : PageContext
{
    static readonly DateTimeOffset s_at = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    static AuditView Row(long id, string action, string kind, Guid? subject, string? text = null, string? name = null, Guid? call = null, params AuditChangeView[] changes) =>
        new(id, s_at, Some.Session.UserId, "Alex Romano", action, kind, subject, text, name, call, "127.0.0.1", changes);

    async Task<IRenderedComponent<AuditPage>> ShowAsync(bool may, params AuditView[] rows)
    {
        Server.Answer = request => request.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.Session with { Rights = may ? new Dictionary<string, string> { ["audit.view"] = "all" } : [] }, ContractsJson.Default.SessionView)),
            "/api/audit" => FakeServer.Json(JsonSerializer.Serialize(new ListPage<AuditView>(rows, null), ContractsJson.Default.ListPageAuditView)),
            _ => null,
        };
        await Session.LoadAsync();
        return Render<AuditPage>();
    }

    [Fact]
    public async Task Each_line_leads_to_what_it_is_about_a_recording_to_its_call()
    {
        var recording = Guid.CreateVersion7();
        var page = await ShowAsync(true,
            Row(4, "listen", "recording", recording, name: "Mario Rossi", call: Some.CallId), Row(3, "transcript", "recording", recording), Row(2, "client.viewed", "client", Some.ClientId, name: "Mario Rossi"),
            Row(1, "export", "client", null, text: "csv Milano"));
        page.WaitForElements("[data-test=audit-row]").Select(r => (r.QuerySelector("a")?.GetAttribute("href"), r.QuerySelectorAll("td")[3].TextContent.Trim())).Should().Equal(
            ($"calls/{Some.CallId}", "Mario Rossi"), (null, ""), ($"clients/{Some.ClientId}", "Mario Rossi"), (null, "csv Milano"));
    }

    [Fact]
    public async Task A_change_tells_field_from_and_to_and_nothing_of_what_is_hidden()
    {
        var page = await ShowAsync(true, Row(1, "client.changed", "client", Some.ClientId, name: "Mario Rossi", changes: [new("city", null, "Pisa", "<b>Como</b>"), new("custom.plan", "Plan", "", "", Hidden: true)]));
        var change = page.WaitForElement(".audit-change");
        change.Children.Select(c => string.Join(' ', c.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).Should().Equal("City Pisa → <b>Como</b>", "Plan Not visible to your role");
        change.QuerySelector("b").Should().BeNull();
    }

    [Fact]
    public async Task Without_the_right_nothing_is_asked_for()
    {
        var page = await ShowAsync(false, Row(1, "listen", "recording", null));
        page.WaitForElement(".empty").TextContent.Should().Be("Your role does not show you the audit.");
        page.FindAll("[data-test=audit-row]").Should().BeEmpty();
        Server.Asked.Should().NotContain(a => a.Path.StartsWith("api/audit", StringComparison.Ordinal));
    }
}
