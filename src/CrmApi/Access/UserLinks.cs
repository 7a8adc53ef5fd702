using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CallCrm.Contracts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>Links that set a password, once: for a new person, a forgotten password, the first administrator. Only a hash of the token is kept.</summary>
internal sealed class UserLinks(NpgsqlDataSource database, PasswordCheck passwords, TimeProvider time)
{
    public const string Page = "welcome";

    static readonly TimeSpan Valid = TimeSpan.FromDays(3);

    /// <summary>Ends earlier links of the person.</summary>
    /// <param name="by">Null: made by the system at its start.</param>
    public async Task<LinkView> MakeAsync(Guid user, Guid? by, CancellationToken cancel)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            delete from user_link where user_id = @user and used_at is null;
            insert into user_link (token_hash, user_id, made_by, created_at, expires_at) values (@hash, @user, @by, @now, @until)
            """,
            new { hash = Hash(token), user, by, now, until = now + Valid }, cancellationToken: cancel));
        return new LinkView($"/{Page}#{token}", now + Valid);
    }

    /// <summary>Sets the password; all sessions of the person end. Two uses at once: one of them wins.</summary>
    /// <returns>The person; null when the link is used, too old, replaced or none.</returns>
    public async Task<Guid?> UseAsync(string token, string password, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            """
            with link as (update user_link set used_at = @now where token_hash = @token and used_at is null and expires_at > @now returning user_id),
            person as (update app_user u set password_hash = @password, security_stamp = @stamp, failed_logins = 0, locked_until = null
              from link where u.id = link.user_id and u.active returning u.id),
            ended as (update user_session s set ended_at = @now from person where s.user_id = person.id and s.ended_at is null)
            select id from person
            """,
            new { now, token = Hash(token), password = passwords.Hash(password), stamp = Guid.CreateVersion7(now) }, cancellationToken: cancel));
    }

    static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
