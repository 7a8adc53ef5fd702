using System.Diagnostics;
using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.TestKit.Host;
using Microsoft.Playwright;
using Npgsql;

namespace CallCrm.Benchmarks.Host;

/// <summary>An agent of the demo company at a real browser, whose line to the host can be made slow; their calls are answered beside it.</summary>
sealed class FarAgent : IAsyncDisposable
{
    public const int Bits = 256_000;
    public static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(200);
    const string Watch = """
        window.popped = {};
        new MutationObserver(() => {
          const at = document.documentElement.dataset.popPaintedAt, offer = document.querySelector('[data-test=pop]')?.dataset.offer;
          if (at && offer && !(offer in window.popped)) window.popped[offer] = at;
        }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-pop-painted-at'] });
        """;

    readonly string _data;
    readonly IPlaywright _playwright;
    readonly IBrowser _browser;

    FarAgent(string data, CallCrmHost host, SlowLine line, IPlaywright playwright, IBrowser browser, IPage page) =>
        (_data, Host, Line, _playwright, _browser, Page) = (data, host, line, playwright, browser, page);

    public CallCrmHost Host { get; }

    public SlowLine Line { get; }

    public IPage Page { get; }

    /// <summary>At the desk, signed in, the cache warm, the line still fast.</summary>
    /// <param name="others">The company's other agents and callers work as well.</param>
    public static async Task<FarAgent> SitDownAsync(bool others)
    {
        var data = Directory.CreateTempSubdirectory("callcrm-bench").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(data, (UnixFileMode)0b111_101_101);
        var host = await CallCrmHost.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CallCrm:DataFolder"] = data,
            ["Demo:Simulate"] = others ? "true" : "false",
            ["DemoPbx:Traffic:Interval"] = others ? "00:00:10" : "1.00:00:00",
        });
        var line = new SlowLine(host.Port);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(120_000);
        await context.AddInitScriptAsync(Watch);
        var page = await context.NewPageAsync();
        await page.GotoAsync(line.Address.ToString());
        await page.Locator("[data-test=sign-in-login]").FillAsync("demo");
        await page.Locator("[data-test=sign-in-password]").FillAsync("demo");
        await page.Locator("[data-test=sign-in-submit]").ClickAsync();
        await page.Locator("[data-test=presence]").WaitForAsync();
        return new FarAgent(data, host, line, playwright, browser, page);
    }

    public async Task BecomeReadyAsync()
    {
        await Page.Locator("[data-test=sit]").First.ClickAsync();
        await Page.Locator("[data-test=presence][data-state=Ready]").First.WaitForAsync();
    }

    /// <summary>From the command to load until the agent's own state is there and can be changed.</summary>
    public async Task<double> ReloadAsync()
    {
        var from = Stopwatch.GetTimestamp();
        await Page.ReloadAsync(new PageReloadOptions { WaitUntil = WaitUntilState.Commit });
        await Page.Locator("[data-test=presence][data-state]").First.WaitForAsync();
        return Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    /// <summary>Answers, talks that long, ends and wraps up so many calls over a line of its own, as the browser is only looked at.</summary>
    /// <returns>How many it were until <paramref name="over"/>.</returns>
    public async Task<int> WorkAsync(int calls, TimeSpan talk, CancellationToken over = default)
    {
        await using var hand = await AgentPage.OpenAsync(Host.Address, "demo", "demo");
        hand.AcknowledgesPops = false;
        var done = 0;
        for (; done < calls && !over.IsCancellationRequested; done++)
        {
            var offer = await hand.NextAsync<PopEvent>(within: TimeSpan.FromMinutes(2));
            await hand.NextAsync<OfferEvent>(o => o.OfferId == offer.Pop.OfferId && o.Ringing, TimeSpan.FromSeconds(20));
            await Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None);
            await hand.CommandAsync("answer", offer.Pop.CallId);
            await hand.NextAsync<MyStateEvent>(s => s.State.State == "Talking", TimeSpan.FromSeconds(20));
            await Task.Delay(talk, CancellationToken.None);
            await hand.CommandAsync("hang_up", offer.Pop.CallId);
            await hand.NextAsync<MyStateEvent>(s => s.State.State == "WrapUp", TimeSpan.FromSeconds(20));
            await hand.CommandAsync("finish_wrap_up", offer.Pop.CallId);
        }

        return done;
    }

    /// <summary>Seconds from the offer's entry in the journal to the painted pop, in the order of the offers.</summary>
    public async Task<double[]> PopsAsync()
    {
        var painted = await Page.EvaluateAsync<Dictionary<string, string>>("window.popped");
        await using var source = NpgsqlDataSource.Create(ClusterFolders.For(Path.Combine(_data, "postgres")).ConnectionString("callcrm"));
        await using var command = source.CreateCommand("select body ->> 'offer', at from journal where kind = 'call_offered' and body ->> 'offer' = any($1) order by seq");
        command.Parameters.AddWithValue(painted.Keys.ToArray());
        await using var reader = await command.ExecuteReaderAsync();
        var waits = new List<double>();
        while (await reader.ReadAsync())
        {
            var at = DateTimeOffset.UnixEpoch + TimeSpan.FromMilliseconds(double.Parse(painted[reader.GetString(0)], CultureInfo.InvariantCulture));
            waits.Add((at - reader.GetFieldValue<DateTimeOffset>(1)).TotalSeconds);
        }

        return [.. waits];
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await Line.DisposeAsync();
        await Host.DisposeAsync();
    }
}

/// <summary>256 kbit/s and 200 ms there and back, files in the browser's cache: from the reload until the agent's desk can be used.</summary>
sealed class PageWarm256k : IFigure
{
    public string Name => "page.warm_256k";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 5";

    public async Task<double[]> RunAsync()
    {
        await using var agent = await FarAgent.SitDownAsync(others: false);
        await agent.ReloadAsync();
        agent.Line.Slow(FarAgent.Bits, FarAgent.RoundTrip);
        var runs = new List<double>();
        for (var i = 0; i < 4; i++)
            runs.Add(await agent.ReloadAsync());
        return [.. runs.Skip(1)];
    }
}

/// <summary>The same line: from the offer's entry in the journal to the pop painted in the browser; the slowest of each four calls.</summary>
sealed class Pop256k : IFigure
{
    public string Name => "pop.256k";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 1";

    public async Task<double[]> RunAsync()
    {
        await using var agent = await FarAgent.SitDownAsync(others: false);
        await agent.BecomeReadyAsync();
        agent.Line.Slow(FarAgent.Bits, FarAgent.RoundTrip);
        await agent.WorkAsync(13, TimeSpan.FromSeconds(2));
        var pops = await agent.PopsAsync();
        if (pops.Length < 13)
            throw new InvalidOperationException($"Of 13 pops {pops.Length} were painted.");
        // The first one warms the page up.
        return [.. pops.Skip(1).Chunk(4).Select(four => four.Max())];
    }
}

/// <summary>
/// All that an agent's page sends and gets while a call comes about every minute, three times as often as in a busy centre: feed, cards, histories; both ways,
/// with the headers of IP and TCP.
/// </summary>
sealed class FeedAgentBits : IFigure
{
    static readonly TimeSpan Run = TimeSpan.FromMinutes(2);

    public string Name => "feed.agent_bps";

    public string Unit => "kbit/s";

    public string Better => "lower";

    public string Goal => "≤ 16";

    public async Task<double[]> RunAsync()
    {
        await using var agent = await FarAgent.SitDownAsync(others: true);
        await agent.BecomeReadyAsync();
        using var over = new CancellationTokenSource();
        var working = agent.WorkAsync(int.MaxValue, TimeSpan.FromSeconds(45), over.Token);
        var runs = new double[3];
        for (var i = 0; i < runs.Length; i++)
        {
            var (before, since) = (agent.Line.Bytes, Stopwatch.GetTimestamp());
            await Task.Delay(Run);
            runs[i] = (agent.Line.Bytes - before) * 8 / 1000.0 / Stopwatch.GetElapsedTime(since).TotalSeconds;
        }

        await over.CancelAsync();
        var calls = await working;
        await Console.Error.WriteLineAsync($"  {calls} calls of this agent in {Run.TotalMinutes * 3} minutes");
        return calls >= 4 ? runs : throw new InvalidOperationException($"Only {calls} calls came.");
    }
}
