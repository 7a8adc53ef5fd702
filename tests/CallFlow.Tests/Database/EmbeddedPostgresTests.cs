using System.Diagnostics;
using System.Runtime.Versioning;
using CallCrm.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

[SupportedOSPlatform("linux")]
[Trait("Category", "Slow")]
public sealed class EmbeddedPostgresTests : IAsyncLifetime
{
    readonly string root = Directory.CreateTempSubdirectory("callcrm-embedded-").FullName;

    public Task InitializeAsync()
    {
        // CreateTempSubdirectory closes it to the server's user.
        File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        Directory.Delete(root, recursive: true);
        return Task.CompletedTask;
    }

    [PostgresFact]
    public async Task Starts_in_an_empty_folder_keeps_its_data_and_listens_on_no_network()
    {
        await using (var server = await StartAsync())
        {
            await ExecuteAsync(server, "create table kept (n int); insert into kept values (7)");
            (await ScalarAsync(server, "show listen_addresses")).Should().Be("");
            (await ScalarAsync(server, "select current_user")).Should().Be("callcrm");
            File.GetUnixFileMode(server.Folders.Socket).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await using var again = await StartAsync();
        (await ScalarAsync(again, "select n from kept")).Should().Be(7);
    }

    [PostgresFact]
    public async Task A_second_host_on_the_same_folder_is_told_so()
    {
        await using var server = await StartAsync();
        var second = () => StartAsync();
        (await second.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*Another CallCrm process*");
    }

    [PostgresFact]
    public async Task A_killed_server_is_started_again()
    {
        await using var server = await StartAsync();
        await ExecuteAsync(server, "create table kept (n int); insert into kept values (7)");
        var killed = server.ServerProcess()!.Value;
        using (var process = Process.GetProcessById(killed)) process.Kill();
        var began = Stopwatch.StartNew();
        while (server.ServerProcess() == killed || !await AnswersAsync(server))
        {
            began.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(15));
            await Task.Delay(100);
        }

        (await ScalarAsync(server, "select n from kept")).Should().Be(7);
    }

    [Fact]
    public void A_folder_too_long_for_a_socket_gets_a_short_one()
    {
        var folders = ClusterFolders.For("/srv/" + new string('x', 120) + "/postgres");
        (folders.Socket + "/.s.PGSQL.5432").Length.Should().BeLessThanOrEqualTo(107);
    }

    [Fact]
    public void A_missing_version_is_named_with_what_to_install()
    {
        var find = () => PostgresPrograms.Find(3);
        find.Should().Throw<InvalidOperationException>().WithMessage("*apt-get install postgresql-3*");
    }

    Task<EmbeddedPostgres> StartAsync() =>
        EmbeddedPostgres.StartAsync(ClusterFolders.For(Path.Combine(root, "postgres")), TimeProvider.System, NullLogger.Instance, CancellationToken.None, durable: false);

    static async Task<bool> AnswersAsync(EmbeddedPostgres server)
    {
        try
        {
            return await ScalarAsync(server, "select 1") is 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    static async Task ExecuteAsync(EmbeddedPostgres server, string sql) => await ScalarAsync(server, sql);

    static async Task<object?> ScalarAsync(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.Folders.ConnectionString("callcrm") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
