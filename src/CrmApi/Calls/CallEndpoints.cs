using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Recordings;
using CallCrm.CrmApi.Tasks;
using CallCrm.Engine;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Calls;

/// <summary>The call log, a call whole, its draft and its wrap-up.</summary>
internal static class CallEndpoints
{
    public static void AddCalls(this IServiceCollection services)
    {
        services.AddSingleton<CallStore>();
        services.AddSingleton<CallTimelines>();
        services.AddSingleton<DraftStore>();
        services.AddSingleton<WrapUps>();
        services.AddSingleton<AnsweredCard>();
        services.AddSingleton<AnsweredDeal>();
        services.AddSingleton<DispositionEffects>();
        services.AddSingleton<Proposals>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/calls").WithTags("Calls");
        group.MapGet("/", ListAsync).RequireAuthorization(Rights.SeeCalls).WithName("ListCalls").WithSummary("The call log as far as the right reaches (one's own calls, those of the department, or all), by fragment, direction, outcome, agent, queue, client, dialled number, when begun, least seconds of talk and words that were said in it (of calls that one may hear); sort: started, talk, wait, with - before it the other way round, -started unless given");
        group.MapGet("/{id}", GetAsync).RequireAuthorization(Rights.SeeCalls).WithName("GetCall").WithSummary("A call with its offers, legs, reason and recording");
        group.MapGet("/{id}/timeline", TimelineAsync).RequireAuthorization(Rights.SeeCalls).WithName("GetCallTimeline")
            .WithSummary("A call's life: who rang, talked, held and waited when, every event, and why it went where it went");
        DraftEndpoints.Map(group);
        group.MapPut("/{id}/wrap-up", WrapUps.SaveAsync).RequireAuthorization(Rights.TakeCalls)
            .WithName("SaveWrapUp").WithSummary("Disposition, note, next step and deal of one's own call, and what follows from the disposition; idempotent. With finish also ready again");
        group.MapPost("/{id}/wrap-up/proposal", Proposals.ProposeAsync).RequireAuthorization(Rights.TakeCalls)
            .WithName("ProposeWrapUp").WithSummary("The record of one's own call as far as it can be told from its script, answers, talk and client; nothing is saved by it");
        group.MapPut("/{id}/wrap-ups/{agent}/disposition", WrapUps.ChangeAsync).RequireAuthorization(Rights.ChangeDisposition)
            .WithName("ChangeDisposition").WithSummary("Another disposition within 24 hours: one's own, or with the right call.edit those it reaches; audited with what was before");
        api.MapGet("/wrap-ups/unfinished", UnfinishedAsync).RequireAuthorization(Rights.TakeCalls).WithTags("Calls")
            .WithName("ListUnfinished").WithSummary("One's own calls that wait for a disposition, newest first");
    }

    static async Task<Ok<UnfinishedView>> UnfinishedAsync(Person person, CallStore store, CancellationToken cancel) => TypedResults.Ok(await store.UnfinishedAsync(person.Id, cancel));

    static async Task<Results<Ok<ListPage<CallRow>>, ProblemHttpResult>> ListAsync(Person person, CallStore store, TranscriptStore transcripts, CancellationToken cancel, string? query = null, string? direction = null,
        string? outcome = null, Guid? agent = null, Guid? queue = null, Guid? client = null, string? dialled = null, DateTimeOffset? from = null, DateTimeOffset? to = null, int? minTalk = null, string? said = null, string? campaign = null, string? sort = null,
        string? cursor = null, int? limit = null)
    {
        if (Filter(person, query, direction, outcome, agent, queue, client, dialled, from, to, minTalk, said, campaign, out var refused) is not { } filter) return refused!;
        var (order, wrong) = CallStore.Order(sort, cursor);
        if (order is null) return wrong!;
        var page = await store.ListAsync(filter, order, Cursor.Limit(limit), cancel);
        return TypedResults.Ok(filter.Said is { } words ? page with { Items = await transcripts.WithLinesAsync(page.Items, words, cancel) } : page);
    }

    internal static CallFilter? Filter(Person person, string? query, string? direction, string? outcome, Guid? agent, Guid? queue, Guid? client, string? dialled, DateTimeOffset? from, DateTimeOffset? to, int? minTalk,
        string? said, string? campaign, out ProblemHttpResult? refused)
    {
        CallDirection way = default;
        CallOutcome end = default;
        refused = direction is { Length: > 0 } && !Enum.TryParse(direction, ignoreCase: true, out way) ? Problems.Invalid("direction", $"one of {string.Join(", ", Enum.GetNames<CallDirection>())}")
            : outcome is { Length: > 0 } && !Enum.TryParse(outcome, ignoreCase: true, out end) ? Problems.Invalid("outcome", $"one of {string.Join(", ", Enum.GetNames<CallOutcome>())}")
            : minTalk is < 0 or > 86_400 ? Problems.Invalid("minTalk", "0 to 86400 seconds")
            : said is { Length: > 0 } && !person.May(Rights.Listen) ? Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "said: your rights do not let you hear recordings.")
            : null;
        return refused is not null ? null : new CallFilter(query is { Length: > 200 } ? query[..200] : query, direction is { Length: > 0 } ? way.ToString() : null, outcome is { Length: > 0 } ? end.ToString() : null,
            agent, queue, from?.ToUniversalTime(), to?.ToUniversalTime(), person.Within(Rights.SeeCalls), person.Veil, client, Texts.CleanOrNull(dialled is { Length: > 40 } ? dialled[..40] : dialled), minTalk,
            Texts.CleanOrNull(said is { Length: > 200 } ? said[..200] : said), person.Within(Rights.Listen), Texts.CleanOrNull(campaign is { Length: > 40 } ? campaign[..40] : campaign));
    }

    static async Task<Results<Ok<CallDetailView>, ProblemHttpResult>> GetAsync(Guid id, Person person, CallStore store, CancellationToken cancel)
    {
        // A call of others looks like one that does not exist.
        if (await store.DetailAsync(id, person, cancel) is not { } call) return Problems.NotFound("call");
        return await store.IsOfAsync(call.Call.Id, person.Within(Rights.SeeCalls), cancel) ? TypedResults.Ok(call) : Problems.NotFound("call");
    }

    static async Task<Results<Ok<CallTimelineView>, ProblemHttpResult>> TimelineAsync(Guid id, Person person, CallStore store, CallTimelines timelines, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        if (await timelines.ReadAsync(id, cancel) is not { } timeline) return Problems.NotFound("call");
        return await store.IsOfAsync(timeline.Call, person.Within(Rights.SeeCalls), cancel) ? TypedResults.Ok(await timelines.ViewAsync(timeline, person.SeesAllCalls || site.Value.Listening == Listening.Shown, cancel)) : Problems.NotFound("call");
    }
}
