using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Webhooks;

/// <summary>Webhooks: for administrators.</summary>
internal static class WebhookEndpoints
{
    public static void AddWebhooks(this IServiceCollection services)
    {
        services.AddSingleton<WebhookStore>();
        services.AddSingleton<WebhookOutbox>();
        services.AddSingleton<WebhookSender>();
        services.AddHostedService(s => s.GetRequiredService<WebhookSender>());
        // Whoever is told names the address; no other may be reached by way of it.
        services.AddHttpClient(WebhookSender.HttpClientName, c => c.Timeout = TimeSpan.FromSeconds(10))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) });
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/admin/webhooks").RequireAuthorization(Rights.Configure).WithTags("Webhooks");
        group.MapGet("/", async Task<Ok<WebhooksView>> (WebhookStore store, CancellationToken cancel) => TypedResults.Ok(await store.ListAsync(cancel)))
            .WithName("ListWebhooks").WithSummary("Programs that are told what happens, and how it goes");
        group.MapPut("/{id}", SaveAsync).WithName("SaveWebhook").WithSummary("Make (version 0; the answer holds the secret, this once) or change a webhook; 409 edit_conflict, list_full")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id}", async Task<Results<NoContent, ProblemHttpResult>> (Guid id, Person person, WebhookStore store, CancellationToken cancel) =>
                await store.RemoveAsync(person, id, cancel) ? TypedResults.NoContent() : Problems.NotFound("webhook"))
            .WithName("RemoveWebhook").WithSummary("Tell it nothing more; what waits for it is dropped");
        group.MapPost("/{id}/secret", async Task<Results<Ok<WebhookSaved>, ProblemHttpResult>> (Guid id, Person person, WebhookStore store, CancellationToken cancel) =>
                await store.RenewSecretAsync(person, id, cancel) is { } saved ? TypedResults.Ok(saved) : Problems.NotFound("webhook"))
            .WithName("RenewWebhookSecret").WithSummary("A new secret, told this once; the old one signs nothing more");
        group.MapPost("/{id}/ping", async Task<Results<NoContent, ProblemHttpResult>> (Guid id, WebhookOutbox outbox, WebhookSender sender, CancellationToken cancel) =>
            {
                if (!await outbox.PingAsync(id, cancel)) return Problems.NotFound("webhook");
                sender.Wake();
                return TypedResults.NoContent();
            })
            .WithName("PingWebhook").WithSummary("Send it the event ping");
        group.MapGet("/{id}/deliveries", async Task<Results<Ok<ListPage<WebhookDeliveryView>>, ProblemHttpResult>> (Guid id, WebhookStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                await store.DeliveriesAsync(id, cursor, Cursor.Limit(limit), cancel) is { } page ? TypedResults.Ok(page) : Problems.NotFound("webhook"))
            .WithName("ListWebhookDeliveries").WithSummary("What was and is to be told to it, newest first; kept for 7 days");
        group.MapPost("/{id}/deliveries/{delivery}/again", async Task<Results<NoContent, ProblemHttpResult>> (Guid id, Guid delivery, WebhookOutbox outbox, WebhookSender sender, CancellationToken cancel) =>
            {
                if (!await outbox.AgainAsync(id, delivery, cancel)) return Problems.NotFound("delivery");
                sender.Wake();
                return TypedResults.NoContent();
            })
            .WithName("RepeatWebhookDelivery").WithSummary("Send one once more, now");
    }

    static async Task<Results<Ok<WebhookSaved>, ProblemHttpResult>> SaveAsync(Guid id, WebhookSetup setup, Person person, WebhookStore store, CancellationToken cancel) =>
        setup.Id != id ? Problems.Invalid("id", "the id of the address") : await store.SaveAsync(person, setup with { Url = (setup.Url ?? "").Trim() }, cancel);
}
