using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>The site's own fields on the clients' cards. What was entered is never lost: a kind that a value does not fit is refused, a field is put away, not deleted.</summary>
internal static class FieldAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/client-fields/{code}", SaveAsync).WithName("SaveClientField")
            .WithSummary("Make (version 0) or change a field of the clients' cards; 409 values_do_not_fit where stored values are none of the new kind or options")
            .ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapDelete("/client-fields/{code}", ArchiveAsync).WithName("ArchiveClientField").WithSummary("Put a field away: it is on no card, its values are kept and come back with it");
    }

    static AdminWriter.Subject<ClientFieldSetup> Subject(string code) =>
        new("client_field", code, v => (v.ClientFields ?? []).FirstOrDefault(f => f.Code == code), f => f.Name, ContractsJson.Default.ClientFieldSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(string code, ClientFieldSetup field, Person person, AdminWriter writer, ClientDirectory clients, CancellationToken cancel)
    {
        if (field.Code != code) return Problems.Invalid("code", "the code of the address");
        field = field with { Name = Texts.Clean(field.Name).Trim(), Options = [.. field.Options.Select(o => o with { Name = Texts.Clean(o.Name).Trim() })] };
        return (await writer.ChangeAsync(person, Subject(code), known => AdminRules.Check(field, known), async change =>
        {
            var values = new { field.Code, field.Name, field.Kind, field.Position, field.Archived, field.Version, options = CustomField.WriteOptions(field.Options.Select(o => new FieldOption(o.Code, o.Name))) };
            if (field.Version == 0)
                return change.Conflict(await change.DoAsync(
                    "insert into client_field (code, name, kind, options, position, archived) values (@Code, @Name, @Kind, @options::jsonb, @Position, @Archived) on conflict do nothing", values, cancel));
            // From here on no card is saved with this field, so that no value comes in between.
            if (!await change.AnyAsync("select true from client_field where code = @Code and version = @Version for update", values, cancel)) return change.Conflict(0);
            var before = Subject(code).Find(change.Before)!;
            if ((before.Kind != field.Kind || !before.Options.SequenceEqual(field.Options)) && await clients.ConvertAsync(change.Transaction, Field(before), Field(field), cancel) is { } misfits)
                return DoNotFit(misfits, before.Kind != field.Kind ? "kind" : "options");
            return change.Conflict(await change.DoAsync(
                "update client_field set name = @Name, kind = @Kind, options = @options::jsonb, position = @Position, archived = @Archived, version = version + 1 where code = @Code", values, cancel));
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> ArchiveAsync(string code, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject(code), _ => new AdminRules.Errors(),
            async change => change.Conflict(await change.DoAsync("update client_field set archived = true, version = version + 1 where code = @code and not archived", new { code }, cancel)), cancel)).Answer();

    static CustomField Field(ClientFieldSetup field) => new(field.Code, field.Name, field.Kind, [.. field.Options.Select(o => new FieldOption(o.Code, o.Name))]);

    static ProblemHttpResult DoNotFit(ValuesDoNotFit misfits, string field)
    {
        var such = string.Join(", ", misfits.Examples);
        return Problems.Of(StatusCodes.Status409Conflict, "values_do_not_fit", $"{misfits.Count} stored values do not fit, such as {such}. Nothing was changed.",
            new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [$"what all stored values fit; {misfits.Count} do not: {such}"] });
    }
}
