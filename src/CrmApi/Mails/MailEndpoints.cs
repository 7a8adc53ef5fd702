using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Files;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Mails;

/// <summary>Mails on clients' histories: put on a card by who may change it, or handed in by a mail gateway for every card that has one of their addresses.</summary>
internal static class MailEndpoints
{
    const long Most_bytes = 25L << 20;
    const int MostClients = 20;

    public static void AddMails(this IServiceCollection services)
    {
        services.AddSingleton<MailStore>();
        services.AddSingleton<MailReader>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var mails = api.MapGroup("/clients/{id}/mails").WithTags("Mails");
        mails.MapPost("/", AddAsync).RequireAuthorization(Rights.SaveCards, Rights.WorkWithFiles).WithName("AddClientMail").ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .WithSummary("A mail (message/rfc822, at most 25 MB) onto the client's history, its attachments among the files; the same mail again adds nothing");
        mails.MapGet("/{mail}", ReadAsync).RequireAuthorization(Rights.OpenCards).WithName("GetClientMail").WithSummary("A mail of the history: who to whom, its text without markup, its attachments");
        mails.MapDelete("/{mail}", RemoveAsync).RequireAuthorization(Rights.SaveCards).WithName("RemoveClientMail")
            .WithSummary("A mail into the bin for 30 days, with its attachments: one's own; with the right to change the card, anybody's. Version is the one read, 409 edit_conflict when somebody was faster")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        mails.MapPost("/{mail}/restore", RestoreAsync).RequireAuthorization(Rights.SaveCards).WithName("RestoreClientMail").WithSummary("A mail back from the bin, with the attachments that went there with it");
        api.MapGet("/mails", ListAsync).RequireAuthorization(Rights.WorkWithClients).WithTags("Mails").WithName("ListMails")
            .WithSummary("Mails on the cards that one sees, by client, direction (in, out), when sent, and a fragment of subject, sender or receivers (query); sort: sent, added, with - before it the other way round. Empty for who does not see mail addresses");
        api.MapGet("/mails/bin", BinAsync).RequireAuthorization(Rights.WorkWithClients).RequireAuthorization(Rights.EditClients).WithTags("Mails").WithName("ListMailBin").WithSummary("Mails that were taken off and that one may take out of the bin, the latest first");
        api.MapPost("/mails", TakeAsync).RequireAuthorization(Rights.TakeMails).WithTags("Mails").WithName("TakeMail").ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .WithSummary("For a mail gateway: a mail (message/rfc822) onto the history of every client with an address of From, To or Cc. 422 mail_no_client: nobody has one, nothing is kept; the same mail again adds nothing");
    }

    static async Task<Results<Ok<MailTaken>, ProblemHttpResult>> AddAsync(Guid id, HttpContext http, Person person, MailStore store, StoredFiles files, CardAccess access, CancellationToken cancel)
    {
        var sight = await access.OfLiveAsync(person, id, cancel);
        if (!sight.View) return Problems.NotFound("client");
        if (!sight.Edit) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this card, not change it.");
        if (person.Veil.Hides("email")) return Problems.Invalid("mail", "a field that you see");
        var (mail, original, refused) = await ParseAsync(http, files, cancel);
        using (original) return mail is null ? refused! : TypedResults.Ok((await store.TakeAsync(mail, original!, [id], person, bringBack: true, cancel))[0]);
    }

    static async Task<Results<Ok<MailsTaken>, ProblemHttpResult>> TakeAsync(HttpContext http, Person person, MailStore store, StoredFiles files, CancellationToken cancel)
    {
        // A person puts a mail on a card that they may change; this road reaches every card.
        if (person.Key is null) return Problems.Invalid("authorization", "the key of a program: people put a mail on a card");
        var (mail, original, refused) = await ParseAsync(http, files, cancel);
        using var whole = original;
        if (mail is null) return refused!;
        var clients = await store.ClientsAsync(mail.All, cancel);
        // Nothing is lost: the gateway still has the mail, and can hand it in again when a card has the address.
        if (clients.Count == 0) return Problems.Of(StatusCodes.Status422UnprocessableEntity, "mail_no_client", "No client has one of this mail's addresses. Nothing was kept: hand it in again when one has.");
        if (clients.Count > MostClients) return Problems.Of(StatusCodes.Status422UnprocessableEntity, "mail_many_clients", $"More than {MostClients} clients have one of this mail's addresses: it is no correspondence with a client. Nothing was kept.");
        return TypedResults.Ok(new MailsTaken(await store.TakeAsync(mail, original!, clients, person, bringBack: false, cancel)));
    }

    static async Task<(ReadMail? Mail, Upload? Original, ProblemHttpResult? Refused)> ParseAsync(HttpContext http, StoredFiles files, CancellationToken cancel)
    {
        var upload = await Upload.TakeAsync(http, files.IncomingFolder, cancel, Most_bytes);
        if (upload is null) return (null, null, Problems.Of(StatusCodes.Status413PayloadTooLarge, "mail_too_large", $"A mail may have at most {Most_bytes >> 20} MB."));
        await using var file = File.OpenRead(upload.Path);
        return await ReadMail.OfAsync(file, cancel) is { } mail ? (mail, upload, null) : (null, upload, Problems.Invalid("mail", "a mail (message/rfc822) with its sender, as mail programs save it under .eml"));
    }

    static async Task<Results<Ok<MailView>, ProblemHttpResult>> ReadAsync(Guid id, Guid mail, HttpContext http, Person person, MailReader reader, CardAccess access, CardViews views, CancellationToken cancel)
    {
        var sight = await access.OfAsync(person, id, cancel);
        if (!sight.View) return Problems.NotFound("client");
        if (person.Veil.Hides("email") || await reader.FindAsync(id, mail, cancel) is not { } found) return Problems.NotFound("mail");
        if (found.DeletedAt is not null && !MayRemove(person, sight, found)) return Problems.NotFound("mail");
        await views.AddOfAsync(person, id, http.Connection.RemoteIpAddress?.ToString(), cancel);
        var attached = person.May(Rights.WorkWithFiles) ? await reader.FilesAsync(mail, cancel) : [];
        return TypedResults.Ok(new MailView(found.Id, found.Direction, found.FromName, found.FromAddr, found.ToAddrs, found.CcAddrs, found.Subject, found.SentAt, found.Text, found.Cut,
            [.. attached.Select(f => f.View(person))], (string[])found.LeftOut, found.AddedByName, found.AddedAt, found.AddedBy == person.Id, MayRemove(person, sight, found), found.Version, found.DeletedAt));
    }

    /// <summary>Who put it there; and who sees it and may change the card by their own right, not because a call lends it.</summary>
    static bool MayRemove(Person person, CardSight sight, MailRow mail) => mail.AddedBy == person.Id || (sight is { Edit: true, Lent: false } && !person.Veil.Hides("email"));

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid mail, Person person, MailStore store, MailReader reader, CardAccess access, CancellationToken cancel, int? version = null)
    {
        var (found, refused) = await RemovableAsync(id, mail, person, reader, access, cancel);
        if (found is null) return refused!;
        // Twice is as once.
        return found.DeletedAt is not null || await store.RemoveAsync(found, person, version, cancel) ? TypedResults.NoContent()
            : Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed this mail since you read it. Read it again.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RestoreAsync(Guid id, Guid mail, Person person, MailStore store, MailReader reader, CardAccess access, CancellationToken cancel)
    {
        var (found, refused) = await RemovableAsync(id, mail, person, reader, access, cancel);
        if (found is null) return refused!;
        await store.RestoreAsync(found.Id, person, cancel);
        return TypedResults.NoContent();
    }

    static async Task<(MailRow? Mail, ProblemHttpResult? Refused)> RemovableAsync(Guid id, Guid mail, Person person, MailReader reader, CardAccess access, CancellationToken cancel)
    {
        var sight = await access.OfLiveAsync(person, id, cancel);
        if (!sight.View) return (null, Problems.NotFound("client"));
        if (await reader.FindAsync(id, mail, cancel) is not { } found) return (null, Problems.NotFound("mail"));
        if (MayRemove(person, sight, found)) return (found, null);
        // In the bin it is seen by who may take it out; one who sees no mail addresses sees no mail.
        return (null, found.DeletedAt is not null || person.Veil.Hides("email") ? Problems.NotFound("mail") : Problems.Of(StatusCodes.Status409Conflict, "not_yours", "Only who put a mail there may take it off, or somebody who may change the card."));
    }

    static async Task<Results<Ok<ListPage<MailRowView>>, ProblemHttpResult>> ListAsync(Person person, MailReader reader, CancellationToken cancel, Guid? client = null, string? direction = null, string? query = null,
        DateTimeOffset? from = null, DateTimeOffset? to = null, string? sort = null, string? cursor = null, int? limit = null)
    {
        var filter = new MailFilter(client, direction, query, from, to);
        var (order, refused) = Order(filter, sort, cursor);
        if (order is null) return refused!;
        return TypedResults.Ok(await reader.ListAsync(filter, person.Within(Rights.WorkWithClients), person.Veil, order, Cursor.Limit(limit), cancel));
    }

    internal static (ListOrder? Order, ProblemHttpResult? Refused) Order(MailFilter filter, string? sort, string? cursor) =>
        filter.Direction is not (null or "in" or "out") ? (null, Problems.Invalid("direction", "in or out")) : ListOrder.Of("mails", sort, "-sent", cursor, MailReader.Orders);

    static async Task<Ok<ListPage<MailBinRow>>> BinAsync(Person person, MailReader reader, CancellationToken cancel, string? cursor = null, int? limit = null) => TypedResults.Ok(await reader.BinAsync(person, cursor, Cursor.Limit(limit), cancel));
}
