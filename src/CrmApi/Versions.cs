using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace CallCrm.CrmApi;

/// <summary>
/// ETag, If-Match and If-None-Match (RFC 9110 §13) of everything that has a version, in this one place. A tag is the version, and a hash of the answer: what
/// else stands on a card may change without it. A change is made of the version alone, which takes the place of the one in the body.
/// </summary>
internal static partial class Versions
{
    const string Query = "version";

    /// <summary>Answers get their tag; what the caller has is not sent again. Around what veils the answers: what one may see is in the hash.</summary>
    public static RouteGroupBuilder WithETags(this RouteGroupBuilder group) => group.AddEndpointFilter(TagAsync);

    /// <summary>If-Match for bodies with a version, and for the query's.</summary>
    public static RouteGroupBuilder WithPreconditions(this RouteGroupBuilder group) => group.AddEndpointFilterFactory((endpoint, next) =>
    {
        var place = Array.FindIndex(endpoint.MethodInfo.GetParameters(), p => Takes(p.Name, p.ParameterType));
        return place < 0 ? next : context => ApplyAsync(context, place, next);
    });

    /// <summary>Whether it is the version that a change is made of, or carries it.</summary>
    public static bool Takes(string? parameter, Type type) => typeof(IVersionedWrite).IsAssignableFrom(type) || (parameter == Query && type == typeof(int?));

    static string Of(IVersioned value, JsonSerializerOptions json)
    {
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), json));
        return string.Create(CultureInfo.InvariantCulture, $"\"{value.Version}-{Convert.ToHexStringLower(hash.AsSpan(0, 8))}\"");
    }

    static async ValueTask<object?> TagAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var answer = await next(context);
        var result = Inner(answer);
        if (result is IStatusCodeHttpResult { StatusCode: not (null or StatusCodes.Status200OK) } || (result is IValueHttpResult { Value: var inside } ? inside : result) is not IVersioned value) return answer;
        var http = context.HttpContext;
        var json = (result as JsonHttpResult<object>)?.JsonSerializerOptions ?? http.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
        var tag = new EntityTagHeaderValue(Of(value, json));
        http.Response.Headers.ETag = tag.ToString();
        // Nothing of a client is left in a browser; who wants to keep it asks with the tag.
        http.Response.Headers.CacheControl = "no-store";
        var known = HttpMethods.IsGet(http.Request.Method) && EntityTagHeaderValue.TryParseList(http.Request.Headers.IfNoneMatch, out var tags)
            && tags.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(tag, useStrongComparison: false));
        return known ? Results.StatusCode(StatusCodes.Status304NotModified) : answer;
    }

    static async ValueTask<object?> ApplyAsync(EndpointFilterInvocationContext context, int place, EndpointFilterDelegate next)
    {
        var tags = context.HttpContext.Request.Headers.IfMatch;
        // An asterisk says nothing of what was read.
        if (tags.Count == 0 || tags == "*")
            return context.Arguments[place] is null or (IVersionedWrite { Version: 0 } and not IVersionedSetup) ? Problems.Invalid(Query, "the version as it was read, here or in the header If-Match") : await next(context);
        if (!EntityTagHeaderValue.TryParseList(tags, out var known)) return Problems.Invalid(HeaderNames.IfMatch, "the ETag as it was read");
        // Versions only rise: of several the last is the newest that the caller knows.
        if (known.Where(t => !t.IsWeak).Select(t => Version().Match(t.Tag.ToString())).Where(m => m.Success).Select(m => int.Parse(m.Groups["version"].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty().Max() is not (> 0 and var version))
            return Problems.Of(StatusCodes.Status412PreconditionFailed, "edit_conflict", "If-Match names no version of this. Read it again.");
        context.Arguments[place] = context.Arguments[place] is IVersionedWrite write ? write.WithVersion(version) : version;
        var answer = await next(context);
        if (Inner(answer) is not ProblemHttpResult { StatusCode: StatusCodes.Status409Conflict, ProblemDetails: var problem } || problem.Extensions["errorId"] is not "edit_conflict") return answer;
        (problem.Status, problem.Title) = (StatusCodes.Status412PreconditionFailed, Problems.Title(StatusCodes.Status412PreconditionFailed));
        return TypedResults.Problem(problem);
    }

    static object? Inner(object? answer)
    {
        while (answer is INestedHttpResult nested) answer = nested.Result;
        return answer;
    }

    [GeneratedRegex("^\"(?<version>[0-9]{1,9})(-[0-9a-f]+)?\"$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Version();
}
