using System.Text;

namespace CallCrm.Telephony.FastAgi;

/// <summary>What a line turned out to be.</summary>
enum AgiLineKind
{
    /// <summary>Part of a reply that goes on.</summary>
    Partial,

    /// <summary>The last line of a reply.</summary>
    Reply,

    /// <summary><c>HANGUP</c>: the channel was hung up, or moved away by a Redirect or the absolute timeout.</summary>
    Hangup,

    /// <summary>Nothing of the protocol.</summary>
    Stray,
}

/// <summary>
/// Puts lines together to replies. Asterisk writes <c>HANGUP</c> whenever it happens: between replies, in front of one, even
/// amid a usage text; and a variable's value as it is, line ends included.
/// </summary>
sealed class AgiReplyParser
{
    const int MaxChars = 64 * 1024;

    readonly StringBuilder _text = new();
    int _code;
    bool _inBlock;

    /// <summary>True between the first and the last line of a reply of several lines.</summary>
    public bool IsPartial => _code != 0;

    /// <exception cref="InvalidDataException">A reply without end.</exception>
    public AgiLineKind Add(string line, out AgiReply? reply)
    {
        reply = null;
        if (line == "HANGUP")
            return AgiLineKind.Hangup;
        if (!IsPartial)
            return Begin(line, out reply);

        if (_text.Length + line.Length > MaxChars)
            throw new InvalidDataException("reply too long");
        _text.Append('\n').Append(line);
        var ends = _inBlock ? CodeOf(line) == _code && !IsBlockStart(line) : line.EndsWith(')');
        if (!ends)
            return AgiLineKind.Partial;
        reply = Finish();
        return AgiLineKind.Reply;
    }

    AgiLineKind Begin(string line, out AgiReply? reply)
    {
        reply = null;
        var code = CodeOf(line);
        // 1xx is a "still at it", never the reply.
        if (code < 200)
            return AgiLineKind.Stray;
        (_code, _inBlock) = (code, IsBlockStart(line));
        _text.Clear().Append(line);
        if (_inBlock || HasOpenValue(line))
            return AgiLineKind.Partial;
        reply = Finish();
        return AgiLineKind.Reply;
    }

    AgiReply Finish()
    {
        var (code, text) = (_code, _text.ToString());
        (_code, _inBlock) = (0, false);
        var outcome = code switch
        {
            200 => AgiOutcome.Ok,
            510 => AgiOutcome.UnknownCommand,
            511 => AgiOutcome.DeadChannel,
            520 => AgiOutcome.WrongSyntax,
            _ => AgiOutcome.Other,
        };
        var at = text.IndexOf("result=", StringComparison.Ordinal);
        if (code != 200 || at < 0)
            return new AgiReply(outcome, code, "", null, text);
        var rest = text[(at + "result=".Length)..];
        var space = rest.IndexOf(' ');
        var (open, close) = (rest.IndexOf('('), rest.LastIndexOf(')'));
        return new AgiReply(
            outcome, code, space < 0 ? rest : rest[..space], open >= 0 && close > open ? rest[(open + 1)..close] : null, text);
    }

    static bool HasOpenValue(string line) =>
        line.StartsWith("200 result=", StringComparison.Ordinal) && line.Contains(" (", StringComparison.Ordinal) && !line.Contains(')');

    static bool IsBlockStart(string line) => line.Length > 3 && line[3] == '-';

    static int CodeOf(string line) =>
        line.Length >= 3 && char.IsAsciiDigit(line[0]) && char.IsAsciiDigit(line[1]) && char.IsAsciiDigit(line[2])
        && (line.Length == 3 || line[3] is ' ' or '-')
            ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0'
            : 0;
}
