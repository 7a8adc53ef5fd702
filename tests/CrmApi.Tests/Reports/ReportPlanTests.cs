using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.CrmApi.Missed;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Reports;

/// <summary>What PostgreSQL does for a month's report where there are many calls.</summary>
[Trait("Category", "Slow")]
public sealed class ReportPlanTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    /// <summary>In twenty months; each with an agent's leg, every second with an offer and a span, every tenth missed.</summary>
    const int Calls = 1_000_000;

    static readonly string[] Large = ["call", "call_leg", "offer", "agent_state_span", "missed_call"];

    [PostgresFact]
    public async Task A_months_report_among_a_million_calls_reads_by_indexes()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.NewDatabaseAsync());
        await Seeds.PlantAsync(database, "http://127.0.0.1:1");
        await using var connection = await database.OpenConnectionAsync();
        await FillAsync(connection);
        var clock = new SiteClock(Options.Create(new SiteOptions()), TimeProvider.System);
        var store = new ReportStore(database, Options.Create(new RouterRoadOptions()), Options.Create(new MissedOptions()), TimeProvider.System);
        foreach (var by in Enum.GetNames<ReportBy>())
        {
            foreach (var step in Enum.GetNames<ReportStep>())
            {
                var ask = ReportAsk.Read(clock, by, step, null, "2026-05-01", "2026-05-31", null, null, out _)!;
                var plan = await connection.ExecuteScalarAsync<string>($"explain (format json) {ReportSql.Of(ask.By)}", store.Parameters(ask));
                using var tree = JsonDocument.Parse(plan!);
                var scans = Scans(tree.RootElement).ToList();
                scans.Where(s => s.Kind == "Seq Scan").Select(s => s.Table).Intersect(Large).Should().BeEmpty($"{by} {step}: {string.Join(", ", scans)}");
                scans.Select(s => s.Table).Should().Contain(by == "Agent" ? ["call_leg", "offer", "agent_state_span", "missed_call"] : ["call", "call_leg", "missed_call"]);
            }
        }
    }

    static async Task FillAsync(NpgsqlConnection connection)
    {
        // Without what takes the time of filling: the log for crashes, and indexes that no report reads.
        await connection.ExecuteAsync(
            """
            alter table call set unlogged; alter table call_leg set unlogged; alter table offer set unlogged; alter table agent_state_span set unlogged; alter table missed_call set unlogged;
            drop index call_client, call_agent, call_caller, call_dialled, call_merged, call_open, call_talk, call_wait, call_queue, call_dialled_number, call_leg_agent, offer_agent, agent_state_span_agent, agent_state_span_extension;
            """);
        await connection.FillAsync(
            """
            insert into call (id, number, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, queue_id, agent_id, started_at, queued_at, answered_at, ended_at, outcome, wait_ms, talk_ms, hold_ms, last_seq)
            select lpad(to_hex(n), 32, '0')::uuid, n, 'main', 'pbx', 'Inbound', 'Ended', true, '+3902', 'E164', '390233334444', @Sales, @Anna, at, at, case when n % 10 > 0 then at + interval '9 s' end, at + interval '99 s',
              case when n % 10 > 0 then 'Answered' else 'Abandoned' end, 9000, 90000, 0, n
            from (select n, timestamptz '2025-01-01' + n * interval '53 s' as at from generate_series(@From, @To) n) s;
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms)
            select 'pbx', number::text, id, 'PJSIP/101', @Anna, false, started_at, answered_at, ended_at, 90000, 0 from call where number between @From and @To;
            insert into offer (id, call_id, agent_id, node, extension, device, attempt, rule, can_answer, can_hold, offered_at, ended_at, outcome)
            select id, id, @Anna, 'pbx', '101', 'PJSIP/101', 1, 'LeastBusy', true, true, started_at, answered_at, 'Answered' from call where number % 2 = 0 and number between @From and @To;
            insert into agent_state_span (agent_id, domain, seq, state, from_at, span_ms) select @Anna, 'main', number, 'Talking', started_at, 9000 from call where number % 2 = 0 and number between @From and @To;
            insert into missed_call (call_id, domain, number_id, e164, queue_id, kind, missed_at, reached_at, reached_call, reached_by)
            select id, 'main', id, '+3902' || number, @Sales, 'Abandoned', ended_at, ended_at + interval '1 min', id, 'Called' from call where number % 10 = 0 and number between @From and @To;
            """, Calls, 25_000, new { Seeds.Sales, Seeds.Anna });
        await connection.ExecuteAsync("analyze call, call_leg, offer, agent_state_span, missed_call", commandTimeout: 120);
    }

    static IEnumerable<(string Kind, string Table)> Scans(JsonElement node)
    {
        if (node.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in node.EnumerateArray().SelectMany(Scans)) yield return item;
        }
        else if (node.ValueKind == JsonValueKind.Object)
        {
            if (node.TryGetProperty("Relation Name", out var table)) yield return (node.GetProperty("Node Type").GetString()!, table.GetString()!);
            foreach (var item in node.EnumerateObject().SelectMany(p => Scans(p.Value))) yield return item;
        }
    }
}
