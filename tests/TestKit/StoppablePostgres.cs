using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.TestKit.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.TestKit;

/// <summary>A PostgreSQL server of a test's own, to be frozen, stopped and started under those who use it.</summary>
public sealed class StoppablePostgres : IAsyncDisposable
{
    readonly string _root;
    readonly ClusterFolders _folders;
    EmbeddedPostgres? _server;

    StoppablePostgres(string root, ClusterFolders folders) => (_root, _folders) = (root, folders);

    public string ConnectionString => _folders.ConnectionString("callcrm") + ";Include Error Detail=true";

    public static async Task<StoppablePostgres> StartAsync()
    {
        var root = Directory.CreateTempSubdirectory("callcrm-pg-").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        var server = new StoppablePostgres(root, ClusterFolders.For(Path.Combine(root, "postgres")));
        await server.StartAgainAsync();
        await Migrator.MigrateAsync(server.ConnectionString, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        return server;
    }

    public async Task StartAgainAsync() =>
        _server = await EmbeddedPostgres.StartAsync(_folders, TimeProvider.System, NullLogger.Instance, CancellationToken.None, durable: false);

    /// <summary>Connections are cut; new ones are refused.</summary>
    public async Task StopAsync()
    {
        if (_server is null)
            return;
        await ThawAsync();
        await _server.DisposeAsync();
        _server = null;
    }

    /// <summary>SIGSTOP of the server and all its processes: connections stay, nobody answers.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    public Task ThawAsync() => SignalAsync("CONT");

    async Task SignalAsync(string name)
    {
        if (_server?.ServerProcess() is not { } postmaster)
            return;
        foreach (var process in Children(postmaster).Prepend(postmaster))
            await Signal.SendAsync(process, name);
    }

    static List<int> Children(int parent)
    {
        var children = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                continue;
            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                if (int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) == parent)
                    children.Add(id);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return children;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_root, recursive: true);
    }
}
