using CallCrm.Engine;
using FsCheck;
using FsCheck.Fluent;

namespace CallCrm.CallEngine.Tests;

/// <summary>Whatever is doubled, dropped, turned around or mangled: nothing throws, and the facts keep their order.</summary>
[Trait("Category", "Slow")]
public sealed class PbxModelProperties
{
    static readonly PbxEvent[][] s_traces = [.. PbxModelTraces.All.Where(s => s != "21-load").Select(s => PbxModelTraces.Events(s).Select(e => e.Event).ToArray())];

    static readonly PbxEvent[] s_load = [.. PbxModelTraces.Events("21-load").Select(e => e.Event).Where(e => e.Name is not ("VarSet" or "Newexten")).Take(2_000)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Traces_with_doubled_dropped_and_moved_events_keep_the_order(int seed)
    {
        var random = new Random(seed);
        foreach (var trace in s_traces.Append(s_load))
        {
            for (var run = 0; run < 5; run++)
                Keeps(Mangled(trace, random), $"seed {seed}, run {run}");
        }
    }

    [Fact]
    public void Calls_woven_into_each_other_say_what_they_say_alone()
    {
        var random = new Random(7);
        // Of other boots, so that their ids differ.
        var woven = new[] { "02", "06", "09", "10", "12", "15" }.Select(n => PbxModelTraces.All.First(s => s.StartsWith(n + "-", StringComparison.Ordinal))).ToArray();
        var alone = woven.ToDictionary(s => s, s => Legs(new PbxModel(PbxModelTraces.Node), PbxModelTraces.Events(s).Select(e => e.Event)));
        var queues = woven.Select(s => new Queue<PbxEvent>(PbxModelTraces.Events(s).Select(e => e.Event))).ToList();
        var all = new List<PbxEvent>();
        while (queues.Count > 0)
        {
            var queue = queues[random.Next(queues.Count)];
            if (queue.TryDequeue(out var e))
                all.Add(e);
            else
                queues.Remove(queue);
        }

        Legs(new PbxModel(PbxModelTraces.Node), all).Order().Should().Equal(alone.Values.SelectMany(f => f).Order());

        static List<string> Legs(PbxModel model, IEnumerable<PbxEvent> events) =>
            [.. events.SelectMany(model.Handle).Where(f => f is not PbxFact.DeviceChanged).Select(f => f.ToString()!)];
    }

    [Fact]
    public void All_sequences_of_four_events_about_a_ringing_pair_keep_the_order()
    {
        Action<PbxModelCalls>[] steps =
        [
            c => c.Inbound("1"), c => c.Phone("2", "101", "1"), c => c.DialBegin("1", "2"), c => c.State("2", "5"), c => c.State("2", "6"),
            c => c.DialEnd("1", "2", "ANSWER"), c => c.DialEnd("1", "2", "NOANSWER"), c => c.Refuse("2", "17", "486"), c => c.Enter("2", "b"), c => c.Leave("2", "b"),
            c => c.Send("Hold", c.Of("2")), c => c.Hangup("2"), c => c.Hangup("1"),
        ];
        var broken = new List<string>();
        for (var n = 0; n < Math.Pow(steps.Length, 4); n++)
        {
            var calls = new PbxModelCalls();
            calls.Inbound("1").Phone("2", "101", "1");
            for (var (digits, i) = (n, 0); i < 4; digits /= steps.Length, i++)
                steps[digits % steps.Length](calls);
            if (calls.Order.Broken.Count > 0)
                broken.Add($"{n}: {calls.Order.Broken[0]}");
        }

        broken.Should().BeEmpty();
    }

    [Fact]
    public void Random_events_of_few_channels_and_bridges_keep_the_order()
    {
        string[] ids = ["1.1", "1.2", "1.3", "1.4", "1.5", "", "nobody"];
        string[] names =
        [
            "Newchannel", "Newstate", "NewCallerid", "Rename", "HangupRequest", "Hangup", "Hold", "Unhold", "UserEvent", "MixMonitorStart", "MixMonitorStop", "DialBegin",
            "DialState", "DialEnd", "VarSet", "BridgeEnter", "BridgeLeave", "BridgeDestroy", "BridgeMerge", "LocalBridge", "LocalOptimizationBegin",
            "LocalOptimizationEnd", "BlindTransfer", "AttendedTransfer", "DeviceStateChange", "ExtensionStatus", "ContactStatus", "Unheard",
        ];
        string[] keys =
        [
            "Uniqueid", "DestUniqueid", "Linkedid", "DestLinkedid", "SwapUniqueid", "LocalOneUniqueid", "LocalTwoUniqueid", "SourceUniqueid", "TransfererUniqueid",
            "TransfereeUniqueid", "OrigTransfererUniqueid", "TransferTargetUniqueid",
        ];
        var eventOf =
            from name in Gen.Elements(names)
            from channel in Gen.Elements("PJSIP/101-00000001", "PJSIP/trunk-00000002", "Local/1@x-00000001;1", "Local/1@x-00000001;2", "Local/2@x-00000002;1", "?", "")
            from linked in Gen.ArrayOf(Gen.Elements(ids), keys.Length)
            from bridge in Gen.ArrayOf(Gen.Elements("a", "b", "c", ""), 4)
            from state in Gen.Elements("0", "4", "5", "6", "x", "")
            from status in Gen.Elements("ANSWER", "NOANSWER", "CANCEL", "BUSY", "RINGING", "CHANUNAVAIL", "")
            from cause in Gen.Elements("0", "16", "17", "26", "99999999999999", "-1", "")
            from technology in Gen.Elements("simple_bridge", "holding_bridge")
            select PbxModelTraces.Event(name, [.. keys.Select((k, i) => $"{k}: {linked[i]}"), "Channel: " + channel, "BridgeUniqueid: " + bridge[0],
                "ToBridgeUniqueid: " + bridge[1], "FromBridgeUniqueid: " + bridge[2], "DestBridgeUniqueid: " + bridge[3], "ChannelState: " + state,
                "DestChannelState: " + state, "DialStatus: " + status, "Variable: DIALSTATUS", "Value: " + status, "Cause: " + cause, "TechCause: " + cause,
                "BridgeTechnology: " + technology, "UserEvent: CallCrmHold", "Device: PJSIP/1", "State: " + status, "Hint: PJSIP/1", "Status: " + cause]);

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(Gen.ListOf(eventOf, 60).ToArbitrary(), events =>
        {
            Keeps(events, "random");
            return true;
        }));
    }

    [Fact]
    public void Events_without_any_or_with_senseless_fields_are_counted_and_say_nothing()
    {
        var model = new PbxModel(PbxModelTraces.Node);
        var names = s_traces.SelectMany(t => t).Select(e => e.Name).Distinct().Append("").ToArray();
        foreach (var name in names)
        {
            model.Handle(PbxModelTraces.Event(name)).Should().BeEmpty();
            model.Handle(PbxModelTraces.Event(name, "Uniqueid: ", "DestUniqueid: ", ": ", "no colon")).Should().BeEmpty();
            model.Handle(new PbxEvent("", name, [default, default], null)).Should().BeEmpty();
        }

        model.Counters.Events.Should().Be(3 * names.Length);
        model.Counters.Facts.Should().Be(0);
    }

    [Fact]
    public void Names_given_for_the_filters_are_those_that_are_read()
    {
        var readable = new[] { "Uniqueid: x", "UserEvent: CallCrmHold", "Variable: DIALSTATUS", "Result: Success", "Device: PJSIP/1", "State: INUSE", "Hint: PJSIP/2", "Status: 1",
            "EndpointName: 3", "ContactStatus: Reachable" };
        foreach (var name in s_traces.SelectMany(t => t).Select(e => e.Name).Concat(PbxModel.EventNames).Distinct())
        {
            var model = new PbxModel(PbxModelTraces.Node);
            model.Handle(PbxModelTraces.Event(name, readable));
            (model.Counters.Unwanted == 0).Should().Be(PbxModel.EventNames.Contains(name), name);
        }
    }

    [Fact]
    public void Model_that_gets_only_those_events_says_the_same()
    {
        foreach (var trace in s_traces)
        {
            var (all, few) = (new PbxModel(PbxModelTraces.Node), new PbxModel(PbxModelTraces.Node));
            var filtered = trace.Where(e => PbxModel.EventNames.Contains(e.Name) && (e.Name != "VarSet" || e["Variable"] == "DIALSTATUS"));
            filtered.SelectMany(few.Handle).Should().Equal(trace.SelectMany(all.Handle));
        }
    }

    static IEnumerable<PbxEvent> Mangled(PbxEvent[] trace, Random random)
    {
        var events = trace.ToList();
        for (var i = 0; i < events.Count; i++)
        {
            switch (random.Next(20))
            {
                case 0:
                    events.RemoveAt(i--);
                    break;
                case 1:
                    events.Insert(random.Next(i, Math.Min(events.Count, i + 200)), events[i]);
                    break;
                case 2:
                    var other = random.Next(Math.Max(0, i - 30), Math.Min(events.Count, i + 30));
                    (events[i], events[other]) = (events[other], events[i]);
                    break;
            }
        }

        return events;
    }

    static void Keeps(IEnumerable<PbxEvent> events, string which)
    {
        var model = new PbxModel(PbxModelTraces.Node, maxLegs: 50);
        var order = new PbxModelOrder();
        foreach (var e in events)
            order.Add(model.Handle(e));
        order.Broken.Should().BeEmpty(which);
        model.Counters.Legs.Should().BeLessThanOrEqualTo(50);
    }
}
