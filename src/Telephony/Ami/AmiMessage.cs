using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>What the first line of a message says it is.</summary>
public enum AmiMessageKind
{
    /// <summary>Neither; kept and counted, never an error.</summary>
    Other,

    /// <summary>First line <c>Event: …</c>.</summary>
    Event,

    /// <summary>First line <c>Response: …</c>.</summary>
    Response,

    /// <summary>First line <c>Action: …</c> (what a client sends; read by servers).</summary>
    Action,
}

/// <summary>Where one header stands in the bytes of its message.</summary>
readonly record struct AmiHeaderRange(int Start, int KeyLength, int ValueStart, int ValueLength);

/// <summary>One header of a message, as bytes. A line without a colon has an empty key.</summary>
public readonly ref struct AmiHeader(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
{
    /// <summary>Key as sent; compare it without case.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>Value without the one space after the colon; trailing spaces belong to it, bare LFs too.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>
/// A view of one message over the receive buffer: headers in order, keys may repeat, case is ignored. It lives only until
/// the callback returns; <see cref="AmiEvent"/> is the copy to keep.
/// </summary>
public readonly ref struct AmiMessage
{
    readonly ReadOnlySpan<AmiHeaderRange> _headers;

    internal AmiMessage(ReadOnlySpan<byte> bytes, ReadOnlySpan<AmiHeaderRange> headers)
    {
        Bytes = bytes;
        _headers = headers;
    }

    /// <summary>The whole message without its closing empty line.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Number of headers.</summary>
    public int Count => _headers.Length;

    /// <summary>The header at a place, 0 first.</summary>
    public AmiHeader this[int index]
    {
        get
        {
            var h = _headers[index];
            return new AmiHeader(Bytes.Slice(h.Start, h.KeyLength), Bytes.Slice(h.ValueStart, h.ValueLength));
        }
    }

    /// <summary>What the first line says.</summary>
    public AmiMessageKind Kind => Count == 0 ? AmiMessageKind.Other : KindOf(this[0].Key);

    /// <summary>Value of the first line: the event name, <c>Success</c>, <c>Error</c>, the action name.</summary>
    public ReadOnlySpan<byte> Name => Count == 0 ? default : this[0].Value;

    /// <summary>First value under a key, case ignored.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var h in _headers)
        {
            if (h.KeyLength == key.Length && Ascii.EqualsIgnoreCase(Bytes.Slice(h.Start, h.KeyLength), key))
            {
                value = Bytes.Slice(h.ValueStart, h.ValueLength);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>True when the first value under a key is exactly this.</summary>
    public bool Is(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => TryGet(key, out var found) && found.SequenceEqual(value);

    internal static AmiMessageKind KindOf(ReadOnlySpan<byte> key) =>
        Ascii.EqualsIgnoreCase(key, "Event"u8) ? AmiMessageKind.Event
        : Ascii.EqualsIgnoreCase(key, "Response"u8) ? AmiMessageKind.Response
        : Ascii.EqualsIgnoreCase(key, "Action"u8) ? AmiMessageKind.Action
        : AmiMessageKind.Other;

    /// <summary>The message as text, for logs at Trace only.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);
}
