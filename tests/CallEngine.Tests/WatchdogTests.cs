namespace CallCrm.Engine.Tests;

/// <summary>Books that were made wrong behind the engine's back: told within ten seconds, mended, and the PBX is asked.</summary>
public sealed class WatchdogTests
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(12);

    [Fact]
    public void An_agent_shown_in_call_without_one_is_free_again()
    {
        var run = new Planted("anna", "bruno");
        run.Agent("anna").State = AgentState.Talking;
        run.Go().Should().Contain("breach agent_state pbx");
        run.Agent("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void A_call_without_a_channel_is_closed_and_its_agent_is_let_go()
    {
        var run = new Planted("anna");
        run.Story.Inbound("1").TalksTo("1", "2", "PJSIP/101");
        foreach (var leg in run.Story.Engine.State.Legs.Values)
            leg.Live = false;
        run.Go().Should().Contain("breach call_no_leg call1 pbx").And.Contain("breach agent_dead_leg pbx");
        run.Story.Engine.Snapshot().OpenCalls.Should().Be(0);
        run.Agent("anna").Legs.Should().BeEmpty();
    }

    [Fact]
    public void A_reservation_and_a_wrap_up_without_an_end_end()
    {
        var run = new Planted("anna", "bruno");
        run.Story.Inbound("1");
        run.Story.Engine.State.Timers.Cancel(run.Agent("anna").Offer!.EndTimer);
        var bruno = run.Agent("bruno");
        bruno.WrapUp = new WrapUp(run.Story.Id("old"), TimeSpan.FromDays(1), default, TimeSpan.Zero, Extended: false);
        run.Go().Should().Contain("breach offer_no_end call1 pbx").And.Contain("breach wrap_up_no_end pbx");
        run.Agent("anna").Offer.Should().BeNull();
        bruno.WrapUp.Should().BeNull();
    }

    [Fact]
    public void A_caller_who_waits_outside_of_the_line_is_put_in_it()
    {
        var run = new Planted("anna");
        run.Story.Inbound("1").At(1).Inbound("2");
        var queue = run.Story.Engine.State.QueueOrder.Single(q => q.Line.Count > 0);
        queue.Line.Clear();
        run.Go().Should().Contain("breach waits_outside call2 pbx");
        queue.Line.Should().ContainSingle();
    }

    [Fact]
    public void A_queue_that_counts_wrong_counts_again()
    {
        var run = new Planted("anna");
        var queue = run.Story.Engine.State.QueueOrder.First(q => q.Members.Count > 0);
        queue.Reachable = 7;
        queue.Free.Clear();
        run.Go().Should().Contain("breach queue_reachable").And.Contain("breach queue_free");
        run.Story.Engine.CheckInvariants().Should().BeEmpty();
    }

    [Fact]
    public void An_agent_in_call_at_an_idle_phone_is_told_and_the_snapshot_frees_them()
    {
        var run = new Planted("anna");
        run.Story.Inbound("1").TalksTo("1", "2", "PJSIP/101").Device("101", DeviceState.InUse);
        run.Go().Should().NotContain(l => l.StartsWith("breach", StringComparison.Ordinal));
        // The hang-up was lost on its way, the device's word was not.
        run.Story.Device("101", DeviceState.NotInUse);
        run.Go().Concat(run.Go()).Should().Contain("breach idle_in_call call1 pbx");
        run.Story.SnapshotOf();
        run.Agent("anna").State.Should().Be(AgentState.WrapUp);
        run.Story.Engine.Snapshot().OpenCalls.Should().Be(0);
    }

    [Fact]
    public void A_call_that_does_not_end_is_told_once_an_hour()
    {
        var run = new Planted("anna");
        run.Story.Inbound("1").TalksTo("1", "2", "PJSIP/101").Device("101", DeviceState.InUse).Forget();
        run.Story.At(3.9 * 3600).ExpectNone("breach");
        run.Go(TimeSpan.FromHours(0.9)).Should().ContainSingle(l => l == "breach call_does_not_end call1 pbx");
    }

    [Fact]
    public void Nothing_is_told_while_all_is_well()
    {
        var run = new Planted("anna", "bruno");
        run.Story.Inbound("1").TalksTo("1", "2", "PJSIP/101").Inbound("3").Inbound("4").At(30).Ends("1").Ends("2").At(90);
        run.Story.All.OfType<EngineEffect.Breach>().Should().BeEmpty();
    }

    /// <summary>A story whose invariants are broken on purpose: steps go past the story's own check.</summary>
    private sealed class Planted(params string[] agents)
    {
        private TimeSpan _ahead;

        public Scenario Story { get; } = Scenario.With(agents);

        public Agent Agent(string name) => Story.Engine.State.Agents[Story.Id(name)];

        public List<string> Go(TimeSpan? span = null)
        {
            var said = new List<string>();
            for (var from = Story.Now > _ahead ? Story.Now : _ahead; _ahead < from + (span ?? Round); _ahead = (_ahead > from ? _ahead : from) + TimeSpan.FromSeconds(1))
            {
                var at = _ahead > from ? _ahead : from;
                foreach (var effect in Story.Engine.Handle(new Moment(at, Story.Utc + (at - Story.Now)), EngineInput.Tick.Instance).Effects)
                    said.Add(EffectText.Of(effect, Story.Name));
            }

            Story.JumpTo(_ahead.TotalSeconds);
            return said;
        }
    }
}
