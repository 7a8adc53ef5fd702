namespace CallCrm.Engine;

/// <summary>Channels: how they come to be, what they show of themselves, how they end.</summary>
public sealed partial class PbxModel
{
    readonly Dictionary<string, Leg> _localHalves = new(StringComparer.Ordinal);
    Leg? _oldest;
    Leg? _newest;

    void OnNewchannel(in PbxModelFields f)
    {
        if (string.IsNullOrEmpty(f.UniqueId) || string.IsNullOrEmpty(f.Channel))
            _malformed++;
        else if (_legs.ContainsKey(f.UniqueId))
            _repeated++;
        else if (_ended.Contains(f.UniqueId))
            _afterEnd++;
        else
            Create(f);
    }

    void Create(in PbxModelFields f)
    {
        var leg = new Leg(new LegId(_node, f.UniqueId!), f.Channel!, string.IsNullOrEmpty(f.LinkedId) ? f.UniqueId! : f.LinkedId);
        TakeCaller(leg, f.CallerNumber, f.CallerName, f.Restricted);
        // A withheld number is announced as allowed: chan_pjsip sets the presentation right after it has made the channel.
        leg.PresentationTold = leg.Restricted;
        leg.CallsUs = f.ChannelState == StateRing;
        Keep(leg);
        if (!leg.Hidden)
        {
            Say(new PbxFact.LegCreated(_node, _time, leg.Id, leg.LinkedId, leg.Channel, leg.Device, leg.CallerNumber, leg.CallerName,
                Dialled(f.Exten), PbxModelText.Known(f.Context), leg.Restricted, leg.PresentationTold, !leg.CallsUs));
        }

        ShowState(leg, f.ChannelState);
        if (_legs.Count > _maxLegs && _oldest is { } oldest)
        {
            _evicted++;
            End(oldest, 0, null);
        }
    }

    /// <summary><c>s</c> is where a call without a number starts; it is no dialled number.</summary>
    static string Dialled(string? exten) => exten is null or "s" ? "" : PbxModelText.Number(exten);

    void Keep(Leg leg)
    {
        _legs[leg.Id.UniqueId] = leg;
        leg.Older = _newest;
        if (_newest is null)
            _oldest = leg;
        else
            _newest.Newer = leg;
        _newest = leg;
        if (PbxModelText.IsLocalHalf(leg.Channel, out var both))
        {
            if (_localHalves.Remove(both, out var other))
                (leg.OtherHalf, other.OtherHalf) = (other, leg);
            else
                _localHalves[both] = leg;
        }
    }

    void Drop(Leg leg)
    {
        leg.Ended = true;
        _legs.Remove(leg.Id.UniqueId);
        _ended.Add(leg.Id.UniqueId);
        if (leg.Older is null)
            _oldest = leg.Newer;
        else
            leg.Older.Newer = leg.Newer;
        if (leg.Newer is null)
            _newest = leg.Older;
        else
            leg.Newer.Older = leg.Older;
        leg.Older = leg.Newer = null;
        if (leg.OtherHalf is { } other)
            other.OtherHalf = leg.OtherHalf = null;
        else if (PbxModelText.IsLocalHalf(leg.Channel, out var both) && _localHalves.TryGetValue(both, out var kept) && kept == leg)
            _localHalves.Remove(both);
    }

    void OnNewstate(in PbxModelFields f)
    {
        if (Find(f.UniqueId) is { } leg)
            Show(leg, f);
    }

    /// <summary>Not seen in any transfer of 22, sent by older ways of moving a channel; the leg stays the same one.</summary>
    void OnRename(PbxEvent e)
    {
        if (Find(e["Uniqueid"]) is not { } leg || e["Newname"] is not { Length: > 0 } name || leg.Hidden || PbxModelText.IsHidden(name))
            return;
        leg.Channel = name;
        leg.Device = PbxModelText.Device(name);
    }

    void OnHold(in PbxModelFields f, bool hold)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        // Unhold is sent before a blind transfer even when nothing was held.
        if ((leg.Holding == hold && leg.HoldTold) || leg.Hidden)
        {
            _repeated++;
            return;
        }

        leg.HoldTold = true;

        leg.Holding = hold;
        Say(hold ? new PbxFact.HoldBegan(_node, _time, leg.Id) : new PbxFact.HoldEnded(_node, _time, leg.Id));
    }

    void OnUserEvent(in PbxModelFields f)
    {
        var speaks = string.Equals(f.UserEvent, "CallCrmMessage", StringComparison.OrdinalIgnoreCase);
        var fell = string.Equals(f.UserEvent, "CallCrmFallback", StringComparison.OrdinalIgnoreCase);
        if (!speaks && !fell && !string.Equals(f.UserEvent, "CallCrmHold", StringComparison.OrdinalIgnoreCase))
        {
            _unwanted++;
            return;
        }

        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        SayWaitingResults(leg);
        leg.Message = speaks;
        ShowWait(leg);
        if (!speaks && !leg.Hidden)
            Say(fell ? new PbxFact.FellBack(_node, _time, leg.Id) : new PbxFact.HoldMarked(_node, _time, leg.Id));
    }

    void OnRecording(in PbxModelFields f, bool runs)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        if (leg.Recording == runs)
            _repeated++;
        else if (runs && !leg.Hidden)
            Say(new PbxFact.RecordingBegan(_node, _time, leg.Id));
        leg.Recording = runs;
    }

    void OnHangupRequest(in PbxModelFields f)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        StopListening(leg);
        if (leg is { HungUp: false, Hidden: false })
            Say(new PbxFact.LegHungUp(_node, _time, leg.Id));
        leg.HungUp = true;
        leg.RequestCause ??= PbxModelText.LeadingNumber(f.Cause);
        leg.RequestTechCause ??= PbxModelText.LeadingNumber(f.TechCause);
        leg.EndedElsewhere |= leg.RequestCause == AnsweredElsewhereCause;
    }

    void OnHangup(in PbxModelFields f)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        ShowLink(leg, f.LinkedId);
        RingAtLast(leg);
        End(leg, PbxModelText.LeadingNumber(f.Cause) ?? leg.RequestCause ?? 0, PbxModelText.LeadingNumber(f.TechCause));
    }

    /// <summary>The one way a leg ends: what is open is closed first.</summary>
    void End(Leg leg, int cause, int? techCause)
    {
        StopListening(leg);
        EndDialAtHangup(leg, cause, techCause);
        leg.EndedElsewhere |= cause == AnsweredElsewhereCause;
        SayWaitingResults(leg);
        LeaveForGood(leg);
        if (leg.Holding)
            Say(new PbxFact.HoldEnded(_node, _time, leg.Id));
        if (leg.Waits is not null)
            Say(new PbxFact.WaitEnded(_node, _time, leg.Id));
        Drop(leg);
        if (!leg.Hidden)
            Say(new PbxFact.LegEnded(_node, _time, leg.Id, cause, techCause, leg.HungUp));
    }
}
