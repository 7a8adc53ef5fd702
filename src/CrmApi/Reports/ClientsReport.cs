using System.Globalization;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Reports;

/// <summary>Clients by a field of their cards or one of the site's own: how many, and what happened with them in the days asked for.</summary>
internal sealed class ClientsReport(NpgsqlDataSource database, NumberMask mask, IOptions<RouterRoadOptions> road)
{
    internal TimeSpan Patience { get; set; } = SlowReport.Patience;

    public static void Map(RouteGroupBuilder reports)
    {
        reports.MapGet("/clients", ViewAsync).RequireAuthorization(Rights.WorkWithClients).WithName("GetClientsReport")
            .WithSummary("The clients that one sees by segment, source, tag, language, city, kind, responsible, department or an own field (by), with their calls and deals in the period and the sum of an own number or amount (sum); 503 report_too_slow after 30 s")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        reports.MapGet("/clients/csv", ExportAsync).RequireAuthorization(Rights.WorkWithClients).RequireAuthorization(Rights.ExportReports).WithName("ExportClientsReport").WithSummary("The same as CSV, the total as its last row; audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/csv").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    static async Task<Results<Ok<ClientsReportView>, ProblemHttpResult>> ViewAsync(Person person, SiteClock clock, ClientsReport report, CancellationToken cancel, string? by = null, string? sum = null,
        string? period = null, string? from = null, string? to = null, string? zone = null)
    {
        var (view, refused) = await report.MakeAsync(person, clock, by, sum, period, from, to, zone, cancel);
        return view is null ? refused! : TypedResults.Ok(view);
    }

    static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync(HttpContext http, Person person, SiteClock clock, ClientsReport report, AuditStore audit, CancellationToken cancel, string? by = null,
        string? sum = null, string? period = null, string? from = null, string? to = null, string? zone = null)
    {
        var (view, refused) = await report.MakeAsync(person, clock, by, sum, period, from, to, zone, cancel);
        if (view is null) return refused!;
        await audit.AddAsync(person.Id, "export", "report", string.Create(CultureInfo.InvariantCulture, $"clients {view.By} {view.From:yyyy-MM-dd} {view.To:yyyy-MM-dd} {view.Sum}").TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return SlowReport.File(http, report.Csv(view, person.Veil), string.Create(CultureInfo.InvariantCulture, $"clients-{view.From:yyyy-MM-dd}-{view.To:yyyy-MM-dd}.csv"));
    }

    async Task<Made> MakeAsync(Person person, SiteClock clock, string? by, string? sum, string? period, string? from, string? to, string? zone, CancellationToken cancel)
    {
        if (ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, null, out var wrong) is not { } ask) return Made.Not(Problems.Invalid(wrong.Field, wrong.Expected));
        var made = await SlowReport.ReadAsync(database, Patience, async transaction =>
        {
            var fields = await FieldsAsync(transaction, person, cancel);
            var group = fields.FirstOrDefault(f => f.Code == (string.IsNullOrEmpty(by) ? "segment" : by));
            if (group is null) return Made.Not(Problems.Invalid("by", $"one of {string.Join(", ", fields.Where(f => !f.Own).Select(f => f.Code))}, or custom.CODE of an own field that you see"));
            var added = string.IsNullOrEmpty(sum) ? null : fields.FirstOrDefault(f => f.IsRange && f.Code == sum);
            if (added is null && !string.IsNullOrEmpty(sum)) return Made.Not(Problems.Invalid("sum", "custom.CODE of an own number or amount that you see"));
            // To compile the statement would take longer than to run it.
            await transaction.Connection!.ExecuteAsync(new CommandDefinition("set local jit = off", transaction: transaction, cancellationToken: cancel));
            return new Made(await ReadAsync(transaction, person, ask, fields, group, added, cancel), null);
        }, cancel);
        return made ?? Made.Not(SlowReport.TooSlow);
    }

    static async Task<IReadOnlyList<ClientsReportBy>> FieldsAsync(NpgsqlTransaction transaction, Person person, CancellationToken cancel)
    {
        var own = await transaction.Connection!.QueryAsync<(string Code, string Name, string Kind, string Options, string? Target, string? Expression, string? Result, bool OverLinks)>(new CommandDefinition(
            $"select {CustomField.Columns}, links <> '{{}}' from client_field where not archived order by position, code", transaction: transaction, cancellationToken: cancel));
        return ClientsReportBy.Of(own.Select(f => (CustomField.Of(f.Code, f.Name, f.Kind, f.Options, f.Target, f.Expression, f.Result), f.OverLinks)), person.Veil, CardLinks.SeesAllRecords(person));
    }

    async Task<ClientsReportView> ReadAsync(NpgsqlTransaction transaction, Person person, ReportAsk ask, IReadOnlyList<ClientsReportBy> fields, ClientsReportBy by, ClientsReportBy? sum, CancellationToken cancel)
    {
        var clients = person.Within(Rights.WorkWithClients);
        var values = new DynamicParameters(new
        {
            domain = road.Value.Domain,
            from = ask.Begins,
            to = ask.Ends,
            by = by.Field?.Code,
            sum = sum?.Field?.Code,
            cards = clients.And(person.Within(Rights.SeeReports)).People,
            clients = clients.People,
            deals = person.Within(Rights.SeeDeals).People,
            calls = person.Within(Rights.SeeCalls).People,
            most = by.Most,
        });
        IReadOnlyList<ClientsReportBy.Range> ranges = !by.IsRange ? [] :
            [.. (await transaction.Connection!.QueryAsync<SpreadRow>(Command(ClientsReportSql.Spread(by)))).Select(s => ClientsReportBy.Range.Of(s.Currency, s.Low, s.High, s.Whole))];
        values.AddDynamicParams(new { currencies = ranges.Select(r => r.Currency).ToArray(), firsts = ranges.Select(r => r.First).ToArray(), steps = ranges.Select(r => r.Step).ToArray(), counts = ranges.Select(r => r.Count).ToArray() });
        var parts = (await transaction.Connection!.QueryAsync<PartRow>(Command(ClientsReportSql.Of(by, sum)))).AsList();
        var sums = parts.Where(p => p.Part != "row").ToLookup(p => (p.Part, p.Kind, p.Key), p => new CurrencySum(p.Currency is { Length: > 0 } currency ? currency : null, p.Amount ?? 0, p.Counted, Math.Round((p.Amount ?? 0) / p.Counted, 2, MidpointRounding.AwayFromZero)));
        ClientsReportFigures Figures(PartRow p) => new(p.Clients, p.Fresh, p.Called, p.CallsIn, p.Answered, p.Missed, p.CallsOut, p.Reached, CallFigures.Whole_s(p.Talk_ms), p.Opened, p.Won, p.Lost, p.Open,
            Sorted(sums[("won", p.Kind, p.Key)]), Sorted(sums[("sum", p.Kind, p.Key)]));
        var rows = parts.Where(p => p is { Part: "row", Kind: not "total" }).Select(p => Row(p, by, ranges, person.Veil, Figures(p)));
        return new ClientsReportView(by.Code, sum?.Code, ask.From, ask.To, ask.Zone.Id, person.May(Rights.SeeCalls), person.May(Rights.SeeDeals), [.. by.Sort(rows)],
            Figures(parts.Single(p => p is { Part: "row", Kind: "total" })), [.. fields.Select(f => f.View())]);

        CommandDefinition Command(string sql) => new(sql, values, transaction, (int)Patience.TotalSeconds + 30, cancellationToken: cancel);
    }

    static IReadOnlyList<CurrencySum> Sorted(IEnumerable<CurrencySum> sums) => [.. sums.OrderByDescending(s => s.Count).ThenBy(s => s.Currency, StringComparer.Ordinal)];

    ClientsReportRow Row(PartRow p, ClientsReportBy by, IReadOnlyList<ClientsReportBy.Range> ranges, Veil veil, ClientsReportFigures figures)
    {
        if (p.Kind != "value") return new ClientsReportRow(p.Kind, null, null, figures, Filter: p.Kind == "without" ? by.Without : null);
        if (!by.IsRange)
        {
            // A number that one does not see would stand in the address; ids have digits, too, and are none.
            var filter = veil.Numbers && !Guid.TryParse(p.Key, out _) && mask.Text(p.Key) != p.Key ? null : by.Filter(p.Key, null, 0);
            return new ClientsReportRow(p.Kind, p.Key, by.NameOf(p.Key, p.Name), figures, Filter: filter);
        }

        var at = p.Key.IndexOf('|', StringComparison.Ordinal);
        var (range, n) = (ranges.First(r => r.Currency == p.Key[..at]), int.Parse(p.Key[(at + 1)..], CultureInfo.InvariantCulture));
        return new ClientsReportRow(p.Kind, null, null, figures, by.Kind == "money" ? range.Currency : null, n < 0 ? null : range.First + n * range.Step, n >= range.Count ? null : range.First + (n + 1) * range.Step,
            by.Filter("", range, n));
    }

    string Csv(ClientsReportView view, Veil veil)
    {
        var csv = new StringBuilder("row,value,name,currency,from,below,clients,new,called,calls_in,answered,missed,calls_out,reached,talk_s,deals_opened,won,lost,open_deals,won_amounts");
        csv.Append(view.Sum is null ? "" : ",sum,average").Append("\r\n");
        foreach (var row in view.Rows.Append(new ClientsReportRow("total", null, null, view.Total)))
        {
            var f = row.Figures;
            object?[] cells =
            [
                row.Kind, Text(row.Key), Text(row.Name), row.Currency, row.From, row.Below, f.Clients, f.New, f.Called, f.CallsIn, f.Answered, f.Missed, f.CallsOut, f.Reached, f.Talk_s, f.DealsOpened, f.Won, f.Lost, f.OpenDeals,
                Sums(f.WonAmounts, s => s.Sum), .. view.Sum is not null ? new object?[] { Sums(f.Sums, s => s.Sum), Sums(f.Sums, s => s.Average) } : [],
            ];
            csv.AppendJoin(',', cells.Select(c => Convert.ToString(c, CultureInfo.InvariantCulture))).Append("\r\n");
        }

        return csv.ToString();

        string Text(string? text) => ReportCsv.Text(text is not null && veil.Numbers ? mask.Text(text) : text);
    }

    /// <summary>Amounts with their currencies; a number alone is bare.</summary>
    static string Sums(IReadOnlyList<CurrencySum> sums, Func<CurrencySum, decimal> value) =>
        string.Join("; ", sums.Select(s => string.Create(CultureInfo.InvariantCulture, $"{value(s):0.####} {s.Currency}").TrimEnd()));

    /// <summary>One of the two.</summary>
    sealed record Made(ClientsReportView? View, ProblemHttpResult? Refused)
    {
        public static Made Not(ProblemHttpResult why) => new(null, why);
    }

    sealed record SpreadRow(string Currency, decimal Low, decimal High, bool Whole);

    sealed record PartRow(string Part, string Kind, string Key, string? Name, string? Currency, long Clients, long Fresh, long Called, long CallsIn, long Answered, long Missed, long CallsOut, long Reached, long Talk_ms,
        long Opened, long Won, long Lost, long Open, decimal? Amount, long Counted);
}
