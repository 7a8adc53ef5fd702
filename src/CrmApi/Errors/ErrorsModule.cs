using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;
using Npgsql;

namespace CallCrm.CrmApi.Errors;

internal static class ErrorsModule
{
    public static void AddErrors(this IServiceCollection services)
    {
        services.AddProblemDetails(o => o.CustomizeProblemDetails = context =>
        {
            var problem = context.ProblemDetails;
            var id = Problems.IdOf(problem.Status ?? context.HttpContext.Response.StatusCode);
            problem.Extensions.TryAdd("errorId", id);
            problem.Type = $"urn:callcrm:error:{problem.Extensions["errorId"]}";
        });
        services.AddExceptionHandler<ProblemWriter>();
        // Bad input then reaches the handler below, which names the field.
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
    }

    static readonly Func<StatusCodeContext, Task> Usual = new StatusCodePagesOptions().HandleAsync;

    public static void UseErrors(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(pages => MisreadParameter.Of(pages.HttpContext) is { } problem ? problem.ExecuteAsync(pages.HttpContext) : Usual(pages));
    }

    /// <summary>Addresses under /api that are none: JSON, not the page's document.</summary>
    public static void MapUnknownAddresses(this IEndpointRouteBuilder app) =>
        app.Map("/api/{**rest}", () => Problems.NotFound("address")).AllowAnonymous().ExcludeFromDescription();
}

/// <summary>Exceptions become ProblemDetails; what is our fault is logged, what is the caller's is explained.</summary>
internal sealed partial class ProblemWriter(ILogger<ProblemWriter> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && http.RequestAborted.IsCancellationRequested)
        {
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        await ProblemOf(http, exception).ExecuteAsync(http);
        return true;
    }

    IResult ProblemOf(HttpContext http, Exception exception)
    {
        switch (exception)
        {
            case BadHttpRequestException { StatusCode: 400 } bad:
                return BadInput(bad, http.Features.Get<IExceptionHandlerFeature>()?.Endpoint?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType);
            case BadCursorException:
                return Problems.Of(StatusCodes.Status400BadRequest, "bad_cursor", "This cursor is none of this list in this order. Begin again without one.",
                    new Dictionary<string, string[]>(StringComparer.Ordinal) { ["cursor"] = ["next of an answer of this list, in the same order"] });
            case BadHttpRequestException bad:
                return Problems.Of(bad.StatusCode, Problems.IdOf(bad.StatusCode), bad.Message);
            case RouterAwayException:
                LogRouterAway(exception.Message);
                return Problems.Of(StatusCodes.Status503ServiceUnavailable, "router_away", "The call router does not answer now. Nothing was queued: try again.");
            case NpgsqlException { IsTransient: true } or TimeoutException:
                LogDatabaseAway(http.Request.Path, exception.Message);
                return Problems.Of(StatusCodes.Status503ServiceUnavailable, "database_away", "The database does not answer now. Try again.");
            default:
                LogBroken(exception, http.Request.Method, http.Request.Path);
                return Problems.Of(StatusCodes.Status500InternalServerError, "internal_error", "Something broke on our side. It is logged under the trace id.");
        }
    }

    static IResult BadInput(BadHttpRequestException bad, Type? body)
    {
        if (bad.InnerException is JsonException json)
        {
            var missing = MissingFields().Match(json.Message);
            if (missing.Success)
            {
                return Problems.Invalid(missing.Groups["fields"].Value.Split(',', StringSplitOptions.TrimEntries)
                    .Select(f => f.Trim('\'', '.', ' ')).Distinct(StringComparer.Ordinal)
                    .ToDictionary(f => f, _ => new[] { "is required" }, StringComparer.Ordinal));
            }

            var field = json.Path is { Length: > 2 } path ? path[2..] : "body";
            return Problems.Invalid(field, Expected(json, body));
        }

        // Failed to bind parameter "Guid id" from "abc".
        var parameter = Parameter().Match(bad.Message);
        return parameter.Success
            ? Problems.Invalid(parameter.Groups["name"].Value, $"expected {parameter.Groups["type"].Value}")
            : Problems.Of(StatusCodes.Status400BadRequest, "bad_request", bad.Message);
    }

    /// <summary>The type that stands at the place in the endpoint's body; what the exception names is the body's own type.</summary>
    static string Expected(JsonException json, Type? body)
    {
        var line = json.LineNumber is { } n ? $" (line {n + 1}, byte {json.BytePositionInLine + 1})" : "";
        foreach (var part in (json.Path ?? "$").Split('.').Skip(1))
        {
            var name = part.Split('[')[0];
            body = body?.GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase)?.PropertyType;
            if (part.Contains('[', StringComparison.Ordinal) && body is { IsGenericType: true }) body = body.GetGenericArguments()[0];
        }

        return json.Path is { Length: > 2 } && body is not null ? $"expected {(Nullable.GetUnderlyingType(body) ?? body).Name}{line}" : $"expected JSON of another form{line}";
    }

    [GeneratedRegex("""required (?:constructor parameters|properties).*?: (?<fields>.+)$""", RegexOptions.NonBacktracking)]
    private static partial Regex MissingFields();

    [GeneratedRegex("parameter \"(?<type>[^ ]+) (?<name>[^ \"]+)\"", RegexOptions.NonBacktracking)]
    private static partial Regex Parameter();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The router is away: {Reason}")]
    private partial void LogRouterAway(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database is away at {Path}: {Reason}")]
    private partial void LogDatabaseAway(string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} broke")]
    private partial void LogBroken(Exception exception, string method, string path);
}
