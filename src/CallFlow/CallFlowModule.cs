using CallCrm.CallFlow;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

public static class CallFlowModule
{
    /// <summary>
    /// The database (embedded unless <c>ConnectionStrings:CallCrm</c> is set), its three pools, and what processes share.
    /// Several parts in one process may each call it; the first call counts.
    /// </summary>
    public static IServiceCollection AddCallFlow(this IServiceCollection services, IConfiguration configuration)
    {
        if (services.Any(s => s.ServiceType == typeof(DatabaseAddress))) return services;
        var address = DatabaseAddress.From(configuration);
        var options = configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>() ?? new DatabaseOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(address);
        services.AddSingleton<DatabaseStart>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<DatabaseStart>());
        services.AddSingleton(_ => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(address.ConnectionString)
        {
            MaxPoolSize = options.PoolSize,
            ApplicationName = "callcrm",
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 3,
        }));
        services.AddSingleton(_ => RouterDatabase.Create(address.ConnectionString, options.RouterPoolSize));
        services.AddSingleton(_ => FeedDatabase.Create(address.ConnectionString, options.FeedPoolSize));
        services.AddSingleton<ChangeHints>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ClientDirectory>(s, SiteZone(configuration)));
        services.AddSingleton<SettingsReader>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<JournalReader>(s, s.GetRequiredService<FeedDatabase>().Source));
        services.AddSingleton<TimelineReader>();
        return services;
    }

    /// <summary>Where the site's day begins; a zone that there is not is told by the host that checks its settings.</summary>
    static TimeZoneInfo SiteZone(IConfiguration configuration) =>
        TimeZoneInfo.FindSystemTimeZoneById(configuration["Site:TimeZone"] is { Length: > 0 } zone && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) ? zone : "Europe/Rome");
}
