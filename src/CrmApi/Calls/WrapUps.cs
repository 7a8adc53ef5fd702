using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Required;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <summary>What the agent says of an ended call: stored once per call and agent, with the script's answers; what they fill goes onto the card.</summary>
internal sealed partial class WrapUps(NpgsqlDataSource database, DraftStore drafts, CallScripts scripts, ScriptShelf shelf, ClientStore clients, ClientDirectory directory, ChangeHints hints,
    AuditStore audit, RequiredFields required, IOptions<SiteOptions> site, TimeProvider time, ILogger<WrapUps> log)
{
    /// <summary>So long after it was given a disposition may be changed; then reports have counted it.</summary>
    public static readonly TimeSpan Changeable = TimeSpan.FromHours(24);

    public const string Subject = "wrap_up";
    const string AnswerPrefix = "answer.";
    const int Attempts = 3;

    public static async Task<Results<Ok<CommandAnswer>, ProblemHttpResult>> SaveAsync(Guid id, WrapUpSave save, Person person, WrapUps wrapUps, CallStore calls, RouterRoad road, Feed feed,
        CancellationToken cancel)
    {
        if (save.Note.Length > DraftEndpoints.LongestValue) return Problems.Invalid("note", $"at most {DraftEndpoints.LongestValue} characters");
        if (save.NextStep.Length > 2_000) return Problems.Invalid("nextStep", "at most 2000 characters");
        if (save.Finish && save.CommandId == Guid.Empty) return Problems.Invalid("commandId", "a UUID made by the page");
        if (!await calls.IsOfAsync(id, person.Id, cancel)) return Problems.NotFound("call");
        if (await wrapUps.StoreAsync(id, person, save, cancel) is { } refused) return refused;
        feed.TellOtherPages(person.Id, save.PageId, new DoneElsewhereEvent(id, "wrap_up", save.PageId));
        if (!save.Finish) return TypedResults.Ok(new CommandAnswer(save.CommandId, true, null));
        var answer = await road.CommandAsync(save.CommandId, person.Id, new RoadCommand("finish_wrap_up", id), cancel);
        return TypedResults.Ok(new CommandAnswer(save.CommandId, answer.Accepted, answer.Reason));
    }

    public static async Task<Results<Ok<CallDetailView>, ProblemHttpResult>> ChangeAsync(Guid id, Guid agent, DispositionChange change, Person person, WrapUps wrapUps, CallStore calls, CancellationToken cancel)
    {
        if (await calls.DetailAsync(id, person, cancel) is not { } call) return Problems.NotFound("call");
        var others = person.Within(Rights.EditCalls).Includes(agent);
        if (!others && !await calls.IsOfAsync(call.Call.Id, person.Id, cancel)) return Problems.NotFound("call");
        if (call.WrapUps!.All(w => w.AgentId != agent)) return Problems.NotFound("wrap-up");
        if (agent != person.Id && !others)
            return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Only who gave the disposition, or somebody with the right to change those of others, may change it.");
        return await wrapUps.ChangeAsync(call.Call.Id, agent, person.Id, change.Disposition, cancel) is { } refused
            ? refused
            : TypedResults.Ok((await calls.DetailAsync(id, person, cancel))!);
    }

    /// <summary>Null: it is changed. The row is locked: of two at once the second sees what the first left.</summary>
    async Task<ProblemHttpResult?> ChangeAsync(Guid call, Guid agent, Guid person, string disposition, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var given = await GivenAsync(transaction, call, agent, cancel);
        if (given is null) return Problems.NotFound("wrap-up");
        if (IsClosed(given) is { } closed) return closed;
        if (given.Disposition == disposition) return null;
        var rows = await connection.ExecuteAsync(new CommandDefinition(
            """
            update wrap_up set disposition = @disposition where call_id = @call and agent_id = @agent and exists (select from disposition where code = @disposition and not retired)
            """,
            new { call, agent, disposition }, transaction, cancellationToken: cancel));
        if (rows == 0) return Problems.Invalid("disposition", "one of the catalog's dispositions");
        await audit.AddChangeAsync(transaction, person, ChangedAction, Subject, SubjectId(call, agent), given.Disposition, disposition, cancel);
        await transaction.CommitAsync(cancel);
        await hints.AddAsync("wrap_up", call.ToString(), null, call, cancel);
        return null;
    }

    public const string ChangedAction = "disposition.changed";

    public static string SubjectId(Guid call, Guid agent) => $"{call}/{agent}";

    static async Task<Given?> GivenAsync(NpgsqlTransaction transaction, Guid call, Guid agent, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<Given>(new CommandDefinition(
            "select disposition, created_at from wrap_up where call_id = @call and agent_id = @agent for update", new { call, agent }, transaction, cancellationToken: cancel));

    ProblemHttpResult? IsClosed(Given given) => time.GetUtcNow() <= given.CreatedAt + Changeable
        ? null
        : Problems.Of(StatusCodes.Status409Conflict, "wrap_up_closed", "The disposition was given more than 24 hours ago; it cannot be changed any more.");

    /// <summary>Null: it is stored.</summary>
    async Task<ProblemHttpResult?> StoreAsync(Guid call, Person person, WrapUpSave save, CancellationToken cancel)
    {
        var agent = person.Id;
        var draft = await drafts.ReadAsync(call, agent, cancel);
        var answers = draft.Where(f => f.Field.StartsWith(AnswerPrefix, StringComparison.Ordinal)).ToDictionary(f => f.Field[AnswerPrefix.Length..], f => f.Value, StringComparer.Ordinal);
        var script = ScriptOf(call, draft);
        var path = script is null ? [] : ScriptPath.Read(draft.FirstOrDefault(f => f.Field == DraftStore.PathField)?.Value, script);
        // Who never went on stood at the first step all the time.
        if (script is not null && path.Count == 0) path = [script.FirstStep];
        if (await required.RefuseWrapUpAsync(call, person, script is null ? [] : [.. CardFields(script, answers).Select(f => f.Key == "client.notes" ? "note" : f.Key["client.".Length..])], cancel) is { } missing) return missing;
        await using (var connection = await database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var given = await GivenAsync(transaction, call, agent, cancel);
            if (given is not null && IsClosed(given) is { } closed) return closed;
            var client = await connection.QuerySingleOrDefaultAsync<Stored>(new CommandDefinition(
                """
                with stored as (
                  insert into wrap_up (call_id, agent_id, disposition, note, script_id, script_version, answers, path, next_step, created_at)
                  select @call, @agent, d.code, @note, @scriptId, @scriptVersion, @answers::jsonb, @path, @nextStep, @now from disposition d where d.code = @disposition
                  on conflict (call_id, agent_id) do update set disposition = excluded.disposition, note = excluded.note, script_id = excluded.script_id,
                    script_version = excluded.script_version, answers = excluded.answers, path = excluded.path, next_step = excluded.next_step
                  returning call_id
                )
                select s.call_id, c.client_id from stored s left join call c on c.id = s.call_id
                """,
                new
                {
                    call,
                    agent,
                    disposition = save.Disposition,
                    note = Texts.Clean(save.Note),
                    nextStep = Texts.Clean(save.NextStep),
                    now = time.GetUtcNow(),
                    scriptId = script?.Id,
                    scriptVersion = script?.Version,
                    answers = JsonSerializer.Serialize(answers),
                    path = path.ToArray(),
                },
                transaction, cancellationToken: cancel));
            if (client is null) return Problems.Invalid("disposition", "one of the catalog's dispositions");
            if (given is not null && given.Disposition != save.Disposition)
                await audit.AddChangeAsync(transaction, agent, ChangedAction, Subject, SubjectId(call, agent), given.Disposition, save.Disposition, cancel);
            if (script is not null) await VisitedAsync(transaction, call, agent, script, cancel);
            await transaction.CommitAsync(cancel);
            await hints.AddAsync("wrap_up", call.ToString(), null, call, cancel);
            if (script is not null && client.ClientId is { } card) await FillCardAsync(card, call, script, answers, cancel);
        }

        return null;
    }

    /// <summary>A script that nobody moved in was at its first step from the answer on.</summary>
    async Task VisitedAsync(NpgsqlTransaction transaction, Guid call, Guid agent, Script script, CancellationToken cancel)
    {
        await DraftStore.LockPathAsync(transaction, call, cancel);
        var any = await transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from script_visit where call_id = @call)", new { call }, transaction, cancellationToken: cancel));
        if (!any) await drafts.AddVisitsAsync(transaction, call, agent, script, [new ScriptMove(script.FirstStep, "start")], cancel);
    }

    Script? ScriptOf(Guid call, IReadOnlyList<DraftFieldView> draft)
    {
        if (scripts.Of(call) is { } shown && shelf.Find(shown.Id, shown.Version) is { } script) return script;
        return draft.FirstOrDefault(f => f.Field == DraftStore.ScriptField)?.Value.Split('@') is [var id, var version] ? shelf.Find(id, version) : null;
    }

    static Dictionary<string, string> CardFields(Script script, Dictionary<string, string> answers) =>
        ScriptAnswers.Fill(script, answers).Fields.Where(f => f.Value.Length > 0 && f.Field.StartsWith("client.", StringComparison.Ordinal)).ToDictionary(f => f.Field, f => f.Value, StringComparer.Ordinal);

    /// <summary>The card's fields that the answers fill. Somebody else's save in between is kept: only these fields are set on theirs.</summary>
    async Task FillCardAsync(Guid client, Guid call, Script script, Dictionary<string, string> answers, CancellationToken cancel)
    {
        var filled = CardFields(script, answers);
        if (filled.Count == 0) return;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await clients.CardAsync(client, cancel) is not { } card) return;
            var fields = With(card, filled);
            if (fields is null) return;
            var saved = await directory.SaveAsync(card.Id, fields, card.Version, site.Value.Region, call, cancel);
            if (saved is ClientSaved.Conflict) continue;
            if (saved is ClientSaved.Invalid invalid) LogNotTaken(call, string.Join(", ", invalid.Errors.Keys));
            return;
        }
    }

    /// <summary>Null when nothing would change.</summary>
    static ClientFields? With(ClientCardView card, Dictionary<string, string> filled)
    {
        string Set(string field, string before) => filled.GetValueOrDefault($"client.{field}") is { Length: > 0 } value ? value : before;
        var note = filled.GetValueOrDefault("client.notes") is { Length: > 0 } more && !card.Note.Contains(more, StringComparison.Ordinal)
            ? (card.Note.Length == 0 ? more : $"{card.Note}\n{more}")
            : card.Note;
        var next = card with
        {
            Name = Set("name", card.Name),
            Company = Set("company", card.Company),
            Email = Set("email", card.Email),
            City = Set("city", card.City),
            Note = note,
            Language = filled.GetValueOrDefault("client.language") is { Length: > 0 } language ? language : card.Language,
        };
        return next == card
            ? null
            : new ClientFields(next.Kind, next.Name, next.Company, next.Email, next.City, next.Note, next.Language, next.Segment, next.ResponsibleId,
                [.. next.Phones.Select(p => new ClientNumber(p.E164, p.Label, p.IsMain))]);
    }

    sealed record Stored(Guid CallId, Guid? ClientId);

    sealed record Given(string Disposition, DateTimeOffset CreatedAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Answers of call {Call} were not taken onto the card: {Fields}")]
    private partial void LogNotTaken(Guid call, string fields);
}
