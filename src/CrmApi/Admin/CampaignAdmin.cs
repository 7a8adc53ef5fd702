using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Campaigns. None is deleted: calls, dialled numbers, dispositions and scripts name them.</summary>
internal static class CampaignAdmin
{
    public const string Campaigns = "campaigns";

    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapPut("/campaigns", SaveAsync).WithName("SaveCampaigns").WithSummary("The campaigns, in order; what is left out is put away, its calls stay its. Numbers that belong to one hold from the next call on");

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(CampaignList list, Person person, AdminWriter writer, CancellationToken cancel)
    {
        list = list with { Items = [.. list.Items.Select(i => i with { Name = Texts.Clean(i.Name).Trim(), Description = Texts.Clean(i.Description).Trim() })] };
        var subject = new AdminWriter.Subject<CampaignList>(Campaigns, Campaigns, v => v.Campaigns, _ => "", ContractsJson.Default.CampaignList);
        return (await writer.ChangeAsync(person, subject, known => ListRules.Check(list, known), async change =>
        {
            if (await ListAdmin.RefuseOlderAsync(change, Campaigns, list.Version, cancel) is { } newer) return newer;
            await change.DoAsync(
                """
                update campaign set retired = true where not retired and not code = any(@codes);
                insert into campaign (code, name, description, from_day, to_day, position, retired)
                select i.code, i.name, i.description, i.from_day::date, i.to_day::date, i.n, i.retired
                from unnest(@codes, @names, @descriptions, @froms, @tos, @retired) with ordinality as i(code, name, description, from_day, to_day, retired, n)
                on conflict (code) do update set name = excluded.name, description = excluded.description, from_day = excluded.from_day, to_day = excluded.to_day,
                  position = excluded.position, retired = excluded.retired
                """,
                new
                {
                    codes = list.Items.Select(i => i.Code).ToArray(),
                    names = list.Items.Select(i => i.Name).ToArray(),
                    descriptions = list.Items.Select(i => i.Description).ToArray(),
                    froms = list.Items.Select(i => Day(i.From)).ToArray(),
                    tos = list.Items.Select(i => Day(i.To)).ToArray(),
                    retired = list.Items.Select(i => i.Retired).ToArray(),
                }, cancel);
            return null;
        }, cancel)).Answer();
    }

    static string? Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
}
