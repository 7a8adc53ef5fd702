using System.Text;
using System.Text.Json;

namespace CallCrm.Recorder.Transcripts;

/// <summary>The program did not do what it should: why, in words for whoever looks after the site.</summary>
internal sealed class TranscriptException(string message) : Exception(message);

/// <summary>A stretch of one side's sound as whisper.cpp wrote it down.</summary>
internal sealed record WhisperPiece(int From_ms, int To_ms, string Text);

/// <summary>What <c>whisper-cli -oj</c> writes: <c>result.language</c>, and per piece <c>offsets.from</c> and <c>offsets.to</c> in ms with its <c>text</c>.</summary>
/// <param name="Language">As it heard or was told; null: it did not say.</param>
internal sealed record WhisperOutput(string? Language, IReadOnlyList<WhisperPiece> Pieces)
{
    /// <exception cref="TranscriptException">It is not what whisper.cpp writes.</exception>
    public static WhisperOutput Read(byte[] bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(Text(bytes));
            var pieces = new List<WhisperPiece>();
            foreach (var piece in json.RootElement.GetProperty("transcription").EnumerateArray())
            {
                var offsets = piece.GetProperty("offsets");
                var from = Math.Max(0, offsets.GetProperty("from").GetInt64());
                var to = Math.Max(from, offsets.GetProperty("to").GetInt64());
                pieces.Add(new WhisperPiece((int)Math.Min(from, int.MaxValue), (int)Math.Min(to, int.MaxValue), piece.GetProperty("text").GetString() ?? ""));
            }

            var language = json.RootElement.TryGetProperty("result", out var result) && result.TryGetProperty("language", out var said) ? said.GetString() : null;
            return new WhisperOutput(string.IsNullOrWhiteSpace(language) ? null : language, pieces);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TranscriptException($"The program's answer is not what whisper.cpp writes (-oj): {e.Message}");
        }
    }

    /// <summary>
    /// A letter may be cut in two between pieces, which leaves bytes that are no UTF-8. In texts it escapes quotation marks and backslashes only
    /// (examples/cli/cli.cpp, <c>escape_double_quotes_and_backslashes</c>): a line's end in one would be no JSON.
    /// </summary>
    private static string Text(byte[] bytes) => string.Create(Encoding.UTF8.GetCharCount(bytes), bytes, (text, from) =>
    {
        Encoding.UTF8.GetChars(from, text);
        foreach (ref var letter in text)
        {
            if (letter < ' ') letter = ' ';
        }
    });
}
