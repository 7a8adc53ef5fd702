namespace CallCrm.Engine.Tests;

/// <summary>Messages in the PBX's own mailboxes: told by AMI at once, by the PBX's folder later.</summary>
public sealed class MailboxTests
{
    private static MailboxFinding Found(Scenario story, string call, bool adds = false, MailboxState state = MailboxState.New) => new(story.Id("message"), story.Id(call), adds, adds ? "voicemail-1" : "1", "PJSIP/trunk-1",
        "101@default", "1795449851 PJSIP/trunk-1", Scenario.Start.AddSeconds(40), 12_000, state, new PhoneNumber(Scenario.Caller, NumberKind.E164, Scenario.Caller), "Mario");

    private static IEnumerable<T> Written<T>(Scenario story) where T : JournalEntry => story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<T>();

    [Fact]
    public void A_message_is_journaled_with_its_call_routed_or_observed()
    {
        var routed = new Scenario().PbxUp().Inbound("1");
        routed.At(30).Fact(new PbxFact.MessageLeft(Scenario.Node, null, Scenario.Leg("1"), "400@default")).Ends("1", hungUp: true);
        Written<MessageLeft>(routed).Should().ContainSingle().Which.Should().BeEquivalentTo(new
        {
            Call = (Guid?)routed.Id("call1"),
            UniqueId = "1",
            Mailbox = "400@default",
            Key = (string?)null,
            LeftAt = Scenario.Start.AddSeconds(30),
            Duration_ms = (int?)null,
            State = MailboxState.New,
        });

        var observed = new Scenario().PbxUp().Channel("1", "PJSIP/trunk");
        observed.At(9).Fact(new PbxFact.MessageLeft(Scenario.Node, null, Scenario.Leg("1"), "101@default")).Ends("1", hungUp: true);
        var call = Written<CallStarted>(observed).Should().ContainSingle().Which;
        Written<MessageLeft>(observed).Should().ContainSingle(m => m.Call == call.Call);
        Written<MessageLeft>(observed).Single().Seq.Should().BeGreaterThan(call.Seq, "the call is announced first");
    }

    [Fact]
    public void Two_messages_of_one_call_are_two()
    {
        var story = new Scenario().PbxUp().Inbound("1");
        story.Fact(new PbxFact.MessageLeft(Scenario.Node, null, Scenario.Leg("1"), "101@default")).After(9).Fact(new PbxFact.MessageLeft(Scenario.Node, null, Scenario.Leg("1"), "102@default"));
        Written<MessageLeft>(story).Select(m => m.Id).Distinct().Should().HaveCount(2);
    }

    [Fact]
    public void A_message_of_a_channel_that_is_gone_or_was_never_there_is_nothing()
    {
        var story = new Scenario().PbxUp().Inbound("1").Ends("1");
        story.Fact(new PbxFact.MessageLeft(Scenario.Node, null, Scenario.Leg("1"), "101@default")).Fact(new PbxFact.MessageLeft(Scenario.Node, null, Scenario.Leg("7"), "101@default"));
        Written<MessageLeft>(story).Should().BeEmpty();
    }

    [Fact]
    public void What_the_folder_says_is_written_as_it_is_and_an_unseen_call_is_added_once()
    {
        var story = new Scenario().PbxUp();
        story.At(3600).Send(new EngineInput.MailboxRead(Scenario.Node, [Found(story, "unseen", adds: true)]));
        story.Send(new EngineInput.MailboxRead(Scenario.Node, [Found(story, "unseen", adds: true)]));
        story.Send(new EngineInput.MailboxRead(Scenario.Node, [Found(story, "unseen", state: MailboxState.Heard)]));

        Written<CallImported>(story).Should().ContainSingle().Which.Should().BeEquivalentTo(new
        {
            Call = (Guid?)story.Id("unseen"),
            Direction = CallDirection.Inbound,
            StartedAt = Scenario.Start.AddSeconds(40),
            EndedAt = Scenario.Start.AddSeconds(52),
            Outcome = CallOutcome.Observed,
            Estimated = true,
            CallerName = "Mario",
        });
        Written<MessageLeft>(story).Select(m => (m.Id, m.Call, m.Duration_ms, m.State)).Should().Equal(
            (story.Id("message"), story.Id("unseen"), 12_000, MailboxState.New), (story.Id("message"), story.Id("unseen"), 12_000, MailboxState.New), (story.Id("message"), story.Id("unseen"), 12_000, MailboxState.Heard));
        story.Engine.State.OpenCalls.Should().Be(0, "it is over");
    }
}
