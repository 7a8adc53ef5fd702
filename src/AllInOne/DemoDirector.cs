using CallCrm.DemoPbx;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.AllInOne;

/// <summary>
/// Tells the demo PBX who calls: clients from the base, and, soon after the person at the browser is ready, one of those who
/// talked with that person last, so that routing sends them there by its own rules.
/// </summary>
sealed partial class DemoDirector(
    DemoPbxServer pbx, NpgsqlDataSource database, IOptions<DemoAgentsOptions> options, TimeProvider time, ILogger<DemoDirector> log) : BackgroundService
{
    /// <summary>How long the person waits for the first call after becoming ready, and between calls.</summary>
    static readonly TimeSpan GuestCallAfter = TimeSpan.FromSeconds(6);

    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    sealed record Known(string E164, string Dialled);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var anyone = await LoadAsync(stoppingToken);
            if (anyone.Length == 0)
                return;
            var dialled = anyone.Select(k => k.Dialled).Distinct().ToArray();
            pbx.Traffic.KnownCaller = random => new DemoKnownCaller(anyone[random.Next(anyone.Length)].E164, null);
            pbx.Traffic.DialledNumber = random => dialled[random.Next(dialled.Length)];
            pbx.Traffic.Start();
            LogStarted(anyone.Length);
            await ServeGuestAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    async Task ServeGuestAsync(CancellationToken cancel)
    {
        DateTimeOffset? called = null;
        for (; ; await Task.Delay(Look, time, cancel))
        {
            if (await AskAsync(ReadySinceAsync, cancel) is not { } since)
                continue;
            // One call per span of being ready; the queue's own traffic comes besides.
            if (called >= since || time.GetUtcNow() - since < GuestCallAfter || await AskAsync(GuestAsync, cancel) is not { } guest)
                continue;
            called = time.GetUtcNow();
            pbx.PlaceCall(new DemoCaller(guest.E164, guest.Dialled) { HoldPatience = TimeSpan.FromMinutes(2), Patience = TimeSpan.FromMinutes(5) });
        }
    }

    async Task<T?> AskAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T?>> ask, CancellationToken cancel)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancel);
            return await ask(connection, cancel);
        }
        catch (NpgsqlException e)
        {
            LogNoDatabase(e.Message);
            return default;
        }
    }

    Task<DateTimeOffset?> ReadySinceAsync(NpgsqlConnection connection, CancellationToken cancel) => connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition(
        """
        select s.since from agent_state s join app_user u on u.id = s.agent_id
        where u.login = @guest and s.state = 'Ready'
        """,
        new { guest = options.Value.Guest }, cancellationToken: cancel));

    /// <summary>One whose last talk was with the person at the browser, as of now: the traffic gives clients other last contacts all the time.</summary>
    Task<Known?> GuestAsync(NpgsqlConnection connection, CancellationToken cancel) => connection.QueryFirstOrDefaultAsync<Known>(new CommandDefinition(
        """
        select p.e164 as E164, min(d.number) as Dialled
        from app_user u
        join queue_member q on q.user_id = u.id
        join dialled_number d on d.queue_id = q.queue_id
        join client_contact c on c.agent_id = u.id and c.talk_ms >= 20000 and c.at > @since
        join client_phone p on p.client_id = c.client_id and p.is_main
        where u.login = @guest
          and not exists (select 1 from client_contact o where o.client_id = c.client_id and o.at > c.at and o.talk_ms >= 20000)
          and (select count(*) from client_phone s where s.e164 = p.e164) = 1
        group by p.e164
        order by random()
        limit 1
        """,
        new { guest = options.Value.Guest, since = time.GetUtcNow().AddDays(-80) }, cancellationToken: cancel));

    /// <returns>Callers for everybody.</returns>
    async Task<Known[]> LoadAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var anyone = await connection.QueryAsync<Known>(new CommandDefinition(
            """
            select p.e164 as E164, d.number as Dialled
            from (select e164, row_number() over (order by md5(e164)) as n from client_phone where is_main limit 2000) p
            join (select number, row_number() over (order by number) - 1 as n, count(*) over () as of from dialled_number) d on p.n % d.of = d.n
            """, cancellationToken: cancel));
        return [.. anyone];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Demo traffic: {Callers} known callers")]
    partial void LogStarted(int callers);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No call for the person at the browser now: {Why}")]
    partial void LogNoDatabase(string why);
}
