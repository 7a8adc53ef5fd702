using System.Buffers;
using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>Writes AMI messages, and refuses what would break the line protocol.</summary>
public static class AmiWriter
{
    /// <summary>
    /// Longest line of an action in bytes, its CR LF included. Asterisk reads lines into 1,024 bytes and refuses the whole
    /// message with "line too long" beyond it.
    /// </summary>
    public const int MaxLineBytes = 1023;

    /// <summary>Most headers of an action (Asterisk keeps 128 and drops the rest without a word).</summary>
    public const int MaxHeaders = 128;

    /// <summary>Writes an action with its <c>ActionID</c>.</summary>
    /// <exception cref="AmiFormatException">A key or value cannot be sent.</exception>
    public static void WriteAction(IBufferWriter<byte> output, AmiAction action, string actionId)
    {
        if (action.Count + 2 > MaxHeaders)
            throw new AmiFormatException($"Action {action.Name} has {action.Count + 2} headers, Asterisk takes {MaxHeaders}");
        WriteLine(output, "Action", action.Name, MaxLineBytes);
        WriteLine(output, "ActionID", actionId, MaxLineBytes);
        foreach (var (key, value) in action)
            WriteLine(output, key, value, MaxLineBytes);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes any message (what a server sends: events, responses), lines as long as a frame allows.</summary>
    /// <exception cref="AmiFormatException">A key or value cannot be sent.</exception>
    public static void WriteMessage(IBufferWriter<byte> output, IEnumerable<KeyValuePair<string, string>> headers)
    {
        foreach (var (key, value) in headers)
            WriteLine(output, key, value, AmiFramer.MaxFrameBytes);
        output.Write("\r\n"u8);
    }

    static void WriteLine(IBufferWriter<byte> output, string key, string value, int limit)
    {
        if (key.Length == 0 || key.AsSpan().IndexOfAny("\r\n\0:") >= 0 || key[0] == ' ')
            throw new AmiFormatException($"'{Show(key)}' is no header key");
        if (value.AsSpan().IndexOfAny("\r\n\0") is var bad and >= 0)
            throw new AmiFormatException($"Value of {key} has the character {(int)value[bad]} at {bad}, which would end or cut the line");
        var bytes = Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value) + ": \r\n"u8.Length;
        if (bytes > limit)
            throw new AmiFormatException($"Line {key} has {bytes} bytes, at most {limit} can be sent");
        Encoding.UTF8.GetBytes(key, output);
        output.Write(": "u8);
        Encoding.UTF8.GetBytes(value, output);
        output.Write("\r\n"u8);
    }

    static string Show(string key) => key.Length <= 40 ? key.ReplaceLineEndings("⏎") : key[..40].ReplaceLineEndings("⏎") + "…";
}

/// <summary>Something cannot be written as an AMI message.</summary>
public sealed class AmiFormatException(string message) : FormatException(message);
