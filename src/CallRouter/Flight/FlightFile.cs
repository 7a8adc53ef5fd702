using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CallCrm.Engine;
using CallCrm.Engine.Wire;

namespace CallCrm.CallRouter.Flight;

/// <summary>A flight file that cannot be read at all, or not any further; the message says what was read and where it ends.</summary>
sealed class FlightException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>It is a flight file, and some of it is wrong.</summary>
    public bool IsDamage { get; init; }

    /// <summary>The recorder ended before its first record: nothing is lost with it.</summary>
    public bool IsEmpty { get; init; }
}

enum FlightEnding
{
    /// <summary>Still to be read.</summary>
    Open,

    /// <summary>Closed by the recorder.</summary>
    Complete,

    /// <summary>Cut off while it was written (the process ended suddenly, or is still writing): whole up to there.</summary>
    Torn,
}

/// <summary>Reads one flight file, record by record.</summary>
sealed class FlightFile : IDisposable
{
    readonly Stream _file;
    readonly string _name;
    readonly WireReader _records;
    readonly byte[] _head = new byte[FlightFormat.BlockHead];
    TimeSpan _stamp;
    long _drift_ticks;
    long _at;
    long _count;
    DateTimeOffset? _last;

    FlightFile(string path, Stream file)
    {
        (_file, _name, Path) = (file, System.IO.Path.GetFileName(path), path);
        Span<byte> magic = stackalloc byte[FlightFormat.Magic.Length];
        var got = _file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        if (got < magic.Length && FlightFormat.Magic.StartsWith(magic[..got]))
            throw Empty($"{got} bytes");
        if (!magic.SequenceEqual(FlightFormat.Magic))
            throw new FlightException($"{_name} is no flight recorder's file");
        _at = magic.Length;
        Head = JsonSerializer.Deserialize(Opening(BlockKind.Head), FlightJson.Default.FlightHead) ?? throw Damaged("its head is empty");
        if (Head.Format > FlightFormat.Version)
            throw new FlightException($"{_name} has format {Head.Format}, written by a newer version ({Head.Engine}); this one reads up to {FlightFormat.Version}");
        Types = WireFile.Of(Encoding.UTF8.GetString(Opening(BlockKind.Types)));
        State = Opening(BlockKind.State);
        _records = new WireReader(Types);
    }

    public string Path { get; }

    public FlightHead Head { get; }

    public WireFile Types { get; }

    /// <summary>The engine's image at the start.</summary>
    public byte[] State { get; }

    public FlightEnding Ending { get; private set; }

    /// <summary>Why it ends where it does, when it is not complete.</summary>
    public string EndedBy { get; private set; } = "";

    // The record read last.
    public RecordKind Kind { get; private set; }

    public Moment At { get; private set; }

    public EngineInput? Input { get; private set; }

    public JournalEntry? Entry { get; private set; }

    public byte[] Hash { get; private set; } = [];

    /// <exception cref="FlightException">It is none, or its beginning is damaged.</exception>
    public static FlightFile Open(string path)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
            try
            {
                return new FlightFile(path, file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or WireException or JsonException or InvalidDataException)
        {
            throw new FlightException($"{System.IO.Path.GetFileName(path)} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The engine as it was at the start of the file.</summary>
    public CallEngine Engine()
    {
        try
        {
            return EngineImage.Read(State, Types);
        }
        catch (Exception e) when (e is WireException or InvalidCastException or ArgumentException or NullReferenceException)
        {
            throw new FlightException($"{_name}: the state at its start cannot be taken up by this version ({EngineVersion.Text}), it was written by {Head.Engine}: {e.Message}", e);
        }
    }

    /// <returns>False at the end; see <see cref="Ending"/>.</returns>
    /// <exception cref="FlightException">Damage in the middle.</exception>
    public bool Next()
    {
        while (Ending == FlightEnding.Open)
        {
            if (_records.AtEnd)
            {
                if (Block() is not { } block)
                    return false;
                if (block.Kind == BlockKind.Records)
                    _records.Feed(block.Bytes);
                continue;
            }

            try
            {
                if (Record())
                    return true;
            }
            catch (Exception e) when (e is WireException or InvalidCastException or ArgumentException)
            {
                throw Damaged(e.Message, e);
            }
        }

        return false;
    }

    public void Dispose() => _file.Dispose();

    /// <returns>False for one of a kind that this version does not know, or the end.</returns>
    bool Record()
    {
        Kind = (RecordKind)_records.Byte();
        (Input, Entry) = (null, null);
        switch (Kind)
        {
            case RecordKind.Input:
                _stamp += new TimeSpan(_records.Signed());
                _drift_ticks += _records.Signed();
                At = new Moment(_stamp, new DateTimeOffset(_stamp.Ticks + _drift_ticks, TimeSpan.Zero));
                Input = _records.Record() as EngineInput;
                (_count, _last) = (_count + 1, At.Utc);
                return Input is not null;
            case RecordKind.Entry:
                Entry = _records.Record() as JournalEntry;
                return Entry is not null;
            case RecordKind.Mark:
                Hash = _records.Bytes(32).ToArray();
                return true;
            case RecordKind.End:
                Ending = FlightEnding.Complete;
                return false;
            default:
                throw new WireException($"a record of kind {(int)Kind}");
        }
    }

    byte[] Opening(BlockKind wanted)
    {
        if (Block() is not { } block)
            throw Empty(EndedBy);
        return block.Kind == wanted ? block.Bytes : throw Damaged($"block {block.Kind} where {wanted} belongs");
    }

    /// <returns>Null at the end, torn or not.</returns>
    (BlockKind Kind, byte[] Bytes)? Block()
    {
        var got = _file.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false);
        if (got < _head.Length)
            return Torn(got == 0 ? "no closing mark" : $"{got} bytes of a block's head");
        var length = BinaryPrimitives.ReadInt32LittleEndian(_head);
        var unpacked = BinaryPrimitives.ReadInt32LittleEndian(_head.AsSpan(10));
        var left = _file.Length - _file.Position;
        if (length is < 0 or > FlightFormat.LargestBlock || unpacked is < 0 or > FlightFormat.LargestBlock)
            return left == 0 || IsZero(_head) ? Torn("an empty block") : throw Damaged($"a block of {length} bytes");
        if (length > left)
            return Torn($"{left} of a block's {length} bytes");
        var packed = new byte[length];
        _file.ReadExactly(packed);
        if (FlightFormat.Crc(FlightFormat.Crc(0, _head.AsSpan(8)), packed) != BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(4)))
            return length == left || IsZero(_head) ? Torn("the last block is not whole") : throw Damaged("the checksum is wrong");
        var bytes = Unpack((BlockPacking)_head[9], packed, unpacked);
        _at = _file.Position;
        return ((BlockKind)_head[8], bytes);
    }

    byte[] Unpack(BlockPacking packing, byte[] packed, int length)
    {
        if (packing == BlockPacking.None)
            return packed;
        if (packing != BlockPacking.Deflate)
            throw Damaged($"packing {(int)packing} is not known here");
        var bytes = new byte[length];
        using var deflate = new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress);
        if (deflate.ReadAtLeast(bytes, length, throwOnEndOfStream: false) < length)
            throw Damaged("a block is shorter than it says");
        return bytes;
    }

    (BlockKind, byte[])? Torn(string why)
    {
        (Ending, EndedBy) = (FlightEnding.Torn, why);
        return null;
    }

    /// <summary>Space that the system gave and nobody wrote (power lost).</summary>
    static bool IsZero(byte[] head) => head.AsSpan().IndexOfAnyExcept((byte)0) < 0;

    FlightException Empty(string why) => new($"{_name} was cut off before its first record: {why}") { IsEmpty = true };

    FlightException Damaged(string what, Exception? inner = null) => new(
        $"{_name} is damaged at byte {_at}: {what}. Read before: {_count} inputs" + (_last is { } last ? $", the last of {last:yyyy-MM-dd HH:mm:ss.fff} UTC" : ""), inner)
    { IsDamage = true };
}
