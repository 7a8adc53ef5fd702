namespace CallCrm.DemoPbx;

/// <summary>How a caller's number may be shown (RFC 3325, Q.951 presentation).</summary>
public enum DemoPresentation
{
    /// <summary>May be shown.</summary>
    Allowed,

    /// <summary>Withheld, but the trusted trunk told the number (P-Asserted-Identity): it stands in clear in AMI.</summary>
    WithheldButKnown,

    /// <summary>Withheld and unknown: number and name read <c>anonymous</c>.</summary>
    Anonymous,
}

internal static class DemoPresentationNames
{
    public static string AsteriskName(this DemoPresentation presentation) =>
        presentation == DemoPresentation.WithheldButKnown ? "prohib_not_screened" : "allowed_not_screened";

    /// <summary>The number <c>agi_callingpres</c> carries.</summary>
    public static int AgiNumber(this DemoPresentation presentation) =>
        presentation == DemoPresentation.WithheldButKnown ? 32 : 0;
}

/// <summary>A call from the trunk that is to be made.</summary>
/// <param name="Number">The caller's number as the carrier sends it.</param>
/// <param name="Dialled">The number called.</param>
public sealed record DemoCaller(string Number, string Dialled)
{
    /// <summary>Display name; null: none (<c>&lt;unknown&gt;</c>).</summary>
    public string? Name { get; init; }

    /// <summary>Presentation of the number.</summary>
    public DemoPresentation Presentation { get; init; }

    /// <summary>Hangs up when nobody has answered after this; null: waits for ever.</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>Hangs up after waiting this long on hold music, whatever <see cref="Patience"/> says; null: does not.</summary>
    public TimeSpan? HoldPatience { get; init; }

    /// <summary>Hangs up after talking this long; null: leaves it to the phone's settings.</summary>
    public TimeSpan? TalkFor { get; init; }

    /// <summary>Hangs up after talking this long with a phone that never hangs up by itself; null: talks for ever.</summary>
    public TimeSpan? TalkAtMost { get; init; }
}

/// <summary>Where a caller is.</summary>
public enum DemoCallPlace
{
    /// <summary>Not yet announced.</summary>
    New,

    /// <summary>The dialplan asks the router.</summary>
    Agi,

    /// <summary>A phone is being called (see <see cref="DemoCall.Device"/>).</summary>
    Ringing,

    /// <summary>On hold music, waiting for a free agent.</summary>
    Hold,

    /// <summary>Talking with <see cref="DemoCall.Device"/>.</summary>
    Talking,

    /// <summary>Talking, but the phone pressed hold.</summary>
    Held,

    /// <summary>In the site's own fallback.</summary>
    Fallback,

    /// <summary>Hears a message.</summary>
    Playing,

    /// <summary>Speaks a message after the tone.</summary>
    Message,

    /// <summary>Over.</summary>
    Ended,
}

/// <summary>A live channel, as <c>core show channels</c> would list it.</summary>
public sealed record DemoChannelInfo(string Name, string Uniqueid, string Linkedid, string State, string? BridgeId);
