using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>What real Asterisks did, through the PBX model and the engine.</summary>
public sealed class TraceTests
{
    public static TheoryData<string> Traces() => [.. PbxModelTraces.All];

    public static TheoryData<string> Captures() => [.. PbxModelTraces.Captures];

    [Theory]
    [MemberData(nameof(Traces))]
    public void Every_trace_is_observed_without_a_contradiction(string scenario) => new TraceRun(routed: false).Play(PbxModelTraces.Events(scenario)).CheckEnd();

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_capture_is_observed_without_a_contradiction(string name) => new TraceRun(routed: false).Play(PbxModelTraces.Capture(name)).CheckEnd();

    [Theory]
    [MemberData(nameof(Traces))]
    public void Every_trace_is_routed_without_a_contradiction(string scenario) => new TraceRun(routed: true).Play(PbxModelTraces.Events(scenario)).CheckEnd();

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_capture_is_routed_without_a_contradiction(string name) => new TraceRun(routed: true).Play(PbxModelTraces.Capture(name)).CheckEnd();

    [Theory]
    [InlineData("02-inbound-answered", "Answered", "Caller", 2506)]
    [InlineData("03-inbound-agent-hangs-up", "Answered", "Agent", -1)]
    [InlineData("05b-abandon-while-ringing", "CallerGaveUp", "Caller", 0)]
    [InlineData("06-no-answer-then-next-agent", "NoAnswer Answered", "Caller", -1)]
    [InlineData("07-agent-busy-486", "Busy", "Unknown", 0)]
    [InlineData("07b-agent-dnd-480", "DoNotDisturb", "Unknown", 0)]
    [InlineData("07c-agent-declines-603", "Declined", "Unknown", 0)]
    public void A_routed_call_of_a_trace_has_these_offers_and_this_end(string scenario, string outcomes, string by, int talk_ms)
    {
        var run = new TraceRun(routed: true).Play(PbxModelTraces.Events(scenario));
        string.Join(' ', run.Entries.OfType<OfferEnded>().Select(e => e.Outcome).Take(outcomes.Split(' ').Length)).Should().Be(outcomes);
        var ended = run.Entries.OfType<CallEnded>().Single();
        ended.By.ToString().Should().Be(by);
        if (talk_ms >= 0)
            ended.Talk_ms.Should().BeInRange(talk_ms - 1, talk_ms + 1);
    }

    [Fact]
    public void An_attended_transfer_ends_as_one_call_with_the_talk_of_both_agents()
    {
        var run = new TraceRun(routed: true).Play(PbxModelTraces.Events("10-attended-transfer-refer-replaces"));
        run.Entries.OfType<CallMerged>().Should().ContainSingle();
        var ended = run.Entries.OfType<CallEnded>().Single();
        ended.Agent.Should().Be(TraceRun.AgentAt(102));
        ended.By.Should().Be(EndedBy.Caller);
        // First agent: 667.8 to 1669.4 talk, then hold until the transfer at 3987.5; second: with the client until 6491.8.
        var first = run.Entries.OfType<LegEnded>().Single(e => e.Agent == TraceRun.AgentAt(101) && e.Hold_ms > 0);
        first.Talk_ms.Should().BeInRange(1000, 1004);
        first.Hold_ms.Should().BeInRange(2310, 2325);
    }

    [Fact]
    public void A_pickup_moves_the_call_to_who_picked_it_up()
    {
        var run = new TraceRun(routed: true).Play(PbxModelTraces.Capture("pickup"));
        run.Entries.OfType<OfferEnded>().Select(e => (e.Agent, e.Outcome)).Should()
            .Equal((TraceRun.AgentAt(101), OfferOutcome.AnsweredElsewhere), (TraceRun.AgentAt(102), OfferOutcome.Answered));
        run.Entries.OfType<CallAnswered>().Single().Agent.Should().Be(TraceRun.AgentAt(102));
        run.Entries.OfType<CallEnded>().Single().Outcome.Should().Be(CallOutcome.Answered);
    }
}
