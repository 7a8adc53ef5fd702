using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Admin;

/// <summary>Segments, and deal types with their stages. Nothing of them is deleted: clients, deals, rules, layouts and scripts name them.</summary>
internal static class ListAdmin
{
    public const string Segments = "segments", DealTypes = "deal_types";

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/segments", SaveSegmentsAsync).WithName("SaveSegments").WithSummary("The clients' segments, in order; what is left out is put away, clients that have it keep it");
        admin.MapPut("/deal-types", SaveDealTypesAsync).WithName("SaveDealTypes").WithSummary("The types of deals with their stages, in order; what is left out is put away, its deals go on");
        admin.MapGet("/lists/use", UseAsync).WithName("GetListUse").WithSummary("How many clients have each segment, how many deals stand in each stage");
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveSegmentsAsync(SegmentList list, Person person, AdminWriter writer, CancellationToken cancel)
    {
        list = list with { Items = [.. list.Items.Select(i => i with { Name = Texts.Clean(i.Name).Trim() })] };
        var subject = new AdminWriter.Subject<SegmentList>(Segments, Segments, v => v.Segments, _ => "", ContractsJson.Default.SegmentList);
        return (await writer.ChangeAsync(person, subject, _ => ListRules.Check(list), async change =>
        {
            if (await RefuseOlderAsync(change, Segments, list.Version, cancel) is { } newer) return newer;
            await change.DoAsync(
                """
                update segment set retired = true where not retired and not code = any(@codes);
                insert into segment (code, name, position, retired)
                select i.code, i.name, i.n, i.retired from unnest(@codes, @names, @retired) with ordinality as i(code, name, retired, n)
                on conflict (code) do update set name = excluded.name, position = excluded.position, retired = excluded.retired
                """,
                new { codes = list.Items.Select(i => i.Code).ToArray(), names = list.Items.Select(i => i.Name).ToArray(), retired = list.Items.Select(i => i.Retired).ToArray() }, cancel);
            return null;
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveDealTypesAsync(DealTypeList list, Person person, AdminWriter writer, CancellationToken cancel)
    {
        list = list with
        {
            Items = [.. list.Items.Select(t => t with { Name = Texts.Clean(t.Name).Trim(), Stages = [.. t.Stages.Select(s => s with { Name = Texts.Clean(s.Name).Trim() })] })],
        };
        var subject = new AdminWriter.Subject<DealTypeList>(DealTypes, DealTypes, v => v.DealTypes, _ => "", ContractsJson.Default.DealTypeList);
        return (await writer.ChangeAsync(person, subject, known => ListRules.Check(list, known), async change =>
        {
            if (await RefuseOlderAsync(change, DealTypes, list.Version, cancel) is { } newer) return newer;
            if (await RefuseOutcomesAsync(change, list, cancel) is { } refused) return refused;
            var stages = list.Items.SelectMany(t => t.Stages.Select((s, n) => (Type: t.Code, Stage: s, Place: n + 1))).ToList();
            await change.DoAsync(
                """
                update deal_type set retired = true where not retired and not code = any(@codes);
                insert into deal_type (code, name, position, retired)
                select i.code, i.name, i.n, i.retired from unnest(@codes, @names, @retired) with ordinality as i(code, name, retired, n)
                on conflict (code) do update set name = excluded.name, position = excluded.position, retired = excluded.retired;
                update stage s set retired = true where not s.retired and s.deal_type = any(@codes)
                  and not exists (select from unnest(@types, @stages) as g(deal_type, code) where g.deal_type = s.deal_type and g.code = s.code);
                insert into stage (deal_type, code, name, position, outcome, retired)
                select g.deal_type, g.code, g.name, g.place, g.outcome, g.retired from unnest(@types, @stages, @stageNames, @places, @outcomes, @stagesRetired) as g(deal_type, code, name, place, outcome, retired)
                on conflict (deal_type, code) do update set name = excluded.name, position = excluded.position, outcome = excluded.outcome, retired = excluded.retired
                """,
                new
                {
                    codes = list.Items.Select(i => i.Code).ToArray(),
                    names = list.Items.Select(i => i.Name).ToArray(),
                    retired = list.Items.Select(i => i.Retired).ToArray(),
                    types = stages.ConvertAll(s => s.Type).ToArray(),
                    stages = stages.ConvertAll(s => s.Stage.Code).ToArray(),
                    stageNames = stages.ConvertAll(s => s.Stage.Name).ToArray(),
                    places = stages.ConvertAll(s => s.Place).ToArray(),
                    outcomes = stages.ConvertAll(s => s.Stage.Outcome).ToArray(),
                    stagesRetired = stages.ConvertAll(s => s.Stage.Retired).ToArray(),
                }, cancel);
            return null;
        }, cancel)).Answer();
    }

    /// <summary>Null: nobody saved the list since it was read.</summary>
    internal static async Task<ProblemHttpResult?> RefuseOlderAsync(AdminWriter.Change change, string kind, int version, CancellationToken cancel) =>
        change.Conflict(await change.DoAsync("update list_version set version = version + 1 where kind = @kind and version = @version", new { kind, version }, cancel));

    /// <summary>A deal is closed by the stage it comes into: what stands there would be of the old kind. Whoever moves or makes one shares the stage until it is done, so none comes in between.</summary>
    static async Task<ProblemHttpResult?> RefuseOutcomesAsync(AdminWriter.Change change, DealTypeList list, CancellationToken cancel)
    {
        var before = change.Before.DealTypes!.Items.SelectMany(t => t.Stages.Select(s => (Key: (Type: t.Code, s.Code), s.Outcome))).ToDictionary(s => s.Key, s => s.Outcome);
        foreach (var (type, stage) in list.Items.SelectMany(t => t.Stages.Select(s => (t.Code, s))).Where(s => before.TryGetValue((s.Code, s.s.Code), out var was) && was != s.s.Outcome).OrderBy(s => (s.Code, s.s.Code)))
        {
            await change.DoAsync("select code from stage where deal_type = @type and code = @Code for update", new { type, stage.Code }, cancel);
            if (await change.AnyAsync("select exists (select from deal where deal_type = @type and stage = @Code and erased_at is null)", new { type, stage.Code }, cancel))
                return Problems.Invalid("items", $"the kind that {stage.Name} has, as deals stand there");
        }

        return null;
    }

    static async Task<Ok<ListUseView>> UseAsync(NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var all = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select segment, count(*) from client where segment is not null and merged_into is null and deleted_at is null group by segment order by segment;
            select deal_type, stage, count(*) from deal where deleted_at is null group by deal_type, stage order by deal_type, stage;
            """, cancellationToken: cancel));
        var segments = await all.ReadAsync<(string Code, long Count)>();
        var stages = await all.ReadAsync<(string Type, string Code, long Count)>();
        return TypedResults.Ok(new ListUseView(segments.ToDictionary(s => s.Code, s => s.Count, StringComparer.Ordinal),
            stages.GroupBy(s => s.Type, StringComparer.Ordinal).ToDictionary(g => g.Key, IReadOnlyDictionary<string, long> (g) => g.ToDictionary(s => s.Code, s => s.Count, StringComparer.Ordinal), StringComparer.Ordinal)));
    }
}
