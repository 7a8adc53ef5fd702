using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Clients;

/// <summary>Client cards: find, read, save, create.</summary>
internal static class ClientEndpoints
{
    public static void AddClients(this IServiceCollection services)
    {
        services.AddSingleton<ClientStore>();
        services.AddSingleton<CardAttach>();
        services.AddSingleton<ReviewStore>();
        services.AddSingleton<DuplicateStore>();
        services.AddSingleton<MergeStore>();
        services.AddSingleton<BinStore>();
        services.AddHostedService<BinWorker>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/clients").WithTags("Clients").RequireAuthorization(Rights.WorkWithClients);
        group.MapGet("/", (ClientStore store, CancellationToken cancel, string? query = null, string? tag = null, string? kind = null, string? cursor = null, int? limit = null) =>
                store.ListAsync(query is { Length: > 200 } ? query[..200] : query, tag, kind, cursor, Cursor.Limit(limit), cancel))
            .WithName("ListClients").WithSummary("Clients by any fragment of name, company, number, address, tax id, city, tag, a text of the site's own fields, or a deal; and by a tag and kind; newest cards first");
        group.MapGet("/{id}", GetAsync).WithName("GetClient").WithSummary("A client's card");
        group.MapPut("/{id}", SaveAsync).WithName("SaveClient").WithSummary("Save the card's head; 409 edit_conflict carries the newer card")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/", CreateAsync).WithName("CreateClient").WithSummary("A new card made by a person; repeating it with the same id changes nothing");
        group.MapGet("/{id}/timeline", async Task<Results<Ok<ListPage<TimelineItem>>, ProblemHttpResult>> (Guid id, ClientStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.TimelineAsync(id, cursor, Cursor.Limit(limit), cancel)))
            .WithName("GetTimeline").WithSummary("What happened with a client: calls, deals, tasks; newest first");
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> GetAsync(Guid id, ClientStore store, CancellationToken cancel) =>
        await store.CardAsync(id, cancel) is { } card ? TypedResults.Ok(card) : Problems.NotFound("client");

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> SaveAsync(Guid id, ClientSave save, Person person, ClientDirectory directory, ClientStore store,
        CardAttach attach, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        var saved = await directory.SaveAsync(id, Fields(save), save.Version, site.Value.Region, save.CallId, cancel);
        return await AnswerAsync(saved, id, save.CallId, person, store, attach, cancel);
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> CreateAsync(ClientCreate create, Person person, ClientDirectory directory, ClientStore store,
        CardAttach attach, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        if (create.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        var saved = await directory.CreateAsync(create.Id, Fields(create.Client), "manual", site.Value.Region, cancel);
        return await AnswerAsync(saved, create.Id, create.Client.CallId, person, store, attach, cancel);
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> AnswerAsync(ClientSaved saved, Guid id, Guid? call, Person person, ClientStore store, CardAttach attach, CancellationToken cancel)
    {
        switch (saved)
        {
            case ClientSaved.Invalid invalid:
                return Problems.Invalid(invalid.Errors);
            case ClientSaved.NotFound:
                return Problems.NotFound("client");
        }

        if (await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        if (saved is ClientSaved.Conflict)
            return Conflict(card);
        if (call is { } live) await attach.AttachAsync(live, card.Id, person, cancel);
        return TypedResults.Ok(card);
    }

    internal static ProblemHttpResult Conflict(ClientCardView card)
    {
        var problem = Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody saved this card since you read it. Theirs is in the answer.");
        problem.ProblemDetails.Extensions["card"] = card;
        return problem;
    }

    static ClientFields Fields(ClientSave save) => new(save.Kind, save.Name, save.Company, save.Email, save.City, save.Note, save.Language, save.Segment, save.ResponsibleId,
        [.. save.Phones.Select(p => new ClientNumber(p.Number, p.Label, p.IsMain))])
    {
        More = new ClientMore(save.Emails is { } emails ? [.. emails.Select(e => new ClientEmail(e.Address, e.Label))] : null, save.TaxId, save.TimeZone, save.Address, save.Tags, save.Custom, save.CompanyId, save.Roles),
    };
}

/// <summary>A card saved from within a live call becomes the call's client, by the router, when the call has another or none.</summary>
internal sealed partial class CardAttach(Feed feed, RouterRoad road, TimeProvider time, ILogger<CardAttach> log)
{
    public async Task AttachAsync(Guid call, Guid client, Person person, CancellationToken cancel)
    {
        if (!person.IsAgent || !feed.State.Calls.TryGetValue(call, out var live) || live.Client == client) return;
        try
        {
            var answer = await road.CommandAsync(Guid.CreateVersion7(time.GetUtcNow()), person.Id, new RoadCommand("attach_client", call, ClientId: client), cancel);
            if (!answer.Accepted) LogRefused(call, answer.Reason ?? "");
        }
        catch (RouterAwayException e)
        {
            LogRefused(call, e.Message); // The card is saved; the call can still be given to it from the page.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Call {Call} was not given its client: {Reason}")]
    private partial void LogRefused(Guid call, string reason);
}
