using System.Globalization;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>What a host keeps outside the database; without it the demo has no files and no webhook.</summary>
public readonly record struct DemoKeeps(StoredFiles? Files, IDataProtectionProvider? Protection);

/// <summary>Fills an empty database with a made-up company: people, queues, clients, deals and the calls of the last weeks.</summary>
public static class DemoData
{
    /// <summary>In one transaction, only when nobody has used the database; false when it was not empty.</summary>
    public static async Task<bool> SeedIfEmptyAsync(NpgsqlDataSource source, DemoOptions options, TimeProvider time, CancellationToken ct, DemoKeeps keeps = default)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(4849380214)", cancellationToken: ct));
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from app_user) or exists (select from client) or exists (select from call)", cancellationToken: ct))) return false;
        var now = time.GetUtcNow();
        await DemoSettings.InsertAsync(connection, options, new PasswordHasher<object>().HashPassword(options, options.Password), now, ct);
        await InsertWorkAsync(connection, options, keeps, now, ct);
        await transaction.CommitAsync(ct);
        await using var analyze = new NpgsqlCommand("analyze", connection) { CommandTimeout = 120 };
        await analyze.ExecuteNonQueryAsync(ct);
        return true;
    }

    static async Task InsertWorkAsync(NpgsqlConnection connection, DemoOptions options, DemoKeeps keeps, DateTimeOffset now, CancellationToken ct)
    {
        var random = new DemoRandom(options.Seed);
        var maker = new DemoClients(random, options, now.AddDays(-options.Days - 1));
        var clients = maker.Make();
        var deals = DemoDeals.Make(random, clients, clients.Count * 7 / 10, now);
        var history = new DemoHistory(random, options, clients, clients.Count * 7 / 10, now);
        history.Run();
        // Who never called in these days had called before: so that all of them exist.
        for (var n = history.Known; n < clients.Count; n++) clients[n].CreatedAt = clients[n].UpdatedAt = now.AddDays(-options.Days - 1 - random.Next(300));
        foreach (var client in clients) maker.AddPhones(client);
        DemoSegments.Assign(clients, deals, history, now);
        var cards = new DemoCards(new DemoRandom(options.Seed + 2), options, now);
        cards.Dress(clients, deals, history);
        await DemoInsert.RowsAsync(connection, "client", clients.OrderBy(c => c.CreatedAt).ThenBy(c => c.Id), ct);
        await DemoInsert.RowsAsync(connection, "client_phone", maker.Phones, ct);
        await DemoInsert.RowsAsync(connection, "client_email", cards.Emails, ct);
        await using (var places = new NpgsqlCommand("insert into client_address (client_id, kind, line, text, position) select id, case kind when 'company' then 'legal' else 'actual' end, address, address, 1 from client where address <> ''", connection))
            await places.ExecuteNonQueryAsync(ct);
        await DemoInsert.RowsAsync(connection, "blocked_number", cards.Blocked, ct);
        await DemoInsert.RowsAsync(connection, "deal", deals.OrderBy(d => d.CreatedAt), ct);
        await DemoInsert.RowsAsync(connection, "call", history.Calls.OrderBy(c => c.StartedAt), ct);
        await DemoInsert.RowsAsync(connection, "call_leg", history.Legs, ct);
        await DemoInsert.RowsAsync(connection, "offer", history.Offers, ct);
        await DemoInsert.RowsAsync(connection, "route_decision", history.Decisions, ct);
        await DemoInsert.RowsAsync(connection, "client_contact", history.Contacts, ct);
        await connection.ExecuteAsync(new CommandDefinition("select missed_project(@calls)", new { calls = history.Calls.ConvertAll(c => c.Id).ToArray() }, commandTimeout: 120, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(WrittenTo, new { now }, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "agent_state_span", history.Spans, ct);
        await DemoInsert.RowsAsync(connection, "wrap_up", history.WrapUps, ct);
        await connection.ExecuteAsync(new CommandDefinition(Proposed, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "script_visit", history.Scripts.Visits, ct);
        await DemoTalks.FillAsync(connection, history, clients, now, ct);
        await DemoFields.FillAsync(connection, now, ct);
        await DemoMoves.FillAsync(connection, now, ct);
        await DemoInsert.RowsAsync(connection, "task", DemoDeals.Tasks(random, clients, history, now), ct);
        await DemoOffice.FillAsync(connection, options, now, ct);
        await DemoWebhook.FillAsync(connection, options, keeps.Protection, now, ct);
        await DemoFiles.FillAsync(connection, keeps.Files, new DemoRandom(options.Seed + 3), clients, deals, now, ct);
    }

    /// <summary>Who was not reached within four days was written to, and waits no more.</summary>
    const string WrittenTo = """
        insert into missed_done (number_id, at, user_id, reason)
        select m.number_id, max(m.missed_at) + interval '1 day', (select id from app_user where login = 'supervisor'), 'mail' from missed_call m
        where m.number_id is not null and m.reached_at is null and m.missed_at < @now - interval '4 days' group by m.number_id
        """;

    /// <summary>Most wrap-ups were filled in by one key; the note was changed more often than the rest.</summary>
    const string Proposed = """
        update wrap_up w set prefilled = f.prefilled, kept = case p.n % 7 when 0 then array['subject'] when 1 then array['disposition', 'subject'] when 2 then array['note', 'subject'] else f.prefilled end, subject = coalesce(nullif(split_part(w.note, '.', 1), ''), '')
        from (select call_id, agent_id, ('x' || substr(md5(call_id::text), 1, 4))::bit(16)::int as n from wrap_up) p cross join (select array['disposition', 'note', 'subject'] as prefilled) f
        where p.call_id = w.call_id and p.agent_id = w.agent_id and p.n % 10 < 7
        """;
}

/// <summary>People, queues, devices and lists.</summary>
internal static class DemoSettings
{
    sealed record UserRow(Guid Id, string Login, string Name, string PasswordHash, string Role, bool IsAgent, string Domain, Guid SecurityStamp, DateTimeOffset CreatedAt);

    sealed record QueueRow(Guid Id, string Domain, string Name, int Position, int RingS, int WrapUpS, int MaxWaitS);

    sealed record MemberRow(Guid QueueId, Guid UserId, int Level);

    sealed record ExtensionRow(string Node, string Number, string Domain);

    sealed record DeviceRow(string Node, string Name, string Extension, bool CanAnswer, bool CanHold);

    sealed record NumberRow(string Number, string Domain, string Name, Guid QueueId, string Source, string Greeting);

    sealed record PauseRow(string Domain, string Code, string Name, int? AllowanceMin, int Position);

    sealed record DepartmentRow(Guid Id, string Name, Guid? ParentId);

    sealed record ListRow(string Code, string Name, int Position);

    sealed record DispositionRow(string Code, string Name, string Outcome, int Position);

    sealed record CodeRow(string Code, string Name);

    sealed record StageRow(string DealType, string Code, string Name, int Position, string? Outcome);

    public static async Task InsertAsync(NpgsqlConnection connection, DemoOptions options, string passwordHash, DateTimeOffset now, CancellationToken ct)
    {
        var agents = DemoCompany.People.Where(p => p.IsAgent).ToArray();
        await connection.ExecuteAsync(new CommandDefinition("insert into domain (name) values (@Domain) on conflict do nothing; insert into settings_version (domain) values (@Domain) on conflict do nothing", options, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "app_user", DemoCompany.People.Select(p => new UserRow(p.Id, p.Login, p.Name, passwordHash, p.Role, p.IsAgent, options.Domain, Guid.NewGuid(), now)), ct);
        await DemoInsert.RowsAsync(connection, "department", DemoCompany.Departments.Select(d => new DepartmentRow(d.Id, d.Name, d.Parent)), ct);
        foreach (var (id, _, _, logins) in DemoCompany.Departments)
            await connection.ExecuteAsync(new CommandDefinition("update app_user set department_id = @id where login = any(@logins)", new { id, logins }, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "queue", DemoCompany.Queues.Select((q, n) => new QueueRow(q.Id, options.Domain, q.Name, n, 20, 30, 300)), ct);
        // Whom nobody can serve leaves a message.
        await connection.ExecuteAsync(new CommandDefinition("update queue set after_max_wait = @message::jsonb, when_closed = @message::jsonb, when_nobody = @message::jsonb where domain = @Domain",
            new { message = """{"kind":"voicemail","target":""}""", options.Domain }, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "queue_agent", DemoCompany.Queues.SelectMany(q => q.Members.Select(m => new MemberRow(q.Id, agents.First(a => a.Login == m.Login).Id, m.Level))), ct);
        await connection.ExecuteAsync(new CommandDefinition(DemoCompany.Skills, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "extension", agents.Select(a => new ExtensionRow(options.Node, a.Extension!, options.Domain)), ct);
        await DemoInsert.RowsAsync(connection, "device", agents.Select(a => new DeviceRow(options.Node, $"PJSIP/{a.Extension}", a.Extension!, true, true)), ct);
        await DemoInsert.RowsAsync(connection, "dialled_number", DemoCompany.Queues.Select(q => new NumberRow(q.Number, options.Domain, q.LineName, q.Id, q.Source, q.Greeting)), ct);
        await connection.ExecuteAsync(new CommandDefinition(DemoCompany.Campaigns, new { from = DateOnly.FromDateTime(now.UtcDateTime).AddDays(-DemoCompany.CampaignDays), number = DemoCompany.Queues[0].Number }, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "pause_reason", DemoCompany.PauseReasons.Select((r, n) => new PauseRow(options.Domain, r.Code, r.Name, r.Allowance, n)), ct);
        await DemoInsert.RowsAsync(connection, "segment", DemoCompany.Segments.Select((s, n) => new ListRow(s.Code, s.Name, n)), ct);
        await DemoInsert.RowsAsync(connection, "disposition", DemoCompany.Dispositions.Select((d, n) => new DispositionRow(d.Code, d.Name, d.Outcome, n)), ct);
        await connection.ExecuteAsync(new CommandDefinition(DemoCompany.DispositionTree, cancellationToken: ct));
        await DemoInsert.RowsAsync(connection, "deal_type", DemoCompany.DealTypes.Select(t => new CodeRow(t.Code, t.Name)), ct);
        await DemoInsert.RowsAsync(connection, "stage", DemoCompany.DealTypes.SelectMany(t => DemoCompany.Stages.Select((s, n) => new StageRow(t.Code, s.Code, s.Name, n, s.Outcome))), ct);
    }
}

/// <summary>Deals and tasks.</summary>
internal static class DemoDeals
{
    public static List<DemoDeal> Make(DemoRandom random, List<DemoClient> clients, int old, DateTimeOffset now)
    {
        var deals = new List<DemoDeal>();
        foreach (var client in clients.Take(old))
        {
            if (!random.Percent(34)) continue;
            var type = random.Percent(65) ? "sale" : "service";
            var created = now.AddDays(-random.Between(4, 330));
            if (created < client.CreatedAt) created = client.CreatedAt.AddDays(1);
            if (created > now.AddDays(-4)) continue;
            var age = now - created;
            var open = random.Percent(age < TimeSpan.FromDays(120) ? 75 : 15);
            var stage = open ? random.One(OpenStages) : random.Percent(55) ? "won" : "lost";
            var since = created + age * random.Between(0.1, 0.9);
            var deal = new DemoDeal(random.Id(created), client.Id, type, stage, random.One(DemoNames.DealTitles), Math.Round((decimal)random.LogNormal(4200, 0.9) / 50) * 50, "EUR",
                client.ResponsibleId, since, open ? null : since, created);
            deals.Add(deal);
            if (open) (client.OpenDeal, client.OpenDealSince) = (deal.Id, created);
        }

        return deals;
    }

    static readonly string[] OpenStages = ["new", "qualified", "appointment", "proposal", "proposal", "negotiation"];

    public static List<DemoTask> Tasks(DemoRandom random, List<DemoClient> clients, DemoHistory history, DateTimeOffset now)
    {
        var tasks = new List<DemoTask>();
        var client = clients.ToDictionary(c => c.Id);
        var calls = history.Calls.ToDictionary(c => c.Id);
        foreach (var wrapUp in history.WrapUps.Where(w => w.NextStep.Length > 0))
        {
            var due = wrapUp.CreatedAt.AddDays(1 + random.Next(9));
            var done = due < now && !random.Percent(6);
            tasks.Add(new DemoTask(random.Id(wrapUp.CreatedAt), client[calls[wrapUp.CallId].ClientId!.Value].Id, wrapUp.CallId, wrapUp.AgentId, wrapUp.Disposition == "callback" ? "callback" : "task",
                random.One(DemoNames.TaskTitles), due, done ? due.AddHours(-random.Between(0, 5)) : null, wrapUp.CreatedAt));
        }

        return tasks;
    }
}

/// <summary>Segments with the reason in figures that the card's history bears out.</summary>
internal static class DemoSegments
{
    public static void Assign(List<DemoClient> clients, List<DemoDeal> deals, DemoHistory history, DateTimeOffset now)
    {
        var won = deals.Where(d => d.Stage == "won").GroupBy(d => d.ClientId).ToDictionary(g => g.Key, g => g.Sum(d => d.Amount));
        var calls = history.Calls.GroupBy(c => c.ClientId!.Value).ToDictionary(g => g.Key, g => (Count: g.Count(), Last: g.Max(c => c.StartedAt)));
        foreach (var client in clients)
        {
            var (count, last) = calls.GetValueOrDefault(client.Id);
            (client.Segment, client.SegmentReason) = (won.GetValueOrDefault(client.Id), count, now - client.CreatedAt) switch
            {
                ( >= 9000m and var amount, _, _) => ("vip", string.Create(CultureInfo.InvariantCulture, $"won deals of {amount:N0} EUR")),
                ( >= 2000m, _, _) when client.CreatedAt.Day % 7 == 0 => ("overdue", "accounting: an invoice is overdue"),
                (_, > 0, { TotalDays: < 30 }) => ("new", string.Create(CultureInfo.InvariantCulture, $"client since {client.CreatedAt:d MMM}")),
                (_, > 0 and var n, _) => ("active", string.Create(CultureInfo.InvariantCulture, $"{n} call{(n == 1 ? "" : "s")} in 60 days, the last on {last:d MMM}")),
                _ => ("sleeping", "no call in 60 days"),
            };
        }
    }
}
