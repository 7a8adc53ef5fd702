using CallCrm.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Conversation scripts: the library, its live reload, and what the pages read of it.</summary>
public static class ScriptsModule
{
    public static IServiceCollection AddScripts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ScriptsOptions>()
            .Bind(configuration.GetSection(ScriptsOptions.Section))
            .PostConfigure(options =>
            {
                if (string.IsNullOrWhiteSpace(options.HistoryFolder) && configuration["CallCrm:DataFolder"] is { Length: > 0 } data)
                {
                    options.HistoryFolder = Path.Combine(data, "script-versions");
                }
            })
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ScriptShelf>();
        services.AddSingleton<ScriptReport>();
        services.AddSingleton<Questionnaires>();
        services.AddHostedService<ScriptWorker>();
        return services;
    }

    /// <summary>Endpoints under <c>/api/scripts</c>; the caller lays its sign-in rule on the group.</summary>
    public static RouteGroupBuilder MapScripts(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/scripts").WithTags("Scripts");
        group.MapGet("/", (ScriptShelf shelf) => shelf.Overview())
            .WithName("ListScripts").WithSummary("Scripts in use, and how each file of the library stands");
        group.MapGet("/{id}", Results<Ok<ScriptView>, ProblemHttpResult> (string id, ScriptShelf shelf, TimeProvider time) =>
                shelf.Find(id) is { } script ? TypedResults.Ok(ScriptRendering.View(script, Preview(time))) : NotFound(id))
            .WithName("PreviewScript").WithSummary("A script as it stands now, without a call: placeholders show their other words");
        group.MapGet("/{id}/versions/{version}", Results<Ok<ScriptView>, ProblemHttpResult> (string id, string version, ScriptShelf shelf, TimeProvider time) =>
                shelf.View(id, version, Preview(time)) is { } view ? TypedResults.Ok(view) : NotFound($"{id} {version}"))
            .WithName("ScriptVersion").WithSummary("The version a call was led with");
        return group;
    }

    private static ScriptContext Preview(TimeProvider time) =>
        new(new Dictionary<string, string?>(StringComparer.Ordinal), TimeOnly.FromDateTime(time.GetLocalNow().DateTime));

    private static ProblemHttpResult NotFound(string what) => TypedResults.Problem(
        $"No script {what} is in use or remembered.", statusCode: StatusCodes.Status404NotFound, title: "Script not found",
        extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["errorId"] = "script.not_found" });
}
