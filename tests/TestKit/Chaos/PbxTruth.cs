using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>A channel as the PBX itself has it.</summary>
public sealed class TruthChannel(string uniqueId, string name)
{
    public string UniqueId { get; } = uniqueId;

    public string Name { get; set; } = name;

    public string LinkedId { get; set; } = uniqueId;

    public string? FormerLinkedId { get; set; }

    /// <summary>ChannelState: 0 Down, 4 Ring, 5 Ringing, 6 Up.</summary>
    public string State { get; set; } = "0";

    public string CallerNumber { get; set; } = "";

    public string CallerName { get; set; } = "";

    public string Context { get; set; } = "";

    public string Exten { get; set; } = "";

    public string Application { get; set; } = "";

    public string? Bridge { get; set; }

    /// <summary>Parked or waiting: with others in one bridge, and hears none of them.</summary>
    public bool InHoldingBridge { get; set; }

    public bool Holding { get; set; }

    public List<string> Variables { get; } = [];

    public TimeSpan BornAt { get; set; }

    /// <summary>Half of a Local channel, or one that Asterisk made for its own use.</summary>
    public bool Hidden => PbxModelText.IsHidden(Name);

    public string Device => PbxModelText.Device(Name);
}

/// <summary>
/// What a PBX has at every moment, kept from the whole stream of its events, none lost: what the lists of a snapshot are made of, and
/// what the engine's state is held against. Reads events on its own and shares no rule with <see cref="PbxModel"/>.
/// </summary>
public sealed class PbxTruth(string node)
{
    readonly Dictionary<string, TruthChannel> _channels = new(StringComparer.Ordinal);
    readonly SortedDictionary<string, string> _devices = new(StringComparer.Ordinal);

    public IReadOnlyCollection<TruthChannel> Channels => _channels.Values;

    /// <summary>Channels with a person or a line behind them.</summary>
    public IEnumerable<TruthChannel> Legs => _channels.Values.Where(c => !c.Hidden);

    public TruthChannel? Find(string uniqueId) => _channels.GetValueOrDefault(uniqueId);

    public string DeviceState(string device) => _devices.GetValueOrDefault(device, "UNKNOWN");

    /// <summary>The PBX died: nothing of it is left but what it knows of its phones.</summary>
    public void Crash() => _channels.Clear();

    public void Apply(PbxEvent e, TimeSpan now)
    {
        if (e.Name == "Newchannel" && e["Uniqueid"] is { } born && !_channels.ContainsKey(born))
            _channels.Add(born, new TruthChannel(born, e["Channel"]!) { BornAt = now });
        Show(e, "");
        Show(e, "Dest");
        switch (e.Name)
        {
            case "Newexten" when Of(e) is { } channel:
                channel.Application = e["Application"] ?? "";
                break;
            case "DialBegin" when _channels.GetValueOrDefault(e["DestUniqueid"] ?? "") is { Application: "" } dialled:
                dialled.Application = "AppDial";
                break;
            case "BridgeEnter" when Of(e) is { } channel:
                channel.Bridge = e["BridgeUniqueid"];
                channel.InHoldingBridge = e["BridgeTechnology"] == "holding_bridge";
                if (channel.InHoldingBridge)
                    channel.Application = "Park";
                break;
            case "BridgeLeave" when Of(e) is { } channel && channel.Bridge == e["BridgeUniqueid"]:
                channel.Bridge = null;
                channel.InHoldingBridge = false;
                break;
            case "Rename" when Of(e) is { } channel:
                channel.Name = e["Newname"] ?? channel.Name;
                break;
            case "Hold" or "Unhold" when Of(e) is { } channel:
                channel.Holding = e.Name == "Hold";
                break;
            case "Hangup":
                _channels.Remove(e["Uniqueid"] ?? "");
                break;
            case "DeviceStateChange" when e["Device"] is { } device:
                _devices[device] = e["State"] ?? "";
                break;
        }
    }

    /// <summary>Who shares a conversation: bridges, and those that a Local channel connects, by the name of their first.</summary>
    public IReadOnlyDictionary<TruthChannel, string> Conversations()
    {
        var root = new Dictionary<string, string>(StringComparer.Ordinal);
        string Top(string bridge) => root.TryGetValue(bridge, out var up) && up != bridge ? Top(up) : bridge;
        foreach (var halves in _channels.Values.Where(c => c.Name.StartsWith("Local/", StringComparison.Ordinal) && c.Bridge is not null && !c.InHoldingBridge).GroupBy(c => c.Name[..^2]))
        {
            var bridges = halves.Select(h => Top(h.Bridge!)).Distinct().Order(StringComparer.Ordinal).ToArray();
            foreach (var bridge in bridges.Skip(1))
                root[bridge] = bridges[0];
        }

        return Legs.Where(c => c.Bridge is not null && !c.InHoldingBridge).ToDictionary(c => c, c => Top(c.Bridge!));
    }

    /// <summary>The events of CoreShowChannels.</summary>
    public IReadOnlyList<PbxEvent> ChannelList(TimeSpan now) => [.. _channels.Values.Select(c => Line(c, now))];

    /// <summary>The events of DeviceStateList.</summary>
    public IReadOnlyList<PbxEvent> DeviceList() =>
        [.. _devices.Select(d => new PbxEvent(node, "DeviceStateChange", [new("Device", d.Key), new("State", d.Value)], null))];

    TruthChannel? Of(PbxEvent e) => _channels.GetValueOrDefault(e["Uniqueid"] ?? "");

    /// <summary>Every event carries a picture of its channels.</summary>
    void Show(PbxEvent e, string prefix)
    {
        if (e[prefix + "Uniqueid"] is not { } id || _channels.GetValueOrDefault(id) is not { } channel)
            return;
        // The older id wins and stays; a picture taken before the change may come after it.
        if (e[prefix + "Linkedid"] is { Length: > 0 } linked && linked != channel.LinkedId && linked != channel.FormerLinkedId)
            (channel.FormerLinkedId, channel.LinkedId) = (channel.LinkedId, linked);
        if (channel.State != "6")
            channel.State = e[prefix + "ChannelState"] ?? channel.State;
        channel.CallerNumber = e[prefix + "CallerIDNum"] ?? channel.CallerNumber;
        channel.CallerName = e[prefix + "CallerIDName"] ?? channel.CallerName;
        channel.Context = e[prefix + "Context"] ?? channel.Context;
        channel.Exten = e[prefix + "Exten"] ?? channel.Exten;
        var variables = e.Fields.Where(f => string.Equals(f.Key, prefix + "ChanVariable", StringComparison.OrdinalIgnoreCase)).Select(f => f.Value).ToArray();
        if (variables.Length == 0)
            return;
        channel.Variables.Clear();
        channel.Variables.AddRange(variables);
    }

    PbxEvent Line(TruthChannel c, TimeSpan now)
    {
        List<KeyValuePair<string, string>> fields =
        [
            new("Channel", c.Name), new("ChannelState", c.State), new("CallerIDNum", c.CallerNumber), new("CallerIDName", c.CallerName), new("Context", c.Context),
            new("Exten", c.Exten), new("Uniqueid", c.UniqueId), new("Linkedid", c.LinkedId),
        ];
        fields.AddRange(c.Variables.Select(v => KeyValuePair.Create("ChanVariable", v)));
        fields.Add(new("Application", c.Application));
        fields.Add(new("Duration", (now - c.BornAt).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture)));
        fields.Add(new("BridgeId", c.Bridge ?? ""));
        return new PbxEvent(node, "CoreShowChannel", fields, null);
    }
}
