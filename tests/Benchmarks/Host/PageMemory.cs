using System.Diagnostics;
using System.Globalization;
using CallCrm.TestKit.Host;

namespace CallCrm.Benchmarks.Host;

/// <summary>What an open page costs the host: resident memory that 500 pages add, each signed in with a live feed of its own, over their number; in three steps.</summary>
public sealed class PageMemory : IFigure
{
    static readonly int[] s_steps = [170, 170, 160];
    static readonly string[] s_logins = ["anna", "luca", "marta", "demo", "supervisor", "james"];

    public string Name => "host.page";

    public string Unit => "kB";

    public string Better => "lower";

    public string Goal => "≤ 500";

    public async Task<double[]> RunAsync()
    {
        await using var host = await CallCrmHost.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-bench").FullName,
            ["DemoPbx:Traffic:Enabled"] = "false",
            ["Demo:Clients"] = "500",
            ["Demo:Days"] = "10",
            ["Access:SignInsPerMinute"] = 100_000.ToString(CultureInfo.InvariantCulture),
        });
        var pages = new List<AgentPage>();
        try
        {
            // What a first page loads once is no page's.
            await AddAsync(host, pages, 10);
            var before = await RestAsync(host);
            var runs = new List<double>();
            foreach (var step in s_steps)
            {
                await AddAsync(host, pages, step);
                var after = await RestAsync(host);
                runs.Add((after - before) / 1024.0 / step);
                before = after;
            }

            return [.. runs];
        }
        finally
        {
            foreach (var page in pages) await page.DisposeAsync();
        }
    }

    static async Task AddAsync(CallCrmHost host, List<AgentPage> pages, int count)
    {
        for (var i = 0; i < count; i++) pages.Add(await AgentPage.OpenAsync(host.Address, s_logins[pages.Count % s_logins.Length], "demo"));
    }

    static async Task<double> RestAsync(CallCrmHost host)
    {
        await Task.Delay(TimeSpan.FromSeconds(30));
        using var process = Process.GetProcessById(host.ProcessId);
        return process.WorkingSet64;
    }
}
