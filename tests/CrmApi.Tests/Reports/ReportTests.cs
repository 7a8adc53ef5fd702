using System.Net;
using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Reports;

/// <summary>
/// A Tuesday in Rome (UTC+1), by hand. Sales has 20 s, Support 30 s; each call with when it came, how long it waited and what became of it:
/// A 09:10 Sales, 4 s, rings at Luca in vain, Anna talks 60 s, holds 10 s, wraps up 20 s. B 09:50 Sales, 25 s, Luca talks 700 s (until 10:02), wraps up 5 s.
/// C 10:05 Sales, leaves after 40 s while it rings at Anna, who calls back at 11:00. D 10:06 Sales, leaves after 3 s. E 10:30 Support, 25 s, Mila talks 100 s.
/// F 00:00:30 Sales, 2 s, Anna talks 10 s: still Monday in UTC. G became part of A.
/// </summary>
[Trait("Category", "Slow")]
public sealed class ReportTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Web = "390233334444", Shop = "+390233335555";
    static readonly DateTimeOffset Day = new(2026, 3, 9, 23, 0, 0, TimeSpan.Zero);
    readonly List<Guid> calls = [];

    static DateTimeOffset At(string local) => Day + TimeSpan.Parse(local);

    async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(sql, parameters);
    }

    public async Task InitializeAsync()
    {
        await ExecuteAsync("truncate call, call_leg, offer, missed_call, agent_state_span, agent_state, audit");
        await ExecuteAsync("insert into dialled_number (number, domain, name, queue_id, source) values (@Shop, 'main', 'Shop', @Sales, 'shop') on conflict do nothing", new { Shop, Seeds.Sales });
        var a = await CallAsync("09:10", Seeds.Sales, 4, "Answered", Seeds.Anna, 60, 10, 20, number: Web);
        await OfferAsync(a, Seeds.Luca, "09:09:58", "NoAnswer");
        await CallAsync("09:50", Seeds.Sales, 25, "Answered", Seeds.Luca, 700, 0, 5, number: "0233335555", e164: Shop);
        var c = await CallAsync("10:05", Seeds.Sales, 40, "Abandoned", caller: "+390299990002", number: "555");
        await OfferAsync(c, Seeds.Anna, "10:05:20", "CallerGaveUp");
        await CallAsync("10:06", Seeds.Sales, 3, "ShortAbandon", caller: "+390299990001");
        await CallAsync("10:30", Seeds.Support, 25, "Answered", Seeds.Mila, 100, number: "555");
        await CallAsync("00:00:30", Seeds.Sales, 2, "Answered", Seeds.Anna, 10);
        await CallAsync("09:10:01", Seeds.Sales, 1, "Answered", number: Web, into: a);
        await CallAsync("11:00", null, 0, "Answered", Seeds.Anna, 30, caller: "", number: "+390299990002", direction: "Outbound");
        await ExecuteAsync("select missed_project(@calls)", new { calls = calls.ToArray() });
        await SpanAsync(Seeds.Anna, "Ready", "08:30", "09:10:04");
        await SpanAsync(Seeds.Anna, "Talking", "09:10:04", "09:11:14");
        await SpanAsync(Seeds.Anna, "WrapUp", "09:11:14", "09:11:34");
        await SpanAsync(Seeds.Anna, "Ready", "09:11:34", "10:15");
        await SpanAsync(Seeds.Anna, "Paused", "10:15", "11:00", "break");
        await SpanAsync(Seeds.Luca, "Ready", "08:00", "09:00", "unreachable");
        await ExecuteAsync("insert into agent_state (agent_id, domain, state, since, last_seq) values (@Luca, 'main', 'Ready', @since, 1)", new { Seeds.Luca, since = At("10:59") });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    async Task<Guid> CallAsync(string local, Guid? queue, int wait_s, string outcome, Guid? agent = null, int talk_s = 0, int hold_s = 0, int wrapUp_s = 0, string caller = "+390299990000", string number = Web,
        string? e164 = null, Guid? into = null, string direction = "Inbound")
    {
        var (id, queued) = (Guid.CreateVersion7(), At(local));
        var (answered, ended) = (queued.AddSeconds(wait_s), queued.AddSeconds(wait_s + talk_s + hold_s));
        calls.Add(id);
        await ExecuteAsync(
            """
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, dialled_raw, dialled_e164, queue_id, agent_id, started_at, queued_at, answered_at, ended_at, outcome, wait_ms,
              talk_ms, hold_ms, merged_into, last_seq)
            values (@id, 'main', 'pbx', @direction, 'Ended', true, @caller, 'E164', nullif(@caller, ''), @number, @e164, @queue, @agent, @queued, case when @direction = 'Inbound' then @queued end,
              case when @outcome = 'Answered' then @answered end, @ended, @outcome, @wait_s * 1000, @talk_s * 1000, @hold_s * 1000, @into, 1);
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms, wrap_up_ms)
            select 'pbx', @id::text, @id, 'PJSIP/1', @agent, false, @queued, @answered, @ended, @talk_s * 1000, @hold_s * 1000, nullif(@wrapUp_s, 0) * 1000 where @agent is not null;
            """,
            new { id, queue, agent, queued, answered, ended, outcome, wait_s, talk_s, hold_s, wrapUp_s, caller, number, e164 = e164 ?? "+" + number.TrimStart('+'), into, direction });
        if (agent is { } who && direction == "Inbound") await OfferAsync(id, who, local, "Answered");
        return id;
    }

    Task OfferAsync(Guid call, Guid agent, string local, string outcome) => ExecuteAsync(
        """
        insert into offer (id, call_id, agent_id, node, extension, device, queue_id, attempt, rule, can_answer, can_hold, offered_at, ended_at, outcome)
        values (gen_random_uuid(), @call, @agent, 'pbx', '101', 'PJSIP/101', @Sales, 1, 'LeastBusy', true, true, @at, @at, @outcome)
        """, new { call, agent, Seeds.Sales, at = At(local), outcome });

    long seq;

    Task SpanAsync(Guid agent, string state, string from, string to, string? reason = null) => ExecuteAsync(
        "insert into agent_state_span (agent_id, domain, seq, state, reason, from_at, span_ms) values (@agent, 'main', @seq, @state, @reason, @from, @ms)",
        new { agent, seq = --seq, state, reason, from = At(from), ms = (long)(At(to) - At(from)).TotalMilliseconds });

    static Task<ReportView> GetAsync(Page page, string query) => page.GetAsync($"api/reports?from=2026-03-10&to=2026-03-10&{query}", ContractsJson.Default.ReportView);

    static string Line(ReportRow r) => $"{r.At:HH} {r.Name ?? r.Id} | {Line(r.Figures)}";

    static string Line(ReportFigures f) => FormattableString.Invariant(
        $"{f.Offered} {f.Answered} {f.Abandoned} {f.ShortAbandoned} | SL({f.ServiceLevel_s}) {f.ServiceLevelPercent} lost {f.AbandonPercent} ASA {f.Asa_s} AHT {f.Aht_s} of {f.Handled} | missed {f.Missed} {f.CalledBack}");

    [PostgresFact]
    public async Task Queues_by_the_hour_are_as_computed_by_hand()
    {
        await using var sara = await host.SignInAsync("sara");
        var report = await GetAsync(sara, "by=queue&step=hour");
        report.Should().BeEquivalentTo(new { By = "queue", Step = "hour", From = new DateOnly(2026, 3, 10), To = new DateOnly(2026, 3, 10), Zone = "Europe/Rome", More = false });
        report.Rows.Select(Line).Should().Equal(
            "00 Sales | 1 1 0 0 | SL(20) 100 lost 0 ASA 2 AHT 10 of 1 | missed 0 0",
            "09 Sales | 2 2 0 0 | SL(20) 50 lost 0 ASA 15 AHT 90 of 1 | missed 0 0",
            "10 Sales | 2 0 2 1 | SL(20) 0 lost 100 ASA  AHT 705 of 1 | missed 1 1",
            "10 Support | 1 1 0 0 | SL(30) 100 lost 0 ASA 25 AHT 100 of 1 | missed 0 0");
        // Within 20 s: A and F, of 4 answered and C. ASA (4 + 25 + 25 + 2) / 4. AHT (90 + 705 + 100 + 10) / 4 = 226.25.
        Line(report.Total).Should().Be("6 4 2 1 | SL(20) 40 lost 20 ASA 14 AHT 226 of 4 | missed 1 1");
        report.Rows[0].At.Should().Be(At("00:00")).And.Subject!.Value.Offset.Should().Be(TimeSpan.FromHours(1));
        // Missed at 10:05:40, reached at 11:00.
        report.Total.Should().BeEquivalentTo(new { Talk_s = 870, Hold_s = 10, WrapUp_s = 25, CalledBackInTime = 0, InTimePercent = 0m, CallBack_s = 3260 });

        Line((await GetAsync(sara, "by=queue&step=whole")).Rows[0]).Should().Be("00 Sales | 5 3 2 1 | SL(20) 50 lost 25 ASA 10 AHT 268 of 3 | missed 1 1");
        (await GetAsync(sara, $"by=queue&of={Seeds.Support}")).Rows.Select(Line).Should().Equal("00 Support | 1 1 0 0 | SL(30) 100 lost 0 ASA 25 AHT 100 of 1 | missed 0 0");
        (await GetAsync(sara, "by=queue&step=day&zone=UTC")).Total.Offered.Should().Be(5, "F belongs to Monday there");
    }

    /// <summary>Talk of 10.6 s and hold of 1.5 s; a call that Anna (10.6 s) handed to Luca (5.6 s); and 0.499 s: 11, 11 + 6 and 0 seconds in the log, 2 of hold.</summary>
    [PostgresFact]
    public async Task What_one_adds_up_in_the_exported_log_is_what_stands_in_the_report_to_the_second()
    {
        await using var sara = await host.SignInAsync("sara");
        var (odd, handed, brief) = (await CallAsync("12:00", Seeds.Sales, 4, "Answered", Seeds.Anna, 10), await CallAsync("12:10", Seeds.Sales, 4, "Answered", Seeds.Anna, 16), await CallAsync("12:20", Seeds.Sales, 4, "Answered", Seeds.Anna, 0));
        await ExecuteAsync(
            """
            update call set talk_ms = 10600, hold_ms = 1500, wait_ms = 4700 where id = @odd;
            update call set talk_ms = 16200 where id = @handed;
            update call set talk_ms = 499 where id = @brief;
            update call_leg set talk_ms = 10600, hold_ms = 1500 where call_id = @odd;
            update call_leg set talk_ms = 10600 where call_id = @handed;
            update call_leg set talk_ms = 499 where call_id = @brief;
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms)
            select 'pbx', 'second', @handed, 'PJSIP/2', @Luca, false, answered_at, answered_at, ended_at, 5600, 0 from call where id = @handed;
            """, new { odd, handed, brief, Seeds.Luca });
        async Task<(long Wait, long Talk, long Hold)> LogAsync(string query)
        {
            var rows = (await sara.Http.GetStringAsync($"api/calls/export?language=en&from={Uri.EscapeDataString($"{At("00:00"):O}")}&to={Uri.EscapeDataString($"{At("23:59"):O}")}{query}"))
                .Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(',')).ToList();
            rows.Skip(1).Should().NotBeEmpty().And.OnlyContain(r => r.Length == 16, "no cell of these has a comma");
            long Sum(int column) => rows.Skip(1).Sum(r => long.Parse(r[column], System.Globalization.CultureInfo.InvariantCulture));
            return (Sum(10), Sum(11), Sum(12));
        }

        var sales = await LogAsync($"&queue={Seeds.Sales}");
        // A 60, B 700, F 10 and these 11 + 17 + 0.
        (sales.Talk, sales.Hold).Should().Be((798, 12));
        var report = (await GetAsync(sara, $"by=queue&of={Seeds.Sales}")).Total;
        (report.Talk_s, report.Hold_s).Should().Be((sales.Talk, sales.Hold));
        var whole = await LogAsync("");
        var agents = (await GetAsync(sara, "by=agent&step=hour")).Total;
        (agents.Talk_s, agents.Hold_s, agents.OutboundTalk_s).Should().Be((whole.Talk, whole.Hold, 30L));
        report.Aht_s.Should().Be(119, "(60 + 10 + 20 + 700 + 5 + 10 + 10.6 + 1.5 + 10.6 + 5.6 + 0.499) / 7, with none rounded before");

        var detail = await sara.GetAsync($"api/calls/{handed}", ContractsJson.Default.CallDetailView);
        detail.Call.Talk_s.Should().Be(17);
        detail.Legs.Select(l => l.Talk_s).Should().BeEquivalentTo(new int?[] { 11, 6 });
        (await sara.GetAsync($"api/calls/{odd}", ContractsJson.Default.CallDetailView)).Call.Should().BeEquivalentTo(new { Wait_s = 5, Talk_s = 11, Hold_s = 2 });
        (await sara.GetAsync($"api/calls?minTalk=11&queue={Seeds.Sales}", ContractsJson.Default.ListPageCallRow)).Items.Select(c => c.Id).Should().Contain([odd, handed]).And.NotContain(brief, "what is shown as 11 s lasted so long");
    }

    [PostgresFact]
    public async Task Numbers_are_those_that_are_set_up_however_they_were_sent()
    {
        await using var marco = await host.SignInAsync("marco");
        var report = await GetAsync(marco, "by=number");
        report.Rows.Select(r => (r.Id, r.Name, r.Figures.Offered, r.Figures.Handled, r.Figures.Missed, r.Figures.CalledBack)).Should().BeEquivalentTo(new[] { (Shop, "Shop", 1L, 1L, 0L, 0L), (Web, "Web site", 3L, 2L, 0L, 0L), ("555", null, 2L, 1L, 1L, 1L) }, o => o.WithStrictOrdering());
        (await GetAsync(marco, "by=number&of=555")).Rows.Should().ContainSingle().Which.Id.Should().Be("555");
    }

    [PostgresFact]
    public async Task Campaigns_have_the_calls_that_were_theirs_whatever_their_number_is_for_now()
    {
        await ExecuteAsync("insert into campaign (code, name, position) values ('winter', 'Winter', 1) on conflict do nothing");
        await ExecuteAsync("update call set campaign = 'winter' where dialled_raw in (@Web, '555') and direction = 'Inbound'", new { Web });
        await using var marco = await host.SignInAsync("marco");
        var numbers = (await GetAsync(marco, "by=number")).Rows.Where(r => r.Id != Shop).Select(r => r.Figures).ToList();
        var report = await GetAsync(marco, "by=campaign");
        report.Rows.Select(r => (r.Id, r.Name, r.Figures.Offered, r.Figures.Handled, r.Figures.Missed, r.Figures.CalledBack)).Should().Equal(
            ("winter", "Winter", numbers.Sum(f => f.Offered), numbers.Sum(f => f.Handled), numbers.Sum(f => f.Missed), numbers.Sum(f => f.CalledBack)), (null, null, 1, 1, 0, 0));
        report.Rows[0].Figures.Offered.Should().Be(5);
        // Calls out: of no campaign so far; one of them was made for the campaign.
        var made = (await GetAsync(marco, "by=agent")).Total;
        (report.Rows[0].Figures.OutboundMade, report.Rows[1].Figures.OutboundMade, report.Rows[1].Figures.OutboundAnswered, report.Rows[1].Figures.OutboundTalk_s).Should().Be((0, made.OutboundMade, made.OutboundAnswered, made.OutboundTalk_s));
        made.OutboundMade.Should().BePositive();
        await ExecuteAsync("update call set campaign = 'winter' where id = (select id from call where direction = 'Outbound' and talk_ms > 0 order by started_at limit 1)");
        var moved = await GetAsync(marco, "by=campaign");
        moved.Rows[0].Figures.Should().BeEquivalentTo(report.Rows[0].Figures with { OutboundMade = 1, OutboundAnswered = 1, OutboundTalk_s = moved.Rows[0].Figures.OutboundTalk_s });
        moved.Rows[0].Figures.OutboundTalk_s.Should().BePositive();
        moved.Total.Should().BeEquivalentTo(report.Total);
        await ExecuteAsync("update call set campaign = null where direction = 'Outbound'");
        (await GetAsync(marco, "by=campaign&of=winter")).Rows.Should().ContainSingle().Which.Name.Should().Be("Winter");
        (await (await marco.Http.GetAsync("api/reports/csv?by=campaign&step=whole&from=2000-01-01&to=2000-01-02")).Content.ReadAsStringAsync()).Should().Contain("utc_offset_min,campaign,name,offered").And.Contain(",blocked,outbound,outbound_answered,outbound_talk_s,observed,");
    }

    [PostgresFact]
    public async Task Agents_have_their_offers_and_how_their_time_was_filled()
    {
        await using var ada = await host.SignInAsync("ada");
        var day = await GetAsync(ada, "by=agent&step=day");
        day.Rows.Select(Line).Should().Equal(
            "00 Anna Verdi | 3 2 1 0 | SL(20) 66.7 lost 33.3 ASA 3 AHT 43 of 3 | missed 0 1",
            "00 Luca Neri | 2 1 0 0 | SL(20) 0 lost 0 ASA 25 AHT 705 of 1 | missed 1 0",
            "00 Mila Orlova | 1 1 0 0 | SL(20) 0 lost 0 ASA 25 AHT 100 of 1 | missed 0 0");
        var hours = await GetAsync(ada, $"by=agent&step=hour&of={Seeds.Anna}");
        // 9 to 10: busy 70 + 20 s, ready all the rest of the hour. Her own call at 11 and the pause are in neither, nor is Luca's phone that could not ring.
        hours.Rows.Select(r => (r.At.Hour, r.Figures.Busy_s, r.Figures.Ready_s, r.Figures.OccupancyPercent)).Should().Equal((0, 0L, 0L, null), (8, 0L, 1800L, 0m), (9, 90L, 3510L, 2.5m), (10, 0L, 900L, 0m), (11, 0L, 0L, null));
        hours.Rows[^1].Figures.CalledBack.Should().Be(1);
        day.Rows[1].Figures.Should().BeEquivalentTo(new { Busy_s = 0L, Ready_s = 13 * 3600L + 60 }, "Luca is ready from 10:59 on, and still");
        var lucas = await GetAsync(ada, $"by=agent&step=hour&of={Seeds.Luca}");
        lucas.Rows.Where(r => r.At.Hour > 10).Should().HaveCount(13).And.OnlyContain(r => r.Figures.Ready_s == 3600);
    }

    [PostgresFact]
    public async Task Who_was_called_back_in_time_who_late_and_who_never()
    {
        foreach (var caller in new[] { "11", "12", "13" }) await CallAsync("13:00", Seeds.Sales, 30, "Abandoned", caller: "+3902999900" + caller);
        await CallAsync("13:10", null, 0, "Answered", Seeds.Anna, 30, caller: "", number: "+390299990011", direction: "Outbound");
        // Rings again before the half hour is over: nobody's merit, nobody's fault.
        await CallAsync("13:20", Seeds.Sales, 4, "Answered", Seeds.Luca, 30, caller: "+390299990013");
        await ExecuteAsync("select missed_project(@calls)", new { calls = calls.ToArray() });
        await using var sara = await host.SignInAsync("sara");
        object Told(ReportRow row) => (row.At.Hour, row.Figures.Missed, row.Figures.CalledBack, row.Figures.CalledBackInTime, row.Figures.InTimePercent, row.Figures.CallBack_s);
        (await GetAsync(sara, "by=queue&step=hour")).Rows.Where(r => r.Figures.Missed > 0).Select(Told).Should().Equal((10, 1L, 1L, 0L, (decimal?)0m, (int?)3260), (13, 3L, 1L, 1L, (decimal?)50m, (int?)570));
        (await GetAsync(sara, "by=number&step=whole")).Total.Should().BeEquivalentTo(new { CalledBackInTime = 1, InTimePercent = 33.3m, CallBack_s = 1915 });
        (await GetAsync(sara, "by=agent&step=day")).Rows.Single(r => r.Id == Seeds.Anna.ToString()).Figures.Should().BeEquivalentTo(new { CalledBack = 2, CalledBackInTime = 1, InTimePercent = 50m, CallBack_s = 1915 });
    }

    [PostgresFact]
    public async Task Who_takes_a_call_over_from_a_colleague_has_the_conversation_but_not_the_wait()
    {
        var call = await CallAsync("12:00", Seeds.Sales, 6, "Answered", Seeds.Anna, 30);
        await OfferAsync(call, Seeds.Luca, "12:00:20", "Answered");
        await ExecuteAsync("insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms) values ('pbx', 'second', @call, 'PJSIP/2', @Luca, false, @at, @at, @at, 40000, 0)",
            new { call, Seeds.Luca, at = At("12:01") });
        await using var sara = await host.SignInAsync("sara");
        var report = await GetAsync(sara, "by=agent&step=hour");
        report.Rows.Where(r => r.At.Hour == 12).Select(Line).Should().Equal("12 Anna Verdi | 1 1 0 0 | SL(20) 100 lost 0 ASA 6 AHT 30 of 1 | missed 0 0", "12 Luca Neri | 1 1 0 0 | SL(20)  lost 0 ASA  AHT 40 of 1 | missed 0 0");
        (await GetAsync(sara, "by=queue&step=hour")).Rows.Where(r => r.At.Hour == 12).Select(Line).Should().Equal("12 Sales | 1 1 0 0 | SL(20) 100 lost 0 ASA 6 AHT 35 of 2 | missed 0 0");
    }

    [PostgresFact]
    public async Task Its_calls_are_those_of_the_call_log()
    {
        await using var sara = await host.SignInAsync("sara");
        var report = await GetAsync(sara, "by=queue");
        foreach (var row in report.Rows)
        {
            var log = (await sara.GetAsync($"api/calls?queue={row.Id}&from=2026-03-09T23:00:00Z&to=2026-03-10T23:00:00Z&limit=100", ContractsJson.Default.ListPageCallRow)).Items;
            var answered = log.Where(c => c.Outcome == "Answered").ToList();
            row.Figures.Should().BeEquivalentTo(new
            {
                Offered = (long)log.Count,
                Answered = (long)answered.Count,
                Abandoned = (long)log.Count(c => c.Outcome is "Abandoned" or "ShortAbandon"),
                ShortAbandoned = (long)log.Count(c => c.Outcome == "ShortAbandon"),
                Asa_s = (int)Math.Round(answered.Average(c => (decimal)c.Wait_s), MidpointRounding.AwayFromZero),
                Talk_s = (long)answered.Sum(c => c.Talk_s),
                Hold_s = (long)answered.Sum(c => c.Hold_s),
            }, row.Name);
        }
    }

    [PostgresFact]
    public async Task The_CSV_has_the_same_lines_as_plain_numbers_and_no_formulas()
    {
        await ExecuteAsync("update app_user set name = @name where id = @Luca", new { name = "=HYPERLINK(\"http://evil\", \"a\nb\")", Seeds.Luca });
        await using var sara = await host.SignInAsync("sara");
        var view = await GetAsync(sara, "by=agent&step=hour");
        using var answer = await sara.Http.GetAsync("api/reports/csv?from=2026-03-10&to=2026-03-10&by=agent&step=hour");
        await ExecuteAsync("update app_user set name = 'Luca Neri' where id = @Luca", new { Seeds.Luca });
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().Should().Be("text/csv; charset=utf-8");
        answer.Content.Headers.ContentDisposition!.FileName.Should().Be("agent-hour-2026-03-10-2026-03-10.csv");
        answer.Headers.CacheControl!.NoStore.Should().BeTrue();
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        bytes.Take(3).Should().Equal(0xEF, 0xBB, 0xBF);
        var text = Encoding.UTF8.GetString(bytes, 3, bytes.Length - 3);
        text.Replace("\r\n", "", StringComparison.Ordinal).Should().NotContain("\r");
        text.Should().EndWith("\r\n");

        var table = Csv.Read(text);
        table[0].Should().Equal("date", "hour", "utc_offset_min", "agent", "offered", "answered", "abandoned", "short_abandoned", "service_level_s", "service_level_percent", "abandon_percent", "asa_s", "aht_s",
            "handled", "talk_s", "hold_s", "wrap_up_s", "occupancy_percent", "busy_s", "ready_s", "missed", "called_back", "called_back_in_time", "called_back_in_time_percent", "time_to_call_back_s", "outbound", "outbound_answered", "outbound_talk_s", "observed_answered", "observed_talk_s", "internal", "internal_talk_s");
        table.Skip(1).Should().HaveCount(view.Rows.Count).And.OnlyContain(r => r.Length == table[0].Length);
        string N(IFormattable? n) => n?.ToString(null, System.Globalization.CultureInfo.InvariantCulture) ?? "";
        table.Skip(1).Select(r => string.Join('|', r)).Should().Equal(view.Rows.Select(r => string.Join('|', $"{r.At:yyyy-MM-dd}", $"{r.At:HH:mm}", "60", r.Name!.StartsWith('=') ? "'" + r.Name : r.Name,
            N(r.Figures.Offered), N(r.Figures.Answered), N(r.Figures.Abandoned), N(r.Figures.ShortAbandoned), N(r.Figures.ServiceLevel_s), N(r.Figures.ServiceLevelPercent), N(r.Figures.AbandonPercent), N(r.Figures.Asa_s),
            N(r.Figures.Aht_s), N(r.Figures.Handled), N(r.Figures.Talk_s), N(r.Figures.Hold_s), N(r.Figures.WrapUp_s), N(r.Figures.OccupancyPercent), N(r.Figures.Busy_s), N(r.Figures.Ready_s), N(r.Figures.Missed),
            N(r.Figures.CalledBack), N(r.Figures.CalledBackInTime), N(r.Figures.InTimePercent), N(r.Figures.CallBack_s), N(r.Figures.OutboundMade), N(r.Figures.OutboundAnswered), N(r.Figures.OutboundTalk_s), N(r.Figures.ObservedAnswered), N(r.Figures.ObservedTalk_s), N(r.Figures.Internal), N(r.Figures.InternalTalk_s))));
        table.Should().Contain(r => r[3].StartsWith("'=HYPERLINK", StringComparison.Ordinal));

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(Guid, string)>("select user_id, object_id from audit where action = 'export'")).Should().Equal((Seeds.Sara, "Agent Hour 2026-03-10 2026-03-10"));
    }

    /// <summary>H 10:50 Sales, blocked at the door. I 10:55 Sales, waits 12 s and is blocked while it rings. Neither was offered, missed or abandoned.</summary>
    [PostgresFact]
    public async Task Blocked_callers_are_counted_apart_and_in_no_other_figure()
    {
        await using var sara = await host.SignInAsync("sara");
        var before = (await GetAsync(sara, "by=queue&step=hour")).Rows.Select(Line).ToList();
        var h = await CallAsync("10:50", Seeds.Sales, 0, "Blocked", number: "555");
        await ExecuteAsync("update call set queued_at = null where id = @h", new { h });
        await CallAsync("10:55", Seeds.Sales, 12, "Blocked");
        await ExecuteAsync("select missed_project(@calls)", new { calls = calls.ToArray() });
        var report = await GetAsync(sara, "by=queue&step=hour");
        report.Rows.Select(Line).Should().Equal(before);
        report.Rows.Select(r => r.Figures.Blocked).Should().Equal(0, 0, 2, 0);
        report.Total.Blocked.Should().Be(2);
        (await GetAsync(sara, "by=number&step=whole")).Rows.ToDictionary(r => r.Id!, r => r.Figures.Blocked).Should().Contain(Web, 1).And.Contain("555", 1);
        (await GetAsync(sara, "by=agent&step=whole")).Rows.Should().OnlyContain(r => r.Figures.Blocked == 0);
        using var csv = await sara.Http.GetAsync("api/reports/csv?from=2026-03-10&to=2026-03-10&by=queue&step=whole");
        var table = Csv.Read((await csv.Content.ReadAsStringAsync()).TrimStart('\ufeff'));
        table[0][^1].Should().Be("blocked");
        table.Skip(1).Select(r => r[^1]).Should().Equal("2", "0");
    }

    /// <summary>
    /// J 12:00 the PBX leads a caller of Web to Anna, who talks 40 s and wraps up 10 s. K 12:10 one of Web's gives up there. L 12:20 Anna calls out in vain. M 12:30 Anna and Luca talk 20 s:
    /// of each a leg, none of them answered by a client. N 12:40 Anna calls out, talks 15 s; Luca takes it over for 25 s.
    /// </summary>
    [PostgresFact]
    public async Task Every_call_of_an_agent_is_in_their_report_and_what_the_PBX_led_is_at_its_number()
    {
        var j = await CallAsync("12:00", null, 6, "Answered", Seeds.Anna, 40, 0, 10);
        var k = await CallAsync("12:10", null, 12, "Abandoned", caller: "+390299990003");
        await CallAsync("12:20", null, 9, "NoAnswer", Seeds.Anna, caller: "101", number: "+390299990004", direction: "Outbound");
        var m = await CallAsync("12:30", null, 3, "Answered", Seeds.Anna, 20, caller: "101", number: "102", direction: "Internal");
        var n = await CallAsync("12:40", null, 5, "Answered", Seeds.Anna, 15, caller: "101", number: "+390299990005", direction: "Outbound");
        await ExecuteAsync(
            """
            update call set queued_at = null, routed = false where id in (@j, @k);
            update offer set rule = 'Observed' where call_id = @j;
            update call set answered_at = null where id = @m;
            update call_leg set answered_at = null where call_id = @m or call_id in (select id from call where outcome = 'NoAnswer');
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms)
            values ('pbx', 'm2', @m, 'PJSIP/102', @Luca, false, @mAt, null, @mAt, 20000, 0), ('pbx', 'n2', @n, 'PJSIP/102', @Luca, false, @nAt, @nAt, @nAt, 25000, 0);
            """, new { j, k, m, n, Seeds.Luca, mAt = At("12:30:03"), nAt = At("12:41") });
        await using var sara = await host.SignInAsync("sara");
        var agents = (await GetAsync(sara, "by=agent&step=hour")).Rows.Where(r => r.At.Hour == 12).ToDictionary(r => r.Name!, r => r.Figures);
        agents["Anna Verdi"].Should().BeEquivalentTo(new
        {
            Offered = 0L,
            Handled = 3L,
            Talk_s = 75L,
            WrapUp_s = 10L,
            Aht_s = 28,
            OutboundMade = 2L,
            OutboundAnswered = 1L,
            OutboundTalk_s = 15L,
            Observed = 0L,
            ObservedAnswered = 1L,
            ObservedTalk_s = 40L,
            Internal = 1L,
            InternalTalk_s = 20L,
        });
        agents["Luca Neri"].Should().BeEquivalentTo(new { Handled = 2L, Talk_s = 45L, OutboundMade = 0L, OutboundAnswered = 0L, OutboundTalk_s = 25L, ObservedAnswered = 0L, Internal = 1L, InternalTalk_s = 20L });
        (await GetAsync(sara, "by=agent&step=whole")).Total.OutboundMade.Should().Be(3, "with the call back at 11");
        var web = (await GetAsync(sara, "by=number&step=hour")).Rows.Single(r => r.At.Hour == 12);
        web.Should().BeEquivalentTo(new { Id = Web, Figures = new { Offered = 0L, Handled = 1L, Talk_s = 40L, Aht_s = 50, Observed = 2L, ObservedAnswered = 1L, ObservedTalk_s = 40L, OutboundMade = 0L, Internal = 0L } });
        (await GetAsync(sara, "by=queue&step=hour")).Rows.Should().NotContain(r => r.At.Hour == 12, "none of these entered a queue");

        using var csv = await sara.Http.GetAsync("api/reports/csv?from=2026-03-10&to=2026-03-10&by=number&step=hour");
        var table = Csv.Read((await csv.Content.ReadAsStringAsync()).TrimStart('\ufeff'));
        table[0][^3..].Should().Equal("observed", "observed_answered", "observed_talk_s");
        table.Single(r => r[1] == "12:00")[^3..].Should().Equal("2", "1", "40");
    }

    [PostgresFact]
    public async Task The_talk_of_an_agent_is_that_of_their_calls_in_the_log()
    {
        await using var sara = await host.SignInAsync("sara");
        foreach (var row in (await GetAsync(sara, "by=agent&step=whole")).Rows)
        {
            var log = (await sara.GetAsync($"api/calls?agent={row.Id}&from=2026-03-09T23:00:00Z&to=2026-03-10T23:00:00Z&limit=100", ContractsJson.Default.ListPageCallRow)).Items;
            log.Should().NotBeEmpty();
            row.Figures.Talk_s.Should().Be(log.Sum(c => c.Talk_s), row.Name);
            row.Figures.OutboundTalk_s.Should().Be(log.Where(c => c.Direction == "Outbound").Sum(c => c.Talk_s), row.Name);
        }
    }

    [PostgresFact]
    public async Task A_number_keeps_its_digits_and_an_empty_report_its_head()
    {
        await using var sara = await host.SignInAsync("sara");
        var table = Csv.Read((await sara.Http.GetStringAsync("api/reports/csv?from=2026-03-10&to=2026-03-10&by=number")).TrimStart('\uFEFF'));
        table.Select(r => $"{r[0]} {r[1]} {r[3]} {r[4]} {r[5]}").Should().Equal("date hour number name offered", "2026-03-10  '+390233335555 Shop 1", "2026-03-10  390233334444 Web site 3", "2026-03-10  555  2");
        Csv.Read((await sara.Http.GetStringAsync("api/reports/csv?from=2001-01-01&to=2001-01-02&by=queue")).TrimStart('\uFEFF')).Should().ContainSingle().Which[3].Should().Be("queue");
        var empty = await sara.GetAsync("api/reports?from=2001-01-01&to=2001-01-02", ContractsJson.Default.ReportView);
        empty.Rows.Should().BeEmpty();
        empty.Total.Should().Be(new ReportFigures(0, 0, 0, 0, 20, null, null, null, null, 0, 0, 0, 0, null, 0, 0, 0, 0));
    }

    [PostgresFact]
    public async Task Bad_input_is_named_and_agents_are_refused()
    {
        await using var sara = await host.SignInAsync("sara");
        foreach (var path in new[] { "api/reports", "api/reports/csv" })
        {
            async Task<string> Wrong(string query)
            {
                var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, $"{path}?{query}");
                status.Should().Be(HttpStatusCode.BadRequest);
                return string.Join("; ", problem.Errors!.Select(e => $"{e.Key}: {string.Join(", ", e.Value)}"));
            }

            (await Wrong("step=hour&from=2026-01-01&to=2026-12-31")).Should().Be("to: at most 31 days in all by the hour");
            (await Wrong("step=day&from=2020-01-01&to=2026-12-31")).Should().Be("to: at most 366 days in all");
            (await Wrong("by=team")).Should().Be("by: one of queue, agent, number, campaign");
            (await Wrong("from=today&to=2026-01-01")).Should().StartWith("from: a day such as");
            (await Wrong("zone=Nowhere/Land")).Should().StartWith("zone: ");
        }

        await using var anna = await host.SignInAsync("anna");
        foreach (var path in new[] { "api/reports", "api/reports/csv" }) (await anna.ProblemAsync(HttpMethod.Get, path)).Status.Should().Be(HttpStatusCode.Forbidden);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'export'")).Should().Be(0, "nothing was exported");
    }

    [PostgresFact]
    public async Task Today_agrees_with_the_board_and_the_page_of_the_missed()
    {
        await ExecuteAsync("truncate call, call_leg, offer, missed_call, agent_state_span, agent_state");
        await using var story = await Story.BeginAsync(host);
        foreach (var (wait_s, talk_s) in new[] { (4, 60), (10, 121), (30, 30) })
        {
            var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
                .. story.Answers(call, offer, Seeds.Anna, "101", wait_s * 1000), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi, wait_s * 1000, talk_s * 1000), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        }

        foreach (var (number, brief) in new[] { ("+393331112222", false), ("+393331112222", false), ("+442079460000", true), ("+390299990000", false) })
        {
            var call = Guid.CreateVersion7();
            await story.WriteAsync([.. story.Arrives(call, Story.From(number), LookupOutcome.Unknown, null), story.Abandons(call, brief ? 3000 : 40_000, brief)]);
        }

        await story.WrittenAsync(host);
        await using var sara = await host.SignInAsync("sara");
        var report = await sara.GetAsync("api/reports?by=queue&period=today", ContractsJson.Default.ReportView);
        report.Total.Should().BeEquivalentTo(new { Offered = 7, Answered = 3, Abandoned = 4, ShortAbandoned = 1, Missed = 2, CalledBack = 0 });
        var live = await sara.OpenAsync();
        await live.NextAsync<BoardEvent>(e => e.Figures.Offered == 7);
        var board = (await sara.GetAsync("api/live/board", ContractsJson.Default.BoardView)).Figures;
        report.Total.Should().BeEquivalentTo(new { board.Offered, board.Answered, board.Abandoned, board.ShortAbandoned, board.ServiceLevel_s, board.ServiceLevelPercent, board.AbandonPercent, board.Asa_s, board.Aht_s });
        var missed = (await sara.GetAsync("api/missed/figures", ContractsJson.Default.MissedFiguresView)).All;
        (report.Total.Missed, report.Total.CalledBack, report.Total.InTimePercent, report.Total.CallBack_s).Should().Be((missed.Callers, missed.CalledBack, missed.InTimePercent, missed.CallBack_s));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("Rossi & figli", "Rossi & figli")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\r\nlines", "\"two\r\nlines\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+39 02 1234", "'+39 02 1234")]
    [InlineData("-1", "'-1")]
    [InlineData("@sum", "'@sum")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("  =1", "'  =1")]
    [InlineData("＝1", "'＝1")]
    [InlineData("=a,\"b\"", "\"'=a,\"\"b\"\"\"")]
    [InlineData(" leading", "\" leading\"")]
    [InlineData("Иван", "Иван")]
    public void Text_in_a_CSV_is_quoted_where_it_must_be_and_never_a_formula(string? text, string expected) => ReportCsv.Text(text).Should().Be(expected);
}

/// <summary>RFC 4180, read strictly.</summary>
static class Csv
{
    public static List<string[]> Read(string text)
    {
        var (rows, row, cell) = (new List<string[]>(), new List<string>(), new StringBuilder());
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && cell.Length == 0)
            {
                for (i++; text[i] != '"' || (i + 1 < text.Length && text[i + 1] == '"'); i++)
                {
                    cell.Append(text[i]);
                    if (text[i] == '"') i++;
                }
            }
            else if (text[i] is ',' or '\r')
            {
                row.Add(cell.ToString());
                cell.Clear();
                if (text[i] == ',') continue;
                text[++i].Should().Be('\n');
                rows.Add([.. row]);
                row.Clear();
            }
            else
            {
                cell.Append(text[i]);
            }
        }

        (row.Count, cell.Length).Should().Be((0, 0), "the last line ends as well");
        return rows;
    }
}
