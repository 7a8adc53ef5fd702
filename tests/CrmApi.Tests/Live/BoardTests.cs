using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Live;

[Trait("Category", "Slow")]
public sealed class BoardTests(ApiHost host) : IClassFixture<ApiHost>
{
    /// <summary>
    /// By hand: 6 calls entered the queue. Answered after 4, 10 and 30 s; abandoned after 40 s; short abandon after 3 s; one waits.
    /// T = 20 s (the shorter of 20 and 30). Service level 2 / (3 + 2 − 1) = 50 %. Abandon rate (2 − 1) / (6 − 1) = 20 %. ASA (4 + 10 + 30) / 3 = 14.67 → 15 s.
    /// AHT: talk 60, 120, 30 s, no hold; wrap-up of the story's agents takes no whole second: (60 + 120 + 30) / 3 = 70 s.
    /// </summary>
    [PostgresFact]
    public async Task The_figures_are_those_computed_by_hand()
    {
        await using var story = await Story.BeginAsync(host);
        await using var sara = await host.SignInAsync("sara");
        foreach (var (wait_s, talk_s) in new[] { (4, 60), (10, 120), (30, 30) })
        {
            var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
                .. story.Answers(call, offer, Seeds.Anna, "101", wait_s * 1000), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi, wait_s * 1000, talk_s * 1000), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        }

        foreach (var (wait_ms, brief) in new[] { (40_000, false), (3_000, true) })
        {
            var call = Guid.CreateVersion7();
            await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), story.Abandons(call, wait_ms, brief)]);
        }

        var waiting = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Arrives(waiting, Story.From("+442079460000"), LookupOutcome.Known, Seeds.Evil), story.Agent(Seeds.Luca, AgentState.Paused, "102", null, "break"), story.Pbx(true)]);
        var live = await sara.OpenAsync();
        await live.NextAsync<BoardEvent>(e => e.Figures.Offered == 6 && e.Waiting.Count == 1);

        var board = await sara.GetAsync("api/live/board", ContractsJson.Default.BoardView);
        board.Figures.Should().BeEquivalentTo(new
        {
            Waiting = 1,
            Offered = 6,
            Answered = 3,
            Abandoned = 2,
            ShortAbandoned = 1,
            ServiceLevelPercent = 50m,
            ServiceLevel_s = 20,
            AbandonPercent = 20m,
            Asa_s = 15,
            Aht_s = 70,
            AgentsReady = 1,
            AgentsInCall = 0,
            AgentsWrapUp = 0,
            AgentsPaused = 1,
            AgentsSignedIn = 2,
        });
        board.Figures.OfferedPerHalfHour.Sum().Should().Be(6);
        board.Waiting.Single().Should().BeEquivalentTo(new { CallId = waiting, ClientName = Seeds.EvilName, QueueName = "Sales", State = "Waiting", Place = 1 });
        board.Agents.Select(a => (a.Name, a.State, a.Reason, a.QueueNames, a.CallsToday)).Should().Equal(("Anna Verdi", "Ready", null, "Sales", 3), ("Luca Neri", "Paused", "break", "Sales", 0));
        board.Pbxs.Single().Connected.Should().BeTrue();
        await Task.Delay(2500);
        live.Events.OfType<BoardEvent>().Should().HaveCountLessThan(6);
    }

    [PostgresFact]
    public async Task A_day_without_calls_has_no_percentages()
    {
        await using var empty = new EmptyHost();
        await empty.Host.InitializeAsync();
        await using var sara = await empty.Host.SignInAsync("sara");
        var figures = (await sara.GetAsync("api/live/board", ContractsJson.Default.BoardView)).Figures;
        figures.Should().BeEquivalentTo(new { Offered = 0, Waiting = 0 });
        (figures.ServiceLevelPercent, figures.AbandonPercent, figures.Asa_s, figures.Aht_s).Should().Be((null, null, null, null));
    }

    sealed class EmptyHost : IAsyncDisposable
    {
        public ApiHost Host { get; } = new();

        public async ValueTask DisposeAsync() => await Host.DisposeAsync();
    }
}
