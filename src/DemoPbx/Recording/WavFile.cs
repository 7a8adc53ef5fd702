using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace CallCrm.DemoPbx.Recording;

/// <summary>RIFF/WAVE, PCM 16 bit, mono, 8 kHz: what Asterisk's <c>wav</c> format writes.</summary>
internal static class WavFile
{
    public const int Rate = 8000;
    private const int Header_bytes = 44;

    /// <param name="closed">False leaves the sizes in the header at 0, as a killed Asterisk does.</param>
    public static void Write(string path, ReadOnlySpan<short> samples, bool closed = true)
    {
        using var file = File.Create(path);
        Span<byte> header = stackalloc byte[Header_bytes];
        var data_bytes = closed ? samples.Length * 2 : 0;
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], closed ? data_bytes + Header_bytes - 8 : 0);
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(header[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], Rate);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], Rate * 2);
        BinaryPrimitives.WriteInt16LittleEndian(header[32..], 2);
        BinaryPrimitives.WriteInt16LittleEndian(header[34..], 16);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], data_bytes);
        file.Write(header);
        file.Write(MemoryMarshal.AsBytes(samples));
    }

    /// <summary>Reads a PCM 16 bit mono file and brings it to 8 kHz; null when it is something else.</summary>
    public static short[]? Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = bytes.AsSpan();
        if (data.Length < Header_bytes || !data[..4].SequenceEqual("RIFF"u8) || BinaryPrimitives.ReadInt16LittleEndian(data[22..]) != 1)
        {
            return null;
        }

        var rate = BinaryPrimitives.ReadInt32LittleEndian(data[24..]);
        var at = data.IndexOf("data"u8);
        if (at < 0 || rate < Rate || BinaryPrimitives.ReadInt16LittleEndian(data[34..]) != 16)
        {
            return null;
        }

        // espeak-ng writes to a pipe's header sizes it does not know yet, so the file's length counts.
        var samples = MemoryMarshal.Cast<byte, short>(data[(at + 8)..(at + 8 + ((data.Length - at - 8) & ~1))]);
        return Resample(samples, rate);
    }

    /// <summary>Each output sample is the mean of the input samples it covers: a plain low-pass, good enough for telephone speech.</summary>
    private static short[] Resample(ReadOnlySpan<short> samples, int rate)
    {
        var result = new short[(int)((long)samples.Length * Rate / rate)];
        for (var i = 0; i < result.Length; i++)
        {
            var from = (int)((long)i * rate / Rate);
            var to = Math.Min(samples.Length, Math.Max(from + 1, (int)((long)(i + 1) * rate / Rate)));
            var sum = 0;
            for (var j = from; j < to; j++)
            {
                sum += samples[j];
            }

            result[i] = (short)(sum / (to - from));
        }

        return result;
    }
}
