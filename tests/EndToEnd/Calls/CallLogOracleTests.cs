using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>The oracle of the fault runs: it reads CEL right, and it sees what is wrong.</summary>
public sealed class CallLogOracleTests
{
    static readonly CallLogOracle s_oracle = new("PJSIP/trunk", d => d is "PJSIP/101" or "PJSIP/102");

    [Fact]
    public void An_answered_call_talks_as_long_as_agent_and_client_share_a_bridge()
    {
        var call = s_oracle.Read(Answered("1", 10, talk: 4)).Should().ContainSingle().Subject;
        call.End.Should().Be(CallEndKind.Answered);
        call.Talk.TotalSeconds.Should().BeApproximately(4, 0.001);
    }

    [Fact]
    public void Whom_the_fallback_served_was_not_answered_and_who_left_before_abandoned()
    {
        s_oracle.Read([Row("CHAN_START", 1, "1", "1", "PJSIP/trunk-1"), Row("ANSWER", 2, "1", "1", "PJSIP/trunk-1", "callcrm-fallback"), Row("CHAN_END", 3, "1", "1", "PJSIP/trunk-1")]).Single().End.Should().Be(CallEndKind.Fallback);
        s_oracle.Read([Row("CHAN_START", 1, "1", "1", "PJSIP/trunk-1"), Row("CHAN_END", 3, "1", "1", "PJSIP/trunk-1")]).Single().End.Should().Be(CallEndKind.Abandoned);
    }

    [Fact]
    public void A_call_still_up_is_no_call_yet() => s_oracle.Read([Row("CHAN_START", 1, "1", "1", "PJSIP/trunk-1")]).Should().BeEmpty();

    [Fact]
    public void Whose_PBX_was_killed_was_lost_or_talked_until_then()
    {
        s_oracle.Read([Row("CHAN_START", 1, "1", "1", "PJSIP/trunk-1")], [2]).Should().ContainSingle().Which.Should().BeEquivalentTo(new { End = CallEndKind.Lost, ToSeconds = 2.0 });
        var talked = s_oracle.Read([.. Answered("1", 10, talk: 4).Where(r => r.Event is not ("BRIDGE_EXIT" or "CHAN_END"))], [8, 100, 200]).Should().ContainSingle().Subject;
        talked.Should().BeEquivalentTo(new { End = CallEndKind.Answered, ToSeconds = 100.0 });
        talked.Talk.TotalSeconds.Should().BeGreaterThan(80);
    }

    [Theory]
    [InlineData("Answered", 5.2, "talked 4.000 s")]
    [InlineData("Abandoned", 4.0, "was Answered, is logged as Abandoned")]
    [InlineData("Lost", 4.0, "was Answered, is logged as Lost")]
    public void A_wrong_outcome_or_talk_is_seen(string outcome, double talk, string what) => CompareOne(Logged("1", outcome, talk)).Should().ContainSingle().Which.What.Should().StartWith(what);

    [Fact]
    public void A_right_call_is_right() => CompareOne(Logged("1", "Answered", 4)).Should().BeEmpty();

    [Fact]
    public void A_call_that_is_missing_doubled_open_or_made_up_is_seen()
    {
        CompareOne().Should().ContainSingle().Which.What.Should().StartWith("missing");
        CompareOne(Logged("1", "Answered", 4), Logged("1", "Answered", 4)).Select(d => d.What).Should().Contain("stands 2 times");
        CompareOne(Logged("1", "Answered", 4) with { State = "Talking" }).Should().ContainSingle().Which.What.Should().Contain("for ever");
        CompareOne(Logged("1", "Answered", 4), Logged("9", "Abandoned", 0)).Should().ContainSingle().Which.What.Should().Contain("never was");
    }

    [Fact]
    public void What_ended_while_nobody_looked_is_told_apart_and_still_wrong() =>
        CallLogOracle.Compare(s_oracle.Read(Answered("1", 10, 4)), ["+391"], [], [(13, 20)]).Should().ContainSingle().Which.NeedsCel.Should().BeTrue();

    static IReadOnlyList<CallLogDifference> CompareOne(params LoggedCall[] log) => CallLogOracle.Compare(s_oracle.Read(Answered("1", 10, 4)), ["+391"], log, []);

    static LoggedCall Logged(string id, string outcome, double talk) => new(Guid.NewGuid(), id == "1" ? "+391" : "+399", "Ended", outcome, TimeSpan.FromSeconds(talk), false, [id]);

    static CelRow[] Answered(string id, double at, double talk) =>
    [
        Row("CHAN_START", at, id, id, "PJSIP/trunk-00000001"), Row("CHAN_START", at + 0.1, id + "b", id, "PJSIP/101-00000002"),
        Row("BRIDGE_ENTER", at + 1, id + "b", id, "PJSIP/101-00000002", extra: """{"bridge_id":"x"}"""), Row("BRIDGE_ENTER", at + 1, id, id, "PJSIP/trunk-00000001", extra: """{"bridge_id":"x"}"""),
        Row("BRIDGE_EXIT", at + 1 + talk, id, id, "PJSIP/trunk-00000001", extra: """{"bridge_id":"x"}"""), Row("CHAN_END", at + 1 + talk, id, id, "PJSIP/trunk-00000001"),
        Row("BRIDGE_EXIT", at + 1 + talk, id + "b", id, "PJSIP/101-00000002", extra: """{"bridge_id":"x"}"""), Row("CHAN_END", at + 1 + talk, id + "b", id, "PJSIP/101-00000002"),
    ];

    static CelRow Row(string what, double at, string id, string linked, string channel, string context = "from-trunk", string extra = "") => new(what, at, id, linked, channel, "s", context, "", extra);
}
