namespace CallCrm.Engine;

/// <summary>Ids that follow from another id and a number, so that the engine needs no randomness and a replay gives the same ones.</summary>
public static class DerivedId
{
    /// <param name="number">1 to 65,535, unique per kind of thing made from <paramref name="source"/>.</param>
    /// <param name="kind">Keeps offers, calls and so on of one source apart.</param>
    public static Guid From(Guid source, byte kind, int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, ushort.MaxValue);
        Span<byte> bytes = stackalloc byte[16];
        source.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[13] ^= kind;
        // An offer's call may be derived itself: its number has a place of its own, or offers of neighbours would share an id.
        var at = kind == Offer ? 11 : 14;
        bytes[at] ^= (byte)(number >> 8);
        bytes[at + 1] ^= (byte)number;
        return new Guid(bytes, bigEndian: true);
    }

    public const byte Offer = 0x51;
    public const byte AdoptedCall = 0x52;
    public const byte DialledCall = 0x53;
    public const byte Listening = 0x54;
    public const byte Message = 0x55;
}
