using System.Security.Cryptography;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>One of each kind of thing in a person's name. What somebody is told of it has its mark: no other text has it.</summary>
/// <param name="Person">Whose they are; of who is not there, nothing is there.</param>
/// <param name="N">Apart for each person.</param>
sealed record Things(Guid Person, int N)
{
    public Guid Client => Id(1);

    /// <summary>With the client's number.</summary>
    public Guid Twin => Id(2);

    public Guid BinnedClient => Id(3);

    /// <summary>Made from <see cref="FreshCall"/>, nobody's.</summary>
    public Guid Fresh => Id(4);

    public Guid Deal => Id(5);

    public Guid BinnedDeal => Id(6);

    public Guid Task => Id(7);

    public Guid BinnedTask => Id(8);

    public Guid Call => Id(9);

    public Guid FreshCall => Id(10);

    public Guid Recording => Id(11);

    public Guid Mail => Id(12);

    public Guid BinnedMail => Id(13);

    public Guid File => Id(14);

    public Guid BinnedFile => Id(15);

    /// <summary>The queue that the person serves, the call that was missed there, and its number.</summary>
    public Guid Missed => Id(16);

    public Guid Note => Id(17);

    public Guid Merge => Id(18);

    /// <summary>A call that waits for its wrap-up.</summary>
    public Guid Unfinished => Id(19);

    public Guid Import => Id(20);

    public string Mark(string kind) => $"{kind}-zq{(char)('a' + N)}.";

    public string Number => $"+39023000000{N}";

    public string Content => $"What stands in a file of {N}";

    public string Sha => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Content)));

    Guid Id(int kind) => Seeds.Id(0x10000 * (N + 1) + kind);
}

/// <summary>The people under test, their departments (Sales ▸ Sales north; Service) and what is theirs.</summary>
static class ReachPlants
{
    public static readonly Things Me = new(Seeds.Id(301), 0), Peer = new(Seeds.Id(302), 1), Below = new(Seeds.Id(303), 2), Other = new(Seeds.Id(304), 3);
    public static readonly Things[] People = [Me, Peer, Below, Other];

    /// <summary>Nobody, and nothing of theirs.</summary>
    public static readonly Things Ghost = new(Seeds.Id(309), 9);

    /// <summary>By the right that would have to reach it: what stands on one's own cards, in the name of <see cref="Other"/>. Whoever may only see their own is told of it nowhere.</summary>
    public static readonly Dictionary<string, string> Foreign = new()
    {
        [Rights.SeeDeals] = "foreign deal",
        [Rights.SeeTasks] = "foreign task",
        [Rights.WorkWithClients] = "foreign contact",
    };

    /// <summary>A deal of one's own, of another's client, to which a field of one's own card leads: seen with its client alone.</summary>
    public const string Linked = "foreign linked";

    static readonly Guid[] ForeignDeals = [Seeds.Id(321), Seeds.Id(322), Seeds.Id(323)];
    static readonly Guid LinkedDeal = Seeds.Id(324), ForeignTask = Seeds.Id(325), ForeignContact = Seeds.Id(326);

    public const string Login = "reach", Role = "reach";
    static readonly Guid Sales = Seeds.Id(311), North = Seeds.Id(312), Service = Seeds.Id(313);

    public static async Task PeopleAsync(ApiHost host)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        if (await database.ExecuteScalarAsync<bool>("select exists (select from role where code = @Role)", new { Role })) return;
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values (@Role, 'Reach', 'agent');
            insert into department (id, name, parent_id) values (@Sales, 'Sales', null), (@North, 'Sales north', @Sales), (@Service, 'Service', null);
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at, department_id)
            select id, case when n = 1 then @Login else 'reach.' || n end, name, (select password_hash from app_user where login = 'anna'), @Role, true, 'main', id, now(), d
            from unnest(@people, @names, @departments) with ordinality as u(id, name, d, n);
            insert into queue (id, domain, name) select id, 'main', name from unnest(@missed, @queues) as q(id, name);
            insert into queue_agent (queue_id, user_id) select q, p from unnest(@missed, @people) as x(q, p);
            insert into audit (at, user_id, action, object, object_id) select now(), p, 'probe', 'export', name from unnest(@people, @audits) as x(p, name);
            insert into import_run (id, user_id, file_name, format, size_bytes, state, created_at) select i, p, name, 'csv', 1, 'done', now() from unnest(@imports, @people, @files) as x(i, p, name);
            insert into client_field (code, name, kind, target, position) values ('about', 'About', 'link', 'deal', 1);
            update access_version set version = version + 1;
            """,
            new
            {
                Role,
                Login,
                Sales,
                North,
                Service,
                people = Of(t => t.Person),
                names = Of(t => t.Mark("person")),
                departments = new[] { Sales, Sales, North, Service },
                missed = Of(t => t.Missed),
                queues = Of(t => t.Mark("queue")),
                audits = Of(t => t.Mark("audit")),
                imports = Of(t => t.Import),
                files = Of(t => t.Mark("import")),
            });
        var files = host.Services.GetRequiredService<StoredFiles>();
        foreach (var things in People)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(files.PathOf(things.Sha))!);
            await File.WriteAllTextAsync(files.PathOf(things.Sha), things.Content);
            Directory.CreateDirectory(host.RecordingFolder);
            await File.WriteAllTextAsync(Path.Combine(host.RecordingFolder, things.Mark("sound") + "opus"), things.Mark("sound"));
        }
    }

    /// <summary>All as it was before anything was tried.</summary>
    public static async Task PlantAsync(ApiHost host)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await using var transaction = await database.BeginTransactionAsync();
        // What is calculated anew after the last try locks the same cards in another order.
        await database.ExecuteAsync("lock table client in exclusive mode", transaction: transaction);
        await database.ExecuteAsync(Sql, new
        {
            people = Of(t => t.Person),
            clients = Of(t => t.Client),
            names = Of(t => t.Mark("client")),
            sources = Of(t => t.Mark("source")),
            numbers = Of(t => t.Number),
            twins = Of(t => t.Twin),
            twinNames = Of(t => t.Mark("twin")),
            binned = Of(t => t.BinnedClient),
            binnedNames = Of(t => t.Mark("bin")),
            fresh = Of(t => t.Fresh),
            freshNames = Of(t => t.Mark("fresh")),
            deals = Of(t => t.Deal),
            dealTitles = Of(t => t.Mark("deal")),
            binnedDeals = Of(t => t.BinnedDeal),
            binnedDealTitles = Of(t => t.Mark("bin")),
            tasks = Of(t => t.Task),
            taskTitles = Of(t => t.Mark("task")),
            binnedTasks = Of(t => t.BinnedTask),
            binnedTaskTitles = Of(t => t.Mark("bin")),
            calls = Of(t => t.Call),
            callNotes = Of(t => t.Mark("call")),
            freshCalls = Of(t => t.FreshCall),
            unfinished = Of(t => t.Unfinished),
            recordings = Of(t => t.Recording),
            sounds = Of(t => t.Mark("sound") + "opus"),
            said = Of(t => t.Mark("said")),
            mails = Of(t => t.Mail),
            mailSubjects = Of(t => t.Mark("mail")),
            binnedMails = Of(t => t.BinnedMail),
            binnedMailSubjects = Of(t => t.Mark("bin")),
            files = Of(t => t.File),
            fileNames = Of(t => t.Mark("file") + "txt"),
            binnedFiles = Of(t => t.BinnedFile),
            shas = Of(t => t.Sha),
            missed = Of(t => t.Missed),
            notes = Of(t => t.Note),
            noteTexts = Of(t => t.Mark("note")),
            Me = Me.Person,
            Other = Other.Person,
            ForeignDeals,
            onCards = new[] { Me.Client, Me.Twin, Me.BinnedClient },
            foreignDeal = Foreign[Rights.SeeDeals],
            LinkedDeal,
            Linked,
            ofOther = Other.Client,
            ForeignTask,
            foreignTask = Foreign[Rights.SeeTasks],
            ForeignContact,
            foreignContact = Foreign[Rights.WorkWithClients],
            Seeds.Ada,
        }, transaction);
        await transaction.CommitAsync();
    }

    /// <summary>What all of it comes to: the same as long as nothing was changed by who was asked to leave it alone.</summary>
    public static async Task<string> SumAsync(ApiHost host)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        var rows = string.Join(" union all ", Written.Select((t, n) => $"select {n} || t::text as row from {t} t"));
        return $"{await database.ExecuteScalarAsync<string>($"select md5(string_agg(row, '' order by row)) from ({rows}) x")} {host.Router.Commands.Count}";
    }

    /// <summary>Also the audit of what was done, but not of what was looked at or taken out; not what a worker derives from what stands there.</summary>
    static readonly string[] Written =
    [
        "(select to_jsonb(c) - array['link_words', 'own_words', 'linked'] as card from client c)", "client_phone", "client_email", "client_address", "client_note", "client_mail", "client_merge", "client_different", "deal", "task", "file", "call", "call_draft", "wrap_up", "wrap_up_proposal", "missed_claim", "missed_done",
        "blocked_number", "block_mark", "transcript_wish", "(select id, object, object_id, detail from audit where detail ? 'before')",
    ];

    static T[] Of<T>(Func<Things, T> of) => [.. People.Select(of)];

    const string Sql =
        """
        delete from transcript_line where recording_id = any(@recordings); delete from transcript where recording_id = any(@recordings); delete from recording where id = any(@recordings);
        delete from wrap_up_proposal where call_id = any(@calls || @unfinished); delete from call_stage_change where call_id = any(@calls || @unfinished); delete from wrap_up where call_id = any(@calls || @unfinished || @freshCalls);
        delete from call_draft where call_id = any(@calls || @unfinished); delete from offer where call_id = any(@calls); delete from call_leg where call_id = any(@calls || @unfinished);
        delete from missed_claim where number_id = any(@missed); delete from missed_done where number_id = any(@missed); delete from missed_call where call_id = any(@missed);
        delete from block_mark where made_by = any(@people); delete from blocked_number where made_by = any(@people);
        delete from call where id = any(@calls || @unfinished || @freshCalls || @missed);
        delete from file where object_id = any(@clients || @deals || @calls); delete from client_mail where client_id = any(@clients || @twins); delete from client_note where client_id = any(@clients || @twins);
        delete from task where user_id = any(@people); delete from deal where client_id = any(@clients || @twins || @binned);
        delete from client_different where one_id = any(@clients || @twins) or other_id = any(@clients || @twins); delete from client_merge where winner_id = any(@clients || @twins) or loser_id = any(@clients || @twins);
        delete from client_phone where client_id = any(@clients || @twins || @binned || @fresh); delete from client_email where client_id = any(@clients || @twins); delete from client_address where client_id = any(@clients || @twins);
        update client set merged_into = null where id = any(@clients || @twins); delete from client where id = @ForeignContact; delete from client where id = any(@clients || @twins || @binned || @fresh);

        insert into client (id, name, source, responsible_id, confirmed, created_at, updated_at) select c, n, s, p, true, now(), now() from unnest(@clients, @names, @sources, @people) as x(c, n, s, p);
        insert into client (id, name, responsible_id, confirmed, created_at, updated_at) select c, n, p, true, now(), now() from unnest(@twins, @twinNames, @people) as x(c, n, p);
        insert into client (id, name, responsible_id, confirmed, created_at, updated_at, deleted_at, deleted_by) select c, n, p, true, now(), now(), now(), @Ada from unnest(@binned, @binnedNames, @people) as x(c, n, p);
        insert into client (id, name, confirmed, created_at, updated_at) select c, n, false, now(), now() from unnest(@fresh, @freshNames) as x(c, n);
        insert into client_phone (client_id, e164, raw, is_main, added_at) select c, n, n, true, now() from unnest(@clients || @twins, @numbers || @numbers) as x(c, n);
        insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id) select d, c, 'order', 'open', t, now(), now(), p from unnest(@deals, @clients, @dealTitles, @people) as x(d, c, t, p);
        insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id, deleted_at, deleted_by)
        select d, c, 'order', 'open', t, now(), now(), p, now(), @Ada from unnest(@binnedDeals, @clients, @binnedDealTitles, @people) as x(d, c, t, p);
        insert into task (id, client_id, user_id, title, due_at, created_at) select t, c, p, n, now(), now() from unnest(@tasks, @clients, @people, @taskTitles) as x(t, c, p, n);
        insert into task (id, client_id, user_id, title, due_at, created_at, deleted_at, deleted_by) select t, c, p, n, now(), now(), now(), @Ada from unnest(@binnedTasks, @clients, @people, @binnedTaskTitles) as x(t, c, p, n);
        insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, dialled_raw, agent_id, client_id, started_at, answered_at, ended_at, outcome, talk_ms, last_seq)
        select k, 'main', 'pbx', 'Inbound', 'Ended', false, n, 'E164', n, '1', p, c, now(), now(), now(), 'Answered', 1000, 1
        from unnest(@calls || @unfinished || @freshCalls, @people || @people || @people, @clients || @clients || @fresh, @numbers || @numbers || @numbers) as x(k, p, c, n);
        insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms, wrap_up_ms)
        select 'pbx', k::text, k, 'PJSIP/1', p, false, now(), now(), now(), 1000, 0, 1000 from unnest(@calls || @unfinished, @people || @people) as x(k, p);
        insert into wrap_up (call_id, agent_id, disposition, note, created_at, script_id, path, answers) select k, p, 'sale', n, now(), 'zq', '{first}', '{"q": "a"}' from unnest(@calls, @people, @callNotes) as x(k, p, n);
        insert into recording (id, node, pbx_unique_id, call_id, status, path, duration_ms, size_bytes, waveform, created_at, taken_at)
        select r, 'pbx', k::text, k, 'ready', s, 0, 1, '', now(), now() from unnest(@recordings, @calls, @sounds) as x(r, k, s);
        insert into transcript (recording_id, state, model, language, opening, words, created_at, finished_at) select r, 'done', 'tiny', 'en', s, '{said}', now(), now() from unnest(@recordings, @said) as x(r, s);
        insert into transcript_line (recording_id, n, side, from_ms, to_ms, text) select r, 1, 'client', 0, 4000, s from unnest(@recordings, @said) as x(r, s);
        insert into client_mail (id, client_id, message_id, direction, subject, sent_at, added_by, added_at) select m, c, m::text, 'in', s, now(), @Ada, now() from unnest(@mails, @clients, @mailSubjects) as x(m, c, s);
        insert into client_mail (id, client_id, message_id, direction, subject, sent_at, added_by, added_at, deleted_at, deleted_by) select m, c, m::text, 'in', s, now(), @Ada, now(), now(), @Ada from unnest(@binnedMails, @clients, @binnedMailSubjects) as x(m, c, s);
        insert into file (id, object_kind, object_id, name, size_bytes, sha256, kind, content_type, uploaded_by, uploaded_at) select f, 'client', c, n, 1, s, 'text', 'text/plain', p, now() from unnest(@files, @clients, @fileNames, @shas, @people) as x(f, c, n, s, p);
        insert into file (id, object_kind, object_id, name, size_bytes, sha256, kind, content_type, uploaded_by, uploaded_at, deleted_at, deleted_by)
        select f, 'client', c, n, 1, s, 'text', 'text/plain', p, now(), now(), p from unnest(@binnedFiles, @clients, @fileNames, @shas, @people) as x(f, c, n, s, p);
        insert into missed_call (call_id, domain, number_id, e164, queue_id, kind, missed_at) select m, 'main', m, n, m, 'Abandoned', now() from unnest(@missed, @numbers) as x(m, n);
        insert into client_note (id, client_id, user_id, at, text) select n, c, @Me, now(), t from unnest(@notes, @clients, @noteTexts) as x(n, c, t);
        insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id) select d, c, 'order', 'open', @foreignDeal, now(), now(), @Other from unnest(@ForeignDeals, @onCards) as x(d, c);
        insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id) values (@LinkedDeal, @ofOther, 'order', 'open', @Linked, now(), now(), @Me);
        update client set custom = jsonb_build_object('about', jsonb_build_object('id', @LinkedDeal)) where id = any(@onCards);
        insert into task (id, client_id, user_id, title, due_at, created_at) values (@ForeignTask, @onCards[1], @Other, @foreignTask, now(), now());
        insert into client (id, name, responsible_id, company_id, confirmed, created_at, updated_at) values (@ForeignContact, @foreignContact, @Other, @onCards[1], true, now(), now());
        """;
}
