using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Npgsql;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Calls that the PBX routes by itself, as FreePBX does: they pop on who rings, once each, and close elsewhere with a name.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Observed(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Group = "+390294750600", Queue = "+390294750400", FollowMe = "+390294750700", Direct = "+390294750101";

    async Task<(LabSite Site, string Connection)> SiteAsync(AsteriskLab lab)
    {
        await lab.QuietAsync();
        var connection = await postgres.NewDatabaseAsync();
        var site = await LabSite.StartAsync(lab, connection, agents: 3);
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
        await using var caller = lab.Call(new LabCallPlan(Group) { From = "+390288887777", DisplayName = "Mario Rossi", Talk = TimeSpan.FromSeconds(3) });
        var pops = await Task.WhenAll(anna.NextAsync<PopEvent>(), bruno.NextAsync<PopEvent>());
        pops.Select(p => p.Pop.CallId).Distinct().Should().ContainSingle();
        pops[0].Pop.Reason.Rule.Should().Be("Observed");
        (await EndAsync(bruno, pops[1].Pop)).Outcome.Should().Be("Answered");
        var answered = (await answers.StepAsync("answered")).AtSeconds;
        var closed = await EndAsync(anna, pops[0].Pop);
        (closed.Outcome, closed.AnsweredBy).Should().Be(("AnsweredElsewhere", "Agent 102"));
        (closed.At.ToUnixTimeMilliseconds() / 1000.0 - answered).Should().BeLessThan(1);
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
        await using var caller = lab.Call(new LabCallPlan(Queue) { From = "0288887776", Talk = TimeSpan.FromSeconds(6) });
        var pops = await Task.WhenAll(anna.NextAsync<PopEvent>(), bruno.NextAsync<PopEvent>());
        (await EndAsync(bruno, pops[1].Pop)).Outcome.Should().Be("Answered");
        (await EndAsync(anna, pops[0].Pop)).Should().BeEquivalentTo(new { Outcome = "AnsweredElsewhere", AnsweredBy = "Agent 102" });
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
}
