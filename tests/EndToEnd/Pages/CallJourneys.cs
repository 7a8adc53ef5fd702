using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CallCrm.Contracts;
using CallCrm.DemoPbx;
using CallCrm.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>What an agent does with calls: for a campaign, by numbers they may not read, the record afterwards, and the calls that nobody took.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class CallJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task A_campaign_made_in_its_page_is_called_for_with_its_own_script_and_outcomes() => site.VisitAsync(async visit =>
    {
        var (first, name, outcome, greeting) = (Unique.Name("Roofs"), Unique.Name("Old roofs"), Unique.Name("Roof is new"), Unique.Name("I call about your roof"));
        var (number, there) = (Unique.Number(), Unique.Name("Kata"));
        await visit.ClientAsync(there, number);
        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync("admin/lists");
        await admin.See("campaign-add").ClickAsync();
        await admin.See("campaign-name").Last.FillAsync(first);
        await admin.See("campaigns-save").ClickAsync();
        await Expect(admin.See("campaigns-cancel")).ToHaveCountAsync(0);
        await admin.ReloadAsync();
        await Expect(admin.See("campaign-name").Last).ToHaveValueAsync(first);
        await admin.See("campaign-name").Last.FillAsync(name);
        await admin.See("campaign-more").Last.ClickAsync();
        await admin.See("campaign-from").FillAsync("2026-01-02");
        await admin.See("campaign-description").FillAsync("Houses older than twenty years");
        await admin.See("campaigns-save").ClickAsync();
        await Expect(admin.See("campaigns-cancel")).ToHaveCountAsync(0);
        await admin.ReloadAsync();
        await admin.See("campaign-more").Last.ClickAsync();
        await Expect(admin.See("campaign-from")).ToHaveValueAsync("2026-01-02");
        await Expect(admin.See("campaign-description")).ToHaveValueAsync("Houses older than twenty years");
        var campaign = (await admin.GetAsync<AdminView>("api/admin")).Campaigns!.Items.Single(c => c.Name == name);

        // An outcome that its calls alone can end with, and one of another campaign.
        var outcomes = admin.See("dispositions-form");
        var elsewhere = Unique.Name("Renewed");
        await OutcomeAsync(admin, outcomes, outcome, name);
        await OutcomeAsync(admin, outcomes, elsewhere, "Contract renewals");
        await admin.Page.RunAndWaitForResponseAsync(() => outcomes.Locator("[data-test=codes-save]").ClickAsync(), r => r.Request.Method == "PUT" && r.Ok);
        await ScriptAsync(admin, campaign.Code, greeting);

        var agent = await visit.AtDeskAsync("101");
        await agent.See("dial-campaign").SelectOptionAsync(campaign.Code);
        await agent.See("dial-number").FillAsync(number);
        await agent.See("dial-call").ClickAsync();
        await Expect(agent.See("call-campaign")).ToHaveTextAsync(name);
        await Expect(agent.See("client-name")).ToHaveTextAsync(there);
        await Expect(agent.See("script")).ToContainTextAsync(greeting);
        await TalkingAsync(agent);
        await agent.ReloadAsync();
        await Expect(agent.See("script")).ToContainTextAsync(greeting);
        await agent.See("hang-up").ClickAsync();
        await Expect(agent.See("disposition", outcome)).ToBeVisibleAsync();
        await Expect(agent.See("disposition", elsewhere)).ToHaveCountAsync(0);
        await agent.See("disposition", outcome).ClickAsync();
        await FinishAsync(agent);
        // What was chosen stays chosen for the next call.
        await Expect(agent.See("dial-campaign")).ToHaveValueAsync(campaign.Code);

        await admin.GoAsync("calls");
        await admin.See("calls-campaign").SelectOptionAsync(campaign.Code);
        await Expect(admin.See("call-row")).ToHaveCountAsync(1);
        await Expect(admin.See("call-row")).ToContainTextAsync(there);
        await admin.See("call-row").ClickAsync();
        await Expect(admin.See("wrap-up-disposition")).ToHaveTextAsync(outcome);
    });

    static async Task OutcomeAsync(Visitor admin, ILocator outcomes, string name, string campaign)
    {
        await outcomes.Locator("[data-test=codes-add]").ClickAsync();
        await outcomes.Locator(".code-row input.input").Last.FillAsync(name);
        await outcomes.Locator("[data-test=disposition-more]").Last.ClickAsync();
        await admin.See("disposition-form").Locator("label", new LocatorLocatorOptions { HasText = campaign }).Locator("[data-test=disposition-campaign]").CheckAsync();
    }

    /// <summary>That of cold calls, under another name and with other first words, for calls of this campaign.</summary>
    static async Task ScriptAsync(Visitor admin, string campaign, string greeting)
    {
        var id = Unique.Code("script").Replace('_', '-');
        var yaml = await File.ReadAllTextAsync(Path.Combine(Repository.Folder, "scripts-library", "cold-call.yaml"));
        yaml = Regex.Replace(yaml, "^id: .*$", $"id: {id}", RegexOptions.Multiline);
        yaml = yaml.Replace("for:\n  client: new\n", $"for:\n  campaign: {campaign}\n", StringComparison.Ordinal);
        yaml = Regex.Replace(yaml, @"(?<=\ngreeting:\n  - )"".*""", $"\"{greeting}\"");
        var draft = await admin.SendAsync<ScriptEditView>("PUT", $"api/script-edits/{id}/draft", new ScriptDraftSave(yaml, 0, 0));
        draft.Problems.Where(p => !p.Warning).Should().BeEmpty();
        await admin.SendAsync<JsonElement>("POST", $"api/script-edits/{id}/publish", new ScriptPublish(draft.Draft, "For the campaign"));
    }

    /// <summary>The client has answered, too: who hangs up before has nothing to write up.</summary>
    static async Task TalkingAsync(Visitor agent)
    {
        await Expect(agent.Page.Locator("[data-test=presence][data-state=Talking]")).ToBeVisibleAsync();
        await Expect(agent.See("call-band").Locator(".band-state .s-talking")).ToBeVisibleAsync();
    }

    static async Task FinishAsync(Visitor agent)
    {
        await agent.See("wrap-up-finish").ClickAsync();
        await Expect(agent.Page.Locator("[data-test=presence][data-state=Ready]")).ToBeVisibleAsync();
    }

    [ProgramsFact("chromium")]
    public Task An_agent_calls_a_client_whose_number_they_are_told_nowhere() => site.VisitAsync(async visit =>
    {
        var (number, name) = (Unique.Number(), Unique.Name("Piera"));
        // However it is written, with or without what goes before it. The last four digits are what a mask shows.
        var written = new Regex(string.Join(@"\D{0,3}", number[^9..].ToCharArray()));
        var client = await visit.ClientAsync(name, number, note: $"Also at {number} in the evening");
        var sees = await visit.AsAsync(await visit.PersonAsync((await visit.RoleAsync("agent")).Code));
        await sees.OpenAsync(client);
        await Expect(sees.See("client-name")).ToHaveTextAsync(name);
        written.IsMatch(await sees.EverythingAsync()).Should().BeTrue("who may see numbers is told this one");

        var agent = await visit.AtDeskAsync("102", (await visit.RoleAsync("agent", without: "client.numbers")).Code);
        await agent.GoAsync("clients");
        await agent.Page.Locator("main input.find").FillAsync(name);
        await Expect(agent.See("client-row")).ToHaveCountAsync(1);
        await agent.See("client-row").Locator("a").First.ClickAsync();
        await Expect(agent.See("client-name")).ToHaveTextAsync(name);
        await Expect(agent.See("client-card")).ToContainTextAsync($"••• {number[^4..]}");
        await agent.See("client-card").Locator("[data-test=dial]").First.ClickAsync();

        await Expect(agent.See("client-name")).ToHaveTextAsync(name);
        await TalkingAsync(agent);
        visit.Pbx.LiveChannels.Should().Contain(c => c.Name.StartsWith("PJSIP/trunk", StringComparison.Ordinal), "the client's telephone was called");
        await Expect(agent.See("call-band")).ToContainTextAsync($"••• {number[^4..]}");
        await agent.ReloadAsync();
        await Expect(agent.See("call-band")).ToContainTextAsync($"••• {number[^4..]}");
        await agent.See("hang-up").ClickAsync();
        await agent.See("disposition").First.ClickAsync();
        await FinishAsync(agent);
        await agent.GoAsync("calls");
        await Expect(agent.See("call-row", name)).ToContainTextAsync($"••• {number[^4..]}");
        await agent.See("call-row", name).ClickAsync();
        await Expect(agent.See("wrap-up-disposition")).ToBeVisibleAsync();
        written.Matches(await agent.EverythingAsync()).Should().BeEmpty("the number stands in no answer, no message of the feed, no title and nothing kept in the browser");
    });

    [ProgramsFact("chromium")]
    public Task One_key_fills_the_record_what_was_kept_is_counted_and_the_outcome_is_changed_later() => site.VisitAsync(async visit =>
    {
        var (number, name, client) = (Unique.Number(), Unique.Name("Agent"), Unique.Name("Berta"));
        await visit.ClientAsync(client, number);
        var agent = await visit.AtDeskAsync("103", name: name);
        await agent.See("dial-number").FillAsync(number);
        await agent.See("dial-call").ClickAsync();
        await Expect(agent.See("client-name")).ToHaveTextAsync(client);
        await TalkingAsync(agent);
        // What came of it and what follows is told from the way through the script.
        await agent.See("script-answer", "No time now").ClickAsync();
        await agent.Page.FillAsync("#a-call_note", "Ask about the cellar");
        await agent.See("hang-up").ClickAsync();
        await Expect(agent.See("wrap-up")).ToBeVisibleAsync();
        await agent.Page.Keyboard.PressAsync("F9");
        await Expect(agent.Page.Locator("[data-test=prefilled][data-field=disposition]")).ToBeVisibleAsync();
        await Expect(agent.Page.Locator("[data-test=disposition][aria-checked=true]")).ToBeVisibleAsync();
        var subject = agent.Page.Locator("[data-test=prefilled][data-field=subject]");
        await Expect(subject).ToBeVisibleAsync();
        var filled = await agent.See("prefilled").CountAsync();
        await Expect(agent.Page.Locator("#next-step")).ToHaveValueAsync("Ask about the cellar");
        await Expect(agent.See("note")).ToHaveValueAsync(new Regex("Ask about the cellar"));

        // What is changed is no proposal any more, and is again when it is typed as it was.
        var proposed = await agent.See("wrap-subject").InputValueAsync();
        proposed.Should().NotBeEmpty();
        await agent.See("wrap-subject").FillAsync(proposed + ", and her neighbour");
        await Expect(subject).ToBeHiddenAsync();
        await Expect(agent.See("prefilled")).ToHaveCountAsync(filled - 1);
        await agent.See("wrap-subject").FillAsync(proposed);
        await Expect(subject).ToBeVisibleAsync();
        await agent.See("wrap-subject").FillAsync("Her neighbour's roof");
        await Expect(subject).ToBeHiddenAsync();
        await FinishAsync(agent);

        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync("reports");
        await manager.See("report-prefill").ClickAsync();
        var row = manager.See("prefill-row", name).Locator("td");
        await Expect(row.Nth(0)).ToHaveTextAsync("1");
        await Expect(row.Nth(1)).ToHaveTextAsync("1");
        await Expect(row.Nth(2)).ToHaveTextAsync(filled.ToString(CultureInfo.InvariantCulture));
        await Expect(row.Nth(3)).ToContainTextAsync($"{filled - 1} ");

        // Their own outcome, from the list of calls.
        await agent.GoAsync("calls");
        await agent.See("call-row", client).ClickAsync();
        var before = await agent.See("wrap-up-disposition").TextContentAsync();
        await Expect(agent.See("call-wrap-up")).ToContainTextAsync("Her neighbour's roof");
        await agent.See("wrap-up-change").ClickAsync();
        var other = agent.Page.Locator("[data-test=wrap-up-other][data-code=complaint]");
        await Expect(other).ToBeVisibleAsync();
        before.Should().NotBe("Complaint");
        await other.ClickAsync();
        await Expect(agent.See("wrap-up-disposition")).ToHaveTextAsync("Complaint");
        await agent.ReloadAsync();
        await agent.See("call-row", client).ClickAsync();
        await Expect(agent.See("wrap-up-disposition")).ToHaveTextAsync("Complaint");
        await Expect(agent.See("wrap-up-changed")).ToContainTextAsync(name);
        await Expect(agent.See("wrap-up-changed")).ToContainTextAsync(before!);

        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync("audit");
        await admin.See("audit-action").SelectOptionAsync("disposition.changed");
        await Expect(admin.See("audit-row", $"{before} → Complaint").Filter(new LocatorFilterOptions { HasText = name })).ToHaveCountAsync(1);
    });

    [ProgramsFact("chromium")]
    public Task A_missed_call_is_claimed_and_called_back_and_a_message_without_a_number_is_taken_and_closed() => site.VisitAsync(async visit =>
    {
        const string support = "390294750002";
        var (number, name) = (Unique.Number(), Unique.Name("Fosca"));
        await visit.ClientAsync(name, number);
        // Nobody serves the queue: whom nobody can serve leaves a message.
        var known = visit.Pbx.PlaceCall(new DemoCaller(number[1..], support));
        var withheld = visit.Pbx.PlaceCall(new DemoCaller("", support) { Presentation = DemoPresentation.Anonymous });
        await Task.WhenAll(known.Ended, withheld.Ended);
        (await known.Reached(DemoCallPlace.Message)).Talked.Should().BeFalse();

        var agent = await visit.AtDeskAsync("104", (await visit.RoleAsync("supervisor")).Code, Unique.Name("Person"));
        await agent.GoAsync("missed");
        var row = agent.See("missed-row", name);
        await Expect(row).ToContainTextAsync("Left a message");
        await row.Locator("[data-test=missed-claim]").ClickAsync();
        await Expect(row.Locator("[data-test=missed-claim]")).ToHaveCountAsync(0);
        await agent.See("missed-mine").ClickAsync();
        await Expect(row).ToBeVisibleAsync();

        // A message of nobody known: nobody can be called back, it is heard and closed by hand.
        await agent.See("missed-open").ClickAsync();
        var nobody = agent.See("missed-row", "Number withheld");
        await Expect(nobody).ToHaveCountAsync(1);
        await Expect(nobody.Locator("[data-test=dial]")).ToHaveCountAsync(0);
        await nobody.Locator("[data-test=missed-claim]").ClickAsync();
        await nobody.ClickAsync();
        await Expect(agent.See("missed-no-number")).ToBeVisibleAsync();
        await Expect(agent.See("missed-message")).ToBeVisibleAsync();
        await agent.See("missed-reason").SelectOptionAsync("solved");
        await agent.See("missed-note").FillAsync("Said who it was in the message");
        await agent.See("missed-close").ClickAsync();
        await Expect(nobody.Locator("[data-test=missed-claim]")).ToHaveCountAsync(0);

        await row.Locator("[data-test=dial]").ClickAsync();
        await Expect(agent.See("client-name")).ToHaveTextAsync(name);
        await TalkingAsync(agent);
        await agent.See("hang-up").ClickAsync();
        await agent.See("disposition").First.ClickAsync();
        await FinishAsync(agent);
        await agent.GoAsync("missed");
        await Expect(agent.See("missed")).ToBeVisibleAsync();
        await agent.See("missed-closed").ClickAsync();
        await Expect(row).ToContainTextAsync("Called back");
        await Expect(nobody).ToContainTextAsync("Solved already");
        await agent.See("missed-open").ClickAsync();
        await Expect(agent.Page.Locator("main .skeleton")).ToHaveCountAsync(0);
        await Expect(row).ToHaveCountAsync(0);
        await Expect(nobody).ToHaveCountAsync(0);
    });
}
