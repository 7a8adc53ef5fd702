using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Mails;
using CallCrm.CrmApi.Tasks;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Cards that were deleted: 30 days in a bin, then erased.</summary>
internal static class BinEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/clients").WithTags("Clients").RequireAuthorization(Rights.DeleteClients);
        group.MapDelete("/{id}", DeleteAsync).WithName("DeleteClient").WithSummary("A card into the bin for 30 days; version is the one read, 409 edit_conflict carries the newer card")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        group.MapPost("/{id}/restore", RestoreAsync).WithName("RestoreClient").WithSummary("A card back from the bin");
        group.MapGet("/bin", async Task<Ok<ListPage<BinRow>>> (Person person, BinStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.ListAsync(person.Within(Rights.DeleteClients), cursor, Cursor.Limit(limit), cancel)))
            .WithName("ListBin").WithSummary("Deleted cards, the latest first");
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> DeleteAsync(Guid id, Person person, BinStore bin, ClientStore store, CardAccess access, CancellationToken cancel, int? version = null)
    {
        if (!await access.ReachesAsync(person, Rights.DeleteClients, cancel, id)) return Problems.NotFound("client");
        var deleted = await bin.DeleteAsync(id, version ?? 0, person, cancel);
        if (deleted is ClientSaved.NotFound || await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        return deleted is ClientSaved.Conflict && card.DeletedAt is null ? ClientEndpoints.Conflict(CardAccess.Shown(person, card)) : TypedResults.Ok(CardAccess.Shown(person, card));
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> RestoreAsync(Guid id, Person person, BinStore bin, ClientStore store, CardAccess access, CancellationToken cancel)
    {
        if (!await access.ReachesAsync(person, Rights.DeleteClients, cancel, id)) return Problems.NotFound("client");
        await bin.RestoreAsync(id, person, cancel);
        return await store.CardAsync(id, cancel) is { DeletedAt: null } card ? TypedResults.Ok(CardAccess.Shown(person, card)) : Problems.NotFound("client");
    }
}

/// <summary>Reads the bin; what is written is ClientDirectory's, and audited.</summary>
internal sealed class BinStore(NpgsqlDataSource database, ClientDirectory directory, ChangeHints hints, AuditStore audit)
{
    public Task<ClientSaved> DeleteAsync(Guid id, int version, Person person, CancellationToken cancel) =>
        ChangeAsync(id, person, "deleted", t => directory.DeleteAsync(t, id, version, person.Id, cancel), cancel);

    public Task<ClientSaved> RestoreAsync(Guid id, Person person, CancellationToken cancel) => ChangeAsync(id, person, "restored", t => directory.RestoreAsync(t, id, cancel), cancel);

    async Task<ClientSaved> ChangeAsync(Guid id, Person person, string became, Func<NpgsqlTransaction, Task<ClientSaved>> change, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var changed = await change(transaction);
        if (changed is not ClientSaved.Done) return changed;
        await audit.AddChangeAsync(transaction, person.Id, "client." + became, "client", id.ToString(), became == "deleted" ? "there" : "deleted", became, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return changed;
    }

    /// <param name="exports">Null: not for a file, into which goes nothing of what is in nobody's name unless all may be exported.</param>
    public async Task<ListPage<BinRow>> ListAsync(Reach within, string? cursor, int limit, CancellationToken cancel, Reach? exports = null)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<BinRow>(new CommandDefinition(
            """
            select c.id, c.number, c.name, c.company, c.deleted_at, u.name as who, c.deleted_at + @kept as until from client c join app_user u on u.id = c.deleted_by
            where c.deleted_at is not null and c.erased_at is null and (@within::uuid[] is null or c.responsible_id is null or c.responsible_id = any(@within)) and (@exports::uuid[] is null or c.responsible_id = any(@exports)) and (@at::timestamptz is null or (c.deleted_at, c.id) < (@at, @id))
            order by c.deleted_at desc, c.id desc limit @limit
            """,
            new { within = within.People, exports = exports?.People, at = after?.At, id = after?.Id, limit = limit + 1, kept = ClientDirectory.BinFor }, cancellationToken: cancel))).AsList();
        return new ListPage<BinRow>([.. rows.Take(limit)], rows.Count > limit ? Cursor.Of(rows[limit - 1].DeletedAt, rows[limit - 1].Id) : null);
    }
}

/// <summary>Looks each hour for cards, deals, tasks and mails whose 30 days are over.</summary>
internal sealed partial class BinWorker(ClientDirectory directory, DealStore deals, TaskStore tasks, MailStore mails, TimeProvider time, ILogger<BinWorker> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Every, time, stoppingToken);
            try
            {
                foreach (var (what, erase) in new (string, Func<CancellationToken, Task<int>>)[] { ("cards", directory.EraseAsync), ("deals", deals.EraseAsync), ("tasks", tasks.EraseAsync), ("mails", mails.EraseAsync) })
                {
                    int erased;
                    while ((erased = await erase(stoppingToken)) > 0) LogErased(erased, what);
                }
            }
            catch (NpgsqlException e)
            {
                LogFailed(e.Message); // In an hour again.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} deleted {What} were erased after 30 days")]
    private partial void LogErased(int count, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was deleted cannot be erased just now: {Reason}")]
    private partial void LogFailed(string reason);
}
