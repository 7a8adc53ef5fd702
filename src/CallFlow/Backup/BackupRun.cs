using System.Globalization;
using System.Reflection;
using Npgsql;

namespace CallCrm.CallFlow.Backup;

/// <param name="Folder">The new backup.</param>
/// <param name="New">Recordings that were copied; the others are the same files as in the backup before.</param>
/// <param name="Removed">Older backups that went.</param>
/// <param name="Unmarked">Why it could not be written down in the data folder that it was made; null: it was.</param>
internal sealed record BackupResult(string Folder, BackupManifest Manifest, long New, long New_bytes, int Kept, int Removed, string? Unmarked = null);

/// <summary>
/// Makes a backup while calls go on: a dump and the list of recordings of one snapshot, then the files. It is written as <c>….partial</c> and renamed when whole
/// and on the disk; whatever ends it before leaves no backup, and the next run removes what it left.
/// </summary>
/// <param name="free">Bytes that may be written at a path.</param>
internal sealed class BackupRun(BackupSite site, TimeProvider time, Func<string, long>? free = null)
{
    const string Prefix = "callcrm-";
    const string Partial = ".partial";
    const string LockName = ".callcrm-backup.lock";

    /// <summary>For manifest, lists and what the file system takes for itself.</summary>
    const long Reserve_bytes = 16L << 20;

    readonly Func<string, long> free = free ?? Free;

    /// <param name="folder">Holds the backups.</param>
    /// <param name="keep">So many remain, the new one included; null: all.</param>
    public async Task<BackupResult> RunAsync(string folder, int? keep, CancellationToken ct)
    {
        var into = BackupFiles.RealPath(folder);
        Refuse(into);
        try
        {
            BackupFiles.MakeFolder(into);
            using var siteLock = BackupFiles.TryLock(site.LockFile) ?? throw new BackupException($"A backup or a restore of {site.DataFolder} is running; this one was not begun.", BackupException.Busy);
            using var folderLock = BackupFiles.TryLock(Path.Combine(into, LockName)) ?? throw new BackupException($"Another backup into {into} is running; this one was not begun.", BackupException.Busy);
            foreach (var left in Directory.GetDirectories(into, Prefix + "*" + Partial)) Directory.Delete(left, recursive: true);
            return await MakeAsync(into, keep, ct);
        }
        catch (IOException e) when (BackupFiles.IsFull(e))
        {
            throw new BackupException($"No room in {into}: {free(into)} bytes are left. Nothing of this backup remains.", BackupException.NoRoom, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The backup failed: {e.Message}", BackupException.Failed, e);
        }
    }

    void Refuse(string into)
    {
        if (!Directory.Exists(site.DataFolder)) throw new BackupException($"There is no data folder {site.DataFolder}: nothing to back up.", BackupException.NoInput);
        foreach (var own in new[] { site.DataFolder, site.Recordings.Folder })
        {
            if (BackupFiles.IsInside(into, BackupFiles.RealPath(own)))
                throw new BackupException($"{into} lies in {own}, which it is to save: name a folder on another disk.", BackupException.Usage);
        }
    }

    async Task<BackupResult> MakeAsync(string into, int? keep, CancellationToken ct)
    {
        var before = Newest(into);
        await using var database = await SiteDatabase.OpenAsync(site.Database, time, ct);
        var at = time.GetUtcNow();
        var name = Name(into, at);
        var partial = name + Partial;
        try
        {
            BackupFiles.MakeFolder(partial);
            var made = await FillAsync(partial, before, database, at, ct);
            made.Manifest.Write(partial);
            BackupFiles.FlushFolders(partial);
            Directory.Move(partial, name);
            BackupFiles.FlushFolder(into);
            var unmarked = WhyUnmarked(new LastBackup(at, name));
            var (kept, removed) = Prune(into, keep);
            return made with { Folder = name, Kept = kept, Removed = removed, Unmarked = unmarked };
        }
        catch
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
            throw;
        }
    }

    /// <summary>The backup is whole by now, whatever the data folder has room for.</summary>
    string? WhyUnmarked(LastBackup last)
    {
        try
        {
            last.Write(site.DataFolder);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    async Task<BackupResult> FillAsync(string partial, (string Folder, BackupManifest Manifest)? before, SiteDatabase database, DateTimeOffset at, CancellationToken ct)
    {
        var tools = await database.ToolsAsync(0, ct);
        var wanted = Path.Combine(partial, "recordings.wanted");
        List<string> migrations;
        SortedDictionary<string, long> rows;
        long size;
        BackupFile dump;
        await using (var connection = await database.ConnectAsync(ct))
        await using (var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct))
        {
            var snapshot = await SiteDatabase.ScalarAsync<string>(connection, "set local idle_in_transaction_session_timeout = 0; select pg_export_snapshot()", ct);
            migrations = await MigrationsAsync(connection, ct);
            await WriteWantedAsync(connection, wanted, ct);
            size = await SiteDatabase.ScalarAsync<long>(connection, "select pg_database_size(current_database())", ct);
            EnsureRoom(partial, size, before, wanted);
            rows = await SiteDatabase.CountAsync(connection, ct);
            dump = await tools.DumpAsync(snapshot, Path.Combine(partial, BackupManifest.Dump), ct);
        }

        var (recordings, fresh, freshBytes) = await CopyRecordingsAsync(partial, before, wanted, ct);
        File.Delete(wanted);
        List<BackupFile> files = [dump, .. await CopySettingsAsync(partial, ct), .. await CopyFilesAsync(partial, before, ct)];
        var manifest = new BackupManifest(BackupManifest.CurrentFormat, ProgramVersion, at, migrations, tools.Major, size, rows, files, recordings, site.Environment);
        return new BackupResult(partial, manifest, fresh, freshBytes, 0, 0);
    }

    internal static string ProgramVersion => typeof(BackupRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    static async Task<List<string>> MigrationsAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        try
        {
            return await SiteDatabase.ListAsync(connection, "select scriptname::text from public.schema_version order by schemaversionsid", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new BackupException($"The database {connection.Database} is not CallCrm's, or CallCrm was never started with it: nothing to back up.", BackupException.NoInput, e);
        }
    }

    /// <summary>On disk, so that the snapshot is not held for as long as the copying takes.</summary>
    static async Task WriteWantedAsync(NpgsqlConnection connection, string file, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select distinct path collate \"C\" from public.recording where path is not null order by 1", connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await using var list = new StreamWriter(BackupFiles.Create(file), bufferSize: 1 << 16);
        while (await reader.ReadAsync(ct)) await list.WriteAsync(reader.GetString(0) + "\n");
    }

    void EnsureRoom(string partial, long databaseSize, (string Folder, BackupManifest Manifest)? before, string wanted)
    {
        var recordings = Plan(before, wanted, _ => { }).Where(r => r.Hash is null).Sum(r => r.Bytes);
        var fresh = StoredFiles.In(site.Files.Folder).Where(f => before is null || !File.Exists(Path.Combine(before.Value.Folder, BackupManifest.PeoplesFiles, Path.GetRelativePath(site.Files.Folder, f)))).Sum(f => new FileInfo(f) is { Exists: true } i ? i.Length : 0);
        // A dump is compressed: the one before tells how well, the first is assumed not to be.
        var dump = before?.Manifest is { DatabaseBytes: > 0 } manifest && manifest.Files.FirstOrDefault(f => f.Path == BackupManifest.Dump) is { } last
            ? Math.Min(databaseSize, (long)(1.25 * last.Bytes * databaseSize / manifest.DatabaseBytes))
            : databaseSize;
        var (needed, available) = (dump + recordings + fresh + Reserve_bytes, free(partial));
        if (available < needed)
        {
            throw new BackupException(string.Create(CultureInfo.InvariantCulture,
                $"No room in {Path.GetDirectoryName(partial)}: the backup needs about {needed} bytes (database {dump}, new recordings {recordings}, new files {fresh}), {available} bytes are available. Nothing was written."), BackupException.NoRoom);
        }
    }

    IEnumerable<PlannedRecording> Plan((string Folder, BackupManifest Manifest)? before, string wanted, Action<string> missing) =>
        PlannedRecording.Of(File.ReadLines(wanted), before is { } b ? RecordingLine.Read(Path.Combine(b.Folder, BackupManifest.RecordingList)) : [], site.Recordings, missing);

    async Task<(BackupRecordings Recordings, long New, long New_bytes)> CopyRecordingsAsync(string partial, (string Folder, BackupManifest Manifest)? before, string wanted, CancellationToken ct)
    {
        var missing = new List<string>();
        var (files, bytes, fresh, freshBytes) = (0L, 0L, 0L, 0L);
        var listPath = Path.Combine(partial, BackupManifest.RecordingList);
        var target = new RecordingFiles(Path.Combine(partial, BackupManifest.RecordingFolder));
        await using (var list = new StreamWriter(BackupFiles.Create(listPath), bufferSize: 1 << 16))
        {
            foreach (var recording in Plan(before, wanted, missing.Add))
            {
                ct.ThrowIfCancellationRequested();
                var line = new RecordingLine(recording.Hash ?? "", recording.Bytes, recording.Modified_ms, recording.Path);
                var to = target.FullPath(recording.Path);
                if (recording.Hash is null || !BackupFiles.TryLink(Path.Combine(before!.Value.Folder, BackupManifest.RecordingFolder, recording.Path), to, recording.Bytes))
                {
                    var copy = await BackupFiles.CopyAsync(site.Recordings.FullPath(recording.Path), to, recording.Path, ct);
                    line = line with { Sha256 = copy.Sha256, Bytes = copy.Bytes };
                    (fresh, freshBytes) = (fresh + 1, freshBytes + copy.Bytes);
                }

                await list.WriteAsync(line + "\n");
                (files, bytes) = (files + 1, bytes + line.Bytes);
            }

            await list.FlushAsync(ct);
            ((FileStream)list.BaseStream).Flush(flushToDisk: true);
        }

        return (new BackupRecordings(files, bytes, await BackupFiles.HashAsync(listPath, BackupManifest.RecordingList, ct), missing), fresh, freshBytes);
    }

    /// <summary>A name is the hash of its content: what the backup before has under it is the same file. One that is emptied from the bin meanwhile is none any more.</summary>
    async Task<List<BackupFile>> CopyFilesAsync(string partial, (string Folder, BackupManifest Manifest)? before, CancellationToken ct)
    {
        var files = new List<BackupFile>();
        var known = before?.Manifest.Files.Where(f => f.Path.StartsWith(BackupManifest.PeoplesFiles + "/", StringComparison.Ordinal)).ToDictionary(f => f.Path, StringComparer.Ordinal) ?? [];
        foreach (var file in StoredFiles.In(site.Files.Folder))
        {
            var name = $"{BackupManifest.PeoplesFiles}/{Path.GetRelativePath(site.Files.Folder, file)}";
            var to = Path.Combine(partial, name);
            if (known.TryGetValue(name, out var same) && BackupFiles.TryLink(Path.Combine(before!.Value.Folder, name), to, same.Bytes))
            {
                files.Add(same);
                continue;
            }

            try
            {
                files.Add(await BackupFiles.CopyAsync(file, to, name, ct));
            }
            catch (FileNotFoundException)
            {
                continue;
            }
        }

        return files;
    }

    async Task<List<BackupFile>> CopySettingsAsync(string partial, CancellationToken ct)
    {
        var files = new List<BackupFile>();
        if (site.ConfigFile is { } config) files.Add(await CopyAsync(config, BackupManifest.ConfigFile));
        foreach (var (name, folder) in site.Folders.Where(f => Directory.Exists(f.Value)))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                files.Add(await CopyAsync(file, $"{name}/{Path.GetRelativePath(folder, file)}"));
        }

        if (site.MasterKey() is { } key) files.Add(await BackupFiles.WriteAsync(key, Path.Combine(partial, BackupManifest.MasterKey), BackupManifest.MasterKey, ct));
        return files;

        Task<BackupFile> CopyAsync(string from, string name) => BackupFiles.CopyAsync(from, Path.Combine(partial, name), name, ct);
    }

    static string Name(string into, DateTimeOffset at)
    {
        var name = Path.Combine(into, Prefix + at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        var unused = name;
        for (var n = 2; Directory.Exists(unused); n++) unused = string.Create(CultureInfo.InvariantCulture, $"{name}-{n}");
        return unused;
    }

    /// <summary>The whole backups of a folder, oldest first.</summary>
    internal static IReadOnlyList<string> Whole(string folder) =>
        [.. Directory.GetDirectories(folder, Prefix + "*").Where(d => !d.EndsWith(Partial, StringComparison.Ordinal) && File.Exists(Path.Combine(d, BackupManifest.Name))).Order(StringComparer.Ordinal)];

    /// <summary>A damaged one counts as none: everything is then copied anew.</summary>
    static (string Folder, BackupManifest Manifest)? Newest(string into)
    {
        if (Whole(into) is not [.., var newest]) return null;
        try
        {
            var manifest = BackupManifest.Read(newest);
            var list = Path.Combine(newest, BackupManifest.RecordingList);
            // Read to the end before anything relies on it.
            return File.Exists(list) && RecordingLine.Read(list).LongCount() == manifest.Recordings.Files ? (newest, manifest) : null;
        }
        catch (BackupException)
        {
            return null;
        }
    }

    static (int Kept, int Removed) Prune(string into, int? keep)
    {
        var all = Whole(into);
        var old = keep is { } most ? all.Take(Math.Max(0, all.Count - most)).ToArray() : [];
        foreach (var folder in old)
        {
            // Under the other name, so that a kill in between leaves no half backup that looks whole.
            Directory.Move(folder, folder + Partial);
            Directory.Delete(folder + Partial, recursive: true);
        }

        return (all.Count - old.Length, old.Length);
    }

    static long Free(string path) => new DriveInfo(path).AvailableFreeSpace;
}
