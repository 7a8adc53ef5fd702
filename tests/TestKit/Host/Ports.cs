using System.Net;
using System.Net.Sockets;

namespace CallCrm.TestKit.Host;

/// <summary>Ports that are free now, for programs that must be told one before they start.</summary>
public static class Ports
{
    static readonly List<TcpListener> Claims = [];

    public static int Free()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>
    /// The first of a block of UDP ports that no other test process has: whose TCP port of the same number is ours until we end.
    /// </summary>
    public static int FreeBlock(int from, int below, int size)
    {
        for (var first = from; first + size <= below; first += size)
        {
            var claim = new TcpListener(IPAddress.Loopback, first);
            try
            {
                claim.Start();
            }
            catch (SocketException)
            {
                continue;
            }

            lock (Claims)
                Claims.Add(claim);
            return first;
        }

        throw new InvalidOperationException($"No block of {size} ports is free between {from} and {below}.");
    }
}
