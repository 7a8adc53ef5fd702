using CallCrm.CallFlow;
using CallCrm.CallRouter.Identity;
using CallCrm.CallRouter.Pbx;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CallCrm.CallRouter;

/// <summary>The router as a part of a host.</summary>
public static class CallRouterModule
{
    /// <summary>The sections read here, for the check of the configuration.</summary>
    public static IReadOnlyList<KnownSection> Sections { get; } = [new(RouterOptions.Section, typeof(RouterOptions)), new(PbxOptions.Section, typeof(List<PbxOptions>))];

    public static IServiceCollection AddCallRouter(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RouterOptions>().Bind(configuration.GetSection(RouterOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<List<PbxOptions>>().Bind(configuration.GetSection(PbxOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<List<PbxOptions>>, PbxOptionsValidator>();
        services.AddSingleton<PbxLinks>();
        services.AddSingleton<RouterSeat>();
        services.AddSingleton<PopGate>();
        services.AddSingleton<AgiDesk>();
        services.AddSingleton(s => new CallerMemory(s.GetRequiredService<IOptions<RouterOptions>>().Value.MemoryNumbers));
        services.AddSingleton(s => new LookupRunner(
            s.GetRequiredService<ClientDirectory>(), s.GetRequiredService<CallerMemory>(), s.GetRequiredService<IOptions<RouterOptions>>().Value, s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<LookupRunner>>()));
        services.AddSingleton<Replies<Guid, RouteReply>>();
        services.AddSingleton<Replies<Guid, RoadAnswer>>();
        services.TryAddSingleton<IInternalAddress, ServerAddress>();
        services.AddSingleton<JournalHealth>();
        services.AddHealthChecks().AddCheck<JournalHealth>("journal", tags: ["ready"]);
        services.AddHostedService<RouterWorker>();
        services.AddHostedService<CallerMemoryWorker>();
        return services;
    }

    public static void MapCallRouter(this IEndpointRouteBuilder routes) => routes.MapCommandEndpoints();
}
