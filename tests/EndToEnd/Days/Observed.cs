using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Npgsql;

namespace CallCrm.EndToEnd.Days;

/// <summary>Calls that the PBX routes by itself, as FreePBX does: they pop on who rings, once each, and close elsewhere with a name.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Observed(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Group = "+390294750600", Queue = "+390294750400", FollowMe = "+390294750700", Direct = "+390294750101";

    async Task<(LabSite Site, string Connection)> SiteAsync(AsteriskLab lab, int agents = 3)
    {
        await lab.QuietAsync();
        var connection = await postgres.NewDatabaseAsync();
        var site = await LabSite.StartAsync(lab, connection, agents);
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand("update queue set wrap_up_s = 5; update settings_version set version = version + 1 returning version");
        var version = await command.ExecuteScalarAsync();
        await Eventually.BeAsync(() => site.Host.Output.Contains($"Settings version {version}", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the wrap-up time to be in force");
        return (site, connection);
    }

    static async Task<OfferEvent> EndAsync(AgentPage page, PopView pop) => await page.NextAsync<OfferEvent>(e => e.OfferId == pop.OfferId && e.Outcome is not null);

    [LabFact]
    public async Task A_ring_group_pops_on_all_once_and_closes_within_a_second_with_who_answered()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, _) = await SiteAsync(lab);
        await using var host = site;
        await using var silent = await lab.PhoneAsync(LabPhoneKind.Silent, "101,103");
        await using var answers = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromSeconds(2));
        await site.SitDownAsync(["101", "102"]);
        var (anna, bruno) = (site.Pages[0], site.Pages[1]);
        await using var watch = await lab.WatchAsync();
        await using var caller = lab.Call(new LabCallPlan(Group) { From = "+390288887777", DisplayName = "Mario Rossi", Talk = TimeSpan.FromSeconds(3) });
        var pops = await Task.WhenAll(anna.NextAsync<PopEvent>(), bruno.NextAsync<PopEvent>());
        pops.Select(p => p.Pop.CallId).Distinct().Should().ContainSingle();
        pops[0].Pop.Reason.Rule.Should().Be("Observed");
        (await EndAsync(bruno, pops[1].Pop)).Outcome.Should().Be("Answered");
        // The PBX's own word of the answer: the phone's program may be late in writing it down.
        var answered = LabAmi.AtSeconds(await watch.EventAsync("DialEnd", e => e["DialStatus"] == "ANSWER"));
        var closed = await EndAsync(anna, pops[0].Pop);
        (closed.Outcome, closed.AnsweredBy).Should().Be(("AnsweredElsewhere", "Agent 102"));
        (closed.At.ToUnixTimeMilliseconds() / 1000.0 - answered).Should().BeInRange(-0.5, 1);
        (await bruno.NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call.Card.Should().NotBeNull("an unknown caller gets a card");
        (await caller.EndAsync()).Should().Be(0);
        await bruno.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        foreach (var page in site.Pages)
            page.Seen.OfType<PopEvent>().Should().ContainSingle("it pops once");
        anna.Seen.OfType<MyStateEvent>().Should().NotContain(e => e.State.State == "WrapUp");
        anna.Seen.OfType<MyStateEvent>().Last().Today.Missed.Should().Be(0);
    }

    [LabFact]
    public async Task A_queue_of_Local_members_pops_once_a_ring_and_a_national_number_is_understood()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, connection) = await SiteAsync(lab);
        await using var host = site;
        await using var silent = await lab.PhoneAsync(LabPhoneKind.Silent, "101");
        await using var answers = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromSeconds(2));
        await site.SitDownAsync(["101", "102"]);
        var (anna, bruno) = (site.Pages[0], site.Pages[1]);
        await using var watch = await lab.WatchAsync();
        await using var caller = lab.Call(new LabCallPlan(Queue) { From = "0288887776", Talk = TimeSpan.FromSeconds(6) });
        var pops = await Task.WhenAll(anna.NextAsync<PopEvent>(), bruno.NextAsync<PopEvent>());
        (await EndAsync(bruno, pops[1].Pop)).Outcome.Should().Be("Answered");
        var closed = await EndAsync(anna, pops[0].Pop);
        closed.Should().BeEquivalentTo(new { Outcome = "AnsweredElsewhere", AnsweredBy = "Agent 102" });
        var answered = LabAmi.AtSeconds(await watch.EventAsync("DialEnd", e => e["DialStatus"] == "ANSWER" && e["DestChannel"].StartsWith("PJSIP/102-", StringComparison.Ordinal)));
        (closed.At.ToUnixTimeMilliseconds() / 1000.0 - answered).Should().BeInRange(-0.5, 1);
        await bruno.NextAsync<CallEvent>(e => e.Call.State == "Talking");
        (await caller.EndAsync()).Should().Be(0);
        await bruno.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        foreach (var page in site.Pages)
            page.Seen.OfType<PopEvent>().Should().ContainSingle("each Local channel has two halves, and it pops once");
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand($"select caller_e164 from call where id = '{pops[0].Pop.CallId}'");
        (await command.ExecuteScalarAsync()).Should().Be("+390288887776");
    }

    [LabFact]
    public async Task A_mobile_that_answers_without_confirming_closes_nothing()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, _) = await SiteAsync(lab);
        await using var host = site;
        await using var watch = await lab.WatchAsync();
        await using var mobile = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(30));
        await using var desk = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromSeconds(6));
        await site.SitDownAsync(["101"]);
        var page = site.Pages[0];
        await using var caller = lab.Call(new LabCallPlan(FollowMe) { Talk = TimeSpan.FromSeconds(2) });
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        var confirmed = await mobile.StepAsync("answered");
        var end = await EndAsync(page, pop);
        end.Outcome.Should().Be("Answered", "the desk phone was lifted in the end");
        (end.At.ToUnixTimeMilliseconds() / 1000.0 - confirmed.AtSeconds).Should().BeGreaterThan(2, "not when the mobile answered");
        await page.NextAsync<CallEvent>(e => e.Call.State == "Talking");
        (await caller.EndAsync()).Should().Be(0);
        page.Seen.OfType<PopEvent>().Should().ContainSingle();
    }

    [LabFact]
    public async Task A_mobile_that_confirms_closes_the_desk_phones_pop_within_a_second()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, _) = await SiteAsync(lab);
        await using var host = site;
        await using var watch = await lab.WatchAsync();
        await using var mobile = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", ring: TimeSpan.FromMilliseconds(1500), talk: TimeSpan.FromSeconds(30));
        await using var desk = await lab.PhoneAsync(LabPhoneKind.Silent, "101");
        await site.SitDownAsync(["101"]);
        var page = site.Pages[0];
        await using var caller = lab.Call(new LabCallPlan(FollowMe) { Talk = TimeSpan.FromSeconds(3) });
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        await page.NextAsync<OfferEvent>(e => e.OfferId == pop.OfferId && e.Ringing);

        // Its owner is asked to press 1.
        var asked = await watch.EventAsync("Newexten", e => e["Application"] == "Read");
        (await watch.SendAsync("PlayDTMF", ("Channel", asked["Channel"]), ("Digit", "1"), ("Receive", "true")))["Response"].Should().Be("Success");
        var confirmed = LabAmi.AtSeconds(await watch.EventAsync("DTMFEnd", e => e["Direction"] == "Received" && e["Digit"] == "1"));
        var end = await EndAsync(page, pop);
        end.Outcome.Should().Be("AnsweredElsewhere");
        (end.At.ToUnixTimeMilliseconds() / 1000.0 - confirmed).Should().BeInRange(-0.5, 1);
        (await caller.EndAsync()).Should().Be(0);
        page.Seen.OfType<PopEvent>().Should().ContainSingle();
        page.Seen.OfType<MyStateEvent>().Should().NotContain(e => e.State.State == "WrapUp");
        page.Seen.OfType<MyStateEvent>().Last().Today.Missed.Should().Be(0);
    }

    [LabFact]
    public async Task A_direct_line_that_nobody_takes_is_no_missed_offer_and_pauses_nobody()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, _) = await SiteAsync(lab);
        await using var host = site;
        await using var silent = await lab.PhoneAsync(LabPhoneKind.Silent, "101");
        await site.SitDownAsync(["101"]);
        var page = site.Pages[0];
        for (var i = 0; i < 3; i++)
        {
            await using var caller = lab.Call(new LabCallPlan(Direct) { Talk = TimeSpan.FromSeconds(1) });
            (await EndAsync(page, (await page.NextAsync<PopEvent>()).Pop)).Outcome.Should().Be("NoAnswer");
            await caller.EndAsync();
            await page.NextAsync<MyStateEvent>(e => e.State is { State: "Ready", Reason: null });
        }

        page.Seen.OfType<MyStateEvent>().Last().Today.Missed.Should().Be(0);
    }

    [LabFact]
    public async Task Who_picks_up_a_colleague_s_ring_has_the_call_and_the_others_are_told()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, connection) = await SiteAsync(lab, agents: 4);
        await using var host = site;
        await using var silent = await lab.PhoneAsync(LabPhoneKind.Silent, "101,102,103");
        await using var picker = await lab.SoftphoneAsync("104");
        await site.SitDownAsync(["101", "104"]);
        var (anna, dario) = (site.Pages[0], site.Pages[1]);
        await using var caller = lab.Call(new LabCallPlan(Group) { From = "+390288887775", Talk = TimeSpan.FromSeconds(4) });
        var pop = (await anna.NextAsync<PopEvent>()).Pop;
        await picker.DialAsync("*8");
        (await EndAsync(anna, pop)).Should().BeEquivalentTo(new { Outcome = "AnsweredElsewhere", AnsweredBy = "Agent 104" });
        var talk = (await dario.NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call;
        talk.CallId.Should().Be(pop.CallId);
        talk.Card.Should().NotBeNull("who picks up sees whom");
        (await caller.EndAsync()).Should().Be(0);
        await dario.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        anna.Seen.OfType<MyStateEvent>().Should().NotContain(e => e.State.State == "WrapUp");
        (await TalkersAsync(connection, pop.CallId)).Should().Equal("Agent 104");
    }

    [LabFact]
    public async Task A_parked_client_is_in_the_same_call_with_whoever_takes_them_back()
    {
        var lab = await AsteriskLab.SharedAsync();
        var (site, connection) = await SiteAsync(lab);
        await using var host = site;
        await using var watch = await lab.WatchAsync();
        await using var answers = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(500), talk: TimeSpan.FromSeconds(60));
        await using var bruno = await lab.SoftphoneAsync("102");
        await site.SitDownAsync(["101", "102"]);
        var (first, second) = (site.Pages[0], site.Pages[1]);
        await using var caller = lab.Call(new LabCallPlan(Direct) { From = "+390288887774", Talk = TimeSpan.FromSeconds(14) });
        var call = (await first.NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call;
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        var client = (await watch.EventAsync("BridgeEnter", e => e["Channel"].StartsWith("PJSIP/trunk", StringComparison.Ordinal)))["Channel"];
        (await watch.SendAsync("Park", ("Channel", client)))["Response"].Should().Be("Success");
        var place = (await watch.EventAsync("ParkedCall"))["ParkingSpace"];
        await first.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        await Task.Delay(TimeSpan.FromSeconds(1));
        await bruno.DialAsync(place);
        (await second.NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call.CallId.Should().Be(call.CallId);
        (await caller.EndAsync()).Should().Be(0);
        await second.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        (await TalkersAsync(connection, call.CallId)).Should().Equal("Agent 101", "Agent 102");
    }

    /// <summary>Agents of this call's legs who talked, once the call has ended.</summary>
    static async Task<IReadOnlyList<string>> TalkersAsync(string connection, Guid call)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        for (var left = 50; ; left--)
        {
            await using var command = database.CreateCommand(
                "select array(select u.name from call_leg l join app_user u on u.id = l.agent_id where l.call_id = c.id and l.talk_ms > 500 order by u.name) from call c where c.id = $1 and c.state = 'Ended'");
            command.Parameters.AddWithValue(call);
            if (await command.ExecuteScalarAsync() is string[] names)
                return names;
            left.Should().BePositive("the call has ended");
            await Task.Delay(100);
        }
    }
}
