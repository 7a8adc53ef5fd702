namespace CallCrm.CallFlow;

/// <summary>
/// The loudness of both sides over time, for the player: one byte per side and tenth of a second, client first,
/// 0 = silence, 255 = full scale. An hour takes 72 KB.
/// </summary>
/// <param name="Client">What the client says.</param>
/// <param name="Agent">What the client hears.</param>
public sealed record Waveform(byte[] Client, byte[] Agent)
{
    public const int PerSecond = 10;

    /// <summary>As stored in <c>recording.waveform</c>; the shorter side is filled up with silence.</summary>
    public byte[] ToBytes()
    {
        var length = Math.Max(Client.Length, Agent.Length);
        var bytes = new byte[2 * length];
        for (var i = 0; i < length; i++)
        {
            bytes[2 * i] = i < Client.Length ? Client[i] : (byte)0;
            bytes[(2 * i) + 1] = i < Agent.Length ? Agent[i] : (byte)0;
        }

        return bytes;
    }

    public static Waveform FromBytes(ReadOnlySpan<byte> bytes)
    {
        var client = new byte[bytes.Length / 2];
        var agent = new byte[bytes.Length / 2];
        for (var i = 0; i < client.Length; i++)
        {
            client[i] = bytes[2 * i];
            agent[i] = bytes[(2 * i) + 1];
        }

        return new Waveform(client, agent);
    }
}
