using System.Collections.Frozen;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Commands;

/// <summary>The agent's commands, and a supervisor's in their place, by the one road to the router. A refusal is an answer, not an error.</summary>
internal static class CommandsModule
{
    static readonly FrozenSet<string> NeedCall =
        FrozenSet.ToFrozenSet(["answer", "hang_up", "hold", "resume", "finish_wrap_up", "extend_wrap_up", "attach_client", "transfer", "consult", "swap", "join", "cancel_transfer", "complete_transfer"], StringComparer.Ordinal);

    static readonly FrozenSet<string> NeedNoCall =
        FrozenSet.ToFrozenSet(["sign_in", "take_over", "seat_allow", "seat_refuse", "seat_withdraw", "sign_out", "sign_out_after", "keep_on", "ready", "pause", "dial"], StringComparer.Ordinal);

    static readonly FrozenSet<string> Supervised = FrozenSet.ToFrozenSet(["ready", "pause", "sign_out"], StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/commands", SendAsync).RequireAuthorization(Rights.TakeCalls).WithTags("Commands")
            .WithName("SendCommand").WithSummary("An agent's command; a repeated id gets its first answer, a refusal comes with its reason")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapPost("/agents/{id}/commands", SuperviseAsync).RequireAuthorization(Rights.Supervise).WithTags("Commands")
            .WithName("SuperviseAgent").WithSummary("A supervisor sets an agent ready or paused, or signs them out; audited, and the agent is told")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapPost("/calls/{id}/end", EndCallAsync).RequireAuthorization(Rights.Supervise).WithTags("Commands")
            .WithName("EndCall").WithSummary("A supervisor ends a call, also one that waits or is stuck; audited")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapPost("/agents/{id}/listening", ListenAsync).RequireAuthorization(Rights.ListenLive).WithTags("Commands")
            .WithName("ListenToAgent").WithSummary("A supervisor hears an agent's live call on their own phone, or no longer; audited, and shown to the agent unless the site hides it")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    static async Task<Results<Ok<CommandAnswer>, ProblemHttpResult>> ListenAsync(Guid id, ListenRequest request, Person person, RouterRoad road, AuditStore audit, IOptions<SiteOptions> site, HttpContext http, CancellationToken cancel)
    {
        if (request.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (request.CallId == Guid.Empty) return Problems.Invalid("callId", "the call's id");
        if (request.Node is "" or { Length: > 100 } || request.Node is null != request.Extension is null) return Problems.Invalid("node", "the PBX of the extension; both or none");
        if (request.Extension is "" or { Length: > 100 }) return Problems.Invalid("extension", "the extension whose phone shall ring");
        if (!person.Within(Rights.ListenLive).Includes(id)) return Problems.NotFound("agent");
        if (request.Listens && site.Value.Listening == Listening.Off)
            return Problems.Of(StatusCodes.Status403Forbidden, "listening_off", "This site has listening to live calls switched off (Site:Listening).");
        var answer = await road.CommandAsync(request.Id, id, new RoadCommand(request.Listens ? "listen" : "stop_listening", request.CallId, request.Node, request.Extension), cancel, by: person.Id);
        if (answer.Accepted)
            await audit.AddAsync(person.Id, request.Listens ? "listen.live" : "listen.stop", "call", request.CallId.ToString(), http.Connection.RemoteIpAddress?.ToString(), CancellationToken.None);
        return TypedResults.Ok(new CommandAnswer(request.Id, answer.Accepted, answer.Reason));
    }

    static async Task<Results<Ok<CommandAnswer>, ProblemHttpResult>> SuperviseAsync(Guid id, SuperviseRequest request, Person person, RouterRoad road, AuditStore audit, HttpContext http, CancellationToken cancel)
    {
        if (request.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (!Supervised.Contains(request.Kind)) return Problems.Invalid("kind", $"one of {string.Join(", ", Supervised.Order(StringComparer.Ordinal))}");
        // An agent of others looks like one who does not exist.
        if (!person.Within(Rights.Supervise).Includes(id)) return Problems.NotFound("agent");
        var answer = await road.CommandAsync(request.Id, id, new RoadCommand(request.Kind), cancel, by: person.Id);
        // The deed is done: what becomes of the request must not keep it out of the book.
        if (answer.Accepted) await audit.AddAsync(person.Id, "supervise." + request.Kind, "user", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), CancellationToken.None);
        return TypedResults.Ok(new CommandAnswer(request.Id, answer.Accepted, answer.Reason));
    }

    static async Task<Results<Ok<CommandAnswer>, ProblemHttpResult>> EndCallAsync(Guid id, CallEnd request, Person person, CallStore calls, RouterRoad road, AuditStore audit, HttpContext http,
        CancellationToken cancel)
    {
        if (request.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (!await calls.IsOfAsync(id, person.Within(Rights.Supervise), cancel)) return Problems.NotFound("call");
        var answer = await road.CommandAsync(request.Id, person.Id, new RoadCommand("end_call", id), cancel, by: person.Id);
        if (answer.Accepted) await audit.AddAsync(person.Id, "supervise.end_call", "call", id.ToString(), http.Connection.RemoteIpAddress?.ToString(), CancellationToken.None);
        return TypedResults.Ok(new CommandAnswer(request.Id, answer.Accepted, answer.Reason));
    }

    static async Task<Results<Ok<CommandAnswer>, ProblemHttpResult>> SendAsync(CommandRequest request, Person person, RouterRoad road, Feed feed, LiveFacts facts, CardAccess cards, DoNotCall marks, IOptions<SiteOptions> site, DialCampaigns campaigns, CancellationToken cancel)
    {
        if (Missing(request) is { } missing) return Problems.Invalid(missing.Field, missing.Expected);
        // A call lends the card of its client: it is no way to a card that one may not see.
        if (request is { Kind: "attach_client" or "dial", ClientId: { } client } && !person.Within(Rights.WorkWithClients).IsEveryone && !(await cards.OfAsync(person, client, cancel)).View)
            return Problems.NotFound("client");
        if (request is { Kind: "dial", Campaign: { } wanted } && !await campaigns.RunsAsync(wanted, cancel)) return Problems.Invalid("campaign", "the code of a campaign that runs now");
        // What stands behind the number is keyed in by hand once it has answered.
        if (request is { Kind: "dial", Number: { } typed } && PhoneNumbers.Typed(typed, site.Value.Region) is { E164: not null, Extension.Length: > 0 }) request = request with { Number = PhoneNumbers.Split(typed).Number };
        var e164 = PhoneNumbers.ToE164(request.Number, site.Value.Region);
        if (request.Kind == "dial" && await marks.ForbidsAsync(request.ClientId, e164, cancel)) return TypedResults.Ok(new CommandAnswer(request.Id, false, "do_not_call"));
        var command = new RoadCommand(request.Kind, request.CallId, request.Node, request.Extension, request.Reason, request.ClientId,
            request.Number?.Trim(), e164, request.ToAgent, request.ToQueue, request.AgentId, request.AskId, request.Anyway,
            request.Kind != "dial" ? null : request.Campaign ?? (request.CallBackOf is { } back ? await campaigns.OfCallAsync(back, cancel) : null));
        var answer = await road.CommandAsync(request.Id, person.Id, command, cancel);
        if (answer.Accepted && request.PageId is { Length: > 0 } page)
            feed.TellOtherPages(person.Id, page, new DoneElsewhereEvent(request.CallId ?? Guid.Empty, request.Kind, page));
        return TypedResults.Ok(new CommandAnswer(request.Id, answer.Accepted, answer.Reason, facts.Names.Person(answer.Other)));
    }

    static (string Field, string Expected)? Missing(CommandRequest request)
    {
        if (request.Id == Guid.Empty) return ("id", "a UUID made by the page");
        if (!NeedCall.Contains(request.Kind) && !NeedNoCall.Contains(request.Kind)) return ("kind", $"one of {string.Join(", ", NeedNoCall.Concat(NeedCall).Order(StringComparer.Ordinal))}");
        if (NeedCall.Contains(request.Kind) && request.CallId is null) return ("callId", "the call's id");
        return request switch
        {
            { Kind: "sign_in" or "take_over", Node: null or "" or { Length: > 100 } } => ("node", "the PBX of the extension"),
            { Kind: "sign_in" or "take_over", Extension: null or "" or { Length: > 100 } } => ("extension", "the extension to sit down at"),
            { Kind: "take_over", AgentId: null } => ("agentId", "who was seen at the extension"),
            { Kind: "seat_allow" or "seat_refuse" or "seat_withdraw", AskId: null } => ("askId", "the question's id"),
            { Kind: "pause", Reason: null or "" or { Length: > 100 } } => ("reason", "a pause reason of the catalog"),
            { Kind: "attach_client", ClientId: null } => ("clientId", "the client's id"),
            { Kind: "dial", Number: var number } when string.IsNullOrWhiteSpace(number) || number.Length > 80 => ("number", "the number to call, at most 80 characters"),
            { Kind: "transfer" or "consult" } when new[] { request.ToAgent is not null, request.ToQueue is not null, !string.IsNullOrWhiteSpace(request.Number) }.Count(given => given) != 1 => ("toAgent", "exactly one of toAgent, toQueue, number"),
            { Kind: "transfer" or "consult", Number.Length: > 80 } => ("number", "the number to call, at most 80 characters"),
            { PageId.Length: > 100 } => ("pageId", "at most 100 characters"),
            _ => null,
        };
    }
}
