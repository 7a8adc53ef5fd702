namespace CallCrm.Contracts;

/// <summary>
/// GET /api/reports?by=queue|agent|number&amp;step=hour|day|whole&amp;period=today|yesterday|last_7_days|this_month (or from=&amp;to=, days, both counted in)&amp;zone=&amp;of=:
/// the figures of docs/reports.md; the same as CSV: /api/reports/csv. Rows in order of time, then name; where nothing happened there is no row.
/// </summary>
/// <param name="Zone">IANA zone in which days and hours are meant.</param>
/// <param name="Total">Over all rows; its service level is for the shortest target of all queues, as on the live board.</param>
/// <param name="More">There are more rows than are given here; the CSV has them all, and the total counts them.</param>
public sealed record ReportView(string By, string Step, DateOnly From, DateOnly To, string Zone, IReadOnlyList<ReportRow> Rows, ReportFigures Total, bool More);

/// <param name="At">When the hour or day began, at the zone's offset of then: an hour that comes twice differs by it.</param>
/// <param name="Id">Of queue or agent; the number as it was dialled. Null: of no queue.</param>
/// <param name="Name">Null: it has none (any more).</param>
public sealed record ReportRow(DateTimeOffset At, string? Id, string? Name, ReportFigures Figures);

/// <summary>Denominator 0 → null. Seconds are whole, rounded after adding up milliseconds.</summary>
/// <param name="ServiceLevel_s">The target T that the percentage is for.</param>
/// <param name="Handled">Conversations of agents that ended: what AHT divides by.</param>
/// <param name="Blocked">Callers who were not let through; they are in no other figure. Not of agents.</param>
/// <param name="OccupancyPercent">Agents only, as Busy_s and Ready_s.</param>
public sealed record ReportFigures(long Offered, long Answered, long Abandoned, long ShortAbandoned, int ServiceLevel_s, decimal? ServiceLevelPercent, decimal? AbandonPercent, int? Asa_s, int? Aht_s,
    long Handled, long Talk_s, long Hold_s, long WrapUp_s, decimal? OccupancyPercent, long Busy_s, long Ready_s, long Missed, long CalledBack, long Blocked = 0);
