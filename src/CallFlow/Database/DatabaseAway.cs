using System.Net.Sockets;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>By which faults a database that is away shows itself: not all of them are Npgsql's own.</summary>
internal static class DatabaseAway
{
    /// <summary>No answer, a cut line, a server that starts, stops or is short of something. All else is a fault in what we sent.</summary>
    public static bool Is(Exception? e) => e switch
    {
        PostgresException p => p.SqlState[..2] is "08" or "53" or "55" or "57" or "58" or "40" or "XX" or "3D",
        NpgsqlException or IOException or TimeoutException or SocketException => true,
        InvalidOperationException => e.Message.Contains("onnection", StringComparison.Ordinal),
        _ => false,
    };

    /// <summary>For who reads again a moment later anyway: what the server refuses may be well by then, too.</summary>
    public static bool MayPass(Exception e) => e is NpgsqlException || (e is not ObjectDisposedException && Is(e));
}
