using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Transcripts;

/// <summary>
/// One recording after the other, the newest first, into what was said in it. Killed anywhere, the next run begins that recording again: what it says is
/// written whole in one transaction, so nothing is half there and nothing twice.
/// </summary>
internal sealed partial class Transcriber(
    TranscriptTable table, RecordingFiles store, Whisper whisper, IOptions<TranscriptOptions> options, TimeProvider time, ILogger<Transcriber> log)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromHours(6);

    /// <summary>Where the work lies; swept at the start.</summary>
    public string Folder { get; } = Path.GetFullPath(string.IsNullOrWhiteSpace(options.Value.WorkFolder) ? Path.Combine(store.Folder, "tmp", "transcript") : options.Value.WorkFolder);

    /// <summary>False: nothing is due.</summary>
    public async Task<bool> OneAsync(CancellationToken ct)
    {
        if (await table.NextAsync(ct) is not { } job) return false;
        if (job.Attempts > options.Value.Attempts)
        {
            await table.FailAsync(job, "failed", TranscriptTable.CutOff, null, ct);
            return true;
        }

        if (job.Duration_ms > options.Value.Longest.TotalMilliseconds)
        {
            await table.FailAsync(job, "too_long", $"Longer than {options.Value.Longest:c}.", null, ct);
            return true;
        }

        try
        {
            await WriteDownAsync(job, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await table.BreakOffAsync(job.Recording, CancellationToken.None);
            throw;
        }
        catch (Exception e) when (e is TranscriptException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await FailAsync(job, e.Message, ct);
        }

        return true;
    }

    private async Task WriteDownAsync(TranscriptJob job, CancellationToken ct)
    {
        if (job.Path is not { } path || store.FullPath(path) is not { } sound || !File.Exists(sound)) throw new TranscriptException("The recording's file is gone.");
        var peaks = Waveform.FromBytes(job.Waveform);
        var began = time.GetTimestamp();
        var folder = Path.Combine(Folder, job.Recording.ToString("N"));
        try
        {
            Clear(folder);
            Directory.CreateDirectory(folder);
            var client = await SideAsync("client", peaks.Client);
            var agent = await SideAsync("agent", peaks.Agent);
            var lines = SpokenText.Merge(client.Pieces, agent.Pieces, peaks, job.Duration_ms);
            // Of two that heard different languages, the one that heard more is right.
            var language = (Length(agent) > Length(client) ? agent.Language : client.Language) ?? client.Language ?? agent.Language ?? Known(job);
            await table.FinishAsync(job, lines, options.Value.ModelName, language, ct);
            LogDone(job.CallId, lines.Count, language, (long)time.GetElapsedTime(began).TotalMilliseconds);
        }
        finally
        {
            Clear(folder);
        }

        // A side without sound is not sent: the model would make something up.
        async Task<WhisperOutput> SideAsync(string side, byte[] heard) =>
            heard.Length == 0 || SpokenText.HasSound(heard) ? await whisper.HearAsync(sound, side, Known(job), TimeSpan.FromMilliseconds(job.Duration_ms), folder, ct) : new WhisperOutput(null, []);
    }

    private static int Length(WhisperOutput output) => output.Pieces.Sum(p => p.Text.Length);

    private string? Known(TranscriptJob job) => options.Value.Language switch
    {
        "auto" => job.Language is [_, _, ..] known ? known[..2].ToLowerInvariant() : null,
        "detect" => null,
        var one => one,
    };

    private async Task FailAsync(TranscriptJob job, string error, CancellationToken ct)
    {
        DateTimeOffset? again = null;
        if (job.Attempts < options.Value.Attempts)
        {
            var rest = options.Value.RetryAfter * Math.Pow(2, job.Attempts - 1);
            again = time.GetUtcNow() + (rest < LongestRest ? rest : LongestRest);
        }

        await table.FailAsync(job, "failed", error, again, ct);
        LogFailed(job.CallId, job.Attempts, error);
    }

    /// <summary>What a run that was killed has left.</summary>
    public void Sweep() => Clear(Folder);

    private static void Clear(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Transcript of call {CallId}: {Lines} lines, language {Language}, in {Elapsed_ms} ms")]
    private partial void LogDone(Guid? callId, int lines, string? language, long elapsed_ms);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Transcript of call {CallId} failed at attempt {Attempt}: {Error}")]
    private partial void LogFailed(Guid? callId, int attempt, string error);
}
