using System.Collections.Concurrent;
using System.Diagnostics;
using CallCrm.CallFlow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CallCrm.CrmApi.Tests.Host;

/// <summary>The router's end of the internal road on a real socket: notes what came and answers as told.</summary>
sealed class FakeRouter : IAsyncDisposable
{
    public const string Key = "a-key-of-the-tests-0123456789";
    readonly WebApplication app;

    FakeRouter()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Use(async (http, next) =>
        {
            if (IsAway) http.Response.StatusCode = 503;
            else if (http.Request.Headers[RouterRoadOptions.KeyHeader] == Key) await next(http);
            else http.Response.StatusCode = 403;
        });
        app.MapPost("/internal/commands", async (HttpContext http) =>
        {
            var request = (await http.Request.ReadFromJsonAsync(RoadJson.Default.RoadCommandRequest))!;
            Commands.Enqueue(request);
            await http.Response.WriteAsJsonAsync(Answer(request), RoadJson.Default.RoadAnswer);
        });
        app.MapPost("/internal/pops/{offer:guid}/seen", (Guid offer) =>
        {
            PopsSeen.Enqueue((offer, Stopwatch.GetTimestamp()));
            return Results.Ok();
        });
        app.MapPost("/internal/seats", (HttpContext http) => http.Response.WriteAsJsonAsync(new RoadSeats(Seats), RoadJson.Default.RoadSeats));
        app.MapPost("/internal/pbx/{node}", (string node, HttpContext http) => http.Response.WriteAsJsonAsync(Pbx(node), RoadJson.Default.RoadPbx));
        app.MapPost("/internal/phone-test", async (HttpContext http) =>
        {
            var ask = (await http.Request.ReadFromJsonAsync(RoadJson.Default.RoadPhoneTestAsk))!;
            await http.Response.WriteAsJsonAsync(PhoneTest(ask), RoadJson.Default.RoadPhoneTest);
        });
        app.MapPost("/internal/pages", async (HttpContext http) =>
        {
            Pages.Enqueue((await http.Request.ReadFromJsonAsync(RoadJson.Default.PagesReport))!);
            return Results.Ok();
        });
    }

    public string Address => app.Urls.Single();

    public ConcurrentQueue<RoadCommandRequest> Commands { get; } = new();

    public ConcurrentQueue<(Guid Offer, long At)> PopsSeen { get; } = new();

    public ConcurrentQueue<PagesReport> Pages { get; } = new();

    public IReadOnlyList<RoadSeat> Seats { get; set; } = [];

    /// <summary>It does not hold the domain.</summary>
    public bool IsAway { get; set; }

    public Func<RoadCommandRequest, RoadAnswer> Answer { get; set; } = _ => new RoadAnswer(true, null);

    public Func<RoadPhoneTestAsk, RoadPhoneTest> PhoneTest { get; set; } = ask => RoadPhoneTest.Refused("pbx_away", ask.Device);

    public Func<string, RoadPbx> Pbx { get; set; } = _ => new RoadPbx("pbx_away", "", false, [], []);

    public static async Task<FakeRouter> StartAsync()
    {
        var router = new FakeRouter();
        await router.app.StartAsync();
        return router;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
