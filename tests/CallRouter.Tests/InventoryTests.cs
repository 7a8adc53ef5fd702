using CallCrm.CallFlow;
using CallCrm.CallRouter.Pbx;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>What a PBX tells of its phones and queues by AMI, with many rights and with few.</summary>
public sealed class InventoryTests : IAsyncDisposable
{
    readonly AmiTestServer _server = new();
    readonly Dictionary<string, string> _lists = new(StringComparer.Ordinal)
    {
        ["ExtensionStateList"] = """
            Event: ExtensionStatus|Exten: 101|Context: hints|Hint: PJSIP/101&Custom:DND101,CustomPresence:101
            Event: ExtensionStatus|Exten: 201|Context: hints|Hint: PJSIP/mario
            Event: ExtensionStatus|Exten: *76101|Context: hints|Hint: Custom:DND101
            """,
        ["QueueStatus"] = """
            Event: QueueParams|Queue: default|Strategy: ringall
            Event: QueueParams|Queue: 400|Strategy: ringall
            Event: QueueMember|Queue: 400|Name: Anna Verdi|Location: Local/101@from-queue/n|Penalty: 2
            Event: QueueMember|Queue: 400|Name: PJSIP/mario|Location: PJSIP/mario|Penalty: 0
            """,
        ["DeviceStateList"] = """
            Event: DeviceStateChange|Device: PJSIP/101|State: NOT_INUSE
            Event: DeviceStateChange|Device: PJSIP/trunk|State: NOT_INUSE
            Event: DeviceStateChange|Device: Custom:DND101|State: NOT_INUSE
            Event: DeviceStateChange|Device: Queue:400_avail|State: NOT_INUSE
            """,
    };

    string _commands = "PJSIPNotify: Send a NOTIFY\r\n";

    public InventoryTests() => _server.OnAction = AnswerAsync;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    async Task<bool> AnswerAsync(AmiTestSession session, AmiTestAction action)
    {
        if (action.Name == "ListCommands")
        {
            await session.RespondAsync(action, "Success", _commands);
            return true;
        }

        if (action.Name is not ("ExtensionStateList" or "QueueStatus" or "DeviceStateList" or "PJSIPShowEndpoints" or "SIPpeers"))
            return false;
        if (!_lists.TryGetValue(action.Name, out var items))
        {
            await session.RespondAsync(action, "Error", "Message: Permission denied\r\n");
            return true;
        }

        await session.RespondAsync(action, "Success", "EventList: start\r\nMessage: A list follows\r\n");
        foreach (var item in items.Split('\n'))
            await session.SendAsync(item.Trim().Replace("|", "\r\n", StringComparison.Ordinal) + $"\r\nActionID: {action.ActionId}\r\n\r\n");
        await session.SendAsync($"Event: {action.Name}Complete\r\nActionID: {action.ActionId}\r\nEventList: Complete\r\nListItems: 1\r\n\r\n");
        return true;
    }

    async Task<RoadPbx> ReadAsync()
    {
        var pbx = new PbxOptions { Node = "pbx-1", Host = "127.0.0.1", AmiPort = _server.Port, User = "callcrm", Secret = "lab", TrunkEndpoints = ["PJSIP/trunk"] };
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var ami = new AmiClient(PbxActions.ClientOptions(pbx), TimeProvider.System);
        var running = ami.RunAsync(stop.Token);
        while (ami.Status.State != AmiState.LoggedIn)
            await Task.Delay(10, stop.Token);
        var found = await PbxInventory.ReadAsync(ami, pbx, stop.Token);
        await stop.CancelAsync();
        await running;
        return found;
    }

    static IEnumerable<string> Phones(RoadPbx found) => found.Phones.Select(p => $"{p.Device} {p.Number}{(p.IsTrunk ? " trunk" : "")}");

    [Fact]
    public async Task With_the_right_to_it_the_PBX_names_all_endpoints()
    {
        _lists["PJSIPShowEndpoints"] = """
            Event: EndpointList|ObjectName: 101|Aor: 101|Auths: 101|OutboundAuths: |DeviceState: Not in use
            Event: EndpointList|ObjectName: mario|Aor: mario|Auths: mario|OutboundAuths: |DeviceState: Unavailable
            Event: EndpointList|ObjectName: provider|Aor: provider|Auths: |OutboundAuths: provider|DeviceState: Not in use
            Event: EndpointList|ObjectName: bad name!|Aor: |Auths: |OutboundAuths: |DeviceState: Not in use
            """;
        var found = await ReadAsync();
        (found.Trouble, found.Source, found.Notifies).Should().Be((null, "PJSIPShowEndpoints", true));
        Phones(found).Should().Equal("PJSIP/provider  trunk", "PJSIP/101 101", "PJSIP/mario 201");
        found.Queues.Should().ContainSingle("FreePBX's own \"default\" is none").Which.Should().BeEquivalentTo(new RoadQueue("400", "ringall",
            [new RoadQueueMember("Local/101@from-queue/n", "Anna Verdi", "101", 2), new RoadQueueMember("PJSIP/mario", "", "201", 0)]));
    }

    [Fact]
    public async Task Without_PJSIP_the_peers_are_asked_for()
    {
        _lists["SIPpeers"] = """
            Event: PeerEntry|Channeltype: SIP|ObjectName: 101|Dynamic: yes|Status: OK (3 ms)
            Event: PeerEntry|Channeltype: SIP|ObjectName: provider|Dynamic: no|Status: OK (9 ms)
            """;
        var found = await ReadAsync();
        found.Source.Should().Be("SIPpeers");
        Phones(found).Should().Equal("SIP/provider  trunk", "SIP/101 101");
    }

    [Fact]
    public async Task With_few_rights_the_states_and_hints_must_do()
    {
        _commands = "Ping: Pong\r\n";
        var found = await ReadAsync();
        (found.Source, found.Notifies).Should().Be(("DeviceStateList", false));
        Phones(found).Should().Equal("PJSIP/trunk  trunk", "PJSIP/101 101");
    }
}
