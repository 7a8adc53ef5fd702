using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Xunit.Abstractions;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Real calls while host, AMI, Asterisk and PostgreSQL are killed, cut, delayed and stopped: afterwards the call log says what Asterisk's CEL and CDR and the callers say, and after each what is live is what the PBX has.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Chaos(PostgresFixture postgres, ITestOutputHelper output) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public Task Sixty_calls_with_every_kind_of_fault_are_all_in_the_call_log_as_they_were() =>
        WithOwnPostgresAsync(new LabChaosPlan(Calls: 60, PerSecond: 2, Agents: 12, [LabFault.Kill, LabFault.Cut, LabFault.Slow, LabFault.Asterisk, LabFault.Database], Seed: 42));

    [LabFact]
    [Trait("Category", "Long")]
    public Task Three_hundred_calls_with_every_kind_of_fault_are_all_in_the_call_log_as_they_were() =>
        WithOwnPostgresAsync(new LabChaosPlan(Calls: 300, PerSecond: 5, Agents: 50,
            [LabFault.Kill, LabFault.Kill, LabFault.Cut, LabFault.Cut, LabFault.Cut, LabFault.Slow, LabFault.Slow, LabFault.Asterisk, LabFault.Database, LabFault.Database], Seed: 301));

    [LabFact]
    [Trait("Category", "Long")]
    public Task Three_hundred_calls_with_two_kills_and_five_cuts_are_all_in_the_call_log_as_they_were() =>
        RunAsync(new LabChaosPlan(Calls: 300, PerSecond: 10, Agents: 50, [.. LabChaosPlan.Of(kills: 2, cuts: 5)], Seed: 300));

    async Task RunAsync(LabChaosPlan plan) =>
        Judge(plan, await LabChaos.RunAsync(await AsteriskLab.SharedAsync(), await postgres.NewDatabaseAsync(), plan));

    async Task WithOwnPostgresAsync(LabChaosPlan plan)
    {
        await using var server = await StoppablePostgres.StartAsync();
        Judge(plan, await LabChaos.RunAsync(await AsteriskLab.SharedAsync(), server.ConnectionString, plan, server));
    }

    void Judge(LabChaosPlan plan, LabChaosResult result)
    {
        output.WriteLine(result.ToString());
        result.Calls.Should().Be(plan.Calls);
        result.Truth.Keys.Should().Contain([CallEndKind.Answered, CallEndKind.Abandoned]);
        result.Inexcusable.Should().BeEmpty(result.Story);
        result.AfterFaults.Should().BeEmpty(result.Story);
        // A PBX that is killed writes no CDR of the calls it has then.
        result.ByCdr.Should().BeGreaterThanOrEqualTo(plan.Calls * 2 / 3);
        result.Left.Should().BeEmpty(result.Story);
        result.Recordings.Should().BePositive(result.Story);
        result.Orphans.Should().BeEmpty(result.Story);
    }
}
