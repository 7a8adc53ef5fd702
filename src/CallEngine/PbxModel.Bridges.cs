namespace CallCrm.Engine;

/// <summary>Who talks with whom.</summary>
public sealed partial class PbxModel
{
    readonly Dictionary<string, Bridge> _bridges = new(StringComparer.Ordinal);
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
            EnterLot(leg, f);
            return;
        }

        if (leg.Bridge?.Id == f.BridgeId)
            _repeated++;
        else
            Enter(leg, f.BridgeId, IsConference(f));
    }

    /// <summary>
    /// Made by an application to meet in: <c>base</c> is ConfBridge's, <c>stasis</c> ARI's. In a <c>basic</c> one all are one
    /// conversation, also when a transfer has made it one of three.
    /// </summary>
    static bool IsConference(in PbxModelFields f) => !string.IsNullOrEmpty(f.BridgeType) && !string.Equals(f.BridgeType, "basic", StringComparison.OrdinalIgnoreCase);

    void Enter(Leg leg, string bridgeId, bool conference)
    {
        (leg.Lot, leg.Music, leg.Message) = (null, false, false);
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
        bridge.Conference |= conference;
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
        ShowWait(leg);
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
        else if (leg.Lot is not null && leg.Lot == f.BridgeId)
            leg.Lot = null;
        else
            _repeated++;
        ShowWait(leg);
    }

    void Leave(Leg leg)
    {
        if (leg.Bridge is not { } bridge)
            return;
        leg.Bridge = null;
        // Music in a bridge was that of a hold, and ends with it.
        leg.Music = false;
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

    void ShowIn(Leg leg, string? bridgeId)
    {
        if (leg.Hidden || leg.Shown == bridgeId)
            return;
        if (leg.Shown is { } left)
            Say(new PbxFact.LegLeft(_node, _time, leg.Id, left));
        leg.Shown = bridgeId;
        if (bridgeId is not null)
            Say(new PbxFact.LegJoined(_node, _time, leg.Id, bridgeId, InConference(leg)));
    }

    /// <summary>Itself, or through the Local channel it is bridged with.</summary>
    static bool InConference(Leg leg)
    {
        if (leg.Bridge is not { } bridge)
            return false;
        if (bridge.Conference)
            return true;
        foreach (var member in bridge.Members)
        {
            if (member.OtherHalf?.Bridge is { Conference: true })
                return true;
        }

        return false;
    }
}
