using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Admin;

/// <summary>Skills by name, who has them, and queues that are served by who has them.</summary>
public sealed class SkillTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly SkillSetup Russian = new("russian", "Russian"), Technical = new("technical", "Technical");

    Page ada = null!;

    public async Task InitializeAsync() => ada = await host.SignInAsync("ada");

    public async Task DisposeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("truncate agent_skill, queue_skill; delete from skill");
        await ada.DisposeAsync();
    }

    Task<AdminView> SettingsAsync() => ada.GetAsync("api/admin", ContractsJson.Default.AdminView);

    static AgentSkills Of(Guid agent, params (string Skill, int Level)[] levels) => new(agent, levels.ToDictionary(l => l.Skill, l => l.Level));

    async Task<AdminView> PutAsync<T>(string path, T what, JsonTypeInfo<T> json)
    {
        using var answer = await ada.Http.PutAsJsonAsync(path, what, json);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!;
    }

    async Task<AdminView> SaveAsync(SkillSetup[] skills, params AgentSkills[] agents) => await PutAsync("api/admin/skills", new SkillList(skills, agents, (await SettingsAsync()).Skills!.Version), ContractsJson.Default.SkillList);

    async Task<AdminView> AskAsync(params QueueSkill[] asked)
    {
        var queue = (await SettingsAsync()).Queues.Single(q => q.Id == Seeds.Support);
        return await PutAsync($"api/admin/queues/{queue.Id}", queue with { Skills = asked }, ContractsJson.Default.QueueSetup);
    }

    [PostgresFact]
    public async Task A_queue_is_served_by_who_has_its_skills_and_the_page_says_the_same_as_the_router_reads()
    {
        var members = (await SettingsAsync()).Queues.Single(q => q.Id == Seeds.Support).Members;
        await SaveAsync([Russian, Technical], Of(Seeds.Anna, ("russian", 2), ("technical", 4)), Of(Seeds.Luca, ("russian", 6)), Of(Seeds.Mila, ("russian", 1), ("technical", 1)));
        var view = await AskAsync(new QueueSkill("russian", 5), new QueueSkill("technical", 9));
        var queue = view.Queues.Single(q => q.Id == Seeds.Support);
        queue.Skills.Should().BeEquivalentTo([new QueueSkill("russian", 5), new QueueSkill("technical", 9)]);
        var told = SkillRules.Members(queue.Skills!, view.Skills!, queue.Members);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(Guid, int)>("select user_id, level from queue_member where queue_id = @Support", new { Seeds.Support }))
            .Should().BeEquivalentTo(told.Select(t => (t.Key, t.Value)).Concat(members.Select(m => (m.User, m.Level))));
        told.Should().ContainKey(Seeds.Anna).WhoseValue.Should().Be(4);
        told.Should().NotContainKey(Seeds.Luca);
        // Who hands a call on sees them as its people at once.
        await using var anna = await host.SignInAsync("anna");
        (await anna.GetAsync("api/directory", ContractsJson.Default.DirectoryView)).Queues.Should().Contain(q => q.Id == Seeds.Support);

        // Put away, a skill is asked of nobody; brought back it is as it was.
        var without = await SaveAsync([Russian with { Retired = true }, Technical with { Retired = true }], [.. view.Skills!.Agents]);
        SkillRules.Members(queue.Skills!, without.Skills!, queue.Members).Should().BeEmpty();
        (await database.ExecuteScalarAsync<long>("select count(*) from queue_member where queue_id = @Support", new { Seeds.Support })).Should().Be(members.Count);
        var again = await SaveAsync([Russian, Technical], [.. view.Skills.Agents]);
        SkillRules.Members(queue.Skills!, again.Skills!, queue.Members).Should().BeEquivalentTo(told);
        var changes = (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items;
        changes.Select(c => c.Kind).Take(4).Should().Equal("skills", "skills", "queue", "skills");
    }

    [PostgresFact]
    public async Task What_cannot_be_is_refused_by_field_and_an_older_list_too()
    {
        var version = (await SettingsAsync()).Skills!.Version;
        async Task<IReadOnlyDictionary<string, string[]>?> WrongAsync(string body) => (await ada.ProblemAsync(HttpMethod.Put, "api/admin/skills", body)).Problem.Errors;
        (await WrongAsync($$"""{"items":[{"code":"R","name":"R"}],"agents":[],"version":{{version}}}"""))!.Should().ContainKey("items");
        (await WrongAsync($$$"""{"items":[{"code":"r","name":"R"}],"agents":[{"user":"{{{Seeds.Anna}}}","levels":{"r":0}}],"version":{{{version}}}}"""))!["agents"].Should().Equal("a level from 1 to 9");
        (await WrongAsync($$$"""{"items":[{"code":"r","name":"R"}],"agents":[{"user":"{{{Seeds.Anna}}}","levels":{"x":1}}],"version":{{{version}}}}"""))!["agents"].Should().Equal("skills of the list");
        (await WrongAsync($$$"""{"items":[],"agents":[{"user":"{{{Guid.NewGuid()}}}","levels":{}}],"version":{{{version}}}}"""))!["agents"].Should().Equal("people who take calls");
        await SaveAsync([Russian]);
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/skills", $$"""{"items":[],"agents":[],"version":{{version}}}""");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Conflict, "edit_conflict"));
        var queue = (await SettingsAsync()).Queues.Single(q => q.Id == Seeds.Support);
        using var asked = await ada.Http.PutAsJsonAsync($"api/admin/queues/{queue.Id}", queue with { Skills = [new QueueSkill("flying", 3), new QueueSkill("russian", 12)] }, ContractsJson.Default.QueueSetup);
        (await asked.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["skills"].Should().BeEquivalentTo("skills of the list", "a level from 1 to 9");
    }

    [PostgresTheory]
    [InlineData("anna")]
    [InlineData("sara")]
    public async Task Who_may_not_configure_changes_no_skill(string login)
    {
        await using var page = await host.SignInAsync(login);
        (await page.ProblemAsync(HttpMethod.Put, "api/admin/skills", """{"items":[],"agents":[],"version":1}""")).Status.Should().Be(HttpStatusCode.Forbidden);
    }
}
