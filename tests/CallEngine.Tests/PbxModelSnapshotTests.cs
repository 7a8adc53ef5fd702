using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallEngine.Tests;

public sealed class PbxModelSnapshotTests
{
    static readonly IReadOnlyList<PbxEvent> s_none = [];

    [Theory]
    [InlineData("ami-2", 0)]
    [InlineData("ami-13", 2)]
    [InlineData("ami-24", 5)]
    public void Captured_lists_are_what_the_events_before_them_said(string actionId, int channels)
    {
        var scenario = TraceLibrary.Load("19").Name;
        var list = PbxModelTraces.ListOf(scenario, "ami", "CoreShowChannel", actionId);
        var complete = PbxModelTraces.ListOf(scenario, "ami", "CoreShowChannelsComplete", actionId);
        var live = new PbxModel(PbxModelTraces.Node);
        var bridges = new Dictionary<string, string>();
        foreach (var (_, e) in PbxModelTraces.Events(scenario).TakeWhile(e => e.Event != complete[0]))
        {
            foreach (var fact in live.Handle(e))
            {
                if (fact is PbxFact.LegJoined joined)
                    bridges[joined.Leg.UniqueId] = joined.BridgeId;
            }
        }

        var snapshot = new PbxModel(PbxModelTraces.Node).TakeSnapshot([.. list, .. complete], s_none);

        snapshot.Legs.Should().HaveCount(channels);
        live.Counters.Legs.Should().Be(channels);
        snapshot.Legs.Where(l => !l.Up || l.Ringing || l.BridgeId != bridges.GetValueOrDefault(l.Leg.UniqueId) || l.CallId?.StartsWith("call-1795", StringComparison.Ordinal) != true)
            .Should().BeEmpty();
    }

    [Fact]
    public void Every_field_of_a_line_is_read()
    {
        var list = PbxModelTraces.ListOf(TraceLibrary.Load("19").Name, "ami", "CoreShowChannel", "ami-24");

        new PbxModel(PbxModelTraces.Node).TakeSnapshot(list, s_none).Legs.Single(l => l.ChannelName == "PJSIP/trunk-000000aa").Should().Be(new SnapshotLeg(
            new LegId(PbxModelTraces.Node, "1795449186.183"), "1795449186.183", "PJSIP/trunk-000000aa", "PJSIP/trunk", "420700000002", "Alice Novak", "560001", "from-trunk",
            "Dial", true, false, "388776bd-1be1-49d6-903e-2124c4c2d9bf", TimeSpan.FromSeconds(2), "call-1795449186.183"));
    }

    [Fact]
    public void Calls_taken_up_from_lists_end_by_the_events_that_follow()
    {
        var scenario = TraceLibrary.Load("19").Name;
        var model = new PbxModel(PbxModelTraces.Node);
        model.TakeSnapshot(PbxModelTraces.ListOf(scenario, "ami", "CoreShowChannel", "ami-24"), s_none);
        var after = PbxModelTraces.Events(scenario).SkipWhile(e => e.Event.Name != "CoreShowChannelsComplete" || e.Event["ActionID"] != "ami-24");

        var facts = after.SelectMany(e => model.Handle(e.Event)).ToArray();

        facts.OfType<PbxFact.LegLeft>().Should().HaveCount(4);
        facts.OfType<PbxFact.LegEnded>().Should().HaveCount(5);
        facts.OfType<PbxFact.LegEnded>().Count(f => f.HungUp).Should().Be(3);
        facts.OfType<PbxFact.DialEnded>().Should().BeEmpty("they were answered before");
        model.Counters.Should().Match<PbxModelCounters>(c => c.Legs == 0 && c.Bridges == 0);
    }

    [Fact]
    public void Ringing_phone_of_the_list_rings_no_second_time_and_its_ring_ends()
    {
        var calls = new PbxModelCalls();
        var snapshot = calls.Model.TakeSnapshot(
            [Line("1", "PJSIP/trunk-00000001", "1", "4", "Application: Dial"), Line("2", "PJSIP/101-00000002", "1", "5", "Application: AppDial", "Duration: 26:00:05")], s_none);
        snapshot.Legs[1].Should().Match<SnapshotLeg>(l => l.Ringing && !l.Up && l.Age == new TimeSpan(26, 0, 5));

        Facts(calls.Model, PbxModelTraces.Event("Newstate", "Uniqueid: 1.2", "ChannelState: 5")).Should().BeEmpty();
        Facts(calls.Model, PbxModelTraces.Event("DialEnd", "Uniqueid: 1.1", "DestUniqueid: 1.2", "DialStatus: NOANSWER")).Should().BeEmpty();
        Facts(calls.Model, PbxModelTraces.Event("Hangup", "Uniqueid: 1.2", "Cause: 0"))
            .Should().Equal("dial ended .1 -> .2 NoAnswer", "ended      .2 cause 0");
    }

    [Theory]
    [InlineData("callcrm-message", "WaitForSilence", true)]
    [InlineData("callcrm-message", "Wait", true)]
    [InlineData("callcrm-message", "Playback", false)]
    [InlineData("callcrm-fallback", "Wait", false)]
    public void Who_speaks_a_message_is_known_by_where_the_dialplan_is(string context, string application, bool speaks) =>
        new PbxModel(PbxModelTraces.Node).TakeSnapshot([Line("1", "PJSIP/trunk-00000001", "1", "6", $"Context: {context}", $"Application: {application}")], s_none)
            .Legs.Single().Waits.Should().Be(speaks ? WaitKind.Message : null);

    [Fact]
    public void Local_channels_of_the_list_connect_and_are_not_shown()
    {
        var model = new PbxModel(PbxModelTraces.Node);
        var snapshot = model.TakeSnapshot(
        [
            Line("4", "PJSIP/101-00000004", "1", "6", "BridgeId: far"), Line("3", "Local/101@q-00000001;2", "1", "6", "BridgeId: far"),
            Line("1", "PJSIP/trunk-00000001", "1", "6", "BridgeId: near"), Line("2", "Local/101@q-00000001;1", "1", "6", "BridgeId: near"),
        ], s_none);

        snapshot.Legs.Select(l => (l.Device, l.BridgeId)).Should().Equal(("PJSIP/101", "far"), ("PJSIP/trunk", "far"));
        Facts(model, PbxModelTraces.Event("BridgeLeave", "Uniqueid: 1.1", "BridgeUniqueid: near")).Should().Equal("left       .1 bridge A");
    }

    [Fact]
    public void What_is_not_in_the_list_is_forgotten_and_what_hung_up_meanwhile_is_not_taken_up()
    {
        var calls = new PbxModelCalls();
        calls.Inbound("1").Inbound("2").Hangup("2").Said();

        var snapshot = calls.Model.TakeSnapshot([Line("2", "PJSIP/trunk-00000002", "2", "6"), Line("3", "PJSIP/trunk-00000003", "3", "6")], s_none);

        snapshot.Legs.Select(l => l.Leg.UniqueId).Should().Equal("1.3");
        calls.Model.Counters.Legs.Should().Be(1);
        calls.Hangup("1").Hangup("2").Said().Should().BeEmpty();
    }

    [Fact]
    public void Events_that_the_list_has_already_in_it_say_nothing_again()
    {
        var model = new PbxModel(PbxModelTraces.Node);
        model.TakeSnapshot([Line("1", "PJSIP/trunk-00000001", "1", "6", "BridgeId: b"), Line("2", "PJSIP/101-00000002", "1", "6", "BridgeId: b")], s_none);

        Facts(model, PbxModelTraces.Event("Newchannel", "Channel: PJSIP/trunk-00000001", "Uniqueid: 1.1", "ChannelState: 4")).Should().BeEmpty();
        Facts(model, PbxModelTraces.Event("Newstate", "Uniqueid: 1.2", "ChannelState: 5")).Should().BeEmpty();
        Facts(model, PbxModelTraces.Event("BridgeEnter", "Uniqueid: 1.2", "ChannelState: 6", "BridgeUniqueid: b")).Should().BeEmpty();
    }

    [Fact]
    public void Withheld_number_stays_withheld_in_the_list() =>
        new PbxModel(PbxModelTraces.Node).TakeSnapshot([Line("1", "PJSIP/trunk-00000001", "1", "4", "CallerIDNum: 420777", "ChanVariable: CALLERID(num-pres)=prohib")], s_none)
            .Legs.Should().ContainSingle().Which.Should().Match<SnapshotLeg>(l => l.NumberRestricted && l.PresentationTold && l.CallerNumber == "");

    [Fact]
    public void Devices_of_the_list_are_phones_and_are_not_said_again()
    {
        var states = PbxModelTraces.ListOf(TraceLibrary.Load("14").Name, "ami", "DeviceStateChange", "ami-4");
        var model = new PbxModel(PbxModelTraces.Node);

        var snapshot = model.TakeSnapshot(s_none, states);

        snapshot.Devices.Select(d => d.Key).Order().Should().Equal([.. Enumerable.Range(101, 10).Select(n => $"PJSIP/{n}"), "PJSIP/deadtrunk", "PJSIP/trunk"]);
        snapshot.Devices.Should().Contain(KeyValuePair.Create("PJSIP/101", DeviceState.NotInUse)).And.Contain(KeyValuePair.Create("PJSIP/104", DeviceState.Unavailable));
        states.SelectMany(model.Handle).Should().BeEmpty();
    }

    static PbxEvent Line(string id, string channel, string linked, string state, params string[] more) =>
        PbxModelTraces.Event("CoreShowChannel", [$"Channel: {channel}", $"Uniqueid: 1.{id}", $"Linkedid: 1.{linked}", $"ChannelState: {state}", .. more]);

    static IEnumerable<string> Facts(PbxModel model, PbxEvent e) => model.Handle(e).Select(f => PbxModelTable.Line(f, []));
}
