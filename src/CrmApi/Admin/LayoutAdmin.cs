using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>How the client's card is laid out, by role and deal type.</summary>
internal static class LayoutAdmin
{
    const int MostGroups = 20;
    const int LongestName = 60;

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/card-layouts", SaveAsync).WithName("SaveCardLayout").WithSummary("Make (version 0) or change the card's layout of a role, of a deal type, of both, or of everybody")
            .ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapDelete("/card-layouts", RemoveAsync).WithName("RemoveCardLayout").WithSummary("Take a layout away: the next less specific one holds; version is the one read")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    static AdminWriter.Subject<CardLayout> Subject(string? role, string? dealType) => new("card_layout", $"{role}/{dealType}",
        v => (v.CardLayouts ?? []).FirstOrDefault(l => l.Role == role && l.DealType == dealType), l => string.Join(" · ", new[] { l.Role, l.DealType }.OfType<string>()), ContractsJson.Default.CardLayout);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(CardLayout layout, Person person, AdminWriter writer, CancellationToken cancel)
    {
        layout = layout with { Groups = [.. layout.Groups.Select(g => g with { Name = Texts.Clean(g.Name).Trim() })] };
        return (await writer.ChangeAsync(person, Subject(layout.Role, layout.DealType), known => Check(layout, known), async change =>
        {
            var values = new { layout.Role, layout.DealType, layout.Version, groups = JsonSerializer.Serialize(layout.Groups, ContractsJson.Default.IReadOnlyListCardGroup) };
            if (layout.DealType is not null && !await change.AnyAsync("select exists (select from deal_type where code = @DealType)", values, cancel)) return Problems.Invalid("dealType", "the code of a deal type, or none");
            return change.Conflict(await change.DoAsync(layout.Version == 0
                ? "insert into card_layout (role, deal_type, groups) values (@Role, @DealType, @groups::jsonb) on conflict do nothing"
                : "update card_layout set groups = @groups::jsonb, version = version + 1 where role is not distinct from @Role and deal_type is not distinct from @DealType and version = @Version", values, cancel));
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> RemoveAsync(Person person, AdminWriter writer, CancellationToken cancel, string? role = null, string? dealType = null, int version = 0)
    {
        (role, dealType) = (role is "" ? null : role, dealType is "" ? null : dealType);
        return (await writer.ChangeAsync(person, Subject(role, dealType), _ => new AdminRules.Errors(), async change =>
            change.Conflict(await change.DoAsync("delete from card_layout where role is not distinct from @role::text and deal_type is not distinct from @dealType::text and version = @version", new { role, dealType, version }, cancel)),
            cancel)).Answer();
    }

    static AdminRules.Errors Check(CardLayout layout, AdminView known)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(layout.Role is null || known.Roles!.Any(r => r.Code == layout.Role), "role", "the code of a role, or none");
        errors.Unless(layout.Groups.Count is >= 1 and <= MostGroups, "groups", $"1 to {MostGroups} groups");
        errors.Unless(layout.Groups.All(g => g.Name.Length <= LongestName), "groups", $"names of at most {LongestName} characters");
        var fields = layout.Groups.SelectMany(g => g.Fields).ToList();
        var own = (known.ClientFields ?? []).Select(f => CardFieldCodes.CustomPrefix + f.Code).ToHashSet(StringComparer.Ordinal);
        errors.Unless(fields.TrueForAll(f => CardLayouts.Fields.Contains(f.Code) || own.Contains(f.Code)), "fields", "codes of the card's fields");
        errors.Unless(fields.DistinctBy(f => f.Code).Count() == fields.Count, "fields", "each field once");
        errors.Unless(fields.TrueForAll(f => CardLayouts.Modes.Contains(f.Mode)), "fields", $"one of {string.Join(", ", CardLayouts.Modes)}");
        errors.Unless(!fields.Exists(f => f is { Code: "name", Mode: CardLayouts.Hidden }), "fields", "the name, not hidden");
        return errors;
    }
}
