using Npgsql;

namespace CallCrm.CallFlow;

/// <param name="ClientId">As it was written; that card may have been merged since.</param>
public sealed record ClientNote(Guid Id, Guid ClientId, Guid UserId, DateTimeOffset At, string Text, bool Removed);

public sealed partial class ClientDirectory
{
    public const int LongestNote = 4_000;

    /// <summary>Of hints, whose key is the note: what webhooks tell. Pages hear of the client.</summary>
    public const string NoteAddedHint = "note_added", NoteRemovedHint = "note_removed";

    /// <summary>In the caller's transaction, on the card that it was merged into if it was.</summary>
    /// <returns>False: a note of this id is there already.</returns>
    public async Task<bool> AddNoteAsync(NpgsqlTransaction transaction, Guid id, Guid client, Guid user, string text, CancellationToken ct)
    {
        await using var command = Command(transaction, "insert into client_note (id, client_id, user_id, at, text) select $1, client_root($2), $3, $4, $5 on conflict (id) do nothing returning client_id", [id, client, user, time.GetUtcNow().UtcDateTime, text]);
        if (await command.ExecuteScalarAsync(ct) is not Guid card) return false;
        await hints.AddAsync(transaction, NoteAddedHint, id.ToString(), null, null, ct);
        await hints.AddAsync(transaction, "client", card.ToString(), null, null, ct);
        return true;
    }

    /// <returns>False: it was taken back before.</returns>
    public async Task<bool> RemoveNoteAsync(NpgsqlTransaction transaction, ClientNote note, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(note);
        await using var command = Command(transaction, "update client_note set removed_at = $2 where id = $1 and removed_at is null returning client_root(client_id)", [note.Id, time.GetUtcNow().UtcDateTime]);
        if (await command.ExecuteScalarAsync(ct) is not Guid card) return false;
        await hints.AddAsync(transaction, NoteRemovedHint, note.Id.ToString(), null, null, ct);
        await hints.AddAsync(transaction, "client", card.ToString(), null, null, ct);
        return true;
    }

    public static async Task<ClientNote?> NoteAsync(NpgsqlConnection connection, Guid id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select client_id, user_id, at, text, removed_at is not null from client_note where id = $1", connection) { Parameters = { new() { Value = id } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? new ClientNote(id, reader.GetGuid(0), reader.GetGuid(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3), reader.GetBoolean(4)) : null;
    }
}
