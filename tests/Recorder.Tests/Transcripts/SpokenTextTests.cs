using System.Text;
using CallCrm.CallFlow;
using CallCrm.Recorder.Transcripts;

namespace CallCrm.Recorder.Tests.Transcripts;

public sealed class SpokenTextTests
{
    [Theory]
    [InlineData(" Buongiorno, mi dica. ", "Buongiorno, mi dica.")]
    [InlineData("[BLANK_AUDIO]", null)]
    [InlineData(" (music) ", null)]
    [InlineData("(dramatic music playing)", null)]
    [InlineData("*sighs*", null)]
    [InlineData("♪♪", null)]
    [InlineData("♪ la la la ♪", null)]
    [InlineData("...", null)]
    [InlineData(" - ", null)]
    [InlineData("", null)]
    [InlineData("[Musica] Sì, certo.", "Sì, certo.")]
    [InlineData("- Да, конечно.", "Да, конечно.")]
    [InlineData("Thank you for watching!", null)]
    [InlineData("Субтитры сделал DimaTorzok", null)]
    [InlineData("Sottotitoli e revisione a cura di QTSS", null)]
    [InlineData("Thank you.", "Thank you.")]
    [InlineData("A�B", "A B")]
    [InlineData("line\none\ttwo", "line one two")]
    public void Only_what_somebody_said_is_left(string text, string? expected) => SpokenText.Clean(text).Should().Be(expected);

    [Fact]
    public void A_line_in_a_sides_silence_was_made_up_and_a_loop_is_one_line()
    {
        // Client: a second of sound, then nothing.
        var sound = new Waveform([.. Enumerable.Repeat((byte)90, 10), .. new byte[40]], [.. Enumerable.Repeat((byte)90, 50)]);
        var lines = SpokenText.Merge([new WhisperPiece(0, 1000, "Hello."), new WhisperPiece(2500, 4500, "Thank you.")],
            [new WhisperPiece(0, 900, "Yes."), .. Enumerable.Range(1, 5).Select(n => new WhisperPiece(n * 900, (n * 900) + 800, "Okay.")), new WhisperPiece(4900, 9_000, "Bye.")], sound, 5000);
        lines.Select(l => $"{l.Side} {l.From_ms}-{l.To_ms} {l.Text}").Should().Equal("client 0-1000 Hello.", "agent 0-900 Yes.", "agent 900-1700 Okay.", "agent 4900-5000 Bye.");
    }

    [Fact]
    public void What_is_said_thrice_stays()
    {
        var sound = new Waveform([90, 90], [90, 90]);
        SpokenText.Merge([.. Enumerable.Range(0, 3).Select(n => new WhisperPiece(n, n + 1, "No."))], [], sound, 200).Should().HaveCount(3);
    }

    [Fact]
    public void The_lines_noise_is_no_sound()
    {
        SpokenText.HasSound([0, 1, 2, 2, 1, 0]).Should().BeFalse();
        SpokenText.HasSound([0, 0, 200, 0, 0]).Should().BeFalse("a click");
        SpokenText.HasSound([0, 40, 200, 0]).Should().BeTrue();
    }

    /// <summary>As whisper-cli 1.9.5 wrote it (the model of its own tests, which knows no words), and with pieces as its <c>output_json</c> prints them.</summary>
    [Fact]
    public void Whispers_own_answer_is_read()
    {
        var own = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Transcripts", "whisper-cli.json"));
        var output = WhisperOutput.Read(Encoding.UTF8.GetBytes(own));
        (output.Language, output.Pieces.Count).Should().Be(("nl", 0));
        var said = own.Replace("\"transcription\": [", "\"transcription\": [\n\t\t{\n\t\t\t\"timestamps\": {\n\t\t\t\t\"from\": \"00:00:00,000\",\n\t\t\t\t\"to\": \"00:00:02,480\"\n\t\t\t},\n\t\t\t\"offsets\": {\n\t\t\t\t\"from\": 0,\n\t\t\t\t\"to\": 2480\n\t\t\t},\n\t\t\t\"text\": \" Good\nmorning.\"\n\t\t}", StringComparison.Ordinal);
        WhisperOutput.Read(Encoding.UTF8.GetBytes(said)).Pieces.Should().Equal(new WhisperPiece(0, 2480, " Good morning."));
    }

    [Fact]
    public void Half_a_letter_and_odd_times_are_borne()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"transcription": [{"offsets": {"from": -20, "to": -40}, "text": " Pe~"}, {"offsets": {"from": 99999999999, "to": 5}, "text": null}]}""");
        bytes[Array.IndexOf(bytes, (byte)'~')] = 0xC3;
        var output = WhisperOutput.Read(bytes);
        output.Pieces.Should().Equal(new WhisperPiece(0, 0, " Pe�"), new WhisperPiece(int.MaxValue, int.MaxValue, ""));
        output.Language.Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("usage: whisper-cli")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"transcription": {}}""")]
    [InlineData("""{"transcription": [{"text": "x", "offsets": {"from": "0", "to": 1}}]}""")]
    public void Anything_else_is_refused_with_a_reason(string answer) =>
        FluentActions.Invoking(() => WhisperOutput.Read(Encoding.UTF8.GetBytes(answer))).Should().Throw<TranscriptException>().WithMessage("*not what whisper.cpp writes*");
}
