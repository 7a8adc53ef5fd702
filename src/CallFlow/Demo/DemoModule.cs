using CallCrm.CallFlow.Demo;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Extensions.DependencyInjection;

public static class DemoModule
{
    /// <summary>
    /// An empty database is filled with the demo company once it is migrated, before any other part starts.
    /// Only for hosts that run the demo PBX: a real site never calls it.
    /// </summary>
    public static IServiceCollection AddDemoData(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(DemoOptions.Section).Get<DemoOptions>() ?? new DemoOptions();
        if (configuration["Router:Domain"] is { Length: > 0 } domain) options.Domain = domain;
        return services.AddSingleton(options);
    }
}
