using System.ComponentModel;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace CallCrm.Recorder.Transcripts;

/// <summary>One side of a recording through ffmpeg and whisper.cpp, each a process of its own below everybody else's priority.</summary>
internal sealed class Whisper(IOptions<TranscriptOptions> options, IOptions<RecorderOptions> recorder, TimeProvider time)
{
    private static readonly TimeSpan Least = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan GivesWay = TimeSpan.FromSeconds(20);

    /// <param name="sound">The stored recording, client left, agent right.</param>
    /// <param name="folder">Of this run alone: the sound goes there, and the answer comes there.</param>
    /// <param name="language">Null: whisper finds it out.</param>
    /// <exception cref="TranscriptException">It did not work; the message says what.</exception>
    public async Task<WhisperOutput> HearAsync(string sound, string side, string? language, TimeSpan duration, string folder, CancellationToken ct)
    {
        var limit = TimeSpan.FromTicks((long)(options.Value.TimeoutPerMinute.Ticks * duration.TotalMinutes));
        if (limit < Least) limit = Least;
        var wav = Path.Combine(folder, $"{side}.wav");
        await RunAsync("ffmpeg", [recorder.Value.Ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y", "-i", sound, "-af", side == "client" ? "pan=mono|c0=FL" : "pan=mono|c0=FR", "-ar", "16000",
            "-c:a", "pcm_s16le", "-f", "wav", wav], folder, limit, ct);
        var answer = Path.Combine(folder, $"{side}.json");
        // File names without folders: the program may see another tree of files (chroot).
        await RunAsync("whisper.cpp", [.. Command(), "-m", options.Value.Model.Trim(), "-l", language ?? "auto", "-t", options.Value.Threads.ToString(CultureInfo.InvariantCulture),
            "-oj", "-of", side, "-np", "-f", $"{side}.wav"], folder, limit, ct);
        File.Delete(wav);
        if (!File.Exists(answer)) throw new TranscriptException("whisper.cpp ended well, but wrote no answer (-oj).");
        return WhisperOutput.Read(await File.ReadAllBytesAsync(answer, ct));
    }

    private IEnumerable<string> Command()
    {
        var program = options.Value.Program.Trim();
        return File.Exists(program) ? [program] : program.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task RunAsync(string who, IEnumerable<string> command, string folder, TimeSpan limit, CancellationToken ct)
    {
        QuietEnd end;
        try
        {
            end = await QuietProgram.RunAsync(command, folder, GivesWay, limit, time, ct);
        }
        catch (Win32Exception e)
        {
            throw new TranscriptException($"{who} could not be started: {e.Message}");
        }

        if (end.TimedOut) throw new TranscriptException($"{who} took longer than {limit:c}.");
        if (end.IsMissing) throw new TranscriptException($"{who} is not there or may not be run: {end.Said}");
        if (end.ExitCode != 0) throw new TranscriptException($"{who} ended with {end.ExitCode.ToString(CultureInfo.InvariantCulture)}: {end.Said}");
    }
}
