using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Access;

/// <summary>Where one is signed in, and ending it from here. Administrators see and end those of others (Admin/UserAdmin).</summary>
internal static class OpenSessionEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/sessions").RequireAuthorization(Rights.SignedIn).WithTags("Session");
        group.MapGet("/", async Task<Ok<OpenSessionsView>> (Person person, SessionStore sessions, CancellationToken cancel) => TypedResults.Ok(await sessions.OpenAsync(person.Id, person.Session, cancel)))
            .WithName("ListSessions").WithSummary("Where one is signed in: browser, address, since when; the one that asks is marked");
        group.MapDelete("/{id}", async Task<Results<NoContent, ProblemHttpResult>> (Guid id, Person person, HttpContext http, SessionStore sessions, FeedConnections pages, AuditStore audit, CancellationToken cancel) =>
                await EndAsync(person.Id, id, person, http, sessions, pages, audit, cancel))
            .WithName("EndSession").WithSummary("End one of one's own sessions; its pages are out at once").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPost("/end-others", EndOthersAsync).WithName("EndOtherSessions").WithSummary("End all of one's own sessions but this one");
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> EndAsync(Guid user, Guid session, Person by, HttpContext http, SessionStore sessions, FeedConnections pages, AuditStore audit, CancellationToken cancel)
    {
        if (!await sessions.EndOfAsync(user, session, cancel)) return Problems.NotFound("open session");
        pages.CloseSession(session);
        await audit.AddAsync(by.Id, "session_ended", "session", session.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.NoContent();
    }

    static async Task<NoContent> EndOthersAsync(Person person, HttpContext http, SessionStore sessions, FeedConnections pages, AuditStore audit, CancellationToken cancel)
    {
        foreach (var session in await sessions.EndOthersAsync(person.Id, person.Session, cancel)) pages.CloseSession(session);
        await audit.AddAsync(person.Id, "sessions_ended", "user", person.Id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.NoContent();
    }
}
