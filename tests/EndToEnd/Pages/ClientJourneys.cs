using CallCrm.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>The client's card: made, found, edited, merged and parted.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class ClientJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task A_new_client_is_told_from_one_that_is_there_and_found_by_fragments() => site.VisitAsync(async visit =>
    {
        var (number, name) = (Unique.Number(), Unique.Name("Clara"));
        var there = await visit.ClientAsync(Unique.Name("Carla"), number);
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync("clients");
        await manager.See("clients-new").ClickAsync();
        await manager.See("new-client-name").FillAsync(name);
        await manager.See("new-client-phones").FillAsync(number);
        await Expect(manager.See("duplicate", there.Name)).ToContainTextAsync("number");
        await manager.See("new-client-create").ClickAsync();
        await Expect(manager.See("client-name")).ToHaveTextAsync(name);
        await manager.ReloadAsync();
        await Expect(manager.See("client-name")).ToHaveTextAsync(name);

        // One box, from everywhere: what was heard of the name, or the last digits.
        await manager.Page.Keyboard.PressAsync("Control+k");
        await manager.See("search").FillAsync(name[8..]);
        await Expect(Found(manager)).ToHaveCountAsync(1);
        await Expect(Found(manager)).ToContainTextAsync(name);
        await manager.See("search").FillAsync(number[^8..]);
        await Expect(Found(manager)).ToHaveCountAsync(2);
        await Found(manager).Filter(new LocatorFilterOptions { HasText = there.Name }).ClickAsync();
        await Expect(manager.See("client-name")).ToHaveTextAsync(there.Name);
    });

    static ILocator Found(Visitor visitor) => visitor.Page.Locator(".search-results [role=option]");

    [ProgramsFact("chromium")]
    public Task What_is_wrong_on_a_card_is_said_at_its_field_and_nothing_typed_is_lost() => site.VisitAsync(async visit =>
    {
        var client = await visit.ClientAsync(Unique.Name("Edda"));
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(client);
        await manager.See("client-edit").ClickAsync();
        await manager.Page.FillAsync("#c-city", "Lodi");
        await manager.Page.FillAsync("#c-email", "edda@example");
        await manager.Page.FillAsync("#c-tax", "12345678901");
        manager.ExpectRefusal(400, $"api/clients/{client.Id}");
        await manager.See("client-save").ClickAsync();
        await Expect(manager.Field("c-email").Locator(".error")).ToContainTextAsync("anna@example.com");
        await Expect(manager.Field("c-tax").Locator(".error")).ToContainTextAsync("Partita IVA");
        await Expect(manager.Page.Locator("#c-email")).ToBeFocusedAsync();
        await Expect(manager.Page.Locator("#c-city")).ToHaveValueAsync("Lodi");
        await Expect(manager.Page.Locator("#c-email")).ToHaveValueAsync("edda@example");

        await manager.Page.FillAsync("#c-email", "edda@example.com");
        await manager.Page.FillAsync("#c-tax", "12345678903");
        await manager.See("client-save").ClickAsync();
        await Expect(manager.See("client-edit")).ToBeVisibleAsync();
        await manager.ReloadAsync();
        await Expect(manager.See("client-card")).ToContainTextAsync("edda@example.com");
        await Expect(manager.See("client-card")).ToContainTextAsync("12345678903");
        (await manager.GetAsync<Contracts.ClientCardView>($"api/clients/{client.Id}")).City.Should().Be("Lodi");
    });

    [ProgramsFact("chromium")]
    public Task Two_cards_become_one_field_by_field_and_two_again() => site.VisitAsync(async visit =>
    {
        var stays = await visit.ClientAsync(Unique.Name("Mara"), email: "mara@old.example", city: "Como", note: "Rings twice");
        var goes = await visit.ClientAsync(Unique.Name("Marah"), email: "mara@new.example", city: "Lecco");
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(stays);
        await manager.See("merge-with").ClickAsync();
        await manager.See("merge-search").FillAsync(goes.Name);
        await manager.See("candidate", goes.Name).ClickAsync();
        await Expect(manager.See("merge-city")).ToContainTextAsync("Lecco");
        await manager.See("merge-email").GetByRole(AriaRole.Radio).Nth(1).CheckAsync();
        await Expect(manager.See("merge-name").GetByRole(AriaRole.Radio).First).ToBeCheckedAsync();
        await manager.See("merge-do").ClickAsync();
        await Expect(manager.See("merge-sheet")).ToBeHiddenAsync();
        await manager.ReloadAsync();
        var card = manager.See("client-card");
        await Expect(manager.See("client-name")).ToHaveTextAsync(stays.Name);
        await Expect(card).ToContainTextAsync("mara@new.example");
        await Expect(card).ToContainTextAsync("Rings twice");
        await Expect(card).ToContainTextAsync(goes.Phones[0].Display);
        var one = await manager.GetAsync<Contracts.ClientCardView>($"api/clients/{stays.Id}");
        (one.Email, one.City, one.Phones.Count).Should().Be(("mara@new.example", "Como", 2));
        await Expect(manager.Page.Locator(".timeline")).ToContainTextAsync(goes.Name);

        await manager.See("merge-undo").ClickAsync();
        await Expect(manager.See("merge-undone")).ToBeVisibleAsync();
        await manager.ReloadAsync();
        await Expect(card).ToContainTextAsync("mara@old.example");
        await Expect(card).Not.ToContainTextAsync(goes.Phones[0].Display);
        await manager.GoAsync($"clients/{goes.Id}");
        await Expect(manager.See("client-name")).ToHaveTextAsync(goes.Name);
        await Expect(card).ToContainTextAsync(goes.Phones[0].Display);
    });

    [ProgramsFact("chromium")]
    public Task Who_edits_a_card_with_a_colleague_is_told_and_neither_loses_a_word() => site.VisitAsync(async visit =>
    {
        var client = await visit.ClientAsync(Unique.Name("Nives"), email: "nives@example.com", city: "Como", note: "Before");
        var (one, other) = (await visit.AsAsync("manager"), await visit.AsAsync("supervisor"));
        await one.OpenAsync(client);
        await one.See("client-edit").ClickAsync();
        await one.Page.FillAsync("#c-note", "Rings on Fridays");
        await one.Page.FillAsync("#c-tags", "patient");

        await other.OpenAsync(client);
        await other.See("client-edit").ClickAsync();
        await other.Page.FillAsync("#c-city", "Lecco");
        await other.Page.FillAsync("#c-note", "Rings on Mondays");
        await other.See("client-save").ClickAsync();
        await Expect(other.See("client-edit")).ToBeVisibleAsync();

        // Told while typing: what the colleague alone changed stands there, what both wrote is named with their words, and nothing typed is lost.
        await Expect(one.See("client-newer")).ToContainTextAsync("City");
        await Expect(one.See("client-newer")).ToContainTextAsync("Rings on Mondays");
        await Expect(one.Page.Locator("#c-city")).ToHaveValueAsync("Lecco");
        await Expect(one.Page.Locator("#c-note")).ToHaveValueAsync("Rings on Fridays");
        await Expect(one.Page.Locator("#c-tags")).ToHaveValueAsync("patient");
        await one.Page.FillAsync("#c-note", "Rings on Fridays and Mondays");
        await one.See("client-save").ClickAsync();
        await Expect(one.See("client-edit")).ToBeVisibleAsync();
        await one.ReloadAsync();
        await Expect(one.See("client-card")).ToContainTextAsync("Rings on Fridays and Mondays");
        var card = await one.GetAsync<Contracts.ClientCardView>($"api/clients/{client.Id}");
        (card.City, card.Note, card.Email).Should().Be(("Lecco", "Rings on Fridays and Mondays", "nives@example.com"));
        card.Tags.Should().Equal("patient");
        await Expect(other.See("client-card")).ToContainTextAsync("Rings on Fridays and Mondays");
    });

    [ProgramsFact("chromium")]
    public Task A_second_tax_id_is_checked_found_by_the_search_and_names_a_duplicate() => site.VisitAsync(async visit =>
    {
        var (inn, ogrn) = (TaxId.Inn(), TaxId.Ogrn());
        var (there, other) = (await visit.ClientAsync(Unique.Name("Vera")), await visit.ClientAsync(Unique.Name("Osip")));
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync(there);
        await manager.See("client-edit").ClickAsync();
        await manager.See("client-language-select").SelectOptionAsync("ru");
        await manager.See("client-tax-input").FillAsync(inn);
        await manager.See("client-tax2-input").FillAsync(TaxId.Wrong(ogrn));
        manager.ExpectRefusal(400, $"api/clients/{there.Id}");
        await manager.See("client-save").ClickAsync();
        await Expect(manager.Field("c-tax2").Locator(".error")).ToContainTextAsync("OGRN");
        await Expect(manager.Field("c-tax").Locator(".error")).ToHaveCountAsync(0);
        await Expect(manager.See("client-tax2-input")).ToBeFocusedAsync();
        await manager.See("client-tax2-input").FillAsync(ogrn);
        await manager.See("client-save").ClickAsync();
        await Expect(manager.See("client-card")).ToContainTextAsync($"{inn}, {ogrn}");

        foreach (var id in new[] { inn, ogrn })
        {
            await manager.Page.Keyboard.PressAsync("Control+k");
            await manager.See("search").FillAsync(id);
            await Expect(Found(manager)).ToHaveCountAsync(1);
            await Expect(Found(manager)).ToContainTextAsync(there.Name);
            await manager.Page.Keyboard.PressAsync("Escape");
        }

        // The other one's first is this one's second: still the same.
        await manager.GoAsync($"clients/{other.Id}");
        await Expect(manager.See("client-name")).ToHaveTextAsync(other.Name);
        await manager.See("client-edit").ClickAsync();
        await manager.See("client-language-select").SelectOptionAsync("ru");
        await manager.See("client-tax-input").FillAsync(ogrn);
        await Expect(manager.See("duplicate", there.Name)).ToContainTextAsync("tax id");
        await manager.See("client-save").ClickAsync();
        await Expect(manager.See("client-edit")).ToBeVisibleAsync();
        await manager.GoAsync("clients/duplicates");
        var pair = manager.See("pair", there.Name);
        await Expect(pair).ToContainTextAsync(other.Name);
        await Expect(pair).ToContainTextAsync("tax id");
    });

    /// <summary>Tax ids of Russia, whose last digit is their check.</summary>
    static class TaxId
    {
        static readonly int[] s_weights = [2, 4, 10, 3, 5, 9, 4, 6, 8];

        public static string Inn()
        {
            var digits = Digits(9);
            return $"{digits}{digits.Select((d, n) => (d - '0') * s_weights[n]).Sum() % 11 % 10}";
        }

        public static string Ogrn()
        {
            var digits = Digits(12);
            return $"{digits}{long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture) % 11 % 10}";
        }

        public static string Wrong(string id) => $"{id[..^1]}{(id[^1] - '0' + 1) % 10}";

        static string Digits(int count) => "1" + string.Concat(Guid.NewGuid().ToByteArray().Take(count - 1).Select(b => b % 10));
    }
}
