using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Deals;

/// <summary>Deals: list, read, make, change, move, delete and bring back.</summary>
internal static class DealEndpoints
{
    public static void AddDeals(this IServiceCollection services)
    {
        services.AddSingleton<DealStore>();
        services.AddSingleton<DealReader>();
        services.AddSingleton<DealStages>();
        services.AddSingleton<DealEdits>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var deals = api.MapGroup("/deals").WithTags("Deals").RequireAuthorization(Rights.SeeDeals);
        deals.MapGet("/", ListAsync).RequireAuthorization(Rights.WorkWithClients).WithName("ListDeals")
            .WithSummary("Deals by client, type, stage, responsible, state (open, closed), amount, when made, since when in their stage, and a fragment of the title or the number; sort: created, stage_since, amount, title, with - before it the other way round");
        deals.MapGet("/{id}", GetAsync).WithName("GetDeal").WithSummary("A deal");
        deals.MapPost("/", (DealCreate create, Person person, DealEdits edits, CancellationToken cancel) => edits.CreateAsync(create, person, cancel)).RequireAuthorization(Rights.CreateDeals).WithName("CreateDeal").WithSummary("A new deal of a client that one sees; repeating it with the same id changes nothing");
        deals.MapPut("/{id}", (Guid id, DealSave save, Person person, DealEdits edits, CancellationToken cancel) => edits.SaveAsync(id, save, person, cancel)).RequireAuthorization(Rights.EditDeals).WithName("SaveDeal")
            .WithSummary("Change a deal that one sees; 409 edit_conflict carries the newer deal, 400 fields_missing names what must be filled before it leaves its stage").ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        deals.MapPut("/{id}/stage", (Guid id, DealMove move, Person person, DealEdits edits, CancellationToken cancel) => edits.MoveAsync(id, move, person, cancel)).RequireAuthorization(Rights.EditDeals).WithName("MoveDeal")
            .WithSummary("Another stage for a deal that one sees; 400 fields_missing names what must be filled first").ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        var bin = api.MapGroup("/deals").WithTags("Deals").RequireAuthorization(Rights.DeleteDeals);
        bin.MapDelete("/{id}", (Guid id, Person person, DealEdits edits, CancellationToken cancel, int? version = null) => edits.DeleteAsync(id, version, person, cancel)).WithName("DeleteDeal")
            .WithSummary("A deal into the bin for 30 days; version is the one read, 409 edit_conflict carries the newer deal").ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        bin.MapPost("/{id}/restore", (Guid id, Person person, DealEdits edits, CancellationToken cancel) => edits.RestoreAsync(id, person, cancel)).WithName("RestoreDeal").WithSummary("A deal back from the bin");
        bin.MapGet("/bin", async Task<Ok<ListPage<DealBinRow>>> (Person person, DealReader reader, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await reader.BinAsync(person, cursor, Cursor.Limit(limit), cancel)))
            .WithName("ListDealBin").WithSummary("Deleted deals, the latest first");
    }

    static async Task<Results<Ok<ListPage<DealDetailView>>, ProblemHttpResult>> ListAsync(Person person, DealReader reader, CancellationToken cancel, Guid? client = null, string? type = null, string? stage = null,
        Guid? responsible = null, string? state = null, decimal? amountFrom = null, decimal? amountTo = null, DateTimeOffset? createdFrom = null, DateTimeOffset? createdTo = null, DateTimeOffset? stageFrom = null,
        DateTimeOffset? stageTo = null, string? query = null, string? sort = null, string? cursor = null, int? limit = null)
    {
        var filter = new DealFilter(client, Texts.CleanOrNull(type), Texts.CleanOrNull(stage), responsible, state, amountFrom, amountTo, createdFrom, createdTo, stageFrom, stageTo, query);
        var (order, refused) = Order(filter, sort, cursor);
        if (order is null) return refused!;
        return TypedResults.Ok(await reader.ListAsync(filter, person.Within(Rights.SeeDeals), person.Within(Rights.WorkWithClients), order, Cursor.Limit(limit), cancel));
    }

    internal static (ListOrder? Order, ProblemHttpResult? Refused) Order(DealFilter filter, string? sort, string? cursor) =>
        filter.State is not (null or "open" or "closed") ? (null, Problems.Invalid("state", "open or closed")) : ListOrder.Of("deals", sort, "-created", cursor, DealReader.Orders);

    /// <summary>A deal out of reach looks like one that does not exist; so does one in the bin, for who may not bring it back.</summary>
    static async Task<Results<Ok<DealDetailView>, ProblemHttpResult>> GetAsync(Guid id, Person person, DealReader reader, CardAccess access, CancellationToken cancel) =>
        await reader.FindAsync(id, cancel) is { } deal && (await access.OfDealAsync(person, deal, cancel)).View && (deal.DeletedAt is null || CardAccess.Reaches(person, Rights.DeleteDeals, deal.ResponsibleId))
            ? TypedResults.Ok(deal) : Problems.NotFound("deal");
}
