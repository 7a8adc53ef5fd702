using CallCrm.CallFlow;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Intake;

internal enum TakeOutcome
{
    Stored,

    /// <summary>A run before this one had stored it, and only the originals were left to clear away.</summary>
    StoredBefore,
    NothingToStore,
    Broken,

    /// <summary>It is not to be kept, and is deleted.</summary>
    NotKept,
}

/// <summary>
/// One recording from the PBX's files into the store. The order makes it safe to end anywhere and begin again:
/// <list type="number">
/// <item>a row, pending</item>
/// <item>ffmpeg into <c>tmp</c>, flushed, then renamed to the row's own path</item>
/// <item>the row, ready, with hashes and waveform</item>
/// <item>the originals away, the mark last</item>
/// </list>
/// Begun again after 1 or 2 it does the same work under the same id; after 3 it sees its own hashes, and goes on with 4.
/// </summary>
internal sealed partial class RecordingTaker(
    RecordingTable table, RecordingFiles store, Transcoder transcoder, IOptions<RecorderOptions> options, ILogger<RecordingTaker> log)
{
    /// <summary>Beside the incoming files: what was stored, kept for a while.</summary>
    public const string TakenFolder = "taken";

    /// <summary>Beside the incoming files: what could not be stored; a person decides. Put back, it is tried again.</summary>
    public const string BrokenFolder = "broken";

    /// <summary>For tests: called with the name of each step that is done, and may throw as a crash would.</summary>
    internal Action<string>? AfterStep { get; set; }

    /// <summary>Throws <see cref="IOException"/> and the like when the store cannot take it now; then it stays pending.</summary>
    public async Task<TakeOutcome> TakeAsync(FoundRecording found, RecordedLeg? leg, CancellationToken ct)
    {
        if (leg is { Unkept: true })
        {
            Discard(found);
            return TakeOutcome.NotKept;
        }

        var key = leg is null ? RecordingName.Guess(found.Stem, found.Node) : new RecordingKey(leg.Node, leg.UniqueId);
        var row = await table.FindOrAddAsync(key, found.Cuts, leg?.CallId, ct);
        AfterStep?.Invoke("row");
        var client = found.HasIn ? await WavSide.ReadAsync(found.In, ct) : WavSide.None;
        var agent = found.HasOut ? await WavSide.ReadAsync(found.Out, ct) : WavSide.None;

        if (row.Status == "ready")
        {
            if (IsStored(row, client, agent))
            {
                PutAway(found, TakenFolder);
                return TakeOutcome.StoredBefore;
            }

            row = await table.AddAsync(key, leg?.CallId, ct);
        }

        if (!client.HasSound && !agent.HasSound) return await RefuseAsync(found, row, leg, client, agent, WhyNoSound(leg, client, agent), ct);
        try
        {
            await StoreAsync(found, row, leg, client, agent, ct);
            return TakeOutcome.Stored;
        }
        catch (TranscodeException e)
        {
            return await RefuseAsync(found, row, leg, client, agent, ("broken", e.Message), ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            await table.DelayAsync(row, $"not stored yet: {e.Message}", ct);
            throw;
        }
    }

    /// <summary>A recording that was taken, or is awaited, before it was said that it is not to be kept. Killed in the middle, it is found again: the row goes last.</summary>
    /// <param name="sources">Where the PBX's files were taken from: what was put away there goes, too.</param>
    public async Task RemoveAsync(RecordingRow row, IEnumerable<RecordingSource> sources, CancellationToken ct)
    {
        if (row.Path is { } path) File.Delete(store.FullPath(path));
        foreach (var source in sources)
        {
            // A share that is away may hold a copy: the row is all that leads to it.
            if (!Directory.Exists(source.Folder)) throw new IOException($"the folder {source.Folder} cannot be read");
            foreach (var folder in new[] { TakenFolder, BrokenFolder }.Select(f => Path.Combine(source.Folder, f)).Where(Directory.Exists))
            {
                foreach (var file in Directory.EnumerateFiles(folder, $"*-{row.PbxUniqueId}-*.wav").Where(f => IsOf(row, f, source.Node))) File.Delete(file);
            }
        }

        AfterStep?.Invoke("sound gone");
        await table.RemoveAsync(row, ct);
    }

    private static bool IsOf(RecordingRow row, string file, string? node) =>
        RecordingName.Stem(Path.GetFileName(file)) is { } stem && RecordingName.Cuts(stem, node).Contains(new RecordingKey(row.Node, row.PbxUniqueId));

    /// <summary>The mark goes last, as below. A file that cannot be deleted is tried again.</summary>
    private void Discard(FoundRecording found)
    {
        File.Delete(found.In);
        File.Delete(found.Out);
        AfterStep?.Invoke("sound gone");
        File.Delete(found.Mark);
    }

    private async Task StoreAsync(FoundRecording found, RecordingRow row, RecordedLeg? leg, WavSide client, WavSide agent, CancellationToken ct)
    {
        var duration = client.Duration > agent.Duration ? client.Duration : agent.Duration;
        var startedAt = found.LastWrite - duration;
        var path = RecordingFiles.PathOf(row.Id, startedAt);
        var full = store.FullPath(path);
        var temporary = Path.Combine(store.Folder, "tmp", $"{row.Id:N}.opus");
        Directory.CreateDirectory(Path.GetDirectoryName(temporary)!);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);

        await transcoder.RunAsync(client.HasSound ? found.In : null, agent.HasSound ? found.Out : null, duration, temporary, ct);
        AfterStep?.Invoke("transcoded");
        var size = new FileInfo(temporary).Length;
        DurableFile.Publish(temporary, full);
        AfterStep?.Invoke("published");

        await table.CloseAsync(row.Id, leg?.CallId, new TakenRecording(
            "ready", client.Sha256, agent.Sha256, (int)duration.TotalMilliseconds, size, path,
            new Waveform(client.Peaks, agent.Peaks).ToBytes(), Remarks(client, agent), startedAt), ct);
        AfterStep?.Invoke("closed");
        PutAway(found, TakenFolder);
    }

    private async Task<TakeOutcome> RefuseAsync(
        FoundRecording found, RecordingRow row, RecordedLeg? leg, WavSide client, WavSide agent, (string Status, string Error) why, CancellationToken ct)
    {
        await table.CloseAsync(row.Id, leg?.CallId, new TakenRecording(
            why.Status, client.Sha256, agent.Sha256, null, null, null, null, why.Error, found.LastWrite), ct);
        AfterStep?.Invoke("closed");
        // A file that holds something, though not what was expected, is a person's to judge.
        PutAway(found, why.Status == "broken" ? BrokenFolder : TakenFolder);
        return why.Status == "broken" ? TakeOutcome.Broken : TakeOutcome.NothingToStore;
    }

    private static (string Status, string Error) WhyNoSound(RecordedLeg? leg, WavSide client, WavSide agent) =>
        leg is { Answered: false } && IsEmpty(client) && IsEmpty(agent)
            ? ("missing", "The call was not answered: there was nothing to record.")
            : ("broken", $"No sound. Client's side: {client.Fault}. Agent's side: {agent.Fault}.");

    private static bool IsEmpty(WavSide side) => side.Sha256 is null || (side.Fault?.StartsWith("empty", StringComparison.Ordinal) ?? false);

    /// <summary>What a listener should know about a recording that can be played.</summary>
    private static string? Remarks(WavSide client, WavSide agent)
    {
        string?[] remarks =
        [
            Of("Client's side", client),
            Of("Agent's side", agent),
        ];
        var text = string.Join(" ", remarks.OfType<string>());
        return text.Length == 0 ? null : text;

        static string? Of(string whose, WavSide side) =>
            side.Fault is { } fault ? $"{whose} is silent: {fault}." : side.Remark is { } remark ? $"{whose}: {remark}." : null;
    }

    /// <summary>Whether the row tells of these very files, and its sound is there. A file that is already away counts as the same.</summary>
    private bool IsStored(RecordingRow row, WavSide client, WavSide agent)
    {
        if (client.Sha256 is { } a && a != row.Sha256In) return false;
        if (agent.Sha256 is { } b && b != row.Sha256Out) return false;
        return row.Path is { } path && new FileInfo(store.FullPath(path)) is { Exists: true } file && file.Length == row.SizeBytes;
    }

    /// <summary>The mark goes last: as long as it is there, a restart looks again.</summary>
    private void PutAway(FoundRecording found, string to)
    {
        try
        {
            foreach (var file in new[] { found.In, found.Out }.Where(File.Exists))
            {
                if (to == TakenFolder && options.Value.KeepOriginals == TimeSpan.Zero)
                {
                    File.Delete(file);
                }
                else
                {
                    var folder = Directory.CreateDirectory(Path.Combine(found.Folder, to)).FullName;
                    File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
                }

                AfterStep?.Invoke("one away");
            }

            File.Delete(found.Mark);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotPutAway(log, found.Stem, found.Folder, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recording {Stem} is taken, but its files could not be put away in {Folder}: {Error}")]
    private static partial void LogNotPutAway(ILogger log, string stem, string folder, string error);
}
