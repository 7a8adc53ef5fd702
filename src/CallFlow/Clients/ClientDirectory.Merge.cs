using System.Text.Json.Nodes;
using Npgsql;

namespace CallCrm.CallFlow;

/// <param name="Id">A UUID v7 made by the page; repeated, nothing is merged again.</param>
/// <param name="Taken">Fields that become the loser's: <c>name</c>, <c>taxId</c>, <c>custom.CODE</c>…; all others stay the winner's. Numbers, addresses and tags become those of both.</param>
public sealed record ClientMerge(Guid Id, Guid Winner, Guid Loser, int WinnerVersion, int LoserVersion, IReadOnlyList<string> Taken, Guid By);

public abstract record ClientMerged
{
    /// <summary>Both as they were, and what they became (JSON).</summary>
    public sealed record Done(string WinnerBefore, string LoserBefore, string WinnerAfter) : ClientMerged;

    /// <summary>The same wish came before and was carried out then.</summary>
    public sealed record WasDone : ClientMerged;

    public sealed record NotFound : ClientMerged;

    /// <summary>One of them was saved, or merged, since it was read.</summary>
    public sealed record Conflict : ClientMerged;

    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : ClientMerged;
}

public abstract record ClientUnmerged
{
    /// <param name="Kept">Fields edited since: they stay the winner's.</param>
    /// <param name="Calls">With the loser's numbers since the merge: they stay with the winner, as do deals and tasks made since.</param>
    public sealed record Done(Guid Winner, Guid Loser, IReadOnlyList<string> Kept, int Calls, int Deals, int Tasks) : ClientUnmerged;

    public sealed record NotFound : ClientUnmerged;

    /// <summary>The winner was itself merged since: that is undone first.</summary>
    public sealed record MergedFurther : ClientUnmerged;

    public sealed record WasUndone : ClientUnmerged;
}

public sealed partial class ClientDirectory
{
    const string OwnField = "custom.";
    const string Belongs = "companyId";
    const string FirstTax = "taxId", SecondTax = "secondTaxId";

    /// <summary>Fields of which a merge takes one side, and their columns.</summary>
    static readonly (string Field, string Column)[] Chosen =
    [
        ("kind", "kind"), ("name", "name"), ("company", "company"), ("email", "email"), ("city", "city"), ("note", "note"), ("language", "language"), ("segment", "segment"),
        ("responsibleId", "responsible_id"), ("taxId", "tax_id"), ("secondTaxId", "second_tax_id"), ("timeZone", "time_zone"), ("address", "address"), ("companyId", "company_id"),
    ];

    /// <summary>One card goes into another, in the caller's transaction. No call, deal or task is written anew: readers follow <c>merged_into</c>.</summary>
    public async Task<ClientMerged> MergeAsync(NpgsqlTransaction transaction, ClientMerge merge, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(merge);
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (merge.Winner == merge.Loser) errors["other"] = ["expected another client"];
        if (merge.Taken.FirstOrDefault(t => !Array.Exists(Chosen, c => c.Field == t) && !(t.StartsWith(OwnField, StringComparison.Ordinal) && t.Length is > 7 and <= 47)) is { } unknown)
            errors["taken"] = [$"expected fields such as {string.Join(", ", Chosen.Select(c => c.Field))} and custom.CODE, not {PlainText.Clean(unknown, 50)}"];
        var formulas = await FormulasAsync(transaction, ct);
        if (merge.Taken.FirstOrDefault(t => formulas.Codes.Any(c => t == OwnField + c)) is { } calculated) errors["taken"] = [$"expected fields that one can fill in, not {calculated}, which is calculated"];
        if (errors.Count > 0) return new ClientMerged.Invalid(errors);
        await LockAsync(transaction, merge.Winner, merge.Loser, ct);
        if (await ScalarAsync(transaction, "select winner_id from client_merge where id = $1", ct, merge.Id) is Guid of) return of == merge.Winner ? new ClientMerged.WasDone() : new ClientMerged.Conflict();
        if (await SnapshotAsync(transaction, merge.Winner, ct) is not { } winner || await SnapshotAsync(transaction, merge.Loser, ct) is not { } loser) return new ClientMerged.NotFound();
        if (!IsAsRead(winner, merge.WinnerVersion) || !IsAsRead(loser, merge.LoserVersion)) return new ClientMerged.Conflict();

        // Nobody belongs to themselves: of a person and their company that become one card.
        var taken = merge.Taken.Where(t => t != Belongs || loser["company_id"]?.GetValue<Guid>() != merge.Winner).ToList();
        if (winner["company_id"]?.GetValue<Guid>() == merge.Loser && !taken.Contains(Belongs)) taken.Add(Belongs);
        var now = time.GetUtcNow().UtcDateTime;
        await DoAsync(transaction, MergeSql, ct, merge.Winner, merge.Loser, taken.ToArray(), now);
        if (SecondInstead(winner, loser, taken) is { } second)
        {
            await DoAsync(transaction, "update client set second_tax_id = $2 where id = $1", ct, merge.Winner, second);
            // An undo knows of it then.
            if (!taken.Contains(SecondTax)) taken.Add(SecondTax);
        }

        await DoAsync(transaction, MergeNumbersSql, ct, merge.Winner, merge.Loser);
        await DoAsync(transaction, MergeEmailsSql, ct, merge.Winner, merge.Loser, Text(winner, "email"));
        await DoAsync(transaction, MainEmailSql, ct, merge.Winner);
        await DoAsync(transaction, MergeAddressesSql, ct, merge.Winner, merge.Loser, taken.Contains("address"));
        await DoAsync(transaction, FirstAddressSql, ct, new[] { merge.Winner });
        await DoAsync(transaction, "update client set merged_into = $2, version = version + 1, updated_at = $3 where id = $1", ct, merge.Loser, merge.Winner, now);
        await RecalculateAsync(transaction, formulas, [merge.Winner], ct);
        var after = (await SnapshotAsync(transaction, merge.Winner, ct))!;
        await DoAsync(transaction,
            """
            insert into client_merge (id, winner_id, loser_id, made_by, made_at, taken, winner_before, loser_before, winner_after)
            values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9::jsonb)
            """, ct, merge.Id, merge.Winner, merge.Loser, merge.By, now, taken.ToArray(), winner.ToJsonString(), loser.ToJsonString(), after.ToJsonString());
        await HintAsync(transaction, merge.Winner, merge.Loser, ct);
        return new ClientMerged.Done(winner.ToJsonString(), loser.ToJsonString(), after.ToJsonString());
    }

    /// <summary>
    /// Two cards again, in the caller's transaction. What the merge changed goes back to what it was; what was edited since stays as it is now and is told,
    /// with the calls, deals and tasks since, which nobody can tell apart.
    /// </summary>
    public async Task<ClientUnmerged> UnmergeAsync(NpgsqlTransaction transaction, Guid merge, Guid by, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var formulas = await FormulasAsync(transaction, ct);
        if (await MergeRowAsync(transaction, merge, ct) is not { } row) return new ClientUnmerged.NotFound();
        if (row.Undone) return new ClientUnmerged.WasUndone();
        await LockAsync(transaction, row.Winner, row.Loser, ct);
        var (winner, loser) = ((await SnapshotAsync(transaction, row.Winner, ct))!, (await SnapshotAsync(transaction, row.Loser, ct))!);
        if (winner["merged_into"] is not null || loser["merged_into"]?.GetValue<Guid>() != row.Winner) return new ClientUnmerged.MergedFurther();

        var back = row.Taken.Where(t => JsonNode.DeepEquals(Value(winner, t), Value(row.After, t))).ToArray();
        var kept = row.Taken.Except(back, StringComparer.Ordinal).ToArray();
        var own = back.Where(t => t.StartsWith(OwnField, StringComparison.Ordinal)).ToArray();
        var set = new JsonObject(own.Where(t => Value(row.Before, t) is not null).Select(t => KeyValuePair.Create(t[OwnField.Length..], Value(row.Before, t)?.DeepClone())));
        var cleared = own.Where(t => Value(row.Before, t) is null).Select(t => t[OwnField.Length..]).ToArray();
        var now = time.GetUtcNow().UtcDateTime;
        await DoAsync(transaction, UnmergeSql, ct, row.Winner, merge, back, set.ToJsonString(), cleared, now);
        // What went back may stand in the other place by an edit since.
        await DoAsync(transaction, "update client set second_tax_id = '' where id = $1 and second_tax_id <> '' and second_tax_id = tax_id", ct, row.Winner);
        await DoAsync(transaction, UnmergeNumbersSql, ct, row.Winner, merge);
        await DoAsync(transaction, UnmergeEmailsSql, ct, row.Winner, merge);
        await DoAsync(transaction, MainEmailSql, ct, row.Winner);
        await SplitAddressesAsync(transaction, row, merge, ct);
        await DoAsync(transaction, "update client set merged_into = null, version = version + 1, updated_at = $2 where id = $1", ct, row.Loser, now);
        await RecalculateAsync(transaction, formulas, [row.Winner, row.Loser], ct);
        await DoAsync(transaction, "update client_merge set undone_at = $2, undone_by = $3, kept = $4 where id = $1", ct, merge, now, by, kept);
        await HintAsync(transaction, row.Winner, row.Loser, ct);

        await using var since = new NpgsqlCommand(SinceSql, transaction.Connection, transaction) { Parameters = { new() { Value = merge } } };
        await using var reader = await since.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return new ClientUnmerged.Done(row.Winner, row.Loser, kept, reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2));
    }

    static async Task SplitAddressesAsync(NpgsqlTransaction transaction, MergeRow row, Guid merge, CancellationToken ct)
    {
        if (row.Before["addresses"] is not null)
        {
            await DoAsync(transaction, UnmergeAddressesSql, ct, row.Winner, merge);
            await DoAsync(transaction, FirstAddressSql, ct, new[] { row.Winner });
            return;
        }

        // Merged before there were several addresses: it knows the one text, which is back on the card.
        if (await ScalarAsync(transaction, "select address from client where id = $1", ct, row.Winner) is string text && await WithFirstAsync(transaction, row.Winner, text, [], ct) is { } addresses)
            await WriteAddressesAsync(transaction, row.Winner, addresses, ct);
    }

    sealed record MergeRow(Guid Winner, Guid Loser, string[] Taken, JsonObject Before, JsonObject After, bool Undone);

    static async Task<MergeRow?> MergeRowAsync(NpgsqlTransaction transaction, Guid merge, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select winner_id, loser_id, taken, winner_before::text, winner_after::text, undone_at is not null from client_merge where id = $1 for update",
            transaction.Connection, transaction)
        { Parameters = { new() { Value = merge } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? new MergeRow(reader.GetGuid(0), reader.GetGuid(1), reader.GetFieldValue<string[]>(2), JsonNode.Parse(reader.GetString(3))!.AsObject(), JsonNode.Parse(reader.GetString(4))!.AsObject(), reader.GetBoolean(5))
            : null;
    }

    static bool IsAsRead(JsonObject client, int version) => client["merged_into"] is null && client["deleted_at"] is null && client["version"]!.GetValue<int>() == version;

    /// <summary>
    /// The places are chosen one by one, so that one id may come into both, from either card: then the second place is free for the one that it would push
    /// out, of the same card's or else of the other's.
    /// </summary>
    /// <returns>What stands there instead; null: the choice puts no id into both.</returns>
    static string? SecondInstead(JsonObject winner, JsonObject loser, List<string> taken)
    {
        var (first, second) = (taken.Contains(FirstTax), taken.Contains(SecondTax));
        var chosen = Text(first ? loser : winner, "tax_id");
        if (chosen.Length == 0 || chosen != Text(second ? loser : winner, "second_tax_id")) return null;
        string[] others = first ? [Text(winner, "tax_id"), Text(winner, "second_tax_id"), Text(loser, "second_tax_id")] : [Text(winner, "second_tax_id"), Text(loser, "tax_id"), Text(loser, "second_tax_id")];
        return Array.Find(others, t => t.Length > 0 && t != chosen) ?? "";
    }

    static string Text(JsonObject client, string column) => client[column]?.GetValue<string>() ?? "";

    static JsonNode? Value(JsonObject client, string field) =>
        field.StartsWith(OwnField, StringComparison.Ordinal) ? client["custom"]?[field[OwnField.Length..]] : client[Array.Find(Chosen, c => c.Field == field).Column];

    /// <summary>Always in the same order, so that two merges of the same cards wait for each other.</summary>
    static Task LockAsync(NpgsqlTransaction transaction, Guid one, Guid other, CancellationToken ct) =>
        DoAsync(transaction, "select id from client where id = any ($1) order by id for update", ct, new[] { one, other });

    async Task HintAsync(NpgsqlTransaction transaction, Guid winner, Guid loser, CancellationToken ct)
    {
        foreach (var id in new[] { winner, loser }) await hints.AddAsync(transaction, "client", id.ToString(), null, null, ct);
    }

    static async Task<JsonObject?> SnapshotAsync(NpgsqlTransaction transaction, Guid id, CancellationToken ct) =>
        await ScalarAsync(transaction, SnapshotSql, ct, id) is string json ? JsonNode.Parse(json)!.AsObject() : null;

    static async Task<object?> ScalarAsync(NpgsqlTransaction transaction, string sql, CancellationToken ct, params object[] values)
    {
        await using var command = Command(transaction, sql, values);
        return await command.ExecuteScalarAsync(ct);
    }

    static async Task DoAsync(NpgsqlTransaction transaction, string sql, CancellationToken ct, params object[] values)
    {
        await using var command = Command(transaction, sql, values);
        await command.ExecuteNonQueryAsync(ct);
    }

    static NpgsqlCommand Command(NpgsqlTransaction transaction, string sql, object[] values)
    {
        var command = new NpgsqlCommand(sql, transaction.Connection, transaction);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    const string SnapshotSql = """
        select (to_jsonb(c) - array['search', 'own_words', 'link_words', 'phone_words', 'email_words'] || jsonb_build_object(
          'phones', coalesce((select jsonb_agg(to_jsonb(p) - 'client_id' order by p.added_at, p.e164, p.extension) from client_phone p where p.client_id = c.id), '[]'),
          'emails', coalesce((select jsonb_agg(to_jsonb(e) - 'client_id' order by e.position, e.address) from client_email e where e.client_id = c.id), '[]'),
          'addresses', coalesce((select jsonb_agg(to_jsonb(a) - 'client_id' order by a.position, a.kind, a.key) from client_address a where a.client_id = c.id), '[]')))::text
        from client c where c.id = $1
        """;

    static string Choose(string when, string then) => string.Concat(Chosen.Select(c => $"{c.Column} = case when '{c.Field}' = {when} then {then}.{c.Column} else w.{c.Column} end, "));

    static readonly string MergeSql = $"""
        update client w set {Choose("any ($3)", "l")}
          segment_reason = case when 'segment' = any ($3) then l.segment_reason else w.segment_reason end,
          tags = w.tags || array(select t from unnest(l.tags) t where lower(t) <> all (select lower(o) from unnest(w.tags) o)),
          roles = array(select distinct r from unnest(w.roles || l.roles) r),
          custom = (w.custom - array(select substr(f, 8) from unnest($3) f where f like 'custom.%'))
            || coalesce((select jsonb_object_agg(v.key, v.value) from jsonb_each(l.custom) v where 'custom.' || v.key = any ($3)), '{"{}"}'),
          confirmed = w.confirmed or l.confirmed, hidden_at = null, hidden_by = null, version = w.version + 1, updated_at = $4
        from client l where w.id = $1 and l.id = $2
        """;

    const string MergeNumbersSql = """
        insert into client_phone (client_id, e164, extension, raw, label, is_main, added_at)
        select $1, e164, extension, raw, label, is_main and not exists (select from client_phone where client_id = $1), added_at from client_phone where client_id = $2
        on conflict (client_id, e164, extension) do nothing
        """;

    // Both main addresses stay, whichever is the main one now; what is the main one leaves the list by the statement after this.
    const string MergeEmailsSql = """
        insert into client_email (client_id, address, label, position)
        select $1, address, label, 1000 + n from (
          select distinct on (lower(address)) address, label, n from (
            select $3::text as address, '' as label, 1 as n
            union all select email, '', 2 from client where id = $2
            union all select address, label, 2 + position from client_email where client_id = $2) both_sides
          where address <> '' order by lower(address), n) each
        where not exists (select from client_email e where e.client_id = $1 and lower(e.address) = lower(each.address))
        """;

    static readonly string UnmergeSql = $"""
        update client w set {Choose("any ($3)", "b")}
          segment_reason = case when 'segment' = any ($3) then b.segment_reason else w.segment_reason end,
          tags = array(select t from unnest(w.tags) with ordinality as x(t, n) where t <> all (a.tags) or t = any (b.tags) order by n),
          roles = array(select r from unnest(w.roles) r where r <> all (a.roles) or r = any (b.roles)),
          custom = (w.custom || $4::jsonb) - $5, version = w.version + 1, updated_at = $6
        from client_merge m, jsonb_populate_record(null::client, m.winner_before) b, jsonb_populate_record(null::client, m.winner_after) a
        where w.id = $1 and m.id = $2
        """;

    // Merged before numbers had extensions: whatever the number has now is what it had then.
    const string UnmergeNumbersSql = """
        with was as (
          select side, p ->> 'e164' as e164, p ->> 'extension' as extension
          from client_merge m cross join lateral (values ('before', m.winner_before), ('after', m.winner_after)) v (side, card) cross join lateral jsonb_array_elements(v.card -> 'phones') p
          where m.id = $2
        ), gone as (
          delete from client_phone p where p.client_id = $1
            and exists (select from was w where w.side = 'after' and w.e164 = p.e164 and coalesce(w.extension, p.extension) = p.extension)
            and not exists (select from was w where w.side = 'before' and w.e164 = p.e164 and coalesce(w.extension, p.extension) = p.extension)
          returning p.e164, p.extension, p.is_main
        )
        update client_phone p set is_main = true
        where p.client_id = $1 and exists (select from gone where is_main)
          and (p.e164, p.extension) = (select e164, extension from client_phone where client_id = $1 and (e164, extension) not in (select e164, extension from gone) order by added_at, e164, extension limit 1)
        """;

    // The address that was the winner's main one before is not the loser's, whichever is the main one now.
    const string UnmergeEmailsSql = """
        with m as (
          select jsonb_path_query_array(winner_before, '$.emails[*].address') as before, jsonb_path_query_array(winner_after, '$.emails[*].address') as after, winner_before ->> 'email' as main
          from client_merge where id = $2
        )
        delete from client_email e using m where e.client_id = $1 and m.after ? e.address and not m.before ? e.address and lower(e.address) <> lower(m.main)
        """;

    const string SinceSql = """
        select
          (select count(*)::int from call c where c.client_id = m.winner_id and c.started_at >= m.made_at
             and case c.direction when 'Outbound' then c.dialled_e164 else c.caller_e164 end in (select p.e164 from client_phone p where p.client_id = m.loser_id)
             and not jsonb_path_query_array(m.winner_before, '$.phones[*].e164') ? case c.direction when 'Outbound' then c.dialled_e164 else c.caller_e164 end),
          (select count(*)::int from deal d where d.client_id = m.winner_id and d.created_at >= m.made_at and d.deleted_at is null),
          (select count(*)::int from task t where t.client_id = m.winner_id and t.created_at >= m.made_at and t.deleted_at is null)
        from client_merge m where m.id = $1
        """;
}
