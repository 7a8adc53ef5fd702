using CallCrm.Contracts;
using CallCrm.TestKit;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>Who may do what, and who did.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class RightsJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task A_right_taken_from_a_role_is_gone_from_the_page_and_the_api() => site.VisitAsync(async visit =>
    {
        var role = await visit.RoleAsync("manager");
        var person = await visit.AsAsync(await visit.PersonAsync(role.Code));
        await person.OpenAsync("clients");
        await Expect(person.See("clients-csv")).ToBeVisibleAsync();
        (await person.AskAsync("GET", "api/clients/export?format=csv")).Status.Should().Be(200);

        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync("admin/roles");
        await admin.See("admin-row", role.Name).ClickAsync();
        await admin.See("right-client.export-none").CheckAsync();
        await admin.See("right-report.view-none").CheckAsync();
        await admin.See("admin-save").ClickAsync();
        await Expect(admin.See("admin-form")).ToBeHiddenAsync();

        // The frame that stands open is told, and no page that is opened from it has the button; a reload shows no other.
        await Expect(person.Page.Locator("nav a[href=reports]")).ToBeHiddenAsync();
        await person.GoAsync("clients/tasks");
        await Expect(person.See("tasks")).ToBeVisibleAsync();
        await person.GoAsync("clients");
        await Expect(person.See("clients-new")).ToBeVisibleAsync();
        await Expect(person.See("clients-csv")).ToBeHiddenAsync();
        await person.ReloadAsync();
        await Expect(person.See("clients-new")).ToBeVisibleAsync();
        await Expect(person.See("clients-csv")).ToBeHiddenAsync();
        (await person.AskAsync("GET", "api/clients/export?format=csv")).Status.Should().Be(403);

        await admin.See("admin-row", role.Name).ClickAsync();
        await Expect(admin.See("right-client.export-none")).ToBeCheckedAsync();
    });

    [ProgramsFact("chromium")]
    public Task The_audit_names_who_changed_what_from_which_to_which() => site.VisitAsync(async visit =>
    {
        var client = await visit.ClientAsync(Unique.Name("Olga"), city: "Como");
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(client);
        await manager.See("client-edit").ClickAsync();
        await manager.Page.FillAsync("#c-city", "Lecco");
        await manager.See("client-save").ClickAsync();
        await Expect(manager.See("client-edit")).ToBeVisibleAsync();

        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync(client);
        await admin.See("client-audit").ClickAsync();
        await admin.See("audit-action").SelectOptionAsync("client.changed");
        var row = admin.See("audit-row");
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row).ToContainTextAsync("Martin Weber");
        await Expect(row).ToContainTextAsync("Changed a card");
        await Expect(row).ToContainTextAsync(client.Name);
        await Expect(row.Locator(".audit-change")).ToHaveTextAsync("City Como → Lecco");
        await admin.ReloadAsync();
        await Expect(admin.See("audit-row", "Como → Lecco")).ToHaveCountAsync(1);
        (await manager.AskAsync("GET", "api/audit")).Status.Should().Be(403, "a manager does not read it");
    });

    [ProgramsFact("chromium")]
    public Task Who_opens_more_than_a_hundred_cards_in_an_hour_is_named_to_their_head_of_department() => site.VisitAsync(async visit =>
    {
        var (department, name) = (await visit.DepartmentAsync(), Unique.Name("Reader"));
        var reader = await visit.AsAsync(await visit.PersonAsync("agent", name: name, department: department));
        var head = await visit.AsAsync(await visit.PersonAsync("head", department: department));
        var elsewhere = await visit.AsAsync(await visit.PersonAsync("head", department: await visit.DepartmentAsync()));
        await head.OpenAsync("clients");
        await elsewhere.OpenAsync("clients");

        var (cards, next) = (new List<ClientRow>(), (string?)null);
        while (cards.Count < 101)
        {
            var cursor = cards.Count == 0 ? "" : "&cursor=" + Uri.EscapeDataString(next!);
            (var page, next) = await reader.GetAsync<ListPage<ClientRow>>("api/clients?limit=100" + cursor);
            cards.AddRange(page);
        }

        foreach (var card in cards.Take(100))
            await reader.GetAsync<ClientCardView>($"api/clients/{card.Id}");
        await reader.GetAsync<ClientCardView>($"api/clients/{cards[0].Id}");
        await Expect(head.See("many-cards")).ToHaveCountAsync(0);
        await reader.GetAsync<ClientCardView>($"api/clients/{cards[100].Id}");
        await Expect(head.See("many-cards")).ToContainTextAsync($"{name} opened more than 100 client cards");
        await Expect(elsewhere.See("many-cards")).ToHaveCountAsync(0);

        // Also when the head comes later; who dismissed it has read it.
        await head.ReloadAsync();
        await Expect(head.See("many-cards")).ToContainTextAsync(name);
        await head.See("many-cards").GetByRole(Microsoft.Playwright.AriaRole.Button).ClickAsync();
        await Expect(head.See("many-cards")).ToHaveCountAsync(0);
        await head.GoAsync("audit");
        await head.See("audit-action").SelectOptionAsync("client.viewed_many");
        // Theirs of this kind alone, out of all that they opened.
        await Expect(head.See("audit-row", name)).ToHaveCountAsync(1);
        await Expect(head.See("audit-row", name)).ToContainTextAsync("more than 100 cards");
    });
}
