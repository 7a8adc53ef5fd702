using Dapper;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>Fields of the company's own, one of each kind; where they stand on the card and which must be filled; and the contracts on the cards.</summary>
internal static class DemoFields
{
    public static async Task FillAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken ct) =>
        await connection.ExecuteAsync(new CommandDefinition(FieldsSql + LayoutsSql + RulesSql + ValuesSql, new { today = DateOnly.FromDateTime(now.UtcDateTime) }, commandTimeout: 120, cancellationToken: ct));

    // Values of the calculated ones come with the first pass over the cards.
    const string FieldsSql = """
        insert into client_field (code, name, kind, options, position, target, expression, result, uses) values
          ('contract_end', 'Contract ends', 'date', '[]', 1, null, null, null, '{}'),
          ('renewal', 'Renewal', 'choice', '[{"code":"will_renew","name":"Will renew"},{"code":"undecided","name":"Undecided"},{"code":"will_leave","name":"Will leave"}]', 2, null, null, null, '{}'),
          ('equipment', 'Equipment on site', 'text', '[]', 3, null, null, null, '{}'),
          ('employees', 'Employees', 'number', '[]', 4, null, null, null, '{}'),
          ('credit_limit', 'Credit limit', 'money', '[]', 5, null, null, null, '{}'),
          ('interests', 'Interested in', 'choices', '[{"code":"devices","name":"Devices"},{"code":"service","name":"Service"},{"code":"training","name":"Training"},{"code":"rental","name":"Rental"}]', 6, null, null, null, '{}'),
          ('newsletter', 'Wants the newsletter', 'yes_no', '[]', 7, null, null, null, '{}'),
          ('recommended_by', 'Recommended by', 'link', '[]', 10, 'client', null, null, '{}'),
          ('reference_deal', 'Reference project', 'link', '[]', 11, 'deal', null, null, '{}'),
          ('technician', 'Technician', 'link', '[]', 12, 'person', null, null, '{}'),
          ('standing', 'Standing', 'calculated', '[]', 20, null, 'if(wonDealsSum >= 10000, "gold", if(wonDeals > 0, "customer", if(openDeals > 0, "in talks", "prospect")))', 'text', '{openDeals,wonDeals,wonDealsSum}'),
          ('credit_left', 'Credit left', 'calculated', '[]', 21, null, 'custom.credit_limit - coalesce(openDealsSum, 0)', 'number', '{custom.credit_limit,openDealsSum}'),
          ('contract_days', 'Days of contract left', 'calculated', '[]', 22, null, 'if(custom.contract_end >= today(), days(today(), custom.contract_end))', 'number', '{custom.contract_end}');

        """;

    // An agent reads the credit limit and does not set it; for whom has a service contract under way the contract comes first.
    const string LayoutsSql = """
        insert into card_layout (role, deal_type, groups) values
          ('agent', null, '[{"name":"Who","fields":[{"code":"name","mode":"shown"},{"code":"kind","mode":"shown"},{"code":"companyId","mode":"shown"},{"code":"company","mode":"shown"},{"code":"language","mode":"shown"},{"code":"segment","mode":"shown"},{"code":"responsibleId","mode":"shown"}]},
            {"name":"How to reach them","fields":[{"code":"phones","mode":"shown"},{"code":"email","mode":"shown"},{"code":"emails","mode":"shown"},{"code":"city","mode":"shown"},{"code":"address","mode":"shown"},{"code":"timeZone","mode":"shown"}]},
            {"name":"Business","fields":[{"code":"custom.standing","mode":"shown"},{"code":"custom.interests","mode":"shown"},{"code":"custom.credit_limit","mode":"read_only"},{"code":"custom.credit_left","mode":"shown"},{"code":"custom.contract_end","mode":"shown"},{"code":"custom.renewal","mode":"shown"},{"code":"custom.technician","mode":"shown"}]}]'),
          ('agent', 'service', '[{"name":"Contract","fields":[{"code":"custom.contract_end","mode":"shown"},{"code":"custom.contract_days","mode":"shown"},{"code":"custom.renewal","mode":"shown"},{"code":"custom.equipment","mode":"shown"},{"code":"custom.technician","mode":"shown"}]},
            {"name":"Who","fields":[{"code":"name","mode":"shown"},{"code":"kind","mode":"shown"},{"code":"companyId","mode":"shown"},{"code":"company","mode":"shown"},{"code":"phones","mode":"shown"},{"code":"email","mode":"shown"},{"code":"language","mode":"shown"}]},
            {"name":"Business","fields":[{"code":"custom.credit_limit","mode":"read_only"},{"code":"custom.newsletter","mode":"hidden"}]}]'),
          (null, 'sale', '[{"name":"Who","fields":[{"code":"name","mode":"shown"},{"code":"kind","mode":"shown"},{"code":"companyId","mode":"shown"},{"code":"company","mode":"shown"},{"code":"segment","mode":"shown"},{"code":"responsibleId","mode":"shown"},{"code":"phones","mode":"shown"},{"code":"email","mode":"shown"}]},
            {"name":"Money","fields":[{"code":"custom.standing","mode":"shown"},{"code":"custom.credit_limit","mode":"shown"},{"code":"custom.credit_left","mode":"shown"},{"code":"custom.employees","mode":"shown"},{"code":"custom.recommended_by","mode":"shown"}]}]');

        """;

    // None that holds up who takes a call: every VIP has a language, and an address of mail is asked for only before a sale is closed.
    const string RulesSql = """
        insert into required_rule (id, name, occasion, segment, deal_type, deal_stage, fields, active) values
          ('01930000-0000-7000-8000-000000000051', 'VIP clients are greeted in their language', 'wrap_up', 'vip', null, null, '{language}', true),
          ('01930000-0000-7000-8000-000000000052', 'A contract goes out by e-mail', 'stage', null, 'sale', 'negotiation', '{email}', true),
          ('01930000-0000-7000-8000-000000000053', 'Invoices need a tax id (from January)', 'save', null, null, null, '{taxId,address}', false);

        """;

    // Two in five have a contract; of those that ended lately or end soon some have said what they will do.
    const string ValuesSql = """
        with chosen as (
          select id, (@today::date + (n / 5 % 420 - 60))::text as ends, n / 2100 % 3 as said, n / 5 % 420 < 150 as near
          from (select id, ('x' || substr(md5(id::text), 1, 7))::bit(28)::int as n from client where name <> '') c where n % 5 < 2
        )
        update client c set custom = c.custom || jsonb_build_object('contract_end', h.ends) || case when h.near and h.said > 0 then jsonb_build_object('renewal', (array['will_renew', 'undecided'])[h.said]) else '{}' end
        from chosen h where h.id = c.id;
        update client c set custom = c.custom || jsonb_build_object('recommended_by', jsonb_build_object('id', o.by))
        from (select id, lag(id, 3) over (order by number) as by, row_number() over (order by number) as n from client where name <> '' and deleted_at is null) o
        where o.id = c.id and o.by is not null and o.n % 4 = 0;
        """;
}
