using System.Globalization;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Deals;

/// <summary>Makes, changes, moves and deletes deals, in the transaction of what gives the occasion; audited with what was before.</summary>
internal sealed class DealStore(NpgsqlDataSource database, ChangeHints hints, AuditStore audit, TimeProvider time)
{
    /// <summary>So long a deleted deal can be brought back.</summary>
    public static readonly TimeSpan BinFor = TimeSpan.FromDays(30);

    /// <summary>Of a hint: a deal came into another stage. Its key is the deal, the stage that it left, and the new one.</summary>
    public const string MovedHint = "deal_moved";

    public const char MovedMark = '|';

    /// <summary>Of the audit, with what was before and after by field: by people and programs, and by the answers of a call.</summary>
    public const string ChangedAction = "deal.changed", FilledAction = "deal.filled";

    public const string MovedAction = "deal.moved", CreatedAction = "deal.created";

    public const string Subject = "deal";
    const int ErasedAtOnce = 500;
    const string Columns = "select id, client_root(client_id) as client_id, deal_type, stage, responsible_id, closed_at, version, title, amount, currency::text as currency from deal";

    /// <summary>Locked until the transaction ends. One in the bin is not there.</summary>
    public static async Task<DealRow?> FindAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<DealRow>(new CommandDefinition($"{Columns} where id = @id and deleted_at is null for update", new { id }, transaction, cancellationToken: cancel));

    /// <summary>The client's open deal of a type; null where there is none, or more than one.</summary>
    public static async Task<DealRow?> OnlyOpenAsync(NpgsqlTransaction transaction, Guid client, string type, CancellationToken cancel)
    {
        var open = (await transaction.Connection!.QueryAsync<DealRow>(new CommandDefinition(
            $"{Columns} where client_id in (select client_family(client_root(@client))) and deal_type = @type and closed_at is null and deleted_at is null order by id limit 2 for update",
            new { client, type }, transaction, cancellationToken: cancel))).AsList();
        return open.Count == 1 ? open[0] : null;
    }

    /// <summary>The first stage of the type, or the one named if it is one of the type's; null: it is none, or put away. A type put away has no first one: its deals go on, no new one begins.</summary>
    public static async Task<string?> StageAsync(NpgsqlTransaction transaction, string type, string? named, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteScalarAsync<string?>(new CommandDefinition(
            """
            select s.code from stage s join deal_type t on t.code = s.deal_type
            where s.deal_type = @type and not s.retired and case when @named::text is null then not t.retired else s.code = @named end order by s.position, s.code limit 1
            """, new { type, named }, transaction, cancellationToken: cancel));

    /// <summary>In the name of who makes it, for the wrap-up of a call.</summary>
    /// <returns>False: this deal was made before.</returns>
    public Task<bool> AddAsync(NpgsqlTransaction transaction, DealNew deal, string stage, Guid client, Guid by, CancellationToken cancel, DealOccasion? occasion = null) =>
        AddAsync(transaction, new DealCreate(deal.Id, client, deal.DealType, deal.Title, deal.Amount), stage, by, by, cancel, occasion);

    /// <returns>False: this deal was made before.</returns>
    public async Task<bool> AddAsync(NpgsqlTransaction transaction, DealCreate deal, string stage, Guid? responsible, Guid by, CancellationToken cancel, DealOccasion? occasion = null)
    {
        var rows = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into deal (id, client_id, deal_type, stage, title, amount, currency, responsible_id, stage_since, closed_at, created_at)
            select @Id, client_root(@ClientId), @DealType, s.code, @Title, @Amount, coalesce(@Currency, 'EUR'), @responsible, @now, case when s.outcome is not null then @now end, @now
            from stage s where s.deal_type = @DealType and s.code = @stage for share
            on conflict (id) do nothing
            """,
            new { deal.Id, deal.ClientId, deal.DealType, deal.Title, deal.Amount, deal.Currency, stage, responsible, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        if (rows == 0) return false;
        await audit.AddChangeAsync(transaction, by, CreatedAction, Subject, deal.Id.ToString(), "", stage, cancel);
        await OfCallAsync(transaction, occasion, deal.Id, deal.DealType, "", stage, cancel);
        await HintAsync(transaction, deal.Id, deal.ClientId, cancel);
        return true;
    }

    /// <summary>All but its stage.</summary>
    /// <returns>False: it is like that already.</returns>
    public async Task<bool> ChangeAsync(NpgsqlTransaction transaction, DealRow deal, DealRow becomes, Guid by, CancellationToken cancel, string action = ChangedAction)
    {
        if (deal == becomes) return false;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "update deal set title = @Title, amount = @Amount, currency = @Currency, responsible_id = @ResponsibleId, client_id = case when @moved then @ClientId else client_id end, version = version + 1 where id = @Id",
            new { deal.Id, becomes.Title, becomes.Amount, becomes.Currency, becomes.ResponsibleId, becomes.ClientId, moved = deal.ClientId != becomes.ClientId }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, action, Subject, deal.Id.ToString(), deal.Differing(becomes), becomes.Differing(deal), cancel);
        await HintAsync(transaction, deal.Id, becomes.ClientId, cancel);
        if (deal.ClientId != becomes.ClientId) await hints.AddAsync(transaction, "client", deal.ClientId.ToString(), null, null, cancel);
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
            from (select deal_type, code, outcome from stage where deal_type = @DealType and code = @stage for share) s where d.id = @Id and s.deal_type = d.deal_type
            """,
            new { deal.Id, deal.DealType, stage, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, MovedAction, Subject, deal.Id.ToString(), deal.Stage, stage, cancel);
        await OfCallAsync(transaction, occasion, deal.Id, deal.DealType, deal.Stage, stage, cancel);
        await hints.AddAsync(transaction, MovedHint, string.Join(MovedMark, deal.Id, deal.Stage, stage), null, null, cancel);
        await HintAsync(transaction, deal.Id, deal.ClientId, cancel);
        return true;
    }

    /// <summary>Into the bin: it counts nowhere until it is restored.</summary>
    public async Task DeleteAsync(NpgsqlTransaction transaction, DealRow deal, Guid by, CancellationToken cancel)
    {
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "update deal set deleted_at = @now, deleted_by = @by, version = version + 1 where id = @Id", new { deal.Id, by, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "deal.deleted", Subject, deal.Id.ToString(), deal.Title, "", cancel);
        await HintAsync(transaction, deal.Id, deal.ClientId, cancel);
    }

    /// <returns>False: it lies in no bin.</returns>
    public async Task<bool> RestoreAsync(NpgsqlTransaction transaction, Guid id, Guid by, CancellationToken cancel)
    {
        var restored = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "update deal set deleted_at = null, deleted_by = null, version = version + 1 where id = @id and deleted_at is not null and erased_at is null", new { id }, transaction, cancellationToken: cancel));
        if (restored == 0 || await FindAsync(transaction, id, cancel) is not { } deal) return false;
        await audit.AddChangeAsync(transaction, by, "deal.restored", Subject, id.ToString(), "", deal.Title, cancel);
        await HintAsync(transaction, id, deal.ClientId, cancel);
        return true;
    }

    /// <summary>Open ones from one person to another, in the caller's transaction, who audits it as a whole; here each deal has its own line, as after any other change.</summary>
    /// <param name="only">Null: all of them.</param>
    public async Task<IReadOnlyList<(Guid Id, Guid Client)>> HandOverAsync(NpgsqlTransaction transaction, Guid from, Guid to, Guid[]? only, Guid by, CancellationToken cancel)
    {
        var moved = (await transaction.Connection!.QueryAsync<(Guid Id, Guid Client)>(new CommandDefinition(
            """
            update deal set responsible_id = @to, version = version + 1
            where responsible_id = @from and closed_at is null and deleted_at is null and (@only::uuid[] is null or id = any(@only)) returning id, client_id as client
            """, new { from, to, only }, transaction, cancellationToken: cancel))).AsList();
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into audit (at, user_id, action, object, object_id, detail, key_id)
            select @now, @by, @ChangedAction, @Subject, d::text, jsonb_build_object('before', @before::text, 'after', @after::text), @key from unnest(@ids) d
            """,
            new
            {
                now = time.GetUtcNow(),
                by,
                key = ActingKey.Current,
                ChangedAction,
                Subject,
                before = JsonSerializer.Serialize(new Dictionary<string, string> { [DealHistory.Responsible] = from.ToString() }),
                after = JsonSerializer.Serialize(new Dictionary<string, string> { [DealHistory.Responsible] = to.ToString() }),
                ids = moved.Select(d => d.Id).ToArray(),
            }, transaction, cancellationToken: cancel));
        if (moved.Count > 0) await hints.AddAsync(transaction, [.. moved.Select(d => new ChangeHint(Subject, d.Id.ToString(), null, null, default))], cancel);
        return moved;
    }

    /// <summary>Erases what stands on deals that were deleted more than 30 days ago. The row stays: wrap-ups name it.</summary>
    /// <returns>How many; when it is all that one round takes, there may be more.</returns>
    public async Task<int> EraseAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
            update deal set title = '', amount = null, responsible_id = null, erased_at = @now, version = version + 1
            where id in (select id from deal where deleted_at < @before and erased_at is null order by deleted_at limit @ErasedAtOnce for update skip locked)
            """, new { now = time.GetUtcNow(), before = time.GetUtcNow() - BinFor, ErasedAtOnce }, cancellationToken: cancel));
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
        await hints.AddAsync(transaction, Subject, deal.ToString(), null, null, cancel);
        await hints.AddAsync(transaction, "client", client.ToString(), null, null, cancel);
    }
}

/// <summary>The call in whose course, wrap-up included, a deal is made or moved.</summary>
/// <param name="Agent">Whose part of the call it is.</param>
internal sealed record DealOccasion(Guid Call, Guid Agent);

/// <param name="ClientId">Of a merged client, that of the one it went into.</param>
internal sealed record DealRow(Guid Id, Guid ClientId, string DealType, string Stage, Guid? ResponsibleId, DateTimeOffset? ClosedAt, int Version, string Title, decimal? Amount, string Currency)
{
    /// <summary>For the audit, which the client's timeline reads: what is not as in the other, by field; what is not there is empty.</summary>
    public string Differing(DealRow other) =>
        JsonSerializer.Serialize(Fields().Zip(other.Fields()).Where(f => f.First.Value != f.Second.Value || (f.First.Field == DealHistory.Currency && Amount != other.Amount)).ToDictionary(f => f.First.Field, f => f.First.Value), DealHistory.Json);

    IEnumerable<(string Field, string Value)> Fields() =>
    [
        (DealHistory.Title, Title), (DealHistory.Amount, Amount is { } amount ? amount.ToString("0.00", CultureInfo.InvariantCulture) : ""), (DealHistory.Currency, Currency),
        (DealHistory.Responsible, ResponsibleId?.ToString() ?? ""), (DealHistory.Client, ClientId.ToString()),
    ];
}
