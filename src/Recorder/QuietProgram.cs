using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace CallCrm.Recorder;

/// <summary>How a program ended.</summary>
/// <param name="Said">The end of what it wrote to its error output.</param>
/// <param name="TimedOut">It was ended because its time was up.</param>
internal sealed record QuietEnd(int ExitCode, string Said, bool TimedOut)
{
    /// <summary>126 and 127: the program is not there or may not be run (POSIX, nice).</summary>
    public bool IsMissing => !TimedOut && ExitCode is 126 or 127;
}

/// <summary>Runs a program below everybody else's priority, with no input; its output is thrown away.</summary>
internal static class QuietProgram
{
    private const int MostSaid = 500;

    // Where the kernel groups processes by session (sched_autogroup), nice counts only within a session: the program gets one of its
    // own, which as a whole gives way to Asterisk, the database and this host.
    private const string BehindAll = $"echo {Niceness} 2>/dev/null >/proc/self/autogroup; exec \"$@\" >/dev/null";

    // A tenth of a full processor: behind everybody, yet a recording is there soon after its call. At 19, a seventieth, it starves.
    private const string Niceness = "10";

    /// <param name="command">The program and its arguments.</param>
    /// <param name="folder">Where it runs; null: where this process does.</param>
    /// <exception cref="OperationCanceledException">Cancelled: the program was ended, with all it had begun.</exception>
    public static async Task<QuietEnd> RunAsync(IEnumerable<string> command, string? folder, TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        using var process = Start(command, folder);
        var said = TailAsync(process.StandardError);
        using var clock = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, clock.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            ct.ThrowIfCancellationRequested();
            return new QuietEnd(process.ExitCode, "", TimedOut: true);
        }

        return new QuietEnd(process.ExitCode, await said, TimedOut: false);
    }

    private static Process Start(IEnumerable<string> command, string? folder)
    {
        var start = new ProcessStartInfo("setsid", ["--wait", "nice", "-n", Niceness, "sh", "-c", BehindAll, "sh", .. command])
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? "",
        };
        var process = Process.Start(start) ?? throw new Win32Exception("setsid did not start");
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Only its end is kept: a program gone wild writes for hours.</summary>
    private static async Task<string> TailAsync(StreamReader reader)
    {
        var tail = new StringBuilder();
        var buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            tail.Append(buffer, 0, read);
            if (tail.Length > 4 * MostSaid) tail.Remove(0, tail.Length - MostSaid);
        }

        var text = tail.ToString().Trim();
        return text[Math.Max(0, text.Length - MostSaid)..];
    }
}
