using System.Diagnostics;
using System.Runtime.Versioning;
using CallCrm.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

[SupportedOSPlatform("linux")]
[Trait("Category", "Slow")]
public sealed class JournalKillTests
{
    [PostgresFact]
    public async Task Killing_the_server_in_the_midst_of_appends_loses_and_doubles_no_entry()
    {
        var root = Directory.CreateTempSubdirectory("callcrm-kill-").FullName;
        File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        var folders = ClusterFolders.For(Path.Combine(root, "postgres"));
        await using (var server = await EmbeddedPostgres.StartAsync(folders, TimeProvider.System, NullLogger.Instance, default, durable: false))
        {
            var address = folders.ConnectionString("callcrm");
            await Migrator.MigrateAsync(address, TimeProvider.System, NullLogger.Instance, default);
            await using var router = RouterDatabase.Create(address);
            var options = new JournalOptions { SpillFolder = Path.Combine(root, "spill"), CheckEvery = TimeSpan.FromMilliseconds(200) };
            await using var writer = await JournalWriter.OpenAsync(router, "main", options, TimeProvider.System, NullLogger.Instance, default);
            var script = new CallScript();
            for (var call = 1; call <= 40; call++) script.WholeCall(Guid.CreateVersion7(), Guid.Empty, Guid.Empty, Guid.Empty);
            var done = 0;
            var killed = false;
            foreach (var batch in script.Entries.Chunk(7))
            {
                var safe = writer.AppendAsync(batch, default);
                if (!killed && done > script.Entries.Count / 3)
                {
                    using var process = Process.GetProcessById(server.ServerProcess()!.Value);
                    process.Kill();
                    killed = true;
                }

                await safe;
                done += batch.Length;
            }

            var began = Stopwatch.StartNew();
            while (writer.IsSpilling || !server.IsRunning())
            {
                began.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(30));
                await Task.Delay(50);
            }

            killed.Should().BeTrue();
            writer.Lost.IsCancellationRequested.Should().BeFalse();
            await using var check = new NpgsqlConnection(address);
            await check.OpenAsync();
            await using var count = new NpgsqlCommand("select concat_ws('/', (select count(*) from journal), (select max(seq) from journal), (select count(*) from call where state = 'Ended' and talk_ms = 60000), (select count(*) from call_leg where ended_at is not null))", check);
            (await count.ExecuteScalarAsync()).Should().Be($"{script.Entries.Count}/{script.Entries.Count}/40/80");
        }

        Directory.Delete(root, recursive: true);
    }
}
