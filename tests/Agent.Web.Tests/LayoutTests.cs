using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The card by its layout, and the layout by buttons.</summary>
public sealed class LayoutTests : PageContext
{
    static readonly CardLayout Mine = new("agent", null,
        [new CardGroup("House", [new CardField("custom.roof"), new CardField("note", CardLayouts.ReadOnly), new CardField("address")]), new CardGroup("Who", [new CardField("name"), new CardField("city", CardLayouts.Hidden)])], 3);

    static readonly AdminView View = new([], [], [], [], [], [], [], [new RoleSetup("agent", "", true, new Dictionary<string, string>(), 1)], CardLayouts: [Mine],
        ClientFields: [new ClientFieldSetup("roof", "Roof", "text", [], 10, false, 1)]);

    static string[] Ids(IRenderedComponent<ClientCard> card) => [.. card.FindAll("form input[id^=c-], form select[id^=c-], form textarea[id^=c-], form [data-test^=custom-]").Select(e => e.GetAttribute("data-test") is { } t && t.StartsWith("custom-", StringComparison.Ordinal) ? t : e.Id!)];

    async Task<IRenderedComponent<ClientCard>> CardAsync(params CardLayout[] layouts)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/catalog"
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Catalog with { ClientFields = [new ClientFieldView("roof", "Roof", "text", [])], CardLayouts = layouts }, ContractsJson.Default.CatalogView)) : null;
        await InCallAsync();
        return Render<ClientCard>(p => p.Add(c => c.Client, Some.Card() with
        {
            Company = "Gentile Srl",
            City = "Como",
            Note = "Rings twice",
            Address = "Via Roma 1",
            Custom = new Dictionary<string, JsonElement> { ["roof"] = JsonSerializer.SerializeToElement("flat") },
        }));
    }

    [Fact]
    public async Task The_card_and_its_form_follow_the_layout_of_the_role()
    {
        var card = await CardAsync(Mine);
        card.FindAll("[data-test=card-group]").Select(g => g.TextContent).Should().Equal("House");
        card.FindAll("dt").Take(3).Select(d => d.TextContent).Should().Equal("Roof", "Note", "Address");
        card.Markup.Should().NotContain("Como");
        card.Click("[data-test=client-edit]");
        Ids(card).Take(4).Should().Equal("custom-roof", "c-note", "c-address", "c-name");
        Ids(card).Should().Contain("c-phones", "what the layout does not name follows").And.NotContain("c-city");
        card.Find("[data-test=read-only-note]").HasAttribute("disabled").Should().BeTrue();
        card.FindAll("[data-test^=read-only-]").Should().ContainSingle();
    }

    [Fact]
    public async Task Without_one_everything_stands_where_it_always_stood()
    {
        var card = await CardAsync(Mine with { Role = "head" });
        card.FindAll("[data-test=card-group]").Should().BeEmpty();
        card.Markup.Should().Contain("Como");
        card.Click("[data-test=client-edit]");
        Ids(card).Should().Equal("c-name", "c-kind", "c-belongs", "c-company", "c-email", "c-city", "c-language", "c-segment", "c-resp", "c-phones", "c-emails", "c-tags", "c-tax", "c-tax2", "c-zone", "custom-roof", "c-address", "c-note");
    }

    [Fact]
    public void A_layout_is_made_by_buttons_alone()
    {
        Server.Answer = r => r.Method == HttpMethod.Put ? FakeServer.Json(JsonSerializer.Serialize(View, ContractsJson.Default.AdminView)) : null;
        var page = Render<LayoutAdmin>(p => p.Add(l => l.View, View));
        page.Find("[data-test=admin-row]").TextContent.Should().Contain("House, Who");
        page.Find("[data-test=admin-row]").KeyDown("Enter");
        page.Find("[data-test='layout-field-custom.roof'] [data-test=layout-up]").HasAttribute("disabled").Should().BeTrue("it is the first of all");
        page.Click("[data-test='layout-field-custom.roof'] [data-test=layout-down]");
        page.Click("[data-test='layout-field-name'] [data-test=layout-up]");
        page.Find("[data-test='layout-field-address'] [data-test=layout-mode]").Change("read_only");
        page.FindAll("[data-test=layout-group-name]")[1].Input("People");
        page.Submit("form");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/admin/card-layouts"));
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.CardLayout)!;
        (sent.Role, sent.DealType, sent.Version).Should().Be(("agent", null, 3));
        sent.Groups[0].Should().BeEquivalentTo(new CardGroup("House", [new("note", "read_only"), new("custom.roof"), new("address", "read_only"), new("name")]), o => o.WithStrictOrdering());
        sent.Groups[1].Should().BeEquivalentTo(new CardGroup("People", [new("city", "hidden")]));
        sent.Groups.SelectMany(g => g.Fields).Select(f => f.Code).Should().BeEquivalentTo([.. CardLayouts.Fields, "custom.roof"]);
    }
}
