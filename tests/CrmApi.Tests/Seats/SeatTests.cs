using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.DependencyInjection;
using SeatView = CallCrm.Contracts.SeatView;

namespace CallCrm.CrmApi.Tests.Seats;

/// <summary>Places: the list, the commands about them, and the question on both sides' pages.</summary>
public sealed class SeatTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task The_list_names_places_and_people_and_says_what_the_router_knows_now()
    {
        host.Router.Seats =
        [
            new RoadSeat("pbx", "101", Seeds.Luca, "Talking", true, true, true, null),
            new RoadSeat("pbx", "102", Seeds.Mila, "Ready", false, true, false, Seeds.Luca),
            new RoadSeat("pbx", "103", Seeds.Anna, "Paused", false, true, null, null, [new RoadSeatPhone("PJSIP/103", true), new RoadSeatPhone("SIP/103", false), new RoadSeatPhone("DAHDI/3", null)]),
            new RoadSeat("pbx", "999", null, null, false, false, true, null),
        ];
        await using var anna = await host.SignInAsync("anna");
        (await anna.GetAsync("api/seats", ContractsJson.Default.SeatsView)).Items.Should().BeEquivalentTo(
        [
            new SeatView("pbx", "103", "", Seeds.Anna, "Anna Verdi", "Paused", false, true, null, null, true, [new SeatPhoneView("PJSIP/103", true, "notify"), new SeatPhoneView("SIP/103", false, "header"), new SeatPhoneView("DAHDI/3", null, "none")]),
            new SeatView("pbx", "101", "", Seeds.Luca, "Luca Neri", "Talking", true, true, true, null, false),
            new SeatView("pbx", "102", "", Seeds.Mila, "Mila Orlova", "Ready", false, true, false, "Luca Neri", false),
        ], o => o.WithStrictOrdering(), "one's own is first, and what the settings do not have is not shown");
    }

    [PostgresFact]
    public async Task What_the_test_of_a_phone_found_stands_at_its_device_and_what_it_did_not_find_changes_nothing()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var ada = await host.SignInAsync("ada");
        var before = await DeviceAsync(ada);
        host.Router.Seats = [new RoadSeat("pbx", "103", Seeds.Anna, "Ready", false, true, true, null, [new RoadSeatPhone(before.Name, true)])];
        var asked = new List<RoadPhoneTestAsk>();
        async Task<DeviceSetup> FoundAsync(RoadPhoneTest found)
        {
            host.Router.PhoneTest = ask =>
            {
                asked.Add(ask);
                return ask.Start ? new RoadPhoneTest("ringing", ask.Device, true) : found with { Device = ask.Device };
            };
            using var begun = await anna.Http.PostAsync("api/seats/phone-test", null);
            (await begun.Content.ReadFromJsonAsync(ContractsJson.Default.PhoneTestView))!.Step.Should().Be("ringing");
            var view = await anna.GetAsync("api/seats/phone-test", ContractsJson.Default.PhoneTestView);
            view.Should().BeEquivalentTo(new { Step = "done", found.Rang, found.Answers, found.Hold, found.Notifies });
            return await DeviceAsync(ada);
        }

        (await FoundAsync(new RoadPhoneTest("done", "", true))).Should().Be(before, "it did not ring");
        (await FoundAsync(new RoadPhoneTest("done", "", true, true, "at_once"))).Should().Be(before);
        (await FoundAsync(new RoadPhoneTest("done", "", true, true, "button", true))).Should().BeEquivalentTo(new { CanAnswer = true, CanHold = true, AutoAnswer = false });
        (await FoundAsync(new RoadPhoneTest("done", "", true, true, "itself", false))).Should().BeEquivalentTo(new { CanAnswer = true, CanHold = false, AutoAnswer = true });
        (await FoundAsync(new RoadPhoneTest("done", "", false, true, "no"))).Should().BeEquivalentTo(new { CanAnswer = true, AutoAnswer = false }, "by NOTIFY it was not tried");
        (await FoundAsync(new RoadPhoneTest("done", "", true, true, "no"))).Should().BeEquivalentTo(new { CanAnswer = false, AutoAnswer = false });
        asked.Should().OnlyContain(a => a.Agent == Seeds.Anna && a.Node == "pbx" && a.Extension == "103" && a.Device == before.Name);
        var changes = (await ada.GetAsync("api/admin/changes?limit=4", ContractsJson.Default.ListPageSettingsChangeView)).Items;
        changes.Should().OnlyContain(c => c.Kind == "extension" && c.Who == "Anna Verdi");

        foreach (var (refusal, error) in new[] { ("in_call", "in_call"), ("phone_test_runs", "phone_test_runs"), ("pbx_away", "pbx_away"), ("not_your_extension", "no_extension"), ("phone_not_testable", "phone_not_testable") })
        {
            host.Router.PhoneTest = ask => RoadPhoneTest.Refused(refusal, ask.Device);
            (await anna.ProblemAsync(HttpMethod.Post, "api/seats/phone-test")).Should().BeEquivalentTo((HttpStatusCode.Conflict, new { ErrorId = error }));
        }

        host.Router.Seats = [];
        (await anna.ProblemAsync(HttpMethod.Post, "api/seats/phone-test")).Problem.ErrorId.Should().Be("no_extension");

        static async Task<DeviceSetup> DeviceAsync(Page page) => (await page.GetAsync("api/admin", ContractsJson.Default.AdminView)).Extensions.Single(e => e.Number == "103").Devices[0];
    }

    [PostgresFact]
    public async Task Of_two_phones_the_one_that_is_named_is_tried_else_the_first_that_is_there_and_can_be()
    {
        await using var anna = await host.SignInAsync("anna");
        var asked = new List<string>();
        host.Router.PhoneTest = ask =>
        {
            asked.Add(ask.Device);
            return new RoadPhoneTest("ringing", ask.Device, true);
        };
        host.Router.Seats = [new RoadSeat("pbx", "103", Seeds.Anna, "Ready", false, true, true, null,
            [new RoadSeatPhone("DAHDI/3", true), new RoadSeatPhone("PJSIP/103", false), new RoadSeatPhone("SIP/103", true), new RoadSeatPhone("PJSIP/113", true)])];
        foreach (var query in new[] { "", "?device=PJSIP/113", "?device=PJSIP/103" })
        {
            using var begun = await anna.Http.PostAsync("api/seats/phone-test" + query, null);
            begun.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        asked.Should().Equal("SIP/103", "PJSIP/113", "PJSIP/103");
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Post, "api/seats/phone-test?device=PJSIP/101");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.BadRequest, "invalid_input"));
        problem.Errors!["device"].Should().Equal("one of the phones of your extension");
        (await anna.ProblemAsync(HttpMethod.Post, "api/seats/phone-test?device=DAHDI/3")).Should().BeEquivalentTo((HttpStatusCode.Conflict, new { ErrorId = "phone_not_testable" }));
        asked.Should().HaveCount(3);
        host.Router.Seats = [];
    }

    [PostgresFact]
    public async Task Without_a_router_the_list_says_so_instead_of_guessing()
    {
        await using var anna = await host.SignInAsync("anna");
        host.Router.IsAway = true;
        try
        {
            (await anna.ProblemAsync(HttpMethod.Get, "api/seats")).Should().BeEquivalentTo((HttpStatusCode.ServiceUnavailable, new { ErrorId = "router_away" }));
        }
        finally
        {
            host.Router.IsAway = false;
        }
    }

    [PostgresFact]
    public async Task Commands_about_places_go_to_the_router_and_a_refusal_names_who_stands_in_the_way()
    {
        await using var anna = await host.SignInAsync("anna");
        var ask = Guid.CreateVersion7();
        host.Router.Answer = c => c.Command.Kind == "take_over" ? new RoadAnswer(false, "holder_in_call", Seeds.Luca) : new RoadAnswer(true, null);
        try
        {
            (await SendAsync(anna, new CommandRequest(ask, "take_over", Node: "pbx", Extension: "101", AgentId: Seeds.Luca))).Should().Be(new CommandAnswer(ask, false, "holder_in_call", "Luca Neri"));
            foreach (var kind in new[] { "seat_allow", "seat_refuse", "seat_withdraw" })
                (await SendAsync(anna, new CommandRequest(Guid.CreateVersion7(), kind, AskId: ask))).Accepted.Should().BeTrue();
            (await SendAsync(anna, new CommandRequest(Guid.CreateVersion7(), "ready", Anyway: true))).Who.Should().BeNull();
        }
        finally
        {
            host.Router.Answer = _ => new RoadAnswer(true, null);
        }

        host.Router.Commands.Where(c => c.Agent == Seeds.Anna).TakeLast(5).Select(c => c.Command).Should().Equal(
            new RoadCommand("take_over", Node: "pbx", Extension: "101", AgentId: Seeds.Luca), new RoadCommand("seat_allow", AskId: ask), new RoadCommand("seat_refuse", AskId: ask),
            new RoadCommand("seat_withdraw", AskId: ask), new RoadCommand("ready", Anyway: true));
    }

    [PostgresTheory]
    [InlineData("""{"kind":"take_over","extension":"101","agentId":"00000000-0000-7000-8000-000000000002"}""", "node")]
    [InlineData("""{"kind":"take_over","node":"pbx","agentId":"00000000-0000-7000-8000-000000000002"}""", "extension")]
    [InlineData("""{"kind":"take_over","node":"pbx","extension":"101"}""", "agentId")]
    [InlineData("""{"kind":"seat_allow"}""", "askId")]
    [InlineData("""{"kind":"seat_refuse"}""", "askId")]
    [InlineData("""{"kind":"seat_withdraw"}""", "askId")]
    public async Task What_is_missing_in_a_command_is_named(string body, string field)
    {
        await using var anna = await host.SignInAsync("anna");
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Post, "api/commands", body.Replace("{\"kind\"", $"{{\"id\":\"{Guid.CreateVersion7()}\",\"kind\"", StringComparison.Ordinal));
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
    }

    [PostgresFact]
    public async Task Both_sides_read_the_question_and_its_end_and_nobody_else_does()
    {
        await using var story = await Story.BeginAsync(host);
        var (anna, luca, mila) = (await host.SignInAsync("anna"), await host.SignInAsync("luca"), await host.SignInAsync("mila"));
        var (holder, asker, other) = (await anna.OpenAsync(), await luca.OpenAsync(), await mila.OpenAsync());
        var (ask, until) = (Guid.CreateVersion7(), DateTimeOffset.UnixEpoch.AddYears(60));
        await story.WriteAsync(story.Asks(ask, Seeds.Luca, Seeds.Anna, "101", until));
        var expected = new SeatAskView(ask, "pbx", "101", Seeds.Luca, "Luca Neri", Seeds.Anna, "Anna Verdi", until);
        (await holder.NextAsync<SeatEvent>()).Should().BeEquivalentTo(new { Ask = expected, Outcome = (string?)null });
        (await asker.NextAsync<SeatEvent>()).Ask.Should().Be(expected);

        // A page that comes meanwhile, and one after a restart, find it open.
        (await anna.OpenAsync()).Answer.Desk!.SeatAsks.Should().Equal(expected);
        (await mila.OpenAsync()).Answer.Desk!.SeatAsks.Should().BeEmpty();
        await story.WrittenAsync(host);
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).SeatAsks.Values.Should().Equal(new LiveSeatAsk(ask, "pbx", "101", Seeds.Luca, Seeds.Anna, until));

        await story.WriteAsync(story.AnswersSeat(ask, Seeds.Luca, Seeds.Anna, "101", SeatOutcome.Refused));
        (await holder.NextAsync<SeatEvent>(e => e.Outcome == "Refused")).Ask.AskId.Should().Be(ask);
        (await asker.NextAsync<SeatEvent>(e => e.Outcome == "Refused")).Ask.Should().Be(expected);
        await story.WriteAsync(story.AnswersSeat(Guid.CreateVersion7(), Seeds.Luca, Seeds.Anna, "101", SeatOutcome.NobodyThere));
        (await holder.NextAsync<SeatEvent>(e => e.Outcome == "NobodyThere")).Ask.AgentName.Should().Be("Luca Neri");
        await story.WrittenAsync(host);
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).SeatAsks.Should().BeEmpty();
        other.Events.OfType<SeatEvent>().Should().BeEmpty();
        foreach (var page in new[] { anna, luca, mila }) await page.DisposeAsync();
    }

    static async Task<CommandAnswer> SendAsync(Page page, CommandRequest command)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/commands", command, ContractsJson.Default.CommandRequest);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!;
    }
}
