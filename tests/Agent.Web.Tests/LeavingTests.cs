using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;

namespace CallCrm.Agent.Web.Tests;

public sealed class LeavingTests : PageContext
{
    static readonly Guid Nina = Guid.Parse("0190b000-0000-7000-8000-000000000022");
    static readonly Guid Luca = Guid.Parse("0190b000-0000-7000-8000-000000000023");
    static readonly Guid Gone = Guid.Parse("0190b000-0000-7000-8000-000000000024");
    static readonly Guid Handover = Guid.Parse("0190b000-0000-7000-8000-000000000025");

    static UserSetup User(Guid id, string name, bool active, int version = 3) => new(id, name.ToLowerInvariant(), name, "agent", "en", "Europe/Rome", true, true, active, version, HasPassword: true, SecondFactor: id == Nina);

    static AdminView View(bool active = true) => new([User(Nina, "Nina", active, active ? 3 : 4), User(Luca, "Luca", true), User(Gone, "Gone", false)], [], [], [], [], [], []);

    static HttpResponseMessage Json<T>(T value, JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    static LeavingView Leaving(params HandoverView[] handovers) => new(new BelongingsView(12, 3, 2, 1), handovers);

    IRenderedComponent<PeopleAdmin> Open(AdminView view, int row = 0)
    {
        IRenderedComponent<PeopleAdmin>? page = null;
        page = Render<PeopleAdmin>(p => p.Add(q => q.View, view).Add(q => q.OnSaved, EventCallback.Factory.Create<AdminView>(this, v => page!.Render(q => q.Add(x => x.View, v)))));
        page.FindAll("[data-test=admin-row]")[row].Click();
        return page;
    }

    [Fact]
    public void Deactivating_shows_what_is_theirs_asks_for_an_heir_and_tried_again_is_the_same_wish()
    {
        var tries = 0;
        Server.Answer = r => r.Method == HttpMethod.Get
            ? Json(tries < 2 ? Leaving() : Leaving(new HandoverView(Handover, Some.Noon, "Ada", "Luca", true, new BelongingsView(12, 3, 2, 1), null, 0)), ContractsJson.Default.LeavingView)
            : ++tries == 1 ? throw new HttpRequestException("cut") : Json(View(active: false), ContractsJson.Default.AdminView);
        var page = Open(View());
        page.FindAll("[data-test=admin-active]").Should().BeEmpty("there is one road out, and it asks");
        page.Click("[data-test=leave-open]");
        page.WaitForElement("[data-test=leave-counts]").TextContent.Should().Contain("clients 12, open deals 3, open tasks 2, callbacks 1");
        page.Find("[data-test=leave-heir]").QuerySelectorAll("option").Select(o => o.TextContent).Should().Equal("Nobody for now", "Luca");
        page.Change("[data-test=leave-heir]", Luca.ToString());
        page.Input("#a-name", "Nina N.");
        page.Click("[data-test=leave]");
        page.WaitForAssertion(() => page.Find("[data-test=leaving] [role=alert]").TextContent.Should().NotBeEmpty());
        page.Click("[data-test=leave]");
        page.WaitForElement("[data-test=leave-undo]").TextContent.Should().Contain("activate");
        page.Find("#a-name").GetAttribute("value").Should().Be("Nina N.", "what is typed stays");
        var sent = Server.Asked.Where(a => a.Method == "POST").Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.LeaveRequest)!).ToList();
        sent.Should().HaveCount(2);
        sent[1].Should().Be(sent[0]);
        (sent[0].Heir, sent[0].Version).Should().Be((Luca, 3));
    }

    [Fact]
    public void Undo_is_offered_once_and_says_how_much_came_back()
    {
        var undone = false;
        Server.Answer = r =>
        {
            if (r.Method != HttpMethod.Get)
            {
                undone = true;
                return Json(View(), ContractsJson.Default.AdminView);
            }

            return Json(new LeavingView(new BelongingsView(0, 0, 0, 0), [new HandoverView(Handover, Some.Noon, "Ada", "Luca", true, new BelongingsView(12, 3, 2, 1), undone ? Some.Noon : null, undone ? 17 : 0)]), ContractsJson.Default.LeavingView);
        };
        var page = Open(View(active: false));
        page.WaitForElement("[data-test=leave-undo]").Click();
        page.WaitForAssertion(() => page.Find("[data-test=handover]").TextContent.Should().Contain("given back: 17"));
        page.FindAll("[data-test=leave-undo]").Should().BeEmpty();
        page.FindAll("[data-test=leave-open]").Should().ContainSingle("the person is active again");
        Server.Asked.Should().ContainSingle(a => a.Method == "POST" && a.Path == $"api/admin/handovers/{Handover}/undo");
    }

    [Fact]
    public void Why_an_heir_is_refused_stands_at_the_choice()
    {
        Server.Answer = r => r.Method == HttpMethod.Get
            ? Json(Leaving(), ContractsJson.Default.LeavingView)
            : FakeServer.Json("""{"errorId":"invalid_input","errors":{"heir":["an active person"],"role":["one active administrator must remain"]}}""", HttpStatusCode.BadRequest);
        var page = Open(View());
        page.Click("[data-test=leave-open]");
        page.WaitForElement("[data-test=leave]").Click();
        page.WaitForAssertion(() => page.Find("[data-test=leaving] [data-error=heir]").TextContent.Should().Contain("an active person"));
        page.Find("[data-test=leaving] [data-error=role]").TextContent.Should().Contain("administrator");
    }

    [Fact]
    public void A_second_factor_is_taken_off_after_a_second_press()
    {
        Server.Answer = r => r.Method == HttpMethod.Get ? Json(Leaving(), ContractsJson.Default.LeavingView) : Json(View(), ContractsJson.Default.AdminView);
        var page = Open(View());
        page.Click("[data-test=admin-factor-off]");
        Server.Asked.Should().NotContain(a => a.Method == "DELETE");
        page.Click("[data-test=admin-factor-off]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/admin/users/{Nina}/second-factor"));
    }
}
