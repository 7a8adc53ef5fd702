using System.Globalization;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Reports;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Scripts;

/// <summary>How scripts are used: which ways and answers lead where, where agents leave them, how long each step takes. From wrap-ups, the visits of their calls and the moves of deals in them.</summary>
internal sealed class ScriptReport(NpgsqlDataSource database, ScriptShelf shelf, Questionnaires questionnaires, IOptions<RouterRoadOptions> road)
{
    /// <summary>More than anybody reads.</summary>
    public const int MostPaths = 50;

    /// <summary>Of one question; a field may have as many options.</summary>
    const int MostAnswers = 100;

    public static async Task<Results<Ok<ScriptReportView>, ProblemHttpResult>> ViewAsync(Person person, SiteClock clock, ScriptReport report, CancellationToken cancel, string? script = null,
        string? period = null, string? from = null, string? to = null, string? zone = null, string? agent = null) =>
        Read(clock, script, period, from, to, zone, agent, out var refused) is { } ask ? TypedResults.Ok(await report.MakeAsync(ask, person, script, MostPaths, cancel)) : refused!;

    public static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync(HttpContext http, Person person, SiteClock clock, ScriptReport report, AuditStore audit, CancellationToken cancel,
        string? script = null, string? period = null, string? from = null, string? to = null, string? zone = null, string? agent = null)
    {
        if (Read(clock, script, period, from, to, zone, agent, out var refused) is not { } ask) return refused!;
        var view = await report.MakeAsync(ask, person, script, int.MaxValue, cancel);
        var days = string.Create(CultureInfo.InvariantCulture, $"{ask.From:yyyy-MM-dd}-{ask.To:yyyy-MM-dd}");
        await audit.AddAsync(person.Id, "export", "report", $"scripts {view.Script} {days} {ask.Of}".TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.Bytes([.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(ScriptReportCsv.Write(view))], "text/csv; charset=utf-8", $"script-{view.Script ?? "none"}-{days}.csv");
    }

    static ReportAsk? Read(SiteClock clock, string? script, string? period, string? from, string? to, string? zone, string? agent, out ProblemHttpResult? refused)
    {
        refused = script is { Length: > 60 } ? Problems.Invalid("script", "the id of a script") : agent is { Length: > 0 } && !Guid.TryParse(agent, out _) ? Problems.Invalid("agent", "the id of an agent") : null;
        if (refused is not null) return null;
        var ask = ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, agent, out var wrong);
        if (ask is null) refused = Problems.Invalid(wrong.Field, wrong.Expected);
        return ask;
    }

    async Task<ScriptReportView> MakeAsync(ReportAsk asked, Person person, string? script, int mostPaths, CancellationToken cancel)
    {
        var ask = asked with { Within = person.Within(Rights.SeeReports) };
        await using var connection = await database.OpenConnectionAsync(cancel);
        var uses = (await connection.QueryAsync<Use>(new CommandDefinition(
            """
            select w.script_id as id, count(*) as calls from wrap_up w join call c on c.id = w.call_id
            where w.script_id is not null and c.domain = @domain and c.merged_into is null and c.started_at >= @from and c.started_at < @to
              and (@people::uuid[] is null or w.agent_id = any(@people))
            group by 1 order by 2 desc, 1
            """, new { domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, people = ask.Within.People }, cancellationToken: cancel))).AsList();
        script = script is { Length: > 0 } ? script : uses.Count > 0 ? uses[0].Id : null;
        var known = script is null ? null : await KnownAsync(connection, script, cancel);
        var choices = (known?.Questions ?? []).Where(q => q.Kind is QuestionKind.Choice or QuestionKind.Choices or QuestionKind.YesNo && !Questionnaires.Hides(person.Veil, q)).DistinctBy(q => q.Id).ToList();
        var read = script is null ? new ReadLines([], [], [], [], [], []) : await ReadAsync(connection, ask, script, choices, cancel);
        var titles = known?.Steps.ToDictionary(s => s.Id, s => s.Title, StringComparer.Ordinal) ?? [];
        var rows = Paths(read, titles);
        var shown = ask.Of is null ? read.People : [.. read.People.Where(p => p.Id == Guid.Parse(ask.Of))];
        return new ScriptReportView(script, ask.Of is null ? null : Guid.Parse(ask.Of), ask.From, ask.To, ask.Zone.Id, [.. uses.Select(u => new ScriptUseRow(u.Id, shelf.Find(u.Id)?.Title ?? u.Id, u.Calls))], read.People,
            shown.Sum(p => p.Calls), shown.Sum(p => p.Finished), [.. rows.Take(mostPaths)], rows.Skip(mostPaths).Sum(r => r.Calls), Steps(read.Steps, known, titles), Answers(read, choices));
    }

    async Task<ReadLines> ReadAsync(NpgsqlConnection connection, ReportAsk ask, string script, List<Question> choices, CancellationToken cancel)
    {
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"""
            select w.agent_id as id, coalesce(u.name, '…') as name, count(*) as calls, count(*) filter (where w.path[cardinality(w.path)] = @end) as finished
            from wrap_up w join call c on c.id = w.call_id left join app_user u on u.id = w.agent_id where {Taken} group by 1, 2 order by 2, 1;

            select array_to_string(w.path, ' ') as path, w.disposition, d.name, d.outcome, count(*) as calls
            from wrap_up w join call c on c.id = w.call_id join disposition d on d.code = w.disposition where {Taken} and {Of} group by 1, 2, 3, 4;

            with taken as (
              select w.call_id, w.agent_id, w.path, c.ended_at from wrap_up w join call c on c.id = w.call_id where {Taken} and {Of}
            ), came as (
              select s.step, count(*) as calls from taken t
              cross join lateral (select unnest(t.path) as step union select v.step from script_visit v where v.call_id = t.call_id and v.agent_id = t.agent_id and v.script_id = @script) s
              where s.step <> @end group by 1
            ), gone as (
              select path[cardinality(path)] as step, count(*) as calls from taken where path[cardinality(path)] <> @end group by 1
            ), stay as (
              -- Each stay lasts until the next move, by whomever, or the end of the call.
              select v.step, v.agent_id, v.call_id, v.entered_at, lead(v.entered_at) over w as next_at, lead(v.came) over w as next_came
              from script_visit v where v.script_id = @script and v.call_id in (select call_id from taken)
              window w as (partition by v.call_id order by v.n)
            ), timed as (
              select s.step, s.next_came, extract(epoch from least(s.next_at, t.ended_at) - s.entered_at) * 1000 as ms, s.entered_at < t.ended_at as in_talk
              from stay s join taken t on t.call_id = s.call_id and t.agent_id = s.agent_id where s.step <> @end
            ), spent as (
              select step, count(*) filter (where next_came = 'back') as backs, count(*) filter (where in_talk) as timed,
                avg(ms) filter (where in_talk) as average_ms, percentile_cont(0.5) within group (order by ms) filter (where in_talk) as median_ms
              from timed group by 1
            )
            select c.step as id, c.calls, coalesce(g.calls, 0) as left_here, coalesce(s.backs, 0) as backs, coalesce(s.timed, 0) as timed, s.average_ms::float8, s.median_ms::float8
            from came c left join gone g on g.step = c.step left join spent s on s.step = c.step order by c.step;

            {Moved}
            select array_to_string(w.path, ' ') as key, '' as answer, {MoveColumns} from wrap_up w join call c on c.id = w.call_id {MoveJoins} where {Taken} and {Of} group by {MoveGroups};

            select a.question as key, a.answer, w.disposition, d.name, d.outcome, count(*) as calls
            from wrap_up w join call c on c.id = w.call_id join disposition d on d.code = w.disposition {Given} where {Taken} and {Of} group by 1, 2, 3, 4, 5;

            {Moved}
            select a.question as key, a.answer, {MoveColumns} from wrap_up w join call c on c.id = w.call_id {Given} {MoveJoins} where {Taken} and {Of} group by {MoveGroups};
            """,
            new { domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, people = ask.Within.People, script, end = Script.End, agent = ask.Of is null ? (Guid?)null : Guid.Parse(ask.Of), choices = choices.Select(q => q.Id).ToArray() }, cancellationToken: cancel));
        return new ReadLines((await results.ReadAsync<ScriptAgentRow>()).AsList(), (await results.ReadAsync<PathLine>()).AsList(), (await results.ReadAsync<StepLine>()).AsList(), (await results.ReadAsync<MoveLine>()).AsList(),
            (await results.ReadAsync<AnswerLine>()).AsList(), (await results.ReadAsync<MoveLine>()).AsList());
    }

    /// <summary>Of each deal from where it stood before the call to where it stands after the wrap-up: a way there and back again is no move.</summary>
    const string Moved =
        """
        with moved as (
          select distinct m.call_id, m.agent_id, m.deal_id, m.deal_type, first_value(m.before) over w as before, last_value(m.after) over w as after
          from call_stage_change m join call c on c.id = m.call_id
          where c.domain = @domain and c.started_at >= @from and c.started_at < @to
          window w as (partition by m.call_id, m.agent_id, m.deal_id order by m.id rows between unbounded preceding and unbounded following)
        )
        """;

    const string MoveColumns = "m.deal_type, coalesce(t.name, m.deal_type) as deal_type_name, m.before, coalesce(b.name, m.before) as before_name, m.after, coalesce(s.name, m.after) as after_name, s.outcome, count(*) as calls";
    const string MoveGroups = "1, 2, 3, 4, 5, 6, 7, 8, 9";
    const string MoveJoins =
        """
        join moved m on m.call_id = w.call_id and m.agent_id = w.agent_id and m.before <> m.after
        left join deal_type t on t.code = m.deal_type left join stage b on b.deal_type = m.deal_type and b.code = m.before left join stage s on s.deal_type = m.deal_type and s.code = m.after
        """;

    /// <summary>Each answer that was chosen, of several each.</summary>
    const string Given =
        """
        cross join lateral (select distinct a.key as question, trim(x.answer) as answer from jsonb_each_text(w.answers) a cross join lateral unnest(string_to_array(a.value, ',')) x (answer)
          where a.key = any(@choices) and trim(x.answer) <> '') a
        """;

    const string Taken = "w.script_id = @script and c.domain = @domain and c.merged_into is null and c.started_at >= @from and c.started_at < @to and (@people::uuid[] is null or w.agent_id = any(@people))";
    const string Of = "(@agent::uuid is null or w.agent_id = @agent)";

    /// <summary>For the titles: as it is now, else the version used last.</summary>
    async Task<Script?> KnownAsync(NpgsqlConnection connection, string script, CancellationToken cancel)
    {
        if (shelf.Find(script) is { } now) return now;
        var last = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select script_version from wrap_up where script_id = @script order by created_at desc limit 1", new { script }, cancellationToken: cancel));
        return last is null ? null : shelf.Find(script, last);
    }

    static List<ScriptPathRow> Paths(ReadLines read, Dictionary<string, string> titles)
    {
        var moves = read.Moves.ToLookup(m => m.Key, StringComparer.Ordinal);
        return
        [
            .. read.Paths.GroupBy(l => l.Path, StringComparer.Ordinal)
                .Select(g => (g.Key, Path: g.Key.Split(' ', StringSplitOptions.RemoveEmptyEntries), Lines: g))
                .Select(g => (g.Key, Row: new ScriptPathRow(
                    [.. g.Path.Where(s => s != Script.End).Select(s => new NamedCode(s, titles.GetValueOrDefault(s, s)))],
                    g.Path is [.., Script.End], g.Lines.Sum(l => l.Calls), Outcomes(g.Lines.Select(l => new ScriptOutcomeRow(l.Disposition, l.Name, l.Outcome, l.Calls))), Stages(moves[g.Key]))))
                .OrderByDescending(p => p.Row.Calls).ThenBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Row),
        ];
    }

    ScriptAnswerRow[] Answers(ReadLines read, List<Question> choices)
    {
        var moves = read.AnswerMoves.ToLookup(m => (m.Key, m.Answer));
        var given = read.Answers.ToLookup(a => a.Key, StringComparer.Ordinal);
        return
        [
            .. choices.SelectMany(q => given[q.Id].GroupBy(a => a.Answer, StringComparer.Ordinal)
                .Select(g => new ScriptAnswerRow(new NamedCode(q.Id, q.Ask.Plain), new NamedCode(g.Key, questionnaires.Shown(q, g.Key)), g.Sum(a => a.Calls),
                    Outcomes(g.Select(a => new ScriptOutcomeRow(a.Disposition, a.Name, a.Outcome, a.Calls))), Stages(moves[(q.Id, g.Key)])))
                .OrderByDescending(a => a.Calls).ThenBy(a => a.Answer.Code, StringComparer.Ordinal).Take(MostAnswers)),
        ];
    }

    static ScriptOutcomeRow[] Outcomes(IEnumerable<ScriptOutcomeRow> rows) => [.. rows.OrderByDescending(l => l.Calls).ThenBy(l => l.Name, StringComparer.Ordinal)];

    static ScriptStageRow[] Stages(IEnumerable<MoveLine> lines) =>
    [
        .. lines.OrderByDescending(m => m.Calls).ThenBy(m => m.DealType, StringComparer.Ordinal).ThenBy(m => m.Before, StringComparer.Ordinal).ThenBy(m => m.After, StringComparer.Ordinal)
            .Select(m => new ScriptStageRow(new NamedCode(m.DealType, m.DealTypeName), m.Before.Length == 0 ? null : new NamedCode(m.Before, m.BeforeName), new NamedCode(m.After, m.AfterName), m.Outcome, m.Calls)),
    ];

    static ScriptStepRow[] Steps(List<StepLine> lines, Script? known, Dictionary<string, string> titles)
    {
        var order = (known?.Steps ?? []).Select((s, n) => (s.Id, n)).ToDictionary(s => s.Id, s => s.n, StringComparer.Ordinal);
        return [.. lines.OrderBy(l => order.GetValueOrDefault(l.Id, int.MaxValue)).ThenBy(l => l.Id, StringComparer.Ordinal)
            .Select(l => new ScriptStepRow(l.Id, titles.GetValueOrDefault(l.Id, l.Id), l.Calls, l.LeftHere, l.Backs, l.Timed, Whole(l.AverageMs), Whole(l.MedianMs)))];
    }

    static int? Whole(double? ms) => ms is { } some ? (int)Math.Round(some / 1000, MidpointRounding.AwayFromZero) : null;

    sealed record Use(string Id, long Calls);

    sealed record PathLine(string Path, string Disposition, string Name, string Outcome, long Calls);

    sealed record AnswerLine(string Key, string Answer, string Disposition, string Name, string Outcome, long Calls);

    /// <param name="Key">The way, or the question.</param>
    sealed record MoveLine(string Key, string Answer, string DealType, string DealTypeName, string Before, string BeforeName, string After, string AfterName, string? Outcome, long Calls);

    sealed record ReadLines(List<ScriptAgentRow> People, List<PathLine> Paths, List<StepLine> Steps, List<MoveLine> Moves, List<AnswerLine> Answers, List<MoveLine> AnswerMoves);

    sealed record StepLine(string Id, long Calls, long LeftHere, long Backs, long Timed, double? AverageMs, double? MedianMs);
}
