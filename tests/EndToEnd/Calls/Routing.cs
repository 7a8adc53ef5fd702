using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Who gets a call, on the real Asterisk: the host decides, the phones behave, the log tells the truth.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Routing(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly LabCallPlan Plan = new(LabHost.Sales) { Talk = TimeSpan.FromSeconds(3) };

    [LabTheory]
    [InlineData(LabPhoneKind.Decline, "Declined")]
    [InlineData(LabPhoneKind.Busy, "Busy")]
    [InlineData(LabPhoneKind.Dnd, "DoNotDisturb")]
    public async Task A_phone_that_refuses_leaves_the_caller_to_the_next_agent(LabPhoneKind kind, string outcome)
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var refusing = await lab.PhoneAsync(kind, "101");
        await using var answering = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102", ready: false);
        await using var call = lab.Call(Plan with { From = "+393471113001", Talk = TimeSpan.FromSeconds(4) });
        var pop = (await anna.NextAsync<PopEvent>()).Pop;
        var ended = await anna.NextAsync<OfferEvent>(e => e.OfferId == pop.OfferId && e.Outcome is not null);
        ended.Outcome.Should().Be(outcome);

        // The caller is held by now, and hangs up in some seconds: Luca sits there already.
        (await luca.CommandAsync("ready")).Accepted.Should().BeTrue();
        (await luca.NextAsync<PopEvent>()).Pop.CallId.Should().Be(pop.CallId);
        await answering.StepAsync("answered");
        (await call.EndAsync()).Should().Be(0);
        (await RowAsync(host, pop.CallId, r => r.Outcome is not null)).AgentName.Should().StartWith("Luca");
    }

    [LabFact]
    public async Task A_phone_that_lost_its_power_holds_the_caller_for_three_seconds_only()
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var dead = await lab.PhoneAsync(LabPhoneKind.Dead, "101");
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var call = lab.Call(Plan with { From = "+393471113002", Talk = TimeSpan.FromSeconds(20) });
        var pop = (await anna.NextAsync<PopEvent>()).Pop;
        var dialled = await dead.StepAsync("ignored");

        var ended = await anna.NextAsync<OfferEvent>(e => e.OfferId == pop.OfferId && e.Outcome is not null);
        ended.Outcome.Should().Be("Unreachable");
        (ended.At.ToUnixTimeMilliseconds() / 1000.0 - dialled.AtSeconds).Should().BeInRange(2.8, 4);
    }

    [LabFact]
    public async Task A_caller_waits_on_hold_and_is_redirected_to_the_agent_who_frees_up()
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var watch = await lab.WatchAsync();
        await using var first = lab.Call(Plan with { From = "+393471113003", Talk = TimeSpan.FromSeconds(4) });
        await first.StepAsync("answered");
        await using var second = lab.Call(Plan with { From = "+393471113004", Talk = TimeSpan.FromSeconds(25) });
        var held = await watch.UserEventAsync("CallCrmHold");
        held["CallId"].Should().MatchRegex("^[0-9a-f]{32}$");

        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp", TimeSpan.FromSeconds(20));
        (await anna.CommandAsync("ready")).Accepted.Should().BeTrue();

        await phone.StepAsync("answered", index: 1);
        await anna.NextAsync<CallEvent>(e => e.Call is { State: "Talking", Wait_s: > 0 });
        second.Steps.Should().NotContain(s => s.What == "left");
        watch.Events.Where(e => e["Event"] == "UserEvent").Should().NotContain(e => e["UserEvent"] == "LabFallback");
    }

    [LabFact]
    public async Task A_caller_who_gives_up_on_hold_is_abandoned()
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(40));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var watch = await lab.WatchAsync();
        await using var first = lab.Call(Plan with { From = "+393471113005", Talk = TimeSpan.FromSeconds(25) });
        await first.StepAsync("answered");
        await using var second = lab.Call(Plan with { From = "+393471113006", Talk = TimeSpan.FromSeconds(7) });
        var held = await watch.UserEventAsync("CallCrmHold");

        (await second.EndAsync()).Should().Be(0);

        var row = await RowAsync(host, Guid.ParseExact(held["CallId"], "N"), r => r.Outcome is not null);
        row.Outcome.Should().Be("Abandoned");
        // As long as they were on the line: from the music on, and at most from the call on.
        double At(string what) => second.Steps.Single(s => s.What == what).AtSeconds;
        row.Wait_s.Should().BeInRange((int)(At("hung-up") - At("answered")) - 1, (int)Math.Ceiling(At("hung-up") - At("invite")));
        row.Talk_s.Should().Be(0);
    }

    [LabFact]
    public async Task A_withheld_number_shows_no_number_and_makes_no_card()
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var call = lab.Call(Plan with { From = "+393471113007", Withheld = true });

        var pop = (await anna.NextAsync<PopEvent>()).Pop;

        pop.Caller.Kind.Should().Be("Withheld");
        pop.Caller.Number.Should().BeNull();
        pop.Card.Should().BeNull();
        await call.EndAsync();
    }

    [LabFact]
    public async Task A_number_that_called_before_finds_its_card()
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        var plan = Plan with { From = "+393471113008", Talk = TimeSpan.FromSeconds(2) };
        await using (var first = lab.Call(plan))
            await first.EndAsync();
        var before = (await anna.NextAsync<PopEvent>()).Pop;
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        await anna.CommandAsync("ready");

        await using var second = lab.Call(plan);

        var pop = (await anna.NextAsync<PopEvent>(e => e.Pop.CallId != before.CallId)).Pop;
        pop.Card.Should().NotBeNull();
        pop.Lookup.Should().Be("Known");
        await second.EndAsync();
    }

    [LabFact]
    public async Task Transfer_codes_from_the_trunk_reach_nobody()
    {
        var (lab, host) = await StartAsync();
        await using var ending = host;
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", ring: TimeSpan.FromMilliseconds(300));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { From = "+393471113009", Keys = "##,102,*2,102,*1,#", Talk = TimeSpan.FromSeconds(3) });

        (await call.EndAsync()).Should().Be(0);

        watch.Events.Count(e => e["Event"] == "DTMFEnd" && e["Direction"] == "Received").Should().BeGreaterThanOrEqualTo(13);
        watch.Events.Where(e => e["Event"] == "Newchannel").Select(e => e["Channel"].Split('-')[0]).Should().BeEquivalentTo("PJSIP/trunk", "PJSIP/101");
    }

    async Task<(AsteriskLab Lab, CallCrmHost Host)> StartAsync()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        return (lab, await LabHost.StartAsync(postgres, lab));
    }

    /// <summary>The call's line in the log, as the manager sees it, once it fits.</summary>
    static async Task<CallRow> RowAsync(CallCrmHost host, Guid call, Func<CallRow, bool> fits)
    {
        await using var manager = await AgentPage.OpenAsync(host.Address, "manager", "demo");
        CallRow? row = null;
        for (var left = 100; left > 0; left--)
        {
            var list = await manager.Http.GetFromJsonAsync("api/calls?limit=20", ContractsJson.Default.ListPageCallRow);
            row = list!.Items.FirstOrDefault(r => r.Id == call);
            if (row is not null && fits(row))
                return row;
            await Task.Delay(150);
        }

        throw new TimeoutException($"The call log shows {row?.ToString() ?? "nothing"}");
    }
}
