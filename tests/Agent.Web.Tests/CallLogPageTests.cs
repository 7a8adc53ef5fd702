using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Calls;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class CallLogPageTests : PageContext
{
    List<CallRow> _rows = [];

    static CallRow Row(int n, double minutesAgo, string outcome = "Answered") => new(new Guid(n, 0, 0, new byte[8]), n, "Inbound", Some.Noon.AddMinutes(-minutesAgo), null, Some.Caller(), "Website", "Sales", null, null,
        "Anna Verdi", outcome, "Ended", 8, 60, 10, null, null, null, null, false);

    IRenderedComponent<CallLogPage> Show(params CallRow[] rows)
    {
        _rows = [.. rows];
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/calls" ? FakeServer.Json(JsonSerializer.Serialize(new ListPage<CallRow>(_rows, null), ContractsJson.Default.ListPageCallRow)) : null;
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
        Feed.Take(Some.Message(new HintEvent("recording", Guid.NewGuid().ToString(), null)));
        page.WaitForAssertion(() => Shown(page).Should().Equal("01 Answered", "02 Answered"));
    }
}
