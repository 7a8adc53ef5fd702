using Dapper;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>What those did who take no calls: files they loaded, settings they changed, what they have before them.</summary>
internal static class DemoOffice
{
    public static async Task FillAsync(NpgsqlConnection connection, DemoOptions options, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var sql in new[] { ImportsSql, ChangesSql, TasksSql, NotesSql, MailsSql }) await connection.ExecuteAsync(new CommandDefinition(sql, new { now, options.Domain }, cancellationToken: ct));
    }

    const string ImportsSql = """
        insert into import_run (id, user_id, file_name, format, size_bytes, state, last_row, total_rows, made, changed, skipped, failed, created_at, started_at, ended_at)
        select i.id::uuid, u.id, i.name, i.format, i.size, 'done', i.rows, i.rows, i.made, i.rows - i.made - i.skipped, i.skipped, 0, w.at, w.at + interval '2 minutes', w.at + interval '2 minutes 4 seconds'
        from (values
          ('01930000-0000-7000-8000-000000000061', 'manager', 'trade-fair-milano.xlsx', 'xlsx', 48213, 214, 203, 4, @now - interval '41 days'),
          ('01930000-0000-7000-8000-000000000062', 'manager', 'partner-addresses.csv', 'csv', 20481, 187, 162, 0, @now - interval '12 days'),
          ('01930000-0000-7000-8000-000000000063', 'admin', 'contracts-2026.csv', 'csv', 61920, 640, 0, 11, @now - interval '6 days')) i (id, login, name, format, size, rows, made, skipped, at)
        join app_user u on u.login = i.login cross join lateral (select date_trunc('day', i.at) + interval '14 hours 20 minutes' as at) w
        """;

    /// <summary>As the administration writes them: what stood there, what stands there now.</summary>
    const string ChangesSql = """
        insert into settings_change (domain, at, user_id, kind, key, name, before, after)
        select @Domain, date_trunc('day', c.at) + interval '9 hours 10 minutes' + c.n * interval '37 minutes', u.id, c.kind, c.key, c.name, c.before::jsonb, c.after::jsonb from (
          select 0 as n, @now - interval '58 days' as at, 'client_field' as kind, f.code as key, f.name, null as before,
            jsonb_build_object('code', f.code, 'name', f.name, 'kind', f.kind, 'options', f.options, 'position', f.position, 'archived', false, 'version', 1, 'target', f.target, 'expression', f.expression)::text as after from client_field f
          union all values
            (1, @now - interval '33 days', 'queue', '01930000-0000-7000-8000-000000000020', 'Support', '{"wrapUp_s":20,"version":1}', '{"wrapUp_s":30,"version":2}'),
            (2, @now - interval '32 days', 'queue', '01930000-0000-7000-8000-000000000021', 'Billing', '{"ring_s":15,"maxWait_s":240,"version":1}', '{"ring_s":20,"maxWait_s":300,"version":2}'),
            (3, @now - interval '20 days', 'client_field', 'credit_left', 'Credit left', '{"expression":"custom.credit_limit - openDealsSum","version":1}', '{"expression":"custom.credit_limit - coalesce(openDealsSum, 0)","version":2}'),
            (4, @now - interval '9 days', 'number', '+390294750003', 'Invoices', '{"greeting":"Good day, accounting.","version":1}', '{"greeting":"Good day, accounting of CallCrm Demo.","version":2}'),
            (5, @now - interval '3 days', 'required_rule', '01930000-0000-7000-8000-000000000053', 'Invoices need a tax id (from January)', '{"active":true,"version":1}', '{"active":false,"version":2}')
        ) c join app_user u on u.login = case when c.n in (2, 4) then 'manager' else 'admin' end
        order by c.at, c.n, c.key
        """;

    /// <summary>On every ninth card, in the client's language, by whoever is responsible.</summary>
    const string NotesSql = """
        insert into client_note (id, client_id, user_id, at, text)
        select gen_random_uuid(), c.id, c.responsible_id, greatest(c.created_at, @now - (c.number % 50 + 1) * interval '1 day') + (c.number % 7) * interval '41 minutes', t.texts[1 + c.number % cardinality(t.texts)]
        from client c cross join lateral (select case c.language
          when 'it' then array['Preferisce essere richiamato dopo le 16.', 'Chiedere sempre della signora Marta.', 'Vuole la fattura per posta.', 'Ha chiesto il catalogo aggiornato.']
          when 'ru' then array['Просит звонить после четырёх.', 'Решает директор, секретарь — Ольга.', 'Счёт нужен на бумаге.', 'Просил новый каталог.']
          else array['Prefers to be rung after four.', 'Ask for Martha, she decides.', 'Wants the invoice by post.', 'Asked for the new catalogue.'] end as texts) t
        where c.number % 9 = 0 and c.responsible_id is not null and c.merged_into is null and c.deleted_at is null
        """;

    /// <summary>On every eleventh card that has an address: a question of theirs, or an answer by whoever is responsible.</summary>
    const string MailsSql = """
        insert into client_mail (id, client_id, message_id, direction, from_name, from_addr, to_addrs, subject, sent_at, text, added_by, added_at)
        select gen_random_uuid(), c.id, c.number || '@mail.example', case when c.number % 2 = 0 then 'in' else 'out' end,
          case when c.number % 2 = 0 then c.name else u.name end, case when c.number % 2 = 0 then c.email else u.login || '@callcrm.example' end, case when c.number % 2 = 0 then 'office@callcrm.example' else c.email end,
          t.texts[1 + c.number % 2], w.at, t.texts[3 + c.number % 2], u.id, w.at + interval '3 minutes'
        from client c join app_user u on u.id = c.responsible_id cross join lateral (select case c.language
          when 'it' then array['La vostra offerta', 'Il nostro appuntamento', 'Buongiorno, potete mandarmi l''offerta aggiornata? Grazie.', 'Buongiorno, confermo il nostro appuntamento. In allegato trova i documenti.']
          when 'ru' then array['Ваше предложение', 'Наша встреча', 'Добрый день! Пришлите, пожалуйста, обновлённое предложение.', 'Добрый день! Подтверждаю нашу встречу, документы вышлю отдельно.']
          else array['Your offer', 'Our appointment', 'Hello, could you send me the new offer? Thank you.', 'Hello, this is to confirm our appointment. I shall send the papers separately.'] end as texts) t
        cross join lateral (select least(greatest(c.created_at, @now - (c.number % 40 + 1) * interval '1 day') + (c.number % 5) * interval '53 minutes', @now - interval '10 minutes') as at) w
        where c.number % 11 = 0 and c.email <> '' and c.merged_into is null and c.deleted_at is null
        """;

    const string TasksSql = """
        insert into task (id, user_id, kind, title, due_at, done_at, created_at)
        select ('01930000-0000-7000-8000-0000000000' || t.id)::uuid, u.id, 'task', t.title, @now + t.due, @now + t.done, @now + t.due - interval '6 days'
        from (values
          ('71', 'supervisor', 'Listen to three of Luca''s calls', interval '5 hours', null::interval), ('72', 'supervisor', 'Plan the shifts of the holidays', interval '3 days', null),
          ('73', 'supervisor', 'Talk with Irina about the complaints', interval '-3 hours', null), ('74', 'supervisor', 'Send the figures of the week', interval '-2 days', interval '-50 hours'),
          ('75', 'manager', 'Go through the deals in negotiation', interval '4 hours', null), ('76', 'manager', 'Look at the possible duplicates', interval '2 days', null),
          ('77', 'manager', 'Answer the partner in Verona', interval '-1 days', interval '-26 hours'), ('78', 'admin', 'Check the backup', interval '1 days', null)) t (id, login, title, due, done)
        join app_user u on u.login = t.login
        """;
}
