using CallCrm.CallFlow;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Intake;

/// <summary>The voicemail folders of this machine's PBXs.</summary>
internal sealed record MailboxSources(IReadOnlyList<VoicemailFolder> Folders);

/// <summary>
/// The sound of messages in the PBX's own mailboxes, into the store. What lies there is the PBX's: it is copied and never touched, so the same
/// work may be begun again at any point. A row is made when there is something to say.
/// </summary>
internal sealed partial class MailboxTaker(
    MailboxSources sources, MailboxTable messages, RecordingTable table, RecordingFiles store, Transcoder transcoder, IOptions<RecorderOptions> options, TimeProvider time, ILogger<MailboxTaker> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Older ones are not waited for any more.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromDays(30);

    private readonly Dictionary<string, VoicemailSpool> _spools = sources.Folders.ToDictionary(f => f.Node, f => new VoicemailSpool(f.Path, time), StringComparer.Ordinal);
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);
    private DateTimeOffset _next;

    /// <summary>For tests: called with the name of each step that is done, and may throw as a crash would.</summary>
    internal Action<string>? AfterStep { get; set; }

    public async Task LookAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (now < _next) return;
        _next = now + Interval;
        var awaited = await messages.AwaitedAsync(now - LookBack, ct);
        foreach (var node in awaited.GroupBy(m => m.Node, StringComparer.Ordinal))
        {
            var lying = Lying(node.Key, out var why);
            foreach (var message in node) await LookAtAsync(message, lying, why, now, ct);
        }

        await messages.TieAsync(now - LookBack, ct);
    }

    /// <returns>Null: the folder cannot be read, or there is none.</returns>
    private IReadOnlyDictionary<string, VoicemailMessage>? Lying(string node, out string why)
    {
        why = $"No voicemail folder is set for PBX {node}, and it has none on this machine (Pbx:N:VoicemailFolder).";
        if (!_spools.TryGetValue(node, out var spool)) return null;
        try
        {
            var found = spool.Look();
            _unreadable.Remove(node);
            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"The voicemail folder {spool.Root} cannot be read: {e.Message}";
            if (_unreadable.Add(node)) LogUnreadable(node, why);
            return null;
        }
    }

    private async Task LookAtAsync(AwaitedMessage message, IReadOnlyDictionary<string, VoicemailMessage>? lying, string why, DateTimeOffset now, CancellationToken ct)
    {
        if (message.Key is { } key && lying?.GetValueOrDefault(key) is { } found)
        {
            if (File.Exists(found.Sound))
            {
                await TakeAsync(message, found, ct);
                return;
            }

            why = $"Beside {found.Text} lies no {Path.GetFileName(found.Sound)} (format = wav in voicemail.conf; other formats are not taken in).";
        }
        else if (lying is not null)
        {
            why = message.State == "Removed" ? "The message was deleted on the phone before it was taken in." : "The message is not in the voicemail folder.";
        }

        var given = message.State == "Removed" || now - message.LeftAt >= options.Value.MissingAfter;
        if (!given || message.Error == why) return;
        var row = await messages.RowAsync(message, ct);
        await table.CloseAsync(row, message.CallId, new TakenRecording("missing", null, null, null, null, null, null, why, message.LeftAt), ct);
        LogMissing(message.CallId, why);
    }

    private async Task TakeAsync(AwaitedMessage message, VoicemailMessage found, CancellationToken ct)
    {
        var row = await messages.RowAsync(message, ct);
        AfterStep?.Invoke("row");
        Directory.CreateDirectory(Path.Combine(store.Folder, "tmp"));
        var (copy, temporary) = (Path.Combine(store.Folder, "tmp", $"{row:N}.wav"), Path.Combine(store.Folder, "tmp", $"{row:N}.opus"));
        try
        {
            await using (var sound = _spools[message.Node].Open(found))
            await using (var target = new FileStream(copy, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true)) await sound.CopyToAsync(target, ct);
            AfterStep?.Invoke("copied");
            var side = await WavSide.ReadAsync(copy, ct);
            await table.CloseAsync(row, message.CallId, side.HasSound ? await StoreAsync(row, side, found, copy, temporary, ct) : Broken(side, $"{found.Sound}: {side.Fault}."), ct);
            LogTaken(message.CallId, side.HasSound ? "stored" : side.Fault!);
        }
        catch (TranscodeException e)
        {
            await table.CloseAsync(row, message.CallId, Broken(WavSide.None, e.Message), ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // Renumbered at this moment, or the store is full: at the next look.
            LogLater(message.CallId, e.Message);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private async Task<TakenRecording> StoreAsync(Guid row, WavSide side, VoicemailMessage found, string copy, string temporary, CancellationToken ct)
    {
        var path = RecordingFiles.PathOf(row, found.LeftAt);
        var full = store.FullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        await transcoder.RunAsync([new Sound(copy, null, side.Duration, side.Rate_Hz, temporary)], behind: false, ct);
        var size = new FileInfo(temporary).Length;
        DurableFile.Publish(temporary, full);
        AfterStep?.Invoke("published");
        return new TakenRecording("ready", side.Sha256, null, (int)side.Duration.TotalMilliseconds, size, path, new Waveform(side.Peaks, []).ToBytes(), side.Remark, found.LeftAt);
    }

    private static TakenRecording Broken(WavSide side, string error) => new("broken", side.Sha256, null, null, null, null, null, error, null);

    [LoggerMessage(Level = LogLevel.Information, Message = "Voicemail message of call {CallId}: {Outcome}")]
    private partial void LogTaken(Guid callId, string outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Voicemail message of call {CallId} is not stored yet: {Error}")]
    private partial void LogLater(Guid callId, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Voicemail message of call {CallId} is missing: {Error}")]
    private partial void LogMissing(Guid callId, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages of PBX {Node} are not taken in now: {Error}")]
    private partial void LogUnreadable(string node, string error);
}
