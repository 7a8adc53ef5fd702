using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>The folders of a private PostgreSQL cluster.</summary>
/// <param name="Data">The cluster itself (PGDATA).</param>
/// <param name="Socket">Holds the socket, mode 700: nothing listens on the network.</param>
public sealed record ClusterFolders(string Data, string Socket)
{
    /// <summary>A socket's path may have 107 bytes (sun_path, less the closing zero); <c>/.s.PGSQL.5432</c> takes 14 of them.</summary>
    const int LongestSocketFolder = 107 - 14;

    const string RootFallback = "/var/lib/callcrm/postgres";

    public string LockFile => Data + ".lock";

    public string ServerLog => Path.Combine(Data, "server.log");

    /// <summary>Takes <paramref name="folder"/>, or <c>/var/lib/callcrm</c> when the server's user cannot reach it (as root, below /root).</summary>
    public static ClusterFolders For(string folder)
    {
        var data = Path.GetFullPath(folder).TrimEnd('/');
        if (Environment.IsPrivilegedProcess && !ReachableForOthers(data)) data = RootFallback;
        return new ClusterFolders(data, SocketFolder(data));
    }

    public string ConnectionString(string database, string user = "callcrm") =>
        new NpgsqlConnectionStringBuilder { Host = Socket, Username = user, Database = database }.ConnectionString;

    static string SocketFolder(string data)
    {
        var beside = data + "-socket";
        if (Encoding.UTF8.GetByteCount(beside) <= LongestSocketFolder) return beside;
        var name = "callcrm-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data)))[..12];
        var runtime = Environment.IsPrivilegedProcess ? "/run" : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        return Path.Combine(runtime is { Length: > 0 and < 60 } && Directory.Exists(runtime) ? runtime : "/tmp", name);
    }

    /// <summary>Every folder above that exists lets other users pass.</summary>
    static bool ReachableForOthers(string data)
    {
        if (OperatingSystem.IsWindows()) return true;
        for (var above = Path.GetDirectoryName(data); above is not null; above = Path.GetDirectoryName(above))
        {
            if (Directory.Exists(above) && !File.GetUnixFileMode(above).HasFlag(UnixFileMode.OtherExecute)) return false;
        }

        return true;
    }
}
