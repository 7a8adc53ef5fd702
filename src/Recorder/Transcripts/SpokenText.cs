using System.Text.RegularExpressions;
using CallCrm.CallFlow;

namespace CallCrm.Recorder.Transcripts;

/// <summary>A line of a conversation.</summary>
/// <param name="Side"><c>client</c> or <c>agent</c>.</param>
internal sealed record SpokenLine(string Side, int From_ms, int To_ms, string Text);

/// <summary>Pieces of both sides into one conversation, without what nobody said. Pure.</summary>
internal static partial class SpokenText
{
    /// <summary>Peaks of a side that is only the line's noise stay below (of 255; Opus and the PBX's own comfort noise included).</summary>
    public const int Quiet = 3;

    /// <summary>Times of whisper are as good as this.</summary>
    private const int Around_ms = 500;

    private const int LongestLine = 2000;

    /// <summary>So often in a row one side says the same: the model has caught itself in a loop.</summary>
    private const int Loop = 4;

    /// <summary>What models were taught from films write under silence; small, whole lines or their beginnings.</summary>
    private static readonly string[] Credits =
    [
        "thanks for watching", "thank you for watching", "please subscribe", "subtitles by", "sottotitoli creati dalla comunità", "sottotitoli e revisione a cura di", "sottotitoli a cura di",
        "субтитры сделал", "субтитры делал", "субтитры создавал", "субтитры подогнал", "редактор субтитров", "продолжение следует", "спасибо за просмотр", "подписывайтесь на канал", "amara.org", "www.",
    ];

    /// <summary>Whether a side is worth sending.</summary>
    public static bool HasSound(ReadOnlySpan<byte> peaks) => Loud(peaks) >= 2;

    /// <summary>In the order of the conversation; the client's first of two that begin together.</summary>
    public static IReadOnlyList<SpokenLine> Merge(IReadOnlyList<WhisperPiece> client, IReadOnlyList<WhisperPiece> agent, Waveform sound, int duration_ms) =>
        [.. Of("client", client, sound.Client, duration_ms).Concat(Of("agent", agent, sound.Agent, duration_ms)).OrderBy(l => l.From_ms).ThenBy(l => l.Side == "agent")];

    private static List<SpokenLine> Of(string side, IReadOnlyList<WhisperPiece> pieces, byte[] peaks, int duration_ms)
    {
        var lines = new List<SpokenLine>();
        foreach (var piece in pieces)
        {
            var (from, to) = (Math.Min(piece.From_ms, duration_ms), Math.Min(piece.To_ms, duration_ms));
            if (Clean(piece.Text) is not { } text || !IsHeard(peaks, from, to)) continue;
            lines.Add(new SpokenLine(side, from, to, text));
        }

        return [.. lines.Where((line, n) => !(n > 0 && lines[n - 1].Text == line.Text && RunOf(lines, n) >= Loop))];
    }

    private static int RunOf(List<SpokenLine> lines, int n)
    {
        var (first, last) = (n, n);
        while (first > 0 && lines[first - 1].Text == lines[n].Text) first--;
        while (last < lines.Count - 1 && lines[last + 1].Text == lines[n].Text) last++;
        return last - first + 1;
    }

    /// <summary>Text without sounds in brackets, notes and stars; null: nothing is left that somebody said.</summary>
    internal static string? Clean(string text)
    {
        var said = Spaces().Replace(NoSpeech().Replace(text.Replace('\uFFFD', ' '), " "), " ").Trim(' ', '-', '–', '—');
        if (!said.Any(char.IsLetterOrDigit)) return null;
        var small = said.ToLowerInvariant();
        if (Credits.Any(c => small.StartsWith(c, StringComparison.Ordinal))) return null;
        return said.Length > LongestLine ? said[..LongestLine] : said;
    }

    /// <summary>A line where the side's own sound is silent was made up.</summary>
    private static bool IsHeard(byte[] peaks, int from_ms, int to_ms)
    {
        if (peaks.Length == 0) return true;
        var from = Math.Clamp((from_ms - Around_ms) * Waveform.PerSecond / 1000, 0, peaks.Length);
        var to = Math.Clamp(((to_ms + Around_ms) * Waveform.PerSecond / 1000) + 1, from, peaks.Length);
        return from == to || Loud(peaks.AsSpan(from, to - from)) > 0;
    }

    private static int Loud(ReadOnlySpan<byte> peaks)
    {
        var loud = 0;
        foreach (var peak in peaks)
        {
            if (peak >= Quiet) loud++;
        }

        return loud;
    }

    [GeneratedRegex(@"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪|[♪♫]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NoSpeech();

    [GeneratedRegex(@"[\s\p{C}]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Spaces();
}
