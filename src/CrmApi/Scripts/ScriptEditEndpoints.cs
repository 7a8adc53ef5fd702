using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Scripts edited in the page: draft, try, publish, take back. Who published what is kept for ever.</summary>
internal static partial class ScriptEditEndpoints
{
    const int LongestNote = 500;

    /// <summary>What a text of 256 KB may become in JSON, every character escaped, and the rest of the body.</summary>
    const int MostBody = (6 * ScriptReader.MaxBytes) + 4096;

    public static void AddScriptEditing(this IServiceCollection services)
    {
        services.AddSingleton<ScriptEditStore>();
        services.AddSingleton<PublishedScripts>();
        services.AddHostedService(s => s.GetRequiredService<PublishedScripts>());
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/script-edits").WithTags("Scripts").RequireAuthorization(Rights.EditScripts).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MostBody));
        group.MapGet("/", ListAsync).WithName("ListScriptEdits").WithSummary("Every script with its draft and what is in use");
        group.MapPost("/try", TryAsync).WithName("TryScript").WithSummary("Check a text and see it as an agent would, filled for a client; nothing is stored");
        group.MapGet("/{id}", GetAsync).WithName("OpenScriptEdit").WithSummary("The draft, else what is in use, and every publish");
        group.MapPut("/{id}/draft", SaveAsync).WithName("SaveScriptDraft").WithSummary("Save the draft; refused when somebody else saved or published in between");
        group.MapDelete("/{id}/draft", DiscardAsync).WithName("DiscardScriptDraft").WithSummary("Throw the draft away");
        group.MapPost("/{id}/publish", PublishAsync).WithName("PublishScript").WithSummary("Check the draft and take it into use");
        group.MapPost("/{id}/withdraw", WithdrawAsync).WithName("WithdrawScript").WithSummary("Take what was published out of use; the library's file is used again");
        group.MapGet("/{id}/diff", DiffAsync).WithName("CompareScripts").WithSummary("Two texts of a script line by line");
    }

    static async Task<Ok<ScriptEditList>> ListAsync(ScriptEditStore store, ScriptShelf shelf, CancellationToken cancel)
    {
        var (drafts, published, files) = ((await store.DraftsAsync(null, cancel)).ToDictionary(d => d.ScriptId, StringComparer.Ordinal), (await store.NewestAsync(cancel)).ToDictionary(p => p.ScriptId, StringComparer.Ordinal), shelf.LibraryIds);
        var ids = shelf.Current.Scripts.Select(s => s.Id).Concat(drafts.Keys).Concat(published.Keys).Concat(files).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return TypedResults.Ok(new ScriptEditList([.. ids.Select(id => Row(id, shelf, published.GetValueOrDefault(id), drafts.GetValueOrDefault(id), files.Contains(id)))]));
    }

    static ScriptEditRow Row(string id, ScriptShelf shelf, PublishedText? published, DraftText? draft, bool inLibrary)
    {
        var inUse = shelf.Find(id);
        var shown = inUse ?? (draft is null ? null : Read(id, draft.Yaml, ScriptShape.Any).Script);
        var own = published is { Yaml: not null } ? published : null;
        return new ScriptEditRow(id, shown?.Title ?? id, shown?.Language ?? "", shown is null ? [] : ScriptChoice.Conditions(shown.For), inLibrary, inUse is not null, own?.N, own?.By, own?.At, draft?.By, draft?.At);
    }

    static async Task<Results<Ok<ScriptEditView>, ProblemHttpResult>> GetAsync(string id, ScriptEditStore store, ScriptShelf shelf, LiveFacts facts, CancellationToken cancel) =>
        await ViewAsync(id, store, shelf, facts, cancel) is { } view ? TypedResults.Ok(view) : Problems.NotFound("script");

    static async Task<ScriptEditView?> ViewAsync(string id, ScriptEditStore store, ScriptShelf shelf, LiveFacts facts, CancellationToken cancel)
    {
        if (!IdForm().IsMatch(id)) return null;
        var draft = (await store.DraftsAsync(id, cancel)).FirstOrDefault();
        var history = await store.HistoryAsync(id, cancel);
        var inUse = shelf.Find(id);
        if (draft is null && history.Count == 0 && inUse is null && !shelf.LibraryIds.Contains(id)) return null;
        var yaml = draft?.Yaml ?? (inUse is null ? "" : Encoding.UTF8.GetString(inUse.Source));
        return new ScriptEditView(id, yaml, draft?.Version ?? 0, history.Count > 0 ? history[0].N : 0, draft?.By, draft?.At, shelf.LibraryIds.Contains(id), inUse is not null, history, Told(Read(id, yaml, ScriptShape.Library, facts.Names)));
    }

    static async Task<Results<Ok<ScriptEditView>, ProblemHttpResult>> SaveAsync(string id, ScriptDraftSave save, Person person, ScriptEditStore store, ScriptShelf shelf, LiveFacts facts, CancellationToken cancel)
    {
        if (!IdForm().IsMatch(id)) return Problems.Invalid("id", "a-z, 0-9, - and _, beginning with a letter, at most 60 characters");
        if (TooLong(save.Yaml) is { } refused) return refused;
        var (outcome, _) = await store.SaveAsync(id, save with { Yaml = Lines(save.Yaml) }, person.Id, cancel);
        return outcome == EditOutcome.Changed ? await ChangedAsync(id, store, cancel) : TypedResults.Ok((await ViewAsync(id, store, shelf, facts, cancel))!);
    }

    static async Task<Results<Ok<ScriptEditView>, NoContent, ProblemHttpResult>> DiscardAsync(string id, long? draft, ScriptEditStore store, ScriptShelf shelf, LiveFacts facts, CancellationToken cancel) =>
        await store.DiscardAsync(id, draft ?? 0, cancel) switch
        {
            EditOutcome.Missing => Problems.NotFound("draft"),
            EditOutcome.Changed => await ChangedAsync(id, store, cancel),
            // Of a script that was never more than a draft nothing is left.
            _ => await ViewAsync(id, store, shelf, facts, cancel) is { } view ? TypedResults.Ok(view) : TypedResults.NoContent(),
        };

    static async Task<Results<Ok<ScriptEditView>, ProblemHttpResult>> PublishAsync(string id, ScriptPublish publish, Person person, HttpContext http, ScriptEditStore store, ScriptShelf shelf, PublishedScripts published,
        LiveFacts facts, AuditStore audit, CancellationToken cancel)
    {
        if (publish.Note.Length > LongestNote) return Problems.Invalid("note", $"at most {LongestNote} characters");
        if ((await store.DraftsAsync(id, cancel)).FirstOrDefault() is not { } draft) return Problems.NotFound("draft");
        if (draft.Version != publish.Draft) return await ChangedAsync(id, store, cancel);
        var reading = Read(id, draft.Yaml, ScriptShape.Library, facts.Names);
        if (reading.Problems.Where(p => !p.Warning).ToArray() is { Length: > 0 } faults)
            return Problems.Of(StatusCodes.Status422UnprocessableEntity, "script.faulty", $"The script has {faults.Length} faults, the first on line {faults[0].At.Line}: {faults[0].Message}",
                new Dictionary<string, string[]>(StringComparer.Ordinal) { ["yaml"] = [.. faults.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.At.Line}:{p.At.Column} {p.Message}"))] });
        switch (await store.PublishAsync(draft, reading.Script!.Version, Texts.Clean(publish.Note).Trim(), person.Id, cancel))
        {
            case EditOutcome.Missing: return Problems.NotFound("draft");
            case EditOutcome.Changed: return await ChangedAsync(id, store, cancel);
            default: break;
        }

        await published.RefreshAsync(cancel);
        await audit.AddAsync(person.Id, "script.published", "script", $"{id}@{reading.Script.Version}", http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok((await ViewAsync(id, store, shelf, facts, cancel))!);
    }

    static async Task<Results<Ok<ScriptEditView>, ProblemHttpResult>> WithdrawAsync(string id, ScriptWithdraw withdraw, Person person, HttpContext http, ScriptEditStore store, ScriptShelf shelf, PublishedScripts published,
        LiveFacts facts, AuditStore audit, CancellationToken cancel)
    {
        if (withdraw.Note.Length > LongestNote) return Problems.Invalid("note", $"at most {LongestNote} characters");
        switch (await store.WithdrawAsync(id, withdraw with { Note = Texts.Clean(withdraw.Note).Trim() }, person.Id, cancel))
        {
            case EditOutcome.Missing: return Problems.NotFound("published script");
            case EditOutcome.Changed: return await ChangedAsync(id, store, cancel);
            default: break;
        }

        await published.RefreshAsync(cancel);
        await audit.AddAsync(person.Id, "script.withdrawn", "script", id, http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok((await ViewAsync(id, store, shelf, facts, cancel))!);
    }

    static async Task<Results<Ok<ScriptTryView>, ProblemHttpResult>> TryAsync(ScriptTry asked, Person person, ScriptShelf shelf, CallScripts calls, ClientStore clients, LiveFacts known, CancellationToken cancel)
    {
        if (TooLong(asked.Yaml) is { } refused) return refused;
        if (asked.Direction is not ("inbound" or "outbound")) return Problems.Invalid("direction", "inbound or outbound");
        var card = asked.Client is { } client ? await clients.CardAsync(client, cancel) : null;
        if (asked.Client is not null && card is null) return Problems.Invalid("client", "the id of a client");
        var id = asked.Id ?? Read(null, asked.Yaml, ScriptShape.Any).Id;
        var told = Told(Read(asked.Id, asked.Yaml, ScriptShape.Library, known.Names));
        // Only too thin for the library, it can be looked at all the same.
        var script = Read(null, asked.Yaml, ScriptShape.Any).Script;
        var facts = calls.Facts(asked.Direction == "outbound", asked.Queue, asked.Campaign, person.Id, card);
        var others = shelf.Current.Scripts.Where(s => s.Id != id);
        var chosen = ScriptChoice.Choose(script is null ? others : others.Append(script), facts);
        return TypedResults.Ok(new ScriptTryView(told, script is null ? null : calls.Preview(script, asked.Direction == "outbound", asked.Queue, person.Id, card), script is null ? [] : ScriptChoice.Unmet(script.For, facts),
            chosen is null ? null : ScriptRendering.Summary(chosen.Script), chosen?.Why));
    }

    static async Task<Results<Ok<ScriptDiffView>, ProblemHttpResult>> DiffAsync(string id, string? from, string? to, ScriptEditStore store, ScriptShelf shelf, CancellationToken cancel)
    {
        const string Expected = "draft, library or the number of a publish";
        if (await TextAsync(id, from, store, shelf, cancel) is not { } before) return Problems.Invalid("from", Expected);
        return await TextAsync(id, to, store, shelf, cancel) is { } after ? TypedResults.Ok(new ScriptDiffView(from!, to!, ScriptDiff.Lines(Lines(before), Lines(after)))) : Problems.Invalid("to", Expected);
    }

    static async Task<string?> TextAsync(string id, string? which, ScriptEditStore store, ScriptShelf shelf, CancellationToken cancel) => which switch
    {
        "draft" => (await store.DraftsAsync(id, cancel)).FirstOrDefault()?.Yaml,
        "library" => shelf.LibraryText(id),
        _ => int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? await store.TextAsync(id, n, cancel) : null,
    };

    /// <summary>Who was quicker, and what to do.</summary>
    static async Task<ProblemHttpResult> ChangedAsync(string id, ScriptEditStore store, CancellationToken cancel)
    {
        var draft = (await store.DraftsAsync(id, cancel)).FirstOrDefault();
        var last = (await store.HistoryAsync(id, cancel)).FirstOrDefault();
        var who = draft is not null && (last is null || draft.At >= last.At) ? $"{draft.By} saved the draft" : last is null ? "The draft was thrown away" : $"{last.By} {(last.Version is null ? "took it out of use" : "published it")}";
        return Problems.Of(StatusCodes.Status409Conflict, "script.changed", $"{who} while this text was open. Nothing was overwritten: open the script again and compare.");
    }

    static ProblemHttpResult? TooLong(string yaml) => Encoding.UTF8.GetByteCount(yaml) > ScriptReader.MaxBytes ? Problems.Invalid("yaml", $"at most {ScriptReader.MaxBytes} bytes") : null;

    /// <summary>A text box sends CR LF on some systems; a nul character no database takes.</summary>
    static string Lines(string yaml) => yaml.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\0", "", StringComparison.Ordinal);

    /// <param name="id">The script's id never changes: another one in the text is a fault.</param>
    static ScriptReading Read(string? id, string yaml, ScriptShape shape, LiveNames? site = null)
    {
        var reading = ScriptReader.Read(id ?? "script", Encoding.UTF8.GetBytes(yaml), shape, site?.Fields, site is null ? null : [.. site.Campaigns.Where(c => !c.Value.Retired).Select(c => c.Key)]);
        if (id is null || reading.Id is null || reading.Id == id) return reading;
        var at = reading.Script?.IdAt ?? Place.Start;
        return reading with { Script = null, Problems = [new ScriptProblem(id, at, $"\"id\" is \"{reading.Id}\", expected \"{id}\": the id of a script never changes"), .. reading.Problems] };
    }

    static ScriptProblemView[] Told(ScriptReading reading) => [.. reading.Problems.Select(p => p.View)];

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,59}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex IdForm();
}
