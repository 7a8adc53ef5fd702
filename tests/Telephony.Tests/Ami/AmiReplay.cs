using System.Buffers;
using System.Text;
using CallCrm.Telephony.Ami;

namespace CallCrm.Telephony.Tests.Ami;

/// <summary>Runs bytes through framer and index the way the client does, in pieces of any size.</summary>
static class AmiReplay
{
    /// <summary>All messages as text (the banner as one header) and the number of bytes left over.</summary>
    public static (List<IReadOnlyList<KeyValuePair<string, string>>> Messages, long Left) Read(ReadOnlySpan<byte> bytes, bool banner = true)
    {
        var framer = new AmiFramer(banner);
        var index = new AmiHeaderIndex();
        var copier = new AmiCopier();
        var result = new List<IReadOnlyList<KeyValuePair<string, string>>>();
        var buffer = new ReadOnlySequence<byte>(bytes.ToArray());
        AmiFrameKind kind;
        while ((kind = framer.TryReadFrame(ref buffer, out var frame)) != AmiFrameKind.None)
        {
            if (kind is AmiFrameKind.Banner)
                result.Add([KeyValuePair.Create("Banner", Encoding.UTF8.GetString(frame))]);
            else if (kind is AmiFrameKind.Message)
                result.Add(copier.Headers(index.Read(frame)));
        }

        return (result, buffer.Length);
    }

    /// <summary>
    /// What is read when the bytes arrive cut after each of the given positions: one entry a frame, its kind, its bytes and
    /// the number of its headers. <paramref name="segmented"/>: each piece in memory of its own, as a pipe hands them over.
    /// </summary>
    public static List<(AmiFrameKind Kind, string Text, int Headers)> ReadCut(byte[] bytes, IEnumerable<int> cuts, bool segmented, bool banner = true)
    {
        var result = new List<(AmiFrameKind, string, int)>();
        Read(bytes, cuts, segmented, banner, (kind, message) => result.Add((kind, Encoding.Latin1.GetString(message.Bytes), message.Count)));
        return result;
    }

    /// <summary>True when the cut bytes give exactly these frames; allocates nothing a frame.</summary>
    public static bool ReadsAs(byte[] bytes, IEnumerable<int> cuts, bool segmented, List<(AmiFrameKind Kind, byte[] Bytes, int Headers)> expected)
    {
        var (at, same) = (0, true);
        Read(bytes, cuts, segmented, true, (kind, message) =>
        {
            same &= at < expected.Count && kind == expected[at].Kind && message.Count == expected[at].Headers
                && message.Bytes.SequenceEqual(expected[at].Bytes);
            at++;
        });
        return same && at == expected.Count;
    }

    /// <summary>The frames of uncut bytes.</summary>
    public static List<(AmiFrameKind Kind, byte[] Bytes, int Headers)> ReadWhole(byte[] bytes)
    {
        var result = new List<(AmiFrameKind, byte[], int)>();
        Read(bytes, [], false, true, (kind, message) => result.Add((kind, message.Bytes.ToArray(), message.Count)));
        return result;
    }

    delegate void OnFrame(AmiFrameKind kind, AmiMessage message);

    static void Read(byte[] bytes, IEnumerable<int> cuts, bool segmented, bool banner, OnFrame onFrame)
    {
        var framer = new AmiFramer(banner);
        var index = new AmiHeaderIndex();
        var (start, pieces) = (0, new List<int>());
        foreach (var cut in cuts.Append(bytes.Length))
        {
            if (segmented)
                pieces.Add(cut);
            var buffer = segmented ? Segments(bytes, start, pieces) : new ReadOnlySequence<byte>(bytes, start, cut - start);
            while (framer.TryReadFrame(ref buffer, out var frame) is var kind and not AmiFrameKind.None)
                onFrame(kind, kind == AmiFrameKind.TooLong ? default : index.Read(frame));
            start = cut - (int)buffer.Length;
            if (segmented)
                pieces.RemoveAll(p => p <= start);
        }
    }

    static ReadOnlySequence<byte> Segments(byte[] bytes, int start, List<int> pieces)
    {
        Segment? first = null, last = null;
        var from = start;
        foreach (var to in pieces)
        {
            if (to == from)
                continue;
            var segment = new Segment(bytes.AsMemory(from, to - from), last);
            first ??= segment;
            last = segment;
            from = to;
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
