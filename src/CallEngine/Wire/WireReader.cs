using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace CallCrm.Engine.Wire;

/// <summary>Bytes that do not say what they should: cut short, damaged, or of another program.</summary>
internal sealed class WireException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The other end of <see cref="WireWriter"/>. Fed piece by piece; what was named before stays known.</summary>
/// <param name="types">As the writer's version had them.</param>
internal sealed class WireReader(WireFile types)
{
    private readonly string?[] _texts = new string?[WireWriter.TextSlots];
    private readonly Guid[] _ids = new Guid[WireWriter.IdSlots];
    private readonly (string Name, string[] Keys)[] _events = new (string, string[])[WireWriter.EventSlots];
    private readonly List<object?> _objects = [];
    private readonly Queue<(object? Thing, WireFileType Type)> _open = new();
    private readonly List<Action> _last = [];
    private ReadOnlyMemory<byte> _bytes;
    private int _at;
    private long _time;

    public WireFile Types => types;

    public bool AtEnd => _at >= _bytes.Length;

    public void Feed(ReadOnlyMemory<byte> bytes) => (_bytes, _at) = (bytes, 0);

    public byte Byte() => _at < _bytes.Length ? _bytes.Span[_at++] : throw new WireException("the data ends in the middle of a value");

    public ulong Unsigned()
    {
        var bytes = _bytes.Span[_at..];
        ulong value = 0;
        for (var i = 0; i < Math.Min(10, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80)
                continue;
            _at += i + 1;
            return value;
        }

        throw new WireException("the data ends in the middle of a number, or it is none");
    }

    public long Signed()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A length or a number of things; what cannot be is refused before memory is taken for it.</summary>
    public int Count(int most = int.MaxValue)
    {
        var value = Unsigned();
        return value <= (ulong)most ? (int)value : throw new WireException($"{value} of something of which at most {most} can be");
    }

    /// <summary>Number of elements that follow, each of at least a byte; -1 for no list at all.</summary>
    public int Elements() => Count(_bytes.Length - _at + 1) - 1;

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > _bytes.Length - _at)
            throw new WireException("the data ends in the middle of a value");
        _at += count;
        return _bytes.Span.Slice(_at - count, count);
    }

    public DateTimeOffset Time()
    {
        _time += Signed();
        var offset = Signed();
        if (_time < 0 || _time > DateTime.MaxValue.Ticks || offset is < -840 or > 840)
            throw new WireException("a time that does not exist");
        return new DateTimeOffset(_time, TimeSpan.FromMinutes(offset));
    }

    public Guid Id()
    {
        var coded = Count(WireWriter.IdSlots * 2 - 1);
        ref var slot = ref _ids[coded >> 1];
        if ((coded & 1) != 0)
            slot = MemoryMarshal.Read<Guid>(Bytes(16));
        return slot;
    }

    public string? Text()
    {
        var coded = Count(WireWriter.TextSlots * 2) - 1;
        if (coded < 0)
            return null;
        ref var slot = ref _texts[coded >> 1];
        if ((coded & 1) != 0)
            slot = Letters();
        return slot ?? throw new WireException("a text that was not named before");
    }

    public (string Name, string[] Keys) EventKeys()
    {
        var coded = Count(WireWriter.EventSlots * 2 - 1);
        ref var slot = ref _events[coded >> 1];
        if ((coded & 1) != 0)
        {
            var name = Text();
            var keys = new string[Count(100_000)];
            for (var i = 0; i < keys.Length; i++)
                keys[i] = Text()!;
            slot = (name!, keys);
        }

        return slot.Keys is null ? throw new WireException("an event that was not named before") : slot;
    }

    /// <param name="current">Taken for the new thing if it is of its type: what a new engine has made for itself stays its own.</param>
    public object? Reference(object? current)
    {
        var number = Count(_objects.Count + 1);
        if (number <= _objects.Count)
            return number == 0 ? null : _objects[number - 1];
        var type = types[Count()];
        var thing = type.Clr is null ? null : current?.GetType() == type.Clr ? current : RuntimeHelpers.GetUninitializedObject(type.Clr);
        _objects.Add(thing);
        _open.Enqueue((thing, type));
        return thing;
    }

    public object? Record()
    {
        var number = Count();
        if (number == 0)
            return null;
        var type = types[number - 1];
        if (type.Clr is null)
        {
            type.Skip(this);
            return null;
        }

        var record = RuntimeHelpers.GetUninitializedObject(type.Clr);
        type.Fill(this, record);
        return record;
    }

    /// <summary>To be done when all things are filled (a set ordered by what is in its elements).</summary>
    public void Last(Action action) => _last.Add(action);

    public void Finish()
    {
        while (_open.TryDequeue(out var next))
        {
            if (next.Thing is null)
                next.Type.Skip(this);
            else
                next.Type.Fill(this, next.Thing);
        }

        foreach (var action in _last)
            action();
        _last.Clear();
        _objects.Clear();
    }

    private string Letters()
    {
        var coded = Count();
        return (coded & 1) == 0
            ? Encoding.UTF8.GetString(Bytes(coded >> 1))
            : new string(MemoryMarshal.Cast<byte, char>(Bytes(coded >> 2 << 1)));
    }
}
