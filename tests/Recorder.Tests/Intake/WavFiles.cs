using System.Buffers.Binary;
using System.Diagnostics;

namespace CallCrm.Recorder.Tests.Intake;

/// <summary>Sounds as Asterisk writes them, and the way back from what was stored.</summary>
internal static class WavFiles
{
    public const int Rate = 8_000;

    /// <summary>A tone: 16-bit PCM, one channel. <paramref name="finished"/> false: as a killed Asterisk leaves it, with lengths of 0.</summary>
    public static byte[] Tone(double seconds, short level = 16_000, double hertz = 440, bool finished = true)
    {
        var samples = (int)(seconds * Rate);
        var file = new byte[44 + (2 * samples)];
        "RIFF"u8.CopyTo(file);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), finished ? file.Length - 8 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), Rate);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), 2 * Rate);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), finished ? 2 * samples : 0);
        for (var i = 0; i < samples; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + (2 * i)), (short)(level * Math.Sin(2 * Math.PI * hertz * i / Rate)));
        }

        return file;
    }

    /// <summary>A stored file decoded by ffmpeg: seconds, and the loudness of each side over its two halves (0 to 1).</summary>
    public static async Task<(double Seconds, double[] Left, double[] Right)> DecodeAsync(string opus)
    {
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-v", "error", "-i", opus, "-f", "s16le", "-ar", "8000", "-"])
        {
            RedirectStandardOutput = true,
        })!;
        using var pcm = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(pcm);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
        var bytes = pcm.ToArray();
        var frames = bytes.Length / 4;
        return ((double)frames / Rate, [Loudness(0, 0), Loudness(0, 1)], [Loudness(1, 0), Loudness(1, 1)]);

        double Loudness(int side, int half)
        {
            var sum = 0.0;
            for (var i = half * frames / 2; i < (half + 1) * frames / 2; i++)
            {
                var sample = BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan((4 * i) + (2 * side))) / 32_768.0;
                sum += sample * sample;
            }

            return Math.Sqrt(sum / (frames / 2.0));
        }
    }
}
