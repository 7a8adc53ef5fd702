using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Hiding;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Live;

/// <summary>The pages' line: /hubs/live.</summary>
[Authorize(Rights.SignedIn)]
internal sealed partial class LiveHub(Feed feed, FeedConnections pages, LiveSnapshots snapshots, VeilJson veils, RouterRoad road, LiveMetrics metrics, TimeProvider time, ILogger<LiveHub> log) : Hub
{
    /// <summary>What the page missed since its position, or a snapshot. Once per connection; after its answer the feed runs.</summary>
    [Authorize(Rights.SignedIn)]
    public async Task<ResumeAnswer> Resume(string? position, string pageId)
    {
        if (pageId is null or { Length: 0 or > 100 }) throw new HubException("page_id: 1 to 100 characters");
        var page = Page;
        if (page.Attached) throw new HubException("already_resumed");
        await feed.Loaded.WaitAsync(TimeSpan.FromSeconds(10), Context.ConnectionAborted);
        var plan = feed.Attach(page, position, pageId);
        pages.TellChanged();
        try
        {
            return new ResumeAnswer(await snapshots.AnswerAsync(plan, page.Person, Context.ConnectionAborted), page, veils.For(page.Person.Veil));
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // It waits attached for an answer that does not come: better it tries again.
            LogNoSnapshot(e.Message);
            page.Close();
            throw new HubException("not_ready");
        }
    }

    /// <summary>The pop stands on the screen: the phone may ring.</summary>
    /// <param name="painted">False in a hidden tab, which paints nothing.</param>
    [Authorize(Rights.TakeCalls)]
    public async Task PopSeen(Guid offerId, bool painted)
    {
        if (!feed.State.Offers.TryGetValue(offerId, out var offer) || offer.Agent != Page.Person.Id) return;
        metrics.PopSeen(painted, time.GetUtcNow() - offer.At);
        try
        {
            await road.PopSeenAsync(offerId, Context.ConnectionAborted);
        }
        catch (RouterAwayException e)
        {
            LogRouterAway(e.Message);
        }
    }

    FeedConnection Page => (FeedConnection)Context.Items[FeedLifetime.PageKey]!;

    [LoggerMessage(Level = LogLevel.Warning, Message = "No snapshot for a page: {Reason}")]
    private partial void LogNoSnapshot(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Pop seen, but the router is away: {Reason}")]
    private partial void LogRouterAway(string reason);
}

/// <summary>Gives every connection its outbox; the only place where SignalR shows the connection itself.</summary>
internal sealed class FeedLifetime(FeedConnections pages, ILogger<DefaultHubLifetimeManager<LiveHub>> log) : DefaultHubLifetimeManager<LiveHub>(log)
{
    public static object PageKey { get; } = new();

    public override async Task OnConnectedAsync(HubConnectionContext connection)
    {
        var person = Person.From(connection.User) ?? throw new HubException("not_signed_in");
        var page = new FeedConnection(connection, person);
        connection.Items[PageKey] = page;
        await base.OnConnectedAsync(connection);
        pages.Add(connection.ConnectionId, page);
    }

    public override Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        pages.Remove(connection.ConnectionId);
        return base.OnDisconnectedAsync(connection);
    }
}

/// <summary>The answer to Resume from a plan: missed events with the drafts of the moment, or the desk (and board) whole.</summary>
internal sealed class LiveSnapshots(Feed feed, LiveViews views, Dressing dressing, LiveFacts facts, BoardFigures figures, CardViews cards, Told told)
{
    public async Task<FeedMessage> AnswerAsync(ResumePlan plan, Person person, CancellationToken cancel)
    {
        var (state, position, missed) = plan;
        var call = state.CallOf(person.Id);
        if (missed is not null)
        {
            List<LiveEvent> events = [.. missed];
            if (call is not null) events.AddRange(await DraftsAsync(call, person.Id, cancel));
            if (person.SeesBoard) events.Add(new BoardEvent(await figures.NowAsync(state, cancel), views.Waiting(state)));
            if (person.SeesBoard) events.AddRange(await cards.RecentAsync(person, cancel));
            return new FeedMessage(position, events);
        }

        var offered = state.OfferOf(person.Id) is { } offer ? state.Calls.GetValueOrDefault(offer.Call) : null;
        LiveCall[] calls = [.. new[] { call, offered }.OfType<LiveCall>().DistinctBy(c => c.Id)];
        var dress = await dressing.ReadAsync(new DressWish(calls, [.. calls.Select(c => c.Id).Where(c => facts.Number(c) == 0)], []), cancel);
        told.Snapshot(person.Id);
        var board = person.SeesBoard ? await BoardAsync(state, person, cancel) : null;
        return new FeedMessage(position, person.SeesBoard ? [.. await cards.RecentAsync(person, cancel)] : [], Snapshot: true, views.Desk(state, person.Id, dress, feed.RouterAway), board);
    }

    public async Task<BoardView> BoardAsync(LiveState state, Person person, CancellationToken cancel) =>
        new(await figures.NowAsync(state, cancel), views.Waiting(state), [.. views.Tiles(state).Where(t => person.Within(Rights.SeeBoard).Includes(t.AgentId))], [.. state.Pbxs.Values.Select(views.Pbx)]);

    /// <summary>Drafts have no place in the journal: whatever was written meanwhile is told as it stands now, the page takes the newer version.</summary>
    async Task<IEnumerable<DraftEvent>> DraftsAsync(LiveCall call, Guid agent, CancellationToken cancel)
    {
        var dress = await dressing.ReadAsync(new DressWish([call], [], []), cancel);
        return dress.DraftOf(call.Id, agent, facts.Names).Select(d => new DraftEvent(call.Id, d) { At = d.UpdatedAt });
    }
}
