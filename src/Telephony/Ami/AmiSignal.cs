namespace CallCrm.Telephony.Ami;

/// <summary>
/// What the one subscription of an <see cref="AmiClient"/> delivers, in order. <see cref="Sequence"/> is the position in the
/// stream of received messages: it grows by one per message read (skipped ones too) and never starts again while the
/// client lives, so that events after a snapshot can be told from those before it (see <see cref="AmiResponse.Sequence"/>).
/// </summary>
public abstract record AmiSignal
{
    /// <summary>Position in the stream of received messages.</summary>
    public long Sequence { get; init; }

    /// <summary>Monotonic stamp (<see cref="TimeProvider.GetTimestamp"/>) of the read that completed the message.</summary>
    public long ReceivedAt { get; init; }

    /// <summary>Our wall clock at that read; for display. Durations come from <see cref="ReceivedAt"/>.</summary>
    public DateTimeOffset ReceivedUtc { get; init; }
}

/// <summary>
/// An event, copied. Values stand as Asterisk sent them; caller names, connected names and variable values are escaped there
/// (see <see cref="AmiText.Unescape"/>).
/// </summary>
/// <param name="Name">Event name, for example <c>Newchannel</c>.</param>
/// <param name="Headers">All headers in order, the <c>Event</c> line included.</param>
public sealed record AmiEvent(string Name, AmiHeaders Headers) : AmiSignal
{
    /// <summary>The PBX's own time of the event (<c>timestampevents = yes</c>), or null.</summary>
    public DateTimeOffset? Timestamp => AmiText.ParseTimestamp(Headers["Timestamp"]);

    /// <summary>First value under a key, or null.</summary>
    public string? this[string key] => Headers[key];

    /// <inheritdoc/>
    public override string ToString() => $"#{Sequence} {string.Join(" | ", Headers.Select(h => h.Key + ": " + h.Value))}";
}

/// <summary>
/// Logged in, booted and filtered: events follow. Whatever was known of this PBX must now be brought level by a snapshot.
/// Sent again with the same <see cref="SessionNumber"/> when a PBX that was still booting reports that it is done.
/// </summary>
/// <param name="SessionNumber">1 for the first login of this client, growing.</param>
/// <param name="Banner">Greeting line, for example <c>Asterisk Call Manager/11.0.0</c>.</param>
/// <param name="SystemName"><c>systemname</c> of asterisk.conf, empty when not set or not readable.</param>
/// <param name="AsteriskVersion">For example <c>22.10.1</c>, empty when not readable.</param>
/// <param name="FullyBooted">False when the PBX accepted the login but has not said that its boot is over (it never says
/// so to a user without the read class <c>system</c>).</param>
/// <param name="Uptime">How long this PBX process has been up, when it said so: tells a restart from a cut line.</param>
public sealed record AmiConnected(
    int SessionNumber, string Banner, string SystemName, string AsteriskVersion, bool FullyBooted, TimeSpan? Uptime) : AmiSignal;

/// <summary>The connection is gone; nothing more of its session follows.</summary>
/// <param name="SessionNumber">Which session ended.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">In words, for the log.</param>
public sealed record AmiLost(int SessionNumber, AmiLostReason Reason, string Detail) : AmiSignal
{
    /// <summary>How long nothing had been heard when the loss was noticed: what was known is as old.</summary>
    public TimeSpan Silence { get; init; }
}

/// <summary>
/// Events were lost: the consumer was too slow and everything queued was dropped, or a message could not be read. The state
/// built from this PBX is no longer to be trusted until a new snapshot; events after this one are whole again.
/// </summary>
/// <param name="Dropped">How many events were dropped.</param>
public sealed record AmiOverflow(int Dropped) : AmiSignal
{
    /// <summary>Which of the two it was.</summary>
    public AmiOverflowCause Cause { get; init; }
}

/// <summary>Why events were lost.</summary>
public enum AmiOverflowCause
{
    /// <summary>The queue was full.</summary>
    SlowConsumer,

    /// <summary>A message longer than <see cref="AmiFramer.MaxFrameBytes"/>, or one that is neither event nor response, was passed over.</summary>
    MalformedFrame,
}

/// <summary>Why a connection ended or did not come about.</summary>
public enum AmiLostReason
{
    /// <summary>The client was told to stop.</summary>
    Stopped,

    /// <summary>No connection within the time, or refused.</summary>
    ConnectFailed,

    /// <summary>TLS could not be agreed, or the certificate is not trusted.</summary>
    TlsFailed,

    /// <summary>What answered does not greet as an AMI server.</summary>
    NotAmi,

    /// <summary>User or secret refused.</summary>
    LoginRefused,

    /// <summary>The login was not answered in time.</summary>
    LoginTimedOut,

    /// <summary>The PBX closed the connection.</summary>
    ClosedByPbx,

    /// <summary>The PBX announced its stop or restart, then closed.</summary>
    Shutdown,

    /// <summary>Reading or writing failed.</summary>
    Broken,

    /// <summary>No sign of life: half-open line or a frozen PBX.</summary>
    KeepAlive,
}
