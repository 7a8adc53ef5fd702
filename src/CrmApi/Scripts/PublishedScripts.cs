using System.Text;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Takes what was published in the page into use: here at once, elsewhere within the poll's time.</summary>
internal sealed partial class PublishedScripts(ScriptEditStore store, ScriptShelf shelf, Microsoft.Extensions.Options.IOptions<ScriptsOptions> options, TimeProvider time, ILogger<PublishedScripts> log) : BackgroundService
{
    private readonly SemaphoreSlim _one = new(1);
    private long _stamp = -1;
    private bool _away;

    /// <summary>They stand before the first call is served; without the database the library's files do.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryRefreshAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.Value.PollInterval, time, stoppingToken);
            await TryRefreshAsync(stoppingToken);
        }
    }

    public async Task RefreshAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var stamp = await store.StampAsync(cancel);
            if (stamp == _stamp) return;
            var scripts = new List<Script>();
            foreach (var text in await store.NewestAsync(cancel))
            {
                if (text.Yaml is null) continue;
                // It met the rules of the day it was published; today's may be stricter.
                var reading = ScriptReader.Read(FileOf(text.ScriptId, text.N), Encoding.UTF8.GetBytes(text.Yaml), ScriptShape.Any);
                if (reading.Script is { } script) scripts.Add(script);
                else LogUnreadable(text.ScriptId, text.N, reading.Problems[0].ToString());
            }

            shelf.Refresh(scripts);
            _stamp = stamp;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>No file of the library: their last good versions are kept by name.</summary>
    private static string FileOf(string id, int n) => $"{id} (published {n})";

    private async Task TryRefreshAsync(CancellationToken cancel)
    {
        try
        {
            await RefreshAsync(cancel);
            _away = false;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (!_away) LogAway(e.Message);
            _away = true;
        }
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Scripts published in the page cannot be read now ({Error}); those known before stay in use")]
    private partial void LogAway(string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Script {Id}, publish {N}, cannot be read any more: {Problem}")]
    private partial void LogUnreadable(string id, int n, string problem);
}
