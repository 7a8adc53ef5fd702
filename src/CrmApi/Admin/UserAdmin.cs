using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>People: who they are, what they may, how they get in.</summary>
internal static class UserAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/users/{id}", SaveAsync).WithName("SaveUser")
            .WithSummary("Make (version 0) or change a person. A changed login, role or right ends their sessions");
        admin.MapPost("/users/{id}/link", LinkAsync).WithName("MakeUserLink").WithSummary("A link with which this person sets a new password, once, within 3 days; it replaces earlier ones")
            .ProducesProblem(StatusCodes.Status404NotFound);
        admin.MapPost("/users/{id}/sign-out", SignOutAsync).WithName("EndUserSessions").WithSummary("End all sessions of a person and unlock their login");
        admin.MapDelete("/users/{id}/second-factor", EndFactorAsync).WithName("EndUserSecondFactor")
            .WithSummary("Take the second factor off somebody who lost the phone").ProducesProblem(StatusCodes.Status404NotFound);
        admin.MapGet("/users/{id}/sessions", SessionsAsync).WithName("ListUserSessions").WithSummary("Where a person is signed in").ProducesProblem(StatusCodes.Status404NotFound);
        admin.MapDelete("/users/{id}/sessions/{session}", EndSessionAsync).WithName("EndUserSession").WithSummary("End one session of a person").ProducesProblem(StatusCodes.Status404NotFound);
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(Guid id, UserSetup user, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (user.Id != id) return Problems.Invalid("id", "the id of the address");
        user = user with { Name = Texts.Clean(user.Name).Trim(), Login = Texts.Clean(user.Login).Trim() };
        var written = await writer.ChangeAsync(person, Subject(id), known => Check(user, known), change => WriteAsync(user, change, cancel), cancel);
        return written.Answer();
    }

    /// <summary>The one setting that is everybody's own: kept with the others, and no reason to sign in anew.</summary>
    public static void MapOwn(IEndpointRouteBuilder api) =>
        api.MapPut("/session/language", SetLanguageAsync).RequireAuthorization(Rights.SignedIn).WithTags("Session").WithName("SetLanguage").WithSummary("The language of one's own pages: en, it or ru");

    static async Task<Results<NoContent, ProblemHttpResult>> SetLanguageAsync(LanguageGiven given, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (!AdminRules.Languages.Contains(given.Language)) return Problems.Invalid("language", "one of " + string.Join(", ", AdminRules.Languages));
        var written = await writer.ChangeAsync(person, Subject(person.Id), _ => new AdminRules.Errors(), async change =>
        {
            const string Sql = "update app_user set language = @Language, version = version + 1 where id = @Id and language <> @Language";
            return await change.DoAsync(Sql, new { given.Language, person.Id }, cancel) > 0 ? null : change.NothingToDo();
        }, cancel);
        return written.Refusal is { } refusal ? refusal : TypedResults.NoContent();
    }

    internal static AdminWriter.Subject<UserSetup> Subject(Guid id) =>
        new("user", id.ToString(), v => v.Users.FirstOrDefault(u => u.Id == id), u => u.Name, ContractsJson.Default.UserSetup);

    static AdminRules.Errors Check(UserSetup user, AdminView known)
    {
        var errors = AdminRules.Check(user, known);
        errors.Unless(Administrators.IsUsable(user, known) || Administrators.Another(user.Id, known), "role", "one active administrator must remain");
        // One road out, which asks who inherits.
        errors.Unless(user.Active || !known.Users.Any(u => u.Id == user.Id && u.Active), "active", "true: people are deactivated by leave, which asks who inherits");
        return errors;
    }

    static async Task<ProblemHttpResult?> WriteAsync(UserSetup user, AdminWriter.Change change, CancellationToken cancel)
    {
        var values = new
        {
            user.Id,
            user.Login,
            user.Name,
            user.Role,
            user.Language,
            user.TimeZone,
            user.IsAgent,
            user.NeedsPage,
            user.Active,
            user.Department,
            user.Version,
            change.Domain,
            change.Now,
            stamp = Guid.CreateVersion7(change.Now),
        };
        // Logins are one for all domains.
        if (await change.AnyAsync("select exists (select from app_user where lower(login) = lower(@Login) and id <> @Id)", values, cancel)) return Problems.Invalid("login", "a login that nobody else has");
        var rows = user.Version == 0
            ? await change.DoAsync(
                """
                insert into app_user (id, login, name, role, language, time_zone, is_agent, needs_page, active, domain, security_stamp, created_at, department_id)
                values (@Id, @Login, @Name, @Role, @Language, @TimeZone, @IsAgent, @NeedsPage, @Active, @Domain, @stamp, @Now, @Department) on conflict (id) do nothing
                """, values, cancel)
            : await change.DoAsync(
                """
                update app_user set login = @Login, name = @Name, role = @Role, language = @Language, time_zone = @TimeZone, is_agent = @IsAgent, needs_page = @NeedsPage, active = @Active, department_id = @Department,
                  security_stamp = case when lower(login) = lower(@Login) and is_agent = @IsAgent and active = @Active then security_stamp else @stamp end, version = version + 1
                where id = @Id and version = @Version and domain = @Domain
                """, values, cancel);
        // Another role or department has its effect at the next request, and open pages come back for it: nobody is signed out over what they type.
        if (rows > 0) await RoleStore.RaiseVersionAsync(change.Transaction, cancel);
        // A new stamp ends the sessions; their list says so too.
        if (rows > 0)
            await change.DoAsync("update user_session s set ended_at = @Now from app_user u where u.id = @Id and u.security_stamp = @stamp and s.user_id = u.id and s.ended_at is null", values, cancel);
        return change.Conflict(rows);
    }

    static async Task<Results<Ok<LinkView>, ProblemHttpResult>> LinkAsync(Guid id, Person person, UserLinks links, AdminStore store, AuditStore audit, HttpContext http, CancellationToken cancel)
    {
        var known = await store.ReadAsync(person.Id, cancel);
        if (!known.Users.Any(u => u.Id == id && u.Active)) return Problems.NotFound("active person");
        var link = await links.MakeAsync(id, person.Id, cancel);
        await audit.AddAsync(person.Id, "password_link", "user", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok(link);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> SignOutAsync(Guid id, Person person, SessionStore sessions, AdminStore store, AuditStore audit, HttpContext http, CancellationToken cancel)
    {
        var known = await store.ReadAsync(person.Id, cancel);
        if (!known.Users.Any(u => u.Id == id)) return Problems.NotFound("person");
        await sessions.EndAllAsync(id, cancel);
        await audit.AddAsync(person.Id, "sessions_ended", "user", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> EndFactorAsync(Guid id, Person person, SecondFactor factor, AdminStore store, AuditStore audit, HttpContext http, CancellationToken cancel)
    {
        if (!await IsHereAsync(id, person, store, cancel) || !await factor.RemoveAsync(id, cancel)) return Problems.NotFound("person with a second factor");
        await audit.AddAsync(person.Id, "second_factor_taken_off", "user", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok(await store.ReadAsync(person.Id, cancel));
    }

    static async Task<Results<Ok<OpenSessionsView>, ProblemHttpResult>> SessionsAsync(Guid id, Person person, SessionStore sessions, AdminStore store, CancellationToken cancel) =>
        await IsHereAsync(id, person, store, cancel) ? TypedResults.Ok(await sessions.OpenAsync(id, person.Session, cancel)) : Problems.NotFound("person");

    static async Task<Results<NoContent, ProblemHttpResult>> EndSessionAsync(Guid id, Guid session, Person person, SessionStore sessions, FeedConnections pages, AdminStore store, AuditStore audit,
        HttpContext http, CancellationToken cancel) =>
        await IsHereAsync(id, person, store, cancel) ? await OpenSessionEndpoints.EndAsync(id, session, person, http, sessions, pages, audit, cancel) : Problems.NotFound("person");

    static async Task<bool> IsHereAsync(Guid id, Person person, AdminStore store, CancellationToken cancel) => (await store.ReadAsync(person.Id, cancel)).Users.Any(u => u.Id == id);
}
