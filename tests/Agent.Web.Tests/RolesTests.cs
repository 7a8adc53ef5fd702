using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class RolesTests : PageContext
{
    static readonly Guid Sales = Guid.Parse("0190b000-0000-7000-8000-000000000031");
    static readonly Guid North = Guid.Parse("0190b000-0000-7000-8000-000000000032");
    static readonly Guid Audit = Guid.Parse("0190b000-0000-7000-8000-000000000033");
    static readonly Guid Nina = Guid.Parse("0190b000-0000-7000-8000-000000000034");

    static AdminView View { get; } = new(
        [new UserSetup(Nina, "nina", "Nina Nuova", "agent", "en", "Europe/Rome", true, true, true, 3, Department: Audit)], [], [], [], [], [], ["pbx"],
        [new RoleSetup("agent", "", true, new Dictionary<string, string> { ["client.view"] = "all", ["client.edit"] = "own" }, 1), new RoleSetup("nights", "Night shift", false, new Dictionary<string, string>(), 2)],
        [new DepartmentSetup(Audit, "Audit", null, 1), new DepartmentSetup(North, "North", Sales, 4), new DepartmentSetup(Sales, "Sales", null, 1)],
        [new RightView("client.view", true), new RightView("client.edit", true), new RightView("client.create", false)]);

    void Answers() => Server.Answer = _ => FakeServer.Json(JsonSerializer.Serialize(View, ContractsJson.Default.AdminView));

    T Sent<T>(System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, out string path)
    {
        var asked = Server.Asked.Single(a => a.Method == "PUT");
        path = asked.Path;
        return JsonSerializer.Deserialize(asked.Body, type)!;
    }

    [Fact]
    public void A_new_role_begins_as_a_copy_and_is_sent_with_what_was_changed()
    {
        Answers();
        var page = Render<RolesAdmin>(p => p.Add(r => r.View, View));
        page.FindAll("[data-test=admin-row] td:first-child").Select(r => r.TextContent).Should().Equal("Agent", "Night shift");
        page.Click("[data-test=admin-new]");
        page.Find("[data-test=\"right-client.edit-own\"]").HasAttribute("checked").Should().BeTrue();
        page.FindAll("[data-test=\"right-client.create-own\"]").Should().BeEmpty("it has no scope");
        page.Input("#r-name", "Night shift");
        page.Find("[data-test=\"right-client.edit-department\"]").Change("on");
        page.Find("[data-test=\"right-client.create-all\"]").Change("on");
        page.Find("[data-test=\"right-client.view-none\"]").Change("on");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        var saved = Sent(ContractsJson.Default.RoleSetup, out var path);
        path.Should().EndWith("api/admin/roles/night_shift");
        saved.Should().BeEquivalentTo(new { Code = "night_shift", Name = "Night shift", Version = 0, CopyOf = "agent" });
        saved.Rights.Should().BeEquivalentTo(new Dictionary<string, string> { ["client.create"] = "all", ["client.edit"] = "department" });
    }

    [Fact]
    public void Only_a_role_that_an_administrator_made_can_be_taken_away_and_why_not_is_said()
    {
        Server.Answer = _ => FakeServer.Json("""{"errorId":"invalid_input","errors":{"role":["that nobody has: Nina Nuova does"]}}""", System.Net.HttpStatusCode.BadRequest);
        var page = Render<RolesAdmin>(p => p.Add(r => r.View, View));
        page.Click("[data-role=agent]");
        page.FindAll("[data-test=admin-delete]").Should().BeEmpty();
        page.Click("[data-role=nights]");
        page.Click("[data-test=admin-delete]");
        page.Click("[data-test=admin-delete]");
        page.WaitForAssertion(() => page.Markup.Should().Contain("Nina Nuova does"));
        Server.Asked.Single().Method.Should().Be("DELETE");
    }

    [Fact]
    public void Departments_stand_as_a_tree_and_none_can_go_below_itself()
    {
        Answers();
        var page = Render<DepartmentsAdmin>(p => p.Add(d => d.View, View));
        page.FindAll("[data-test=admin-row]").Select(r => (r.QuerySelector("td")!.TextContent, r.GetAttribute("data-depth"))).Should().Equal(("Audit", "0"), ("Sales", "0"), ("North", "1"));
        page.FindAll("[data-test=admin-row]")[1].Click();
        page.FindAll("#d-parent option").Select(o => o.GetAttribute("value")).Should().Equal("", Audit.ToString());
        page.Change("#d-parent", Audit.ToString());
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        Sent(ContractsJson.Default.DepartmentSetup, out _).Should().Be(new DepartmentSetup(Sales, "Sales", Audit, 1));
    }

    [Fact]
    public void People_are_put_into_a_department_one_by_one()
    {
        Answers();
        var page = Render<DepartmentsAdmin>(p => p.Add(d => d.View, View));
        page.FindAll("[data-test=admin-row]")[1].Click();
        page.Find("[data-test=department-person]").Parent!.TextContent.Should().Contain("Nina Nuova · Audit");
        page.Find("[data-test=department-person]").Change(true);
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        Sent(ContractsJson.Default.UserSetup, out _).Should().BeEquivalentTo(new { Id = Nina, Department = Sales, Version = 3 });
    }

    [Fact]
    public void A_person_gets_a_role_and_a_department()
    {
        Answers();
        var page = Render<PeopleAdmin>(p => p.Add(d => d.View, View));
        page.Click("[data-test=admin-row]");
        page.FindAll("#a-role option").Select(o => o.TextContent).Should().Equal("Agent", "Night shift");
        page.Change("#a-role", "nights");
        page.Change("#a-department", North.ToString());
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        Sent(ContractsJson.Default.UserSetup, out _).Should().BeEquivalentTo(new { Role = "nights", Department = North });
    }

    async Task<IRenderedComponent<MainFrame>> FrameAsync()
    {
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        return Render<MainFrame>();
    }

    [Fact]
    public async Task Who_opened_too_many_cards_is_told_once()
    {
        var frame = await FrameAsync();
        var hint = new HintEvent("many_cards", Nina.ToString(), 101) { At = Some.Noon };
        Feed.Take(Some.Message(hint));
        frame.WaitForAssertion(() => frame.Find("[data-test=many-cards]").TextContent.Should().Contain("opened more than 100 client cards within an hour (101)"));
        frame.Find("[data-test=many-cards] button").Click();
        Feed.Take(Some.Message(hint));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=many-cards]").Should().BeEmpty());
        Feed.Take(Some.Message(hint with { At = Some.Noon.AddHours(2) }));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=many-cards]").Should().ContainSingle());
    }

    [Fact]
    public async Task A_snapshot_after_the_first_and_the_settings_hint_read_ones_rights_again()
    {
        var rights = new Dictionary<string, string> { ["client.view"] = "all", ["report.view"] = "all" };
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/session" ? FakeServer.Json(JsonSerializer.Serialize(Some.Session with { Rights = new Dictionary<string, string>(rights) }, ContractsJson.Default.SessionView)) : null;
        var frame = await FrameAsync();
        frame.WaitForAssertion(() => frame.FindAll("a[href=reports]").Should().ContainSingle());
        int Asked() => Server.Asked.Count(a => a.Path == "api/session");
        var first = Asked();
        Feed.Take(Some.Snapshot(Some.Desk()));
        Asked().Should().Be(first, "that one comes with the page");
        rights.Remove("report.view");
        Feed.Take(Some.Snapshot(Some.Desk()));
        frame.WaitForAssertion(() => frame.FindAll("a[href=reports]").Should().BeEmpty());
        rights["report.view"] = "all";
        Feed.Take(Some.Message(new HintEvent("settings", "role", null)));
        frame.WaitForAssertion(() => frame.FindAll("a[href=reports]").Should().ContainSingle());
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("client.view", "clients")]
    [InlineData("board.view report.view", "live reports")]
    [InlineData("block.edit", "blocked")]
    [InlineData("client.review block.edit missed.work call.view", "calls missed review")]
    [InlineData("report.view audit.view settings.configure", "reports audit admin")]
    [InlineData("settings.configure", "admin")]
    public async Task The_bar_shows_what_one_may_open(string rights, string pages)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/session"
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Session with { Rights = rights.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(x => x, _ => "all") }, ContractsJson.Default.SessionView)) : null;
        var frame = await FrameAsync();
        frame.FindAll("nav.nav a").Select(a => a.GetAttribute("href")!.TrimStart('/')).Should().Equal(pages.Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend(""));
    }

    [Fact]
    public async Task A_change_of_the_settings_asks_anew_what_one_may()
    {
        var frame = await FrameAsync();
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/session" ? FakeServer.Json(JsonSerializer.Serialize(Some.As("admin"), ContractsJson.Default.SessionView)) : null;
        Feed.Take(Some.Message(new HintEvent("settings", "agent", null)));
        frame.WaitForAssertion(() => frame.FindAll("nav.nav a[href=admin]").Should().ContainSingle());
    }
}
