using Dapper;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>Which deals the calls moved, closed and made, so that the report of scripts has something to say of them.</summary>
internal static class DemoMoves
{
    public static async Task FillAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var sql in new[] { MovedSql, ClosedSql, MadeSql, BinSql }) await connection.ExecuteAsync(new CommandDefinition(sql, new { now }, commandTimeout: 120, cancellationToken: ct));
    }

    // Of each open deal the last call about it brought it where it is.
    const string MovedSql = """
        with moved as (
          select distinct on (d.id) d.id as deal_id, d.deal_type, b.code as before, s.code as after, w.call_id, w.agent_id, w.created_at
          from deal d join stage s on s.deal_type = d.deal_type and s.code = d.stage join stage b on b.deal_type = d.deal_type and b.position = s.position - 1
          join call c on c.deal_id = d.id join wrap_up w on w.call_id = c.id
          where d.closed_at is null order by d.id, w.created_at desc
        ), kept as (
          insert into call_stage_change (call_id, agent_id, deal_id, deal_type, before, after, made_at) select call_id, agent_id, deal_id, deal_type, before, after, created_at from moved
        )
        update deal d set stage_since = m.created_at from moved m where m.deal_id = d.id
        """;

    // Of those that were closed in these days: in the last call of their client before the end, where it was about no other deal.
    const string ClosedSql = """
        with closed as (
          select distinct on (w.call_id) w.call_id, w.agent_id, w.created_at, d.id as deal_id, d.deal_type, d.stage
          from deal d join call c on c.client_id = d.client_id and c.deal_id is null and c.started_at > d.created_at join wrap_up w on w.call_id = c.id
          where d.closed_at > @now - interval '60 days' and w.created_at < @now - interval '1 hour' order by w.call_id, d.closed_at desc
        ), last as (
          select distinct on (deal_id) * from closed order by deal_id, created_at desc
        ), kept as (
          insert into call_stage_change (call_id, agent_id, deal_id, deal_type, before, after, made_at) select call_id, agent_id, deal_id, deal_type, 'negotiation', stage, created_at from last
        ), said as (
          update wrap_up w set disposition = case l.stage when 'won' then 'order' else 'no_interest' end from last l where l.call_id = w.call_id and l.agent_id = w.agent_id
        ), named as (
          update call c set deal_id = l.deal_id from last l where c.id = l.call_id
        )
        update deal d set stage_since = l.created_at, closed_at = l.created_at from last l where l.deal_id = d.id
        """;

    // Where the way through the script opened a deal there is one, as long as the client had none.
    const string MadeSql = """
        with chosen as (
          select distinct on (c.client_id) w.call_id, w.agent_id, w.created_at, c.client_id, w.answers, md5(w.call_id::text) as h
          from wrap_up w join call c on c.id = w.call_id
          where 'open_deal' = any (w.path) and c.deal_id is null and w.created_at < @now - interval '1 hour'
            and not exists (select from deal d where d.client_id = c.client_id) order by c.client_id, w.created_at desc
        ), made as (
          insert into deal (id, client_id, deal_type, stage, title, amount, currency, responsible_id, stage_since, created_at)
          select overlay(overlay(h placing '7' from 13) placing '8' from 17)::uuid, client_id, 'sale', 'new',
            case answers ->> 'need_kind' when 'extension' then 'Extension' when 'renewal' then 'Renewal' else 'New project' end, (answers ->> 'expected_amount')::numeric, 'EUR', agent_id, created_at, created_at
          from chosen where h < '40' returning id, client_id, deal_type, created_at
        ), named as (
          update call c set deal_id = m.id from made m join chosen h on h.client_id = m.client_id where c.id = h.call_id
        )
        insert into call_stage_change (call_id, agent_id, deal_id, deal_type, before, after, made_at)
        select h.call_id, h.agent_id, m.id, m.deal_type, '', 'new', m.created_at from made m join chosen h on h.client_id = m.client_id
        """;

    // Some lie in the bin: deals that no call was about.
    const string BinSql = """
        update deal set deleted_at = @now - interval '2 days', deleted_by = (select id from app_user where login = 'manager')
        where id in (select id from deal d where d.stage = 'lost' and not exists (select from call c where c.deal_id = d.id) and not exists (select from client k where k.custom -> 'reference_deal' ->> 'id' = d.id::text) order by d.created_at limit 3)
        """;
}
