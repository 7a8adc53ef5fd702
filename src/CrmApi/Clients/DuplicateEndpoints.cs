using System.Diagnostics;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>The same client twice: seen while typing, listed, merged, and parted again.</summary>
internal static class DuplicateEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/clients").WithTags("Clients");
        group.MapPost("/duplicates/check", CheckAsync).RequireAuthorization(Rights.WorkWithClients)
            .WithName("CheckDuplicates").WithSummary("Cards that may be the client being written, with the reasons; at most 10, the likeliest first");
        var merging = group.MapGroup("").RequireAuthorization(Rights.MergeClients);
        merging.MapGet("/duplicates", async Task<Ok<ListPage<DuplicatePair>>> (Person person, DuplicateStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.PairsAsync(person.Within(Rights.MergeClients), cursor, Cursor.Limit(limit), cancel)))
            .WithName("ListDuplicates").WithSummary("Pairs of cards with the same number, address, tax id, or name and company or city; newest cards first. A page may be short, or empty, with more to come");
        merging.MapPut("/duplicates/different", DifferentAsync).WithName("SetDifferent").WithSummary("Two cards are not one client and are offered no more as a pair, or are again; audited");
        merging.MapPost("/{id}/merge", MergeAsync).WithName("MergeClients").WithSummary("Another card goes into this one; 409 edit_conflict: one of them is not as it was read, this one's is in the answer")
            .ProducesProblem(StatusCodes.Status409Conflict);
        merging.MapGet("/{id}/merges", async Task<Results<Ok<IReadOnlyList<ClientMergeView>>, ProblemHttpResult>> (Guid id, Person person, MergeStore store, CardAccess access, CancellationToken cancel) =>
                await access.ReachesAsync(person, Rights.MergeClients, cancel, id) ? TypedResults.Ok(await store.OfAsync(id, cancel)) : Problems.NotFound("client"))
            .WithName("ListMerges").WithSummary("What went into this card; newest first, at most 50");
        merging.MapPost("/merges/{id}/undo", UndoAsync).WithName("UndoMerge").WithSummary("Two cards again; what was edited since is kept and named. 409 merged_further: undo the later merge first")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    static async Task<Results<Ok<IReadOnlyList<DuplicateView>>, ProblemHttpResult>> CheckAsync(DuplicateAsk ask, Person person, DuplicateStore store, IOptions<SiteOptions> site, CancellationToken cancel)
    {
        if (ask.Phones.Count > 50) return Problems.Invalid("phones", "at most 50 numbers");
        if (ask.Emails.Count > 50) return Problems.Invalid("emails", "at most 50 addresses");
        // What one does not see is no way to find out.
        if (person.Veil.Hides("email")) ask = ask with { Emails = [] };
        if (person.Veil.Hides("taxId")) ask = ask with { TaxId = "", SecondTaxId = "" };
        if (person.Veil.Hides("city")) ask = ask with { City = "" };
        return TypedResults.Ok(await store.CheckAsync(ask, person.Within(Rights.WorkWithClients), site.Value.Region, cancel));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DifferentAsync(DifferentSet set, Person person, MergeStore merges, CardAccess access, CancellationToken cancel)
    {
        if (set.One == set.Other) return Problems.Invalid("other", "another client");
        if (!await access.ReachesAsync(person, Rights.MergeClients, cancel, set.One, set.Other)) return Problems.NotFound("client");
        return await merges.SetDifferentAsync(set, person, cancel) ? TypedResults.NoContent() : Problems.NotFound("client");
    }

    static async Task<Results<Ok<ClientCardView>, ProblemHttpResult>> MergeAsync(Guid id, ClientMergeRequest request, Person person, MergeStore merges, ClientStore store, CardAccess access,
        CancellationToken cancel)
    {
        if (request.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (request.Taken.Any(person.Veil.Hides)) return Problems.Invalid("taken", "fields that you see");
        if (!await access.ReachesAsync(person, Rights.MergeClients, cancel, id, request.Other)) return Problems.NotFound("client");
        var merged = await merges.MergeAsync(new ClientMerge(request.Id, id, request.Other, request.Version, request.OtherVersion, request.Taken, person.Id), cancel);
        if (merged is ClientMerged.Invalid invalid) return Problems.Invalid(invalid.Errors);
        if (merged is ClientMerged.NotFound || await store.CardAsync(id, cancel) is not { } card) return Problems.NotFound("client");
        return merged is ClientMerged.Conflict ? ClientEndpoints.Conflict(CardAccess.Shown(person, card)) : TypedResults.Ok(CardAccess.Shown(person, card));
    }

    static async Task<Results<Ok<ClientUnmergedView>, ProblemHttpResult>> UndoAsync(Guid id, Person person, MergeStore merges, ClientStore store, CardAccess access, CancellationToken cancel)
    {
        // Both, as for merging: the other card comes back with all that stands on it.
        if (await merges.CardsAsync(id, cancel) is not { } cards || !CardAccess.Reaches(person, Rights.MergeClients, cards.LoserOwner) || !await access.ReachesAsync(person, Rights.MergeClients, cancel, cards.Winner)) return Problems.NotFound("merge");
        return await merges.UndoAsync(id, person, cancel) switch
        {
            ClientUnmerged.Done done when await store.CardAsync(done.Winner, cancel) is { } client && await store.CardAsync(done.Loser, cancel) is { } other =>
                TypedResults.Ok(new ClientUnmergedView(CardAccess.Shown(person, client), CardAccess.Shown(person, other), done.Kept, done.Calls, done.Deals, done.Tasks)),
            ClientUnmerged.MergedFurther => Problems.Of(StatusCodes.Status409Conflict, "merged_further", "The card was itself merged since. Undo that merge first."),
            ClientUnmerged.WasUndone => Problems.Of(StatusCodes.Status409Conflict, "was_undone", "This merge was undone before."),
            _ => Problems.NotFound("merge"),
        };
    }
}

/// <summary>Who may be the same client, by <see cref="ClientLikeness"/>: what is found depends on what stands there now, and on whom people said that they are two.</summary>
internal sealed class DuplicateStore(NpgsqlDataSource database)
{
    /// <summary>Newest cards compared at a time, and how long one request goes on looking.</summary>
    const int AtATime = 200;
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    public async Task<IReadOnlyList<DuplicateView>> CheckAsync(DuplicateAsk ask, Reach within, string region, CancellationToken cancel)
    {
        var name = PlainText.Clean(ask.Name, 200);
        var values = new
        {
            self = ask.Id ?? Guid.Empty,
            numbers = ask.Phones.Select(p => PhoneNumbers.Typed(p, region).E164).OfType<string>().Distinct().ToArray(),
            emails = ask.Emails.Select(e => PlainText.Clean(e, 254).ToLowerInvariant()).Where(e => e.Contains('@', StringComparison.Ordinal)).Distinct().ToArray(),
            taxIds = new[] { ClientDirectory.CleanTaxId(ask.TaxId), ClientDirectory.CleanTaxId(ask.SecondTaxId) }.Where(t => t.Length > 0).ToArray(),
            name,
            company = PlainText.Clean(ask.Company, 200),
            city = PlainText.Clean(ask.City, 100),
            within = within.People,
        };
        if (values.numbers.Length == 0 && values.emails.Length == 0 && values.taxIds.Length == 0 && name.Length < ClientLikeness.ShortestName) return [];
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(ClientLikeness.SetLeast, transaction: transaction, cancellationToken: cancel));
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            with near (id, reason, alike) as (
              select id, reason, null::real from ({ClientLikeness.Sure("@numbers", "@emails", "@taxIds")}) sure
              {(name.Length < ClientLikeness.ShortestName ? "" : "union all (select id, 'name', similarity(name, @name) from client where name % @name order by 3 desc, id limit 50)")}
            ), root as (
              select client_root(id) as id, array_agg(distinct reason) as reasons, max(alike) as alike from near group by 1
            ), named as (
              select c.id, c.number, c.name, c.company, c.city, r.alike, case when 'name' = any(r.reasons) then r.reasons || {ClientLikeness.Beside("c", "@company", "@city")} else r.reasons end as reasons
              from root r join client c on c.id = r.id where c.id <> client_root(@self) and c.deleted_at is null and (@within::uuid[] is null or c.responsible_id = any(@within))
                and not exists (select from client_different d where d.one_id = least(c.id, client_root(@self)) and d.other_id = greatest(c.id, client_root(@self)))
            )
            select n.id, n.number, n.name, n.company, n.city, p.e164 as phone, n.reasons, n.alike, coalesce(p.extension, '') as extension from named n
            left join lateral (select e164, extension from client_phone where client_id = n.id order by is_main desc, added_at, e164, extension limit 1) p on true
            order by cardinality(array_remove(n.reasons, 'name')) desc, n.alike desc nulls last, n.number desc limit 10
            """,
            values, transaction, cancellationToken: cancel));
        return [.. rows.Select(r => r.View())];
    }

    /// <param name="exports">Null: not for a file, into which goes nothing of what is in nobody's name unless all may be exported.</param>
    public async Task<ListPage<DuplicatePair>> PairsAsync(Reach within, string? cursor, int limit, CancellationToken cancel, Reach? exports = null)
    {
        var (below, pairs, clock) = (Cursor.Number(cursor) ?? long.MaxValue, new List<DuplicatePair>(), Stopwatch.StartNew());
        await using var connection = await database.OpenConnectionAsync(cancel);
        while (true)
        {
            await using var results = await connection.QueryMultipleAsync(new CommandDefinition(PairsSql, new { below, most = AtATime, within = within.People, exports = exports?.People }, cancellationToken: cancel));
            var looked = (await results.ReadAsync<long>()).AsList();
            var rows = (await results.ReadAsync<PairRow>()).AsList();
            foreach (var of in rows.GroupBy(r => r.Number).OrderByDescending(g => g.Key))
            {
                pairs.AddRange(of.Select(r => r.Pair()));
                below = of.Key;
                // The pairs of one card are not parted.
                if (pairs.Count >= limit) return new ListPage<DuplicatePair>(pairs, Cursor.Of(below));
            }

            if (looked.Count < AtATime) return new ListPage<DuplicatePair>(pairs, null);
            below = looked[^1];
            if (clock.Elapsed > Patience) return new ListPage<DuplicatePair>(pairs, Cursor.Of(below));
        }
    }

    // Each of the newest cards against those made before it, by indexes alone.
    const string PairsSql =
        """
        select number from client where number < @below order by number desc limit @most;
        select a.id, a.number, a.name, a.company, a.city, pa.e164 as phone, b.id as other_id, b.number as other_number, b.name as other_name, b.company as other_company, b.city as other_city, pb.e164 as other_phone, d.reasons,
          coalesce(pa.extension, '') as extension, coalesce(pb.extension, '') as other_extension
        from (select id, number, name, company, city, email, tax_id, second_tax_id, merged_into, responsible_id from client where number < @below order by number desc limit @most) a
        cross join lateral (
          select x.id, array_agg(distinct x.reason) as reasons from (
            select client_root(o.client_id) as id, 'phone' as reason from client_phone p join client_phone o on o.e164 = p.e164 and o.client_id <> a.id where p.client_id = a.id
            union all select client_root(o.id), 'email' from client o where a.email <> '' and o.email <> '' and lower(o.email) = lower(a.email) and o.id <> a.id
            union all select client_root(o.id), 'email' from client_email e join client o on o.email <> '' and lower(o.email) = lower(e.address) where e.client_id = a.id
            union all select client_root(o.client_id), 'email' from client_email o where a.email <> '' and lower(o.address) = lower(a.email)
            union all select client_root(o.id), 'tax_id' from client o where o.tax_id <> '' and o.tax_id = any(array[a.tax_id, a.second_tax_id]) and o.id <> a.id
            union all select client_root(o.id), 'tax_id' from client o where o.second_tax_id <> '' and o.second_tax_id = any(array[a.tax_id, a.second_tax_id]) and o.id <> a.id
            union all select client_root(o.id), 'name' from (
              select id, company, city from client where a.name <> '' and name <> '' and lower(name) = lower(a.name) and id <> a.id limit 50) o
              where (o.company <> '' and lower(o.company) = lower(a.company)) or (o.city <> '' and lower(o.city) = lower(a.city))
            union all select client_root(o.other_id), 'name' from client_alike o where o.client_id = a.id
          ) x where x.id <> a.id group by x.id limit 20) d
        join client b on b.id = d.id and b.hidden_at is null and b.deleted_at is null and b.number < a.number
          and not exists (select from client_different n where n.one_id = least(a.id, b.id) and n.other_id = greatest(a.id, b.id))
        left join lateral (select e164, extension from client_phone where client_id = a.id order by is_main desc, added_at, e164, extension limit 1) pa on true
        left join lateral (select e164, extension from client_phone where client_id = b.id order by is_main desc, added_at, e164, extension limit 1) pb on true
        where a.merged_into is null and not exists (select from client h where h.id = a.id and (h.hidden_at is not null or h.deleted_at is not null))
          and (@within::uuid[] is null or ((a.responsible_id is null or a.responsible_id = any(@within)) and (b.responsible_id is null or b.responsible_id = any(@within))))
          and (@exports::uuid[] is null or (a.responsible_id = any(@exports) and b.responsible_id = any(@exports)))
        order by a.number desc, b.number desc
        """;

    static string? Shown(string? e164) => e164 is null ? null : PhoneNumbers.Format(e164, "en");

    sealed record Row(Guid Id, long Number, string Name, string Company, string City, string? Phone, Array Reasons, float? Alike, string Extension)
    {
        public DuplicateView View() => new(Id, Number, Name, Company, City, Shown(Phone), (string[])Reasons, Alike is { } a ? (int)Math.Round(a * 100) : null, Extension);
    }

    sealed record PairRow(Guid Id, long Number, string Name, string Company, string City, string? Phone, Guid OtherId, long OtherNumber, string OtherName, string OtherCompany, string OtherCity, string? OtherPhone, Array Reasons,
        string Extension, string OtherExtension)
    {
        public DuplicatePair Pair() => new(new DuplicateView(Id, Number, Name, Company, City, Shown(Phone), (string[])Reasons, null, Extension),
            new DuplicateView(OtherId, OtherNumber, OtherName, OtherCompany, OtherCity, Shown(OtherPhone), (string[])Reasons, null, OtherExtension));
    }
}

/// <summary>Merges on record, audited. The cards are ClientDirectory's.</summary>
internal sealed class MergeStore(NpgsqlDataSource database, ClientDirectory directory, ChangeHints hints, AuditStore audit)
{
    /// <summary>Of hints, whose key is the merge: what webhooks tell. Pages hear of both clients.</summary>
    public const string MergedHint = "client_merged", UnmergedHint = "client_unmerged";

    public async Task<ClientMerged> MergeAsync(ClientMerge merge, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var merged = await directory.MergeAsync(transaction, merge, cancel);
        if (merged is not ClientMerged.Done done) return merged;
        await hints.AddAsync(transaction, MergedHint, merge.Id.ToString(), null, null, cancel);
        await audit.AddChangeAsync(transaction, merge.By, "client.merged", "client", merge.Winner.ToString(), $$"""{"winner":{{done.WinnerBefore}},"loser":{{done.LoserBefore}}}""", done.WinnerAfter, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return merged;
    }

    public async Task<ClientUnmerged> UndoAsync(Guid merge, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var undone = await directory.UnmergeAsync(transaction, merge, person.Id, cancel);
        if (undone is not ClientUnmerged.Done done) return undone;
        await hints.AddAsync(transaction, UnmergedHint, merge.ToString(), null, null, cancel);
        await audit.AddChangeAsync(transaction, person.Id, "client.unmerged", "client", done.Winner.ToString(), done.Loser.ToString(), $"kept: {string.Join(", ", done.Kept)}", cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return undone;
    }

    /// <returns>False: one of them is not there.</returns>
    public async Task<bool> SetDifferentAsync(DifferentSet set, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await directory.SetDifferentAsync(transaction, set.One, set.Other, set.Different, person.Id, cancel) is not { } anew) return false;
        if (!anew) return true;
        await audit.AddChangeAsync(transaction, person.Id, set.Different ? "client.different" : "client.maybe_same", "client", set.One.ToString(), "", set.Other.ToString(), cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    public async Task<Dictionary<Guid, MergeTold>> ToldAsync(Guid[] ids, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<ToldRow>(new CommandDefinition(
            """
            select m.id, m.winner_id, m.loser_id, m.made_at, u.name as made_by, m.taken, m.undone_at, b.name as undone_by, m.kept
            from client_merge m join app_user u on u.id = m.made_by left join app_user b on b.id = m.undone_by where m.id = any(@ids)
            """, new { ids }, cancellationToken: cancel))).ToDictionary(r => r.Id, r => r.Told());
    }

    sealed record ToldRow(Guid Id, Guid WinnerId, Guid LoserId, DateTimeOffset MadeAt, string MadeBy, Array Taken, DateTimeOffset? UndoneAt, string? UndoneBy, Array? Kept)
    {
        public MergeTold Told() => new(Id, WinnerId, LoserId, MadeAt, MadeBy, (string[])Taken, UndoneAt, UndoneBy, (string[]?)Kept);
    }

    /// <summary>Null: there is no such merge.</summary>
    public async Task<(Guid Winner, Guid? LoserOwner)?> CardsAsync(Guid merge, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<(Guid, Guid?)?>(new CommandDefinition("select m.winner_id, c.responsible_id from client_merge m join client c on c.id = m.loser_id where m.id = @merge", new { merge }, cancellationToken: cancel));
    }

    public async Task<IReadOnlyList<ClientMergeView>> OfAsync(Guid client, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<ClientMergeView>(new CommandDefinition(
            """
            select m.id, m.made_at as at, u.name as who, m.loser_id as other_id, c.number as other_number, coalesce(nullif(m.loser_before ->> 'name', ''), m.loser_before ->> 'company') as other_name, m.undone_at
            from client_merge m join app_user u on u.id = m.made_by join client c on c.id = m.loser_id
            where m.winner_id = client_root(@client) order by m.made_at desc, m.id limit 50
            """,
            new { client }, cancellationToken: cancel))).AsList();
    }
}
