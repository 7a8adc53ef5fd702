namespace CallCrm.Engine;

/// <summary>Legs that share no bridge and still do something: wait, listen, keep others on hold from elsewhere.</summary>
internal sealed partial class LegFacts
{
    public void Waits(LegId id, WaitKind? kind)
    {
        if (Live(id) is not { } leg || leg.Waits == kind)
            return;
        leg.Waits = kind;
        transfers.Waits(leg);
        talk.Update(leg.Call);
    }

    /// <summary>What stood still while the PBX was out of sight. A sender who waits by now has been told that nobody takes it there.</summary>
    public void Steer(Call call)
    {
        if (call.Transfer is { SenderLeg: { Live: true, Waits: not null } sender })
            transfers.Waits(sender);
        else
            transfers.Steer(call);
    }

    public void HungUp(LegId id)
    {
        if (Live(id) is not { HungUpAt: null } leg)
            return;
        leg.HungUpAt = state.Happened.Stamp;
        talk.Update(leg.Call);
    }

    /// <summary>A listener is no party to the call it hears: no bridge, no answer, no merge.</summary>
    public void Listens(LegId listener, LegId? heard)
    {
        if (Live(listener) is not { } leg)
            return;
        var other = heard is { } id ? Live(id) : null;
        if (ReferenceEquals(other, leg))
            return;
        book.Announce(leg.Call);
        leg.ListensTo?.HeardBy?.Remove(leg);
        leg.ListensTo = other;
        (other?.HeardBy ?? (other is null ? null : other.HeardBy = []))?.Add(leg);
        listens.Heard(leg);
        talk.Update(leg.Call);
    }

    /// <summary>Who is gone is neither heard nor hears.</summary>
    private void Unheard(Leg gone)
    {
        gone.ListensTo?.HeardBy?.Remove(gone);
        foreach (var listener in gone.HeardBy ?? [])
        {
            listener.ListensTo = null;
            listens.Heard(listener);
            state.Touch(listener.Call);
        }

        (gone.ListensTo, gone.HeardBy) = (null, null);
        listens.Gone(gone);
    }

    /// <summary>A hold goes along when those who were held arrive in the same bridge (a merge, a Local channel that is optimised away), not when its holder leaves them to consult.</summary>
    private void MoveHold(Leg leg, string bridge)
    {
        if (leg is { Holding: true, HeldBridge: null })
            leg.HeldBridge = bridge;
        foreach (var other in state.LegsIn(leg))
        {
            if (ReferenceEquals(other, leg))
                continue;
            if (leg.Holding && string.Equals(other.LastBridge, leg.HeldBridge, StringComparison.Ordinal))
                leg.HeldBridge = bridge;
            if (other is { Holding: true, HeldBridge: not null } && string.Equals(leg.LastBridge, other.HeldBridge, StringComparison.Ordinal))
                other.HeldBridge = bridge;
        }
    }
}
