using System.Diagnostics.Metrics;
using CallCrm.CallFlow;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Transcripts;

/// <summary>
/// Writes recordings down, one at a time, apart from taking them in: however long a conversation takes, new recordings are stored meanwhile. Metrics
/// <c>callcrm_transcripts_waiting</c> and <c>callcrm_transcripts_failed</c>, meter <c>CallCrm.Recorder</c>.
/// </summary>
internal sealed partial class TranscriptWorker : BackgroundService
{
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(15);

    /// <summary>A recording is looked for so long after it was taken in, whatever happened to this look.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(10);

    private readonly TranscriptTable _table;
    private readonly Transcriber _transcriber;
    private readonly RecordingFiles _store;
    private readonly IOptions<TranscriptOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger<TranscriptWorker> _log;
    private DateTimeOffset _since;
    private DateTimeOffset _counted;
    private long _waiting;
    private long _failed;

    public TranscriptWorker(TranscriptTable table, Transcriber transcriber, RecordingFiles store, IOptions<TranscriptOptions> options, TimeProvider time, IMeterFactory meters, ILogger<TranscriptWorker> log)
    {
        (_table, _transcriber, _store, _options, _time, _log) = (table, transcriber, store, options, time, log);
        var meter = meters.Create("CallCrm.Recorder");
        meter.CreateObservableGauge("callcrm_transcripts_waiting", () => Interlocked.Read(ref _waiting), description: "Recordings that wait to be written down");
        meter.CreateObservableGauge("callcrm_transcripts_failed", () => Interlocked.Read(ref _failed), description: "Recordings that could not be written down, to be tried again or given up");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var only = await StoreLock.TakeAsync(_store, "transcripts.lock", RestAfterFailure, _time, LogWaiting, stoppingToken);
        var began = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var rest = _options.Value.PollInterval;
            try
            {
                if (!began) await BeginAsync(stoppingToken);
                began = true;
                if (!_options.Value.IsOn) return;
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Most often the database is away. Nothing is lost: what waits is begun again.
                LogFailed(e);
                rest = RestAfterFailure;
            }

            await Task.Delay(rest, _time, stoppingToken);
        }
    }

    internal async Task BeginAsync(CancellationToken ct)
    {
        _transcriber.Sweep();
        if (!_options.Value.IsOn)
        {
            await _table.EndAsync(ct);
            return;
        }

        _since = _time.GetUtcNow() - _options.Value.Back;
        await _table.BeginAsync(_options.Value.ModelName, _since, ct);
        LogOn(_options.Value.ModelName);
    }

    /// <summary>All that is due; what came meanwhile goes before what is older.</summary>
    internal async Task LookAsync(CancellationToken ct)
    {
        do
        {
            var now = _time.GetUtcNow();
            await _table.QueueAsync(_since, ct);
            if (now - Overlap > _since) _since = now - Overlap;
            if (now >= _counted)
            {
                _counted = now + CountEvery;
                var (waiting, failed) = await _table.CountAsync(ct);
                Interlocked.Exchange(ref _waiting, waiting);
                Interlocked.Exchange(ref _failed, failed);
            }
        }
        while (await _transcriber.OneAsync(ct));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Transcripts: recordings are written down with model {Model}")]
    private partial void LogOn(string model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Transcripts wait: the recording store {Store} is not ours yet: {Error}")]
    private partial void LogWaiting(string store, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Transcripts could not be made now; what waits is begun again")]
    private partial void LogFailed(Exception error);
}
