using System.Buffers;

namespace CallCrm.Telephony.Ami;

/// <summary>What <see cref="AmiFramer.TryReadFrame"/> found.</summary>
public enum AmiFrameKind
{
    /// <summary>More bytes are needed.</summary>
    None,

    /// <summary>The greeting line of the server.</summary>
    Banner,

    /// <summary>A whole message, without its closing empty line.</summary>
    Message,

    /// <summary>Malformed: no message end within <see cref="AmiFramer.MaxFrameBytes"/>. Its bytes are dropped, reading
    /// goes on after the next message end. Reported once.</summary>
    TooLong,

    /// <summary>Malformed: what was sent first is not a greeting line. The peer is not an AMI server.</summary>
    BannerTooLong,
}

/// <summary>
/// Cuts an AMI byte stream into messages, whatever the reads were. A message ends at CR LF CR LF only: Asterisk puts bare
/// LFs inside some values ("Park successful\n"), so a reader by lines would cut such messages in two. Empty lines between
/// messages are passed over: some events end with one too many (TestEvent of Asterisk 22), and the next message is whole.
/// One instance per connection; it remembers what it has already searched.
/// </summary>
public sealed class AmiFramer(bool expectBanner = true)
{
    /// <summary>Longest message read, in bytes. Real ones stay below 25,000 (ListCommands).</summary>
    public const int MaxFrameBytes = 64 * 1024;

    const int MaxBannerBytes = 1024;

    bool _bannerDue = expectBanner;
    bool _skipping;
    long _searched;

    static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    /// <summary>
    /// Takes the next frame off the front of <paramref name="buffer"/>. With <see cref="AmiFrameKind.None"/> the rest of the
    /// buffer must be offered again, from the same first byte, when more has arrived.
    /// </summary>
    public AmiFrameKind TryReadFrame(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        if (_bannerDue)
            return TryReadBanner(ref buffer, out frame);

        PassEmptyLines(ref buffer);
        while (TryFindEnd(buffer, out var length))
        {
            frame = buffer.Slice(0, length);
            buffer = buffer.Slice(length + End.Length);
            _searched = 0;
            if (_skipping)
            {
                _skipping = false;
                PassEmptyLines(ref buffer);
                continue;
            }

            return length <= MaxFrameBytes ? AmiFrameKind.Message : AmiFrameKind.TooLong;
        }

        frame = default;
        // A frame of the full length may stand there with all but the last byte of its end.
        if (buffer.Length < MaxFrameBytes + End.Length)
            return AmiFrameKind.None;

        // Keep the last three bytes: they may be the beginning of a message end.
        buffer = buffer.Slice(buffer.Length - (End.Length - 1));
        _searched = 0;
        var first = !_skipping;
        _skipping = true;
        return first ? AmiFrameKind.TooLong : AmiFrameKind.None;
    }

    void PassEmptyLines(ref ReadOnlySequence<byte> buffer)
    {
        // Within a message that is skipped they may be its end.
        while (!_skipping && StartsWithEmptyLine(buffer))
        {
            buffer = buffer.Slice(2);
            _searched = 0;
        }
    }

    static bool StartsWithEmptyLine(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= 2)
            return first[0] == '\r' && first[1] == '\n';
        return buffer.Length >= 2 && new SequenceReader<byte>(buffer).IsNext("\r\n"u8);
    }

    AmiFrameKind TryReadBanner(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (reader.TryReadTo(out frame, "\r\n"u8) && frame.Length <= MaxBannerBytes)
        {
            buffer = reader.UnreadSequence;
            _bannerDue = false;
            return AmiFrameKind.Banner;
        }

        frame = default;
        return buffer.Length > MaxBannerBytes ? AmiFrameKind.BannerTooLong : AmiFrameKind.None;
    }

    bool TryFindEnd(in ReadOnlySequence<byte> buffer, out long length)
    {
        if (buffer.IsSingleSegment)
        {
            var found = buffer.FirstSpan[(int)_searched..].IndexOf(End);
            length = _searched + found;
            if (found >= 0)
                return true;
        }
        else
        {
            var reader = new SequenceReader<byte>(buffer.Slice(_searched));
            var found = reader.TryReadTo(out ReadOnlySequence<byte> before, End);
            length = _searched + before.Length;
            if (found)
                return true;
        }

        _searched = Math.Max(0, buffer.Length - (End.Length - 1));
        return false;
    }
}
