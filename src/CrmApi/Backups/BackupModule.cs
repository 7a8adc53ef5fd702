using CallCrm.CallFlow.Backup;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Backups;

/// <summary>Whether backups are made: for administrators alone.</summary>
internal static class BackupModule
{
    public static void AddBackups(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<BackupOptions>().Bind(configuration.GetSection(BackupOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<BackupWatch>();
        services.AddHostedService(s => s.GetRequiredService<BackupWatch>());
    }

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/admin/backup", Ok<BackupView> (BackupWatch watch) => TypedResults.Ok(watch.Now()))
            .RequireAuthorization(Rights.Configure).WithTags("Administration").WithName("GetBackup").WithSummary("When the last good backup was made, and whether that is too long ago");
}
