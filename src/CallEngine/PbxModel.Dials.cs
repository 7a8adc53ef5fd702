namespace CallCrm.Engine;

/// <summary>Who rings whom, and how each ring ended.</summary>
public sealed partial class PbxModel
{
    const int AnsweredElsewhereCause = 26;

    void OnDialBegin(in PbxModelFields f)
    {
        // An originated leg has no caller; a caller that is not known to us is none either.
        var caller = string.IsNullOrEmpty(f.UniqueId) ? null : Find(f.UniqueId);
        if (caller is not null)
        {
            Show(caller, f);
            SayWaitingResults(caller);
            caller.Attempt = Attempt.Begun;
        }

        if (Find(f.DestUniqueId) is not { } dialled)
            return;
        ShowLink(dialled, f.DestLinkedId);
        if (dialled.Stage != DialStage.None || dialled == caller)
        {
            _repeated++;
            return;
        }

        Begin(dialled, caller);
        if (!dialled.Hidden)
        {
            dialled.Caller = RealLeg(caller, dialled)?.Id;
            Say(new PbxFact.DialBegan(_node, _time, dialled.Caller, dialled.Id, dialled.Device, PbxModelText.DialString(f.DialString)));
        }

        RingAtLast(dialled);
        ShowState(dialled, f.DestState);
    }

    static void Begin(Leg dialled, Leg? caller)
    {
        dialled.Stage = DialStage.Begun;
        dialled.DialledBy = caller;
        if (caller is null)
            return;
        // The first of a new round.
        if (caller.OpenRings++ == 0)
            caller.WasAnswered = false;
    }

    void OnDialState(in PbxModelFields f)
    {
        if (Find(f.DestUniqueId) is not { } dialled)
            return;
        ShowDialled(dialled, f);
        switch (f.DialStatus)
        {
            case "RINGING":
                // It proves a dial, should its DialBegin have been lost.
                if (dialled.Stage == DialStage.None)
                    RingAtLast(dialled);
                Ring(dialled);
                break;
            case "PROGRESS" or "PROCEEDING":
                dialled.Progressed = true;
                break;
        }
    }

    void OnDialEnd(in PbxModelFields f)
    {
        if (Find(f.DestUniqueId) is not { } dialled)
            return;
        ShowDialled(dialled, f);
        // Queue says it twice, and Local channels say it once for each of their halves and the phone behind.
        var caller = string.IsNullOrEmpty(f.UniqueId) ? null : Find(f.UniqueId);
        if (dialled.Stage is DialStage.Waiting or DialStage.Ended || dialled == caller)
        {
            _repeated++;
            return;
        }

        // Never dialled: it picked the call up (or the DialBegin was lost). Then its caller is told only here.
        if (dialled.Stage == DialStage.None)
            Begin(dialled, caller ?? dialled.DialledBy);
        if (!dialled.Hidden)
            dialled.Caller ??= RealLeg(caller ?? dialled.DialledBy, dialled)?.Id;
        dialled.DialStatus = f.DialStatus ?? "";
        if (string.Equals(dialled.DialStatus, "ANSWER", StringComparison.OrdinalIgnoreCase))
            SayDialEnded(dialled, DialResult.Answered, null);
        else if (dialled.HungUp)
            SayDialEnded(dialled, dialled.RequestCause ?? 0, dialled.RequestTechCause);
        else
            AwaitHangup(dialled);
    }

    /// <summary>
    /// Without a word of the phone the cause comes with the leg's Hangup, sent by the same thread of Asterisk right after.
    /// Should it be lost, what the caller does next proves that the ring is over; see <see cref="SayWaitingResults"/>.
    /// </summary>
    static void AwaitHangup(Leg dialled)
    {
        dialled.Stage = DialStage.Waiting;
        if (dialled.DialledBy is { Ended: false } caller)
            (caller.WaitingResults ??= []).Add(dialled);
    }

    void EndDialAtHangup(Leg leg, int cause, int? techCause)
    {
        if (leg.Stage is not (DialStage.Begun or DialStage.Waiting))
            return;
        // Up, and nobody picked it up: only its DialEnd was lost.
        if (leg.Stage == DialStage.Begun && leg.Up && cause != AnsweredElsewhereCause)
            SayDialEnded(leg, DialResult.Answered, null);
        else
            SayDialEnded(leg, cause, techCause);
    }

    /// <summary>The caller goes on, so its rings are over: what waits for a Hangup is said with what is known.</summary>
    void SayWaitingResults(Leg caller)
    {
        if (caller.WaitingResults is not { } waiting)
            return;
        caller.WaitingResults = null;
        foreach (var dialled in waiting)
        {
            if (dialled.Stage == DialStage.Waiting && !dialled.Ended)
                SayDialEnded(dialled, dialled.RequestCause ?? 0, dialled.RequestTechCause);
        }
    }

    /// <summary>
    /// Answered elsewhere is cause 26, except that a picked-up phone may have 16 and no DialEnd; and behind a Local channel
    /// the caller's half may be gone before the phone's Hangup tells, but then that half itself had 26.
    /// </summary>
    void SayDialEnded(Leg dialled, int cause, int? techCause)
    {
        var caller = dialled.DialledBy;
        var noWord = string.IsNullOrEmpty(dialled.DialStatus) || string.Equals(dialled.DialStatus, "CANCEL", StringComparison.OrdinalIgnoreCase);
        if (noWord && !dialled.HungUp && (dialled.PickedUp || caller is { WasAnswered: true } or { EndedElsewhere: true }))
            cause = AnsweredElsewhereCause;
        var callerGone = caller is not null && (caller.Ended || caller.HungUp);
        var result = PbxModelDialResult.From(dialled.DialStatus, cause, techCause, dialled.HungUp, dialled.Rang || dialled.Progressed, callerGone);
        SayDialEnded(dialled, result, techCause);
    }

    void SayDialEnded(Leg dialled, DialResult result, int? techCause)
    {
        dialled.Stage = DialStage.Ended;
        if (dialled.DialledBy is { } caller)
        {
            caller.WasAnswered |= result == DialResult.Answered;
            caller.OpenRings = Math.Max(0, caller.OpenRings - 1);
        }

        dialled.DialledBy = null;
        if (!dialled.Hidden)
            Say(new PbxFact.DialEnded(_node, _time, dialled.Caller, dialled.Id, result, techCause));
    }

    /// <summary>Another phone takes a ringing call: its channel changes places with the ringing one, which then hangs up.</summary>
    void OnPickup(PbxEvent e)
    {
        if (Find(e["TargetUniqueid"]) is not { } ringing)
            return;
        ringing.PickedUp = true;
        if (Find(e["Uniqueid"]) is { Stage: DialStage.None } taker && taker != ringing)
            taker.DialledBy = ringing.DialledBy;
    }

    /// <summary>
    /// A phone that is not registered never becomes a channel: no Newchannel, no DialBegin, no DialEnd, only DIALSTATUS on
    /// the caller. Dial empties the variable when it starts, so a CHANUNAVAIL after a DialBegin (it follows a 603) is
    /// told from one without.
    /// </summary>
    void OnVarSet(in PbxModelFields f)
    {
        if (string.Equals(f.Variable, MailboxStatus, StringComparison.OrdinalIgnoreCase))
        {
            OnMailboxStatus(f);
            return;
        }

        if (!string.Equals(f.Variable, "DIALSTATUS", StringComparison.OrdinalIgnoreCase))
        {
            _unwanted++;
            return;
        }

        if (Find(f.UniqueId) is not { } caller)
            return;
        Show(caller, f);
        if (string.IsNullOrEmpty(f.Value))
        {
            SayWaitingResults(caller);
            caller.Attempt = Attempt.Open;
            (caller.OpenRings, caller.WasAnswered) = (0, false);
            return;
        }

        var nobodyDialled = caller.Attempt is Attempt.Unknown or Attempt.Open;
        caller.Attempt = Attempt.Closed;
        DialResult? result = f.Value switch
        {
            "CHANUNAVAIL" => DialResult.Unreachable,
            "CONGESTION" => DialResult.Congestion,
            "BUSY" => DialResult.Busy,
            _ => null,
        };
        if (nobodyDialled && result is { } told && RealLeg(caller, null) is { } person)
            Say(new PbxFact.DialEnded(_node, _time, person.Id, null, told, null));
    }
}
