using System.Buffers;
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
            case int[] numbers:
                writer.Unsigned((ulong)numbers.Length + 1);
                foreach (var number in numbers)
                    writer.Signed(number);
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

/// <summary>Sorted ones in their own order, others in that of <see cref="WireOrder{T}"/>: how they lie in memory tells nothing and differs.</summary>
internal sealed class SetCodec<TSet, T> : WireCodec<TSet?> where TSet : class, IEnumerable<T>
{
    private readonly WireCodec<T> _of = (WireCodec<T>)WireCodec.For(typeof(T));
    private readonly WireOrder<T>? _order = typeof(TSet) == typeof(SortedSet<T>) ? null : new WireOrder<T>();

    public override WireShape Shape => new(WireKind.Set, _of.Shape);

    public override void Write(WireWriter writer, TSet? value)
    {
        if (value is null)
        {
            writer.Unsigned(0);
            return;
        }

        var elements = (ICollection<T>)value;
        writer.Unsigned((ulong)elements.Count + 1);
        writer.Text(WireOrder.NameOf(value is SortedSet<T> sorted ? sorted.Comparer : value is HashSet<T> set ? set.Comparer : null));
        var all = ArrayPool<T>.Shared.Rent(elements.Count);
        elements.CopyTo(all, 0);
        var places = _order?.Places(elements.Count, i => all[i]);
        for (var i = 0; i < elements.Count; i++)
            _of.Write(writer, all[places?[i] ?? i]);
        WireOrder.Return(places);
        ArrayPool<T>.Shared.Return(all, clearArray: true);
    }
}

internal sealed class MapCodec<TMap, TKey, T> : WireCodec<TMap?> where TMap : class, IDictionary<TKey, T> where TKey : notnull
{
    private readonly WireCodec<TKey> _key = (WireCodec<TKey>)WireCodec.For(typeof(TKey));
    private readonly WireCodec<T> _of = (WireCodec<T>)WireCodec.For(typeof(T));
    private readonly WireOrder<TKey>? _order = typeof(TMap) == typeof(SortedDictionary<TKey, T>) ? null : new WireOrder<TKey>();

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
        var all = ArrayPool<KeyValuePair<TKey, T>>.Shared.Rent(value.Count);
        value.CopyTo(all, 0);
        var places = _order?.Places(value.Count, i => all[i].Key);
        for (var i = 0; i < value.Count; i++)
        {
            ref readonly var pair = ref all[places?[i] ?? i];
            _key.Write(writer, pair.Key);
            _of.Write(writer, pair.Value);
        }

        WireOrder.Return(places);
        ArrayPool<KeyValuePair<TKey, T>>.Shared.Return(all, clearArray: true);
    }
}

/// <summary>
/// Keys by a number made of them, the same everywhere, and among equal numbers by themselves: a tenth of the time that ordering
/// texts takes.
/// </summary>
internal sealed class WireOrder<T>
{
    private readonly Func<T, ulong> _rank;
    private readonly Comparison<T> _compare;

    public WireOrder() => (_rank, _compare) = WireOrder.Of<T>();

    /// <returns>Where the first, second … in order stands; the array is longer, and goes back by <see cref="WireOrder.Return"/>.</returns>
    public int[] Places(int count, Func<int, T> keyAt)
    {
        var places = ArrayPool<int>.Shared.Rent(count);
        var ranks = ArrayPool<ulong>.Shared.Rent(count);
        for (var i = 0; i < count; i++)
            (places[i], ranks[i]) = (i, _rank(keyAt(i)));
        Array.Sort(ranks, places, 0, count);
        for (var i = 1; i < count; i++)
        {
            for (var j = i; j > 0 && ranks[j - 1] == ranks[j] && _compare(keyAt(places[j - 1]), keyAt(places[j])) > 0; j--)
                (places[j - 1], places[j]) = (places[j], places[j - 1]);
        }

        ArrayPool<ulong>.Shared.Return(ranks);
        return places;
    }
}

/// <summary>The ranks of keys, and the names of comparers in the bytes.</summary>
internal static class WireOrder
{
    public static (Func<T, ulong> Rank, Comparison<T> Compare) Of<T>()
    {
        (object, object) order = typeof(T) switch
        {
            var t when t == typeof(string) => Pair<string>(WireWriter.HashOf, string.CompareOrdinal),
            var t when t == typeof(Guid) => Pair<Guid>(WireWriter.HashOf, (a, b) => a.CompareTo(b)),
            var t when t == typeof(long) => Pair<long>(n => (ulong)n, (a, b) => a.CompareTo(b)),
            var t when t == typeof(LegId) => Pair<LegId>(k => Rank(k.Node, k.UniqueId), (a, b) => Both(a.Node, a.UniqueId, b.Node, b.UniqueId)),
            var t when t == typeof(NodeKey) => Pair<NodeKey>(k => Rank(k.Node, k.Name), (a, b) => Both(a.Node, a.Name, b.Node, b.Name)),
            var t when t == typeof((string, string)) => Pair<(string A, string B)>(k => Rank(k.A, k.B), (a, b) => Both(a.A, a.B, b.A, b.B)),
            _ => throw new NotSupportedException($"keys of type {typeof(T)} have no order; it belongs in {nameof(WireOrder)}"),
        };
        return ((Func<T, ulong>)order.Item1, (Comparison<T>)order.Item2);
    }

    /// <summary>Large arrays are borrowed: made anew for each image they would bring on collections of the whole heap.</summary>
    public static void Return(int[]? places)
    {
        if (places is not null)
            ArrayPool<int>.Shared.Return(places);
    }

    private static (object, object) Pair<TKey>(Func<TKey, ulong> rank, Comparison<TKey> compare) => (rank, compare);

    private static ulong Rank(string a, string b) => (WireWriter.HashOf(a) * 31) ^ WireWriter.HashOf(b);

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
