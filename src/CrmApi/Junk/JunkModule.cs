using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Junk;

/// <summary>The block list, and marking a caller as junk.</summary>
internal static class JunkModule
{
    public static void AddJunk(this IServiceCollection services) => services.AddSingleton<BlockStore>();

    public static void Map(IEndpointRouteBuilder api)
    {
        var blocks = api.MapGroup("/blocks").WithTags("Blocked numbers");
        blocks.MapGet("/", async Task<Ok<ListPage<BlockRow>>> (Person person, BlockStore store, CancellationToken cancel, string? query = null, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.ListAsync(person, query is { Length: > 100 } ? query[..100] : query ?? "", cursor, Cursor.Limit(limit), cancel)))
            .RequireAuthorization(Rights.ManageBlocks).WithName("ListBlocks").WithSummary("Numbers that are not let through, with how often they tried; newest first");
        blocks.MapPost("/", AddAsync).RequireAuthorization(Rights.ManageBlocks).WithName("AddBlock")
            .WithSummary("Block a number for a queue or all; 409 confirm_needed when it is a client's or our own").ProducesProblem(StatusCodes.Status409Conflict);
        blocks.MapPost("/import", ImportAsync).RequireAuthorization(Rights.ManageBlocks).WithName("ImportBlocks").WithSummary("Block many numbers, one a line; what is wrong is told by line");
        blocks.MapDelete("/{id}", RemoveAsync).RequireAuthorization(Rights.MarkSpam).WithName("RemoveBlock")
            .WithSummary("Let a number through again, and show the card that was put away with it. Agents: what they marked themselves, within 24 hours");
        api.MapPost("/calls/{id}/spam", SpamAsync).RequireAuthorization(Rights.MarkSpam).WithTags("Calls").WithName("MarkSpam")
            .WithSummary("The caller of one's own call is junk: blocks the number, puts an unconfirmed card away, ends the call if wished").ProducesProblem(StatusCodes.Status409Conflict);
    }

    static async Task<Results<Ok<BlockRow>, ProblemHttpResult>> AddAsync(BlockCreate create, Person person, BlockStore store, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        var errors = BlockRules.Check(create.Reason, create.Note, create.Until, store.Now);
        if (create.Id == Guid.Empty) errors.Add("id", "a UUID made by the page");
        if (PhoneNumbers.ToE164(create.Number, site.Value.Region) is not { } e164) errors.Add("number", BlockRules.Number);
        else if (!errors.Any) return Answer(await store.AddAsync(person, create with { Number = e164, Note = Texts.Clean(create.Note).Trim() }, null, cancel));
        return Problems.Invalid(errors.ByField);
    }

    static async Task<Results<Ok<BlockImported>, ProblemHttpResult>> ImportAsync(BlockImport import, Person person, BlockStore store, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        var errors = BlockRules.Check(import.Reason, "", import.Until, store.Now);
        var lines = BlockRules.Lines(Texts.Clean(import.Text), site.Value.Region);
        if (lines.Count > BlockRules.MostLines) errors.Add("text", $"at most {BlockRules.MostLines} lines");
        if (lines.Count == 0) errors.Add("text", "numbers, one a line");
        if (errors.Any) return Problems.Invalid(errors.ByField);
        var (imported, refusal) = await store.ImportAsync(person, import, lines, cancel);
        return refusal is null ? TypedResults.Ok(imported!) : refusal;
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Person person, BlockStore store, CancellationToken cancel) =>
        await store.RemoveAsync(person, id, cancel) is { } refusal ? refusal : TypedResults.NoContent();

    static async Task<Results<Ok<SpamMarked>, ProblemHttpResult>> SpamAsync(Guid id, SpamMark mark, Person person, BlockStore store, CallStore calls, RouterRoad road, CancellationToken cancel)
    {
        if (mark.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (mark.EndCall && mark.CommandId == Guid.Empty) return Problems.Invalid("commandId", "a UUID made by the page");
        // Somebody else's call is none of theirs, also for a supervisor: the list is theirs to write.
        if (!await calls.IsOfAsync(id, person.Id, cancel)) return Problems.NotFound("call");
        if (await store.CallerAsync(id, cancel) is not { } caller) return Problems.NotFound("call");
        if (caller.E164 is not { } e164) return Problems.Of(StatusCodes.Status409Conflict, "no_number", "This call came without a number that could be blocked.");
        var done = await store.AddAsync(person, new BlockCreate(mark.Id, e164, mark.AllQueues ? null : caller.QueueId, "spam", Confirmed: mark.Confirmed, HideClient: caller.ClientId), id, cancel);
        if (done.Row is not { } row) return done.Refusal!;
        var refused = mark.EndCall ? await EndAsync(id, mark.CommandId, person, road, cancel) : null;
        return TypedResults.Ok(new SpamMarked(row.Id, row.Display, row.QueueName, done.CardHidden, mark.EndCall && refused is null, refused));
    }

    /// <returns>Why it did not end. The number is blocked all the same.</returns>
    static async Task<string?> EndAsync(Guid call, Guid command, Person person, RouterRoad road, CancellationToken cancel)
    {
        try
        {
            var answer = await road.CommandAsync(command, person.Id, new RoadCommand("turn_away", call), cancel);
            return answer.Accepted ? null : answer.Reason ?? "refused";
        }
        catch (RouterAwayException)
        {
            return "router_away";
        }
    }

    static Results<Ok<BlockRow>, ProblemHttpResult> Answer(BlockDone done) => done.Row is { } row ? TypedResults.Ok(row) : done.Refusal!;
}
