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
}
