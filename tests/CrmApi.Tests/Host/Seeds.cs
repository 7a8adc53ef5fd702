using CallCrm.CrmApi.Access;
using Dapper;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Host;

/// <summary>A small company: three agents, one of each other role, two queues, six clients.</summary>
static class Seeds
{
    public const string Password = "correct horse battery";

    /// <summary>As many as are made for real (100,000) cost 50 ms at each of thousands of sign-ins.</summary>
    public const int PasswordRounds = 1000;

    public static readonly Guid Anna = Id(1), Luca = Id(2), Mila = Id(3), Sara = Id(4), Marco = Id(5), Ada = Id(6), Gone = Id(7);
    public static readonly Guid Sales = Id(21), Support = Id(22);
    public static readonly Guid Rossi = Id(41), Bianchi = Id(42), Ivanov = Id(43), Twin1 = Id(44), Twin2 = Id(45), Evil = Id(46);
    public static readonly Guid RossiDeal = Id(61);
    public static readonly DateTimeOffset Then = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    public static Guid Id(int n) => new($"00000000-0000-7000-8000-{n:x12}");

    static readonly string Hash = new PasswordCheck(Options.Create(new PasswordHasherOptions { IterationCount = PasswordRounds })).Hash(Password);

    public static async Task PlantAsync(NpgsqlDataSource database, string routerAddress)
    {
        await using var connection = await database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into domain (name, command_address) values ('main', @routerAddress);
            insert into settings_version (domain) values ('main');
            insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active) values
              (@Anna, 'anna', 'Anna Verdi', @Hash, 'agent', 'en', true, 'main', @Anna, @Then, true),
              (@Luca, 'luca', 'Luca Neri', @Hash, 'agent', 'en', true, 'main', @Luca, @Then, true),
              (@Mila, 'mila', 'Mila Orlova', @Hash, 'agent', 'en', true, 'main', @Mila, @Then, true),
              (@Sara, 'sara', 'Sara Conti', @Hash, 'supervisor', 'en', false, 'main', @Sara, @Then, true),
              (@Marco, 'marco', 'Marco Riva', @Hash, 'manager', 'en', false, 'main', @Marco, @Then, true),
              (@Ada, 'ada', 'Ada Admin', @Hash, 'admin', 'en', false, 'main', @Ada, @Then, true),
              (@Gone, 'gone', 'Gone Away', @Hash, 'agent', 'en', true, 'main', @Gone, @Then, false);
            insert into queue (id, domain, name, service_level_s, position) values (@Sales, 'main', 'Sales', 20, 1), (@Support, 'main', 'Support', 30, 2);
            insert into queue_agent (queue_id, user_id) values (@Sales, @Anna), (@Sales, @Luca), (@Support, @Mila);
            insert into extension (node, number, domain) values ('pbx', '101', 'main'), ('pbx', '102', 'main'), ('pbx', '103', 'main');
            insert into device (node, name, extension, can_answer, can_hold) values ('pbx', 'PJSIP/101', '101', true, true), ('pbx', 'PJSIP/102', '102', true, true), ('pbx', 'PJSIP/103', '103', false, false);
            insert into dialled_number (number, domain, name, queue_id, source, greeting) values ('390233334444', 'main', 'Web site', @Sales, 'web', 'Good morning, Example');
            insert into pause_reason (domain, code, name, allowance_min) values ('main', 'break', 'Break', 15);
            insert into disposition (code, name, outcome, position) values ('sale', 'Sale', 'positive', 1), ('callback', 'Call back', 'neutral', 2);
            insert into segment (code, name) values ('vip', 'VIP'), ('new', 'New');
            insert into deal_type (code, name) values ('order', 'Order');
            insert into stage (deal_type, code, name, position) values ('order', 'open', 'Open', 1), ('order', 'negotiation', 'Negotiation', 2);
            insert into client (id, kind, name, company, city, segment, responsible_id, confirmed, source, created_at, updated_at) values
              (@Rossi, 'company', 'Mario Rossi', 'Rossi Impianti', 'Milano', 'vip', @Anna, true, 'web', @Then, @Then),
              (@Bianchi, 'person', 'Giulia Bianchi', '', 'Roma', null, null, true, '', @Then, @Then),
              (@Ivanov, 'person', 'Иван Иванов', '', '', null, null, true, '', @Then, @Then),
              (@Twin1, 'person', 'Paolo Twin', '', 'Como', null, null, true, '', @Then, @Then),
              (@Twin2, 'person', 'Piera Twin', '', '', null, null, true, '', @Then, @Then),
              (@Evil, 'person', @evilName, '', '', null, null, true, '', @Then, @Then);
            insert into client_phone (client_id, e164, raw, is_main, added_at) values
              (@Rossi, '+390212345678', '02 12345678', true, @Then), (@Bianchi, '+393331112222', '333 1112222', true, @Then), (@Ivanov, '+74951234567', '+7 495 123 45 67', true, @Then),
              (@Twin1, '+390311111111', '031 1111111', true, @Then), (@Twin2, '+390311111111', '031 1111111', true, @Then), (@Evil, '+442079460000', '+442079460000', true, @Then);
            insert into deal (id, client_id, deal_type, stage, title, amount, stage_since, created_at, responsible_id) values
              (@RossiDeal, @Rossi, 'order', 'negotiation', 'New boilers', 1250.00, @Then, @Then, @Anna);
            insert into task (id, client_id, user_id, title, due_at, created_at) values (@Task, @Rossi, @Anna, 'Send the offer', @Then, @Then);
            """,
            new
            {
                routerAddress,
                Hash,
                Then,
                Anna,
                Luca,
                Mila,
                Sara,
                Marco,
                Ada,
                Gone,
                Sales,
                Support,
                Rossi,
                Bianchi,
                Ivanov,
                Twin1,
                Twin2,
                Evil,
                RossiDeal,
                Task = Id(81),
                evilName = EvilName,
            });
    }

    public const string EvilName = "<img src=x onerror=alert(1)>'; drop table client; -- 🦊";
}
