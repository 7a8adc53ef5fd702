using System.Collections.Immutable;
using System.Text.Json;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>The engine's open state from the projections, as the last router of the domain left it.</summary>
internal static class JournalRestore
{
    const int LoadMinutes = 60;

    public static async Task<RestoredState> ReadAsync(NpgsqlConnection connection, string domain, DateTimeOffset now, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        using var all = await connection.QueryMultipleAsync(new CommandDefinition(Sql, new { domain, since = now.AddMinutes(-LoadMinutes) }, transaction, cancellationToken: ct));
        var next = await all.ReadSingleAsync<long>();
        var agents = (await all.ReadAsync<Agent>()).AsList();
        var spans = (await all.ReadAsync<Span>()).ToLookup(s => s.Agent_id);
        var calls = (await all.ReadAsync<Call>()).AsList();
        var legs = (await all.ReadAsync<Leg>()).ToLookup(l => l.Call_id);
        var offers = (await all.ReadAsync<OpenOffer>()).ToLookup(o => o.Call_id);
        var candidates = (await all.ReadAsync<Candidate>()).ToDictionary(c => c.Id);
        var asks = (await all.ReadAsync<SeatAsk>()).AsList();
        var listeners = (await all.ReadAsync<OpenListener>()).AsList();
        await transaction.CommitAsync(ct);
        return new RestoredState(next,
            [.. agents.Select(a => Restore(a, spans[a.Agent_id], now))],
            [.. calls.Select(c => Restore(c, [.. legs[c.Id]], [.. offers[c.Id]], candidates))],
            [.. asks.Select(a => new RestoredSeatAsk(a.Id, a.Node, a.Extension, a.Agent_id, a.Holder_id, a.Until))],
            [.. listeners.Select(l => new RestoredListener(new LegId(l.Node, l.Unique_id), l.Call_id, l.User_id, l.Agent_id))]);
    }

    /// <summary>The best known end of calls that nobody ended: when their last leg did.</summary>
    public static async Task<List<JournalEntry>> EndsAsync(NpgsqlConnection connection, Guid[] calls, long firstSeq, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await connection.QueryAsync<DeadCall>(new CommandDefinition(DeadSql, new { calls, now = now.UtcDateTime }, cancellationToken: ct));
        return [.. rows.Select((row, n) => (JournalEntry)new CallEnded(row.Answered ? CallOutcome.Answered : CallOutcome.Lost, EndedBy.Unknown, row.Cause, row.Agent_id, row.Client_id,
            row.Queue_id, row.Wait_ms, row.Talk_ms, row.Hold_ms, Estimated: true) { Seq = firstSeq + n, At = row.Ended_at, Call = row.Id })];
    }

    sealed record DeadCall(Guid Id, bool Answered, int Cause, Guid? Agent_id, Guid? Client_id, Guid? Queue_id, int Wait_ms, int Talk_ms, int Hold_ms, DateTimeOffset Ended_at);

    const string DeadSql = """
        select c.id, c.answered_at is not null as answered, coalesce(max(l.cause), 0) as cause, c.agent_id, c.client_id, c.queue_id,
          coalesce(c.wait_ms, (extract(epoch from coalesce(max(l.ended_at), @now) - c.queued_at) * 1000)::int, 0) as wait_ms,
          coalesce(sum(l.talk_ms), 0)::int as talk_ms, coalesce(sum(l.hold_ms), 0)::int as hold_ms, coalesce(max(l.ended_at), @now) as ended_at
        from call c left join call_leg l on l.call_id = c.id where c.id = any(@calls) group by c.id order by c.started_at, c.id
        """;

    static RestoredAgent Restore(Agent row, IEnumerable<Span> spans, DateTimeOffset now)
    {
        var state = Enum.Parse<AgentState>(row.State);
        var running = new Span(row.Agent_id, row.State, row.Since, Math.Max(0, (long)(now - row.Since).TotalMilliseconds));
        return new RestoredAgent(row.Agent_id, row.Node, row.Extension, state, row.Reason, row.Since, row.Call_id, Load(spans.Append(running), now), row.Until, row.Queue_id, row.Leaves);
    }

    /// <summary>Milliseconds per minute, newest first; minute 0 ends now.</summary>
    static ImmutableArray<LoadMinute> Load(IEnumerable<Span> spans, DateTimeOffset now)
    {
        var busy = new long[LoadMinutes];
        var working = new long[LoadMinutes];
        foreach (var span in spans)
        {
            var state = Enum.Parse<AgentState>(span.State);
            if (state is AgentState.SignedOut or AgentState.Paused or AgentState.Away) continue;
            for (var minute = 0; minute < LoadMinutes; minute++)
            {
                var (from, to) = (now.AddMinutes(-minute - 1), now.AddMinutes(-minute));
                var end = span.From_at.AddMilliseconds(span.Span_ms);
                var inside_ms = (long)((end < to ? end : to) - (span.From_at > from ? span.From_at : from)).TotalMilliseconds;
                if (inside_ms <= 0) continue;
                working[minute] += inside_ms;
                if (state is AgentState.Ringing or AgentState.Talking or AgentState.WrapUp) busy[minute] += inside_ms;
            }
        }

        return [.. Enumerable.Range(0, LoadMinutes).Select(m => new LoadMinute((int)Math.Min(60_000, busy[m]), (int)Math.Min(60_000, working[m])))];
    }

    static RestoredCall Restore(Call row, IReadOnlyList<Leg> legs, IReadOnlyList<OpenOffer> offers, Dictionary<Guid, Candidate> candidates)
    {
        RestoredOffer[] open = [.. offers.Where(o => o.Ended_at is null).Select(o => new RestoredOffer(o.Id, o.Agent_id))];
        return new RestoredCall(row.Id, new PhoneNumber(row.Caller_raw, Enum.Parse<NumberKind>(row.Caller_kind), row.Caller_e164), row.Caller_name,
            new PhoneNumber(row.Dialled_raw, row.Dialled_e164 is null ? NumberKind.Unparsed : NumberKind.E164, row.Dialled_e164), Enum.Parse<CallDirection>(row.Direction), row.Routed,
            row.Queue_id, row.Client_id, row.Started_at, row.Queued_at, row.Answered_at, Enum.Parse<CallState>(row.State),
            [.. legs.Select(l => new RestoredLeg(new LegId(l.Node, l.Unique_id), l.Agent_id, l.Channel, l.Is_client, l.Started_at, l.Answered_at, l.Done_until, l.Done_talk_ms, l.Done_hold_ms))],
            Lookup(row, candidates), offers.Count == 0 ? 0 : offers.Max(o => o.Attempt), open.FirstOrDefault(), [.. open.Skip(1)],
            Consult(row.Transfer), row.Held);
    }

    static RestoredConsult? Consult(string? transfer) =>
        transfer is not null && JsonSerializer.Deserialize(transfer, JournalJson.Default.TransferChanged) is
        {
            Transfer: TransferKind.Attended,
            Step: TransferStep.Ringing or TransferStep.Consulting or TransferStep.WithClient or TransferStep.Together,
        } on
            ? new RestoredConsult(on.Step, on.FromAgent, on.ToAgent, on.ToQueue, on.Number)
            : null;

    static LookupResult? Lookup(Call row, Dictionary<Guid, Candidate> candidates)
    {
        if (row.Lookup is null) return null;
        Guid[] ids = row.Candidates.Length > 0 ? [.. row.Candidates.Split(',').Select(Guid.Parse)] : row.Client_id is { } client ? [client] : [];
        return new LookupResult(Enum.Parse<LookupOutcome>(row.Lookup),
            [.. ids.Select(id => new ClientMatch(id, candidates.GetValueOrDefault(id)?.Responsible_id, id == row.Client_id ? row.Deal_id : null, []))]);
    }

    sealed record Agent(Guid Agent_id, string State, string? Reason, string? Node, string? Extension, Guid? Call_id, DateTimeOffset Since, DateTimeOffset? Until, Guid? Queue_id, bool Leaves);

    sealed record Span(Guid Agent_id, string State, DateTimeOffset From_at, long Span_ms);

    sealed record Call(Guid Id, string Caller_raw, string Caller_kind, string? Caller_e164, string Caller_name, string Dialled_raw, string? Dialled_e164, string Direction, bool Routed,
        Guid? Queue_id, string? Lookup, Guid? Client_id, string Candidates, Guid? Deal_id, DateTimeOffset Started_at, DateTimeOffset? Queued_at, DateTimeOffset? Answered_at, string State,
        string? Transfer, bool Held);

    sealed record Leg(Guid Call_id, string Node, string Unique_id, Guid? Agent_id, string Channel, bool Is_client, DateTimeOffset Started_at, DateTimeOffset? Answered_at, DateTimeOffset? Done_until, int Done_talk_ms, int Done_hold_ms);

    sealed record OpenOffer(Guid Call_id, Guid Id, Guid Agent_id, int Attempt, DateTimeOffset? Ended_at);

    sealed record SeatAsk(Guid Id, string Node, string Extension, Guid Agent_id, Guid Holder_id, DateTimeOffset Until);

    sealed record Candidate(Guid Id, Guid? Responsible_id);

    sealed record OpenListener(string Node, string Unique_id, Guid Call_id, Guid User_id, Guid? Agent_id);

    /// <summary>Open calls, and ended ones in which somebody still speaks: the client has gone, two agents have not.</summary>
    const string Living = """
        (c.state <> 'Ended' or c.id in (select call_id from call_leg where ended_at is null and started_at > @since - interval '1 day'))
        """;

    const string Sql = $"""
        select coalesce(max(seq), 0) + 1 from journal where domain = @domain;
        select a.agent_id, a.state, a.reason, a.node, a.extension, a.call_id, a.since, a.until, c.queue_id, a.leaves from agent_state a left join call c on c.id = a.call_id where a.domain = @domain order by a.agent_id;
        select agent_id, state, from_at, span_ms from agent_state_span where domain = @domain and from_at + make_interval(secs => span_ms / 1000.0) > @since and from_at > @since - interval '1 day';
        select c.id, c.caller_raw, c.caller_kind, c.caller_e164, c.caller_name, c.dialled_raw, c.dialled_e164, c.direction, c.routed, c.queue_id, c.lookup, c.client_id,
          array_to_string(c.candidates, ',') as candidates, c.deal_id, c.started_at, c.queued_at, c.answered_at, c.state,
          c.transfer::text as transfer, c.held_since is not null as held from call c where c.domain = @domain and {Living} order by c.started_at, c.id;
        select l.call_id, l.node, l.unique_id, l.agent_id, l.channel, l.is_client, l.started_at, l.answered_at, s.done_until, s.done_talk_ms, s.done_hold_ms
        from call_leg l join call c on c.id = l.call_id cross join lateral (
          select max(to_at) as done_until, (coalesce(sum(extract(epoch from to_at - from_at)) filter (where kind in ('Talk', 'Conference')), 0) * 1000)::int as done_talk_ms,
            (coalesce(sum(extract(epoch from to_at - from_at)) filter (where kind = 'Hold'), 0) * 1000)::int as done_hold_ms
          from call_span where call_id = l.call_id and node = l.node and unique_id = l.unique_id and from_at >= l.started_at - interval '1 second') s
          where c.domain = @domain and {Living} and l.ended_at is null order by l.started_at;
        select o.call_id, o.id, o.agent_id, o.attempt, o.ended_at from offer o join call c on c.id = o.call_id where c.domain = @domain and c.state <> 'Ended' order by o.attempt;
        select id, responsible_id from client where id in (select unnest(candidates || client_id) from call where domain = @domain and state <> 'Ended');
        select id, node, extension, agent_id, holder_id, until from seat_ask where domain = @domain and ended_at is null order by asked_at, id;
        select node, unique_id, call_id, user_id, agent_id from listening where domain = @domain and ended_at is null order by started_at, unique_id;
        """;
}
