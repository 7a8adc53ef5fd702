namespace CallCrm.CallFlow;

/// <summary>
/// The loudness of both sides over time, for the player: one byte per side and tenth of a second, 0 = silence,
/// 255 = full scale; first all of the client's, then as many of the agent's. An hour takes 72 KB.
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
        Client.CopyTo(bytes, 0);
        Agent.CopyTo(bytes, length);
        return bytes;
    }

    public static Waveform FromBytes(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.Length / 2;
        return new Waveform(bytes[..length].ToArray(), bytes[length..(2 * length)].ToArray());
    }
}
