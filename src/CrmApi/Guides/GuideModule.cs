using System.Collections.Concurrent;
using System.Reflection;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Markdig;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Guides;

/// <summary>One guide per role and language, from docs/guides, as the page shows them.</summary>
internal static class GuideModule
{
    public static readonly string[] Roles = ["agent", "supervisor", "manager", "admin"];
    public static readonly string[] Languages = ["en", "it", "ru"];

    // The guides are our own, but markup of their own they need not have.
    static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().DisableHtml().Build();
    static readonly ConcurrentDictionary<(string, string), string> Made = new();

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/guides/{role}", Results<Ok<GuideView>, ProblemHttpResult> (string role, string? language = null) =>
                Array.IndexOf(Roles, role) < 0 ? Problems.Of(StatusCodes.Status404NotFound, "not_found", $"There are guides for {string.Join(", ", Roles)}.") : TypedResults.Ok(Find(role, language)))
            .RequireAuthorization(Rights.SignedIn).WithTags("Guides").WithName("GetGuide").WithSummary("The guide for a role, in en, it or ru (else English), as HTML");

    static GuideView Find(string role, string? language)
    {
        var known = Array.IndexOf(Languages, language) < 0 ? "en" : language!;
        return new GuideView(role, known, Made.GetOrAdd((known, role), key => Markdown.ToHtml(Read(key.Item1, key.Item2), Pipeline)));
    }

    internal static string Read(string language, string role)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"guides/{language}/{role}.md")
            ?? throw new InvalidOperationException($"The guide {language}/{role} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
