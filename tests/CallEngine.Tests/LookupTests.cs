namespace CallCrm.Engine.Tests;

public sealed class LookupTests
{
    [Fact]
    public void A_late_lookup_routes_without_a_name_and_the_card_follows()
    {
        Scenario.With("anna").Asks("1").Forget()
            .At(0.299).ExpectNothing()
            .At(0.3).ExpectAmong("""
                look up call1 +393331112222 source web late
                call1 queued sales place 1
                answer r1 dial PJSIP/101 20s record after pop call1/1
                """)
            .At(2).Arrives("call1", new LookupResult(LookupOutcome.Known, [new ClientMatch(default, null, null, [])], Late: true)).ExpectAmong("call1 is Known 00000000000000000000000000000000 late")
            .Arrives("call1", new LookupResult(LookupOutcome.Unknown, [])).Expect("report lookup_twice");
    }

    [Fact]
    public void A_lookup_at_the_very_deadline_is_in_time() =>
        Scenario.With("anna").Asks("1").Forget().JumpTo(0.3).Known("call1").ExpectAmong("call1 is Known client").ExpectNone("late");

    [Fact]
    public void A_failed_lookup_routes_at_once()
    {
        Scenario.With("anna").Asks("1").Forget().Arrives("call1", new LookupResult(LookupOutcome.Failed, [])).ExpectAmong("""
            look up call1 +393331112222 source web late
            answer r1 dial PJSIP/101 20s record after pop call1/1
            """);
    }

    [Fact]
    public void A_late_lookup_that_fails_is_said_to_have_failed() =>
        Scenario.With("anna").Asks("1").At(0.3).Forget().At(5).Arrives("call1", new LookupResult(LookupOutcome.Failed, [], Late: true)).Expect("call1 is Failed - late");

    [Fact]
    public void Withheld_numbers_and_own_extensions_are_not_looked_up()
    {
        Scenario.With("anna").Asks("1", caller: PhoneNumber.Withheld).ExpectAmong("""
            call1 started Inbound withheld to 800100 routed
            call1 is Withheld -
            call1 offered call1/1 anna PJSIP/101 20s LeastBusy
            """).ExpectNone("look up");
        Scenario.With("anna").Asks("1", caller: new PhoneNumber("104", NumberKind.Extension)).ExpectAmong("""
            call1 started Internal 104 to 800100 routed
            call1 is Internal -
            """).ExpectNone("look up");
        Scenario.With("anna").Asks("1", caller: new PhoneNumber("Robert'); drop table", NumberKind.Unparsed)).ExpectAmong("call1 is Unknown -").ExpectNone("look up");
    }

    [Fact]
    public void Several_candidates_show_no_client_and_the_latest_conversation_of_any_prefers()
    {
        var story = Scenario.With("anna", "bruno").Asks("1").Forget();
        story.Arrives("call1", new LookupResult(LookupOutcome.Several,
        [
            new ClientMatch(story.Id("ada"), story.Id("anna"), null, [new Contact(story.Id("anna"), story.Utc.AddDays(-9), TimeSpan.FromMinutes(1))]),
            new ClientMatch(story.Id("bob"), null, null, [new Contact(story.Id("bruno"), story.Utc.AddDays(-2), TimeSpan.FromMinutes(1))]),
        ])).ExpectAmong("""
            call1 is Several - of 2
            call1 decided LastContacted bruno rather bruno (LastContacted, Ready) of 2
            """);
        story.Dial("1", "2", "PJSIP/102").Takes("1").Forget().Does("bruno", new AgentCommand.AttachClient(story.Id("call1"), story.Id("ada")))
            .Expect("""
                call1 is Known ada by bruno
                cmd5 accepted
                """);
    }

    [Fact]
    public void A_lookup_that_comes_after_the_caller_left_still_names_the_missed_call()
    {
        Scenario.With("anna").Asks("1").At(0.1).Ends("1", hungUp: true).Forget().At(0.2).Known("call1").Expect("call1 is Known client")
            .At(100).Known("call1").Expect("report lookup_for_no_call");
    }

    [Fact]
    public void A_failed_lookup_of_a_caller_who_left_is_asked_for_once_more_in_peace() =>
        Scenario.With("anna").Asks("1").At(0.1).Ends("1", hungUp: true).Forget().Arrives("call1", new LookupResult(LookupOutcome.TimedOut, []))
            .Expect("look up call1 +393331112222 source web late");
}
