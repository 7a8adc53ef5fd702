using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class SkillsAdminTests : PageContext
{
    static readonly Guid Anna = Guid.Parse("0190b000-0000-7000-8000-0000000000a1"), Luca = Guid.Parse("0190b000-0000-7000-8000-0000000000a2");

    static readonly OverflowSetup Reject = new("reject", "");

    static UserSetup User(Guid id, string name, bool active = true) => new(id, name.ToLowerInvariant(), name, "agent", "en", "Europe/Rome", true, true, active, 1);

    static readonly AdminView View = new([User(Anna, "Anna"), User(Luca, "Luca"), User(Guid.NewGuid(), "Gone", active: false)],
        [new QueueSetup(Guid.Parse("0190b000-0000-7000-8000-0000000000b1"), "Support", 20, 30, 0, 300, 20, Reject, Reject, Reject, "Europe/Rome", null, [], 90, 20, true, [new MemberSetup(Luca, 1)], 3, Skills: [new QueueSkill("russian", 3)])],
        [], [], [], [], [], Skills: new SkillList([new("russian", "Russian"), new("old", "Old", true)], [new AgentSkills(Anna, new Dictionary<string, int> { ["russian"] = 2, ["old"] = 1 })], 5));

    IRenderedComponent<T> Show<T>() where T : AdminPart
    {
        Server.Answer = r => r.Method == HttpMethod.Put ? FakeServer.Json(JsonSerializer.Serialize(View, ContractsJson.Default.AdminView)) : null;
        return Render<T>(p => p.Add(f => f.View, View));
    }

    string Sent => Server.Asked.Single(a => a.Method == "PUT").Body;

    [Fact]
    public void Who_can_what_is_a_table_and_what_was_put_away_keeps_its_levels()
    {
        var page = Show<SkillsAdmin>();
        page.FindAll("[data-test=skills-row]").Select(r => r.QuerySelector("th")!.TextContent).Should().Equal("Anna", "Luca");
        page.Find("[data-test=skills-form] .in-use").TextContent.Should().Be("Support", "the queue that asks for it");
        page.FindAll("[data-test=skill-level]")[1].Change("4");
        page.Click("[data-test=skill-add]");
        page.FindAll("[data-test=skill-name]")[1].Input("Technical");
        page.FindAll("[data-test=skill-level]")[1].Change("1");
        page.Submit("form");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        var sent = JsonSerializer.Deserialize(Sent, ContractsJson.Default.SkillList)!;
        sent.Version.Should().Be(5);
        sent.Items.Should().Equal(new SkillSetup("russian", "Russian"), new SkillSetup("old", "Old", true), new SkillSetup("technical", "Technical"));
        sent.Agents.Single(a => a.User == Anna).Levels.Should().Equal(new Dictionary<string, int> { ["russian"] = 2, ["old"] = 1, ["technical"] = 1 });
        sent.Agents.Single(a => a.User == Luca).Levels.Should().Equal(new Dictionary<string, int> { ["russian"] = 4 });
    }

    [Fact]
    public void A_queue_says_who_serves_it_by_the_skills_it_asks_for()
    {
        var page = Show<QueuesAdmin>();
        page.Find("[data-test=admin-row]").TextContent.Should().Contain("2", "Luca is named, Anna can");
        page.Click("[data-test=admin-row]");
        page.Find("[data-test=queue-by-skill]").TextContent.Should().Be("By skills it is served by Anna (2).");
        page.Change("[data-test=queue-skill]", "1");
        page.Find("[data-test=queue-by-skill]").TextContent.Should().Contain("Nobody else has all of these");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        JsonSerializer.Deserialize(Sent, ContractsJson.Default.QueueSetup)!.Skills.Should().Equal(new QueueSkill("russian", 1));
    }
}
