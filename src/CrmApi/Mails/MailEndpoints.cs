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

    public static void AddMails(this IServiceCollection services) => services.AddSingleton<MailStore>();

    public static void Map(IEndpointRouteBuilder api)
    {
        var mails = api.MapGroup("/clients/{id}/mails").WithTags("Mails");
        mails.MapPost("/", AddAsync).RequireAuthorization(Rights.SaveCards, Rights.WorkWithFiles).WithName("AddClientMail").ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .WithSummary("A mail (message/rfc822, at most 25 MB) onto the client's history, its attachments among the files; the same mail again adds nothing");
        mails.MapGet("/{mail}", ReadAsync).RequireAuthorization(Rights.OpenCards).WithName("GetClientMail").WithSummary("A mail of the history: who to whom, its text without markup, its attachments");
        mails.MapDelete("/{mail}", RemoveAsync).RequireAuthorization(Rights.SaveCards).WithName("RemoveClientMail").WithSummary("Take a mail off that one put there oneself; its attachments go into the bin");
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
        using (original) return mail is null ? refused! : TypedResults.Ok((await store.TakeAsync(mail, original!, [id], person, cancel))[0]);
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
        return TypedResults.Ok(new MailsTaken(await store.TakeAsync(mail, original!, clients, person, cancel)));
    }

    static async Task<(ReadMail? Mail, Upload? Original, ProblemHttpResult? Refused)> ParseAsync(HttpContext http, StoredFiles files, CancellationToken cancel)
    {
        var upload = await Upload.TakeAsync(http, files.IncomingFolder, cancel, Most_bytes);
        if (upload is null) return (null, null, Problems.Of(StatusCodes.Status413PayloadTooLarge, "mail_too_large", $"A mail may have at most {Most_bytes >> 20} MB."));
        await using var file = File.OpenRead(upload.Path);
        return await ReadMail.OfAsync(file, cancel) is { } mail ? (mail, upload, null) : (null, upload, Problems.Invalid("mail", "a mail (message/rfc822) with its sender, as mail programs save it under .eml"));
    }

    static async Task<Results<Ok<MailView>, ProblemHttpResult>> ReadAsync(Guid id, Guid mail, HttpContext http, Person person, MailStore store, CardAccess access, CardViews views, CancellationToken cancel)
    {
        if (!(await access.OfAsync(person, id, cancel)).View) return Problems.NotFound("client");
        if (person.Veil.Hides("email") || await store.FindAsync(id, mail, cancel) is not { } found) return Problems.NotFound("mail");
        await views.AddOfAsync(person, id, http.Connection.RemoteIpAddress?.ToString(), cancel);
        var attached = person.May(Rights.WorkWithFiles) ? await store.FilesAsync(mail, cancel) : [];
        return TypedResults.Ok(new MailView(found.Id, found.Direction, found.FromName, found.FromAddr, found.ToAddrs, found.CcAddrs, found.Subject, found.SentAt, found.Text, found.Cut,
            [.. attached.Select(f => f.View(person))], (string[])found.LeftOut, found.AddedByName, found.AddedAt, found.AddedBy == person.Id));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid mail, Person person, MailStore store, CardAccess access, CancellationToken cancel)
    {
        if (!(await access.OfLiveAsync(person, id, cancel)).View) return Problems.NotFound("client");
        if (await store.FindAsync(id, mail, cancel) is not { } found) return Problems.NotFound("mail");
        if (found.AddedBy != person.Id) return Problems.Of(StatusCodes.Status409Conflict, "not_yours", "Only who put a mail there may take it off.");
        await store.RemoveAsync(found, person, cancel);
        return TypedResults.NoContent();
    }
}
