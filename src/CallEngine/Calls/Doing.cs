namespace CallCrm.Engine;

/// <summary>What a leg does at this moment.</summary>
/// <param name="Bridge">The bridge it happens in; for a hold that in which the others wait.</param>
/// <param name="Other">Hold: the leg that holds it, null when it holds itself. Listen: the leg it hears.</param>
internal readonly record struct Doing(SpanKind Kind, string? Bridge = null, Leg? Other = null);

/// <summary>
/// What a leg does follows from who is in its bridge and who pressed hold, first line that holds wins:
/// <code>
/// Listen      it hears another living leg (ChanSpy)
/// Hold        with others, and it holds them: it pressed hold here, or its agent speaks in another call
/// Talk        with others, one of whom holds nobody (Conference: in a conference)
/// Wait        alone in a conference, or all others there hold it
/// Hold        with others who all hold it; or alone, and the one who holds it is in another bridge (consults)
/// Hold        those it holds wait in another bridge
/// nothing     its person hung up
/// Hold        it waits in a consultation: client and target for the sender, the sender while the target rings
/// Message     it speaks after the tone
/// Park, Wait  in a parking lot; in a queue of ours or of the PBX, or with music
/// Ring        its phone rings
/// nothing     otherwise (it is being dialled, is in the dialplan, or was left alone)
/// </code>
/// </summary>
internal static class DoingRules
{
    public static Doing? Of(EngineState state, Leg leg)
    {
        if (!leg.Live)
            return null;
        if (leg.ListensTo is { Live: true } heard)
            return new Doing(SpanKind.Listen, null, heard);
        if (leg.Bridge is not null && InBridge(state, leg, leg.Bridge) is { } doing)
            return doing;
        if (HoldsElsewhere(leg) is { } held)
            return new Doing(SpanKind.Hold, held);
        if (leg.HungUpAt is not null)
            return null;
        if (leg.Call.Transfer is { Consults: true } transfer && Consults(transfer, leg) is { } consults)
            return consults;
        if (leg.Waits == WaitKind.Parked)
            return new Doing(SpanKind.Park);
        if (leg.Waits == WaitKind.Message)
            return new Doing(SpanKind.Message);
        if (leg.Waits is not null || (leg.Call.State == CallState.Waiting && ReferenceEquals(leg.Call.Client, leg)))
            return new Doing(SpanKind.Wait);
        return leg is { Rang: true, Answered: false, RingOver: false } ? new Doing(SpanKind.Ring) : null;
    }

    /// <summary>It shares its bridge with another.</summary>
    public static bool IsConnected(EngineState state, Leg leg) => leg is { Live: true, Bridge: not null } && state.LegsIn(leg).Count > 1;

    /// <summary>
    /// Hold is pressed for those who are in the bridge then. Asterisk's own transfer (feature code, AMI Atxfer) moves who
    /// pressed it to another bridge to consult, without an Unhold.
    /// </summary>
    public static bool PressedHold(Leg leg) => leg.Holding && (leg.HeldBridge is null || string.Equals(leg.HeldBridge, leg.Bridge, StringComparison.Ordinal));

    public static bool Holds(Leg leg) => leg.Aside || PressedHold(leg);

    private static Doing? InBridge(EngineState state, Leg leg, string bridge)
    {
        if (!IsConnected(state, leg))
            return leg.InConference ? new Doing(SpanKind.Wait) : Alone(leg, bridge);
        if (Holds(leg))
            return new Doing(SpanKind.Hold, bridge);
        Leg? holder = null;
        foreach (var other in state.LegsIn(leg))
        {
            if (ReferenceEquals(other, leg))
                continue;
            if (!Holds(other))
                return new Doing(leg.InConference ? SpanKind.Conference : SpanKind.Talk, bridge);
            holder ??= other;
        }

        return leg.InConference ? new Doing(SpanKind.Wait) : new Doing(SpanKind.Hold, bridge, holder);
    }

    private static Doing? Alone(Leg leg, string bridge)
    {
        foreach (var other in leg.Call.Legs)
        {
            if (other is { Live: true, Holding: true } && string.Equals(other.HeldBridge, bridge, StringComparison.Ordinal)
                && !string.Equals(other.Bridge, bridge, StringComparison.Ordinal))
            {
                return new Doing(SpanKind.Hold, bridge, other);
            }
        }

        return null;
    }

    private static Doing? Consults(Transfer transfer, Leg leg)
    {
        if (!transfer.SenderLeg.Live)
            return null;
        if (ReferenceEquals(leg, transfer.SenderLeg))
            return new Doing(SpanKind.Hold);
        return ReferenceEquals(leg, leg.Call.Client) || ReferenceEquals(leg, transfer.TargetLeg) ? new Doing(SpanKind.Hold, null, transfer.SenderLeg) : null;
    }

    private static string? HoldsElsewhere(Leg leg)
    {
        if (leg is not { Holding: true, HandedOver: false, HeldBridge: { } held } || string.Equals(held, leg.Bridge, StringComparison.Ordinal))
            return null;
        return leg.Call.Legs.Exists(l => l is { Live: true, Connected: false } && string.Equals(l.Bridge, held, StringComparison.Ordinal)) ? held : null;
    }
}
