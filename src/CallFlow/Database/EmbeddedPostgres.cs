using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// A private PostgreSQL cluster: made at the first start, adopted when the server outlived us, started again when it dies,
/// stopped with us. It listens on a socket in a folder of mode 700 only.
/// </summary>
public sealed partial class EmbeddedPostgres : IAsyncDisposable
{
    static readonly TimeSpan RetryAfterCrash = TimeSpan.FromSeconds(10);
    readonly ClusterFolders folders;
    readonly bool durable;
    readonly TimeProvider time;
    readonly ILogger log;
    readonly CancellationTokenSource stopping = new();
    FileStream? held;
    PostgresPrograms? programs;
    Task watching = Task.CompletedTask;

    EmbeddedPostgres(ClusterFolders folders, bool durable, TimeProvider time, ILogger log)
    {
        (this.folders, this.durable, this.time, this.log) = (folders, durable, time, log);
    }

    public ClusterFolders Folders => folders;

    /// <param name="durable">False: no fsync, for tests alone; a crash of the machine may lose data, a crash of the server does not.</param>
    public static async Task<EmbeddedPostgres> StartAsync(ClusterFolders folders, TimeProvider time, ILogger log, CancellationToken ct, bool durable = true)
    {
        var server = new EmbeddedPostgres(folders, durable, time, log);
        try
        {
            await server.StartAsync(ct);
            return server;
        }
        catch
        {
            server.held?.Dispose();
            server.stopping.Dispose();
            throw;
        }
    }

    /// <summary>Last of all parts: stops the server (fast: open transactions are rolled back).</summary>
    public async ValueTask DisposeAsync()
    {
        if (held is null) return;
        await stopping.CancelAsync();
        await watching;
        var result = await programs!.RunAsync("pg_ctl", ["stop", "-D", folders.Data, "-m", "fast", "-w", "-t", "30"], CancellationToken.None);
        if (result.ExitCode != 0) StopFailed(result.Output);
        held.Dispose();
        held = null;
        stopping.Dispose();
    }

    async Task StartAsync(CancellationToken ct)
    {
        await PrepareFoldersAsync(ct);
        held = TakeLock();
        await MakeClusterAsync(ct);
        await BringUpAsync(ct);
        await using (var admin = NpgsqlDataSource.Create(folders.ConnectionString("postgres", "postgres") + ";Pooling=false"))
        {
            await EnsureDatabaseAsync(admin, ct);
        }

        watching = WatchAsync(stopping.Token);
    }

    async Task PrepareFoldersAsync(CancellationToken ct)
    {
        var parent = Path.GetDirectoryName(folders.Data)!;
        Directory.CreateDirectory(parent);
        var owner = PostgresPrograms.RunAs is { } user ? (string[])["-o", user] : [];
        (await ProgramResult.RunAsync("install", ["-d", "-m", "700", .. owner, folders.Socket], null, ct)).OrThrow($"Making {folders.Socket}");
    }

    FileStream TakeLock()
    {
        try
        {
            return new FileStream(folders.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException(
                $"Another CallCrm process uses the database in {folders.Data} ({folders.LockFile} is held). Stop it, choose another CallCrm:DataFolder, or share one server by ConnectionStrings:CallCrm.", e);
        }
    }

    async Task MakeClusterAsync(CancellationToken ct)
    {
        var version = Path.Combine(folders.Data, "PG_VERSION");
        if (File.Exists(version))
        {
            programs = PostgresPrograms.Find(int.Parse((await File.ReadAllTextAsync(version, ct)).Trim(), CultureInfo.InvariantCulture));
        }
        else
        {
            programs = PostgresPrograms.Find();
            await InitAsync(programs, ct);
        }

        await PostgresSettings.WriteAsync(folders, durable, ct);
    }

    /// <summary>Made beside and renamed when whole, so that a kill in between leaves no half cluster.</summary>
    async Task InitAsync(PostgresPrograms with, CancellationToken ct)
    {
        var making = folders.Data + ".new";
        if (Directory.Exists(making)) Directory.Delete(making, recursive: true);
        if (Directory.Exists(folders.Data) && Directory.EnumerateFileSystemEntries(folders.Data).Any())
            throw new InvalidOperationException($"{folders.Data} holds something that is no PostgreSQL cluster. Choose another Database:DataFolder.");
        MakingCluster(folders.Data, with.Major);
        var owner = PostgresPrograms.RunAs is { } user ? (string[])["-o", user] : [];
        (await ProgramResult.RunAsync("install", ["-d", "-m", "700", .. owner, making], null, ct)).OrThrow($"Making {making}");
        string[] how = ["-D", making, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=peer", "--no-instructions"];
        (await with.RunAsync("initdb", durable ? how : [.. how, "--no-sync"], ct)).OrThrow("initdb");
        if (Directory.Exists(folders.Data)) Directory.Delete(folders.Data);
        Directory.Move(making, folders.Data);
    }

    async Task BringUpAsync(CancellationToken ct)
    {
        if (IsRunning())
        {
            // It outlived a killed host. It reads the settings again, should they have changed.
            await programs!.RunAsync("pg_ctl", ["reload", "-D", folders.Data], ct);
            if (await AnswersAsync(ct))
            {
                Adopted(folders.Data);
                return;
            }
        }

        // After a kill -9 the old server's children hold its shared memory for a moment, and it refuses to start: it is right, so wait.
        var began = time.GetTimestamp();
        while (true)
        {
            var result = await programs!.RunAsync("pg_ctl", ["start", "-D", folders.Data, "-l", folders.ServerLog, "-w", "-t", "60"], ct);
            if (result.ExitCode == 0) return;
            if (time.GetElapsedTime(began) > RetryAfterCrash)
                throw new InvalidOperationException($"PostgreSQL did not start: {result.Output} {LastLines(folders.ServerLog)}");
            await Task.Delay(TimeSpan.FromMilliseconds(300), time, ct);
        }
    }

    async Task<bool> AnswersAsync(CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < RetryAfterCrash)
        {
            try
            {
                await using var connection = new NpgsqlConnection(folders.ConnectionString("postgres", "postgres") + ";Pooling=false;Timeout=3");
                await connection.OpenAsync(ct);
                return true;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), time, ct);
            }
        }

        return false;
    }

    static async Task EnsureDatabaseAsync(NpgsqlDataSource admin, CancellationToken ct)
    {
        await using var role = admin.CreateCommand("""
            do $$ begin
              if not exists (select from pg_roles where rolname = 'callcrm') then create role callcrm login createdb; end if;
            end $$
            """);
        await role.ExecuteNonQueryAsync(ct);
        await using var exists = admin.CreateCommand("select 1 from pg_database where datname = 'callcrm'");
        if (await exists.ExecuteScalarAsync(ct) is not null) return;
        await using var create = admin.CreateCommand("create database callcrm owner callcrm");
        await create.ExecuteNonQueryAsync(ct);
    }

    /// <summary>A server that died (out of memory, a kill) is started again.</summary>
    async Task WatchAsync(CancellationToken ct)
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
            while (await timer.WaitForNextTickAsync(ct))
            {
                if (IsRunning()) continue;
                Died(folders.Data);
                await RestartAsync(ct);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    async Task RestartAsync(CancellationToken ct)
    {
        try
        {
            await BringUpAsync(ct);
        }
        catch (InvalidOperationException e)
        {
            RestartFailed(e);
        }
    }

    /// <summary>The server's process as postmaster.pid names it lives, and is no zombie.</summary>
    internal bool IsRunning() => RunningServer(folders) is not null;

    internal static int? RunningServer(ClusterFolders folders) => ServerProcess(folders) is { } id && File.Exists($"/proc/{id}/stat") && !IsZombie(id) ? id : null;

    internal int? ServerProcess() => ServerProcess(folders);

    static int? ServerProcess(ClusterFolders folders)
    {
        try
        {
            var first = File.ReadLines(Path.Combine(folders.Data, "postmaster.pid")).FirstOrDefault();
            return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    static bool IsZombie(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    static string LastLines(string file) => File.Exists(file) ? string.Join(' ', File.ReadLines(file).TakeLast(5)) : "";

    [LoggerMessage(Level = LogLevel.Information, Message = "Making a PostgreSQL {Major} cluster in {Folder}")]
    partial void MakingCluster(string folder, int major);

    [LoggerMessage(Level = LogLevel.Information, Message = "PostgreSQL in {Folder} was still running and is used on")]
    partial void Adopted(string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "PostgreSQL in {Folder} ended by itself; starting it again")]
    partial void Died(string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "PostgreSQL could not be started again")]
    partial void RestartFailed(Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL did not stop cleanly: {Output}")]
    partial void StopFailed(string output);
}
