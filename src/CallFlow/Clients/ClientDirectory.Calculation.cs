using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <param name="Running">Cards are being calculated anew.</param>
/// <param name="EndedAt">When the last pass ended.</param>
public sealed record Recalculation(bool Running, int Percent, DateTimeOffset? EndedAt);

/// <summary>
/// Calculated fields. What a person saves is calculated in the same transaction; calls, deals and other writers of cards are followed by the changes and the journal; a changed
/// formula and a new day make a pass over all cards. A card's version stays: nobody edits these fields, so nobody's edit is in conflict with them.
/// </summary>
public sealed partial class ClientDirectory
{
    const int CardsAtOnce = 1_000, ChangesAtOnce = 500, EntriesAtOnce = 5_000;

    /// <summary>Kind of the hint that a pass changed cards; its key is the range of their numbers: <c>after-upto</c>.</summary>
    public const string PassHint = "cards";

    /// <summary>A page reads its card once for a pass, when the pass has gone by; so they do not all read at the same moment.</summary>
    static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(1);

    (string Key, FormulaSet Set) lastFormulas = ("", FormulaSet.Build([], out _));

    DateOnly LocalDay(DateTimeOffset at) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, zone ?? TimeZoneInfo.Utc).DateTime);

    /// <summary>
    /// Those in use, which do not change before the transaction ends. To be called before any card is locked: who changes a field locks it first and its cards after it.
    /// </summary>
    async Task<FormulaSet> FormulasAsync(NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select {CustomField.Columns} from client_field where not archived and exists (select from client_field where kind = 'calculated' and not archived) order by code for share", transaction.Connection, transaction);
        var fields = await ReadFieldsAsync(command, ct);
        var key = string.Join('\n', fields.Select(f => $"{f.Code} {f.Kind} {f.Target} {f.Expression}"));
        if (lastFormulas is var last && last.Key == key) return last.Set;
        var set = FormulaSet.Build(fields, out _);
        lastFormulas = (key, set);
        return set;
    }

    /// <summary>Cards that the transaction has written, or whose deals.</summary>
    public async Task RecalculateAsync(NpgsqlTransaction transaction, IReadOnlyCollection<Guid> cards, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        await RecalculateAsync(transaction, await FormulasAsync(transaction, ct), cards, ct);
    }

    /// <returns>The cards that changed by it, of those given.</returns>
    async Task<IReadOnlyList<Guid>> RecalculateAsync(NpgsqlTransaction transaction, FormulaSet formulas, IReadOnlyCollection<Guid> cards, CancellationToken ct)
    {
        if (formulas.IsEmpty) return [];
        var changed = new List<Guid>();
        foreach (var some in cards.Distinct().Order().Chunk(CardsAtOnce))
        {
            var values = await ValuesAsync(transaction, formulas, some, ct);
            if (values.Count == 0) continue;
            await using var update = new NpgsqlCommand(
                "update client c set custom = (c.custom - $4) || g.made::jsonb, linked = g.linked::jsonb from unnest($1::uuid[], $2::text[], $3::text[]) as g(id, made, linked) where c.id = g.id", transaction.Connection, transaction)
            {
                Parameters = { new() { Value = values.Select(v => v.Id).ToArray() }, new() { Value = values.Select(v => v.Own).ToArray() }, new() { Value = values.Select(v => v.Linked).ToArray() }, new() { Value = formulas.Codes.ToArray() } },
            };
            await update.ExecuteNonQueryAsync(ct);
            changed.AddRange(values.Select(v => v.Id));
        }

        return changed;
    }

    /// <summary>Of those cards alone whose stored values are others.</summary>
    async Task<List<(Guid Id, string Own, string Linked)>> ValuesAsync(NpgsqlTransaction transaction, FormulaSet formulas, Guid[] cards, CancellationToken ct)
    {
        var values = new List<(Guid, string, string)>();
        await foreach (var (id, made, custom, stored) in EvaluateAsync(transaction, formulas, cards, ct))
        {
            var (own, linked) = (new JsonObject(), new JsonObject());
            foreach (var (code, value) in made) (formulas.IsLinked(code) ? linked : own)[code] = value?.DeepClone();
            if (formulas.Codes.All(c => Same(own[c], custom, c)) && JsonElement.DeepEquals(JsonSerializer.SerializeToElement(linked), stored)) continue;
            values.Add((id, CustomField.Json(own), CustomField.Json(linked)));
        }

        return values;
    }

    static bool Same(JsonNode? made, JsonElement custom, string code) => custom.TryGetProperty(code, out var stored) ? made is not null && JsonElement.DeepEquals(JsonSerializer.SerializeToElement(made), stored) : made is null;

    /// <returns>What is made, and what stands there: in the card's own fields, and of those that look at other records.</returns>
    async IAsyncEnumerable<(Guid Id, JsonObject Made, JsonElement Custom, JsonElement Linked)> EvaluateAsync(NpgsqlTransaction transaction, FormulaSet formulas, Guid[] cards, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var (now, links) = (time.GetUtcNow(), formulas.Links);
        await using var command = new NpgsqlCommand(FactsSql(formulas.Needs("calls"), formulas.Needs("deals"), links.Count > 0), transaction.Connection, transaction)
        {
            Parameters = { new() { Value = cards }, new() { Value = now.AddDays(-30).UtcDateTime }, new() { Value = now.AddDays(-90).UtcDateTime } },
        };
        if (links.Count > 0)
        {
            command.Parameters.AddWithValue(links.Select(l => l.Code).ToArray());
            command.Parameters.AddWithValue(links.Select(l => l.Target!).ToArray());
        }

        await using var reader = await command.ExecuteReaderAsync(ct);
        var (atCustom, atLinked, atLinks) = (reader.GetOrdinal("custom"), reader.GetOrdinal("linked"), links.Count > 0 ? reader.GetOrdinal("links") : -1);
        while (await reader.ReadAsync(ct))
        {
            using var custom = JsonDocument.Parse(reader.GetString(atCustom));
            using var linked = JsonDocument.Parse(reader.GetString(atLinked));
            using var records = atLinks >= 0 && !reader.IsDBNull(atLinks) ? JsonDocument.Parse(reader.GetString(atLinks)) : null;
            JsonElement? Record(string link) => records is not null && records.RootElement.TryGetProperty(link, out var found) && found.ValueKind == JsonValueKind.Object ? found : null;
            var made = formulas.Evaluate(n => FormulaLinks.Is(n) ? formulas.LinkedValue(n, Record, LocalDay) : Fact(reader, n, now), custom.RootElement, LocalDay(now));
            yield return (reader.GetGuid(0), made, custom.RootElement, linked.RootElement);
        }
    }

    object? Fact(NpgsqlDataReader row, string name, DateTimeOffset now)
    {
        if (name == "ageDays") return Days("created", row, now);
        if (name == "daysSinceContact") return Days("contact", row, now);
        if (name == "daysSinceFirstCall") return Days("first", row, now);
        var value = row[row.GetOrdinal(name)];
        return value switch
        {
            string { Length: > 0 } text => text,
            DateTime at => LocalDay(new DateTimeOffset(at)),
            long count => (decimal)count,
            decimal sum => sum,
            _ => null,
        };
    }

    object? Days(string column, NpgsqlDataReader row, DateTimeOffset now) => row[row.GetOrdinal(column)] is DateTime at ? (decimal)(LocalDay(now).DayNumber - LocalDay(new DateTimeOffset(at)).DayNumber) : null;

    /// <summary>What a formula gives for a card now; nothing is stored.</summary>
    /// <param name="formulas">Of all fields in use, with the one that is tried.</param>
    /// <returns>Whether there is such a client, and the value; null: empty.</returns>
    public async Task<(bool Known, JsonElement? Value)> TryFormulaAsync(FormulaSet formulas, string code, Guid client, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(formulas);
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await foreach (var (_, made, _, _) in EvaluateAsync(transaction, formulas, [client], ct)) return (true, made[code] is { } value ? JsonSerializer.SerializeToElement(value) : null);
        return (false, null);
    }

    /// <summary>All cards from the beginning, in the transaction that changes a formula.</summary>
    public Task RecalculateAllAsync(NpgsqlTransaction transaction, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return DoAsync(transaction, BeginPassSql, ct, time.GetUtcNow().UtcDateTime);
    }

    public async Task<Recalculation> RecalculationAsync(CancellationToken ct)
    {
        await using var command = pages.CreateCommand("select after, upto, ended_at from client_recalculation");
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var (running, upto) = (!reader.IsDBNull(0), reader.GetInt64(1));
        return new Recalculation(running, running && upto > 0 ? (int)Math.Min(99, reader.GetInt64(0) * 100 / upto) : running ? 0 : 100, reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2));
    }

    /// <summary>
    /// Cards whose calls, deals or fields changed since it was read last, in one transaction with how far it has read: a host that dies in the middle reads it again, several take turns.
    /// Its own changes are read once more and change nothing.
    /// </summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> FollowAsync(string domain, CancellationToken ct)
    {
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await ScalarAsync(transaction, "select exists (select from client_field where (kind = 'calculated' and not archived) or kind = 'link')", ct) is not true)
        {
            await DoAsync(transaction, "delete from client_calculation_position where domain = $1", ct, domain);
            await transaction.CommitAsync(ct);
            return false;
        }

        // What happened before it was followed is found by a pass.
        if (await ScalarAsync(transaction, BeginFollowingSql, ct, domain) is not null)
        {
            await FormulasAsync(transaction, ct);
            await RecalculateAllAsync(transaction, ct);
        }

        var (cards, deals, more) = await ChangedAsync(transaction, domain, ct);
        if (cards is null) return false;
        if (cards.Length + deals.Length > 0)
        {
            var formulas = await FormulasAsync(transaction, ct);
            await NoteTargetsAsync(transaction, cards, deals, ct);
            await DoAsync(transaction, LockCardsSql, ct, cards);
            var changed = await RecalculateAsync(transaction, formulas, cards, ct);
            if (changed.Count > 0) await hints.AddAsync(transaction, [.. changed.Select(c => new ChangeHint("client", c.ToString(), null, null, default))], ct);
        }

        await transaction.CommitAsync(ct);
        if (cards.Length > 0) hints.Wake();
        return more;
    }

    /// <returns>Null: another host reads just now.</returns>
    static async Task<(Guid[]? Cards, Guid[] Deals, bool More)> ChangedAsync(NpgsqlTransaction transaction, string domain, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(ChangedSql, transaction.Connection, transaction) { Parameters = { new() { Value = domain }, new() { Value = ChangesAtOnce }, new() { Value = EntriesAtOnce } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetFieldValue<Guid[]>(0), reader.GetFieldValue<Guid[]>(2), reader.GetBoolean(1)) : (null, [], false);
    }

    /// <summary>The next cards of a pass, in one transaction with how far it is. A new day begins one where a formula looks at the day.</summary>
    /// <returns>Whether there is more.</returns>
    public async Task<bool> PassAsync(CancellationToken ct)
    {
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (now, today) = (time.GetUtcNow().UtcDateTime, LocalDay(time.GetUtcNow()));
        if (await ScalarAsync(transaction, "select after is null and day is not distinct from $1 from client_recalculation", ct, today) is true) return false;
        // Fields before the pass, as who changes a field locks them; and once more, as one may have been made between, and this pass be for it.
        await FormulasAsync(transaction, ct);
        if (await PassRowAsync(transaction, ct) is not { } pass || (pass.After is null && pass.Day == today)) return false;
        var formulas = await FormulasAsync(transaction, ct);
        if (pass.After is null && formulas.Ages)
        {
            await RecalculateAllAsync(transaction, ct);
            pass = pass with { After = 0, Told = 0 };
        }

        // Of the day on which it began: one that ran past midnight is followed by another.
        if (pass.After is null or 0) await DoAsync(transaction, "update client_recalculation set day = $1", ct, today);
        if (pass.After is not { } after)
        {
            await transaction.CommitAsync(ct);
            return false;
        }

        var (cards, last) = await NextCardsAsync(transaction, after, ct);
        var changed = (await RecalculateAsync(transaction, formulas, cards, ct)).Count > 0 || pass.Changed;
        var over = cards.Length < CardsAtOnce || formulas.IsEmpty;
        if (over) await DoAsync(transaction, "update client_recalculation set after = null, ended_at = $1", ct, now);
        else await DoAsync(transaction, "update client_recalculation set after = $1", ct, last);
        var told = await TellAsync(transaction, pass with { Changed = changed }, last, over, ct);
        await transaction.CommitAsync(ct);
        if (told) hints.Wake();
        return !over;
    }

    /// <summary>In the transaction of the step: who dies before it is told tells it the next time.</summary>
    /// <returns>Whether there is something to hear.</returns>
    async Task<bool> TellAsync(NpgsqlTransaction transaction, PassRow pass, long last, bool over, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (!over && now - pass.ToldAt < TellEvery)
        {
            if (pass.Changed) await DoAsync(transaction, "update client_recalculation set changed = true where not changed", ct);
            return false;
        }

        await DoAsync(transaction, "update client_recalculation set told = $1, told_at = $2, changed = false", ct, last, now.UtcDateTime);
        if (!pass.Changed) return false;
        await hints.AddAsync(transaction, PassHint, string.Create(CultureInfo.InvariantCulture, $"{pass.Told}-{last}"), null, null, ct);
        return true;
    }

    sealed record PassRow(long? After, DateOnly? Day, long Told, DateTimeOffset? ToldAt, bool Changed);

    /// <returns>Null: another host is at it.</returns>
    static async Task<PassRow?> PassRowAsync(NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select after, day, told, told_at, changed from client_recalculation for update skip locked", transaction.Connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? new PassRow(reader.IsDBNull(0) ? null : reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<DateOnly>(1), reader.GetInt64(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3), reader.GetBoolean(4))
            : null;
    }

    static async Task<(Guid[] Cards, long Last)> NextCardsAsync(NpgsqlTransaction transaction, long after, CancellationToken ct)
    {
        var (cards, last) = (new List<Guid>(CardsAtOnce), after);
        await using (var command = new NpgsqlCommand("select id, number from client where number > $1 order by number limit $2", transaction.Connection, transaction) { Parameters = { new() { Value = after }, new() { Value = CardsAtOnce } } })
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                cards.Add(reader.GetGuid(0));
                last = reader.GetInt64(1);
            }
        }

        if (cards.Count > 0) await DoAsync(transaction, LockCardsSql, ct, cards.ToArray());
        return ([.. cards], last);
    }

    // Read after this statement, facts are at least as new as the lock. In the order in which merges and imports lock.
    const string LockCardsSql = "select id from client where id = any ($1) order by id for no key update";

    // What the pass before it had not told yet is told with the first cards of this one.
    const string BeginPassSql = "update client_recalculation set after = 0, told = 0, upto = (select coalesce(max(number), 0) from client), started_at = $1";

    const string BeginFollowingSql = """
        insert into client_calculation_position (domain, change_xid, change_id, journal_seq)
        select $1, change_horizon(), 0, (select coalesce(max(seq), 0) from journal where domain = $1)
        where not exists (select from client_calculation_position where domain = $1) on conflict do nothing
        returning 1
        """;

    const string ChangedSql = """
        with before as materialized (
          select domain, change_xid, change_id, journal_seq from client_calculation_position where domain = $1 for update skip locked
        ), changes as materialized (
          select c.xid, c.id, c.kind, c.key from before b cross join lateral (
            select xid, id, kind, key from change where (xid, id) > (b.change_xid, b.change_id) and xid < change_horizon() order by xid, id limit $2) c
        ), entries as materialized (
          select j.seq, j.kind, j.call_id from before b cross join lateral (
            select seq, kind, call_id from journal where domain = $1 and seq > b.journal_seq order by seq limit $3) j
        ), moved as (
          update client_calculation_position p set
            change_xid = coalesce((select xid from changes order by xid desc, id desc limit 1), p.change_xid), change_id = coalesce((select id from changes order by xid desc, id desc limit 1), p.change_id),
            journal_seq = coalesce((select max(seq) from entries), p.journal_seq)
          from before b where p.domain = b.domain
        ), touched (id) as (
          select case when key ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then key::uuid end from changes where kind = 'client'
          union
          select l.client_id from entries e join call l on l.id = e.call_id or l.merged_into = e.call_id
          where e.kind in ('call_identified', 'call_ended', 'call_corrected', 'call_merged', 'call_imported') and l.client_id is not null
        )
        select coalesce((select array_agg(distinct client_root(id)) from touched where client_root(id) is not null), '{}'),
          (select count(*) from changes) = $2 or (select count(*) from entries) = $3,
          coalesce((select array_agg(distinct key::uuid) from changes where kind = 'deal' and key ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'), '{}')
        from before
        """;

    /// <summary>What formulas are evaluated with; calls and deals of all cards that went into one are its.</summary>
    static string FactsSql(bool calls, bool deals, bool links) => $"""
        select c.id, c.custom::text as custom, c.linked::text as linked, c.name, c.company, c.email, c.city, c.note, c.address, c.kind, c.language, c.segment, c.source, c.tax_id as "taxId", c.time_zone as "timeZone",
          array_to_string(c.tags, ', ') as tags, c.created_at as created, k.*, d.*, r.*
        from client c
        cross join lateral ({(calls ? CallFactsSql : NoFactsSql)}) k
        cross join lateral ({(deals ? DealFactsSql : NoFactsSql)}) d
        cross join lateral ({(links ? FormulaLinks.RecordsSql : NoFactsSql)}) r
        where c.id = any ($1) and c.merged_into is null and c.deleted_at is null
        """;

    const string CallFactsSql = """
        select count(*) as calls, count(*) filter (where l.started_at >= $2) as calls30, count(*) filter (where l.started_at >= $3) as calls90,
          max(l.started_at) filter (where l.talk_ms > 0) as contact, min(l.started_at) as first, round(coalesce(sum(l.talk_ms), 0) / 60000.0, 1) as "talkMinutes"
        from client_family(c.id) f (id) join call l on l.client_id = f.id and l.state = 'Ended' and l.merged_into is null
        """;

    // Sums of several currencies are none.
    const string DealFactsSql = """
        select count(*) filter (where e.closed_at is null) as "openDeals", count(*) filter (where s.outcome = 'won') as "wonDeals",
          case when count(distinct e.currency) filter (where e.closed_at is null) <= 1 then coalesce(sum(e.amount) filter (where e.closed_at is null), 0) end as "openDealsSum",
          case when count(distinct e.currency) filter (where s.outcome = 'won') <= 1 then coalesce(sum(e.amount) filter (where s.outcome = 'won'), 0) end as "wonDealsSum"
        from client_family(c.id) f (id) join deal e on e.client_id = f.id and e.deleted_at is null join stage s on s.deal_type = e.deal_type and s.code = e.stage
        """;

    const string NoFactsSql = "select";
}
