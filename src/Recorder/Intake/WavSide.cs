using System.Buffers.Binary;
using System.Security.Cryptography;
using CallCrm.CallFlow;

namespace CallCrm.Recorder.Intake;

/// <summary>One side of a recording, read once from end to end.</summary>
/// <param name="Rate_Hz">Samples a second; 0: not known.</param>
/// <param name="Fault">Why it holds no usable sound; null when it does.</param>
/// <param name="Remark">Something odd about a usable side.</param>
internal sealed record WavSide(string? Sha256, TimeSpan Duration, int Rate_Hz, byte[] Peaks, string? Fault, string? Remark)
{
    public bool HasSound => Fault is null;

    public static readonly WavSide None = new(null, TimeSpan.Zero, 0, [], "no file came", null);

    /// <summary>Reads, hashes and measures a file that Asterisk wrote: RIFF/WAVE, 16-bit PCM, one channel.</summary>
    public static async Task<WavSide> ReadAsync(string path, CancellationToken ct)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var reader = new Reader();
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await file.ReadAsync(buffer, ct)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            reader.Take(buffer.AsSpan(0, read));
        }

        return reader.Side(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>
    /// Header and samples, fed in pieces. The length fields are only a hint: Asterisk writes them when it closes the file, so
    /// after a crash they are 0; the samples are read to the end of the file.
    /// </summary>
    private sealed class Reader
    {
        private const int MaxHeader = 4096;

        private readonly List<byte> _peaks = [];
        private byte[] _rest = [];
        private bool _inData;
        private int _rate;
        private int _perPeak;
        private int _inPeak;
        private int _peak;
        private long _samples;
        private long _declaredBytes;
        private long _dataBytes;
        private string? _fault;

        public void Take(ReadOnlySpan<byte> piece)
        {
            if (_fault is not null) return;
            byte[] all = [.. _rest, .. piece];
            ReadOnlySpan<byte> data = all;
            if (!_inData && !TryHeader(ref data))
            {
                _rest = all;
                if (all.Length > MaxHeader) _fault ??= $"no sound found in the first {MaxHeader} bytes";
                return;
            }

            _dataBytes += data.Length - (data.Length % 2);
            while (data.Length >= 2)
            {
                Sample(BinaryPrimitives.ReadInt16LittleEndian(data));
                data = data[2..];
            }

            _rest = data.ToArray();
        }

        public WavSide Side(string sha256)
        {
            if (_inPeak > 0) ClosePeak();
            var fault = _fault ?? (_inData ? _samples == 0 ? "empty: a header and no sound" : null : "shorter than a WAV header");
            var duration = _rate > 0 ? TimeSpan.FromSeconds((double)_samples / _rate) : TimeSpan.Zero;
            // An unfinished header says 0, or what it was at the last flush.
            var remark = fault is null && _declaredBytes < _dataBytes - 1 ? "the header was never finished, read to the end of the file" : null;
            return new WavSide(sha256, duration, _rate, [.. _peaks], fault, remark);
        }

        /// <summary>False: not whole yet, or a fault. Chunks: Microsoft's RIFF, <c>fmt </c> before <c>data</c>.</summary>
        private bool TryHeader(ref ReadOnlySpan<byte> data)
        {
            if (data.Length < 12) return false;
            if (!data[..4].SequenceEqual("RIFF"u8) || !data[8..12].SequenceEqual("WAVE"u8))
            {
                _fault = "not a WAV file";
                return false;
            }

            var at = 12;
            while (data.Length >= at + 8)
            {
                var size = BinaryPrimitives.ReadUInt32LittleEndian(data[(at + 4)..]);
                if (data.Slice(at, 4).SequenceEqual("data"u8))
                {
                    if (_rate == 0) _fault = "a WAV file without a format before its sound";
                    _declaredBytes = size;
                    data = data[(at + 8)..];
                    return _inData = _fault is null;
                }

                if (data.Slice(at, 4).SequenceEqual("fmt "u8) && !TryFormat(data[(at + 8)..])) return false;
                if (size > MaxHeader)
                {
                    _fault = "a damaged WAV header";
                    return false;
                }

                at += 8 + (int)size + ((int)size & 1);
            }

            return false;
        }

        private bool TryFormat(ReadOnlySpan<byte> format)
        {
            if (format.Length < 16) return false;
            var kind = BinaryPrimitives.ReadUInt16LittleEndian(format);
            var channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
            var rate = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
            var bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
            if (kind != 1 || channels != 1 || bits != 16 || rate is < 8_000 or > 192_000)
            {
                _fault = $"format {kind}, {channels} channels, {bits} bits, {rate} Hz; expected 16-bit PCM of one channel";
                return false;
            }

            _rate = (int)rate;
            _perPeak = _rate / Waveform.PerSecond;
            return true;
        }

        private void Sample(short value)
        {
            _samples++;
            _peak = Math.Max(_peak, Math.Abs((int)value));
            if (++_inPeak == _perPeak) ClosePeak();
        }

        private void ClosePeak()
        {
            _peaks.Add((byte)Math.Min(255, _peak / 128));
            _inPeak = 0;
            _peak = 0;
        }
    }
}
