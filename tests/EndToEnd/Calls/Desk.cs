using System.Globalization;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Calls;

/// <summary>A person at a real browser.</summary>
sealed class Desk : IAsyncDisposable
{
    readonly IPlaywright _playwright;
    readonly IBrowser _browser;

    Desk(IPlaywright playwright, IBrowser browser, IPage page) => (_playwright, _browser, Page) = (playwright, browser, page);

    public IPage Page { get; }

    public static async Task<Desk> OpenAsync(Uri address, string login, string until = "presence")
    {
        var desk = await BrowseAsync(address);
        await desk.See("sign-in-login").FillAsync(login);
        await desk.See("sign-in-password").FillAsync("demo");
        await desk.See("sign-in-submit").ClickAsync();
        await desk.See(until).WaitForAsync();
        return desk;
    }

    /// <summary>The page that asks for a sign-in.</summary>
    public static async Task<Desk> BrowseAsync(Uri address)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--autoplay-policy=no-user-gesture-required",
            ],
        });
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(40_000);
        // What is expected of a page has as long as what is done on it.
        Assertions.SetDefaultExpectTimeout(40_000);
        var desk = new Desk(playwright, browser, await context.NewPageAsync());
        await desk.Page.GotoAsync(address.ToString());
        await desk.See("sign-in-login").WaitForAsync();
        return desk;
    }

    /// <summary>Goes on with Tab until an element has the focus, as somebody without a mouse would.</summary>
    public async Task TabToAsync(string selector)
    {
        for (var presses = 0; presses < 150; presses++)
        {
            if (await Page.EvaluateAsync<bool>("selector => !!document.activeElement?.matches(selector)", selector))
                return;
            await Page.Keyboard.PressAsync("Tab");
        }

        throw new TimeoutException($"Tab does not reach {selector}");
    }

    /// <summary>An element by its test hook.</summary>
    public ILocator See(string hook) => Page.Locator($"[data-test={hook}]").First;

    public async Task SitDownAsync(string extension)
    {
        await Page.Locator($"[data-test=sit][data-extension='{extension}']").ClickAsync();
        await Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
    }

    /// <summary>Unix time, in seconds, at which the browser had painted the pop.</summary>
    public async Task<double> PopPaintedAtAsync() =>
        double.Parse(await Page.EvaluateAsync<string>("document.documentElement.dataset.popPaintedAt"), CultureInfo.InvariantCulture) / 1000;

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
