namespace CallCrm.DemoPbx.Recording;

/// <summary>A line of a conversation that is to be heard.</summary>
public sealed record SpokenLine(bool Client, int From_ms, int To_ms, string Text);

/// <summary>A conversation of given words as the PBX would have recorded it: both sides' files and the mark.</summary>
public static class SpokenCall
{
    /// <param name="language">en, it or ru: the voices, where <c>espeak-ng</c> is installed; else a speech-like babble.</param>
    /// <param name="endedAt">The files' time.</param>
    public static void Write(string folder, string stem, string language, int duration_ms, IReadOnlyList<SpokenLine> lines, DateTimeOffset endedAt)
    {
        Directory.CreateDirectory(folder);
        var work = Directory.CreateTempSubdirectory("callcrm-voice-").FullName;
        try
        {
            foreach (var client in (bool[])[true, false])
            {
                var file = Path.Combine(folder, $"{stem}-{(client ? "in" : "out")}.wav");
                WavFile.Write(file, Side(lines.Where(l => l.Client == client), client, language, duration_ms, work));
                File.SetLastWriteTimeUtc(file, endedAt.UtcDateTime);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }

        // Taken when the mark is there, as of the youngest file's time: it comes last, and whole.
        var mark = Path.Combine(folder, stem + ".mark");
        File.WriteAllBytes(mark, []);
        File.SetLastWriteTimeUtc(mark, endedAt.UtcDateTime);
        File.Move(mark, Path.Combine(folder, stem + ".done"), overwrite: true);
    }

    private static short[] Side(IEnumerable<SpokenLine> lines, bool client, string language, int duration_ms, string work)
    {
        var track = new short[Samples(duration_ms)];
        foreach (var line in lines)
        {
            var (from, to) = (Math.Min(Samples(line.From_ms), track.Length), Math.Min(Samples(line.To_ms), track.Length));
            var said = Say(line.Text, client, language, Path.Combine(work, "line.wav"));
            said.AsSpan(0, Math.Min(said.Length, to - from)).CopyTo(track.AsSpan(from));
        }

        return track;
    }

    private static short[] Say(string text, bool client, string language, string path)
    {
        var voice = (language == "en" ? "en-gb" : language) + (client ? "+m3" : "+f3");
        return Voices.Speak(path, voice, text) && WavFile.Read(path) is { Length: > 0 } spoken ? spoken : Babble.Make(text, client ? 120 : 190);
    }

    private static int Samples(int ms) => (int)((long)ms * WavFile.Rate / 1000);
}
