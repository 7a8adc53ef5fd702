using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Answer = Microsoft.AspNetCore.Http.HttpResults.Results<Microsoft.AspNetCore.Http.HttpResults.Ok<CallCrm.Contracts.DealDetailView>, Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult>;

namespace CallCrm.CrmApi.Deals;

/// <summary>What people and programs do with a deal: who may, what it must be, and one transaction each.</summary>
internal sealed class DealEdits(NpgsqlDataSource database, DealReader reader, DealStore store, DealStages stages, CardAccess access, ChangeHints hints)
{
    public const int LongestTitle = 200;
    public const string TitleExpected = "a title of 1 to 200 characters", AmountExpected = "an amount of 0 to 999999999 with at most two decimals", CurrencyExpected = "three capital letters, such as EUR";

    const decimal MostAmount = 999_999_999;

    public async Task<Answer> CreateAsync(DealCreate create, Person person, CancellationToken cancel)
    {
        if (create.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        create = create with { Title = PlainText.Clean(create.Title, LongestTitle + 1), DealType = Texts.Clean(create.DealType), Stage = Texts.CleanOrNull(create.Stage) };
        if (Check(create.Title, create.Amount, create.Currency) is { } wrong) return wrong;
        if (!(await access.OfLiveAsync(person, create.ClientId, cancel)).View) return Problems.Invalid("clientId", "a client that you see");
        if (!await access.MayMakeDealAsync(person, create.ClientId, cancel)) return NotYours();
        var responsible = Named(create.ResponsibleId, person.Id);
        if (await RefuseResponsibleAsync(person, person.Id, responsible, cancel) is { } refused) return refused;
        return await InAsync(create.Id, async transaction =>
        {
            if (await DealStore.StageAsync(transaction, create.DealType, null, cancel) is null) return Problems.Invalid("dealType", "the code of a deal type");
            if (await DealStore.StageAsync(transaction, create.DealType, create.Stage, cancel) is not { } stage) return Problems.Invalid("stage", "the code of a stage of this deal type");
            if (await store.AddAsync(transaction, create, stage, responsible, person.Id, cancel)) return null;
            // Made before; somebody else's deal of this id is not shown.
            return await reader.FindAsync(create.Id, cancel) is { } known && (await access.OfDealAsync(person, known, cancel)).View ? null : Problems.Invalid("id", "the id of no other deal");
        }, cancel);
    }

    public async Task<Answer> SaveAsync(Guid id, DealSave save, Person person, CancellationToken cancel)
    {
        save = save with { Title = PlainText.Clean(save.Title, LongestTitle + 1), Stage = Texts.CleanOrNull(save.Stage) };
        if (Check(save.Title, save.Amount, save.Currency) is { } wrong) return wrong;
        if (await WritableAsync(id, person, cancel) is { } closed) return closed;
        if (save.ClientId is { } client && !((await access.OfLiveAsync(person, client, cancel)).View && await access.MayMakeDealAsync(person, client, cancel)))
            return Problems.Invalid("clientId", "a client for whom you may make deals");
        return await InAsync(id, save.Version, async (transaction, deal) =>
        {
            var becomes = deal with
            {
                Title = save.Title,
                Amount = save.Amount,
                Currency = save.Currency ?? deal.Currency,
                ResponsibleId = Named(save.ResponsibleId, deal.ResponsibleId),
                ClientId = save.ClientId is { } to ? await RootAsync(transaction, to, cancel) : deal.ClientId,
            };
            if (await RefuseResponsibleAsync(person, deal.ResponsibleId, becomes.ResponsibleId, cancel) is { } refused) return refused;
            if (save.Stage is { } stage && await stages.MoveAsync(transaction, deal with { Amount = becomes.Amount, ResponsibleId = becomes.ResponsibleId }, stage, person, cancel) is { } stays) return stays;
            await store.ChangeAsync(transaction, deal, becomes, person.Id, cancel);
            return null;
        }, cancel);
    }

    public async Task<Answer> MoveAsync(Guid id, DealMove move, Person person, CancellationToken cancel)
    {
        if (await WritableAsync(id, person, cancel) is { } closed) return closed;
        return await InAsync(id, null, async (transaction, deal) =>
            deal.Stage == move.Stage ? null : deal.Version != move.Version ? await ConflictAsync(id, cancel) : await stages.MoveAsync(transaction, deal, Texts.Clean(move.Stage), person, cancel), cancel);
    }

    public async Task<Answer> DeleteAsync(Guid id, int? version, Person person, CancellationToken cancel)
    {
        if (await reader.FindAsync(id, cancel) is not { } known || !(await access.OfDealAsync(person, known, cancel)).View) return Problems.NotFound("deal");
        if (!CardAccess.Reaches(person, Rights.DeleteDeals, known.ResponsibleId)) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights do not let you delete this deal.");
        if (known.DeletedAt is not null) return TypedResults.Ok(known);
        return await InAsync(id, version, async (transaction, deal) =>
        {
            await store.DeleteAsync(transaction, deal, person.Id, cancel);
            return null;
        }, cancel);
    }

    public async Task<Answer> RestoreAsync(Guid id, Person person, CancellationToken cancel)
    {
        if (await reader.FindAsync(id, cancel) is not { } known || !(await access.OfDealAsync(person, known, cancel)).View || !CardAccess.Reaches(person, Rights.DeleteDeals, known.ResponsibleId)) return Problems.NotFound("deal");
        return await InAsync(id, async transaction =>
        {
            await store.RestoreAsync(transaction, id, person.Id, cancel);
            return null;
        }, cancel);
    }

    /// <summary>Null: it is seen, and the right to change deals reaches it.</summary>
    async Task<ProblemHttpResult?> WritableAsync(Guid id, Person person, CancellationToken cancel)
    {
        if (await reader.FindAsync(id, cancel) is not { DeletedAt: null } deal) return Problems.NotFound("deal");
        if (!(await access.OfDealAsync(person, deal, cancel)).View) return Problems.NotFound("deal");
        return await access.MayChangeDealAsync(person, deal.ClientId, deal.ResponsibleId, cancel) ? null : NotYours();
    }

    /// <param name="version">As it was read; null: whichever it is.</param>
    Task<Answer> InAsync(Guid id, int? version, Func<NpgsqlTransaction, DealRow, Task<ProblemHttpResult?>> change, CancellationToken cancel) => InAsync(id, async transaction =>
        await DealStore.FindAsync(transaction, id, cancel) is not { } deal ? Problems.NotFound("deal")
        : version is { } read && read != deal.Version ? await ConflictAsync(id, cancel)
        : await change(transaction, deal), cancel);

    async Task<Answer> InAsync(Guid id, Func<NpgsqlTransaction, Task<ProblemHttpResult?>> change, CancellationToken cancel)
    {
        await using (var connection = await database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            if (await change(transaction) is { } refused) return refused;
            await transaction.CommitAsync(cancel);
        }

        hints.Wake();
        return await reader.FindAsync(id, cancel) is { } deal ? TypedResults.Ok(deal) : Problems.NotFound("deal");
    }

    async Task<ProblemHttpResult> ConflictAsync(Guid id, CancellationToken cancel)
    {
        var problem = Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed this deal since you read it. Theirs is in the answer.");
        problem.ProblemDetails.Extensions["deal"] = await reader.FindAsync(id, cancel);
        return problem;
    }

    public static bool IsAmount(decimal amount) => amount is >= 0 and <= MostAmount && decimal.Round(amount, 2) == amount;

    public static bool IsCurrency(string code) => code.Length == 3 && code.All(char.IsAsciiLetterUpper);

    static ProblemHttpResult? Check(string title, decimal? amount, string? currency) =>
        title.Length is 0 or > LongestTitle ? Problems.Invalid("title", TitleExpected)
        : amount is { } sum && !IsAmount(sum) ? Problems.Invalid("amount", AmountExpected)
        : currency is not null && !IsCurrency(currency) ? Problems.Invalid("currency", CurrencyExpected)
        : null;

    /// <summary>An empty id names nobody; none at all leaves it as it was.</summary>
    static Guid? Named(Guid? given, Guid? before) => given is not { } id ? before : id == Guid.Empty ? null : id;

    async Task<ProblemHttpResult?> RefuseResponsibleAsync(Person person, Guid? before, Guid? becomes, CancellationToken cancel)
    {
        if (before == becomes) return null;
        if (!CardAccess.Reaches(person, Rights.ReassignDeals, before)) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "responsibleId: your rights do not let you give this deal to somebody else.");
        if (becomes is null) return null;
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from app_user where id = @becomes and active)", new { becomes }, cancellationToken: cancel))
            ? null : Problems.Invalid("responsibleId", "a person who is active");
    }

    static Task<Guid> RootAsync(NpgsqlTransaction transaction, Guid client, CancellationToken cancel) =>
        transaction.Connection!.ExecuteScalarAsync<Guid>(new CommandDefinition("select client_root(@client)", new { client }, transaction, cancellationToken: cancel));

    static ProblemHttpResult NotYours() => Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this client's deals, not change this one.");
}
