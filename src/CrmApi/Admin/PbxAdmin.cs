using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Admin;

/// <summary>Extensions and queues taken over from the PBX: shown first, then what was chosen, each as a change of its own.</summary>
internal static class PbxAdmin
{
    const int MostRows = 5000;

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/pbx/{node}", LookAsync).WithName("LookAtPbx").WithSummary("Phones and queues that the PBX has set up, beside what stands here").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        admin.MapPost("/pbx/{node}/import", ImportAsync).WithName("ImportFromPbx").WithSummary("Make or complete the chosen extensions and queues as the PBX has them; nothing is taken away").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    static async Task<Results<Ok<PbxImportView>, ProblemHttpResult>> LookAsync(string node, Person person, AdminStore store, RouterRoad road, NpgsqlDataSource database, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        var (plan, refusal) = await PlanAsync(node, person, store, road, database, site.Value, cancel);
        return refusal is not null ? refusal : TypedResults.Ok(plan!.View());
    }

    static async Task<Results<Ok<PbxImportResult>, ProblemHttpResult>> ImportAsync(string node, PbxImportRequest request, Person person, AdminStore store, AdminWriter writer, RouterRoad road,
        NpgsqlDataSource database, IOptions<SiteOptions> site, TimeProvider time, CancellationToken cancel)
    {
        if (request.Extensions is not { Count: <= MostRows }) return Problems.Invalid("extensions", $"numbers of extensions, at most {MostRows}");
        if (request.Queues is not { Count: <= MostRows }) return Problems.Invalid("queues", $"names of queues, at most {MostRows}");
        if (request.Extensions.Count + request.Queues.Count == 0) return Problems.Invalid("extensions", "at least one extension or queue");
        var (plan, refusal) = await PlanAsync(node, person, store, road, database, site.Value, cancel);
        if (refusal is not null) return refusal;
        var view = plan!.Known;
        var done = 0;
        var refused = new List<ImportRefusal>();
        foreach (var number in request.Extensions.Distinct(StringComparer.Ordinal))
            Take("extension", number, plan.Extension(number) is { } extension ? await PlaceAdmin.WriteAsync(extension, person, writer, cancel) : null);
        foreach (var name in request.Queues.Distinct(StringComparer.Ordinal))
            Take("queue", name, plan.Queue(name, Guid.CreateVersion7(time.GetUtcNow())) is { } queue ? await QueueAdmin.WriteAsync(queue, person, writer, cancel) : null);
        return TypedResults.Ok(new PbxImportResult(view, done, refused));

        void Take(string kind, string name, AdminWriter.Written? written)
        {
            if (written is { View: { } after })
                (view, done) = (after, done + 1);
            else
                refused.Add(new ImportRefusal(kind, name, written is null ? "nothing_to_import" : Reason(written.Refusal!)));
        }
    }

    static string Reason(ProblemHttpResult refusal) => refusal.ProblemDetails.Extensions.TryGetValue("errors", out var errors) && errors is IReadOnlyDictionary<string, string[]> { Count: > 0 } fields
        ? string.Join("; ", fields.Select(f => $"{f.Key}: {string.Join(", ", f.Value)}"))
        : refusal.ProblemDetails.Detail ?? "";

    static async Task<(ImportPlan? Plan, ProblemHttpResult? Refusal)> PlanAsync(string node, Person person, AdminStore store, RouterRoad road, NpgsqlDataSource database, SiteOptions site, CancellationToken cancel)
    {
        var known = await store.ReadAsync(person.Id, cancel);
        if (!known.Nodes.Contains(node, StringComparer.Ordinal)) return (null, Problems.NotFound("pbx"));
        var pbx = await road.PbxAsync(node, cancel);
        if (pbx.Trouble is { } trouble)
            return (null, trouble == "unknown_pbx" ? Problems.NotFound("pbx") : Problems.Of(StatusCodes.Status503ServiceUnavailable, trouble, "The PBX is not connected at the moment. Nothing was read or changed."));
        return (new ImportPlan(node, pbx, known, await SeatsAsync(node, database, cancel), site.TimeZone), null);
    }

    /// <summary>Who sits at an extension now, else who took calls there last within a month.</summary>
    static async Task<IReadOnlyDictionary<string, Guid>> SeatsAsync(string node, NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<(string Extension, Guid Agent)>(new CommandDefinition(
            """
            select distinct on (extension) extension, agent_id from (
              select extension, agent_id, 'infinity'::timestamptz as at from agent_state where node = @node and state <> 'SignedOut' and extension is not null
              union all
              select extension, agent_id, offered_at from offer where node = @node and offered_at > now() - interval '30 days'
            ) s order by extension, at desc
            """,
            new { node }, cancellationToken: cancel));
        return rows.ToDictionary(r => r.Extension, r => r.Agent, StringComparer.Ordinal);
    }
}
