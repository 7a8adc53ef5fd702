using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Which fields of the card are sensitive. A change counts from the next request of everybody; live feeds come back with a snapshot, as after a change of roles.</summary>
internal static class SensitiveAdmin
{
    static readonly AdminWriter.Subject<SensitiveFieldsSave> Subject =
        new("sensitive_fields", "sensitive_fields", v => new SensitiveFieldsSave(v.SensitiveFields ?? [], []), _ => "", ContractsJson.Default.SensitiveFieldsSave);

    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapPut("/sensitive-fields", SaveAsync).WithName("SaveSensitiveFields").WithSummary("Which fields of the client's card only those see who have the right client.sensitive")
            .ProducesProblem(StatusCodes.Status409Conflict);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(SensitiveFieldsSave save, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject, known => Check(save, known), async change =>
        {
            // Roles and their sight are one for all domains.
            await RoleStore.LockAsync(change.Transaction, cancel);
            if (!(change.Before.SensitiveFields ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(save.Before)) return change.Conflict(0);
            await change.DoAsync("delete from sensitive_field where field <> all (@fields); insert into sensitive_field (field) select unnest(@fields) on conflict do nothing", new { fields = save.Fields.Distinct(StringComparer.Ordinal).ToArray() }, cancel);
            await RoleStore.RaiseVersionAsync(change.Transaction, cancel);
            return null;
        }, cancel)).Answer();

    static AdminRules.Errors Check(SensitiveFieldsSave save, AdminView known)
    {
        var errors = new AdminRules.Errors();
        var may = CardFieldCodes.MayBeSensitive.Concat((known.ClientFields ?? []).Select(f => CardFieldCodes.CustomPrefix + f.Code)).ToList();
        errors.Unless(save.Fields.All(may.Contains), "fields", $"some of {string.Join(", ", may)}");
        return errors;
    }
}
