using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Access;

/// <summary>
/// Programs sign each request with a key (RFC 6750). What it may is decided where people's rights are: it is a <see cref="Person"/> with fewer of them. The live feed is for pages and takes no key; nor
/// does what asks for somebody who is signed in.
/// </summary>
internal sealed class ApiKeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeyStore keys, RoleBook roles) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "callcrm.key";
    const string Bearer = "Bearer ";

    public static bool IsSent(HttpRequest request) => Secret(request) is not null;

    static string? Secret(HttpRequest request) =>
        request.Headers.Authorization is [{ } sent] && sent.StartsWith(Bearer + ApiKeyStore.Prefix, StringComparison.OrdinalIgnoreCase) ? sent[Bearer.Length..].Trim() : null;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Secret(Request) is not { } secret || !Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)) return AuthenticateResult.NoResult();
        if (await keys.FindAsync(secret, Context.RequestAborted) is not { } row) return AuthenticateResult.Fail("There is no such key, or no more.");
        var book = await roles.AsOfAsync(row.AccessVersion, Context.RequestAborted);
        var person = new Person(row.UserId, row.Key, row.Key, row.Login, row.UserName, row.Role, IsAgent: false)
        {
            Key = row.Key,
            Grants = book.OfKey(row.UserId, row.Role, row.DepartmentId, JsonSerializer.Deserialize<Dictionary<string, string>>(row.Rights)!),
        };
        return AuthenticateResult.Success(new AuthenticationTicket(person.ToPrincipal(), Name));
    }
}

/// <summary>Which program acts now, in somebody's name: every line of the audit says it.</summary>
internal static class ActingKey
{
    static readonly AsyncLocal<Guid?> acting = new();

    public static Guid? Current => acting.Value;

    public static Task FlowAsync(HttpContext http, RequestDelegate next)
    {
        acting.Value = Person.From(http.User)?.Key;
        return next(http);
    }
}

internal static class ApiKeyEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/admin/keys").RequireAuthorization(Rights.Configure).WithTags("Keys");
        group.MapGet("/", async Task<Ok<ApiKeysView>> (ApiKeyStore store, CancellationToken cancel) => TypedResults.Ok(await store.ListAsync(cancel))).WithName("ListKeys").WithSummary("Keys of programs: in whose name, what they may, when last used");
        group.MapPost("/", (ApiKeyCreate create, Person person, ApiKeyStore store, CancellationToken cancel) => store.MakeAsync(person, create, cancel)).WithName("MakeKey")
            .WithSummary("A new key; the answer holds it, this once. 409 list_full; edit_conflict when it was made already").ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id}", async Task<Results<Ok<ApiKeyView>, ProblemHttpResult>> (Guid id, Person person, ApiKeyStore store, CancellationToken cancel) =>
                await store.RevokeAsync(person, id, cancel) is { } key ? TypedResults.Ok(key) : Problems.NotFound("key"))
            .WithName("RevokeKey").WithSummary("From the next request on it is none");
    }
}
