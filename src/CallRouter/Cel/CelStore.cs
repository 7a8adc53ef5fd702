using System.Collections.Immutable;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CallRouter.Cel;

/// <summary>A call of ours that has channels of a CEL story.</summary>
sealed record CelRowOfOurs(Guid Call, string State, bool Estimated, bool Routed, DateTimeOffset StartedAt, DateTimeOffset? QueuedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? EndedAt, int? WaitMs, int? HoldMs,
    string UniqueId, Guid? Agent, DateTimeOffset LegStartedAt, DateTimeOffset? LegAnsweredAt, bool LegEstimated);

/// <summary>What the tables have of calls that CEL tells of. Writes <c>cel_cursor</c> alone.</summary>
sealed class CelStore(NpgsqlDataSource database, string domain, string node, TimeProvider time)
{
    /// <summary>Unique ids may come again after a restart of a PBX whose clock was set back; and the PBX's clock is not ours.</summary>
    static readonly TimeSpan SameCall = TimeSpan.FromHours(12);

    public async Task<CelPlace?> CursorAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<CelPlace>(new CommandDefinition(
            "select mark, byte_offset as \"offset\", line from cel_cursor where domain = @domain and node = @node", new { domain, node }, cancellationToken: cancel));
    }

    public async Task KeepAsync(CelPlace place, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into cel_cursor (domain, node, mark, byte_offset, line, at) values (@domain, @node, @Mark, @Offset, @Line, @now)
            on conflict (domain, node) do update set mark = excluded.mark, byte_offset = excluded.byte_offset, line = excluded.line, at = excluded.at
            """,
            new { domain, node, place.Mark, place.Offset, place.Line, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    public async Task<ILookup<string, CelRowOfOurs>> OursAsync(IEnumerable<string> uniqueIds, DateTimeOffset earliest, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<CelRowOfOurs>(new CommandDefinition(
            """
            select c.id as call, c.state, c.estimated, c.routed, c.started_at as startedAt, c.queued_at as queuedAt, c.answered_at as answeredAt, c.ended_at as endedAt, c.wait_ms as waitMs, c.hold_ms as holdMs,
              l.unique_id as uniqueId, l.agent_id as agent, l.started_at as legStartedAt, l.answered_at as legAnsweredAt,
              -- The leg's own flag is also set when its end was estimated.
              coalesce((select (j.body ->> 'estimated')::boolean from journal j
                where j.call_id = l.call_id and j.domain = @domain and j.kind = 'leg_started' and j.body ->> 'uniqueId' = l.unique_id limit 1), true) as legEstimated
            from call_leg l
            join call first on first.id = l.call_id
            join call c on c.id = coalesce(first.merged_into, first.id)
            where l.node = @node and l.unique_id = any(@ids) and l.started_at > @since
            order by c.started_at, c.id, l.started_at
            """,
            new { domain, node, ids = uniqueIds.ToArray(), since = (earliest - SameCall).UtcDateTime }, cancellationToken: cancel));
        return rows.ToLookup(r => r.UniqueId, StringComparer.Ordinal);
    }

    /// <summary>Who held the extension of each leg's device when the leg began.</summary>
    public async Task<CelCall> WithAgentsAsync(CelCall call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var found = (await connection.QueryAsync<(string Id, Guid Agent)>(new CommandDefinition(
            """
            select a.unique_id, coalesce(
              (select s.agent_id from agent_state_span s where s.node = d.node and s.extension = d.extension and s.from_at <= a.at and s.from_at > a.at - interval '2 days'
                 and s.from_at + make_interval(secs => s.span_ms / 1000.0) > a.at order by s.from_at desc limit 1),
              (select g.agent_id from agent_state g where g.node = d.node and g.extension = d.extension and g.since <= a.at and g.state <> 'SignedOut' limit 1)) as agent
            from unnest(@ids, @devices, @ats) as a (unique_id, device, at)
            join device d on d.node = @node and d.name = a.device
            """,
            new
            {
                node,
                ids = call.Legs.Select(l => l.UniqueId).ToArray(),
                devices = call.Legs.Select(l => l.Device).ToArray(),
                ats = call.Legs.Select(l => l.StartedAt.UtcDateTime).ToArray(),
            },
            cancellationToken: cancel))).Where(f => f.Agent != Guid.Empty).ToDictionary(f => f.Id, f => f.Agent);
        return call with { Legs = [.. call.Legs.Select(l => l with { Agent = found.TryGetValue(l.UniqueId, out var agent) ? agent : null })] };
    }

    public static ImmutableArray<CelKnown> Known(IEnumerable<CelRowOfOurs> rows) =>
    [
        .. rows.OrderBy(r => r.StartedAt).GroupBy(r => r.Call).Select(g => new CelKnown(g.Key, g.First().Estimated, g.First().Routed, g.First().StartedAt, g.First().QueuedAt, g.First().AnsweredAt, g.First().AnsweredAt is null ? null : g.First().WaitMs,
            g.First().HoldMs ?? 0, [.. g.Select(r => new CelKnownLeg(r.UniqueId, r.Agent, r.LegStartedAt, r.LegEstimated))])),
    ];
}
