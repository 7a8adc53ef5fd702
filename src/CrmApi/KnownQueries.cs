using System.Reflection;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Mvc;

namespace CallCrm.CrmApi;

/// <summary>On an endpoint: parameters of the address that begin so are its own to read.</summary>
internal sealed record OpenQueries(string Prefix);

/// <summary>
/// A list that did not know a filter would answer with all there is, and who asked would take it for what they asked for. So lists, and the same as files, refuse what they do not know, by its name.
/// </summary>
internal static class KnownQueries
{
    public static RouteGroupBuilder WithKnownQueries(this RouteGroupBuilder group) => group.AddEndpointFilterFactory((endpoint, next) =>
    {
        var names = endpoint.MethodInfo.GetParameters().Where(p => IsSimple(p.ParameterType)).Select(p => p.GetCustomAttribute<FromQueryAttribute>()?.Name ?? p.Name!).ToArray();
        return names.Contains("cursor") || (names.Contains("format") && names.Contains("language")) ? context => CheckAsync(context, names, next) : next;
    });

    static ValueTask<object?> CheckAsync(EndpointFilterInvocationContext context, string[] names, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var open = http.GetEndpoint()?.Metadata.GetMetadata<OpenQueries>()?.Prefix;
        var unknown = http.Request.Query.Keys.Where(q => !Array.Exists(names, n => n.Equals(q, StringComparison.OrdinalIgnoreCase)) && (open is null || !q.StartsWith(open, StringComparison.Ordinal))).ToArray();
        if (unknown.Length == 0) return next(context);
        var known = names.Where(n => !http.Request.RouteValues.ContainsKey(n)).Concat(open is null ? [] : new[] { open + "CODE" });
        return ValueTask.FromResult<object?>(Problems.Invalid(unknown.ToDictionary(q => q, _ => new[] { $"one of {string.Join(", ", known)}" }, StringComparer.Ordinal)));
    }

    static bool IsSimple(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(Guid) || type == typeof(decimal) || type == typeof(DateTimeOffset) || type == typeof(DateOnly);
    }
}
