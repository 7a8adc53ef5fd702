using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Calls;

/// <summary>A whole call of the demo without touching the mouse: from the sign-in to the end of the wrap-up.</summary>
[Trait("Category", "EndToEnd")]
public sealed class KeyboardOnly(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task A_whole_call_is_led_by_keys_and_digits_in_the_notes_stay_there()
    {
        await using var host = await CallCrmHost.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync(),
            ["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-host").FullName,
            ["Demo:Clients"] = "200",
            ["Demo:Days"] = "5",
            // Who gives up while it rings cannot be answered.
            ["DemoPbx:Traffic:GiveUpPercent"] = "0",
        });
        await using var desk = await Desk.BrowseAsync(host.Address);
        await desk.TabToAsync("[data-test=sign-in-login]");
        await desk.Page.Keyboard.TypeAsync("demo");
        await desk.TabToAsync("[data-test=sign-in-password]");
        await desk.Page.Keyboard.TypeAsync("demo");
        await desk.Page.Keyboard.PressAsync("Enter");
        await desk.See("presence").WaitForAsync();
        await desk.TabToAsync("[data-test=sit]");
        await desk.Page.Keyboard.PressAsync("Enter");
        await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();

        await desk.See("pop").WaitForAsync();
        await desk.Page.Locator("[data-test=answer]:not([disabled])").WaitForAsync();
        await desk.Page.Keyboard.PressAsync("F2");
        await desk.See("hang-up").WaitForAsync();

        // While the script waits for an answer by digit, digits typed into the notes are text.
        await desk.See("script").WaitForAsync();
        await ToAChoiceAsync(desk);

        var script = await ScriptAsync(desk);
        await desk.TabToAsync("[data-test=note]");
        await desk.Page.Keyboard.TypeAsync("12 seats, 3 months");
        (await desk.See("note").InputValueAsync()).Should().Be("12 seats, 3 months");
        (await ScriptAsync(desk)).Should().Be(script, "no digit of the note chose an answer");

        // Alt and a digit choose from anywhere, digits alone within the script.
        await desk.Page.Keyboard.PressAsync("Alt+2");
        await ChangedAsync(desk, script);
        (await desk.See("note").InputValueAsync()).Should().Be("12 seats, 3 months");
        if (Step(await ScriptAsync(desk)) != Step(script))
        {
            // Which step the answer led to depends on who calls, and it may ask for words only: back to the one that is known.
            await desk.TabToAsync("[data-test=script-back]");
            await desk.Page.Keyboard.PressAsync("Enter");
            await desk.Page.Locator($"[data-test=script-step][data-step={Step(script)}]").WaitForAsync();
        }

        script = await ScriptAsync(desk);
        await desk.TabToAsync("[data-test=script]");
        await desk.Page.Keyboard.PressAsync("1");
        await ChangedAsync(desk, script);

        await desk.Page.Keyboard.PressAsync("F4");
        await desk.See("wrap-up").WaitForAsync();
        await desk.TabToAsync("[data-test=disposition]");
        await desk.Page.Keyboard.PressAsync("1");
        await desk.Page.Locator("[data-test=disposition][aria-checked=true]").WaitForAsync();
        await desk.Page.Keyboard.PressAsync("Control+Enter");
        await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
    }

    /// <summary>Goes on to the first step that offers answers; what is asked for in words before is typed.</summary>
    static async Task ToAChoiceAsync(Desk desk)
    {
        for (var steps = 0; !await desk.See("script-answer").First.IsVisibleAsync(); steps++)
        {
            steps.Should().BeLessThan(10, "every script of the demo offers answers");
            foreach (var id in await desk.Page.Locator("[data-test=script] .question input[type=text]").EvaluateAllAsync<string[]>("all => all.map(i => i.id)"))
            {
                await desk.TabToAsync("#" + id);
                await desk.Page.Keyboard.TypeAsync("12");
            }

            var before = await ScriptAsync(desk);
            await desk.TabToAsync("[data-test=script-next]");
            await desk.Page.Keyboard.PressAsync("Enter");
            await ChangedAsync(desk, before);
        }
    }

    static string Step(string picture) => picture.Split(':')[0];

    /// <summary>Where the script stands, and what is chosen there.</summary>
    static Task<string> ScriptAsync(Desk desk) => desk.Page.EvaluateAsync<string>(Picture);

    static Task ChangedAsync(Desk desk, string before) => desk.Page.WaitForFunctionAsync($"before => {Picture} !== before", before);

    const string Picture =
        "(document.querySelector('[data-test=script-step]')?.dataset.step + ':' + [...document.querySelectorAll('[data-test=script-answer][aria-pressed=true]')].map(a => a.textContent).join())";
}
