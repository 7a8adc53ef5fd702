using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Files;

internal sealed record FileRow(Guid Id, string ObjectKind, Guid ObjectId, string? ObjectName, string Name, long SizeBytes, string Sha256, string Kind, string ContentType, Guid UploadedBy, string UploadedByName,
    DateTimeOffset UploadedAt, DateTimeOffset? DeletedAt, int Version)
{
    public FileView View(Person person) => View(MayDelete(person));

    public FileView View(bool mayDelete) => new(Id, ObjectKind, ObjectId, ObjectName, Name, SizeBytes, Kind, UploadedByName, UploadedAt, DeletedAt, mayDelete, Version);

    /// <summary>Who uploaded it, and who has the right over what they upload.</summary>
    public bool MayDelete(Person person) => person.Id == UploadedBy || person.Within(Rights.DeleteFiles).Includes(UploadedBy);
}

/// <summary>The only writer of files. A content is written and removed under a lock on its hash, so neither an upload nor the bin takes it from the other.</summary>
internal sealed class FileStore(NpgsqlDataSource database, StoredFiles files, ChangeHints hints, AuditStore audit, TimeProvider time)
{
    /// <summary>Of hints, whose key is the file: what webhooks tell. Pages hear of the client that it belongs to.</summary>
    public const string AddedHint = "file_added", RenamedHint = "file_renamed", RemovedHint = "file_removed", RestoredHint = "file_restored";

    const string Renamed = "file.renamed", Deleted = "file.deleted", Restored = "file.restored";
    const string Columns =
        """
        select f.id, f.object_kind, f.object_id, d.title as object_name, f.name, f.size_bytes, f.sha256, f.kind, f.content_type, f.uploaded_by, u.name as uploaded_by_name, f.uploaded_at, f.deleted_at, f.version
        from file f join app_user u on u.id = f.uploaded_by left join deal d on f.object_kind = 'deal' and d.id = f.object_id
        """;

    public async Task<FileRow?> FindAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<FileRow>(new CommandDefinition($"{Columns} where f.id = @id", new { id }, cancellationToken: cancel));
    }

    public async Task<Dictionary<Guid, FileRow>> FindAsync(Guid[] ids, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<FileRow>(new CommandDefinition($"{Columns} where f.id = any(@ids)", new { ids }, cancellationToken: cancel))).ToDictionary(f => f.Id);
    }

    /// <summary>Of a client also what lies on its deals, and on cards that were merged into it.</summary>
    /// <param name="deals">Whose deals are seen.</param>
    public async Task<(IReadOnlyList<FileRow> Files, string? Next)> ListAsync(string kind, Guid subject, Reach deals, bool bin, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<FileRow>(new CommandDefinition(
            $"""
            with own as materialized (select f.id from client_family(client_root(@subject)) f (id) where @kind = 'client' union select @subject)
            {Columns}
            where ((f.object_kind = @kind and f.object_id in (select id from own))
                or (@kind = 'client' and f.object_kind = 'deal' and f.object_id in (select id from deal where client_id in (select id from own) and deleted_at is null and (@deals::uuid[] is null or responsible_id = any(@deals)))))
              and (f.deleted_at is not null) = @bin and (@at::timestamptz is null or (f.uploaded_at, f.id) < (@at, @id))
            order by f.uploaded_at desc, f.id desc limit @limit
            """, new { kind, subject, deals = deals.People, bin, at = after?.At, id = after?.Id ?? Guid.Empty, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        return (rows.Take(limit).ToList(), rows.Count > limit ? Cursor.Of(rows[limit - 1].UploadedAt, rows[limit - 1].Id) : null);
    }

    public async Task<(Guid Client, Guid? Responsible)?> DealAsync(Guid deal, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<(Guid, Guid?)?>(new CommandDefinition("select client_id, responsible_id from deal where id = @deal and deleted_at is null", new { deal }, cancellationToken: cancel));
    }

    public async Task<bool> ExistsAsync(string kind, Guid subject, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var table = kind switch { "client" => "client", "deal" => "deal", _ => "call" };
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition($"select exists (select from {table} where id = @subject)", new { subject }, cancellationToken: cancel));
    }

    /// <returns>False: the id is another file's.</returns>
    public async Task<bool> AddAsync(Guid id, string kind, Guid subject, string name, Upload upload, ContentKind content, Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (!await AddAsync(transaction, id, kind, subject, name, upload, content, user, null, cancel)) return false;
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return true;
    }

    /// <summary>In the caller's transaction, until whose end the content is held.</summary>
    /// <param name="mail">It came with this mail; null: by itself.</param>
    /// <returns>False: the id is another file's.</returns>
    public async Task<bool> AddAsync(NpgsqlTransaction transaction, Guid id, string kind, Guid subject, string name, Upload upload, ContentKind content, Guid user, Guid? mail, CancellationToken cancel)
    {
        await LockAsync(transaction, upload.Sha256, cancel);
        var added = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into file (id, object_kind, object_id, name, size_bytes, sha256, kind, content_type, uploaded_by, uploaded_at, mail_id)
            values (@id, @kind, @subject, @name, @size, @sha256, @code, @type, @user, @now, @mail) on conflict (id) do nothing
            """, new { id, kind, subject, name, size = upload.Size_bytes, sha256 = upload.Sha256, code = content.Code, type = content.MediaType, user, now = time.GetUtcNow(), mail }, transaction, cancellationToken: cancel));
        if (added == 0) return false;
        await audit.AddChangeAsync(transaction, user, "file.added", kind, subject.ToString(), "", name, cancel);
        await HintAsync(transaction, AddedHint, id, kind, subject, cancel);
        upload.MoveTo(files.PathOf(upload.Sha256));
        return true;
    }

    /// <summary>What came with a mail and is in no bin.</summary>
    public async Task<IReadOnlyList<FileRow>> OfMailAsync(Guid mail, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<FileRow>(new CommandDefinition($"{Columns} where f.mail_id = @mail and f.deleted_at is null order by f.name, f.id", new { mail }, cancellationToken: cancel))).AsList();
    }

    /// <summary>Into the bin with their mail, in its transaction.</summary>
    public Task DeleteOfMailAsync(NpgsqlTransaction transaction, Guid mail, Guid user, DateTimeOffset at, CancellationToken cancel) =>
        WriteOfMailAsync(transaction, user, deleted: true, "update file set deleted_at = @at, deleted_by = @user, version = version + 1 where mail_id = @mail and deleted_at is null", new { mail, user, at }, cancel);

    /// <summary>Out of it with their mail: those that went there at that moment.</summary>
    public Task RestoreOfMailAsync(NpgsqlTransaction transaction, Guid mail, Guid user, DateTimeOffset at, CancellationToken cancel) =>
        WriteOfMailAsync(transaction, user, deleted: false, "update file set deleted_at = null, deleted_by = null, version = version + 1 where mail_id = @mail and deleted_at = @at", new { mail, at }, cancel);

    async Task WriteOfMailAsync(NpgsqlTransaction transaction, Guid user, bool deleted, string sql, object values, CancellationToken cancel)
    {
        var theirs = (await transaction.Connection!.QueryAsync<(Guid Id, string Kind, Guid Subject, string Name)>(new CommandDefinition($"{sql} returning id, object_kind, object_id, name", values, transaction, cancellationToken: cancel))).AsList();
        foreach (var (id, kind, subject, name) in theirs)
        {
            await audit.AddChangeAsync(transaction, user, deleted ? Deleted : Restored, kind, subject.ToString(), deleted ? name : "", deleted ? "" : name, cancel);
            await HintAsync(transaction, deleted ? RemovedHint : RestoredHint, id, kind, subject, cancel);
        }
    }

    /// <returns>False: somebody was faster.</returns>
    public Task<bool> RenameAsync(FileRow file, Guid user, string name, int version, CancellationToken cancel) =>
        WriteAsync(file, user, Renamed, file.Name, name, "update file set name = @name, version = version + 1 where id = @id and version = @version and deleted_at is null", new { id = file.Id, name, version }, cancel);

    /// <param name="version">Null: whichever it is.</param>
    /// <returns>Whether it changed.</returns>
    public Task<bool> SetDeletedAsync(FileRow file, Guid user, bool deleted, int? version, CancellationToken cancel) =>
        WriteAsync(file, user, deleted ? Deleted : Restored, deleted ? file.Name : "", deleted ? "" : file.Name,
            "update file set deleted_at = case when @deleted then @now end, deleted_by = case when @deleted then @user end, version = version + 1 where id = @id and (deleted_at is not null) <> @deleted and (@version::integer is null or version = @version)",
            new { id = file.Id, user, deleted, version, now = time.GetUtcNow() }, cancel);

    async Task<bool> WriteAsync(FileRow file, Guid user, string action, string before, string after, string sql, object values, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await connection.ExecuteAsync(new CommandDefinition(sql, values, transaction, cancellationToken: cancel)) == 0) return false;
        await audit.AddChangeAsync(transaction, user, action, file.ObjectKind, file.ObjectId.ToString(), before, after, cancel);
        await HintAsync(transaction, action switch { Renamed => RenamedHint, Deleted => RemovedHint, _ => RestoredHint }, file.Id, file.ObjectKind, file.ObjectId, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return true;
    }

    /// <summary>What lay in the bin until <paramref name="before"/> goes, and what was on clients and deals that were erased; a content that no row names any more goes with it.</summary>
    public async Task<int> PurgeAsync(DateTimeOffset before, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var contents = (await connection.QueryAsync<string>(new CommandDefinition("delete from file where deleted_at < @before or (object_kind = 'deal' and object_id in (select id from deal where erased_at is not null)) or (object_kind = 'client' and object_id in (select id from client where erased_at is not null)) returning sha256", new { before }, cancellationToken: cancel))).ToHashSet(StringComparer.Ordinal);
        foreach (var content in contents) await RemoveUnnamedAsync(content, cancel);
        return contents.Count;
    }

    /// <summary>Contents without a row: of an upload whose last step failed.</summary>
    public async Task SweepAsync(DateTimeOffset before, CancellationToken cancel)
    {
        foreach (var some in StoredFiles.In(files.Folder).Where(f => File.GetLastWriteTimeUtc(f) < before.UtcDateTime).Chunk(1000))
        {
            await using var connection = await database.OpenConnectionAsync(cancel);
            var unnamed = await connection.QueryAsync<string>(new CommandDefinition("select h from unnest(@all) h where not exists (select from file where sha256 = h)", new { all = some.Select(f => Path.GetFileName(f)).ToArray() }, cancellationToken: cancel));
            foreach (var content in unnamed.AsList()) await RemoveUnnamedAsync(content, cancel);
        }

        Upload.RemoveLeft(files.IncomingFolder, before);
    }

    async Task RemoveUnnamedAsync(string content, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await LockAsync(transaction, content, cancel);
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from file where sha256 = @content)", new { content }, transaction, cancellationToken: cancel))) return;
        File.Delete(files.PathOf(content));
    }

    static Task LockAsync(NpgsqlTransaction transaction, string content, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended(@content, 11))", new { content }, transaction, cancellationToken: cancel));

    /// <summary>The page of the client shows it, also when it is a deal's or a call's.</summary>
    async Task HintAsync(NpgsqlTransaction transaction, string what, Guid file, string kind, Guid subject, CancellationToken cancel)
    {
        await hints.AddAsync(transaction, what, file.ToString(), null, null, cancel);
        var client = kind == "client" ? subject : await transaction.Connection!.ExecuteScalarAsync<Guid?>(new CommandDefinition($"select client_id from {(kind == "deal" ? "deal" : "call")} where id = @subject", new { subject }, transaction, cancellationToken: cancel));
        await hints.AddAsync(transaction, "file", (client ?? subject).ToString(), null, kind == "call" ? subject : null, cancel);
    }
}
