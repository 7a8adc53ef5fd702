using System.Globalization;
using Microsoft.Playwright;

namespace CallCrm.Benchmarks.Chaos;

/// <summary>An agent at a real browser, whose every painted pop is written down.</summary>
sealed class PopPage(IPage page)
{
    const string Watch = """
        window.poppedAt = [];
        new MutationObserver(() => {
          const at = document.documentElement.dataset.popPaintedAt;
          if (at && window.poppedAt.at(-1) !== at) window.poppedAt.push(at);
        }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-pop-painted-at'] });
        """;

    public static async Task<PopPage> OpenAsync(IBrowser browser, Uri address, string login, string extension)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(60_000);
        await context.AddInitScriptAsync(Watch);
        var page = await context.NewPageAsync();
        await page.GotoAsync(address.ToString());
        await page.Locator("[data-test=sign-in-login]").FillAsync(login);
        await page.Locator("[data-test=sign-in-password]").FillAsync("demo");
        await page.Locator("[data-test=sign-in-submit]").ClickAsync();
        await page.Locator($"[data-test=sit][data-extension='{extension}']").First.ClickAsync();
        await page.Locator("[data-test=presence][data-state=Ready]").First.WaitForAsync();
        return new PopPage(page);
    }

    /// <summary>Unix seconds at which the browser had painted each pop, in order.</summary>
    public async Task<double[]> PaintedAsync() =>
        [.. (await page.EvaluateAsync<string[]>("window.poppedAt")).Select(t => double.Parse(t, CultureInfo.InvariantCulture) / 1000)];
}
