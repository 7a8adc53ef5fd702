using System.Collections.Immutable;

namespace CallCrm.Engine.Wire;

/// <summary>Lists, queues and arrays: as they stand.</summary>
internal sealed class ListCodec<TList, T> : WireCodec<TList?> where TList : class, IEnumerable<T>
{
    private readonly WireCodec<T> _of = (WireCodec<T>)WireCodec.For(typeof(T));

    public override WireShape Shape => new(WireKind.List, _of.Shape);

    public override void Write(WireWriter writer, TList? value)
    {
        switch (value)
        {
            case null:
                writer.Unsigned(0);
                break;
            case T[] array:
                writer.Unsigned((ulong)array.Length + 1);
                foreach (var element in array)
                    _of.Write(writer, element);
                break;
            default:
                writer.Unsigned((ulong)value.Count() + 1);
                foreach (var element in value)
                    _of.Write(writer, element);
                break;
        }
    }
}

internal sealed class ArrayCodec<T> : WireCodec<ImmutableArray<T>>
{
    private readonly WireCodec<T> _of = (WireCodec<T>)WireCodec.For(typeof(T));

    public override WireShape Shape => new(WireKind.List, _of.Shape);

    public override void Write(WireWriter writer, ImmutableArray<T> value)
    {
        writer.Unsigned(value.IsDefault ? 0 : (ulong)value.Length + 1);
        if (value.IsDefault)
            return;
        foreach (var element in value)
            _of.Write(writer, element);
    }
}

/// <summary>Sorted ones in their own order, others in that of <see cref="WireOrder"/>: hash order tells nothing and differs.</summary>
internal sealed class SetCodec<TSet, T> : WireCodec<TSet?> where TSet : class, IEnumerable<T>
{
    private readonly WireCodec<T> _of = (WireCodec<T>)WireCodec.For(typeof(T));
    private readonly IComparer<T>? _order = typeof(TSet) == typeof(SortedSet<T>) ? null : WireOrder.Of<T>();

    public override WireShape Shape => new(WireKind.Set, _of.Shape);

    public override void Write(WireWriter writer, TSet? value)
    {
        if (value is null)
        {
            writer.Unsigned(0);
            return;
        }

        var all = value.ToArray();
        writer.Unsigned((ulong)all.Length + 1);
        writer.Text(WireOrder.NameOf(value is SortedSet<T> sorted ? sorted.Comparer : value is HashSet<T> set ? set.Comparer : null));
        if (_order is not null)
            Array.Sort(all, _order);
        foreach (var element in all)
            _of.Write(writer, element);
    }
}

internal sealed class MapCodec<TMap, TKey, T> : WireCodec<TMap?> where TMap : class, IReadOnlyDictionary<TKey, T> where TKey : notnull
{
    private readonly WireCodec<TKey> _key = (WireCodec<TKey>)WireCodec.For(typeof(TKey));
    private readonly WireCodec<T> _of = (WireCodec<T>)WireCodec.For(typeof(T));
    private readonly IComparer<TKey>? _order = typeof(TMap) == typeof(SortedDictionary<TKey, T>) ? null : WireOrder.Of<TKey>();

    public override WireShape Shape => new(WireKind.Map, _of.Shape, _key.Shape);

    public override void Write(WireWriter writer, TMap? value)
    {
        if (value is null)
        {
            writer.Unsigned(0);
            return;
        }

        writer.Unsigned((ulong)value.Count + 1);
        writer.Text(WireOrder.NameOf(value is SortedDictionary<TKey, T> sorted ? sorted.Comparer : value is Dictionary<TKey, T> map ? map.Comparer : null));
        var keys = new TKey[value.Count];
        var values = new T[keys.Length];
        var i = 0;
        foreach (var (key, element) in value)
            (keys[i], values[i++]) = (key, element);
        if (_order is not null)
            Array.Sort(keys, values, _order);
        for (i = 0; i < keys.Length; i++)
        {
            _key.Write(writer, keys[i]);
            _of.Write(writer, values[i]);
        }
    }
}

/// <summary>The orders of keys, and the names of comparers in the bytes.</summary>
internal static class WireOrder
{
    public static IComparer<T> Of<T>() => typeof(T) switch
    {
        var t when t == typeof(string) => (IComparer<T>)(object)StringComparer.Ordinal,
        var t when t == typeof(Guid) || t.IsPrimitive || t.IsEnum => Comparer<T>.Default,
        var t when t == typeof(LegId) => (IComparer<T>)(object)Comparer<LegId>.Create((a, b) => Both(a.Node, a.UniqueId, b.Node, b.UniqueId)),
        var t when t == typeof(NodeKey) => (IComparer<T>)(object)Comparer<NodeKey>.Create((a, b) => Both(a.Node, a.Name, b.Node, b.Name)),
        var t when t == typeof((string, string)) => (IComparer<T>)(object)Comparer<(string, string)>.Create((a, b) => Both(a.Item1, a.Item2, b.Item1, b.Item2)),
        _ => throw new NotSupportedException($"keys of type {typeof(T)} have no order; it belongs in {nameof(WireOrder)}"),
    };

    public static string NameOf(object? comparer) => comparer switch
    {
        MembershipOrder => "membership",
        LineOrder => "line",
        _ when ReferenceEquals(comparer, StringComparer.Ordinal) => "ordinal",
        _ when ReferenceEquals(comparer, StringComparer.OrdinalIgnoreCase) => "ignore_case",
        // What .NET itself takes is the same on both sides, but its order of texts follows the culture.
        _ when comparer is not IComparer<string> && (comparer is null || comparer.GetType().Assembly == typeof(object).Assembly) => "",
        _ => throw new NotSupportedException($"the order {comparer} has no name; it belongs in {nameof(WireOrder)}"),
    };

    public static object? Find(string name) => name switch
    {
        "membership" => MembershipOrder.Instance,
        "line" => LineOrder.Instance,
        "ordinal" => StringComparer.Ordinal,
        "ignore_case" => StringComparer.OrdinalIgnoreCase,
        "" => null,
        _ => throw new WireException($"the order '{name}' is not known here"),
    };

    private static int Both(string a, string b, string c, string d) => string.CompareOrdinal(a, c) is not 0 and var first ? first : string.CompareOrdinal(b, d);
}
