namespace CallCrm.Engine;

/// <summary>Who talks with whom, and transfers.</summary>
public sealed partial class PbxModel
{
    readonly Dictionary<string, Bridge> _bridges = new(StringComparer.Ordinal);
    readonly List<Bridge> _connected = [];

    /// <summary>How many legs are in bridges shown under an id.</summary>
    readonly Dictionary<string, int> _shownLegs = new(StringComparer.Ordinal);
    long _bridgesMade;

    void OnBridgeEnter(in PbxModelFields f)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        if (string.IsNullOrEmpty(f.BridgeId))
        {
            _malformed++;
            return;
        }

        SayWaitingResults(leg);
        // Who is swapped out has left, whether or not its BridgeLeave came.
        if (!string.IsNullOrEmpty(f.SwapUniqueId) && _legs.TryGetValue(f.SwapUniqueId, out var swapped) && swapped != leg && swapped.Bridge?.Id == f.BridgeId)
            Leave(swapped);
        if (string.Equals(f.BridgeTechnology, "holding_bridge", StringComparison.OrdinalIgnoreCase))
        {
            // Parked or waiting: all who are parked share one bridge, and none hears another.
            LeaveForGood(leg);
            return;
        }

        if (leg.Bridge?.Id == f.BridgeId)
            _repeated++;
        else
            Enter(leg, f.BridgeId);
    }

    void Enter(Leg leg, string bridgeId)
    {
        // Up and in a bridge is answered, should the DialEnd have been lost.
        if (leg is { Stage: DialStage.Begun, Up: true, Hidden: false })
            SayDialEnded(leg, DialResult.Answered, null);
        if (leg.Bridge is not null)
        {
            leg.Moving = true;
            Leave(leg);
        }

        leg.Moving = false;
        var bridge = BridgeOf(bridgeId);
        bridge.Members.Add(leg);
        leg.Bridge = bridge;
        if (leg.Hidden)
        {
            Connect(bridge);
            return;
        }

        CountShown(bridge.Shown, 1);
        // The first leg in it, and its id has gone on with others that a Local channel had connected.
        if (LegsShownIn(bridge.Shown) > 1 && LegsIn(bridge) == 1)
            Connect(bridge);
        ShowIn(leg, bridge.Shown);
    }

    Bridge BridgeOf(string id)
    {
        if (!_bridges.TryGetValue(id, out var bridge))
            _bridges[id] = bridge = new Bridge(id, ++_bridgesMade);
        return bridge;
    }

    void OnBridgeLeave(in PbxModelFields f)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        if (leg.Bridge is { } bridge && bridge.Id == f.BridgeId)
            Leave(leg);
        else
            _repeated++;
    }

    void Leave(Leg leg)
    {
        if (leg.Bridge is not { } bridge)
            return;
        leg.Bridge = null;
        bridge.Members.Remove(leg);
        if (bridge.Members.Count == 0)
            _bridges.Remove(bridge.Id);
        if (!leg.Hidden)
        {
            CountShown(bridge.Shown, -1);
            if (!leg.Moving && !bridge.Merging)
                ShowIn(leg, null);
        }
        else if (!bridge.Merging)
        {
            Connect(bridge);
            Connect(leg.OtherHalf?.Bridge);
        }
    }

    /// <summary>Also ends a move that never arrived.</summary>
    void LeaveForGood(Leg leg)
    {
        leg.Moving = false;
        Leave(leg);
        ShowIn(leg, null);
    }

    void OnBridgeDestroy(in PbxModelFields f)
    {
        if (f.BridgeId is null || !_bridges.TryGetValue(f.BridgeId, out var bridge))
            return;
        bridge.Merging = false;
        while (bridge.Members.Count > 0)
            LeaveForGood(bridge.Members[^1]);
    }

    /// <summary>The channels of one bridge are about to be moved into another: each leaves and enters, but nobody stops talking.</summary>
    void OnBridgeMerge(PbxEvent e)
    {
        if (e["FromBridgeUniqueid"] is { } from && _bridges.TryGetValue(from, out var bridge))
            bridge.Merging = true;
    }

    /// <summary>Names of Local halves pair them at Newchannel; this event says it outright.</summary>
    void OnLocalBridge(PbxEvent e)
    {
        if (Find(e["LocalOneUniqueid"]) is not { } one || Find(e["LocalTwoUniqueid"]) is not { } two || one == two || one.OtherHalf == two)
            return;
        if (one.OtherHalf is not null || two.OtherHalf is not null || !one.Hidden || !two.Hidden)
        {
            _repeated++;
            return;
        }

        (one.OtherHalf, two.OtherHalf) = (two, one);
        Connect(one.Bridge);
    }

    /// <summary>
    /// A Local channel takes itself out of the way: the channel on one side leaves its bridge and takes the place of the
    /// Local half in the other. LocalOptimizationEnd says <c>Success: No</c> even when it worked, so that is not read.
    /// </summary>
    void OnOptimization(PbxEvent e, bool begins)
    {
        if (Find(e["LocalOneUniqueid"]) is not { } one)
            return;
        if (begins)
        {
            if (e["SourceUniqueid"] is { Length: > 0 } source && Find(source) is { Hidden: false } moved)
                (one.OptimizedFor, moved.Moving) = (moved, true);
        }
        else if (one.OptimizedFor is { Ended: false } moved)
        {
            one.OptimizedFor = null;
            moved.Moving = false;
            if (moved.Bridge is null)
                ShowIn(moved, null);
        }
    }

    void ShowIn(Leg leg, string? bridgeId)
    {
        if (leg.Hidden || leg.Shown == bridgeId)
            return;
        if (leg.Shown is { } left)
            Say(new PbxFact.LegLeft(_node, _time, leg.Id, left));
        leg.Shown = bridgeId;
        if (bridgeId is not null)
            Say(new PbxFact.LegJoined(_node, _time, leg.Id, bridgeId));
    }

    /// <summary>
    /// Gives all bridges that Local channels connect with this one the same shown id: that of the oldest with legs in it,
    /// so that those who stay see no change, unless legs that are not connected (any more) are shown under it.
    /// </summary>
    void Connect(Bridge? start)
    {
        if (start is null || start.Members.Count == 0)
            return;
        FindConnected(start);
        _connected.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        var shown = FreeId(withLegs: true) ?? FreeId(withLegs: false) ?? $"{_connected[0].Id}/{++_bridgesMade}";
        foreach (var bridge in _connected)
        {
            if (bridge.Shown == shown)
                continue;
            var legs = LegsIn(bridge);
            CountShown(bridge.Shown, -legs);
            CountShown(shown, legs);
            bridge.Shown = shown;
            foreach (var member in bridge.Members)
                ShowIn(member, shown);
        }
    }

    /// <summary>The first shown id of the connected bridges (then the first own id) under which no leg outside of them is shown.</summary>
    string? FreeId(bool withLegs)
    {
        foreach (var bridge in _connected)
        {
            if ((!withLegs || LegsIn(bridge) > 0) && LegsShownIn(bridge.Shown) == ConnectedLegsShownIn(bridge.Shown))
                return bridge.Shown;
            if (!withLegs && LegsShownIn(bridge.Id) == 0)
                return bridge.Id;
        }

        return null;
    }

    int ConnectedLegsShownIn(string id)
    {
        var legs = 0;
        foreach (var bridge in _connected)
        {
            if (bridge.Shown == id)
                legs += LegsIn(bridge);
        }

        return legs;
    }

    static int LegsIn(Bridge bridge)
    {
        var legs = 0;
        foreach (var member in bridge.Members)
        {
            if (!member.Hidden && member.Bridge == bridge)
                legs++;
        }

        return legs;
    }

    int LegsShownIn(string id) => _shownLegs.GetValueOrDefault(id);

    void CountShown(string id, int change)
    {
        var legs = LegsShownIn(id) + change;
        if (legs > 0)
            _shownLegs[id] = legs;
        else
            _shownLegs.Remove(id);
    }

    void FindConnected(Bridge start)
    {
        _connected.Clear();
        _connected.Add(start);
        for (var i = 0; i < _connected.Count; i++)
        {
            foreach (var member in _connected[i].Members)
            {
                if (member.OtherHalf?.Bridge is { } other && !_connected.Contains(other))
                    _connected.Add(other);
            }
        }
    }

    void OnBlindTransfer(PbxEvent e)
    {
        if (!Succeeded(e) || Find(e["TransfererUniqueid"]) is not { } transferer || RealLeg(transferer, null) is not { } person)
            return;
        var transferee = e["TransfereeUniqueid"] is { Length: > 0 } id ? RealLeg(Find(id), person) : null;
        Say(new PbxFact.Transferred(_node, _time, TransferKind.Blind, person.Id, transferee?.Id, PbxModelText.Number(e["Extension"])));
    }

    /// <summary>The target is who is talked to from now on: their number (an extension's is its own), or their device when they have none.</summary>
    void OnAttendedTransfer(PbxEvent e)
    {
        if (!Succeeded(e) || Find(e["OrigTransfererUniqueid"]) is not { } transferer || RealLeg(transferer, null) is not { } person)
            return;
        var transferee = e["TransfereeUniqueid"] is { Length: > 0 } id ? RealLeg(Find(id), person) : null;
        Say(new PbxFact.Transferred(_node, _time, TransferKind.Attended, person.Id, transferee?.Id, TargetOf(e, person, transferee)));
    }

    string TargetOf(PbxEvent e, Leg transferer, Leg? transferee)
    {
        if (e["TransferTargetUniqueid"] is { } id && _legs.TryGetValue(id, out var named) && RealLeg(named, transferee) is { } target)
            return NumberOrDevice(target);
        // With a Local channel between (feature code, AMI Atxfer) no target is named.
        if (e["DestBridgeUniqueid"] is { } bridgeId && _bridges.TryGetValue(bridgeId, out var bridge) && WhoIsIn(bridge, transferer, transferee) is { } other)
            return NumberOrDevice(other);
        return PbxModelText.Known(e["DestApp"]);
    }

    static string NumberOrDevice(Leg leg) => leg.CallerNumber.Length > 0 ? leg.CallerNumber : leg.Device;

    /// <summary>Who shares the bridge with the transferee, or is rung by a Local channel in it (transfer before the answer).</summary>
    Leg? WhoIsIn(Bridge bridge, Leg transferer, Leg? transferee)
    {
        FindConnected(bridge);
        foreach (var connected in _connected)
        {
            foreach (var member in connected.Members)
            {
                if (!member.Hidden && member != transferee && member != transferer)
                    return member;
            }
        }

        foreach (var member in bridge.Members)
        {
            for (var leg = member.OtherHalf is null ? null : _newest; leg is not null; leg = leg.Older)
            {
                if (leg.Stage == DialStage.Begun && leg.DialledBy == member.OtherHalf && !leg.Hidden)
                    return leg;
            }
        }

        return null;
    }

    bool Succeeded(PbxEvent e)
    {
        if (e["Result"] is null or "Success")
            return true;
        _unwanted++;
        return false;
    }
}
