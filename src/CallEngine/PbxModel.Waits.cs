namespace CallCrm.Engine;

/// <summary>Who waits alone, and who listens to others: neither shares a bridge with anybody.</summary>
public sealed partial class PbxModel
{
    /// <summary>MusicOnHoldStart comes for who is on hold too: out of a bridge alone it means waiting.</summary>
    void OnMusic(in PbxModelFields f, bool plays)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        leg.Music = plays;
        ShowWait(leg);
    }

    /// <summary>QueueCallerJoin, QueueCallerLeave (also sent when a Redirect takes the caller out of the queue).</summary>
    void OnQueueCaller(in PbxModelFields f, bool joins)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        leg.Queued = joins;
        ShowWait(leg);
    }

    /// <summary>All who are parked share one holding bridge, and none hears another; so do those of BridgeWait.</summary>
    void EnterLot(Leg leg, in PbxModelFields f)
    {
        LeaveForGood(leg);
        leg.Lot = f.BridgeId;
        leg.Parked = string.Equals(f.BridgeType, "parking", StringComparison.OrdinalIgnoreCase);
        ShowWait(leg);
    }

    void ShowWait(Leg leg)
    {
        if (leg.Hidden || leg.Moving)
            return;
        var waits = WaitOf(leg);
        if (waits == leg.Waits)
            return;
        leg.Waits = waits;
        Say(waits is { } kind ? new PbxFact.WaitBegan(_node, _time, leg.Id, kind) : new PbxFact.WaitEnded(_node, _time, leg.Id));
    }

    static WaitKind? WaitOf(Leg leg)
    {
        if (leg.Bridge is not null)
            return null;
        if (leg.Message)
            return WaitKind.Message;
        if (leg.Lot is not null)
            return leg.Parked ? WaitKind.Parked : WaitKind.Music;
        if (leg.Queued)
            return WaitKind.Queue;
        return leg.Music ? WaitKind.Music : null;
    }

    /// <summary>
    /// ChanSpyStart names the channel listened to. It is no bridge, so nobody is answered by it; the next ChanSpyStart of
    /// the same listener moves on to another.
    /// </summary>
    void OnListen(PbxEvent e, bool begins)
    {
        if (Find(e["SpyerUniqueid"]) is not { } spyer || RealLeg(spyer, null) is not { } listener)
            return;
        if (!begins)
        {
            StopListening(listener);
            return;
        }

        if (Find(e["SpyeeUniqueid"]) is not { } spied || RealLeg(spied, listener) is not { } heard || heard == listener || listener.ListensTo == heard)
            return;
        StopListening(listener);
        listener.ListensTo = heard;
        Say(new PbxFact.ListenBegan(_node, _time, listener.Id, heard.Id));
    }

    void StopListening(Leg listener)
    {
        if (listener.ListensTo is null)
            return;
        listener.ListensTo = null;
        Say(new PbxFact.ListenEnded(_node, _time, listener.Id));
    }
}
