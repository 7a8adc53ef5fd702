using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// A flight file: the magic, then blocks. A block is: length of what follows its head (u32), CRC-32C of all after these eight bytes
/// (u32), kind (u8), packing (u8), length unpacked (u32), the bytes. Little endian. Head, Types and State come once, in this order,
/// then Records. What a crash leaves of the last block is passed over.
/// </summary>
static class FlightFormat
{
    public const int Version = 1;
    public const int BlockHead = 14;

    /// <summary>Larger is damage, not data.</summary>
    public const int LargestBlock = 1 << 30;

    public const string Extension = ".flight";

    public static ReadOnlySpan<byte> Magic => "CCFLIGHT"u8;

    public static void WriteHead(Span<byte> head, BlockKind kind, BlockPacking packing, int unpacked, ReadOnlySpan<byte> packed)
    {
        BinaryPrimitives.WriteInt32LittleEndian(head, packed.Length);
        head[8] = (byte)kind;
        head[9] = (byte)packing;
        BinaryPrimitives.WriteInt32LittleEndian(head[10..], unpacked);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], Crc(Crc(0, head[8..BlockHead]), packed));
    }

    /// <summary>CRC-32C (Castagnoli, RFC 3720): the processor has it.</summary>
    public static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}

enum BlockKind : byte { Head = 1, Types = 2, State = 3, Records = 4 }

enum BlockPacking : byte { None = 0, Deflate = 1 }

enum RecordKind : byte
{
    /// <summary>Stamp and drift of the clock against it, each as the difference to the last, and the input.</summary>
    Input = 1,

    /// <summary>A journal entry that the input before it led to.</summary>
    Entry = 2,

    /// <summary>SHA-256 of the engine's state here.</summary>
    Mark = 3,

    /// <summary>Written whole; a file without it was cut off.</summary>
    End = 4,
}

/// <summary>What a file is.</summary>
/// <param name="Engine">Version and source of the engine that wrote it: only the same one has the same state hashes.</param>
/// <param name="Number">Of the file in its session, from 1.</param>
/// <param name="Gap">What was not recorded before it.</param>
/// <param name="Bundle">Set for an excerpt.</param>
sealed record FlightHead(int Format, string Engine, string Domain, Guid Session, int Number, DateTimeOffset StartedAt, FlightGap? Gap = null, FlightBundle? Bundle = null);

/// <param name="Inputs">How many inputs are missing.</param>
/// <param name="Since">When the first of them came.</param>
sealed record FlightGap(long Inputs, DateTimeOffset Since);

/// <param name="Call">Its entries are told again by a replay.</param>
/// <param name="Whole">Nothing could be left out in its time.</param>
sealed record FlightBundle(Guid Call, bool Whole);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(FlightHead))]
sealed partial class FlightJson : JsonSerializerContext;
