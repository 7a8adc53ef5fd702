namespace CallCrm.Engine.Tests;

/// <summary>What the dialplan did with callers to whom we gave no route.</summary>
public sealed class FallbackTests
{
    [Fact]
    public void Who_never_came_to_ask_and_was_taken_by_the_fallback_stands_as_such() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk").At(2).FallsBack("1").TalksTo("1", "2", "PJSIP/nobody").At(20).Ends("1", hungUp: true).Ends("2")
            .ExpectAmong("observed-1 ended Fallback by Caller agent - wait 20000 talk 0 hold 0");

    [Fact]
    public void Who_was_announced_before_is_told_to_be_ours_after_all() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk").At(2).Forget().FallsBack("1").ExpectAmong("observed-1 routed +393331112222 to 800100");

    [Theory]
    [InlineData(true, "Abandoned")]
    [InlineData(false, "Fallback")]
    public void Where_the_dialplan_tells_who_hung_up_late_has_abandoned(bool tells, string outcome) =>
        Scenario.With("anna").Asks("1", tells: tells).At(1).Closes("1").At(8).Ends("1", hungUp: true).ExpectAmong($"call1 ended {outcome} by Caller agent - wait 7700 talk 0 hold 0");

    [Fact]
    public void Who_hung_up_at_once_in_the_fallback_was_there() =>
        Scenario.With("anna").Asks("1", tells: true).At(2.5).Closes("1").FallsBack("1").At(2.6).Ends("1", hungUp: true).ExpectAmong("call1 ended Fallback by Caller agent - wait 2300 talk 0 hold 0");

    [Fact]
    public void The_fallback_may_be_told_of_before_our_request_ends()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").At(1).Inbound("2").At(2).FallsBack("2");
        story.Engine.Snapshot().Queues.SelectMany(q => q.Waiting).Should().BeEmpty("the dialplan has them");
        story.At(9).Ends("2", hungUp: true).ExpectAmong("call2 ended Fallback by Caller agent - wait 8000 talk 0 hold 0");
    }

    [Fact]
    public void A_caller_who_comes_back_from_the_fallback_is_routed_again() =>
        Scenario.With("anna").Asks("1", tells: true).At(2).Closes("1").FallsBack("1").At(5).Forget().Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10).Ends("1", hungUp: true).Ends("2")
            .ExpectAmong("call1 ended Answered by Caller agent anna wait 4700 talk 5000 hold 0");

    [Fact]
    public void An_agent_who_talks_is_not_undone_by_a_late_word() =>
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(3).FallsBack("1").FallsBack("2").At(10).Ends("1", hungUp: true).Ends("2")
            .ExpectAmong("call1 ended Answered by Caller agent anna wait 0 talk 10000 hold 0");
}
