using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>A person leaves: sessions end, routing skips them, an heir gets what was theirs; and the way back.</summary>
internal static class LeavingAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/users/{id}/leaving", GetAsync).WithName("GetLeaving").WithSummary("What is in a person's name now, and what was handed over before").ProducesProblem(StatusCodes.Status404NotFound);
        admin.MapPost("/users/{id}/leave", LeaveAsync).WithName("DeactivateUser")
            .WithSummary("Deactivate a person; clients, open deals, open tasks and callbacks go to the heir, if one is named. Of somebody deactivated before: what is left goes. Repeated with the same id it does nothing")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapPost("/handovers/{id}/undo", UndoAsync).WithName("UndoHandover")
            .WithSummary("The person gets back what the heir still has and has not finished, and is active again").ProducesProblem(StatusCodes.Status404NotFound);
    }

    static async Task<Results<Ok<LeavingView>, ProblemHttpResult>> GetAsync(Guid id, Person person, HandoverStore handovers, CancellationToken cancel) =>
        await handovers.ReadAsync(id, person.Id, cancel) is { } view ? TypedResults.Ok(view) : Problems.NotFound("person");

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> LeaveAsync(Guid id, LeaveRequest leave, Person person, HttpContext http, AdminWriter writer, HandoverStore handovers, CancellationToken cancel)
    {
        if (leave.Id == Guid.Empty) return Problems.Invalid("id", "a new UUID");
        var written = await writer.ChangeAsync(person, UserAdmin.Subject(id), _ => new AdminRules.Errors(), async change =>
        {
            if (await handovers.IsDoneAsync(change, leave.Id, id, cancel)) return change.NothingToDo();
            if (change.Before.Users.FirstOrDefault(u => u.Id == id) is not { } user) return Problems.NotFound("person");
            var errors = Check(user, leave, change.Before);
            if (errors.Any) return Problems.Invalid(errors.ByField);
            if (user.Version != leave.Version) return change.Conflict(0);
            return await handovers.LeaveAsync(change, user, leave, person, http.Connection.RemoteIpAddress?.ToString(), cancel);
        }, cancel);
        return written.Answer();
    }

    static AdminRules.Errors Check(UserSetup user, LeaveRequest leave, AdminView known)
    {
        var errors = new AdminRules.Errors();
        if (leave.Heir == user.Id) errors.Add("heir", "somebody else");
        else errors.Unless(leave.Heir is not { } heir || known.Users.Any(u => u.Id == heir && u.Active), "heir", "an active person");
        errors.Unless(user.Active || leave.Heir is not null, "heir", "an active person: this one is deactivated already");
        if (user.Active) errors.Unless(Administrators.Another(user.Id, known), "role", "one active administrator must remain");
        return errors;
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> UndoAsync(Guid id, Person person, HttpContext http, AdminWriter writer, HandoverStore handovers, CancellationToken cancel)
    {
        if (await handovers.UserAsync(id, cancel) is not { } user) return Problems.NotFound("handover");
        var written = await writer.ChangeAsync(person, UserAdmin.Subject(user), _ => new AdminRules.Errors(),
            change => handovers.UndoAsync(change, id, person, http.Connection.RemoteIpAddress?.ToString(), cancel), cancel);
        return written.Answer();
    }
}
