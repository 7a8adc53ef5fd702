using System.Net;
using System.Net.Sockets;

namespace CallCrm.TestKit.Host;

/// <summary>Ports that are free now, for programs that must be told one before they start.</summary>
public static class Ports
{
    public static int Free()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
