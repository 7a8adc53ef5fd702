using System.Collections.Immutable;
using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Live;

/// <summary>Tells the router which agents have a page here: at each change (when thousands come back at once, ten times a second) and every 10 s; a router that did not answer is asked again after a second. Nobody is said to be gone because this process starts or stops.</summary>
internal sealed partial class PagesWorker(FeedConnections pages, RouterRoad road, Feed feed, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<PagesWorker> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);
    readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly string reporter = $"{Environment.MachineName}/{Guid.NewGuid():N}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        pages.Changed += Wake;
        try
        {
            await FirstPageAsync(stoppingToken);
            while (true)
            {
                await Task.Delay(Gather, time, stoppingToken);
                await ReportAsync(stoppingToken);
                await ChangeAsync(feed.RouterAway ? Again : Every, stoppingToken);
            }
        }
        finally
        {
            pages.Changed -= Wake;
        }
    }

    void Wake() => changes.Writer.TryWrite(true);

    /// <summary>Those of the process before are still on their way here: an empty report would begin everybody's minute.</summary>
    async Task FirstPageAsync(CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        while (!pages.All.Any(p => p.Attached) && Every - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero) await ChangeAsync(left, cancel);
    }

    async Task ChangeAsync(TimeSpan within, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(changes.Reader.ReadAsync(patience.Token).AsTask(), Task.Delay(within, time, patience.Token));
        await patience.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }

    async Task ReportAsync(CancellationToken cancel)
    {
        var agents = pages.AgentsWithPages();
        // Their lines are ended by us: looked at after the list was made, so that none which that has shortened is sent.
        if (lifetime.ApplicationStopping.IsCancellationRequested) return;
        try
        {
            await road.ReportPagesAsync(reporter, agents, cancel);
            Away(false);
        }
        catch (Exception e) when (e is RouterAwayException or NpgsqlException)
        {
            if (!feed.RouterAway) LogAway(e.Message);
            Away(true);
        }
    }

    void Away(bool away)
    {
        if (feed.RouterAway == away) return;
        feed.RouterAway = away;
        feed.Tell(Audience.Everyone, new HintEvent("router_away", away ? "on" : "off", null));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The router is away: {Reason}")]
    private partial void LogAway(string reason);
}

/// <summary>Ends the lines of people whose session was ended or whose rights changed, and keeps the sessions of the others awake.</summary>
internal sealed partial class SessionWatch(Feed feed, FeedConnections pages, SessionStore sessions, RoleBook book, TimeProvider time, ILogger<SessionWatch> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    const int TouchEvery = 30;
    TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The settings changed, and with them perhaps what somebody may: looked at once, not at the next round.</summary>
    public void LookNow() => Volatile.Read(ref changed).TrySetResult();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var round = 1; ; round++)
        {
            var asked = Volatile.Read(ref changed).Task;
            await Task.WhenAny(Task.Delay(Every, time, stoppingToken), asked);
            stoppingToken.ThrowIfCancellationRequested();
            if (asked.IsCompleted) Volatile.Write(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            try
            {
                await CheckAsync(touch: round % TouchEvery == 0, stoppingToken);
            }
            catch (NpgsqlException e)
            {
                LogFailed(e.Message); // The lines stay: with the database away nobody's rights can have changed.
            }
        }
    }

    public async Task CheckAsync(bool touch, CancellationToken cancel)
    {
        var open = pages.All.ToArray();
        if (open.Length == 0) return;
        var living = (await sessions.LivingAsync([.. open.Select(p => (p.Person.Session, p.Person.Stamp)).Distinct()], cancel)).ToDictionary(l => l.Session);
        foreach (var page in open)
        {
            if (!living.TryGetValue(page.Person.Session, out var now)) page.Close();
            // They come back as who they are now, and see anew what they may.
            else if (!(await book.AsOfAsync(now.AccessVersion, cancel)).Of(now.UserId, now.Role, now.DepartmentId).SameAs(page.Person.Grants)) feed.CloseForSnapshot(page);
        }

        if (touch && living.Count > 0) await sessions.TouchAsync(living.Keys, cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sessions cannot be checked: {Reason}")]
    private partial void LogFailed(string reason);
}

/// <summary>Changes of the CRM as hints to all pages, gathered so that a flood of saves is a few messages; cards of running calls are sent anew.</summary>
internal sealed partial class HintsWorker(Feed feed, ChangeHints hints, ScriptShelf scripts, LiveFacts facts, LiveViews views, Dressing dressing, Told told, FeedConnections pages, SessionWatch sessions,
    NpgsqlDataSource database, FeedDatabase keyed, TimeProvider time, ILogger<HintsWorker> log) : BackgroundService
{
    static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await feed.Loaded.WaitAsync(stoppingToken);
        scripts.Changed += (_, _) => feed.Tell(Audience.Everyone, new HintEvent("scripts", "", null));
        await foreach (var batch in hints.WatchAsync(stoppingToken))
        {
            try
            {
                await TellAsync(batch, stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                LogFailed(e.Message); // Best effort: pages read again what they show when they come back.
            }

            // The first is told at once; what follows within this time goes together.
            await Task.Delay(Gather, time, stoppingToken);
        }
    }

    async Task TellAsync(IReadOnlyList<ChangeHint> batch, CancellationToken cancel)
    {
        if (batch.Any(h => h.Kind == "settings")) facts.Names = await LiveNames.LoadAsync(database, feed.Domain, cancel);
        if (batch.Any(h => h.Kind == "settings")) sessions.LookNow();
        var cards = batch.Where(h => h.Kind == "client").Select(h => Guid.TryParse(h.Key, out var id) ? id : default).ToHashSet();
        cards.UnionWith(await OfPassAsync(batch, cancel));
        await TellCardsAsync(cards, cancel);
        var calls = await CallsAsync(batch, cancel);
        feed.Tell([.. batch.GroupBy(h => (h.Kind, h.Key)).Select(g => Hint(g.Key.Kind, g.Key.Key, [.. g], calls))]);
    }

    static (Audience, LiveEvent) Hint(string kind, string key, ChangeHint[] same, Dictionary<Guid, CallPeople> calls)
    {
        var (last, version) = (same[^1], same.Max(h => h.Version));
        return IsOfCall(last) && calls.TryGetValue(last.CallId!.Value, out var call)
            ? (Audience.OfCall((Guid[])call.Parties), new HintEvent(kind, key, version, call.Id, (Guid[])call.Clients) { At = last.At })
            : (Audience.Everyone, new HintEvent(kind, key, version) { At = last.At });
    }

    static bool IsOfCall(ChangeHint hint) => hint is { CallId: not null, Kind: "recording" or "transcript" or "wrap_up" };

    /// <summary>Who took part in the calls that hints are of, and whose calls they are: in a large company most pages have nothing to do with most calls.</summary>
    async Task<Dictionary<Guid, CallPeople>> CallsAsync(IReadOnlyList<ChangeHint> batch, CancellationToken cancel)
    {
        var calls = batch.Where(IsOfCall).Select(h => h.CallId!.Value).Distinct().ToArray();
        if (calls.Length == 0) return [];
        await using var connection = await keyed.Source.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<CallPeople>(new CommandDefinition(
            """
            select k.id,
              array(select l.agent_id from unnest(w.ids) p (id) join call_leg l on l.call_id = p.id where l.agent_id is not null
                    union select o.agent_id from unnest(w.ids) p (id) join offer o on o.call_id = p.id) as parties,
              array_remove(array[c.id, client_root(c.company_id)], null) as clients
            from unnest(@calls) k (id)
            cross join lateral (select array(select k.id union all select m.id from call m where m.merged_into = k.id) as ids) w
            left join call t on t.id = k.id
            left join client c on c.id = client_root(t.client_id)
            """, new { calls }, cancellationToken: cancel))).ToDictionary(c => c.Id);
    }

    sealed record CallPeople(Guid Id, Array Parties, Array Clients);

    /// <summary>Clients on the phone whose cards a pass of formulas has gone by.</summary>
    async Task<IEnumerable<Guid>> OfPassAsync(IReadOnlyList<ChangeHint> batch, CancellationToken cancel)
    {
        var passes = batch.Where(h => h.Kind == ClientDirectory.PassHint).Select(h => NumberRange.Parse(h.Key)).OfType<NumberRange>().ToArray();
        var talking = passes.Length == 0 ? [] : feed.State.Calls.Values.Select(c => c.Client).OfType<Guid>().Distinct().ToArray();
        if (talking.Length == 0) return [];
        await using var connection = await keyed.Source.OpenConnectionAsync(cancel);
        var numbers = await connection.QueryAsync<(Guid Id, long Number)>(new CommandDefinition("select id, number from client where id = any(@talking)", new { talking }, cancellationToken: cancel));
        return [.. numbers.Where(n => Array.Exists(passes, p => p.Contains(n.Number))).Select(n => n.Id)];
    }

    async Task TellCardsAsync(HashSet<Guid> clients, CancellationToken cancel)
    {
        var state = feed.State;
        var calls = state.Calls.Values.Where(c => c.Client is { } id && clients.Contains(id)).ToArray();
        if (calls.Length == 0) return;
        var dress = await dressing.ReadAsync(new DressWish(calls, [], []), cancel);
        foreach (var call in calls)
        {
            var agents = call.Agents.ToImmutableHashSet();
            if (call.Offer is { } offer && state.Offers.TryGetValue(offer, out var open)) agents = agents.Add(open.Agent);
            foreach (var agent in agents.Where(a => !pages.Of(a).IsEmpty))
            {
                // Most often it is our own doing: the card of a new caller, which came with the pop.
                var card = views.CardChanged(call, agent, dress, default);
                var knows = told.Card(agent, call.Id, card.Lookup, card.Card, card.Candidates, dress);
                if (told.Script(agent, call.Id, card.Script, dress)) card = card with { Script = null };
                else knows &= card.Script is null;
                if (!knows) feed.Tell(Audience.Of(agent), card);
                if (views.Tile(state, agent) is { } tile) feed.Tell(Audience.SupervisorsOf(agent), new AgentEvent(tile));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Hints could not be passed on: {Reason}")]
    private partial void LogFailed(string reason);
}

/// <summary>The board's figures to those who see them, at most once a second and only while something moves; and the bare position to who hears nothing.</summary>
internal sealed partial class BoardWorker(Feed feed, FeedConnections pages, BoardFigures figures, LiveViews views, TimeProvider time, ILogger<BoardWorker> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    const int AlwaysEvery = 5;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await feed.Loaded.WaitAsync(stoppingToken);
        long told = -1;
        for (var round = 1; ; round++)
        {
            await Task.Delay(Every, time, stoppingToken);
            var state = feed.State;
            if ((state.Seq != told || round % AlwaysEvery == 0) && pages.All.Any(p => p.Attached && p.Person.SeesBoard)) told = await TellAsync(state, stoppingToken) ? state.Seq : told;
            if (round % AlwaysEvery == 0) feed.TellPosition();
        }
    }

    async Task<bool> TellAsync(LiveState state, CancellationToken cancel)
    {
        try
        {
            feed.Tell(Audience.Supervisors, new BoardEvent(await figures.NowAsync(state, cancel), views.Waiting(state)));
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogFailed(e.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Board figures cannot be read: {Reason}")]
    private partial void LogFailed(string reason);
}
