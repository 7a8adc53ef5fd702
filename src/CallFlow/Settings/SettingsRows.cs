using Dapper;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>The settings as they stand in the tables at one moment.</summary>
internal sealed record SettingsRows(long Version, List<SettingsRows.Queue> Queues, List<SettingsRows.Holiday> Holidays, List<SettingsRows.QueueAgent> QueueAgents,
    List<SettingsRows.Agent> Agents, List<SettingsRows.Extension> Extensions, List<SettingsRows.Device> Devices, List<SettingsRows.Number> Numbers,
    List<SettingsRows.Block> Blocks, SettingsRows.CallRules Calls)
{
    public sealed record Queue(Guid Id, string Name, int Ring_s, int Wrap_up_s, int Preferred_patience_s, int Max_wait_s, string After_max_wait, string When_closed,
        string When_nobody, string Time_zone, string? Hours, int Last_contact_days, int Last_contact_talk_s, bool Record, string After_wrap_up, string When_blocked = "", bool Block_withheld = false, int? Most_waiting = null);

    public sealed record Holiday(Guid Queue_id, DateOnly Day);

    public sealed record QueueAgent(Guid Queue_id, Guid User_id, int Level);

    public sealed record Agent(Guid Id, string Name, bool Needs_page);

    public sealed record Extension(string Node, string Number);

    public sealed record Device(string Node, string Name, string Extension, bool Can_answer, bool Can_hold, bool Auto_answer);

    public sealed record Number(string Value, string Name, Guid Queue_id, string Source, string Language, string? Campaign = null, string? Campaign_name = null,
        DateOnly? From_day = null, DateOnly? To_day = null);

    public sealed record CallRules(bool Record_internal, bool Record_out, int Wrap_up_out_s, bool Unknown_private)
    {
        /// <summary>While nobody has set anything: as the columns say.</summary>
        public static readonly CallRules Default = new(false, true, 30, false);
    }

    public sealed record Block(string E164, Guid? Queue_id, DateTimeOffset? Until);

    /// <summary>One repeatable-read transaction, one round trip.</summary>
    public static async Task<SettingsRows> ReadAsync(NpgsqlDataSource source, string domain, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        using var all = await connection.QueryMultipleAsync(new CommandDefinition(Sql, new { domain, most = SettingsRules.MostBlocked }, transaction, cancellationToken: ct));
        var version = await all.ReadFirstOrDefaultAsync<long>();
        var rows = new SettingsRows(version, await List<Queue>(all), await List<Holiday>(all), await List<QueueAgent>(all), await List<Agent>(all),
            await List<Extension>(all), await List<Device>(all), await List<Number>(all), await List<Block>(all), await all.ReadFirstOrDefaultAsync<CallRules>() ?? CallRules.Default);
        await transaction.CommitAsync(ct);
        return rows;
    }

    static async Task<List<T>> List<T>(SqlMapper.GridReader all) => (await all.ReadAsync<T>()).AsList();

    const string Sql = """
        select version from settings_version where domain = @domain;
        select id, name, ring_s, wrap_up_s, preferred_patience_s, max_wait_s, after_max_wait::text, when_closed::text, when_nobody::text, time_zone, hours::text,
          last_contact_days, last_contact_talk_s, record, after_wrap_up, when_blocked::text, block_withheld, most_waiting from queue where domain = @domain and retired_at is null order by position, name, id;
        select h.queue_id, h.day from queue_holiday h join queue q on q.id = h.queue_id where q.domain = @domain order by 1, 2;
        select a.queue_id, a.user_id, a.level from queue_member a join queue q on q.id = a.queue_id join app_user u on u.id = a.user_id
          where q.domain = @domain and u.domain = @domain and u.is_agent and u.active order by 1, 3, 2;
        select id, name, needs_page from app_user where domain = @domain and is_agent and active order by id;
        select node, number from extension where domain = @domain order by 1, 2;
        select d.node, d.name, d.extension, d.can_answer, d.can_hold, d.auto_answer from device d join extension e on e.node = d.node and e.number = d.extension
          where e.domain = @domain order by d.node, d.extension, d.position, d.name;
        select n.number as value, n.name, n.queue_id, n.source, n.language, c.code as campaign, c.name as campaign_name, c.from_day, c.to_day
          from dialled_number n left join campaign c on c.code = n.campaign and not c.retired where n.domain = @domain order by 1;
        select e164, queue_id, until from blocked_number where domain = @domain and removed_at is null order by e164, queue_id nulls first, made_at limit @most;
        select record_internal, record_out, wrap_up_out_s, unknown_private from domain_setting where domain = @domain;
        """;
}
