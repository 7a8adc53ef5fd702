using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.CallFlow.Backup;

/// <summary><c>callcrm backup</c>, <c>callcrm restore</c>, and the <c>migrate</c> of an upgrade.</summary>
public static class BackupCommand
{
    const string BackupUsage = "Usage: backup DIR [--keep N], N at least 1";
    const string RestoreUsage = "Usage: restore DIR [--replace] [--yes] [--no-config] [--check]";

    public static bool Takes(IReadOnlyList<string> args) => args is ["backup" or "restore" or "migrate", ..];

    /// <returns>0 done, 1 failed, and of sysexits.h 64 not understood, 65 damaged, 66 no such backup, 73 no room, 75 another one runs.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, IConfiguration configuration, TimeProvider time, TextReader input, TextWriter output, TextWriter errors)
    {
        using var stop = new CancellationTokenSource();
        // What was begun is taken away again before the process ends.
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            var site = BackupSite.From(configuration);
            await (args[0] switch
            {
                "backup" => BackupAsync([.. args.Skip(1)], site, time, output, stop.Token),
                "restore" => RestoreAsync([.. args.Skip(1)], site, configuration, time, input, output, stop.Token),
                _ => MigrateAsync(site, time, output, stop.Token),
            });
            return 0;
        }
        catch (BackupException e)
        {
            await errors.WriteLineAsync($"callcrm {args[0]}: FAILED: {e.Message}");
            return e.Code;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await errors.WriteLineAsync($"callcrm {args[0]}: stopped; nothing of it remains.");
            return BackupException.Failed;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    static async Task BackupAsync(IReadOnlyList<string> args, BackupSite site, TimeProvider time, TextWriter output, CancellationToken ct)
    {
        var (folder, keep) = ((string?)null, (int?)null);
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == "--keep" && i + 1 < args.Count && int.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most > 0) keep = most;
            else if (args[i] is not ['-', ..] && folder is null && args[i].Length > 0) folder = args[i];
            else throw new BackupException(BackupUsage, BackupException.Usage);
        }

        if (folder is null) throw new BackupException(BackupUsage, BackupException.Usage);
        var since = Stopwatch.GetTimestamp();
        var made = await new BackupRun(site, time).RunAsync(folder, keep, ct);
        var manifest = made.Manifest;
        if (made.Unmarked is { } why)
            await output.WriteLineAsync($"callcrm backup: WARNING: that it was made cannot be written into {site.DataFolder} ({why}); pages and doctor will go on naming the backup before.");
        if (manifest.Recordings.Missing is [var first, ..] missing)
            await output.WriteLineAsync($"callcrm backup: WARNING: {missing.Count} recordings that the database names are not in {site.Recordings.Folder}, the first: {first}");
        if (Directory.Exists(site.SpillFolder) && Directory.EnumerateFiles(site.SpillFolder, "*.spill").Any(f => new FileInfo(f).Length > 0))
            await output.WriteLineAsync($"callcrm backup: WARNING: journal entries wait in {site.SpillFolder} for the database; those are not in this backup.");
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"callcrm backup: OK {made.Folder}: database {BackupFiles.Size(manifest.Files[0].Bytes)}, {manifest.Recordings.Files} recordings ({made.New} new, {BackupFiles.Size(made.New_bytes)}), {Stopwatch.GetElapsedTime(since).TotalSeconds:F1} s; {made.Kept} backups kept, {made.Removed} removed"));
    }

    static async Task RestoreAsync(IReadOnlyList<string> args, BackupSite site, IConfiguration configuration, TimeProvider time, TextReader input, TextWriter output, CancellationToken ct)
    {
        string[] known = ["--replace", "--yes", "--no-config", "--check"];
        var options = args.Where(a => a.StartsWith('-')).ToHashSet(StringComparer.Ordinal);
        if (args.Except(options).ToList() is not [{ Length: > 0 } folder] || options.Except(known).Any()) throw new BackupException(RestoreUsage, BackupException.Usage);
        if (options.Contains("--check"))
        {
            var (good, found) = await RestoreRun.CheckAsync(folder, ct);
            await output.WriteLineAsync($"{good} is whole: {found.Files.Count} files and {found.Recordings.Files} recordings are as they were written. It holds the data of {Moment(found.At)}.");
            return;
        }

        var run = new RestoreRun(site, time, what => options.Contains("--yes") || Ask(what, input, output));
        var result = await run.RunAsync(new RestoreWish(folder, options.Contains("--replace"), !options.Contains("--no-config")), ct);
        await TellAsync(result, site, configuration, output);
    }

    static bool Ask(string what, TextReader input, TextWriter output)
    {
        output.Write($"There is {what}. It is put aside and the backup takes its place. Type yes: ");
        output.Flush();
        return input.ReadLine()?.Trim() is "yes";
    }

    static async Task TellAsync(RestoreResult result, BackupSite site, IConfiguration configuration, TextWriter output)
    {
        var manifest = result.Manifest;
        await output.WriteLineAsync($"Restored {result.Folder}: the data of {Moment(manifest.At)}, made by version {manifest.Program}.");
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  database: {manifest.Rows.Values.Sum()} rows in {manifest.Rows.Count} tables, as in the backup; {result.Newer.Count} newer migrations run"));
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  recordings: {manifest.Recordings.Files} in {site.Recordings.Folder}"));
        if (manifest.Recordings.Missing.Count > 0) await output.WriteLineAsync($"  {manifest.Recordings.Missing.Count} recordings were missing already when the backup was made");
        await output.WriteLineAsync("What to do next:");
        if (site.ConfigFile is null && manifest.Files.Any(f => f.Path == BackupManifest.ConfigFile))
            await output.WriteLineAsync($"  - No configuration file is named here (CALLCRM_CONFIG): take {BackupManifest.ConfigFile} from the backup.");
        if (manifest.Environment.Except(site.Environment, StringComparer.OrdinalIgnoreCase).ToList() is { Count: > 0 } unset)
            await output.WriteLineAsync($"  - These came from the environment and are not set here: {string.Join(", ", unset)}");
        if (site.GivenKey is { } given && File.Exists(site.MasterKeyFile) && (await File.ReadAllTextAsync(site.MasterKeyFile)).Trim() != given.Trim())
            await output.WriteLineAsync($"  - CallCrm__MasterKey of the environment is not the key of the backup ({site.MasterKeyFile}): take it out, or nobody's second factor works.");
        if (Pbxs(site.ConfigFile, configuration) is { Count: > 0 } pbxs)
            await output.WriteLineAsync($"  - Before the start: the configuration names the PBX {string.Join(", ", pbxs)}. Two hosts on one PBX disturb each other: the old one must be off.");
        await output.WriteLineAsync("  - Start: ./callcrm up (the service: systemctl start callcrm), then ./callcrm doctor");
        if (result.Aside.Count > 0) await output.WriteLineAsync($"  - The former data was put aside; delete it when it is not needed any more: {string.Join(", ", result.Aside)}");
    }

    /// <summary>As the restored file says, the environment over it.</summary>
    static List<string> Pbxs(string? file, IConfiguration configuration)
    {
        var now = file is null ? configuration : new ConfigurationBuilder().AddJsonFile(file, optional: true).AddEnvironmentVariables().Build();
        return [.. now.GetSection("Pbx").GetChildren().Select(p => $"{p["Node"]} ({p["Host"]})")];
    }

    static async Task MigrateAsync(BackupSite site, TimeProvider time, TextWriter output, CancellationToken ct)
    {
        await using var database = await SiteDatabase.OpenAsync(site.Database, time, ct);
        try
        {
            await Migrator.MigrateAsync(database.ConnectionString, time, NullLogger.Instance, ct);
        }
        catch (InvalidOperationException e)
        {
            throw new BackupException(e.Message, BackupException.Failed, e);
        }

        await output.WriteLineAsync("The database has the schema of this version.");
    }

    static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
