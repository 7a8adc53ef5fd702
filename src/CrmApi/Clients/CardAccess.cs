using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <param name="Lent">By a call, not by the person's own right.</param>
internal readonly record struct CardSight(bool View, bool Edit, bool Lent);

/// <summary>Who may open and save which card: as far as their right reaches, or because a call of theirs lends it. The one place that says so.</summary>
internal sealed class CardAccess(NpgsqlDataSource database, CardLoans loans)
{
    /// <param name="id">As it was asked for, perhaps of a card that was merged into this one.</param>
    public async ValueTask<CardSight> OfAsync(Person person, Guid id, ClientCardView card, CancellationToken cancel)
    {
        var (view, edit) = (person.Within(Rights.WorkWithClients).Includes(card.ResponsibleId), Reaches(person, Rights.EditClients, card.ResponsibleId));
        if (view && edit) return new CardSight(true, true, false);
        var lent = await loans.IsLentAsync(person, cancel, id, card.Id);
        return new CardSight(view || lent, (view && edit) || lent, lent);
    }

    /// <summary>For what belongs to a card and is read without it.</summary>
    public async ValueTask<CardSight> OfAsync(Person person, Guid id, CancellationToken cancel)
    {
        var (view, edit) = (person.Within(Rights.WorkWithClients), person.Within(Rights.EditClients));
        if (view.IsEveryone && edit.IsEveryone) return new CardSight(true, true, false);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var card = await connection.QuerySingleOrDefaultAsync<OwnerRow>(new CommandDefinition(
            """
            with recursive way (id, merged_into, responsible_id, step) as (
              select id, merged_into, responsible_id, 0 from client where id = @id
              union all
              select c.id, c.merged_into, c.responsible_id, w.step + 1 from way w join client c on c.id = w.merged_into where w.step < 10
            )
            select id, responsible_id from way order by step desc limit 1
            """,
            new { id }, cancellationToken: cancel));
        if (card is null) return default;
        var (views, edits) = (view.Includes(card.ResponsibleId), Reaches(person, Rights.EditClients, card.ResponsibleId));
        var lent = !(views && edits) && await loans.IsLentAsync(person, cancel, id, card.Id);
        return new CardSight(views || lent, (views && edits) || lent, lent);
    }

    /// <summary>Of a card for which something is made: it is there, and in no bin.</summary>
    public async ValueTask<CardSight> OfLiveAsync(Person person, Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var live = await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from client where id = client_root(@id) and deleted_at is null)", new { id }, cancellationToken: cancel));
        return live ? await OfAsync(person, id, cancel) : default;
    }

    /// <summary>A deal is seen with its client's card, as far as deals are.</summary>
    public async ValueTask<CardSight> OfDealAsync(Person person, DealDetailView deal, CancellationToken cancel)
    {
        var sight = await OfAsync(person, deal.ClientId, cancel);
        return sight.View && DealsOf(person, sight).Includes(deal.ResponsibleId) ? sight : default;
    }

    /// <summary>Whether the right reaches all of these cards (of a merged one, that which it went into); one that is not there is out of reach.</summary>
    public async ValueTask<bool> ReachesAsync(Person person, string right, CancellationToken cancel, params Guid[] cards)
    {
        if (person.Within(right).IsEveryone) return true;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var owners = (await connection.QueryAsync<Guid?>(new CommandDefinition(
            "select c.responsible_id from unnest(@cards) k (id) join client c on c.id = client_root(k.id)", new { cards }, cancellationToken: cancel))).AsList();
        return owners.Count == cards.Length && owners.TrueForAll(o => Reaches(person, right, o));
    }

    /// <summary>Whether somebody may make a deal for this client: as far as their right reaches the client, and while a call lends the card.</summary>
    public async ValueTask<bool> MayMakeDealAsync(Person person, Guid client, CancellationToken cancel)
    {
        var (root, owner) = await OwnerAsync(client, cancel);
        return Reaches(person, Rights.CreateDeals, owner) || await loans.IsLentAsync(person, cancel, client, root);
    }

    /// <summary>Whether somebody may change a deal that they see: as far as their right reaches it or its client (whose the client is goes on with its deals), and while a call lends the card.</summary>
    public async ValueTask<bool> MayChangeDealAsync(Person person, Guid client, Guid? responsible, CancellationToken cancel)
    {
        if (Reaches(person, Rights.EditDeals, responsible)) return true;
        var (root, owner) = await OwnerAsync(client, cancel);
        return (owner is not null && person.Within(Rights.EditDeals).Includes(owner)) || await loans.IsLentAsync(person, cancel, client, root);
    }

    /// <summary>Null: nobody.</summary>
    public async Task<Guid?> ResponsibleAsync(Guid client, CancellationToken cancel) => (await OwnerAsync(client, cancel)).Owner;

    async Task<(Guid Root, Guid? Owner)> OwnerAsync(Guid client, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<(Guid, Guid?)>(new CommandDefinition("select id, responsible_id from client where id = client_root(@client)", new { client }, cancellationToken: cancel));
    }

    public static bool MayReassign(Person person, Guid? responsible) => Reaches(person, Rights.ReassignClients, responsible);

    /// <summary>The card as this person sees it: deals and a company's people as far as their rights reach, all of them while it is lent.</summary>
    public static ClientCardView Shown(Person person, ClientCardView card, CardSight sight)
    {
        var (deals, contacts) = (DealsOf(person, sight), ContactsOf(person, sight));
        return CardLinks.Named(card, person) with
        {
            MayEdit = sight.Edit,
            OpenDeals = deals.IsEveryone ? card.OpenDeals : [.. card.OpenDeals.Where(d => deals.Includes(d.ResponsibleId))],
            Contacts = contacts.IsEveryone ? card.Contacts : card.Contacts?.Where(c => contacts.Includes(c.ResponsibleId)).ToList(),
        };
    }

    /// <summary>The answer to what was done by a right of its own (merged, deleted, confirmed): no more of the card than this person's rights reach, whether a call lends it or not.</summary>
    public static ClientCardView Shown(Person person, ClientCardView card)
    {
        var view = person.Within(Rights.WorkWithClients).Includes(card.ResponsibleId);
        return Shown(person, card, new CardSight(view, view && Reaches(person, Rights.EditClients, card.ResponsibleId), Lent: false));
    }

    public static Reach DealsOf(Person person, CardSight sight) => sight.Lent ? Reach.Everyone : person.Within(Rights.SeeDeals);

    public static Reach ContactsOf(Person person, CardSight sight) => sight.Lent ? Reach.Everyone : person.Within(Rights.WorkWithClients);

    public static Reach TasksOf(Person person, CardSight sight) => sight.Lent ? Reach.Everyone : person.Within(Rights.SeeTasks);

    /// <summary>A card in nobody's name is everybody's to complete, who may do it at all.</summary>
    public static bool Reaches(Person person, string right, Guid? responsible) => responsible is null ? person.May(right) : person.Within(right).Includes(responsible);

    sealed record OwnerRow(Guid Id, Guid? ResponsibleId);
}
