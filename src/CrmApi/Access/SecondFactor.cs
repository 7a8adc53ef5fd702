using System.Security.Cryptography;
using System.Text;
using CallCrm.Contracts;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Npgsql;
using OtpNet;

namespace CallCrm.CrmApi.Access;

/// <summary>
/// The second factor: codes by time (RFC 6238: SHA-1, 30 s, 6 digits, a step of drift each way), each used once, and recovery codes for a lost phone.
/// The secret is sealed for its person alone; of recovery codes only hashes are kept (80 random bits each: nothing to guess).
/// </summary>
internal sealed partial class SecondFactor(NpgsqlDataSource database, IDataProtectionProvider protection, IOptions<SiteOptions> site, TimeProvider time, ILogger<SecondFactor> log)
{
    const int RecoveryCodes = 8;
    static readonly VerificationWindow Drift = new(previous: 1, future: 1);

    public async Task<SecondFactorView> ViewAsync(Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var since = await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition("select confirmed_at from second_factor where user_id = @user", new { user }, cancellationToken: cancel));
        var left = await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from recovery_code where user_id = @user and used_at is null", new { user }, cancellationToken: cancel));
        return new SecondFactorView(since, since is null ? 0 : (int)left);
    }

    /// <summary>A new secret, asked for only once a code of it has come back.</summary>
    /// <returns>Null: one is on already.</returns>
    public async Task<TotpSetupView?> BeginAsync(Guid user, string login, CancellationToken cancel)
    {
        var key = RandomNumberGenerator.GetBytes(20);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var begun = await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into second_factor as f (user_id, secret, created_at) values (@user, @secret, @now)
            on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at, last_step = 0 where f.confirmed_at is null
            """,
            new { user, secret = Protector(user).Protect(Convert.ToBase64String(key)), now = time.GetUtcNow() }, cancellationToken: cancel));
        if (begun == 0) return null;
        var (text, issuer) = (Base32Encoding.ToString(key), Issuer());
        var uri = $"otpauth://totp/{Uri.EscapeDataString(issuer)}:{Uri.EscapeDataString(login)}?secret={text}&issuer={Uri.EscapeDataString(issuer)}&algorithm=SHA1&digits=6&period=30";
        var (path, size) = QrPicture.Of(uri);
        return new TotpSetupView(text, uri, path, size);
    }

    /// <returns>The recovery codes, shown this once; null: a wrong code, or nothing being set up.</returns>
    public async Task<IReadOnlyList<string>?> ConfirmAsync(Guid user, string code, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var secret = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select secret from second_factor where user_id = @user and confirmed_at is null for update", new { user }, transaction, cancellationToken: cancel));
        if (secret is null || Step(user, secret, code) is not { } step) return null;
        string[] codes = [.. Enumerable.Range(0, RecoveryCodes).Select(_ => NewRecoveryCode())];
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update second_factor set confirmed_at = @now, last_step = @step where user_id = @user;
            delete from recovery_code where user_id = @user;
            insert into recovery_code (user_id, code_hash) select @user, unnest(@hashes)
            """,
            new { user, step, now = time.GetUtcNow(), hashes = codes.Select(Hash).ToArray() }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return codes;
    }

    /// <summary>Uses up a code of the app or a recovery code. Right codes of a login locked meanwhile do not count.</summary>
    public async Task<CodeUse> UseAsync(Guid user, string code, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var values = new { user, now = time.GetUtcNow(), hash = Hash(code) };
        if (Digits(code).Length != Digits6)
            return await UsedAsync("update recovery_code f set used_at = @now from app_user u where f.user_id = @user and f.code_hash = @hash and f.used_at is null", values) ? CodeUse.Recovery : CodeUse.Wrong;
        var secret = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select secret from second_factor where user_id = @user and confirmed_at is not null", values, cancellationToken: cancel));
        if (secret is null || Step(user, secret, code) is not { } step) return CodeUse.Wrong;
        return await UsedAsync("update second_factor f set last_step = @step from app_user u where f.user_id = @user and f.last_step < @step", new { user, step, values.now }) ? CodeUse.App : CodeUse.Wrong;

        async Task<bool> UsedAsync(string update, object with) => await connection.ExecuteAsync(new CommandDefinition(
            update + " and u.id = f.user_id and u.active and (u.locked_until is null or u.locked_until <= @now)", with, cancellationToken: cancel)) > 0;
    }

    /// <returns>Whether there was one.</returns>
    public async Task<bool> RemoveAsync(Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            "with codes as (delete from recovery_code where user_id = @user) delete from second_factor where user_id = @user", new { user }, cancellationToken: cancel)) > 0;
    }

    const int Digits6 = 6;

    /// <summary>Which 30 seconds the code belongs to; null: none of the three that count now.</summary>
    long? Step(Guid user, string secret, string code)
    {
        if (Digits(code) is not { Length: Digits6 } digits || Open(user, secret) is not { } key) return null;
        return new Totp(key).VerifyTotp(time.GetUtcNow().UtcDateTime, digits, out var step, Drift) ? step : null;
    }

    byte[]? Open(Guid user, string secret)
    {
        try
        {
            return Convert.FromBase64String(Protector(user).Unprotect(secret));
        }
        catch (CryptographicException e)
        {
            LogSealed(user, e.Message); // Another master key than the one it was sealed with: recovery codes still open, and an administrator can take it off.
            return null;
        }
    }

    /// <summary>Apps show "123 456".</summary>
    static string Digits(string code) => code.Replace(" ", "", StringComparison.Ordinal) is { } bare && bare.All(char.IsAsciiDigit) ? bare : "";

    static string NewRecoveryCode()
    {
        var text = Base32Encoding.ToString(RandomNumberGenerator.GetBytes(10)).ToLowerInvariant();
        return string.Join('-', Enumerable.Range(0, 4).Select(n => text.Substring(n * 4, 4)));
    }

    static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(new string([.. code.Where(char.IsAsciiLetterOrDigit)]).ToLowerInvariant()));

    string Issuer() => site.Value.CompanyName is { Length: > 0 } company ? $"CallCrm {company.Replace(":", "", StringComparison.Ordinal)}" : "CallCrm";

    IDataProtector Protector(Guid user) => protection.CreateProtector("CallCrm.SecondFactor", user.ToString());

    [LoggerMessage(Level = LogLevel.Error, Message = "The second factor of {User} cannot be opened: {Reason}")]
    partial void LogSealed(Guid user, string reason);
}

internal enum CodeUse
{
    Wrong,
    App,
    Recovery,
}
