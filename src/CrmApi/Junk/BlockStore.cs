using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Admin;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Junk;

/// <param name="Row">Null: refused.</param>
internal readonly record struct BlockDone(BlockRow? Row, bool CardHidden, ProblemHttpResult? Refusal);

/// <summary>
/// The one writer of blocked numbers. They are settings: each change raises the version, so that the router has it within a moment, and is kept with what was before.
/// </summary>
internal sealed class BlockStore(NpgsqlDataSource database, AdminWriter settings, ClientDirectory directory, ChangeHints hints, IOptions<SiteOptions> site, TimeProvider time)
{
    const int MostErrors = 200;

    /// <summary>How long an agent may take back their own mark.</summary>
    static readonly TimeSpan Regret = TimeSpan.FromHours(24);

    public DateTimeOffset Now => time.GetUtcNow();

    public async Task<ListPage<BlockRow>> ListAsync(Person person, string query, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var text = Texts.Clean(query).Trim();
        var digits = string.Concat(text.Where(char.IsAsciiDigit));
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            {RowSql}
            where b.domain = (select domain from app_user where id = @person) and b.removed_at is null and (b.until is null or b.until > @now)
              and (@text = '' or b.note ilike @words or (@digits <> '%%' and b.e164 like @digits) or b.e164 = @e164)
              and (@at::timestamptz is null or (b.made_at, b.id) < (@at, @id))
            order by b.made_at desc, b.id desc limit @limit
            """,
            new { person = person.Id, now = Now, text, words = $"%{Texts.LikeFragment(text)}%", digits = person.Veil.Numbers ? "%%" : $"%{digits.TrimStart('0')}%", e164 = PhoneNumbers.ToE164(text, site.Value.Region), at = after?.At, id = after?.Id, limit = limit + 1 },
            cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).ToList();
        return new ListPage<BlockRow>([.. page.Select(View)], rows.Count > limit ? Cursor.Of(page[^1].MadeAt, page[^1].Id) : null);
    }

    /// <summary>Of a call that came in; of a merged one, that of the call it became.</summary>
    public async Task<CallerRow?> CallerAsync(Guid call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QueryFirstOrDefaultAsync<CallerRow>(new CommandDefinition(
            """
            select case c.direction when 'Inbound' then c.caller_e164 end as e164, coalesce(c.queue_id, n.queue_id) as queue_id, coalesce(k.merged_into, k.id, one.id) as client_id
            from call l join call c on c.id = coalesce(l.merged_into, l.id)
            left join dialled_number n on n.domain = c.domain and n.number in (c.dialled_raw, c.dialled_e164)
            left join client k on k.id = c.client_id
            left join lateral (select min(p.client_id::text)::uuid as id from client_phone p where p.e164 = c.caller_e164 having count(distinct p.client_id) = 1) one on true
            where l.id = @call limit 1
            """,
            new { call }, cancellationToken: cancel));
    }

    /// <param name="create">Its number in E.164.</param>
    /// <param name="call">In which an agent said so: who is blocked already stays so, and that is no error.</param>
    public async Task<BlockDone> AddAsync(Person person, BlockCreate create, Guid? call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var domain = await BeginAsync(transaction, person, cancel);
        if (await FindAsync(transaction, domain, create.Id, null, null, cancel) is { } same) return new BlockDone(View(same), same.HiddenClient is not null, null);
        if (await MarkAsync(transaction, domain, create.Id, cancel) is { } told && await FindAsync(transaction, domain, told.BlockId, null, null, cancel) is { } found)
            return new BlockDone(View(found) with { Id = told.Id }, told.HiddenClient is not null, null);
        if (create.Queue is { } queue && !await KnownAsync(transaction, domain, queue, cancel)) return Refused(Problems.Invalid("queue", "a queue"));
        if (!create.Confirmed && await DoubtsAsync(transaction, domain, create.Number, create.HideClient, cancel) is { Count: > 0 } doubts) return Refused(ConfirmNeeded(doubts));
        var before = await FindAsync(transaction, domain, null, create.Number, create.Queue, cancel);
        if (before is not null && call is null) return Refused(Problems.Of(StatusCodes.Status409Conflict, "already_blocked", "This number is blocked already."));
        var hidden = create.HideClient is { } client && await directory.HideAsync(transaction, client, person.Id, cancel);
        // Pressed twice in one call: one block, and one way back. Of any other block this one is not theirs to take back.
        var again = before is not null && before.MadeBy == person.Id && before.CallId == call;
        if (again && hidden)
            await connection.ExecuteAsync(new CommandDefinition("update blocked_number set hidden_client = @HideClient where id = @Id and hidden_client is null", new { before!.Id, create.HideClient }, transaction, cancellationToken: cancel));
        else if (before is not null && !again)
            await connection.ExecuteAsync(new CommandDefinition(
                "insert into block_mark (id, block_id, hidden_client, made_by, made_at) values (@Id, @block, @hidden, @person, @now)",
                new { create.Id, block = before.Id, hidden = hidden ? create.HideClient : null, person = person.Id, now = Now }, transaction, cancellationToken: cancel));
        if (before is null)
        {
            if (await CountAsync(transaction, domain, cancel) >= SettingsRules.MostBlocked) return Refused(Full());
            await transaction.Connection!.ExecuteAsync(new CommandDefinition(
                """
                insert into blocked_number (id, domain, e164, queue_id, reason, note, made_by, made_at, until, call_id, hidden_client)
                values (@Id, @domain, @Number, @Queue, @Reason, @Note, @person, @now, @Until, @call, @hidden)
                """,
                new { create.Id, domain, create.Number, create.Queue, create.Reason, create.Note, person = person.Id, now = Now, create.Until, call, hidden = hidden ? create.HideClient : null },
                transaction, cancellationToken: cancel));
            await settings.KeepAsync(transaction, domain, person, "blocked", create.Id.ToString(), create.Number, null, Text(create), cancel);
        }

        var row = before ?? await FindAsync(transaction, domain, create.Id, null, null, cancel);
        await EndAsync(transaction, domain, cancel);
        return new BlockDone(View(row!) with { Id = again ? row!.Id : create.Id }, hidden, null);
    }

    public async Task<(BlockImported? Imported, ProblemHttpResult? Refusal)> ImportAsync(Person person, BlockImport import, IReadOnlyList<BlockLine> lines, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var domain = await BeginAsync(transaction, person, cancel);
        if (import.Queue is { } queue && !await KnownAsync(transaction, domain, queue, cancel)) return (null, Problems.Invalid("queue", "a queue"));
        var read = lines.Where(l => l.E164 is not null).DistinctBy(l => l.E164).ToList();
        var doubtful = await ManyDoubtsAsync(transaction, domain, [.. read.Select(l => l.E164!)], cancel);
        var room = SettingsRules.MostBlocked - await CountAsync(transaction, domain, cancel);
        var (fine, errors) = (new List<BlockLine>(), new List<BlockImportError>());
        foreach (var line in lines)
        {
            var error = line.E164 is not { } e164 ? "not_a_number" : doubtful.GetValueOrDefault(e164);
            if (error is null && read.Contains(line) && fine.Count >= room) error = "list_full";
            if (error is not null) errors.Add(new BlockImportError(line.Line, line.Text, error));
            else if (read.Contains(line)) fine.Add(line);
        }

        var added = (await connection.QueryAsync<string>(new CommandDefinition(
            """
            insert into blocked_number (id, domain, e164, queue_id, reason, note, made_by, made_at, until)
            select i.id, @domain, i.e164, @Queue, @Reason, i.note, @person, @now, @Until from unnest(@ids, @numbers, @notes) as i(id, e164, note)
            on conflict do nothing returning e164
            """,
            new
            {
                domain,
                import.Queue,
                import.Reason,
                import.Until,
                person = person.Id,
                now = Now,
                ids = fine.Select(_ => Guid.CreateVersion7(Now)).ToArray(),
                numbers = fine.Select(l => l.E164!).ToArray(),
                notes = fine.Select(l => l.Note).ToArray(),
            },
            transaction, cancellationToken: cancel))).AsList();
        var imported = new BlockImported(added.Count, lines.Count - added.Count - errors.Count, errors.Count, [.. errors.Take(MostErrors)]);
        if (added.Count == 0) return (imported, null);
        await settings.KeepAsync(transaction, domain, person, "blocked", "import", added.Count == 1 ? added[0] : $"{added[0]} … ({added.Count})", null,
            JsonSerializer.Serialize(new { numbers = string.Join(", ", added), queue = import.Queue, reason = import.Reason, until = import.Until }), cancel);
        await EndAsync(transaction, domain, cancel);
        return (imported, null);
    }

    public async Task<ProblemHttpResult?> RemoveAsync(Person person, Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var domain = await BeginAsync(transaction, person, cancel);
        if (await FindAsync(transaction, domain, id, null, null, cancel) is not { } row) return await UnmarkAsync(transaction, domain, person, id, cancel);
        if (!MayTakeBack(person, row.MadeBy, row.MadeAt)) return NotTheirs();
        await connection.ExecuteAsync(new CommandDefinition("update blocked_number set removed_at = @now, removed_by = @person where id = @id", new { id, now = Now, person = person.Id }, transaction, cancellationToken: cancel));
        var hidden = (await connection.QueryAsync<Guid?>(new CommandDefinition(
            "update block_mark set undone_at = @now where block_id = @id and undone_at is null returning hidden_client", new { id, now = Now }, transaction, cancellationToken: cancel))).Append(row.HiddenClient);
        foreach (var client in hidden.OfType<Guid>().Distinct()) await ShowAsync(transaction, domain, client, null, cancel);
        await settings.KeepAsync(transaction, domain, person, "blocked", id.ToString(), row.E164, Text(new BlockCreate(id, row.E164, row.QueueId, row.Reason, row.Note, row.Until)), null, cancel);
        await EndAsync(transaction, domain, cancel);
        return null;
    }

    /// <summary>What was done by saying so of a number that was blocked already: the number stays blocked, as others wished.</summary>
    async Task<ProblemHttpResult?> UnmarkAsync(NpgsqlTransaction transaction, string domain, Person person, Guid id, CancellationToken cancel)
    {
        if (await MarkAsync(transaction, domain, id, cancel) is not { } mark) return Problems.NotFound("blocked number");
        if (!MayTakeBack(person, mark.MadeBy, mark.MadeAt)) return NotTheirs();
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("update block_mark set undone_at = @now where id = @id", new { id, now = Now }, transaction, cancellationToken: cancel));
        // What was put away by it had been there before: only who put it away since keeps it there.
        if (mark.HiddenClient is { } client) await ShowAsync(transaction, domain, client, mark.MadeAt, cancel);
        await EndAsync(transaction, domain, cancel);
        return null;
    }

    bool MayTakeBack(Person person, Guid madeBy, DateTimeOffset madeAt) => person.ManagesBlocks || (madeBy == person.Id && Now - madeAt <= Regret);

    static ProblemHttpResult NotTheirs() =>
        Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Supervisors take numbers off the list; whoever marked one may take it back for 24 hours.");

    /// <summary>Unless somebody else's block put it away, too.</summary>
    async Task ShowAsync(NpgsqlTransaction transaction, string domain, Guid client, DateTimeOffset? since, CancellationToken cancel)
    {
        if (!await transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            select exists (select from blocked_number where domain = @domain and hidden_client = @client and removed_at is null and (@since::timestamptz is null or made_at > @since))
              or exists (select from block_mark m join blocked_number b on b.id = m.block_id
                where b.domain = @domain and m.hidden_client = @client and m.undone_at is null and b.removed_at is null and (@since::timestamptz is null or m.made_at > @since))
            """, new { domain, client, since }, transaction, cancellationToken: cancel)))
            await directory.ShowAsync(transaction, client, cancel);
    }

    static Task<Mark?> MarkAsync(NpgsqlTransaction transaction, string domain, Guid id, CancellationToken cancel) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<Mark?>(new CommandDefinition(
            """
            select m.id, m.block_id, m.hidden_client, m.made_by, m.made_at from block_mark m join blocked_number b on b.id = m.block_id
            where m.id = @id and b.domain = @domain and m.undone_at is null
            """, new { id, domain }, transaction, cancellationToken: cancel));

    /// <summary>One at a time; what ran out makes room, and may be blocked anew.</summary>
    async Task<string> BeginAsync(NpgsqlTransaction transaction, Person person, CancellationToken cancel)
    {
        var domain = await AdminStore.DomainAsync(transaction, person.Id, cancel);
        await AdminWriter.LockAsync(transaction, domain, cancel);
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "update blocked_number set removed_at = until where domain = @domain and removed_at is null and until <= @now", new { domain, now = Now }, transaction, cancellationToken: cancel));
        return domain;
    }

    /// <summary>Commits, and tells the router and the pages.</summary>
    async Task EndAsync(NpgsqlTransaction transaction, string domain, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        await SettingsReader.RaiseVersionAsync(transaction, domain, cancel);
        await hints.AddAsync(transaction, "blocks", domain, null, null, cancel);
        await transaction.CommitAsync(cancel);
        await connection.ExecuteAsync($"notify {SettingsReader.Channel}");
        hints.Wake();
    }

    static Task<bool> KnownAsync(NpgsqlTransaction transaction, string domain, Guid queue, CancellationToken cancel) =>
        transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select exists (select from queue where id = @queue and domain = @domain and retired_at is null)", new { queue, domain }, transaction, cancellationToken: cancel));

    static Task<int> CountAsync(NpgsqlTransaction transaction, string domain, CancellationToken cancel) =>
        transaction.Connection!.ExecuteScalarAsync<int>(new CommandDefinition(
            "select count(*)::int from blocked_number where domain = @domain and removed_at is null", new { domain }, transaction, cancellationToken: cancel));

    /// <summary>Why somebody should look twice before this number is blocked: client (confirmed), responsible, deals, own_number.</summary>
    async Task<List<string>> DoubtsAsync(NpgsqlTransaction transaction, string domain, string e164, Guid? client, CancellationToken cancel)
    {
        var doubts = new List<string>();
        foreach (var who in await ClientsAsync(transaction, [e164], client, cancel))
        {
            if (who.Confirmed) doubts.Add("client");
            if (who.Responsible) doubts.Add("responsible");
            if (who.Deals) doubts.Add("deals");
        }

        if ((await OwnAsync(transaction, domain, cancel)).Any(own => BlockRules.IsOwn(own, e164, site.Value.Region))) doubts.Add("own_number");
        return [.. doubts.Distinct(StringComparer.Ordinal)];
    }

    async Task<Dictionary<string, string>> ManyDoubtsAsync(NpgsqlTransaction transaction, string domain, string[] numbers, CancellationToken cancel)
    {
        var doubts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var who in await ClientsAsync(transaction, numbers, null, cancel))
        {
            if ((who.Confirmed ? "client" : who.Responsible ? "responsible" : who.Deals ? "deals" : null) is { } doubt) doubts.TryAdd(who.E164, doubt);
        }

        var own = (await OwnAsync(transaction, domain, cancel)).AsList();
        foreach (var number in numbers.Where(n => own.Exists(o => BlockRules.IsOwn(o, n, site.Value.Region)))) doubts[number] = "own_number";
        return doubts;
    }

    static Task<IEnumerable<WhoRow>> ClientsAsync(NpgsqlTransaction transaction, string[] numbers, Guid? client, CancellationToken cancel) =>
        transaction.Connection!.QueryAsync<WhoRow>(new CommandDefinition(
            """
            select n.e164, c.confirmed, c.responsible_id is not null as responsible, exists (select from deal d where d.client_id in (c.id, n.client_id) and d.deleted_at is null) as deals
            from (select e164, client_id from client_phone where e164 = any(@numbers) union select (@numbers)[1], @client where @client::uuid is not null) n
            join client k on k.id = n.client_id join client c on c.id = coalesce(k.merged_into, k.id)
            """,
            new { numbers, client }, transaction, cancellationToken: cancel));

    static Task<IEnumerable<string>> OwnAsync(NpgsqlTransaction transaction, string domain, CancellationToken cancel) =>
        transaction.Connection!.QueryAsync<string>(new CommandDefinition(
            "select number from dialled_number where domain = @domain union select number from extension where domain = @domain", new { domain }, transaction, cancellationToken: cancel));

    static Task<Row?> FindAsync(NpgsqlTransaction transaction, string domain, Guid? id, string? e164, Guid? queue, CancellationToken cancel) =>
        transaction.Connection!.QueryFirstOrDefaultAsync<Row>(new CommandDefinition(
            $"{RowSql} where b.domain = @domain and b.removed_at is null and (@id::uuid is null or b.id = @id) and (@e164::text is null or b.e164 = @e164 and b.queue_id is not distinct from @queue::uuid)",
            new { domain, id, e164, queue }, transaction, cancellationToken: cancel));

    static BlockDone Refused(ProblemHttpResult refusal) => new(null, false, refusal);

    static ProblemHttpResult Full() =>
        Problems.Of(StatusCodes.Status409Conflict, "list_full", $"The list holds {SettingsRules.MostBlocked} numbers: take some off, or let them run out.");

    static ProblemHttpResult ConfirmNeeded(List<string> doubts)
    {
        var problem = Problems.Of(StatusCodes.Status409Conflict, "confirm_needed", "This number is known. Confirm that it shall be blocked all the same.");
        problem.ProblemDetails.Extensions["confirm"] = doubts;
        return problem;
    }

    static string Text(BlockCreate b) => JsonSerializer.Serialize(new { number = b.Number, queue = b.Queue, reason = b.Reason, note = b.Note, until = b.Until });

    static BlockRow View(Row r) => new(r.Id, r.E164, PhoneNumbers.Format(r.E164, "en"), r.QueueId, r.QueueName, r.Reason, r.Note, r.Who, r.MadeAt, r.Until, r.ClientId, r.ClientName, r.Calls, r.LastCallAt);

    const string RowSql =
        """
        select b.id, b.e164, b.queue_id, q.name as queue_name, b.reason, b.note, b.made_by, u.name as who, b.made_at, b.until, b.call_id, b.hidden_client, k.id as client_id, k.name as client_name,
          t.calls, t.last_call_at
        from blocked_number b join app_user u on u.id = b.made_by left join queue q on q.id = b.queue_id
        left join lateral (
          select c.id, coalesce(nullif(c.name, ''), c.company) as name from client_phone p join client o on o.id = p.client_id join client c on c.id = coalesce(o.merged_into, o.id)
          where p.e164 = b.e164 order by c.confirmed desc, c.created_at limit 1) k on true
        cross join lateral (
          select count(*)::int as calls, max(c.started_at) as last_call_at from call c
          where c.outcome = 'Blocked' and c.caller_e164 = b.e164 and c.started_at >= b.made_at and (b.queue_id is null or c.queue_id = b.queue_id)) t
        """;

    internal sealed record CallerRow(string? E164, Guid? QueueId, Guid? ClientId);

    sealed record Mark(Guid Id, Guid BlockId, Guid? HiddenClient, Guid MadeBy, DateTimeOffset MadeAt);

    sealed record WhoRow(string E164, bool Confirmed, bool Responsible, bool Deals);

    sealed record Row(Guid Id, string E164, Guid? QueueId, string? QueueName, string Reason, string Note, Guid MadeBy, string Who, DateTimeOffset MadeAt, DateTimeOffset? Until, Guid? CallId, Guid? HiddenClient,
        Guid? ClientId, string? ClientName, int Calls, DateTimeOffset? LastCallAt);
}
