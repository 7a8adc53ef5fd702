using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>The oracle of the fault runs: it reads CEL right, and it sees what is wrong.</summary>
public sealed class CallLogOracleTests
{
    static readonly CallLogOracle s_oracle = new("PJSIP/trunk", d => d is "PJSIP/101" or "PJSIP/102" ? "agent" + d[6..] : null);

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
    public void Who_called_and_who_talked_are_seen()
    {
        CompareOne(Logged("1", "Answered", 4) with { Talks = [new TalkTime("agent102", TimeSpan.FromSeconds(4))] }).Should().ContainSingle().Which.What.Should().Be("agent101 talked 4.000 s, is logged with 0.000 s");
        CompareOne(Logged("1", "Answered", 4) with { Talks = [] }).Should().ContainSingle().Which.What.Should().StartWith("agent101 talked");
        CompareOne(Logged("1", "Answered", 4) with { Caller = "+392" }).Select(d => d.What).Should().Contain("came from +391, is logged with +392");
    }

    [Fact]
    public void CDR_tells_of_the_channels_life_and_of_what_a_client_was_billed_whom_an_agent_answered()
    {
        var held = Answered("1", 10, 4).Append(Row("ANSWER", 10.05, "1", "1", "PJSIP/trunk-00000001")).OrderBy(r => r.AtSeconds).ToArray();
        Compare(Logged("1", "Answered", 4), Record(10, 15, 4)).Should().BeEmpty();
        Compare(Logged("1", "Answered", 4), Record(10, 18, 4)).Should().ContainSingle().Which.What.Should().StartWith("CDR has it from 10 to 18");
        Compare(Logged("1", "Answered", 4), Record(10, 15, 6)).Should().ContainSingle().Which.What.Should().StartWith("CDR bills 6 s with agent101");
        Compare(Logged("1", "Answered", 4)).Should().ContainSingle().Which.What.Should().Be("has no CDR");
        s_oracle.Compare(s_oracle.Read(held), [Caller()], [Record(10, 15, 6)], [Logged("1", "Answered", 4)], []).Should().BeEmpty("whom music answered is billed for the wait");
        s_oracle.Compare(s_oracle.Read([.. Answered("1", 10, 4).Where(r => r.Event is not ("BRIDGE_EXIT" or "CHAN_END"))], [15]), [Caller()], [], [Logged("1", "Answered", 4)], []).Should().BeEmpty("a killed PBX writes none");

        static CdrRow Record(double from, double to, int billed) => new("1", "1", "PJSIP/trunk-00000001", "PJSIP/101-00000002", from, from + 1, to, (int)(to - from), billed, "ANSWERED");
    }

    [Fact]
    public void The_callers_own_log_is_believed()
    {
        s_oracle.Compare(s_oracle.Read(Answered("1", 10, 4)), [Caller() with { AnsweredAtSeconds = null, End = "gave-up" }], s_cdr, [Logged("1", "Answered", 4)], []).Should().ContainSingle().Which.What.Should().Contain("heard no answer");
        s_oracle.Compare(s_oracle.Read(Answered("1", 10, 4)), [Caller() with { EndedAtSeconds = 12 }], s_cdr, [Logged("1", "Answered", 4)], []).Should().ContainSingle().Which.What.Should().StartWith("its caller was on the line for 1.000 s");
        s_oracle.Compare(s_oracle.Read(Answered("1", 10, 4)), [], s_cdr, [Logged("1", "Answered", 4)], []).Select(d => d.What).Should().Contain("0 callers have its number").And.Contain("0 called, the PBX knows 1");
    }

    [Fact]
    public void A_caller_is_read_from_sipps_steps() =>
        CallerLog.Of([new LabStep(1, "invite", "a", "+391"), new LabStep(1.5, "invite", "b", "+392"), new LabStep(2, "ringing", "a", ""), new LabStep(3, "answered", "a", ""), new LabStep(4, "gave-up", "b", ""), new LabStep(5, "hung-up", "a", "")])
            .Should().Equal(new CallerLog("+391", 1, 3, "hung-up", 5), new CallerLog("+392", 1.5, null, "gave-up", 4));

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
        s_oracle.Compare(s_oracle.Read(Answered("1", 10, 4)), [Caller()], s_cdr, [], [(13, 20)]).Should().ContainSingle().Which.NeedsCel.Should().BeTrue();

    static readonly CdrRow[] s_cdr = [new("1", "1", "PJSIP/trunk-00000001", "PJSIP/101-00000002", 10, 11, 15, 5, 4, "ANSWERED")];

    static IReadOnlyList<CallLogDifference> CompareOne(params LoggedCall[] log) => s_oracle.Compare(s_oracle.Read(Answered("1", 10, 4)), [Caller()], s_cdr, log, []);

    static IReadOnlyList<CallLogDifference> Compare(LoggedCall log, params CdrRow[] cdr) => s_oracle.Compare(s_oracle.Read(Answered("1", 10, 4)), [Caller()], cdr, [log], []);

    static CallerLog Caller() => new("+391", 10, 11, "hung-up", 15);

    static LoggedCall Logged(string id, string outcome, double talk) => new(Guid.NewGuid(), id == "1" ? "+391" : "+399", "Ended", outcome, TimeSpan.FromSeconds(talk), false, [id])
    {
        FromSeconds = 10,
        ToSeconds = 15,
        Talks = [new TalkTime("agent101", TimeSpan.FromSeconds(talk))],
    };

    static CelRow[] Answered(string id, double at, double talk) =>
    [
        Row("CHAN_START", at, id, id, "PJSIP/trunk-00000001"), Row("CHAN_START", at + 0.1, id + "b", id, "PJSIP/101-00000002"),
        Row("BRIDGE_ENTER", at + 1, id + "b", id, "PJSIP/101-00000002", extra: """{"bridge_id":"x"}"""), Row("BRIDGE_ENTER", at + 1, id, id, "PJSIP/trunk-00000001", extra: """{"bridge_id":"x"}"""),
        Row("BRIDGE_EXIT", at + 1 + talk, id, id, "PJSIP/trunk-00000001", extra: """{"bridge_id":"x"}"""), Row("CHAN_END", at + 1 + talk, id, id, "PJSIP/trunk-00000001"),
        Row("BRIDGE_EXIT", at + 1 + talk, id + "b", id, "PJSIP/101-00000002", extra: """{"bridge_id":"x"}"""), Row("CHAN_END", at + 1 + talk, id + "b", id, "PJSIP/101-00000002"),
    ];

    static CelRow Row(string what, double at, string id, string linked, string channel, string context = "from-trunk", string extra = "") => new(what, at, id, linked, channel, "s", context, "", extra) { Number = "+391" };
}
