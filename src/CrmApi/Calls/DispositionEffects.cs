using CallCrm.Contracts;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Tasks;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <param name="Agent">Who wrapped the call up; the tasks are theirs.</param>
/// <param name="By">Who gives the disposition now.</param>
/// <param name="Deal">The one that the wrap-up names.</param>
/// <param name="StageGiven">The agent said where the deal is: the rule says nothing more of it.</param>
/// <param name="MayLeave">Whether the rules let this deal leave its stage; null: nobody asks, as where a disposition is corrected later.</param>
internal sealed record WrapUpOccasion(Guid Call, Guid Agent, Guid By, Guid? Client, Guid? Deal, bool StageGiven, IReadOnlyList<FollowUp> FollowUps, Func<DealRow, Task<bool>>? MayLeave = null);

/// <summary>
/// Carries out what a disposition brings with it, in the transaction that stores it. What was done is written down per kind, so that the same again does
/// nothing, and another disposition goes on from there: an open task becomes the new one's, or is withdrawn; a done one stays, and no second one is made. A
/// deal goes back, or straight on to the new stage, while it still stands where the rule put it; one that was moved since stays. A mark that the rule set is
/// taken back.
/// </summary>
internal sealed class DispositionEffects(TaskStore tasks, DealStore deals, DoNotCall marks, TimeProvider time)
{
    public const string StageRetired = "stage_retired";

    /// <returns><see cref="StageRetired"/> where a deal was to be moved and its stage is put away; null: all was done.</returns>
    public async Task<string?> RunAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, DispositionRule? rule, CancellationToken cancel)
    {
        var before = (await transaction.Connection!.QueryAsync<Effect>(new CommandDefinition(
            "select kind, object_id, before, after, made_at from wrap_up_effect where call_id = @Call and agent_id = @Agent", new { occasion.Call, occasion.Agent }, transaction, cancellationToken: cancel)))
            .ToDictionary(e => e.Kind, StringComparer.Ordinal);
        foreach (var kind in new[] { "task", "callback" })
            await FollowAsync(transaction, occasion, kind, occasion.FollowUps.FirstOrDefault(f => f.Kind == kind), before.GetValueOrDefault(kind), cancel);
        // Rules are kept from naming a stage that is put away; what was saved before that may.
        var stage = rule?.Stage is { } named && await StageOfAsync(transaction, named.DealType, named.Stage, cancel) is not null ? named : null;
        var missed = rule?.Stage is { } gone && stage is null && !occasion.StageGiven && await DealOfAsync(transaction, occasion, gone, cancel) is not null;
        var moved = await MoveAsync(transaction, occasion, stage, before.GetValueOrDefault("stage"), cancel);
        await MarkAsync(transaction, occasion, rule?.DoNotCall == true, before.GetValueOrDefault("do_not_call"), cancel);
        return missed || !moved ? StageRetired : null;
    }

    async Task FollowAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, string kind, FollowUp? wanted, Effect? done, CancellationToken cancel)
    {
        var text = wanted is null ? "" : $"{wanted.DueAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} {wanted.Title}";
        if (done is null && wanted is not null)
        {
            var task = new NewTask(Guid.CreateVersion7(time.GetUtcNow()), occasion.Client, occasion.Call, occasion.Agent, kind, wanted.Title, wanted.DueAt);
            await tasks.AddAsync(transaction, task, occasion.By, cancel);
            await KeepAsync(transaction, occasion, new Effect(kind, task.Id, "", text, time.GetUtcNow()), cancel);
        }
        else if (done is not null && wanted is not null && done.After != text)
        {
            if (await tasks.ChangeAsync(transaction, done.ObjectId, wanted.Title, wanted.DueAt, occasion.By, cancel)) await KeepAsync(transaction, occasion, done with { After = text }, cancel);
        }
        else if (done is not null && wanted is null && await tasks.WithdrawAsync(transaction, done.ObjectId, occasion.By, cancel))
        {
            await ForgetAsync(transaction, occasion, kind, cancel);
        }
    }

    /// <param name="rule">Its stage is not put away.</param>
    /// <returns>False: the deal was to go back, and the stage it came from is put away.</returns>
    async Task<bool> MoveAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, StageRule? rule, Effect? done, CancellationToken cancel)
    {
        var wentBack = true;
        if (done is not null)
        {
            var moved = await DealStore.FindAsync(transaction, done.ObjectId, cancel);
            var goesOn = rule is not null && moved?.DealType == rule.DealType && (occasion.Deal is null || occasion.Deal == moved.Id);
            if (moved is null || moved.Stage != done.After || (goesOn && rule!.Stage == done.After)) return true;
            // One move, not back and on again.
            var to = await StageOfAsync(transaction, moved.DealType, goesOn ? rule!.Stage : done.Before, cancel);
            wentBack = to is not null;
            if (to is not null) await deals.MoveAsync(transaction, moved, to, occasion.By, cancel, new DealOccasion(occasion.Call, occasion.Agent));
            if (goesOn && rule!.Stage != done.Before)
            {
                await KeepAsync(transaction, occasion, done with { After = rule.Stage }, cancel);
                return true;
            }

            await ForgetAsync(transaction, occasion, "stage", cancel);
            if (goesOn) return true;
        }

        if (rule is null || occasion.StageGiven || await DealOfAsync(transaction, occasion, rule, cancel) is not { } deal) return wentBack;
        if (occasion.MayLeave is { } may && deal.Stage != rule.Stage && !await may(deal)) return wentBack;
        if (await deals.MoveAsync(transaction, deal, rule.Stage, occasion.By, cancel, new DealOccasion(occasion.Call, occasion.Agent))) await KeepAsync(transaction, occasion, new Effect("stage", deal.Id, deal.Stage, rule.Stage, time.GetUtcNow()), cancel);
        return wentBack;
    }

    static async Task<DealRow?> DealOfAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, StageRule rule, CancellationToken cancel)
    {
        if (occasion.Deal is { } named) return await DealStore.FindAsync(transaction, named, cancel) is { ClosedAt: null } deal && deal.DealType == rule.DealType ? deal : null;
        return occasion.Client is { } client ? await DealStore.OnlyOpenAsync(transaction, client, rule.DealType, cancel) : null;
    }

    static Task<string?> StageOfAsync(NpgsqlTransaction transaction, string type, string stage, CancellationToken cancel) => DealStore.StageAsync(transaction, type, stage, cancel);

    async Task MarkAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, bool wanted, Effect? done, CancellationToken cancel)
    {
        if (wanted && done is null && occasion.Client is { } client)
        {
            if (await marks.MarkAsync(transaction, client, occasion.By, true, cancel) is { } at) await KeepAsync(transaction, occasion, new Effect("do_not_call", client, "", "", at), cancel);
        }
        else if (!wanted && done is not null)
        {
            // Somebody who took it back and set it again meant it.
            var ours = await transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(
                "select exists (select from client_family(client_root(@ObjectId)) f (id) join client c on c.id = f.id where c.do_not_call_at = @MadeAt)", new { done.ObjectId, done.MadeAt }, transaction, cancellationToken: cancel));
            if (ours) await marks.MarkAsync(transaction, done.ObjectId, occasion.By, false, cancel);
            await ForgetAsync(transaction, occasion, "do_not_call", cancel);
        }
    }

    static Task KeepAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, Effect effect, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into wrap_up_effect (call_id, agent_id, kind, object_id, before, after, made_at) values (@Call, @Agent, @Kind, @ObjectId, @Before, @After, @MadeAt)
            on conflict (call_id, agent_id, kind) do update set after = excluded.after
            """,
            new { occasion.Call, occasion.Agent, effect.Kind, effect.ObjectId, effect.Before, effect.After, effect.MadeAt }, transaction, cancellationToken: cancel));

    static Task ForgetAsync(NpgsqlTransaction transaction, WrapUpOccasion occasion, string kind, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "delete from wrap_up_effect where call_id = @Call and agent_id = @Agent and kind = @kind", new { occasion.Call, occasion.Agent, kind }, transaction, cancellationToken: cancel));

    sealed record Effect(string Kind, Guid ObjectId, string Before, string After, DateTimeOffset MadeAt);
}
