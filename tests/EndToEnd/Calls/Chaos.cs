using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Xunit.Abstractions;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Real calls while the host is killed and AMI cut: afterwards the call log says what Asterisk's CEL says.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Chaos(PostgresFixture postgres, ITestOutputHelper output) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public Task Forty_calls_with_a_kill_and_two_cuts_are_all_in_the_call_log_as_they_were() =>
        RunAsync(new LabChaosPlan(Calls: 40, PerSecond: 4, Agents: 12, Kills: 1, Cuts: 2, Seed: 41));

    [LabFact]
    [Trait("Category", "Long")]
    public Task Three_hundred_calls_with_two_kills_and_five_cuts_are_all_in_the_call_log_as_they_were() =>
        RunAsync(new LabChaosPlan(Calls: 300, PerSecond: 10, Agents: 50, Kills: 2, Cuts: 5, Seed: 300));

    async Task RunAsync(LabChaosPlan plan)
    {
        var result = await LabChaos.RunAsync(await AsteriskLab.SharedAsync(), await postgres.NewDatabaseAsync(), plan);
        output.WriteLine(result.ToString());
        result.Calls.Should().Be(plan.Calls);
        result.Truth.Keys.Should().Contain([CallEndKind.Answered, CallEndKind.Abandoned]);
        result.Inexcusable.Should().BeEmpty(result.Story);
        result.Left.Should().BeEmpty(result.Story);
    }
}
