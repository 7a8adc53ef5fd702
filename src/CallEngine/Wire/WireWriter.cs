using System.Runtime.InteropServices;
using System.Text;

namespace CallCrm.Engine.Wire;

/// <summary>
/// Puts values into bytes. Texts and ids repeat, so the last ones stand in numbered slots (by a hash of their own, the same
/// everywhere), and are named by the slot. The reader fills its slots alike. Not for two threads at once.
/// </summary>
internal sealed class WireWriter
{
    internal const int TextSlots = 1 << 14;
    internal const int IdSlots = 1 << 12;
    internal const int EventSlots = 1 << 8;

    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);
    private readonly string?[] _texts = new string?[TextSlots];
    private readonly Guid[] _ids = new Guid[IdSlots];
    private readonly (string Name, string[] Keys)[] _events = new (string, string[])[EventSlots];
    private readonly Dictionary<object, int> _objects = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<object> _open = new();
    private byte[] _bytes = new byte[64 * 1024];
    private int _count;
    private long _time;

    /// <summary>Replaces texts as they are written; null = they stay.</summary>
    public Func<string, WireRole, string>? Rewrite { get; init; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _count);

    public int Count => _count;

    /// <summary>The bytes are gone, what the reader knows by then stays.</summary>
    public void Clear() => _count = 0;

    /// <summary>As new.</summary>
    public void Reset()
    {
        _count = 0;
        _time = 0;
        Array.Clear(_texts);
        Array.Clear(_ids);
        Array.Clear(_events);
        _objects.Clear();
        _open.Clear();
    }

    public void Byte(byte value)
    {
        if (_count == _bytes.Length)
            Grow(1);
        _bytes[_count++] = value;
    }

    public void Unsigned(ulong value)
    {
        if (_bytes.Length - _count < 10)
            Grow(10);
        while (value >= 0x80)
        {
            _bytes[_count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _bytes[_count++] = (byte)value;
    }

    public void Signed(long value) => Unsigned((ulong)(value << 1) ^ (ulong)(value >> 63));

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _count < bytes.Length)
            Grow(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_count));
        _count += bytes.Length;
    }

    public void Time(DateTimeOffset time)
    {
        Signed(time.Ticks - _time);
        _time = time.Ticks;
        Signed(time.TotalOffsetMinutes);
    }

    public void Id(Guid id)
    {
        var slot = (uint)(HashOf(id) >> 52);
        var known = _ids[slot] == id;
        Unsigned(slot << 1 | (known ? 0u : 1u));
        if (known)
            return;
        _ids[slot] = id;
        Bytes(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref id, 1)));
    }

    public void Text(string? text, WireRole role)
    {
        if (text is not null && Rewrite is { } rewrite)
            text = rewrite(text, role);
        Text(text);
    }

    public void Text(string? text)
    {
        if (text is null)
        {
            Unsigned(0);
            return;
        }

        var slot = SlotOf(text);
        var known = string.Equals(_texts[slot], text, StringComparison.Ordinal);
        Unsigned((slot << 1 | (known ? 0u : 1u)) + 1);
        if (known)
            return;
        _texts[slot] = text;
        Letters(text);
    }

    /// <summary>Its type, from 1, and its fields.</summary>
    public void Record(object? record)
    {
        if (record is null)
        {
            Unsigned(0);
            return;
        }

        var type = WireTypes.Current.Of(record.GetType());
        Unsigned((ulong)type.Index + 1);
        type.Write(this, record);
    }

    public void Value(string? key, string? value)
    {
        if (Rewrite is null)
            Text(value);
        else
            Text(value, WireRoles.OfHeader(key));
    }

    /// <summary>Name and keys once, then by their slot.</summary>
    public void EventKeys(PbxEvent e, ReadOnlySpan<KeyValuePair<string, string>> fields)
    {
        var slot = (SlotOf(e.Name ?? "") * 31u + (uint)fields.Length * 17u) % EventSlots;
        ref var known = ref _events[slot];
        if (known.Keys is not null && string.Equals(known.Name, e.Name, StringComparison.Ordinal) && SameKeys(known.Keys, fields))
        {
            Unsigned(slot << 1);
            return;
        }

        Unsigned(slot << 1 | 1);
        Text(e.Name);
        Unsigned((ulong)fields.Length);
        var keys = new string[fields.Length];
        for (var i = 0; i < keys.Length; i++)
            Text(keys[i] = fields[i].Key);
        known = (e.Name!, keys);
    }

    /// <summary>A thing with an identity: its number, and its type the first time. <see cref="Finish"/> writes what is in it.</summary>
    public void Reference(object? thing)
    {
        if (thing is null)
        {
            Unsigned(0);
            return;
        }

        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_objects, thing, out var known);
        if (!known)
            number = _objects.Count;
        Unsigned((ulong)number);
        if (known)
            return;
        Unsigned((ulong)WireTypes.Current.Of(thing.GetType()).Index);
        _open.Enqueue(thing);
    }

    /// <summary>Writes all things that were named, and those they name.</summary>
    public void Finish()
    {
        while (_open.TryDequeue(out var thing))
            WireTypes.Current.Of(thing.GetType()).Write(this, thing);
    }

    internal static uint SlotOf(string text) => (uint)(HashOf(text) >> 50);

    /// <summary>The same on every machine and in every run.</summary>
    internal static ulong HashOf(string text)
    {
        var bytes = MemoryMarshal.AsBytes(text.AsSpan());
        var hash = (ulong)bytes.Length * 0x9E3779B97F4A7C15UL;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = (hash ^ MemoryMarshal.Read<ulong>(bytes)) * 0xFF51AFD7ED558CCDUL;
        foreach (var b in bytes)
            hash = (hash ^ b) * 0xFF51AFD7ED558CCDUL;
        return (hash ^ (hash >> 29)) * 0x9E3779B97F4A7C15UL;
    }

    internal static ulong HashOf(Guid id)
    {
        var halves = MemoryMarshal.Cast<Guid, ulong>(MemoryMarshal.CreateReadOnlySpan(ref id, 1));
        return (halves[0] ^ (halves[1] * 0xFF51AFD7ED558CCDUL)) * 0x9E3779B97F4A7C15UL;
    }

    private static bool SameKeys(string[] keys, ReadOnlySpan<KeyValuePair<string, string>> fields)
    {
        if (keys.Length != fields.Length)
            return false;
        for (var i = 0; i < keys.Length; i++)
        {
            if (!string.Equals(keys[i], fields[i].Key, StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    /// <summary>Half a surrogate pair has no UTF-8, and nothing may be lost: such a text stands in UTF-16.</summary>
    private void Letters(string text)
    {
        var most = 10 + text.Length * 3;
        if (_bytes.Length - _count < most)
            Grow(most);
        try
        {
            var length = s_strict.GetByteCount(text);
            Unsigned((ulong)length << 1);
            _count += s_strict.GetBytes(text, _bytes.AsSpan(_count));
        }
        catch (EncoderFallbackException)
        {
            Unsigned((ulong)text.Length << 2 | 1);
            Bytes(MemoryMarshal.AsBytes(text.AsSpan()));
        }
    }

    private void Grow(int by) => Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _count + by));
}
