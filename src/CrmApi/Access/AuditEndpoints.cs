using System.Globalization;
using System.Runtime.CompilerServices;
using CallCrm.Contracts;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Exports;
using CallCrm.CrmApi.Hiding;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Access;

/// <summary>The audit for those who answer for others: a list and a file.</summary>
internal static class AuditEndpoints
{
    const int LongestAction = 60;
    static readonly string[] Kinds = ["client", "deal", "call"];

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/audit").WithTags("Audit");
        group.MapGet("/", ListAsync).RequireAuthorization(Rights.SeeAudit).WithName("ListAudit")
            .WithSummary("Who saw, changed or took out what, from which value to which, newest first: of the people whom the right reaches; by person, record (kind client, deal or call with object), action and time");
        group.MapGet("/export", ExportAsync).RequireAuthorization(Rights.SeeAudit).RequireAuthorization(Rights.ExportReports).WithName("ExportAudit")
            .WithSummary("The same, all of it, as csv or xlsx, a row per changed field; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
    }

    static async Task<Results<Ok<ListPage<AuditView>>, ProblemHttpResult>> ListAsync(Person person, AuditReader reader, CancellationToken cancel, Guid? user = null, string? kind = null, Guid? @object = null,
        string? action = null, DateTimeOffset? from = null, DateTimeOffset? to = null, string? cursor = null, int? limit = null)
    {
        if (Wrong(kind, @object, action) is { } wrong) return wrong;
        return TypedResults.Ok(await reader.ListAsync(person, new AuditFilter(user, kind, @object, action, from, to), cursor, Cursor.Limit(limit), cancel));
    }

    static async Task<IResult> ExportAsync(HttpContext http, Person person, AuditReader reader, TableExport export, NumberMask mask, SiteClock clock, AuditStore audit, CancellationToken cancel, Guid? user = null, string? kind = null,
        Guid? @object = null, string? action = null, DateTimeOffset? from = null, DateTimeOffset? to = null, string format = "csv", string language = "en")
    {
        if (ExportEndpoints.Wrong(format, language) is { } badFormat) return badFormat;
        if (Wrong(kind, @object, action) is { } wrong) return wrong;
        var filter = new AuditFilter(user, kind, @object, action, from, to ?? clock.Now);
        await audit.AddAsync(person.Id, "export", "audit", $"{format} {kind} {@object} {user} {action} {from:yyyy-MM-dd} {to:yyyy-MM-dd}".TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        var name = string.Create(CultureInfo.InvariantCulture, $"audit-{clock.Today:yyyy-MM-dd}");
        return (await export.AnswerAsync(http, name, format, language, ExportTexts.AuditHeader(language), RowsAsync(reader, person, filter, mask, clock, cancel), cancel)).Result;
    }

    static async IAsyncEnumerable<object?[]> RowsAsync(AuditReader reader, Person person, AuditFilter filter, NumberMask mask, SiteClock clock, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? Shown(string? text) => text is not null && person.Veil.Numbers ? mask.Text(text) : text;
        string? cursor = null;
        do
        {
            var page = await reader.ListAsync(person, filter, cursor, 500, cancel);
            foreach (var line in page.Items)
            {
                object?[] head = [TimeZoneInfo.ConvertTime(line.At, clock.Zone).DateTime, line.Who, line.Action, line.Kind, line.ObjectId?.ToString() ?? Shown(line.Text), Shown(line.Name)];
                if (line.Changes.Count == 0) yield return [.. head, null, null, null, line.Address];
                foreach (var change in line.Changes) yield return [.. head, change.Label ?? change.Field, change.Hidden ? "•••" : Shown(change.Before), change.Hidden ? "•••" : Shown(change.After), line.Address];
            }

            cursor = page.Next;
        }
        while (cursor is not null);
    }

    static ProblemHttpResult? Wrong(string? kind, Guid? subject, string? action) =>
        kind is { Length: > 0 } && !Kinds.Contains(kind) ? Problems.Invalid("kind", $"one of {string.Join(", ", Kinds)}")
        : subject is not null && string.IsNullOrEmpty(kind) ? Problems.Invalid("kind", $"one of {string.Join(", ", Kinds)}")
        : action is { Length: > LongestAction } ? Problems.Invalid("action", $"at most {LongestAction} characters")
        : null;
}
