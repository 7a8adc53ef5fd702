using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>The published host in front of the lab's Asterisk, with the demo company but without its simulated agents.</summary>
static class LabHost
{
    public const string Sales = "+390294750001";

    public static async Task<CallCrmHost> StartAsync(PostgresFixture postgres, AsteriskLab lab)
    {
        var settings = lab.HostSettings();
        settings["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync();
        settings["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-host").FullName;
        settings["Demo:Company"] = "true";
        settings["Demo:Simulate"] = "false";
        settings["Demo:Node"] = lab.Node;
        settings["Demo:Clients"] = "200";
        settings["Demo:Days"] = "5";
        var host = await CallCrmHost.StartAsync(settings);
        await Eventually.BeAsync(() => host.Output.Contains("snapshot with", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the router's first snapshot of the PBX");
        return host;
    }
}
