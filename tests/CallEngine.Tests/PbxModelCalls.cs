using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

/// <summary>Events by hand, as few keys as Asterisk would send that the model reads. Unique ids are 1.N, channels PJSIP/NAME-0000000N.</summary>
sealed class PbxModelCalls(int maxLegs = PbxModel.DefaultMaxLegs)
{
    readonly Dictionary<string, string> _channels = [];
    readonly List<string> _bridges = [];

    public PbxModel Model { get; } = new(PbxModelTraces.Node, maxLegs);

    public List<PbxFact> Facts { get; } = [];

    public PbxModelOrder Order { get; } = new();

    /// <summary>The facts since the last call of this, as lines of the table.</summary>
    public IEnumerable<string> Said()
    {
        var lines = Facts.Select(f => PbxModelTable.Line(f, _bridges)).ToArray();
        Facts.Clear();
        Order.Broken.Should().BeEmpty();
        return lines;
    }

    public PbxModelCalls Send(string name, params string[] lines)
    {
        var facts = Model.Handle(PbxModelTraces.Event(name, lines));
        // Who hangs up says so first, in every table of a trace.
        Facts.AddRange(facts.Where(f => f is not PbxFact.LegHungUp));
        Order.Add(facts);
        return this;
    }

    public PbxModelCalls New(string id, string channel, string linked, string state = "0", params string[] more)
    {
        _channels[id] = channel;
        return Send("Newchannel", [.. Of(id, linked, state), .. more]);
    }

    public PbxModelCalls Inbound(string id, params string[] more) =>
        New(id, $"PJSIP/trunk-{id.PadLeft(8, '0')}", id, "4", ["CallerIDNum: 420777123456", "CallerIDName: Alice", "Exten: 560001", "Context: from-trunk", .. more]);

    public PbxModelCalls Phone(string id, string name, string linked) => New(id, $"PJSIP/{name}-{id.PadLeft(8, '0')}", linked, "0", "Exten: s", "Context: phones");

    public PbxModelCalls State(string id, string state) => Send("Newstate", Of(id, null, state));

    public PbxModelCalls DialBegin(string caller, string dialled) => Send("DialBegin", [.. Of(caller), .. Dest(dialled)]);

    public PbxModelCalls DialEnd(string caller, string dialled, string status) => Send("DialEnd", [.. Of(caller), .. Dest(dialled), "DialStatus: " + status]);

    public PbxModelCalls Enter(string id, string bridge, params string[] more) =>
        Send("BridgeEnter", [.. Of(id), "BridgeUniqueid: " + bridge, "BridgeTechnology: simple_bridge", .. more]);

    public PbxModelCalls Leave(string id, string bridge) => Send("BridgeLeave", [.. Of(id), "BridgeUniqueid: " + bridge]);

    public PbxModelCalls Refuse(string id, string cause, string? techCause) =>
        Send("HangupRequest", [.. Of(id), "Cause: " + cause, .. techCause is null ? Array.Empty<string>() : ["TechCause: " + techCause]]);

    public PbxModelCalls Hangup(string id, string cause = "16", string? techCause = null) =>
        Send("Hangup", [.. Of(id), "Cause: " + cause, .. techCause is null ? Array.Empty<string>() : ["TechCause: " + techCause]]);

    public string[] Of(string id, string? linked = null, string? state = null) =>
        id.Length == 0 ? [] : ["Channel: " + Channel(id), "Uniqueid: 1." + id,
            .. linked is null ? Array.Empty<string>() : ["Linkedid: 1." + linked], .. state is null ? Array.Empty<string>() : ["ChannelState: " + state]];

    string[] Dest(string id) => ["DestChannel: " + Channel(id), "DestUniqueid: 1." + id];

    string Channel(string id) => _channels.GetValueOrDefault(id, $"PJSIP/x-{id.PadLeft(8, '0')}");
}
