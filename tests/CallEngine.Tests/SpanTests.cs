namespace CallCrm.Engine.Tests;

/// <summary>What legs do in stories the traces do not tell. Leg 1 is the client's, 2 Anna's (101), 3 Bruno's (102); bridge b1 is the call.</summary>
public sealed class SpanTests
{
    private readonly Scenario _story = Scenario.With("anna", "bruno", "carla").Inbound("1").TalksTo("1", "2", "PJSIP/101");

    private string Spans(string leg) => string.Join(", ", _story.Spans.Where(s => s.UniqueId == leg).Select(s =>
        FormattableString.Invariant($"{(s.FromAt - Scenario.Start).TotalSeconds}-{(s.ToAt - Scenario.Start).TotalSeconds} {s.What}{(s.Other is null ? "" : " " + s.Other)}")));

    [Fact]
    public void Client_who_holds_the_agent_is_told_as_who_holds()
    {
        _story.At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("1"))).At(15).Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("1"))).At(20).Leaves("b1", "1", "2");
        Spans("1").Should().Be("0-10 Talk, 10-15 Hold, 15-20 Talk");
        Spans("2").Should().Be("0-10 Talk, 10-15 Hold 1, 15-20 Talk");
    }

    [Fact]
    public void Message_after_the_tone_is_no_talk()
    {
        var message = Scenario.With("anna").Inbound("7").At(3).Fact(new PbxFact.WaitBegan(Scenario.Node, null, Scenario.Leg("7"), WaitKind.Message)).At(15).Ends("7", hungUp: true);
        message.Spans.Where(s => s.UniqueId == "7").Select(s => (s.What, s.ToAt - s.FromAt)).Should().Equal((SpanKind.Message, TimeSpan.FromSeconds(12)));
    }

    [Fact]
    public void Refused_consultation_ends_with_the_client_on_hold_all_the_time()
    {
        // Feature code: the PBX holds the client and moves Anna to a bridge of her own; Bruno refuses; she is brought back.
        _story.At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Leaves("b1", "2").Joins("b", "2").Dial("2", "3", "PJSIP/102").Rings("3").At(14).DialEnds("2", "3", DialResult.Declined).Ends("3")
            .At(15).Leaves("b", "2").Joins("b1", "2").Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("2"))).At(20).Leaves("b1", "1", "2");
        Spans("1").Should().Be("0-10 Talk, 10-15 Hold 2, 15-20 Talk");
        Spans("2").Should().Be("0-10 Talk, 10-15 Hold, 15-20 Talk");
        Spans("3").Should().Be("10-14 Ring");
    }

    [Fact]
    public void Consultation_that_becomes_a_conversation_of_three()
    {
        _story.At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Leaves("b1", "2").Joins("b", "2").Dial("2", "3", "PJSIP/102").Rings("3").At(12).DialEnds("2", "3", DialResult.Answered).Joins("b", "3")
            .At(15).Leaves("b1", "1").Joins("b", "1").Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("2"))).At(20).Leaves("b", "2").At(22).Leaves("b", "1", "3");
        Spans("1").Should().Be("0-10 Talk, 10-15 Hold 2, 15-22 Talk");
        Spans("2").Should().Be("0-10 Talk, 10-12 Hold, 12-15 Talk, 15-20 Talk");
        Spans("3").Should().Be("10-12 Ring, 12-22 Talk");
    }

    [Fact]
    public void Hold_goes_along_when_the_bridges_are_merged()
    {
        _story.At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).At(12).Leaves("b1", "2").Joins("b", "2").Leaves("b1", "1").Joins("b", "1").At(15).Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("2"))).At(20).Leaves("b", "1", "2");
        Spans("1").Should().Be("0-10 Talk, 10-12 Hold 2, 12-15 Hold 2, 15-20 Talk");
        Spans("2").Should().Be("0-10 Talk, 10-12 Hold, 12-15 Hold, 15-20 Talk");
    }

    [Fact]
    public void Client_who_hangs_up_while_the_agent_consults_leaves_the_agents_talking()
    {
        _story.At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Leaves("b1", "2").Joins("b", "2").Dial("2", "3", "PJSIP/102").Rings("3").At(12).DialEnds("2", "3", DialResult.Answered).Joins("b", "3")
            .At(14).Leaves("b1", "1").Ends("1", hungUp: true).At(19).Leaves("b", "2", "3");
        Spans("1").Should().Be("0-10 Talk, 10-14 Hold 2");
        Spans("2").Should().Be("0-10 Talk, 10-12 Hold, 12-16 Talk, 16-19 Talk", "the call ends two seconds after its client; who still talks goes on");
    }

    [Fact]
    public void Listener_is_no_party()
    {
        _story.Channel("9", "PJSIP/103", number: "103", dialled: "555").At(5).Fact(new PbxFact.ListenBegan(Scenario.Node, null, Scenario.Leg("9"), Scenario.Leg("2"))).At(8).Fact(new PbxFact.ListenEnded(Scenario.Node, null, Scenario.Leg("9"))).At(10).Leaves("b1", "1", "2").Ends("9");
        Spans("9").Should().Be("5-8 Listen 2");
        Spans("2").Should().Be("0-10 Talk");
        _story.Spans.Single(s => s.What == SpanKind.Listen).Call.Should().Be(_story.Id("call1"), "it is told where it happened");
        _story.ExpectNone("merged").ExpectNone("answered carla");
    }

    [Fact]
    public void Agent_in_a_conference_with_two_clients_talks_in_their_own_call()
    {
        _story.At(10).Leaves("b1", "1", "2").Meets("c", "1", "2").Channel("7", "PJSIP/trunk").Meets("c", "7").At(15).Leaves("c", "7").At(20).Leaves("c", "1", "2");
        Spans("2").Should().Be("0-10 Talk, 10-20 Conference");
        Spans("7").Should().Be("10-15 Conference");
        _story.ExpectNone("merged");
    }
}
