using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Files;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Imports;

/// <summary>Clients and deals from CSV, XLSX and XLS files: upload, look, choose, load in the background.</summary>
internal static class ImportEndpoints
{
    public static void AddImports(this IServiceCollection services)
    {
        services.AddSingleton<ImportStore>();
        services.AddSingleton<ImportFiles>();
        services.AddSingleton<ImportPreviews>();
        services.AddSingleton<ImportChecks>();
        services.AddSingleton<DealImport>();
        services.AddSingleton<ImportWorker>();
        services.AddHostedService(s => s.GetRequiredService<ImportWorker>());
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/imports").WithTags("Imports").RequireAuthorization(Rights.ImportClients);
        group.AddEndpointFilter(OwnAsync);
        group.MapPost("/", UploadAsync).WithName("UploadImport").WithSummary("A table as the request's body (CSV, XLSX, XLS; at most 100 MB), told by its content; answers with what it looks like")
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        group.MapGet("/", async Task<Ok<ListPage<ImportRunView>>> (Person person, ImportStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.ListAsync(person.Veil.IsNone ? Reach.Everyone : Reach.Of(person.Id), cursor, Cursor.Limit(limit), cancel)))
            .WithName("ListImports").WithSummary("Imports, newest first");
        group.MapGet("/{id}", async Task<Results<Ok<ImportRunView>, ProblemHttpResult>> (Guid id, ImportStore store, CancellationToken cancel) =>
                await store.FindAsync(id, cancel) is { } run ? TypedResults.Ok(run) : Problems.NotFound("import"))
            .WithName("GetImport").WithSummary("How far an import is, and its first errors");
        group.MapGet("/{id}/preview", PreviewAsync).WithName("PreviewImport").WithSummary("The uploaded file read anew, with another encoding, separator, sheet or header row (0: none)");
        group.MapPost("/{id}/start", StartAsync).WithName("StartImport").WithSummary("Load the file; the columns are remembered for files with the same headers; audited").ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/{id}/check", CheckAsync).WithName("CheckImport").WithSummary("What would become of the file's first rows: who is there already and why, and what is wrong; nothing is written").ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/{id}/cancel", CancelAsync).WithName("CancelImport").WithSummary("End an import after the rows in work; what was loaded stays");
        group.MapGet("/{id}/failed", FailedAsync).WithName("DownloadFailedRows").WithSummary("The rows that failed, with what was expected, to mend and load again (CSV, UTF-8); audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/csv");
    }

    /// <summary>Files hold numbers and fields as they were brought: who may not see all of them sees their own files alone.</summary>
    static async ValueTask<object?> OwnAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        return Person.From(http.User) is { Veil.IsNone: false } person && Guid.TryParse(http.GetRouteValue("id") as string, out var id)
            && !await http.RequestServices.GetRequiredService<ImportStore>().IsOfAsync(id, person.Id, http.RequestAborted)
            ? Problems.NotFound("import")
            : await next(context);
    }

    static async Task<Results<Ok<ImportPreview>, ProblemHttpResult>> UploadAsync(HttpContext http, Person person, ImportStore store, ImportFiles files, ImportPreviews previews, Guid id, string name, CancellationToken cancel)
    {
        if (id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        var fileName = CallFlow.PlainText.Clean(Path.GetFileName(name.Replace('\\', '/')), 200);
        if (fileName.Length == 0) return Problems.Invalid("name", "the file's name");
        if (await store.FindAsync(id, cancel) is { } known) return await AgainAsync(known, previews, files, cancel);
        using var upload = await Upload.TakeAsync(http, files.Folder, cancel);
        if (upload is null) return Upload.TooLarge;
        try
        {
            var format = TableFile.Open(upload.Path, new TableReading()).Format;
            if (!await store.AddAsync(id, person.Id, fileName, format, upload.Size_bytes, cancel)) return Taken;
            upload.MoveTo(files.Table(id));
            return TypedResults.Ok(await previews.ReadAsync(id, fileName, new TableReading(), null, cancel));
        }
        catch (TableFileException e)
        {
            return NoTable(e);
        }
    }

    static ProblemHttpResult Taken => Problems.Of(StatusCodes.Status409Conflict, "id_taken", "There is another import with this id.");

    /// <summary>The upload repeated, as its answer was lost.</summary>
    static async Task<Results<Ok<ImportPreview>, ProblemHttpResult>> AgainAsync(ImportRunView known, ImportPreviews previews, ImportFiles files, CancellationToken cancel) =>
        known.State == "uploaded" && File.Exists(files.Table(known.Id)) ? TypedResults.Ok(await previews.ReadAsync(known.Id, known.FileName, new TableReading(), null, cancel)) : Taken;

    static ProblemHttpResult NoTable(TableFileException e) => Problems.Of(StatusCodes.Status400BadRequest, e.Code == ImportTexts.NoTable ? "not_a_table" : "file_unreadable", e.Message,
        new Dictionary<string, string[]>(StringComparer.Ordinal) { ["file"] = [e.Message] });

    static async Task<Results<Ok<ImportPreview>, ProblemHttpResult>> PreviewAsync(Guid id, ImportStore store, ImportFiles files, ImportPreviews previews, CancellationToken cancel, string? encoding = null, string? separator = null,
        string? sheet = null, long? header = null)
    {
        if (Wrong(encoding, separator) is { } wrong) return wrong;
        if (await store.FindAsync(id, cancel) is not { } run) return Problems.NotFound("import");
        if (run.State != "uploaded" || !File.Exists(files.Table(id))) return NotOpen(run);
        try
        {
            return TypedResults.Ok(await previews.ReadAsync(id, run.FileName, new TableReading(encoding, separator, sheet), header, cancel));
        }
        catch (TableFileException e)
        {
            return NoTable(e);
        }
    }

    static ProblemHttpResult? Wrong(string? encoding, string? separator) =>
        encoding is not null && Array.IndexOf(TextSniff.Encodings, encoding) < 0 ? Problems.Invalid("encoding", $"one of {string.Join(", ", TextSniff.Encodings)}")
        : separator is not null && Array.IndexOf(TextSniff.Separators, separator) < 0 ? Problems.Invalid("separator", "one of comma, semicolon, tab, vertical bar")
        : null;

    static ProblemHttpResult NotOpen(ImportRunView run) => Problems.Of(StatusCodes.Status409Conflict, "import_begun", $"This import is {run.State}: load the file again to begin another.");

    static async Task<Results<Ok<ImportRunView>, ProblemHttpResult>> StartAsync(Guid id, ImportStart start, HttpContext http, Person person, ImportStore store, ImportFiles files, ImportWorker worker, AuditStore audit, CancellationToken cancel)
    {
        if (await WrongAsync(start, person, store, cancel) is { } refused) return refused;
        if (await store.FindAsync(id, cancel) is not { } run) return Problems.NotFound("import");
        if (run.State == "uploaded" && !File.Exists(files.Table(id))) return NotOpen(run);
        if (run.State == "uploaded")
        {
            string? key = null;
            if (start.HeaderRow is { } header)
            {
                if (TableFile.Open(files.Table(id), new TableReading(start.Encoding, start.Separator, start.Sheet)).Rows().Take(1000).FirstOrDefault(r => r.Number == header) is not { } row)
                    return Problems.Invalid("headerRow", "the number of a row of the file");
                key = ImportPreviews.KeyOf(row.Cells);
            }

            if (await store.StartAsync(id, person.Id, start, key, cancel)) await audit.AddAsync(person.Id, "import", "client", $"{run.FileName} {id}", http.Connection.RemoteIpAddress?.ToString(), cancel);
            worker.Wake();
            return TypedResults.Ok((await store.FindAsync(id, cancel))!);
        }

        // Repeated, as the answer was lost.
        return run.State == "cancelled" ? NotOpen(run) : TypedResults.Ok(run);
    }

    static async Task<Results<Ok<ImportCheckView>, ProblemHttpResult>> CheckAsync(Guid id, ImportStart start, Person person, ImportStore store, ImportFiles files, ImportChecks checks, CancellationToken cancel)
    {
        if (await WrongAsync(start, person, store, cancel) is { } refused) return refused;
        if (await store.FindAsync(id, cancel) is not { } run) return Problems.NotFound("import");
        if (run.State != "uploaded" || !File.Exists(files.Table(id))) return NotOpen(run);
        return TypedResults.Ok(await checks.CheckAsync(id, start, person.Id, cancel));
    }

    static async Task<ProblemHttpResult?> WrongAsync(ImportStart start, Person person, ImportStore store, CancellationToken cancel)
    {
        var errors = Check(start, (await store.ListsAsync(cancel)).Own);
        for (var n = 0; n < start.Columns.Count; n++)
        {
            if (person.Veil.Hides(ImportTargets.FieldOf(start.Columns[n].Target))) errors[$"columns[{n}].target"] = ["a field that you see"];
        }

        return errors.Count > 0 ? Problems.Invalid(errors) : Wrong(start.Encoding, start.Separator);
    }

    static Dictionary<string, string[]> Check(ImportStart start, IReadOnlyList<CallFlow.CustomField> own)
    {
        var codes = own.Select(f => ImportTargets.Own + f.Code).ToList();
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        for (var n = 0; n < start.Columns.Count; n++)
        {
            var (column, field) = (start.Columns[n], $"columns[{n}]");
            if (column.Index is < 0 or > 16_383) errors[$"{field}.index"] = ["a column's number from 0"];
            if (ImportTargets.Find(column.Target) is not { } target || (column.Target.StartsWith(ImportTargets.Own, StringComparison.Ordinal) && !codes.Contains(column.Target))) errors[$"{field}.target"] = [$"one of {string.Join(", ", ImportTargets.All.Select(t => t.Code).Concat(codes))}"];
            else if (!target.Many && start.Columns.Take(n).Any(c => c.Target == column.Target)) errors[$"{field}.target"] = ["a field that no other column goes to"];
            if (column.Label is { Length: > 30 }) errors[$"{field}.label"] = ["at most 30 characters"];
            else if (column.Label is { Length: > 0 } order && DateOrder.IsDate(column.Target, own) && Array.IndexOf(DateOrder.All, order) < 0) errors[$"{field}.label"] = [$"one of {string.Join(", ", DateOrder.All)}"];
            else if (column is { Target: ImportTargets.Address, Label: { Length: > 0 } kind } && !CallFlow.ClientAddress.Kinds.Contains(kind, StringComparer.Ordinal)) errors[$"{field}.label"] = [$"one of {string.Join(", ", CallFlow.ClientAddress.Kinds)}"];
        }

        if (!start.Columns.Any(c => c.Target is ImportTargets.Name or ImportTargets.FirstName or ImportTargets.LastName or ImportTargets.Company)) errors["columns"] = ["a column with the name, or with the company"];
        if (start.Duplicates is not ("skip" or "fill_empty" or "overwrite" or "always_new")) errors["duplicates"] = ["one of skip, fill_empty, overwrite, always_new"];
        else if (start.Duplicates != "always_new" && !start.MatchNumber && !start.MatchMail && !start.MatchTaxId) errors["matchNumber"] = ["by number, by mail, or by tax id"];
        if (start.Alike is not ("make" or "file" or "ignore")) errors["alike"] = ["one of make, file, ignore"];
        if (start.Companies is not ("text" or "link" or "make")) errors["companies"] = ["one of text, link, make"];
        if (start.Source.Length > 100) errors["source"] = ["at most 100 characters"];
        if (start.Kind is not ("person" or "company" or "auto")) errors["kind"] = ["one of person, company, auto"];
        if (start.HeaderRow is < 1 or > 1000) errors["headerRow"] = ["the number of a row, up to 1000"];
        if (start.Language is not ("en" or "it" or "ru")) errors["language"] = ["one of en, it, ru"];
        return errors;
    }

    static async Task<Results<Ok<ImportRunView>, ProblemHttpResult>> CancelAsync(Guid id, ImportStore store, ImportFiles files, ImportWorker worker, CancellationToken cancel)
    {
        await store.CancelAsync(id, cancel);
        if (await store.FindAsync(id, cancel) is not { } run) return Problems.NotFound("import");
        if (run.State == "cancelled") File.Delete(files.Table(id));
        worker.Wake();
        return TypedResults.Ok(run);
    }

    static async Task<Results<PhysicalFileHttpResult, ProblemHttpResult>> FailedAsync(Guid id, HttpContext http, Person person, ImportStore store, ImportFiles files, AuditStore audit, CancellationToken cancel)
    {
        if (await store.FindAsync(id, cancel) is not { Failed: > 0 } run || !File.Exists(files.Failed(id))) return Problems.NotFound("file of failing rows");
        if (run.State == "running") return Problems.Of(StatusCodes.Status409Conflict, "import_running", "The import still runs: the file is whole at its end.");
        await audit.AddAsync(person.Id, "export", "import", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.PhysicalFile(files.Failed(id), "text/csv; charset=utf-8", $"{Path.GetFileNameWithoutExtension(run.FileName)} - errors.csv");
    }
}
