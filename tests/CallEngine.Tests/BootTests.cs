namespace CallCrm.Engine.Tests;

/// <summary>A PBX that was restarted or replaced gives its ids again: no channel of the old boot is taken for one of the new.</summary>
public sealed class BootTests
{
    [Fact]
    public void Offers_of_calls_that_were_adopted_together_have_ids_of_their_own()
    {
        var snapshot = new Guid(0x8c, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
        var calls = Enumerable.Range(1, 30).Select(n => DerivedId.From(snapshot, DerivedId.AdoptedCall, n)).ToArray();
        calls.SelectMany(c => Enumerable.Range(1, 30).Select(n => DerivedId.From(c, DerivedId.Offer, n))).Concat(calls).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void An_id_that_comes_again_after_a_new_login_is_a_new_call()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(20).Ends("1", hungUp: true).Ends("2").PbxLost().At(22).PbxUp().Forget();
        story.Channel("1", "PJSIP/trunk", number: "+390255", call: "again").At(24).ExpectAmong("again started Inbound +390255 to 800100 observed").ExpectNone("call1");
    }

    [Fact]
    public void A_channel_of_the_snapshot_that_is_younger_than_ours_of_the_same_id_is_another()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(120).PbxLost().At(125).Forget()
            .Fact(new PbxFact.Connected(Scenario.Node, null, "20.1.0")).ExpectNothing();
        story.SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b", age: 2), Scenario.Seen("2", "1", "PJSIP/101", "b", age: 1)).ExpectAmong("""
            call1 leg 1 ended 0 estimated
            call1 ended Answered by Unknown agent anna wait 0 talk 120000 hold 0 estimated
            snap125+1 started Inbound +393331112222 to 800100 routed estimated
            snap125+1 answered anna by - wait 2000 estimated
            """);
        story.Engine.Snapshot().OpenCalls.Should().Be(1);
    }

    [Fact]
    public void The_same_channel_after_a_cut_is_the_same_call()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(120).PbxLost().At(125)
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22.10.1")).Forget();
        story.SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b1", age: 125), Scenario.Seen("2", "1", "PJSIP/101", "b1", age: 118)).Expect("pbx pbx connected");
    }
}
