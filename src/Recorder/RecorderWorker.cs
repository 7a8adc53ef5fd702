using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder;

/// <summary>Looks at the folders once a second, as the only one who works on this store.</summary>
internal sealed partial class RecorderWorker(
    RecordingWatch watch, MailboxTaker mailboxes, RecordingOrphans orphans, RecordingSources sources, RecordingFiles store, IOptions<RecorderOptions> options, TimeProvider time, ILogger<RecorderWorker> log)
    : BackgroundService
{
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var only = await StoreLock.TakeAsync(store, "lock", RestAfterFailure, time, LogWaiting, stoppingToken);
        watch.ClearTemporary();
        LogWatching(sources.Folders.Count == 0 ? "no folder" : string.Join(", ", sources.Folders.Select(f => f.Folder)), store.Folder);
        while (!stoppingToken.IsCancellationRequested)
        {
            var rest = options.Value.PollInterval;
            try
            {
                await watch.LookAsync(stoppingToken);
                await mailboxes.LookAsync(stoppingToken);
                await orphans.LookAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Most often the database is away. Nothing is lost: the files wait.
                LogFailed(e);
                rest = RestAfterFailure;
            }

            await Task.Delay(rest, time, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Recordings: watching {Folders}, storing in {Store}")]
    private partial void LogWatching(string folders, string store);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The recording store {Store} is not ours yet: {Error}")]
    private partial void LogWaiting(string store, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Recordings could not be looked at; files wait where they are")]
    private partial void LogFailed(Exception error);
}
