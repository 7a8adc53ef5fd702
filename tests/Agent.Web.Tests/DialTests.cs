using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Calls;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Calling out from the page.</summary>
public sealed class DialTests : PageContext
{
    static readonly CallerView Called = new("+39 06 9999 8888", "E164", "", "IT");

    CommandRequest Asked => JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path == "api/commands").Body, ContractsJson.Default.CommandRequest)!;

    static LiveCallView Out(string state) => Some.Call(state) with { Direction = "Outbound", Caller = Called, NumberName = null, Reason = null, AnsweredAt = null, Routed = false };

    async Task<IRenderedComponent<DeskPage>> SitAsync()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        return Render<DeskPage>();
    }

    [Fact]
    public async Task A_typed_number_is_called_and_the_field_is_free_again()
    {
        var desk = await SitAsync();
        desk.Find("[data-test=dial-call]").HasAttribute("disabled").Should().BeTrue("there is no number");
        desk.Input("[data-test=dial-number]", " 06 9999 8888 ");
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => desk.Find("[data-test=dial-number]").GetAttribute("value").Should().BeNullOrEmpty());
        Asked.Should().BeEquivalentTo(new { Kind = "dial", Number = "06 9999 8888", ClientId = (Guid?)null });
    }

    [Theory]
    [InlineData("06 9999 8888 ext. 12", "06 9999 8888", "12")]
    [InlineData("+39 06 9999 8888, доб. 7", "+39 06 9999 8888", "7")]
    [InlineData("+39 06 9999 8888", "+39 06 9999 8888", "")]
    public async Task What_stands_behind_a_typed_number_is_shown_to_be_keyed_in_while_its_call_runs(string typed, string dialled, string extension)
    {
        var desk = await SitAsync();
        desk.Input("[data-test=dial-number]", typed);
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => Asked.Number.Should().Be(dialled));
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Out("Ringing"))));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=key-in]").Select(k => k.TextContent.Trim()).Should().Equal(extension.Length > 0 ? [$"Once it answers, key in: {extension}"] : Array.Empty<string>()));
        Feed.Take(Some.Message(new CallEvent(Out("Ringing") with { Caller = new CallerView("+39 02 1234 5678", "E164", "", "IT") })));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=key-in]").Should().BeEmpty("it is another number"));
    }

    [Fact]
    public async Task A_page_that_was_loaded_again_shows_the_extensions_that_the_card_has_for_the_number()
    {
        var desk = await SitAsync();
        var card = Some.Card() with { Phones = [new PhoneView("+390699998888", "+39 06 9999 8888", "office", true, "12"), new PhoneView("+390699998888", "+39 06 9999 8888", "", false, "15"), new PhoneView("+390212345678", "+39 02 1234 5678", "", false, "99")] };
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Out("Talking") with { Card = card })));
        desk.WaitForAssertion(() => desk.Find("[data-test=key-in]").TextContent.Should().Contain("12 (office), 15").And.NotContain("99"));
        Feed.Take(Some.Message(new CallEvent(Out("Ended") with { Card = card })));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=key-in]").Should().BeEmpty("there is nobody to key it in to"));
    }

    [Fact]
    public async Task The_keys_write_the_number()
    {
        var desk = await SitAsync();
        desk.FindAll("[data-key]").Should().BeEmpty();
        desk.Click("[data-test=dial-keys]");
        foreach (var key in new[] { "+", "3", "9", "0", "5" })
            desk.Click($"[data-key='{key}']");
        desk.Click("[data-test=dial-back]");
        desk.Find("[data-test=dial-number]").GetAttribute("value").Should().Be("+390");
    }

    [Fact]
    public async Task A_refused_number_stays_and_the_reason_is_a_sentence()
    {
        var desk = await SitAsync();
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/commands" ? FakeServer.Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, false, "number_not_understood"), ContractsJson.Default.CommandAnswer)) : null;
        desk.Input("[data-test=dial-number]", "12");
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => Services.GetRequiredService<DeskActions>().Trouble.Should().Be("number_not_understood"));
        desk.Find("[data-test=dial-number]").GetAttribute("value").Should().Be("12");
    }

    [Fact]
    public async Task There_is_no_keypad_before_sitting_down_and_while_a_call_is_on_the_desk()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { State = Some.State("SignedOut") with { Extension = null } }));
        var desk = Render<DeskPage>();
        desk.FindAll("[data-test=dialpad]").Should().BeEmpty();
        Feed.Take(Some.Message(Some.Me("Ready")));
        desk.WaitForAssertion(() => desk.Find("[data-test=dialpad]").HasAttribute("inert").Should().BeFalse());
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Some.Call())));
        desk.WaitForAssertion(() => desk.Find("[data-test=dialpad]").HasAttribute("inert").Should().BeTrue("its place stays, so that nothing moves"));
    }

    [Fact]
    public async Task The_band_says_whom_we_call_and_how_far_it_is()
    {
        var desk = await SitAsync();
        IElement Band() => desk.Find("[data-test=call-band]");
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Out("Routing"))));
        desk.WaitForAssertion(() => Band().TextContent.Should().Contain("Calling your phone").And.Contain("+39 06 9999 8888").And.NotContain("Waited"));
        desk.Find("[data-test=lift-own]");
        desk.FindAll("[data-test=own-call]").Should().BeEmpty("it is a client's call");
        Feed.Take(Some.Message(new CallEvent(Out("Ringing"))));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=lift-own]").Should().BeEmpty());
        desk.Find("[data-test=hang-up]");
        Feed.Take(Some.Message(new CallEvent(Out("Talking") with { AnsweredAt = Some.Noon })));
        desk.WaitForAssertion(() => Band().TextContent.Should().Contain("Talking"));
    }

    [Theory]
    [InlineData("Busy", "Busy")]
    [InlineData("NoAnswer", "No answer")]
    [InlineData("Cancelled", "Cancelled")]
    [InlineData("Failed", "Failed")]
    public async Task Nobody_took_it_the_reason_stays_with_a_way_to_try_again(string outcome, string words)
    {
        var desk = await SitAsync();
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Out("Ringing"))));
        Feed.Take(Some.Message(Some.Me("Ready"), new CallOutEvent(Some.CallId, Called, Some.ClientId, "Ilaria Gentile", outcome)));
        desk.WaitForAssertion(() => desk.Find("[data-test=last-out]").TextContent.Should().Contain(words).And.Contain("Ilaria Gentile"));
        desk.Click("[data-test=last-out] [data-test=dial]");
        desk.WaitForAssertion(() => Asked.Should().BeEquivalentTo(new { Kind = "dial", Number = "+39 06 9999 8888", ClientId = (Guid?)Some.ClientId }));
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Out("Routing"))));
        Feed.Take(Some.Message(Some.Me("Ready")));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=last-out]").Should().BeEmpty("another call has come since"));
    }

    [Fact]
    public async Task From_a_list_the_number_is_called_for_its_client_and_the_desk_opens()
    {
        var call = new CallRow(Some.CallId, 11, "Inbound", Some.Noon, null, Called, null, "Sales", Some.ClientId, "Ilaria Gentile", "Anna", "Abandoned", "Ended", 3, 0, 0, null, null, null, null, false);
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/calls" ? FakeServer.Json(JsonSerializer.Serialize(new ListPage<CallRow>([call, call with { Id = Guid.NewGuid(), Caller = new CallerView(null, "Withheld", "", null) }], null), ContractsJson.Default.ListPageCallRow)) : null;
        await Session.LoadAsync();
        Services.GetRequiredService<NavigationManager>().NavigateTo("calls");
        var page = Render<CallLogPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=call-row]").Should().HaveCount(2));
        page.FindAll("[data-test=dial]").Should().ContainSingle("a withheld number cannot be called").Which.Click();
        page.WaitForAssertion(() => Asked.Should().BeEquivalentTo(new { Kind = "dial", Number = "+39 06 9999 8888", ClientId = (Guid?)Some.ClientId }));
        page.WaitForAssertion(() => Services.GetRequiredService<NavigationManager>().Uri.Should().NotContain("calls"));
        page.FindAll("tr.detail").Should().BeEmpty("the click is not one on the row");
    }

    static CatalogView Catalog(params CampaignView[] campaigns) => Some.Catalog with { Campaigns = campaigns };

    void Offer(params CampaignView[] campaigns) =>
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/catalog" ? FakeServer.Json(JsonSerializer.Serialize(Catalog(campaigns), ContractsJson.Default.CatalogView)) : null;

    static readonly CampaignView Winter = new("winter", "Winter offer"), Ending = new("ending", "Last days", Until: Some.Noon.AddMinutes(1)), Coming = new("coming", "Coming", From: Some.Noon.AddDays(1)), Away = new("away", "Away") { Retired = true };

    [Fact]
    public async Task A_call_is_made_for_the_campaign_that_is_chosen_none_by_default_and_the_choice_is_kept()
    {
        Offer(Winter, Ending, Coming, Away);
        var desk = await SitAsync();
        string[] Options() => [.. desk.FindAll("[data-test=dial-campaign] option").Select(o => o.TextContent)];
        Options().Should().Equal(["For no campaign", "For Winter offer", "For Last days"], "the others do not run");
        var field = desk.FindAll("[data-test=dialpad] input, [data-test=dialpad] select, [data-test=dialpad] button").Select(e => e.GetAttribute("data-test"));
        field.Should().Equal("dial-number", "dial-campaign", "dial-keys", "dial-call");
        desk.Input("[data-test=dial-number]", "0699998888");
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => Asked.Campaign.Should().BeNull());
        Server.Asked.Clear();
        desk.Find("[data-test=dial-campaign]").Change("winter");
        JSInterop.Invocations["callcrm.save"].Last().Arguments.Should().Equal($"dial-campaign:{Some.Session.UserId}", "winter");
        desk.Input("[data-test=dial-number]", "0699998888");
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => Asked.Campaign.Should().Be("winter"));
        // A number on a card is called for it as well, and says so.
        Server.Asked.Clear();
        var card = Render<DialButton>(p => p.Add(b => b.Number, "+390699998888"));
        card.Find("[data-test=dial]").GetAttribute("aria-label").Should().Be("Call +390699998888, for Winter offer");
        card.Find("[data-test=dial]").Click();
        card.WaitForAssertion(() => Asked.Campaign.Should().Be("winter"));
        // Who calls back calls for what that call was for: the server knows it.
        Server.Asked.Clear();
        var back = Render<DialButton>(p => p.Add(b => b.Number, "+390699998888").Add(b => b.CallBackOf, Some.CallId));
        back.Find("[data-test=dial]").GetAttribute("aria-label").Should().Be("Call +390699998888");
        back.Find("[data-test=dial]").Click();
        back.WaitForAssertion(() => Asked.Should().BeEquivalentTo(new { Campaign = (string?)null, CallBackOf = (Guid?)Some.CallId }));
    }

    [Fact]
    public async Task What_was_chosen_before_the_page_was_loaded_holds_and_what_ends_is_offered_no_more()
    {
        JSInterop.Setup<string?>("callcrm.load", $"dial-campaign:{Some.Session.UserId}").SetResult("ending");
        Offer(Winter, Ending);
        var desk = await SitAsync();
        desk.WaitForAssertion(() => desk.Find("[data-test=dial-campaign] option[selected]").TextContent.Should().Be("For Last days"));
        Time.Advance(TimeSpan.FromMinutes(2));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=dial-campaign] option").Select(o => o.TextContent).Should().Equal("For no campaign", "For Winter offer"));
        desk.Find("[data-test=dial-campaign] option[selected]").TextContent.Should().Be("For no campaign");
        desk.Input("[data-test=dial-number]", "0699998888");
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => Asked.Campaign.Should().BeNull());
    }

    [Fact]
    public async Task A_campaign_that_the_server_refuses_is_said_in_a_sentence_and_chosen_no_more()
    {
        var over = false;
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/catalog" => FakeServer.Json(JsonSerializer.Serialize(Catalog(over ? [] : [Winter]), ContractsJson.Default.CatalogView)),
            "/api/commands" => FakeServer.Json("""{"status":400,"errorId":"invalid_input","errors":{"campaign":["the code of a campaign that runs now"]}}""", System.Net.HttpStatusCode.BadRequest),
            _ => null,
        };
        var desk = await SitAsync();
        desk.Find("[data-test=dial-campaign]").Change("winter");
        over = true;
        desk.Input("[data-test=dial-number]", "0699998888");
        desk.Submit("[data-test=dialpad]");
        desk.WaitForAssertion(() => Services.GetRequiredService<DeskActions>().Trouble.Should().Be("campaign_over"));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=dial-campaign]").Should().BeEmpty("none runs any more"));
        desk.Find("[data-test=dial-number]").GetAttribute("value").Should().Be("0699998888");
        Services.GetRequiredService<DialCampaign>().Chosen.Should().BeNull();
    }

    [Fact]
    public async Task A_site_without_campaigns_has_no_list_of_them()
    {
        Offer(Coming, Away);
        (await SitAsync()).FindAll("[data-test=dial-campaign]").Should().BeEmpty();
    }

    [Fact]
    public async Task Who_takes_no_calls_sees_no_button()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/session" ? FakeServer.Json(JsonSerializer.Serialize(Some.As("manager") with { IsAgent = false }, ContractsJson.Default.SessionView)) : null;
        await Session.LoadAsync();
        Render<DialButton>(p => p.Add(b => b.Number, "+390699998888")).FindAll("[data-test=dial]").Should().BeEmpty();
    }
}
