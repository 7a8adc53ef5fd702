using System.Collections.Concurrent;
using System.Globalization;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Scripts;
using CallCrm.Engine;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Live;

/// <summary>Which script leads a call. The first choice of a call stays: an edited file or a saved card changes no running conversation.</summary>
internal sealed class CallScripts(ScriptShelf shelf, LiveFacts facts, RoleBook roles, IOptions<SiteOptions> site, TimeProvider time)
{
    readonly ConcurrentDictionary<Guid, Chosen> chosen = new();

    /// <param name="Known">Chosen with a card at hand: a choice made before the caller was identified may be made again once.</param>
    sealed record Chosen(Script Script, ScriptReason? Why, bool Known);

    public ScriptChoiceView? For(LiveCall call, Guid agent, ClientCardView? card)
    {
        if (!chosen.TryGetValue(call.Id, out var choice) || (!choice.Known && card is not null))
        {
            if (ScriptChoice.Choose(shelf.Current.Scripts, Facts(call, agent, card)) is not { } found) return null;
            choice = new Chosen(found.Script, found.Why, card is not null);
            Remember(call.Id, choice);
        }

        var view = ScriptRendering.View(choice.Script, Context(call, agent, card), choice.Why);
        return new ScriptChoiceView(view.Id, view.Version, view.Title, view);
    }

    /// <summary>What the agent says first on the number that was dialled, with the names filled in, without sensitive fields; null for calls out and numbers without one.</summary>
    public string? Greeting(LiveCall call, Guid agent, ClientCardView? card)
    {
        if (call.Direction == CallDirection.Outbound || facts.Names.Number(call.Dialled)?.Greeting(card?.Language, facts.Names.People.GetValueOrDefault(agent)?.Language) is not { } found) return null;
        var context = Context(call, agent, card);
        var hidden = roles.OfEverybody;
        return found.Line.Fill(context with { Language = found.Language, Values = context.Values.Where(v => !hidden.HidesPlaceholder(v.Key)).ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal) }).Text;
    }

    /// <summary>With an invented client, for practice: nothing is remembered.</summary>
    public ScriptChoiceView Practise(Script script, Guid agent, ClientCardView card, PhoneNumber dialled)
    {
        var view = ScriptRendering.View(script, Context(Invented(dialled), agent, card));
        return new ScriptChoiceView(view.Id, view.Version, view.Title, view);
    }

    /// <summary>What would decide about the script of such a call to or from this client.</summary>
    public ScriptCall Facts(bool outbound, Guid? queue, string? campaign, Guid agent, ClientCardView? card) => Facts(Tried(outbound, queue) with { Campaign = campaign }, agent, card);

    /// <summary>As the agent would see it in such a call; nothing is remembered.</summary>
    public ScriptView Preview(Script script, bool outbound, Guid? queue, Guid agent, ClientCardView? card) => ScriptRendering.View(script, Context(Tried(outbound, queue), agent, card));

    LiveCall Tried(bool outbound, Guid? queue) => Invented(PhoneNumber.Withheld) with { Direction = outbound ? CallDirection.Outbound : CallDirection.Inbound, Queue = queue };

    /// <summary>What would be said first on this number.</summary>
    public string? PractiseGreeting(FactNumber? number, Guid agent, ClientCardView card) =>
        number is null ? null : Greeting(Invented(new PhoneNumber(number.Number, NumberKind.Unparsed)), agent, card);

    LiveCall Invented(PhoneNumber dialled) => new(Guid.Empty, "", CallDirection.Inbound, CallState.Ringing, PhoneNumber.Withheld, "", dialled, time.GetUtcNow());

    /// <summary>The script this call is led by, for its record; null when none was shown here.</summary>
    public (string Id, string Version)? Of(Guid call) => chosen.TryGetValue(call, out var choice) ? (choice.Script.Id, choice.Script.Version) : null;

    /// <summary>After a restart: the version the call's draft names.</summary>
    public void Restore(Guid call, string id, string version)
    {
        if (shelf.Find(id, version) is { } script) chosen.TryAdd(call, new Chosen(script, null, Known: true));
    }

    void Remember(Guid call, Chosen choice)
    {
        // Calls end; what is older than any call is the only thing that can be lost here, and costs a choice made again.
        if (chosen.Count > 20_000) chosen.Clear();
        chosen[call] = choice;
    }

    ScriptCall Facts(LiveCall call, Guid agent, ClientCardView? card)
    {
        var deal = card?.OpenDeals.FirstOrDefault(d => d.Id == call.Deal) ?? card?.OpenDeals.FirstOrDefault();
        return new ScriptCall(card is { Confirmed: true } ? ClientKind.Known : ClientKind.New,
            call.Direction == CallDirection.Outbound ? ScriptDirection.Outbound : ScriptDirection.Inbound, deal is not null, card?.Segment, deal?.DealType, deal?.Stage,
            card?.Language, facts.Names.Number(call.Dialled)?.Language, facts.Names.People.GetValueOrDefault(agent)?.Language, facts.Names.Queue(call.Queue), call.Campaign)
        {
            Facts = Known(call, card, deal),
            SegmentName = card?.SegmentName,
            DealTypeName = deal?.DealTypeName,
            DealStageName = deal?.StageName,
            CampaignName = facts.Names.Campaign(call.Campaign)?.Name,
        };
    }

    ScriptContext Context(LiveCall call, Guid agent, ClientCardView? card)
    {
        var deal = card?.OpenDeals.FirstOrDefault(d => d.Id == call.Deal) ?? card?.OpenDeals.FirstOrDefault();
        var values = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["agent.name"] = facts.Names.Person(agent),
            ["company.name"] = site.Value.CompanyName,
            ["number.name"] = facts.Names.Number(call.Dialled)?.Name,
            ["client.name"] = card?.Name,
            ["client.company"] = card?.Company,
            ["client.email"] = card?.Email,
            ["client.city"] = card?.City,
            ["client.language"] = card?.Language,
            ["client.source"] = card?.Source,
            ["client.roles"] = card?.Roles is { Count: > 0 } roles ? string.Join(", ", roles) : null,
            ["client.tax_id"] = card?.TaxId,
            ["client.time_zone"] = card?.TimeZone,
            ["client.address"] = card?.Address,
            ["client.postal_code"] = card?.Addresses?.FirstOrDefault()?.PostalCode,
            ["client.region"] = card?.Addresses?.FirstOrDefault()?.Region,
            ["client.country"] = card?.Addresses?.FirstOrDefault()?.Country,
            ["client.notes"] = card?.Note,
            ["client.segment"] = card?.SegmentName,
            ["client.last_agent"] = card?.LastCall?.AgentName,
            ["client.last_call"] = card?.LastCall?.At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["deal.title"] = deal?.Title,
            ["deal.type"] = deal?.DealTypeName,
            ["deal.stage"] = deal?.StageName,
            ["deal.amount"] = deal?.Amount?.ToString("0.00", CultureInfo.InvariantCulture),
            ["deal.currency"] = deal?.Currency,
        };
        foreach (var field in facts.Names.Fields)
        {
            if (card?.Custom?.TryGetValue(field.Code, out var value) == true && field.Text(value) is { Length: > 0 } text) values[ScriptFields.CustomPrefix + field.Code] = text;
        }

        return new ScriptContext(values, TimeOnly.FromDateTime(Local(call))) { Facts = Known(call, card, deal), Fields = facts.Names.Fields };
    }

    /// <summary>Codes where there are codes, days as days; of the site's own fields every one that there is.</summary>
    ScriptFacts Known(LiveCall call, ClientCardView? card, DealView? deal)
    {
        var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            ["client.kind"] = One(card?.Kind),
            ["client.name"] = One(card?.Name),
            ["client.company"] = One(card?.Company),
            ["client.email"] = [.. One(card?.Email), .. (card?.Emails ?? []).Select(e => e.Address)],
            ["client.city"] = One(card?.City),
            ["client.language"] = One(card?.Language),
            ["client.source"] = One(card?.Source),
            ["client.notes"] = One(card?.Note),
            ["client.segment"] = One(card?.Segment),
            ["client.roles"] = card?.Roles ?? [],
            ["client.tags"] = card?.Tags ?? [],
            ["client.phone"] = [.. (card?.Phones ?? []).Select(p => p.E164)],
            ["client.address"] = One(card?.Address),
            ["client.postal_code"] = One(card?.Addresses?.FirstOrDefault()?.PostalCode),
            ["client.region"] = One(card?.Addresses?.FirstOrDefault()?.Region),
            ["client.country"] = One(card?.Addresses?.FirstOrDefault()?.Country),
            ["client.tax_id"] = [.. One(card?.TaxId), .. One(card?.SecondTaxId)],
            ["client.time_zone"] = One(card?.TimeZone),
            ["client.responsible"] = One(card?.ResponsibleName),
            ["client.created"] = Day(card?.CreatedAt),
            ["client.do_not_call"] = card is null ? [] : [card.DoNotCall is null ? "no" : "yes"],
            ["client.last_agent"] = One(card?.LastCall?.AgentName),
            ["client.last_call"] = Day(card?.LastCall?.At),
            ["deal.title"] = One(deal?.Title),
            ["deal.type"] = One(deal?.DealType),
            ["deal.stage"] = One(deal?.Stage),
            ["deal.stage_since"] = Day(deal?.StageSince),
            ["deal.amount"] = deal?.Amount is { } amount ? [string.Create(CultureInfo.InvariantCulture, $"{amount:0.00} {deal.Currency}")] : [],
            ["deal.currency"] = One(deal?.Currency),
            ["deal.responsible"] = One(deal?.ResponsibleName),
            ["call.direction"] = [call.Direction == CallDirection.Outbound ? "outbound" : "inbound"],
            ["call.queue"] = One(facts.Names.Queue(call.Queue)),
            ["call.campaign"] = One(call.Campaign),
            ["number.name"] = One(facts.Names.Number(call.Dialled)?.Name),
        };
        foreach (var field in facts.Names.Fields)
        {
            values[ScriptFields.CustomPrefix + field.Code] = card?.Custom?.TryGetValue(field.Code, out var value) == true ? ScriptFacts.Of(value) : [];
        }

        return new ScriptFacts(values, DateOnly.FromDateTime(Local(call)));

        static IReadOnlyList<string> One(string? value) => string.IsNullOrWhiteSpace(value) ? [] : [value];

        IReadOnlyList<string> Day(DateTimeOffset? at) => at is { } moment ? [TimeZoneInfo.ConvertTime(moment, Zone(call)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)] : [];
    }

    DateTime Local(LiveCall call) => TimeZoneInfo.ConvertTime(time.GetUtcNow(), Zone(call)).DateTime;

    TimeZoneInfo Zone(LiveCall call) =>
        call.Queue is { } queue && facts.Names.Queues.TryGetValue(queue, out var found) && TimeZoneInfo.TryFindSystemTimeZoneById(found.TimeZone, out var ofQueue)
            ? ofQueue
            : TimeZoneInfo.FindSystemTimeZoneById(site.Value.TimeZone);
}
