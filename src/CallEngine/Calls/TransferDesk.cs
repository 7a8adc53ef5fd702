namespace CallCrm.Engine;

/// <summary>
/// Transfers from the desk. At once (blind): the client's channel is redirected and asks us like any caller, and is told to ring the target; with
/// the word that nobody took it, it asks again and goes back to the sender, else into a queue, else to the dialplan's fallback. Asking the target
/// first is in the other part. At every moment the client is in a talk or in a loop of the dialplan that asks us and falls back without an answer.
/// </summary>
internal sealed partial class TransferDesk(EngineState state, OfferDesk offers, CallBook book, Router router)
{
    /// <summary>How long a phone without an agent rings, and a number of the outside.</summary>
    private static readonly TimeSpan PhoneRing = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan NumberRing = TimeSpan.FromSeconds(45);

    /// <summary>A phone that was just let go shows busy for a moment.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private const int Moments = 3;

    /// <returns>Why not; null when the client is on the way.</returns>
    public string? Send(Agent agent, Guid id, TransferTarget to)
    {
        if (Talk(agent, id, out var call, out var leg) is { } refusal)
            return refusal;
        if (Resolve(agent, call!, to, out var target) is { } why)
            return why;
        var offer = target is null ? null : offers.Reserve(call!, target, RouteRule.Transfer);
        Begin(new Transfer(call!, TransferKind.Blind, agent, leg!, to, target) { Tried = offer is not null });
        Handed(call!.Transfer!);
        if (offer is not null)
        {
            offer.Step(OfferStage.Redirecting);
            offers.Show(offer);
        }

        router.SendOn(call, offer?.Id);
        return null;
    }

    /// <summary>The client's channel asks where to go.</summary>
    /// <returns>Whether the transfer has answered it.</returns>
    public bool GoesOn(Call call)
    {
        if (call is not { Transfer: { } transfer, Request: { Stage: not RequestStage.Answered } request })
            return false;
        if (transfer.Over)
        {
            // Whoever it was bridged with has hung up, as after any talk.
            if (transfer is { Kind: TransferKind.Attended } && request.State == RequestState.Held && call.Offer is null && call.State is not CallState.Waiting)
                router.Answer(call, new RouteAnswer.Reject(16), null);
            // The PBX did in the end what it seemed to refuse.
            else if (transfer.Reason == "pbx_refused" && request.State == RequestState.Redirected && call.Offer is null)
                Return(transfer, "pbx_refused");
            else
                return false;
            return true;
        }

        if (transfer.Kind == TransferKind.Attended)
            KeepOrJoin(transfer);
        else if (call.Offer is not null)
            return false;
        else if (transfer.Step == TransferStep.Returning)
            Requeue(transfer);
        else
            Pass(transfer);
        return true;
    }

    /// <summary>Somebody took it: the target, or the sender to whom it came back.</summary>
    private void Taken(Transfer transfer) => Tell(transfer, transfer.Step == TransferStep.Returning ? TransferStep.Failed : TransferStep.Done, transfer.Reason);

    public void DialEnded(Call call, Leg? dialled, DialResult result)
    {
        // From the queue that they were sent into.
        if (result == DialResult.Answered && call is { Transfer: { Step: TransferStep.Done } done, Offer: { Rule: RouteRule.TransferBack } back } && ReferenceEquals(back.Agent, done.Sender) && dialled?.Agent == back.Agent)
            Tell(done, TransferStep.Failed, "no_answer");
        if (call.Transfer is not { Over: false } transfer || dialled is { IsClient: true })
            return;
        transfer.Result = result;
        if (result != DialResult.Answered || dialled is null)
            return;
        if (transfer.Kind == TransferKind.Blind)
            Taken(transfer);
        else if (transfer is { Step: TransferStep.Ringing, TargetLeg: null } && !ReferenceEquals(dialled, transfer.SenderLeg))
            Reached(transfer, dialled);
    }

    /// <summary>The PBX did not move the client: the talk goes on.</summary>
    /// <returns>Whether it was a transfer that it refused.</returns>
    public bool Refused(Call call)
    {
        if (call.Transfer is not { Over: false } transfer || call.Request is not null)
            return false;
        if (call.Offer is { } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        if (transfer.Kind == TransferKind.Attended && transfer.Step != TransferStep.Ringing)
            return true;
        Tell(transfer, TransferStep.Failed, "pbx_refused");
        return true;
    }

    private void Pass(Transfer transfer)
    {
        var call = transfer.Call;
        if (transfer.Target is { } target)
            RingTarget(transfer, target);
        else if (transfer.Tried)
            Return(transfer, ReasonOf(call.Request!.LastDial ?? transfer.Result));
        else if (transfer.To.Queue is { } id)
            Enter(transfer, id);
        else
            Call(transfer);
    }

    private void RingTarget(Transfer transfer, Agent target)
    {
        var call = transfer.Call;
        if (transfer.Tried)
        {
            Return(transfer, ReasonOf(call.LastOffer?.Outcome));
        }
        else if (MayRing(call, target) is null && offers.Reserve(call, target, RouteRule.Transfer) is { } offer)
        {
            transfer.Tried = true;
            router.Ring(call, offer);
        }
        else if (transfer.Waited++ < Moments)
        {
            router.Answer(call, new RouteAnswer.Keep(Moment), null);
        }
        else
        {
            Return(transfer, "busy");
        }
    }

    private void Enter(Transfer transfer, Guid id)
    {
        if (!state.Queues.TryGetValue(id, out var queue))
        {
            Return(transfer, "unreachable");
            return;
        }

        // Not straight back to who sent it.
        transfer.Call.Refusals.Clear();
        transfer.Call.Refusals.Add(new Refusal(transfer.Sender, state.Now.Stamp));
        Tell(transfer, TransferStep.Done);
        router.Requeue(transfer.Call, queue);
    }

    private void Call(Transfer transfer)
    {
        var call = transfer.Call;
        transfer.Tried = true;
        var number = transfer.To.Number!;
        if (PhoneOf(call, number) is { } extension)
            router.Answer(call, new RouteAnswer.Dial((Free(extension) ?? extension.Devices[0]).Name, PhoneRing, Record: false), null);
        else
            router.Answer(call, new RouteAnswer.Call(number, transfer.Sender.Extension?.Number ?? "", NumberRing), null);
    }

    /// <summary>Nobody took it.</summary>
    private void Return(Transfer transfer, string reason)
    {
        var (call, sender) = (transfer.Call, transfer.Sender);
        if (StillHangsUp(call, sender) && !transfer.Over && transfer.Waited++ < Moments)
        {
            router.Answer(call, new RouteAnswer.Keep(Moment), null);
            return;
        }

        if (MayRing(call, sender) is not null || offers.Reserve(call, sender, RouteRule.TransferBack) is not { } offer)
        {
            transfer.Reason = reason;
            Requeue(transfer);
            return;
        }

        Tell(transfer, TransferStep.Returning, reason);
        router.Ring(call, offer);
    }

    /// <summary>A phone that refuses at once is faster than the sender's, which is not heard to be free of this call yet.</summary>
    private static bool StillHangsUp(Call call, Agent sender) =>
        sender is { Offer: null, Extension: not null } && MayRing(call, sender) == "target_busy" && sender.Legs.TrueForAll(l => ReferenceEquals(l.Call, call));

    /// <summary>The sender does not take it back: whoever takes the calls of its queue, or of the sender's.</summary>
    private void Requeue(Transfer transfer)
    {
        var call = transfer.Call;
        Tell(transfer, TransferStep.Failed, transfer.Reason);
        call.Refusals.Clear();
        if ((call.Queue is { Removed: false } own ? own : transfer.Sender.Memberships.Find(m => !m.Queue.Removed)?.Queue) is { } queue)
            router.Requeue(call, queue);
        else
            router.GiveUp(call, "transfer");
    }

    private void Begin(Transfer transfer)
    {
        var call = transfer.Call;
        call.Transfer = transfer;
        call.Transferred = true;
        call.Plan = null;
        call.Refusals.Clear();
        call.NotTakenBack = false;
        // Whoever hands them on has spoken with them last, also when a colleague was with them in between.
        call.LastAgent = transfer.Sender;
        book.Announce(call);
        Tell(transfer, TransferStep.Ringing);
    }

    private void Tell(Transfer transfer, TransferStep step, string? reason = null)
    {
        (transfer.Step, transfer.Reason) = (step, reason);
        (transfer.Doing, transfer.Tries, transfer.Resumes) = (null, 0, false);
        state.Timers.Cancel(transfer.Timer);
        state.Touch(transfer.Call);
        state.Out.Write(new TransferChanged(step, transfer.Kind, transfer.Sender.Id, transfer.Target?.Id, transfer.To.Queue, transfer.To.Number?.Display, reason)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Happened.Utc,
            Call = transfer.Call.Id,
        });
    }

    private void Handed(Transfer transfer)
    {
        var target = transfer.To.Number?.Display ?? transfer.Target?.Extension?.Number ?? transfer.To.Queue?.ToString() ?? "";
        state.Out.Write(new CallTransferred(transfer.Kind, transfer.Sender.Id, transfer.Target?.Id, target)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Happened.Utc,
            Call = transfer.Call.Id,
        });
    }

    /// <summary>A client's talk that this agent may hand on.</summary>
    private string? Talk(Agent agent, Guid id, out Call? call, out Leg? leg)
    {
        leg = null;
        if ((call = book.Find(id)) is not { } known)
            return "no_such_call";
        leg = agent.Legs.Find(l => ReferenceEquals(l.Call, known) && l.Connected);
        if (leg is null)
            return agent.Legs.Exists(l => ReferenceEquals(l.Call, known)) ? "not_talking" : "not_your_call";
        if (known.Client is not { Live: true, ChannelName.Length: > 0 } client)
            return "no_client";
        if (known.Transfer is { Over: false } || known.Redirect is not null || known.Offer is not null)
            return "transfer_runs";
        if (!Together(leg, client) || state.LegsIn(leg).Count > 2)
            return "not_talking";
        return state.IsUp(known.Node) ? null : "pbx_away";
    }

    /// <summary>Whom that means, and whether it makes sense to ring there now.</summary>
    private string? Resolve(Agent agent, Call call, TransferTarget to, out Agent? target)
    {
        target = null;
        if (to.Agent is { } id)
        {
            if (!state.Agents.TryGetValue(id, out target) || !target.Known)
                return "target_unknown";
        }
        else if (to.Queue is { } queue)
        {
            return state.Queues.TryGetValue(queue, out var known) ? Entrance(known) : "target_unknown";
        }
        else if (to.Number is not { } number)
        {
            return "target_missing";
        }
        else if (PhoneOf(call, number) is { } extension)
        {
            target = extension.Holder;
            if (target is null)
                return Free(extension) is not null ? null : extension.Devices.Exists(d => d.Busy) ? "target_busy" : "target_unreachable";
        }
        else
        {
            return number.Kind == NumberKind.E164 ? null : "number_not_understood";
        }

        return ReferenceEquals(target, agent) ? "to_oneself" : MayRing(call, target);
    }

    private string? Entrance(QueueState queue)
    {
        if (!queue.IsOpen(state.Now.Utc))
            return "queue_closed";
        if (queue.Reachable == 0)
            return "queue_empty";
        return queue.Settings.MostWaiting is { } most && queue.Line.Count >= most ? "queue_full" : null;
    }

    /// <returns>Why their phone cannot be rung for this call now; null when it can.</returns>
    public static string? MayRing(Call call, Agent target)
    {
        if (target.Extension is not { } extension)
            return "target_signed_out";
        if (!string.Equals(extension.Node, call.Node, StringComparison.Ordinal))
            return "target_elsewhere";
        if (target.Offer is not null || target.Legs.Count > 0 || extension.Devices.Exists(d => d.Busy))
            return "target_busy";
        if (target.State == AgentState.Away)
            return "target_away";
        return Free(extension) is null ? "target_unreachable" : null;
    }

    private Extension? PhoneOf(Call call, PhoneNumber number) => state.Extensions.GetValueOrDefault(new NodeKey(call.Node, number.Raw)) is { Devices.Count: > 0 } extension ? extension : null;

    private static Device? Free(Extension extension) => extension.Devices.Exists(d => d.Busy) ? null : extension.Devices.Find(d => !d.Gone);

    private bool Together(Leg a, Leg b) => a.Live && b.Live && a.Bridge is not null && ReferenceEquals(a.Call, b.Call) && state.LegsIn(a).Contains(b);

    private static string ReasonOf(OfferOutcome? outcome) => outcome switch
    {
        OfferOutcome.Busy or OfferOutcome.DoNotDisturb => "busy",
        OfferOutcome.Declined => "declined",
        OfferOutcome.NoAnswer => "no_answer",
        OfferOutcome.Cancelled => "cancelled",
        _ => "unreachable",
    };

    private static string ReasonOf(DialResult? result) => result switch
    {
        DialResult.Busy or DialResult.DoNotDisturb => "busy",
        DialResult.Declined => "declined",
        DialResult.NoAnswer or DialResult.Cancelled => "no_answer",
        _ => "unreachable",
    };
}
