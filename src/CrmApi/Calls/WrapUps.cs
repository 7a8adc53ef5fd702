using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Catalog;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Required;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <summary>
/// What the agent says of an ended call: stored once per call and agent, with the script's answers; what they fill goes onto the card and the deal, what the disposition
/// brings with it (<see cref="DispositionEffects"/>) happens in the same transaction.
/// </summary>
internal sealed class WrapUps(NpgsqlDataSource database, DraftStore drafts, CallScripts scripts, ScriptShelf shelf, AnsweredCard answered, AnsweredDeal answeredDeal, ChangeHints hints,
    AuditStore audit, DealStore deals, DispositionEffects effects, CardAccess access, RequiredFields required, SiteClock clock, TimeProvider time)
{
    /// <summary>So long after it was given a disposition may be changed; then reports have counted it.</summary>
    public static readonly TimeSpan Changeable = TimeSpan.FromHours(24);

    public const string Subject = "wrap_up";
    const int LongestNextStep = 2_000;
    const string AnswerPrefix = "answer.";

    /// <summary>Notice: the card did not take all that was answered; the call says which, and what was expected.</summary>
    const string AnswersNotTaken = "answers_not_taken";

    public static async Task<Results<Ok<CommandAnswer>, ProblemHttpResult>> SaveAsync(Guid id, WrapUpSave save, Person person, WrapUps wrapUps, CallStore calls, RouterRoad road, Feed feed,
        CancellationToken cancel)
    {
        if (save.Note.Length > DraftEndpoints.LongestValue) return Problems.Invalid("note", $"at most {DraftEndpoints.LongestValue} characters");
        if (save.NextStep.Length > LongestNextStep) return Problems.Invalid("nextStep", "at most 2000 characters");
        if (save.Subject.Length > FollowUps.LongestTitle) return Problems.Invalid("subject", "at most 200 characters");
        if (save.NewDeal is { } made && WrongDeal(made, save.Deal) is { } wrong) return wrong;
        if (save.DealAmount is { } amount && !DealEdits.IsAmount(amount)) return Problems.Invalid("dealAmount", DealEdits.AmountExpected);
        if (save.Prefilled is { } prefilled && prefilled.Any(f => !Proposable.Contains(f))) return Problems.Invalid("prefilled", $"fields of the proposal: {string.Join(", ", Proposable)}");
        if (save.Finish && save.CommandId == Guid.Empty) return Problems.Invalid("commandId", "a UUID made by the page");
        if (!await calls.IsOfAsync(id, person.Id, cancel)) return Problems.NotFound("call");
        if (!await calls.ReachedAsync(id, person.Id, cancel))
            return Problems.Of(StatusCodes.Status409Conflict, "not_reached", "The call never reached you: it only rang at your phone, or somebody else took it. What came of it is for who spoke.");
        string? notice = null;
        if (await wrapUps.StoreAsync(id, person, save, told => notice = told, cancel) is { } refused) return refused;
        feed.TellOtherPages(person.Id, save.PageId, new DoneElsewhereEvent(id, "wrap_up", save.PageId));
        if (!save.Finish) return TypedResults.Ok(new CommandAnswer(save.CommandId, true, null, Notice: notice));
        var answer = await road.CommandAsync(save.CommandId, person.Id, new RoadCommand("finish_wrap_up", id), cancel);
        return TypedResults.Ok(new CommandAnswer(save.CommandId, answer.Accepted, answer.Reason, Notice: notice));
    }

    public static async Task<Results<Ok<CallDetailView>, ProblemHttpResult>> ChangeAsync(Guid id, Guid agent, DispositionChange change, Person person, WrapUps wrapUps, CallStore calls, CancellationToken cancel)
    {
        if (change.NextStep is { Length: > LongestNextStep }) return Problems.Invalid("nextStep", "at most 2000 characters");
        if (await calls.DetailAsync(id, person, cancel) is not { } call) return Problems.NotFound("call");
        var others = person.Within(Rights.EditCalls).Includes(agent);
        // A call that one does not see looks like one that is not there, whoever's disposition is asked for.
        if (!await calls.IsOfAsync(call.Call.Id, person.Within(Rights.SeeCalls).With(person.Id), cancel) || (!others && !await calls.IsOfAsync(call.Call.Id, person.Id, cancel))) return Problems.NotFound("call");
        if (call.WrapUps!.All(w => w.AgentId != agent)) return Problems.NotFound("wrap-up");
        if (agent != person.Id && !others)
            return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Only who gave the disposition, or somebody with the right to change those of others, may change it.");
        string? notice = null;
        return await wrapUps.ChangeAsync(call.Call.Id, agent, person.Id, change, told => notice = told, cancel) is { } refused
            ? refused
            : TypedResults.Ok((await calls.DetailAsync(id, person, cancel))! with { Notice = notice });
    }

    /// <summary>Null: it is changed. The row is locked: of two at once the second sees what the first left.</summary>
    /// <param name="tell">What was not done of what the disposition brings with it.</param>
    async Task<ProblemHttpResult?> ChangeAsync(Guid call, Guid agent, Guid person, DispositionChange change, Action<string> tell, CancellationToken cancel)
    {
        var disposition = change.Disposition;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var given = await GivenAsync(transaction, call, agent, cancel);
        if (given is null) return Problems.NotFound("wrap-up");
        if (IsClosed(given) is { } closed) return closed;
        if (given.Disposition == disposition) return null;
        var facts = await FactsAsync(transaction, call, agent, cancel);
        if (await DispositionAsync(transaction, disposition, facts, cancel) is not { } row) return NoDisposition();
        var rule = DispositionRow.ReadRule(row.Rule);
        var (nextAt, nextStep) = (change.NextAt?.ToUniversalTime() ?? given.NextAt, change.NextStep is { } step ? Texts.Clean(step) : given.NextStep);
        // What stands there already is asked about only where the new disposition needs it: the time may have passed since.
        if ((change.NextAt is not null || FollowUps.Asks(rule)) && WrongTime(nextAt, nextStep, rule, time.GetUtcNow()) is { } wrong) return wrong;
        await connection.ExecuteAsync(new CommandDefinition("update wrap_up set disposition = @disposition, next_at = @nextAt, next_step = @nextStep where call_id = @call and agent_id = @agent",
            new { call, agent, disposition, nextAt, nextStep }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, person, ChangedAction, Subject, SubjectId(call, agent), given.Disposition, disposition, cancel);
        var follow = FollowUps.Of(rule, nextStep, nextAt, given.CreatedAt, facts.Agent(clock), facts.Client(clock));
        if (await effects.RunAsync(transaction, new WrapUpOccasion(call, agent, person, facts.ClientId, given.DealId, false, follow), rule, cancel) is { } notice) tell(notice);
        await transaction.CommitAsync(cancel);
        await hints.AddAsync("wrap_up", call.ToString(), null, call, cancel);
        return null;
    }

    static ProblemHttpResult NoDisposition() => Problems.Invalid("disposition", "one of the catalog's dispositions");

    /// <summary>One that can be given to calls of this queue and campaign; a branch cannot.</summary>
    static async Task<DispositionRow?> DispositionAsync(NpgsqlTransaction transaction, string code, CallFacts call, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<DispositionRow>(new CommandDefinition(
            """
            with recursive up (code, parent, queues, campaigns) as (
              select code, parent, queues, campaigns from disposition where code = @code and not retired and not is_group
              union all
              select d.code, d.parent, d.queues, d.campaigns from up join disposition d on d.code = up.parent
            )
            select d.code, d.name, d.outcome, d.parent, d.is_group, d.queues, d.rule::text, d.campaigns from disposition d
            where d.code = @code and (select bool_and((queues = '{}' or @Queue::uuid is null or @Queue = any(queues)) and (campaigns = '{}' or coalesce(@Campaign = any(campaigns), false))) from up)
            """,
            new { code, call.Queue, call.Campaign }, transaction, cancellationToken: cancel));

    static async Task<CallFacts> FactsAsync(NpgsqlTransaction transaction, Guid call, Guid agent, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleAsync<CallFacts>(new CommandDefinition(
            """
            select client_root(c.client_id) as client_id, c.queue_id as queue, (select time_zone from app_user where id = @agent) as agent_zone,
              (select time_zone from client where id = client_root(c.client_id)) as client_zone, c.campaign
            from (select @call as id) k left join call c on c.id = k.id
            """,
            new { call, agent }, transaction, cancellationToken: cancel));

    sealed record CallFacts(Guid? ClientId, Guid? Queue, string? AgentZone, string? ClientZone, string? Campaign)
    {
        public TimeZoneInfo Agent(SiteClock clock) => Proposals.Zone(AgentZone, clock.Zone);

        public TimeZoneInfo Client(SiteClock clock) => Proposals.Zone(ClientZone, Agent(clock));
    }

    /// <summary>What may be filled from a proposal, by the names of the draft.</summary>
    static readonly string[] Proposable = ["contact", "deal", "disposition", "next_at", "next_step", "note", "subject"];

    static ProblemHttpResult? WrongDeal(DealNew deal, Guid? named) =>
        named is not null ? Problems.Invalid("newDeal", "either a deal or a new one")
        : deal.Id == Guid.Empty ? Problems.Invalid("newDeal", "a UUID made by the page")
        : deal.Title.Trim().Length > FollowUps.LongestTitle ? Problems.Invalid("newDeal", "a title of 1 to 200 characters")
        : deal.Amount is { } amount && !DealEdits.IsAmount(amount) ? Problems.Invalid("newDeal", DealEdits.AmountExpected)
        : null;

    /// <summary>The deal of the wrap-up: made, or one of the client's; moved where the agent says it is.</summary>
    async Task<(Guid? Deal, ProblemHttpResult? Refused)> DealAsync(NpgsqlTransaction transaction, Guid call, Person person, Guid? client, WrapUpSave save, string[] filled, string? answeredTitle, CancellationToken cancel)
    {
        if (save is { Deal: null, NewDeal: null })
            return save.Stage is not null ? (null, Problems.Invalid("stage", "none without a deal")) : save.DealAmount is not null ? (null, Problems.Invalid("dealAmount", "none without a deal")) : (null, null);
        if (client is not { } card) return (null, Problems.Invalid(save.Deal is null ? "newDeal" : "deal", "none for a call without a client"));
        if (save.NewDeal is { } made)
        {
            // What nobody called anything is called by the script's answers, else by what the call was about.
            var title = new[] { Texts.Clean(made.Title).Trim(), answeredTitle, Texts.Clean(save.Subject).Trim() }.FirstOrDefault(t => t is { Length: > 0 });
            if (title is null) return (null, Problems.Invalid("newDeal", DealEdits.TitleExpected));
            // A new one begins in no type that was put away, whichever stage is named.
            if (await DealStore.StageAsync(transaction, made.DealType, null, cancel) is null) return (null, Problems.Invalid("newDeal", "a deal type"));
            if (await DealStore.StageAsync(transaction, made.DealType, save.Stage, cancel) is not { } first)
                return (null, Problems.Invalid(save.Stage is null ? "newDeal" : "stage", save.Stage is null ? "a deal type" : "a stage of the deal's type"));
            // Made by this very wrap-up before, it is there whatever the rights are now.
            if (await DealStore.FindAsync(transaction, made.Id, cancel) is null && !await access.MayMakeDealAsync(person, card, cancel)) return (null, Problems.Invalid("newDeal", "a client for whom you may make deals"));
            if (await deals.AddAsync(transaction, made with { Title = title }, first, card, person.Id, cancel, new DealOccasion(call, person.Id))) return (made.Id, null);
        }

        // A deal that is out of reach looks like one that is not there.
        var id = save.Deal ?? save.NewDeal!.Id;
        var reach = CardAccess.DealsOf(person, await access.OfAsync(person, card, cancel));
        if (await DealStore.FindAsync(transaction, id, cancel) is not { } deal || !reach.With(person.Id).Includes(deal.ResponsibleId) || !await IsOfAsync(transaction, deal.ClientId, card, cancel))
            return (null, Problems.Invalid(save.Deal is null ? "newDeal" : "deal", "a deal of the call's client"));
        var changes = save.DealAmount is { } other && other != deal.Amount ? "dealAmount" : save.Stage is { } next && next != deal.Stage ? "stage" : null;
        if (changes is not null && !await access.MayChangeDealAsync(person, card, deal.ResponsibleId, cancel)) return (null, Problems.Invalid(changes, "none for a deal that you may not change"));
        if (save.DealAmount is { } amount && amount != deal.Amount)
        {
            var worth = deal with { Amount = amount };
            await deals.ChangeAsync(transaction, deal, worth, person.Id, cancel);
            deal = worth;
        }

        if (save.Stage is not { } stage) return (id, null);
        if (await DealStore.StageAsync(transaction, deal.DealType, stage, cancel) is null) return (null, Problems.Invalid("stage", "a stage of the deal's type"));
        if (deal.Stage != stage && await required.RefuseStageAsync(transaction, deal, person, filled, cancel) is { } missing) return (null, missing);
        await deals.MoveAsync(transaction, deal, stage, person.Id, cancel, new DealOccasion(call, person.Id));
        return (id, null);
    }

    static async Task<bool> IsOfAsync(NpgsqlTransaction transaction, Guid client, Guid card, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition("select client_root(@client) = client_root(@card)", new { client, card }, transaction, cancellationToken: cancel));

    /// <summary>One of the company's people, or the client.</summary>
    static async Task<bool> IsContactAsync(NpgsqlTransaction transaction, Guid contact, Guid? client, CancellationToken cancel) =>
        client is not null && await transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select exists (select from client c where c.id = @contact and c.deleted_at is null and @client in (client_root(c.id), client_root(c.company_id)))", new { contact, client }, transaction, cancellationToken: cancel));

    /// <summary>Of the fields that were filled from the proposal those that are saved as they were proposed.</summary>
    static async Task<(string[] Prefilled, string[] Kept)> KeptAsync(NpgsqlTransaction transaction, Guid call, Guid agent, WrapUpSave save, CancellationToken cancel)
    {
        if (save.Prefilled is not { Count: > 0 }) return ([], []);
        var json = await transaction.Connection!.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select fields::text from wrap_up_proposal where call_id = @call and agent_id = @agent", new { call, agent }, transaction, cancellationToken: cancel));
        var proposed = json is null ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
        string[] filled = [.. save.Prefilled.Where(proposed.ContainsKey).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return (filled, [.. filled.Where(f => Saved(f, save) == proposed[f].Trim())]);
    }

    static string Saved(string field, WrapUpSave save) => (field switch
    {
        "contact" => save.Contact?.ToString(),
        "deal" => save.Deal?.ToString(),
        "disposition" => save.Disposition,
        "next_at" => save.NextAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture),
        "next_step" => save.NextStep.Trim(),
        "note" => save.Note.Trim(),
        _ => save.Subject.Trim(),
    }) ?? "";

    public const string ChangedAction = "disposition.changed";

    public static string SubjectId(Guid call, Guid agent) => $"{call}/{agent}";

    static async Task<Given?> GivenAsync(NpgsqlTransaction transaction, Guid call, Guid agent, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<Given>(new CommandDefinition(
            "select disposition, created_at, next_step, next_at, deal_id from wrap_up where call_id = @call and agent_id = @agent for update", new { call, agent }, transaction, cancellationToken: cancel));

    ProblemHttpResult? IsClosed(Given given) => time.GetUtcNow() <= given.CreatedAt + Changeable
        ? null
        : Problems.Of(StatusCodes.Status409Conflict, "wrap_up_closed", "The disposition was given more than 24 hours ago; it cannot be changed any more.");

    /// <summary>What the script, its way and the answers were.</summary>
    public (Script? Script, IReadOnlyList<string> Path, Dictionary<string, string> Answers) Said(Guid call, IReadOnlyList<DraftFieldView> draft)
    {
        var answers = draft.Where(f => f.Field.StartsWith(AnswerPrefix, StringComparison.Ordinal)).ToDictionary(f => f.Field[AnswerPrefix.Length..], f => f.Value, StringComparer.Ordinal);
        var script = ScriptOf(call, draft);
        var path = script is null ? [] : ScriptPath.Read(draft.FirstOrDefault(f => f.Field == DraftStore.PathField)?.Value, script);
        // Who never went on stood at the first step all the time.
        return (script, script is not null && path.Count == 0 ? [script.FirstStep] : path, answers);
    }

    /// <summary>Null: it is stored.</summary>
    /// <param name="tell">What was not done of what the disposition brings with it.</param>
    async Task<ProblemHttpResult?> StoreAsync(Guid call, Person person, WrapUpSave save, Action<string> tell, CancellationToken cancel)
    {
        var agent = person.Id;
        if (save.NewDeal is { } made) save = save with { NewDeal = made with { Amount = save.DealAmount ?? made.Amount } };
        var draft = await drafts.ReadAsync(call, agent, cancel);
        var (script, path, answers) = Said(call, draft);
        await using (var connection = await database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var given = await GivenAsync(transaction, call, agent, cancel);
            if (given is not null && IsClosed(given) is { } closed) return closed;
            var facts = await FactsAsync(transaction, call, agent, cancel);
            if (await DispositionAsync(transaction, save.Disposition, facts, cancel) is not { } disposition) return NoDisposition();
            string[] filled = script is null ? [] : [.. await answered.FillsAsync(facts.ClientId, script, answers, cancel), .. answeredDeal.Fills(script, answers)];
            var rule = DispositionRow.ReadRule(disposition.Rule);
            var since = given?.CreatedAt ?? time.GetUtcNow();
            if (WrongTime(save.NextAt, save.NextStep, rule, since) is { } late) return late;
            if (save.Contact is { } contact && !await IsContactAsync(transaction, contact, facts.ClientId, cancel)) return Problems.Invalid("contact", "the client, or one of its people");
            var (deal, refused) = await DealAsync(transaction, call, person, facts.ClientId, save, filled, answeredDeal.TitleOf(script, answers), cancel);
            if (refused is not null) return refused;
            if (await required.RefuseWrapUpAsync(transaction, call, deal is { } about ? await DealStore.FindAsync(transaction, about, cancel) : null, person, filled, cancel) is { } missing) return missing;
            var (prefilled, kept) = await KeptAsync(transaction, call, agent, save, cancel);
            since = await connection.ExecuteScalarAsync<DateTimeOffset>(new CommandDefinition(
                """
                insert into wrap_up (call_id, agent_id, disposition, note, script_id, script_version, answers, path, next_step, created_at, subject, contact_id, deal_id, next_at, prefilled, kept)
                values (@call, @agent, @disposition, @note, @scriptId, @scriptVersion, @answers::jsonb, @path, @nextStep, @now, @subject, @Contact, @deal, @NextAt, @prefilled, @kept)
                on conflict (call_id, agent_id) do update set disposition = excluded.disposition, note = excluded.note, script_id = excluded.script_id,
                  script_version = excluded.script_version, answers = excluded.answers, path = excluded.path, next_step = excluded.next_step, subject = excluded.subject,
                  contact_id = excluded.contact_id, deal_id = excluded.deal_id, next_at = excluded.next_at, prefilled = excluded.prefilled, kept = excluded.kept
                returning created_at
                """,
                new
                {
                    call,
                    agent,
                    disposition = save.Disposition,
                    note = Texts.Clean(save.Note),
                    nextStep = Texts.Clean(save.NextStep),
                    now = since,
                    scriptId = script?.Id,
                    scriptVersion = script?.Version,
                    answers = JsonSerializer.Serialize(answers),
                    path = path.ToArray(),
                    subject = Texts.Clean(save.Subject).Trim(),
                    save.Contact,
                    deal,
                    NextAt = save.NextAt?.ToUniversalTime(),
                    prefilled,
                    kept,
                },
                transaction, cancellationToken: cancel));
            if (given is not null && given.Disposition != save.Disposition)
                await audit.AddChangeAsync(transaction, agent, ChangedAction, Subject, SubjectId(call, agent), given.Disposition, save.Disposition, cancel);
            var follow = FollowUps.Of(rule, Texts.Clean(save.NextStep), save.NextAt, since, facts.Agent(clock), facts.Client(clock));
            var notice = await effects.RunAsync(transaction, new WrapUpOccasion(call, agent, agent, facts.ClientId, deal, save.Stage is not null, follow,
                async leaving => (refused = await required.RefuseStageAsync(transaction, leaving, person, filled, cancel)) is null), rule, cancel);
            if (refused is not null) return refused;
            if (notice is not null) tell(notice);
            IReadOnlyDictionary<string, string> notInDeal = new Dictionary<string, string>(StringComparer.Ordinal);
            if (script is not null)
            {
                await VisitedAsync(transaction, call, agent, script, cancel);
                if (facts.ClientId is { } client) notInDeal = await answeredDeal.FillAsync(transaction, new AnsweredCall(call, person, client, deal, save.NewDeal, script, answers, Typed(draft), save.Stage is not null || rule?.Stage is not null, filled), cancel);
            }

            await transaction.CommitAsync(cancel);
            await hints.AddAsync("wrap_up", call.ToString(), null, call, cancel);
            if (script is not null && facts.ClientId is { } card)
            {
                var expected = new Dictionary<string, string>(await answered.FillAsync(card, call, person, script, answers, cancel), StringComparer.Ordinal);
                // The agent learns it while they can still ask; what stays of the deal may only wait for one.
                if (expected.Count > 0 && notice is null) tell(AnswersNotTaken);
                foreach (var (question, asked) in notInDeal) expected[question] = asked;
                await NotTakenAsync(connection, call, agent, expected, cancel);
            }
        }

        return null;
    }

    /// <summary>By question, when it was answered last.</summary>
    static Dictionary<string, DateTimeOffset> Typed(IReadOnlyList<DraftFieldView> draft) =>
        draft.Where(f => f.Field.StartsWith(AnswerPrefix, StringComparison.Ordinal)).ToDictionary(f => f.Field[AnswerPrefix.Length..], f => f.UpdatedAt, StringComparer.Ordinal);

    static ProblemHttpResult? WrongTime(DateTimeOffset? nextAt, string nextStep, DispositionRule? rule, DateTimeOffset since)
    {
        if (nextAt is not { } at) return FollowUps.Asks(rule) ? Problems.Invalid("nextAt", "the day and time that this disposition asks for") : null;
        // A page's clock may be a little ahead of ours.
        if (at < since - TimeSpan.FromMinutes(5) || at > since.AddYears(2)) return Problems.Invalid("nextAt", "a time to come, within two years");
        return FollowUps.Asked(rule) is null && nextStep.Trim().Length == 0 ? Problems.Invalid("nextStep", "what is to be done at that time") : null;
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

    /// <summary>What the card did not take is told with the answers.</summary>
    static Task NotTakenAsync(NpgsqlConnection connection, Guid call, Guid agent, IReadOnlyDictionary<string, string> expected, CancellationToken cancel) =>
        connection.ExecuteAsync(new CommandDefinition("update wrap_up set not_taken = @expected::jsonb where call_id = @call and agent_id = @agent and not_taken <> @expected::jsonb",
            new { call, agent, expected = JsonSerializer.Serialize(expected) }, cancellationToken: cancel));

    sealed record Given(string Disposition, DateTimeOffset CreatedAt, string NextStep, DateTimeOffset? NextAt, Guid? DealId);
}
