using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Clients;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>A card's numbers with their labels and its addresses; pairs of cards that are two clients.</summary>
public sealed class CardListsTests : PageContext
{
    static ClientCardView Lists => Some.Card("Lia Liste", 4) with
    {
        Phones = [new PhoneView("+390212345678", "+39 02 1234 5678", "office", true, "12"), new PhoneView("+74951234567", "+7 (495) 123-45-67", "", false)],
        Address = "Via Uno 1, 20121 Milano",
        Addresses = [new AddressView("legal", "Via Uno 1", "Milano", "20121"), new AddressView("delivery", "Depot")],
    };

    ClientSave Sent => JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT").Body, ContractsJson.Default.ClientSave)!;

    async Task<IRenderedComponent<ClientCard>> EditedAsync()
    {
        Server.Answer = r => r.Method == HttpMethod.Put ? FakeServer.Json(JsonSerializer.Serialize(Lists with { Version = 5 }, ContractsJson.Default.ClientCardView)) : null;
        await InCallAsync();
        var card = Render<ClientCard>(p => p.Add(c => c.Client, Lists));
        card.FindAll("[data-test=shown-address]").Select(a => a.TextContent).Should().SatisfyRespectively(a => a.Should().Contain("legal").And.Contain("Via Uno 1, 20121 Milano"), a => a.Should().Contain("delivery"));
        card.Click("[data-test=client-edit]");
        return card;
    }

    [Fact]
    public async Task Labels_of_numbers_are_chosen_by_their_word_and_kept_with_the_number()
    {
        var card = await EditedAsync();
        card.FindAll("[data-test=phone-number]").Select(n => n.GetAttribute("value")).Should().Equal("+39 02 1234 5678", "+7 (495) 123-45-67");
        card.FindAll("[data-test=phone-label]").Select(n => n.GetAttribute("value")).Should().Equal("office", "");
        card.FindAll("[data-test=phone-label]")[1].Change("Mobile");
        card.Click("[data-test=phone-add]");
        card.FindAll("[data-test=phone-number]")[2].Input("+39 347 555 0001");
        card.FindAll("[data-test=phone-label]")[2].Change("porter (night), door");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        Sent.Phones.Should().Equal(new PhoneSave("+39 02 1234 5678", "office", true, "12"), new PhoneSave("+7 (495) 123-45-67", "mobile", false, ""), new PhoneSave("+39 347 555 0001", "porter  night   door", false, ""));
    }

    [Fact]
    public async Task Extensions_are_shown_with_the_number_and_written_beside_it()
    {
        var card = await EditedAsync();
        card.FindAll("[data-test=phone-extension]").Select(n => n.GetAttribute("value")).Should().Equal("12", "");
        card.FindAll("[data-test=phone-extension]")[0].Input("");
        card.FindAll("[data-test=phone-extension]")[1].Input(" 4 0,");
        card.Click("[data-test=phone-add]");
        card.FindAll("[data-test=phone-number]")[2].Input("+39 02 1234 5678, int. 15");
        card.FindAll("[data-test=phone-number]").Should().HaveCount(3, "a comma before an extension parts no numbers");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        Sent.Phones.Should().Equal(new PhoneSave("+39 02 1234 5678", "office", true, ""), new PhoneSave("+7 (495) 123-45-67", "", false, "40"), new PhoneSave("+39 02 1234 5678 int. 15", "", false, ""));
    }

    [Fact]
    public void One_number_with_two_extensions_is_no_two_numbers()
    {
        var card = Lists with { Phones = [Lists.Phones[0], Lists.Phones[0] with { Extension = "15", Label = "", IsMain = false }] };
        PhoneList.Text(card).Should().Be("+39 02 1234 5678 ext. 12 (office), +39 02 1234 5678 ext. 15");
        PhoneList.Saves(card, PhoneList.Text(card)).Should().Equal(new PhoneSave("+39 02 1234 5678", "office", true, "12"), new PhoneSave("+39 02 1234 5678", "", false, "15"));
        var veiled = card with { Phones = [.. card.Phones.Select(p => p with { E164 = "~one", Display = "+39 ••• ••• 5678" })] };
        PhoneList.Saves(veiled, PhoneList.Text(veiled)).Should().Equal(new PhoneSave("~one", "office", true, "12"), new PhoneSave("~one", "", false, "15"));
    }

    [Fact]
    public async Task Addresses_are_written_added_and_taken_away()
    {
        var card = await EditedAsync();
        card.Find("#c-address").Input("Via Uno 11");
        card.FindAll("[data-test=address-Country]")[0].Input("Italia");
        card.FindAll("[data-test=address-remove]")[1].Click();
        card.Click("[data-test=address-add]");
        card.FindAll("[data-test=address-kind]")[1].Change("other");
        card.FindAll("[data-test=address-City]")[1].Input("Asti");
        card.Click("[data-test=address-add]");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        Sent.Addresses.Should().Equal(new AddressView("legal", "Via Uno 11", "Milano", "20121", "", "Italia"), new AddressView("other", "", "Asti"));
    }

    [Fact]
    public void A_draft_of_one_plain_address_is_one_address() =>
        AddressList.Rows("Via Vecchia 3").Should().Equal(new AddressView("actual", "Via Vecchia 3"));

    [Fact]
    public async Task Two_that_are_not_the_same_leave_the_list_and_come_back_when_it_was_a_mistake()
    {
        DuplicateView View(Guid id, string name) => new(id, 1, name, "", "Asti", "+39 02 5550 1350", ["name"], 70, "21");
        var pair = new DuplicatePair(View(Guid.NewGuid(), "New One"), View(Some.ClientId, "Old One"));
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.As("supervisor"), ContractsJson.Default.SessionView)),
            "/api/clients/duplicates" => FakeServer.Json(JsonSerializer.Serialize(new ListPage<DuplicatePair>([pair], null), ContractsJson.Default.ListPageDuplicatePair)),
            "/api/clients/duplicates/different" => new HttpResponseMessage(System.Net.HttpStatusCode.NoContent),
            _ => null,
        };
        await Session.LoadAsync();
        var page = Render<DuplicatesPage>();
        page.WaitForElement("[data-test=pair] td").TextContent.Should().EndWith("Asti · +39 02 5550 1350 ext. 21");
        page.WaitForElement("[data-test=pair-different]").Click();
        page.WaitForElement("[data-test=different-undo]");
        page.FindAll("[data-test=pair]").Should().BeEmpty();
        page.Click("[data-test=different-undo]");
        page.WaitForAssertion(() => page.FindAll("[data-test=pair]").Should().ContainSingle());
        Server.Asked.Where(a => a.Method == "PUT").Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.DifferentSet)!)
            .Should().Equal(new DifferentSet(pair.Newer.Id, Some.ClientId, true), new DifferentSet(pair.Newer.Id, Some.ClientId, false));
    }
}
