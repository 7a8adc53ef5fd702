using Npgsql;

namespace CallCrm.TestKit.Lab;

/// <summary>What CallCrm takes for alive, held against <c>core show channels</c>.</summary>
public static class LabSight
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(300);

    /// <summary>What is wrong and stays wrong: calls come and go while one looks, and what is on its way is there the next time.</summary>
    /// <param name="agentAt">The login of the agent at a device; null: no agent's.</param>
    public static async Task<IReadOnlyList<string>> CompareAsync(AsteriskLab lab, string connection, Func<string, string?> agentAt)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        var began = TimeProvider.System.GetTimestamp();
        var wrong = await LookAsync(lab, database, agentAt);
        while (wrong.Count > 0 && TimeProvider.System.GetElapsedTime(began) < Patience)
        {
            await Task.Delay(Pace);
            wrong.IntersectWith(await LookAsync(lab, database, agentAt));
        }

        return [.. wrong.Order(StringComparer.Ordinal)];
    }

    /// <summary>A channel that is there before and after is there; one that is in neither is not.</summary>
    static async Task<HashSet<string>> LookAsync(AsteriskLab lab, NpgsqlDataSource database, Func<string, string?> agentAt)
    {
        var before = await lab.SnapshotAsync();
        var legs = await TextsAsync(database, "select l.unique_id from call_leg l join call c on c.id = l.call_id where l.ended_at is null and c.state <> 'Ended'");
        var open = await TextsAsync(database, "select c.id::text from call c where c.state <> 'Ended' and not exists (select from call_leg l where l.call_id = c.id and l.ended_at is null)");
        var talking = await TextsAsync(database, "select u.login from agent_state s join app_user u on u.id = s.agent_id where s.state = 'Talking'");
        var after = await lab.SnapshotAsync();
        var (then, now) = (before.ToDictionary(c => c.UniqueId, StringComparer.Ordinal), after.ToDictionary(c => c.UniqueId, StringComparer.Ordinal));
        var wrong = new HashSet<string>(StringComparer.Ordinal);
        foreach (var channel in before.Where(c => now.ContainsKey(c.UniqueId) && !legs.Contains(c.UniqueId)))
            wrong.Add($"{channel.Name} ({channel.UniqueId}) is up and in no open call");
        foreach (var leg in legs.Where(l => !then.ContainsKey(l) && !now.ContainsKey(l)))
            wrong.Add($"the leg {leg} lives here and nowhere else");
        foreach (var call in open)
            wrong.Add($"call {call} is open without a leg");
        foreach (var (id, channel) in then)
        {
            if (channel.Bridge.Length > 0 && now.TryGetValue(id, out var same) && same.Bridge.Length > 0 && agentAt(channel.Device) is { } agent && !talking.Contains(agent))
                wrong.Add($"{agent} is in a bridge and not shown talking");
        }

        foreach (var agent in talking.Where(a => !before.Concat(after).Any(c => agentAt(c.Device) == a)))
            wrong.Add($"{agent} is shown talking and has no channel");
        return wrong;
    }

    /// <summary>
    /// One look, without patience, at what was so at the PBX before that moment and still is: every channel is a leg of an open call, those of one bridge of the same one, and its
    /// agent is shown doing what it does; and the other way round, nothing is shown of what was over by then. Only what the PBX's own record (CEL) places after that moment is left out.
    /// </summary>
    /// <param name="since">Unix seconds.</param>
    /// <param name="crashes">When Asterisk was killed: it wrote no end of the channels of that moment.</param>
    public static async Task<LabLook> LookStrictlyAsync(AsteriskLab lab, string connection, Func<string, string?> agentAt, double since, IReadOnlyList<double> crashes)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        var before = await lab.SnapshotAsync();
        var legs = await PairsAsync(database, "select l.unique_id, c.id::text from call_leg l join call c on c.id = l.call_id where l.ended_at is null and c.state <> 'Ended'");
        var open = await PairsAsync(database, "select c.id::text, coalesce(string_agg(l.unique_id, ' '), '') from call c left join call_leg l on l.call_id = c.id where c.state <> 'Ended' and c.started_at < to_timestamp($1) group by c.id", since);
        var states = await PairsAsync(database, "select u.login, s.state from agent_state s join app_user u on u.id = s.agent_id");
        var after = (await lab.SnapshotAsync()).ToDictionary(c => c.UniqueId, StringComparer.Ordinal);
        var lives = lab.Cel().GroupBy(r => r.Uniqueid, StringComparer.Ordinal).ToDictionary(g => g.Key, g => Life.Of([.. g], crashes), StringComparer.Ordinal);
        var wrong = new List<string>();
        // What did not change between that moment and the end of the look.
        var old = before.Where(c => after.GetValueOrDefault(c.UniqueId) is { } same && same.State == c.State && same.Bridge == c.Bridge && lives.GetValueOrDefault(c.UniqueId) is { } life && life.ChangedAt < since).ToArray();
        foreach (var channel in before.Where(c => after.ContainsKey(c.UniqueId) && lives.GetValueOrDefault(c.UniqueId) is { } life && life.From < since && !legs.ContainsKey(c.UniqueId)))
            wrong.Add($"{channel.Name} ({channel.UniqueId}) is up and in no open call");
        foreach (var leg in legs.Keys.Where(l => IsOver(l)))
            wrong.Add($"the leg {leg} lives here and nowhere else");
        foreach (var (call, its) in open.Where(c => c.Value.Split(' ').All(IsOver)))
            wrong.Add($"call {call} is open, and all its channels ({its}) were gone");
        foreach (var bridge in old.Where(c => c.Bridge.Length > 0).GroupBy(c => c.Bridge, StringComparer.Ordinal).Where(b => b.Select(c => legs.GetValueOrDefault(c.UniqueId)).Distinct().Count() > 1))
            wrong.Add($"{string.Join(" and ", bridge.Select(c => c.Name))} are in one bridge and not in one call");
        foreach (var channel in old)
        {
            if (agentAt(channel.Device) is not { } agent)
                continue;
            var shown = states.GetValueOrDefault(agent);
            if (channel.Bridge.Length > 0 && shown != "Talking")
                wrong.Add($"{agent} is in a bridge and shown as {shown}");
            else if (channel.State == "Ringing" && shown != "Ringing")
                wrong.Add($"{agent}'s phone rings and they are shown as {shown}");
        }

        foreach (var (agent, state) in states.Where(s => s.Value is "Talking" or "Ringing"))
        {
            if (!before.Concat(after.Values).Any(c => agentAt(c.Device) == agent) && lives.Values.Where(l => agentAt(l.Device) == agent).All(l => l.To < since))
                wrong.Add($"{agent} is shown as {state} and has no channel");
        }

        return new LabLook(wrong, before.Count(c => lives.GetValueOrDefault(c.UniqueId) is { } life && life.From < since), old.Count(c => c.Bridge.Length > 0 && agentAt(c.Device) is not null));

        bool IsOver(string id) => !lives.TryGetValue(id, out var life) || life.To < since;
    }

    /// <summary>A channel by CEL, in Unix seconds.</summary>
    sealed record Life(string Device, double From, double? To, double ChangedAt)
    {
        public static Life Of(CelRow[] rows, IReadOnlyList<double> crashes)
        {
            var name = rows.FirstOrDefault(r => r.Channel.Length > 0)?.Channel ?? "";
            double? to = Array.Find(rows, r => r.Event == "CHAN_END")?.AtSeconds ?? crashes.Where(c => c >= rows[^1].AtSeconds).Select(c => (double?)c).Min();
            return new Life(name.LastIndexOf('-') is > 0 and var dash ? name[..dash] : name, rows[0].AtSeconds, to, rows.Where(r => r.Event is "CHAN_START" or "ANSWER" or "BRIDGE_ENTER" or "BRIDGE_EXIT").Select(r => r.AtSeconds).DefaultIfEmpty(double.MaxValue).Max());
        }
    }

    static async Task<Dictionary<string, string>> PairsAsync(NpgsqlDataSource database, string sql, double? parameter = null)
    {
        await using var command = database.CreateCommand(sql);
        if (parameter is { } value)
            command.Parameters.AddWithValue(value);
        await using var reader = await command.ExecuteReaderAsync();
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
            pairs[reader.GetString(0)] = reader.GetString(1);
        return pairs;
    }

    static async Task<HashSet<string>> TextsAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return texts;
    }
}

/// <param name="Channels">That were there before the moment in question.</param>
/// <param name="Talks">Of agents that were going on before it and still are.</param>
public sealed record LabLook(IReadOnlyList<string> Wrong, int Channels, int Talks);
