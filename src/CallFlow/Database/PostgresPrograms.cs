using System.Diagnostics;
using System.Globalization;

namespace CallCrm.CallFlow;

/// <summary>PostgreSQL's programs as Debian installs them. Under root they run as user postgres: the server refuses to be root.</summary>
internal sealed record PostgresPrograms(int Major, string Folder)
{
    const int Oldest = 15;

    public static string? RunAs => Environment.IsPrivilegedProcess ? "postgres" : null;

    /// <param name="major">The version an existing cluster needs; null = the newest here.</param>
    public static PostgresPrograms Find(int? major = null)
    {
        var found = Installed().Where(p => major is null ? p.Major >= Oldest : p.Major == major).OrderByDescending(p => p.Major).FirstOrDefault();
        if (found is not null) return found;
        throw new InvalidOperationException(major is null
            ? $"PostgreSQL {Oldest} or later is not installed (looked in /usr/lib/postgresql/*/bin). Install it with: sudo apt-get install postgresql — or name a server of your own in ConnectionStrings:CallCrm."
            : $"The data was written by PostgreSQL {major}, which is not installed (looked in /usr/lib/postgresql/{major}/bin). Install it with: sudo apt-get install postgresql-{major}");
    }

    /// <summary>pg_dump and its like, which a machine may have without the server: of the given version, else the next later one that is here.</summary>
    public static PostgresPrograms FindTools(int atLeast) =>
        Installed("pg_dump", "pg_restore", "psql").Where(p => p.Major >= atLeast).OrderBy(p => p.Major).FirstOrDefault()
        ?? throw new InvalidOperationException($"pg_dump and psql of PostgreSQL {atLeast} or later are not installed (looked in /usr/lib/postgresql/*/bin). Install them with: sudo apt-get install postgresql-client-{atLeast}");

    public static bool AnyInstalled() => Installed().Any(p => p.Major >= Oldest);

    static IEnumerable<PostgresPrograms> Installed() => Installed("initdb", "pg_ctl");

    static IEnumerable<PostgresPrograms> Installed(params string[] programs)
    {
        const string Root = "/usr/lib/postgresql";
        if (!Directory.Exists(Root)) yield break;
        foreach (var folder in Directory.EnumerateDirectories(Root))
        {
            var bin = Path.Combine(folder, "bin");
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var major)
                && Array.TrueForAll(programs, p => File.Exists(Path.Combine(bin, p))))
            {
                yield return new PostgresPrograms(major, bin);
            }
        }
    }

    public Task<ProgramResult> RunAsync(string program, IEnumerable<string> arguments, CancellationToken ct) =>
        ProgramResult.RunAsync(Path.Combine(Folder, program), arguments, RunAs, ct);
}

internal readonly record struct ProgramResult(int ExitCode, string Output)
{
    public static async Task<ProgramResult> RunAsync(string file, IEnumerable<string> arguments, string? user, CancellationToken ct)
    {
        // From "/": the server's user may not be allowed into our own working folder.
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/", UseShellExecute = false };
        if (user is not null) start.UserName = user;
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return new ProgramResult(process.ExitCode, (await output + await errors).Trim());
    }

    public ProgramResult OrThrow(string what) =>
        ExitCode == 0 ? this : throw new InvalidOperationException($"{what} failed (exit code {ExitCode}): {Output}");
}
