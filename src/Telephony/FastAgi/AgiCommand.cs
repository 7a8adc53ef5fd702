using System.Text;

namespace CallCrm.Telephony.FastAgi;

/// <summary>Builds command lines; nothing that came from outside can end a line or leave its quotes.</summary>
static class AgiCommand
{
    /// <summary>Longest line sent, in bytes. Asterisk took values of 2,100 bytes; nothing we send comes near.</summary>
    public const int MaxBytes = 4096;

    /// <summary>A value between quotes; Asterisk undoes <c>\"</c> and <c>\\</c>.</summary>
    public static string Quote(string value) =>
        '"' + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';

    /// <summary>True for a variable or function name that reads as one word: <c>__X</c>, <c>CALLERID(num)</c>, <c>HASH(a,b)</c>.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 256 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '(' or ')' or ',' or '-' or '.' or ':' or '/' or '@');

    /// <summary>Why a line cannot be sent, or null.</summary>
    public static string? Fault(string line) =>
        line.AsSpan().IndexOfAny("\r\n\0") >= 0 ? "a line end or NUL would end the command"
        : Encoding.UTF8.GetByteCount(line) >= MaxBytes ? $"more than {MaxBytes} bytes"
        : null;
}
