using CallCrm.CallFlow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What every process of CallCrm does the same way: configuration, logs, metrics, health, errors.</summary>
public static class HostDefaults
{
    const string Ready = "ready";

    /// <summary>Call first. Reads the configuration file and ends the start with a clear error when a setting cannot be used.</summary>
    /// <param name="sections">The sections this process reads; their keys and values are checked.</param>
    /// <exception cref="ConfigurationException">Names every key that is wrong and what was expected.</exception>
    public static TBuilder AddCallCrmDefaults<TBuilder>(this TBuilder builder, params KnownSection[] sections) where TBuilder : IHostApplicationBuilder
    {
        var inFile = ConfigurationFile.AddTo(builder.Configuration, builder.Configuration);
        ConfigurationCheck.Run(builder.Configuration, inFile, sections);
        AddLogs(builder.Logging);
        builder.Services.AddOpenTelemetry().WithMetrics(AddMetrics);
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealth>("database", tags: [Ready]);
        builder.Services.AddProblemDetails();
        builder.Services.AddHostedService<StartLeavings>();
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 }) AddService(builder.Services);
        return builder;
    }

    /// <summary><c>/health/live</c>: the process runs. <c>/health/ready</c>: the database answers, and whatever else registered a check tagged "ready". <c>/metrics</c>: Prometheus.</summary>
    public static IEndpointRouteBuilder MapCallCrmDefaults(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = c => c.Tags.Contains(Ready) }).AllowAnonymous();
        app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous();
        return app;
    }

    /// <summary>Runs until the process is asked to end.</summary>
    /// <exception cref="ConfigurationException">A value that has the right type cannot be used; all such values are named.</exception>
    public static async Task RunCallCrmAsync(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        try
        {
            // Else the host would look at them itself, and write the whole stack of calls into the log.
            app.Services.GetService<IStartupValidator>()?.Validate();
        }
        catch (Exception e) when (e is OptionsValidationException or AggregateException)
        {
            var wrong = (e as AggregateException)?.InnerExceptions.OfType<OptionsValidationException>() ?? [(OptionsValidationException)e];
            throw new ConfigurationException("The configuration cannot be used:" + string.Concat(wrong.SelectMany(w => w.Failures).Select(f => $"\n  {f}")));
        }

        await app.RunAsync();
    }

    /// <summary>
    /// As a service of Type=notify: says when it is ready, and marks each line of the log with its level. What AddSystemd does, which looks for systemd in /proc,
    /// where ProtectProc= hides it.
    /// </summary>
    static void AddService(IServiceCollection services)
    {
        services.AddSingleton<ISystemdNotifier, SystemdNotifier>();
        services.AddSingleton<IHostLifetime, SystemdLifetime>();
        services.Configure<ConsoleLoggerOptions>(o => o.FormatterName = ConsoleFormatterNames.Systemd);
    }

    static void AddLogs(ILoggingBuilder logs)
    {
        logs.ClearProviders();
        logs.AddConsole();
        logs.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        logs.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        logs.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        logs.AddFilter("Npgsql", LogLevel.Warning);
    }

    static void AddMetrics(MeterProviderBuilder metrics) => metrics
        .AddMeter("CallCrm*", "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Http.Connections")
        .AddView(i => i.Name.StartsWith("callcrm_", StringComparison.Ordinal) && i.Name.EndsWith("_seconds", StringComparison.Ordinal) ? Seconds : null)
        .AddPrometheusExporter();

    /// <summary>From a millisecond to ten seconds: where the data's way is measured.</summary>
    static readonly ExplicitBucketHistogramConfiguration Seconds = new() { Boundaries = [0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10] };
}
