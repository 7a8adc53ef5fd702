using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using Dapper;

namespace CallCrm.CrmApi.Live;

/// <summary>What the database adds to the live state, for the calls that need it.</summary>
/// <param name="Calls">For which it was read.</param>
internal sealed record Dress(IReadOnlySet<Guid> Calls, IReadOnlyDictionary<Guid, ClientCardView> Cards, IReadOnlyDictionary<Guid, CandidateView> Candidates,
    IReadOnlyDictionary<Guid, CallDraft> Drafts)
{
    /// <summary>The draft as this agent sees it.</summary>
    public IEnumerable<DraftFieldView> DraftOf(Guid call, Guid agent, LiveNames names) => Drafts.TryGetValue(call, out var draft) ? draft.SeenBy(agent, person => names.Person(person)) : [];

    public static Dress None { get; } = new(new HashSet<Guid>(), new Dictionary<Guid, ClientCardView>(), new Dictionary<Guid, CandidateView>(), new Dictionary<Guid, CallDraft>());
}

/// <param name="Calls">Their cards, candidates and drafts.</param>
/// <param name="Numbers">Calls whose short number is not known yet.</param>
/// <param name="Names">Clients whose name is not known yet.</param>
internal sealed record DressWish(IReadOnlyCollection<LiveCall> Calls, IReadOnlyCollection<Guid> Numbers, IReadOnlyCollection<Guid> Names)
{
    public bool IsEmpty => Calls.Count == 0 && Numbers.Count == 0 && Names.Count == 0;
}

/// <summary>One round trip for all that a batch of events shows, however many pops are in it.</summary>
internal sealed class Dressing(FeedDatabase database, LiveFacts facts, CallScripts scripts)
{
    const string Sql =
        """
        select id, number from call where id = any(@numbers);
        select k.id, coalesce(nullif(c.name, ''), c.company) from unnest(@names) k (id) join client c on c.id = client_root(k.id);
        """ + CardReader.Sql + """

        select c.id, c.number, c.name, c.company, nullif(c.city, '') as city, l.at as last_call_at,
          (select string_agg(distinct p.extension, ', ') from client_phone p where p.client_id = c.id and p.extension <> '') as extension from client c
        left join lateral (select started_at as at from call where client_id = c.id order by started_at desc limit 1) l on true
        where c.id = any(@candidates) and not (c.merged_into is not null and client_root(c.id) = any(@candidates));
        select k.id as call_id, d.field, d.owner_id, d.user_id, d.value #>> '{}' as value, d.version, d.page_id, d.updated_at
        from unnest(@drafts) k (id) cross join lateral (select k.id union all select m.id from call m where m.merged_into = k.id) c (id) join call_draft d on d.call_id = c.id;
        select k.id, l.agent_id, max(l.started_at)
        from unnest(@drafts) k (id) cross join lateral (select k.id union all select m.id from call m where m.merged_into = k.id) c (id)
        join call_leg l on l.call_id = c.id and l.agent_id is not null group by k.id, l.agent_id;
        """;

    public async Task<Dress> ReadAsync(DressWish wish, CancellationToken cancel)
    {
        if (wish.IsEmpty) return Dress.None;
        await using var connection = await database.Source.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(Sql, new
        {
            numbers = wish.Numbers.ToArray(),
            names = wish.Names.ToArray(),
            clients = wish.Calls.Select(c => c.Client).OfType<Guid>().Distinct().ToArray(),
            candidates = wish.Calls.Where(c => c.Candidates.Length > 1).SelectMany(c => c.Candidates).Distinct().ToArray(),
            drafts = wish.Calls.Where(c => !c.Agents.IsEmpty || c.Transfer is not null).Select(c => c.Id).Distinct().ToArray(),
        }, cancellationToken: cancel));
        foreach (var (call, number) in await results.ReadAsync<(Guid, long)>()) facts.CallNumbers[call] = number;
        foreach (var (client, name) in await results.ReadAsync<(Guid, string)>()) facts.ClientNames[client] = name;
        var cards = await CardReader.ReadAsync(results);
        foreach (var (asked, card) in cards) facts.ClientNames[asked] = card.Name.Length > 0 ? card.Name : card.Company;
        var candidates = (await results.ReadAsync<CandidateView>()).ToDictionary(c => c.Id);
        var fields = (await results.ReadAsync<DraftRow>()).AsList();
        foreach (var field in fields.Where(f => f.Field == DraftStore.ScriptField))
        {
            if (field.Value.Split('@') is [var id, var version]) scripts.Restore(field.CallId, id, version);
        }

        var came = (await results.ReadAsync<(Guid Call, Guid Agent, DateTimeOffset At)>()).ToLookup(c => c.Call);
        var drafts = fields.Where(f => f.Field != DraftStore.ScriptField).GroupBy(f => f.CallId).ToDictionary(d => d.Key, d => new CallDraft(d, came[d.Key].ToDictionary(c => c.Agent, c => c.At)));
        return new Dress(wish.Calls.Select(c => c.Id).ToHashSet(), cards, candidates, drafts);
    }
}
