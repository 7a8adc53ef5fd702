using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;

namespace CallCrm.Recorder;

/// <summary>Audio into recordings.</summary>
public static class RecorderModule
{
    /// <summary>Needs the database of <c>AddCallFlow</c>.</summary>
    public static IServiceCollection AddRecorder(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RecorderOptions>()
            .Bind(configuration.GetSection(RecorderOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton(Sources(configuration));
        services.AddSingleton(RecordingFiles.From(configuration));
        services.AddSingleton<RecordingTable>();
        services.AddSingleton<Transcoder>();
        services.AddSingleton<RecordingTaker>();
        services.AddSingleton<RecordingWatch>();
        services.AddHostedService<RecorderWorker>();
        return services;
    }

    private static RecordingSources Sources(IConfiguration configuration)
    {
        var own = configuration.GetSection($"{RecorderOptions.Section}:{nameof(RecorderOptions.Incoming)}").GetChildren().Select(c => c.Value);
        var pbxs = configuration.GetSection("Pbx").GetChildren().Select(p => p["RecordingFolder"]);
        return new RecordingSources(
        [
            .. own.Concat(pbxs).Where(f => !string.IsNullOrWhiteSpace(f)).Select(f => Path.GetFullPath(f!)).Distinct(StringComparer.Ordinal),
        ]);
    }
}
