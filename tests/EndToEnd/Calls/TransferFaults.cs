using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using static CallCrm.EndToEnd.Days.DaySteps;

namespace CallCrm.EndToEnd.Calls;

/// <summary>What may go wrong while a client is handed on: the target, the sender, the host itself.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class TransferFaults(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Outside = "+390699997755";
    static readonly LabCallPlan s_plan = new(LabHost.Sales) { From = "+393471114070", Talk = TimeSpan.FromSeconds(120), Patience = TimeSpan.FromSeconds(90) };
    static readonly TimeSpan s_ring = TimeSpan.FromMilliseconds(800), s_talk = TimeSpan.FromSeconds(180);

    [LabFact]
    public async Task A_host_that_is_killed_in_the_middle_of_a_consultation_loses_nobody()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 0");
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", s_ring, s_talk);
        await using var fallback = await lab.PhoneAsync(LabPhoneKind.Answer, "110", s_ring, s_talk);
        LabCall call;
        Guid id;
        await using (var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101"))
        {
            call = lab.Call(s_plan);
            id = await TalkingAsync(anna);
            await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", id, ToAgent: (await MeAsync(luca)).UserId))).Should().BeEquivalentTo(new { Accepted = true });
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Consulting", TimeSpan.FromSeconds(20));
            await host.KillAsync();
        }

        await using var over = call;
        await host.StartAgainAsync();
        // The desk is where it was: the client waits, the colleague is asked, and can be given the client.
        await using var first = await AgentPage.OpenAsync(host.Address, "anna", "demo");
        first.Desk!.Call.Should().Match<LiveCallView>(c => c.CallId == id && c.Transfer != null && c.Transfer.Step == "Consulting");
        await Eventually.BeAsync(() => host.Output.Split("snapshot with").Length > 2, TimeSpan.FromSeconds(20), "the new router's snapshot");
        (await first.CommandAsync("complete_transfer", id)).Should().BeEquivalentTo(new { Accepted = true });
        await Eventually.BeAsync(() => WithClient(lab) is ["PJSIP/102"], TimeSpan.FromSeconds(10), "client and colleague together");

        // Nobody is left hanging: who talks can end it, and everybody is ready again.
        await lab.CliAsync("channel request hangup all");
        (await call.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped before");
        foreach (var login in new[] { "anna", "luca" })
            await Eventually.BeAsync(() => StateAsync(host, login).GetAwaiter().GetResult() == "Ready", TimeSpan.FromSeconds(20), $"{login} to be ready again");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        await Eventually.BeAsync(() => supervisor.Http.GetFromJsonAsync($"api/calls/{id}", ContractsJson.Default.CallDetailView).GetAwaiter().GetResult() is { Call: { State: "Ended", Outcome: "Answered" } }, TimeSpan.FromSeconds(15), "the call to be over");
    }

    [LabFact]
    public async Task Handed_at_once_to_a_number_that_is_busy_or_nobody_answers_the_client_comes_back_also_when_the_sender_has_left()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 0");
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102", ready: false);
        await using var call = lab.Call(s_plan);
        var id = await TalkingAsync(anna);
        foreach (var (kind, reason) in new[] { (LabPhoneKind.Busy, "busy"), (LabPhoneKind.Decline, "unreachable") })
        {
            await using var outside = await lab.PhoneAsync(kind, "trunk");
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", id, Number: Outside))).Should().BeEquivalentTo(new { Accepted = true });
            var back = (await anna.NextAsync<PopEvent>(e => e.Pop.CallId == id, TimeSpan.FromSeconds(30))).Pop;
            back.Reason.Rule.Should().Be("TransferBack");
            back.Transfer!.Reason.Should().Be(reason);
            await anna.NextAsync<CallEvent>(e => e.Call.CallId == id && e.Call.State == "Talking");
            await Eventually.BeAsync(() => WithClient(lab) is ["PJSIP/101"], TimeSpan.FromSeconds(8), "client and sender together");
        }

        // The sender is gone when nobody takes it there: the next of the queue has the client.
        await using (await lab.PhoneAsync(LabPhoneKind.Decline, "trunk", ring: TimeSpan.FromSeconds(5)))
        {
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", id, Number: Outside))).Should().BeEquivalentTo(new { Accepted = true });
            await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
            (await anna.CommandAsync("sign_out")).Accepted.Should().BeTrue();
            (await luca.CommandAsync("ready")).Accepted.Should().BeTrue();
            await luca.NextAsync<PopEvent>(e => e.Pop.CallId == id, TimeSpan.FromSeconds(30));
            await luca.NextAsync<CallEvent>(e => e.Call.CallId == id && e.Call.State == "Talking");
        }

        (await luca.CommandAsync("hang_up", id)).Accepted.Should().BeTrue();
        (await call.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped before");
    }

    [LabFact]
    public async Task A_number_and_a_queue_are_asked_first_joined_and_handed_the_client()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 0");
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,103", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var marta = await AgentPage.OpenAsync(host.Address, "marta", "demo", lab.Node, "103");
        var support = (await anna.Http.GetFromJsonAsync("api/catalog", ContractsJson.Default.CatalogView))!.Queues.Single(q => q.Name == "Support").Id;
        await using var call = lab.Call(s_plan);
        var id = await TalkingAsync(anna);

        // A number outside: asked, all three together, and let go again.
        await using (await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", s_ring, s_talk))
        {
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", id, Number: Outside))).Should().BeEquivalentTo(new { Accepted = true });
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Consulting", TimeSpan.FromSeconds(20));
            (await anna.CommandAsync("join", id)).Accepted.Should().BeTrue();
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Together");
            await Eventually.BeAsync(() => WithClient(lab) is ["PJSIP/101", "PJSIP/trunk"], TimeSpan.FromSeconds(8), "three in one bridge");
            (await anna.CommandAsync("cancel_transfer", id)).Accepted.Should().BeTrue();
            await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step is "Cancelled");
            await Eventually.BeAsync(() => WithClient(lab) is ["PJSIP/101"], TimeSpan.FromSeconds(8), "client and agent alone");
        }

        // Whoever is free in a queue.
        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", id, ToQueue: support))).Should().BeEquivalentTo(new { Accepted = true });
        await marta.NextAsync<PopEvent>(e => e.Pop.CallId == id);
        await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Consulting", TimeSpan.FromSeconds(20));
        (await anna.CommandAsync("complete_transfer", id)).Accepted.Should().BeTrue();
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        await Eventually.BeAsync(() => WithClient(lab) is ["PJSIP/103"], TimeSpan.FromSeconds(8), "client and colleague together");
        (await marta.CommandAsync("hang_up", id)).Accepted.Should().BeTrue();
        (await call.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped before");
    }

    [LabFact]
    public async Task A_sender_who_is_signed_out_in_the_middle_of_a_consultation_drops_nobody_and_a_supervisor_ends_it_for_all()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 0");
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102,103", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        await using var call = lab.Call(s_plan);
        var id = await TalkingAsync(anna);
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");
        await using var marta = await AgentPage.OpenAsync(host.Address, "marta", "demo", lab.Node, "103");
        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", id, ToAgent: (await MeAsync(luca)).UserId))).Should().BeEquivalentTo(new { Accepted = true });
        await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Consulting", TimeSpan.FromSeconds(20));
        using (var answer = await supervisor.Http.PostAsJsonAsync($"api/agents/{(await MeAsync(anna)).UserId}/commands", new SuperviseRequest(Guid.CreateVersion7(), "sign_out"), ContractsJson.Default.SuperviseRequest))
            (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Accepted.Should().BeTrue();
        await Task.Delay(TimeSpan.FromSeconds(1));
        (await lab.ChannelsAsync()).Should().HaveCount(3, "the client, and the two who talk");

        // Who puts the phone down leaves the client to the colleague.
        var own = (await lab.ChannelsAsync()).Single(c => c.StartsWith("PJSIP/101-", StringComparison.Ordinal));
        await lab.CliAsync("channel request hangup " + own);
        await Eventually.BeAsync(() => WithClient(lab) is ["PJSIP/102"], TimeSpan.FromSeconds(10), "client and colleague together");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "SignedOut");

        // A stuck one, in the middle of the next consultation, is ended for all three.
        (await luca.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", id, ToAgent: (await MeAsync(marta)).UserId))).Should().BeEquivalentTo(new { Accepted = true });
        await luca.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Consulting", TimeSpan.FromSeconds(20));
        using (var ended = await supervisor.Http.PostAsJsonAsync($"api/calls/{id}/end", new CallEnd(Guid.CreateVersion7()), ContractsJson.Default.CallEnd))
            (await ended.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Accepted.Should().BeTrue();
        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(15), "the end of all channels");
        foreach (var page in new[] { luca, marta })
            await page.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
    }

    /// <summary>Who shares the client's bridge; the client is the trunk's oldest channel.</summary>
    static string[] WithClient(AsteriskLab lab)
    {
        var all = lab.SnapshotAsync().GetAwaiter().GetResult();
        var client = all.Where(c => c.Device == "PJSIP/trunk").MinBy(c => c.UniqueId, StringComparer.Ordinal);
        return client is null or { Bridge: "" } ? [] : [.. all.Where(c => c.Bridge == client.Bridge && c.Name != client.Name).Select(c => c.Device).Order(StringComparer.Ordinal)];
    }

    static async Task<Guid> TalkingAsync(AgentPage page)
    {
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        await page.NextAsync<CallEvent>(e => e.Call.CallId == pop.CallId && e.Call.State == "Talking");
        return pop.CallId;
    }

    static async Task<string?> StateAsync(CallCrmHost host, string login)
    {
        await using var page = await AgentPage.OpenAsync(host.Address, login, "demo");
        return page.Desk?.State.State;
    }
}
