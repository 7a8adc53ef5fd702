using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Engine;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>A batch of entries and what they project, as one transaction in one round trip.</summary>
internal static class JournalSql
{
    public static NpgsqlBatch Append(NpgsqlConnection connection, string domain, IReadOnlyList<JournalLine> lines)
    {
        var command = new NpgsqlBatchCommand("select journal_append($1, $2, $3, $4, $5, $6)");
        command.Parameters.AddWithValue(domain);
        command.Parameters.AddWithValue(lines.Select(l => l.Seq).ToArray());
        command.Parameters.AddWithValue(lines.Select(l => l.At.UtcDateTime).ToArray());
        command.Parameters.AddWithValue(lines.Select(l => l.Kind).ToArray());
        command.Parameters.AddWithValue(lines.Select(l => l.Call).ToArray());
        command.Parameters.AddWithValue(lines.Select(l => l.Body).ToArray());
        return new NpgsqlBatch(connection) { BatchCommands = { command } };
    }

    public static void Project(NpgsqlBatch batch, ProjectionFold fold)
    {
        var calls = fold.Touched;
        Add(batch, InsertCall, [.. calls.Where(c => c.IsNew).Select(c => c.Call)], ProjectionJson.Default.ListCallRow);
        Add(batch, UpdateCall, [.. calls.Where(c => !c.IsNew && c.CallChanged).Select(c => c.Call)], ProjectionJson.Default.ListCallRow);
        Add(batch, DropMoved, [.. calls.SelectMany(c => c.MovedLegs)], ProjectionJson.Default.ListLegRow);
        Add(batch, UpsertLeg, [.. calls.SelectMany(c => c.ChangedLegs)], ProjectionJson.Default.ListLegRow);
        Add(batch, UpsertOffer, [.. calls.SelectMany(c => c.ChangedOffers)], ProjectionJson.Default.ListOfferRow);
        Add(batch, InsertDecision, fold.Decisions, ProjectionJson.Default.ListDecisionRow);
        Add(batch, UpsertAgent, [.. fold.TouchedAgents], ProjectionJson.Default.ListAgentRow);
        Add(batch, InsertSpan, fold.Spans, ProjectionJson.Default.ListSpanRow);
        Add(batch, InsertLegSpan, fold.LegSpans, ProjectionJson.Default.ListLegSpanRow);
        Add(batch, UpsertListener, [.. fold.Listeners.Values], ProjectionJson.Default.ListListenRow);
        Add(batch, UpsertMessage, [.. fold.Messages.Values], ProjectionJson.Default.ListMessageRow);
        Add(batch, DropTold, [.. fold.Messages.Values.Where(m => m.MessageKey is not null)], ProjectionJson.Default.ListMessageRow);
        foreach (var (from, into) in fold.Merges) batch.BatchCommands.Add(new("update call_message set call_id = $2 where call_id = $1") { Parameters = { new() { Value = from }, new() { Value = into } } });
        foreach (var (from, into) in fold.Merges) batch.BatchCommands.Add(new("update listening set call_id = $2 where call_id = $1") { Parameters = { new() { Value = from }, new() { Value = into } } });
        foreach (var (from, into) in fold.Merges) batch.BatchCommands.Add(new("update call_span set call_id = $2 where call_id = $1") { Parameters = { new() { Value = from }, new() { Value = into } } });
        var merged = calls.Where(c => c.Call.MergedInto is not null).Select(c => c.Call.Id).ToArray();
        if (merged.Length > 0) batch.BatchCommands.Add(new("delete from client_contact where call_id = any($1)") { Parameters = { new() { Value = merged } } });
        Add(batch, UpsertContact, [.. calls.Where(c => c.ContactsChanged).SelectMany(c => c.Contacts())], ProjectionJson.Default.ListContactRow);
        Add(batch, UpsertPbx, [.. fold.Pbxs.Values], ProjectionJson.Default.ListPbxRow);
        Add(batch, UpsertSeatAsk, [.. fold.SeatAsks.Values], ProjectionJson.Default.ListSeatAskRow);
        // Last, as it reads calls, legs and spans.
        var missed = calls.Where(c => c.MissChanged && (c.Call.AnsweredAt is not null || c.Call.State == CallState.Ended)).Select(c => c.Call.Id)
            .Union(fold.Messages.Values.Select(m => m.CallId)).ToArray();
        if (missed.Length > 0) batch.BatchCommands.Add(new("select missed_project($1)") { Parameters = { new() { Value = missed } } });
    }

    static void Add<T>(NpgsqlBatch batch, string sql, List<T> rows, JsonTypeInfo<List<T>> type)
    {
        if (rows.Count == 0) return;
        var json = JournalText.WithoutNul(JsonSerializer.Serialize(rows, type));
        batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = json, NpgsqlDbType = NpgsqlDbType.Json } } });
    }

    /// <summary>Puts what the batch needs and memory lacks into the fold.</summary>
    public static async Task LoadAsync(NpgsqlConnection connection, ProjectionFold fold, ICollection<Guid> calls, ICollection<Guid> agents, CancellationToken ct)
    {
        if (calls.Count == 0 && agents.Count == 0) return;
        var (ids, people) = (calls.ToArray(), agents.ToArray());
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select coalesce(json_agg(c), '[]')::text from call c where id = any($1)") { Parameters = { new() { Value = ids } } },
                new("select coalesce(json_agg(l order by started_at), '[]')::text from call_leg l where call_id = any($1)") { Parameters = { new() { Value = ids } } },
                new("select coalesce(json_agg(o order by attempt), '[]')::text from offer o where call_id = any($1)") { Parameters = { new() { Value = ids } } },
                new("select coalesce(json_agg(a), '[]')::text from agent_state a where agent_id = any($1)") { Parameters = { new() { Value = people } } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var found = (await ReadAsync(reader, ProjectionJson.Default.ListCallRow, ct)).ToDictionary(c => c.Id, c => new CallAggregate(c));
        foreach (var leg in await ReadAsync(reader, ProjectionJson.Default.ListLegRow, ct)) found.GetValueOrDefault(leg.CallId)?.Legs.Add(leg);
        foreach (var offer in await ReadAsync(reader, ProjectionJson.Default.ListOfferRow, ct)) found.GetValueOrDefault(offer.CallId)?.Offers.Add(offer);
        foreach (var call in found.Values) fold.Add(call);
        foreach (var agent in await ReadAsync(reader, ProjectionJson.Default.ListAgentRow, ct)) fold.Add(agent);
    }

    static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, JsonTypeInfo<List<T>> type, CancellationToken ct)
    {
        await reader.ReadAsync(ct);
        var rows = JsonSerializer.Deserialize(reader.GetString(0), type) ?? [];
        await reader.NextResultAsync(ct);
        return rows;
    }

    const string CallColumns = """
        id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, caller_name, dialled_raw, dialled_e164, queue_id, lookup, client_id,
        candidates, deal_id, agent_id, place, started_at, queued_at, answered_at, held_since, waits_since, ended_at, outcome, ended_by, cause, wait_ms, talk_ms,
        hold_ms, estimated, merged_into, decision, transfer, campaign, last_seq
        """;

    /// <summary>The call's number comes from its sequence, once: an upsert would draw one at every change.</summary>
    const string InsertCall = $"insert into call ({CallColumns}) select {CallColumns} from json_populate_recordset(null::call, $1) on conflict (id) do nothing";

    const string UpdateCall = """
        update call c set node = n.node, direction = n.direction, state = n.state, routed = n.routed, caller_raw = n.caller_raw, caller_kind = n.caller_kind,
          caller_e164 = n.caller_e164, caller_name = n.caller_name, dialled_raw = n.dialled_raw, dialled_e164 = n.dialled_e164, queue_id = n.queue_id, lookup = n.lookup,
          client_id = n.client_id, candidates = n.candidates, deal_id = n.deal_id, agent_id = n.agent_id, place = n.place, started_at = n.started_at,
          queued_at = n.queued_at, answered_at = n.answered_at, held_since = n.held_since, waits_since = n.waits_since, ended_at = n.ended_at, outcome = n.outcome, ended_by = n.ended_by,
          cause = n.cause, wait_ms = n.wait_ms, talk_ms = n.talk_ms, hold_ms = n.hold_ms, estimated = n.estimated, merged_into = n.merged_into,
          decision = n.decision, transfer = n.transfer, campaign = n.campaign, last_seq = n.last_seq
        from json_populate_recordset(null::call, $1) n where c.id = n.id and c.last_seq < n.last_seq
        """;

    /// <summary>Before they are written under their true beginning.</summary>
    const string DropMoved = """
        delete from call_leg l using json_populate_recordset(null::call_leg, $1) o where l.node = o.node and l.unique_id = o.unique_id and l.started_at = o.started_at
        """;

    const string UpsertLeg = """
        insert into call_leg select * from json_populate_recordset(null::call_leg, $1)
        on conflict (node, unique_id, started_at) do update set call_id = excluded.call_id, channel = excluded.channel, agent_id = excluded.agent_id, is_client = excluded.is_client,
          answered_at = excluded.answered_at, ended_at = excluded.ended_at, cause = excluded.cause, tech_cause = excluded.tech_cause, talk_ms = excluded.talk_ms,
          hold_ms = excluded.hold_ms, wrap_up_ms = excluded.wrap_up_ms, recorded = excluded.recorded, unkept = excluded.unkept, estimated = excluded.estimated
        """;

    const string UpsertOffer = """
        insert into offer select * from json_populate_recordset(null::offer, $1)
        on conflict (id) do update set call_id = excluded.call_id, rang_at = excluded.rang_at, ended_at = excluded.ended_at, outcome = excluded.outcome,
          tech_cause = excluded.tech_cause, ring_ms = excluded.ring_ms
        """;

    const string InsertDecision = "insert into route_decision select * from json_populate_recordset(null::route_decision, $1) on conflict do nothing";

    const string UpsertAgent = """
        insert into agent_state select * from json_populate_recordset(null::agent_state, $1)
        on conflict (agent_id) do update set domain = excluded.domain, state = excluded.state, reason = excluded.reason, node = excluded.node, extension = excluded.extension,
          call_id = excluded.call_id, since = excluded.since, until = excluded.until, leaves = excluded.leaves, last_seq = excluded.last_seq
        where agent_state.last_seq < excluded.last_seq or agent_state.domain <> excluded.domain
        """;

    const string InsertSpan = "insert into agent_state_span select * from json_populate_recordset(null::agent_state_span, $1) on conflict do nothing";

    const string InsertLegSpan = "insert into call_span select * from json_populate_recordset(null::call_span, $1) on conflict do nothing";

    const string UpsertListener = """
        insert into listening select * from json_populate_recordset(null::listening, $1)
        on conflict (node, unique_id) do update set ended_at = coalesce(excluded.ended_at, listening.ended_at)
        """;

    /// <summary>What AMI told of a leg comes to nothing where the PBX's folder was read already.</summary>
    const string UpsertMessage = """
        insert into call_message as m select n.* from json_populate_recordset(null::call_message, $1) n
        where n.message_key is not null or not exists (select from call_message k where k.node = n.node and k.unique_id = n.unique_id and k.message_key is not null)
        on conflict (id) do update set state = excluded.state, state_at = case when m.state = excluded.state then m.state_at else excluded.state_at end,
          duration_ms = coalesce(excluded.duration_ms, m.duration_ms), last_seq = excluded.last_seq
        where m.last_seq < excluded.last_seq
        """;

    const string DropTold = """
        delete from call_message a using json_populate_recordset(null::call_message, $1) n
        where a.message_key is null and a.node = n.node and a.unique_id = n.unique_id
        """;

    const string UpsertContact = """
        insert into client_contact select * from json_populate_recordset(null::client_contact, $1)
        on conflict (call_id, agent_id) do update set client_id = excluded.client_id, at = excluded.at, talk_ms = excluded.talk_ms
        """;

    /// <summary>A question that was answered stays so, should its entry come again.</summary>
    const string UpsertSeatAsk = """
        insert into seat_ask select * from json_populate_recordset(null::seat_ask, $1)
        on conflict (id) do update set ended_at = coalesce(seat_ask.ended_at, excluded.ended_at), outcome = coalesce(seat_ask.outcome, excluded.outcome)
        """;

    const string UpsertPbx = """
        insert into pbx_state select * from json_populate_recordset(null::pbx_state, $1)
        on conflict (domain, node) do update set connected = excluded.connected, reason = excluded.reason, version = excluded.version,
          since = case when pbx_state.connected or excluded.connected then excluded.since else pbx_state.since end
        """;
}
