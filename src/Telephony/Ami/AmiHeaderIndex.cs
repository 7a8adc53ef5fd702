using System.Buffers;

namespace CallCrm.Telephony.Ami;

/// <summary>
/// Turns the bytes of a message into an <see cref="AmiMessage"/>. Reused from message to message, so a view costs no
/// allocation; the view is valid until the next call. Not for use by two threads.
/// </summary>
public sealed class AmiHeaderIndex
{
    AmiHeaderRange[] _headers = new AmiHeaderRange[64];
    byte[] _joined = [];

    /// <summary>Indexes a frame; one that lies across several receive segments is joined in a buffer of our own.</summary>
    public AmiMessage Read(in ReadOnlySequence<byte> frame) => Read(Join(frame));

    /// <summary>The bytes of a frame in one piece, copied only when they are not.</summary>
    internal ReadOnlySpan<byte> Join(in ReadOnlySequence<byte> frame)
    {
        if (frame.IsSingleSegment)
            return frame.FirstSpan;
        var length = (int)frame.Length;
        if (_joined.Length < length)
            _joined = new byte[Math.Max(length, 4096)];
        frame.CopyTo(_joined);
        return _joined.AsSpan(0, length);
    }

    /// <summary>Indexes a frame. Empty lines are passed over; nothing else is ever left out.</summary>
    public AmiMessage Read(ReadOnlySpan<byte> frame)
    {
        var count = 0;
        for (var start = 0; start < frame.Length;)
        {
            var line = frame[start..];
            line = line[..LengthOf(line)];
            if (line.Length > 0)
            {
                if (count == _headers.Length)
                    Array.Resize(ref _headers, count * 2);
                _headers[count++] = Locate(line, start);
            }

            start += line.Length + 2;
        }

        return new AmiMessage(frame, _headers.AsSpan(0, count));
    }

    /// <summary>Bytes before the next CR LF; a CR or LF alone ends no line. (Faster than a search for both bytes on short lines.)</summary>
    static int LengthOf(ReadOnlySpan<byte> rest)
    {
        for (var at = 0; ; at++)
        {
            var next = rest[at..].IndexOf((byte)'\r');
            if (next < 0)
                return rest.Length;
            at += next;
            if (at + 1 < rest.Length && rest[at + 1] == '\n')
                return at;
        }
    }

    static AmiHeaderRange Locate(ReadOnlySpan<byte> line, int start)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 0)
            return new AmiHeaderRange(start, 0, start, line.Length);
        var value = colon + 1;
        // Exactly one space is Asterisk's; any more belongs to the value.
        if (value < line.Length && line[value] == ' ')
            value++;
        return new AmiHeaderRange(start, colon, start + value, line.Length - value);
    }
}
