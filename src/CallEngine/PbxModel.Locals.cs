namespace CallCrm.Engine;

/// <summary>Local channels: pairs that connect bridges, and take themselves out of the way.</summary>
public sealed partial class PbxModel
{
    const int MaxLocalDepth = 8;

    readonly List<Bridge> _connected = [];

    /// <summary>How many legs are in bridges shown under an id.</summary>
    readonly Dictionary<string, int> _shownLegs = new(StringComparer.Ordinal);

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

    /// <summary>The person behind a leg: itself, or for half of a Local channel who is on its other side.</summary>
    Leg? RealLeg(Leg? leg, Leg? notThis) => leg is null || !leg.Hidden ? leg : Behind(leg.OtherHalf, notThis, 0);

    Leg? Behind(Leg? half, Leg? notThis, int depth)
    {
        if (half is null || depth > MaxLocalDepth)
            return null;
        if (half.DialledBy is { Ended: false } dialler)
            return dialler.Hidden ? Behind(dialler.OtherHalf, notThis, depth + 1) : dialler;
        if (half.Bridge is { } bridge)
        {
            foreach (var member in bridge.Members)
            {
                if (!member.Hidden && member != notThis)
                    return member;
            }

            foreach (var member in bridge.Members)
            {
                if (member.Hidden && member != half && Behind(member.OtherHalf, notThis, depth + 1) is { } far)
                    return far;
            }

            return null;
        }

        // Its DialBegin is on the way: who made it has passed on their linked id.
        return _legs.TryGetValue(half.LinkedId, out var root) && !root.Hidden && root != notThis ? root : null;
    }
}
