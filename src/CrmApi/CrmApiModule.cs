using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using CallCrm.CallFlow;
using CallCrm.CallFlow.Backup;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Admin;
using CallCrm.CrmApi.Backups;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Catalog;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Commands;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Document;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Exports;
using CallCrm.CrmApi.Files;
using CallCrm.CrmApi.Guides;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Https;
using CallCrm.CrmApi.Imports;
using CallCrm.CrmApi.Junk;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Mails;
using CallCrm.CrmApi.Missed;
using CallCrm.CrmApi.Practice;
using CallCrm.CrmApi.Recordings;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Seats;
using CallCrm.CrmApi.Shell;
using CallCrm.CrmApi.Tasks;
using CallCrm.CrmApi.Transfers;
using CallCrm.CrmApi.WebForms;
using CallCrm.CrmApi.Webhooks;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CallCrm.CrmApi;

/// <summary>The pages' server: REST under /api, the live feed at /hubs/live, and the pages' files.</summary>
public static class CrmApiModule
{
    /// <summary>The sections read here, for the check of the configuration.</summary>
    public static IReadOnlyList<KnownSection> Sections { get; } =
    [
        new(SiteOptions.Section, typeof(SiteOptions)), new(AccessOptions.Section, typeof(AccessOptions)), new(WebOptions.Section, typeof(WebOptions)),
        new(ScriptsOptions.Section, typeof(ScriptsOptions)), new(RouterRoadOptions.Section, typeof(RouterRoadOptions), IsPart: true),
        new(MissedOptions.Section, typeof(MissedOptions)), new(BackupOptions.Section, typeof(BackupOptions)),
    ];

    public static IServiceCollection AddCrmApi(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (string.IsNullOrEmpty(configuration[WebHostDefaults.ServerUrlsKey]))
            configuration[WebHostDefaults.ServerUrlsKey] = configuration["Web:Urls"] is { Length: > 0 } urls ? urls : WebOptions.DefaultUrls;
        services.AddOptions<SiteOptions>()
            .Configure(o => o.Region = configuration["Pbx:0:Region"] is { Length: 2 } region ? region.ToUpperInvariant() : o.Region)
            .Bind(configuration.GetSection(SiteOptions.Section)).ValidateDataAnnotations()
            .Validate(o => TimeZoneInfo.TryFindSystemTimeZoneById(o.TimeZone, out _), "Site:TimeZone must be an IANA zone such as Europe/Rome.")
            .ValidateOnStart();
        services.AddSingleton<SiteClock>();
        services.AddOptions<RouterRoadOptions>().Bind(configuration.GetSection(RouterRoadOptions.Section))
            .Validate(o => o.InternalKey.Length >= 16, "Router:InternalKey: expected the router's secret, at least 16 characters").ValidateOnStart();
        services.AddHttpClient(RouterRoad.HttpClientName, c => c.Timeout = TimeSpan.FromSeconds(2));
        services.TryAddSingleton<RouterRoad>();
        services.AddErrors();
        services.AddAccess(configuration);
        services.AddScripts(configuration);
        services.AddScriptEditing();
        services.AddAdmin();
        services.AddWebhooks();
        services.AddWebForms();
        services.AddBackups(configuration);
        services.AddHttps(configuration);
        services.AddHiding();
        services.AddClients();
        services.AddMails();
        services.AddImports();
        services.AddExports();
        services.AddFiles(configuration);
        services.AddCalls();
        services.AddDeals();
        services.AddTasks();
        services.AddMissed(configuration);
        services.AddJunk();
        services.AddRecordings(configuration);
        services.AddReports();
        services.AddSingleton<SeatStore>();
        services.AddLive();
        services.AddShell();
        services.AddDocument();
        services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default.WithAddedModifier(RequireWhatCannotBeNull));
            o.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            o.SerializerOptions.RespectNullableAnnotations = true;
        });
        return services;
    }

    /// <summary>A field without a default must be there, unless it may be null: null is left out on the wire.</summary>
    static void RequireWhatCannotBeNull(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false }) property.IsRequired = true;
        }
    }

    public static WebApplication MapCrmApi(this WebApplication app)
    {
        app.UseErrors();
        app.Use(PageSecurity.ApplyAsync);
        app.UseGuards();
        app.UseRouting();
        app.UseAccess();

        var api = app.MapGroup("/api").WithETags().WithVeil().WithPreconditions().WithKnownQueries();
        api.RequireRateLimiting(AccessModule.RequestLimit);
        SessionEndpoints.Map(api);
        OpenSessionEndpoints.Map(api);
        AuditEndpoints.Map(api);
        ApiKeyEndpoints.Map(api);
        CommandsModule.Map(api);
        DirectoryModule.Map(api);
        SeatEndpoints.Map(api);
        PhoneTestEndpoints.Map(api);
        PracticeEndpoints.Map(api);
        CatalogModule.Map(api);
        AdminModule.Map(api);
        WebhookEndpoints.Map(api);
        WebFormEndpoints.Map(api);
        BackupModule.Map(api);
        HttpsModule.Map(api);
        GuideModule.Map(api);
        ClientEndpoints.Map(api);
        ReviewEndpoints.Map(api);
        NoteEndpoints.Map(api);
        DuplicateEndpoints.Map(api);
        BinEndpoints.Map(api);
        DoNotCall.Map(api);
        DealEndpoints.Map(api);
        ImportEndpoints.Map(api);
        ExportEndpoints.Map(api);
        FileEndpoints.Map(api);
        MailEndpoints.Map(api);
        CallEndpoints.Map(api);
        DayEndpoints.Map(api);
        TaskEndpoints.Map(api);
        MissedEndpoints.Map(api);
        JunkModule.Map(api);
        RecordingEndpoints.Map(api);
        ReportEndpoints.Map(api);
        ScriptEditEndpoints.Map(api);
        app.MapScripts().RequireAuthorization(Rights.SeeScripts).RequireRateLimiting(AccessModule.RequestLimit);
        app.MapLive(api);
        app.MapUnknownAddresses();
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.MapShell();
        return app;
    }
}
