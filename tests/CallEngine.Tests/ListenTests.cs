namespace CallCrm.Engine.Tests;

/// <summary>Supervisors who listen. Leg 1 is the client's, 2 Anna's (101); commands 1 and 2 made Anna ready, 3 is Sara's wish to listen.</summary>
public sealed class ListenTests
{
    private static Scenario Talks(params string[] more) => Scenario.With(["anna", .. more]).Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();

    private static string Ear(Scenario story, int command = 3, string by = "sara") =>
        $"callcrm-listen-{story.Id(by):N}-{DerivedId.From(story.Id($"cmd{command}"), DerivedId.Listening, 1):N}";

    private static AgentCommand.Listen At(Scenario story, string? extension = "104", string node = Scenario.Node) => new(story.Id("call1"), extension is null ? null : node, extension);

    private static Scenario Asked(Scenario story) => story.Supervised("anna", At(story));

    /// <summary>The phone rings and is lifted.</summary>
    private static Scenario Lifted(Scenario story, int command = 3, string device = "PJSIP/104", string by = "sara")
    {
        var ear = Ear(story, command, by);
        return story.Channel(ear, device, number: "101", dialled: "").Fact(new PbxFact.DialBegan(Scenario.Node, null, null, Scenario.Leg(ear), device)).Rings(ear).DialEnds(null, ear, DialResult.Answered);
    }

    private static Scenario Hears(Scenario story, int command = 3, string by = "sara") => story.Fact(new PbxFact.ListenBegan(Scenario.Node, null, Scenario.Leg(Ear(story, command, by)), Scenario.Leg("2")));

    [Fact]
    public void A_supervisors_phone_rings_and_hears_and_is_no_call_of_its_own()
    {
        var story = Talks();
        Asked(story).Expect("""
            act #1 ring PJSIP/104 for 30s to hear PJSIP/101-2 of 101
            cmd3 accepted
            """);
        Lifted(story.At(1)).ExpectNothing();
        Hears(story.At(2)).Expect("call1 sara listens to anna");
        story.At(12).Fact(new PbxFact.ListenEnded(Scenario.Node, null, Scenario.Leg(Ear(story)))).Expect("call1 sara listens no longer to anna")
            .Ends(Ear(story)).ExpectNothing();
        story.Spans.Single(s => s.What == SpanKind.Listen).Should().BeEquivalentTo(new { Call = story.Id("call1"), Other = "2", FromAt = Scenario.Start.AddSeconds(2), ToAt = Scenario.Start.AddSeconds(12) });
        story.AgentOf("anna").State.Should().Be(AgentState.Talking, "nothing of it touches the call");
    }

    [Fact]
    public void Who_sits_at_an_extension_listens_there_and_gets_no_call_meanwhile()
    {
        var story = Talks("bruno");
        story.Send(new EngineInput.Command(story.Id("wish"), story.Id("anna"), At(story, null), story.Id("bruno"))).ExpectAmong("""
            act #1 ring PJSIP/102 for 30s to hear PJSIP/101-2 of 101
            bruno Talking
            wish accepted
            """);
        var ear = $"callcrm-listen-{story.Id("bruno"):N}-{DerivedId.From(story.Id("wish"), DerivedId.Listening, 1):N}";
        story.Channel(ear, "PJSIP/102", number: "101", dialled: "").Rings(ear).Forget().Inbound("7").ExpectNone("bruno");
        story.DialEnds(null, ear, DialResult.Answered).Fact(new PbxFact.ListenBegan(Scenario.Node, null, Scenario.Leg(ear), Scenario.Leg("2"))).ExpectAmong("call1 bruno listens to anna");
        story.At(20).Ends(ear, hungUp: true).ExpectAmong("call1 bruno listens no longer to anna");
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<AgentChanged>().Should().NotContain(a => a.State == AgentState.WrapUp, "there is nothing to write up");
    }

    [Fact]
    public void It_ends_with_the_call_also_while_the_phone_still_rings()
    {
        var story = Talks();
        Hears(Lifted(Asked(story))).Forget().At(10).Ends("2", hungUp: true).ExpectAmong($"""
            call1 sara listens no longer to anna
            act #2 hang up PJSIP/104-{Ear(story)} 16
            """);
        var early = Talks();
        Asked(early).Channel(Ear(early), "PJSIP/104", number: "101", dialled: "").Rings(Ear(early)).Forget().Ends("2").ExpectAmong($"act #2 hang up PJSIP/104-{Ear(early)} 16");
        var earlier = Talks();
        Asked(earlier).Ends("2").ExpectNone("hang up").Forget().Channel(Ear(earlier), "PJSIP/104", number: "101", dialled: "").Expect($"act #2 hang up PJSIP/104-{Ear(earlier)} 16");
    }

    [Fact]
    public void The_supervisor_stops_by_the_page_and_nobody_else_does()
    {
        var story = Talks();
        Hears(Lifted(Asked(story))).Forget();
        story.Send(new EngineInput.Command(story.Id("other"), story.Id("anna"), new AgentCommand.StopListening(story.Id("call1")), story.Id("marco"))).Expect("other refused not_listening");
        story.Supervised("anna", new AgentCommand.StopListening(story.Id("call1"))).Expect($"""
            act #2 hang up PJSIP/104-{Ear(story)} 16
            cmd4 accepted
            """);
        story.Ends(Ear(story)).ExpectAmong("call1 sara listens no longer to anna").Supervised("anna", new AgentCommand.StopListening(story.Id("call1"))).Expect("cmd5 refused not_listening");
    }

    [Fact]
    public void What_cannot_be_has_its_reason()
    {
        var story = Talks("bruno");
        string Reason(string agent, AgentCommand.Listen what, string by = "sara")
        {
            story.Forget().Send(new EngineInput.Command(story.Id($"try{story.All.Count}"), story.Id(agent), what, story.Id(by)));
            return story.All.OfType<EngineEffect.AnswerCommand>().Last().Reason ?? "accepted";
        }

        Reason("anna", new AgentCommand.Listen(story.Id("nowhere"), Scenario.Node, "104")).Should().Be("no_such_call");
        Reason("bruno", At(story)).Should().Be("not_talking");
        Reason("anna", At(story), by: "anna").Should().Be("own_call");
        Reason("anna", At(story, null)).Should().Be("no_extension");
        Reason("anna", At(story, "999")).Should().Be("extension_unknown");
        Reason("anna", At(story, "102")).Should().Be("extension_taken");
        story.Device("104", DeviceState.Unavailable);
        Reason("anna", At(story)).Should().Be("phone_unreachable");
        story.Device("104", DeviceState.InUse);
        Reason("anna", At(story)).Should().Be("phone_busy");
        story.Device("104", DeviceState.NotInUse);
        Reason("anna", At(story)).Should().Be("accepted");
        Reason("anna", At(story)).Should().Be("listens_already");
        story.PbxLost();
        Reason("anna", At(story, "105"), by: "marco").Should().Be("pbx_away");
    }

    [Fact]
    public void A_refused_one_is_over_and_can_be_asked_for_again()
    {
        var story = Talks();
        Asked(story).Done(1, ok: false, message: "Extension does not exist.").Expect("""
            act #1 ring PJSIP/104 for 30s to hear PJSIP/101-2 of 101
            cmd3 accepted
            report listen_refused
            """);
        story.After(1).Forget();
        Asked(story).ExpectAmong("cmd4 accepted");
    }

    [Fact]
    public void Another_router_hangs_up_whom_it_does_not_know_and_tells_that_it_is_over()
    {
        var story = Talks();
        var ear = Ear(story);
        var next = new Scenario();
        var (call, anna, sara) = (next.Id("call9"), next.Id("anna"), next.Id("sara"));
        var restart = new CallEngine("main");
        var restored = new RestoredState(1, [], [], Listeners: [new RestoredListener(Scenario.Leg(ear), call, sara, anna)]);
        var step = new List<EngineEffect>();
        foreach (var input in new EngineInput[] { new EngineInput.Restored(restored), new EngineInput.SettingsChanged(next.Settings) })
            step.AddRange(restart.Handle(new Moment(TimeSpan.Zero, Scenario.Start), input).Effects);
        step.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallListened>().Should().ContainSingle().Which.Should().BeEquivalentTo(new { Call = call, By = sara, Agent = anna, Listens = false });
        var found = Scenario.Seen(ear, ear, "PJSIP/104", app: "ChanSpy") with { Context = "callcrm-listen", CallerNumber = "101" };
        var effects = restart.Handle(new Moment(TimeSpan.FromSeconds(1), Scenario.Start.AddSeconds(1)), new EngineInput.Fact(new PbxFact.Snapshot(Scenario.Node, null, [found], []), next.Id("snap"))).Effects;
        effects.OfType<EngineEffect.Act>().Should().ContainSingle().Which.What.Should().Be(new PbxAction.HangUp($"PJSIP/104-{ear}", 16));
        effects.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallStarted>().Should().BeEmpty();
    }

    [Fact]
    public void It_goes_along_when_the_call_becomes_part_of_another()
    {
        var story = Talks();
        Hears(Lifted(Asked(story))).Forget();
        story.At(5).Channel("8", "PJSIP/trunk", call: "late").At(6).Joins("b1", "8").ExpectAmong("call1 merged from late");
        story.At(9).Ends(Ear(story)).ExpectAmong("call1 sara listens no longer to anna");
    }
}
