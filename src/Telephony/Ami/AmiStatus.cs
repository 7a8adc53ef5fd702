namespace CallCrm.Telephony.Ami;

/// <summary>Where a client stands.</summary>
public enum AmiState
{
    /// <summary>Not started, or stopped.</summary>
    Stopped,

    /// <summary>Connecting, agreeing on TLS, logging in.</summary>
    Connecting,

    /// <summary>Logged in; signals flow, actions are taken.</summary>
    LoggedIn,

    /// <summary>No connection; a new one is tried after the back-off.</summary>
    Lost,

    /// <summary>The PBX refused user or secret; tried again at the longest back-off.</summary>
    LoginRefused,
}

/// <summary>Where a client stands, since when and why.</summary>
public sealed record AmiStatus(AmiState State, DateTimeOffset Since, AmiLostReason? Reason, string Detail)
{
    /// <summary>The running session's facts while logged in.</summary>
    public AmiConnected? Session { get; init; }
}
