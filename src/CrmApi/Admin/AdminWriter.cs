using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Admin;

/// <summary>
/// The one writer of the settings. A change is one transaction: checked against what stands there now, written, kept with what was before, its version
/// raised; then the router and the pages are woken. One administrator at a time, so that what was checked still holds.
/// </summary>
internal sealed class AdminWriter(NpgsqlDataSource database, AdminStore store, ChangeHints hints, TimeProvider time)
{
    /// <summary>What a change did; <paramref name="Refusal"/> null: it is done.</summary>
    internal sealed record Written(ProblemHttpResult? Refusal, AdminView? View);

    /// <summary>An object of the settings, for the record of changes.</summary>
    internal sealed record Subject<T>(string Kind, string Key, Func<AdminView, T?> Find, Func<T, string> Name, JsonTypeInfo<T> Json) where T : class;

    public async Task<Written> ChangeAsync<T>(Person person, Subject<T> subject, Func<AdminView, AdminRules.Errors> check, Func<Change, Task<ProblemHttpResult?>> write, CancellationToken cancel)
        where T : class
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var domain = await AdminStore.DomainAsync(transaction, person.Id, cancel);
        await LockAsync(transaction, domain, cancel);
        var before = await store.ReadAsync(transaction, domain, cancel);
        var errors = check(before);
        if (errors.Any) return new Written(Problems.Invalid(errors.ByField), null);
        var change = new Change(transaction, domain, before, time.GetUtcNow());
        if (await write(change) is { } refusal) return new Written(refusal, null);
        if (change.WasDone) return new Written(null, before);
        var after = await store.ReadAsync(transaction, domain, cancel);
        await KeepAsync(transaction, domain, person, subject, before, after, cancel);
        await SettingsReader.RaiseVersionAsync(transaction, domain, cancel);
        await hints.AddAsync(transaction, "settings", subject.Key, null, null, cancel);
        await transaction.CommitAsync(cancel);
        await connection.ExecuteAsync($"notify {SettingsReader.Channel}");
        hints.Wake();
        return new Written(null, after);
    }

    async Task KeepAsync<T>(NpgsqlTransaction transaction, string domain, Person person, Subject<T> subject, AdminView before, AdminView after, CancellationToken cancel) where T : class
    {
        var (was, now) = (subject.Find(before), subject.Find(after));
        string? Text(T? item) => item is null ? null : JsonSerializer.Serialize(item, subject.Json);
        if (Text(was) == Text(now)) return;
        await KeepAsync(transaction, domain, person, subject.Kind, subject.Key, (now ?? was) is { } named ? subject.Name(named) : subject.Key, Text(was), Text(now), cancel);
    }

    /// <summary>In the transaction of the change: what stood there, what stands there now (JSON; null: nothing).</summary>
    public Task KeepAsync(NpgsqlTransaction transaction, string domain, Person person, string kind, string key, string name, string? was, string? now, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into settings_change (domain, at, user_id, kind, key, name, before, after)
            values (@domain, @at, @user, @kind, @key, @name, @was::jsonb, @now::jsonb)
            """,
            new { domain, at = time.GetUtcNow(), user = person.Id, kind, key, name, was, now }, transaction, cancellationToken: cancel));

    /// <summary>One writer of a domain's settings at a time, until the transaction ends.</summary>
    public static Task LockAsync(NpgsqlTransaction transaction, string domain, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended('settings ' || @domain, 0))", new { domain }, transaction, cancellationToken: cancel));

    /// <summary>A change under way.</summary>
    internal sealed record Change(NpgsqlTransaction Transaction, string Domain, AdminView Before, DateTimeOffset Now)
    {
        /// <summary>The same wish came before and was carried out then.</summary>
        public bool WasDone { get; private set; }

        public ProblemHttpResult? NothingToDo()
        {
            WasDone = true;
            return null;
        }

        /// <returns>Rows changed.</returns>
        public Task<int> DoAsync(string sql, object values, CancellationToken cancel) =>
            Transaction.Connection!.ExecuteAsync(new CommandDefinition(sql, values, Transaction, cancellationToken: cancel));

        public Task<bool> AnyAsync(string sql, object values, CancellationToken cancel) =>
            Transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(sql, values, Transaction, cancellationToken: cancel));

        public ProblemHttpResult? Conflict(int rows) => rows > 0
            ? null
            : Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed this since you read it, or took it away. Read it again.");
    }
}
