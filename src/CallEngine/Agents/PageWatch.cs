namespace CallCrm.Engine;

/// <summary>
/// Who has a page open. An agent is there when any reporter's latest word has them, and gone only when a living reporter's lacks
/// them: a reporter that falls silent (its process restarts) takes nobody away, and the minute counts from the word of one that lives.
/// </summary>
internal sealed class PageWatch(EngineState state, AgentBoard board)
{
    /// <summary>Reports come at least every 10 s; one who missed two is not living.</summary>
    private static readonly TimeSpan Living = TimeSpan.FromSeconds(25);
    private readonly SortedDictionary<string, (TimeSpan At, EngineInput.PagesReported Report)> _reports = new(StringComparer.Ordinal);

    public void Take(EngineInput.PagesReported report)
    {
        // Pages come back to a process that was gone within seconds, not within what was left of a minute.
        var silent = !AnyLives();
        _reports[report.Reporter] = (state.Now.Stamp, report);
        foreach (var agent in state.AgentOrder)
        {
            if (agent.Extension is null || !agent.NeedsPage)
                continue;
            if (IsSeen(agent.Id))
                Return(agent);
            else
                Miss(agent, anew: silent);
        }
    }

    /// <summary>A command from the page is a page, too.</summary>
    public void Return(Agent agent)
    {
        if (agent.PageGoneSince is null && !agent.Away)
            return;
        agent.PageGoneSince = null;
        agent.Away = false;
        state.Timers.Cancel(agent.PageTimer);
        board.Refresh(agent);
    }

    public void GraceOver(Agent agent)
    {
        // With nobody to tell it is not known; the next report begins the minute anew.
        if (agent.PageGoneSince is null || !agent.NeedsPage || !AnyLives())
            return;
        agent.Away = true;
        board.Refresh(agent);
    }

    public bool IsSeen(Guid agent)
    {
        foreach (var (at, report) in _reports.Values)
        {
            if (state.Now.Stamp - at <= Living && report.Agents.Contains(agent))
                return true;
        }

        return false;
    }

    private bool AnyLives()
    {
        foreach (var (at, _) in _reports.Values)
        {
            if (state.Now.Stamp - at <= Living)
                return true;
        }

        return false;
    }

    private void Miss(Agent agent, bool anew)
    {
        if (agent.PageGoneSince is not null && !anew)
            return;
        agent.PageGoneSince = state.Now.Stamp;
        state.Timers.Set(agent.PageTimer ??= new EngineTimer(TimerKind.PageGrace, agent), state.Now.Stamp + state.Options.PageGrace);
    }
}
