namespace CallCrm.CrmApi.Reports;

/// <summary>What the figures of board and reports mean, in this one place; in words: docs/reports.md.</summary>
internal static class CallFigures
{
    /// <summary>T of figures over several queues: the shortest of theirs, so that the percentage and the T beside it belong together.</summary>
    public const string Target_s = "(select coalesce(min(service_level_s), 20) from queue where domain = @domain)";

    /// <summary>Over calls <c>o</c> that entered a queue: all of them, who was answered, who left first, and of these who left at once.</summary>
    public const string Calls =
        """
        count(*) as offered, count(o.answered_at) as answered,
        count(*) filter (where o.outcome in ('Abandoned', 'ShortAbandon')) as abandoned, count(*) filter (where o.outcome = 'ShortAbandon') as short_abandoned,
        sum(o.wait_ms) filter (where o.answered_at is not null) as wait_ms
        """;

    /// <summary>
    /// Calls <c>o</c> that entered a queue; what became part of another call is counted there. Who was blocked while waiting was not offered in earnest, and whom an agent
    /// called and then handed into a queue came to nobody's door.
    /// </summary>
    public const string Queued = "o.domain = @domain and o.queued_at is not null and o.direction <> 'Outbound' and o.merged_into is null and o.outcome is distinct from 'Blocked'";

    /// <summary>Calls <c>o</c> that were not let through, in the line or before it.</summary>
    public const string Blocked = "o.domain = @domain and o.outcome = 'Blocked' and o.merged_into is null and o.started_at >= @from and o.started_at < @to";

    /// <summary>Agents' legs <c>l</c> of calls that entered a queue: with their talk, hold and wrap-up they count when they end.</summary>
    public const string Legs = "call_leg l join call c on c.id = l.call_id and c.domain = @domain and c.queued_at is not null and c.direction <> 'Outbound' and l.agent_id is not null and l.answered_at is not null";

    public const string Handle =
        "count(*) as handled, coalesce(sum(l.talk_ms), 0) as talk_ms, coalesce(sum(l.hold_ms), 0) as hold_ms, coalesce(sum(l.wrap_up_ms), 0) as wrap_up_ms";

    /// <summary>
    /// Whole seconds of milliseconds, half a second up. The call log shows an agent's talk and hold in a call so, a call's as the sum over its agents, and the reports sum these seconds:
    /// what one adds up in the log is what stands in the report.
    /// </summary>
    public static string Shown_s(string column_ms) => $"({column_ms} + 500) / 1000";

    public static int Shown_s(int span_ms) => (span_ms + 500) / 1000;

    /// <summary>Beside <see cref="Handle"/>.</summary>
    public static readonly string Spoken = $"coalesce(sum({Shown_s("l.talk_ms")}), 0) as talk_s, coalesce(sum({Shown_s("l.hold_ms")}), 0) as hold_s, coalesce(sum({Shown_s("l.wrap_up_ms")}), 0) as wrapped_s";

    /// <summary>Calls <c>c</c> from outside that the PBX led by itself: observed ones, and those it served while we gave no route.</summary>
    public const string Led = "c.direction = 'Inbound' and c.queued_at is null and c.decision is null";

    /// <summary>An agent's leg <c>l</c> in which somebody was spoken with; between colleagues nobody is the client who was answered.</summary>
    public const string Conversation = "l.agent_id is not null and (l.answered_at is not null or l.talk_ms > 0)";

    /// <summary>Conversations <c>l</c> of agents in calls <c>c</c> of every kind.</summary>
    public const string AllLegs = $"call_leg l join call c on c.id = l.call_id and c.domain = @domain and {Conversation}";

    /// <summary>Calls <c>o</c> answered within T seconds.</summary>
    public static string Within(string target_s) => $"count(*) filter (where o.answered_at is not null and o.wait_ms <= {target_s} * 1000)";

    public static decimal? ServiceLevelPercent(long within, long answered, long abandoned, long shortAbandoned) => Percent(within, answered + abandoned - shortAbandoned);

    public static decimal? AbandonPercent(long offered, long abandoned, long shortAbandoned) => Percent(abandoned - shortAbandoned, offered - shortAbandoned);

    public static decimal? OccupancyPercent(decimal busy_ms, decimal ready_ms) => Percent(busy_ms, busy_ms + ready_ms);

    /// <summary>Of the missed callers whose time to be called back is over, or who were called back within it.</summary>
    public static decimal? InTimePercent(long inTime, long late) => Percent(inTime, inTime + late);

    /// <summary>From the first miss to our call that reached them, on average.</summary>
    public static int? CallBack_s(decimal sum_s, long calledBack) => calledBack == 0 ? null : (int)Math.Round(sum_s / calledBack, MidpointRounding.AwayFromZero);

    public static int? Average_s(long sum_ms, long count) => count == 0 ? null : (int)Math.Round(sum_ms / 1000m / count, MidpointRounding.AwayFromZero);

    public static long Whole_s(decimal sum_ms) => (long)Math.Round(sum_ms / 1000m, MidpointRounding.AwayFromZero);

    static decimal? Percent(decimal part, decimal whole) => whole <= 0 ? null : Math.Round(100m * part / whole, 1, MidpointRounding.AwayFromZero);
}
