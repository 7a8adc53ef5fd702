using System.Net;
using System.Net.Sockets;

namespace CallCrm.TestKit.Host;

/// <summary>Ports for programs that must be told one before they start.</summary>
public static class Ports
{
    const int BlockSize = 200;
    static readonly List<TcpListener> Claims = [];

    /// <summary>Out of the range from which the system hands out ports by itself, so that none is taken between here and the program's start.</summary>
    static readonly Lazy<int> Block = new(() => FreeBlock(10_000, 15_000, BlockSize));
    static int _given;

    /// <summary>For TCP and UDP: of this test process alone, and given out once until all were.</summary>
    public static int Free()
    {
        for (var n = 0; n < BlockSize; n++)
        {
            // The first one of the block is its claim.
            var port = Block.Value + 1 + (Interlocked.Increment(ref _given) % (BlockSize - 1));
            if (IsFree(port))
                return port;
        }

        throw new InvalidOperationException("All ports of this test process are in use.");
    }

    static bool IsFree(int port)
    {
        try
        {
            using var tcp = new TcpListener(IPAddress.Loopback, port);
            tcp.Start();
            using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
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
