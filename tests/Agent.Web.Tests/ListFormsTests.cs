using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class ListFormsTests : PageContext
{
    static readonly DealTypeSetup Sale = new("sale", "Sale", [new("new", "New"), new("offer", "Offer"), new("won", "Won", "won"), new("old", "Old one", null, true)]);

    static AdminView View { get; } = new([], [], [], [], [], [], [], Segments: new([new("vip", "VIP"), new("new", "New"), new("gone", "Gone", true)], 4), DealTypes: new([Sale], 7));

    static readonly ListUseView Use = new(new Dictionary<string, long> { ["vip"] = 17 }, new Dictionary<string, IReadOnlyDictionary<string, long>> { ["sale"] = new Dictionary<string, long> { ["offer"] = 3 } });

    string Sent(string path) => Server.Asked.Single(a => a.Method == "PUT" && a.Path == path).Body;

    IRenderedComponent<SegmentsForm> Segments(AdminView view)
    {
        Server.Answer = _ => FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.AdminView));
        return Render<SegmentsForm>(p => p.Add(f => f.View, view).Add(f => f.Use, Use));
    }

    IRenderedComponent<DealTypesForm> Types(AdminView view)
    {
        Server.Answer = _ => FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.AdminView));
        return Render<DealTypesForm>(p => p.Add(f => f.View, view).Add(f => f.Use, Use));
    }

    SegmentList SentSegments => JsonSerializer.Deserialize(Sent("api/admin/segments"), ContractsJson.Default.SegmentList)!;

    DealTypeList SentTypes => JsonSerializer.Deserialize(Sent("api/admin/deal-types"), ContractsJson.Default.DealTypeList)!;

    [Fact]
    public void Segments_are_renamed_ordered_added_and_put_away_and_the_form_says_who_has_them()
    {
        var form = Segments(View);
        form.FindAll(".in-use")[0].TextContent.Should().Be("Clients: 17");
        form.FindAll("[data-test=segment-name]")[1].Input("Newcomer");
        form.FindAll("[data-test=segment-up]")[1].Click();
        form.FindAll("[data-test=segment-remove]")[1].Click();
        form.FindAll("[data-test=put-away] .code-row").Select(r => r.TextContent).Should().SatisfyRespectively(r => r.Should().Contain("VIP").And.Contain("Clients: 17"), r => r.Should().Contain("Gone"));
        form.FindAll("[data-test=bring-back]")[1].Click();
        form.Click("[data-test=segment-add]");
        form.FindAll("[data-test=segment-name]")[2].Input("Big House");
        form.Submit("form");
        form.WaitForAssertion(() => SentSegments.Version.Should().Be(4));
        SentSegments.Items.Should().Equal(new SegmentSetup("new", "Newcomer"), new SegmentSetup("vip", "VIP", true), new SegmentSetup("gone", "Gone"), new SegmentSetup("big_house", "Big House"));
    }

    [Fact]
    public void A_stage_with_deals_keeps_its_kind_and_what_is_not_touched_goes_back_as_it_came()
    {
        var form = Types(View);
        form.Click("[data-test=type-stages]");
        form.FindAll("[data-test=stage-kind]").Select(s => s.HasAttribute("disabled")).Should().Equal(false, true, false);
        form.FindAll("[data-test=stage-up]")[1].Click();
        form.Click("[data-test=stage-add]");
        form.FindAll("[data-test=stage-name]")[3].Input("Lost");
        form.FindAll("[data-test=stage-kind]")[3].Change("lost");
        form.Submit("form");
        form.WaitForAssertion(() => SentTypes.Version.Should().Be(7));
        SentTypes.Items.Single().Should().BeEquivalentTo(Sale with { Stages = [Sale.Stages[1], Sale.Stages[0], Sale.Stages[2], Sale.Stages[3], new("lost", "Lost", "lost")] }, o => o.WithStrictOrdering());
    }

    [Fact]
    public void An_empty_site_starts_with_a_usual_pipeline_that_is_saved_after_a_look()
    {
        var form = Types(View with { DealTypes = new([], 1) });
        form.Find("[data-test=deal-types-save]").HasAttribute("disabled").Should().BeTrue();
        form.Click("[data-test=deal-types-usual]");
        Server.Asked.Should().NotContain(a => a.Method == "PUT");
        form.Submit("form");
        form.WaitForAssertion(() => SentTypes.Items.Should().ContainSingle());
        SentTypes.Items[0].Code.Should().Be("sale");
        SentTypes.Items[0].Stages.Select(s => (s.Code, s.Outcome)).Should().Equal(("new", null), ("qualified", null), ("proposal", null), ("negotiation", null), ("won", "won"), ("lost", "lost"));
    }

    [Fact]
    public void Campaigns_have_days_and_a_description_and_say_which_numbers_are_theirs()
    {
        var winter = new CampaignSetup("winter", "Winter", false, new DateOnly(2026, 11, 1), null, "Half price");
        var view = View with { Numbers = [new("1", "One", Guid.NewGuid(), "web", "en", "", 1, Campaign: "winter")], Campaigns = new([winter, new("old", "Old", true)], 3) };
        Server.Answer = _ => FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.AdminView));
        var form = Render<CampaignsForm>(p => p.Add(f => f.View, view));
        form.FindAll(".in-use").Select(n => n.TextContent).Should().Equal("Numbers: 1");
        form.Find("[data-test=campaigns-save]").HasAttribute("disabled").Should().BeTrue();
        form.Click("[data-test=campaign-more]");
        form.Find("[data-test=campaign-from]").GetAttribute("value").Should().Be("2026-11-01");
        form.Find("[data-test=campaign-form]").TextContent.Should().Contain("campaign: winter");
        form.Change("[data-test=campaign-to]", "2027-02-28");
        form.Input("[data-test=campaign-description]", "A third off");
        form.Click("[data-test=campaign-add]");
        form.FindAll("[data-test=campaign-name]")[1].Input("Spring sale");
        form.FindAll("[data-test=campaign-up]")[1].Click();
        form.Submit("form");
        form.WaitForAssertion(() => Sent("api/admin/campaigns").Should().NotBeEmpty());
        JsonSerializer.Deserialize(Sent("api/admin/campaigns"), ContractsJson.Default.CampaignList)!.Should().BeEquivalentTo(
            new CampaignList([new("spring_sale", "Spring sale"), new("old", "Old", true), winter with { To = new DateOnly(2027, 2, 28), Description = "A third off" }], 3), o => o.WithStrictOrdering());
    }

    [Fact]
    public void A_number_is_given_to_a_campaign_and_taken_from_it()
    {
        var queue = new QueueSetup(Guid.NewGuid(), "Sales", 20, 30, 0, 300, 20, new("reject", ""), new("reject", ""), new("reject", ""), "Europe/Rome", null, [], 90, 20, true, [], 1);
        var view = View with { Queues = [queue], Numbers = [new("1", "One", queue.Id, "web", "en", "", 1)], Campaigns = new([new("winter", "Winter"), new("old", "Old", true)], 3) };
        Server.Answer = _ => FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.AdminView));
        var page = Render<NumbersAdmin>(p => p.Add(n => n.View, view));
        page.Click("[data-test=admin-row]");
        page.FindAll("[data-test=number-campaign] option").Select(o => o.TextContent).Should().Equal("No campaign", "Winter");
        page.Change("[data-test=number-campaign]", "winter");
        page.Submit("form");
        page.WaitForAssertion(() => JsonSerializer.Deserialize(Sent("api/admin/numbers/1"), ContractsJson.Default.NumberSetup)!.Campaign.Should().Be("winter"));
    }

    [Fact]
    public void What_came_of_a_call_may_be_for_its_campaign_alone()
    {
        DispositionView[] all = [new("order", "Order", "positive"), new("winter", "Winter", "neutral", Group: true, Campaigns: ["winter"]), new("booked", "Booked", "positive", "winter"), new("branch", "Branch", "neutral", Group: true), new("spring", "Spring", "positive", "branch", Campaigns: ["spring"])];
        string[] Top(string? campaign) => [.. new DispositionTree(all, null, campaign).Below(null).Select(d => d.Code)];
        Top(null).Should().Equal("order");
        Top("winter").Should().Equal("order", "winter");
        Top("spring").Should().Equal("order", "branch");
    }

    [Fact]
    public void A_conflict_keeps_what_was_typed_and_cancel_takes_theirs()
    {
        var form = Segments(View);
        Server.Answer = _ => FakeServer.Text("""{"status":409,"errorId":"edit_conflict","detail":"-"}""", "application/problem+json", HttpStatusCode.Conflict);
        form.FindAll("[data-test=segment-name]")[0].Input("Mine");
        form.Submit("form");
        form.WaitForAssertion(() => form.Find("[role=alert]").TextContent.Should().Contain("Somebody else changed this"));
        form.FindAll("[data-test=segment-name]")[0].GetAttribute("value").Should().Be("Mine");
        form.Click("[data-test=segments-cancel]");
        form.FindAll("[data-test=segment-name]")[0].GetAttribute("value").Should().Be("VIP");
    }
}
