using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Catalog;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <summary>Reads what <see cref="RecordProposal"/> needs, and keeps what was proposed, so that the wrap-up can tell what of it was kept.</summary>
internal sealed class Proposals(NpgsqlDataSource database, DraftStore drafts, WrapUps wrapUps, ClientStore clients, CardAccess access, LiveFacts facts, SiteClock clock)
{
    static readonly TimeSpan Lately = TimeSpan.FromDays(90);

    public static async Task<Results<Ok<WrapUpProposal>, ProblemHttpResult>> ProposeAsync(Guid id, Person person, CallStore calls, Proposals proposals, CancellationToken cancel) =>
        await calls.IsOfAsync(id, person.Id, cancel) ? TypedResults.Ok(await proposals.MakeAsync(id, person, cancel)) : Problems.NotFound("call");

    async Task<WrapUpProposal> MakeAsync(Guid call, Person person, CancellationToken cancel)
    {
        var draft = await drafts.ReadAsync(call, person.Id, cancel);
        var (script, path, answers) = wrapUps.Said(call, draft);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var known = await connection.QuerySingleAsync<Facts>(new CommandDefinition(
            """
            select client_root(c.client_id) as client, c.queue_id as queue, case c.direction when 'Outbound' then c.dialled_e164 else c.caller_e164 end as caller,
              coalesce(c.talk_ms, (extract(epoch from coalesce(c.ended_at, @now) - c.answered_at) * 1000)::int, 0) / 1000 as talk_s, coalesce(c.ended_at, @now) as ended,
              (select time_zone from app_user where id = @person) as agent_zone, (select time_zone from client where id = client_root(c.client_id)) as client_zone, c.campaign
            from call c where c.id = @call
            """,
            new { call, person = person.Id, now = clock.Now }, cancellationToken: cancel));
        var card = known.Client is { } client ? await clients.CardAsync(client, cancel) : null;
        var deals = card is null ? [] : CardAccess.Shown(person, card, await access.OfAsync(person, card.Id, card, cancel)).OpenDeals;
        var agent = Zone(known.AgentZone, clock.Zone);
        var proposal = RecordProposal.Of(new CallRecord(script, path, answers, known.Talk_s, await OfferedAsync(connection, known, cancel), await LikeAsync(connection, call, script, cancel),
            card?.Contacts ?? [], card is null ? new Dictionary<Guid, string>() : await NumbersAsync(connection, card.Id, known.Caller, cancel), known.Caller, deals, known.Ended, agent, Zone(known.ClientZone, agent))
        { Own = facts.Names.Fields });
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into wrap_up_proposal (call_id, agent_id, fields, made_at) values (@call, @person, @fields::jsonb, @now)
            on conflict (call_id, agent_id) do update set fields = excluded.fields, made_at = excluded.made_at
            """,
            new { call, person = person.Id, fields = JsonSerializer.Serialize(proposal.Fields), now = clock.Now }, cancellationToken: cancel));
        return proposal;
    }

    public static TimeZoneInfo Zone(string? id, TimeZoneInfo otherwise) => TimeZoneInfo.TryFindSystemTimeZoneById(id ?? "", out var zone) ? zone : otherwise;

    static async Task<IReadOnlyList<DispositionView>> OfferedAsync(NpgsqlConnection connection, Facts call, CancellationToken cancel) =>
        [.. (await connection.QueryAsync<DispositionRow>(new CommandDefinition(
            """
            with recursive open (code, path, off) as (
              select code, array[position], coalesce(queues <> '{}' and not @Queue = any(queues), false) or campaigns <> '{}' and not coalesce(@Campaign = any(campaigns), false) from disposition where parent is null and not retired
              union all
              select d.code, o.path || d.position, o.off or coalesce(d.queues <> '{}' and not @Queue = any(d.queues), false) or d.campaigns <> '{}' and not coalesce(@Campaign = any(d.campaigns), false) from open o join disposition d on d.parent = o.code and not d.retired
            )
            select d.code, d.name, d.outcome, d.parent, d.is_group, d.queues, d.rule::text, d.campaigns from open o join disposition d using (code)
            where not d.is_group and not o.off order by o.path, d.code
            """,
            new { call.Queue, call.Campaign }, cancellationToken: cancel))).Select(d => d.View())];

    async Task<IReadOnlyList<LikeCall>> LikeAsync(NpgsqlConnection connection, Guid call, Script? script, CancellationToken cancel) =>
        script is null ? [] : [.. (await connection.QueryAsync<LikeRow>(new CommandDefinition(
            """
            select w.disposition, w.path, coalesce(c.talk_ms, 0) / 1000 as talk_s from wrap_up w join call c on c.id = w.call_id
            where w.script_id = @script and w.created_at > @since and w.call_id <> @call order by w.created_at desc limit 500
            """,
            new { script = script.Id, since = clock.Now - Lately, call }, cancellationToken: cancel))).Select(l => new LikeCall(l.Disposition, (string[])l.Path, l.Talk_s))];

    /// <summary>Of the company's people, who has the caller's number.</summary>
    static async Task<Dictionary<Guid, string>> NumbersAsync(NpgsqlConnection connection, Guid company, string? caller, CancellationToken cancel) =>
        (await connection.QueryAsync<(Guid Id, string Number)>(new CommandDefinition(
            """
            select distinct c.id, p.e164 from client_family(@company) f (id) join client c on c.company_id = f.id and c.merged_into is null and c.deleted_at is null
            join client_phone p on p.client_id = c.id where p.e164 = @caller
            """,
            new { company, caller }, cancellationToken: cancel))).ToDictionary(n => n.Id, n => n.Number);

    sealed record Facts(Guid? Client, Guid? Queue, string? Caller, int Talk_s, DateTimeOffset Ended, string? AgentZone, string? ClientZone, string? Campaign);

    sealed record LikeRow(string Disposition, Array Path, int Talk_s);
}
