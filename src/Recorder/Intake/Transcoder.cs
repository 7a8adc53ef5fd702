using System.Globalization;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Intake;

/// <summary>ffmpeg did not make the file: what it said last.</summary>
internal sealed class TranscodeException(string message) : Exception(message);

/// <summary>Two mono files into one stereo Ogg Opus: client left, agent right. Runs ffmpeg below everybody else's priority.</summary>
internal sealed class Transcoder(IOptions<RecorderOptions> options, TimeProvider time)
{
    /// <param name="client">Null: the left side is silent.</param>
    /// <param name="agent">Null: the right side is silent.</param>
    public async Task RunAsync(string? client, string? agent, TimeSpan duration, string target, CancellationToken ct)
    {
        var end = await QuietProgram.RunAsync([options.Value.Ffmpeg, .. Arguments(client, agent, duration, target)], folder: null, options.Value.TranscodeTimeout, time, ct);
        if (end.TimedOut) throw new TranscodeException($"ffmpeg took longer than {options.Value.TranscodeTimeout}");
        if (end.ExitCode == 0) return;
        var message = $"ffmpeg ended with {end.ExitCode}: {end.Said}";
        // A full disk is no fault of the recording either.
        if (end.IsMissing || end.Said.Contains("No space left", StringComparison.Ordinal)) throw new IOException(message);
        throw new TranscodeException(message);
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
