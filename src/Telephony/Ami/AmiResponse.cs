namespace CallCrm.Telephony.Ami;

/// <summary>How an action ended.</summary>
public enum AmiOutcome
{
    /// <summary><c>Response: Success</c> (or another positive word such as <c>Goodbye</c>).</summary>
    Success,

    /// <summary><c>Response: Error</c>; <see cref="AmiResponse.Message"/> says why.</summary>
    Error,

    /// <summary>No whole answer within the deadline. The action may have been carried out.</summary>
    TimedOut,

    /// <summary>There was no logged-in connection; nothing was sent.</summary>
    NotConnected,

    /// <summary>The connection went away before the answer. The action may have been carried out.</summary>
    Lost,

    /// <summary>Not sent: a line too long, a line end in a value, or too many actions waiting.</summary>
    NotSent,
}

/// <summary>The answer to one action. Every way it can end is a value; nothing but cancellation throws.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">The <c>Message</c> header, or what happened in words.</param>
/// <param name="Headers">All headers of the response; empty when none came.</param>
/// <param name="Sequence">
/// Stream position of the response. Events with a smaller one were sent by the PBX before it worked on the action, so a
/// snapshot already contains them; those after it are applied on top.
/// </param>
public sealed record AmiResponse(AmiOutcome Outcome, string Message, AmiHeaders Headers, long Sequence)
{
    /// <summary>True for <see cref="AmiOutcome.Success"/>.</summary>
    public bool IsSuccess => Outcome == AmiOutcome.Success;

    /// <summary>First value under a key, or null.</summary>
    public string? this[string key] => Headers[key];
}

/// <summary>The answer to a list action.</summary>
/// <param name="Response">The opening response; its outcome is that of the whole list (a list that was not completed is
/// TimedOut or Lost).</param>
/// <param name="Items">The list's events in order, without the completing one.</param>
/// <param name="Sequence">Stream position of the completing event; 0 when it did not come.</param>
public sealed record AmiListResponse(AmiResponse Response, IReadOnlyList<AmiEvent> Items, long Sequence)
{
    /// <summary>True when the whole list came.</summary>
    public bool IsSuccess => Response.IsSuccess;
}
