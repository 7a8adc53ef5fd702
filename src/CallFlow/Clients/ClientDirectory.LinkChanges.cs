using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>
/// Formulas over links follow the records they look at, and so do the names by which cards are found that lead to them. Who changed is noted in the transaction that reads of it (a colleague: in the
/// one that changes the name), and the cards that lead there follow some at a time: one client may stand on a hundred thousand cards. As formulas look at fields that people fill alone, what is
/// calculated by it changes no other card.
/// </summary>
public sealed partial class ClientDirectory
{
    /// <summary>Of the clients and deals that changed those that a link on some card leads to; who is noted already begins anew.</summary>
    static async Task NoteTargetsAsync(NpgsqlTransaction transaction, Guid[] clients, Guid[] deals, CancellationToken ct)
    {
        foreach (var (kind, changed) in new[] { ("client", clients), ("deal", deals) })
        {
            if (changed.Length > 0 && await LinksToAsync(transaction, kind, ct) is { Length: > 0 } links) await DoAsync(transaction, NoteTargetsSql, ct, kind, changed, links);
        }
    }

    /// <summary>Also those put aside: their values stand on the cards, which are found by them.</summary>
    static async Task<string[]> LinksToAsync(NpgsqlTransaction transaction, string kind, CancellationToken ct) =>
        (string[])(await ScalarAsync(transaction, "select array(select code from client_field where kind = 'link' and target = $1 order by code)", ct, kind))!;

    /// <summary>The next cards that lead to a record that changed, in one transaction with how far it is: a host that dies in the middle begins again where it was, several take turns.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> FollowLinksAsync(CancellationToken ct)
    {
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await ScalarAsync(transaction, "select exists (select from client_link_change)", ct) is not true) return false;
        var formulas = await FormulasAsync(transaction, ct);
        if (await NextTargetAsync(transaction, ct) is not { } target) return false;
        var links = await LinksToAsync(transaction, target.Kind, ct);
        var cards = links.Length == 0 ? [] : await LeadingAsync(transaction, target, links, ct);
        if (cards.Length > 0)
        {
            await DoAsync(transaction, LockCardsSql, ct, cards);
            await DoAsync(transaction, target.Kind == "person" ? OwnWordsSql : LinkWordsSql, ct, cards);
            var changed = await RecalculateAsync(transaction, formulas, cards, ct);
            if (changed.Count > 0) await hints.AddAsync(transaction, [.. changed.Select(c => new ChangeHint("client", c.ToString(), null, null, default))], ct);
        }

        if (cards.Length < CardsAtOnce) await DoAsync(transaction, "delete from client_link_change where kind = $1 and target = $2", ct, target.Kind, target.Id);
        else await DoAsync(transaction, "update client_link_change set after = $3 where kind = $1 and target = $2", ct, target.Kind, target.Id, cards[^1]);
        await transaction.CommitAsync(ct);
        if (cards.Length > 0) hints.Wake();
        return true;
    }

    /// <summary>The next cards on which a choice may have another name, in one transaction with how far it is, as with links.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> FollowChoicesAsync(CancellationToken ct)
    {
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await ScalarAsync(transaction, "select exists (select from client_choice_change)", ct) is not true) return false;
        string field;
        long after;
        await using (var command = new NpgsqlCommand("select field, after from client_choice_change order by field limit 1 for update skip locked", transaction.Connection, transaction))
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            if (!await reader.ReadAsync(ct)) return false;
            (field, after) = (reader.GetString(0), reader.GetInt64(1));
        }

        var (cards, last) = await NextCardsAsync(transaction, after, ct);
        if (cards.Length > 0) await DoAsync(transaction, OwnWordsSql, ct, cards);
        if (cards.Length < CardsAtOnce) await DoAsync(transaction, "delete from client_choice_change where field = $1", ct, field);
        else await DoAsync(transaction, "update client_choice_change set after = $2 where field = $1", ct, field, last);
        await transaction.CommitAsync(ct);
        return true;
    }

    sealed record LinkTargetRow(string Kind, Guid Id, Guid? After);

    /// <returns>Null: there is none that no other host is at.</returns>
    static async Task<LinkTargetRow?> NextTargetAsync(NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select kind, target, after from client_link_change order by kind, target limit 1 for update skip locked", transaction.Connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? new LinkTargetRow(reader.GetString(0), reader.GetGuid(1), reader.IsDBNull(2) ? null : reader.GetGuid(2)) : null;
    }

    /// <summary>In the order of their ids, in which cards are locked.</summary>
    static async Task<Guid[]> LeadingAsync(NpgsqlTransaction transaction, LinkTargetRow target, string[] links, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(LeadingSql, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = target.Kind }, new() { Value = target.Id }, new() { Value = links }, new() { Value = (object?)target.After ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid }, new() { Value = CardsAtOnce },
            },
        };
        var cards = new List<Guid>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) cards.Add(reader.GetGuid(0));
        return [.. cards];
    }

    // A link may name a card that went into another since. The index on client.custom answers each of these.
    const string NoteTargetsSql = """
        insert into client_link_change (kind, target)
        select $1, t.id from unnest($2::uuid[]) t (id)
        where exists (
          select from unnest($3::text[]) f (code) cross join lateral (select m as id from client_family(t.id) m where $1 = 'client' union select t.id) m
          join client c on c.custom @> jsonb_build_object(f.code, jsonb_build_object('id', m.id)))
        order by 2
        on conflict (kind, target) do update set after = null
        """;

    const string LinkWordsSql = "update client c set link_words = w.words from (select id, client_link_words(custom) as words from client where id = any ($1)) w where c.id = w.id and c.link_words <> w.words";

    const string OwnWordsSql = "update client c set own_words = w.words from (select id, client_own_words(custom) as words from client where id = any ($1) and custom <> '{}') w where c.id = w.id and c.own_words <> w.words";

    const string LeadingSql = """
        select distinct c.id
        from unnest($3::text[]) f (code) cross join lateral (select m as id from client_family($2) m where $1 = 'client' union select $2) m
        join client c on c.custom @> jsonb_build_object(f.code, jsonb_build_object('id', m.id))
        where ($4::uuid is null or c.id > $4) and c.merged_into is null and c.deleted_at is null
        order by c.id limit $5
        """;
}
