using CallCrm.CallFlow.Demo;
using CallCrm.DemoPbx.Recording;
using Npgsql;

namespace CallCrm.AllInOne;

/// <summary>Gives the demo's past conversations a sound, once, where the demo PBX leaves its recordings: from there they come in as any others do.</summary>
sealed partial class DemoSounds(NpgsqlDataSource database, IConfiguration configuration, TimeProvider time, ILogger<DemoSounds> log) : BackgroundService
{
    /// <summary>The first pages have the machine for themselves.</summary>
    static readonly TimeSpan After = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration["DemoPbx:RecordingFolder"] is not { Length: > 0 } folder)
            return;
        await Task.Delay(After, time, stoppingToken);
        try
        {
            foreach (var talk in await DemoTalks.AwaitedAsync(database, stoppingToken))
            {
                stoppingToken.ThrowIfCancellationRequested();
                SpokenCall.Write(folder, talk.Stem, talk.Language, talk.Duration_ms, [.. talk.Lines.Select(l => new SpokenLine(l.Side == "client", l.From_ms, l.To_ms, l.Text))], talk.EndedAt);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NpgsqlException)
        {
            LogFailed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The demo's past conversations have no sound")]
    partial void LogFailed(Exception error);
}
