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

/// <param name="Outcome">Null: it cannot be stored now, and stays pending.</param>
/// <param name="Delayed">Why not.</param>
internal sealed record Taken(FoundRecording Found, RecordedLeg? Leg, TakeOutcome? Outcome, string? Delayed = null);

/// <summary>
/// Recordings from the PBX's files into the store, several with one start of ffmpeg. For each of them the order makes it safe to end anywhere and begin again:
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

    /// <summary>More sound than this is not made at once: it would be made again when one of them cannot be.</summary>
    private static readonly TimeSpan MostTogether = TimeSpan.FromMinutes(10);

    private sealed record Prepared(FoundRecording Found, RecordingRow Row, RecordedLeg? Leg, WavSide Client, WavSide Agent, string Temporary)
    {
        public TimeSpan Duration => Client.Duration > Agent.Duration ? Client.Duration : Agent.Duration;

        public Sound Sound => new(Client.HasSound ? Found.In : null, Agent.HasSound ? Found.Out : null, Duration, Math.Max(Client.Rate_Hz, Agent.Rate_Hz), Temporary);
    }

    /// <summary>What became of each; those that the store cannot take now stay pending.</summary>
    /// <param name="behind">They waited too long.</param>
    public async Task<IReadOnlyList<Taken>> TakeAsync(IReadOnlyList<(FoundRecording Found, RecordedLeg? Leg)> many, bool behind, CancellationToken ct)
    {
        var taken = new List<Taken>();
        var prepared = new List<Prepared>();
        foreach (var (found, leg) in many)
        {
            try
            {
                var (outcome, ready) = await PrepareAsync(found, leg, ct);
                if (ready is not null && prepared.Exists(p => p.Row.Id == ready.Row.Id))
                {
                    // The same channel's files once more, in another folder: the row tells whether they are the same when the first are stored.
                    taken.AddRange(await StoreAllAsync(prepared, behind, ct));
                    prepared.Clear();
                    (outcome, ready) = await PrepareAsync(found, leg, ct);
                }

                if (ready is null) taken.Add(new Taken(found, leg, outcome));
                else prepared.Add(ready);
            }
            catch (Exception e) when (IsForNow(e))
            {
                taken.Add(new Taken(found, leg, null, e.Message));
            }
        }

        taken.AddRange(await StoreAllAsync(prepared, behind, ct));
        return taken;
    }

    private async Task<List<Taken>> StoreAllAsync(IEnumerable<Prepared> prepared, bool behind, CancellationToken ct)
    {
        var taken = new List<Taken>();
        foreach (var together in Together(prepared)) taken.AddRange(await StoreAsync(together, behind, ct));
        return taken;
    }

    private static IEnumerable<IReadOnlyList<Prepared>> Together(IEnumerable<Prepared> all)
    {
        var (some, sum) = (new List<Prepared>(), TimeSpan.Zero);
        foreach (var one in all)
        {
            if (some.Count > 0 && sum + one.Duration > MostTogether)
            {
                yield return some;
                (some, sum) = ([], TimeSpan.Zero);
            }

            some.Add(one);
            sum += one.Duration;
        }

        if (some.Count > 0) yield return some;
    }

    /// <summary>No fault of the recording, and may be over soon.</summary>
    private static bool IsForNow(Exception e) => e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception;

    /// <returns>What became of it already, or what is to be stored.</returns>
    private async Task<(TakeOutcome, Prepared?)> PrepareAsync(FoundRecording found, RecordedLeg? leg, CancellationToken ct)
    {
        if (leg is { Unkept: true })
        {
            Discard(found);
            return (TakeOutcome.NotKept, null);
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
                return (TakeOutcome.StoredBefore, null);
            }

            row = await table.AddAsync(key, leg?.CallId, ct);
        }

        var prepared = new Prepared(found, row, leg, client, agent, Path.Combine(store.Folder, "tmp", $"{row.Id:N}.opus"));
        if (client.HasSound || agent.HasSound) return (default, prepared);
        return (await RefuseAsync(prepared, WhyNoSound(leg, client, agent), ct), null);
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

    private async Task<IReadOnlyList<Taken>> StoreAsync(IReadOnlyList<Prepared> together, bool behind, CancellationToken ct)
    {
        try
        {
            Directory.CreateDirectory(Path.Combine(store.Folder, "tmp"));
            await transcoder.RunAsync([.. together.Select(p => p.Sound)], behind, ct);
            AfterStep?.Invoke("transcoded");
        }
        catch (TranscodeException) when (together.Count > 1)
        {
            // One of them spoils it for all: each by itself.
            var apart = new List<Taken>();
            foreach (var one in together) apart.AddRange(await StoreAsync([one], behind, ct));
            return apart;
        }
        catch (TranscodeException e)
        {
            return [new Taken(together[0].Found, together[0].Leg, await RefuseAsync(together[0], ("broken", e.Message), ct))];
        }
        catch (Exception e) when (IsForNow(e))
        {
            var delayed = new List<Taken>();
            foreach (var one in together) delayed.Add(await DelayAsync(one, e, ct));
            return delayed;
        }

        var taken = new List<Taken>();
        foreach (var one in together)
        {
            try
            {
                await PublishAsync(one, ct);
                taken.Add(new Taken(one.Found, one.Leg, TakeOutcome.Stored));
            }
            catch (Exception e) when (IsForNow(e))
            {
                taken.Add(await DelayAsync(one, e, ct));
            }
        }

        return taken;
    }

    private async Task<Taken> DelayAsync(Prepared prepared, Exception why, CancellationToken ct)
    {
        await table.DelayAsync(prepared.Row, $"not stored yet: {why.Message}", ct);
        return new Taken(prepared.Found, prepared.Leg, null, why.Message);
    }

    private async Task PublishAsync(Prepared prepared, CancellationToken ct)
    {
        var (found, row, leg, client, agent, temporary) = prepared;
        var startedAt = found.LastWrite - prepared.Duration;
        var path = RecordingFiles.PathOf(row.Id, startedAt);
        var full = store.FullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var size = new FileInfo(temporary).Length;
        DurableFile.Publish(temporary, full);
        AfterStep?.Invoke("published");

        await table.CloseAsync(row.Id, leg?.CallId, new TakenRecording(
            "ready", client.Sha256, agent.Sha256, (int)prepared.Duration.TotalMilliseconds, size, path,
            new Waveform(client.Peaks, agent.Peaks).ToBytes(), Remarks(client, agent), startedAt), ct);
        AfterStep?.Invoke("closed");
        PutAway(found, TakenFolder);
    }

    private async Task<TakeOutcome> RefuseAsync(Prepared prepared, (string Status, string Error) why, CancellationToken ct)
    {
        var (found, row, leg, client, agent, _) = prepared;
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
