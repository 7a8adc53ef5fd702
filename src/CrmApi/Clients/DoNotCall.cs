using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Clients who want no calls: the mark, by hand, and what dialling asks.</summary>
internal sealed class DoNotCall(NpgsqlDataSource database, ClientDirectory directory, ChangeHints hints, AuditStore audit)
{
    public const string Action = "client.do_not_call";

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPut("/clients/{id}/do-not-call", SetAsync).RequireAuthorization(Rights.SaveCards).WithTags("Clients")
            .WithName("SetDoNotCall").WithSummary("The client wants no calls, or wants them again; who may save the card may say so. Audited; dialling is refused while it stands");

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> SetAsync(Guid id, DoNotCallSet set, Person person, ClientStore store, CardAccess access, DoNotCall marks, CancellationToken cancel)
    {
        if (await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        var sight = await access.OfAsync(person, id, card, cancel);
        if (!sight.View) return Problems.NotFound("client");
        if (!sight.Edit) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this card, not change it.");
        await marks.MarkAsync(card.Id, person.Id, set.On, cancel);
        return await store.CardAsync(id, cancel) is { } after ? TypedResults.Ok(CardAccess.Shown(person, after, sight)) : Problems.NotFound("client");
    }

    async Task MarkAsync(Guid client, Guid person, bool on, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await MarkAsync(transaction, client, person, on, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
    }

    /// <returns>When it was set; null: it was so before.</returns>
    public async Task<DateTimeOffset?> MarkAsync(NpgsqlTransaction transaction, Guid client, Guid person, bool on, CancellationToken cancel)
    {
        var at = await directory.SetDoNotCallAsync(transaction, client, person, on, cancel);
        if (at is not null) await audit.AddChangeAsync(transaction, person, Action, "client", client.ToString(), on ? "no" : "yes", on ? "yes" : "no", cancel);
        return at;
    }

    /// <summary>From a card its client decides; a number alone must be nobody's who wants no calls.</summary>
    public async Task<bool> ForbidsAsync(Guid? client, string? e164, CancellationToken cancel)
    {
        if (client is null && e164 is null) return false;
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            select exists (
              select from (select @client::uuid as id where @client::uuid is not null union all select client_id from client_phone where @client::uuid is null and e164 = @e164) k
              cross join lateral client_family(client_root(k.id)) f (id) join client c on c.id = f.id
              where c.do_not_call_at is not null and c.deleted_at is null)
            """,
            new { client, e164 }, cancellationToken: cancel));
    }
}
