using CallCrm.CallFlow.Demo;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>Database up and migrated before any other part starts; stopped after all others have stopped.</summary>
internal sealed partial class DatabaseStart(DatabaseAddress address, NpgsqlDataSource source, TimeProvider time, ILoggerFactory logs, ILogger<DatabaseStart> log, DemoOptions? demo = null,
    StoredFiles? files = null, IDataProtectionProvider? protection = null) : IHostedLifecycleService, IAsyncDisposable
{
    EmbeddedPostgres? server;

    public async Task StartingAsync(CancellationToken ct)
    {
        if (address.Cluster is { } cluster) server = await EmbeddedPostgres.StartAsync(cluster, time, logs.CreateLogger<EmbeddedPostgres>(), ct);
        await Migrator.MigrateAsync(address.ConnectionString, time, logs.CreateLogger(typeof(Migrator)), ct);
        if (demo is null) return;
        FillingIn();
        if (await DemoData.SeedIfEmptyAsync(source, demo, time, ct, new DemoKeeps(files, protection))) FilledIn();
    }

    public Task StartAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StopAsync(CancellationToken ct) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken ct) => await DisposeAsync();

    /// <summary>Also when the start of another part failed: then nobody calls Stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        var running = server;
        server = null;
        if (running is not null) await running.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Progress: looking for demo data")]
    partial void FillingIn();

    [LoggerMessage(Level = LogLevel.Information, Message = "Progress: demo data made")]
    partial void FilledIn();
}
