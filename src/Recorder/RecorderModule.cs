using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;
using CallCrm.Recorder.Transcripts;

namespace CallCrm.Recorder;

/// <summary>Audio into recordings, recordings into transcripts.</summary>
public static class RecorderModule
{
    /// <summary>The sections read here, for the check of the configuration.</summary>
    public static IReadOnlyList<KnownSection> Sections { get; } = [new(RecorderOptions.Section, typeof(RecorderOptions)), new(TranscriptOptions.Section, typeof(TranscriptOptions))];

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
        services.AddMetrics();
        services.AddSingleton<RecordingOrphans>();
        services.AddSingleton<RecordingWatch>();
        services.AddSingleton(new MailboxSources(VoicemailFolders.From(configuration)));
        services.AddSingleton<MailboxTable>();
        services.AddSingleton<MailboxTaker>();
        services.AddHostedService<RecorderWorker>();
        services.AddOptions<TranscriptOptions>()
            .Bind(configuration.GetSection(TranscriptOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton<TranscriptTable>();
        services.AddSingleton<Whisper>();
        services.AddSingleton<Transcriber>();
        services.AddHostedService<TranscriptWorker>();
        return services;
    }

    private static RecordingSources Sources(IConfiguration configuration)
    {
        var own = configuration.GetSection($"{RecorderOptions.Section}:{nameof(RecorderOptions.Incoming)}").GetChildren().Select(c => (Folder: c.Value, Node: (string?)null));
        var pbxs = configuration.GetSection("Pbx").GetChildren().Select(p => (Folder: p["RecordingFolder"], Node: p["Node"]));
        return new RecordingSources(
        [
            .. pbxs.Concat(own)
                .Where(f => !string.IsNullOrWhiteSpace(f.Folder))
                .Select(f => new RecordingSource(Path.GetFullPath(f.Folder!), string.IsNullOrWhiteSpace(f.Node) ? null : f.Node))
                .DistinctBy(f => f.Folder, StringComparer.Ordinal),
        ]);
    }
}
