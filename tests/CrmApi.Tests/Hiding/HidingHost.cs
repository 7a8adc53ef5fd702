using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using Dapper;

namespace CallCrm.CrmApi.Tests.Hiding;

/// <summary>Two people who may do everything, one of whom sees neither numbers nor sensitive fields, and a client who has left both everywhere.</summary>
static class HidingHost
{
    public static readonly Guid Vera = Seeds.Id(701), Oleg = Seeds.Id(702);
    public static readonly Guid Client = Seeds.Id(711), Company = Seeds.Id(712), Twin = Seeds.Id(713), Binned = Seeds.Id(714), Fresh = Seeds.Id(715);
    public static readonly Guid Call = Seeds.Id(721), Unfinished = Seeds.Id(723), Olegs = Seeds.Id(724), Recording = Seeds.Id(731);

    /// <summary>As digits alone: how a reader would find them, whatever stands between them.</summary>
    public const string Digits = "3475550123", OtherDigits = "0255501234", Caller = "+393475550123";

    public const string Mail = "secret.mail@hidden.example", TaxId = "RSSMRA80A01H501U", Address = "Via Segreta 77", City = "Nascosta", Note = "prefers to be hidden", OwnText = "own hidden words";

    public static readonly string[] Sensitive = [Mail, TaxId, Address, City, Note, OwnText];

    public static async Task PlantAsync(ApiHost host, Story story)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        if (await database.ExecuteScalarAsync<bool>("select exists (select from role where code = 'veiled')")) return;
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values ('veiled', 'Veiled', 'admin'), ('open', 'Open', 'admin');
            insert into role_right (role, right_code, scope) select r.code, t.code, 'all' from unnest(@rights) t (code), role r where r.code = 'open' or (r.code = 'veiled' and t.code not in ('client.numbers', 'client.sensitive'));
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at)
            select id, login, login, (select password_hash from app_user where login = 'anna'), role, true, 'main', gen_random_uuid(), now()
            from unnest(@people, array['vera', 'oleg'], array['veiled', 'open']) as u(id, login, role);
            insert into client_field (code, name, kind, position) values ('secret', 'Secret', 'text', 1), ('plain', 'Plain', 'text', 2);
            insert into sensitive_field (field) values ('email'), ('taxId'), ('address'), ('city'), ('note'), ('custom.secret');
            update access_version set version = version + 1;
            insert into client (id, kind, name, company, email, city, note, tax_id, address, company_id, confirmed, source, custom, created_at, updated_at, hidden_at, deleted_at, deleted_by) values
              (@Company, 'company', '', 'Nove Srl', '', '', '', '', '', null, true, '', '{}', now(), now(), null, null, null),
              (@Client, 'person', 'Nora Nove 347 555 0123', 'Nove Srl', @Mail, @City, @Note || ' 347.555.0123', @TaxId, @Address, @Company, true, 'web', jsonb_build_object('secret', @OwnText::text, 'plain', 'or 02 5550 1234'), now(), now(), null, null, null),
              (@Twin, 'person', 'Nora Nove', 'Nove Srl', @Mail, @City, '', @TaxId, '', null, true, '', '{}', now(), now(), null, null, null),
              (@Binned, 'person', 'Nora Bin +39 347 555 0123', '', @Mail, '', '', '', '', null, true, '', '{}', now(), now(), null, now(), @Oleg),
              (@Fresh, 'person', '+393475550123', '', '', '', '', '', '', null, false, '', '{}', now(), now(), null, null, null);
            insert into client_phone (client_id, e164, raw, label, is_main, added_at) values
              (@Client, '+393475550123', '3475550123', 'home', true, now()), (@Client, '+390255501234', '02 5550 1234', '', false, now()),
              (@Twin, '+393475550123', '3475550123', '', true, now()), (@Company, '+390255501234', '02 5550 1234', '', true, now()),
              (@Binned, '+393475550123', '3475550123', '', true, now()), (@Fresh, '+393475550123', '3475550123', '', true, now());
            insert into client_email (client_id, address, position) values (@Client, 'more.' || @Mail, 1);
            insert into client_address (client_id, kind, line, text, position) values (@Client, 'legal', @Address, @Address, 1);
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at) values (gen_random_uuid(), @Client, 'order', 'open', 'Call +39 347 555 0123', now(), now());
            insert into task (id, client_id, user_id, title, due_at, created_at) values (gen_random_uuid(), @Client, @Vera, 'Ring 00393475550123', now(), now());
            insert into blocked_number (id, domain, e164, reason, note, made_by, made_at) values (gen_random_uuid(), 'main', '+390255501234', 'other', 'is 3475550123', @Oleg, now());
            insert into settings_change (domain, at, user_id, kind, key, name, before, after) values ('main', now(), @Oleg, 'blocked', 'x', '+390255501234', null, jsonb_build_object('number', '+390255501234'));
            insert into import_run (id, user_id, file_name, format, size_bytes, state, errors, created_at) values
              (gen_random_uuid(), @Oleg, '3475550123.csv', 'csv', 1, 'done', '[{"row":2,"column":"Phone","value":"3475550123","expected":"x"}]', now());
            insert into client_merge (id, winner_id, loser_id, taken, winner_before, loser_before, winner_after, made_by, made_at)
              values (gen_random_uuid(), @Client, @Twin, '{}', '{}', '{"name": "Was 3475550123"}', '{}', @Oleg, now());
            """,
            new
            {
                rights = RightCatalog.All.Select(r => r.Code).ToArray(),
                people = new[] { Vera, Oleg },
                Client,
                Company,
                Twin,
                Binned,
                Fresh,
                Oleg,
                Vera,
                Mail,
                TaxId,
                Address,
                City,
                Note,
                OwnText,
            });
        var offer = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Arrives(Call, Story.From(Caller), LookupOutcome.Known, Client, name: Digits), .. story.Offers(Call, offer, Vera, "101", Client), .. story.Answers(Call, offer, Vera, "101"),
            .. story.Ends(Call, Vera, "101", Client), story.Agent(Vera, AgentState.Ready, "101", null)]);
        offer = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Arrives(Unfinished, Story.From(Caller), LookupOutcome.Known, Client), .. story.Offers(Unfinished, offer, Vera, "101", Client), .. story.Answers(Unfinished, offer, Vera, "101"),
            .. story.Ends(Unfinished, Vera, "101", Client), story.Agent(Vera, AgentState.Ready, "101", null)]);
        offer = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Arrives(Olegs, Story.From(Caller), LookupOutcome.Known, Client), .. story.Offers(Olegs, offer, Oleg, "102", Client), .. story.Answers(Olegs, offer, Oleg, "102"),
            .. story.Ends(Olegs, Oleg, "102", Client), story.Agent(Oleg, AgentState.Ready, "102", null)]);
        await story.WrittenAsync(host);
        await database.ExecuteAsync(
            """
            insert into wrap_up (call_id, agent_id, disposition, note, created_at) values (@Call, @Vera, 'sale', 'will ring 347-555-0123', now());
            update call_leg set wrap_up_ms = 1000 where call_id in (@Unfinished, @Olegs) and agent_id is not null;
            insert into call_draft (call_id, field, value, version, user_id, page_id, updated_at) values
              (@Unfinished, 'note', to_jsonb('from 3475550123'::text), 1, @Oleg, 'p', now()), (@Unfinished, @phones, to_jsonb('+39 347 555 0123'::text), 1, @Oleg, 'p', now()),
              (@Unfinished, @mailField, to_jsonb(@Mail::text), 1, @Oleg, 'p', now());
            insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, waveform, created_at, taken_at) values (@Recording, 'pbx', @unique, @Call, 'ready', 9000, 1, 'gone.opus', '', now(), now());
            insert into transcript (recording_id, state, model, language, opening, words, created_at, finished_at) values (@Recording, 'done', 'tiny', 'en', 'Ring me at 347 555 0123', '{ring}', now(), now());
            insert into transcript_line (recording_id, n, side, from_ms, to_ms, text) values (@Recording, 1, 'client', 0, 4000, 'Ring me at 347 555 0123');
            """,
            new { Recording, unique = $"{Call:N}.1", Call, Vera, Oleg, Unfinished, Olegs, Mail, phones = $"card.{Client:N}_phones", mailField = $"card.{Client:N}_email" });
    }

    /// <summary>The client gave up: their number waits for a call back, until somebody speaks with them.</summary>
    public static async Task MissAsync(ApiHost host, Story story, Guid call)
    {
        await story.WriteAsync([.. story.Arrives(call, Story.From(Caller), LookupOutcome.Known, Client, name: "Nora"), story.Abandons(call, 40_000)]);
        await story.WrittenAsync(host);
    }

    /// <summary>What of the client's stands in a text, with whatever between its digits.</summary>
    public static IEnumerable<string> Found(string text)
    {
        var joined = string.Concat(text.Where(c => c is not (' ' or '-' or '.' or '(' or ')' or '/' or '\u00a0')));
        foreach (var digits in new[] { Digits, OtherDigits, OtherDigits[1..] }.Where(d => joined.Contains(d, StringComparison.Ordinal))) yield return digits;
        foreach (var sensitive in Sensitive.Where(s => text.Contains(s, StringComparison.OrdinalIgnoreCase))) yield return sensitive;
    }
}
