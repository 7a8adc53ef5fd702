using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

/// <summary>A database of its own for one test class, with the pools as the hosts make them.</summary>
public abstract class TestDatabase(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    protected PostgresFixture Postgres => postgres;

    protected string ConnectionString { get; private set; } = "";

    protected NpgsqlDataSource Source { get; private set; } = null!;

    protected RouterDatabase Router { get; private set; } = null!;

    private protected ChangeHints Hints { get; private set; } = null!;

    protected static readonly Guid Anna = Guid.Parse("00000000-0000-7000-8000-00000000a001");
    protected static readonly Guid Luca = Guid.Parse("00000000-0000-7000-8000-00000000a002");
    protected static readonly Guid Sales = Guid.Parse("00000000-0000-7000-8000-00000000b001");
    protected static readonly Guid Support = Guid.Parse("00000000-0000-7000-8000-00000000b002");

    public virtual async Task InitializeAsync()
    {
        ConnectionString = await postgres.NewDatabaseAsync();
        Source = NpgsqlDataSource.Create(ConnectionString);
        Router = RouterDatabase.Create(ConnectionString, 60);
        Hints = new ChangeHints(Source, TimeProvider.System, NullLogger<ChangeHints>.Instance);
        await ExecuteAsync($"""
            insert into domain (name) values ('main');
            insert into settings_version (domain) values ('main');
            insert into app_user (id, login, name, role, domain, security_stamp, created_at) values
              ('{Anna}', 'anna', 'Anna', 'agent', 'main', '{Anna}', now()), ('{Luca}', 'luca', 'Luca', 'agent', 'main', '{Luca}', now());
            insert into queue (id, domain, name) values ('{Sales}', 'main', 'Sales'), ('{Support}', 'main', 'Support');
            """);
    }

    public virtual async Task DisposeAsync()
    {
        await Hints.DisposeAsync();
        await Source.DisposeAsync();
        await Router.DisposeAsync();
    }

    protected async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    protected async Task<T?> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Source.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<T>(sql, parameters);
    }
}
