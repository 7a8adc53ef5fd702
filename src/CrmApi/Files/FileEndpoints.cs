using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Exports;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Files;

/// <summary>Files on clients, deals and calls: told by their content, given out as attachments only, put into a bin for 30 days.</summary>
internal static class FileEndpoints
{
    public static void AddFiles(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(StoredFiles.From(configuration));
        services.AddSingleton<FileStore>();
        services.AddHostedService<FileWorker>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/files").WithTags("Files").RequireAuthorization(Rights.WorkWithFiles);
        group.MapGet("/", ListAsync).WithName("ListFiles").WithSummary("Files of a client (with those of its deals), a deal or a call, newest first; with bin those in the bin");
        group.MapGet("/{id}", GetAsync).WithName("GetFile").WithSummary("What is known of a file; its ETag is for renaming and deleting");
        group.MapPut("/{id}", RenameAsync).WithName("RenameFile").WithSummary("Another name, which must not say something else than the content: one's own; with the right to, those within its reach. 409 edit_conflict when somebody was faster")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        group.MapPost("/", UploadAsync).WithName("UploadFile").WithSummary("A file as the request's body (at most 100 MB); refused when its name says something else than its content. Repeating it with the same id changes nothing")
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        group.MapGet("/{id}/content", DownloadAsync).WithName("DownloadFile").WithSummary("The file, as an attachment; audited").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream");
        group.MapDelete("/{id}", DeleteAsync).WithName("DeleteFile").WithSummary("Into the bin, for 30 days: one's own; with the right to, those within its reach. Version is the one read, 409 edit_conflict when somebody was faster")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        group.MapPost("/{id}/restore", RestoreAsync).WithName("RestoreFile").WithSummary("Out of the bin");
        group.MapGet("/export", ExportAsync).WithName("ExportFiles").WithSummary("The list of files (as ListFiles), not their contents, all of them, as csv or xlsx: of a client or deal that one may export, of a call with the right to export calls; audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/csv");
    }

    /// <summary>What is out of reach looks like what does not exist: a card as its own page, a deal with its client's, a call as in the log.</summary>
    static async Task<bool> SeesAsync(string kind, Guid subject, Person person, FileStore store, CallStore calls, CardAccess cards, CancellationToken cancel) =>
        await store.ExistsAsync(kind, subject, cancel) && kind switch
        {
            "call" => await calls.IsOfAsync(subject, person.Within(Rights.SeeCalls).With(person.Id), cancel),
            "deal" => await store.DealAsync(subject, cancel) is { } deal && await cards.OfAsync(person, deal.Client, cancel) is { View: true } sight && CardAccess.DealsOf(person, sight).Includes(deal.Responsible),
            _ => (await cards.OfAsync(person, subject, cancel)).View,
        };

    static async Task<Results<Ok<FilesView>, ProblemHttpResult>> ListAsync(Person person, FileStore store, CallStore calls, CardAccess cards, string kind, [Microsoft.AspNetCore.Mvc.FromQuery(Name = "object")] Guid subject, CancellationToken cancel, bool bin = false,
        string? cursor = null, int? limit = null)
    {
        if (kind is not ("client" or "deal" or "call")) return Problems.Invalid("kind", "one of client, deal, call");
        if (!await SeesAsync(kind, subject, person, store, calls, cards, cancel)) return Problems.NotFound(kind);
        var deals = kind == "client" ? CardAccess.DealsOf(person, await cards.OfAsync(person, subject, cancel)) : Reach.Everyone;
        var (files, next) = await store.ListAsync(kind, subject, deals, bin, cursor, Cursor.Limit(limit), cancel);
        return TypedResults.Ok(new FilesView([.. files.Select(f => f.View(person))], next));
    }

    static async Task<IResult> ExportAsync(HttpContext http, Person person, FileStore store, CallStore calls, CardAccess cards, ListExports lists, CancellationToken cancel, string kind, [Microsoft.AspNetCore.Mvc.FromQuery(Name = "object")] Guid subject,
        bool bin = false, string format = "csv", string language = "en")
    {
        if (kind is not ("client" or "deal" or "call")) return Problems.Invalid("kind", "one of client, deal, call");
        if (!await SeesAsync(kind, subject, person, store, calls, cards, cancel)) return Problems.NotFound(kind);
        var may = kind switch
        {
            "call" => person.May(Rights.ExportCalls),
            "deal" => person.Within(Rights.ExportDeals).Includes((await store.DealAsync(subject, cancel))?.Responsible),
            _ => person.Within(Rights.ExportClients).Includes(await cards.ResponsibleAsync(subject, cancel)),
        };
        if (!may) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you see these files, not take their list out.");
        var deals = kind == "client" ? CardAccess.DealsOf(person, await cards.OfAsync(person, subject, cancel)).And(person.Within(Rights.ExportDeals)) : Reach.Everyone;
        return await lists.FilesAsync(http, person, $"{kind} {subject}{(bin ? " bin" : "")}", format, language, async (cursor, limit, stop) =>
        {
            var (files, next) = await store.ListAsync(kind, subject, deals, bin, cursor, limit, stop);
            return new ListPage<FileView>([.. files.Select(f => f.View(person))], next);
        }, cancel);
    }

    static async Task<Results<Ok<FileView>, ProblemHttpResult>> UploadAsync(HttpContext http, Person person, FileStore store, StoredFiles files, CallStore calls, CardAccess cards, Guid id, string kind,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = "object")] Guid subject, string name, CancellationToken cancel)
    {
        if (id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (kind is not ("client" or "deal" or "call")) return Problems.Invalid("kind", "one of client, deal, call");
        if (Name(name) is not { } fileName) return Problems.Invalid("name", "the file's name");
        if (!await SeesAsync(kind, subject, person, store, calls, cards, cancel)) return Problems.NotFound(kind);
        if (await store.FindAsync(id, cancel) is { } known) return Again(known, person, kind, subject);
        using var upload = await Upload.TakeAsync(http, files.IncomingFolder, cancel);
        if (upload is null) return Upload.TooLarge;
        if (upload.Size_bytes == 0) return Problems.Invalid("file", "a file that is not empty");
        var content = Content(upload);
        if (!content.MayBeNamed(fileName)) return Differs(fileName, content, "file");

        await store.AddAsync(id, kind, subject, fileName, upload, content, person.Id, cancel);
        return Again((await store.FindAsync(id, cancel))!, person, kind, subject);
    }

    static Results<Ok<FileView>, ProblemHttpResult> Again(FileRow known, Person person, string kind, Guid subject) =>
        known.UploadedBy == person.Id && known.ObjectKind == kind && known.ObjectId == subject ? TypedResults.Ok(known.View(person)) : Problems.Of(StatusCodes.Status409Conflict, "id_taken", "There is another file with this id.");

    static ContentKind Content(Upload upload)
    {
        using var file = File.OpenRead(upload.Path);
        return ContentKind.Of(file);
    }

    /// <returns>Null: it is none.</returns>
    static string? Name(string? given) => PlainText.Clean(Path.GetFileName((given ?? "").Replace('\\', '/')), 200) is { } name && name.Trim('.').Length > 0 ? name : null;

    /// <summary>Says in words and in codes what the name claims, and what was found.</summary>
    static ProblemHttpResult Differs(string name, ContentKind content, string field)
    {
        var told = $"The name ends in {Path.GetExtension(name)}, but the content is {content.Name}.";
        var problem = Problems.Of(StatusCodes.Status400BadRequest, "file_type_differs", told, new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [told] });
        (problem.ProblemDetails.Extensions["claimed"], problem.ProblemDetails.Extensions["found"]) = (Path.GetExtension(name).ToLowerInvariant(), content.Code);
        return problem;
    }

    static async Task<Results<Ok<FileView>, ProblemHttpResult>> GetAsync(Guid id, Person person, FileStore store, CallStore calls, CardAccess cards, CancellationToken cancel) =>
        await FindAsync(id, person, store, calls, cards, cancel) is { } file ? TypedResults.Ok(file.View(person)) : Problems.NotFound("file");

    static async Task<Results<Ok<FileView>, ProblemHttpResult>> RenameAsync(Guid id, FileSave save, Person person, FileStore store, StoredFiles files, CallStore calls, CardAccess cards, CancellationToken cancel)
    {
        if (await FindAsync(id, person, store, calls, cards, cancel) is not { DeletedAt: null } file) return Problems.NotFound("file");
        if (!file.MayDelete(person)) return NotYours();
        if (Name(save.Name) is not { } name) return Problems.Invalid("name", "the file's name");
        var path = files.PathOf(file.Sha256);
        if (!File.Exists(path)) return Problems.Of(StatusCodes.Status404NotFound, "file_missing", "The file was stored, but its content is gone.");
        ContentKind content;
        await using (var stored = File.OpenRead(path)) content = ContentKind.Of(stored);
        if (!content.MayBeNamed(name)) return Differs(name, content, "name");
        return await store.RenameAsync(file, person.Id, name, save.Version, cancel) ? TypedResults.Ok((await store.FindAsync(id, cancel))!.View(person)) : Conflict();
    }

    static ProblemHttpResult NotYours() => Problems.Of(StatusCodes.Status409Conflict, "not_yours", "Only who uploaded a file may do that, or somebody with the right to.");

    static ProblemHttpResult Conflict() => Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed this file since you read it. Read it again.");

    static async Task<FileRow?> FindAsync(Guid id, Person person, FileStore store, CallStore calls, CardAccess cards, CancellationToken cancel) =>
        await store.FindAsync(id, cancel) is { } file && await SeesAsync(file.ObjectKind, file.ObjectId, person, store, calls, cards, cancel) ? file : null;

    static async Task<Results<PhysicalFileHttpResult, ProblemHttpResult>> DownloadAsync(Guid id, HttpContext http, Person person, FileStore store, StoredFiles files, CallStore calls, CardAccess cards, AuditStore audit, CancellationToken cancel)
    {
        if (await FindAsync(id, person, store, calls, cards, cancel) is not { DeletedAt: null } file) return Problems.NotFound("file");
        var path = files.PathOf(file.Sha256);
        if (!File.Exists(path)) return Problems.Of(StatusCodes.Status404NotFound, "file_missing", "The file was stored, but its content is gone.");
        await audit.AddAsync(person.Id, "download", "file", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        http.Response.Headers.CacheControl = "private, no-store";
        // With a name it is an attachment: a browser saves it and shows nothing.
        return TypedResults.PhysicalFile(path, file.ContentType, file.Name, enableRangeProcessing: true);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Guid id, Person person, FileStore store, CallStore calls, CardAccess cards, CancellationToken cancel, int? version = null)
    {
        if (await FindAsync(id, person, store, calls, cards, cancel) is not { } file) return Problems.NotFound("file");
        if (!file.MayDelete(person)) return NotYours();
        // Twice is as once.
        return file.DeletedAt is not null || await store.SetDeletedAsync(file, person.Id, deleted: true, version, cancel) ? TypedResults.NoContent() : Conflict();
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RestoreAsync(Guid id, Person person, FileStore store, CallStore calls, CardAccess cards, CancellationToken cancel)
    {
        if (await FindAsync(id, person, store, calls, cards, cancel) is not { } file) return Problems.NotFound("file");
        if (!file.MayDelete(person)) return NotYours();
        await store.SetDeletedAsync(file, person.Id, deleted: false, version: null, cancel);
        return TypedResults.NoContent();
    }
}

/// <summary>Empties the bin, and removes what an upload left whose last step failed.</summary>
internal sealed partial class FileWorker(FileStore store, TimeProvider time, ILogger<FileWorker> log) : BackgroundService
{
    static readonly TimeSpan Bin = TimeSpan.FromDays(30);
    static readonly TimeSpan Left = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(6), time);
        do
        {
            try
            {
                var gone = await store.PurgeAsync(time.GetUtcNow() - Bin, stoppingToken);
                if (gone > 0) LogPurged(gone);
                await store.SweepAsync(time.GetUtcNow() - Left, stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                LogFailed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} files left the bin")]
    private partial void LogPurged(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The bin of files waits: {Reason}")]
    private partial void LogFailed(string reason);
}
