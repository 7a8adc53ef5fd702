using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Files;
using CallCrm.CrmApi.Hiding;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Mails;

/// <param name="ClientId">As it was put; that card may have been merged since.</param>
internal sealed record MailRow(Guid Id, Guid ClientId, string Direction, string FromName, string FromAddr, string ToAddrs, string CcAddrs, string Subject, DateTimeOffset SentAt, string Text, bool Cut, Array LeftOut,
    Guid AddedBy, string AddedByName, DateTimeOffset AddedAt, int Version, DateTimeOffset? DeletedAt);

/// <param name="Direction">in, out, or null: both.</param>
internal sealed record MailFilter(Guid? Client, string? Direction, string? Query, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Reads of mails. Writing is MailStore's.</summary>
internal sealed class MailReader(NpgsqlDataSource database, FileStore files)
{
    public static readonly SortKey[] Orders = [SortKey.Time("sent", "m.sent_at"), SortKey.Time("added", "m.added_at")];

    /// <summary>Of more digits in a row somebody who sees no numbers could build one up.</summary>
    const int MostDigits = 2;

    const string Columns =
        """
        m.id, c.id as client_id, coalesce(nullif(c.name, ''), c.company) as client_name, m.direction, m.from_name, m.from_addr as "from", m.to_addrs as "to", m.cc_addrs as cc, m.subject, m.sent_at, left(m.text, 300) as text,
        u.name as added_by, m.added_at, m.version
        """;

    const string Tables =
        """
        from client_mail m join app_user u on u.id = m.added_by join client k on k.id = m.client_id join client c on c.id = case when k.merged_into is null then k.id else client_root(k.id) end
        """;

    /// <summary>Those that lie in no bin.</summary>
    public async Task<Dictionary<Guid, MailRowView>> FindAsync(Guid[] ids, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<MailRowView>(new CommandDefinition($"select {Columns} {Tables} where m.id = any(@ids) and m.deleted_at is null", new { ids }, cancellationToken: cancel))).ToDictionary(m => m.Id);
    }

    /// <summary>Also what lies in the bin.</summary>
    /// <returns>Null: there is none on this card, nor on one that was merged into it.</returns>
    public async Task<MailRow?> FindAsync(Guid client, Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<MailRow>(new CommandDefinition(
            """
            select m.id, m.client_id, m.direction, m.from_name, m.from_addr, m.to_addrs, m.cc_addrs, m.subject, m.sent_at, m.text, m.cut, m.left_out, m.added_by, u.name as added_by_name, m.added_at, m.version, m.deleted_at
            from client_mail m join app_user u on u.id = m.added_by where m.id = @id and client_root(m.client_id) = client_root(@client)
            """, new { id, client }, cancellationToken: cancel));
    }

    public Task<IReadOnlyList<FileRow>> FilesAsync(Guid mail, CancellationToken cancel) => files.OfMailAsync(mail, cancel);

    /// <summary>Those on cards that are in no bin.</summary>
    public async Task<ListPage<MailRowView>> ListAsync(MailFilter filter, Reach cards, Veil veil, ListOrder order, int limit, CancellationToken cancel)
    {
        var query = Texts.Clean(filter.Query is { Length: > 200 } ? filter.Query[..200] : filter.Query).Trim();
        if (veil.Hides("email") || (veil.Numbers && query.Count(char.IsAsciiDigit) > MostDigits)) return new ListPage<MailRowView>([], null);
        var parameters = new DynamicParameters(new { filter.Client, filter.Direction, filter.From, filter.To, fragment = $"%{Texts.LikeFragment(query)}%", cards = cards.People, limit = limit + 1 });
        var sql =
            $"""
            select {Columns}, {order.Place} {Tables}
            where m.deleted_at is null and c.deleted_at is null
              {(filter.Client is null ? "" : "and m.client_id in (select f.id from client_family(client_root(@Client)) f (id))")} {(filter.Direction is null ? "" : "and m.direction = @Direction")}
              {(filter.From is null ? "" : "and m.sent_at >= @From")} {(filter.To is null ? "" : "and m.sent_at < @To")}
              {(query.Length == 0 ? "" : "and (m.subject || ' ' || m.from_name || ' ' || m.from_addr || ' ' || m.to_addrs) ilike @fragment")}
              {(cards.IsEveryone ? "" : "and c.responsible_id = any(@cards)")}
              {order.After("m.id", parameters)}
            {order.By("m.id")} limit @limit
            """;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<MailRowView, string, (MailRowView Mail, string Place)>(new CommandDefinition(sql, parameters, cancellationToken: cancel), (mail, place) => (mail, place), "place")).AsList();
        return new ListPage<MailRowView>([.. rows.Take(limit).Select(r => r.Mail)], rows.Count > limit ? order.Next(rows[limit - 1].Place, rows[limit - 1].Mail.Id) : null);
    }

    /// <summary>What this person may take out: what they put on a card that they see, and all of a card that they may change. Of a card in the bin, that is first.</summary>
    /// <param name="exports">Null: not for a file.</param>
    public async Task<ListPage<MailBinRow>> BinAsync(Person person, string? cursor, int limit, CancellationToken cancel, Reach? exports = null)
    {
        var after = Cursor.Time(cursor);
        if (person.Veil.Hides("email")) return new ListPage<MailBinRow>([], null);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<MailBinRow>(new CommandDefinition(
            """
            select m.id, c.id as client_id, coalesce(nullif(c.name, ''), c.company) as client_name, m.subject, m.from_addr as "from", m.sent_at, m.deleted_at, b.name as who, m.deleted_at + @kept as until
            from client_mail m join app_user b on b.id = m.deleted_by join client c on c.id = client_root(m.client_id) and c.deleted_at is null
            where m.deleted_at is not null and (@sees::uuid[] is null or c.responsible_id = any(@sees))
              and (m.added_by = @me or @edits::uuid[] is null or c.responsible_id is null or c.responsible_id = any(@edits)) and (@exports::uuid[] is null or c.responsible_id = any(@exports)) and (@at::timestamptz is null or (m.deleted_at, m.id) < (@at, @id))
            order by m.deleted_at desc, m.id desc limit @limit
            """,
            new { me = person.Id, sees = person.Within(Rights.WorkWithClients).People, edits = person.Within(Rights.EditClients).People, exports = exports?.People, at = after?.At, id = after?.Id, limit = limit + 1, kept = MailStore.BinFor }, cancellationToken: cancel))).AsList();
        return new ListPage<MailBinRow>([.. rows.Take(limit)], rows.Count > limit ? Cursor.Of(rows[limit - 1].DeletedAt, rows[limit - 1].Id) : null);
    }
}
