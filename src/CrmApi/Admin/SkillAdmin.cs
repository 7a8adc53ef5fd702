using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Skills by name, and who has which at which level. Queues ask for them (<see cref="QueueAdmin"/>).</summary>
internal static class SkillAdmin
{
    public const string Skills = "skills";

    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapPut("/skills", SaveAsync).WithName("SaveSkills").WithSummary("Skills, in order, and who has which; what is left out is put away. Queues that ask for them are served by who has them, at once");

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(SkillList list, Person person, AdminWriter writer, CancellationToken cancel)
    {
        list = list with { Items = [.. list.Items.Select(i => i with { Name = Texts.Clean(i.Name).Trim() })] };
        var subject = new AdminWriter.Subject<SkillList>(Skills, Skills, v => v.Skills, _ => "", ContractsJson.Default.SkillList);
        return (await writer.ChangeAsync(person, subject, known => ListRules.Check(list, known), async change =>
        {
            if (await ListAdmin.RefuseOlderAsync(change, Skills, list.Version, cancel) is { } newer) return newer;
            var levels = list.Agents.SelectMany(a => a.Levels.Select(l => (a.User, Skill: l.Key, Level: l.Value))).ToList();
            await change.DoAsync(
                """
                update skill set retired = true where not retired and not code = any(@codes);
                insert into skill (code, name, position, retired)
                select i.code, i.name, i.n, i.retired from unnest(@codes, @names, @retired) with ordinality as i(code, name, retired, n)
                on conflict (code) do update set name = excluded.name, position = excluded.position, retired = excluded.retired;
                delete from agent_skill a using app_user u where u.id = a.user_id and u.domain = @Domain;
                insert into agent_skill (user_id, skill, level) select user_id, skill, level from unnest(@users, @skills, @levels) as l(user_id, skill, level)
                """,
                new
                {
                    codes = list.Items.Select(i => i.Code).ToArray(),
                    names = list.Items.Select(i => i.Name).ToArray(),
                    retired = list.Items.Select(i => i.Retired).ToArray(),
                    users = levels.ConvertAll(l => l.User).ToArray(),
                    skills = levels.ConvertAll(l => l.Skill).ToArray(),
                    levels = levels.ConvertAll(l => l.Level).ToArray(),
                    change.Domain,
                }, cancel);
            return null;
        }, cancel)).Answer();
    }
}
