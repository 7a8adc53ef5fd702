using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Access;

/// <summary>Signing in and out. One answer and one effort for a wrong password and for a login that does not exist.</summary>
internal static class SessionEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/session").WithTags("Session");
        group.MapPost("/", SignInAsync).AllowAnonymous().RequireRateLimiting(AccessModule.SignInLimit)
            .WithName("SignIn").WithSummary("Sign in by password, and by code where the person has a second factor (401 code_needed asks for it); the answer sets the session's cookie")
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status423Locked);
        group.MapPost("/link", UseLinkAsync).AllowAnonymous().RequireRateLimiting(AccessModule.SignInLimit)
            .WithName("UseLink").WithSummary("Set a password with a one-time link; all earlier sessions of that person end").ProducesProblem(StatusCodes.Status410Gone);
        group.MapGet("/", GetAsync).RequireAuthorization(Rights.SignedIn).WithName("GetSession").WithSummary("Who is signed in, and where this person may sit down");
        SecondFactorEndpoints.Map(group);
        group.MapDelete("/", SignOutAsync).AllowAnonymous().WithName("SignOut").WithSummary("Sign out: the session and its live feeds end at once");
    }

    static async Task<Results<Ok<SessionView>, ProblemHttpResult>> SignInAsync(SignInRequest request, HttpContext http, SessionStore sessions, PasswordCheck passwords,
        UnknownLogins unknown, SecondFactor factor, AuditStore audit, IOptions<AccessOptions> options, TimeProvider time, CancellationToken cancel)
    {
        var login = Texts.Clean(request.Login).Trim();
        if (login.Length is 0 or > 200) return Problems.Invalid("login", "1 to 200 characters");
        if (request.Password.Length is 0 or > 500) return Problems.Invalid("password", "1 to 500 characters");
        if (request.Code is { Length: > 100 }) return Problems.Invalid("code", "at most 100 characters");

        var user = await sessions.FindUserAsync(login, cancel);
        var result = await passwords.VerifyAsync(user is { Active: true } ? user.PasswordHash : null, request.Password, cancel);
        var now = time.GetUtcNow();
        var address = http.Connection.RemoteIpAddress?.ToString();
        if ((user is null ? unknown.LockedUntil(login) : user.LockedUntil) > now)
            return Problems.Of(StatusCodes.Status423Locked, "locked_out", $"Too many failures. Try again in {options.Value.LockFor.TotalMinutes:0} minutes.");

        if (user is null || result is PasswordVerificationResult.Failed)
        {
            if (user is null) unknown.Fail(login, now, options.Value);
            else await sessions.FailAsync(user.Id, cancel);
            await audit.AddAsync(user?.Id, "sign_in_failed", "user", user?.Id.ToString() ?? "unknown", address, cancel);
            return Problems.Of(StatusCodes.Status401Unauthorized, "sign_in_failed", "Login or password is wrong.");
        }

        if (user.SecondFactor)
        {
            if (string.IsNullOrWhiteSpace(request.Code)) return Problems.Of(StatusCodes.Status401Unauthorized, "code_needed", "The code of the authenticator app, or a recovery code, is needed too.");
            var use = await factor.UseAsync(user.Id, request.Code, cancel);
            if (use == CodeUse.Wrong)
            {
                await sessions.FailAsync(user.Id, cancel);
                await audit.AddAsync(user.Id, "code_failed", "user", user.Id.ToString(), address, cancel);
                return Problems.Of(StatusCodes.Status401Unauthorized, "code_wrong", "The code is wrong, too old, or was used before.");
            }

            if (use == CodeUse.Recovery) await audit.AddAsync(user.Id, "recovery_code_used", "user", user.Id.ToString(), address, cancel);
        }

        var session = Guid.CreateVersion7(now);
        var newHash = result is PasswordVerificationResult.SuccessRehashNeeded ? passwords.Hash(request.Password) : null;
        var agent = Texts.Clean(http.Request.Headers.UserAgent.ToString());
        await sessions.StartAsync(session, user.Id, newHash, address, agent[..Math.Min(agent.Length, 300)], cancel);
        await audit.AddAsync(user.Id, "sign_in", "session", session.ToString(), address, cancel);
        var row = await sessions.FindAsync(session, user.SecurityStamp, cancel);
        var view = await sessions.ViewAsync(session, user.Id, cancel);
        if (row is null || view is null) return Problems.Of(StatusCodes.Status401Unauthorized, "sign_in_failed", "Login or password is wrong.");
        await http.SignInAsync(AccessModule.Scheme, AccessModule.PersonOf(row, session, user.SecurityStamp, Grants.None).ToPrincipal());
        return TypedResults.Ok(view);
    }

    static async Task<Results<Ok<SignInName>, ProblemHttpResult>> UseLinkAsync(LinkUse use, HttpContext http, UserLinks links, SessionStore sessions, AuditStore audit, CancellationToken cancel)
    {
        if (use.Password.Length is < 10 or > 500) return Problems.Invalid("password", "10 to 500 characters");
        if (use.Token.Length is 0 or > 200) return Problems.Invalid("token", "what follows the # of the link");
        if (await links.UseAsync(use.Token, use.Password, cancel) is not { } user)
            return Problems.Of(StatusCodes.Status410Gone, "link_gone", "This link was used before, is older than 3 days, or was replaced by a newer one. Ask for a new one.");
        await audit.AddAsync(user, "password_set", "user", user.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok(new SignInName(await sessions.LoginAsync(user, cancel)));
    }

    static async Task<Results<Ok<SessionView>, ProblemHttpResult>> GetAsync(Person person, SessionStore sessions, CancellationToken cancel) =>
        await sessions.ViewAsync(person.Session, person.Id, cancel) is { } view
            ? TypedResults.Ok(view)
            : Problems.Of(StatusCodes.Status401Unauthorized, "not_signed_in", "Sign in first.");

    static async Task<NoContent> SignOutAsync(HttpContext http, SessionStore sessions, FeedConnections connections, AuditStore audit, CancellationToken cancel)
    {
        if (Person.From(http.User) is { } person)
        {
            await sessions.EndAsync(person.Session, cancel);
            connections.CloseSession(person.Session);
            await audit.AddAsync(person.Id, "sign_out", "session", person.Session.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        }

        await http.SignOutAsync(AccessModule.Scheme);
        return TypedResults.NoContent();
    }
}
