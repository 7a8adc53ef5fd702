using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>All that the PBX has at one moment, after a login or a resynchronisation.</summary>
public sealed partial class PbxModel
{
    /// <summary>Where the snippet takes a message.</summary>
    const string MessageContext = "callcrm-message";

    const string CallIdVariable = "CALLCRM_CALLID=";

    readonly List<string> _vanished = [];

    /// <summary>
    /// Reads the lists of CoreShowChannels and DeviceStateList, and from now on knows only what they say. Events that came
    /// while the lists were read are handed in after this; a channel whose Hangup was handed in before is not taken up.
    /// </summary>
    public PbxFact.Snapshot TakeSnapshot(IReadOnlyList<PbxEvent> coreShowChannels, IReadOnlyList<PbxEvent> deviceStates)
    {
        ArgumentNullException.ThrowIfNull(coreShowChannels);
        ArgumentNullException.ThrowIfNull(deviceStates);
        foreach (var gone in _legs.Keys.Order(StringComparer.Ordinal).ToArray())
            _vanished.Add(gone);
        Forget();
        var lines = new List<(Leg Leg, PbxEvent Line)>(coreShowChannels.Count);
        foreach (var line in coreShowChannels)
        {
            if (Adopt(line) is { } leg)
                lines.Add((leg, line));
        }

        foreach (var id in _vanished)
        {
            if (!_legs.ContainsKey(id))
                _ended.Add(id);
        }

        _vanished.Clear();
        foreach (var bridge in _bridges.Values.OrderBy(b => b.Number).ToArray())
            Connect(bridge);
        foreach (var (leg, _) in lines)
            (leg.Shown, leg.Waits) = leg.Hidden ? (null, null) : (leg.Bridge?.Shown, WaitOf(leg));
        _facts.Clear();
        return new PbxFact.Snapshot(_node, coreShowChannels.Count > 0 ? coreShowChannels[0].PbxTime : null,
            [.. lines.Where(l => !l.Leg.Hidden).Select(l => Line(l.Leg, l.Line))], AdoptDevices(deviceStates));
    }

    Leg? Adopt(PbxEvent line)
    {
        if (line["Uniqueid"] is not { Length: > 0 } id || line["Channel"] is not { Length: > 0 } channel)
        {
            // CoreShowChannelsComplete, if it was left in the list.
            return null;
        }

        if (_legs.ContainsKey(id) || _ended.Contains(id))
            return null;
        var leg = new Leg(new LegId(_node, id), channel, line["Linkedid"] is { Length: > 0 } linked ? linked : id);
        var fields = PbxModelFields.Read(line);
        TakeCaller(leg, fields.CallerNumber, fields.CallerName, fields.Restricted);
        leg.PresentationTold = leg.Restricted || fields.Restricted is not null;
        leg.CallsUs = fields.ChannelState == StateRing;
        leg.HoldTold = false;
        Keep(leg);
        leg.Up = fields.ChannelState == StateUp;
        leg.Rang = fields.ChannelState == StateRinging;
        // AppDial, AppQueue: the channel was made to be dialled.
        var application = line["Application"];
        if (!leg.Up && (leg.Rang || application is "AppDial" or "AppDial2" or "AppQueue"))
            leg.Stage = DialStage.Begun;
        if (application is "Dial" or "Queue")
            leg.Attempt = Attempt.Begun;
        leg.Music = application is "MusicOnHold" or "BridgeWait";
        leg.Queued = application is "Queue";
        leg.Message = line["Context"] is MessageContext && application is "WaitForSilence" or "Wait" or "TryExec";
        leg.Mailbox = application is MailboxApplication ? MailboxOf(line["ApplicationData"]) : null;
        leg.Parked = application is "Park" or "ParkAndAnnounce";
        if (leg.Parked)
            leg.Lot = line["BridgeId"] ?? "";
        if (line["BridgeId"] is { Length: > 0 } bridgeId && application is not ("Park" or "BridgeWait"))
        {
            leg.Bridge = BridgeOf(bridgeId);
            leg.Bridge.Conference |= application is "ConfBridge" or "Stasis";
            leg.Bridge.Members.Add(leg);
            if (!leg.Hidden)
                CountShown(bridgeId, 1);
        }

        return leg;
    }

    static SnapshotLeg Line(Leg leg, PbxEvent line) => new(leg.Id, leg.LinkedId, leg.Channel, leg.Device, leg.CallerNumber, leg.CallerName,
        Dialled(line["Exten"]), PbxModelText.Known(line["Context"]), line["Application"] ?? "", leg.Up, leg.Rang, leg.Shown,
        PbxModelText.Age(line["Duration"]), CallIdOf(line), leg.Restricted, leg.PresentationTold, leg.Waits, InConference(leg));

    static string? CallIdOf(PbxEvent line)
    {
        foreach (var (key, value) in line.Fields)
        {
            if (string.Equals(key, "ChanVariable", StringComparison.OrdinalIgnoreCase) && value.StartsWith(CallIdVariable, StringComparison.OrdinalIgnoreCase)
                && value.Length > CallIdVariable.Length)
            {
                return value[CallIdVariable.Length..];
            }
        }

        return null;
    }

    ImmutableArray<KeyValuePair<string, DeviceState>> AdoptDevices(IReadOnlyList<PbxEvent> deviceStates)
    {
        _devices.Clear();
        var devices = ImmutableArray.CreateBuilder<KeyValuePair<string, DeviceState>>(deviceStates.Count);
        foreach (var line in deviceStates)
        {
            if (line["Device"] is not { } device || line["State"] is not { } word || !IsPhone(device) || _devices.Count >= MaxDevices)
                continue;
            var state = StateOf(word);
            if (_devices.TryAdd(device, new KnownDevice(state, DeviceSource.Device)))
                devices.Add(new(device, state));
        }

        return devices.ToImmutable();
    }
}
