using CallCrm.Contracts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>The one writer of roles and their rights.</summary>
internal sealed class RoleStore(NpgsqlDataSource database)
{
    /// <summary>
    /// Rights that the database has not seen yet, all of them at the first start and those of a new release, go to the roles as the catalog says: to a role
    /// made by an administrator as to the builtin one it comes from.
    /// </summary>
    public async Task GiveDefaultsAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await LockAsync(transaction, cancel);
        var fresh = (await connection.QueryAsync<string>(new CommandDefinition("insert into known_right (code) select unnest(@codes) on conflict do nothing returning code",
            new { codes = RightCatalog.All.Select(r => r.Code).ToArray() }, transaction, cancellationToken: cancel))).ToHashSet(StringComparer.Ordinal);
        if (fresh.Count == 0) return;
        var given = RightCatalog.All.Where(r => fresh.Contains(r.Code)).SelectMany(r => r.Defaults, (r, d) => (Model: d.Key, Right: r.Code, Scope: RightCatalog.NameOf(d.Value))).ToArray();
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into role_right (role, right_code, scope)
            select r.code, d.right_code, d.scope from unnest(@models, @rights, @scopes) as d(model, right_code, scope) join role r on r.model = d.model on conflict do nothing
            """,
            new { models = given.Select(g => g.Model).ToArray(), rights = given.Select(g => g.Right).ToArray(), scopes = given.Select(g => g.Scope).ToArray() }, transaction, cancellationToken: cancel));
        await RaiseVersionAsync(transaction, cancel);
        await transaction.CommitAsync(cancel);
    }

    /// <summary>Makes (version 0) or changes a role, in the transaction of the change.</summary>
    /// <returns>Rows changed: 0 when somebody was faster.</returns>
    public static async Task<int> WriteAsync(NpgsqlTransaction transaction, RoleSetup role, CancellationToken cancel)
    {
        var values = new { role.Code, role.Name, role.CopyOf, role.Version, rights = role.Rights.Keys.ToArray(), scopes = role.Rights.Values.ToArray() };
        var rows = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            role.Version == 0
                ? "insert into role (code, name, model) select @Code, @Name, model from role where code = @CopyOf on conflict (code) do nothing"
                : "update role set name = @Name, version = version + 1 where code = @Code and version = @Version", values, transaction, cancellationToken: cancel));
        if (rows == 0) return 0;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            delete from role_right where role = @Code;
            insert into role_right (role, right_code, scope) select @Code, right_code, scope from unnest(@rights, @scopes) as r(right_code, scope)
            """, values, transaction, cancellationToken: cancel));
        await RaiseVersionAsync(transaction, cancel);
        return rows;
    }

    /// <returns>0: it is builtin, somebody has it, or it is not there.</returns>
    public static async Task<int> RemoveAsync(NpgsqlTransaction transaction, string code, CancellationToken cancel)
    {
        var rows = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "delete from role r where code = @code and not builtin and not exists (select from app_user u where u.role = r.code)", new { code }, transaction, cancellationToken: cancel));
        if (rows > 0) await RaiseVersionAsync(transaction, cancel);
        return rows;
    }

    /// <summary>One change of roles at a time, in whatever domain its maker is, until the transaction ends.</summary>
    public static Task LockAsync(NpgsqlTransaction transaction, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended('roles', 0))", transaction: transaction, cancellationToken: cancel));

    /// <summary>Roles, departments, or who is in which, have changed.</summary>
    public static Task RaiseVersionAsync(NpgsqlTransaction transaction, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition("update access_version set version = version + 1", transaction: transaction, cancellationToken: cancel));
}
