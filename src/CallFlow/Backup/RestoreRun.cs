using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Backup;

/// <param name="Folder">A backup, or the folder of the backups: then the newest.</param>
/// <param name="Replace">The site may hold data: it is put aside.</param>
/// <param name="Configuration">False: the machine keeps its own configuration and scripts.</param>
internal sealed record RestoreWish(string Folder, bool Replace, bool Configuration);

/// <param name="Newer">Migrations that the backup did not have and that were run.</param>
/// <param name="Aside">Where the former data lies now.</param>
internal sealed record RestoreResult(string Folder, BackupManifest Manifest, IReadOnlyList<string> Newer, IReadOnlyList<string> Aside);

/// <summary>
/// Brings a backup back. First every hash is checked, then all is made beside what is there, and only when the restored database has been counted and migrated
/// do both change places. What was there is put aside, never deleted.
/// </summary>
/// <param name="ask">Whether the data may be replaced; told what is there.</param>
internal sealed class RestoreRun(BackupSite site, TimeProvider time, Func<string, bool> ask, Func<string, long>? free = null)
{
    const string Making = ".restoring";
    readonly Func<string, long> free = free ?? (path => new DriveInfo(path).AvailableFreeSpace);
    readonly List<string> aside = [];
    readonly string mark = ".replaced-" + time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Every file against its hash; changes nothing.</summary>
    public static async Task<(string Folder, BackupManifest Manifest)> CheckAsync(string given, CancellationToken ct)
    {
        var folder = Locate(given);
        var manifest = BackupManifest.Read(folder);
        foreach (var file in manifest.Files.Append(manifest.Recordings.List)) await CheckAsync(folder, file, ct);
        var count = 0L;
        var recordings = new RecordingFiles(Path.Combine(folder, BackupManifest.RecordingFolder));
        foreach (var line in RecordingLine.Read(Path.Combine(folder, BackupManifest.RecordingList)))
        {
            // Also refuses a path that leads out of the folder.
            recordings.FullPath(line.Path);
            await CheckAsync(folder, new BackupFile($"{BackupManifest.RecordingFolder}/{line.Path}", line.Bytes, line.Sha256), ct);
            count++;
        }

        if (count != manifest.Recordings.Files)
            throw new BackupException($"The backup is damaged: {BackupManifest.RecordingList} names {count} recordings, not {manifest.Recordings.Files}.", BackupException.Damaged);
        return (folder, manifest);
    }

    public async Task<RestoreResult> RunAsync(RestoreWish wish, CancellationToken ct)
    {
        try
        {
            var (folder, manifest) = await CheckAsync(wish.Folder, ct);
            CheckVersion(manifest);
            Directory.CreateDirectory(site.DataFolder);
            using var siteLock = BackupFiles.TryLock(site.LockFile) ?? throw new BackupException($"A backup or a restore of {site.DataFolder} is running; this one was not begun.", BackupException.Busy);
            using var clusterLock = HoldCluster();
            await EnsureStoppedAsync(ct);
            await EnsureEmptyAsync(wish, ct);
            Clear();
            EnsureRoom(manifest);
            try
            {
                var newer = await BringBackAsync(folder, manifest, wish, ct);
                new LastBackup(manifest.At, folder).Write(site.DataFolder);
                return new RestoreResult(folder, manifest, newer, aside);
            }
            finally
            {
                Clear();
            }
        }
        catch (IOException e) when (BackupFiles.IsFull(e))
        {
            throw new BackupException($"No room for the restore: {e.Message}", BackupException.NoRoom, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new BackupException($"The restore failed: {e.Message}", BackupException.Failed, e);
        }
    }

    static string Locate(string given)
    {
        var folder = Path.GetFullPath(given).TrimEnd('/');
        if (!Directory.Exists(folder)) throw new BackupException($"There is no folder {folder}.", BackupException.NoInput);
        if (folder.EndsWith(".partial", StringComparison.Ordinal)) throw new BackupException($"{folder} is a backup that was not finished: choose another.", BackupException.NoInput);
        return File.Exists(Path.Combine(folder, BackupManifest.Name)) ? folder
            : BackupRun.Whole(folder) is [.., var newest] ? newest
            : throw new BackupException($"{folder} is no backup and holds none.", BackupException.NoInput);
    }

    static async Task CheckAsync(string folder, BackupFile expected, CancellationToken ct)
    {
        var path = Path.GetFullPath(Path.Combine(folder, expected.Path));
        if (!BackupFiles.IsInside(path, folder)) throw new BackupException($"The backup is damaged: {expected.Path} leads out of it.", BackupException.Damaged);
        if (!File.Exists(path)) throw new BackupException($"The backup is damaged: {expected.Path} is missing.", BackupException.Damaged);
        BackupFile found;
        try
        {
            found = await BackupFiles.HashAsync(path, expected.Path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The backup cannot be read: {expected.Path}: {e.Message}", BackupException.Damaged, e);
        }

        if (found != expected)
            throw new BackupException($"The backup is damaged: {expected.Path} is not what was written ({found.Bytes} bytes, SHA-256 {found.Sha256}; expected {expected.Bytes} bytes, {expected.Sha256}).", BackupException.Damaged);
    }

    static void CheckVersion(BackupManifest manifest)
    {
        if (manifest.Migrations.Except(Migrator.Scripts(), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw new BackupException($"The backup was made by a newer CallCrm (version {manifest.Program}; it has {unknown}, which this program, version {BackupRun.ProgramVersion}, does not know): update the program first.");
    }

    /// <summary>No host can start on the cluster meanwhile.</summary>
    FileStream? HoldCluster()
    {
        if (site.Database.Cluster is not { } cluster) return null;
        Directory.CreateDirectory(Path.GetDirectoryName(cluster.Data)!);
        return BackupFiles.TryLock(cluster.LockFile) ?? throw new BackupException($"CallCrm runs on {cluster.Data}: end it first.", BackupException.Busy);
    }

    async Task EnsureStoppedAsync(CancellationToken ct)
    {
        if (site.Database.Cluster is { } cluster)
        {
            // By its name as well: after a restart of the machine the number may be another program's.
            if (EmbeddedPostgres.RunningServer(cluster) is { } process && File.ReadAllText($"/proc/{process}/comm").Contains("postgres", StringComparison.Ordinal))
                throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"PostgreSQL (process {process}) still runs on {cluster.Data}, left by a host that was killed. Stop it first: kill -INT {process}"), BackupException.Busy);
            return;
        }

        await using var database = await SiteDatabase.OpenAsync(site.Database, time, ct);
        await using var connection = await database.ConnectAsync(ct);
        var others = await SiteDatabase.ScalarAsync<long>(connection, "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name like 'callcrm%'", ct);
        if (others > 0) throw new BackupException($"CallCrm uses the database {connection.Database} on {connection.Host} ({others} connections): end it first.", BackupException.Busy);
    }

    async Task EnsureEmptyAsync(RestoreWish wish, CancellationToken ct)
    {
        var there = await ThereAsync(ct);
        if (there.Count == 0) return;
        var what = string.Join(" and ", there);
        if (!wish.Replace) throw new BackupException($"This site is not empty: there is {what}. Restore on an empty machine, or say --replace.");
        if (!ask(what)) throw new BackupException("Nothing was changed (without a terminal say --yes).");
    }

    async Task<List<string>> ThereAsync(CancellationToken ct)
    {
        var there = new List<string>();
        if (site.Database.Cluster is { } cluster)
        {
            if (Directory.Exists(cluster.Data) && Directory.EnumerateFileSystemEntries(cluster.Data).Any()) there.Add($"a database in {cluster.Data}");
        }
        else if (await TablesAsync(ct) is > 0 and var tables)
        {
            there.Add($"a database with {tables} tables");
        }

        if (Stored().Any()) there.Add($"recordings in {site.Recordings.Folder}");
        return there;
    }

    /// <summary>What the store holds, a folder a year; its lock and what a restore keeps there are hidden.</summary>
    IEnumerable<string> Stored() => Directory.Exists(site.Recordings.Folder) ? Directory.EnumerateFileSystemEntries(site.Recordings.Folder).Where(e => !Path.GetFileName(e).StartsWith('.')) : [];

    /// <summary>Inside the store, as that may be a disk of its own.</summary>
    string MakingRecordings => Path.Combine(site.Recordings.Folder, Making);

    async Task<long> TablesAsync(CancellationToken ct)
    {
        await using var database = await SiteDatabase.OpenAsync(site.Database, time, ct);
        await using var connection = await database.ConnectAsync(ct);
        return await SiteDatabase.ScalarAsync<long>(connection, "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')", ct);
    }

    /// <summary>What was made and did not come to its place, now or in an earlier restore that was killed.</summary>
    void Clear()
    {
        foreach (var left in new[] { MakingRecordings, site.Database.Cluster?.Data + Making, site.Database.Cluster?.Data + Making + "-socket" })
        {
            if (left.StartsWith('/') && Directory.Exists(left)) Directory.Delete(left, recursive: true);
        }
    }

    void EnsureRoom(BackupManifest manifest)
    {
        var store = Existing(site.Recordings.Folder);
        var cluster = site.Database.Cluster is { } c ? Existing(c.Data) : null;
        var needs = new Dictionary<string, long>(StringComparer.Ordinal) { [store] = manifest.Recordings.Bytes };
        if (cluster is not null)
        {
            // On one disk they need it together.
            var one = new DriveInfo(store).TotalSize == new DriveInfo(cluster).TotalSize ? store : cluster;
            needs[one] = needs.GetValueOrDefault(one) + manifest.DatabaseBytes;
        }

        foreach (var (path, needed) in needs)
        {
            if (free(path) is var available && available < needed)
                throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"No room in {path}: the restore needs about {needed} bytes, {available} bytes are available. Nothing was changed."), BackupException.NoRoom);
        }
    }

    static string Existing(string path)
    {
        while (!Directory.Exists(path)) path = Path.GetDirectoryName(path)!;
        return path;
    }

    async Task<IReadOnlyList<string>> BringBackAsync(string folder, BackupManifest manifest, RestoreWish wish, CancellationToken ct)
    {
        await CopyRecordingsAsync(folder, ct);
        IReadOnlyList<string> newer;
        if (site.Database.Cluster is { } cluster)
        {
            var made = ClusterFolders.For(cluster.Data + Making);
            newer = await MakeClusterAsync(made, folder, manifest, ct);
            // From here on it is only renaming: not to be interrupted.
            PutAside(cluster.Data);
            Directory.Move(made.Data, cluster.Data);
        }
        else
        {
            await using var database = await SiteDatabase.OpenAsync(site.Database, time, ct);
            newer = await FillAsync(database, folder, manifest, wish.Replace, ct);
        }

        // Its entries follow the journal that was replaced, not this one.
        if (Directory.Exists(site.SpillFolder) && Directory.EnumerateFiles(site.SpillFolder).Any(f => new FileInfo(f).Length > 0)) PutAside(site.SpillFolder);
        SwapRecordings();
        await RestoreSettingsAsync(folder, manifest, wish, CancellationToken.None);
        BackupFiles.FlushFolder(site.DataFolder);
        return newer;
    }

    async Task CopyRecordingsAsync(string folder, CancellationToken ct)
    {
        BackupFiles.MakeFolder(MakingRecordings);
        var (from, to) = (new RecordingFiles(Path.Combine(folder, BackupManifest.RecordingFolder)), new RecordingFiles(MakingRecordings));
        foreach (var line in RecordingLine.Read(Path.Combine(folder, BackupManifest.RecordingList)))
        {
            var copy = await BackupFiles.CopyAsync(from.FullPath(line.Path), to.FullPath(line.Path), line.Path, ct);
            if (copy.Sha256 != line.Sha256) throw new BackupException($"The recording {line.Path} changed while it was copied. Nothing was changed here.", BackupException.Damaged);
            // As the store had it, so that the next backup knows it again.
            File.SetLastWriteTimeUtc(to.FullPath(line.Path), DateTimeOffset.FromUnixTimeMilliseconds(line.Modified_ms).UtcDateTime);
        }

        BackupFiles.FlushFolders(MakingRecordings);
    }

    void SwapRecordings()
    {
        var former = Path.Combine(site.Recordings.Folder, mark);
        foreach (var entry in Stored().ToArray())
        {
            if (!aside.Contains(former)) aside.Add(former);
            BackupFiles.MakeFolder(former);
            Directory.Move(entry, Path.Combine(former, Path.GetFileName(entry)));
        }

        foreach (var entry in Directory.GetFileSystemEntries(MakingRecordings)) Directory.Move(entry, Path.Combine(site.Recordings.Folder, Path.GetFileName(entry)));
        BackupFiles.FlushFolder(site.Recordings.Folder);
    }

    /// <summary>A new cluster beside the old one, whole and stopped.</summary>
    async Task<IReadOnlyList<string>> MakeClusterAsync(ClusterFolders made, string folder, BackupManifest manifest, CancellationToken ct)
    {
        try
        {
            IReadOnlyList<string> newer;
            await using (var database = await SiteDatabase.StartAsync(made, time, ct))
            {
                newer = await FillAsync(database, folder, manifest, replace: false, ct);
            }

            return newer;
        }
        catch
        {
            if (Directory.Exists(made.Data)) Directory.Delete(made.Data, recursive: true);
            throw;
        }
        finally
        {
            if (Directory.Exists(made.Socket)) Directory.Delete(made.Socket, recursive: true);
            File.Delete(made.LockFile);
        }
    }

    async Task<IReadOnlyList<string>> FillAsync(SiteDatabase database, string folder, BackupManifest manifest, bool replace, CancellationToken ct)
    {
        var tools = await database.ToolsAsync(manifest.PostgresMajor, ct);
        await tools.RestoreAsync(Path.Combine(folder, BackupManifest.Dump), replace, ct);
        await using (var connection = await database.ConnectAsync(ct))
        {
            var rows = await SiteDatabase.CountAsync(connection, ct);
            foreach (var (table, expected) in manifest.Rows)
            {
                if (rows.GetValueOrDefault(table, -1) is var found && found != expected)
                    throw new BackupException($"The restored table {table} has {found} rows, not {expected}.");
            }
        }

        await Migrator.MigrateAsync(database.ConnectionString, time, NullLogger.Instance, ct);
        await using var after = await database.ConnectAsync(ct);
        await using var analyze = new NpgsqlCommand("analyze", after);
        await analyze.ExecuteNonQueryAsync(ct);
        return [.. Migrator.Scripts().Except(manifest.Migrations, StringComparer.Ordinal)];
    }

    async Task RestoreSettingsAsync(string folder, BackupManifest manifest, RestoreWish wish, CancellationToken ct)
    {
        foreach (var file in manifest.Files)
        {
            if (TargetOf(file.Path, wish.Configuration) is not { } target || await IsSameAsync(target, file, ct)) continue;
            if (File.Exists(target)) PutFileAside(target);
            await BackupFiles.CopyAsync(Path.Combine(folder, file.Path), target, file.Path, ct);
        }
    }

    string? TargetOf(string path, bool configuration)
    {
        if (path == BackupManifest.MasterKey) return site.MasterKeyFile;
        // Versions in use belong to the calls, not to the configuration.
        if (path.StartsWith(BackupManifest.ScriptHistory + "/", StringComparison.Ordinal)) return Below(BackupManifest.ScriptHistory);
        if (path.StartsWith(BackupManifest.PeoplesFiles + "/", StringComparison.Ordinal)) return Path.Combine(site.Files.Folder, path[(BackupManifest.PeoplesFiles.Length + 1)..]);
        if (!configuration) return null;
        if (path == BackupManifest.ConfigFile) return site.ConfigFile;
        if (path.StartsWith(BackupManifest.Certificates + "/", StringComparison.Ordinal)) return Below(BackupManifest.Certificates);
        return path.StartsWith(BackupManifest.ScriptFolder + "/", StringComparison.Ordinal) ? Below(BackupManifest.ScriptFolder) : null;

        string Below(string name) => Path.Combine(site.Folders[name], path[(name.Length + 1)..]);
    }

    static async Task<bool> IsSameAsync(string target, BackupFile file, CancellationToken ct) => File.Exists(target) && await BackupFiles.HashAsync(target, file.Path, ct) == file;

    void PutAside(string folder)
    {
        if (!Directory.Exists(folder)) return;
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder, recursive: true);
            return;
        }

        Directory.Move(folder, folder + mark);
        aside.Add(folder + mark);
    }

    /// <summary>Into a folder of their own: beside the scripts they would be taken for scripts.</summary>
    void PutFileAside(string file)
    {
        var to = Path.Combine(site.DataFolder, "settings" + mark);
        BackupFiles.MakeFolder(to);
        if (!aside.Contains(to)) aside.Add(to);
        File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        File.Delete(file);
    }
}
