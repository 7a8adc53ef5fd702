using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>The rules that say which fields must be filled before a card is saved, a deal leaves a stage, a call is wrapped up.</summary>
internal static class RequiredRuleAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/required-rules/{id}", SaveAsync).WithName("SaveRequiredRule").WithSummary("Make (version 0) or change a rule of mandatory fields").ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapDelete("/required-rules/{id}", DeleteAsync).WithName("DeleteRequiredRule").WithSummary("Take a rule of mandatory fields away");
    }

    static AdminWriter.Subject<RequiredRuleSetup> Subject(Guid id) =>
        new("required_rule", id.ToString(), v => (v.RequiredRules ?? []).FirstOrDefault(r => r.Id == id), r => r.Name, ContractsJson.Default.RequiredRuleSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(Guid id, RequiredRuleSetup rule, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (rule.Id != id) return Problems.Invalid("id", "the id of the address");
        rule = rule with { Name = Texts.Clean(rule.Name).Trim(), Fields = [.. rule.Fields.Distinct(StringComparer.Ordinal)] };
        return (await writer.ChangeAsync(person, Subject(id), known => AdminRules.Check(rule, known), async change =>
        {
            var values = new { rule.Id, rule.Name, rule.Occasion, rule.Segment, rule.DealType, rule.DealStage, rule.Role, fields = rule.Fields.ToArray(), rule.Active, rule.Version };
            if (rule.Segment is not null && !await change.AnyAsync("select exists (select from segment where code = @Segment)", values, cancel)) return Problems.Invalid("segment", "the code of a segment");
            if (rule.DealType is not null && !await change.AnyAsync("select exists (select from deal_type where code = @DealType)", values, cancel)) return Problems.Invalid("dealType", "the code of a deal type");
            if (rule.DealStage is not null && !await change.AnyAsync("select exists (select from stage where deal_type = @DealType and code = @DealStage)", values, cancel))
                return Problems.Invalid("dealStage", "the code of a stage of this deal type");
            return change.Conflict(await change.DoAsync(rule.Version == 0
                ? """
                  insert into required_rule (id, name, occasion, segment, deal_type, deal_stage, role, fields, active)
                  values (@Id, @Name, @Occasion, @Segment, @DealType, @DealStage, @Role, @fields, @Active) on conflict do nothing
                  """
                : """
                  update required_rule set name = @Name, occasion = @Occasion, segment = @Segment, deal_type = @DealType, deal_stage = @DealStage, role = @Role, fields = @fields, active = @Active,
                    version = version + 1 where id = @Id and version = @Version
                  """, values, cancel));
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> DeleteAsync(Guid id, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject(id), _ => new AdminRules.Errors(), async change => change.Conflict(await change.DoAsync("delete from required_rule where id = @id", new { id }, cancel)), cancel)).Answer();
}
