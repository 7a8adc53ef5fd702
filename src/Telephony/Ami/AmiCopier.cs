using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>
/// Copies views into text. Keys and event names repeat by the million, so the last ones seen are kept and shared; values
/// are not. One per reader.
/// </summary>
sealed class AmiCopier
{
    const int Slots = 512;
    const int LongestShared = 48;

    readonly (byte[] Bytes, string Text)[] _shared = new (byte[], string)[Slots];

    public AmiHeaders Headers(in AmiMessage message)
    {
        var headers = new KeyValuePair<string, string>[message.Count];
        for (var i = 0; i < headers.Length; i++)
        {
            var header = message[i];
            headers[i] = new(Shared(header.Key), i == 0 ? Shared(header.Value) : Encoding.UTF8.GetString(header.Value));
        }

        return new AmiHeaders(headers);
    }

    public AmiEvent Event(in AmiMessage message, long sequence, long receivedAt, DateTimeOffset receivedUtc)
    {
        var headers = Headers(message);
        return new AmiEvent(headers.Count > 0 ? headers[0].Value : "", headers)
        {
            Sequence = sequence,
            ReceivedAt = receivedAt,
            ReceivedUtc = receivedUtc,
        };
    }

    string Shared(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > LongestShared)
            return Encoding.UTF8.GetString(bytes);
        var hash = 2166136261u;
        foreach (var b in bytes)
            hash = (hash ^ b) * 16777619;
        ref var slot = ref _shared[hash % Slots];
        if (slot.Bytes is null || !bytes.SequenceEqual(slot.Bytes))
            slot = (bytes.ToArray(), Encoding.UTF8.GetString(bytes));
        return slot.Text;
    }
}
