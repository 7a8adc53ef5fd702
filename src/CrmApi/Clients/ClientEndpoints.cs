using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Required;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Clients;

/// <summary>Client cards: find, read, save, create.</summary>
internal static class ClientEndpoints
{
    public static void AddClients(this IServiceCollection services)
    {
        services.AddSingleton<ClientStore>();
        services.AddSingleton<ClientFilters>();
        services.AddSingleton<CardAttach>();
        services.AddSingleton<CardLoans>();
        services.AddHostedService(s => s.GetRequiredService<CardLoans>());
        services.AddSingleton<CardAccess>();
        services.AddSingleton<LayoutStore>();
        services.AddSingleton<RequiredFields>();
        services.AddSingleton<CardViews>();
        services.AddSingleton<CardAudit>();
        services.AddSingleton<DoNotCall>();
        services.AddSingleton<Commands.DialCampaigns>();
        services.AddSingleton<ReviewStore>();
        services.AddSingleton<DuplicateStore>();
        services.AddSingleton<MergeStore>();
        services.AddSingleton<BinStore>();
        services.AddHostedService<BinWorker>();
        services.AddHostedService<CalculationWorker>();
        services.AddSingleton<OwnIndexes>();
        services.AddHostedService(s => s.GetRequiredService<OwnIndexes>());
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/clients").WithTags("Clients").RequireAuthorization(Rights.WorkWithClients);
        group.MapGet("/", ListAsync).WithMetadata(new OpenQueries(CardFieldCodes.CustomPrefix)).WithName("ListClients")
            .WithSummary("Clients by any fragment of name, company, number, address, tax id, city, tag, a text of the site's own fields, or a deal (query); by tag, kind, segment, responsible, department (with those below), source, clientLanguage, city, when made, the site's own fields (custom.CODE, of a link the id of what it leads to; custom.CODE.from, custom.CODE.to, custom.CODE.below, custom.CODE.currency), and fields in which nothing stands (without, with commas between them); sort: number, created, updated, name, with - before it the other way round, -number unless given and with query");
        group.MapGet("/sources", async (Person person, ClientStore store, CancellationToken cancel) => TypedResults.Ok(new ClientSources(await store.SourcesAsync(person.Within(Rights.WorkWithClients), cancel))))
            .WithName("ListClientSources").WithSummary("Where clients come from, each once");
        CardLinks.Map(api);
        // A call lends its agent the card: who may is decided at the card (CardAccess).
        var cards = api.MapGroup("/clients").WithTags("Clients");
        cards.MapGet("/{id}", GetAsync).RequireAuthorization(Rights.OpenCards).WithName("GetClient").WithSummary("A client's card");
        cards.MapPut("/{id}", SaveAsync).RequireAuthorization(Rights.SaveCards).WithName("SaveClient").WithSummary("Save the card's head; 409 edit_conflict carries the newer card")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        cards.MapPost("/", CreateAsync).RequireAuthorization(Rights.CreateClients).WithName("CreateClient").WithSummary("A new card made by a person; repeating it with the same id changes nothing").ProducesProblem(StatusCodes.Status409Conflict);
        cards.MapGet("/{id}/timeline", TimelineAsync).RequireAuthorization(Rights.OpenCards).WithName("GetTimeline").WithSummary("What happened with a client: calls, notes, deals and their changes, tasks, files; newest first");
    }

    static async Task<Results<Ok<ListPage<ClientRow>>, ProblemHttpResult>> ListAsync(HttpRequest request, Person person, ClientStore store, ClientFilters filters, CancellationToken cancel, string? query = null, string? tag = null,
        string? kind = null, string? segment = null, Guid? responsible = null, Guid? department = null, string? source = null, string? clientLanguage = null, string? city = null, string? without = null,
        DateTimeOffset? createdFrom = null, DateTimeOffset? createdTo = null, string? sort = null, string? cursor = null, int? limit = null)
    {
        var (filter, wrong) = await filters.ReadAsync(request, person, new ClientAsk(tag, kind, segment, responsible, department, source, clientLanguage, city, without, createdFrom, createdTo), cancel);
        if (filter is null) return wrong!;
        var (order, refused) = ClientStore.Order(query, person.Veil, sort, cursor);
        if (order is null) return refused!;
        if (ClientSearch.Refuse(query) is { } many) return many;
        return TypedResults.Ok(await store.ListAsync(query is { Length: > 200 } ? query[..200] : query, filter, person.Within(Rights.WorkWithClients), person.Within(Rights.SeeDeals), person.Veil, order, Cursor.Limit(limit), cancel));
    }

    /// <summary>A client out of reach looks like one that does not exist.</summary>
    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> GetAsync(Guid id, Person person, ClientStore store, CardAccess access, CardViews views, HttpContext http, CancellationToken cancel)
    {
        if (await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        var sight = await access.OfAsync(person, id, card, cancel);
        if (!sight.View) return Problems.NotFound("client");
        await views.AddAsync(person, card.Id, http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok(CardAccess.Shown(person, card, sight));
    }

    static async Task<Results<Ok<ListPage<TimelineItem>>, ProblemHttpResult>> TimelineAsync(Guid id, Person person, HttpContext http, ClientStore store, CardAccess access, CardViews views, CancellationToken cancel,
        string? cursor = null, int? limit = null)
    {
        var sight = await access.OfAsync(person, id, cancel);
        if (!sight.View) return Problems.NotFound("client");
        await views.AddOfAsync(person, id, http.Connection.RemoteIpAddress?.ToString(), cancel);
        return TypedResults.Ok(await store.TimelineAsync(id, person, CardAccess.ContactsOf(person, sight), CardAccess.DealsOf(person, sight), CardAccess.TasksOf(person, sight), person.Within(Rights.WorkWithClients), person.Within(Rights.SeeCalls).With(person.Id), person.Within(Rights.Listen), cursor, Cursor.Limit(limit), cancel));
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> SaveAsync(Guid id, ClientSave save, Person person, ClientDirectory directory, ClientStore store,
        CardAccess access, RequiredFields required, CardAttach attach, VeiledSaves saves, LayoutStore layouts, CardAudit audit, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        if (await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        var sight = await access.OfAsync(person, id, card, cancel);
        if (!sight.View) return Problems.NotFound("client");
        if (!sight.Edit) return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this card, not change it.");
        // Of an older version the conflict says what is the matter.
        if (save.ResponsibleId != card.ResponsibleId && save.Version == card.Version && !CardAccess.MayReassign(person, card.ResponsibleId))
            return Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "responsibleId: your rights do not let you give this client to somebody else.");
        if (save.Version == card.Version && await HiddenCompanyAsync(person, save, card.CompanyId, access, cancel) is { } hidden) return hidden;
        save = saves.Keep(save, card, person.Veil);
        if (save.Version == card.Version && await layouts.RefusedAsync(person, CardAccess.Shown(person, card, sight), save, site.Value.Region, cancel) is { Count: > 0 } refused)
            return Problems.Invalid(refused);
        IReadOnlyList<MissingField> missing = [];
        var saved = await directory.SaveAsync(id, Fields(save), save.Version, site.Value.Region, save.CallId, cancel, async t =>
            (missing = await required.MissingAsync(t, RuleOccasion.Save, id, person, cancel)).Count == 0 && await audit.WriteAsync(t, person, CardAudit.Changed, card, save.Version, cancel));
        if (saved is ClientSaved.Refused && missing.Count == 0) saved = new ClientSaved.Conflict(save.Version); // Saved by another while this read it.
        if (saved is ClientSaved.Refused) return RequiredFields.Problem(missing, id);
        return await AnswerAsync(saved, id, save.CallId, person, store, access, attach, cancel);
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> CreateAsync(ClientCreate create, Person person, ClientDirectory directory, ClientStore store,
        CardAccess access, RequiredFields required, CardAttach attach, CardAudit audit, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        if (create.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (await HiddenCompanyAsync(person, create.Client, null, access, cancel) is { } hidden) return hidden;
        IReadOnlyList<MissingField> missing = [];
        var isNew = false;
        var saved = await directory.CreateAsync(create.Id, Fields(create.Client), "manual", site.Value.Region, cancel, async t =>
        {
            isNew = true;
            return (missing = await required.MissingAsync(t, RuleOccasion.Save, create.Id, person, cancel)).Count == 0 && await audit.WriteCreatedAsync(t, person, create.Id, cancel);
        });
        if (saved is ClientSaved.Refused) return RequiredFields.Problem(missing, create.Id);
        // A card that was there before is shown to who may open it, and to who made it and asks again as the answer was lost.
        if (saved is ClientSaved.Done && !isNew && !(await access.OfAsync(person, create.Id, cancel)).View && !await audit.IsByAsync(person, create.Id, cancel))
            return Problems.Of(StatusCodes.Status409Conflict, "id_taken", "There is another card with this id.");
        return await AnswerAsync(saved, create.Id, create.Client.CallId, person, store, access, attach, cancel);
    }

    /// <summary>Whom a card belongs to is told with its name: one that this person does not see is none, unless it stands there already.</summary>
    static async Task<ProblemHttpResult?> HiddenCompanyAsync(Person person, ClientSave save, Guid? before, CardAccess access, CancellationToken cancel) =>
        save.CompanyId is { } company && company != Guid.Empty && company != before && !(await access.OfAsync(person, company, cancel)).View
            ? Problems.Invalid("companyId", ClientDirectory.NoCompany)
            : null;

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> AnswerAsync(ClientSaved saved, Guid id, Guid? call, Person person, ClientStore store, CardAccess access, CardAttach attach, CancellationToken cancel)
    {
        switch (saved)
        {
            case ClientSaved.Invalid invalid:
                return Problems.Invalid(invalid.Errors);
            case ClientSaved.NotFound:
                return Problems.NotFound("client");
        }

        if (await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        var shown = CardAccess.Shown(person, card, await access.OfAsync(person, id, card, cancel));
        if (saved is ClientSaved.Conflict)
            return Conflict(shown);
        if (call is { } live) await attach.AttachAsync(live, card.Id, person, cancel);
        return TypedResults.Ok(shown);
    }

    internal static ProblemHttpResult Conflict(ClientCardView card)
    {
        var problem = Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody saved this card since you read it. Theirs is in the answer.");
        problem.ProblemDetails.Extensions["card"] = card;
        return problem;
    }

    internal static ClientFields Fields(ClientSave save) => new(save.Kind, save.Name, save.Company, save.Email, save.City, save.Note, save.Language, save.Segment, save.ResponsibleId,
        [.. save.Phones.Select(p => new ClientNumber(p.Number, p.Label, p.IsMain, p.Extension))])
    {
        More = new ClientMore(save.Emails is { } emails ? [.. emails.Select(e => new ClientEmail(e.Address, e.Label))] : null, save.TaxId, save.TimeZone, save.Address, save.Tags, save.Custom, save.CompanyId, save.Roles,
            save.Addresses is { } addresses ? [.. addresses.Select(a => new ClientAddress(a.Kind, a.Line, a.City, a.PostalCode, a.Region, a.Country))] : null, save.SecondTaxId),
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
