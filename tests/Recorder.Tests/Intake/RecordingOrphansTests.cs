using CallCrm.TestKit;
using Dapper;

namespace CallCrm.Recorder.Tests.Intake;

[Trait("Category", "Slow")]
public sealed class RecordingOrphansTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task A_recording_without_a_leg_is_an_orphan_when_the_time_limit_is_over_and_none_when_its_leg_comes()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.AddCallAsync("n1", "1.1");
        bench.WritePair("n1-1.1");
        bench.WritePair("n1-9.9");
        await bench.LookAsync();
        (await bench.OrphanedAsync()).Should().Be(0, "it may be told late");
        bench.Time.Advance(bench.Options.MissingAfter + TimeSpan.FromSeconds(1));
        (await bench.OrphanedAsync()).Should().Be(1);
        await bench.AddCallAsync("n1", "9.9");
        (await bench.OrphanedAsync()).Should().Be(0);
        await bench.LookAsync();
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from recording where call_id is null")).Should().Be(0, "it is tied to the call that came");
    }
}
