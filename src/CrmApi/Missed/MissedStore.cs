using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Reports;
using CallCrm.Engine;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Missed;

/// <summary>What became of a claim, a release or a close.</summary>
/// <param name="Row">The number as it is now; null: no such number is open for this person.</param>
/// <param name="Refusal">claimed_by_other: the row says who holds it; calling_now: they wait in line or ring at this moment.</param>
internal readonly record struct MissedTaken(MissedRow? Row, string? Refusal);

/// <param name="Queues">Of all its open misses.</param>
/// <param name="Owners">Of the mailboxes that messages were left in.</param>
/// <param name="Heard">Changes when its message can be played, or is heard or deleted on the phone.</param>
/// <param name="Calling">They wait in line or ring at this moment.</param>
internal sealed record MissedHead(Guid NumberId, int Times, bool IsShort, Guid? ClaimedById, Guid[] Queues, Guid[] Owners, long Heard, bool Calling);

/// <summary>The list of missed callers, and the claims on it.</summary>
internal sealed class MissedStore(NpgsqlDataSource database, IOptions<MissedOptions> options, IOptions<RouterRoadOptions> road, SiteClock clock, TimeProvider time)
{
    public async Task<ListPage<MissedRow>> ListAsync(Person person, string state, Guid? queue, string? cursor, int limit, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await ReadAsync(connection, person, state, null, queue, Cursor.Time(cursor), limit + 1, cancel);
        var page = rows.Take(limit).ToList();
        return new ListPage<MissedRow>(page, rows.Count > limit ? Cursor.Of(page[^1].ClosedAt ?? page[^1].LastAt, page[^1].Id) : null);
    }

    public async Task<int> WaitingAsync(Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (int)await connection.ExecuteScalarAsync<long>(new CommandDefinition(MissedSql.Waiting, Parameters(person), cancellationToken: cancel));
    }

    /// <summary>All that is open, and who is a member of which queue.</summary>
    public async Task<(IReadOnlyList<MissedHead> Open, ILookup<Guid, Guid> Queues)> HeadsAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition($"{MissedSql.Heads}; select user_id, queue_id from queue_member", Parameters(null), cancellationToken: cancel));
        var heads = (await results.ReadAsync<HeadRow>()).Select(h => new MissedHead(h.NumberId, h.Times, h.IsShort, h.ClaimedById, Ids(h.Queues), Ids(h.Owners), h.Heard, h.Calling));
        return ([.. heads], (await results.ReadAsync<(Guid User, Guid Queue)>()).ToLookup(m => m.User, m => m.Queue));
    }

    static Guid[] Ids(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Guid.Parse)];

    /// <summary>The first one gets it; a second time renews it. Nobody is called back who is calling.</summary>
    public Task<MissedTaken> ClaimAsync(Guid number, Person person, CancellationToken cancel) => TakeAsync(number, person, refuses: row => Held(Other(row, person)) ?? (row.CallingSince is null ? null : "calling_now"),
        "insert into missed_claim (number_id, user_id, claimed_at) values (@number, @person, @now) on conflict (number_id) do update set user_id = excluded.user_id, claimed_at = excluded.claimed_at", cancel);

    /// <summary>One's own, and of those whom the right reaches.</summary>
    public Task<MissedTaken> ReleaseAsync(Guid number, Person person, CancellationToken cancel) => TakeAsync(number, person, refuses: row => Held(Other(row, person) && !person.Within(Rights.WorkMissed).Includes(row.ClaimedById)),
        "delete from missed_claim where number_id = @number", cancel);

    /// <summary>Closes what was missed until now.</summary>
    public Task<MissedTaken> DoneAsync(Guid number, Person person, string reason, string note, CancellationToken cancel) => TakeAsync(number, person, refuses: row => Held(Other(row, person) && !person.Within(Rights.WorkMissed).Includes(row.ClaimedById)),
        """
        with spent as (delete from missed_claim where number_id = @number)
        insert into missed_done (number_id, at, user_id, reason, note) values (@number, @now, @person, @reason, @note) on conflict do nothing
        """, cancel, reason, note);

    /// <returns>Null: not open for this person, or somebody else's.</returns>
    public async Task<MissedRow?> MineToCloseAsync(Guid number, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await FindAsync(connection, number, person, cancel) is { } row && (!Other(row, person) || person.Within(Rights.WorkMissed).Includes(row.ClaimedById)) ? row : null;
    }

    /// <summary>Who is shown a missed number may hear what it left, though nobody took part in that call.</summary>
    public async Task<bool> MayHearAsync(Guid call, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var parameters = Parameters(person);
        parameters.AddDynamicParams(new { call });
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(MissedSql.MayHear, parameters, cancellationToken: cancel));
    }

    public async Task<MissedFiguresView> FiguresAsync(Reports.ReportAsk ask, CancellationToken cancel)
    {
        var within = options.Value.CallBackWithin;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<FigureRow>(new CommandDefinition(MissedSql.Figures, new { domain = road.Value.Domain, from = ask.Begins, to = ask.Ends, days = ask.Days, now = time.GetUtcNow(), callBackWithin = within }, cancellationToken: cancel))).AsList();
        return new MissedFiguresView((int)within.TotalSeconds, Figures(rows) with { CallBackMedian_s = Whole(rows.FirstOrDefault()?.AllMedian_s) },
            [.. rows.Select(r => new MissedQueueFigures(r.QueueId, r.QueueName, Figures([r]) with { CallBackMedian_s = Whole(r.Median_s) }))], ask.From, ask.To, ask.Zone.Id);
    }

    static string? Held(bool byOther) => byOther ? "claimed_by_other" : null;

    static bool Other(MissedRow row, Person person) => row.ClaimedById is { } holder && holder != person.Id;

    /// <summary>Who comes at the same time waits for the lock, and then sees what the first one did.</summary>
    async Task<MissedTaken> TakeAsync(Guid number, Person person, Func<MissedRow, string?> refuses, string sql, CancellationToken cancel, string reason = "", string note = "")
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended('missed' || @number::text, 0))", new { number }, transaction, cancellationToken: cancel));
        if (await FindAsync(connection, number, person, cancel) is not { } row) return default;
        if (refuses(row) is { } refusal) return new MissedTaken(row, refusal);
        await connection.ExecuteAsync(new CommandDefinition(sql, new { number, person = person.Id, now = time.GetUtcNow(), reason, note }, transaction, cancellationToken: cancel));
        var after = await FindAsync(connection, number, person, cancel) ?? row;
        await transaction.CommitAsync(cancel);
        return new MissedTaken(after, null);
    }

    async Task<MissedRow?> FindAsync(NpgsqlConnection connection, Guid number, Person person, CancellationToken cancel) =>
        (await ReadAsync(connection, person, "open", number, null, null, 1, cancel)).FirstOrDefault();

    async Task<List<MissedRow>> ReadAsync(NpgsqlConnection connection, Person person, string state, Guid? number, Guid? queue, (DateTimeOffset At, Guid Id)? after, int limit, CancellationToken cancel)
    {
        var parameters = Parameters(person);
        parameters.AddDynamicParams(new { number, queue, mine = state == "mine", at = after?.At, id = after?.Id, limit, day = clock.DayStart });
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(state == "closed" ? MissedSql.ClosedRows : MissedSql.OpenRows, parameters, cancellationToken: cancel));
        return [.. rows.Select(View)];
    }

    DynamicParameters Parameters(Person? person)
    {
        var now = time.GetUtcNow();
        return new DynamicParameters(new
        {
            domain = road.Value.Domain,
            now,
            since = now.AddDays(-options.Value.ShowDays),
            claimFor = options.Value.ClaimFor,
            person = person?.Id ?? Guid.Empty,
            all = person?.Within(Rights.WorkMissed).IsEveryone ?? true,
            members = person?.Within(Rights.WorkMissed).People ?? [],
        });
    }

    static MissedRow View(Row r) => new(r.Id, LiveViews.Caller(Caller(r), r.CallerName), r.ClientId, r.ClientName, r.QueueName, r.Kind, r.IsShort, r.Times, r.FirstAt,
        r.LastAt, r.LastCallId, r.ClaimedById, r.ClaimedBy, r.LapsesAt, r.ClosedAt, r.ClosedHow, r.ClosedBy, r.Note, Message(r),
        r.ClosedAt is null ? r.CallingSince : null);

    static PhoneNumber Caller(Row r) => r.E164 is { } e164 ? new(e164, NumberKind.E164, e164)
        : Enum.TryParse<NumberKind>(r.CallerKind, out var kind) && kind is NumberKind.Unparsed && r.CallerRaw.Length > 0 ? new(r.CallerRaw, kind) : PhoneNumber.Withheld;

    /// <summary>The row of a recording is made when the recorder first looks.</summary>
    static MissedMessage? Message(Row r)
    {
        if (r.MessageCallId is not { } call || (r.MessageId is null && r.Kind != "Voicemail" && r.Mailbox is null)) return null;
        var phone = r.MailboxState switch { "Heard" => "heard", "Removed" => "removed", _ => null };
        return new MissedMessage(call, r.MessageId, r.MessageId is null ? "pending" : r.MessageStatus!, string.IsNullOrEmpty(r.Mailbox) ? null : r.Mailbox, r.MessageMs, phone, phone is null ? null : r.MailboxStateAt);
    }

    static MissedFigures Figures(IReadOnlyList<FigureRow> rows)
    {
        long Sum(Func<FigureRow, long> of) => rows.Sum(of);
        var (called, inTime, late) = (Sum(r => r.CalledBack), Sum(r => r.InTime), Sum(r => r.Late));
        return new MissedFigures((int)Sum(r => r.Callers), (int)Sum(r => r.Open), (int)called,
            CallFigures.InTimePercent(inTime, late), CallFigures.CallBack_s(rows.Sum(r => r.CallBack_s), called), (int)Sum(r => r.Short), (int)Sum(r => r.Withheld), RangAgain: (int)Sum(r => r.Rang));
    }

    static int? Whole(double? seconds) => seconds is { } s ? (int)Math.Round(s, MidpointRounding.AwayFromZero) : null;

    sealed record HeadRow(Guid NumberId, int Times, bool IsShort, Guid? ClaimedById, string Queues, string Owners, long Heard, bool Calling);

    sealed record Row(Guid Id, string? E164, string CallerRaw, string CallerKind, string CallerName, Guid? ClientId, string? ClientName, string? QueueName, string Kind, bool IsShort, int Times, DateTimeOffset FirstAt, DateTimeOffset LastAt,
        Guid LastCallId, Guid? MessageCallId, Guid? MessageId, string? MessageStatus, string? Mailbox, string? MailboxState, DateTimeOffset? MailboxStateAt, int? MessageMs, DateTimeOffset? CallingSince, Guid? ClaimedById, string? ClaimedBy, DateTimeOffset? LapsesAt, DateTimeOffset? ClosedAt, string? ClosedHow, string? ClosedBy, string? Note);

    sealed record FigureRow(Guid? QueueId, string? QueueName, long Callers, long Open, long CalledBack, decimal CallBack_s, long InTime, long Late, long Short, long Withheld, double? Median_s, double? AllMedian_s, long Rang);
}
