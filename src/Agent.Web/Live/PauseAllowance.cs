using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Live;

/// <summary>How much of a pause reason's minutes a person has used today. Exceeding is shown, nothing more.</summary>
public readonly record struct PauseAllowance(PauseReasonView Reason, TimeSpan Used)
{
    public TimeSpan? Allowed => Reason.Allowance_min is { } minutes ? TimeSpan.FromMinutes(minutes) : null;

    public TimeSpan? Left => Allowed is { } allowed && allowed > Used ? allowed - Used : Allowed is null ? null : TimeSpan.Zero;

    public bool Over => Allowed is { } allowed && Used > allowed;

    /// <summary>What is over, and the pause that runs, as far as it lies in this day.</summary>
    public static PauseAllowance Of(PauseReasonView reason, IReadOnlyList<PauseUseView>? over, string state, string? running, DateTimeOffset since, DateTimeOffset? day, DateTimeOffset now)
    {
        var used = TimeSpan.FromSeconds(over?.FirstOrDefault(p => p.Code == reason.Code)?.Used_s ?? 0);
        if (state != "Paused" || running != reason.Code)
            return new PauseAllowance(reason, used);
        var from = day is { } start && start > since ? start : since;
        return new PauseAllowance(reason, now > from ? used + (now - from) : used);
    }

    public static PauseAllowance Of(PauseReasonView reason, AgentStateView me, TodayView? today, DateTimeOffset now) =>
        Of(reason, today?.Pauses, me.State, me.Reason, me.Since, today?.DayStart, now);

    /// <summary>The reasons this agent is over, by the most.</summary>
    public static IReadOnlyList<PauseAllowance> OverOf(CatalogView? catalog, AgentTileView agent, DateTimeOffset now) =>
    [
        .. (catalog?.PauseReasons ?? []).Select(r => Of(r, agent.Pauses, agent.State, agent.Reason, agent.Since, agent.DayStart, now))
            .Where(a => a.Over).OrderByDescending(a => a.Used - a.Allowed),
    ];
}
