namespace CallCrm.Engine.Tests;

/// <summary>The wall clock is set by an hour, forwards and back: what is measured goes by the monotonic stamp, what is shown by the wall.</summary>
public sealed class ClockTests
{
    public static TheoryData<double> Hours => new() { 1, -1 };

    [Theory]
    [MemberData(nameof(Hours))]
    public void A_clock_that_is_set_changes_no_duration_and_no_deadline(double hours)
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10);
        var plain = Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10);
        var stepped = new Stepped(story, TimeSpan.FromHours(hours));
        foreach (var (at, fact) in Rest())
        {
            stepped.Send(at, fact);
            plain.At(at).Send(fact);
        }

        stepped.Until(70);
        plain.At(70);
        story.AgentOf("anna").State.Should().Be(plain.AgentOf("anna").State).And.Be(AgentState.Ready, "the wrap-up of 30 s is over");
        story.AgentOf("anna").LoadPercent.Should().Be(plain.AgentOf("anna").LoadPercent);
        var ended = Ended(story.All);
        ended.Should().BeEquivalentTo(Ended(plain.All), o => o.Excluding(e => e.At));
        ended.At.Should().Be(Ended(plain.All).At, "a call's own times stay as far apart as they were");
        (LastChange(story.All) - LastChange(plain.All)).Should().Be(TimeSpan.FromHours(hours), "the journal shows the wall's time");
        story.Engine.CheckInvariants().Should().BeEmpty();

        IEnumerable<(double At, EngineInput Input)> Rest()
        {
            yield return (30, new EngineInput.Fact(new PbxFact.LegEnded(Scenario.Node, null, Scenario.Leg("1"), 16, null, true)));
            yield return (30, new EngineInput.Fact(new PbxFact.LegEnded(Scenario.Node, null, Scenario.Leg("2"), 16, null, false)));
        }
    }

    [Theory]
    [MemberData(nameof(Hours))]
    public void What_is_restored_after_the_clock_was_set_has_no_negative_times_and_ends(double hours)
    {
        var story = new Scenario().At(1000);
        var then = story.Utc.AddHours(-hours);
        story.Send(new EngineInput.Restored(new RestoredState(1,
            [
                new RestoredAgent(story.Id("anna"), Scenario.Node, "101", AgentState.WrapUp, null, then.AddSeconds(-10), story.Id("before"), [], then.AddSeconds(20)),
                new RestoredAgent(story.Id("bruno"), Scenario.Node, "102", AgentState.Ready, null, then.AddSeconds(-10), null, []),
            ],
            [
                new RestoredCall(story.Id("waiting"), new PhoneNumber(Scenario.Caller, NumberKind.E164, Scenario.Caller), "", new PhoneNumber("800100", NumberKind.Unparsed), CallDirection.Inbound, true,
                    story.Id("sales"), null, then.AddSeconds(-30), then.AddSeconds(-30), null, CallState.Waiting, [new RestoredLeg(Scenario.Leg("1"), null, "PJSIP/trunk-1", true, then.AddSeconds(-30), null)], null),
            ])));
        story.AgentOf("bruno").Since.Should().BeOnOrBefore(story.Utc.AddHours(1));
        story.Engine.Snapshot().Queues.SelectMany(q => q.Waiting).Should().OnlyContain(w => w.Wait >= TimeSpan.Zero);
        story.After(45);
        story.AgentOf("anna").State.Should().NotBe(AgentState.WrapUp, "it never lasts longer than it should have from its beginning");
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<AgentChanged>().Should().OnlyContain(e => e.Before_ms >= 0);
    }

    private static DateTimeOffset LastChange(IEnumerable<EngineEffect> effects) => effects.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<AgentChanged>().Last().At;

    private static CallEnded Ended(IEnumerable<EngineEffect> effects) => effects.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallEnded>().Single();

    /// <summary>Goes on with a story on a clock that was set.</summary>
    private sealed class Stepped(Scenario story, TimeSpan step)
    {
        private readonly DateTimeOffset _origin = story.Utc - story.Now + step;
        private TimeSpan? _due = story.NextDeadline;

        public void Send(double at, EngineInput input)
        {
            Until(at);
            Handle(TimeSpan.FromSeconds(at), input);
        }

        public void Until(double at)
        {
            while (_due is { } due && due <= TimeSpan.FromSeconds(at))
                Handle(due, EngineInput.Tick.Instance);
        }

        private void Handle(TimeSpan at, EngineInput input)
        {
            var made = story.Engine.Handle(new Moment(at, _origin + at), input);
            story.All.AddRange(made.Effects);
            _due = made.NextDeadline > at ? made.NextDeadline : null;
        }
    }
}
