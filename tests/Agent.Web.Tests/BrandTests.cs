using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class BrandTests : PageContext
{
    [Fact]
    public async Task A_pop_says_which_number_was_dialled_what_to_say_and_what_the_client_speaks()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop(card: Some.Card() with { Language = "it" }) with { Greeting = "Buongiorno Ilaria, sono Alex" })));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=pop-brand]").TextContent.Should().Be("Website");
        desk.Find("[data-test=greeting]").TextContent.Should().Be("Buongiorno Ilaria, sono Alex");
        var language = desk.Find("[data-test=pop] [data-test=client-language]");
        language.TextContent.Should().Be("IT", "a code is read, a colour only seen");
        language.GetAttribute("aria-label").Should().Be("Speaks: Italian");
        desk.Find("[data-test=client-card] [data-test=client-language]").TextContent.Should().Be("IT");
    }

    [Fact]
    public async Task The_greeting_stays_for_the_first_seconds_of_the_talk()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call() with { Greeting = "Good morning, Example" })));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=greeting]").TextContent.Should().Be("Good morning, Example");
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call() with { Greeting = "Good morning, Example", AnsweredAt = Some.Noon.AddSeconds(-31) })));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=greeting]").Should().BeEmpty());
    }

    [Fact]
    public async Task Nobody_s_language_is_made_up()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop(card: Some.Card()))));
        var desk = Render<DeskPage>();
        desk.FindAll("[data-test=client-language], [data-test=greeting]").Should().BeEmpty();
    }

    [Theory]
    [InlineData("it", "Italian")]
    [InlineData("ru", "Russian")]
    [InlineData("zz", "ZZ")]
    [InlineData("", "")]
    public void A_language_has_its_name_or_its_code(string code, string name) => Texts.LanguageName(code).Should().Be(name);

    [Fact]
    public async Task The_client_s_language_is_chosen_on_the_card()
    {
        await Session.LoadAsync();
        var card = Some.Card() with { Language = "nl" };
        Server.Answer = r => r.Method == HttpMethod.Put ? FakeServer.Json(JsonSerializer.Serialize(card with { Language = "ru", Version = 2 }, ContractsJson.Default.ClientCardView)) : null;
        var page = Render<ClientCard>(p => p.Add(c => c.Client, card));
        page.Click("[data-test=client-edit]");
        page.FindAll("[data-test=client-language-select] option").Select(o => o.GetAttribute("value")).Should().Contain(["", "it", "ru", "nl"], "one that is not in the list stays to be chosen");
        page.Change("[data-test=client-language-select]", "ru");
        page.Submit("form");
        page.WaitForAssertion(() => page.Find("[data-test=client-language]").TextContent.Should().Be("RU"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.ClientSave)!.Language.Should().Be("ru");
    }

    static readonly Guid Sales = Guid.Parse("0190b000-0000-7000-8000-000000000021");

    static AdminView View(NumberSetup number) => new([], [new QueueSetup(Sales, "Sales", 20, 30, 0, 300, 20, new("reject", ""), new("reject", ""), new("reject", ""), "Europe/Rome", null, [], 90, 20, true, [], 4)], [], [number], [], [], ["pbx"]);

    [Fact]
    public void Greetings_are_written_by_language_and_change_places_with_the_number_s_own()
    {
        var view = View(new NumberSetup("0212345", "Brand", Sales, "web", "en", "Hello", 3, new Dictionary<string, string> { ["it"] = "Ciao" }));
        Server.Answer = _ => FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.AdminView));
        var page = Render<NumbersAdmin>(p => p.Add(n => n.View, view));
        page.Click("[data-test=admin-row]");
        page.Find("#n-greeting").GetAttribute("value").Should().Be("Hello");
        page.Input("[data-test=number-greeting-ru]", "Привет");
        page.Change("#n-language", "it");
        page.Find("#n-greeting").GetAttribute("value").Should().Be("Ciao");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.NumberSetup)!
            .Should().BeEquivalentTo(new { Language = "it", Greeting = "Ciao", Greetings = new Dictionary<string, string> { ["en"] = "Hello", ["ru"] = "Привет" } });
    }

    [Fact]
    public void What_is_wrong_with_a_greeting_stands_at_its_language()
    {
        var view = View(new NumberSetup("0212345", "Brand", Sales, "web", "en", "Hello", 3));
        Server.Answer = _ => FakeServer.Json("""{"errorId":"invalid_input","errors":{"greetings.it":["unknown placeholder"]}}""", System.Net.HttpStatusCode.BadRequest);
        var page = Render<NumbersAdmin>(p => p.Add(n => n.View, view));
        page.Click("[data-test=admin-row]");
        page.Input("[data-test=number-greeting-it]", "Ciao {{x}}");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => page.Find("[data-error='greetings.it']").TextContent.Should().Contain("unknown placeholder"));
    }
}
