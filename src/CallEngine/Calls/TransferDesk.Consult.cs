namespace CallCrm.Engine;

/// <summary>
/// The target is asked first. The client waits in the dialplan's loop, which asks us, the sender's own leg rings the target; from then on each of
/// them can be bridged with another while the third waits, and who leaves a talk falls back to waiting in their own place of the dialplan. So every
/// wish is reached by <see cref="Steer"/>, one action at a time, by looking at who is where; whatever fails or gets lost is tried again, and in the
/// end the client goes back to the sender.
/// <code>
/// wish       is so when                       else
/// Target     sender and target talk           bridge them; without a target: Client
/// Client     sender and client talk           part sender and target (hang up, or aside), then bridge
/// Together   all three are in one bridge      sender and target talk, then the client joins them
/// Complete   client and target talk           bridge them; then the sender is hung up
/// </code>
/// </summary>
internal sealed partial class TransferDesk
{
    /// <summary>What the PBX was asked shows within milliseconds.</summary>
    private static readonly TimeSpan DoneWithin = TimeSpan.FromSeconds(2);
    private const int MostTries = 4;

    public string? Consult(Agent agent, Guid id, TransferTarget to)
    {
        if (Talk(agent, id, out var call, out var leg) is { } refusal)
            return refusal;
        if (Resolve(agent, call!, to, out var target) is { } why)
            return why;
        if (to.Queue is { } queue && (target = BestOf(agent, call!, state.Queues[queue])) is null)
            return "nobody_free";
        // A phone that holds takes no sound: whom it asks it would not hear.
        var holds = DoingRules.PressedHold(leg!);
        var own = state.FindDevice(leg!.Id.Node, leg.Device);
        if (holds && (own is null || !state.CanHold(call!.Node, own)))
            return "held_resume_first";
        var offer = target is null ? null : offers.Reserve(call!, target, RouteRule.Consult);
        Begin(new Transfer(call!, TransferKind.Attended, agent, leg!, to, target) { Tried = true });
        if (offer is not null)
        {
            offers.Show(offer);
            offers.Sent(offer, null);
        }

        var transfer = call!.Transfer!;
        if (!holds)
        {
            Part(transfer);
            return null;
        }

        transfer.Resumes = true;
        state.Out.Act(call.Node, new PbxAction.Answer(own!.Name, leg.ChannelName), null);
        state.Timers.Set(transfer.Timer ??= new EngineTimer(TimerKind.Transfer, transfer), state.Now.Stamp + DoneWithin);
        return null;
    }

    /// <summary>The last router ended in the middle of it. The three are where they were, and the PBX's snapshot tells the rest.</summary>
    public void PutBack(Call call, RestoredConsult row)
    {
        if (!state.Agents.TryGetValue(row.From, out var sender) || call.Legs.Find(l => ReferenceEquals(l.Agent, sender)) is not { } leg)
            return;
        var other = call.Legs.FindLast(l => !l.IsClient && !ReferenceEquals(l, leg) && l.Agent?.Id == row.To);
        // Whoever is asked and is not there yet may still answer.
        if (other is null && row.Step != TransferStep.Ringing)
            return;
        var number = row.Number is { } text ? new PhoneNumber(text, NumberKind.Unparsed) : null;
        call.Transfer = new Transfer(call, TransferKind.Attended, sender, leg, new TransferTarget(row.To, row.ToQueue, number), row.To is { } to ? state.Agents.GetValueOrDefault(to) : null)
        {
            Step = row.Step,
            Tried = true,
            TargetLeg = row.Step == TransferStep.Ringing ? null : other,
            Wish = row.Step switch { TransferStep.WithClient => TransferWish.Client, TransferStep.Together => TransferWish.Together, _ => TransferWish.Target },
        };
        (call.Transferred, call.LastAgent) = (true, sender);
        state.Touch(call);
    }

    /// <summary>The sender's phone holds nobody any more.</summary>
    public void Resumed(Leg leg)
    {
        if (leg.Call.Transfer is not { } transfer || !ReferenceEquals(leg, transfer.SenderLeg))
            return;
        transfer.TakesBack = false;
        if (transfer.Resumes)
            Part(transfer);
    }

    /// <summary>Hold was pressed in the consultation. A phone that holds takes no sound: whom it comes to next would sit in silence.</summary>
    /// <returns>False: only at the phone itself can it be ended.</returns>
    private bool TakeBack(Transfer transfer)
    {
        if (transfer is { Resumes: true } or { SenderLeg: not { Live: true, Holding: true } })
            return true;
        var leg = transfer.SenderLeg;
        if (state.FindDevice(leg.Id.Node, leg.Device) is not { } own || !state.CanHold(leg.Id.Node, own))
            return !DoingRules.PressedHold(leg);
        if (transfer.TakesBack)
            return true;
        transfer.TakesBack = true;
        state.Out.Act(leg.Id.Node, new PbxAction.Answer(own.Name, leg.ChannelName), null);
        return true;
    }

    /// <summary>The client to wait, the sender's own leg to ring the target.</summary>
    private void Part(Transfer transfer)
    {
        var (call, to) = (transfer.Call, transfer.To);
        transfer.Resumes = false;
        state.Timers.Cancel(transfer.Timer);
        var offer = call.Offer is { Rule: RouteRule.Consult } ringing ? ringing : null;
        var device = offer?.Device;
        if (device is null && to.Number is { } number && PhoneOf(call, number) is { } phone)
            device = Free(phone) ?? phone.Devices[0];
        if (!router.SendOn(call, new PbxAction.Consult(call.Client!.ChannelName, transfer.SenderLeg.ChannelName, device?.Name, device is null ? to.Number : null), offer?.Id))
            NotParted(transfer);
    }

    private void NotParted(Transfer transfer)
    {
        if (transfer.Call.Offer is { Rule: RouteRule.Consult } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        Tell(transfer, TransferStep.Failed, "pbx_refused");
    }

    public string? Swap(Agent agent, Guid id) => Wish(agent, id, t =>
        t.Step == TransferStep.Consulting ? (TransferWish.Client, false) : t.Step == TransferStep.WithClient ? (TransferWish.Target, false) : null);

    public string? Join(Agent agent, Guid id) => Wish(agent, id, t =>
        t.Step is TransferStep.Consulting or TransferStep.WithClient ? (TransferWish.Together, false) : null);

    public string? Complete(Agent agent, Guid id) => Wish(agent, id, t =>
        t.Step is TransferStep.Consulting or TransferStep.WithClient or TransferStep.Together ? (TransferWish.Complete, false) : null);

    public string? Cancel(Agent agent, Guid id)
    {
        if (Wish(agent, id, _ => (TransferWish.Client, true)) is { } refusal)
            return refusal;
        if (book.Find(id)!.Offer is { Rule: RouteRule.Consult } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        return null;
    }

    /// <summary>The ring at the target is over and nobody there took it.</summary>
    /// <returns>False: it was no ring of a consultation.</returns>
    public bool TargetFailed(Offer offer, OfferOutcome outcome)
    {
        if (offer is not { Rule: RouteRule.Consult, Call: { Transfer: { Consults: true } transfer } call })
            return false;
        offers.End(offer, outcome, null);
        if (transfer is { Step: TransferStep.Ringing, Wish: TransferWish.Target })
        {
            (transfer.Wish, transfer.Releases, transfer.Reason) = (TransferWish.Client, true, ReasonOf(outcome));
            Steer(call);
        }

        return true;
    }

    /// <summary>A leg waits alone, or no more.</summary>
    public void Waits(Leg leg)
    {
        var call = leg.Call;
        if (call.Transfer is not { } transfer)
            return;
        // Whoever talked with a client who hung up or was handed on, or is not needed any more, is let go.
        var part = ReferenceEquals(leg, transfer.SenderLeg) || ReferenceEquals(leg, transfer.TargetLeg);
        if (part && leg.Waits is not null && (!transfer.Consults || call.ClientGoneAt is not null || call.Ended))
        {
            state.Out.Act(leg.Id.Node, new PbxAction.HangUp(leg.ChannelName, 16), null);
            return;
        }

        transfer.Aside |= ReferenceEquals(leg, transfer.SenderLeg) && leg.Waits is not null;
        // The sender's dial is over; an answer would have been told before.
        if (transfer is { Step: TransferStep.Ringing, TargetLeg: null, Wish: TransferWish.Target } && ReferenceEquals(leg, transfer.SenderLeg) && leg.Waits is not null)
        {
            if (call.Offer is { Rule: RouteRule.Consult } offer)
                offers.End(offer, OfferRules.OutcomeOf(transfer.Result, offer, call), null);
            (transfer.Wish, transfer.Releases) = (TransferWish.Client, true);
            transfer.Reason = transfer.Target is null ? ReasonOf(transfer.Result) : ReasonOf(call.LastOffer?.Outcome);
        }

        Steer(call);
    }

    /// <summary>Nothing came of the last action.</summary>
    public void Due(Transfer transfer)
    {
        transfer.Doing = null;
        if (transfer.Call.Ended)
            return;
        if (transfer.Resumes)
            NotParted(transfer);
        else if (++transfer.Tries < MostTries)
            Steer(transfer.Call);
        else if (transfer.Consults)
            GiveUp(transfer);
    }

    /// <summary>One step towards what is wished, from where everybody is now.</summary>
    public void Steer(Call call)
    {
        if (call.Transfer is not { Consults: true } transfer || call.Ended)
            return;
        if (call.Client is not { Live: true } client)
        {
            ClientGone(transfer);
            return;
        }

        if (!state.IsUp(call.Node) || call.Redirect is not null)
            return;
        var (sender, target) = (transfer.SenderLeg, transfer.TargetLeg);
        if (!sender.Live)
        {
            SenderGone(transfer, client, target);
            return;
        }

        // An answer that came while we did not look.
        if (target is null && transfer.Step == TransferStep.Ringing && state.LegsIn(sender).FirstOrDefault(l => !ReferenceEquals(l, sender) && !l.IsClient) is { } answered)
        {
            Reached(transfer, answered);
            return;
        }

        if (target is { Live: false } && !transfer.Releases)
            (transfer.Wish, transfer.Releases, transfer.Reason) = (TransferWish.Client, true, "left");
        switch (transfer.Wish)
        {
            case TransferWish.Client:
                ToClient(transfer, client, sender, target);
                break;
            case TransferWish.Target when target is not null:
                ToTarget(transfer, client, sender, target);
                break;
            case TransferWish.Together when target is not null:
                ToAll(transfer, client, sender, target);
                break;
            case TransferWish.Complete when target is not null:
                Hand(transfer, client, sender, target);
                break;
        }
    }

    private void ToClient(Transfer transfer, Leg client, Leg sender, Leg? target)
    {
        var there = target is { Live: true };
        if (Together(sender, client))
        {
            if (there && transfer.Releases)
                state.Out.Act(transfer.Call.Node, new PbxAction.HangUp(target!.ChannelName, 16), null);
            if (!there || transfer.Releases)
                Tell(transfer, transfer.Reason is null ? TransferStep.Cancelled : TransferStep.Failed, transfer.Reason);
            else if (Together(target!, client))
                Reach(transfer, TransferStep.Together);
            else
                Reach(transfer, TransferStep.WithClient);
        }
        else if (there && Together(sender, target!))
        {
            Do(transfer, transfer.Releases ? new PbxAction.HangUp(target!.ChannelName, 16) : new PbxAction.Aside(target!.ChannelName, Held: true));
        }
        else if (!transfer.Aside && target is null)
        {
            Do(transfer, new PbxAction.Aside(sender.ChannelName, Held: false));
        }
        else if (sender.Waits is not null && client.Waits is not null)
        {
            // Also when the target left, and nobody wished it.
            TakeBack(transfer);
            Do(transfer, new PbxAction.Bridge(client.ChannelName, sender.ChannelName));
        }
    }

    private void ToTarget(Transfer transfer, Leg client, Leg sender, Leg target)
    {
        if (Together(sender, target) && !Together(sender, client))
            Reach(transfer, TransferStep.Consulting);
        else if (target.Waits is not null && (sender.Waits is not null || Together(sender, client)))
            Do(transfer, new PbxAction.Bridge(sender.ChannelName, target.ChannelName));
    }

    private void ToAll(Transfer transfer, Leg client, Leg sender, Leg target)
    {
        if (Together(sender, target) && Together(sender, client))
            Reach(transfer, TransferStep.Together);
        else if (Together(sender, target) && client.Waits is not null)
            router.SendOn(transfer.Call, null);
        else if (target.Waits is not null && (sender.Waits is not null || Together(sender, client)))
            Do(transfer, new PbxAction.Bridge(sender.ChannelName, target.ChannelName));
    }

    private void Hand(Transfer transfer, Leg client, Leg sender, Leg target)
    {
        if (Together(client, target))
            Complete(transfer);
        else if ((client.Waits is not null || Together(client, sender)) && (target.Waits is not null || Together(sender, target)))
            Do(transfer, new PbxAction.Bridge(client.ChannelName, target.ChannelName));
    }

    private void Complete(Transfer transfer)
    {
        if (transfer.SenderLeg.Live)
            state.Out.Act(transfer.Call.Node, new PbxAction.HangUp(transfer.SenderLeg.ChannelName, 16), null);
        Handed(transfer);
        Tell(transfer, TransferStep.Done);
    }

    /// <summary>They hung up: the client goes to whom they spoke with, or were about to.</summary>
    private void SenderGone(Transfer transfer, Leg client, Leg? target)
    {
        transfer.Wish = TransferWish.Complete;
        if (target is { Live: true })
        {
            if (Together(client, target))
                Complete(transfer);
            else if (client.Waits is not null && target.Waits is not null)
                Do(transfer, new PbxAction.Bridge(client.ChannelName, target.ChannelName));
            return;
        }

        if (transfer.Call.Offer is { Rule: RouteRule.Consult } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        transfer.Kind = TransferKind.Blind;
        state.Touch(transfer.Call);
        transfer.Tried = transfer.Releases;
        (transfer.TargetLeg, transfer.Waited) = (null, 0);
        if (!transfer.Tried)
        {
            Handed(transfer);
            Tell(transfer, TransferStep.Ringing);
        }

        // Who is between two turns of the loop asks by themselves.
        if (client.Waits is not null || client.Connected)
            router.SendOn(transfer.Call, null);
    }

    private void ClientGone(Transfer transfer)
    {
        foreach (var leg in new[] { transfer.SenderLeg, transfer.TargetLeg })
        {
            if (leg is { Live: true, Waits: not null })
                state.Out.Act(leg.Id.Node, new PbxAction.HangUp(leg.ChannelName, 16), null);
        }

        Tell(transfer, TransferStep.Cancelled, "client_gone");
    }

    private void Reached(Transfer transfer, Leg target)
    {
        transfer.TargetLeg = target;
        if (transfer.Wish == TransferWish.Client)
            Steer(transfer.Call);
        else
            Tell(transfer, TransferStep.Consulting);
    }

    /// <summary>It asks while it waits, every turn; or because it shall join.</summary>
    private void KeepOrJoin(Transfer transfer)
    {
        var call = transfer.Call;
        // What the other two do nobody can tell while the PBX is out of sight: it is no reason to wait for ever.
        if (!state.IsUp(call.Node) && ++transfer.Waited > Moments)
        {
            Requeue(transfer);
            return;
        }

        if (transfer is { Wish: TransferWish.Together, TargetLeg: { } target } && Together(transfer.SenderLeg, target))
            router.Answer(call, new RouteAnswer.Join(transfer.SenderLeg.ChannelName), null);
        else
            router.Answer(call, new RouteAnswer.Keep(state.Options.HoldTurn), null);
    }

    /// <summary>They do not come together: the client goes its own way to the sender, who is let go for it.</summary>
    private void GiveUp(Transfer transfer)
    {
        foreach (var leg in new[] { transfer.SenderLeg, transfer.TargetLeg })
        {
            if (leg is { Live: true })
                state.Out.Act(leg.Id.Node, new PbxAction.HangUp(leg.ChannelName, 16), null);
        }

        state.Out.Report("transfer_stuck", $"{transfer.Call.Id:N} {transfer.Wish} {transfer.Step}");
        transfer.Kind = TransferKind.Blind;
        state.Touch(transfer.Call);
        (transfer.Tried, transfer.Waited) = (true, 0);
        transfer.Result = DialResult.Unreachable;
        if (transfer.Call.Client is { Waits: not null } or { Connected: true })
            router.SendOn(transfer.Call, null);
    }

    private void Do(Transfer transfer, PbxAction what)
    {
        // Said already, and the PBX's events of it are on the way.
        if (what == transfer.Doing)
            return;
        transfer.Doing = what;
        state.Out.Act(transfer.Call.Node, what, null);
        state.Timers.Set(transfer.Timer ??= new EngineTimer(TimerKind.Transfer, transfer), state.Now.Stamp + DoneWithin);
    }

    private void Reach(Transfer transfer, TransferStep step)
    {
        if (transfer.Step != step)
            Tell(transfer, step);
    }

    private string? Wish(Agent agent, Guid id, Func<Transfer, (TransferWish Wish, bool Releases)?> next)
    {
        if (book.Find(id) is not { } call)
            return "no_such_call";
        if (call.Transfer is not { Consults: true } transfer)
            return "no_transfer";
        if (!ReferenceEquals(transfer.Sender, agent))
            return "not_your_call";
        if (!state.IsUp(call.Node))
            return "pbx_away";
        if (next(transfer) is not { } wish)
            return "not_answered_yet";
        transfer.TakesBack = false;
        if (wish.Wish != TransferWish.Complete && !TakeBack(transfer))
            return "phone_holds";
        (transfer.Wish, transfer.Releases) = wish;
        (transfer.Doing, transfer.Tries, transfer.Reason) = (null, 0, null);
        Steer(call);
        return null;
    }

    private static Agent? BestOf(Agent asker, Call call, QueueState queue)
    {
        foreach (var membership in queue.Free)
        {
            if (!ReferenceEquals(membership.Agent, asker) && MayRing(call, membership.Agent) is null)
                return membership.Agent;
        }

        return null;
    }
}
