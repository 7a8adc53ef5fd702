using System.Globalization;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Required;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Reports;

/// <summary>How well the base is filled, by person and field, and what is filled for show. The cards as they stand now; the wrap-ups of the days asked for.</summary>
internal sealed class FillingReport(NpgsqlDataSource database, IOptions<RouterRoadOptions> road, TimeProvider time)
{
    /// <summary>Counting reads every card once for each of two statements; who waits longer has left.</summary>
    internal TimeSpan Patience { get; set; } = SlowReport.Patience;

    const int SameMoreThan = 20;
    const int ShortNote = 5;
    const int MostValues = 200;
    static readonly TimeSpan QuickWrapUp = TimeSpan.FromSeconds(3);
    static readonly TimeSpan LongUnchanged = TimeSpan.FromDays(90);

    public static void Map(RouteGroupBuilder reports)
    {
        reports.MapGet("/filling", ViewAsync).WithName("GetFillingReport").WithSummary("How many cards have which field filled, by responsible, and what is filled for show; 503 report_too_slow after 30 s")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        reports.MapGet("/filling/csv", ExportAsync).RequireAuthorization(Rights.ExportReports).WithName("ExportFillingReport").WithSummary("The same as CSV, a row per person; audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/csv").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    static async Task<Results<Ok<FillingView>, ProblemHttpResult>> ViewAsync(Person person, SiteClock clock, FillingReport report, CancellationToken cancel, string? period = null, string? from = null, string? to = null, string? zone = null)
    {
        if (ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, null, out var wrong) is not { } ask) return Problems.Invalid(wrong.Field, wrong.Expected);
        return await report.MakeAsync(ask with { Within = person.Within(Rights.SeeReports) }, cancel) is { } view ? TypedResults.Ok(view with { Same = [.. view.Same.Where(s => !person.Veil.Hides(s.Field))] }) : SlowReport.TooSlow;
    }

    static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync(HttpContext http, Person person, SiteClock clock, FillingReport report, AuditStore audit, CancellationToken cancel,
        string? period = null, string? from = null, string? to = null, string? zone = null)
    {
        if (ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, null, out var wrong) is not { } ask) return Problems.Invalid(wrong.Field, wrong.Expected);
        if (await report.MakeAsync(ask with { Within = person.Within(Rights.SeeReports) }, cancel) is not { } view) return SlowReport.TooSlow;
        await audit.AddAsync(person.Id, "export", "report", string.Create(CultureInfo.InvariantCulture, $"filling {ask.From:yyyy-MM-dd} {ask.To:yyyy-MM-dd}"), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return SlowReport.File(http, Csv(view), string.Create(CultureInfo.InvariantCulture, $"filling-{ask.From:yyyy-MM-dd}-{ask.To:yyyy-MM-dd}.csv"));
    }

    /// <returns>Null: it took too long.</returns>
    Task<FillingView?> MakeAsync(ReportAsk ask, CancellationToken cancel) => SlowReport.ReadAsync(database, Patience, transaction => ReadAsync(transaction, ask, cancel), cancel);

    async Task<FillingView> ReadAsync(NpgsqlTransaction transaction, ReportAsk ask, CancellationToken cancel)
    {
        var own = (await transaction.Connection!.QueryAsync<(string Code, string Name, string Kind)>(new CommandDefinition(
            "select code, name, kind from client_field where not archived order by position, code", transaction: transaction, cancellationToken: cancel))).AsList();
        var values = new
        {
            within = ask.Within.People,
            codes = own.Select(f => f.Code).ToArray(),
            texts = own.Where(f => f.Kind == "text").Select(f => f.Code).ToArray(),
            old = time.GetUtcNow() - LongUnchanged,
            domain = road.Value.Domain,
            from = ask.Begins,
            to = ask.Ends,
            quick_ms = (int)QuickWrapUp.TotalMilliseconds,
            SameMoreThan,
            ShortNote,
            MostValues,
        };
        await using var results = await transaction.Connection!.QueryMultipleAsync(new CommandDefinition($"{CardsSql(own.Count)};{SameSql};{WrapUpsSql};select id, name from app_user", values, transaction, (int)Patience.TotalSeconds * 3 + 30, cancellationToken: cancel));
        var cards = (await results.ReadAsync<CardsRow>()).ToDictionary(r => r.Id ?? Guid.Empty);
        var same = (await results.ReadAsync<SameRow>()).AsList();
        var wrapUps = (await results.ReadAsync<WrapUpsRow>()).ToDictionary(r => r.Id);
        var names = (await results.ReadAsync<(Guid Id, string Name)>()).ToDictionary(n => n.Id, n => n.Name);
        var sums = same.Where(s => s.Field is null).ToDictionary(s => s.Id ?? Guid.Empty, s => s.Cards);
        string? Name(Guid id) => names.GetValueOrDefault(id);
        var rows = cards.Keys.Union(wrapUps.Keys).Select(id =>
        {
            var (card, wrapUp) = (cards.GetValueOrDefault(id), wrapUps.GetValueOrDefault(id));
            return new FillingRow(id == Guid.Empty ? null : id, Name(id), card?.Cards ?? 0, card is null ? new long[RequiredFields.BuiltIn.Length + own.Count] : (long[])card.Filled,
                sums.GetValueOrDefault(id), card?.ShortNotes ?? 0, card?.NeverChanged ?? 0, wrapUp?.WrapUps ?? 0, wrapUp?.ShortNotes ?? 0, wrapUp?.Quick ?? 0);
        }).OrderBy(r => r.Id is null).ThenBy(r => r.Name, StringComparer.CurrentCultureIgnoreCase).ThenBy(r => r.Id).ToList();
        return new FillingView(ask.From, ask.To, ask.Zone.Id, [.. RequiredFields.BuiltIn, .. own.Select(f => RequiredFields.Own + f.Code)], [.. own.Select(f => new NamedCode(f.Code, f.Name))], rows,
            [.. same.Where(s => s.Field is not null).Select(s => new SameValueRow(s.Id, s.Id is { } id ? Name(id) : null, s.Field!, s.Field == "phones" ? PhoneNumbers.Format(s.Value!, "en") : s.Value!, s.Cards))]);
    }

    const string Shown = "c.merged_into is null and c.deleted_at is null and c.hidden_at is null and (@within::uuid[] is null or c.responsible_id = any(@within))";

    /// <summary>In the order of <see cref="RequiredFields.BuiltIn"/>, then the site's own. One pass over the cards.</summary>
    static string CardsSql(int own)
    {
        string[] filled =
        [
            "c.name <> ''", "c.company <> ''", "c.company_id is not null or c.kind = 'company'", "c.roles <> '{}'", "p.client_id is not null", "c.email <> '' or e.client_id is not null", "c.city <> ''", "c.address <> ''", "c.language is not null",
            "c.time_zone <> ''", "c.segment is not null", "c.responsible_id is not null", "c.tax_id <> '' or c.second_tax_id <> ''", "c.tags <> '{}'", "c.note <> ''",
            .. Enumerable.Range(1, own).Select(n => $"jsonb_exists(c.custom, (@codes::text[])[{n}])"),
        ];
        return $"""
            select c.responsible_id as id, count(*) as cards, array[{string.Join(", ", filled.Select(f => $"count(*) filter (where {f})"))}] as filled,
              count(*) filter (where length(btrim(c.note)) between 1 and @ShortNote - 1) as short_notes, count(*) filter (where c.contact_changed_at is null and c.created_at < @old) as never_changed
            from client c left join (select distinct client_id from client_phone) p on p.client_id = c.id left join (select distinct client_id from client_email) e on e.client_id = c.id
            where {Shown} group by 1
            """;
    }

    // First the sums of each person, then the commonest values. Towns and companies are the same on many cards by right.
    const string SameSql =
        $"""
        with same as materialized (
          select id, field, value, count(*) as cards from (
            select c.responsible_id as id, v.field, v.value from client c
            cross join lateral (values ('name', lower(btrim(c.name))), ('email', lower(c.email)), ('taxId', c.tax_id), ('address', left(lower(btrim(c.address)), 200)), ('note', left(lower(btrim(c.note)), 200))) v (field, value)
            where v.value <> '' and {Shown}
            union all
            select c.responsible_id, 'phones', p.e164 from (select distinct client_id, e164 from client_phone) p join client c on c.id = p.client_id where {Shown}
            union all
            select c.responsible_id, 'custom.' || o.key, left(lower(btrim(o.value)), 200) from client c cross join lateral jsonb_each_text(c.custom) o
            where o.key = any(@texts) and {Shown}) v
          group by 1, 2, 3 having count(*) > @SameMoreThan
        )
        select id, null as field, null as value, sum(cards)::bigint as cards from same group by 1
        union all
        (select id, field, value, cards from same order by cards desc, field, value limit @MostValues)
        """;

    const string WrapUpsSql =
        """
        select w.agent_id as id, count(*) as wrap_ups, count(*) filter (where length(btrim(w.note)) between 1 and @ShortNote - 1) as short_notes, count(*) filter (where l.wrap_up_ms < @quick_ms) as quick
        from wrap_up w join call c on c.id = w.call_id
        left join lateral (select sum(wrap_up_ms) as wrap_up_ms from call_leg where call_id = w.call_id and agent_id = w.agent_id) l on true
        where c.domain = @domain and c.merged_into is null and c.started_at >= @from and c.started_at < @to and (@within::uuid[] is null or w.agent_id = any(@within))
        group by 1
        """;

    static string Csv(FillingView view)
    {
        var csv = new StringBuilder();
        void Line(IEnumerable<object?> cells) => csv.AppendJoin(',', cells.Select(c => Convert.ToString(c, CultureInfo.InvariantCulture))).Append("\r\n");
        Line(["person", "cards", .. view.Fields.Select(f => ReportCsv.Text(f)), "same_value_cards", "short_card_notes", "never_changed", "wrap_ups", "short_notes", "quick_wrap_ups"]);
        foreach (var r in view.People) Line([ReportCsv.Text(r.Name), r.Cards, .. r.Filled.Cast<object?>(), r.SameValue, r.ShortCardNotes, r.NeverChanged, r.WrapUps, r.ShortNotes, r.QuickWrapUps]);
        return csv.ToString();
    }

    sealed record CardsRow(Guid? Id, long Cards, Array Filled, long ShortNotes, long NeverChanged);

    sealed record SameRow(Guid? Id, string? Field, string? Value, long Cards);

    sealed record WrapUpsRow(Guid Id, long WrapUps, long ShortNotes, long Quick);
}
