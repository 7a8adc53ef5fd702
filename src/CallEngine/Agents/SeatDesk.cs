namespace CallCrm.Engine;

/// <summary>
/// Who sits where. A free extension is taken by sitting down; for a held one its holder is asked, and a question ends by the first of:
/// <code>
/// Allowed, Refused  the holder's word
/// Left              the holder signed out or sat down elsewhere: who asked has the place
/// InCall            the holder talks; or rings, or talks, when the time is over: a live call stays with its agent
/// Withdrawn         the asker wants it no more, has another place, is in a call or gone themselves; or the extension went
/// Unanswered        the time is over: who asks stands there, the holder does not
/// </code>
/// A holder without a page cannot be asked: the place is given at once (NobodyThere). One question for a place, and one of an asker, at a time.
/// Refusals: see <see cref="CommandDesk"/>; <c>extension_taken</c>, <c>extension_asked</c> and <c>holder_in_call</c> name the other one.
/// </summary>
internal sealed class SeatDesk(EngineState state, AgentBoard board, PageWatch pages)
{
    /// <returns>Null: this is no command about a place.</returns>
    public CommandOutcome? Do(Agent agent, Guid id, AgentCommand what) => what switch
    {
        AgentCommand.SignIn command => SignIn(agent, command),
        AgentCommand.TakeOver command => TakeOver(agent, id, command),
        AgentCommand.AnswerSeat command => Answer(agent, command),
        AgentCommand.WithdrawSeat command => Withdraw(agent, command.Ask),
        _ => null,
    };

    /// <summary>After each step: what the questions wait for may have happened.</summary>
    public void Settle()
    {
        // Who gets a place leaves another, for which somebody may wait.
        for (var i = 0; i < state.SeatAsks.Count;)
            i = Look(state.SeatAsks[i]) ? 0 : i + 1;
    }

    public void TimeOver(SeatAsk ask)
    {
        if (IsInLiveCall(ask.Holder))
            End(ask, SeatOutcome.InCall);
        // Nobody is there to sit down.
        else if (ask.Asker.NeedsPage && !pages.IsSeen(ask.Asker.Id))
            End(ask, SeatOutcome.Withdrawn);
        else
            Give(ask, SeatOutcome.Unanswered);
    }

    /// <summary>As the journal had it when the last router ended.</summary>
    public void PutBack(RestoredSeatAsk row)
    {
        if (state.Agents.GetValueOrDefault(row.Asker) is not { Known: true } asker || state.Agents.GetValueOrDefault(row.Holder) is not { } holder
            || state.Extensions.GetValueOrDefault(new NodeKey(row.Node, row.Extension)) is not { } extension || !ReferenceEquals(holder.Extension, extension))
        {
            Write(row.Ask, row.Node, row.Extension, row.Asker, row.Holder, SeatOutcome.Withdrawn);
            return;
        }

        var rest = row.Until > state.Now.Utc ? row.Until - state.Now.Utc : TimeSpan.Zero;
        Wait(new SeatAsk(row.Ask, asker, holder, extension, row.Until) { From = asker.Extension }, rest < state.Options.SeatAnswerWithin ? rest : state.Options.SeatAnswerWithin);
    }

    /// <summary>Not ready yet (paused, "signed_in"): who sits down says so when they are.</summary>
    private CommandOutcome SignIn(Agent agent, AgentCommand.SignIn command)
    {
        if (!state.Extensions.TryGetValue(new NodeKey(command.Node, command.Extension), out var extension))
            return new("extension_unknown");
        if (Refusal(agent, extension) is { } own)
            return own;
        if (extension.Holder is { } holder)
            return new("extension_taken", holder.Id);
        Sit(agent, extension);
        return CommandOutcome.Done;
    }

    private CommandOutcome TakeOver(Agent agent, Guid id, AgentCommand.TakeOver command)
    {
        if (!state.Extensions.TryGetValue(new NodeKey(command.Node, command.Extension), out var extension))
            return new("extension_unknown");
        if (Refusal(agent, extension) is { } own)
            return own;
        if (extension.Holder is not { } holder)
        {
            Sit(agent, extension);
            return CommandOutcome.Done;
        }

        // Somebody was quicker: they are not asked in place of the one who was seen there.
        if (holder.Id != command.Holder)
            return new("extension_taken", holder.Id);
        if (AskFor(extension) is { } other)
            return ReferenceEquals(other.Asker, agent) ? CommandOutcome.Done : new("extension_asked", other.Asker.Id);
        if (IsInLiveCall(holder))
            return new("holder_in_call", holder.Id);
        if (state.SeatAsks.Find(a => ReferenceEquals(a.Asker, agent)) is { } earlier)
            End(earlier, SeatOutcome.Withdrawn);
        if (!pages.IsSeen(holder.Id))
        {
            Write(id, extension.Node, extension.Number, agent.Id, holder.Id, SeatOutcome.NobodyThere);
            board.SignOut(holder, "taken_over");
            Sit(agent, extension);
            return CommandOutcome.Done;
        }

        var ask = new SeatAsk(id, agent, holder, extension, state.Now.Utc + state.Options.SeatAnswerWithin) { From = agent.Extension };
        Wait(ask, state.Options.SeatAnswerWithin);
        state.Out.Write(new SeatAsked(id, extension.Node, extension.Number, agent.Id, holder.Id, ask.UntilUtc) { Seq = state.Out.TakeSeq(), At = state.Now.Utc });
        return CommandOutcome.Done;
    }

    private CommandOutcome Answer(Agent agent, AgentCommand.AnswerSeat command)
    {
        if (state.SeatAsks.Find(a => a.Id == command.Ask) is not { } ask)
            return new("no_such_ask");
        if (!ReferenceEquals(ask.Holder, agent))
            return new("not_your_extension");
        pages.Return(agent);
        if (!command.Allows)
            End(ask, SeatOutcome.Refused);
        else if (IsInLiveCall(agent))
            return new("in_call");
        else
            Give(ask, SeatOutcome.Allowed);
        return CommandOutcome.Done;
    }

    private CommandOutcome Withdraw(Agent agent, Guid id)
    {
        if (state.SeatAsks.Find(a => a.Id == id && ReferenceEquals(a.Asker, agent)) is not { } ask)
            return new("no_such_ask");
        End(ask, SeatOutcome.Withdrawn);
        return CommandOutcome.Done;
    }

    /// <returns>What needs no look at the holder: they sit there already, or cannot move now. Null: look at the holder.</returns>
    private CommandOutcome? Refusal(Agent agent, Extension extension)
    {
        if (ReferenceEquals(agent.Extension, extension))
        {
            pages.Return(agent);
            return CommandOutcome.Done;
        }

        return IsInLiveCall(agent) ? new CommandOutcome("in_call") : null;
    }

    private void Sit(Agent agent, Extension extension)
    {
        if (agent.Extension is { } old)
            old.Holder = null;
        agent.Extension = extension;
        extension.Holder = agent;
        agent.Pause = "signed_in";
        agent.Leaves = false;
        agent.Away = false;
        agent.PageGoneSince = null;
        agent.Unanswered = 0;
        board.EndBackOff(agent);
        board.EndWrapUp(agent);
        board.Refresh(agent);
    }

    /// <returns>Whether it ended.</returns>
    private bool Look(SeatAsk ask)
    {
        if (!ReferenceEquals(state.Extensions.GetValueOrDefault(new NodeKey(ask.Extension.Node, ask.Extension.Number)), ask.Extension)
            || !ask.Asker.Known || !ReferenceEquals(ask.Asker.Extension, ask.From))
            End(ask, SeatOutcome.Withdrawn);
        else if (ask.Extension.Holder is null)
            Give(ask, SeatOutcome.Left);
        else if (!ReferenceEquals(ask.Extension.Holder, ask.Holder))
            End(ask, SeatOutcome.Withdrawn);
        else if (ask.Holder.State == AgentState.Talking)
            End(ask, SeatOutcome.InCall);
        else
            return false;
        return true;
    }

    private void Give(SeatAsk ask, SeatOutcome outcome)
    {
        if (IsInLiveCall(ask.Asker))
        {
            End(ask, SeatOutcome.Withdrawn);
            return;
        }

        End(ask, outcome);
        if (ask.Extension.Holder is { } holder)
            board.SignOut(holder, "taken_over");
        Sit(ask.Asker, ask.Extension);
    }

    private void Wait(SeatAsk ask, TimeSpan length)
    {
        state.SeatAsks.Add(ask);
        state.Timers.Set(ask.Timer = new EngineTimer(TimerKind.SeatAsk, ask), state.Now.Stamp + length);
    }

    private void End(SeatAsk ask, SeatOutcome outcome)
    {
        state.SeatAsks.Remove(ask);
        state.Timers.Cancel(ask.Timer);
        Write(ask.Id, ask.Extension.Node, ask.Extension.Number, ask.Asker.Id, ask.Holder.Id, outcome);
    }

    private void Write(Guid ask, string node, string extension, Guid asker, Guid holder, SeatOutcome outcome) =>
        state.Out.Write(new SeatAnswered(ask, node, extension, asker, holder, outcome) { Seq = state.Out.TakeSeq(), At = state.Now.Utc });

    private SeatAsk? AskFor(Extension extension) => state.SeatAsks.Find(a => ReferenceEquals(a.Extension, extension));

    /// <summary>A ring counts.</summary>
    private static bool IsInLiveCall(Agent agent) => agent.Offer is not null || agent.Legs.Count > 0;
}

/// <summary>What became of a command: taken (no code), or why not and, where somebody stands in the way, who.</summary>
internal readonly record struct CommandOutcome(string? Refusal, Guid? Other = null)
{
    public static CommandOutcome Done => default;
}
