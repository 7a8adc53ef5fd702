using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Npgsql;

namespace CallCrm.EndToEnd.Calls;

/// <summary>The published host in front of the lab's Asterisk, with the demo company but without its simulated agents.</summary>
static class LabHost
{
    public const string Sales = "+390294750001";

    /// <param name="company">SQL that makes the demo company other than it is, before the first call.</param>
    public static async Task<CallCrmHost> StartAsync(PostgresFixture postgres, AsteriskLab lab, string company = "")
    {
        var settings = lab.HostSettings();
        settings["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync();
        settings["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-host").FullName;
        // What is tested is the order, not the speed of the machine: here the phone waits for the page as long as may be.
        settings["Router:PopLead"] = "00:00:01";
        settings["Demo:Company"] = "true";
        settings["Demo:Simulate"] = "false";
        settings["Demo:Node"] = lab.Node;
        settings["Demo:Clients"] = "200";
        settings["Demo:Days"] = "5";
        var host = await CallCrmHost.StartAsync(settings);
        // The lab's phones are desk phones that nobody can answer from afar.
        await using (var database = NpgsqlDataSource.Create(settings["ConnectionStrings:CallCrm"]))
        await using (var command = database.CreateCommand($"update device set can_answer = false, can_hold = false; {company}; update settings_version set version = version + 1"))
            await command.ExecuteNonQueryAsync();
        await Eventually.BeAsync(() => host.Output.Contains("Settings version", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the new settings to be in force");
        await Eventually.BeAsync(() => host.Output.Contains("snapshot with", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the router's first snapshot of the PBX");
        return host;
    }
}
