using System.Text;
using CallCrm.Contracts;
using CallCrm.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>What is done with a client day by day: deals, tasks, files.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class WorkJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task A_deal_is_made_moved_by_keys_and_stands_in_the_history() => site.VisitAsync(async visit =>
    {
        var (title, client) = (Unique.Name("Roof"), await visit.ClientAsync(Unique.Name("Dina")));
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(client);
        await manager.See("deal-new").ClickAsync();
        await Expect(manager.See("deal-title")).ToBeFocusedAsync();
        await manager.See("deal-title").FillAsync(title);
        await manager.See("deal-amount").FillAsync("1200");
        await manager.See("deal-save").ClickAsync();
        var deal = manager.See("deal", title);
        await Expect(deal).ToContainTextAsync("1,200 EUR");
        var first = await deal.Locator(".chip").TextContentAsync() ?? "";

        // The next stage without the mouse.
        await deal.Locator("[data-test=deal-edit]").FocusAsync();
        await manager.Page.Keyboard.PressAsync("Enter");
        await manager.See("deal-stage").FocusAsync();
        await manager.Page.Keyboard.PressAsync("ArrowDown");
        var next = await manager.See("deal-stage").EvaluateAsync<string>("select => select.selectedOptions[0].textContent");
        next.Should().NotBe(first);
        await manager.See("deal-save").FocusAsync();
        await manager.Page.Keyboard.PressAsync("Enter");
        await Expect(deal.Locator(".chip")).ToHaveTextAsync(next);
        await manager.ReloadAsync();
        await Expect(deal.Locator(".chip")).ToHaveTextAsync(next);
        // In the history it stands where it is now, and where it was before.
        var history = manager.Page.Locator(".timeline .event", new PageLocatorOptions { HasText = title });
        await Expect(history).ToHaveCountAsync(2);
        await Expect(history.First).ToContainTextAsync(next);
        await Expect(history.Last.Locator("[data-field=stage]")).ToContainTextAsync(first);

        await manager.GoAsync("clients/deals");
        await manager.See("deals-find").FillAsync(title);
        await Expect(manager.See("deal-row")).ToHaveCountAsync(1);
        await Expect(manager.See("deal-row")).ToContainTextAsync(next);
        await Expect(manager.See("deal-row")).ToContainTextAsync(client.Name);
    });

    [ProgramsFact("chromium")]
    public Task A_task_made_on_the_card_is_done_in_the_list_of_tasks() => site.VisitAsync(async visit =>
    {
        var (title, client) = (Unique.Name("Send the plan"), await visit.ClientAsync(Unique.Name("Ugo")));
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(client);
        await manager.See("card-task-new").ClickAsync();
        await manager.See("task-title").FillAsync(title);
        await manager.See("task-tomorrow").ClickAsync();
        await manager.See("task-save").ClickAsync();
        await Expect(manager.Page.Locator(".timeline")).ToContainTextAsync(title);

        await manager.OpenAsync("clients/tasks");
        var row = manager.See("task-row", title);
        await manager.See("tasks-find").FillAsync(title);
        await Expect(manager.See("task-row")).ToHaveCountAsync(1);
        await Expect(row).ToContainTextAsync(client.Name);
        await manager.Page.RunAndWaitForResponseAsync(() => row.GetByRole(AriaRole.Checkbox).CheckAsync(), r => r.Url.Contains("api/tasks/", StringComparison.Ordinal));
        await manager.ReloadAsync();
        await manager.See("tasks-find").FillAsync(title);
        await Expect(manager.See("tasks-empty")).ToBeVisibleAsync();
        await manager.See("tasks-done").ClickAsync();
        await Expect(row.GetByRole(AriaRole.Checkbox)).ToBeCheckedAsync();
        await manager.GoAsync($"clients/{client.Id}");
        await Expect(manager.Page.Locator(".timeline")).ToContainTextAsync(title);
    });

    [ProgramsFact("chromium")]
    public Task A_file_comes_back_byte_for_byte_and_one_that_lies_is_refused() => site.VisitAsync(async visit =>
    {
        var (name, client) = (Unique.Code("offer") + ".pdf", await visit.ClientAsync(Unique.Name("Lia")));
        var bytes = Encoding.Latin1.GetBytes("%PDF-1.7\n" + string.Concat(Enumerable.Range(0, 5000).Select(n => (char)(n % 256))) + "\n%%EOF");
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(client);
        await manager.See("files-input").SetInputFilesAsync(new FilePayload { Name = name, MimeType = "application/pdf", Buffer = bytes });
        await Expect(manager.See("file", name)).ToBeVisibleAsync();

        manager.ExpectRefusal(400, "api/files");
        await manager.See("files-input").SetInputFilesAsync(new FilePayload { Name = "photo.png", MimeType = "image/png", Buffer = Encoding.UTF8.GetBytes("no picture at all") });
        await Expect(manager.See("files-failed")).ToContainTextAsync("ends in .png, but the content is: plain text");

        await manager.ReloadAsync();
        await Expect(manager.See("file")).ToHaveCountAsync(1);
        (await manager.DownloadAsync(manager.See("file", name).GetByRole(AriaRole.Link))).Should().Equal(bytes);
        await Expect(manager.See("timeline-file")).ToHaveTextAsync(name);
    });

    [ProgramsFact("chromium")]
    public Task A_mail_of_the_history_is_read_put_into_the_bin_and_brought_back_with_its_file() => site.VisitAsync(async visit =>
    {
        var (subject, later, address) = (Unique.Name("The garden"), Unique.Name("Once more"), $"{Unique.Code("gina").Replace('_', '.')}@example.com");
        var client = await visit.ClientAsync(Unique.Name("Gina"), email: address);
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(client);
        foreach (var (title, body) in new[] { (subject, "Could you <b>look</b> at it?\r\nGina"), (later, "And the fence") })
            (await manager.AskAsync("POST", $"api/clients/{client.Id}/mails", Mail(address, title, body), "message/rfc822")).Status.Should().Be(200);

        var (first, second) = (Event(manager, subject), Event(manager, later));
        await Expect(second).ToContainTextAsync("Mail received");
        await first.Locator("[data-test=mail-open]").FocusAsync();
        await manager.Page.Keyboard.PressAsync("Enter");
        await Expect(manager.See("mail-text")).ToHaveTextAsync("Could you <b>look</b> at it?\nGina");
        await Expect(manager.See("mail-opened")).ToContainTextAsync($"Gina <{address}>");
        (await manager.DownloadAsync(manager.See("mail-file", "garden.txt"))).Should().Equal("Green"u8.ToArray());

        await manager.See("mail-remove").ClickAsync();
        await Expect(first).ToHaveCountAsync(0);
        await manager.See("mail-undo").ClickAsync();
        await Expect(first).ToBeVisibleAsync();
        await first.Locator("[data-test=mail-open]").ClickAsync();
        await manager.See("mail-remove").ClickAsync();
        await Expect(first).ToHaveCountAsync(0);
        await Expect(second).ToBeVisibleAsync();
        await Expect(manager.See("file", "garden.txt")).ToHaveCountAsync(1);

        await manager.GoAsync("clients/bin/mails");
        var row = manager.See("bin-row", subject);
        await Expect(row).ToContainTextAsync(client.Name);
        await row.Locator("[data-test=bin-restore]").ClickAsync();
        await Expect(row).ToHaveCountAsync(0);
        await manager.See("bin-back").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(manager.See("client-name")).ToHaveTextAsync(client.Name);
        await Expect(first).ToBeVisibleAsync();
        await Expect(manager.See("file", "garden.txt")).ToHaveCountAsync(2);
        var list = await manager.GetAsync<ListPage<MailRowView>>("api/mails?client=" + client.Id);
        list.Items.Select(m => m.Subject).Should().BeEquivalentTo(subject, later);
    });

    static ILocator Event(Visitor visitor, string title) => visitor.Page.Locator(".timeline .event", new PageLocatorOptions { HasText = title });

    static string Mail(string from, string subject, string body) => $"""
        From: Gina <{from}>
        To: sales@company.example
        Subject: {subject}
        Date: Mon, 02 Nov 2026 09:30:00 +0100
        Message-ID: <{subject.Replace(' ', '.')}@example.com>
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="part"

        --part
        Content-Type: text/plain; charset=utf-8

        {body}
        --part
        Content-Type: text/plain
        Content-Disposition: attachment; filename="garden.txt"

        Green
        --part--

        """;
}
