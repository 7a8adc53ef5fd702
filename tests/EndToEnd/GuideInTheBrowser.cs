using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using Microsoft.Playwright;
using Npgsql;

namespace CallCrm.EndToEnd;

/// <summary>The guide in a real browser: by key and button, in the person's language, wide and narrow, light and dark.</summary>
[Trait("Category", "EndToEnd")]
public sealed class GuideInTheBrowser(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [ProgramsFact("chromium")]
    public async Task The_key_opens_the_guide_but_not_while_somebody_types()
    {
        var connection = await postgres.NewDatabaseAsync();
        await using var host = await CallCrmHost.StartAsync(DemoSite.Settings(connection));
        await using (var database = NpgsqlDataSource.Create(connection))
        await using (var command = database.CreateCommand("update app_user set language = 'ru' where login = 'supervisor'"))
            await command.ExecuteNonQueryAsync();

        await using var desk = await Desk.OpenAsync(host.Address, "supervisor", "profile");
        var page = desk.Page;
        await page.GotoAsync(new Uri(host.Address, "calls").ToString());
        var find = page.Locator("main input.find").First;
        await find.FillAsync("");
        await find.PressAsync("?");
        await Assertions.Expect(find).ToHaveValueAsync("?");
        (await desk.See("help-sheet").IsVisibleAsync()).Should().BeFalse("it was typed");

        await page.Locator("[data-test=help]").FocusAsync();
        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(desk.See("guide").Locator("h1")).ToHaveTextAsync("Руководство супервизора");
        await Assertions.Expect(desk.See("guide")).ToBeFocusedAsync();
        var top = await page.EvaluateAsync<double>("document.querySelector('.guide-sheet').scrollTop");
        await page.Keyboard.PressAsync("PageDown");
        await page.WaitForFunctionAsync("top => document.querySelector('.guide-sheet').scrollTop > top", top);
        await ShowAsync(page, "guide-wide");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(desk.See("help-sheet")).ToBeHiddenAsync();

        // On a telephone, dark: by the menu, nothing wider than the screen.
        await page.SetViewportSizeAsync(390, 844);
        await page.EvaluateAsync("document.documentElement.dataset.theme = 'dark'");
        await desk.See("profile").ClickAsync();
        await page.Locator("[role=menuitem]", new PageLocatorOptions { HasText = "Справка" }).ClickAsync();
        await Assertions.Expect(desk.See("guide").Locator("h1")).ToBeVisibleAsync();
        (await page.EvaluateAsync<double>("document.querySelector('.guide-sheet').scrollWidth - document.querySelector('.guide-sheet').clientWidth")).Should().Be(0);
        (await page.EvaluateAsync<double>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(390);
        await ShowAsync(page, "guide-narrow");
    }

    /// <summary>For whoever wants to look: a folder in CALLCRM_SHOTS.</summary>
    static async Task ShowAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("CALLCRM_SHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png") });
    }
}
