using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Takes up edited files: at a notice of the file system, and by looking, since not every mount sends notices.</summary>
internal sealed partial class ScriptWorker(ScriptShelf shelf, IOptions<ScriptsOptions> options, TimeProvider time, ILogger<ScriptWorker> log)
    : BackgroundService
{
    private readonly Channel<bool> _notices = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The library stands before the first call is served.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        shelf.Refresh();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = Watch();
        while (!stoppingToken.IsCancellationRequested)
        {
            await NoticeOrPoll(stoppingToken);
            try
            {
                shelf.Refresh();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The library of before stays in use.
                LogRefreshFailed(e);
            }
        }
    }

    private async Task NoticeOrPoll(CancellationToken cancellationToken)
    {
        using var poll = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tick = Task.Delay(options.Value.PollInterval, time, poll.Token);
        var notice = _notices.Reader.ReadAsync(poll.Token).AsTask();
        var first = await Task.WhenAny(tick, notice);
        await poll.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (first != notice) return;
        do
        {
            await Task.Delay(options.Value.SettleTime, time, cancellationToken);
        }
        while (_notices.Reader.TryRead(out _));
    }

    private FileSystemWatcher? Watch()
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(shelf.FolderPath);
            watcher.Changed += (_, _) => _notices.Writer.TryWrite(true);
            watcher.Created += (_, _) => _notices.Writer.TryWrite(true);
            watcher.Deleted += (_, _) => _notices.Writer.TryWrite(true);
            watcher.Renamed += (_, _) => _notices.Writer.TryWrite(true);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            watcher?.Dispose();
            LogNoWatcher(shelf.FolderPath, options.Value.PollInterval, e.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No file notices for {Folder} ({Error}); it is looked at every {Interval} instead")]
    private partial void LogNoWatcher(string folder, TimeSpan interval, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The script library could not be refreshed; the one of before stays in use")]
    private partial void LogRefreshFailed(Exception error);
}
