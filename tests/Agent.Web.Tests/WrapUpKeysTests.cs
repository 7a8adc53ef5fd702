using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The wrap-up by the keyboard alone: what reaches the page of each key, and how many it takes.</summary>
public sealed class WrapUpKeysTests : PageContext
{
    static readonly Guid Sales = Guid.NewGuid(), Support = Guid.NewGuid();
    static readonly Guid Deal = Guid.Parse("0190b000-0000-7000-8000-0000000000d1"), Mara = Guid.Parse("0190b000-0000-7000-8000-0000000000c1");

    static readonly CatalogView Catalog = Some.Catalog with
    {
        Dispositions =
        [
            new("solved", "Solved", "positive"), new("fault", "Fault", "negative", Queues: [Support]), new("later", "Not now", "neutral", Group: true),
            new("ring", "Ring again", "neutral", "later", Rule: new DispositionRule(Callback: new FollowUpRule("Ring", 2, "10:00"))),
            new("agreed", "Agreed", "neutral", "later", Rule: new DispositionRule(Callback: new FollowUpRule("Ring", 0, Ask: true))),
            new("empty", "Empty", "neutral", Group: true), new("never", "Never", "negative", Rule: new DispositionRule(DoNotCall: true)),
        ],
        Queues = [new QueueView(Sales, "Sales", 20), new QueueView(Support, "Support", 20)],
        DealTypes = [new DealTypeView("sale", "Sale", [new NamedCode("new", "New"), new NamedCode("won", "Won")])],
    };

    readonly Dictionary<string, string> _proposal = new() { ["disposition"] = "ring", ["subject"] = "The price", ["deal"] = Deal.ToString(), ["contact"] = Mara.ToString(), ["next_step"] = "Ring", ["next_at"] = "2026-03-07T09:00Z", ["note"] = "Why? – the price" };
    int _pressed;

    WrapUpSave Saved => JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path.EndsWith("/wrap-up", StringComparison.Ordinal)).Body, ContractsJson.Default.WrapUpSave)!;

    async Task<IRenderedComponent<WrapUpPanel>> PanelAsync(params DraftFieldView[] draft)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/catalog" => FakeServer.Json(JsonSerializer.Serialize(Catalog, ContractsJson.Default.CatalogView)),
            var path when path.EndsWith("/proposal", StringComparison.Ordinal) => FakeServer.Json(JsonSerializer.Serialize(new WrapUpProposal(_proposal, "history"), ContractsJson.Default.WrapUpProposal)),
            _ => null,
        };
        await InCallAsync("Ended", null, draft);
        var card = Some.Card() with
        {
            Contacts = [new ContactView(Mara, "Mara", null)],
            OpenDeals = [new DealView(Deal, 1, "sale", "Sale", "new", "New", "Boilers", null, "EUR", null, Some.Noon, 1)],
        };
        return Render<WrapUpPanel>(p => p.Add(w => w.Call, Some.Call("Ended") with { Card = card }));
    }

    /// <summary>One key, as app.js tells of it.</summary>
    async Task PressAsync(IRenderedComponent<WrapUpPanel> panel, string key)
    {
        _pressed++;
        await panel.InvokeAsync(() => Browser.OnKey(key));
    }

    [Fact]
    public async Task The_common_case_takes_two_keys()
    {
        var panel = await PanelAsync();
        await PressAsync(panel, "wrap-up:1");
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => Saved.Disposition.Should().Be("solved"));
        _pressed.Should().Be(2);
    }

    [Theory]
    [InlineData("wrap-up")]
    [InlineData("alt")]
    public async Task One_in_a_branch_takes_three(string from)
    {
        var panel = await PanelAsync();
        await PressAsync(panel, from + ":2");
        panel.WaitForAssertion(() => panel.FindAll("[data-test=disposition]").Select(d => d.GetAttribute("data-code")).Should().Equal("ring", "agreed"));
        await PressAsync(panel, from + ":1");
        panel.WaitForAssertion(() => panel.Find("[data-test=wrap-up-follows]").TextContent.Should().Contain("Callback: Ring (days: 2, at 10:00)"));
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => Saved.Disposition.Should().Be("ring"));
        _pressed.Should().Be(3);
    }

    [Fact]
    public async Task The_whole_record_takes_two()
    {
        var panel = await PanelAsync();
        await PressAsync(panel, "prefill");
        panel.WaitForAssertion(() => panel.FindAll("[data-test=prefilled]").Select(m => m.GetAttribute("data-field")).Should().BeEquivalentTo("disposition", "subject", "contact", "deal", "next_step", "next_at"));
        panel.Find("[data-test=wrap-up-follows]").TextContent.Should().Contain("Most calls like this one");
        panel.Find("[data-code=ring]").GetAttribute("aria-checked").Should().Be("true", "its branch is open");
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => Saved.Prefilled.Should().HaveCount(7));
        var save = Saved;
        (save.Disposition, save.Subject, save.Deal, save.Contact, save.NextStep, save.NextAt, save.Note, save.Stage, save.NewDeal)
            .Should().Be(("ring", "The price", Deal, Mara, "Ring", new DateTimeOffset(2026, 3, 7, 9, 0, 0, TimeSpan.Zero), "Why? – the price", null, null));
        _pressed.Should().Be(2);
    }

    [Fact]
    public async Task What_was_typed_stays_and_is_no_proposal()
    {
        var panel = await PanelAsync(Some.Field("subject", "My words", 1), Some.Field("note", "My note", 1));
        await PressAsync(panel, "prefill");
        panel.WaitForAssertion(() => panel.FindAll("[data-test=prefilled]").Should().NotBeEmpty());
        panel.FindAll("[data-test=prefilled]").Select(m => m.GetAttribute("data-field")).Should().NotContain(["subject", "note"]);
        panel.Find("#wrap-subject").GetAttribute("value").Should().Be("My words");
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => (Saved.Subject, Saved.Note).Should().Be(("My words", "My note")));
        Saved.Prefilled.Should().BeEquivalentTo("disposition", "deal", "contact", "next_step", "next_at");
    }

    [Fact]
    public async Task Beside_another_disposition_its_next_step_is_not_proposed()
    {
        var panel = await PanelAsync(Some.Field("disposition", "solved", 1));
        await PressAsync(panel, "prefill");
        panel.WaitForAssertion(() => panel.FindAll("[data-test=prefilled]").Select(m => m.GetAttribute("data-field")).Should().BeEquivalentTo("subject", "contact", "deal"));
        panel.Find("#next-step").GetAttribute("value").Should().BeEmpty();
    }

    [Fact]
    public async Task A_proposed_field_that_is_changed_loses_its_mark_and_counts_as_proposed_still()
    {
        var panel = await PanelAsync();
        await PressAsync(panel, "prefill");
        panel.WaitForAssertion(() => panel.FindAll("[data-field=subject]").Should().ContainSingle());
        panel.Input("#wrap-subject", "The price of boilers");
        panel.WaitForAssertion(() => panel.FindAll("[data-field=subject]").Should().BeEmpty());
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => Saved.Prefilled.Should().Contain("subject"));
        Saved.Subject.Should().Be("The price of boilers");
    }

    [Fact]
    public async Task A_proposal_that_fails_says_so_and_fills_nothing()
    {
        var panel = await PanelAsync();
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/proposal", StringComparison.Ordinal) ? FakeServer.Text("<html>", "text/html", System.Net.HttpStatusCode.BadGateway) : null;
        await PressAsync(panel, "prefill");
        panel.WaitForAssertion(() => panel.Find("[role=alert]").TextContent.Should().StartWith("Nothing was filled in"));
        panel.FindAll("[data-test=prefilled]").Should().BeEmpty();
    }

    [Fact]
    public async Task Only_what_the_queues_calls_can_end_with_is_there_and_no_empty_branch()
    {
        var panel = await PanelAsync();
        panel.FindAll("[data-item]").Select(d => d.GetAttribute("data-code")).Should().Equal("solved", "later", "never");
        await PressAsync(panel, "wrap-up:2");
        await PressAsync(panel, "wrap-up:back");
        panel.WaitForAssertion(() => panel.FindAll("[data-item]").Select(d => d.GetAttribute("data-code")).Should().Equal("solved", "later", "never"));
        panel.FindAll("[data-test=disposition-back]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_disposition_that_asks_when_is_not_sent_without_it()
    {
        var panel = await PanelAsync(Some.Field("disposition", "agreed", 1));
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => panel.Find("[role=alert]").TextContent.Should().StartWith("Say when"));
        Server.Asked.Should().NotContain(a => a.Path.EndsWith("/wrap-up", StringComparison.Ordinal));
        var local = new DateTime(2026, 3, 9, 10, 30, 0, DateTimeKind.Local);
        panel.Change("#next-at", local.ToString("yyyy-MM-dd'T'HH:mm", System.Globalization.CultureInfo.InvariantCulture));
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => Saved.NextAt.Should().Be(new DateTimeOffset(local)));
    }

    [Fact]
    public async Task A_deal_is_moved_or_made_from_here()
    {
        var panel = await PanelAsync(Some.Field("disposition", "solved", 1), Some.Field("subject", "New boilers", 1));
        panel.FindAll("#wrap-stage").Should().BeEmpty();
        panel.Change("#wrap-deal", Deal.ToString());
        panel.WaitForAssertion(() => panel.Find("#wrap-stage").GetAttribute("value").Should().Be("new"));
        panel.Change("#wrap-stage", "won");
        panel.Change("#wrap-deal", "new");
        panel.WaitForAssertion(() => panel.Find("#wrap-stage").GetAttribute("value").Should().Be("new", "what was said of the other deal is not said of this one"));
        panel.Change("#wrap-stage", "won");
        await PressAsync(panel, "finish");
        panel.WaitForAssertion(() => Saved.NewDeal.Should().NotBeNull());
        (Saved.NewDeal!.DealType, Saved.NewDeal.Title, Saved.Deal, Saved.Stage).Should().Be(("sale", "", null, "won"), "the server takes the title of the answers, else the subject");
        Saved.Subject.Should().Be("New boilers");
        Saved.NewDeal.Id.Should().NotBeEmpty();
    }
}
