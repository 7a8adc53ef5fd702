using System.Text.Json;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Hiding;

/// <summary>Masked numbers and sensitive fields, at the API's edge: handles become numbers as they come in, answers are veiled as they leave.</summary>
internal static class HidingModule
{
    public static void AddHiding(this IServiceCollection services)
    {
        services.AddSingleton<NumberMask>();
        services.AddSingleton<NumberHandles>();
        services.AddSingleton<VeilJson>();
        services.AddSingleton<VeiledSaves>();
    }

    /// <summary>For every endpoint of the group.</summary>
    public static RouteGroupBuilder WithVeil(this RouteGroupBuilder group) => group.AddEndpointFilter(ApplyAsync);

    static async ValueTask<object?> ApplyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var services = context.HttpContext.RequestServices;
        var handles = services.GetRequiredService<NumberHandles>();
        for (var n = 0; n < context.Arguments.Count; n++) context.Arguments[n] = handles.Open(context.Arguments[n]);
        var answer = await next(context);
        return Person.From(context.HttpContext.User) is { Veil: { IsNone: false } veil } ? Veiled(answer, services.GetRequiredService<VeilJson>().For(veil)) : answer;
    }

    static object? Veiled(object? answer, JsonSerializerOptions json)
    {
        while (answer is INestedHttpResult nested) answer = nested.Result;
        return answer switch
        {
            null or string => answer,
            IValueHttpResult { Value: { } value } and IStatusCodeHttpResult status =>
                Results.Json(value, json, value is Microsoft.AspNetCore.Mvc.ProblemDetails ? "application/problem+json" : null, status.StatusCode),
            IResult => answer,
            _ => Results.Json(answer, json),
        };
    }
}
