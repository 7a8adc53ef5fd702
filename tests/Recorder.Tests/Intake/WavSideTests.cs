using System.Security.Cryptography;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;

namespace CallCrm.Recorder.Tests.Intake;

public sealed class WavSideTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task A_side_is_hashed_and_measured()
    {
        var bytes = WavFiles.Tone(1.25, level: 16_000);

        var side = await Read(bytes);

        side.Fault.Should().BeNull();
        side.Remark.Should().BeNull();
        side.Sha256.Should().Be(Convert.ToHexStringLower(SHA256.HashData(bytes)));
        side.Duration.Should().Be(TimeSpan.FromSeconds(1.25));
        side.Peaks.Should().HaveCount(13, "ten a second, the last one begun").And.OnlyContain(p => p >= 123 && p <= 125, "16,000 of 32,768 is 125 of 256");
    }

    [Fact]
    public async Task The_loudest_sample_there_is_fits_a_byte()
    {
        var bytes = WavFiles.Tone(0.1);
        bytes[44] = 0x00;
        bytes[45] = 0x80;

        (await Read(bytes)).Peaks.Should().Equal(255);
    }

    [Fact]
    public async Task A_header_that_was_never_finished_is_read_to_the_end_and_remarked()
    {
        var side = await Read(WavFiles.Tone(2, finished: false));

        side.Duration.Should().Be(TimeSpan.FromSeconds(2));
        side.Remark.Should().Be("the header was never finished, read to the end of the file");
    }

    [Fact]
    public async Task Chunks_between_format_and_sound_are_passed_over()
    {
        var tone = WavFiles.Tone(0.5);
        byte[] bytes = [.. tone[..36], .. "LIST"u8, 3, 0, 0, 0, 1, 2, 3, 0, .. tone[36..]];

        (await Read(bytes)).Duration.Should().Be(TimeSpan.FromSeconds(0.5));
    }

    public static TheoryData<string, byte[], string> Faulty => new()
    {
        { "nothing", [], "shorter than a WAV header" },
        { "half a header", WavFiles.Tone(1)[..30], "shorter than a WAV header" },
        { "a header only", WavFiles.Tone(0), "empty: a header and no sound" },
        { "one odd byte", [.. WavFiles.Tone(0), 1], "empty: a header and no sound" },
        { "a text", Encoding.ASCII.GetBytes("This is no sound at all, but it is long enough."), "not a WAV file" },
        { "stereo", With(WavFiles.Tone(1), 22, 2), "format 1, 2 channels, 16 bits, 8000 Hz; expected 16-bit PCM of one channel" },
        { "eight bits", With(WavFiles.Tone(1), 34, 8), "format 1, 1 channels, 8 bits, 8000 Hz; expected 16-bit PCM of one channel" },
        { "GSM", With(WavFiles.Tone(1), 20, 49), "format 49, 1 channels, 16 bits, 8000 Hz; expected 16-bit PCM of one channel" },
        { "no format", With(WavFiles.Tone(1), 12, (byte)'x'), "a WAV file without a format before its sound" },
        { "a huge chunk", With(WavFiles.Tone(1), 19, 0x7F), "a damaged WAV header" },
        { "an endless header", [.. "RIFF____WAVE"u8, .. Enumerable.Range(0, 2000).SelectMany(_ => "junk\0\0\0\0"u8.ToArray())], "no sound found in the first 4096 bytes" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task A_faulty_side_is_named(string what, byte[] bytes, string fault)
    {
        (await Read(bytes)).Fault.Should().Be(fault, what);
    }

    [Theory]
    [InlineData("milan-1795449837.12-in.wav", "milan-1795449837.12")]
    [InlineData("milan-1-milan-1-1795449837.12-out.wav", "milan-1-milan-1-1795449837.12")]
    [InlineData("milan-1795449837.12.done", "milan-1795449837.12")]
    [InlineData("milan-1795449837.12.wav", null)]
    [InlineData("-1795449837.12-in.wav", "-1795449837.12")]
    [InlineData("1795449837.12-in.wav", null)]
    [InlineData("milan-1795449837-in.wav", null)]
    [InlineData("..%2fmilan-1.2-in.wav", null)]
    [InlineData("milan 1-1.2-in.wav", null)]
    public void A_name_is_ours_or_not(string name, string? stem) => RecordingName.Stem(name).Should().Be(stem);

    [Theory]
    [InlineData("milan-1795449837.12", null, "milan", "1795449837.12")]
    [InlineData("milan-1-1795449837.12", null, "milan-1", "1795449837.12")]
    [InlineData("milan-1-1795449837.12", "milan", "milan", "1-1795449837.12")]
    [InlineData("milan-1-milan-1-1795449837.12", null, "milan-1", "milan-1-1795449837.12")]
    [InlineData("milan-1-milan-1-1795449837.12", "milan-1", "milan-1", "milan-1-1795449837.12")]
    [InlineData("-1795449837.12", "milan", "milan", "1795449837.12")]
    [InlineData("-1795449837.12", null, "unknown", "1795449837.12")]
    [InlineData("-milan-1795449837.12", "milan", "milan", "milan-1795449837.12")]
    [InlineData("pbx-7-pbx-7-1795449837.12", "milan", "milan", "pbx-7-1795449837.12")]
    public void Without_a_known_leg_the_likeliest_cut_is_taken(string stem, string? folderNode, string node, string uniqueId)
    {
        RecordingName.Guess(stem, folderNode).Should().Be(new RecordingKey(node, uniqueId));
    }

    [Fact]
    public void A_waveform_survives_its_bytes()
    {
        var wave = new Waveform([1, 2, 255], [9]);

        var read = Waveform.FromBytes(wave.ToBytes());

        read.Client.Should().Equal(1, 2, 255);
        read.Agent.Should().Equal(9, 0, 0);
    }

    [Fact]
    public void A_path_never_leads_out_of_the_store()
    {
        var store = new RecordingFiles("/srv/store");

        store.FullPath("2026/03/05/a.opus").Should().Be("/srv/store/2026/03/05/a.opus");
        FluentActions.Invoking(() => store.FullPath("../store-2/a.opus")).Should().Throw<InvalidDataException>();
        FluentActions.Invoking(() => store.FullPath("/etc/passwd")).Should().Throw<InvalidDataException>();
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }

    private async Task<WavSide> Read(byte[] bytes)
    {
        await File.WriteAllBytesAsync(_file, bytes);
        return await WavSide.ReadAsync(_file, CancellationToken.None);
    }
}
