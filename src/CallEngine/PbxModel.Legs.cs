namespace CallCrm.Engine;

/// <summary>Channels: how they come to be, what they show of themselves, how they end.</summary>
public sealed partial class PbxModel
{
    // ChannelState: 4 is Ring (it calls us), 5 is Ringing (we call it), 6 is Up.
    const string StateRing = "4";
    const string StateRinging = "5";
    const string StateUp = "6";

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
                Dialled(f.Exten), PbxModelText.Known(f.Context), leg.Restricted, leg.PresentationTold));
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

    /// <summary>
    /// What any event shows of its own channel. Its linked id may change without an event of its own, and the next event of
    /// the channel is the first to tell.
    /// </summary>
    void Show(Leg leg, in PbxModelFields f)
    {
        ShowLink(leg, f.LinkedId);
        ShowPresentation(leg, f);
        ShowState(leg, f.ChannelState);
    }

    /// <summary>Said when it changes, and once when it becomes certain for one who calls us.</summary>
    void ShowPresentation(Leg leg, in PbxModelFields f)
    {
        if (f.Restricted is not { } prohibited || leg.Hidden)
            return;
        var restricted = prohibited || PbxModelText.IsAnonymous(PbxModelText.Number(f.CallerNumber));
        var news = restricted != leg.Restricted || (leg.CallsUs && !leg.PresentationTold);
        leg.PresentationTold = true;
        if (!news)
            return;
        TakeCaller(leg, f.CallerNumber, f.CallerName, restricted);
        SayCaller(leg);
    }

    void ShowDialled(Leg leg, in PbxModelFields f)
    {
        ShowLink(leg, f.DestLinkedId);
        ShowState(leg, f.DestState);
    }

    void ShowLink(Leg leg, string? linkedId)
    {
        // A change back is a picture taken before the change: the older id wins and stays.
        if (string.IsNullOrEmpty(linkedId) || linkedId == leg.LinkedId || linkedId == leg.FormerLinkedId)
            return;
        leg.FormerLinkedId = leg.LinkedId;
        leg.LinkedId = linkedId;
        if (!leg.Hidden)
            Say(new PbxFact.LegLinked(_node, _time, leg.Id, linkedId));
    }

    void ShowState(Leg leg, string? state)
    {
        if (leg.Up)
            return;
        if (state == StateRinging)
        {
            Ring(leg);
        }
        else if (state == StateUp)
        {
            RingAtLast(leg);
            leg.Up = true;
            if (!leg.Hidden)
                Say(new PbxFact.LegUp(_node, _time, leg.Id));
        }
    }

    /// <summary>Ringing may come before the DialBegin (6 % under load); then it is said after it.</summary>
    void Ring(Leg leg)
    {
        if (leg.Rang || leg.Up)
            return;
        if (leg.Stage == DialStage.None)
        {
            leg.RingWaits = true;
            return;
        }

        leg.Rang = true;
        leg.RingWaits = false;
        if (!leg.Hidden)
            Say(new PbxFact.LegRang(_node, _time, leg.Id));
    }

    void RingAtLast(Leg leg)
    {
        if (!leg.RingWaits)
            return;
        leg.RingWaits = false;
        leg.Rang = true;
        if (!leg.Hidden)
            Say(new PbxFact.LegRang(_node, _time, leg.Id));
    }

    void OnNewCallerid(PbxEvent e, in PbxModelFields f)
    {
        if (Find(f.UniqueId) is not { } leg)
            return;
        ShowLink(leg, f.LinkedId);
        ShowState(leg, f.ChannelState);
        var (number, name, restricted) = (leg.CallerNumber, leg.CallerName, leg.Restricted);
        var told = PbxModelText.IsRestricted(e["CID-CallingPres"]) ?? f.Restricted;
        leg.PresentationTold |= told is not null;
        TakeCaller(leg, f.CallerNumber, f.CallerName, told ?? restricted);
        if (!leg.Hidden && (number != leg.CallerNumber || name != leg.CallerName || restricted != leg.Restricted))
            SayCaller(leg);
    }

    void SayCaller(Leg leg) =>
        Say(new PbxFact.CallerChanged(_node, _time, leg.Id, leg.CallerNumber, leg.CallerName, leg.Restricted, leg.PresentationTold));

    /// <summary>A withheld number goes no further than this, even when the network shows it to us.</summary>
    static void TakeCaller(Leg leg, string? number, string? name, bool? restricted)
    {
        leg.CallerNumber = PbxModelText.Number(number);
        leg.Restricted = restricted == true || PbxModelText.IsAnonymous(leg.CallerNumber);
        leg.CallerName = leg.Restricted ? "" : PbxModelText.Name(name);
        if (leg.Restricted)
            leg.CallerNumber = "";
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
        if (leg.Holding == hold || leg.Hidden)
        {
            _repeated++;
            return;
        }

        leg.Holding = hold;
        Say(hold ? new PbxFact.HoldBegan(_node, _time, leg.Id) : new PbxFact.HoldEnded(_node, _time, leg.Id));
    }

    void OnUserEvent(in PbxModelFields f)
    {
        if (!string.Equals(f.UserEvent, "CallCrmHold", StringComparison.OrdinalIgnoreCase))
        {
            _unwanted++;
            return;
        }

        if (Find(f.UniqueId) is not { } leg)
            return;
        Show(leg, f);
        SayWaitingResults(leg);
        if (!leg.Hidden)
            Say(new PbxFact.HoldMarked(_node, _time, leg.Id));
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
        EndDialAtHangup(leg, cause, techCause);
        leg.EndedElsewhere |= cause == AnsweredElsewhereCause;
        SayWaitingResults(leg);
        LeaveForGood(leg);
        if (leg.Holding)
            Say(new PbxFact.HoldEnded(_node, _time, leg.Id));
        Drop(leg);
        if (!leg.Hidden)
            Say(new PbxFact.LegEnded(_node, _time, leg.Id, cause, techCause, leg.HungUp));
    }
}
