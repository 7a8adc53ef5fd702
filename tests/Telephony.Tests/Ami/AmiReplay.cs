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
}
