using System.Globalization;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Intake;

/// <summary>ffmpeg did not make the file: what it said last.</summary>
internal sealed class TranscodeException(string message) : Exception(message);

/// <summary>Two mono files to become one stereo file.</summary>
/// <param name="Client">Null: the left side is silent.</param>
/// <param name="Agent">Null: the right side is silent.</param>
/// <param name="Duration">Of the longer one.</param>
/// <param name="Rate_Hz">Of the better one, in samples a second.</param>
internal sealed record Sound(string? Client, string? Agent, TimeSpan Duration, int Rate_Hz, string Target);

/// <summary>Mono files into stereo Ogg Opus: client left, agent right. Runs ffmpeg below everybody else's priority, once for several: to start it takes as long as two minutes of sound.</summary>
internal sealed class Transcoder(IOptions<RecorderOptions> options, TimeProvider time)
{
    private static readonly TimeSpan GivesWay = TimeSpan.FromSeconds(20);

    /// <summary>All or, by <see cref="TranscodeException"/>, none of them: which of several was at fault is not known.</summary>
    /// <param name="behind">Recordings wait too long: it does not give way to everybody any more.</param>
    /// <exception cref="IOException">No fault of a recording: ffmpeg is not there, or the disk is full.</exception>
    public async Task RunAsync(IReadOnlyList<Sound> sounds, bool behind, CancellationToken ct)
    {
        var end = await QuietProgram.RunAsync([options.Value.Ffmpeg, .. Arguments(sounds)], folder: null, behind ? TimeSpan.Zero : GivesWay, options.Value.TranscodeTimeout, time, ct);
        if (end.TimedOut) throw new TranscodeException($"ffmpeg took longer than {options.Value.TranscodeTimeout}");
        if (end.ExitCode == 0) return;
        var message = $"ffmpeg ended with {end.ExitCode}: {end.Said}";
        // A full disk is no fault of the recording either.
        if (end.IsMissing || end.Said.Contains("No space left", StringComparison.Ordinal)) throw new IOException(message);
        throw new TranscodeException(message);
    }

    /// <summary>Where the effort of the encoder (0 to 10) still halves its time, and nobody hears it at telephone's bandwidth.</summary>
    private const string Effort = "5";

    /// <summary>
    /// Both sides are filled up to the same length, else the longer one would be cut. <c>ignore_length</c>: a header that was
    /// never finished must not end the sound. No date, no encoder's name: the same sound gives the same file.
    /// </summary>
    private List<string> Arguments(IReadOnlyList<Sound> sounds)
    {
        var arguments = new List<string> { "-nostdin", "-hide_banner", "-v", "error", "-y" };
        var filters = new List<string>();
        var inputs = 0;
        foreach (var (n, sound) in sounds.Index())
        {
            foreach (var file in new[] { sound.Client, sound.Agent }.OfType<string>()) arguments.AddRange(["-ignore_length", "1", "-f", "wav", "-i", file]);
            var (first, second) = (inputs, inputs + 1);
            // Opus knows few rates (RFC 6716, 2); a telephone's 8,000 Hz made finer are no better, and half as dear again to encode.
            var rate = sound.Rate_Hz is > 0 and <= 8_000 ? 8_000 : 16_000;
            var seconds = sound.Duration.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture);
            filters.Add((sound.Client, sound.Agent) switch
            {
                (not null, not null) => $"[{first}:a]aresample={rate},apad=whole_dur={seconds}[l{n}];[{second}:a]aresample={rate},apad=whole_dur={seconds}[r{n}];"
                    + $"[l{n}][r{n}]join=inputs=2:channel_layout=stereo:map=0.0-FL|1.0-FR[s{n}]",
                (not null, null) => $"[{first}:a]aresample={rate},pan=stereo|FL=c0|FR=0*c0[s{n}]",
                _ => $"[{first}:a]aresample={rate},pan=stereo|FL=0*c0|FR=c0[s{n}]",
            });
            inputs += sound is { Client: not null, Agent: not null } ? 2 : 1;
        }

        arguments.AddRange(["-filter_complex", string.Join(';', filters)]);
        foreach (var (n, sound) in sounds.Index())
        {
            arguments.AddRange(
            [
                "-map", $"[s{n}]", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
                "-c:a", "libopus", "-application", "voip", "-b:a", options.Value.BitRate.ToString(CultureInfo.InvariantCulture), "-compression_level", Effort, "-threads", "1",
                "-f", "ogg", sound.Target,
            ]);
        }

        return arguments;
    }
}
