using CallCrm.TestKit;
using Dapper;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class ChangeHintsTests(PostgresFixture postgres) : TestDatabase(postgres)
{
    [PostgresFact]
    public async Task A_transaction_that_commits_late_is_not_skipped_and_order_is_kept()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await using var watch = Hints.WatchAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        var first = watch.MoveNextAsync();
        await Task.Delay(300, limit.Token);

        await using var slow = await Source.OpenConnectionAsync(limit.Token);
        await using var transaction = await slow.BeginTransactionAsync(limit.Token);
        await Hints.AddAsync(transaction, "client", "slow", 1, null, limit.Token);
        await Hints.AddAsync("deal", "quick", 2, null, limit.Token);
        await Task.Delay(300, limit.Token);
        first.IsCompleted.Should().BeFalse("what began after the open transaction waits for it");

        await transaction.CommitAsync(limit.Token);
        Hints.Wake();
        Hints.Later("task", "later");
        var seen = new List<string>();
        (await first).Should().BeTrue();
        seen.AddRange(watch.Current.Select(h => h.Key));
        while (seen.Count < 3)
        {
            (await watch.MoveNextAsync()).Should().BeTrue();
            seen.AddRange(watch.Current.Select(h => h.Key));
        }

        seen.Should().Equal("slow", "quick", "later");
    }

    [PostgresFact]
    public async Task A_transaction_of_another_database_of_the_server_holds_nothing_up()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await using var elsewhere = NpgsqlDataSource.Create(await Postgres.NewDatabaseAsync());
        await using var busy = await elsewhere.OpenConnectionAsync(limit.Token);
        await using var transaction = await busy.BeginTransactionAsync(limit.Token);
        await busy.ExecuteAsync("insert into domain (name) values ('elsewhere')", transaction: transaction);
        await using var watch = Hints.WatchAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        var first = watch.MoveNextAsync();
        await Task.Delay(300, limit.Token);

        await Hints.AddAsync("client", "here", 1, null, limit.Token);

        (await first).Should().BeTrue();
        watch.Current.Should().ContainSingle().Which.Key.Should().Be("here");
    }
}
