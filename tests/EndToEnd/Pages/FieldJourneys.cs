using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>What an administrator makes of the card: own fields, calculated ones, layouts, what must be filled, what only some see.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class FieldJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task An_own_field_is_made_laid_out_filled_in_calculated_with_and_filtered_by() => site.VisitAsync(async visit =>
    {
        var (seats, price, group) = (Unique.Name("Seats"), Unique.Name("Price"), Unique.Name("House"));
        var (code, role) = (seats.ToLowerInvariant().Replace(' ', '_'), await visit.RoleAsync("manager"));
        var client = await visit.ClientAsync(Unique.Name("Nora"));

        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync("admin/fields");
        await admin.See("admin-new").ClickAsync();
        await admin.Page.FillAsync("#f-name", seats);
        await admin.See("field-kind").SelectOptionAsync("number");
        await admin.See("admin-save").ClickAsync();
        await Expect(admin.See("admin-row", seats)).ToBeVisibleAsync();
        await admin.See("admin-new").ClickAsync();
        await admin.Page.FillAsync("#f-name", price);
        await admin.See("field-kind").SelectOptionAsync("calculated");
        await admin.See("field-expression").FillAsync($"custom.{code} * 3");
        await admin.See("admin-save").ClickAsync();
        await Expect(admin.See("admin-row", price)).ToBeVisibleAsync();

        // On the card of one role the number stands first, under a heading.
        await admin.See("admin-card").ClickAsync();
        await admin.See("admin-new").ClickAsync();
        await admin.See("layout-role").SelectOptionAsync(role.Code);
        await admin.See("layout-group-name").First.FillAsync(group);
        await admin.See("layout-field-phones").GetByRole(AriaRole.Combobox).SelectOptionAsync("read_only");
        await admin.See("admin-save").ClickAsync();
        await Expect(admin.See("admin-row", role.Name)).ToContainTextAsync(group);

        var person = await visit.AsAsync(await visit.PersonAsync(role.Code));
        await person.OpenAsync(client);
        await person.See("client-edit").ClickAsync();
        await Expect(person.See("phone-number")).ToBeDisabledAsync();
        await person.See($"custom-{code}").FillAsync("14");
        await person.See("client-save").ClickAsync();
        await Expect(person.See($"shown-{code}")).ToContainTextAsync("14");
        await person.ReloadAsync();
        await Expect(person.See("card-group", group)).ToBeVisibleAsync();
        await Expect(person.See($"shown-{code}")).ToContainTextAsync("14");
        await Expect(person.See($"shown-{price.ToLowerInvariant().Replace(' ', '_')}")).ToContainTextAsync("42");

        await person.GoAsync("clients");
        await person.See("filter-add").ClickAsync();
        await person.See("filter-field").SelectOptionAsync("custom." + code);
        await person.See("filter-from").FillAsync("13");
        await person.See("filter-to").FillAsync("15");
        await person.See("filter-apply").ClickAsync();
        await Expect(person.See("narrowed", seats)).ToBeVisibleAsync();
        await Expect(person.See("client-row")).ToHaveCountAsync(1);
        await Expect(person.See("client-row")).ToContainTextAsync(client.Name);
        await person.ReloadAsync();
        await Expect(person.See("client-row")).ToHaveCountAsync(1);
        await Expect(person.See("narrowed", seats)).ToBeVisibleAsync();
    });

    [ProgramsFact("chromium")]
    public Task A_card_is_not_saved_until_what_a_rule_asks_for_is_filled() => site.VisitAsync(async visit =>
    {
        var (rule, role) = (Unique.Name("Where they are"), await visit.RoleAsync("manager"));
        var client = await visit.ClientAsync(Unique.Name("Tea"));
        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync("admin/required");
        await admin.See("admin-new").ClickAsync();
        await admin.Page.FillAsync("#r-name", rule);
        await admin.Page.SelectOptionAsync("#r-role", role.Code);
        await admin.See("required-city").CheckAsync();
        await admin.See("admin-save").ClickAsync();
        await Expect(admin.See("admin-row", rule)).ToContainTextAsync("City");

        var person = await visit.AsAsync(await visit.PersonAsync(role.Code));
        await person.OpenAsync(client);
        await person.See("client-edit").ClickAsync();
        await person.Page.FillAsync("#c-note", "Written before");
        person.ExpectRefusal(400, $"api/clients/{client.Id}");
        await person.See("client-save").ClickAsync();
        await Expect(person.Field("c-city").Locator(".error")).ToBeVisibleAsync();
        await Expect(person.See("client-card")).ToContainTextAsync("Some fields must be filled in first");
        await Expect(person.Page.Locator("#c-city")).ToBeFocusedAsync();
        await Expect(person.Page.Locator("#c-note")).ToHaveValueAsync("Written before");
        await person.Page.FillAsync("#c-city", "Pavia");
        await person.See("client-save").ClickAsync();
        await Expect(person.See("client-edit")).ToBeVisibleAsync();
        await person.ReloadAsync();
        await Expect(person.See("client-card")).ToContainTextAsync("Written before");
        (await person.GetAsync<ClientCardView>($"api/clients/{client.Id}")).City.Should().Be("Pavia");
    });

    [ProgramsFact("chromium")]
    public Task Who_may_not_see_a_sensitive_field_is_not_given_it() => site.VisitAsync(async visit =>
    {
        var (secret, field) = (Unique.Letters(), await visit.FieldAsync(Unique.Name("Passport"), "text"));
        var client = await visit.ClientAsync(Unique.Name("Ines"), custom: new() { [field.Code] = JsonSerializer.SerializeToElement(secret) });
        var person = await visit.AsAsync(await visit.PersonAsync((await visit.RoleAsync("senior_agent")).Code));
        await person.OpenAsync(client);
        await Expect(person.See($"shown-{field.Code}")).ToContainTextAsync(secret);

        var admin = await visit.AsAsync("admin");
        await admin.OpenAsync("admin/fields");
        await admin.See($"sensitive-custom.{field.Code}").CheckAsync();
        await admin.See("sensitive-save").ClickAsync();
        await Expect(admin.See("sensitive-save")).ToBeDisabledAsync();
        await admin.GoAsync($"clients/{client.Id}");
        await Expect(admin.See($"shown-{field.Code}")).ToContainTextAsync(secret);

        await person.ReloadAsync();
        await Expect(person.See("client-unseen")).ToBeVisibleAsync();
        await Expect(person.See("client-card")).Not.ToContainTextAsync(secret);
        (await person.AskAsync("GET", $"api/clients/{client.Id}")).Body.Should().Contain(client.Name).And.NotContain(secret);
        (await person.AskAsync("GET", "api/clients?query=" + secret)).Body.Should().NotContain(client.Name, "what one does not see cannot be found out by searching");
    });
}
