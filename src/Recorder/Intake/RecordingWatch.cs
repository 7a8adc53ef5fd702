using CallCrm.CallFlow;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Intake;

/// <param name="Node">The PBX that writes there, when the configuration says so.</param>
internal sealed record RecordingSource(string Folder, string? Node);

/// <summary>The folders that are watched.</summary>
internal sealed record RecordingSources(IReadOnlyList<RecordingSource> Folders);

/// <summary>One look at everything: take what is complete, some at a time, and mark what should be there and is not.</summary>
internal sealed partial class RecordingWatch(
    RecordingSources sources, RecordingTable table, RecordingTaker taker, RecordingFiles store, IOptions<RecorderOptions> options, TimeProvider time, ILogger<RecordingWatch> log)
{
    /// <summary>Calls older than this are not looked through for missing recordings, but at the first look and at the first that may call one missing.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromDays(2);
    private static readonly TimeSpan LookBackAtStart = TimeSpan.FromDays(30);
    private static readonly TimeSpan AwaitedInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ClearInterval = TimeSpan.FromHours(1);

    /// <summary>Taken at once. After a rush of calls the first are to be heard soon, and a call's new state waits for no more than these.</summary>
    private const int MostAtOnce = 20;

    /// <summary>A listener may wait so long while calls have the machine.</summary>
    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(2);

    private readonly IncomingFolder[] _folders = [.. sources.Folders.Select(f => new IncomingFolder(f.Folder, f.Node, time))];
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    /// <summary>Files that were dealt with, or failed, and lie there still: looked at again when they change, or at that time.</summary>
    private readonly Dictionary<(string Folder, string Stem), (DateTimeOffset LastWrite, DateTimeOffset Until)> _rest = [];

    private readonly DateTimeOffset _since = time.GetUtcNow();
    private DateTimeOffset _awaitedAt;
    private DateTimeOffset _clearAt;
    private bool _behind;
    private bool _looked;
    private bool _judged;

    public async Task LookAsync(CancellationToken ct)
    {
        var here = new HashSet<RecordingKey>();
        var complete = new List<(FoundRecording Found, RecordedLeg? Leg)>();
        var allReadable = true;
        foreach (var folder in _folders)
        {
            if (Found(folder) is not { } found)
            {
                allReadable = false;
                continue;
            }

            foreach (var recording in found)
            {
                here.UnionWith(recording.Cuts);
                var (isComplete, leg) = await LookAtAsync(recording, ct);
                if (isComplete) complete.Add((recording, leg));
                if (complete.Count == MostAtOnce) await TakeAsync(complete, ct);
            }
        }

        if (complete.Count > 0) await TakeAsync(complete, ct);
        var now = time.GetUtcNow();
        if (now >= _awaitedAt)
        {
            // While a folder cannot be read nobody can say that a file is missing. After a start files may be on their way yet, as after a call.
            await AwaitedAsync(here, mayBeMissing: allReadable && now - _since >= options.Value.MissingAfter, now, ct);
            _awaitedAt = now + AwaitedInterval;
        }

        if (now >= _clearAt)
        {
            ClearTaken(now);
            _clearAt = now + ClearInterval;
        }
    }

    private IReadOnlyList<FoundRecording>? Found(IncomingFolder folder)
    {
        try
        {
            var found = folder.Look();
            if (_unreadable.Remove(folder.Path)) LogReadable(folder.Path);
            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_unreadable.Add(folder.Path)) LogUnreadable(folder.Path, e.Message);
            return null;
        }
    }

    private async Task<(bool IsComplete, RecordedLeg? Leg)> LookAtAsync(FoundRecording found, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (_rest.TryGetValue((found.Folder, found.Stem), out var rest) && rest.LastWrite == found.LastWrite && now < rest.Until) return (false, null);
        if (!found.Done && found.Quiet < options.Value.QuietTime) return (false, null);
        var leg = await table.FindLegAsync(found.Cuts, ct);
        return (leg is not { Undecided: true } && IsComplete(found, leg, now), leg);
    }

    /// <summary>Empties the list.</summary>
    private async Task TakeAsync(List<(FoundRecording Found, RecordedLeg? Leg)> complete, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var waited = now - complete[0].Found.LastWrite;
        if (complete[0].Found.Done && waited > Behind != _behind)
        {
            _behind = !_behind;
            if (_behind) LogBehind(complete[0].Found.Stem, waited);
            else LogInTime();
        }

        foreach (var (found, leg, outcome, delayed) in await taker.TakeAsync(complete, waited > Behind, ct))
        {
            var place = (found.Folder, found.Stem);
            if (outcome is not { } done)
            {
                _rest[place] = (found.LastWrite, now + RetryInterval);
                LogNotTaken(found.Stem, RetryInterval, delayed!);
                continue;
            }

            LogTaken(found.Stem, done, leg?.CallId);
            _rest.Remove(place);
            if (File.Exists(found.In) || File.Exists(found.Out)) _rest[place] = (found.LastWrite, now + ClearInterval);
        }

        complete.Clear();
    }

    private bool IsComplete(FoundRecording found, RecordedLeg? leg, DateTimeOffset now)
    {
        if (found.Done) return true;
        if (leg is null) return found.Quiet >= options.Value.UnknownQuietTime;
        return leg.EndedAt is { } ended && now - ended >= options.Value.QuietTime;
    }

    /// <summary>A row for each call that is being recorded, so that the page can show it; and the truth when nothing comes.</summary>
    private async Task AwaitedAsync(HashSet<RecordingKey> here, bool mayBeMissing, DateTimeOffset now, CancellationToken ct)
    {
        var since = now - (_looked && (_judged || !mayBeMissing) ? LookBack : LookBackAtStart) - options.Value.MissingAfter;
        foreach (var leg in await table.AwaitedAsync(since, ct))
        {
            var key = new RecordingKey(leg.Node, leg.UniqueId);
            var row = await table.FindOrAddAsync(key, [key], leg.CallId, ct);
            if (row.Status != "pending" || !mayBeMissing || here.Contains(key)) continue;
            if (leg.EndedAt is not { } ended || now - ended < options.Value.MissingAfter) continue;
            var error = !leg.Answered ? "The call was not answered: there was nothing to record."
                : _folders.Length == 0 ? "No recording folder is set."
                : $"No file {key}-in.wav or -out.wav came within {options.Value.MissingAfter} of the call's end.";
            await table.CloseAsync(row.Id, leg.CallId, new TakenRecording("missing", null, null, null, null, null, null, error, null), ct);
            LogMissing(key.ToString(), leg.CallId, error);
        }

        await RemoveUnkeptAsync(since, ct);

        await table.TieAsync(since, ct);
        _looked = true;
        _judged |= mayBeMissing;
    }

    private async Task RemoveUnkeptAsync(DateTimeOffset since, CancellationToken ct)
    {
        foreach (var row in await table.UnkeptAsync(since, ct))
        {
            try
            {
                await taker.RemoveAsync(row, sources.Folders, ct);
                LogRemoved(row.Id, row.CallId);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotRemoved(row.Id, row.CallId, e.Message);
            }
        }
    }

    private void ClearTaken(DateTimeOffset now)
    {
        foreach (var folder in _folders)
        {
            try
            {
                var taken = new DirectoryInfo(Path.Combine(folder.Path, RecordingTaker.TakenFolder));
                if (!taken.Exists) continue;
                foreach (var file in taken.EnumerateFiles().Where(f => RecordingName.Stem(f.Name) is not null && now.UtcDateTime - f.LastWriteTimeUtc > options.Value.KeepOriginals))
                {
                    file.Delete();
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotCleared(folder.Path, e.Message);
            }
        }
    }

    /// <summary>What a run before this one was in the middle of making.</summary>
    public void ClearTemporary()
    {
        var temporary = new DirectoryInfo(Path.Combine(store.Folder, "tmp"));
        if (!temporary.Exists) return;
        foreach (var file in temporary.EnumerateFiles("*.opus").Concat(temporary.EnumerateFiles("*.wav"))) file.Delete();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Stem}: {Outcome}, call {CallId}")]
    private partial void LogTaken(string stem, TakeOutcome outcome, Guid? callId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recordings are late: {Stem} has waited for {Wait}. The machine is busy with other things, or this host was away")]
    private partial void LogBehind(string stem, TimeSpan wait);

    [LoggerMessage(Level = LogLevel.Information, Message = "Recordings are in time again")]
    private partial void LogInTime();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recording {Stem} is not stored yet, again in {Interval}: {Error}")]
    private partial void LogNotTaken(string stem, TimeSpan interval, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recording {Key} of call {CallId} is missing: {Error}")]
    private partial void LogMissing(string key, Guid callId, string error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Id} of call {CallId} is not to be kept: deleted")]
    private partial void LogRemoved(Guid id, Guid? callId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recording {Id} of call {CallId} is not to be kept, and could not be deleted; tried again: {Error}")]
    private partial void LogNotRemoved(Guid id, Guid? callId, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recording folder {Folder} cannot be read: {Error}")]
    private partial void LogUnreadable(string folder, string error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording folder {Folder} can be read again")]
    private partial void LogReadable(string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old recordings in {Folder} could not be cleared away: {Error}")]
    private partial void LogNotCleared(string folder, string error);
}
