using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Clients;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;

namespace CallCrm.Agent.Web.Tests;

public sealed class MergePageTests : PageContext
{
    static readonly Guid Other = Guid.Parse("0190b000-0000-7000-8000-000000000031");

    static ClientCardView Left => Some.Card("Ilaria Gentile", 3) with { City = "Roma", Phones = [new PhoneView("+39021", "+39 02 1", "", true)] };

    static ClientCardView Right => Some.Card("Ilaria Gentili", 5) with { Id = Other, Company = "Gentile Srl", City = "Milano", Phones = [new PhoneView("+39022", "+39 02 2", "", true)] };

    void Cards(Func<HttpRequestMessage, HttpResponseMessage?>? then = null) => Server.Answer = r => r.Method == HttpMethod.Get && r.RequestUri!.AbsolutePath == $"/api/clients/{Some.ClientId}" ? Card(Left)
        : r.Method == HttpMethod.Get && r.RequestUri!.AbsolutePath == $"/api/clients/{Other}" ? Card(Right) : then?.Invoke(r);

    static HttpResponseMessage Card(ClientCardView card) => FakeServer.Json(JsonSerializer.Serialize(card, ContractsJson.Default.ClientCardView));

    ClientMergeRequest[] Sent => [.. Server.Asked.Where(a => a.Path.EndsWith("/merge", StringComparison.Ordinal)).Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.ClientMergeRequest)!)];

    [Fact]
    public void Only_fields_that_differ_are_asked_and_the_side_that_has_something_is_proposed()
    {
        ClientCardView? merged = null;
        Cards(r => r.RequestUri!.AbsolutePath.EndsWith("/merge", StringComparison.Ordinal) ? Card(Left) : null);
        var sheet = Render<MergeSheet>(p => p.Add(s => s.Keeps, Some.ClientId).Add(s => s.Goes, Other).Add(s => s.OnMerged, EventCallback.Factory.Create<ClientCardView>(this, c => merged = c)));
        sheet.WaitForElement("[data-test=merge-name]");
        sheet.FindAll("tr[data-test]").Select(r => r.GetAttribute("data-test")).Should().Equal("merge-name", "merge-company", "merge-city");
        sheet.Markup.Should().Contain("+39 02 1, +39 02 2");
        sheet.FindAll("[data-test=merge-city] input")[1].Change("on");
        sheet.Click("[data-test=merge-do]");
        sheet.WaitForAssertion(() => merged.Should().NotBeNull());
        Sent.Single().Should().BeEquivalentTo(new { Other, Version = 3, OtherVersion = 5, Taken = new[] { "company", "city" } });
    }

    [Fact]
    public void With_the_sides_changed_the_other_card_stays()
    {
        Cards(r => r.RequestUri!.AbsolutePath.EndsWith("/merge", StringComparison.Ordinal) ? Card(Right) : null);
        var sheet = Render<MergeSheet>(p => p.Add(s => s.Keeps, Some.ClientId).Add(s => s.Goes, Other));
        sheet.WaitForElement("[data-test=merge-name]");
        sheet.Click("[data-test=merge-swap]");
        sheet.Click("[data-test=merge-do]");
        sheet.WaitForAssertion(() => Sent.Should().ContainSingle());
        Server.Asked.Should().Contain(a => a.Path == $"api/clients/{Other}/merge");
        Sent.Single().Should().BeEquivalentTo(new { Other = Some.ClientId, Version = 5, OtherVersion = 3, Taken = Array.Empty<string>() });
    }

    [Fact]
    public void A_card_changed_meanwhile_is_shown_as_it_is_now_and_nothing_is_merged()
    {
        Cards(r => r.RequestUri!.AbsolutePath.EndsWith("/merge", StringComparison.Ordinal) ? FakeServer.Json("""{"errorId":"edit_conflict"}""", System.Net.HttpStatusCode.Conflict) : null);
        var sheet = Render<MergeSheet>(p => p.Add(s => s.Keeps, Some.ClientId).Add(s => s.Goes, Other));
        sheet.WaitForElement("[data-test=merge-name]");
        sheet.Click("[data-test=merge-do]");
        sheet.WaitForAssertion(() => sheet.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        Server.Asked.Count(a => a.Path == $"api/clients/{Other}").Should().Be(2);
    }

    [Fact]
    public void An_undo_says_what_was_kept()
    {
        var merge = new ClientMergeView(Guid.NewGuid(), Some.Noon, "Sara", Other, 9, "Ilaria Gentili", null);
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/merges", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize([merge], ContractsJson.Default.IReadOnlyListClientMergeView))
            : r.RequestUri!.AbsolutePath.EndsWith("/undo", StringComparison.Ordinal)
                ? FakeServer.Json(JsonSerializer.Serialize(new ClientUnmergedView(Left, Right, ["city"], 2, 0, 0), ContractsJson.Default.ClientUnmergedView)) : null;
        var merges = Render<ClientMerges>(p => p.Add(m => m.Client, Left));
        merges.WaitForElement("[data-test=merge-undo]");
        merges.Click("[data-test=merge-undo]");
        merges.WaitForElement("[data-test=merge-undone]").TextContent.Should().Contain("city").And.Contain("2");
        merges.Find($"a[href='clients/{Other}']").Should().NotBeNull();
    }

    [Fact]
    public void The_hint_asks_when_typing_rests_and_its_line_is_there_before()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/duplicates/check", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize([new DuplicateView(Other, 9, "Ilaria Gentili", "", "", null, ["name"], 80)], ContractsJson.Default.IReadOnlyListDuplicateView)) : null;
        static DuplicateAsk Ask(string name) => new(null, name, "", "", [], [], "");
        var hint = Render<DuplicateHint>(p => p.Add(h => h.Ask, Ask("")));
        hint.Find("[data-test=duplicate-hint]").TextContent.Trim().Should().BeEmpty();
        foreach (var name in new[] { "Ilar", "Ilaria", "Ilaria Gentile" })
        {
            hint.Render(p => p.Add(h => h.Ask, Ask(name)));
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Server.Asked.Should().BeEmpty();
        Time.Advance(TimeSpan.FromSeconds(1));
        hint.WaitForElement("[data-test=duplicate]").GetAttribute("href").Should().Be($"clients/{Other}");
        JsonSerializer.Deserialize(Server.Asked.Single().Body, ContractsJson.Default.DuplicateAsk)!.Name.Should().Be("Ilaria Gentile");
    }

    [Fact]
    public void A_card_is_deleted_at_the_second_click_and_comes_back()
    {
        ClientCardView? shown = null;
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/merges", StringComparison.Ordinal) ? FakeServer.Json("[]")
            : r.Method == HttpMethod.Delete ? Card(Left with { DeletedAt = Some.Noon }) : r.RequestUri.AbsolutePath.EndsWith("/restore", StringComparison.Ordinal) ? Card(Left) : null;
        var merges = Render<ClientMerges>(p => p.Add(m => m.Client, Left).Add(m => m.OnChanged, EventCallback.Factory.Create<ClientCardView>(this, c => shown = c)));
        merges.Click("[data-test=client-delete]");
        Server.Asked.Should().NotContain(a => a.Method == "DELETE");
        merges.Click("[data-test=client-delete]");
        merges.WaitForAssertion(() => shown?.DeletedAt.Should().NotBeNull());
        merges.Render(p => p.Add(m => m.Client, shown!));
        merges.Click("[data-test=client-restore]");
        merges.WaitForAssertion(() => shown!.DeletedAt.Should().BeNull());
    }

    [Fact]
    public async Task The_client_s_page_has_the_card_its_merges_for_those_who_merge_and_its_past()
    {
        Cards(r => r.RequestUri!.AbsolutePath == "/api/session" ? FakeServer.Json(JsonSerializer.Serialize(Some.As("supervisor"), ContractsJson.Default.SessionView))
            : r.RequestUri.AbsolutePath.EndsWith("/merges", StringComparison.Ordinal) ? FakeServer.Json("[]") : null);
        await Session.LoadAsync();
        var page = Render<ClientPage>(p => p.Add(c => c.Id, Some.ClientId));
        page.WaitForElement("[data-test=merge-with]");
        page.FindAll("[data-test=client-card]").Should().ContainSingle();
        page.Click("[data-test=client-edit]");
        page.Find("[data-test=client-kind-select]").GetAttribute("value").Should().Be("person");
        page.FindAll(".timeline").Should().ContainSingle();
    }
}
