using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Reports;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class DispositionsFormTests : PageContext
{
    static readonly QueueSetup Sales = new(Guid.NewGuid(), "Sales", 20, 30, 0, 300, 20, new("reject", ""), new("reject", ""), new("reject", ""), "Europe/Rome", null, [], 90, 20, true, [], 1);

    static readonly CodeSetup[] Tree =
    [
        new("sale", "Sale", "positive", Rule: new DispositionRule(Stage: new StageRule("sale", "won"))), new("later", "Later", Group: true),
        new("ring", "Ring", "neutral", Parent: "later", Rule: new DispositionRule(Callback: new FollowUpRule("Ring", 0, Minutes: 30))),
    ];

    AdminView View { get; } = new([], [Sales], [], [], [], Tree, []);

    CodesSave Sent => JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.CodesSave)!;

    async Task<IRenderedComponent<DispositionsForm>> FormAsync()
    {
        var catalog = Some.Catalog with { DealTypes = [new DealTypeView("sale", "Sale", [new NamedCode("new", "New"), new NamedCode("won", "Won")])] };
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/catalog" => FakeServer.Json(JsonSerializer.Serialize(catalog, ContractsJson.Default.CatalogView)),
            "/api/admin/dispositions" => FakeServer.Json(JsonSerializer.Serialize(View, ContractsJson.Default.AdminView)),
            _ => null,
        };
        await Session.LoadAsync();
        return Render<DispositionsForm>(p => p.Add(f => f.View, View));
    }

    [Fact]
    public async Task What_is_not_touched_goes_back_as_it_came()
    {
        var form = await FormAsync();
        form.FindAll(".code-row input")[0].Input("Sold");
        form.Submit("form");
        form.WaitForAssertion(() => Sent.Items.Should().BeEquivalentTo([Tree[0] with { Name = "Sold" }, Tree[1], Tree[2]], o => o.WithStrictOrdering()));
    }

    [Fact]
    public async Task A_new_one_is_put_below_a_branch_with_a_rule_and_queues()
    {
        var form = await FormAsync();
        form.Click("[data-test=codes-add]");
        form.FindAll(".code-row input")[3].Input("Never again");
        form.FindAll("[data-test=disposition-more]")[3].Click();
        var branch = form.FindAll("[data-test=disposition-parent] option").Single(o => o.TextContent == "Later").GetAttribute("value")!;
        form.Change("[data-test=disposition-parent]", branch);
        form.Change("[data-test=disposition-queue]", true);
        form.FindAll("[data-test=rule-on]")[1].Change(true);
        form.Input("[data-test=rule-title]", "Write to them");
        form.Input("[data-test=rule-days]", "3");
        form.Change("[data-test=rule-at]", "09:30");
        form.Change("[data-test=rule-do-not-call]", true);
        form.Change("[data-test=rule-stage]", "sale/won");
        form.Submit("form");
        form.WaitForAssertion(() => Sent.Items.Should().HaveCount(4));
        Sent.Items[3].Should().BeEquivalentTo(new CodeSetup("never_again", "Never again", "neutral", null, "later", false, [Sales.Id],
            new DispositionRule(new FollowUpRule("Write to them", 3, "09:30"), null, new StageRule("sale", "won"), true)));
    }

    [Fact]
    public async Task Up_moves_among_its_own_level_and_a_branch_goes_with_what_is_below_it()
    {
        var form = await FormAsync();
        form.FindAll(".code-row button")[4].Click(); // up, of the branch
        form.Submit("form");
        form.WaitForAssertion(() => Sent.Items.Select(i => i.Code).Should().Equal("later", "ring", "sale"));
        Server.Asked.Clear();
        var other = await FormAsync();
        other.FindAll(".code-row button")[5].Click(); // remove, of the branch
        other.Submit("form");
        other.WaitForAssertion(() => Sent.Items.Select(i => i.Code).Should().Equal("sale"));
    }

    [Fact]
    public async Task A_branch_cannot_go_below_itself()
    {
        var form = await FormAsync();
        form.FindAll("[data-test=disposition-more]")[1].Click();
        form.FindAll("[data-test=disposition-parent] option").Should().ContainSingle();
        form.FindAll("[data-test=rule-on]").Should().BeEmpty();
    }

    [Fact]
    public async Task The_report_says_how_much_was_kept()
    {
        var view = new PrefillReportView(new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 5), "Europe/Rome", [new PrefillRow(Guid.NewGuid(), "Anna", 4, 3, 12, 9)], [new PrefillRow(null, null, 4, 3, 12, 9)], [new PrefillFieldRow("next_at", 3, 0)]);
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.As("supervisor"), ContractsJson.Default.SessionView)),
            "/api/reports/prefill" => FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.PrefillReportView)),
            _ => null,
        };
        await Session.LoadAsync();
        var page = Render<PrefillReportPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=prefill-row]").Should().HaveCount(2));
        page.FindAll("[data-test=prefill-row]")[0].TextContent.Should().Contain("Anna").And.Contain("75 %");
        page.FindAll("[data-test=prefill-row]")[1].TextContent.Should().Contain("no queue");
        page.Find("[data-test=prefill-fields]").TextContent.Should().Contain("Due").And.Contain("0 %");
        page.Find("[data-test=prefill-csv]").GetAttribute("href").Should().Be("api/reports/prefill/csv?period=last_7_days");
    }
}
