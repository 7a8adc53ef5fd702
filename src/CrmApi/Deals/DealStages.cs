using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Required;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Deals;

/// <summary>A deal goes on to another stage, when what must be known by then is filled in.</summary>
internal sealed class DealStages(NpgsqlDataSource database, DealStore store, RequiredFields required, Feed feed, ChangeHints hints)
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPut("/deals/{id}/stage", AskedAsync).WithTags("Deals").RequireAuthorization(Rights.SeeDeals).RequireAuthorization(Rights.EditClients)
            .WithName("MoveDeal").WithSummary("Another stage for a deal that one sees, of a client whose card one may save; 400 fields_missing names what must be filled first").ProducesProblem(StatusCodes.Status409Conflict);

    static async Task<Results<Ok<DealView>, ProblemHttpResult>> AskedAsync(Guid id, DealMove move, Person person, DealStages deals, CardAccess access, CancellationToken cancel)
    {
        if (await deals.FindAsync(id, cancel) is not { } deal) return Problems.NotFound("deal");
        var sight = await access.OfAsync(person, deal.ClientId, cancel);
        if (!sight.View || !CardAccess.DealsOf(person, sight).Includes(deal.ResponsibleId)) return Problems.NotFound("deal");
        if (!sight.Edit) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this card, not change it.");
        return await deals.MoveAsync(id, move, person, cancel) is { } refused ? refused : TypedResults.Ok(await deals.ViewAsync(id, cancel));
    }

    /// <summary>Null: it is there.</summary>
    async Task<ProblemHttpResult?> MoveAsync(Guid id, DealMove move, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await DealStore.FindAsync(transaction, id, cancel) is not { } deal) return Problems.NotFound("deal");
        if (deal.Stage == move.Stage) return null;
        if (deal.Version != move.Version) return Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed this since you read it, or took it away. Read it again.");
        if (await required.RefuseStageAsync(transaction, deal, person, [], cancel) is { } missing) return missing;
        if (await DealStore.StageAsync(transaction, deal.DealType, move.Stage, cancel) is null) return Problems.Invalid("stage", "the code of a stage of this deal type");
        // In the call that lends the card, if it is one's.
        var occasion = CardLoans.Lender(feed.State, person.Id, deal.ClientId) is { } call ? new DealOccasion(call, person.Id) : null;
        await store.MoveAsync(transaction, deal, move.Stage, person.Id, cancel, occasion);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return null;
    }

    async Task<DealRow?> FindAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        return await DealStore.FindAsync(transaction, id, cancel);
    }

    async Task<DealView> ViewAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleAsync<DealView>(new CommandDefinition(
            """
            select d.id, d.number, d.deal_type, t.name as deal_type_name, d.stage, s.name as stage_name, d.title, d.amount, d.currency::text as currency, u.name as responsible_name, d.stage_since, d.version, d.responsible_id
            from deal d join deal_type t on t.code = d.deal_type join stage s on s.deal_type = d.deal_type and s.code = d.stage left join app_user u on u.id = d.responsible_id where d.id = @id
            """,
            new { id }, cancellationToken: cancel));
    }
}
