using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Calls;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class CallLogPageTests : PageContext
{
    List<CallRow> _rows = [];
    List<string> _queries = [];

    static CallRow Row(int n, double minutesAgo, string outcome = "Answered") => new(new Guid(n, 0, 0, new byte[8]), n, "Inbound", Some.Noon.AddMinutes(-minutesAgo), null, Some.Caller(), "Website", "Sales", null, null,
        "Anna Verdi", outcome, "Ended", 8, 60, 10, null, null, null, null, false);

    IRenderedComponent<CallLogPage> Show(params CallRow[] rows)
    {
        _rows = [.. rows];
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/calls" && (_queries = [.. _queries, r.RequestUri.Query]).Count > 0 ? FakeServer.Json(JsonSerializer.Serialize(new ListPage<CallRow>(_rows, null), ContractsJson.Default.ListPageCallRow)) : null;
        var page = Render<CallLogPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=call-row]").Should().HaveCount(rows.Length));
        return page;
    }

    static IEnumerable<string> Shown(IRenderedComponent<CallLogPage> page) => page.FindAll("[data-test=call-row]").Select(r => $"{r.GetAttribute("data-call")![6..8]} {r.QuerySelector("td .chip")!.TextContent}");

    [Fact]
    public void Calls_from_the_PBXs_own_record_come_where_they_belong_and_corrected_ones_change()
    {
        var page = Show(Row(1, 5), Row(2, 60, "Lost"));
        _rows = [Row(1, 5), Row(3, 30, "Abandoned"), Row(2, 60)];
        Feed.Take(Some.Message(new HintEvent("call", Guid.NewGuid().ToString(), null)));
        page.WaitForAssertion(() => Shown(page).Should().Equal("01 Answered", "03 Abandoned", "02 Answered"));
    }

    [Fact]
    public void A_recording_that_is_ready_moves_no_row()
    {
        var page = Show(Row(1, 5), Row(2, 60, "Lost"));
        _rows = [Row(4, 1), Row(1, 5), Row(2, 60)];
        Feed.Take(Some.Message(new HintEvent("recording", Guid.NewGuid().ToString(), null, Row(2, 60).Id)));
        page.WaitForAssertion(() => Shown(page).Should().Equal("01 Answered", "02 Answered"));
    }

    [Fact]
    public void A_call_found_by_words_shows_the_line_they_stand_in_which_opens_and_closes_it()
    {
        var found = Row(1, 5) with { Said = "Vorrei un preventivo" };
        var page = Show(found, Row(2, 60));
        Server.Answer = r => r.RequestUri!.AbsolutePath == $"/api/calls/{found.Id}" ? FakeServer.Json(JsonSerializer.Serialize(new CallDetailView(found, null, [], [], null), ContractsJson.Default.CallDetailView)) : null;
        var line = page.FindAll("[data-test=call-said]").Should().ContainSingle().Subject;
        line.TextContent.Trim().Should().Be("“Vorrei un preventivo”");
        line.Click();
        page.FindAll("tr.open[data-call]").Should().ContainSingle().Which.GetAttribute("data-call").Should().StartWith("00000001");
        // It stays, and the keyboard with it.
        page.Find("[data-test=call-said]").GetAttribute("aria-expanded").Should().Be("true");
        page.Find("[data-test=call-said]").Click();
        page.FindAll("tr.open").Should().BeEmpty();
    }

    string Asked() => _queries[^1];

    [Fact]
    public void Filters_are_asked_of_the_server_and_kept_in_the_address()
    {
        var page = Show(Row(1, 5));
        var go = Services.GetRequiredService<NavigationManager>();
        page.Find("[data-test=calls-direction]").Change("outbound");
        page.Find("[data-test=calls-talk]").Change("60");
        page.Find("[data-test=calls-dialled]").Change(" +39 02 1 ");
        page.Find("[data-test=calls-from]").Change("2026-03-01");
        page.WaitForAssertion(() => Asked().Should().Contain("direction=outbound").And.Contain("minTalk=60").And.Contain("dialled=%2B39%2002%201").And.Contain("from=2026-0"));
        go.Uri.Should().EndWith("?direction=outbound&minTalk=60&dialled=%2B39%2002%201&from=2026-03-01");
        page.Find("[data-test=calls-clear]").Click();
        page.WaitForAssertion(() => Asked().Should().NotContain("direction"));
        go.Uri.Should().NotContain("?");
        page.FindAll("[data-test=calls-clear]").Should().BeEmpty();
    }

    [Fact]
    public void An_address_with_a_filter_shows_it_and_what_else_stands_there_stays()
    {
        var go = Services.GetRequiredService<NavigationManager>();
        go.NavigateTo("calls?open=00000003-0000-0000-0000-000000000000&direction=inbound&client=00000000-0000-7000-8000-000000000029");
        var page = Show(Row(1, 5));
        Asked().Should().Contain("direction=inbound&client=00000000-0000-7000-8000-000000000029");
        page.Find("[data-test=calls-direction]").GetAttribute("value").Should().Be("inbound");
        page.Find("[data-test=calls-client]").Click();
        page.WaitForAssertion(() => Asked().Should().NotContain("client="));
        go.Uri.Should().EndWith("calls?open=00000003-0000-0000-0000-000000000000&direction=inbound");
    }
}
