using System.Diagnostics;
using System.Globalization;
using CallCrm.TestKit.Host;
using Microsoft.Playwright;

namespace CallCrm.Benchmarks.Host;

/// <summary>The published host with its embedded database and the demo company, nobody calling.</summary>
static class RestingHost
{
    public static Task<CallCrmHost> StartAsync() => CallCrmHost.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-bench").FullName,
        ["DemoPbx:Traffic:Enabled"] = "false",
    });
}

/// <summary>Resident memory of the host at rest, without PostgreSQL.</summary>
public sealed class HostRest : IFigure
{
    public string Name => "host.rest";

    public string Unit => "MB";

    public string Better => "lower";

    public string Goal => "≤ 250";

    public async Task<double[]> RunAsync()
    {
        await using var host = await RestingHost.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(30));
        var runs = new double[3];
        for (var i = 0; i < runs.Length; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            using var process = Process.GetProcessById(host.ProcessId);
            runs[i] = process.WorkingSet64 / 1048576.0;
        }

        return runs;
    }
}

/// <summary>New browser, empty cache: from the address typed until the sign-in can be used.</summary>
public sealed class PageCold : IFigure
{
    public string Name => "page.cold";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 3.5";

    public async Task<double[]> RunAsync()
    {
        await using var host = await RestingHost.StartAsync();
        var runs = new List<double>();
        for (var i = 0; i < 4; i++)
        {
            await using var page = await Chromium.OpenAsync();
            runs.Add(await page.TimeAsync(p => p.GotoAsync(host.Address.ToString())));
        }

        return [.. runs.Skip(1)];
    }
}

/// <summary>Reload with a warm cache, until it can be used.</summary>
public sealed class PageWarm : IFigure
{
    public string Name => "page.warm";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 1.3";

    public async Task<double[]> RunAsync()
    {
        await using var host = await RestingHost.StartAsync();
        await using var page = await Chromium.OpenAsync();
        await page.TimeAsync(p => p.GotoAsync(host.Address.ToString()));
        var runs = new List<double>();
        for (var i = 0; i < 4; i++)
            runs.Add(await page.TimeAsync(p => p.ReloadAsync()));
        return [.. runs.Skip(1)];
    }
}

/// <summary>One new browser.</summary>
sealed class Chromium : IAsyncDisposable
{
    readonly IPlaywright _playwright;
    readonly IBrowser _browser;
    readonly IPage _page;

    Chromium(IPlaywright playwright, IBrowser browser, IPage page) => (_playwright, _browser, _page) = (playwright, browser, page);

    public static async Task<Chromium> OpenAsync()
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        return new Chromium(playwright, browser, await browser.NewPageAsync());
    }

    /// <summary>Seconds until the sign-in's first field takes text.</summary>
    public async Task<double> TimeAsync(Func<IPage, Task> go)
    {
        var from = Stopwatch.GetTimestamp();
        await go(_page);
        await _page.Locator("[data-test=sign-in-login]").FillAsync(from.ToString(CultureInfo.InvariantCulture), new LocatorFillOptions { Timeout = 60_000 });
        return Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
