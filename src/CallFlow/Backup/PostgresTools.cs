using System.Diagnostics;
using Npgsql;

namespace CallCrm.CallFlow.Backup;

/// <summary>pg_dump, pg_restore and psql against one database. The password goes by the environment, so that no list of processes shows it.</summary>
internal sealed class PostgresTools(PostgresPrograms programs, string connectionString)
{
    public int Major => programs.Major;

    /// <param name="snapshot">Of pg_export_snapshot: the dump holds what that transaction sees.</param>
    public async Task<BackupFile> DumpAsync(string snapshot, string file, CancellationToken ct)
    {
        // Through a pipe: hashed on the way, and pg_dump ends when we are killed. Behind everybody else: calls go on meanwhile.
        using var dump = Start("pg_dump", ["--format=custom", "--no-password", "--lock-wait-timeout=60s", $"--snapshot={snapshot}"], behind: true);
        var errors = dump.StandardError.ReadToEndAsync(ct);
        try
        {
            await using var target = BackupFiles.Create(file);
            var made = await BackupFiles.PourAsync(dump.StandardOutput.BaseStream, target, Path.GetFileName(file), ct);
            await dump.WaitForExitAsync(ct);
            target.Flush(flushToDisk: true);
            return dump.ExitCode == 0 ? made : throw new BackupException($"pg_dump failed (exit code {dump.ExitCode}): {(await errors).Trim()}");
        }
        finally
        {
            if (!dump.HasExited) dump.Kill(entireProcessTree: true);
        }
    }

    /// <summary>In one transaction: all of it or nothing.</summary>
    /// <param name="replace">What is in the schema goes first.</param>
    public async Task RestoreAsync(string file, bool replace, CancellationToken ct)
    {
        string[] first = replace ? ["-c", "drop schema public cascade", "-c", "create schema public"] : [];
        using var read = Start("pg_restore", ["--no-owner", "--no-privileges", "--file=-", file]);
        using var write = Start("psql", ["--no-psqlrc", "--quiet", "--no-password", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--single-transaction", .. first, "--file=-"], input: true);
        var readErrors = read.StandardError.ReadToEndAsync(ct);
        var writeErrors = write.StandardError.ReadToEndAsync(ct);
        try
        {
            var whole = await PipeAsync(read, write, ct);
            await Task.WhenAll(read.WaitForExitAsync(ct), write.WaitForExitAsync(ct));
            if (write.ExitCode != 0 || !whole) throw new BackupException($"The database could not be restored: {(await writeErrors).Trim()} {(await readErrors).Trim()}");
        }
        finally
        {
            if (!read.HasExited) read.Kill();
            if (!write.HasExited) write.Kill();
        }
    }

    /// <summary>psql gets its end of input, and with it commits, only after pg_restore has said that it wrote everything.</summary>
    static async Task<bool> PipeAsync(Process read, Process write, CancellationToken ct)
    {
        try
        {
            await read.StandardOutput.BaseStream.CopyToAsync(write.StandardInput.BaseStream, ct);
            await read.WaitForExitAsync(ct);
            if (read.ExitCode != 0)
            {
                write.Kill();
                return false;
            }

            write.StandardInput.Close();
            return true;
        }
        catch (IOException)
        {
            // psql ended early; it says why.
            read.Kill();
            return false;
        }
    }

    Process Start(string program, string[] arguments, bool behind = false, bool input = false)
    {
        var path = Path.Combine(programs.Folder, program);
        // A session of its own whose group gives way, as processor time is shared among sessions first; at 19 it would starve on a busy machine.
        var start = behind
            ? new ProcessStartInfo("setsid", ["--wait", "nice", "-n", "10", "sh", "-c", "echo 10 2>/dev/null >/proc/self/autogroup; exec \"$@\"", "sh", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = input;
        start.WorkingDirectory = "/";
        foreach (var (name, value) in Variables(connectionString)) start.Environment[name] = value;
        start.Environment["LC_ALL"] = "C.UTF-8";
        return Process.Start(start) ?? throw new BackupException($"{path} did not start.");
    }

    /// <summary>Npgsql's words in libpq's.</summary>
    internal static Dictionary<string, string> Variables(string connectionString)
    {
        var c = new NpgsqlConnectionStringBuilder(connectionString);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGHOST"] = c.Host ?? "localhost",
            ["PGPORT"] = c.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["PGSSLMODE"] = c.SslMode switch
            {
                SslMode.VerifyCA => "verify-ca",
                SslMode.VerifyFull => "verify-full",
                var mode => mode.ToString().ToLowerInvariant(),
            },
            ["PGAPPNAME"] = SiteDatabase.ApplicationName,
        };
        Add("PGUSER", c.Username);
        Add("PGDATABASE", c.Database ?? c.Username);
        Add("PGPASSWORD", c.Password);
        Add("PGPASSFILE", c.Passfile);
        Add("PGSSLROOTCERT", c.RootCertificate);
        Add("PGSSLCERT", c.SslCertificate);
        Add("PGSSLKEY", c.SslKey);
        return variables;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) variables[name] = value;
        }
    }
}
