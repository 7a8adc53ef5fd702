namespace CallCrm.Engine;

/// <summary>
/// Tells apart how a ring ended. Asterisk's DialStatus alone does not: 480, 603, 404 and a timeout are all NOANSWER, a
/// loser of a ring group and a caller who gave up are both CANCEL. The cause (Q.850) and the SIP status (TechCause, from
/// Asterisk 20 or so) come with the leg's HangupRequest, which is before the DialEnd when the phone itself refused, or
/// with its Hangup right after the DialEnd when Asterisk ended the ring.
/// </summary>
static class PbxModelDialResult
{
    /// <param name="status">DialStatus; null when there was no DialEnd (an Originate that ran into its timeout, a picked-up call).</param>
    /// <param name="cause">Q.850 cause of the leg's Hangup or HangupRequest.</param>
    /// <param name="techCause">SIP status that ended the leg. Asterisk's own (500 at a cancel, 480 at an Originate's timeout) is no word of the phone.</param>
    /// <param name="refused">The leg itself asked for the hangup, so cause and SIP status are the phone's.</param>
    /// <param name="rang">It rang: 180, or ringing in the sound (183).</param>
    /// <param name="callerGone">Who dialled has hung up or was moved away.</param>
    public static DialResult From(string? status, int cause, int? techCause, bool refused, bool rang, bool callerGone)
    {
        if (IsStatus(status, "ANSWER"))
            return DialResult.Answered;
        if (cause == 26)
            return DialResult.AnsweredElsewhere;
        if (IsStatus(status, "CANCEL"))
            return DialResult.Cancelled;
        if (IsStatus(status, "CHANUNAVAIL"))
            return DialResult.Unreachable;
        // Without a DialEnd a SIP status counts only when the phone sent it.
        if (techCause is { } sip && (refused || status is not null) && FromSip(sip, rang) is { } told)
            return told;
        if (IsStatus(status, "BUSY"))
            return rang ? DialResult.Declined : DialResult.Busy;
        if (IsStatus(status, "CONGESTION"))
            return DialResult.Congestion;
        if (refused && FromCause(cause, rang) is { } meant)
            return meant;
        if (status is null && (callerGone || cause == 16))
            return DialResult.Cancelled;
        return rang ? DialResult.NoAnswer : DialResult.Unreachable;
    }

    /// <summary>
    /// SIP statuses of RFC 3261. A phone that rang was neither busy nor in do-not-disturb: its 486 is the reject key (many
    /// phones send 486 for it, not 603), its 480 is its own ring time running out.
    /// </summary>
    static DialResult? FromSip(int status, bool rang) => status switch
    {
        486 or 600 => rang ? DialResult.Declined : DialResult.Busy,
        480 => rang ? DialResult.NoAnswer : DialResult.DoNotDisturb,
        603 or 403 or 607 => DialResult.Declined,
        487 => DialResult.Cancelled,
        404 or 408 or 410 or 484 or 604 => rang ? DialResult.NoAnswer : DialResult.Unreachable,
        >= 500 and < 600 => DialResult.Congestion,
        _ => null,
    };

    /// <summary>Q.850 causes, for channel drivers and versions that send no SIP status.</summary>
    static DialResult? FromCause(int cause, bool rang) => cause switch
    {
        17 => rang ? DialResult.Declined : DialResult.Busy,
        19 => rang ? DialResult.NoAnswer : DialResult.DoNotDisturb,
        21 => DialResult.Declined,
        1 or 2 or 3 or 18 or 20 or 22 or 27 or 28 => rang ? DialResult.NoAnswer : DialResult.Unreachable,
        34 or 38 or 41 or 42 or 44 or 47 => DialResult.Congestion,
        _ => null,
    };

    static bool IsStatus(string? status, string wanted) => string.Equals(status, wanted, StringComparison.OrdinalIgnoreCase);
}
