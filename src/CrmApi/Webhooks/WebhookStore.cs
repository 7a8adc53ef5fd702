using System.Security.Cryptography;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Webhooks;

/// <summary>The programs that are told, as administrators set them up; every change is audited.</summary>
internal sealed class WebhookStore(NpgsqlDataSource database, IDataProtectionProvider protection, IOptions<RouterRoadOptions> road, AuditStore audit, TimeProvider time)
{
    const int Most = 20;

    public async Task<WebhooksView> ListAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"{Columns} where w.domain = @Domain order by w.created_at, w.id", new { road.Value.Domain }, cancellationToken: cancel));
        return new WebhooksView([.. rows.Select(r => r.View())], WebhookEvents.All);
    }

    /// <summary>Made (version 0, with a secret that is told once) or changed.</summary>
    public async Task<Results<Ok<WebhookSaved>, ProblemHttpResult>> SaveAsync(Person by, WebhookSetup setup, CancellationToken cancel)
    {
        if (Check(setup) is { Count: > 0 } errors) return Problems.Invalid(errors);
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var values = new { setup.Id, road.Value.Domain, setup.Url, Events = setup.Events.Distinct(StringComparer.Ordinal).ToArray(), setup.Active, setup.Version };
        string? secret = null;
        var before = "";
        if (setup.Version == 0)
        {
            if (await connection.ExecuteScalarAsync<int>(new CommandDefinition("select count(*) from webhook where domain = @Domain", values, transaction, cancellationToken: cancel)) >= Most)
                return Problems.Of(StatusCodes.Status409Conflict, "list_full", $"There are {Most} webhooks already.");
            secret = NewSecret();
            var sealedValues = new { values.Id, values.Domain, values.Url, values.Events, values.Active, Now = time.GetUtcNow(), Secret = Seal(secret) };
            if (await connection.ExecuteAsync(new CommandDefinition(
                    "insert into webhook (id, domain, url, secret, events, active, created_at) values (@Id, @Domain, @Url, @Secret, @Events, @Active, @Now) on conflict do nothing", sealedValues, transaction, cancellationToken: cancel)) == 0)
                return Changed();
        }
        else
        {
            if (await ReadAsync(connection, transaction, setup.Id, cancel) is not { } was) return Problems.NotFound("webhook");
            before = Said(was);
            if (await connection.ExecuteAsync(new CommandDefinition(
                    "update webhook set url = @Url, events = @Events, active = @Active, version = version + 1 where id = @Id and domain = @Domain and version = @Version", values, transaction, cancellationToken: cancel)) == 0)
                return Changed();
        }

        if (setup.Active) await WebhookOutbox.BeginAsync(transaction, road.Value.Domain, cancel);
        var now = (await ReadAsync(connection, transaction, setup.Id, cancel))!;
        await audit.AddChangeAsync(transaction, by.Id, "webhook_saved", "webhook", setup.Id.ToString(), before, Said(now), cancel);
        await transaction.CommitAsync(cancel);
        return TypedResults.Ok(new WebhookSaved(now, secret));
    }

    /// <summary>The old secret signs nothing more from here on.</summary>
    public async Task<WebhookSaved?> RenewSecretAsync(Person by, Guid id, CancellationToken cancel)
    {
        var secret = NewSecret();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await connection.ExecuteAsync(new CommandDefinition(
                "update webhook set secret = @secret, version = version + 1 where id = @id and domain = @Domain", new { id, road.Value.Domain, secret = Seal(secret) }, transaction, cancellationToken: cancel)) == 0)
            return null;
        await audit.AddChangeAsync(transaction, by.Id, "webhook_secret_renewed", "webhook", id.ToString(), "", "", cancel);
        var now = (await ReadAsync(connection, transaction, id, cancel))!;
        await transaction.CommitAsync(cancel);
        return new WebhookSaved(now, secret);
    }

    /// <returns>False: there is none.</returns>
    public async Task<bool> RemoveAsync(Person by, Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await ReadAsync(connection, transaction, id, cancel) is not { } was) return false;
        await connection.ExecuteAsync(new CommandDefinition("delete from webhook where id = @id", new { id }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by.Id, "webhook_removed", "webhook", id.ToString(), Said(was), "", cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    public async Task<ListPage<WebhookDeliveryView>?> DeliveriesAsync(Guid id, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        if (await ReadAsync(connection, null, id, cancel) is null) return null;
        var rows = (await connection.QueryAsync<DeliveryRow>(new CommandDefinition(
            """
            select id, event, created_at, attempts, next_at, delivered_at, status, error from webhook_delivery
            where webhook_id = @id and (@At::timestamptz is null or (created_at, id) < (@At, @After)) order by created_at desc, id desc limit @limit
            """, new { id, after?.At, After = after?.Id ?? Guid.Empty, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).ToList();
        return new ListPage<WebhookDeliveryView>([.. page.Select(r => r.View())], rows.Count > limit ? Cursor.Of(page[^1].CreatedAt, page[^1].Id) : null);
    }

    public string Unseal(string secret) => Protector.Unprotect(secret);

    string Seal(string secret) => Protector.Protect(secret);

    IDataProtector Protector => protection.CreateProtector("CallCrm.Webhook");

    static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    static ProblemHttpResult Changed() => Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed it meanwhile. Nothing was saved.");

    static string Said(WebhookSetup w) => $"{w.Url} {string.Join(',', w.Events)} {(w.Active ? "active" : "off")}";

    static Dictionary<string, string[]> Check(WebhookSetup setup)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (setup.Id == Guid.Empty) errors["id"] = ["a new UUID"];
        if (setup.Url is not { Length: <= 500 } || !Uri.TryCreate(setup.Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            errors["url"] = ["an http or https address of at most 500 characters, without a name and password in it"];
        if (setup.Events is not { Count: > 0 } || setup.Events.Any(e => !WebhookEvents.All.Contains(e))) errors["events"] = ["at least one of the events"];
        return errors;
    }

    async Task<WebhookSetup?> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, Guid id, CancellationToken cancel) =>
        (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"{Columns} where w.id = @id and w.domain = @Domain", new { id, road.Value.Domain }, transaction, cancellationToken: cancel)))?.View();

    const string Columns =
        """
        select w.id, w.url, w.events, w.active, w.version, l.created_at as last_at, coalesce(l.attempts > 0 and l.delivered_at is null, false) as failing,
          (select count(*)::int from webhook_delivery d where d.webhook_id = w.id and d.next_at is not null) as waiting
        from webhook w left join lateral (select created_at, attempts, delivered_at from webhook_delivery d where d.webhook_id = w.id order by created_at desc, id desc limit 1) l on true
        """;

    sealed record Row(Guid Id, string Url, Array Events, bool Active, int Version, DateTimeOffset? LastAt, bool Failing, int Waiting)
    {
        public WebhookSetup View() => new(Id, Url, (string[])Events, Active, Version, LastAt, Failing, Waiting);
    }

    sealed record DeliveryRow(Guid Id, string Event, DateTimeOffset CreatedAt, int Attempts, DateTimeOffset? NextAt, DateTimeOffset? DeliveredAt, int? Status, string? Error)
    {
        public WebhookDeliveryView View() =>
            new(Id, Event, CreatedAt, DeliveredAt is not null ? "delivered" : NextAt is not null ? "waiting" : "given_up", Attempts, NextAt, DeliveredAt, Status, Error);
    }
}
