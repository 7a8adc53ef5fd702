using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

namespace CallCrm.CrmApi.Live;

/// <summary>The live feed and the board.</summary>
internal static class LiveModule
{
    public static void AddLive(this IServiceCollection services)
    {
        services.AddSingleton<FeedConnections>();
        services.AddSingleton<Feed>();
        services.AddSingleton<FeedLoader>();
        services.AddSingleton<FeedRender>();
        services.AddSingleton<LiveFacts>();
        services.AddSingleton<Told>();
        services.AddSingleton<LiveViews>();
        services.AddSingleton<LiveSnapshots>();
        services.AddSingleton<LiveMetrics>();
        services.AddSingleton<Dressing>();
        services.AddSingleton<CallScripts>();
        services.AddSingleton<BoardFigures>();
        services.AddSingleton<HubLifetimeManager<LiveHub>, FeedLifetime>();
        services.AddHostedService<FeedWorker>();
        services.AddHostedService<PagesWorker>();
        services.AddSingleton<SessionWatch>();
        services.AddHostedService(s => s.GetRequiredService<SessionWatch>());
        services.AddHostedService<HintsWorker>();
        services.AddHostedService<BoardWorker>();
        services.AddSignalR(o =>
            {
                o.MaximumReceiveMessageSize = 16 * 1024;
                o.MaximumParallelInvocationsPerClient = 2;
                o.KeepAliveInterval = TimeSpan.FromSeconds(10);
                o.ClientTimeoutInterval = TimeSpan.FromSeconds(30);
            })
            .AddJsonProtocol(o =>
            {
                o.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default);
                o.PayloadSerializerOptions.TypeInfoResolverChain.Add(new DefaultJsonTypeInfoResolver());
                o.PayloadSerializerOptions.Converters.Add(new ResumeAnswerConverter());
                o.PayloadSerializerOptions.DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull;
            });
    }

    public static void MapLive(this IEndpointRouteBuilder app, IEndpointRouteBuilder api)
    {
        // WebSockets alone: they carry an Origin in every browser, and a long poll would be a request per event.
        app.MapHub<LiveHub>("/hubs/live", o => o.Transports = HttpTransportType.WebSockets).RequireAuthorization(Rights.SignedIn);
        api.MapGet("/live/board", async (Person person, Feed feed, LiveSnapshots snapshots, CancellationToken cancel) =>
            {
                await feed.Loaded.WaitAsync(TimeSpan.FromSeconds(10), cancel);
                return await snapshots.BoardAsync(feed.State, person, cancel);
            })
            .RequireAuthorization(Rights.SeeBoard).WithTags("Live").WithName("GetBoard").WithSummary("Today's figures, waiting calls, agents and PBXs");
    }
}
