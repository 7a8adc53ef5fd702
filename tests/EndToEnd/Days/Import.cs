using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>Phones and queues of the real Asterisk in the administration, with the rights that our AMI user has by default.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Import(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task The_PBXs_extensions_and_queues_are_shown_and_the_chosen_ones_taken_over()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var site = await LabSite.StartAsync(lab, await postgres.NewDatabaseAsync(), agents: 2);
        await site.SitDownAsync(["101"], ready: false);
        await using var admin = await AgentPage.OpenAsync(site.Host.Address, "admin", "demo");
        var found = (await admin.Http.GetFromJsonAsync($"api/admin/pbx/{lab.Node}", ContractsJson.Default.PbxImportView))!;
        found.Notifies.Should().BeFalse("the AMI user has no write class system");
        found.Extensions.Where(e => e.State == "new").Select(e => e.Number).Should().Contain(["120", "160"]);
        found.Extensions.Single(e => e.Number == "101").State.Should().Be("known");
        found.Extensions.Where(e => e.Devices.Contains("PJSIP/trunk")).Should().OnlyContain(e => e.State == "trunk");
        var queue = found.Queues.Single(q => q.Name == "400");
        queue.State.Should().Be("new");
        queue.Added.Should().BeEquivalentTo(["Agent 101", "Agent 102", "Agent 103"], "by the members' names");

        using var response = await admin.Http.PostAsJsonAsync($"api/admin/pbx/{lab.Node}/import", new PbxImportRequest(["120"], ["400"]), ContractsJson.Default.PbxImportRequest);
        response.EnsureSuccessStatusCode();
        var result = (await response.Content.ReadFromJsonAsync(ContractsJson.Default.PbxImportResult))!;
        (result.Done, result.Refused.Count).Should().Be((2, 0));
        result.View.Extensions.Should().Contain(e => e.Number == "120" && e.Devices[0].Name == "PJSIP/120");
        await using var page = await AgentPage.OpenAsync(site.Host.Address, LabSite.LoginAt("102"), "demo");
        CommandAnswer seat;
        var tries = 0;
        while (!(seat = await page.CommandAsync("sign_in", node: lab.Node, extension: "120")).Accepted && ++tries < 20)
            await Task.Delay(200);
        seat.Accepted.Should().BeTrue("it has effect at once");
    }
}
