using System.ComponentModel.DataAnnotations;
using System.Net.Security;

namespace CallCrm.Telephony.Ami;

/// <summary>How one PBX is reached.</summary>
public sealed class AmiClientOptions
{
    /// <summary>Name of the PBX in metrics; never a secret. Default: the host.</summary>
    public string Node { get; init; } = "";

    /// <summary>Host name or address.</summary>
    [Required]
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port, 1 to 65535. Default 5038 (5039 is usual with TLS).</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = 5038;

    /// <summary>User in manager.conf.</summary>
    [Required]
    public string User { get; init; } = "";

    /// <summary>Secret of the user.</summary>
    public string Secret { get; init; } = "";

    /// <summary>TLS from the first byte.</summary>
    public bool Tls { get; init; }

    /// <summary>SHA-256 fingerprint (hex, colons allowed) of the one certificate to accept; for self-signed ones. When empty,
    /// the certificate must be trusted by this machine and carry <see cref="Host"/>.</summary>
    public string TlsFingerprint { get; init; } = "";

    /// <summary>Further check of the certificate; overrides <see cref="TlsFingerprint"/>.</summary>
    public RemoteCertificateValidationCallback? TlsValidation { get; init; }

    /// <summary>MD5 challenge, so that the secret does not cross a plain line. Off: sent as text (Asterisk without
    /// <c>allowmultiplelogin</c> quirks accepts both).</summary>
    public bool Md5Challenge { get; init; } = true;

    /// <summary>Which events are delivered.</summary>
    public AmiEventFilter Events { get; init; } = AmiEventFilter.Everything();

    /// <summary>Filters asked of the PBX after login (<c>!^Event: RTCPSent</c>; without <c>^</c> it also
    /// fits a caller's name), best effort: a refusal is counted only, as
    /// they need the write class <c>system</c>.</summary>
    public IReadOnlyList<string> ServerFilters { get; init; } = [];

    /// <summary>Longest wait for the TCP connection and TLS. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for the answer to an action that names none of its own. Default 5 s.</summary>
    public TimeSpan ActionDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for <c>FullyBooted</c> after the login. Default 2 s; a later one is reported then.</summary>
    public TimeSpan BootWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between two <c>Ping</c>s at most, however much is heard: they also tell the PBX's clock. Default 10 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Nothing heard for this long is asked about by a <c>Ping</c>. Default 2 s.</summary>
    public TimeSpan KeepAliveQuiet { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The line is given up when neither the answer to a Ping nor anything else came for this long: by default 5 s after the last sign of
    /// life. Default 3 s; a PBX that does not get to a Ping in that time tells of no call either.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>First wait before a new connection, doubled each time and spread by ± a half. Default 100 ms.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait before a new connection, at most 5 s. Default 5 s.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Signals held for the consumer. Default 65,536.</summary>
    [Range(16, 1 << 20)]
    public int QueueLength { get; init; } = 65_536;
}
