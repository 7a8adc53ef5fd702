using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CallCrm.CrmApi.WebForms;

/// <summary>Forms of the company's site: set up by administrators, handed in by the site's server with a key of least rights.</summary>
internal static class WebFormEndpoints
{
    public static void AddWebForms(this IServiceCollection services)
    {
        services.AddSingleton<WebFormStore>();
        services.AddSingleton<WebFormIntake>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/web-forms/{form}", (string form, Dictionary<string, string?> values, Person person, WebFormIntake intake, CancellationToken cancel, [FromHeader(Name = Contracts.WebForms.IdempotencyHeader)] string? once = null) =>
                intake.TakeAsync(form, values, once, person, cancel)).RequireAuthorization(Rights.SubmitForms).WithTags("Web forms").WithName("SubmitWebForm")
            .WithSummary("Hand in what was filled in a form of one's site: the client is found by number or mail or made, and the task or deal of the form; 409 key_used when the Idempotency-Key came with another body").ProducesProblem(StatusCodes.Status409Conflict);
        var admin = api.MapGroup("/admin/web-forms").RequireAuthorization(Rights.Configure).WithTags("Web forms");
        admin.MapGet("/", async Task<Ok<WebFormsView>> (WebFormStore store, CancellationToken cancel) => TypedResults.Ok(await store.ListAsync(cancel))).WithName("ListWebForms").WithSummary("Forms of one's site, and how often they were handed in");
        admin.MapPut("/{code}", async Task<Results<Ok<WebFormsView>, ProblemHttpResult>> (string code, WebFormSetup form, Person person, WebFormStore store, CancellationToken cancel) =>
                form.Code != code ? Problems.Invalid("code", "the code of the address") : await store.SaveAsync(person, form, cancel))
            .WithName("SaveWebForm").WithSummary("Make (version 0) or change a form; 409 edit_conflict, list_full").ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapDelete("/{code}", async Task<Results<NoContent, ProblemHttpResult>> (string code, Person person, WebFormStore store, CancellationToken cancel) =>
                await store.RemoveAsync(person, code, cancel) ? TypedResults.NoContent() : Problems.NotFound("web form"))
            .WithName("RemoveWebForm").WithSummary("It takes nothing more; what it made stays");
    }
}
