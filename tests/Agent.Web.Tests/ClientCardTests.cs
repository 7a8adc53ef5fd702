using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class ClientCardTests : PageContext
{
    static readonly string NameField = $"card.{Some.ClientId:N}_name";

    IRenderedComponent<ClientCard> Card(Guid? call) => Render<ClientCard>(p => p.Add(c => c.Client, Some.Card()).Add(c => c.Call, call));

    [Fact]
    public async Task What_is_typed_into_the_card_is_kept_in_the_calls_draft()
    {
        await InCallAsync();
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Ilaria Gentile Rossi");
        Drafts.Value(Some.CallId, NameField).Should().Be("Ilaria Gentile Rossi");
        Drafts.Values(Some.CallId, "card.").Should().ContainSingle();
    }

    [Fact]
    public async Task After_a_reload_the_edit_goes_on_and_cancel_forgets_it()
    {
        await InCallAsync(draft: Some.Field(NameField, "Half a na", 1));
        var card = Card(Some.CallId);
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Half a na");
        card.Click("[data-test=client-cancel]");
        card.FindAll("[data-test=client-name-input]").Should().BeEmpty();
        Drafts.Value(Some.CallId, NameField).Should().BeEmpty();
    }

    [Fact]
    public async Task A_saved_card_shows_and_its_draft_is_gone()
    {
        await InCallAsync(draft: Some.Field(NameField, "New Name", 1));
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Card("New Name", 2), ContractsJson.Default.ClientCardView)) : null;
        var card = Card(Some.CallId);
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Find("[data-test=client-name]").TextContent.Should().Be("New Name"));
        Drafts.Value(Some.CallId, NameField).Should().BeEmpty();
    }

    [Fact]
    public async Task Somebody_elses_save_meanwhile_keeps_the_text()
    {
        await InCallAsync();
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json("""{"errorId":"edit_conflict","detail":"newer"}""", System.Net.HttpStatusCode.Conflict) : null;
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Mine");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Mine");
    }

    [Fact]
    public async Task On_the_clients_own_page_nothing_goes_into_a_call()
    {
        await InCallAsync();
        var card = Card(null);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Typed");
        Drafts.Unsaved.Should().BeFalse();
    }
}
