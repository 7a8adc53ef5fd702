using CallCrm.Engine;
using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    const int LookUpsAtOnce = 50;

    /// <summary>Numbers that called or were called lately, and those of cards changed since, newest first: worth remembering.</summary>
    public async Task<IReadOnlyList<string>> RecentNumbersAsync(DateTimeOffset since, int most, CancellationToken ct)
    {
        await using var command = pages.CreateCommand(RecentSql);
        command.Parameters.AddWithValue(since.UtcDateTime);
        command.Parameters.AddWithValue(most);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var numbers = new List<string>();
        while (await reader.ReadAsync(ct)) numbers.Add(reader.GetString(0));
        return numbers;
    }

    /// <summary>What <see cref="IdentifyAsync"/> would find for each of many numbers now; creates nothing.</summary>
    public async IAsyncEnumerable<(string E164, LookupResult Result)> LookUpAllAsync(IEnumerable<string> numbers, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var some in numbers.Chunk(LookUpsAtOnce))
        {
            var results = new List<(string, LookupResult)>();
            await using (var connection = await pages.OpenConnectionAsync(ct))
            {
                await using var batch = new NpgsqlBatch(connection);
                foreach (var number in some) batch.BatchCommands.Add(new(FindSql) { Parameters = { new() { Value = number }, new() { Value = MostCandidates } } });
                await using var reader = await batch.ExecuteReaderAsync(ct);
                foreach (var number in some)
                {
                    var found = await ReadAsync(reader, ct);
                    results.Add((number, found.Length > 0 ? Matched(found) : new LookupResult(LookupOutcome.Unknown, [])));
                    await reader.NextResultAsync(ct);
                }
            }

            foreach (var result in results) yield return result;
        }
    }

    const string RecentSql = """
        select e164 from (
          select caller_e164 as e164, started_at as at from call where started_at >= $1 and caller_e164 is not null
          union all select dialled_e164, started_at from call where started_at >= $1 and direction = 'Outbound' and dialled_e164 is not null
          union all select p.e164, c.updated_at from client c join client_phone p on p.client_id = c.id where c.updated_at >= $1) lately
        group by e164 order by max(at) desc, e164 limit $2
        """;
}
