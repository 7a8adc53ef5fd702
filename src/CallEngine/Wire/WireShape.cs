namespace CallCrm.Engine.Wire;

/// <summary>How a value stands in the bytes. Kept in every log, so that one of another version can be read: numbers are never given anew.</summary>
internal enum WireKind : byte
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool = 1,

    /// <summary>Zigzag varint: whole numbers, enums, ticks of a TimeSpan.</summary>
    Int = 2,
    Decimal = 3,
    Text = 4,

    /// <summary>A Guid.</summary>
    Id = 5,
    Time = 6,

    /// <summary>Bool, then the value if it is there.</summary>
    Nullable = 7,

    /// <summary>Its fields.</summary>
    Struct = 8,

    /// <summary>0 for null, else the number of its type from 1, and its fields: equal ones are the same thing.</summary>
    Record = 9,

    /// <summary>A thing with an identity: 0 for null, the number it has got already, or the next number and its type; its fields follow later.</summary>
    Object = 10,

    /// <summary>0 for null, else count + 1 and the elements.</summary>
    List = 11,

    /// <summary>As List, the order's name before the elements, which stand in that order.</summary>
    Set = 12,

    /// <summary>As Set, a key before each element.</summary>
    Map = 13,

    /// <summary>An AMI event; its keys are named once.</summary>
    Event = 14,
}

/// <param name="Of">What a Nullable, List, Set or Map holds.</param>
/// <param name="Key">What a Map is ordered by.</param>
/// <param name="Type">A Struct's type.</param>
internal sealed record WireShape(WireKind Kind, WireShape? Of = null, WireShape? Key = null, string? Type = null);

internal readonly record struct WireField(string Name, WireShape Shape);
