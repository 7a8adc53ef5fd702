using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Notes on a client's history: who may change the card writes them, whoever wrote one takes it back.</summary>
internal static class NoteEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var notes = api.MapGroup("/clients/{id}/notes").WithTags("Clients").RequireAuthorization(Rights.SaveCards);
        notes.MapPost("/", AddAsync).WithName("AddClientNote").WithSummary("A note on the client's history; repeating it with the same id adds nothing");
        notes.MapDelete("/{note}", RemoveAsync).WithName("RemoveClientNote").WithSummary("Take one's own note back; audited with its text");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> AddAsync(Guid id, NoteNew note, Person person, ClientDirectory directory, CardAccess access, AuditStore audit, NpgsqlDataSource database, ChangeHints hints, CancellationToken cancel)
    {
        if (note.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        var text = PlainText.CleanLines(note.Text, ClientDirectory.LongestNote + 1).Trim();
        if (text.Length is 0 or > ClientDirectory.LongestNote) return Problems.Invalid("text", "1 to 4000 characters");
        var sight = await access.OfLiveAsync(person, id, cancel);
        if (!sight.View) return Problems.NotFound("client");
        if (!sight.Edit) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this card, not change it.");
        if (person.Veil.Hides("note")) return Problems.Invalid("text", "a field that you see");
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await directory.AddNoteAsync(transaction, note.Id, id, person.Id, text, cancel))
        {
            await audit.AddChangeAsync(transaction, person.Id, "client.note_added", CardAudit.Subject, id.ToString(), "", text, cancel);
            await transaction.CommitAsync(cancel);
            hints.Wake();
            return TypedResults.NoContent();
        }

        // Sent again, as the answer was lost; another one of this id is not told.
        return await ClientDirectory.NoteAsync(connection, note.Id, cancel) is { } known && known.UserId == person.Id && known.Text == text ? TypedResults.NoContent() : Problems.Of(StatusCodes.Status409Conflict, "id_taken", "There is another note with this id.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid note, Person person, ClientDirectory directory, CardAccess access, AuditStore audit, NpgsqlDataSource database, ChangeHints hints, CancellationToken cancel)
    {
        if (!(await access.OfLiveAsync(person, id, cancel)).View) return Problems.NotFound("client");
        await using var connection = await database.OpenConnectionAsync(cancel);
        if (await ClientDirectory.NoteAsync(connection, note, cancel) is not { } known || !await IsOfAsync(connection, known.ClientId, id, cancel)) return Problems.NotFound("note");
        if (known.UserId != person.Id) return Problems.Of(StatusCodes.Status409Conflict, "not_yours", "Only who wrote a note may take it back.");
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await directory.RemoveNoteAsync(transaction, known, cancel)) await audit.AddChangeAsync(transaction, person.Id, "client.note_removed", CardAudit.Subject, known.ClientId.ToString(), known.Text, "", cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return TypedResults.NoContent();
    }

    static async Task<bool> IsOfAsync(NpgsqlConnection connection, Guid written, Guid asked, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("select client_root($1) = client_root($2)", connection) { Parameters = { new() { Value = written }, new() { Value = asked } } };
        return await command.ExecuteScalarAsync(cancel) is true;
    }
}
