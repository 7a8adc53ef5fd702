using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>The card's links: their targets' names for those who may see them, and what there is to choose from.</summary>
internal static class CardLinks
{
    const int MostChoices = 8;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/links", ChoicesAsync).RequireAuthorization(Rights.OpenCards).WithTags("Clients").WithName("ListLinkTargets")
            .WithSummary("What a link on a card may lead to, by a fragment or the id of one: clients and deals as far as one sees them, colleagues by name or login; at most 8");

    /// <summary>
    /// Names are added here alone, and values that were calculated from what links lead to: a card that went by another way leads to nothing one could read. Such a value shows to who may see all
    /// records that it comes from; where one of them cannot be seen, or is gone and the value not yet calculated anew, it does not show.
    /// </summary>
    public static ClientCardView Named(ClientCardView card, Reach clients, Reach deals)
    {
        if (card.Links.Count + card.Linked.Count == 0 || card.Custom is not { } custom) return card;
        var named = custom.ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal);
        foreach (var (code, target) in card.Links)
        {
            if (Sees(card, target, clients, deals)) named[code] = Json(target);
        }

        foreach (var value in card.Linked.Where(v => SeesAll(card, v.Links, clients, deals))) named[value.Code] = value.Value;
        return card with { Custom = named };
    }

    /// <summary>Whether all that these links of the card lead to may be seen; one that stands on the card and leads to nothing that there is may not.</summary>
    public static bool SeesAll(ClientCardView card, IReadOnlyList<string> links, Reach clients, Reach deals) =>
        links.All(l => card.Custom?.ContainsKey(l) != true || (card.Links.TryGetValue(l, out var target) && Sees(card, target, clients, deals)));

    /// <summary>A deal is seen with its client's card; the card at hand is.</summary>
    static bool Sees(ClientCardView card, LinkTarget target, Reach clients, Reach deals) => target.Kind switch
    {
        "client" => clients.Includes(target.Owner),
        "deal" => deals.Includes(target.Owner) && (target.Client == card.Id || clients.Includes(target.ClientOwner)),
        _ => true,
    };

    /// <summary>Whatever links lead to, this person sees it.</summary>
    public static bool SeesAllRecords(Person person) => person.Within(Rights.WorkWithClients).IsEveryone && person.Within(Rights.SeeDeals).IsEveryone;

    public static ClientCardView Named(ClientCardView card, Person person) => Named(card, person.Within(Rights.WorkWithClients), person.Within(Rights.SeeDeals));

    public static string? IdOf(JsonElement? value) => value is { ValueKind: JsonValueKind.Object } link && link.TryGetProperty("id", out var id) ? id.GetString() : null;

    static JsonElement Json(LinkTarget target)
    {
        var value = new Dictionary<string, string>(StringComparer.Ordinal) { ["id"] = target.Id.ToString(), ["name"] = target.Name };
        if (target.Client is { } client) value["clientId"] = client.ToString();
        return JsonSerializer.SerializeToElement(value);
    }

    static async Task<Results<Ok<IReadOnlyList<LinkChoice>>, ProblemHttpResult>> ChoicesAsync(Person person, ClientStore clients, NpgsqlDataSource database, CancellationToken cancel, string target = "", string query = "", Guid? id = null)
    {
        if (!CustomField.Targets.Contains(target)) return Problems.Invalid("target", "one of " + string.Join(", ", CustomField.Targets));
        if (id is { } one) return TypedResults.Ok<IReadOnlyList<LinkChoice>>(await OneAsync(one, target, person, database, cancel));
        query = Texts.Clean(query is { Length: > 200 } ? query[..200] : query).Trim();
        if (query.Length == 0) return TypedResults.Ok<IReadOnlyList<LinkChoice>>([]);
        if (target == "client")
        {
            if (ClientSearch.Refuse(query) is { } many) return many;
            var found = await clients.ListAsync(query, ClientFilter.None, person.Within(Rights.WorkWithClients), person.Within(Rights.SeeDeals), person.Veil, ClientStore.Order(query, person.Veil, null, null).Order!, MostChoices, cancel);
            return TypedResults.Ok<IReadOnlyList<LinkChoice>>([.. found.Items.Select(c => new LinkChoice(c.Id, c.Name.Length > 0 ? c.Name : c.Company, $"#{c.Number} {(c.Name.Length > 0 ? c.Company : "")}".TrimEnd()))]);
        }

        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<LinkChoice>(new CommandDefinition(target == "deal" ? DealsSql : PeopleSql,
            new { fragment = $"%{Texts.LikeFragment(query)}%", number = query.TrimStart('#'), clients = person.Within(Rights.WorkWithClients).People, deals = person.Within(Rights.SeeDeals).People, MostChoices }, cancellationToken: cancel));
        return TypedResults.Ok<IReadOnlyList<LinkChoice>>(rows.AsList());
    }

    /// <summary>What an id stands for, to be named; empty: it is not there, or not for who asks.</summary>
    static async Task<IReadOnlyList<LinkChoice>> OneAsync(Guid id, string target, Person person, NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<LinkChoice>(new CommandDefinition(target switch
        {
            "deal" => $"select d.id, d.title as name, '#' || d.number as hint from deal d where d.id = @id and {SeenDeal("d")}",
            "person" => "select id, name, login as hint from app_user where id = @id",
            _ => "select id, coalesce(nullif(name, ''), company) as name, '#' || number as hint from client where id = client_root(@id) and deleted_at is null and (@clients::uuid[] is null or responsible_id = any(@clients))",
        }, new { id, clients = person.Within(Rights.WorkWithClients).People, deals = person.Within(Rights.SeeDeals).People }, cancellationToken: cancel))).AsList();
    }

    /// <summary>Of a deal, with parameters @deals and @clients: it is there, and seen with its client's card.</summary>
    public static string SeenDeal(string deal) =>
        $"{deal}.deleted_at is null and (@deals::uuid[] is null or {deal}.responsible_id = any(@deals)) and (@clients::uuid[] is null or exists (select from client o where o.id = client_root({deal}.client_id) and o.responsible_id = any(@clients)))";

    static readonly string DealsSql = $"""
        select d.id, d.title as name, concat('#', d.number, ' ', coalesce(nullif(c.name, ''), c.company)) as hint from deal d join client c on c.id = client_root(d.client_id)
        where (d.title ilike @fragment or d.number::text = @number) and c.deleted_at is null and {SeenDeal("d")}
        order by d.closed_at is not null, d.number desc limit @MostChoices
        """;

    const string PeopleSql = "select id, name, login as hint from app_user where active and (name ilike @fragment or login ilike @fragment) order by name, id limit @MostChoices";
}
