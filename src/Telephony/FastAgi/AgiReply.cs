namespace CallCrm.Telephony.FastAgi;

/// <summary>How an AGI command ended.</summary>
public enum AgiOutcome
{
    /// <summary>200: carried out; <see cref="AgiReply.Result"/> tells how.</summary>
    Ok,

    /// <summary>510: Asterisk does not know the command.</summary>
    UnknownCommand,

    /// <summary>511: the channel is dead, and the command needs a living one.</summary>
    DeadChannel,

    /// <summary>520: wrong syntax; <see cref="AgiReply.Text"/> holds the usage.</summary>
    WrongSyntax,

    /// <summary>Another code.</summary>
    Other,

    /// <summary>No reply in time; the session is closed, as a later reply could not be told from the next one.</summary>
    TimedOut,

    /// <summary>The session is over.</summary>
    Closed,

    /// <summary>Not sent: a line end or NUL in it, a name with characters of its own meaning, or too long.</summary>
    NotSent,
}

/// <summary>The reply to an AGI command: <c>200 result=1 (value) endpos=0</c>, or how else it ended.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Code">The number, 0 when none came.</param>
/// <param name="Result">What follows <c>result=</c>, often a number, empty for <c>result= (timeout)</c>.</param>
/// <param name="Value">What stands in parentheses, or null. Empty and absent differ: <c>1 ()</c> is a variable set to nothing.</param>
/// <param name="Text">Whole reply, the lines of a usage text separated by LF.</param>
public sealed record AgiReply(AgiOutcome Outcome, int Code, string Result, string? Value, string Text)
{
    /// <summary>True for 200.</summary>
    public bool IsOk => Outcome == AgiOutcome.Ok;

    internal static AgiReply Ended(AgiOutcome outcome, string text) => new(outcome, 0, "", null, text);
}
