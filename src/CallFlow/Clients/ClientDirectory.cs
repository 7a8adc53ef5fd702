using System.Collections.Immutable;
using CallCrm.Engine;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>The only writer of clients and their numbers.</summary>
/// <param name="pages">Pool for what people save.</param>
/// <param name="calls">The router's pool: a caller waits for <see cref="IdentifyAsync"/>.</param>
/// <param name="zone">Where the day of calculated fields begins; null: UTC.</param>
public sealed partial class ClientDirectory(NpgsqlDataSource pages, RouterDatabase calls, ChangeHints hints, TimeProvider time, TimeZoneInfo? zone = null)
{
    const int MostCandidates = 20;

    /// <summary>
    /// Who is calling. A number nobody has makes an unconfirmed card, once, however many calls arrive at the same time;
    /// withheld numbers and own extensions never match and never make one.
    /// </summary>
    /// <param name="source">Where the client comes from, by the dialled number; stored in the new card.</param>
    /// <param name="mayCreate">False: an unknown number stays unknown.</param>
    public async Task<LookupResult> IdentifyAsync(PhoneNumber caller, string callerName, string? source, bool mayCreate, CancellationToken ct)
    {
        switch (caller.Kind)
        {
            case NumberKind.Withheld: return new LookupResult(LookupOutcome.Withheld, []);
            case NumberKind.Extension: return new LookupResult(LookupOutcome.Internal, []);
            case NumberKind.E164 when caller.E164 is not null: break;
            default: return new LookupResult(LookupOutcome.Unknown, []);
        }

        await using var connection = await calls.Source.OpenConnectionAsync(ct);
        var found = await FindAsync(connection, caller.E164, ct);
        if (found.Length > 0) return Matched(found);
        if (!mayCreate) return new LookupResult(LookupOutcome.Unknown, []);
        return await CreateAsync(connection, caller, callerName, source, ct);
    }

    static LookupResult Matched(ImmutableArray<ClientMatch> found) => new(found.Length == 1 ? LookupOutcome.Known : LookupOutcome.Several, found);

    static async Task<ImmutableArray<ClientMatch>> FindAsync(NpgsqlConnection connection, string e164, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(FindSql, connection) { Parameters = { new() { Value = e164 }, new() { Value = MostCandidates } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await ReadAsync(reader, ct);
    }

    /// <summary>Lock, insert if still nobody has the number, read: one round trip, one transaction.</summary>
    async Task<LookupResult> CreateAsync(NpgsqlConnection connection, PhoneNumber caller, string callerName, string? source, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using var batch = new NpgsqlBatch(connection);
        // Statements of a batch see what was committed before each began: who waited for the lock sees the other's card.
        batch.BatchCommands.Add(new("select pg_advisory_xact_lock(hashtextextended($1, 7))") { Parameters = { new() { Value = caller.E164! } } });
        batch.BatchCommands.Add(new(InsertCallerSql)
        {
            Parameters =
            {
                new() { Value = id }, new() { Value = caller.E164! }, new() { Value = caller.Raw },
                new() { Value = PlainText.NameFrom(callerName) }, new() { Value = source ?? "" }, new() { Value = now.UtcDateTime },
            },
        });
        batch.BatchCommands.Add(new(FindSql) { Parameters = { new() { Value = caller.E164! }, new() { Value = MostCandidates } } });
        ImmutableArray<ClientMatch> found;
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            // The lock's row, then (the insert has no result set) the matches.
            await reader.NextResultAsync(ct);
            found = await ReadAsync(reader, ct);
        }

        if (found.Length != 1 || found[0].Client != id) return Matched(found);
        hints.Later("client", id.ToString(), 1);
        return new LookupResult(LookupOutcome.Created, found);
    }

    static async Task<ImmutableArray<ClientMatch>> ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var found = ImmutableArray.CreateBuilder<ClientMatch>(1);
        while (await reader.ReadAsync(ct))
        {
            var agents = reader.GetFieldValue<Guid[]>(3);
            var ats = reader.GetFieldValue<DateTime[]>(4);
            var talks = reader.GetFieldValue<int[]>(5);
            var contacts = ImmutableArray.CreateBuilder<Contact>(agents.Length);
            for (var n = 0; n < agents.Length; n++) contacts.Add(new Contact(agents[n], new DateTimeOffset(ats[n]), TimeSpan.FromMilliseconds(talks[n])));
            found.Add(new ClientMatch(reader.GetGuid(0), Nullable(reader, 1), Nullable(reader, 2), contacts.MoveToImmutable()));
        }

        return found.DrainToImmutable();
    }

    static Guid? Nullable(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetGuid(column);

    // Who has the number, merged cards followed to where they went; with each what routing needs. Conversations that the
    // merged cards had count for the card that took them in. Ranking: latest conversation, a responsible, confirmed, oldest.
    const string FindSql = """
        with recursive found(id) as (
          select client_id from client_phone where e164 = $1
          union
          select c.merged_into from found f join client c on c.id = f.id where c.merged_into is not null
        ), root as (
          select c.id, c.responsible_id, c.confirmed, c.created_at from found f join client c on c.id = f.id where c.merged_into is null and c.deleted_at is null
        ), member(root, id) as (
          select id, id from root
          union
          select m.root, c.id from member m join client c on c.merged_into = m.id
        ), need as (
          select coalesce(min(last_contact_talk_s), 20) * 1000 as talk_ms from queue
        )
        select r.id, r.responsible_id, d.id, coalesce(k.agents, '{}'), coalesce(k.ats, '{}'), coalesce(k.talks, '{}')
        from root r
        left join lateral (
          select id from deal where closed_at is null and deleted_at is null and client_id in (select m.id from member m where m.root = r.id)
          order by stage_since desc, id limit 1) d on true
        left join lateral (
          select array_agg(agent_id order by at desc) as agents, array_agg(at order by at desc) as ats, array_agg(talk_ms order by at desc) as talks, max(at) as last
          from (select distinct on (agent_id) agent_id, at, talk_ms
                from (select cc.agent_id, cc.at, cc.talk_ms from client_contact cc, need
                      where cc.client_id in (select m.id from member m where m.root = r.id) and cc.talk_ms >= need.talk_ms
                      order by cc.at desc limit 200) latest
                order by agent_id, at desc) per_agent) k on true
        order by k.last desc nulls last, (r.responsible_id is null), (not r.confirmed), r.created_at, r.id
        limit $2
        """;

    const string InsertCallerSql = """
        with made as (
          insert into client (id, name, source, confirmed, created_at, updated_at, phone_words)
          select $1, $4, $5, false, $6, $6, $2
          where not exists (select from client_phone p join client c on c.id = client_root(p.client_id) where p.e164 = $2 and c.deleted_at is null)
          returning id
        )
        insert into client_phone (client_id, e164, raw, is_main, added_at)
        select id, $2, $3, true, $6 from made
        """;
}
