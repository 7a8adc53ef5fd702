using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>What the host did not see, or saw too late: the call log tells the truth all the same.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Healing(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly LabCallPlan Plan = new(LabHost.Sales) { Talk = TimeSpan.FromSeconds(2) };

    [LabFact]
    public async Task Calls_of_the_time_in_which_the_host_was_dead_are_in_the_log_with_their_true_ends()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        var shown = new HashSet<Guid>();
        await using (var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101"))
        await using (var page = await AgentPage.OpenAsync(host.Address, "supervisor", "demo"))
        {
            // The demo company's own history stands in the log already.
            shown.UnionWith((await RowsAsync(page)).Select(r => r.Id));

            // One is in talk when the host dies, and ends before it is back.
            await using var running = lab.Call(Plan with { From = "+393471112261", Talk = TimeSpan.FromSeconds(6) });
            await running.StepAsync("answered");
            await EventuallyAsync(async () => (await RowsAsync(page)).Any(r => r is { State: "Talking" } && Number(r) == "+393471112261"), "the call is shown as talking");
            await host.KillAsync();

            // Two come and go meanwhile, one of them without saying who it is.
            await using var known = lab.Call(Plan with { From = "+393471112262" });
            (await known.EndAsync()).Should().Be(0);
            await using var withheld = lab.Call(Plan with { From = "+393471112263", Withheld = true });
            (await withheld.EndAsync()).Should().Be(0);
            await running.EndAsync();
        }

        await host.StartAgainAsync();
        await using var again = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        List<CallRow> rows = [];
        await EventuallyAsync(async () =>
        {
            rows = [.. (await RowsAsync(again)).Where(r => !shown.Contains(r.Id))];
            return rows.Count(r => r.Outcome == "Fallback") == 2 && rows.Any(r => r is { Outcome: "Answered", Estimated: false });
        }, "the two calls of the fallback, and the true end of the third");

        var (first, second, third) = (rows[2], rows[1], rows[0]);
        Number(first).Should().Be("+393471112261");
        first.Talk_s.Should().BeInRange(5, 7, "it was told by the PBX, not guessed");
        Number(second).Should().Be("+393471112262");
        second.Talk_s.Should().BeInRange(0, 3);
        Number(third).Should().NotContain("347", "the number was withheld");
        rows.Should().OnlyContain(r => r.State == "Ended" && !r.Estimated);
        await Task.Delay(TimeSpan.FromSeconds(4));
        (await RowsAsync(again)).Count(r => !shown.Contains(r.Id)).Should().Be(3, "each once and no more");
    }

    [LabFact]
    public async Task A_PBX_that_falls_silent_is_out_of_sight_soon_and_since_it_was_last_heard()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var page = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        // Its line stays open, and nothing comes.
        await lab.FreezeAsync();
        var frozen = TimeProvider.System.GetUtcNow();
        PbxEventView lost;
        try
        {
            lost = await page.NextAsync<PbxEventView>(e => !e.Connected, TimeSpan.FromSeconds(20));
            (TimeProvider.System.GetUtcNow() - frozen).Should().BeLessThan(TimeSpan.FromSeconds(8), "after 2 s it is asked, and has 3 s to answer");
        }
        finally
        {
            await lab.ThawAsync();
        }

        lost.Reason.Should().Be("KeepAlive");
        (lost.Since - frozen).Should().BeGreaterThan(TimeSpan.FromSeconds(-2.5)).And.BeLessThan(TimeSpan.FromSeconds(0.5));
        await page.NextAsync<PbxEventView>(e => e.Connected, TimeSpan.FromSeconds(20));
    }

    /// <summary>The PBX waits 2 s for us; a second of them gone is no reason for anything.</summary>
    [LabFact]
    public async Task A_host_frozen_for_a_second_sends_nobody_to_the_fallback_and_loses_nothing()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var site = await LabSite.StartAsync(lab, await postgres.NewDatabaseAsync(), agents: 2);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(90));
        await site.SitDownAsync(["101"]);
        await site.SitDownAsync(["102"], ready: false);
        await using var watch = await lab.WatchAsync();
        var since = TimeProvider.System.GetUtcNow();
        var earlier = lab.Cel().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
        var records = lab.Cdr().Count;
        await using var talking = lab.Call(Plan with { From = "+393471112291", Talk = TimeSpan.FromSeconds(90) });
        await watch.EventAsync("DialEnd", e => e["DialStatus"] == "ANSWER" && e["DestChannel"].StartsWith("PJSIP/101-", StringComparison.Ordinal));
        await using var held = lab.Call(Plan with { From = "+393471112292", Talk = TimeSpan.FromSeconds(90) });
        await watch.UserEventAsync("CallCrmHold");
        var callers = new List<LabCall> { talking, held };
        var said = site.Host.Output.Length;
        try
        {
            // A machine that froze us as well tells nothing of the host: then another caller comes.
            double thawed;
            for (var attempt = 0; ; attempt++)
            {
                attempt.Should().BeLessThan(5, "one of these freezes must be about a second");
                var number = $"+3934711123{attempt:D2}";
                await site.Host.FreezeAsync();
                var caller = lab.Call(Plan with { From = number, Talk = TimeSpan.FromSeconds(90) });
                callers.Add(caller);
                var began = LabAmi.AtSeconds(await watch.EventAsync("Newchannel", e => e["CallerIDNum"] == number));
                var left = TimeSpan.FromSeconds(began + 1 - Seconds());
                if (left > TimeSpan.Zero)
                    await Task.Delay(left);
                await site.Host.ThawAsync();
                thawed = Seconds();
                if (thawed - began > 1.3)
                {
                    await caller.DisposeAsync();
                    continue;
                }

                // It has 0.7 s left of the PBX's patience, and needs a few ms of them.
                await watch.EventAsync("UserEvent", e => e["UserEvent"] == "CallCrmHold" && e["CallerIDNum"] == number);
                watch.Events.Should().NotContain(e => e["Event"] == "UserEvent" && (e["UserEvent"] == "CallCrmFallback" || e["UserEvent"] == "LabFallback") && e["CallerIDNum"] == number, "there was time enough to answer");
                break;
            }

            if (thawed + 1 - Seconds() is > 0 and var rest)
                await Task.Delay(TimeSpan.FromSeconds(rest));
            var look = await LabSight.LookStrictlyAsync(lab, site.Connection, SiteAgentAt, thawed, []);
            look.Wrong.Should().BeEmpty("a second after the thaw all is as the PBX has it");
            look.Channels.Should().BeGreaterThanOrEqualTo(4, "two who talk, one who waits, and who came meanwhile");
            look.Talks.Should().Be(1);
            site.Host.Output[said..].Should().NotContain("PBX lab lost", "who is silent for a second is not gone");

            // In their order: who waited before is served before, and each by whom is free.
            (await site.Pages[1].CommandAsync("ready")).Accepted.Should().BeTrue();
            await watch.EventAsync("DialEnd", e => e["DialStatus"] == "ANSWER" && e["DestChannel"].StartsWith("PJSIP/102-", StringComparison.Ordinal) && e["CallerIDNum"] == "+393471112292", TimeSpan.FromSeconds(40));
            await lab.CliAsync("channel request hangup " + (await lab.ChannelsAsync()).Single(c => c.StartsWith("PJSIP/101-", StringComparison.Ordinal)));
            try
            {
                await watch.EventAsync("DialEnd", e => e["DialStatus"] == "ANSWER" && e["DestChannel"].StartsWith("PJSIP/101-", StringComparison.Ordinal), TimeSpan.FromSeconds(40), index: 1);
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException($"{e.Message}\n{await lab.CliAsync("core show channels verbose")}\n{site.Host.Output[said..]}", e);
            }

            (await LabSight.CompareAsync(lab, site.Connection, SiteAgentAt)).Should().BeEmpty();
        }
        finally
        {
            await site.Host.ThawAsync();
            foreach (var caller in callers)
                await caller.DisposeAsync();
        }

        await lab.QuietAsync();
        var oracle = new CallLogOracle("PJSIP/trunk", SiteAgentAt);
        IReadOnlyList<CallLogDifference> wrong = [];
        IReadOnlyList<CelCall> truth = [];
        for (var n = 0; n < 30; n++)
        {
            truth = oracle.Read([.. lab.Cel().Where(r => !earlier.Contains(r.Uniqueid))]);
            wrong = oracle.Compare(truth, CallerLog.Of(callers.SelectMany(c => c.Steps)), [.. lab.Cdr().Skip(records)], await CallLogOracle.LogAsync(site.Connection, since), []);
            if (wrong.Count == 0 && truth.Count == callers.Count)
                break;
            await Task.Delay(500);
        }

        wrong.Should().BeEmpty("the call log has each call once, as it was");
        truth.Should().HaveCount(callers.Count);
        truth.Count(c => c.End == CallEndKind.Answered).Should().Be(3);
        var logged = (await CallLogOracle.LogAsync(site.Connection, since)).ToDictionary(c => c.Caller, StringComparer.Ordinal);
        logged.Values.Should().OnlyContain(c => !c.Estimated, "the line was never cut");
        (logged["+393471112291"].Talk - truth.Single(c => c.Number == "+393471112291").Talk).Duration().Should().BeLessThan(TimeSpan.FromMilliseconds(150), "the PBX's own times count, however late they are read");
        await SameAsPbxAsync(lab, site.Host);
    }

    static double Seconds() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    static string? SiteAgentAt(string device) => device is "PJSIP/101" or "PJSIP/102" ? LabSite.LoginAt(device[6..]) : null;

    [LabFact]
    public Task Host_frozen_for_five_seconds_loses_no_caller() => FreezeAsync(TimeSpan.FromSeconds(5));

    [LabFact]
    [Trait("Category", "Long")]
    public Task Host_frozen_for_a_minute_loses_no_caller() => FreezeAsync(TimeSpan.FromMinutes(1));

    /// <summary>A new caller is in the fallback within 2.5 s, one on hold within 23 s; then all goes on.</summary>
    /// <param name="length">More than the PBX waits for us.</param>
    async Task FreezeAsync(TimeSpan length)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        await using var page = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101", ready: false);
        await using var watch = await lab.WatchAsync();
        await using var held = lab.Call(Plan with { From = "+393471112271", Talk = TimeSpan.FromSeconds(90) });
        await watch.UserEventAsync("CallCrmHold", TimeSpan.FromSeconds(10));

        await host.FreezeAsync();
        var frozen = TimeProvider.System.GetTimestamp();
        try
        {
            await using var caller = lab.Call(Plan with { From = "+393471112272", Talk = TimeSpan.FromSeconds(1) });
            var invited = TimeProvider.System.GetTimestamp();
            var began = await watch.EventAsync("Newchannel", e => e["CallerIDNum"] == "+393471112272");
            var fallback = await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(15));
            (LabAmi.AtSeconds(fallback) - LabAmi.AtSeconds(began)).Should().BeLessThan(2.5);
            (await caller.EndAsync()).Should().Be(0);

            if (length > TimeSpan.FromSeconds(25))
            {
                await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(45), index: 1);
                TimeProvider.System.GetElapsedTime(frozen).Should().BeLessThan(TimeSpan.FromSeconds(23), "a turn on hold is 20 s at most, whatever is said in it");
            }

            var left = length - TimeProvider.System.GetElapsedTime(invited);
            if (left > TimeSpan.Zero)
                await Task.Delay(left);
        }
        finally
        {
            await host.ThawAsync();
        }

        await host.WaitReadyAsync(TimeSpan.FromSeconds(20));
        await page.CommandAsync("ready");
        if (length < TimeSpan.FromSeconds(15))
            await watch.EventAsync("DialEnd", e => e["DialStatus"] == "ANSWER" && e["DestChannel"].StartsWith("PJSIP/101-", StringComparison.Ordinal), TimeSpan.FromSeconds(40));
        await lab.CliAsync("channel request hangup all");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        IReadOnlyList<CallRow> rows = [];
        await EventuallyAsync(async () => (rows = [.. (await RowsAsync(supervisor)).Where(r => Number(r) is "+393471112271" or "+393471112272")]).Count == 2 && rows.All(r => r.State == "Ended"), "no call stays open");
        // Whom the fallback served meanwhile is in the log as that; the router never said "record", so there is nothing to hear.
        rows.Single(r => Number(r) == "+393471112272").Should().BeEquivalentTo(new { Outcome = "Fallback", AgentName = (string?)null, Estimated = false, RecordingId = (Guid?)null, Talk_s = 0 });
        rows.Single(r => Number(r) == "+393471112271").Outcome.Should().Be(length > TimeSpan.FromSeconds(25) ? "Fallback" : length < TimeSpan.FromSeconds(15) ? "Answered" : "Fallback");
        await SameAsPbxAsync(lab, host);
    }

    [LabTheory]
    [InlineData(9)]
    [InlineData(4)]
    public async Task A_talk_through_which_the_host_was_frozen_is_logged_exactly_and_with_who_talked(int talk_s)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        var since = TimeProvider.System.GetUtcNow();
        var earlier = lab.Cel().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
        await using var call = lab.Call(Plan with { From = "+393471112275", Talk = TimeSpan.FromSeconds(talk_s) });
        await call.StepAsync("answered");
        await EventuallyAsync(async () => (await RowsAsync(supervisor)).Any(r => r is { State: "Talking" } && Number(r) == "+393471112275"), "the call is shown as talking");
        await host.FreezeAsync();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(5));
        }
        finally
        {
            await host.ThawAsync();
        }

        (await call.EndAsync()).Should().Be(0);
        await host.WaitReadyAsync(TimeSpan.FromSeconds(20));
        IReadOnlyList<CallRow> rows = [];
        await EventuallyAsync(async () => (rows = [.. (await RowsAsync(supervisor)).Where(r => Number(r) == "+393471112275")]) is [{ State: "Ended" }], "the call has ended");
        var truth = s_oracle.Read([.. lab.Cel().Where(r => !earlier.Contains(r.Uniqueid))]).Should().ContainSingle().Subject;
        var logged = (await CallLogOracle.LogAsync(host.Connection, since)).Should().ContainSingle().Subject;
        truth.Talk.TotalSeconds.Should().BeApproximately(talk_s, 1, "the caller hangs up by their own clock");
        logged.Should().BeEquivalentTo(new { Outcome = "Answered", Estimated = false, EndedBy = "Caller" });
        logged.Talks.Should().ContainSingle().Which.Agent.Should().Be("anna");
        logged.Talk.Should().BeCloseTo(truth.Talk, TimeSpan.FromMilliseconds(150), "the PBX's own times count, however late they are read");
        (logged.ToSeconds - truth.ToSeconds).Should().BeInRange(-0.5, 0.5);
        await SameAsPbxAsync(lab, host);
    }

    [LabFact]
    public async Task After_a_restart_what_is_live_is_what_the_PBX_has()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(90));
        await using var watch = await lab.WatchAsync();
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var talking = lab.Call(Plan with { From = "+393471112281", Talk = TimeSpan.FromSeconds(90) });
        await talking.StepAsync("answered");
        await using var held = lab.Call(Plan with { From = "+393471112282", Talk = TimeSpan.FromSeconds(90) });
        await watch.UserEventAsync("CallCrmHold", TimeSpan.FromSeconds(10));
        await using var leaving = lab.Call(Plan with { From = "+393471112283", Talk = TimeSpan.FromSeconds(3) });
        await watch.UserEventAsync("CallCrmHold", TimeSpan.FromSeconds(10), index: 1);
        await SameAsPbxAsync(lab, host);
        await host.KillAsync();

        // One gives up meanwhile, one comes and is served by the fallback.
        (await leaving.EndAsync()).Should().Be(0);
        await using var served = lab.Call(Plan with { From = "+393471112284", Talk = TimeSpan.FromSeconds(90) });
        await served.StepAsync("answered");
        var said = host.Output.Length;
        await host.StartAgainAsync();
        await Eventually.BeAsync(() => host.Output.IndexOf("snapshot with", said, StringComparison.Ordinal) >= 0, TimeSpan.FromSeconds(30), "a snapshot of the PBX");
        (await lab.SnapshotAsync()).Should().HaveCount(5, "two talk with two, and one waits");
        await SameAsPbxAsync(lab, host);

        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        var rows = (await RowsAsync(supervisor)).ToLookup(Number, StringComparer.Ordinal);
        rows["+393471112281"].Should().ContainSingle().Which.Should().BeEquivalentTo(new { State = "Talking", AgentName = "Anna Bianchi" });
        rows["+393471112282"].Should().ContainSingle().Which.State.Should().Be("Waiting");
        await lab.CliAsync("channel request hangup all");
        // Who left while nobody looked is lost until the PBX's own record is read.
        await EventuallyAsync(async () => (await RowsAsync(supervisor)).Where(r => r.State == "Ended" && Number(r).StartsWith("+39347111228", StringComparison.Ordinal)).OrderBy(Number, StringComparer.Ordinal)
            .Select(r => r.Outcome).SequenceEqual(["Answered", "Abandoned", "ShortAbandon", "Fallback"]), "all four have ended, as they did");
        await SameAsPbxAsync(lab, host);
    }

    static readonly CallLogOracle s_oracle = new("PJSIP/trunk", AgentAt);

    static string? AgentAt(string device) => device == "PJSIP/101" ? "anna" : null;

    static async Task SameAsPbxAsync(AsteriskLab lab, CallCrmHost host) => (await LabSight.CompareAsync(lab, host.Connection, AgentAt)).Should().BeEmpty("what is live is what core show channels shows");

    /// <summary>As people see it, but without the gaps.</summary>
    static string Number(CallRow row) => (row.Caller.Number ?? "").Replace(" ", "", StringComparison.Ordinal);

    static async Task<IReadOnlyList<CallRow>> RowsAsync(AgentPage page) =>
        (await page.Http.GetFromJsonAsync("api/calls?limit=10", ContractsJson.Default.ListPageCallRow))!.Items;

    static async Task EventuallyAsync(Func<Task<bool>> ask, string what)
    {
        for (var left = 450; left > 0; left--)
        {
            if (await ask())
                return;
            await Task.Delay(100);
        }

        throw new TimeoutException($"Not within 45 s: {what}");
    }
}
