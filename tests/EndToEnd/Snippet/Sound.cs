using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>Tells whether a recording holds a known voice.</summary>
static class Sound
{
    /// <summary>16-bit mono PCM behind a 44-byte header, as Asterisk writes it.</summary>
    public static float[] ReadWav(string file)
    {
        var bytes = File.ReadAllBytes(file).AsSpan(44);
        var samples = new float[bytes.Length / 2];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(i * 2)..]);
        return samples;
    }

    /// <summary>Raw G.711 µ-law (ITU-T G.711, 8 kHz).</summary>
    public static float[] ReadUlaw(string file) => File.ReadAllBytes(file).Select(Ulaw).ToArray();

    /// <summary>
    /// The best normalised cross-correlation of one second from the middle of <paramref name="recorded"/> with any
    /// place of <paramref name="voice"/>: near 1 when the voice is in it, well below otherwise.
    /// </summary>
    public static double Likeness(float[] recorded, float[] voice)
    {
        const int Length = 8_000;
        var piece = recorded.AsSpan(Math.Max(0, recorded.Length - Length) / 2, Math.Min(Length, recorded.Length));
        var energy = Energy(piece);
        var best = 0.0;
        for (var at = 0; at + piece.Length <= voice.Length; at++)
        {
            var other = voice.AsSpan(at, piece.Length);
            var likeness = Math.Abs(Dot(piece, other)) / Math.Sqrt(energy * Energy(other) + 1);
            best = Math.Max(best, likeness);
        }

        return best;
    }

    static double Energy(ReadOnlySpan<float> samples) => Dot(samples, samples);

    static double Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var a = MemoryMarshal.Cast<float, Vector<float>>(left);
        var b = MemoryMarshal.Cast<float, Vector<float>>(right);
        var sum = Vector<float>.Zero;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return Vector.Sum(sum);
    }

    static float Ulaw(byte coded)
    {
        var u = ~coded & 0xFF;
        var magnitude = (((u & 0x0F) << 3) + 0x84) << ((u & 0x70) >> 4);
        return (u & 0x80) != 0 ? 0x84 - magnitude : magnitude - 0x84;
    }
}
