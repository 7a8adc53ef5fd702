namespace CallCrm.Engine;

/// <summary>What events show of a channel beside what they are about: linked id, state, caller.</summary>
public sealed partial class PbxModel
{
    // ChannelState: 4 is Ring (it calls us), 5 is Ringing (we call it), 6 is Up.
    const string StateRing = "4";
    const string StateRinging = "5";
    const string StateUp = "6";

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
}
