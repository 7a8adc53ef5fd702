using CallCrm.CallFlow;
using Dapper;
using Npgsql;

namespace CallCrm.Recorder.Transcripts;

/// <summary>A recording that is to be written down now.</summary>
/// <param name="Language">Of the client, else of the dialled number; null: not known.</param>
/// <param name="Attempts">This one included.</param>
internal sealed record TranscriptJob(Guid Recording, Guid? CallId, string? Path, int Duration_ms, byte[] Waveform, string? Language, int Attempts);

/// <summary>Tables <c>transcript</c>, <c>transcript_line</c> and <c>transcriber</c>: this process alone writes them. Each end leaves a hint for the pages.</summary>
internal sealed class TranscriptTable(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>What an attempt says that never came to an end.</summary>
    public const string CutOff = "The work was cut off each time: the host or the program was ended.";

    private const int OpeningLength = 160;

    /// <summary>Says that recordings are written down from now on. Those that were given up get another chance: what was wrong may have been set right meanwhile.</summary>
    public async Task BeginAsync(string model, DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into transcriber (model, since) values (@model, @now) on conflict (one) do update set model = excluded.model, since = excluded.since;
            update transcript t set attempts = 0, next_at = @now from recording r
            where r.id = t.recording_id and r.taken_at >= @since and t.state = 'failed' and t.error <> @CutOff;
            """,
            new { model, now = time.GetUtcNow().UtcDateTime, since = since.UtcDateTime, CutOff }, cancellationToken: ct));
    }

    /// <summary>Nothing is written down any more: what waits would wait for ever.</summary>
    public async Task EndAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            delete from transcriber;
            -- What was asked for anew stays as it was.
            update transcript set state = 'done', error = null, next_at = null where state in ('waiting', 'failed') and opening <> '';
            delete from transcript where state in ('waiting', 'failed');
            """, cancellationToken: ct));
    }

    /// <summary>New recordings get in line, and those that somebody asked for anew.</summary>
    public async Task QueueAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with added as (
              insert into transcript (recording_id, state, next_at, created_at)
              select r.id, 'waiting', @now, @now from recording r
              where r.status = 'ready' and r.taken_at >= @since and r.duration_ms > 0 and not exists (select from transcript t where t.recording_id = r.id)
                and not exists (select from transcript_wish w where w.recording_id = r.id)
              on conflict do nothing returning recording_id
            ), wished as (
              insert into transcript as t (recording_id, state, next_at, asked_at, created_at)
              select w.recording_id, 'waiting', @now, w.asked_at, @now from transcript_wish w join recording r on r.id = w.recording_id
              left join transcript k on k.recording_id = w.recording_id
              where r.status = 'ready' and r.duration_ms > 0 and (k.asked_at is null or k.asked_at < w.asked_at)
              on conflict (recording_id) do update set state = 'waiting', error = null, attempts = 0, next_at = excluded.next_at, asked_at = excluded.asked_at
              returning recording_id)
            insert into change (kind, key, call_id)
            select 'transcript', r.id::text, r.call_id from recording r where r.id in (select recording_id from added union select recording_id from wished)
            """,
            new { now = time.GetUtcNow().UtcDateTime, since = since.UtcDateTime }, cancellationToken: ct));
    }

    /// <summary>The newest recording of those that are due; its attempt is counted, so that one that ends this process is not begun for ever.</summary>
    public async Task<TranscriptJob?> NextAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<TranscriptJob>(new CommandDefinition(
            """
            with due as (
              select t.recording_id from transcript t join recording r on r.id = t.recording_id
              where t.next_at <= @now and r.status = 'ready' order by r.created_at desc, r.id desc limit 1
            ), begun as (
              update transcript t set attempts = t.attempts + 1 from due where t.recording_id = due.recording_id returning t.recording_id, t.attempts)
            select r.id as recording, r.call_id, r.path, coalesce(r.duration_ms, 0) as duration_ms, coalesce(r.waveform, '') as waveform,
              coalesce(nullif(k.language, ''), n.language) as language, b.attempts
            from begun b join recording r on r.id = b.recording_id
            left join call c on c.id = r.call_id
            left join client own on own.id = c.client_id
            left join client k on k.id = coalesce(own.merged_into, own.id)
            left join dialled_number n on n.domain = c.domain and n.number = c.dialled_raw and c.direction = 'Inbound'
            """,
            new { now = time.GetUtcNow().UtcDateTime }, cancellationToken: ct));
    }

    /// <summary>An attempt that this process broke off because it stops is none.</summary>
    public async Task BreakOffAsync(Guid recording, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("update transcript set attempts = greatest(0, attempts - 1) where recording_id = @recording", new { recording }, cancellationToken: ct));
    }

    /// <summary>What was said, whole and instead of anything that was there before; none: nobody said anything.</summary>
    public async Task FinishAsync(TranscriptJob job, IReadOnlyList<SpokenLine> lines, string model, string? language, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var told = await connection.ExecuteAsync(new CommandDefinition(
            """
            update transcript set state = @state, error = null, next_at = null, model = @model, language = @language, opening = @opening, words = @words, finished_at = @now
            where recording_id = @Recording
            """,
            new
            {
                job.Recording,
                state = lines.Count > 0 ? "done" : "silent",
                model,
                language,
                opening = Opening(lines),
                words = SaidWords.Of(lines.Select(l => l.Text)),
                now = time.GetUtcNow().UtcDateTime,
            },
            cancellationToken: ct));
        // Deleted with its recording meanwhile.
        if (told == 0) return;
        await connection.ExecuteAsync(new CommandDefinition(
            """
            delete from transcript_line where recording_id = @Recording;
            insert into transcript_line (recording_id, n, side, from_ms, to_ms, text)
            select @Recording, l.n, l.side, l.from_ms, l.to_ms, l.text from unnest(@sides, @from, @to, @texts) with ordinality l (side, from_ms, to_ms, text, n);
            """,
            new { job.Recording, sides = lines.Select(l => l.Side).ToArray(), from = lines.Select(l => l.From_ms).ToArray(), to = lines.Select(l => l.To_ms).ToArray(), texts = lines.Select(l => l.Text).ToArray() },
            cancellationToken: ct));
        await HintAsync(connection, job, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Nothing came of it.</summary>
    /// <param name="again">When it is tried again; null: only when somebody asks.</param>
    public async Task FailAsync(TranscriptJob job, string state, string error, DateTimeOffset? again, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            "update transcript set state = @state, error = @error, next_at = @again, finished_at = @now where recording_id = @Recording",
            new { job.Recording, state, error, again = again?.UtcDateTime, now = time.GetUtcNow().UtcDateTime }, cancellationToken: ct));
        await HintAsync(connection, job, ct);
        await transaction.CommitAsync(ct);
    }

    public async Task<(long Waiting, long Failed)> CountAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(
            "select count(*) filter (where state = 'waiting'), count(*) filter (where state = 'failed') from transcript where state in ('waiting', 'failed')", cancellationToken: ct));
    }

    private static string Opening(IReadOnlyList<SpokenLine> lines)
    {
        var text = string.Join(" – ", lines.Take(6).Select(l => l.Text));
        if (text.Length <= OpeningLength) return text;
        var end = text.LastIndexOf(' ', OpeningLength);
        return text[..(end > OpeningLength / 2 ? end : OpeningLength)] + "…";
    }

    private static Task HintAsync(NpgsqlConnection connection, TranscriptJob job, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            "insert into change (kind, key, call_id) values ('transcript', @key, @CallId)", new { key = job.Recording.ToString(), job.CallId }, cancellationToken: ct));
}
