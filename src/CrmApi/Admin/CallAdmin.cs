using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>What holds for all calls of the domain.</summary>
internal static class CallAdmin
{
    static readonly AdminWriter.Subject<CallSetup> Subject = new("calls", "calls", v => v.Calls, _ => "", ContractsJson.Default.CallSetup);

    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapPut("/calls", SaveAsync).WithName("SaveCallSettings").WithSummary("Whether calls between colleagues are recorded; in force from the next one on").ProducesProblem(StatusCodes.Status409Conflict);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(CallSetup calls, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject, _ => new AdminRules.Errors(), async change => change.Conflict(await change.DoAsync(calls.Version == 0
            ? "insert into domain_setting (domain, record_internal) values (@Domain, @RecordInternal) on conflict do nothing"
            : "update domain_setting set record_internal = @RecordInternal, version = version + 1 where domain = @Domain and version = @Version",
            new { change.Domain, calls.RecordInternal, calls.Version }, cancel)), cancel)).Answer();
}
