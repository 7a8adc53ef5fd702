using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Departments, a tree. What is within a department's scope is that of its people and of all below it.</summary>
internal static class DepartmentAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/departments/{id}", SaveAsync).WithName("SaveDepartment").WithSummary("Make (version 0) or change a department: its name, and the one it is below");
        admin.MapDelete("/departments/{id}", RemoveAsync).WithName("RemoveDepartment").WithSummary("Take a department away that nobody is in and that has none below it")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    static AdminWriter.Subject<DepartmentSetup> Subject(Guid id) =>
        new("department", id.ToString(), v => v.Departments!.FirstOrDefault(d => d.Id == id), d => d.Name, ContractsJson.Default.DepartmentSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(Guid id, DepartmentSetup department, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (department.Id != id || id == Guid.Empty) return Problems.Invalid("id", "the id of the address");
        department = department with { Name = Texts.Clean(department.Name).Trim() };
        return (await writer.ChangeAsync(person, Subject(id), known => AdminRules.Check(department, known), async change =>
        {
            await RoleStore.LockAsync(change.Transaction, cancel);
            var rows = await change.DoAsync(
                department.Version == 0
                    ? "insert into department (id, name, parent_id) values (@Id, @Name, @Parent) on conflict do nothing"
                    : "update department set name = @Name, parent_id = @Parent, version = version + 1 where id = @Id and version = @Version", department, cancel);
            if (rows > 0) await RoleStore.RaiseVersionAsync(change.Transaction, cancel);
            return change.Conflict(rows);
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> RemoveAsync(Guid id, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject(id), known => CheckUnused(id, known), async change =>
        {
            await RoleStore.LockAsync(change.Transaction, cancel);
            if (await change.AnyAsync("select exists (select from app_user where department_id = @id)", new { id }, cancel)) return Problems.Invalid("department", "that nobody is in");
            if (await change.DoAsync("delete from department where id = @id", new { id }, cancel) == 0) return Problems.NotFound("department");
            await RoleStore.RaiseVersionAsync(change.Transaction, cancel);
            return null;
        }, cancel)).Answer();

    static AdminRules.Errors CheckUnused(Guid id, AdminView known)
    {
        var errors = new AdminRules.Errors();
        foreach (var user in known.Users.Where(u => u.Department == id).Take(5)) errors.Add("department", $"that nobody is in: {user.Name} is");
        foreach (var below in known.Departments!.Where(d => d.Parent == id).Take(5)) errors.Add("department", $"with none below it: {below.Name} is");
        return errors;
    }
}
