using CallCrm.Contracts;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// The board's figures, with the definitions of the report glossary, in this one place. Counted are the calls that entered a queue today, in the
/// site's zone; one target time T for the whole board, the shortest of the queues', so that the percentage and the T beside it belong together.
/// </summary>
internal sealed class BoardFigures(NpgsqlDataSource database, SiteClock clock, Microsoft.Extensions.Options.IOptions<CallFlow.RouterRoadOptions> road, TimeProvider time) : IDisposable
{
    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    /// <summary>Offered: entered a queue. Answered: an agent's leg was bridged. Handle time: talk, hold and wrap-up of the agents' legs that ended today.</summary>
    const string Sql =
        """
        with t as (select coalesce(min(service_level_s), 20) as s from queue where domain = @domain),
        offered as (
          select queued_at, answered_at, wait_ms, outcome from call
          where domain = @domain and queued_at >= @day and started_at >= @yesterday and merged_into is null
        ), legs as (
          select sum(l.talk_ms + coalesce(l.hold_ms, 0) + coalesce(l.wrap_up_ms, 0)) as handle_ms, count(*) as handled
          from call_leg l join call c on c.id = l.call_id and c.domain = @domain and c.queued_at is not null
          where l.agent_id is not null and l.answered_at is not null and l.ended_at >= @day and l.started_at >= @yesterday
        )
        select t.s as target, count(o.queued_at) as offered, count(o.answered_at) as answered,
          count(*) filter (where o.outcome in ('Abandoned', 'ShortAbandon')) as abandoned,
          count(*) filter (where o.outcome = 'ShortAbandon') as short_abandoned,
          count(*) filter (where o.answered_at is not null and o.wait_ms <= t.s * 1000) as within_target,
          sum(o.wait_ms) filter (where o.answered_at is not null) as answered_wait_ms,
          (select handle_ms from legs) as handle_ms, (select handled from legs) as handled
        from t left join offered o on true group by t.s;
        select floor(extract(epoch from (queued_at - @day)) / 1800)::int, count(*) from call
        where domain = @domain and queued_at >= @day and started_at >= @yesterday and merged_into is null group by 1 order by 1;
        """;

    readonly SemaphoreSlim reading = new(1);
    (long At, DateOnly Day, Counts Counts, int[] HalfHours)? last;

    public async Task<BoardFiguresView> NowAsync(LiveState state, CancellationToken cancel)
    {
        var (counts, halfHours) = await CountsAsync(cancel);
        var waiting = state.Calls.Values.Where(c => c.Waits).ToArray();
        var longest = waiting.Length == 0 ? TimeSpan.Zero : time.GetUtcNow() - waiting.Min(c => c.QueuedAt!.Value);
        int In(params ReadOnlySpan<AgentState> states)
        {
            var n = 0;
            foreach (var agent in state.Agents.Values) n += states.Contains(agent.State) ? 1 : 0;
            return n;
        }

        return new BoardFiguresView(waiting.Length, (int)Math.Max(0, longest.TotalSeconds),
            Percent(counts.WithinTarget, counts.Answered + counts.Abandoned - counts.ShortAbandoned), counts.Target,
            (int)counts.Offered, (int)counts.Answered, (int)counts.Abandoned, (int)counts.ShortAbandoned,
            Percent(counts.Abandoned - counts.ShortAbandoned, counts.Offered - counts.ShortAbandoned),
            Average_s(counts.AnsweredWait_ms, counts.Answered), Average_s(counts.Handle_ms, counts.Handled),
            // Who is ready at a phone that cannot ring takes no calls.
            state.Agents.Values.Count(a => a is { State: AgentState.Ready, Reason: null }), In(AgentState.Talking, AgentState.Ringing, AgentState.Reserved), In(AgentState.WrapUp), In(AgentState.Paused, AgentState.Away),
            state.Agents.Values.Count(a => a.State != AgentState.SignedOut), halfHours);
    }

    /// <summary>At most one query a second, however many ask.</summary>
    async Task<(Counts, int[])> CountsAsync(CancellationToken cancel)
    {
        await reading.WaitAsync(cancel);
        try
        {
            var today = clock.Today;
            if (last is { } known && known.Day == today && time.GetElapsedTime(known.At) < Fresh) return (known.Counts, known.HalfHours);
            var day = clock.DayStart;
            await using var connection = await database.OpenConnectionAsync(cancel);
            await using var results = await connection.QueryMultipleAsync(new CommandDefinition(Sql, new { domain = road.Value.Domain, day, yesterday = day.AddDays(-1) }, cancellationToken: cancel));
            var counts = await results.ReadSingleAsync<Counts>();
            // 46, 48 or 50 half hours, as the clocks change; those still to come are not there yet.
            var halfHours = new int[(int)Math.Floor((clock.Now - day).TotalMinutes / 30) + 1];
            foreach (var (n, calls) in await results.ReadAsync<(int, long)>())
            {
                if (n >= 0 && n < halfHours.Length) halfHours[n] = (int)calls;
            }

            last = (time.GetTimestamp(), today, counts, halfHours);
            return (counts, halfHours);
        }
        finally
        {
            reading.Release();
        }
    }

    static decimal? Percent(long part, long whole) => whole <= 0 ? null : Math.Round(100m * part / whole, 1, MidpointRounding.AwayFromZero);

    static int? Average_s(long? sum_ms, long count) => count == 0 ? null : (int)Math.Round((sum_ms ?? 0L) / 1000m / count, MidpointRounding.AwayFromZero);

    public void Dispose() => reading.Dispose();

    sealed record Counts(int Target, long Offered, long Answered, long Abandoned, long ShortAbandoned, long WithinTarget, long? AnsweredWait_ms, long? Handle_ms, long Handled);
}
