namespace CallCrm.Engine;

/// <summary>Transfers, told by the events that Asterisk sends for them.</summary>
public sealed partial class PbxModel
{
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
        // Their leave was part of a bridge's move, but they are not moved: out they are, seconds before their Hangup.
        StayedBehind(transferer);
        if (e["SecondTransfererUniqueid"] is { } second && _legs.TryGetValue(second, out var other))
            StayedBehind(other);
        var transferee = e["TransfereeUniqueid"] is { Length: > 0 } id ? RealLeg(Find(id), person) : null;
        Say(new PbxFact.Transferred(_node, _time, TransferKind.Attended, person.Id, transferee?.Id, TargetOf(e, person, transferee)));
    }

    void StayedBehind(Leg leg)
    {
        if (leg.Bridge is null)
            LeaveForGood(leg);
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
