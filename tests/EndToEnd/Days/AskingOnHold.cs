using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using static CallCrm.EndToEnd.Days.DaySteps;

namespace CallCrm.EndToEnd.Days;

/// <summary>The client is on hold, and a colleague is asked: whom the agent speaks with next is never left with a phone that holds.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class AskingOnHold(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Remote = "update queue set wrap_up_s = 30; update device set can_answer = true, can_hold = true where extension = '101'";
    static readonly LabCallPlan s_plan = new(LabHost.Sales) { From = "+393471114060", Talk = TimeSpan.FromSeconds(90), Patience = TimeSpan.FromSeconds(60) };

    [LabFact]
    public async Task Asked_taken_back_asked_again_swapped_and_handed_over_from_hold()
    {
        var lab = await LabAsync();
        await GrantSystemAsync(lab, granted: true);
        try
        {
            await using var host = await LabHost.StartAsync(postgres, lab, Remote);
            await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "101", talk: TimeSpan.FromSeconds(120));
            await using var other = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(800), talk: TimeSpan.FromSeconds(120));
            await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
            await using var call = lab.Call(s_plan);
            var id = await LiftAsync(anna);
            await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");
            var lucas = (await MeAsync(luca)).UserId;

            // Asked from hold, and taken back: client and agent hear each other.
            await HoldAsync(anna, phone, id, times: 1);
            await AskAsync(anna, id, lucas);
            await TogetherAsync(lab, "PJSIP/101", "PJSIP/102");
            Holds(phone).Should().BeFalse("the colleague is heard");
            await DoAsync(anna, "cancel_transfer", id);
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step is "Cancelled");
            await TogetherAsync(lab, "PJSIP/101", "PJSIP/trunk");

            // Asked again from hold; the colleague is held while the client is spoken with, and the client while the colleague is.
            await HoldAsync(anna, phone, id, times: 2);
            await AskAsync(anna, id, lucas);
            await HoldAsync(anna, phone, id, times: 3);
            await DoAsync(anna, "swap", id);
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step is "WithClient");
            await TogetherAsync(lab, "PJSIP/101", "PJSIP/trunk");
            await HeardAsync(anna, phone, "the client is spoken with");
            await HoldAsync(anna, phone, id, times: 4);
            await DoAsync(anna, "swap", id);
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step is "Consulting");
            await TogetherAsync(lab, "PJSIP/101", "PJSIP/102");
            await HeardAsync(anna, phone, "the colleague is spoken with");

            // Handed over while this agent holds: it is the others' talk now.
            await HoldAsync(anna, phone, id, times: 5);
            await DoAsync(anna, "complete_transfer", id);
            await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
            await TogetherAsync(lab, "PJSIP/102", "PJSIP/trunk");
            (await lab.ChannelsAsync()).Should().HaveCount(2);
            (await luca.NextAsync<CallEvent>(e => e.Call.CallId == id && e.Call.State == "Talking" && e.Call.Transfer is null or { Step: "Done" })).Call.HeldSince.Should().BeNull();
            await WrapUpAsync(anna, id);
            await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
            (await luca.CommandAsync("hang_up", id)).Accepted.Should().BeTrue();
            (await call.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped");
            await luca.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
            await WrapUpAsync(luca, id);
        }
        finally
        {
            await GrantSystemAsync(lab, granted: false);
        }
    }

    [LabFact]
    public async Task A_client_on_hold_while_the_host_is_restarted_is_taken_back_by_the_page()
    {
        var lab = await LabAsync();
        await GrantSystemAsync(lab, granted: true);
        try
        {
            await using var host = await LabHost.StartAsync(postgres, lab, Remote);
            await using var phone = await lab.PhoneAsync(LabPhoneKind.Remote, "101", talk: TimeSpan.FromSeconds(120));
            LabCall call;
            Guid id;
            await using (var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101"))
            {
                call = lab.Call(s_plan);
                id = await LiftAsync(anna);
                await HoldAsync(anna, phone, id, times: 1);
                await host.KillAsync();
            }

            await using var over = call;
            await host.StartAgainAsync();
            await Eventually.BeAsync(() => host.Output.Split("snapshot with").Length > 2, TimeSpan.FromSeconds(20), "the new router's snapshot");
            await using var again = await AgentPage.OpenAsync(host.Address, "anna", "demo");
            again.Desk!.Call.Should().Match<LiveCallView>(c => c.CallId == id && c.HeldSince != null);
            await DoAsync(again, "resume", id);
            await again.NextAsync<CallEvent>(e => e.Call.HeldSince is null);
            Holds(phone).Should().BeFalse();
            await DoAsync(again, "hang_up", id);
            (await call.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped");
        }
        finally
        {
            await GrantSystemAsync(lab, granted: false);
        }
    }

    static async Task<Guid> LiftAsync(AgentPage page)
    {
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        (pop.CanAnswer, pop.CanHold).Should().Be((true, true));
        await page.NextAsync<OfferEvent>(e => e.Ringing);
        await DoAsync(page, "answer", pop.CallId);
        await page.NextAsync<CallEvent>(e => e.Call.State == "Talking");
        return pop.CallId;
    }

    static async Task HoldAsync(AgentPage page, LabPhone phone, Guid call, int times)
    {
        await DoAsync(page, "hold", call);
        await phone.StepAsync("notify-hold", index: times - 1);
        await page.NextAsync<CallEvent>(e => e.Call.HeldSince is not null);
    }

    static async Task AskAsync(AgentPage page, Guid call, Guid colleague)
    {
        (await page.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", call, ToAgent: colleague))).Should().BeEquivalentTo(new { Accepted = true });
        await page.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Ringing");
        await page.NextAsync<CallEvent>(e => e.Call is { Transfer.Step: "Consulting", HeldSince: null });
    }

    static async Task DoAsync(AgentPage page, string kind, Guid call) => (await page.CommandAsync(kind, call)).Should().BeEquivalentTo(new { Accepted = true }, kind);

    /// <summary>What the phone was told last.</summary>
    static bool Holds(LabPhone phone) => phone.Steps.Last(s => s.What.StartsWith("notify-", StringComparison.Ordinal)).What == "notify-hold";

    static async Task HeardAsync(AgentPage page, LabPhone phone, string why)
    {
        await Eventually.BeAsync(() => !Holds(phone), TimeSpan.FromSeconds(5), $"the phone not to hold any more: {why}");
        await Eventually.BeAsync(() => page.Seen.OfType<CallEvent>().Last().Call.HeldSince is null, TimeSpan.FromSeconds(5), $"the page to show no hold: {why}");
    }

    /// <summary>These two share a bridge that nobody else is in.</summary>
    static Task TogetherAsync(AsteriskLab lab, string first, string second) => Eventually.BeAsync(
        () => lab.SnapshotAsync().GetAwaiter().GetResult().Where(c => c.Bridge.Length > 0).GroupBy(c => c.Bridge).Any(b => b.Select(c => c.Device).Order().SequenceEqual(new[] { first, second }.Order())),
        TimeSpan.FromSeconds(8), $"{first} and {second} together");
}
