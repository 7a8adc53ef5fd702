using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Deals on the client's card: changed, moved, deleted and brought back outside a wrap-up.</summary>
public sealed class CardDealsTests : PageContext
{
    static readonly Guid Deal = Guid.Parse("0190b000-0000-7000-8000-000000000031");
    static readonly DealView Boilers = new(Deal, 31, "sale", "Sale", "open", "Open", "New boilers", 1250m, "EUR", null, Some.Noon, 4);

    static readonly DealDetailView Theirs = new(Deal, 31, Some.ClientId, "Ilaria Gentile", "sale", "Sale", "proposal", "Proposal", "New boilers", 1400m, "EUR", null, null, Some.Noon, null, Some.Noon, 5);

    static readonly ClientCardView Card = Some.Card() with { OpenDeals = [Boilers] };

    Func<HttpRequestMessage, HttpResponseMessage> _deals = _ => Answer(Theirs);

    static HttpResponseMessage Answer(DealDetailView deal) => FakeServer.Json(JsonSerializer.Serialize(deal, ContractsJson.Default.DealDetailView));

    static HttpResponseMessage Problem(HttpStatusCode status, ProblemView problem) => FakeServer.Text(JsonSerializer.Serialize(problem, ContractsJson.Default.ProblemView), "application/problem+json", status);

    async Task<IRenderedComponent<ClientCard>> CardAsync(params string[] more)
    {
        var session = Some.Session with { Rights = new Dictionary<string, string>(Some.Session.Rights!.Concat(more.Append("deal.view").Select(r => KeyValuePair.Create(r, "all")))) };
        var catalog = Some.Catalog with { DealTypes = [new DealTypeView("sale", "Sale", [new NamedCode("open", "Open"), new NamedCode("proposal", "Proposal"), new NamedCode("won", "Won")])] };
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(session, ContractsJson.Default.SessionView)),
            "/api/catalog" => FakeServer.Json(JsonSerializer.Serialize(catalog, ContractsJson.Default.CatalogView)),
            var path when path.StartsWith("/api/deals", StringComparison.Ordinal) => _deals(r),
            var path when path.StartsWith("/api/clients/", StringComparison.Ordinal) => FakeServer.Json(JsonSerializer.Serialize(Card, ContractsJson.Default.ClientCardView)),
            _ => null,
        };
        await Session.LoadAsync();
        return Render<ClientCard>(p => p.Add(c => c.Client, Card));
    }

    DealSave Sent => JsonSerializer.Deserialize(Server.Asked.Last(a => a.Path == $"api/deals/{Deal}" && a.Method == "PUT").Body, ContractsJson.Default.DealSave)!;

    [Fact]
    public async Task A_deal_opens_in_its_place_and_goes_on_to_another_stage()
    {
        var card = await CardAsync();
        card.Click("[data-test=deal-edit]");
        card.FindAll("[data-test=deal-stage] option").Select(o => o.TextContent).Should().Equal("Open", "Proposal", "Won");
        card.FindAll("[data-test=deal-responsible]").Should().BeEmpty("only who may give it to somebody");
        card.FindAll("[data-test=deal-delete]").Should().BeEmpty();
        card.Change("[data-test=deal-stage]", "proposal");
        card.Change("[data-test=deal-amount]", "1300.50");
        card.Submit("[data-test=deal-form]");
        card.WaitForAssertion(() => card.FindAll("[data-test=deal-form]").Should().BeEmpty());
        Sent.Should().Be(new DealSave("New boilers", 1300.50m, Stage: "proposal", Version: 4));
    }

    [Fact]
    public async Task A_task_about_the_client_is_made_from_the_card()
    {
        var card = await CardAsync();
        var before = Server.Answer!;
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/tasks"
            ? FakeServer.Json(JsonSerializer.Serialize(new TaskView(Guid.NewGuid(), "callback", "Ring", Some.Noon, null, Some.Session.UserId, "", Some.ClientId, "", null, Some.Noon, 1), ContractsJson.Default.TaskView)) : before(r);
        card.Click("[data-test=card-task-new]");
        card.FindAll("[data-test=custom-task-client], [data-test=task-who]").Should().BeEmpty("it is this client's, and who may give nobody anything makes it for themselves");
        card.Input("[data-test=task-title]", "Ring");
        card.Change("[data-test=task-kind]", "callback");
        card.Submit("[data-test=task-form]");
        card.WaitForAssertion(() => card.FindAll("[data-test=task-form]").Should().BeEmpty());
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path == "api/tasks").Body, ContractsJson.Default.TaskCreate).Should().BeEquivalentTo(new { Title = "Ring", Kind = "callback", Some.ClientId, UserId = (Guid?)null });
    }

    [Fact]
    public async Task What_somebody_else_changed_is_told_and_what_was_typed_is_kept()
    {
        var card = await CardAsync();
        _deals = _ => Problem(HttpStatusCode.Conflict, new ProblemView("Conflict", 409, "", "edit_conflict", null, Deal: Theirs));
        card.Click("[data-test=deal-edit]");
        card.Input("[data-test=deal-title]", "Two boilers");
        card.Submit("[data-test=deal-form]");
        card.WaitForAssertion(() => card.FindAll("[role=alert]").Should().Contain(a => a.TextContent.Contains("Somebody else changed this deal")));
        _deals = _ => Answer(Theirs);
        card.Submit("[data-test=deal-form]");
        card.WaitForAssertion(() => card.FindAll("[data-test=deal-form]").Should().BeEmpty());
        Sent.Should().Be(new DealSave("Two boilers", 1400m, Stage: "proposal", Version: 5));
    }

    [Fact]
    public async Task What_must_be_filled_first_is_named_there()
    {
        var card = await CardAsync();
        _deals = _ => Problem(HttpStatusCode.BadRequest, new ProblemView("Bad input", 400, "", "fields_missing", new Dictionary<string, string[]> { ["taxId"] = ["a value, as the rule “Offer” asks"] }, Client: Some.ClientId));
        card.Click("[data-test=deal-edit]");
        card.Submit("[data-test=deal-form]");
        card.WaitForAssertion(() => card.Find("[data-test=deal-missing]").TextContent.Should().Contain("Tax id").And.Contain("Offer"));
    }

    [Fact]
    public async Task A_deleted_deal_is_taken_back_with_one_click_and_Escape_closes_the_form()
    {
        var card = await CardAsync("deal.delete");
        card.Click("[data-test=deal-edit]");
        card.Find("[data-test=deal-form]").KeyDown("Escape");
        card.WaitForAssertion(() => card.FindAll("[data-test=deal-form]").Should().BeEmpty());
        card.Click("[data-test=deal-edit]");
        card.Click("[data-test=deal-delete]");
        card.WaitForAssertion(() => card.FindAll("[data-test=deal-undo]").Should().ContainSingle());
        Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/deals/{Deal}");
        card.Click("[data-test=deal-undo]");
        card.WaitForAssertion(() => card.FindAll("[data-test=deal-deleted]").Should().BeEmpty());
        Server.Asked.Should().Contain(a => a.Method == "POST" && a.Path == $"api/deals/{Deal}/restore");
    }

    [Fact]
    public async Task A_new_one_is_made_for_this_client_and_not_on_a_card_that_one_only_reads()
    {
        var card = await CardAsync("deal.reassign");
        card.Click("[data-test=deal-new]");
        card.Input("[data-test=deal-title]", "Spare parts");
        card.Submit("[data-test=deal-form]");
        card.WaitForAssertion(() => card.FindAll("[data-test=deal-form]").Should().BeEmpty());
        var made = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Path == "api/deals" && a.Method == "POST").Body, ContractsJson.Default.DealCreate)!;
        made.Should().BeEquivalentTo(new { ClientId = Some.ClientId, DealType = "sale", Title = "Spare parts", Stage = "open", ResponsibleId = (Guid?)Some.Session.UserId });
        card.Render(p => p.Add(c => c.Client, Card with { MayEdit = false }));
        card.FindAll("[data-test=deal-edit], [data-test=deal-new]").Should().BeEmpty();
    }
}
