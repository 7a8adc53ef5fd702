using CallCrm.CallFlow;
using CallCrm.CallFlow.Demo;
using CallCrm.CrmApi.Missed;
using CallCrm.CrmApi.Reports;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Reports;

/// <summary>The made-up company's reports against its call log.</summary>
[Trait("Category", "Slow")]
public sealed class ReportDemoTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // Two weeks after the clocks went back in Europe, and one after they did in New York.
    static readonly FakeTimeProvider Time = new(new DateTimeOffset(2026, 11, 8, 11, 30, 0, TimeSpan.Zero));

    [PostgresFact]
    public async Task Every_line_is_the_sum_of_its_calls_in_the_log_to_the_second()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.NewDatabaseAsync());
        await DemoData.SeedIfEmptyAsync(database, new DemoOptions { Clients = 400, Days = 30, CallsPerDay = 60 }, Time, default);
        await using (var connection = await database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                -- Every ninth caller came by the PBX's own way, every fourth call out was to a colleague, in the line or not.
                update call set queued_at = null, queue_id = null, decision = null, routed = false, wait_ms = 0 where direction = 'Inbound' and number % 9 = 0;
                update offer o set rule = 'Observed', queue_id = null from call c where c.id = o.call_id and c.direction = 'Inbound' and c.number % 9 = 0;
                update call set direction = 'Internal', answered_at = null where direction = 'Outbound' and number % 4 = 0;
                update call_leg l set answered_at = null, is_client = false from call c where c.id = l.call_id and c.direction = 'Internal';
                select missed_project(array(select id from call));
                """);
        }

        var log = await CallLogSums.ReadAsync(database, Time.GetUtcNow());
        log.Calls.Should().BeGreaterThan(1000);
        var clock = new SiteClock(Options.Create(new SiteOptions()), Time);
        var store = new ReportStore(database, Options.Create(new RouterRoadOptions()), Options.Create(new MissedOptions()), Time);

        var today = new DateOnly(2026, 11, 8);
        foreach (var by in new[] { "queue", "agent", "number" })
        {
            foreach (var (step, zone, from, to) in new[] { ("day", "", today.AddDays(-40), today), ("hour", "", today.AddDays(-17), today.AddDays(-3)), ("hour", "America/New_York", today.AddDays(-12), today), ("whole", "Asia/Tokyo", today.AddDays(-20), today.AddDays(-2)) })
            {
                var ask = ReportAsk.Read(clock, by, step, null, $"{from:yyyy-MM-dd}", $"{to:yyyy-MM-dd}", zone, null, out _)!;
                var (rows, total) = log.Report(by, step, from, to, ask.Zone);
                var lines = new List<Contracts.ReportRow>();
                var sum = ReportLine.None(20);
                await foreach (var line in store.ReadAsync(ask, default))
                {
                    lines.Add(new Contracts.ReportRow(ReportStore.At(ask, line), line.Key.Length > 0 ? line.Key : null, line.Name, line.Figures()));
                    sum = sum.Plus(line);
                }

                static List<Contracts.ReportRow> Sorted(IEnumerable<Contracts.ReportRow> all) => [.. all.OrderBy(r => r.At).ThenBy(r => r.Id, StringComparer.Ordinal)];
                Sorted(lines).Should().Equal(Sorted(rows), $"{by} {step} {zone}");
                Sorted(lines).Select(r => r.At.Offset).Should().Equal(Sorted(rows).Select(r => r.At.Offset));
                sum.Figures().Should().Be(total, $"{by} {step} {zone}");
                (total.Offered, total.Handled, total.Missed).Should().Match<(long, long, long)>(t => t.Item1 > 300 && t.Item2 > 200 && t.Item3 > 10, "there is something to compare");
                if (by == "agent") total.OccupancyPercent.Should().BeInRange(1, 99);
                if (by == "agent") (total.OutboundMade, total.OutboundAnswered, total.OutboundTalk_s, total.Internal, total.InternalTalk_s).Should().Match<(long, long, long, long, long)>(t => t.Item1 > t.Item2 && t.Item2 > 10 && t.Item3 > 500 && t.Item4 > 3 && t.Item5 > 100);
                (total.Observed, total.ObservedAnswered, total.ObservedTalk_s).Should().Match<(long, long, long)>(t => by == "queue" ? t.Item2 == 0 && t.Item3 == 0 : t.Item2 > 20 && t.Item3 > 500 && (by == "agent" || t.Item1 > t.Item2));

                var view = await store.ViewAsync(ask, default);
                view.Total.Should().Be(total);
                view.Rows.Should().Equal(lines.Take(2000));
                view.More.Should().Be(lines.Count > 2000);
            }
        }
    }
}
