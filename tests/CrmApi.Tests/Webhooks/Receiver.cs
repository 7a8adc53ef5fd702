using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CallCrm.CrmApi.Tests.Webhooks;

/// <summary>The other program: takes what it is told, and answers as it is made to.</summary>
sealed class Receiver : IAsyncDisposable
{
    readonly WebApplication app;

    Receiver(WebApplication app) => this.app = app;

    public sealed record Request(WebhookMessage Message, string Body, string Event, string Delivery, string Signature);

    public HttpStatusCode Answer { get; set; } = HttpStatusCode.OK;

    public string Address => app.Urls.First() + "/told";

    public ConcurrentQueue<Request> Got { get; } = new();

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var built = builder.Build();
        built.Urls.Add("http://127.0.0.1:0");
        var receiver = new Receiver(built);
        built.MapPost("/told", receiver.TakeAsync);
        await built.StartAsync();
        return receiver;
    }

    public Task<Request> NextAsync(Func<WebhookMessage, bool> fits) =>
        Eventually.GetAsync(() => Got.TryDequeue(out var one) && fits(one.Message) ? one : null, TimeSpan.FromSeconds(20), "to be told");

    /// <summary>Once it was told of a ping, what happens from then on is told, too.</summary>
    public async Task ReadyAsync(Page page, Guid hook)
    {
        using var asked = await page.Http.PostAsync($"api/admin/webhooks/{hook}/ping", null);
        asked.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await NextAsync(m => m.Event == WebhookEvents.Ping);
    }

    async Task TakeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        Got.Enqueue(new Request(JsonSerializer.Deserialize(body, ContractsJson.Default.WebhookMessage)!, body, http.Request.Headers["CallCrm-Event"]!, http.Request.Headers["CallCrm-Delivery"]!, http.Request.Headers["CallCrm-Signature"]!));
        http.Response.StatusCode = (int)Answer;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
