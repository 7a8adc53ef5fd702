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

/// <summary>How scripts are used: which ways lead where, where agents leave them, how long each step takes. From wrap-ups and the visits of their calls.</summary>
internal sealed class ScriptReport(NpgsqlDataSource database, ScriptShelf shelf, IOptions<RouterRoadOptions> road)
{
    /// <summary>More than anybody reads.</summary>
    public const int MostPaths = 50;

    public static async Task<Results<Ok<ScriptReportView>, ProblemHttpResult>> ViewAsync(Person person, SiteClock clock, ScriptReport report, CancellationToken cancel, string? script = null,
        string? period = null, string? from = null, string? to = null, string? zone = null, string? agent = null)
    {
        if (script is { Length: > 60 }) return Problems.Invalid("script", "the id of a script");
        if (agent is { Length: > 0 } && !Guid.TryParse(agent, out _)) return Problems.Invalid("agent", "the id of an agent");
        return ReportAsk.Read(clock, "agent", "whole", period, from, to, zone, agent, out var wrong) is { } ask
            ? TypedResults.Ok(await report.MakeAsync(ask with { Within = person.Within(Rights.SeeReports) }, script, cancel))
            : Problems.Invalid(wrong.Field, wrong.Expected);
    }

    async Task<ScriptReportView> MakeAsync(ReportAsk ask, string? script, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var uses = (await connection.QueryAsync<Use>(new CommandDefinition(
            """
            select w.script_id as id, count(*) as calls from wrap_up w join call c on c.id = w.call_id
            where w.script_id is not null and c.domain = @domain and c.merged_into is null and c.started_at >= @from and c.started_at < @to
              and (@people::uuid[] is null or w.agent_id = any(@people))
            group by 1 order by 2 desc, 1
            """, new { domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, people = ask.Within.People }, cancellationToken: cancel))).AsList();
        script = script is { Length: > 0 } ? script : uses.Count > 0 ? uses[0].Id : null;
        var (people, paths, steps) = script is null ? ([], [], []) : await ReadAsync(connection, ask, script, cancel);
        var known = script is null ? null : await KnownAsync(connection, script, cancel);
        var titles = known?.Steps.ToDictionary(s => s.Id, s => s.Title, StringComparer.Ordinal) ?? [];
        var rows = Paths(paths, titles);
        var shown = ask.Of is null ? people : [.. people.Where(p => p.Id == Guid.Parse(ask.Of))];
        return new ScriptReportView(script, ask.Of is null ? null : Guid.Parse(ask.Of), ask.From, ask.To, ask.Zone.Id, [.. uses.Select(u => new ScriptUseRow(u.Id, shelf.Find(u.Id)?.Title ?? u.Id, u.Calls))], people,
            shown.Sum(p => p.Calls), shown.Sum(p => p.Finished), [.. rows.Take(MostPaths)], rows.Skip(MostPaths).Sum(r => r.Calls), Steps(steps, known, titles));
    }

    async Task<(List<ScriptAgentRow> People, List<PathLine> Paths, List<StepLine> Steps)> ReadAsync(NpgsqlConnection connection, ReportAsk ask, string script, CancellationToken cancel)
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
            from came c left join gone g on g.step = c.step left join spent s on s.step = c.step order by c.step
            """,
            new { domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, people = ask.Within.People, script, end = Script.End, agent = ask.Of is null ? (Guid?)null : Guid.Parse(ask.Of) }, cancellationToken: cancel));
        return ((await results.ReadAsync<ScriptAgentRow>()).AsList(), (await results.ReadAsync<PathLine>()).AsList(), (await results.ReadAsync<StepLine>()).AsList());
    }

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

    static List<ScriptPathRow> Paths(List<PathLine> lines, Dictionary<string, string> titles) =>
    [
        .. lines.GroupBy(l => l.Path, StringComparer.Ordinal)
            .Select(g => (g.Key, Path: g.Key.Split(' ', StringSplitOptions.RemoveEmptyEntries), Lines: g))
            .Select(g => (g.Key, Row: new ScriptPathRow(
                [.. g.Path.Where(s => s != Script.End).Select(s => new NamedCode(s, titles.GetValueOrDefault(s, s)))],
                g.Path is [.., Script.End], g.Lines.Sum(l => l.Calls),
                [.. g.Lines.OrderByDescending(l => l.Calls).ThenBy(l => l.Name, StringComparer.Ordinal).Select(l => new ScriptOutcomeRow(l.Disposition, l.Name, l.Outcome, l.Calls))])))
            .OrderByDescending(p => p.Row.Calls).ThenBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Row),
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

    sealed record StepLine(string Id, long Calls, long LeftHere, long Backs, long Timed, double? AverageMs, double? MedianMs);
}
