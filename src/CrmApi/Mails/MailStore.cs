using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Files;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Mails;

/// <summary>The only writer of mails. All of a mail is there, on every card that it belongs to, or nothing of it is.</summary>
internal sealed class MailStore(NpgsqlDataSource database, FileStore store, StoredFiles files, ChangeHints hints, AuditStore audit, TimeProvider time)
{
    /// <summary>So long a mail that was taken off can be brought back.</summary>
    public static readonly TimeSpan BinFor = TimeSpan.FromDays(30);

    public const string Added = "client.mail_added", Removed = "client.mail_removed", Restored = "client.mail_restored";

    /// <summary>Of hints, whose key is the mail: what webhooks tell. Pages hear of the client.</summary>
    public const string AddedHint = "mail_added", RemovedHint = "mail_removed", RestoredHint = "mail_restored";

    const int ErasedAtOnce = 500;

    /// <summary>The cards that have one of these addresses.</summary>
    public async Task<IReadOnlyList<Guid>> ClientsAsync(IReadOnlyList<string> addresses, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<Guid>(new CommandDefinition(
            """
            select distinct r.id from (
              select id from client where email <> '' and lower(email) = any(@addresses) union select client_id from client_email where lower(address) = any(@addresses)) k
            cross join lateral (select client_root(k.id) as id) r join client c on c.id = r.id and c.deleted_at is null order by 1
            """, new { addresses = addresses.ToArray() }, cancellationToken: cancel))).AsList();
    }

    /// <summary>More are not laid out one by one: then the mail itself is kept.</summary>
    const int MostParts = 50;

    /// <summary>The same mail is one with the same id and the same content: an id alone is what its sender says it is.</summary>
    /// <param name="original">The mail itself: its hash is the id of one that has none, and it is kept among its files when not all of it is shown.</param>
    /// <param name="bringBack">One that lies in the bin is taken out: somebody wants it there. What a gateway hands in once more stays there.</param>
    public async Task<IReadOnlyList<MailTaken>> TakeAsync(ReadMail mail, Upload original, IReadOnlyList<Guid> clients, Person person, bool bringBack, CancellationToken cancel)
    {
        var messageId = mail.MessageId ?? $"sha256:{original.Sha256}";
        var uploads = new List<(Upload Upload, ContentKind Kind, string Name)>();
        try
        {
            var leftOut = await UnpackAsync(mail, uploads, cancel);
            if (leftOut.Length > 0 || mail.Cut)
            {
                await using var whole = File.OpenRead(original.Path);
                var kind = ContentKind.Of(whole);
                whole.Position = 0;
                uploads.Add((await Upload.OfAsync(whole, files.IncomingFolder, cancel), kind, "mail.eml"));
            }

            await using var connection = await database.OpenConnectionAsync(cancel);
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended(@messageId, 12))", new { messageId }, transaction, cancellationToken: cancel));
            var taken = new List<MailTaken>();
            foreach (var client in clients) taken.Add(await AddAsync(transaction, mail, messageId, leftOut, uploads, client, person, bringBack, cancel));
            await transaction.CommitAsync(cancel);
            hints.Wake();
            return taken;
        }
        finally
        {
            foreach (var (upload, _, _) in uploads) upload.Dispose();
        }
    }

    async Task<MailTaken> AddAsync(NpgsqlTransaction transaction, ReadMail mail, string messageId, string[] leftOut, IReadOnlyList<(Upload Upload, ContentKind Kind, string Name)> uploads, Guid client, Person person, bool bringBack, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        var (root, known, binned, wrote, got) = await connection.QuerySingleAsync<(Guid Root, Guid? Known, bool Binned, bool Wrote, bool Got)>(new CommandDefinition(
            """
            with own as materialized (select f.id from client_family(client_root(@client)) f (id)),
            theirs as materialized (select lower(c.email) as address from client c join own on own.id = c.id where c.email <> '' union select lower(e.address) from client_email e join own on own.id = e.client_id)
            select client_root(@client), k.id, k.deleted_at is not null, exists (select from theirs where address = any(@senders)), exists (select from theirs where address = any(@receivers))
            from (values (1)) one left join lateral (
              select m.id, m.deleted_at from client_mail m join own on own.id = m.client_id where m.message_id = @messageId
                and (m.content = @Content or (m.content is null and m.subject = @Subject and m.text = @Text)) order by m.deleted_at is not null, m.id limit 1) k on true
            """, new { client, messageId, mail.Content, mail.Subject, mail.Text, senders = mail.Senders.ToArray(), receivers = mail.All.Except(mail.Senders, StringComparer.Ordinal).ToArray() }, transaction, cancellationToken: cancel));
        if (known is { } before)
        {
            var back = binned && bringBack && await RestoreAsync(transaction, before, person, cancel);
            return new MailTaken(before, root, back, back && leftOut.Length > 0 ? leftOut : null);
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into client_mail (id, client_id, message_id, direction, from_name, from_addr, to_addrs, cc_addrs, subject, sent_at, text, cut, content, left_out, added_by, added_at)
            values (@id, @root, @messageId, @direction, @FromName, @FromAddress, @To, @Cc, @Subject, @sentAt, @Text, @Cut, @Content, @leftOut, @by, @now)
            """,
            new
            {
                id,
                root,
                messageId,
                // Who writes to a client by an address of theirs wrote out; an unknown sender of a mail that somebody put on the card is most likely the client.
                direction = wrote || !got ? "in" : "out",
                mail.FromName,
                mail.FromAddress,
                mail.To,
                mail.Cc,
                mail.Subject,
                // A mail that says it comes from the future would stand above all that follows.
                sentAt = mail.SentAt is { } sent && sent < now ? sent : now,
                mail.Text,
                mail.Cut,
                mail.Content,
                leftOut,
                by = person.Id,
                now,
            }, transaction, cancellationToken: cancel));
        await HintAsync(transaction, AddedHint, id, root, cancel);
        // In one order, so that two mails with the same attachments do not wait for each other.
        foreach (var (upload, kind, name) in uploads.OrderBy(u => u.Upload.Sha256, StringComparer.Ordinal))
            await store.AddAsync(transaction, Guid.CreateVersion7(now), "client", root, name, upload, kind, person.Id, id, cancel);
        await audit.AddChangeAsync(transaction, person.Id, Added, CardAudit.Subject, root.ToString(), "", mail.Subject, cancel);
        return new MailTaken(id, root, true, leftOut.Length > 0 ? leftOut : null);
    }

    /// <summary>On the disk as uploads are; what is not what its name says is left out, and told.</summary>
    async Task<string[]> UnpackAsync(ReadMail mail, List<(Upload Upload, ContentKind Kind, string Name)> uploads, CancellationToken cancel)
    {
        var leftOut = new List<string>();
        foreach (var part in mail.Parts)
        {
            if (uploads.Count == MostParts)
            {
                leftOut.Add(part.Name);
                continue;
            }

            using var decoded = new MemoryStream();
            part.Write(decoded);
            if (decoded.Length == 0) continue;
            decoded.Position = 0;
            var kind = ContentKind.Of(decoded);
            if (!kind.MayBeNamed(part.Name))
            {
                leftOut.Add(part.Name);
                continue;
            }

            decoded.Position = 0;
            uploads.Add((await Upload.OfAsync(decoded, files.IncomingFolder, cancel), kind, part.Name));
        }

        return [.. leftOut];
    }

    /// <summary>Into the bin, with what came along and lies in none.</summary>
    /// <param name="version">As it was read; null: whichever it is.</param>
    /// <returns>False: somebody was faster.</returns>
    public async Task<bool> RemoveAsync(MailRow mail, Person person, int? version, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await connection.ExecuteAsync(new CommandDefinition(
                "update client_mail set deleted_at = @now, deleted_by = @by, version = version + 1 where id = @Id and deleted_at is null and (@version::integer is null or version = @version)",
                new { mail.Id, by = person.Id, now, version }, transaction, cancellationToken: cancel)) == 0)
            return false;
        await HintAsync(transaction, RemovedHint, mail.Id, mail.ClientId, cancel);
        await store.DeleteOfMailAsync(transaction, mail.Id, person.Id, now, cancel);
        await audit.AddChangeAsync(transaction, person.Id, Removed, CardAudit.Subject, mail.ClientId.ToString(), mail.Subject, "", cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return true;
    }

    /// <returns>False: it lies in no bin.</returns>
    public async Task<bool> RestoreAsync(Guid id, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (!await RestoreAsync(transaction, id, person, cancel)) return false;
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return true;
    }

    /// <summary>With what went into the bin together with it: what was deleted by itself stays there.</summary>
    async Task<bool> RestoreAsync(NpgsqlTransaction transaction, Guid id, Person person, CancellationToken cancel)
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<(Guid Client, string Subject, DateTimeOffset DeletedAt)?>(new CommandDefinition(
                "select client_id, subject, deleted_at from client_mail where id = @id and deleted_at is not null for update", new { id }, transaction, cancellationToken: cancel)) is not { } binned)
            return false;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("update client_mail set deleted_at = null, deleted_by = null, version = version + 1 where id = @id", new { id }, transaction, cancellationToken: cancel));
        await HintAsync(transaction, RestoredHint, id, binned.Client, cancel);
        await store.RestoreOfMailAsync(transaction, id, person.Id, binned.DeletedAt, cancel);
        await audit.AddChangeAsync(transaction, person.Id, Restored, CardAudit.Subject, binned.Client.ToString(), "", binned.Subject, cancel);
        return true;
    }

    async Task HintAsync(NpgsqlTransaction transaction, string what, Guid mail, Guid client, CancellationToken cancel)
    {
        await hints.AddAsync(transaction, what, mail.ToString(), null, null, cancel);
        var root = await transaction.Connection!.ExecuteScalarAsync<Guid>(new CommandDefinition("select client_root(@client)", new { client }, transaction, cancellationToken: cancel));
        await hints.AddAsync(transaction, "client", root.ToString(), null, null, cancel);
    }

    /// <summary>Erases what was taken off more than 30 days ago.</summary>
    /// <returns>How many; when it is all that one round takes, there may be more.</returns>
    public async Task<int> EraseAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            "delete from client_mail where id in (select id from client_mail where deleted_at < @before order by deleted_at limit @ErasedAtOnce for update skip locked)", new { before = time.GetUtcNow() - BinFor, ErasedAtOnce }, cancellationToken: cancel));
    }
}
