using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;

namespace CallCrm.Agent.Web.Tests;

public sealed class SettingsTests : PageContext
{
    static readonly OverflowSetup Reject = new("reject", "");
    static readonly Guid Sales = Guid.Parse("0190b000-0000-7000-8000-000000000021");
    static readonly Guid Nina = Guid.Parse("0190b000-0000-7000-8000-000000000022");

    static AdminView View { get; } = new(
        [new UserSetup(Nina, "nina", "Nina Nuova", "agent", "en", "Europe/Rome", true, true, true, 3, HasPassword: true)],
        [new QueueSetup(Sales, "Sales", 20, 30, 0, 300, 20, Reject, Reject, Reject, "Europe/Rome", null, [], 90, 20, true, [], 4)],
        [], [], [new CodeSetup("break", "Break")], [new CodeSetup("sale", "Sale", "positive")], ["pbx"]);

    void Answers(AdminView view, Func<HttpRequestMessage, HttpResponseMessage?>? first = null) => Server.Answer = r => first?.Invoke(r) ?? FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.AdminView));

    [Fact]
    public void A_queue_s_hours_closed_days_and_members_are_saved_as_they_were_typed()
    {
        Answers(View);
        var page = Render<QueuesAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=admin-row]");
        page.Change("[data-test=admin-always]", false);
        page.Input("#q-mon", "09:00-13:00, 14:00-18:00");
        page.Input("#q-holidays", "2026-12-25 Christmas\n2027-01-01");
        page.Change(".members select", "2");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        var saved = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.QueueSetup)!;
        saved.Hours!["mon"].Should().Equal("09:00-13:00", "14:00-18:00");
        saved.Hours.Should().NotContainKey("sun");
        saved.Holidays.Should().Equal(new HolidaySetup(new DateOnly(2026, 12, 25), "Christmas"), new HolidaySetup(new DateOnly(2027, 1, 1), ""));
        saved.Members.Should().Equal(new MemberSetup(Nina, 2));
        saved.Version.Should().Be(4);
    }

    [Fact]
    public void A_closed_day_that_is_none_is_named_and_nothing_is_sent()
    {
        var page = Render<QueuesAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=admin-row]");
        page.Input("#q-holidays", "25.12.2026 Christmas");
        page.Submit("[data-test=admin-form]");
        page.Markup.Should().Contain("25.12.2026 Christmas");
        page.FindAll(".error").Should().Contain(e => e.TextContent.Contains("2026-12-25", StringComparison.Ordinal));
        Server.Asked.Should().BeEmpty();
    }

    [Fact]
    public void What_the_server_expects_stands_at_its_field_and_what_was_typed_stays()
    {
        Server.Answer = _ => FakeServer.Json("""{"errorId":"invalid_input","errors":{"login":["a login that nobody else has"]}}""", System.Net.HttpStatusCode.BadRequest);
        var page = Render<PeopleAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=admin-row]");
        page.Input("#a-login", "anna");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => page.Find("[data-error=login]").TextContent.Should().Contain("a login that nobody else has"));
        page.Find("#a-login").GetAttribute("value").Should().Be("anna");
    }

    [Fact]
    public void A_new_extension_gets_its_device_s_name_until_that_is_written_by_hand()
    {
        var page = Render<ExtensionsAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=admin-new]");
        page.Input("#e-number", "120");
        page.Find(".device input").GetAttribute("value").Should().Be("PJSIP/120");
        page.Input(".device input", "PJSIP/desk");
        page.Input("#e-number", "121");
        page.Find(".device input").GetAttribute("value").Should().Be("PJSIP/desk");
    }

    [Fact]
    public void A_new_outcome_gets_a_code_of_its_own_and_old_codes_stay()
    {
        Answers(View);
        var saved = 0;
        var page = Render<DispositionsForm>(p => p.Add(q => q.View, View)
            .Add(q => q.OnSaved, EventCallback.Factory.Create<AdminView>(this, _ => saved++)));
        page.Input(".code-row input", "Sold");
        page.Click("[data-test=codes-add]");
        page.FindAll(".code-row input")[1].Input("Sale");
        page.Submit("form");
        page.WaitForAssertion(() => saved.Should().Be(1));
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.CodesSave)!;
        sent.Items.Should().Equal(new CodeSetup("sale", "Sold", "positive"), new CodeSetup("sale_2", "Sale", "neutral"));
    }

    [Fact]
    public void Each_rule_for_all_calls_is_saved_alone_at_once_and_the_others_stay()
    {
        var calls = new CallSetup(RecordInternal: false, Version: 7, RecordOut: true, WrapUpOut_s: 30, UnknownPrivate: false);
        Answers(View);
        var page = Render<CallsAdmin>(p => p.Add(q => q.View, View with { Calls = calls }));

        page.Change("[data-test=record-out]", false);
        page.Change("[data-test=unknown-private]", true);
        page.Change("[data-test=record-internal]", true);
        page.Change("[data-test=wrap-up-out]", "45");

        page.WaitForAssertion(() => Server.Asked.Where(a => a.Method == "PUT").Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.CallSetup)).Should().Equal(
            calls with { RecordOut = false }, calls with { UnknownPrivate = true }, calls with { RecordInternal = true }, calls with { WrapUpOut_s = 45 }));
    }

    [Fact]
    public void A_wrap_up_that_is_no_number_is_refused_at_its_field()
    {
        Server.Answer = _ => FakeServer.Json("""{"errorId":"invalid_input","errors":{"wrapUpOut_s":["0 to 3600 seconds"]}}""", System.Net.HttpStatusCode.BadRequest);
        var page = Render<CallsAdmin>(p => p.Add(q => q.View, View with { Calls = new CallSetup(false, 7) }));
        page.Change("[data-test=wrap-up-out]", "soon");
        page.WaitForAssertion(() => page.Find("[data-error=wrapUpOut_s]").TextContent.Should().Contain("0 to 3600 seconds"));
        JsonSerializer.Deserialize(Server.Asked.Single().Body, ContractsJson.Default.CallSetup)!.WrapUpOut_s.Should().Be(-1, "what the API refuses");
    }

    [Fact]
    public void A_change_shows_the_fields_that_differ()
    {
        SettingsDiff.Of("""{"name":"Sales","ring_s":20,"version":1}""", """{"name":"Sales","ring_s":25,"hours":{"mon":[]},"version":2}""")
            .Should().Equal(("ring_s", "20", "25"), ("hours", "–", """{"mon":[]}"""));
        SettingsDiff.Of(null, "{}").Should().BeEmpty();
    }

    [Fact]
    public void A_pause_reason_s_minutes_are_saved_and_none_means_no_limit()
    {
        Answers(View);
        var form = Render<CodesForm>(p => p.Add(f => f.View, View).Add(f => f.Title, "x").Add(f => f.Hint, "y").Add(f => f.Items, [new CodeSetup("break", "Break", null, 15), new CodeSetup("meeting", "Meeting")]));
        form.FindAll("[data-test=pause-allowance]").Select(i => i.GetAttribute("value")).Should().Equal("15", "");
        form.FindAll("[data-test=pause-allowance]")[1].Input("90");
        form.FindAll("[data-test=pause-allowance]")[0].Input("");
        form.Submit("form");
        form.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/admin/pause-reasons"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.CodesSave)!.Items.Should().Equal(new CodeSetup("break", "Break"), new CodeSetup("meeting", "Meeting", null, 90));
    }

    [Fact]
    public void A_new_field_gets_a_code_from_its_name_and_its_options_codes_from_theirs()
    {
        Answers(View);
        var page = Render<FieldsAdmin>(p => p.Add(q => q.View, View with { ClientFields = [new ClientFieldSetup("roof", "Roof", "text", [], 20, false, 1)] }));
        page.Click("[data-test=admin-new]");
        page.Input("#f-name", "House type");
        page.Change("[data-test=field-kind]", "choice");
        page.Input("#f-options", "Villa\nold_flat = Flat in town\nВилла");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.ClientFieldSetup)!;
        sent.Should().BeEquivalentTo(new ClientFieldSetup("house_type", "House type", "choice", [new("villa", "Villa"), new("old_flat", "Flat in town"), new("option", "Вилла")], 30, false, 0));
    }

    [Fact]
    public void A_formula_is_tried_against_a_client_and_its_fault_stands_beside_it()
    {
        Answers(View, r => r.RequestUri!.AbsolutePath switch
        {
            "/api/links" => FakeServer.Json(JsonSerializer.Serialize([new LinkChoice(Some.ClientId, "Mario Rossi", "#1")], ContractsJson.Default.IReadOnlyListLinkChoice)),
            "/api/admin/client-fields/worth/try" when Server.Asked.Last().Body.Contains("rund", StringComparison.Ordinal) =>
                FakeServer.Json("""{"errorId":"invalid_input","errors":{"expression":["at character 1, a function that there is, not rund"]}}""", System.Net.HttpStatusCode.BadRequest),
            "/api/admin/client-fields/worth/try" => FakeServer.Json("""{"result":"number","value":1250.5}"""),
            "/api/admin/client-fields/calculation" => FakeServer.Json("""{"running":false,"percent":100}"""),
            _ => null,
        });
        var page = Render<FieldsAdmin>(p => p.Add(q => q.View, View with { ClientFields = [new ClientFieldSetup("roof", "Roof", "text", [], 20, false, 1)] }));
        page.Click("[data-test=admin-new]");
        page.Input("#f-name", "Worth");
        page.Change("[data-test=field-kind]", "calculated");
        page.Markup.Should().Contain("custom.roof").And.Contain("daysSinceContact");
        page.Input("[data-test=field-expression]", "rund(openDealsSum)");
        page.Input("#f-try", "ross");
        page.WaitForAssertion(() => page.Find("[data-test=link-choice]"));
        page.Click("[data-test=link-choice]");
        page.WaitForAssertion(() => page.Find("[data-test=formula-error]").TextContent.Should().Contain("a function that there is, not rund"));
        page.Input("[data-test=field-expression]", "round(openDealsSum)");
        page.Click("[data-test=formula-try]");
        page.WaitForAssertion(() => page.Find("[data-test=formula-result]").TextContent.Should().Contain("1,250.5").And.Contain("Number"));
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.ClientFieldSetup)!.Should().BeEquivalentTo(new { Code = "worth", Kind = "calculated", Expression = "round(openDealsSum)", Target = (string?)null });
    }

    [Fact]
    public void A_kind_that_stored_values_do_not_fit_is_told_at_the_kind()
    {
        Server.Answer = _ => FakeServer.Json("""{"errorId":"values_do_not_fit","detail":"2 stored values do not fit","errors":{"kind":["what all stored values fit; 2 do not"]}}""", System.Net.HttpStatusCode.Conflict);
        var page = Render<FieldsAdmin>(p => p.Add(q => q.View, View with { ClientFields = [new ClientFieldSetup("roof", "Roof", "text", [], 20, false, 1)] }));
        page.Click("[data-test=admin-row]");
        page.Change("[data-test=field-kind]", "number");
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => page.Find("[data-error=kind]").TextContent.Should().Contain("2 do not"));
    }

    [Fact]
    public void A_webhook_is_made_and_its_secret_shown_until_the_form_is_closed()
    {
        WebhookSetup? made = null;
        Server.Answer = asked => asked.Method.Method switch
        {
            "PUT" => FakeServer.Json(JsonSerializer.Serialize(new WebhookSaved(made = JsonSerializer.Deserialize(Server.Asked.Last().Body, ContractsJson.Default.WebhookSetup)! with { Version = 1 }, "5ec2e7"), ContractsJson.Default.WebhookSaved)),
            _ when asked.RequestUri!.AbsolutePath.Contains("deliveries", StringComparison.Ordinal) => FakeServer.Json(JsonSerializer.Serialize(new ListPage<WebhookDeliveryView>(
                [new WebhookDeliveryView(Sales, "client.saved", DateTimeOffset.UnixEpoch, "given_up", 17, null, null, 500, null)], null), ContractsJson.Default.ListPageWebhookDeliveryView)),
            _ => FakeServer.Json(JsonSerializer.Serialize(new WebhooksView(made is null ? [] : [made with { Failing = true, Waiting = 3 }], WebhookEvents.All), ContractsJson.Default.WebhooksView)),
        };
        var page = Render<WebhooksAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=admin-new]");
        page.Input("#w-url", "https://example.org/told");
        page.Change("[data-event='client.saved']", false);
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => page.Find("[data-test=webhook-secret]").GetAttribute("value").Should().Be("5ec2e7"));
        made!.Events.Should().BeEquivalentTo(WebhookEvents.All.Where(e => e != WebhookEvents.ClientSaved));
        page.WaitForAssertion(() => page.Find("[data-test=webhook-delivery]").TextContent.Should().Contain("17").And.Contain("500"));
        page.Find("[data-test=admin-row]").TextContent.Should().Contain("3");
        page.Click("[data-test=webhook-remove]");
        Server.Asked.Should().NotContain(a => a.Method == "DELETE", "it asks first");
        page.Click("[data-test=webhook-remove]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "DELETE"));
    }

    [Fact]
    public async Task A_rule_of_mandatory_fields_is_made_changed_and_taken_away()
    {
        var rule = new RequiredRuleSetup(Guid.Parse("0190b000-0000-7000-8000-000000000031"), "Firms", "save", null, null, null, null, ["taxId"], true, 2);
        var view = View with { RequiredRules = [rule], ClientFields = [new ClientFieldSetup("contract", "Contract", "text", [], 10, false, 1)], Roles = [new RoleSetup("agent", "", true, new Dictionary<string, string>(), 1)] };
        await Session.LoadAsync();
        Answers(view);
        var page = Render<RequiredAdmin>(p => p.Add(q => q.View, view));
        page.Find("[data-test=admin-row]").TextContent.Should().Contain("Firms").And.Contain("a card is saved").And.Contain("Tax id");
        page.Click("[data-test=admin-row]");
        page.FindAll("[data-test='required-deal.amount']").Should().BeEmpty("a card that is saved has no one deal");
        page.Change("[data-test=required-occasion]", "wrap_up");
        page.Change("[data-test='required-deal.amount']", true);
        page.Change("#r-role", "agent");
        page.Change("[data-test='required-custom.contract']", true);
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        var saved = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.RequiredRuleSetup)!;
        (saved.Id, saved.Occasion, saved.Role, saved.Version).Should().Be((rule.Id, "wrap_up", "agent", 2));
        saved.Fields.Should().Equal("taxId", "deal.amount", "custom.contract");
        page.WaitForAssertion(() => page.FindAll("[data-test=admin-form]").Should().BeEmpty());
        page.Click("[data-test=admin-row]");
        page.Click("[data-test=required-delete]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/admin/required-rules/{rule.Id}"));
    }
}
