using System.Text.Json;
using System.Text.RegularExpressions;
using CallCrm.Contracts;
using CallCrm.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>What is prepared and looked at behind the desk: scripts and reports.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class OfficeJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task A_script_is_changed_published_and_shown_as_agents_see_it() => site.VisitAsync(async visit =>
    {
        var (first, then) = (Unique.Name("Good to hear you"), Unique.Name("How have you been"));
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync("scripts");
        await manager.See("scripts-find").FillAsync("client-check-in");
        await manager.See("script-row").Locator("a[href='scripts/client-check-in']").ClickAsync();
        await SayAsync(manager, first);
        await manager.See("script-publish").ClickAsync();
        await Expect(manager.See("script-told")).ToContainTextAsync("Version");

        await manager.See("script-note").FillAsync("Said better " + then);
        await SayAsync(manager, then);
        await manager.See("script-publish").ClickAsync();
        await Expect(manager.See("script-state")).ToContainTextAsync("Martin Weber");
        await Expect(manager.See("script-note")).ToHaveValueAsync("");
        await manager.ReloadAsync();
        await Expect(manager.See("script")).ToContainTextAsync(then);
        await Expect(manager.See("script")).Not.ToContainTextAsync(first);
        await manager.See("tab-versions").ClickAsync();
        await Expect(manager.See("script-history")).ToContainTextAsync(then);

        await manager.See("script-withdraw").ClickAsync();
        await Expect(manager.See("script-history")).ToContainTextAsync("Taken out of use");
        await manager.See("tab-preview").ClickAsync();
        await Expect(manager.See("script")).Not.ToContainTextAsync(then);
    });

    /// <summary>The greeting becomes this; the preview says it.</summary>
    static async Task SayAsync(Visitor visitor, string greeting)
    {
        var text = visitor.See("script-yaml");
        await Expect(text).ToHaveValueAsync(new Regex("greeting:"));
        await text.FillAsync(Regex.Replace(await text.InputValueAsync(), @"(?<=\ngreeting:\n  - )"".*""", $"\"{greeting}\""));
        await Expect(visitor.See("script")).ToContainTextAsync(greeting);
    }

    [ProgramsFact("chromium")]
    public Task Reports_open_and_lead_to_the_clients_they_count() => site.VisitAsync(async visit =>
    {
        var field = await visit.FieldAsync(Unique.Name("Colour"), "choice", new NamedCode("blue", "Blue"), new NamedCode("red", "Red"));
        var client = await visit.ClientAsync(Unique.Name("Zita"), custom: new() { [field.Code] = JsonSerializer.SerializeToElement("blue") });
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync("reports");
        await manager.See("report-clients").ClickAsync();
        await manager.See("report-by").SelectOptionAsync("custom." + field.Code);
        await manager.ReloadAsync();
        var line = manager.See("report-row", "Blue");
        await Expect(line.Locator("td").First).ToHaveTextAsync("1");
        await line.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(manager.See("narrowed", "Blue")).ToBeVisibleAsync();
        await Expect(manager.See("client-row")).ToHaveCountAsync(1);
        await Expect(manager.See("client-row")).ToContainTextAsync(client.Name);

        await manager.GoAsync("reports");
        await manager.See("report-filling").ClickAsync();
        await Expect(manager.See("filling-row").First).ToBeVisibleAsync();
        await Expect(manager.See("filling-fields")).ToContainTextAsync(field.Name);
        (await manager.DownloadAsync(manager.See("report-csv"))).Should().NotBeEmpty();
    });
}
