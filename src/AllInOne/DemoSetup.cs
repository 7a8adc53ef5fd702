using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace CallCrm.AllInOne;

/// <summary>What of the demo runs.</summary>
/// <param name="Company">The made-up company in an empty database, with known sign-ins.</param>
/// <param name="Pbx">The demo PBX and its callers.</param>
readonly record struct DemoParts(bool Company, bool Pbx);

/// <summary>
/// With no PBX configured and the demo not switched off, the host runs the demo PBX on loopback ports of its own. With a
/// PBX configured nothing of the demo runs, unless <c>Demo:Company</c> asks for its people and clients (the lab does).
/// </summary>
static class DemoSetup
{
    const string AmiUser = "callcrm";

    public static DemoParts Apply(ConfigurationManager configuration, string dataFolder)
    {
        var enabled = configuration.GetValue("Demo:Enabled", true);
        var demo = enabled && (!configuration.GetSection("Pbx").GetChildren().Any() || configuration.GetValue("Demo:Company", false));
        // Nobody needs a backup of it.
        if (demo && string.IsNullOrEmpty(configuration["Backup:WarnAfter"]))
            configuration["Backup:WarnAfter"] = "00:00:00";
        if (!enabled || configuration.GetSection("Pbx").GetChildren().Any())
            return new DemoParts(Company: enabled && configuration.GetValue("Demo:Company", false), Pbx: false);

        var node = configuration["Demo:Node"] ?? "demo";
        var (ami, agi) = (FreePort(), FreePort());
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var recordings = Path.Combine(dataFolder, "demo", "recordings");
        configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Router:AgiPort"] = Text(agi),
            ["Pbx:0:Node"] = node,
            ["Pbx:0:Host"] = "127.0.0.1",
            ["Pbx:0:AmiPort"] = Text(ami),
            ["Pbx:0:User"] = AmiUser,
            ["Pbx:0:Secret"] = secret,
            ["Pbx:0:TrunkEndpoints:0"] = "PJSIP/trunk",
            ["Pbx:0:RecordingFolder"] = recordings,
            ["Site:CompanyName"] = configuration["Site:CompanyName"] ?? "CallCrm Demo",
            ["DemoPbx:Node"] = node,
            ["DemoPbx:AmiPort"] = Text(ami),
            ["DemoPbx:AgiAddress"] = $"agi://127.0.0.1:{agi}/route",
            ["DemoPbx:Users:0:Name"] = AmiUser,
            ["DemoPbx:Users:0:Secret"] = secret,
            ["DemoPbx:CustomerBusyPercent"] = configuration["DemoPbx:CustomerBusyPercent"] ?? "10",
            ["DemoPbx:CustomerAbsentPercent"] = configuration["DemoPbx:CustomerAbsentPercent"] ?? "15",
            ["DemoPbx:CustomerRing"] = configuration["DemoPbx:CustomerRing"] ?? "00:00:25",
            ["DemoPbx:RecordingFolder"] = recordings,
            ["DemoPbx:VoiceFolder"] = Path.Combine(dataFolder, "demo", "voices"),
        });
        return new DemoParts(Company: true, Pbx: true);
    }

    /// <summary>The demo's sign-ins are no secret: it listens on loopback only.</summary>
    public static void PrintSignIns(IConfiguration configuration, TextWriter output)
    {
        var password = configuration["Demo:Password"] ?? "demo";
        output.WriteLine($"Sign in: demo / {password}        agent at the browser, extension 110");
        output.WriteLine($"Sign in: supervisor / {password}  live board");
        output.WriteLine($"Sign in: manager / {password}     recordings");
        output.WriteLine($"Sign in: admin / {password}");
    }

    static string Text(int port) => port.ToString(System.Globalization.CultureInfo.InvariantCulture);

    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
