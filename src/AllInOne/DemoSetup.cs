using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace CallCrm.AllInOne;

/// <summary>With no PBX configured and the demo not switched off, the host runs the demo PBX on loopback ports of its own.</summary>
static class DemoSetup
{
    const string AmiUser = "callcrm";

    /// <returns>Whether the demo runs.</returns>
    public static bool Apply(ConfigurationManager configuration, string dataFolder)
    {
        if (configuration.GetSection("Pbx").GetChildren().Any() || configuration["Demo:Enabled"] is { } enabled && !bool.Parse(enabled))
        {
            configuration["Demo:Enabled"] = "false";
            return false;
        }

        var node = configuration["Demo:Node"] ?? "demo";
        var (ami, agi) = (FreePort(), FreePort());
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var recordings = Path.Combine(dataFolder, "demo", "recordings");
        configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Demo:Enabled"] = "true",
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
            ["DemoPbx:RecordingFolder"] = recordings,
            ["DemoPbx:VoiceFolder"] = Path.Combine(dataFolder, "demo", "voices"),
        });
        return true;
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
