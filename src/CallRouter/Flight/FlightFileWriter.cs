using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CallCrm.Engine;
using CallCrm.Engine.Wire;

namespace CallCrm.CallRouter.Flight;

/// <summary>Writes one flight file. Records gather in a block; <see cref="Flush"/> closes it and gives it to the system.</summary>
sealed class FlightFileWriter : IDisposable
{
    const int BlockSize = 256 * 1024;

    readonly Stream _file;
    readonly WireWriter _records;
    readonly MemoryStream _packed = new();
    TimeSpan _stamp;
    long _drift_ticks;
    long _onDisk;

    FlightFileWriter(Stream file, Func<string, WireRole, string>? rewrite) => (_file, _records) = (file, new WireWriter { Rewrite = rewrite });

    /// <summary>Bytes in the file.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes before they were packed.</summary>
    public long Unpacked { get; private set; }

    /// <param name="state">The engine's image at the start.</param>
    /// <param name="rewrite">Replaces texts of inputs and entries.</param>
    public static FlightFileWriter Begin(Stream file, FlightHead head, ReadOnlySpan<byte> state, Func<string, WireRole, string>? rewrite = null)
    {
        var writer = new FlightFileWriter(file, rewrite);
        file.Write(FlightFormat.Magic);
        writer.Length = FlightFormat.Magic.Length;
        writer.Block(BlockKind.Head, JsonSerializer.SerializeToUtf8Bytes(head, FlightJson.Default.FlightHead));
        writer.Block(BlockKind.Types, Encoding.UTF8.GetBytes(WireFile.CurrentText));
        writer.Block(BlockKind.State, state);
        return writer;
    }

    /// <summary>Inputs that no block given to the system has yet.</summary>
    public long Unwritten { get; private set; }

    public DateTimeOffset UnwrittenSince { get; private set; }

    public void Input(Moment at, EngineInput input)
    {
        if (Unwritten++ == 0)
            UnwrittenSince = at.Utc;
        _records.Byte((byte)RecordKind.Input);
        _records.Signed((at.Stamp - _stamp).Ticks);
        _stamp = at.Stamp;
        var drift = at.Utc.UtcTicks - at.Stamp.Ticks;
        _records.Signed(drift - _drift_ticks);
        _drift_ticks = drift;
        _records.Record(input);
        CloseFull();
    }

    public void Entry(JournalEntry entry)
    {
        _records.Byte((byte)RecordKind.Entry);
        _records.Record(entry);
        CloseFull();
    }

    /// <param name="image">The engine's state here.</param>
    public void Mark(ReadOnlySpan<byte> image)
    {
        _records.Byte((byte)RecordKind.Mark);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(image, hash);
        _records.Bytes(hash);
        CloseFull();
    }

    public void End()
    {
        _records.Byte((byte)RecordKind.End);
        FlushToDisk();
    }

    /// <summary>What was written outlives a power cut. Waits for the disk.</summary>
    public void FlushToDisk()
    {
        Flush();
        if (_onDisk != Length && _file is FileStream file)
            file.Flush(flushToDisk: true);
        _onDisk = Length;
    }

    public void Flush()
    {
        if (_records.Count > 0)
            Block(BlockKind.Records, _records.Written);
        _records.Clear();
        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    void CloseFull()
    {
        if (_records.Count < BlockSize)
            return;
        Block(BlockKind.Records, _records.Written);
        _records.Clear();
    }

    void Block(BlockKind kind, ReadOnlySpan<byte> bytes)
    {
        // The head's place first, so that a block is one write: it stands whole or is the torn end.
        _packed.SetLength(0);
        _packed.Write(stackalloc byte[FlightFormat.BlockHead]);
        var packing = kind == BlockKind.Head ? BlockPacking.None : BlockPacking.Deflate;
        if (packing == BlockPacking.None)
        {
            _packed.Write(bytes);
        }
        else
        {
            using var deflate = new DeflateStream(_packed, CompressionLevel.Fastest, leaveOpen: true);
            deflate.Write(bytes);
        }

        var block = _packed.GetBuffer().AsSpan(0, (int)_packed.Length);
        FlightFormat.WriteHead(block, kind, packing, bytes.Length, block[FlightFormat.BlockHead..]);
        _file.Write(block);
        Length += block.Length;
        Unpacked += bytes.Length;
        if (kind == BlockKind.Records)
            Unwritten = 0;
    }
}
