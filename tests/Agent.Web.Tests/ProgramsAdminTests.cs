using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Keys of programs and forms of the site, in the settings.</summary>
public sealed class ProgramsAdminTests : PageContext
{
    static readonly Guid Nina = Guid.Parse("0190b000-0000-7000-8000-000000000022");

    static AdminView View { get; } = new([new UserSetup(Nina, "nina", "Nina Nuova", "agent", "en", "Europe/Rome", true, true, true, 3, HasPassword: true)], [], [], [], [], [], ["pbx"]);

    [Fact]
    public async Task A_new_key_shows_once_and_is_revoked_at_the_second_press()
    {
        await Services.GetRequiredService<CallCrm.AgentWeb.Session.SignedIn>().LoadAsync();
        var made = new ApiKeyView(Guid.NewGuid(), "Site", Nina, "Nina Nuova", "ckey_12ab", new Dictionary<string, string> { ["webform.submit"] = "all" }, Some.Noon, null, null, null);
        var keys = new ApiKeysView([made], [new RightView("webform.submit", false), new RightView("client.view", true)]);
        Server.Answer = r => (r.Method.Method, r.RequestUri!.AbsolutePath) switch
        {
            ("GET", "/api/admin/keys") => FakeServer.Json(JsonSerializer.Serialize(keys, ContractsJson.Default.ApiKeysView)),
            ("POST", "/api/admin/keys") => FakeServer.Json(JsonSerializer.Serialize(new ApiKeyMade(made, "ckey_12abWHOLE"), ContractsJson.Default.ApiKeyMade)),
            ("DELETE", _) => FakeServer.Json(JsonSerializer.Serialize(made with { RevokedAt = Some.Noon }, ContractsJson.Default.ApiKeyView)),
            _ => null,
        };
        var page = Render<KeysAdmin>(p => p.Add(k => k.View, View));
        page.WaitForAssertion(() => page.FindAll("[data-test=admin-row]").Should().ContainSingle());
        page.Click("[data-test=admin-new]");
        page.Input("#k-name", "Site");
        page.Change("[data-test=key-user]", Nina.ToString());
        page.Find("[data-test=\"right-webform.submit-all\"]").Change("on");
        page.FindAll("[data-test=\"right-webform.submit-own\"]").Should().BeEmpty("it has no scope");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => page.Find("[data-test=key-secret]").GetAttribute("value").Should().Be("ckey_12abWHOLE"));
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "POST").Body, ContractsJson.Default.ApiKeyCreate)!;
        sent.Should().BeEquivalentTo(new { Name = "Site", UserId = Nina, Rights = new Dictionary<string, string> { ["webform.submit"] = "all" } });
        page.Click("[data-test=admin-row]");
        page.FindAll("[data-test=key-secret]").Should().BeEmpty("it shows once");
        page.Click("[data-test=key-revoke]");
        Server.Asked.Should().NotContain(a => a.Method == "DELETE");
        page.Click("[data-test=key-revoke]");
        page.WaitForAssertion(() => page.FindAll("[data-test=key-revoke]").Should().BeEmpty());
    }

    [Fact]
    public async Task A_form_is_saved_as_it_was_typed_and_what_is_wrong_stands_at_its_field()
    {
        await Services.GetRequiredService<CallCrm.AgentWeb.Session.SignedIn>().LoadAsync();
        var wrong = true;
        Server.Answer = r => (r.Method.Method, r.RequestUri!.AbsolutePath) switch
        {
            ("GET", "/api/admin/web-forms") => FakeServer.Json("""{"items":[]}"""),
            ("PUT", _) => wrong ? FakeServer.Json("""{"errorId":"invalid_input","errors":{"responsibleId":["somebody, or a queue, for what is made"]}}""", System.Net.HttpStatusCode.BadRequest) : FakeServer.Json("""{"items":[]}"""),
            _ => null,
        };
        var page = Render<WebFormsAdmin>(p => p.Add(k => k.View, View));
        page.Click("[data-test=admin-new]");
        page.Find("[data-test=admin-save]").HasAttribute("disabled").Should().BeTrue("it has no address yet");
        page.Input("#f-name", "Contact");
        page.Input("#f-code", "contact");
        page.Click("[data-test=form-field-new]");
        page.FindAll("[data-test=form-field]")[3].Change("topic");
        page.Change("[data-test=form-makes]", "task");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => page.Find("[data-error=responsibleId]").TextContent.Should().NotBeEmpty());
        wrong = false;
        page.Change("[data-test=form-responsible]", Nina.ToString());
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Count(a => a.Method == "PUT").Should().Be(2));
        var sent = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT").Body, ContractsJson.Default.WebFormSetup)!;
        sent.Should().BeEquivalentTo(new { Code = "contact", Name = "Contact", Makes = "task", ResponsibleId = (Guid?)Nina, DealType = (string?)null });
        sent.Fields.Should().Equal(new WebFormField("name", "name"), new WebFormField("phone", "phone"), new WebFormField("email", "email"), new WebFormField("topic", "name"));
    }
}
