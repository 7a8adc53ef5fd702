using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>What holds for all calls of the domain.</summary>
internal static class CallAdmin
{
    static readonly AdminWriter.Subject<CallSetup> Subject = new("calls", "calls", v => v.Calls, _ => "", ContractsJson.Default.CallSetup);

    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapPut("/calls", SaveAsync).WithName("SaveCallSettings").WithSummary("Calls between colleagues and calls out: what is recorded and written up; in force at once").ProducesProblem(StatusCodes.Status409Conflict);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(CallSetup calls, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject, _ => AdminRules.Check(calls), async change => change.Conflict(await change.DoAsync(calls.Version == 0
            ? """
              insert into domain_setting (domain, record_internal, record_out, wrap_up_out_s, unknown_private)
              values (@Domain, @RecordInternal, @RecordOut, @WrapUpOut_s, @UnknownPrivate) on conflict do nothing
              """
            : """
              update domain_setting set record_internal = @RecordInternal, record_out = @RecordOut, wrap_up_out_s = @WrapUpOut_s, unknown_private = @UnknownPrivate, version = version + 1
              where domain = @Domain and version = @Version
              """,
            new { change.Domain, calls.RecordInternal, calls.RecordOut, calls.WrapUpOut_s, calls.UnknownPrivate, calls.Version }, cancel)), cancel)).Answer();
}
