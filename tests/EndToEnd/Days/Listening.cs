using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Dapper;
using Npgsql;

namespace CallCrm.EndToEnd.Days;

/// <summary>A supervisor hears a live call on a SIP phone of their own: ChanSpy of the snippet, no word of theirs in it, over with the call.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Listening(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static async Task<CommandAnswer> ListenAsync(AgentPage page, Guid agent, Guid call, bool listens, string? node, string? extension)
    {
        using var response = await page.Http.PostAsJsonAsync($"api/agents/{agent}/listening", new ListenRequest(Guid.CreateVersion7(), call, listens, node, extension), ContractsJson.Default.ListenRequest);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!;
    }

    [LabFact]
    public async Task A_supervisors_phone_rings_and_hears_until_stopped_and_until_the_call_is_over()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        var connection = await postgres.NewDatabaseAsync();
        await using var site = await LabSite.StartAsync(lab, connection, agents: 2);
        await using var database = NpgsqlDataSource.Create(connection);
        await using (var promote = database.CreateCommand("update app_user set role = 'supervisor', is_agent = false where login = 'agent102'"))
            await promote.ExecuteNonQueryAsync();
        await using var watch = await lab.WatchAsync();
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300));
        await using var ear = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await site.SitDownAsync(["101"]);
        await using var sara = await AgentPage.OpenAsync(site.Host.Address, LabSite.LoginAt("102"), "demo");
        var anna = site.Pages[0];
        await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Talk = TimeSpan.FromSeconds(12) });
        var call = (await anna.NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call.CallId;
        var agent = (await sara.NextAsync<AgentEvent>(e => e.Agent.State == "Talking" && e.Agent.CallId == call)).Agent.AgentId;

        (await ListenAsync(sara, agent, call, true, lab.Node, "102")).Should().BeEquivalentTo(new { Accepted = true, Reason = (string?)null });
        var spies = await watch.EventAsync("ChanSpyStart");
        spies["SpyeeChannel"].Should().StartWith("PJSIP/101-");
        (await anna.NextAsync<CallEvent>(e => e.Call.ListenedBy is not null)).Call.ListenedBy.Should().Equal("Agent 102");
        await sara.NextAsync<AgentEvent>(e => e.Agent.AgentId == agent && e.Agent.ListenedBy?.Count == 1);
        (await lab.CliAsync($"core show channel {spies["SpyerChannel"]}")).Should().Contain("ChanSpy").And.Contain(",quES", "nobody may be heard by it");

        (await ListenAsync(sara, agent, call, false, null, null)).Accepted.Should().BeTrue();
        await anna.NextAsync<CallEvent>(e => e.Call.ListenedBy is null);
        await watch.EventAsync("Hangup", e => e["Uniqueid"] == spies["SpyerUniqueid"], TimeSpan.FromSeconds(10));
        (await lab.ChannelsAsync()).Should().HaveCount(2, "the call goes on without a listener");

        (await ListenAsync(sara, agent, call, true, lab.Node, "102")).Accepted.Should().BeTrue();
        await watch.EventAsync("ChanSpyStart", index: 1);
        await anna.NextAsync<CallEvent>(e => e.Call.ListenedBy is not null);
        (await caller.EndAsync()).Should().Be(0);
        await watch.EventAsync("ChanSpyStop", index: 1);
        await watch.EventAsync("Hangup", e => e["Uniqueid"] == watch.Events.Last(s => s["Event"] == "ChanSpyStart")["SpyerUniqueid"], TimeSpan.FromSeconds(5));

        await using var reader = await database.OpenConnectionAsync();
        await Eventually.BeAsync(() => reader.ExecuteScalar<long>("select count(*) from listening where ended_at is not null") == 2, TimeSpan.FromSeconds(5), "both listenings to be kept");
        reader.Query<string>("select action from audit where object_id = @call order by at", new { call = call.ToString() }).Should().Equal("listen.live", "listen.stop", "listen.live");
        reader.ExecuteScalar<long>("select count(*) from call_leg where unique_id like 'callcrm-listen-%'").Should().Be(0, "to listen is no call");
    }

    [LabFact]
    public async Task A_phone_that_does_not_answer_hears_nothing_and_whoever_is_no_supervisor_may_not()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var site = await LabSite.StartAsync(lab, await postgres.NewDatabaseAsync(), agents: 2);
        await using var watch = await lab.WatchAsync();
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300));
        await using var ear = await lab.PhoneAsync(LabPhoneKind.Decline, "103");
        await site.SitDownAsync(["101"]);
        await using var ada = await AgentPage.OpenAsync(site.Host.Address, "admin", "demo");
        await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Talk = TimeSpan.FromSeconds(8) });
        var call = (await site.Pages[0].NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call.CallId;
        var agent = (await ada.NextAsync<AgentEvent>(e => e.Agent.CallId == call)).Agent.AgentId;
        using (var refused = await site.Pages[0].Http.PostAsJsonAsync($"api/agents/{agent}/listening", new ListenRequest(Guid.CreateVersion7(), call, true, lab.Node, "103"), ContractsJson.Default.ListenRequest))
            refused.StatusCode.Should().Be(System.Net.HttpStatusCode.Forbidden);
        (await ListenAsync(ada, agent, call, true, lab.Node, "103")).Accepted.Should().BeTrue();
        await watch.EventAsync("Hangup", e => e["Uniqueid"].StartsWith("callcrm-listen-", StringComparison.Ordinal));
        watch.Events.Should().NotContain(e => e["Event"] == "ChanSpyStart");
        (await caller.EndAsync()).Should().Be(0);
    }
}
