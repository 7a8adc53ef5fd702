using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
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
    private const string BehindAll = "echo $0 2>/dev/null >/proc/self/autogroup; exec \"$@\" >/dev/null";

    // A seventieth of a full processor: whoever wakes up has it at once. A pop that meets a program with a tenth is drawn a fifth of a second later.
    private const string Nothing = "19";

    // A tenth, as nothing is never over on a machine that is full all day.
    private const string Little = "10";

    /// <param name="command">The program and its arguments.</param>
    /// <param name="folder">Where it runs; null: where this process does.</param>
    /// <param name="givesWay">How long it has only what nobody else wants; from then on its tenth.</param>
    /// <exception cref="OperationCanceledException">Cancelled: the program was ended, with all it had begun.</exception>
    public static async Task<QuietEnd> RunAsync(IEnumerable<string> command, string? folder, TimeSpan givesWay, TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        using var process = Start(command, folder, givesWay > TimeSpan.Zero ? Nothing : Little);
        var said = TailAsync(process.StandardError);
        using var clock = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, clock.Token);
        try
        {
            var end = process.WaitForExitAsync(either.Token);
            try
            {
                await end.WaitAsync(givesWay, time, ct);
            }
            catch (TimeoutException)
            {
                if (givesWay > TimeSpan.Zero) GiveLittle(process.Id);
                await end;
            }
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

    private static Process Start(IEnumerable<string> command, string? folder, string niceness)
    {
        var start = new ProcessStartInfo("setsid", ["--wait", "nice", "-n", Little, "sh", "-c", BehindAll, niceness, .. command])
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

    /// <summary>It leads its session: <c>setsid</c>, <c>nice</c> and the shell each became the next. Where there are no such groups it has its tenth from the start.</summary>
    private static void GiveLittle(int session)
    {
        try
        {
            File.WriteAllText($"/proc/{session.ToString(CultureInfo.InvariantCulture)}/autogroup", Little);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No groups, or over in this moment.
        }
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
