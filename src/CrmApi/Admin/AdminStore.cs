using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Catalog;
using CallCrm.CrmApi.Clients;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Admin;

/// <summary>Reads all settings of a domain; the changes made to them.</summary>
internal sealed class AdminStore(NpgsqlDataSource database, IConfiguration configuration)
{
    public async Task<AdminView> ReadAsync(Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancel);
        return await ReadAsync(transaction, await DomainAsync(transaction, person, cancel), cancel);
    }

    public static async Task<string> DomainAsync(NpgsqlTransaction transaction, Guid person, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteScalarAsync<string>(new CommandDefinition("select domain from app_user where id = @person", new { person }, transaction, cancellationToken: cancel))
            ?? throw new InvalidOperationException("The person who asks is not there any more.");

    public async Task<AdminView> ReadAsync(NpgsqlTransaction transaction, string domain, CancellationToken cancel)
    {
        await using var all = await transaction.Connection!.QueryMultipleAsync(new CommandDefinition(
            """
            select id, login, name, role, language, time_zone, is_agent, needs_page, active, version, password_hash is not null as has_password,
              locked_until, (select max(seen_at) from user_session s where s.user_id = u.id) as seen_at,
              exists (select from second_factor f where f.user_id = u.id and confirmed_at is not null) as second_factor, department_id as department
            from app_user u where domain = @domain order by not active, lower(name), id;
            select id, name, ring_s, wrap_up_s, preferred_patience_s, max_wait_s, service_level_s, after_max_wait::text, when_closed::text, when_nobody::text, time_zone, hours::text,
              last_contact_days, last_contact_talk_s, record, version, after_wrap_up, when_blocked::text, block_withheld, most_waiting
            from queue where domain = @domain and retired_at is null order by position, lower(name), id;
            select h.queue_id, h.day, h.name from queue_holiday h join queue q on q.id = h.queue_id where q.domain = @domain order by h.day;
            select a.queue_id, a.user_id, a.level from queue_agent a join queue q on q.id = a.queue_id join app_user u on u.id = a.user_id where q.domain = @domain order by a.level, lower(u.name), u.id;
            select node, number, version, name from extension where domain = @domain order by node, length(number), number;
            select d.node, d.extension, d.name, d.can_answer, d.can_hold, d.auto_answer from device d join extension e on e.node = d.node and e.number = d.extension where e.domain = @domain order by d.position, d.name;
            select number, name, queue_id as queue, source, language, greeting, version, greetings::text, campaign from dialled_number where domain = @domain order by number;
            select code, name, allowance_min from pause_reason where domain = @domain and not retired order by position, code;
            select code, name, outcome, parent, is_group, queues, rule::text, campaigns from disposition where not retired order by position, code;
            select code, name, builtin, version from role order by not builtin, name, code;
            select role, right_code, scope from role_right order by role, right_code;
            select id, name, parent_id as parent, version from department order by lower(name), id;
            select code, name, kind, options::text, position, archived, version, target, expression, result from client_field order by archived, position, code;
            select field from sensitive_field order by field;
            select role, deal_type, groups::text, version from card_layout order by role nulls first, deal_type nulls first;
            select id, name, occasion, segment, deal_type, deal_stage, role, fields, active, version from required_rule order by lower(name), id;
            select record_internal, version, record_out, wrap_up_out_s, unknown_private from domain_setting where domain = @domain;
            select code, name, retired from segment order by retired, position, code;
            select code, name, retired from deal_type order by retired, position, code;
            select deal_type, code, name, outcome, retired from stage order by deal_type, retired, position, code;
            select kind, version from list_version;
            select code, name, retired from skill order by retired, position, code;
            select a.user_id, a.skill, a.level from agent_skill a join app_user u on u.id = a.user_id where u.domain = @domain order by a.user_id, a.skill;
            select n.queue_id, n.skill, n.least from queue_skill n join queue q on q.id = n.queue_id where q.domain = @domain order by n.queue_id, n.skill;
            select code, name, retired, from_day, to_day, description from campaign order by retired, position, code;
            """,
            new { domain }, transaction, cancellationToken: cancel));
        var users = await all.ReadAsync<UserSetup>();
        var queues = (await all.ReadAsync<QueueRow>()).AsList();
        var holidays = (await all.ReadAsync<HolidayRow>()).ToLookup(h => h.Queue_id, h => new HolidaySetup(h.Day, h.Name));
        var members = (await all.ReadAsync<MemberRow>()).ToLookup(m => m.Queue_id, m => new MemberSetup(m.User_id, m.Level));
        var extensions = (await all.ReadAsync<ExtensionRow>()).AsList();
        var devices = (await all.ReadAsync<DeviceRow>()).ToLookup(d => (d.Node, d.Extension), d => new DeviceSetup(d.Name, d.Can_answer, d.Can_hold, d.Auto_answer));
        var numbers = (await all.ReadAsync<NumberRow>()).Select(n => n.View());
        var pauses = (await all.ReadAsync<PauseReasonView>()).Select(p => new CodeSetup(p.Code, p.Name, null, p.Allowance_min));
        var dispositions = (await all.ReadAsync<DispositionRow>()).Select(d => d.Setup());
        var roles = (await all.ReadAsync<RoleRow>()).AsList();
        var rights = (await all.ReadAsync<(string Role, string Right, string Scope)>()).Where(r => RightCatalog.ByCode.ContainsKey(r.Right)).ToLookup(r => r.Role, StringComparer.Ordinal);
        var departments = await all.ReadAsync<DepartmentSetup>();
        var fields = (await all.ReadAsync<FieldRow>()).Select(f => f.View());
        var sensitive = await all.ReadAsync<string>();
        var layouts = (await all.ReadAsync<LayoutStore.Row>()).Select(r => r.View());
        var rules = (await all.ReadAsync<RuleRow>()).Select(r => r.View());
        var calls = await all.ReadFirstOrDefaultAsync<CallSetup>() ?? new CallSetup(false, 0);
        var segments = await all.ReadAsync<SegmentSetup>();
        var types = (await all.ReadAsync<(string Code, string Name, bool Retired)>()).AsList();
        var stages = (await all.ReadAsync<(string Type, string Code, string Name, string? Outcome, bool Retired)>()).ToLookup(s => s.Type, s => new StageSetup(s.Code, s.Name, s.Outcome, s.Retired), StringComparer.Ordinal);
        var versions = (await all.ReadAsync<(string Kind, int Version)>()).ToDictionary(v => v.Kind, v => v.Version, StringComparer.Ordinal);
        var skills = await all.ReadAsync<SkillSetup>();
        var levels = (await all.ReadAsync<(Guid User, string Skill, int Level)>()).GroupBy(l => l.User)
            .Select(a => new AgentSkills(a.Key, new SortedDictionary<string, int>(a.ToDictionary(l => l.Skill, l => l.Level, StringComparer.Ordinal), StringComparer.Ordinal)));
        var asked = (await all.ReadAsync<(Guid Queue, string Skill, int Least)>()).ToLookup(n => n.Queue, n => new QueueSkill(n.Skill, n.Least));
        var campaigns = (await all.ReadAsync<CampaignRow>()).Select(c => new CampaignSetup(c.Code, c.Name, c.Retired, c.From_day, c.To_day, c.Description));
        return new AdminView([.. users], [.. queues.Select(q => q.View([.. holidays[q.Id]], [.. members[q.Id]], [.. asked[q.Id]]))],
            [.. extensions.Select(e => new ExtensionSetup(e.Node, e.Number, [.. devices[(e.Node, e.Number)]], e.Version, e.Name))], [.. numbers],
            [.. pauses], [.. dispositions], Nodes(),
            [.. roles.OrderBy(r => r.Builtin ? Array.IndexOf(RightCatalog.BuiltinRoles, r.Code) : int.MaxValue).Select(r => r.View(rights[r.Code]))], [.. departments],
            [.. RightCatalog.All.Select(r => new RightView(r.Code, r.Scoped))], [.. fields], [.. sensitive], [.. layouts], [.. rules], calls,
            new SegmentList([.. segments], versions[ListAdmin.Segments]), new DealTypeList([.. types.Select(t => new DealTypeSetup(t.Code, t.Name, [.. stages[t.Code]], t.Retired))], versions[ListAdmin.DealTypes]),
            new SkillList([.. skills], [.. levels], versions[SkillAdmin.Skills]), new CampaignList([.. campaigns], versions[CampaignAdmin.Campaigns]));
    }

    public async Task<ListPage<SettingsChangeView>> ChangesAsync(Guid person, string? cursor, int limit, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<SettingsChangeView>(new CommandDefinition(
            """
            select c.id, c.at, u.name as who, c.kind, c.name, c.before::text, c.after::text from settings_change c join app_user u on u.id = c.user_id
            where c.domain = (select domain from app_user where id = @person) and c.id < @below order by c.id desc limit @limit
            """,
            new { person, below = Cursor.Number(cursor) ?? long.MaxValue, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).ToList();
        return new ListPage<SettingsChangeView>(page, rows.Count > limit ? Cursor.Of(page[^1].Id) : null);
    }

    List<string> Nodes() => [.. configuration.GetSection("Pbx").GetChildren().Select(p => p["Node"] ?? "").Where(n => n.Length > 0)];

    sealed record RoleRow(string Code, string Name, bool Builtin, int Version)
    {
        public RoleSetup View(IEnumerable<(string Role, string Right, string Scope)> rights) =>
            new(Code, Name, Builtin, new SortedDictionary<string, string>(rights.ToDictionary(r => r.Right, r => r.Scope, StringComparer.Ordinal), StringComparer.Ordinal), Version);
    }

    sealed record QueueRow(Guid Id, string Name, int Ring_s, int Wrap_up_s, int Preferred_patience_s, int Max_wait_s, int Service_level_s, string After_max_wait, string When_closed, string When_nobody,
        string Time_zone, string? Hours, int Last_contact_days, int Last_contact_talk_s, bool Record, int Version, string After_wrap_up, string When_blocked, bool Block_withheld, int? Most_waiting)
    {
        public QueueSetup View(List<HolidaySetup> holidays, List<MemberSetup> members, List<QueueSkill> skills) => new(Id, Name, Ring_s, Wrap_up_s, Preferred_patience_s, Max_wait_s, Service_level_s,
            Overflow(After_max_wait), Overflow(When_closed), Overflow(When_nobody), Time_zone, HoursOf(Hours), holidays, Last_contact_days, Last_contact_talk_s, Record, members, Version, After_wrap_up,
            Overflow(When_blocked), Block_withheld, Most_waiting, skills);
    }

    sealed record NumberRow(string Number, string Name, Guid Queue, string Source, string Language, string Greeting, int Version, string Greetings, string? Campaign)
    {
        public NumberSetup View() => new(Number, Name, Queue, Source, Language, Greeting, Version,
            JsonSerializer.Deserialize<Dictionary<string, string>>(Greetings) is { Count: > 0 } others ? new SortedDictionary<string, string>(others, StringComparer.Ordinal) : null, Campaign);
    }

    sealed record CampaignRow(string Code, string Name, bool Retired, DateOnly? From_day, DateOnly? To_day, string Description);

    sealed record FieldRow(string Code, string Name, string Kind, string Options, int Position, bool Archived, int Version, string? Target, string? Expression, string? Result)
    {
        public ClientFieldSetup View() => new(Code, Name, Kind, [.. CustomField.ReadOptions(Options).Select(o => new NamedCode(o.Code, o.Name))], Position, Archived, Version, Target, Expression, Result);
    }

    sealed record RuleRow(Guid Id, string Name, string Occasion, string? Segment, string? Deal_type, string? Deal_stage, string? Role, Array Fields, bool Active, int Version)
    {
        public RequiredRuleSetup View() => new(Id, Name, Occasion, Segment, Deal_type, Deal_stage, Role, (string[])Fields, Active, Version);
    }

    sealed record HolidayRow(Guid Queue_id, DateOnly Day, string Name);

    sealed record MemberRow(Guid Queue_id, Guid User_id, int Level);

    sealed record ExtensionRow(string Node, string Number, int Version, string Name);

    sealed record DeviceRow(string Node, string Extension, string Name, bool Can_answer, bool Can_hold, bool Auto_answer);

    /// <summary>Rows that were written by hand and cannot be read show as what the router makes of them: reject, always open.</summary>
    static OverflowSetup Overflow(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new OverflowSetup(root.GetProperty("kind").GetString() ?? "reject", root.TryGetProperty("target", out var target) ? target.GetString() ?? "" : "");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new OverflowSetup("reject", "");
        }
    }

    static Dictionary<string, IReadOnlyList<string>>? HoursOf(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize<Dictionary<string, string[]>>(json)?.ToDictionary(d => d.Key, d => (IReadOnlyList<string>)d.Value, StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
