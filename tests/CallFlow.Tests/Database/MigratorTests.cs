using CallCrm.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class MigratorTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task Migrating_again_and_by_several_at_once_changes_nothing()
    {
        var database = await postgres.NewDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using (var drop = source.CreateCommand("drop schema public cascade; create schema public")) await drop.ExecuteNonQueryAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Migrator.MigrateAsync(database, TimeProvider.System, NullLogger.Instance, CancellationToken.None)));
        await using var count = source.CreateCommand("select count(*) = count(distinct scriptname) and count(*) > 0 from schema_version");
        (await count.ExecuteScalarAsync()).Should().Be(true);
    }
}
