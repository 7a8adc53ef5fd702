using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace CallCrm.CrmApi.Access;

/// <summary>One's own second factor. Setting up asks for the password, taking off for a code: an open page alone does neither. Wrong ones count to the lock-out.</summary>
internal static class SecondFactorEndpoints
{
    public static void Map(IEndpointRouteBuilder session)
    {
        var group = session.MapGroup("/second-factor").RequireAuthorization(Rights.SignedIn);
        group.MapGet("/", async Task<Ok<SecondFactorView>> (Person person, SecondFactor factor, CancellationToken cancel) => TypedResults.Ok(await factor.ViewAsync(person.Id, cancel)))
            .WithName("GetSecondFactor").WithSummary("Whether signing in asks for a code, and how many recovery codes are left");
        group.MapPost("/", BeginAsync).RequireRateLimiting(AccessModule.SignInLimit).WithName("BeginSecondFactor")
            .WithSummary("A secret for an authenticator app; it counts once a code of it is confirmed").ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status423Locked);
        group.MapPost("/confirm", ConfirmAsync).RequireRateLimiting(AccessModule.SignInLimit).WithName("ConfirmSecondFactor")
            .WithSummary("Turn the second factor on with a code of the app; the answer shows the recovery codes, once");
        group.MapPost("/off", OffAsync).RequireRateLimiting(AccessModule.SignInLimit).WithName("EndSecondFactor")
            .WithSummary("Turn the second factor off with a code or a recovery code").ProducesProblem(StatusCodes.Status423Locked);
    }

    static async Task<Results<Ok<TotpSetupView>, ProblemHttpResult>> BeginAsync(PasswordGiven given, Person person, SecondFactor factor, SessionStore sessions, PasswordCheck passwords,
        TimeProvider time, CancellationToken cancel)
    {
        if (given.Password.Length is 0 or > 500) return Problems.Invalid("password", "1 to 500 characters");
        var user = await sessions.FindUserAsync(person.Login, cancel);
        if (user?.LockedUntil > time.GetUtcNow()) return Locked();
        if (user is null || await passwords.VerifyAsync(user.PasswordHash, given.Password, cancel) is PasswordVerificationResult.Failed)
        {
            await sessions.FailAsync(person.Id, cancel);
            return Problems.Invalid("password", "your password");
        }

        return await factor.BeginAsync(person.Id, person.Login, cancel) is { } setup
            ? TypedResults.Ok(setup)
            : Problems.Of(StatusCodes.Status409Conflict, "second_factor_on", "The second factor is on already. Turn it off first.");
    }

    static async Task<Results<Ok<RecoveryCodesView>, ProblemHttpResult>> ConfirmAsync(CodeGiven given, Person person, HttpContext http, SecondFactor factor, AuditStore audit, CancellationToken cancel)
    {
        if (given.Code.Length is 0 or > 100 || await factor.ConfirmAsync(person.Id, given.Code, cancel) is not { } codes) return Problems.Invalid("code", "the 6 digits that the app shows now");
        await audit.AddAsync(person.Id, "second_factor_on", "user", person.Id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok(new RecoveryCodesView(codes));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> OffAsync(CodeGiven given, Person person, HttpContext http, SecondFactor factor, SessionStore sessions, AuditStore audit,
        TimeProvider time, CancellationToken cancel)
    {
        if (given.Code.Length is 0 or > 100) return Problems.Invalid("code", "the 6 digits that the app shows now, or a recovery code");
        if ((await sessions.FindUserAsync(person.Login, cancel))?.LockedUntil > time.GetUtcNow()) return Locked();
        if (await factor.UseAsync(person.Id, given.Code, cancel) == CodeUse.Wrong)
        {
            await sessions.FailAsync(person.Id, cancel);
            return Problems.Invalid("code", "the 6 digits that the app shows now, or a recovery code");
        }

        await factor.RemoveAsync(person.Id, cancel);
        await audit.AddAsync(person.Id, "second_factor_off", "user", person.Id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.NoContent();
    }

    static ProblemHttpResult Locked() => Problems.Of(StatusCodes.Status423Locked, "locked_out", "Too many failures. Try again later.");
}
