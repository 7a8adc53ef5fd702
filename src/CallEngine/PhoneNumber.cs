namespace CallCrm.Engine;

public enum NumberKind
{
    /// <summary>A public number; <see cref="PhoneNumber.E164"/> is set.</summary>
    E164,

    /// <summary>An extension of our own PBX: never makes or matches a client card.</summary>
    Extension,

    /// <summary>The caller withheld the number (presentation restricted, RFC 3323), even when the network shows it to us.</summary>
    Withheld,

    /// <summary>Something arrived that is no dialable number (a name, letters, 500 characters…); kept raw, never matched.</summary>
    Unparsed,
}

/// <summary>A caller or dialled number: the raw text as it came, and what it means.</summary>
/// <param name="Raw">As the PBX sent it, cut to 80 characters, control characters removed. Empty for withheld numbers.</param>
/// <param name="E164">With leading +, only for <see cref="NumberKind.E164"/> (ITU-T E.164, at most 15 digits).</param>
public sealed record PhoneNumber(string Raw, NumberKind Kind, string? E164 = null)
{
    public static PhoneNumber Withheld { get; } = new("", NumberKind.Withheld);

    /// <summary>The text shown to people and matched in settings: E.164 where there is one, else the raw form.</summary>
    public string Display => E164 ?? Raw;
}
