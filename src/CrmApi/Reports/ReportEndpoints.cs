using System.Globalization;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Scripts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Reports;

/// <summary>The day and hour reports per queue, agent and dialled number.</summary>
internal static class ReportEndpoints
{
    public static void AddReports(this IServiceCollection services) => services.AddSingleton<ReportStore>().AddSingleton<PrefillReport>().AddSingleton<FillingReport>().AddSingleton<ClientsReport>();

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/reports").WithTags("Reports").RequireAuthorization(Rights.SeeReports);
        group.MapGet("/", ViewAsync).WithName("GetReport").WithSummary("Day or hour report per queue, agent, dialled number or campaign, with its total; the first 2,000 rows");
        group.MapGet("/csv", ExportAsync).RequireAuthorization(Rights.ExportReports).WithName("ExportReport").WithSummary("The same report whole as CSV (RFC 4180, UTF-8); audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        group.MapGet("/prefill", PrefillReport.ViewAsync).WithName("GetPrefillReport").WithSummary("How much of what was proposed for wrap-ups was kept: by agent, queue and field");
        group.MapGet("/prefill/csv", PrefillReport.ExportAsync).RequireAuthorization(Rights.ExportReports).WithName("ExportPrefillReport").WithSummary("The same as CSV (RFC 4180, UTF-8); audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/csv");
        FillingReport.Map(group);
        ClientsReport.Map(group);
        group.MapGet("/scripts", ScriptReport.ViewAsync).WithName("GetScriptReport").WithSummary("How a conversation script was used: ways, answers, dispositions and moves of deals, where it was left, time per step");
        group.MapGet("/scripts/csv", ScriptReport.ExportAsync).RequireAuthorization(Rights.ExportReports).WithName("ExportScriptReport").WithSummary("The same whole as CSV (RFC 4180, UTF-8); audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/csv");
    }

    static async Task<Results<Ok<ReportView>, ProblemHttpResult>> ViewAsync(Person person, SiteClock clock, ReportStore store, CancellationToken cancel, string? by = null, string? step = null,
        string? period = null, string? from = null, string? to = null, string? zone = null, string? of = null) =>
        ReportAsk.Read(clock, by, step, period, from, to, zone, of, out var wrong) is { } ask
            ? TypedResults.Ok(await store.ViewAsync(ask with { Within = person.Within(Rights.SeeReports) }, cancel))
            : Problems.Invalid(wrong.Field, wrong.Expected);

    static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> ExportAsync(HttpContext http, Person person, SiteClock clock, ReportStore store, AuditStore audit, CancellationToken cancel,
        string? by = null, string? step = null, string? period = null, string? from = null, string? to = null, string? zone = null, string? of = null)
    {
        if (ReportAsk.Read(clock, by, step, period, from, to, zone, of, out var wrong) is not { } ask) return Problems.Invalid(wrong.Field, wrong.Expected);
        await audit.AddAsync(person.Id, "export", "report", string.Create(CultureInfo.InvariantCulture, $"{ask.By} {ask.Step} {ask.From:yyyy-MM-dd} {ask.To:yyyy-MM-dd} {ask.Of}").TrimEnd(),
            http.Connection.RemoteIpAddress?.ToString(), cancel);
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.Stream(body => ReportCsv.WriteAsync(body, ask, store.ReadAsync(ask with { Within = person.Within(Rights.SeeReports) }, cancel), cancel), "text/csv; charset=utf-8", ReportCsv.FileName(ask));
    }
}
