using Dapper;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>Fields of the company's own on the cards of its clients, which the scripts ask for and fill; and where the scripts' calls moved deals.</summary>
internal static class DemoFields
{
    public static async Task FillAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken ct) =>
        await connection.ExecuteAsync(new CommandDefinition(Sql, new { today = DateOnly.FromDateTime(now.UtcDateTime) }, commandTimeout: 120, cancellationToken: ct));

    // Two in five have a contract; of those that ended lately or end soon some have said what they will do. Of each open deal the last call about it brought it where it is.
    const string Sql = """
        insert into client_field (code, name, kind, options, position) values
          ('contract_end', 'Contract ends', 'date', '[]', 1),
          ('renewal', 'Renewal', 'choice', '[{"code":"will_renew","name":"Will renew"},{"code":"undecided","name":"Undecided"},{"code":"will_leave","name":"Will leave"}]', 2)
        on conflict do nothing;
        with chosen as (
          select id, (@today::date + (n / 5 % 420 - 60))::text as ends, n / 2100 % 3 as said, n / 5 % 420 < 150 as near
          from (select id, ('x' || substr(md5(id::text), 1, 7))::bit(28)::int as n from client) c where n % 5 < 2
        )
        update client c set custom = jsonb_build_object('contract_end', h.ends) || case when h.near and h.said > 0 then jsonb_build_object('renewal', (array['will_renew', 'undecided'])[h.said]) else '{}' end
        from chosen h where h.id = c.id;
        with moved as (
          select distinct on (d.id) d.id as deal_id, d.deal_type, b.code as before, s.code as after, w.call_id, w.agent_id, w.created_at
          from deal d join stage s on s.deal_type = d.deal_type and s.code = d.stage join stage b on b.deal_type = d.deal_type and b.position = s.position - 1
          join call c on c.deal_id = d.id join wrap_up w on w.call_id = c.id
          where d.closed_at is null order by d.id, w.created_at desc
        ), kept as (
          insert into call_stage_change (call_id, agent_id, deal_id, deal_type, before, after, made_at) select call_id, agent_id, deal_id, deal_type, before, after, created_at from moved
        )
        update deal d set stage_since = m.created_at from moved m where m.deal_id = d.id;
        """;
}
