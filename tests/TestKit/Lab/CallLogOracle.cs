using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace CallCrm.TestKit.Lab;

/// <summary>How a caller fared; lost: the PBX went down under them, and they had spoken with nobody.</summary>
public enum CallEndKind { Answered, Abandoned, Fallback, Lost }

/// <summary>Time in one bridge with the client.</summary>
/// <param name="Agent">Their login.</param>
public sealed record TalkTime(string Agent, TimeSpan Talk);

/// <summary>A client's call as the PBX wrote it down.</summary>
/// <param name="Talk">Time in one bridge with agents.</param>
public sealed record CelCall(string UniqueId, double FromSeconds, double ToSeconds, CallEndKind End, TimeSpan Talk, double? AnsweredAtSeconds)
{
    /// <summary>Who talked, and for how long.</summary>
    public IReadOnlyList<TalkTime> Talks { get; init; } = [];

    /// <summary>As the PBX has it; empty: it did not say.</summary>
    public string Number { get; init; } = "";

    /// <summary>When the client's own channel was answered: by an agent, or before one was found.</summary>
    public double? UpAtSeconds { get; init; }

    /// <summary>Its PBX was killed: no end was written, neither in CEL nor in CDR.</summary>
    public bool Crashed { get; init; }

    /// <summary>Answered by an agent alone, not by hold music before: then CDR's billed time is talk.</summary>
    public bool IsDirect => UpAtSeconds is { } up && AnsweredAtSeconds is { } answered && Math.Abs(up - answered) < 0.5;
}

/// <summary>A call as CallCrm's call log has it.</summary>
public sealed record LoggedCall(Guid Id, string Caller, string State, string? Outcome, TimeSpan Talk, bool Estimated, IReadOnlyList<string> UniqueIds)
{
    /// <summary>Who talked, and for how long.</summary>
    public IReadOnlyList<TalkTime> Talks { get; init; } = [];

    public double FromSeconds { get; init; }

    public double ToSeconds { get; init; }

    /// <summary>Who hung up.</summary>
    public string? EndedBy { get; init; }
}

/// <summary>One thing that the call log has wrong.</summary>
/// <param name="NeedsCel">It ended while nobody of us looked: only the import from CEL can tell. Wrong all the same.</param>
public sealed record CallLogDifference(string UniqueId, string What, bool NeedsCel)
{
    public override string ToString() => $"{UniqueId}: {What}{(NeedsCel ? " (ended unseen)" : "")}";
}

/// <summary>
/// Holds the call log against Asterisk's CEL (each call once, who called, with its outcome, who talked and to the second how long), its CDR where that can
/// tell (how long the channel lived, how long an agent who answered was billed), and the callers' own log.
/// </summary>
/// <param name="agentAt">The login of the agent at a device; null: no agent's.</param>
public sealed class CallLogOracle(string trunk, Func<string, string?> agentAt)
{
    static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    /// <summary>Calls from the trunk that have ended, from their first channel (CHAN_START … CHAN_END).</summary>
    /// <param name="crashes">When Asterisk was killed (Unix seconds): it wrote no end of the channels of that moment.</param>
    public IReadOnlyList<CelCall> Read(IReadOnlyList<CelRow> cel, IReadOnlyList<double>? crashes = null)
    {
        var calls = new List<CelCall>();
        var byChannel = cel.GroupBy(r => r.Uniqueid).ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        var agents = byChannel.SelectMany(c => agentAt(DeviceOf(c.Value[0].Channel)) is { } agent ? Stays(c.Value, EndOf(c.Value)).Select(s => (Agent: agent, s.Bridge, s.From, s.To)) : []).ToLookup(s => s.Bridge);
        foreach (var (id, rows) in byChannel)
        {
            if (rows[0] is not { Event: "CHAN_START" } start || DeviceOf(start.Channel) != trunk || start.Linkedid != id || EndOf(rows) is not { } end)
                continue;
            var met = Stays(rows, end).SelectMany(own => agents[own.Bridge].Select(a => (a.Agent, From: Math.Max(own.From, a.From), To: Math.Min(own.To, a.To)))).Where(s => s.To > s.From).ToArray();
            var crashed = crashes?.Contains(end) == true;
            var kind = met.Length > 0 ? CallEndKind.Answered : rows.Any(r => r.Context.StartsWith("callcrm-fallback", StringComparison.Ordinal)) ? CallEndKind.Fallback
                : crashed ? CallEndKind.Lost : CallEndKind.Abandoned;
            calls.Add(new CelCall(id, start.AtSeconds, end, kind, TimeSpan.FromSeconds(met.Sum(s => s.To - s.From)), met.Length > 0 ? met.Min(s => s.From) : null)
            {
                Talks = [.. met.GroupBy(m => m.Agent, StringComparer.Ordinal).Select(g => new TalkTime(g.Key, TimeSpan.FromSeconds(g.Sum(m => m.To - m.From))))],
                Number = Array.FindLast(rows, r => r.Number.Length > 0)?.Number ?? "",
                UpAtSeconds = Array.Find(rows, r => r.Event == "ANSWER")?.AtSeconds,
                Crashed = crashed,
            });
        }

        return calls;

        double? EndOf(CelRow[] rows) => Array.Find(rows, r => r.Event == "CHAN_END")?.AtSeconds ?? crashes?.Where(c => c >= rows[^1].AtSeconds).Select(c => (double?)c).Min();
    }

    public static async Task<IReadOnlyList<LoggedCall>> LogAsync(string connectionString, DateTimeOffset since)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("""
            select c.id, c.caller_raw, c.state, c.outcome, coalesce(c.talk_ms, 0), c.estimated, coalesce(array_agg(l.unique_id) filter (where l.unique_id is not null), '{}'),
              extract(epoch from c.started_at)::float8, coalesce(extract(epoch from c.ended_at), 0)::float8, c.ended_by,
              coalesce(array_agg(u.login order by l.started_at) filter (where l.talk_ms > 0 and l.agent_id is not null), '{}'), coalesce(array_agg(l.talk_ms order by l.started_at) filter (where l.talk_ms > 0 and l.agent_id is not null), '{}')
            from call c left join call_leg l on l.call_id = c.id left join app_user u on u.id = l.agent_id
            where c.started_at >= $1 and c.merged_into is null group by c.id order by c.started_at, c.id
            """);
        command.Parameters.AddWithValue(since.UtcDateTime);
        var calls = new List<LoggedCall>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var talks = (await reader.GetFieldValueAsync<string[]>(10)).Zip(await reader.GetFieldValueAsync<int[]>(11), (agent, ms) => (Agent: agent, Ms: ms));
            calls.Add(new LoggedCall(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), await reader.IsDBNullAsync(3) ? null : reader.GetString(3),
                TimeSpan.FromMilliseconds(reader.GetInt32(4)), reader.GetBoolean(5), await reader.GetFieldValueAsync<string[]>(6))
            {
                FromSeconds = reader.GetDouble(7),
                ToSeconds = reader.GetDouble(8),
                EndedBy = await reader.IsDBNullAsync(9) ? null : reader.GetString(9),
                Talks = [.. talks.GroupBy(t => t.Agent, StringComparer.Ordinal).Select(g => new TalkTime(g.Key, TimeSpan.FromMilliseconds(g.Sum(t => t.Ms))))],
            });
        }

        return calls;
    }

    /// <param name="callers">Who called, by sipp's own log.</param>
    /// <param name="cdr">Of the same time; calls without a record (a killed PBX writes none) are not compared with it.</param>
    /// <param name="unseen">Spans (Unix seconds) in which the host was dead or its line to the PBX cut.</param>
    public IReadOnlyList<CallLogDifference> Compare(IReadOnlyList<CelCall> truth, IReadOnlyList<CallerLog> callers, IReadOnlyList<CdrRow> cdr, IReadOnlyList<LoggedCall> log,
        IReadOnlyList<(double From, double To)> unseen)
    {
        var differences = new List<CallLogDifference>();
        var byLeg = log.SelectMany(c => c.UniqueIds.Select(u => (u, c))).ToLookup(p => p.u, p => p.c, StringComparer.Ordinal);
        var records = cdr.ToLookup(r => r.Uniqueid, StringComparer.Ordinal);
        var byNumber = callers.ToLookup(c => c.Number, StringComparer.Ordinal);
        foreach (var call in truth)
        {
            var found = byLeg[call.UniqueId].DistinctBy(c => c.Id).ToArray();
            var wrong = found.Length switch { 1 => WrongIn(call, found[0]) ?? WrongByCdr(call, found[0], [.. records[call.UniqueId]]) ?? WrongByCaller(call, found[0], [.. byNumber[call.Number]]), 0 => $"missing, {call.End}", var n => $"stands {n} times" };
            if (wrong is { } what)
                differences.Add(new CallLogDifference(call.UniqueId, what, found.Length < 2 && unseen.Any(s => Hides(s, call))));
        }

        var known = truth.Select(c => c.UniqueId).ToHashSet(StringComparer.Ordinal);
        differences.AddRange(log.Where(c => !c.UniqueIds.Any(known.Contains)).Select(c => new CallLogDifference(c.UniqueIds.FirstOrDefault() ?? c.Id.ToString(), $"is logged ({c.Outcome}) and never was", false)));
        // The callers' own list is the second witness: PBX and log may not both have overlooked one.
        var logged = log.GroupBy(c => c.Caller).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        if (truth.Count != callers.Count)
            differences.Add(new CallLogDifference("-", $"{callers.Count} called, the PBX knows {truth.Count}", false));
        differences.AddRange(callers.Where(c => logged.GetValueOrDefault(c.Number) > 1).Select(c => new CallLogDifference(c.Number, $"called once, is logged {logged[c.Number]} times", false)));
        return differences;
    }

    static bool Hides((double From, double To) span, CelCall call) =>
        (call.ToSeconds >= span.From && call.ToSeconds <= span.To) || (call.AnsweredAtSeconds is { } answered && answered >= span.From && answered <= span.To)
        || (call.FromSeconds >= span.From && call.FromSeconds <= span.To);

    static string? WrongIn(CelCall call, LoggedCall logged)
    {
        if (logged.State != "Ended")
            return $"is {logged.State} for ever";
        if (call.Number.Length > 0 && call.Number != logged.Caller)
            return $"came from {call.Number}, is logged with {logged.Caller}";
        var end = logged.Outcome switch { "Answered" => CallEndKind.Answered, "Abandoned" or "ShortAbandon" => CallEndKind.Abandoned, "Fallback" => CallEndKind.Fallback, "Lost" => CallEndKind.Lost, _ => (CallEndKind?)null };
        if (end != call.End)
            return $"was {call.End}, is logged as {logged.Outcome}";
        if ((logged.Talk - call.Talk).Duration() > Tolerance)
            return string.Create(CultureInfo.InvariantCulture, $"talked {call.Talk.TotalSeconds:F3} s, is logged with {logged.Talk.TotalSeconds:F3} s");
        // Who talked: a blink of one bridge may be seen by one side alone.
        foreach (var agent in call.Talks.Concat(logged.Talks).Select(t => t.Agent).Distinct(StringComparer.Ordinal))
        {
            var (true_, told) = (Of(call.Talks, agent), Of(logged.Talks, agent));
            if ((true_ - told).Duration() > Tolerance)
                return string.Create(CultureInfo.InvariantCulture, $"{agent} talked {true_.TotalSeconds:F3} s, is logged with {told.TotalSeconds:F3} s");
        }

        return null;

        static TimeSpan Of(IReadOnlyList<TalkTime> talks, string agent) => talks.FirstOrDefault(t => t.Agent == agent)?.Talk ?? TimeSpan.Zero;
    }

    /// <summary>How long the client's channel lived, and for a client whom an agent answered how long they were billed: both to 1 s, the records' own seconds cut off.</summary>
    string? WrongByCdr(CelCall call, LoggedCall logged, CdrRow[] records)
    {
        if (records.Length == 0)
            return call.Crashed ? null : "has no CDR";
        var (from, to) = (records.Min(r => r.StartSeconds), records.Max(r => r.EndSeconds));
        if (Math.Abs(Math.Floor(logged.ToSeconds) - to) > Tolerance.TotalSeconds || Math.Abs(Math.Floor(logged.FromSeconds) - from) > Tolerance.TotalSeconds)
            return string.Create(CultureInfo.InvariantCulture, $"CDR has it from {from:F0} to {to:F0}, it is logged from {logged.FromSeconds:F3} to {logged.ToSeconds:F3}");
        foreach (var record in records.Where(r => r.DstChannel.Length > 0 && r.Disposition == "ANSWERED"))
        {
            if (agentAt(DeviceOf(record.DstChannel)) is not { } agent || (call.UpAtSeconds is not null && !call.IsDirect))
                continue;
            var talked = logged.Talks.FirstOrDefault(t => t.Agent == agent)?.Talk.TotalSeconds ?? 0;
            if (talked < record.Billsec_s - Tolerance.TotalSeconds || talked > record.Billsec_s + 1 + Tolerance.TotalSeconds)
                return string.Create(CultureInfo.InvariantCulture, $"CDR bills {record.Billsec_s} s with {agent}, who is logged with {talked:F3} s");
        }

        return null;
    }

    /// <summary>Nobody speaks who heard no answer, and nobody longer than they were on the line.</summary>
    static string? WrongByCaller(CelCall call, LoggedCall logged, CallerLog[] callers)
    {
        if (call.Number.Length == 0)
            return null;
        if (callers is not [var caller])
            return $"{callers.Length} callers have its number";
        if (caller.AnsweredAtSeconds is not { } answered)
            return logged.Talk > Tolerance ? string.Create(CultureInfo.InvariantCulture, $"its caller heard no answer, it is logged with {logged.Talk.TotalSeconds:F3} s of talk") : null;
        var line = TimeSpan.FromSeconds((caller.EndedAtSeconds ?? call.ToSeconds) - answered);
        if (logged.Talk > line + Tolerance)
            return string.Create(CultureInfo.InvariantCulture, $"its caller was on the line for {line.TotalSeconds:F3} s, it is logged with {logged.Talk.TotalSeconds:F3} s of talk");
        return caller.End == "gave-up" && logged.Outcome is "Answered" ? "its caller gave up, it is logged as answered" : null;
    }

    static IEnumerable<(string Bridge, double From, double To)> Stays(CelRow[] rows, double? end)
    {
        (string Bridge, double From)? now = null;
        foreach (var row in rows)
        {
            if (now is { } stay && row.Event is "BRIDGE_EXIT" or "BRIDGE_ENTER" or "CHAN_END" && now is not null)
            {
                yield return (stay.Bridge, stay.From, row.AtSeconds);
                now = null;
            }

            if (row.Event == "BRIDGE_ENTER" && BridgeOf(row.Extra) is { } bridge)
                now = (bridge, row.AtSeconds);
        }

        if (now is { } last && end is { } at)
            yield return (last.Bridge, last.From, at);
    }

    static string? BridgeOf(string extra)
    {
        using var json = JsonDocument.Parse(extra.Length == 0 ? "{}" : extra);
        return json.RootElement.TryGetProperty("bridge_id", out var id) ? id.GetString() : null;
    }

    static string DeviceOf(string channel) => channel.LastIndexOf('-') is > 0 and var dash ? channel[..dash] : channel;
}
