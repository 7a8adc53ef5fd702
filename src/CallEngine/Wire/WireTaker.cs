using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace CallCrm.Engine.Wire;

/// <summary>Passes over a value that this version has no place for.</summary>
internal sealed class WirePass(WireShape shape)
{
    public void Skip(WireReader reader) => Skip(reader, shape);

    public static void Skip(WireReader reader, WireShape shape)
    {
        switch (shape.Kind)
        {
            case WireKind.Bool: reader.Byte(); break;
            case WireKind.Int: reader.Signed(); break;
            case WireKind.Decimal: DecimalTaker.Take(reader); break;
            case WireKind.Text: reader.Text(); break;
            case WireKind.Id: reader.Id(); break;
            case WireKind.Time: reader.Time(); break;
            case WireKind.Nullable when reader.Byte() != 0: Skip(reader, shape.Of!); break;
            case WireKind.Nullable: break;
            case WireKind.Struct: reader.Types.Find(shape.Type!).Skip(reader); break;
            case WireKind.Record when reader.Count() is > 0 and var type: reader.Types[type - 1].Skip(reader); break;
            case WireKind.Record: break;
            case WireKind.Object: reader.Reference(null); break;
            case WireKind.Event: EventTaker.Take(reader); break;
            default: SkipAll(reader, shape); break;
        }
    }

    private static void SkipAll(WireReader reader, WireShape shape)
    {
        var count = reader.Elements();
        if (count >= 0 && shape.Kind != WireKind.List)
            reader.Text();
        for (var i = 0; i < count; i++)
        {
            if (shape.Key is { } key)
                Skip(reader, key);
            Skip(reader, shape.Of!);
        }
    }
}

/// <summary>Reads values of one type from what a file's version made of them.</summary>
internal abstract class WireTaker<T>
{
    /// <param name="current">What stands there now.</param>
    public abstract T Read(WireReader reader, T current);
}

internal sealed class FuncTaker<T>(Func<WireReader, T> read) : WireTaker<T>
{
    public override T Read(WireReader reader, T current) => read(reader);
}

internal sealed class EnumTaker<T> : WireTaker<T> where T : struct, Enum
{
    public override T Read(WireReader reader, T current)
    {
        var value = reader.Signed();
        if (Unsafe.SizeOf<T>() == 1)
        {
            var small = (byte)value;
            return Unsafe.As<byte, T>(ref small);
        }

        var number = (int)value;
        return Unsafe.As<int, T>(ref number);
    }
}

internal static class DecimalTaker
{
    public static decimal Take(WireReader reader)
    {
        Span<int> bits = [(int)reader.Signed(), (int)reader.Signed(), (int)reader.Signed(), (int)reader.Signed()];
        try
        {
            return new decimal(bits);
        }
        catch (ArgumentException e)
        {
            throw new WireException("a decimal number that does not exist", e);
        }
    }
}

internal static class EventTaker
{
    public static PbxEvent? Take(WireReader reader)
    {
        var there = reader.Byte();
        if (there == 0)
            return null;
        DateTimeOffset? time = there == 1 ? null : reader.Time();
        var node = reader.Text()!;
        var (name, keys) = reader.EventKeys();
        var fields = new KeyValuePair<string, string>[keys.Length];
        for (var i = 0; i < keys.Length; i++)
            fields[i] = new(keys[i], reader.Text()!);
        return new PbxEvent(node, name, fields, time);
    }
}

internal sealed class NullableTaker<T>(WireTaker<T> of) : WireTaker<T?> where T : struct
{
    public override T? Read(WireReader reader, T? current) => reader.Byte() == 0 ? null : of.Read(reader, default);
}

internal sealed class StructTaker<T>(WireFileType type) : WireTaker<T> where T : struct
{
    private StructReader<T>? _read;

    public override T Read(WireReader reader, T current)
    {
        var value = default(T);
        (_read ??= type.StructReader<T>())(reader, ref value, type.Takers);
        return value;
    }
}

internal sealed class RecordTaker<T> : WireTaker<T?> where T : class
{
    public override T? Read(WireReader reader, T? current) => reader.Record() as T;
}

internal sealed class ObjectTaker<T> : WireTaker<T?> where T : class
{
    public override T? Read(WireReader reader, T? current) => reader.Reference(current) as T;
}

internal sealed class ListTaker<TList, T>(WireTaker<T> of) : WireTaker<TList?> where TList : class
{
    public override TList? Read(WireReader reader, TList? current)
    {
        var count = reader.Elements();
        if (count < 0)
            return null;
        var all = new T[count];
        for (var i = 0; i < count; i++)
            all[i] = of.Read(reader, default!);
        if (typeof(TList) == typeof(T[]))
            return (TList)(object)all;
        return typeof(TList) == typeof(Queue<T>) ? (TList)(object)new Queue<T>(all) : (TList)(object)new List<T>(all);
    }
}

internal sealed class ArrayTaker<T>(WireTaker<T> of) : WireTaker<ImmutableArray<T>>
{
    public override ImmutableArray<T> Read(WireReader reader, ImmutableArray<T> current)
    {
        var count = reader.Elements();
        if (count < 0)
            return default;
        var all = ImmutableArray.CreateBuilder<T>(count);
        for (var i = 0; i < count; i++)
            all.Add(of.Read(reader, default!));
        return all.MoveToImmutable();
    }
}

internal sealed class SetTaker<TSet, T>(WireTaker<T> of) : WireTaker<TSet?> where TSet : class
{
    public override TSet? Read(WireReader reader, TSet? current)
    {
        var count = reader.Elements();
        if (count < 0)
            return null;
        var order = WireOrder.Find(reader.Text() ?? "");
        var all = new T[count];
        for (var i = 0; i < count; i++)
            all[i] = of.Read(reader, default!);
        if (typeof(TSet) == typeof(ImmutableHashSet<T>))
            return (TSet)(object)all.ToImmutableHashSet(order as IEqualityComparer<T>);
        if (typeof(TSet) == typeof(HashSet<T>))
            return (TSet)(object)new HashSet<T>(all, order as IEqualityComparer<T>);
        var sorted = new SortedSet<T>(order as IComparer<T>);
        reader.Last(() => sorted.UnionWith(all));
        return (TSet)(object)sorted;
    }
}

internal sealed class MapTaker<TMap, TKey, T>(WireTaker<TKey> ofKey, WireTaker<T> of) : WireTaker<TMap?> where TMap : class where TKey : notnull
{
    public override TMap? Read(WireReader reader, TMap? current)
    {
        var count = reader.Elements();
        if (count < 0)
            return null;
        var order = WireOrder.Find(reader.Text() ?? "");
        IDictionary<TKey, T> map = typeof(TMap) == typeof(Dictionary<TKey, T>)
            ? new Dictionary<TKey, T>(count, order as IEqualityComparer<TKey>)
            : new SortedDictionary<TKey, T>(order as IComparer<TKey>);
        for (var i = 0; i < count; i++)
        {
            var key = ofKey.Read(reader, default!) ?? throw new WireException("a key that is null");
            map[key] = of.Read(reader, default!);
        }

        return (TMap)map;
    }
}
