using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Npgsql;
using static CallCrm.EndToEnd.Days.DaySteps;

namespace CallCrm.EndToEnd.Days;

/// <summary>SIP phones that are answered and held from the page: by NOTIFY where the PBX lets us, by ringing anew, and not at all.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Answering(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static async Task<LabSite> SiteAsync(AsteriskLab lab, string connection, string device)
    {
        var site = await LabSite.StartAsync(lab, connection, agents: 1);
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand($"update device set {device}; update settings_version set version = version + 1 returning version");
        var version = await command.ExecuteScalarAsync();
        await Eventually.BeAsync(() => site.Host.Output.Contains($"Settings version {version}", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the changed devices to be in force");
        return site;
    }

    [LabFact]
    public async Task By_NOTIFY_the_phone_answers_holds_and_takes_back()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await GrantSystemAsync(lab, granted: true);
        try
        {
            await using var site = await SiteAsync(lab, await postgres.NewDatabaseAsync(), "can_answer = true, can_hold = true");
            await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "101");
            await site.SitDownAsync(["101"]);
            await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Talk = TimeSpan.FromSeconds(30) });
            var page = site.Pages[0];
            var pop = (await page.NextAsync<PopEvent>()).Pop;
            (pop.CanAnswer, pop.CanHold).Should().Be((true, true));
            await page.NextAsync<OfferEvent>(e => e.Ringing);
            (await page.CommandAsync("answer", pop.CallId)).Accepted.Should().BeTrue();
            await phone.StepAsync("notify-talk");
            await phone.StepAsync("answered");
            await page.NextAsync<CallEvent>(e => e.Call.State == "Talking");
            (await page.CommandAsync("hold", pop.CallId)).Accepted.Should().BeTrue();
            await phone.StepAsync("notify-hold");
            await page.NextAsync<CallEvent>(e => e.Call.HeldSince is not null);
            (await page.CommandAsync("resume", pop.CallId)).Accepted.Should().BeTrue();
            await phone.StepAsync("notify-talk", index: 1);
            await page.NextAsync<CallEvent>(e => e.Call.HeldSince is null);
            (await page.CommandAsync("hang_up", pop.CallId)).Accepted.Should().BeTrue();
            (await caller.EndAsync()).Should().Be(0);
        }
        finally
        {
            await GrantSystemAsync(lab, granted: false);
        }
    }

    [LabFact]
    public async Task Rung_anew_the_phone_answers_by_itself_without_any_right_to_notify()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var site = await SiteAsync(lab, await postgres.NewDatabaseAsync(), "can_answer = true, auto_answer = true");
        await using var watch = await lab.WatchAsync();
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "101");
        await site.SitDownAsync(["101"]);
        await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Talk = TimeSpan.FromSeconds(3) });
        var page = site.Pages[0];
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        (pop.CanAnswer, pop.CanHold).Should().Be((true, false));
        await page.NextAsync<OfferEvent>(e => e.Ringing);
        (await page.CommandAsync("answer", pop.CallId)).Accepted.Should().BeTrue();
        await phone.StepAsync("cancelled");
        await phone.StepAsync("answered");
        await page.NextAsync<CallEvent>(e => e.Call.State == "Talking");
        phone.Steps.Should().NotContain(s => s.What.StartsWith("notify", StringComparison.Ordinal));
        (await caller.EndAsync()).Should().Be(0);
        page.Seen.OfType<PopEvent>().Should().ContainSingle("it stays one offer");
        page.Seen.OfType<OfferEvent>().Last(e => e.Outcome is not null).Outcome.Should().Be("Answered");

        // A call out: the own phone, too, answers by itself.
        await using var outside = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(1));
        (await page.DialAsync("+390612345678")).Accepted.Should().BeTrue();
        await phone.StepAsync("answered", index: 1);
        await page.NextAsync<CallEvent>(e => e.Call is { Direction: "Outbound", State: "Talking" });
    }

    [LabFact]
    public async Task Where_the_PBX_does_not_let_us_notify_the_page_says_lift_the_receiver()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var site = await SiteAsync(lab, await postgres.NewDatabaseAsync(), "can_answer = true, can_hold = true");
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "101");
        await site.SitDownAsync(["101"]);
        await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Patience = TimeSpan.FromSeconds(4) });
        var page = site.Pages[0];
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        (pop.CanAnswer, pop.CanHold).Should().Be((false, false));
        await page.NextAsync<OfferEvent>(e => e.Ringing);
        (await page.CommandAsync("answer", pop.CallId)).Should().BeEquivalentTo(new { Accepted = false, Reason = "not_possible_here" });
        await caller.EndAsync();
        phone.Steps.Should().NotContain(s => s.What.StartsWith("notify", StringComparison.Ordinal));
    }

    static async Task<PhoneTestView> TestAsync(AgentPage page, string? device = null)
    {
        var path = "api/seats/phone-test" + (device is null ? "" : "?device=" + Uri.EscapeDataString(device));
        using var begun = await page.Http.PostAsync(path, null);
        begun.StatusCode.Should().Be(HttpStatusCode.OK, await begun.Content.ReadAsStringAsync());
        return await Eventually.GetAsync(() => page.Http.GetFromJsonAsync(path, ContractsJson.Default.PhoneTestView).GetAwaiter().GetResult() is { Step: "done" } done ? done : null,
            TimeSpan.FromSeconds(45), "the test's end");
    }

    [LabFact]
    public async Task Tested_by_its_agent_the_desk_offers_what_the_phone_can_do()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await GrantSystemAsync(lab, granted: true);
        try
        {
            var connection = await postgres.NewDatabaseAsync();
            await using var site = await SiteAsync(lab, connection, "can_answer = false, can_hold = false");
            await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "101");
            await site.SitDownAsync(["101"]);
            var page = site.Pages[0];
            (await TestAsync(page)).Should().BeEquivalentTo(new { Step = "done", Notifies = true, Rang = true, Answers = "button", Hold = true });
            await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(10), "the phone to be on hook");
            await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Talk = TimeSpan.FromSeconds(30) });
            var pop = (await page.NextAsync<PopEvent>()).Pop;
            (pop.CanAnswer, pop.CanHold).Should().Be((true, true));
            using (var refused = await page.Http.PostAsync("api/seats/phone-test", null))
                refused.StatusCode.Should().Be(HttpStatusCode.Conflict, "not in a call");
            page.Seen.OfType<CallEvent>().Should().NotContain(e => e.Call.CallId != pop.CallId, "the test was no call");
            await using var database = NpgsqlDataSource.Create(connection);
            await using var count = database.CreateCommand("select count(*) from call where started_at > now() - interval '5 minutes' and domain = 'main' and node = '" + lab.Node + "' and state <> 'Ended'");
            (await count.ExecuteScalarAsync()).Should().Be(1L);
        }
        finally
        {
            await GrantSystemAsync(lab, granted: false);
        }
    }

    [LabFact]
    public async Task Two_phones_of_one_extension_are_each_tried_and_the_desk_offers_what_the_one_that_rings_can_do()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await GrantSystemAsync(lab, granted: true);
        try
        {
            var connection = await postgres.NewDatabaseAsync();
            await using var site = await SiteAsync(lab, connection, "can_answer = false, can_hold = false");
            await using var database = NpgsqlDataSource.Create(connection);
            await using (var add = database.CreateCommand($"insert into device (node, name, extension, position) values ('{lab.Node}', 'PJSIP/140', '101', 9); update settings_version set version = version + 1 returning version"))
            {
                var version = await add.ExecuteScalarAsync();
                await Eventually.BeAsync(() => site.Host.Output.Contains($"Settings version {version}", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the second phone to be in force");
            }

            await using var plain = await lab.PhoneAsync(LabPhoneKind.Silent, "140");
            AgentPage page;
            await using (await lab.PhoneAsync(LabPhoneKind.Remote, "101"))
            {
                await site.SitDownAsync(["101"]);
                page = site.Pages[0];
                var seat = (await page.Http.GetFromJsonAsync("api/seats", ContractsJson.Default.SeatsView))!.Items.Single(s => s.Mine);
                seat.Phones.Should().BeEquivalentTo([new SeatPhoneView("PJSIP/101", true, "notify"), new SeatPhoneView("PJSIP/140", true, "notify")]);
                (await TestAsync(page, "PJSIP/101")).Should().BeEquivalentTo(new { Device = "PJSIP/101", Rang = true, Answers = "button", Hold = true });
                (await TestAsync(page, "PJSIP/140")).Should().BeEquivalentTo(new { Device = "PJSIP/140", Rang = true, Answers = "no", Hold = (bool?)null });
                await using (var found = database.CreateCommand($"select string_agg(concat_ws(' ', name, can_answer, can_hold), '|' order by name) from device where node = '{lab.Node}' and extension = '101'"))
                    (await found.ExecuteScalarAsync()).Should().Be("PJSIP/101 t t|PJSIP/140 f f");
                using var strange = await page.Http.PostAsync("api/seats/phone-test?device=PJSIP/102", null);
                strange.StatusCode.Should().Be(HttpStatusCode.BadRequest, "somebody else's");
            }

            // The first phone has gone: the other one is tried, rings, and offers nothing.
            await Eventually.BeAsync(() => page.Http.GetFromJsonAsync("api/seats", ContractsJson.Default.SeatsView).GetAwaiter().GetResult()!.Items.Single(s => s.Mine).Phones is [{ Registered: false }, { Registered: true }],
                TimeSpan.FromSeconds(30), "the first phone to be gone");
            await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(10), "the phones to be on hook");
            await using var caller = lab.Call(new LabCallPlan(LabSite.Sales) { Patience = TimeSpan.FromSeconds(15) });
            var pop = (await page.NextAsync<PopEvent>()).Pop;
            (pop.CanAnswer, pop.CanHold).Should().Be((false, false));
        }
        finally
        {
            await GrantSystemAsync(lab, granted: false);
        }
    }

    [LabFact]
    public async Task Without_the_right_to_notify_a_phone_that_answers_by_itself_is_found_and_one_that_does_not_says_lift_the_receiver()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var site = await SiteAsync(lab, await postgres.NewDatabaseAsync(), "can_answer = false, can_hold = false");
        await using (await lab.PhoneAsync(LabPhoneKind.Remote, "101"))
        {
            await site.SitDownAsync(["101"]);
            (await TestAsync(site.Pages[0])).Should().BeEquivalentTo(new { Notifies = false, Rang = true, Answers = "itself", Hold = (bool?)null });
        }

        await using (await lab.PhoneAsync(LabPhoneKind.Silent, "101"))
            (await TestAsync(site.Pages[0])).Should().BeEquivalentTo(new { Notifies = false, Rang = true, Answers = "no" });
    }
}
