using CallCrm.Contracts;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Access;

internal sealed record UserRow(Guid Id, string? PasswordHash, bool Active, Guid SecurityStamp, DateTimeOffset? LockedUntil, bool SecondFactor);

internal sealed record SessionRow(Guid UserId, string Login, string Name, string Role, bool IsAgent, DateTimeOffset SeenAt, Guid? DepartmentId, long AccessVersion);

/// <summary>Of an open socket whose session lives: by what its rights are judged now.</summary>
internal sealed record LivingRow(Guid Session, Guid UserId, string Role, Guid? DepartmentId, long AccessVersion);

internal sealed class SessionStore(NpgsqlDataSource database, RoleBook book, IOptions<AccessOptions> options, IOptions<SiteOptions> site, TimeProvider time)
{
    public async Task<UserRow?> FindUserAsync(string login, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<UserRow>(new CommandDefinition(
            """
            select id, password_hash, active, security_stamp, locked_until, exists (select from second_factor f where f.user_id = u.id and confirmed_at is not null) as second_factor
            from app_user u where lower(login) = lower(@login)
            """, new { login }, cancellationToken: cancel));
    }

    /// <summary>Counts a failure and locks at the limit; the first failure after a lock has ended counts as the first.</summary>
    public async Task FailAsync(Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update app_user u set failed_logins = n.failures, locked_until = case when n.failures >= @limit then @until end
            from (select id, case when locked_until <= @now then 1 else failed_logins + 1 end as failures from app_user where id = @user for update) n
            where u.id = n.id and (u.locked_until is null or u.locked_until <= @now)
            """,
            new { user, now = time.GetUtcNow(), limit = options.Value.FailuresBeforeLock, until = time.GetUtcNow() + options.Value.LockFor }, cancellationToken: cancel));
    }

    public async Task StartAsync(Guid session, Guid user, string? newHash, string? address, string userAgent, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with counted as (update app_user set failed_logins = 0, locked_until = null, password_hash = coalesce(@newHash, password_hash) where id = @user)
            insert into user_session (id, user_id, created_at, seen_at, address, user_agent) values (@session, @user, @now, @now, @address, @userAgent)
            """,
            new { session, user, newHash, now = time.GetUtcNow(), address, userAgent }, cancellationToken: cancel));
    }

    /// <summary>The person of a living session: not ended, not idle too long, the person active and the stamp still theirs.</summary>
    public async Task<SessionRow?> FindAsync(Guid session, Guid stamp, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var now = time.GetUtcNow();
        var row = await connection.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            $"""
            select u.id as user_id, u.login, u.name, u.role, u.is_agent, s.seen_at, u.department_id, v.version as access_version
            from user_session s join app_user u on u.id = s.user_id cross join access_version v
            where s.id = @session and u.security_stamp = @stamp and {Alive}
            """,
            new { session, stamp, alive = now - options.Value.SessionIdle }, cancellationToken: cancel));
        if (row is not null && now - row.SeenAt > TimeSpan.FromMinutes(1))
            await connection.ExecuteAsync(new CommandDefinition("update user_session set seen_at = @now where id = @session", new { session, now }, cancellationToken: cancel));
        return row;
    }

    /// <summary>Which of these sessions still live; asked for all open sockets in one query.</summary>
    public async Task<IReadOnlyList<LivingRow>> LivingAsync(IReadOnlyCollection<(Guid Session, Guid Stamp)> sessions, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<LivingRow>(new CommandDefinition(
            $"""
            select s.id as session, u.id as user_id, u.role, u.department_id, v.version as access_version from unnest(@ids, @stamps) as o (id, stamp)
            join user_session s on s.id = o.id join app_user u on u.id = s.user_id and u.security_stamp = o.stamp cross join access_version v
            where {Alive}
            """,
            new { ids = sessions.Select(s => s.Session).ToArray(), stamps = sessions.Select(s => s.Stamp).ToArray(), alive = time.GetUtcNow() - options.Value.SessionIdle },
            cancellationToken: cancel))).AsList();
    }

    const string Alive = "s.ended_at is null and s.seen_at > @alive and u.active";

    public async Task TouchAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "update user_session set seen_at = @now where id = any(@ids) and ended_at is null", new { ids = sessions.ToArray(), now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    public async Task EndAsync(Guid session, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "update user_session set ended_at = @now where id = @session and ended_at is null", new { session, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    /// <summary>Where a person is signed in, the one last seen first.</summary>
    /// <param name="own">The session that asks.</param>
    public async Task<OpenSessionsView> OpenAsync(Guid user, Guid own, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return new OpenSessionsView([.. await connection.QueryAsync<OpenSessionView>(new CommandDefinition(
            $"""
            select s.id, s.created_at as since, s.seen_at, coalesce(s.address, '') as address, coalesce(s.user_agent, '') as user_agent, s.id = @own as this
            from user_session s join app_user u on u.id = s.user_id where s.user_id = @user and {Alive} order by s.id = @own desc, s.seen_at desc, s.id
            """,
            new { user, own, alive = time.GetUtcNow() - options.Value.SessionIdle }, cancellationToken: cancel))]);
    }

    /// <returns>Whether it was one of this person's and open.</returns>
    public async Task<bool> EndOfAsync(Guid user, Guid session, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            "update user_session set ended_at = @now where id = @session and user_id = @user and ended_at is null", new { session, user, now = time.GetUtcNow() }, cancellationToken: cancel)) > 0;
    }

    /// <returns>The sessions that ended.</returns>
    public async Task<IEnumerable<Guid>> EndOthersAsync(Guid user, Guid own, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QueryAsync<Guid>(new CommandDefinition(
            "update user_session set ended_at = @now where user_id = @user and id <> @own and ended_at is null returning id", new { user, own, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    public async Task<string> LoginAsync(Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<string>(new CommandDefinition("select login from app_user where id = @user", new { user }, cancellationToken: cancel)) ?? "";
    }

    public async Task EndAllAsync(Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update user_session set ended_at = @now where user_id = @user and ended_at is null;
            update app_user set failed_logins = 0, locked_until = null where id = @user
            """,
            new { user, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    public async Task<SessionView?> ViewAsync(Guid session, Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select id, login, name, role, is_agent, language, time_zone, department_id, (select version from access_version) as access_version from app_user where id = @user;
            select e.node, e.number, coalesce(bool_or(d.can_answer), false) as can_answer, coalesce(bool_or(d.can_hold), false) as can_hold,
              (select u.name from agent_state a join app_user u on u.id = a.agent_id
               where a.node = e.node and a.extension = e.number and a.state <> 'SignedOut' and a.agent_id <> @user limit 1) as taken_by
            from extension e
            join app_user me on me.id = @user and me.domain = e.domain
            left join device d on d.node = e.node and d.extension = e.number
            left join (select node, extension, max(offered_at) as at from offer where agent_id = @user and offered_at > @recent group by node, extension) o
              on o.node = e.node and o.extension = e.number
            left join agent_state mine on mine.agent_id = @user and mine.node = e.node and mine.extension = e.number
            group by e.node, e.number, o.at, mine.agent_id
            order by mine.agent_id is null, o.at desc nulls last, e.node, length(e.number), e.number;
            """,
            new { user, recent = time.GetUtcNow() - TimeSpan.FromDays(30) }, cancellationToken: cancel));
        var me = await results.ReadSingleOrDefaultAsync<MeRow>();
        if (me is null) return null;
        var places = await results.ReadAsync<PlaceRow>();
        string[] roles = me.IsAgent && me.Role != "agent" ? [me.Role, "agent"] : [me.Role];
        var grants = (await book.AsOfAsync(me.AccessVersion, cancel)).Of(user, me.Role, me.DepartmentId);
        var listens = grants.Has(Rights.ListenLive) && site.Value.Listening != Listening.Off;
        return new SessionView(me.Id, me.Login, me.Name, roles, me.IsAgent, me.Language, me.TimeZone,
            me.IsAgent || listens ? [.. places.Select(p => new ExtensionView(p.Node, p.Number, p.Number, p.CanAnswer, p.CanHold, p.TakenBy))] : [], session,
            !listens ? null : site.Value.Listening == Listening.Hidden ? "hidden" : "shown", grants.View, grants.Model);
    }

    sealed record MeRow(Guid Id, string Login, string Name, string Role, bool IsAgent, string Language, string TimeZone, Guid? DepartmentId, long AccessVersion);

    sealed record PlaceRow(string Node, string Number, bool CanAnswer, bool CanHold, string? TakenBy);
}
