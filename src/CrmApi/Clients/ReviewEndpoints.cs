using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Cards that calls made and nobody has looked at: confirm, hide, show again.</summary>
internal static class ReviewEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/clients").WithTags("Clients").RequireAuthorization(Rights.ReviewCards);
        group.MapGet("/unconfirmed", async Task<Ok<ListPage<UnconfirmedRow>>> (Person person, ReviewStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.ListAsync(person.Within(Rights.ReviewCards), cursor, Cursor.Limit(limit), cancel)))
            .WithName("ListUnconfirmed").WithSummary("Cards made from calls that nobody has confirmed, with their calls and last agent; newest first");
        group.MapGet("/unconfirmed/count", async Task<Ok<UnconfirmedCount>> (Person person, ReviewStore store, CancellationToken cancel) => TypedResults.Ok(new UnconfirmedCount(await store.CountAsync(person.Within(Rights.ReviewCards), cancel))))
            .WithName("CountUnconfirmed").WithSummary("How many cards wait to be looked at");
        group.MapPost("/{id}/confirm", ConfirmAsync).WithName("ConfirmClient").WithSummary("The card is somebody's; it needs a name. 409 edit_conflict carries the newer card")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/{id}/hide", HideAsync).WithName("HideClient").WithSummary("Put an unconfirmed card away, without deals and nobody responsible; it is not deleted");
        group.MapPost("/{id}/show", ShowAsync).WithName("ShowClient").WithSummary("Bring a card back that was put away");
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> ConfirmAsync(Guid id, CardConfirm confirm, Person person, ClientDirectory directory, ReviewStore review, ClientStore store, AuditStore audit, CancellationToken cancel)
    {
        if (!await review.CoversAsync(id, person, cancel)) return Problems.NotFound("client");
        var saved = await directory.ConfirmAsync(id, confirm.Version, t => audit.AddChangeAsync(t, person.Id, "client.confirmed", CardAudit.Subject, id.ToString(), "", "", cancel), cancel);
        if (saved is ClientSaved.Invalid invalid) return Problems.Invalid(invalid.Errors);
        if (saved is ClientSaved.NotFound || await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        return saved is ClientSaved.Conflict ? ClientEndpoints.Conflict(CardAccess.Shown(person, card)) : TypedResults.Ok(CardAccess.Shown(person, card));
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> HideAsync(Guid id, Person person, ReviewStore review, ClientStore store, CancellationToken cancel)
    {
        if (!await review.CoversAsync(id, person, cancel)) return Problems.NotFound("client");
        var hidden = await review.HideAsync(id, person, cancel);
        if (await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        return hidden || card.Hidden
            ? TypedResults.Ok(CardAccess.Shown(person, card))
            : Problems.Of(StatusCodes.Status409Conflict, "not_hidden", "Only cards that nobody confirmed, without deals and nobody responsible, are put away.");
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> ShowAsync(Guid id, Person person, ReviewStore review, ClientStore store, CancellationToken cancel)
    {
        if (!await review.CoversAsync(id, person, cancel)) return Problems.NotFound("client");
        await review.ShowAsync(id, person, cancel);
        return await store.CardAsync(id, cancel) is { } card ? TypedResults.Ok(CardAccess.Shown(person, card)) : Problems.NotFound("client");
    }
}

/// <summary>Reads the cards to be looked at; putting away is ClientDirectory's, and audited.</summary>
internal sealed class ReviewStore(NpgsqlDataSource database, ClientDirectory directory, ChangeHints hints, AuditStore audit)
{
    const string Waiting = "not c.confirmed and c.merged_into is null and c.deleted_at is null and c.hidden_at is null";

    /// <summary>Nobody is responsible for most of them: they are of who talked to the caller.</summary>
    const string Whose = "(@within::uuid[] is null or c.responsible_id = any(@within) or exists (select from call k where k.client_id = c.id and k.merged_into is null and k.agent_id = any(@within)))";

    /// <summary>Whether the right reaches this card; one out of reach looks like one that is not there.</summary>
    public async Task<bool> CoversAsync(Guid id, Person person, CancellationToken cancel)
    {
        if (person.Within(Rights.ReviewCards) is not { IsEveryone: false } reach) return true;
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition($"select exists (select from client c where c.id = client_root(@id) and {Whose})", new { id, within = reach.People }, cancellationToken: cancel));
    }

    public async Task<ListPage<UnconfirmedRow>> ListAsync(Reach within, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<UnconfirmedRow>(new CommandDefinition(
            $"""
            select c.id, c.number, c.name, c.company, p.e164 as phone, null as phone_display, c.source, c.created_at, t.calls, t.answered, t.last_call_at,
              (select u.name from call l join app_user u on u.id = l.agent_id where l.client_id = c.id and l.merged_into is null order by l.started_at desc limit 1) as last_agent, c.version, coalesce(p.extension, '') as extension
            from client c
            left join lateral (select e164, extension from client_phone where client_id = c.id order by is_main desc, added_at, e164, extension limit 1) p on true
            cross join lateral (select count(*)::int as calls, count(l.answered_at)::int as answered, max(l.started_at) as last_call_at from call l where l.client_id = c.id and l.merged_into is null) t
            where {Waiting} and {Whose} and (@at::timestamptz is null or (c.created_at, c.id) < (@at, @id))
            order by c.created_at desc, c.id desc limit @limit
            """,
            new { within = within.People, at = after?.At, id = after?.Id, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).Select(r => r.Phone is { } e164 ? r with { PhoneDisplay = PhoneNumbers.Format(e164, "en") } : r).ToList();
        return new ListPage<UnconfirmedRow>(page, rows.Count > limit ? Cursor.Of(page[^1].CreatedAt, page[^1].Id) : null);
    }

    public async Task<int> CountAsync(Reach within, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<int>(new CommandDefinition($"select count(*)::int from client c where {Waiting} and {Whose}", new { within = within.People }, cancellationToken: cancel));
    }

    public Task<bool> HideAsync(Guid id, Person person, CancellationToken cancel) =>
        ChangeAsync(id, person, "hidden", t => directory.HideAsync(t, id, person.Id, cancel), cancel);

    public Task<bool> ShowAsync(Guid id, Person person, CancellationToken cancel) =>
        ChangeAsync(id, person, "shown", t => directory.ShowAsync(t, id, cancel), cancel);

    async Task<bool> ChangeAsync(Guid id, Person person, string became, Func<NpgsqlTransaction, Task<bool>> change, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (!await change(transaction)) return false;
        await audit.AddChangeAsync(transaction, person.Id, "client." + became, "client", id.ToString(), became == "hidden" ? "shown" : "hidden", became, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return true;
    }
}
