using System.Globalization;
using System.Runtime.CompilerServices;
using CallCrm.CallFlow;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Exports;

/// <summary>The answers that calls gave to a script's questions, a row per wrap-up and a column per question.</summary>
internal sealed class QuestionnaireExport(NpgsqlDataSource database, Questionnaires questionnaires, NumberMask mask, IOptions<RouterRoadOptions> road)
{
    const string Taken = """
        from wrap_up w join call c on c.id = w.call_id
        where w.script_id = @script and c.domain = @domain and c.merged_into is null and c.started_at >= @from and c.started_at < @to
          and (@people::uuid[] is null or w.agent_id = any(@people)) and (@agent::uuid is null or w.agent_id = @agent)
        """;

    /// <param name="Id">Under which the answer is stored.</param>
    sealed record Column(string Id, string Header);

    public static async Task<IResult> ExportAsync(HttpContext http, Person person, SiteClock clock, QuestionnaireExport questionnaires, TableExport export, AuditStore audit, CancellationToken cancel, string? script = null,
        string? period = null, string? from = null, string? to = null, string? zone = null, string? agent = null, string format = "csv", string language = "en")
    {
        if (ExportEndpoints.Wrong(format, language) is { } refused) return refused;
        if (script is not { Length: > 0 and <= 60 }) return Problems.Invalid("script", "the id of a script");
        if (agent is { Length: > 0 } && !Guid.TryParse(agent, out _)) return Problems.Invalid("agent", "the id of an agent");
        if (ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, agent, out var wrong) is not { } ask) return Problems.Invalid(wrong.Field, wrong.Expected);
        await audit.AddAsync(person.Id, "export", "questionnaire", string.Create(CultureInfo.InvariantCulture, $"{format} {script} {ask.From:yyyy-MM-dd} {ask.To:yyyy-MM-dd} {ask.Of}").TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        ask = ask with { Within = person.Within(Rights.SeeReports) };
        var columns = await questionnaires.ColumnsAsync(ask, script, person.Veil, cancel);
        var name = string.Create(CultureInfo.InvariantCulture, $"answers-{script}-{ask.From:yyyy-MM-dd}-{ask.To:yyyy-MM-dd}");
        return (await export.AnswerAsync(http, name, format, language, [.. ExportTexts.AnswersHeader(language), .. columns.Select(c => c.Header)], questionnaires.RowsAsync(ask, script, columns, person.Veil, cancel), cancel)).Result;
    }

    /// <summary>Every question that was answered in these days or is asked now: as the script has them now, then those it had before.</summary>
    async Task<IReadOnlyList<Column>> ColumnsAsync(ReportAsk ask, string script, Veil veil, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"select script_version from (select w.script_version, max(w.created_at) as last {Taken} group by 1) v order by last desc limit 20; select distinct k from (select w.answers {Taken}) w cross join lateral jsonb_object_keys(w.answers) k",
            Values(ask, script), cancellationToken: cancel));
        var versions = (await results.ReadAsync<string>()).Select(v => questionnaires.Find(script, v)).Prepend(questionnaires.Find(script, null)).OfType<Script>().ToList();
        var answered = (await results.ReadAsync<string>()).Order(StringComparer.Ordinal).ToList();
        var questions = versions.SelectMany(v => v.Questions).DistinctBy(q => q.Id).ToList();
        var columns = questions.Where(q => !Questionnaires.Hides(veil, q)).Select(q => new Column(q.Id, q.Ask.Plain)).Concat(answered.Where(a => questions.TrueForAll(q => q.Id != a)).Select(a => new Column(a, a))).ToList();
        var twice = columns.GroupBy(c => c.Header, StringComparer.Ordinal).Where(g => g.Skip(1).Any()).Select(g => g.Key).ToHashSet(StringComparer.Ordinal);
        return [.. columns.Select(c => twice.Contains(c.Header) ? c with { Header = $"{c.Header} ({c.Id})" } : c)];
    }

    async IAsyncEnumerable<object?[]> RowsAsync(ReportAsk ask, string script, IReadOnlyList<Column> columns, Veil veil, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = connection.QueryUnbufferedAsync<Row>(
            $"""
            select c.number, c.started_at, u.name as agent, k.number as client_number, coalesce(nullif(k.name, ''), k.company) as client, d.name as disposition, array_to_string(w.path, ' ') as path, w.script_version, w.answers::text as answers
            from (select w.* {Taken}) w join call c on c.id = w.call_id left join app_user u on u.id = w.agent_id left join client k on k.id = client_root(c.client_id) join disposition d on d.code = w.disposition
            order by c.started_at, c.id, w.agent_id
            """, Values(ask, script), commandTimeout: 600);
        await foreach (var r in rows.WithCancellation(cancel))
        {
            var (answers, led) = (Questionnaires.Read(r.Answers), questionnaires.Find(script, r.ScriptVersion));
            var questions = (led?.Questions ?? []).DistinctBy(q => q.Id).ToDictionary(q => q.Id, StringComparer.Ordinal);
            yield return
            [
                r.Number, TimeZoneInfo.ConvertTime(r.StartedAt, ask.Zone).DateTime, r.Agent, r.ClientNumber, Seen(r.Client), r.Disposition, r.Path,
                .. columns.Select(c => answers.TryGetValue(c.Id, out var given) ? Seen(questions.TryGetValue(c.Id, out var q) ? questionnaires.Shown(q, given) : given) : null),
            ];
        }

        string? Seen(string? text) => text is not null && veil.Numbers ? mask.Text(text) : text;
    }

    object Values(ReportAsk ask, string script) =>
        new { script, domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, people = ask.Within.People, agent = ask.Of is null ? (Guid?)null : Guid.Parse(ask.Of) };

    sealed record Row(long Number, DateTimeOffset StartedAt, string? Agent, long? ClientNumber, string? Client, string Disposition, string Path, string? ScriptVersion, string Answers);
}
