using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

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
        await KeyboardCall.LeadAsync(desk, "[data-test=sit]", () => { });
    }
}

/// <summary>The same with a real phone, which the page answers.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class KeyboardOnlyAtAPhone(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task A_whole_call_at_a_SIP_phone_is_led_by_keys()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update device set can_answer = true, auto_answer = true where extension = '110'");
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "110");
        await using var desk = await Desk.BrowseAsync(host.Address);
        LabCall? call = null;
        await KeyboardCall.LeadAsync(desk, "[data-test=sit][data-extension='110']",
            () => call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471115566", Talk = TimeSpan.FromSeconds(120), Patience = TimeSpan.FromSeconds(60) }));
        await using var over = call!;
        (await over.EndAsync(TimeSpan.FromSeconds(10))).Should().Be(0, "F4 hung up a call that was a talk");
    }
}

/// <summary>What the keys do.</summary>
static class KeyboardCall
{
    /// <param name="sit">The button of the place.</param>
    /// <param name="calls">Somebody calls, once the agent is ready.</param>
    public static async Task LeadAsync(Desk desk, string sit, Action calls)
    {
        await desk.TabToAsync("[data-test=sign-in-login]");
        await desk.Page.Keyboard.TypeAsync("demo");
        await desk.TabToAsync("[data-test=sign-in-password]");
        await desk.Page.Keyboard.TypeAsync("demo");
        await desk.Page.Keyboard.PressAsync("Enter");
        await desk.See("presence").WaitForAsync();
        await desk.TabToAsync(sit);
        await desk.Page.Keyboard.PressAsync("Enter");
        await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();

        calls();
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
