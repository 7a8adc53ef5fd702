using CallCrm.CallRouter.Pbx;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>What is kept off the wire is told by the event's name, never by what a caller calls himself.</summary>
public sealed class ServerFilterTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    public static TheoryData<string> Filters =>
    [
        .. PbxActions.ServerFilters,
        .. File.ReadLines(Path.Combine(Repository.Folder, "deploy/asterisk/manager-callcrm.conf"))
            .Where(l => l.StartsWith("eventfilter", StringComparison.Ordinal)).Select(l => l[(l.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim()),
    ];

    [Theory]
    [MemberData(nameof(Filters))]
    public void Every_filter_is_anchored_at_the_name_of_an_event(string filter) => filter.Should().MatchRegex("^!\\^Event: [A-Z]");

    [PostgresTheory]
    [Trait("Category", "Slow")]
    [InlineData("Event: RTCPSent")]
    [InlineData("Event: Newexten Application: Dial")]
    [InlineData("Event: AGIExecStart")]
    public async Task A_caller_whose_name_reads_like_a_filtered_event_is_heard(string name)
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234570", RouterBench.Dialled) { Name = name });
        await bench.UntilAsync<CallOffered>();
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101").WaitAsync(TimeSpan.FromSeconds(20));
        await bench.Pbx.Phone("PJSIP/101").Answer();

        (await bench.UntilAsync<OfferEnded>()).Outcome.Should().Be(OfferOutcome.Answered, "AMI tells of it, FastAGI does not");
    }
}
