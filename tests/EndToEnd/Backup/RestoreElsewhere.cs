using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using Dapper;
using Npgsql;

namespace CallCrm.EndToEnd.Backup;

/// <summary>A site with its own PostgreSQL is backed up while it takes calls, and comes back in an empty folder.</summary>
[Trait("Category", "EndToEnd")]
public sealed class RestoreElsewhere
{
    [PostgresFact]
    public async Task A_backup_made_while_calls_run_comes_back_on_an_empty_machine_and_works_there()
    {
        var site = DemoSite.Settings(null);
        // Who gives up while it rings cannot be answered.
        site["DemoPbx:Traffic:GiveUpPercent"] = "0";
        var backups = DemoSite.Folder("callcrm-backups");
        Counts before, after;
        DateTimeOffset taken;
        await using (var host = await CallCrmHost.StartAsync(site))
        {
            await using var page = await AgentPage.OpenAsync(host.Address, "demo", "demo", "demo", "110");
            var pop = await page.NextAsync<PopEvent>(within: TimeSpan.FromSeconds(60));
            await page.NextAsync<OfferEvent>(o => o.OfferId == pop.Pop.OfferId && o.Ringing);
            (await page.CommandAsync("answer", pop.Pop.CallId)).Accepted.Should().BeTrue();
            before = await CountAsync(site);
            var (code, output) = await CallCrmHost.RunAsync(site, "backup", backups);
            code.Should().Be(0, output);
            output.Should().Contain("callcrm backup: OK ");
            (after, taken) = (await CountAsync(site), TimeProvider.System.GetUtcNow());
            (await page.CommandAsync("hang_up", pop.Pop.CallId)).Accepted.Should().BeTrue("the call went on");
        }

        before.Calls.Should().BePositive();
        before.Live.Should().BePositive("it was made while calls ran");
        var elsewhere = DemoSite.Settings(null);
        (await CallCrmHost.RunAsync(elsewhere, "restore", backups)).Code.Should().Be(0);
        // Its callers stay away; the first comes all the same, and is not counted.
        elsewhere["DemoPbx:Traffic:Interval"] = "1.00:00:00";
        elsewhere["Demo:Simulate"] = "false";
        await using (var host = await CallCrmHost.StartAsync(elsewhere))
        {
            var restored = await CountAsync(elsewhere, taken);
            restored.Clients.Should().BeInRange(before.Clients, after.Clients);
            restored.Calls.Should().BeInRange(before.Calls, after.Calls);
            restored.WrapUps.Should().BeInRange(before.WrapUps, after.WrapUps);
            await using var page = await AgentPage.OpenAsync(host.Address, "manager", "demo");
            var calls = await page.Http.GetFromJsonAsync("api/calls", ContractsJson.Default.ListPageCallRow);
            calls!.Items.Should().NotBeEmpty();
            var session = await page.Http.GetFromJsonAsync("api/session", ContractsJson.Default.SessionView);
            session!.Login.Should().Be("manager");
        }

        // The old site is as it was, and a second restore onto the new one is refused.
        (await CallCrmHost.RunAsync(elsewhere, "restore", backups)).Output.Should().Contain("This site is not empty");
    }

    sealed record Counts(long Clients, long Calls, long Live, long WrapUps);

    /// <param name="until">Of what began until then; null: of all.</param>
    static async Task<Counts> CountAsync(Dictionary<string, string> site, DateTimeOffset? until = null)
    {
        await using var connection = new NpgsqlConnection(ClusterFolders.For(Path.Combine(site["CallCrm:DataFolder"], "postgres")).ConnectionString("callcrm"));
        return await connection.QuerySingleAsync<Counts>("""
            select (select count(*) from client where created_at <= coalesce(@until::timestamptz, 'infinity')) as Clients, (select count(*) from call where started_at <= coalesce(@until::timestamptz, 'infinity')) as Calls,
              (select count(*) from call where ended_at is null) as Live, (select count(*) from wrap_up) as WrapUps
            """, new { until });
    }
}
