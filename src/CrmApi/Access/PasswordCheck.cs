using System.Collections.Concurrent;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Access;

/// <summary>Passwords by ASP.NET Core Identity's hasher (PBKDF2 with HMAC-SHA512). Costs the same for logins that do not exist.</summary>
internal sealed class PasswordCheck : IDisposable
{
    readonly PasswordHasher<object> hasher;
    readonly string nobody;
    // A hash costs tens of milliseconds of a core: a flood of sign-ins must not take them all from the calls.
    readonly SemaphoreSlim places = new(Math.Max(1, Environment.ProcessorCount / 2));

    public PasswordCheck(IOptions<PasswordHasherOptions> options)
    {
        hasher = new PasswordHasher<object>(options);
        nobody = hasher.HashPassword(this, Guid.NewGuid().ToString());
    }

    public string Hash(string password) => hasher.HashPassword(this, password);

    /// <param name="hash">Null: nobody can sign in so, but it takes as long.</param>
    public async Task<PasswordVerificationResult> VerifyAsync(string? hash, string password, CancellationToken cancel)
    {
        await places.WaitAsync(cancel);
        try
        {
            var result = hasher.VerifyHashedPassword(this, hash ?? nobody, password);
            return hash is null ? PasswordVerificationResult.Failed : result;
        }
        catch (FormatException)
        {
            return PasswordVerificationResult.Failed; // The stored hash is no hash: like a wrong password.
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose() => places.Dispose();
}

/// <summary>Failures of logins that do not exist, so that they lock like the others and nothing tells them apart. In memory, bounded.</summary>
internal sealed class UnknownLogins
{
    const int Most = 10_000;
    readonly ConcurrentDictionary<string, (int Failures, DateTimeOffset? LockedUntil)> known = new(StringComparer.OrdinalIgnoreCase);

    public DateTimeOffset? LockedUntil(string login) => known.TryGetValue(login, out var state) ? state.LockedUntil : null;

    public void Fail(string login, DateTimeOffset now, AccessOptions options)
    {
        if (known.Count >= Most) known.Clear();
        known.AddOrUpdate(login, _ => (1, null), (_, old) =>
        {
            if (old.LockedUntil > now) return old;
            var failures = old.LockedUntil is null ? old.Failures + 1 : 1;
            return (failures, failures >= options.FailuresBeforeLock ? now + options.LockFor : null);
        });
    }
}
