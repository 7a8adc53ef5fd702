using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class WrapUpPanelTests : PageContext
{
    IRenderedComponent<WrapUpPanel> Panel() => Render<WrapUpPanel>(p => p.Add(w => w.Call, Some.Call("Ended")));

    IEnumerable<WrapUpSave> Saved => Server.Asked.Where(a => a.Path.EndsWith("/wrap-up", StringComparison.Ordinal)).Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.WrapUpSave)!);

    [Fact]
    public async Task Without_a_disposition_it_says_so_and_sends_nothing()
    {
        await InCallAsync("Ended");
        var panel = Panel();
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => panel.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        Saved.Should().BeEmpty();
        panel.FindAll("[data-test=disposition]")[0].Click();
        panel.Find("[role=alert]").TextContent.Should().BeEmpty();
    }

    [Fact]
    public async Task The_button_says_what_follows()
    {
        await InCallAsync("Ended");
        var panel = Panel();
        string Label() => panel.Find("[data-test=wrap-up-finish]").TextContent;
        Label().Should().StartWith("Done, ready");
        Feed.Take(Some.Message(new MyStateEvent(Some.State("WrapUp", "no_answer"), Some.Today)));
        Time.Advance(TimeSpan.FromSeconds(1));
        panel.WaitForAssertion(() => Label().Should().StartWith("Done, then pause"));
        Feed.Take(Some.Message(new MyStateEvent(Some.State("WrapUp") with { Leaves = true }, Some.Today)));
        Time.Advance(TimeSpan.FromSeconds(1));
        panel.WaitForAssertion(() => Label().Should().StartWith("Done, then sign out"));
    }

    [Fact]
    public async Task Note_next_step_and_disposition_are_saved_once()
    {
        await InCallAsync("Ended", null, Some.Field("note", "wants 20 seats", 1));
        var panel = Panel();
        panel.FindAll("[data-test=disposition]")[1].Click();
        panel.FindAll("[data-test=disposition]")[1].GetAttribute("aria-checked").Should().Be("true");
        panel.Input("#next-step", "send the offer");
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => Saved.Should().ContainSingle());
        var save = Saved.Single();
        (save.Disposition, save.Note, save.NextStep, save.Finish, save.PageId).Should().Be(("order", "wants 20 seats", "send the offer", true, Feed.PageId));
    }

    [Fact]
    public async Task Digits_choose_and_control_enter_finishes()
    {
        await InCallAsync("Ended");
        var panel = Panel();
        await panel.InvokeAsync(() => Browser.OnKey("alt:3"));
        panel.WaitForAssertion(() => panel.FindAll("[data-test=disposition]")[2].GetAttribute("aria-checked").Should().Be("true"));
        await panel.InvokeAsync(() => Browser.OnKey("wrap-up:9"));
        await panel.InvokeAsync(() => Browser.OnKey("finish"));
        panel.WaitForAssertion(() => Saved.Select(s => s.Disposition).Should().Equal("wrong"));
    }

    [Fact]
    public async Task A_failure_says_what_was_kept_and_a_second_try_is_the_same_wish()
    {
        await InCallAsync("Ended", null, Some.Field("disposition", "solved", 1));
        var panel = Panel();
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/wrap-up", StringComparison.Ordinal) ? FakeServer.Text("<html>", "text/html", HttpStatusCode.BadGateway) : null;
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => panel.Find("[role=alert]").TextContent.Should().Contain("kept"));
        Server.Answer = null;
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => Saved.Should().HaveCount(2));
        Saved.Select(s => s.CommandId).Distinct().Should().ContainSingle();
    }

    [Fact]
    public async Task The_time_left_counts_down()
    {
        await InCallAsync("Ended");
        Feed.Take(Some.Message(new MyStateEvent(Some.State("WrapUp", until: Some.Noon.AddSeconds(30), canExtend: true), Some.Today)));
        var panel = Panel();
        panel.Find("[data-test=wrap-up-countdown]").TextContent.Should().Be("0:30");
        Time.Advance(TimeSpan.FromSeconds(25));
        panel.WaitForAssertion(() => panel.Find("[data-test=wrap-up-countdown]").TextContent.Should().Be("0:05"));
        panel.Click("[data-test=wrap-up-extend]");
        panel.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/commands" && a.Body.Contains("extend_wrap_up")));
    }

    [Fact]
    public async Task What_the_card_lacks_is_filled_in_place_and_the_call_wrapped_up_without_another_click()
    {
        await InCallAsync("Ended", null, Some.Field("disposition", "solved", 1));
        var refused = true;
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            var path when path.EndsWith("/wrap-up", StringComparison.Ordinal) && refused => FakeServer.Json(
                $$$"""{"errorId":"fields_missing","client":"{{{Some.ClientId}}}","errors":{"taxId":["a value, as the rule “Firms” asks"],"roles":["a value, as the rule “Firms” asks"]}}""", HttpStatusCode.BadRequest),
            var path when path == $"/api/clients/{Some.ClientId}" && r.Method == HttpMethod.Put && !Server.Asked.Last().Body.Contains("01114601006") => FakeServer.Json(
                """{"errorId":"invalid_input","errors":{"taxId":["expected a Partita IVA whose check digit is right"]}}""", HttpStatusCode.BadRequest),
            var path when path == $"/api/clients/{Some.ClientId}" => FakeServer.Json(JsonSerializer.Serialize(Some.Card(), ContractsJson.Default.ClientCardView)),
            _ => null,
        };
        var panel = Panel();
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => panel.Find("[data-test=missing-taxId]").TextContent.Should().Contain("Tax id").And.Contain("Firms"));
        panel.Find("[data-test=missing-jump]").GetAttribute("href").Should().Be($"clients/{Some.ClientId}");
        panel.Input("#m-taxId", "01114601007");
        Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_tax").Should().Be("01114601007", "it is kept as what is typed on the card is");
        panel.Click("[data-test=missing-save]");
        panel.WaitForAssertion(() => panel.Find("[data-test=missing-taxId]").TextContent.Should().Contain("check digit"));
        panel.Input("#m-taxId", "01114601006");
        refused = false;
        panel.Click("[data-test=missing-save]");
        panel.WaitForAssertion(() => panel.FindAll("[data-test=missing]").Should().BeEmpty());
        var card = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT" && a.Path == $"api/clients/{Some.ClientId}").Body, ContractsJson.Default.ClientSave)!;
        (card.TaxId, card.Name, card.Version, card.Roles, card.Address).Should().Be(("01114601006", Some.Card().Name, Some.Card().Version, null, null));
        Saved.Should().HaveCount(2);
        Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_tax").Should().BeEmpty();
    }

    [Fact]
    public async Task What_the_deal_lacks_is_typed_in_place_and_goes_with_the_wrap_up()
    {
        var deal = Guid.CreateVersion7();
        await InCallAsync("Ended", null, Some.Field("disposition", "solved", 1), Some.Field("deal", deal.ToString(), 1));
        var refused = true;
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/wrap-up", StringComparison.Ordinal) && refused
            ? FakeServer.Json($$$"""{"errorId":"fields_missing","client":"{{{Some.ClientId}}}","errors":{"deal.amount":["a value, as the rule “Worth” asks"]}}""", HttpStatusCode.BadRequest)
            : null;
        var panel = Panel();
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => panel.Find("[data-test='missing-deal.amount']").TextContent.Should().Contain("Deal: amount").And.Contain("Worth"));
        panel.Input("[data-test='missing-deal.amount'] input", "1250.5");
        refused = false;
        panel.Click("[data-test=missing-save]");
        panel.WaitForAssertion(() => Saved.Should().HaveCount(2));
        Saved.Select(s => (s.Deal, s.DealAmount)).Should().Equal((deal, null), (deal, 1250.5m));
        Server.Asked.Should().NotContain(a => a.Method == "PUT" && a.Path == $"api/clients/{Some.ClientId}", "nothing of the card was asked for");
    }

    [Fact]
    public async Task What_the_outcome_could_not_do_is_said_though_it_is_saved()
    {
        await InCallAsync("Ended");
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/wrap-up", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, true, null, Notice: "stage_retired"), ContractsJson.Default.CommandAnswer)) : null;
        var panel = Panel();
        panel.FindAll("[data-test=disposition]")[0].Click();
        await panel.Find("form").SubmitAsync();
        panel.WaitForAssertion(() => Services.GetRequiredService<DeskActions>().Trouble.Should().Be("stage_retired"));
    }
}
