using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Recordings;

/// <summary>A transcript as it is stored.</summary>
internal sealed record TranscriptRow(string State, string? Error, DateTimeOffset? NextAt, string? Model, string? Language, DateTimeOffset? FinishedAt);

/// <summary>Reads what the Recorder wrote down; its own is the table of wishes.</summary>
internal sealed class TranscriptStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Null: none was asked for.</summary>
    public async Task<(TranscriptRow? Row, IReadOnlyList<TranscriptLineView> Lines)> FindAsync(Guid recording, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select state, error, next_at, model, language, finished_at from transcript where recording_id = @recording;
            select side, from_ms, to_ms, text, null::text as who from transcript_line where recording_id = @recording order by n;
            """,
            new { recording }, cancellationToken: cancel));
        var row = await results.ReadSingleOrDefaultAsync<TranscriptRow>();
        return (row, (await results.ReadAsync<TranscriptLineView>()).AsList());
    }

    public async Task<bool> IsOnAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from transcriber)", cancellationToken: cancel));
    }

    public async Task AskAsync(Guid recording, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into transcript_wish (recording_id, asked_at, asked_by) values (@recording, @now, @person)
            on conflict (recording_id) do update set asked_at = excluded.asked_at, asked_by = excluded.asked_by
            """,
            new { recording, now = time.GetUtcNow(), person }, cancellationToken: cancel));
    }

    /// <summary>The first words of calls, as far as the reader may hear them.</summary>
    public async Task<Dictionary<Guid, string>> OpeningsAsync(Guid[] calls, Reach hears, CancellationToken cancel)
    {
        if (calls.Length == 0 || hears.People is []) return [];
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<(Guid Call, string Opening)>(new CommandDefinition(
            $"""
            select distinct on (r.call_id) r.call_id, t.opening from recording r join transcript t on t.recording_id = r.id join call c on c.id = r.call_id
            where r.call_id = any(@calls) and t.opening <> '' {(hears.IsEveryone ? "" : "and " + CallStore.OfPeople("@hears"))} order by r.call_id, r.created_at desc
            """,
            new { calls, hears = hears.People }, cancellationToken: cancel));
        return rows.ToDictionary(r => r.Call, r => r.Opening);
    }

    /// <summary>Calls that were found by words, each with the first line that has most of them.</summary>
    public async Task<IReadOnlyList<CallRow>> WithLinesAsync(IReadOnlyList<CallRow> calls, string said, CancellationToken cancel)
    {
        if (calls.Count == 0) return calls;
        var asked = SaidWords.Asked(said);
        var best = new Dictionary<Guid, (int Words, string Line)>();
        await using var connection = await database.OpenConnectionAsync(cancel);
        var lines = connection.QueryUnbufferedAsync<(Guid Call, string Line)>(
            "select r.call_id, l.text from recording r join transcript_line l on l.recording_id = r.id where r.call_id = any(@calls) order by r.call_id, r.created_at, l.n", new { calls = calls.Select(c => c.Id).ToArray() });
        await foreach (var (call, line) in lines.WithCancellation(cancel))
        {
            var words = SaidWords.In(line, asked);
            if (words > best.GetValueOrDefault(call).Words) best[call] = (words, line);
        }

        return [.. calls.Select(c => best.TryGetValue(c.Id, out var found) ? c with { Said = found.Line } : c)];
    }

    /// <summary>A condition on calls <c>c</c>; parameters said and hears.</summary>
    /// <param name="query">Null: no word was asked for, which nothing is found by.</param>
    public static string Said(string? query, Reach hears) => query is null ? "false" :
        "c.id in (select r.call_id from transcript t join recording r on r.id = t.recording_id where t.found @@ @said::tsquery and r.call_id is not null)"
        + (hears.IsEveryone ? "" : " and " + CallStore.OfPeople("@hears"));
}
