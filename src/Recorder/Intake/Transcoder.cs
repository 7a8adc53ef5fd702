using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Intake;

/// <summary>ffmpeg did not make the file: what it said last.</summary>
internal sealed class TranscodeException(string message) : Exception(message);

/// <summary>Two mono files into one stereo Ogg Opus: client left, agent right. Runs ffmpeg below everybody else's priority.</summary>
internal sealed class Transcoder(IOptions<RecorderOptions> options, TimeProvider time)
{
    private const int MostErrorText = 500;

    // Where the kernel groups processes by session (sched_autogroup), nice counts only within a session: ffmpeg gets one of its
    // own, which as a whole gives way to Asterisk, the database and this host.
    private const string BehindAll = $"echo {Niceness} 2>/dev/null >/proc/self/autogroup; exec \"$@\"";

    // A tenth of a full processor: behind everybody, yet a recording is there soon after its call. At 19, a seventieth, it starves.
    private const string Niceness = "10";

    /// <param name="client">Null: the left side is silent.</param>
    /// <param name="agent">Null: the right side is silent.</param>
    public async Task RunAsync(string? client, string? agent, TimeSpan duration, string target, CancellationToken ct)
    {
        using var process = Start(Arguments(client, agent, duration, target));
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using var limit = new CancellationTokenSource(options.Value.TranscodeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            ct.ThrowIfCancellationRequested();
            throw new TranscodeException($"ffmpeg took longer than {options.Value.TranscodeTimeout}");
        }

        var said = (await error).Trim();
        if (process.ExitCode == 0) return;
        var message = $"ffmpeg ended with {process.ExitCode}: {said[Math.Max(0, said.Length - MostErrorText)..]}";
        // 126 and 127: the program is not there or may not be run (POSIX, nice). A full disk is no fault of the recording either.
        if (process.ExitCode is 126 or 127 || said.Contains("No space left", StringComparison.Ordinal)) throw new IOException(message);
        throw new TranscodeException(message);
    }

    private Process Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("setsid", ["--wait", "nice", "-n", Niceness, "sh", "-c", BehindAll, "sh", options.Value.Ffmpeg, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>
    /// Both sides are filled up to the same length, else the longer one would be cut. <c>ignore_length</c>: a header that was
    /// never finished must not end the sound. No date, no encoder's name: the same sound gives the same file.
    /// </summary>
    private List<string> Arguments(string? client, string? agent, TimeSpan duration, string target)
    {
        var seconds = duration.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture);
        var arguments = new List<string> { "-nostdin", "-hide_banner", "-v", "error", "-y" };
        foreach (var file in new[] { client, agent }.OfType<string>()) arguments.AddRange(["-ignore_length", "1", "-f", "wav", "-i", file]);

        var filter = (client, agent) switch
        {
            (not null, not null) =>
                $"[0:a]aresample=16000,apad=whole_dur={seconds}[l];[1:a]aresample=16000,apad=whole_dur={seconds}[r];[l][r]join=inputs=2:channel_layout=stereo:map=0.0-FL|1.0-FR[s]",
            (not null, null) => "[0:a]aresample=16000,pan=stereo|FL=c0|FR=0*c0[s]",
            _ => "[0:a]aresample=16000,pan=stereo|FL=0*c0|FR=c0[s]",
        };
        arguments.AddRange(
        [
            "-filter_complex", filter, "-map", "[s]", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
            "-c:a", "libopus", "-application", "voip", "-b:a", options.Value.BitRate.ToString(CultureInfo.InvariantCulture), "-threads", "1",
            "-f", "ogg", target,
        ]);
        return arguments;
    }
}
