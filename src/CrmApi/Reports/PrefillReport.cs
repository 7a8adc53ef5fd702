using System.Globalization;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Reports;

/// <summary>How much of what was proposed for wrap-ups was saved as it was: by agent, by queue, by field.</summary>
internal sealed class PrefillReport(NpgsqlDataSource database, IOptions<RouterRoadOptions> road)
{
    public static async Task<Results<Ok<PrefillReportView>, ProblemHttpResult>> ViewAsync(Person person, SiteClock clock, PrefillReport report, CancellationToken cancel, string? period = null,
        string? from = null, string? to = null, string? zone = null) =>
        ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, null, out var wrong) is { } ask
            ? TypedResults.Ok(await report.MakeAsync(ask with { Within = person.Within(Rights.SeeReports) }, cancel))
            : Problems.Invalid(wrong.Field, wrong.Expected);

    public static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync(HttpContext http, Person person, SiteClock clock, PrefillReport report, AuditStore audit, CancellationToken cancel,
        string? period = null, string? from = null, string? to = null, string? zone = null)
    {
        if (ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, null, out var wrong) is not { } ask) return Problems.Invalid(wrong.Field, wrong.Expected);
        var view = await report.MakeAsync(ask with { Within = person.Within(Rights.SeeReports) }, cancel);
        var days = string.Create(CultureInfo.InvariantCulture, $"{ask.From:yyyy-MM-dd}-{ask.To:yyyy-MM-dd}");
        await audit.AddAsync(person.Id, "export", "report", $"prefill {days}", http.Connection.RemoteIpAddress?.ToString(), cancel);
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.Bytes([.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Csv(view))], "text/csv; charset=utf-8", $"prefill-{days}.csv");
    }

    async Task<PrefillReportView> MakeAsync(ReportAsk ask, CancellationToken cancel)
    {
        const string Taken = """
            from wrap_up w join call c on c.id = w.call_id
            left join app_user u on u.id = w.agent_id left join queue q on q.id = c.queue_id
            where c.domain = @domain and c.merged_into is null and c.started_at >= @from and c.started_at < @to and (@people::uuid[] is null or w.agent_id = any(@people))
            """;
        const string Sums = """
            count(*) as wrap_ups, count(*) filter (where w.prefilled <> '{}') as "with", coalesce(sum(cardinality(w.prefilled)), 0)::bigint as filled, coalesce(sum(cardinality(w.kept)), 0)::bigint as kept
            """;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"""
            select w.agent_id as id, coalesce(u.name, '…') as name, {Sums} {Taken} group by 1, 2 order by 2, 1;
            select q.id, q.name, {Sums} {Taken} group by 1, 2 order by q.name nulls last, 1;
            select f.field, count(*) as filled, count(*) filter (where f.field = any(w.kept)) as kept
            from (select w.prefilled, w.kept {Taken}) w cross join lateral unnest(w.prefilled) f (field) group by 1 order by 1;
            """,
            new { domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, people = ask.Within.People }, cancellationToken: cancel));
        var agents = (await results.ReadAsync<PrefillRow>()).AsList();
        var queues = (await results.ReadAsync<PrefillRow>()).AsList();
        return new PrefillReportView(ask.From, ask.To, ask.Zone.Id, agents, queues, (await results.ReadAsync<PrefillFieldRow>()).AsList());
    }

    /// <summary>As the other reports: bare numbers, what is not there is empty.</summary>
    static string Csv(PrefillReportView view)
    {
        var text = new StringBuilder("by,name,wrap_ups,with_proposal,fields_filled,fields_kept,kept_percent\r\n");
        foreach (var (by, row) in view.Agents.Select(r => ("agent", r)).Concat(view.Queues.Select(r => ("queue", r))))
            Line(text, by, ReportCsv.Text(row.Name), row.WrapUps, row.With, row.Filled, row.Kept);
        foreach (var row in view.Fields) Line(text, "field", row.Field, null, null, row.Filled, row.Kept);
        return text.ToString();
    }

    static void Line(StringBuilder text, string by, string name, long? wrapUps, long? with, long filled, long kept) =>
        text.Append(CultureInfo.InvariantCulture, $"{by},{name},{wrapUps},{with},{filled},{kept},{(filled == 0 ? null : Math.Round(100m * kept / filled, 1)):0.0}\r\n");
}
