using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>A living key and the person in whose name it acts, as the database has them now.</summary>
internal sealed record KeyRow(Guid Key, string Name, string Rights, DateTimeOffset? LastUsedAt, Guid UserId, string Login, string UserName, string Role, Guid? DepartmentId, long AccessVersion);

/// <summary>The one writer of programs' keys. Only a hash of a key is kept.</summary>
internal sealed class ApiKeyStore(NpgsqlDataSource database, AuditStore audit, IOptions<RouterRoadOptions> road, TimeProvider time)
{
    public const string Prefix = "ckey_";
    public const string Subject = "api_key";
    const int Most = 100;
    const int HintLength = 9;

    /// <summary>Settings stay with people: a program that could make keys could give itself everything.</summary>
    public static IReadOnlyList<RightLine> Grantable { get; } = [.. RightCatalog.All.Where(r => r.Code != Rights.Configure)];

    /// <summary>Null: there is none, or it was revoked, has expired, or its person was deactivated.</summary>
    public async Task<KeyRow?> FindAsync(string secret, CancellationToken cancel)
    {
        if (secret.Length > 200) return null;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var now = time.GetUtcNow();
        var row = await connection.QuerySingleOrDefaultAsync<KeyRow>(new CommandDefinition(
            """
            select k.id as key, k.name, k.rights::text as rights, k.last_used_at, u.id as user_id, u.login, u.name as user_name, u.role, u.department_id, v.version as access_version
            from api_key k join app_user u on u.id = k.user_id cross join access_version v
            where k.hash = @hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > @now) and u.active
            """, new { hash = Hash(secret), now }, cancellationToken: cancel));
        if (row is not null && (row.LastUsedAt is not { } used || now - used > TimeSpan.FromMinutes(1)))
            await connection.ExecuteAsync(new CommandDefinition("update api_key set last_used_at = @now where id = @Key", new { now, row.Key }, cancellationToken: cancel));
        return row;
    }

    public async Task<ApiKeysView> ListAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"{Columns} where k.domain = @Domain order by k.revoked_at is not null, k.created_at desc, k.id", new { road.Value.Domain }, cancellationToken: cancel));
        return new ApiKeysView([.. rows.Select(r => r.View())], [.. Grantable.Select(r => new RightView(r.Code, r.Scoped))]);
    }

    public async Task<Results<Ok<ApiKeyMade>, ProblemHttpResult>> MakeAsync(Person by, ApiKeyCreate create, CancellationToken cancel)
    {
        create = create with { Name = PlainText.Clean(create.Name, 101) };
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var person = await connection.QuerySingleOrDefaultAsync<(string Name, bool Active)?>(new CommandDefinition(
            "select name, active from app_user where id = @UserId and domain = @Domain", new { create.UserId, road.Value.Domain }, transaction, cancellationToken: cancel));
        if (Check(create, person is { Active: true }) is { Count: > 0 } errors) return Problems.Invalid(errors);
        if (await connection.ExecuteScalarAsync<int>(new CommandDefinition("select count(*) from api_key where domain = @Domain and revoked_at is null", new { road.Value.Domain }, transaction, cancellationToken: cancel)) >= Most)
            return Problems.Of(StatusCodes.Status409Conflict, "list_full", $"There are {Most} keys already. Revoke one that is not used.");
        var secret = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var rows = await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into api_key (id, domain, name, user_id, hash, hint, rights, created_at, created_by, expires_at)
            values (@Id, @Domain, @Name, @UserId, @hash, @hint, @rights::jsonb, @now, @by, @expires) on conflict do nothing
            """,
            new { create.Id, road.Value.Domain, create.Name, create.UserId, hash = Hash(secret), hint = secret[..HintLength], rights = JsonSerializer.Serialize(create.Rights), now = time.GetUtcNow(), by = by.Id, expires = create.ExpiresAt?.ToUniversalTime() },
            transaction, cancellationToken: cancel));
        // The first answer held the key; it cannot be told again.
        if (rows == 0) return Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "This key was made already. Make another one, and revoke it if it is not known.");
        await audit.AddChangeAsync(transaction, by.Id, "key.made", Subject, create.Id.ToString(), "", $"{create.Name} | {person!.Value.Name} | {string.Join(' ', create.Rights.Select(r => $"{r.Key}={r.Value}").Order(StringComparer.Ordinal))} | {create.ExpiresAt?.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}", cancel);
        var view = (await connection.QuerySingleAsync<Row>(new CommandDefinition($"{Columns} where k.id = @Id", new { create.Id }, transaction, cancellationToken: cancel))).View();
        await transaction.CommitAsync(cancel);
        return TypedResults.Ok(new ApiKeyMade(view, secret));
    }

    /// <summary>From the next request on it is none.</summary>
    public async Task<ApiKeyView?> RevokeAsync(Person by, Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var revoked = await connection.ExecuteAsync(new CommandDefinition("update api_key set revoked_at = @now, revoked_by = @by where id = @id and domain = @Domain and revoked_at is null",
            new { id, road.Value.Domain, now = time.GetUtcNow(), by = by.Id }, transaction, cancellationToken: cancel));
        if (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"{Columns} where k.id = @id and k.domain = @Domain", new { id, road.Value.Domain }, transaction, cancellationToken: cancel)) is not { } row) return null;
        if (revoked > 0) await audit.AddChangeAsync(transaction, by.Id, "key.revoked", Subject, id.ToString(), row.Name, "", cancel);
        await transaction.CommitAsync(cancel);
        return row.View();
    }

    Dictionary<string, string[]> Check(ApiKeyCreate create, bool active)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (create.Id == Guid.Empty) errors["id"] = ["a new UUID"];
        if (create.Name.Length is 0 or > 100) errors["name"] = ["a name of 1 to 100 characters"];
        if (!active) errors["userId"] = ["a person who is active"];
        if (create.ExpiresAt is { } until && (until <= time.GetUtcNow() || until > time.GetUtcNow().AddYears(10))) errors["expiresAt"] = ["a moment to come, within ten years"];
        if (create.Rights is not { Count: > 0 } || create.Rights.Any(r => Grantable.FirstOrDefault(g => g.Code == r.Key) is not { } line || RightCatalog.ScopeOf(r.Value) is not { } scope || (!line.Scoped && scope != RightScope.All)))
            errors["rights"] = ["at least one right that a program may have, with own, department or all"];
        return errors;
    }

    static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    const string Columns =
        """
        select k.id, k.name, k.user_id, u.name as user_name, k.hint, k.rights::text as rights, k.created_at, k.expires_at, k.last_used_at, k.revoked_at from api_key k join app_user u on u.id = k.user_id
        """;

    sealed record Row(Guid Id, string Name, Guid UserId, string UserName, string Hint, string Rights, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
    {
        public ApiKeyView View() => new(Id, Name, UserId, UserName, Hint, JsonSerializer.Deserialize<SortedDictionary<string, string>>(Rights)!, CreatedAt, ExpiresAt, LastUsedAt, RevokedAt);
    }
}
