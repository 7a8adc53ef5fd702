using CallCrm.AgentWeb.Live;
using CallCrm.Contracts;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace CallCrm.Agent.Web.Tests;

public sealed class DeskStateTests
{
    static DeskState Talking(params DraftFieldView[] draft) => DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Talking", call: Some.Call(draft: draft))));

    [Fact]
    public void Before_the_first_snapshot_nothing_is_known() => DeskState.Empty.Loaded.Should().BeFalse();

    [Fact]
    public void A_snapshot_replaces_everything_that_was_shown()
    {
        var before = DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop())))
            .Apply(Some.Message(new PbxEventView("a", false, Some.Noon, "gone"), new OfferEvent(Some.OfferId, Some.CallId, false, "NoAnswer", null)));
        var after = before.Apply(Some.Snapshot(Some.Desk()));
        after.Should().BeEquivalentTo(DeskState.Empty.Apply(Some.Snapshot(Some.Desk())));
        after.Pop.Should().BeNull();
        after.Pbxs.Should().BeEmpty();
        after.LastOffer.Should().BeNull();
    }

    [Fact]
    public void A_snapshot_of_the_same_call_does_not_bring_older_text_back() =>
        Talking(Some.Field("note", "newer", 5)).Apply(Some.Snapshot(Some.Desk("Talking", call: Some.Call(draft: Some.Field("note", "older", 4))))).Draft["note"].Value.Should().Be("newer");

    [Fact]
    public void The_draft_of_another_call_is_not_carried_over() =>
        Talking(Some.Field("note", "first call", 5)).Apply(Some.Message(new CallEvent(Some.Call(id: Guid.NewGuid())))).Draft.Should().BeEmpty();

    [Fact]
    public void A_pop_that_comes_after_its_call_was_taken_is_not_shown() =>
        Talking().Apply(Some.Message(new PopEvent(Some.Pop()))).Pop.Should().BeNull();

    [Fact]
    public void A_pop_of_another_call_shows_while_one_is_wrapped_up()
    {
        var state = DeskState.Empty.Apply(Some.Snapshot(Some.Desk("WrapUp", call: Some.Call("Ended")))).Apply(Some.Message(new PopEvent(Some.Pop(call: Guid.NewGuid()))));
        state.Pop.Should().NotBeNull();
        state.Call!.CallId.Should().Be(Some.CallId);
    }

    [Fact]
    public void A_taken_call_closes_its_pop() =>
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop()))).Apply(Some.Message(new CallEvent(Some.Call()))).Pop.Should().BeNull();

    static readonly CallEvent Kept = new(Some.Call() with { ScriptKept = true });

    [Fact]
    public void The_script_of_the_pop_leads_the_call_which_does_not_repeat_it()
    {
        var script = Some.Script();
        var answered = DeskState.Empty.Apply(Some.Snapshot(Some.Desk())).Apply(Some.Message(new PopEvent(Some.Pop(script: script))))
            .Apply(Some.Message(new OfferEvent(Some.OfferId, Some.CallId, false, "Answered", null), Kept));
        answered.Call!.Script.Should().BeSameAs(script);
        answered.NeedsSnapshot.Should().BeFalse();

        // The pop may come behind the talk, and the page may have come only now.
        Talking().Apply(Some.Message(new PopEvent(Some.Pop(script: script)), Kept)).Call!.Script.Should().BeSameAs(script);
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop(script: script)))).Apply(Some.Message(Kept)).Call!.Script.Should().BeSameAs(script);
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Talking", call: Some.Call(script: script)))).Apply(Some.Message(Kept)).Call!.Script.Should().BeSameAs(script);
    }

    [Fact]
    public void A_card_that_brings_another_script_is_followed()
    {
        var (first, second) = (Some.Script(), Some.Script());
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop(script: first))))
            .Apply(Some.Message(new CardEvent(Some.CallId, "Known", Some.Card(), [], second), new OfferEvent(Some.OfferId, Some.CallId, false, "Answered", null), Kept)).Call!.Script.Should().BeSameAs(second);
    }

    [Fact]
    public void A_script_that_is_said_to_be_here_and_is_not_needs_a_snapshot() =>
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk())).Apply(Some.Message(new PopEvent(Some.Pop(call: Guid.NewGuid(), script: Some.Script())), Kept)).NeedsSnapshot.Should().BeTrue();

    [Fact]
    public void An_unanswered_offer_closes_its_own_pop_only()
    {
        var ringing = DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop())));
        ringing.Apply(Some.Message(new OfferEvent(Guid.NewGuid(), Some.CallId, false, "NoAnswer", null))).Pop.Should().NotBeNull();
        var missed = ringing.Apply(Some.Message(new OfferEvent(Some.OfferId, Some.CallId, false, "NoAnswer", null)));
        missed.Pop.Should().BeNull();
        missed.LastOffer!.Outcome.Should().Be("NoAnswer");
    }

    [Fact]
    public void Ringing_is_told_to_the_pop() =>
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Reserved", Some.Pop()))).Apply(Some.Message(new OfferEvent(Some.OfferId, Some.CallId, true, null, null))).Pop!.Ringing.Should().BeTrue();

    [Fact]
    public void A_doubled_message_changes_nothing_more()
    {
        LiveEvent[] events = [new PopEvent(Some.Pop()), new OfferEvent(Some.OfferId, Some.CallId, true, null, null), new CallEvent(Some.Call()), new DraftEvent(Some.CallId, Some.Field("note", "a", 1)), Some.Me("Talking")];
        var once = DeskState.Empty.Apply(Some.Snapshot(Some.Desk())).Apply(Some.Message(events));
        once.Apply(Some.Message(events)).Should().BeEquivalentTo(once);
    }

    [Property]
    public Property Whatever_the_order_the_newest_version_of_a_field_wins() =>
        Prop.ForAll(Gen.Shuffle(Enumerable.Range(1, 6)).ToArbitrary(), order =>
        {
            var state = Talking();
            foreach (var version in order)
                state = state.Apply(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", $"v{version}", version))));
            return state.Draft["note"].Value == "v6";
        });

    [Fact]
    public void A_draft_of_a_call_that_is_not_here_is_ignored() =>
        Talking().Apply(Some.Message(new DraftEvent(Guid.NewGuid(), Some.Field("note", "elsewhere", 9)))).Draft.Should().BeEmpty();

    [Fact]
    public void A_card_that_comes_late_dresses_pop_and_call_and_keeps_the_script()
    {
        var pop = DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop(script: Some.Script())))).Apply(Some.Message(new CardEvent(Some.CallId, "One", Some.Card(), [], null))).Pop!;
        pop.Card!.Name.Should().Be("Ilaria Gentile");
        pop.Script.Should().NotBeNull();
        var call = Talking().Apply(Some.Message(new CardEvent(Some.CallId, "One", Some.Card(), [], Some.Script()))).Call!;
        (call.Card!.Name, call.Script!.Id).Should().Be(("Ilaria Gentile", "known"));
    }

    [Fact]
    public void A_card_of_another_call_changes_nothing() =>
        Talking().Apply(Some.Message(new CardEvent(Guid.NewGuid(), "One", Some.Card(), [], null))).Call!.Card.Should().BeNull();

    [Theory]
    [InlineData("Ready")]
    [InlineData("Paused")]
    [InlineData("Away")]
    [InlineData("SignedOut")]
    public void Who_is_free_has_no_call(string state) => Talking().Apply(Some.Message(Some.Me(state))).Call.Should().BeNull();

    [Fact]
    public void What_another_tab_did_is_told_until_the_next_call()
    {
        var done = Talking().Apply(Some.Message(new DoneElsewhereEvent(Some.CallId, "wrap_up", "other"), Some.Me("Ready")));
        done.DoneElsewhere.Should().NotBeNull();
        done.Apply(Some.Message(new PopEvent(Some.Pop(call: Guid.NewGuid())))).DoneElsewhere.Should().BeNull();
    }

    [Fact]
    public void What_another_tab_did_about_presence_is_told_until_something_is_done_here()
    {
        var paused = DeskState.Empty.Apply(Some.Snapshot(Some.Desk())).Apply(Some.Message(new DoneElsewhereEvent(Guid.Empty, "pause", "other"), Some.Me("Paused")));
        paused.PresenceElsewhere.Should().BeTrue();
        paused.ActsHere().DoneElsewhere.Should().BeNull();
        var answered = DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop()))).Apply(Some.Message(new DoneElsewhereEvent(Some.CallId, "answer", "other")));
        answered.PopTaken.Should().BeTrue();
        answered.ActsHere().PopTaken.Should().BeTrue("what is done here about something else gives the call back to nobody");
        answered.Apply(Some.Message(new PopEvent(Some.Pop(Guid.NewGuid(), Guid.NewGuid())))).PopTaken.Should().BeFalse();
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk("Ringing", Some.Pop()))).Apply(Some.Message(new DoneElsewhereEvent(Some.CallId, "attach_client", "other"))).PopTaken.Should().BeFalse("it still rings");
    }

    static DeskView AwayDesk => Some.Desk() with { State = Some.State("Away", "page_gone") };

    static MyStateEvent AwayEvent => new(Some.State("Away", "page_gone"), Some.Today);

    [Fact]
    public void Who_was_set_away_is_told_also_when_the_return_made_them_ready_at_once()
    {
        var back = DeskState.Empty.Apply(Some.Snapshot(AwayDesk)).Apply(Some.Message(Some.Me("Ready")));
        (back.WentAway, back.Me!.State).Should().Be((true, "Ready"));
        back.Apply(Some.Snapshot(Some.Desk())).WentAway.Should().BeTrue("a dropped line does not read it");
        back.AwayRead().WentAway.Should().BeFalse();
        back.AwayRead().Apply(Some.Message(Some.Me("Paused"))).WentAway.Should().BeFalse();

        // The page stayed, and hears of both together.
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk())).Apply(Some.Message(AwayEvent, Some.Me("Ready"))).WentAway.Should().BeTrue();
        DeskState.Empty.Apply(Some.Snapshot(Some.Desk())).Apply(Some.Message(Some.Me("Ready"))).WentAway.Should().BeFalse();
    }

    [Fact]
    public void Who_takes_a_call_need_not_read_any_more_that_they_were_away()
    {
        var back = DeskState.Empty.Apply(Some.Snapshot(AwayDesk)).Apply(Some.Message(Some.Me("Ready"), new PopEvent(Some.Pop())));
        back.WentAway.Should().BeTrue();
        back.Apply(Some.Message(new CallEvent(Some.Call()))).WentAway.Should().BeFalse();
        back.Apply(Some.Snapshot(Some.Desk("Talking", call: Some.Call()))).WentAway.Should().BeFalse();
        back.Apply(Some.Message(new CallEvent(Some.Call("Ended")))).WentAway.Should().BeTrue("the end of an earlier one is none");
    }

    [Fact]
    public void Agents_are_kept_by_name_and_replaced_by_id()
    {
        AgentTileView Tile(Guid id, string name, string state) => new(id, name, state, null, "101", Some.Noon, null, null, "Sales", 0);
        var (anna, zoe) = (Guid.NewGuid(), Guid.NewGuid());
        var state = DeskState.Empty.Apply(Some.Message(new AgentEvent(Tile(zoe, "Zoe", "Ready")), new AgentEvent(Tile(anna, "Anna", "Ready")), new AgentEvent(Tile(zoe, "Zoe", "Talking"))));
        state.Agents.Values.Select(a => (a.Name, a.State)).Should().Equal(("Anna", "Ready"), ("Zoe", "Talking"));
    }
}
