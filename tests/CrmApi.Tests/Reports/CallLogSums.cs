using CallCrm.Contracts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Reports;

/// <summary>The reports once more, added up call by call from the rows of the log; it shares nothing with the code it checks.</summary>
sealed class CallLogSums
{
    sealed record Call(Guid Id, string Direction, bool Decided, Guid? QueueId, Guid? AgentId, string DialledRaw, string? DialledE164, DateTimeOffset StartedAt, DateTimeOffset? QueuedAt, DateTimeOffset? AnsweredAt, string? Outcome, int? WaitMs, Guid? MergedInto);

    sealed record Leg(Guid CallId, Guid? AgentId, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? EndedAt, int? TalkMs, int? HoldMs, int? WrapUpMs);

    sealed record Offer(Guid CallId, Guid AgentId, DateTimeOffset OfferedAt, string Rule, string? Outcome);

    sealed record Span(Guid AgentId, string State, string? Reason, DateTimeOffset FromAt, long SpanMs);

    sealed record Now(Guid AgentId, string State, string? Reason, DateTimeOffset Since);

    sealed record Miss(Guid CallId, Guid? NumberId, Guid? QueueId, string Kind, DateTimeOffset MissedAt, DateTimeOffset? ReachedAt, Guid? ReachedCall, string? ReachedBy);

    sealed record Done(Guid NumberId, DateTimeOffset At);

    sealed record Caller(Miss First, DateTimeOffset? ClosedAt, bool Called, Guid? ReachedCall);

    sealed class Sum
    {
        public long Offered, Answered, Abandoned, Short, Waited, Within, WithinShortest, Handled, Missed, Back, Out, Reached, Seen, Led, Inside, InTime, Late;
        public long Wait, Handle, Talk, Hold, WrapUp, OutTalk, LedTalk, InsideTalk;
        public TimeSpan Busy, Ready, ToBack;
    }

    readonly Dictionary<Guid, Call> calls;
    readonly List<Leg> legs;
    readonly List<Offer> offers;
    readonly List<Span> spans;
    readonly List<Miss> misses;
    readonly ILookup<Guid, Done> done;
    readonly Dictionary<Guid, (string Name, int Target)> queues;
    readonly Dictionary<Guid, string> people;
    readonly Dictionary<string, string> numbers;
    readonly int shortest;
    readonly DateTimeOffset now;

    CallLogSums(SqlMapper.GridReader r, DateTimeOffset now)
    {
        this.now = now;
        calls = r.Read<Call>().ToDictionary(c => c.Id);
        legs = [.. r.Read<Leg>()];
        offers = [.. r.Read<Offer>()];
        spans = [.. r.Read<Span>(), .. r.Read<Now>().Select(s => new Span(s.AgentId, s.State, s.Reason, s.Since, (long)(now - s.Since).TotalMilliseconds))];
        misses = [.. r.Read<Miss>()];
        done = r.Read<Done>().ToLookup(d => d.NumberId);
        queues = r.Read<(Guid Id, string Name, int Target)>().ToDictionary(q => q.Id, q => (q.Name, q.Target));
        people = r.Read<(Guid Id, string Name)>().ToDictionary(p => p.Id, p => p.Name);
        numbers = r.Read<(string Number, string Name)>().ToDictionary(n => n.Number, n => n.Name);
        shortest = queues.Count == 0 ? 20 : queues.Values.Min(q => q.Target);
    }

    public static async Task<CallLogSums> ReadAsync(NpgsqlDataSource database, DateTimeOffset now)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var results = await connection.QueryMultipleAsync(
            """
            select id, direction, decision is not null as decided, queue_id, agent_id, dialled_raw, dialled_e164, started_at, queued_at, answered_at, outcome, wait_ms, merged_into from call;
            select call_id, agent_id, started_at, answered_at, ended_at, talk_ms, hold_ms, wrap_up_ms from call_leg;
            select call_id, agent_id, offered_at, rule, outcome from offer;
            select agent_id, state, reason, from_at, span_ms from agent_state_span;
            select agent_id, state, reason, since from agent_state;
            select call_id, number_id, queue_id, kind, missed_at, reached_at, reached_call, reached_by from missed_call;
            select number_id, at from missed_done;
            select id, name, service_level_s from queue;
            select id, name from app_user;
            select number, name from dialled_number;
            """);
        return new CallLogSums(results, now);
    }

    public int Calls => calls.Count;

    public (List<ReportRow> Rows, ReportFigures Total) Report(string by, string step, DateOnly from, DateOnly to, TimeZoneInfo zone)
    {
        var sums = new Dictionary<(DateTimeOffset At, string Key), Sum>();
        var total = new Sum();
        void Count(DateTimeOffset at, string key, Action<Sum> count)
        {
            var day = Day(at, zone);
            if (day < from || day > to) return;
            var begins = step switch { "whole" => Midnight(from, zone), "day" => Midnight(day, zone), _ => Hour(at, zone) };
            if (!sums.TryGetValue((begins, key), out var sum)) sums[(begins, key)] = sum = new Sum();
            count(sum);
            count(total);
        }

        if (by == "agent") CountAgents(Count, step, zone, from, to);
        else CountCalls(Count, by, zone, from, to);
        CountLegs(Count, by);
        // What a sum is for differs: a line is of its own queue's target, the total of the shortest.
        total.Within = total.WithinShortest;
        return ([.. sums.Select(s => new ReportRow(s.Key.At, s.Key.Key.Length > 0 ? s.Key.Key : null, Name(by, s.Key.Key), Figures(s.Value, Target(by, s.Key.Key))))], Figures(total, shortest));
    }

    string? Name(string by, string key) => by switch
    {
        "queue" => Guid.TryParse(key, out var q) && queues.TryGetValue(q, out var queue) ? queue.Name : null,
        "agent" => people.GetValueOrDefault(Guid.Parse(key)),
        _ => numbers.GetValueOrDefault(key),
    };

    int Target(string by, string key) => by == "queue" && Guid.TryParse(key, out var q) && queues.TryGetValue(q, out var queue) ? queue.Target : shortest;

    string Dialled(Call c) => numbers.ContainsKey(c.DialledRaw) ? c.DialledRaw : c.DialledE164 is { } e && numbers.ContainsKey(e) ? e : c.DialledRaw;

    string KeyOf(Call c, string by) => by == "queue" ? c.QueueId?.ToString() ?? "" : Dialled(c);

    void CountCalls(Action<DateTimeOffset, string, Action<Sum>> count, string by, TimeZoneInfo zone, DateOnly from, DateOnly to)
    {
        foreach (var call in calls.Values.Where(c => c is { QueuedAt: not null, MergedInto: null, Direction: not "Outbound" }))
        {
            count(call.QueuedAt!.Value, KeyOf(call, by), s =>
            {
                s.Offered++;
                if (call.Outcome is "Abandoned" or "ShortAbandon") s.Abandoned++;
                if (call.Outcome is "ShortAbandon") s.Short++;
                if (call.AnsweredAt is null) return;
                s.Answered++;
                s.Waited++;
                Waits(s, call.WaitMs!.Value, Target(by, KeyOf(call, by)));
            });
        }

        foreach (var call in calls.Values.Where(c => by == "number" && IsLed(c) && c.MergedInto is null && c.Outcome != "Blocked"))
        {
            count(call.StartedAt, Dialled(call), s =>
            {
                s.Seen++;
                if (call.AnsweredAt is not null) s.Led++;
            });
        }

        var inside = misses.Where(m => m.NumberId is not null && Day(m.MissedAt, zone) >= from && Day(m.MissedAt, zone) <= to);
        foreach (var caller in Callers(inside.GroupBy(m => (Day(m.MissedAt, zone), m.NumberId!.Value, Closed(m)))))
        {
            count(caller.First.MissedAt, by == "queue" ? caller.First.QueueId?.ToString() ?? "" : Dialled(calls[caller.First.CallId]), s =>
            {
                s.Missed++;
                Back(s, caller);
            });
        }
    }

    /// <summary>In the tests a call-back is in time for half an hour.</summary>
    void Back(Sum s, Caller caller)
    {
        var (miss, closed, half) = (caller.First.MissedAt, caller.ClosedAt, TimeSpan.FromMinutes(30));
        if (caller.Called) (s.Back, s.ToBack) = (s.Back + 1, s.ToBack + (closed!.Value - miss));
        if (caller.Called && closed - miss <= half) s.InTime++;
        else if (now - miss >= half && (closed is null || closed - miss > half)) s.Late++;
    }

    void Waits(Sum s, int wait_ms, int target)
    {
        s.Wait += wait_ms;
        if (wait_ms <= target * 1000) s.Within++;
        if (wait_ms <= shortest * 1000) s.WithinShortest++;
    }

    DateTimeOffset? Closed(Miss m) => new[] { m.ReachedAt, done[m.NumberId!.Value].Where(d => d.At >= m.MissedAt).Select(d => (DateTimeOffset?)d.At).Min() }.Min();

    IEnumerable<Caller> Callers<TKey>(IEnumerable<IGrouping<TKey, Miss>> groups) =>
        from g in groups
        where g.Any(m => m.Kind != "Short")
        let called = g.FirstOrDefault(m => m.ReachedBy == "Called" && m.ReachedAt == Closed(m))
        select new Caller(g.MinBy(m => m.MissedAt)!, Closed(g.First()), called is not null, called?.ReachedCall);

    void CountAgents(Action<DateTimeOffset, string, Action<Sum>> count, string step, TimeZoneInfo zone, DateOnly from, DateOnly to)
    {
        foreach (var call in calls.Values.Where(c => c is { Direction: "Outbound", MergedInto: null }))
        {
            if (legs.Where(l => l.CallId == call.Id && l.AgentId is not null).MinBy(l => l.StartedAt) is { AgentId: { } maker })
            {
                count(call.StartedAt, maker.ToString(), s =>
                {
                    s.Out++;
                    if (call.AnsweredAt is not null) s.Reached++;
                });
            }
        }

        var answered = offers.Where(o => o.Outcome == "Answered").GroupBy(o => o.CallId).ToDictionary(g => g.Key, g => g.Min(o => o.OfferedAt));
        foreach (var offer in offers.Where(o => o.Rule != "Observed"))
        {
            var call = calls[offer.CallId];
            count(offer.OfferedAt, offer.AgentId.ToString(), s =>
            {
                s.Offered++;
                if (offer.Outcome == "CallerGaveUp") s.Abandoned++;
                if (offer.Outcome == "CallerGaveUp" && call.Outcome == "ShortAbandon") s.Short++;
                if (offer.Outcome is "NoAnswer" or "Declined") s.Missed++;
                if (offer.Outcome != "Answered") return;
                s.Answered++;
                if (call.QueuedAt is null || call.Direction == "Outbound" || answered[call.Id] < offer.OfferedAt) return;
                s.Waited++;
                Waits(s, call.WaitMs!.Value, shortest);
            });
        }

        foreach (var caller in Callers(misses.Where(m => m is { NumberId: not null, ReachedBy: "Called" }).GroupBy(m => (m.NumberId, Closed(m)))).Where(c => c.Called))
        {
            if (calls[caller.ReachedCall!.Value].AgentId is { } agent) count(caller.ClosedAt!.Value, agent.ToString(), s => Back(s, caller));
        }

        foreach (var span in spans.Where(s => s.State is "Talking" or "WrapUp" || s is { State: "Ready", Reason: null }))
        {
            // Piece by piece, each to the end of its hour or day.
            for (var (at, ends) = (span.FromAt, span.FromAt.AddMilliseconds(span.SpanMs)); at < ends;)
            {
                var next = step == "hour" ? Hour(at, zone).ToUniversalTime().AddHours(1) : Midnight(Day(at, zone).AddDays(1), zone);
                var piece = (next < ends ? next : ends) - at;
                count(at, span.AgentId.ToString(), s => _ = span.State == "Ready" ? s.Ready += piece : s.Busy += piece);
                at += piece;
            }
        }
    }

    static bool IsLed(Call c) => c is { Direction: "Inbound", QueuedAt: null, Decided: false };

    /// <summary>All of an agent's; with the callers of a number also without a queue; of a queue those that went through it.</summary>
    static bool Counts(Leg l, Call c, string by) => by == "agent" ? l.AnsweredAt is not null || l.TalkMs > 0
        : (c is { QueuedAt: not null, Direction: not "Outbound" } && l.AnsweredAt is not null) || (by == "number" && IsLed(c) && (l.AnsweredAt is not null || l.TalkMs > 0));

    void CountLegs(Action<DateTimeOffset, string, Action<Sum>> count, string by)
    {
        foreach (var leg in legs.Where(l => l is { AgentId: not null, EndedAt: not null } && Counts(l, calls[l.CallId], by)))
        {
            var call = calls[leg.CallId];
            count(leg.EndedAt!.Value, by == "agent" ? leg.AgentId!.Value.ToString() : KeyOf(call, by), s =>
            {
                s.Handled++;
                // As the log shows them: each conversation's seconds, half a second up. Averages are of what it was.
                var (talk, hold, wrapUp) = (Seconds(leg.TalkMs ?? 0), Seconds(leg.HoldMs ?? 0), Seconds(leg.WrapUpMs ?? 0));
                if (by != "queue" && IsLed(call)) s.LedTalk += talk;
                if (by == "agent" && IsLed(call)) s.Led++;
                if (by == "agent" && call.Direction == "Outbound") s.OutTalk += talk;
                if (by == "agent" && call.Direction == "Internal") (s.Inside, s.InsideTalk) = (s.Inside + 1, s.InsideTalk + talk);
                (s.Talk, s.Hold, s.WrapUp) = (s.Talk + talk, s.Hold + hold, s.WrapUp + wrapUp);
                s.Handle += (leg.TalkMs ?? 0) + (leg.HoldMs ?? 0) + (leg.WrapUpMs ?? 0);
            });
        }
    }

    static long Seconds(decimal ms) => (long)decimal.Round(ms / 1000, MidpointRounding.AwayFromZero);

    static ReportFigures Figures(Sum s, int target)
    {
        static decimal? Share(decimal part, decimal whole) => whole <= 0 ? null : decimal.Round(part / whole * 100, 1, MidpointRounding.AwayFromZero);
        var (busy, ready) = ((decimal)s.Busy.Ticks / TimeSpan.TicksPerMillisecond, (decimal)s.Ready.Ticks / TimeSpan.TicksPerMillisecond);
        return new ReportFigures(s.Offered, s.Answered, s.Abandoned, s.Short, target, Share(s.Within, s.Waited + s.Abandoned - s.Short), Share(s.Abandoned - s.Short, s.Offered - s.Short),
            s.Waited == 0 ? null : (int)Seconds((decimal)s.Wait / s.Waited), s.Handled == 0 ? null : (int)Seconds((decimal)s.Handle / s.Handled),
            s.Handled, s.Talk, s.Hold, s.WrapUp, Share(busy, busy + ready), Seconds(busy), Seconds(ready), s.Missed, s.Back,
            OutboundMade: s.Out, OutboundAnswered: s.Reached, OutboundTalk_s: s.OutTalk, Observed: s.Seen, ObservedAnswered: s.Led, ObservedTalk_s: s.LedTalk, Internal: s.Inside, InternalTalk_s: s.InsideTalk,
            CalledBackInTime: s.InTime, InTimePercent: Share(s.InTime, s.InTime + s.Late), CallBack_s: s.Back == 0 ? null : (int)Seconds((decimal)s.ToBack.Ticks / TimeSpan.TicksPerMillisecond / s.Back));
    }

    static DateOnly Day(DateTimeOffset at, TimeZoneInfo zone) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, zone).DateTime);

    static DateTimeOffset Hour(DateTimeOffset at, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(at, zone);
        return new DateTimeOffset(local.Year, local.Month, local.Day, local.Hour, 0, 0, local.Offset);
    }

    /// <summary>Of zones whose clocks do not change at midnight.</summary>
    static DateTimeOffset Midnight(DateOnly day, TimeZoneInfo zone) => new(day.ToDateTime(TimeOnly.MinValue), zone.GetUtcOffset(day.ToDateTime(TimeOnly.MinValue)));
}
