using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Numbers that may not be read, and fields that are not shown.</summary>
public sealed class HidingTests : PageContext
{
    static readonly ClientCardView Veiled = Some.Card() with
    {
        Phones = [new PhoneView("~one", "+39 ••• ••• 0123", "home", true), new PhoneView("~two", "+39 ••• ••• 0123", "", false)],
        Unseen = ["email", "taxId", "custom.roof"],
    };

    static readonly ClientFieldView Roof = new("roof", "Roof", "text", []);

    CommandRequest Dialled => JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path == "api/commands" && a.Body.Contains("\"dial\"", StringComparison.Ordinal)).Body, ContractsJson.Default.CommandRequest)!;

    [Fact]
    public async Task A_masked_number_is_called_by_its_handle_and_the_handle_is_nowhere_to_be_seen()
    {
        await InCallAsync();
        var card = Render<ClientCard>(p => p.Add(c => c.Client, Veiled));
        card.Markup.Should().NotContain("~one").And.Contain("+39 ••• ••• 0123");
        card.FindAll("[data-test=dial]")[1].Click();
        card.WaitForAssertion(() => Dialled.Should().BeEquivalentTo(new { Number = "~two", ClientId = (Guid?)Some.ClientId }));
    }

    [Fact]
    public async Task A_masked_caller_of_a_list_is_called_by_what_came_with_it()
    {
        await InCallAsync();
        var button = Render<DialButton>(p => p.Add(b => b.Caller, new CallerView("+39 ••• ••• 0123", "E164", "", "IT", "~three")));
        button.Find("[data-test=dial]").GetAttribute("title").Should().Contain("+39 ••• ••• 0123");
        button.Find("[data-test=dial]").Click();
        button.WaitForAssertion(() => Dialled.Number.Should().Be("~three"));
    }

    [Fact]
    public async Task Masked_numbers_go_back_as_they_came_and_a_new_one_is_taken()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/catalog" ? FakeServer.Json(JsonSerializer.Serialize(Some.Catalog with { ClientFields = [Roof] }, ContractsJson.Default.CatalogView))
            : r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(Veiled with { Version = 2 }, ContractsJson.Default.ClientCardView)) : null;
        await InCallAsync();
        var card = Render<ClientCard>(p => p.Add(c => c.Client, Veiled));
        card.Find("[data-test=client-unseen]").TextContent.Should().NotBeEmpty();
        card.Click("[data-test=client-edit]");
        card.FindAll("#c-email, #c-emails, #c-tax, [data-test=custom-roof]").Should().BeEmpty();
        card.FindAll("#c-city, #c-note, #c-address").Should().HaveCount(3);
        card.FindAll("[data-test=phone-number]").Select(n => n.GetAttribute("value")).Should().Equal("+39 ••• ••• 0123", "+39 ••• ••• 0123 (2)");
        card.Find("#c-phones").Input("+39 ••• ••• 0123 (2), +44 20 7946 0958, +39 ••• ••• 0123");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT" && a.Path.StartsWith("api/clients/", StringComparison.Ordinal)));
        JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT").Body, ContractsJson.Default.ClientSave)!.Phones
            .Should().Equal(new PhoneSave("~two", "", true, ""), new PhoneSave("+44 20 7946 0958", "", false, ""), new PhoneSave("~one", "home", false, ""));
    }

    [Fact]
    public void An_administrator_marks_sensitive_fields_and_sees_who_sees_them()
    {
        var view = new AdminView([], [], [], [], [], [], [], [new RoleSetup("manager", "", true, new Dictionary<string, string> { ["client.sensitive"] = "all" }, 1), new RoleSetup("mine", "Mine", false, new Dictionary<string, string>(), 1)],
            ClientFields: [new ClientFieldSetup("roof", "Roof", "text", [], 10, false, 1)], SensitiveFields: ["email"]);
        Server.Answer = r => r.Method == HttpMethod.Put ? FakeServer.Json(JsonSerializer.Serialize(view with { SensitiveFields = ["custom.roof", "email"] }, ContractsJson.Default.AdminView)) : null;
        var form = Render<SensitiveAdmin>(p => p.Add(f => f.View, view));
        form.Markup.Should().Contain("Manager").And.NotContain("Mine");
        form.Find("[data-test=sensitive-save]").HasAttribute("disabled").Should().BeTrue("nothing is changed yet");
        form.Find("[data-test='sensitive-email']").HasAttribute("checked").Should().BeTrue();
        form.Find("[data-test='sensitive-custom.roof']").Change(true);
        form.Submit("form");
        form.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/admin/sensitive-fields"));
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.SensitiveFieldsSave)!;
        sent.Fields.Should().Equal("custom.roof", "email");
        sent.Before.Should().Equal("email");
    }
}
