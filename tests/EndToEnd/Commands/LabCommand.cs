using System.Globalization;
using System.Text.RegularExpressions;
using CallCrm.Contracts;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Commands;

/// <summary><c>./callcrm lab</c>: a person watches real calls.</summary>
[Trait("Category", "EndToEnd")]
[Collection(LabCollection.Name)]
public sealed partial class LabCommand
{
    [LabFact]
    public async Task Lab_calls_by_a_real_Asterisk_its_phones_answer_and_Ctrl_C_ends_all_of_it()
    {
        var site = DemoSite.Settings(null);
        var port = Ports.Free().ToString(CultureInfo.InvariantCulture);
        await using var lab = CallCrmCommand.Start(site, "lab", "--port", port, "--rate", "60", "--calls", "20");
        await lab.SaysAsync("Ctrl-C ends it all", TimeSpan.FromSeconds(120));
        await using (var page = await AgentPage.OpenAsync(new Uri($"http://127.0.0.1:{port}/"), "demo", "demo", "demo", "110"))
        {
            var pop = await page.NextAsync<PopEvent>(within: TimeSpan.FromSeconds(60));
            await page.NextAsync<CallEvent>(c => c.Call.CallId == pop.Pop.CallId && c.Call.State == "Talking", TimeSpan.FromSeconds(30));
        }

        (await RunningAsync()).Should().NotBeEmpty();
        (await lab.CtrlCAsync()).Should().Be(0);
        (await RunningAsync()).Should().BeEmpty("neither Asterisk nor phones nor callers stay behind");
    }

    [GeneratedRegex("/lab/callcrm/|/(phone|call) callcrm ")]
    private static partial Regex Parts();

    /// <summary>Command lines of everything that the lab named callcrm runs.</summary>
    static async Task<string[]> RunningAsync()
    {
        List<string> lines = [];
        foreach (var file in Directory.GetDirectories("/proc").Where(f => int.TryParse(Path.GetFileName(f), NumberStyles.None, CultureInfo.InvariantCulture, out _)).Select(f => Path.Combine(f, "cmdline")))
        {
            try
            {
                var line = (await File.ReadAllTextAsync(file)).Replace('\0', ' ');
                if (Parts().IsMatch(line))
                    lines.Add(line);
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return [.. lines];
    }
}
