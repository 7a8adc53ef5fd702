using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Admin;

/// <summary>Roles: which rights, how far each reaches. A change counts from the next request of those who have the role.</summary>
internal static class RoleAdmin
{
    const string LastAdmin = "settings.configure in a role that an active person with a password has: somebody must be able to administer";

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/roles/{code}", SaveAsync).WithName("SaveRole").WithSummary("Make (version 0, from a copy) or change a role: its name, and its rights with their scopes");
        admin.MapDelete("/roles/{code}", RemoveAsync).WithName("RemoveRole").WithSummary("Take a role away that nobody has; builtin ones stay")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    static AdminWriter.Subject<RoleSetup> Subject(string code) =>
        new("role", code, v => v.Roles!.FirstOrDefault(r => r.Code == code), r => r.Name.Length > 0 ? r.Name : r.Code, ContractsJson.Default.RoleSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(string code, RoleSetup role, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (role.Code != code) return Problems.Invalid("code", "the code of the address");
        role = role with { Name = Texts.Clean(role.Name).Trim() };
        return (await writer.ChangeAsync(person, Subject(code), known => Check(role, known), async change =>
        {
            await RoleStore.LockAsync(change.Transaction, cancel);
            var before = await AdministeredAsync(change.Transaction, cancel);
            var rows = await RoleStore.WriteAsync(change.Transaction, role, cancel);
            if (rows == 0) return change.Conflict(rows);
            // Roles are one for all domains: none of them may lose its last administrator.
            return await AdministeredAsync(change.Transaction, cancel) < before ? Problems.Invalid("rights", LastAdmin) : null;
        }, cancel)).Answer();
    }

    static AdminRules.Errors Check(RoleSetup role, AdminView known)
    {
        var errors = AdminRules.Check(role, known);
        errors.Unless(role.Rights.ContainsKey(Rights.Configure) || known.Users.Any(u => u.Role != role.Code && Administrators.IsUsable(u, known)), "rights", LastAdmin);
        return errors;
    }

    /// <summary>In how many domains somebody can administer.</summary>
    static Task<long> AdministeredAsync(NpgsqlTransaction transaction, CancellationToken cancel) =>
        transaction.Connection!.ExecuteScalarAsync<long>(new CommandDefinition(
            $"select count(distinct u.domain) from app_user u where {Administrators.Usable}", new { right = Rights.Configure }, transaction, cancellationToken: cancel));

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> RemoveAsync(string code, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject(code), known => CheckUnused(code, known), async change =>
        {
            await RoleStore.LockAsync(change.Transaction, cancel);
            return await RoleStore.RemoveAsync(change.Transaction, code, cancel) == 0
                ? await change.AnyAsync("select exists (select from role where code = @code)", new { code }, cancel)
                    ? Problems.Invalid("role", "that nobody has, in no domain")
                    : Problems.NotFound("role")
                : null;
        }, cancel)).Answer();

    /// <summary>Names who has it, so that they can be given another first.</summary>
    static AdminRules.Errors CheckUnused(string code, AdminView known)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(known.Roles!.FirstOrDefault(r => r.Code == code) is not { Builtin: true }, "role", "one that an administrator made: builtin roles stay");
        foreach (var user in known.Users.Where(u => u.Role == code).Take(5)) errors.Add("role", $"that nobody has: {user.Name} does");
        return errors;
    }
}
