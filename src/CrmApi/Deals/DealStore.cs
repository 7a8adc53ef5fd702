using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Deals;

/// <summary>Makes and moves deals, in the transaction of what gives the occasion; audited with what was before.</summary>
internal sealed class DealStore(ChangeHints hints, AuditStore audit, TimeProvider time)
{
    const string Subject = "deal";
    const string Columns = "select id, client_root(client_id) as client_id, deal_type, stage, responsible_id, closed_at, version from deal";

    /// <summary>Locked until the transaction ends.</summary>
    public static async Task<DealRow?> FindAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<DealRow>(new CommandDefinition($"{Columns} where id = @id for update", new { id }, transaction, cancellationToken: cancel));

    /// <summary>The client's open deal of a type; null where there is none, or more than one.</summary>
    public static async Task<DealRow?> OnlyOpenAsync(NpgsqlTransaction transaction, Guid client, string type, CancellationToken cancel)
    {
        var open = (await transaction.Connection!.QueryAsync<DealRow>(new CommandDefinition(
            $"{Columns} where client_id in (select client_family(client_root(@client))) and deal_type = @type and closed_at is null order by id limit 2 for update",
            new { client, type }, transaction, cancellationToken: cancel))).AsList();
        return open.Count == 1 ? open[0] : null;
    }

    /// <summary>The first stage of the type, or the one named if it is one of the type's; null: it is none.</summary>
    public static async Task<string?> StageAsync(NpgsqlTransaction transaction, string type, string? named, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select code from stage where deal_type = @type and (@named::text is null or code = @named) order by position, code limit 1", new { type, named }, transaction, cancellationToken: cancel));

    /// <returns>False: this deal was made before.</returns>
    public async Task<bool> AddAsync(NpgsqlTransaction transaction, DealNew deal, string stage, Guid client, Guid by, CancellationToken cancel, DealOccasion? occasion = null)
    {
        var rows = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into deal (id, client_id, deal_type, stage, title, amount, responsible_id, stage_since, closed_at, created_at)
            select @Id, client_root(@client), @DealType, s.code, @Title, @Amount, @by, @now, case when s.outcome is not null then @now end, @now
            from stage s where s.deal_type = @DealType and s.code = @stage
            on conflict (id) do nothing
            """,
            new { deal.Id, deal.DealType, deal.Title, deal.Amount, stage, client, by, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        if (rows == 0) return false;
        await audit.AddChangeAsync(transaction, by, "deal.created", Subject, deal.Id.ToString(), "", stage, cancel);
        await OfCallAsync(transaction, occasion, deal.Id, deal.DealType, "", stage, cancel);
        await HintAsync(transaction, deal.Id, client, cancel);
        return true;
    }

    /// <summary>A stage that ends it closes it; from there to another one it is open again.</summary>
    /// <returns>False: it is there already.</returns>
    public async Task<bool> MoveAsync(NpgsqlTransaction transaction, DealRow deal, string stage, Guid by, CancellationToken cancel, DealOccasion? occasion = null)
    {
        if (deal.Stage == stage) return false;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            update deal d set stage = s.code, stage_since = @now, closed_at = case when s.outcome is not null then @now end, version = d.version + 1
            from stage s where d.id = @Id and s.deal_type = d.deal_type and s.code = @stage
            """,
            new { deal.Id, stage, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "deal.moved", Subject, deal.Id.ToString(), deal.Stage, stage, cancel);
        await OfCallAsync(transaction, occasion, deal.Id, deal.DealType, deal.Stage, stage, cancel);
        await HintAsync(transaction, deal.Id, deal.ClientId, cancel);
        return true;
    }

    /// <summary>Kept with the call, for the reports of what calls lead to.</summary>
    async Task OfCallAsync(NpgsqlTransaction transaction, DealOccasion? occasion, Guid deal, string type, string before, string after, CancellationToken cancel)
    {
        if (occasion is null) return;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "insert into call_stage_change (call_id, agent_id, deal_id, deal_type, before, after, made_at) values (@Call, @Agent, @deal, @type, @before, @after, @now)",
            new { occasion.Call, occasion.Agent, deal, type, before, after, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
    }

    async Task HintAsync(NpgsqlTransaction transaction, Guid deal, Guid client, CancellationToken cancel)
    {
        await hints.AddAsync(transaction, "deal", deal.ToString(), null, null, cancel);
        await hints.AddAsync(transaction, "client", client.ToString(), null, null, cancel);
    }
}

/// <summary>The call in whose course, wrap-up included, a deal is made or moved.</summary>
/// <param name="Agent">Whose part of the call it is.</param>
internal sealed record DealOccasion(Guid Call, Guid Agent);

/// <param name="ClientId">Of a merged client, that of the one it went into.</param>
internal sealed record DealRow(Guid Id, Guid ClientId, string DealType, string Stage, Guid? ResponsibleId, DateTimeOffset? ClosedAt, int Version);
