using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CallCrm.DemoPbx;

/// <summary>Runs the demo PBX inside a host.</summary>
public static class DemoPbxHost
{
    /// <summary>
    /// Adds the demo PBX as a hosted service, configured by the section <c>DemoPbx</c>; <see cref="DemoPbxServer"/> can be
    /// asked for as a singleton.
    /// </summary>
    public static IServiceCollection AddDemoPbx(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DemoPbxOptions>()
            .Bind(configuration.GetSection(DemoPbxOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton(provider => new DemoPbxServer(
            provider.GetRequiredService<IOptions<DemoPbxOptions>>().Value,
            provider.GetService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DemoPbxServer>>()));
        services.AddHostedService<DemoPbxService>();
        return services;
    }
}

internal sealed class DemoPbxService(DemoPbxServer server) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        server.Options.Enabled ? server.StartAsync(cancellationToken) : Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken) => await server.DisposeAsync();
}
