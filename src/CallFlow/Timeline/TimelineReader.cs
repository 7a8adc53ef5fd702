using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Engine;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>Reads a call's life: from the journal while it is kept, else from the projections.</summary>
public sealed class TimelineReader(NpgsqlDataSource source)
{
    /// <summary>The call and those that became part of it; a merged call's id stands for the one it went into.</summary>
    const string Ids =
        """
        with recursive root as (
          select id, merged_into from call where id = $1
          union select c.id, c.merged_into from call c join root on c.id = root.merged_into
        ), whole as (
          select id from root where merged_into is null
          union select c.id from call c join whole on c.merged_into = whole.id
        )
        select id from whole
        """;

    /// <summary>Spans known besides the entries. Wrap-ups stand with the agents' own states: their end is no entry of the call's.</summary>
    const string Spans =
        """
        select '' as node, '' as unique_id, s.agent_id, 'WrapUp' as kind, null::text as bridge, s.from_at, s.from_at + s.span_ms * interval '1 millisecond' as to_at from agent_state_span s
        where s.state = 'WrapUp' and s.call_id = any($1)
          and s.agent_id in (select agent_id from call_leg where call_id = any($1)) and s.from_at >= (select min(started_at) from call where id = any($1))
        union all select '', '', agent_id, 'WrapUp', null, since, null from agent_state where state = 'WrapUp' and call_id = any($1)
        union all select node, unique_id, agent_id, kind, bridge, from_at, to_at from call_span where call_id = any($1)
        """;

    /// <returns>Null when there is no such call.</returns>
    public async Task<CallTimeline?> ReadAsync(Guid call, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var ids = await IdsAsync(connection, call, ct);
        if (ids.Length == 0) return null;
        var entries = await JournalAsync(connection, ids, ct);
        if (!entries.Exists(e => e is CallStarted or CallImported && e.Call == ids[0])) entries = await ProjectedAsync(connection, ids, ct);
        return CallTimeline.Of(ids[0], entries, await SpansAsync(connection, ids, ct));
    }

    /// <summary>First the call itself.</summary>
    static async Task<Guid[]> IdsAsync(NpgsqlConnection connection, Guid call, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Ids, connection) { Parameters = { new() { Value = call } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(ct)) ids.Add(reader.GetGuid(0));
        return [.. ids];
    }

    static async Task<List<JournalEntry>> JournalAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select body from journal where call_id = any($1) order by domain, seq", connection) { Parameters = { new() { Value = ids } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var entries = new List<JournalEntry>();
        while (await reader.ReadAsync(ct))
        {
            try
            {
                entries.Add(JournalText.Read(reader.GetString(0)));
            }
            catch (JsonException)
            {
                // A kind that a newer version writes: the rest is told without it.
            }
        }

        return entries;
    }

    static async Task<List<JournalEntry>> ProjectedAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in new[]
        {
            "select coalesce(json_agg(c), '[]')::text from call c where id = any($1)",
            "select coalesce(json_agg(l order by started_at, unique_id), '[]')::text from call_leg l where call_id = any($1)",
            "select coalesce(json_agg(o order by offered_at, attempt), '[]')::text from offer o where call_id = any($1)",
            "select coalesce(json_agg(d.body::text order by d.seq), '[]')::text from route_decision d where call_id = any($1)",
        }) batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = ids } } });
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var calls = await ListAsync(reader, ProjectionJson.Default.ListCallRow, ct);
        var legs = await ListAsync(reader, ProjectionJson.Default.ListLegRow, ct);
        var offers = await ListAsync(reader, ProjectionJson.Default.ListOfferRow, ct);
        var decisions = await ListAsync(reader, ProjectionJson.Default.ListString, ct);
        return calls.Find(c => c.Id == ids[0]) is { } call ? [.. TimelineRows.Entries(call, calls.FindAll(c => c.Id != ids[0]), legs, offers, decisions)] : [];
    }

    static async Task<List<T>> ListAsync<T>(NpgsqlDataReader reader, JsonTypeInfo<List<T>> type, CancellationToken ct)
    {
        await reader.ReadAsync(ct);
        var rows = JsonSerializer.Deserialize(reader.GetString(0), type) ?? [];
        await reader.NextResultAsync(ct);
        return rows;
    }

    static async Task<List<TimelineSpan>> SpansAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Spans, connection) { Parameters = { new() { Value = ids } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var spans = new List<TimelineSpan>();
        while (await reader.ReadAsync(ct))
        {
            if (!Enum.TryParse<TimelineKind>(reader.GetString(3), ignoreCase: true, out var kind)) continue;
            spans.Add(new TimelineSpan(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<Guid?>(2), kind, await reader.IsDBNullAsync(4, ct) ? null : reader.GetString(4),
                reader.GetFieldValue<DateTimeOffset>(5), reader.GetFieldValue<DateTimeOffset?>(6)));
        }

        return spans;
    }
}
