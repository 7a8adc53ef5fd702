using System.ComponentModel.DataAnnotations;
using System.Net;

namespace CallCrm.Telephony.FastAgi;

/// <summary>Where and for whom a FastAGI server listens.</summary>
public sealed class AgiServerOptions
{
    /// <summary>Address to listen on. Default: loopback.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TCP port, 0 to 65535; 0 takes a free one. Default 4573.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 4573;

    /// <summary>Addresses of the PBXs; anyone else is refused. Default: this machine only.</summary>
    public IReadOnlySet<IPAddress> AllowedPeers { get; init; } = new HashSet<IPAddress> { IPAddress.Loopback, IPAddress.IPv6Loopback };

    /// <summary>Sessions at once; further ones are closed at once, so that the dialplan falls back. Default 2,000.</summary>
    [Range(1, 100_000)]
    public int MaxSessions { get; init; } = 2_000;

    /// <summary>Time for a peer to send its whole environment. Default 10 s.</summary>
    public TimeSpan EnvironmentTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for the reply to a command that names none of its own. Default 5 s.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Told of a handler's exceptions; the session is closed, the server goes on.</summary>
    public Action<AgiRequest, Exception>? HandlerFailed { get; init; }

    /// <summary>Told of each connection from an address that is none of <see cref="AllowedPeers"/>; must not block.</summary>
    public Action<IPAddress>? PeerRefused { get; init; }
}
