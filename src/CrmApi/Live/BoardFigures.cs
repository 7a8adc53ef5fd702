using CallCrm.Contracts;
using CallCrm.CrmApi.Reports;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// The board's figures, with the definitions of the reports (<see cref="CallFigures"/>). Counted are the calls that entered a queue today, in the
/// site's zone; one target time T for the whole board, the shortest of the queues', so that the percentage and the T beside it belong together.
/// </summary>
internal sealed class BoardFigures(NpgsqlDataSource database, SiteClock clock, Microsoft.Extensions.Options.IOptions<CallFlow.RouterRoadOptions> road, TimeProvider time) : IDisposable
{
    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    static readonly string Sql =
        $"""
        select {CallFigures.Target_s} as target, {CallFigures.Calls}, {CallFigures.Within(CallFigures.Target_s)} as within_target
        from call o where {CallFigures.Queued} and o.queued_at >= @day and o.started_at >= @yesterday;
        select {CallFigures.Handle} from {CallFigures.Legs} where l.ended_at >= @day and l.started_at >= @yesterday;
        select floor(extract(epoch from (queued_at - @day)) / 1800)::int, count(*) from call
        where domain = @domain and queued_at >= @day and started_at >= @yesterday and merged_into is null group by 1 order by 1;
        """;

    readonly SemaphoreSlim reading = new(1);
    (long At, DateOnly Day, Counts Counts, HandleTimes Handle, int[] HalfHours)? last;

    public async Task<BoardFiguresView> NowAsync(LiveState state, CancellationToken cancel)
    {
        var (counts, handle, halfHours) = await CountsAsync(cancel);
        var waiting = state.Calls.Values.Where(c => c.Waits).ToArray();
        var longest = waiting.Length == 0 ? TimeSpan.Zero : time.GetUtcNow() - waiting.Min(c => c.QueuedAt!.Value);
        int In(params ReadOnlySpan<AgentState> states)
        {
            var n = 0;
            foreach (var agent in state.Agents.Values) n += states.Contains(agent.State) ? 1 : 0;
            return n;
        }

        return new BoardFiguresView(waiting.Length, (int)Math.Max(0, longest.TotalSeconds),
            CallFigures.ServiceLevelPercent(counts.WithinTarget, counts.Answered, counts.Abandoned, counts.ShortAbandoned), counts.Target,
            (int)counts.Offered, (int)counts.Answered, (int)counts.Abandoned, (int)counts.ShortAbandoned,
            CallFigures.AbandonPercent(counts.Offered, counts.Abandoned, counts.ShortAbandoned),
            CallFigures.Average_s(counts.Wait_ms ?? 0, counts.Answered), CallFigures.Average_s(handle.Talk_ms + handle.Hold_ms + handle.WrapUp_ms, handle.Handled),
            // Who is ready at a phone that cannot ring takes no calls.
            state.Agents.Values.Count(a => a is { State: AgentState.Ready, Reason: null }), In(AgentState.Talking, AgentState.Ringing, AgentState.Reserved), In(AgentState.WrapUp), In(AgentState.Paused, AgentState.Away),
            state.Agents.Values.Count(a => a.State != AgentState.SignedOut), halfHours);
    }

    /// <summary>At most one query a second, however many ask.</summary>
    async Task<(Counts, HandleTimes, int[])> CountsAsync(CancellationToken cancel)
    {
        await reading.WaitAsync(cancel);
        try
        {
            var today = clock.Today;
            if (last is { } known && known.Day == today && time.GetElapsedTime(known.At) < Fresh) return (known.Counts, known.Handle, known.HalfHours);
            var day = clock.DayStart;
            await using var connection = await database.OpenConnectionAsync(cancel);
            await using var results = await connection.QueryMultipleAsync(new CommandDefinition(Sql, new { domain = road.Value.Domain, day, yesterday = day.AddDays(-1) }, cancellationToken: cancel));
            var counts = await results.ReadSingleAsync<Counts>();
            var handle = await results.ReadSingleAsync<HandleTimes>();
            // 46, 48 or 50 half hours, as the clocks change; those still to come are not there yet.
            var halfHours = new int[(int)Math.Floor((clock.Now - day).TotalMinutes / 30) + 1];
            foreach (var (n, calls) in await results.ReadAsync<(int, long)>())
            {
                if (n >= 0 && n < halfHours.Length) halfHours[n] = (int)calls;
            }

            last = (time.GetTimestamp(), today, counts, handle, halfHours);
            return (counts, handle, halfHours);
        }
        finally
        {
            reading.Release();
        }
    }

    public void Dispose() => reading.Dispose();

    sealed record Counts(int Target, long Offered, long Answered, long Abandoned, long ShortAbandoned, long? Wait_ms, long WithinTarget);

    sealed record HandleTimes(long Handled, long Talk_ms, long Hold_ms, long WrapUp_ms);
}
