namespace CallCrm.Engine;

/// <summary>
/// What agents ask for, and supervisors in their place. Refusals are stable codes: <c>agent_unknown</c>, <c>extension_unknown</c>, <c>not_signed_in</c>, <c>in_call</c>,
/// <c>no_such_call</c>, <c>not_your_call</c>, <c>not_ringing</c>, <c>not_talking</c>, <c>not_possible_here</c>, <c>pbx_away</c>,
/// <c>not_in_wrap_up</c>, <c>not_in_call</c>, <c>nothing_after</c>, <c>already_extended</c>, <c>client_missing</c>, <c>page_gone</c>,
/// <c>phone_busy</c>, <c>phone_unreachable</c>, <c>number_not_understood</c>, <c>own_extension</c>, <c>command_unknown</c>; ready:
/// <c>phone_unregistered</c>, or <c>phone_unregistered_sure</c> where one may go on anyway; places: <c>extension_taken</c>,
/// <c>extension_asked</c>, <c>holder_in_call</c>, <c>no_such_ask</c>, <c>not_your_extension</c>.
/// Of transfers: <c>no_client</c>, <c>transfer_runs</c>, <c>no_transfer</c>, <c>not_answered_yet</c>, <c>target_missing</c>, <c>to_oneself</c>, <c>target_unknown</c>,
/// <c>target_signed_out</c>, <c>target_away</c>, <c>target_busy</c>, <c>target_unreachable</c>, <c>target_elsewhere</c>, <c>queue_closed</c>, <c>queue_full</c>,
/// <c>queue_empty</c>, <c>nobody_free</c>, <c>held_resume_first</c>, <c>phone_holds</c>.
/// To listen: <c>no_extension</c>, <c>extension_taken</c>, <c>other_pbx</c>, <c>own_call</c>, <c>listens_already</c>, <c>not_listening</c>.
/// </summary>
internal sealed class CommandDesk(EngineState state, AgentBoard board, PageWatch pages, OfferDesk offers, CallBook book, Router router, IdentityDesk identity, DialDesk dials,
    TransferDesk transfers, SeatDesk seats, ListenDesk listens)
{
    private const int Remembered = 4096;
    private readonly Dictionary<Guid, EngineEffect.AnswerCommand> _answers = [];
    private readonly Queue<Guid> _order = new();

    public void Take(EngineInput.Command command)
    {
        if (_answers.TryGetValue(command.Id, out var first))
        {
            state.Out.Add(first);
            return;
        }

        var outcome = command is { What: AgentCommand.EndCall end, By: not null }
            ? new CommandOutcome(EndCall(end.Call))
            : state.Agents.TryGetValue(command.Agent, out var agent) && agent.Known
            ? command.By is { } by ? new(DoFor(agent, by, command)) : seats.Do(agent, command.Id, command.What) ?? new CommandOutcome(Do(agent, command))
            : new CommandOutcome("agent_unknown");
        var answer = new EngineEffect.AnswerCommand(command.Id, outcome.Refusal is null, outcome.Refusal, outcome.Other);
        _answers.Add(command.Id, answer);
        _order.Enqueue(command.Id);
        if (_order.Count > Remembered)
            _answers.Remove(_order.Dequeue());
        state.Out.Add(answer);
    }

    private string? Do(Agent agent, EngineInput.Command command)
    {
        var what = command.What;
        if (what is not AgentCommand.AttachClient && agent.Extension is null)
            return "not_signed_in";
        pages.Return(agent);
        return what switch
        {
            AgentCommand.SignOut => SignOut(agent, null),
            AgentCommand.SignOutAfter => SignOutAfter(agent),
            AgentCommand.KeepOn => KeepOn(agent),
            AgentCommand.Ready ready => Ready(agent, ready.Anyway),
            AgentCommand.Pause pause => Pause(agent, pause.Reason),
            AgentCommand.Answer answer => Answer(agent, answer.Call),
            AgentCommand.HangUp hangUp => HangUp(agent, hangUp.Call),
            AgentCommand.TurnAway away => TurnAway(agent, away.Call),
            AgentCommand.Hold hold => Hold(agent, hold.Call, holds: true),
            AgentCommand.Resume resume => Hold(agent, resume.Call, holds: false),
            AgentCommand.FinishWrapUp finish => FinishWrapUp(agent, finish.Call),
            AgentCommand.ExtendWrapUp extend => ExtendWrapUp(agent, extend.Call),
            AgentCommand.AttachClient attach => Attach(agent, attach),
            AgentCommand.Dial dial => dials.Dial(agent, command.Id, dial),
            AgentCommand.Transfer transfer => transfers.Send(agent, transfer.Call, transfer.To),
            AgentCommand.Consult consult => transfers.Consult(agent, consult.Call, consult.To),
            AgentCommand.Swap swap => transfers.Swap(agent, swap.Call),
            AgentCommand.Join join => transfers.Join(agent, join.Call),
            AgentCommand.CancelTransfer cancel => transfers.Cancel(agent, cancel.Call),
            AgentCommand.CompleteTransfer complete => transfers.Complete(agent, complete.Call),
            _ => "command_unknown",
        };
    }

    /// <summary>By a supervisor: what steers the load. The agent is told by the reason.</summary>
    private string? DoFor(Agent agent, Guid by, EngineInput.Command command)
    {
        const string Reason = "by_supervisor";
        var what = command.What;
        if (what is AgentCommand.Listen listen)
            return listens.Listen(agent, by, command.Id, listen);
        if (what is AgentCommand.StopListening stop)
            return listens.Stop(by, stop.Call);
        if (agent.Extension is null)
            return "not_signed_in";
        return what switch
        {
            AgentCommand.SignOut => SignOut(agent, Reason),
            // Nobody can take a call whose page is not there.
            AgentCommand.Ready => agent.Away ? "page_gone" : Ready(agent, anyway: false),
            AgentCommand.Pause => Pause(agent, Reason),
            _ => "command_unknown",
        };
    }

    /// <summary>An offer goes to somebody else; a live call stays theirs.</summary>
    public string? SignOut(Agent agent, string? reason)
    {
        var offer = agent.Offer;
        if (offer is { Observed: true })
        {
            offers.End(offer, OfferOutcome.Cancelled, null);
        }
        else if (offer is not null)
        {
            var (call, stage) = (offer.Call, offer.Stage);
            if (transfers.TargetFailed(offer, OfferOutcome.Cancelled))
            {
                board.SignOut(agent, reason);
                return null;
            }

            offers.End(offer, OfferOutcome.Cancelled, null);
            call.Refusals.Add(new Refusal(agent, state.Now.Stamp));
            if (stage >= OfferStage.Sent && call.Request is null)
                router.SendOn(call, null, unlessBridged: true);
        }

        board.SignOut(agent, reason);
        return null;
    }

    private string? SignOutAfter(Agent agent)
    {
        if (!AgentRules.IsInCall(agent))
            return "not_in_call";
        agent.Leaves = true;
        board.Refresh(agent);
        return null;
    }

    /// <summary>Takes back what was to come after the call: the sign-out, else the pause.</summary>
    private string? KeepOn(Agent agent)
    {
        if (!AgentRules.IsInCall(agent) || (!agent.Leaves && agent.Pause is null))
            return "nothing_after";
        if (!agent.Leaves)
            agent.Pause = null;
        agent.Leaves = false;
        board.Refresh(agent);
        return null;
    }

    private string? Ready(Agent agent, bool anyway)
    {
        var mayAnyway = state.Options.ReadyWithoutPhone;
        if (agent is { Extension: { } extension, Offer: null, Legs.Count: 0 } && AgentRules.IsRegistered(extension, state.IsUp(extension.Node)) == false && !(anyway && mayAnyway))
            return mayAnyway ? "phone_unregistered_sure" : "phone_unregistered";
        agent.Pause = null;
        agent.Leaves = false;
        agent.Unanswered = 0;
        board.EndBackOff(agent);
        board.EndWrapUp(agent);
        board.Refresh(agent);
        return null;
    }

    private string? Pause(Agent agent, string reason)
    {
        agent.Pause = string.IsNullOrWhiteSpace(reason) ? "pause" : reason;
        agent.Leaves = false;
        board.Refresh(agent);
        return null;
    }

    private string? Answer(Agent agent, Guid id)
    {
        if (book.Find(id) is not { } call)
            return "no_such_call";
        if (agent.Offer is not { } offer || !ReferenceEquals(offer.Call, call))
            return OwnLeg(agent, call) is null ? "not_your_call" : "not_ringing";
        if (!offer.Rang)
            return "not_ringing";
        if (!state.CanAnswer(call.Node, offer.Device, call.Routed))
            return "not_possible_here";
        if (!state.IsUp(call.Node))
            return "pbx_away";
        if (offer.Device.AutoAnswer)
        {
            // Whoever lifted the receiver meanwhile is left alone.
            offer.Lift ??= call.Client is { Live: true } caller ? state.Out.Act(call.Node, new PbxAction.Redirect(caller.ChannelName, UnlessBridged: true), null) : null;
            return null;
        }

        state.Out.Act(call.Node, new PbxAction.Answer(offer.Device.Name, offer.Leg?.ChannelName), null);
        return null;
    }

    private string? HangUp(Agent agent, Guid id)
    {
        if (book.Find(id) is not { } call)
            return "no_such_call";
        if (OwnLeg(agent, call) is not { } leg)
            return agent.Offer is { } offer && ReferenceEquals(offer.Call, call) ? "not_ringing" : "not_your_call";
        if (!state.IsUp(call.Node))
            return "pbx_away";
        if ((leg.Answered || leg.Dials) && call.By == EndedBy.Unknown)
            call.By = EndedBy.Agent;
        if (leg is { Clicked: true, InAmi: false })
        {
            leg.Unwanted = true;
            return null;
        }

        // 21, call rejected: a ringing phone declines. 16, normal clearing.
        var talks = leg.Answered || leg.Dials;
        foreach (var own in agent.Legs)
        {
            if (ReferenceEquals(own.Call, call) && (ReferenceEquals(own, leg) || !talks))
                state.Out.Act(call.Node, new PbxAction.HangUp(own.ChannelName, talks ? 16 : 21), null);
        }

        return null;
    }

    /// <summary>
    /// Everybody in it is hung up, the client first, so that nobody else is rung. What is stuck is one of which the PBX knows nothing any more:
    /// its snapshot tells, and closes it.
    /// </summary>
    private string? EndCall(Guid id)
    {
        if (book.Find(id) is not { Ended: false } call)
            return "no_such_call";
        if (!state.IsUp(call.Node))
            return "pbx_away";
        (call.Unwanted, call.By) = (true, EndedBy.System);
        foreach (var leg in call.Legs.Where(l => l.Live).OrderByDescending(l => l.IsClient))
        {
            if (leg is { Clicked: true, InAmi: false })
                leg.Unwanted = true;
            else if (leg.ChannelName.Length > 0)
                state.Out.Act(leg.Id.Node, new PbxAction.HangUp(leg.ChannelName, 16), null);
        }

        state.Touch(call);
        state.Out.Add(new EngineEffect.Look(call.Node));
        return null;
    }

    /// <summary>In talk: ends it. While it rings: ends it for the caller, who is offered to nobody else.</summary>
    private string? TurnAway(Agent agent, Guid id)
    {
        if (book.Find(id) is not { } call)
            return "no_such_call";
        var leg = OwnLeg(agent, call);
        if (leg is { Answered: true } or { Dials: true })
            return HangUp(agent, id);
        if (leg is null && !(agent.Offer is { } offer && ReferenceEquals(offer.Call, call)))
            return "not_your_call";
        if (call is not { Direction: CallDirection.Inbound, AnsweredAt: null, Client: { Live: true, ChannelName.Length: > 0 } })
            return "not_possible_here";
        if (!state.IsUp(call.Node))
            return "pbx_away";
        if (!call.Unwanted)
            router.TurnAway(call, agent);
        return null;
    }

    private string? Hold(Agent agent, Guid id, bool holds)
    {
        if (book.Find(id) is not { } call)
            return "no_such_call";
        if (OwnLeg(agent, call) is not { } leg)
            return "not_your_call";
        if (!leg.Connected || leg.Holding == holds)
            return "not_talking";
        if (state.FindDevice(leg.Id.Node, leg.Device) is not { } device || !state.CanHold(call.Node, device))
            return "not_possible_here";
        if (!state.IsUp(call.Node))
            return "pbx_away";
        state.Out.Act(call.Node, holds ? new PbxAction.Hold(device.Name, leg.ChannelName) : new PbxAction.Answer(device.Name, leg.ChannelName), null);
        return null;
    }

    private string? FinishWrapUp(Agent agent, Guid id)
    {
        if (!WrapsUp(agent, id))
            return "not_in_wrap_up";
        board.EndWrapUp(agent);
        board.Refresh(agent);
        return null;
    }

    private string? ExtendWrapUp(Agent agent, Guid id)
    {
        if (!WrapsUp(agent, id))
            return "not_in_wrap_up";
        if (agent.WrapUp!.Extended)
            return "already_extended";
        board.ExtendWrapUp(agent);
        return null;
    }

    private string? Attach(Agent agent, AgentCommand.AttachClient attach)
    {
        if (book.Find(attach.Call) is not { } call)
            return "no_such_call";
        if (attach.Client == default)
            return "client_missing";
        var own = WrapsUp(agent, attach.Call) || (agent.Offer is { } offer && ReferenceEquals(offer.Call, call));
        foreach (var leg in call.Legs)
            own |= ReferenceEquals(leg.Agent, agent);
        if (!own)
            return "not_your_call";
        book.Announce(call);
        identity.Attach(call, attach.Client, agent);
        return null;
    }

    private bool WrapsUp(Agent agent, Guid id) => agent.WrapUp is { } wrapUp && (wrapUp.Call == id || (book.Find(id) is { } call && ReferenceEquals(book.Find(wrapUp.Call), call)));

    private static Leg? OwnLeg(Agent agent, Call call)
    {
        Leg? ringing = null;
        foreach (var leg in agent.Legs)
        {
            if (!ReferenceEquals(leg.Call, call))
                continue;
            if (leg.Answered || leg.Dials)
                return leg;
            ringing ??= leg;
        }

        return ringing;
    }
}
