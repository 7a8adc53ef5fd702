using CallCrm.TestKit;
using Npgsql;

namespace CallCrm.CallFlow.Tests.Database;

[Trait("Category", "Slow")]
public sealed class KeyedSessionsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task Sessions_that_calls_wait_for_keep_their_plans_and_what_the_site_set_for_them()
    {
        var settings = new NpgsqlConnectionStringBuilder(await postgres.NewDatabaseAsync()) { Options = "-c statement_timeout=7s" };
        await using var router = RouterDatabase.Create(settings.ConnectionString);
        await using var feed = FeedDatabase.Create(settings.ConnectionString, 1);

        foreach (var source in new[] { router.Source, feed.Source })
        {
            // Twice: a session that was used before has the same.
            for (var n = 0; n < 2; n++) (await AskAsync(source)).Should().Be("force_generic_plan 7s");
        }
    }

    [PostgresFact]
    public async Task A_statement_that_takes_an_array_is_planned_once()
    {
        await using var feed = FeedDatabase.Create(await postgres.NewDatabaseAsync(), 1);
        for (var n = 0; n < 10; n++)
        {
            await using var names = feed.Source.CreateCommand("select id from client where id = any($1)");
            names.Parameters.AddWithValue(new[] { Guid.NewGuid() });
            await names.ExecuteScalarAsync();
        }

        await using var plans = feed.Source.CreateCommand("select generic_plans || ' ' || custom_plans from pg_prepared_statements where statement like '%from client where id = any%'");
        // The first use is not prepared yet.
        (await plans.ExecuteScalarAsync()).Should().BeOneOf("9 0", "8 0");
    }

    static async Task<object?> AskAsync(NpgsqlDataSource source)
    {
        await using var show = source.CreateCommand("select current_setting('plan_cache_mode') || ' ' || current_setting('statement_timeout')");
        return await show.ExecuteScalarAsync();
    }
}
