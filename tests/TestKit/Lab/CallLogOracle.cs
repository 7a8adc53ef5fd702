using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace CallCrm.TestKit.Lab;

/// <summary>How a caller fared; lost: the PBX went down under them, and they had spoken with nobody.</summary>
public enum CallEndKind { Answered, Abandoned, Fallback, Lost }

/// <summary>A client's call as the PBX wrote it down.</summary>
/// <param name="Talk">Time in one bridge with agents.</param>
public sealed record CelCall(string UniqueId, double FromSeconds, double ToSeconds, CallEndKind End, TimeSpan Talk, double? AnsweredAtSeconds);

/// <summary>A call as CallCrm's call log has it.</summary>
public sealed record LoggedCall(Guid Id, string Caller, string State, string? Outcome, TimeSpan Talk, bool Estimated, IReadOnlyList<string> UniqueIds);

/// <summary>One thing that the call log has wrong.</summary>
/// <param name="NeedsCel">It ended while nobody of us looked: only the import from CEL can tell. Wrong all the same.</param>
public sealed record CallLogDifference(string UniqueId, string What, bool NeedsCel)
{
    public override string ToString() => $"{UniqueId}: {What}{(NeedsCel ? " (ended unseen)" : "")}";
}

/// <summary>Holds the call log against Asterisk's CEL and the callers' own log: each call once, with its outcome, its talk to the second.</summary>
public sealed class CallLogOracle(string trunk, Func<string, bool> isAgent)
{
    static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    /// <summary>Calls from the trunk that have ended, from their first channel (CHAN_START … CHAN_END).</summary>
    /// <param name="crashes">When Asterisk was killed (Unix seconds): it wrote no end of the channels of that moment.</param>
    public IReadOnlyList<CelCall> Read(IReadOnlyList<CelRow> cel, IReadOnlyList<double>? crashes = null)
    {
        var calls = new List<CelCall>();
        var byChannel = cel.GroupBy(r => r.Uniqueid).ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        var agents = byChannel.Where(c => isAgent(DeviceOf(c.Value[0].Channel))).SelectMany(c => Stays(c.Value, EndOf(c.Value))).ToLookup(s => s.Bridge);
        foreach (var (id, rows) in byChannel)
        {
            if (rows[0] is not { Event: "CHAN_START" } start || DeviceOf(start.Channel) != trunk || start.Linkedid != id || EndOf(rows) is not { } end)
                continue;
            var met = Stays(rows, end).SelectMany(own => agents[own.Bridge].Select(a => (From: Math.Max(own.From, a.From), To: Math.Min(own.To, a.To)))).Where(s => s.To > s.From).ToArray();
            var kind = met.Length > 0 ? CallEndKind.Answered : rows.Any(r => r.Context.StartsWith("callcrm-fallback", StringComparison.Ordinal)) ? CallEndKind.Fallback
                : crashes?.Contains(end) == true ? CallEndKind.Lost : CallEndKind.Abandoned;
            calls.Add(new CelCall(id, start.AtSeconds, end, kind, TimeSpan.FromSeconds(met.Sum(s => s.To - s.From)), met.Length > 0 ? met.Min(s => s.From) : null));
        }

        return calls;

        double? EndOf(CelRow[] rows) => Array.Find(rows, r => r.Event == "CHAN_END")?.AtSeconds ?? crashes?.Where(c => c >= rows[^1].AtSeconds).Select(c => (double?)c).Min();
    }

    public static async Task<IReadOnlyList<LoggedCall>> LogAsync(string connectionString, DateTimeOffset since)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("""
            select c.id, c.caller_raw, c.state, c.outcome, coalesce(c.talk_ms, 0), c.estimated, coalesce(array_agg(l.unique_id) filter (where l.unique_id is not null), '{}')
            from call c left join call_leg l on l.call_id = c.id where c.started_at >= $1 and c.merged_into is null group by c.id order by c.started_at, c.id
            """);
        command.Parameters.AddWithValue(since.UtcDateTime);
        var calls = new List<LoggedCall>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            calls.Add(new LoggedCall(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), await reader.IsDBNullAsync(3) ? null : reader.GetString(3),
                TimeSpan.FromMilliseconds(reader.GetInt32(4)), reader.GetBoolean(5), await reader.GetFieldValueAsync<string[]>(6)));
        }

        return calls;
    }

    /// <param name="numbers">Who called, by sipp's own list.</param>
    /// <param name="unseen">Spans (Unix seconds) in which the host was dead or its line to the PBX cut.</param>
    public static IReadOnlyList<CallLogDifference> Compare(IReadOnlyList<CelCall> truth, IReadOnlyList<string> numbers, IReadOnlyList<LoggedCall> log, IReadOnlyList<(double From, double To)> unseen)
    {
        var differences = new List<CallLogDifference>();
        var byLeg = log.SelectMany(c => c.UniqueIds.Select(u => (u, c))).ToLookup(p => p.u, p => p.c, StringComparer.Ordinal);
        foreach (var call in truth)
        {
            var found = byLeg[call.UniqueId].DistinctBy(c => c.Id).ToArray();
            if ((found.Length == 1 ? WrongIn(call, found[0]) : found.Length == 0 ? $"missing, {call.End}" : $"stands {found.Length} times") is { } what)
                differences.Add(new CallLogDifference(call.UniqueId, what, found.Length < 2 && unseen.Any(s => Hides(s, call))));
        }

        var known = truth.Select(c => c.UniqueId).ToHashSet(StringComparer.Ordinal);
        differences.AddRange(log.Where(c => !c.UniqueIds.Any(known.Contains)).Select(c => new CallLogDifference(c.UniqueIds.FirstOrDefault() ?? c.Id.ToString(), $"is logged ({c.Outcome}) and never was", false)));
        // The callers' own list is the second witness: PBX and log may not both have overlooked one.
        var callers = log.GroupBy(c => c.Caller).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        if (truth.Count != numbers.Count)
            differences.Add(new CallLogDifference("-", $"{numbers.Count} called, the PBX knows {truth.Count}", false));
        differences.AddRange(numbers.Where(n => callers.GetValueOrDefault(n) > 1).Select(n => new CallLogDifference(n, $"called once, is logged {callers[n]} times", false)));
        return differences;
    }

    static bool Hides((double From, double To) span, CelCall call) =>
        (call.ToSeconds >= span.From && call.ToSeconds <= span.To) || (call.AnsweredAtSeconds is { } answered && answered >= span.From && answered <= span.To)
        || (call.FromSeconds >= span.From && call.FromSeconds <= span.To);

    static string? WrongIn(CelCall call, LoggedCall logged)
    {
        if (logged.State != "Ended")
            return $"is {logged.State} for ever";
        var end = logged.Outcome switch { "Answered" => CallEndKind.Answered, "Abandoned" or "ShortAbandon" => CallEndKind.Abandoned, "Fallback" => CallEndKind.Fallback, "Lost" => CallEndKind.Lost, _ => (CallEndKind?)null };
        if (end != call.End)
            return $"was {call.End}, is logged as {logged.Outcome}";
        return (logged.Talk - call.Talk).Duration() > Tolerance
            ? string.Create(CultureInfo.InvariantCulture, $"talked {call.Talk.TotalSeconds:F3} s, is logged with {logged.Talk.TotalSeconds:F3} s") : null;
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
