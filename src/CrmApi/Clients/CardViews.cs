using System.Collections.Concurrent;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>
/// Who opened which card: one line of audit per person and card, while they come back to it within five minutes. Who opens more than a hundred different
/// ones within an hour is told to those who see their work, once an hour: cards are read for a reason, a whole client base is carried off.
/// </summary>
internal sealed class CardViews(NpgsqlDataSource database, AuditStore audit, Feed feed, TimeProvider time)
{
    public const int Many = 100;
    public const string Subject = "many_cards";
    const string ViewedMany = "client.viewed_many";
    static readonly TimeSpan One = TimeSpan.FromMinutes(5);
    static readonly TimeSpan Window = TimeSpan.FromHours(1);
    readonly ConcurrentDictionary<(Guid Person, Guid Client), long> recent = new();

    public async Task AddAsync(Person person, Guid client, string? address, CancellationToken cancel)
    {
        var now = time.GetTimestamp();
        var known = recent.TryGetValue((person.Id, client), out var last) && time.GetElapsedTime(last, now) < One;
        recent[(person.Id, client)] = now;
        Trim(now);
        if (known) return;
        try
        {
            await audit.AddAsync(person.Id, "client.viewed", "client", client.ToString(), address, cancel);
        }
        catch
        {
            // The next time is the first one.
            recent.TryRemove((person.Id, client), out _);
            throw;
        }

        // As the database keeps it, in microseconds: a page that comes back knows it by its time.
        var at = time.GetUtcNow();
        at = at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond));
        if (await CountAsync(person.Id, at, cancel) is { } count)
            feed.Tell(Audience.SupervisorsOf(person.Id), new HintEvent(Subject, person.Id.ToString(), count) { At = at });
    }

    /// <summary>What belongs to a card was read without it, by whatever id it goes, also of one that was merged into it.</summary>
    public async Task AddOfAsync(Person person, Guid client, string? address, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        if (await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition("select c.id from client c where c.id = client_root(@client)", new { client }, cancellationToken: cancel)) is { } card)
            await AddAsync(person, card, address, cancel);
    }

    /// <summary>For a page that comes: of the last hour, whoever it may see.</summary>
    public async Task<IReadOnlyList<HintEvent>> RecentAsync(Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<(Guid User, DateTimeOffset At)>(new CommandDefinition(
            "select user_id, at from audit where action = @ViewedMany and at > @since order by at", new { ViewedMany, since = time.GetUtcNow() - Window }, cancellationToken: cancel));
        return [.. rows.Where(r => r.User != person.Id && person.Within(Rights.SeeBoard).Includes(r.User)).Select(r => new HintEvent(Subject, r.User.ToString(), Many + 1) { At = r.At })];
    }

    /// <returns>How many, when it is too many and has not been told within the hour.</returns>
    async Task<int?> CountAsync(Guid person, DateTimeOffset now, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            """
            with seen as (
              select count(distinct object_id)::int as cards from audit where user_id = @person and action = 'client.viewed' and at > @since
            ), told as (
              insert into audit (at, user_id, action, object, object_id, detail)
              select @now, @person, @ViewedMany, 'user', @person::text, jsonb_build_object('cards', cards) from seen
              where cards > @Many and not exists (select from audit where user_id = @person and action = @ViewedMany and at > @since)
              returning detail
            )
            select (detail ->> 'cards')::int from told
            """,
            new { person, Many, ViewedMany, now, since = now - Window }, cancellationToken: cancel));
    }

    void Trim(long now)
    {
        if (recent.Count < 20_000) return;
        foreach (var (key, at) in recent)
        {
            if (time.GetElapsedTime(at, now) >= One) recent.TryRemove(key, out _);
        }
    }
}
