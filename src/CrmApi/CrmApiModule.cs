using CallCrm.CrmApi.Shell;

namespace CallCrm.CrmApi;

/// <summary>The pages' server: REST under /api, the live feed at /hubs/live, and the pages' files.</summary>
public static class CrmApiModule
{
    public static IServiceCollection AddCrmApi(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddShell();
        return services;
    }

    public static WebApplication MapCrmApi(this WebApplication app)
    {
        app.Use(PageSecurity.ApplyAsync);
        app.MapShell();
        return app;
    }
}
