using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>What the router is told of pages while this process ends and starts: nobody goes by that.</summary>
[Trait("Category", "Slow")]
public sealed class PagesTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    [PostgresFact]
    public async Task A_process_that_stops_reports_no_page_as_gone_and_one_that_starts_waits_for_the_first()
    {
        await using var anna = await host.SignInAsync("anna");
        await using (await anna.OpenAsync())
        {
            await Eventually.BeAsync(() => host.Router.Pages.LastOrDefault()?.Agents is [var only] && only == Seeds.Anna, Within, "Anna's page to be reported");
            await host.RestartAsync();
            host.Router.Pages.Last().Agents.Should().Equal([Seeds.Anna], "her line was ended by the process itself");
        }

        var before = host.Router.Pages.Count;
        await Task.Delay(TimeSpan.FromSeconds(2));
        host.Router.Pages.Should().HaveCount(before, "nobody's page can be back yet");
        await using var luca = await host.SignInAsync("luca");
        await using var page = await luca.OpenAsync();
        await Eventually.BeAsync(() => host.Router.Pages.Count > before, Within, "the first page to be reported");
        host.Router.Pages.ElementAt(before).Agents.Should().Equal(Seeds.Luca);
    }

    [PostgresFact]
    public async Task With_no_page_at_all_the_first_report_comes_after_ten_seconds()
    {
        await host.RestartAsync();
        var before = host.Router.Pages.Count;
        await Eventually.BeAsync(() => host.Router.Pages.Count > before, Within, "the empty report");
        host.Router.Pages.ElementAt(before).Agents.Should().BeEmpty();
    }
}
