using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Imports;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Exports;

/// <summary>The lists as files, each with a right of its own; every export is audited before its first row leaves.</summary>
internal static class ExportEndpoints
{
    public static void AddExports(this IServiceCollection services)
    {
        services.AddSingleton<TableExport>();
        services.AddSingleton<ClientExport>();
        services.AddSingleton<CallExport>();
        services.AddSingleton<QuestionnaireExport>();
        services.AddSingleton<DealExport>();
        services.AddSingleton<TaskExport>();
        services.AddSingleton<ListExports>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/clients/export", ClientsAsync).RequireAuthorization(Rights.ExportClients).WithMetadata(new OpenQueries(CardFieldCodes.CustomPrefix)).WithTags("Clients").WithName("ExportClients")
            .WithSummary("The clients that a query and a filter (as ListClients) find, all of them, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        api.MapGet("/calls/export", CallsAsync).RequireAuthorization(Rights.ExportCalls).WithTags("Calls").WithName("ExportCalls")
            .WithSummary("The calls that a filter finds (as ListCalls, in its order), all of them, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        api.MapGet("/deals/export", DealExport.ExportAsync).RequireAuthorization(Rights.SeeDeals).RequireAuthorization(Rights.ExportDeals).WithTags("Deals").WithName("ExportDeals")
            .WithSummary("The deals that a filter finds (as ListDeals, in its order), all of them, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        api.MapGet("/tasks/export", TaskExport.ExportAsync).RequireAuthorization(Rights.SeeTasks).RequireAuthorization(Rights.ExportTasks).WithTags("Tasks").WithName("ExportTasks")
            .WithSummary("The tasks and callbacks that a filter finds (as ListTasks, in its order), all of them, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        api.MapGet("/reports/scripts/answers", QuestionnaireExport.ExportAsync).RequireAuthorization(Rights.SeeReports).RequireAuthorization(Rights.ExportCalls).WithTags("Reports").WithName("ExportScriptAnswers")
            .WithSummary("What calls answered to a script's questions, a row per wrap-up and a column per question, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        ListExports.Map(api);
        SettingsExports.Map(api);
    }

    static async Task<IResult> ClientsAsync(HttpContext http, Person person, ClientExport clients, ClientFilters filters, TableExport export, SiteClock clock, AuditStore audit, CancellationToken cancel, string? query = null,
        string? tag = null, string? kind = null, string? segment = null, Guid? responsible = null, Guid? department = null, string? source = null, string? clientLanguage = null, string? city = null, string? without = null,
        DateTimeOffset? createdFrom = null, DateTimeOffset? createdTo = null, string format = "csv", string language = "en")
    {
        if (Wrong(format, language) is { } wrong) return wrong;
        var (filter, refused) = await filters.ReadAsync(http.Request, person, new ClientAsk(tag, kind, segment, responsible, department, source, clientLanguage, city, without, createdFrom, createdTo), cancel);
        if (filter is null) return refused!;
        var text = Texts.Clean(query is { Length: > 200 } ? query[..200] : query).Trim();
        if (ClientSearch.Refuse(text) is { } many) return many;
        await audit.AddAsync(person.Id, "export", "client", string.Join(' ', new[] { format, text, tag, kind, segment, source, clientLanguage, city }.Where(p => !string.IsNullOrWhiteSpace(p)).Select(p => Texts.Clean(p).Trim())), http.Connection.RemoteIpAddress?.ToString(), cancel);
        var own = await clients.OwnAsync(person.Veil, cancel);
        return (await export.AnswerAsync(http, Name("clients", clock), format, language, [.. ExportTexts.ClientHeader(language), .. own.Select(f => f.Name)],
            clients.RowsAsync(text, filter, person.Within(Rights.WorkWithClients), person.Within(Rights.ExportClients), person.Within(Rights.SeeDeals), person.Veil, own, language, cancel), cancel)).Result;
    }

    static async Task<IResult> CallsAsync(HttpContext http, Person person, CallExport calls, TableExport export, SiteClock clock, AuditStore audit, CancellationToken cancel, string? query = null, string? direction = null,
        string? outcome = null, Guid? agent = null, Guid? queue = null, Guid? client = null, string? dialled = null, DateTimeOffset? from = null, DateTimeOffset? to = null, int? minTalk = null, string? said = null, string? campaign = null, string? sort = null,
        string format = "csv", string language = "en")
    {
        if (Wrong(format, language) is { } wrong) return wrong;
        if (CallEndpoints.Filter(person, query, direction, outcome, agent, queue, client, dialled, from, to, minTalk, said, campaign, out var refused) is not { } filter) return refused!;
        if (CallStore.Order(sort, null).Refused is { } no) return no;
        await audit.AddAsync(person.Id, "export", "call", $"{format} {filter.From:yyyy-MM-dd} {filter.To:yyyy-MM-dd} {filter.Outcome} {filter.Query} {filter.Said}".TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return (await export.AnswerAsync(http, Name("calls", clock), format, language, ExportTexts.CallHeader(language), calls.RowsAsync(filter, sort, cancel), cancel)).Result;
    }

    internal static ProblemHttpResult? Wrong(string format, string language) =>
        format is not ("csv" or "xlsx") ? Problems.Invalid("format", "one of csv, xlsx")
        : Array.IndexOf(ExportTexts.Languages, language) < 0 ? Problems.Invalid("language", "one of en, it, ru")
        : null;

    internal static string Name(string what, SiteClock clock) => string.Create(CultureInfo.InvariantCulture, $"{what}-{clock.Today:yyyy-MM-dd}");
}

internal sealed class ClientExport(NpgsqlDataSource database, NumberMask mask, IOptions<SiteOptions> site, SiteClock clock)
{
    /// <summary>The site's own fields that are seen, a column each after the card's.</summary>
    public async Task<IReadOnlyList<CustomField>> OwnAsync(Veil veil, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var fields = await connection.QueryAsync<(string Code, string Name, string Kind, string Options, string? Target)>(new CommandDefinition(
            "select code, name, kind, options::text, target from client_field where not archived order by position, code", cancellationToken: cancel));
        return [.. fields.Where(f => !veil.HidesCustom(f.Code)).Select(f => CustomField.Of(f.Code, f.Name, f.Kind, f.Options, f.Target, null, null))];
    }

    /// <summary>Companies before people: whoever loads the file has a company before those who belong to it. One query, read as it comes: what is being written is a picture of one moment.</summary>
    public async IAsyncEnumerable<object?[]> RowsAsync(string query, ClientFilter filter, Reach sees, Reach exports, Reach deals, Veil veil, IReadOnlyList<CustomField> own, string language, [EnumeratorCancellation] CancellationToken cancel)
    {
        var parameters = new DynamicParameters(new { sees = sees.People, exports = exports.People, deals = deals.People });
        var theirs = "c.merged_into is null and c.deleted_at is null and (@sees::uuid[] is null or c.responsible_id = any(@sees)) and (@exports::uuid[] is null or c.responsible_id = any(@exports))" + filter.Sql(parameters);
        var hits = new ClientSearch(query, parameters, veil, sees, deals, site.Value.Region).Hits(theirs, limit: null);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = connection.QueryUnbufferedAsync<Row>(
            $"""
            {hits}
            select c.number, c.kind, c.name, coalesce(nullif(b.company, ''), b.name, c.company) as company,
              (select jsonb_agg(jsonb_build_object('Value', p.e164, 'Label', p.label, 'Extension', p.extension) order by p.is_main desc, p.added_at, p.e164, p.extension)::text from client_phone p where p.client_id = c.id) as phones,
              (select jsonb_agg(jsonb_build_object('Value', e.address, 'Label', e.label) order by e.position, e.address)::text from client_email e where e.client_id = c.id) as emails,
              c.email, c.city, s.name as segment, u.name as responsible, c.language, c.source, c.note, c.tax_id, c.second_tax_id, case when @sees::uuid[] is null or b.responsible_id = any(@sees) then coalesce(b.tax_id, '') else '' end as company_tax_id,
              (select jsonb_agg(jsonb_build_object('Kind', a.kind, 'Line', a.line, 'City', a.city, 'PostalCode', a.postal_code, 'Region', a.region, 'Country', a.country) order by a.position, a.kind, a.key)::text
                from client_address a where a.client_id = c.id) as addresses,
              c.tags, c.roles, c.time_zone, c.created_at, (select started_at from call where client_id = c.id order by started_at desc limit 1) as last_call_at,
              c.custom::text as custom, {(own.Any(f => f.Kind == CustomField.Link) ? LinksSql : "null::text")} as links
            from client c left join segment s on s.code = c.segment left join app_user u on u.id = c.responsible_id left join client b on b.id = client_root(c.company_id) and b.deleted_at is null
            where {theirs} and {(hits.Length > 0 ? "c.number in (select number from hit)" : "c.hidden_at is null")}
            order by c.kind, c.number desc
            """, parameters, commandTimeout: 600);
        await foreach (var r in rows.WithCancellation(cancel))
        {
            yield return
            [
                r.Number, ExportTexts.Kind(r.Kind, language), Shown(r.Name), Shown(r.Company),
                Listed(r.Phones, p => PhoneNumbers.WithExtension((veil.Numbers ? mask.Value(p.Value) : PhoneNumbers.Format(p.Value, "en")) ?? "", Shown(p.Extension), language)),
                veil.Hides("email") ? "" : string.Join("; ", new[] { Shown(r.Email), Listed(r.Emails, m => Shown(m.Value)) }.Where(m => m.Length > 0)),
                Shown(r.City, "city"), r.Segment, r.Responsible, r.Language, r.Source, Shown(r.Note, "note"),
                veil.Hides("taxId") ? "" : r.TaxId, veil.Hides("taxId") ? "" : r.SecondTaxId, veil.Hides("taxId") ? "" : r.CompanyTaxId, Shown(AddressCells.Write(r.Addresses is { } a ? JsonSerializer.Deserialize<ClientAddress[]>(a)! : [], language), "address"),
                Shown(string.Join(", ", (string[])r.Tags)), string.Join(", ", ((string[])r.Roles).Select(role => ExportTexts.Role(role, language))), r.TimeZone,
                Local(r.CreatedAt), r.LastCallAt is { } last ? Local(last) : null, .. Own(r),
            ];
        }

        string Listed(string? json, Func<Labelled, string> shown) => json is null ? "" : string.Join("; ", JsonSerializer.Deserialize<Labelled[]>(json)!.Select(l => l.Label.Length > 0 ? $"{shown(l)} ({Shown(l.Label)})" : shown(l)));

        IEnumerable<object?> Own(Row row)
        {
            using var custom = JsonDocument.Parse(row.Custom);
            using var links = JsonDocument.Parse(row.Links ?? "{}");
            return [.. own.Select(f => (f.Kind == CustomField.Link ? links.RootElement : custom.RootElement).TryGetProperty(f.Code, out var value) ? Shown(f.Kind == CustomField.Link ? value.GetString()! : f.Text(value)) : null)];
        }

        string Shown(string text, string? field = null) => field is not null && veil.Hides(field) ? "" : veil.Numbers ? mask.Text(text) : text;
    }

    DateTime Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, clock.Zone).DateTime;

    sealed record Labelled(string Value, string Label, string Extension = "");

    sealed record Row(long Number, string Kind, string Name, string Company, string? Phones, string? Emails, string Email, string City, string? Segment, string? Responsible, string? Language, string Source, string Note,
        string TaxId, string SecondTaxId, string CompanyTaxId, string? Addresses, Array Tags, Array Roles, string TimeZone, DateTimeOffset CreatedAt, DateTimeOffset? LastCallAt, string Custom, string? Links);

    /// <summary>The names of what links lead to, as far as it is seen.</summary>
    const string LinksSql = """
        (select jsonb_object_agg(f.code, coalesce(nullif(t.name, ''), t.company, d.title, p.name))::text
         from client_field f cross join lateral (select (c.custom -> f.code ->> 'id')::uuid as id) v
         left join client t on f.target = 'client' and t.id = client_root(v.id) and t.deleted_at is null and (@sees::uuid[] is null or t.responsible_id = any(@sees))
         left join deal d on f.target = 'deal' and d.id = v.id and d.deleted_at is null and (@deals::uuid[] is null or d.responsible_id = any(@deals))
           and (@sees::uuid[] is null or exists (select from client o where o.id = client_root(d.client_id) and o.responsible_id = any(@sees)))
         left join app_user p on f.target = 'person' and p.id = v.id
         where f.kind = 'link' and not f.archived and jsonb_exists(c.custom, f.code) and coalesce(t.id, d.id, p.id) is not null)
        """;
}

internal sealed class CallExport(CallStore store, NumberMask mask, SiteClock clock)
{
    const int PageRows = 500;

    /// <summary>Page by page, as the log is read: it may have millions.</summary>
    public async IAsyncEnumerable<object?[]> RowsAsync(CallFilter filter, string? sort, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? cursor = null;
        do
        {
            var page = await store.ListAsync(filter, CallStore.Order(sort, cursor).Order!, PageRows, cancel);
            foreach (var call in page.Items) yield return filter.Veil.Numbers ? [.. Row(call).Select(Masked)] : Row(call);
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    object? Masked(object? cell) => cell is string text ? mask.Value(text) : cell;

    object?[] Row(CallRow c) =>
    [
        c.Number, TimeZoneInfo.ConvertTime(c.StartedAt, clock.Zone).DateTime, c.Direction, c.Caller.Number, c.Caller.Name, c.ClientName, c.DialledName, c.QueueName, c.AgentName, c.Outcome ?? c.State, c.Wait_s, c.Talk_s, c.Hold_s,
        c.Disposition, c.Note, c.Campaign?.Name,
    ];
}
