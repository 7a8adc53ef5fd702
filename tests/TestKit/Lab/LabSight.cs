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
