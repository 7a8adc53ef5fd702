using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using static CallCrm.EndToEnd.Days.DaySteps;

namespace CallCrm.EndToEnd.Days;

/// <summary>What agents, their supervisor and the admin do in a day, on real phones.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class AgentsDay(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly LabCallPlan Plan = new(LabHost.Sales) { From = "+393471114000", Talk = TimeSpan.FromSeconds(60), Patience = TimeSpan.FromSeconds(60) };
    static readonly TimeSpan s_ring = TimeSpan.FromMilliseconds(400), s_talk = TimeSpan.FromSeconds(120);

    [LabFact]
    public async Task A_pause_and_a_sign_out_wait_for_the_call_and_its_wrap_up_which_runs_out_into_the_unfinished()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 3");
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");

        Guid first;
        await using (var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(3) }))
        {
            first = await TalkingAsync(anna);
            (await anna.CommandAsync("pause", reason: "lunch")).Accepted.Should().BeTrue();
            (await call.EndAsync()).Should().Be(0, "a pause that was asked for in the call waits for its end");
        }

        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        await anna.NextAsync<MyStateEvent>(e => e.State is { State: "Paused", Reason: "lunch" });
        (await UnfinishedAsync(anna)).Should().Contain(first);

        (await anna.CommandAsync("ready")).Accepted.Should().BeTrue();
        await using (var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(3) }))
        {
            await TalkingAsync(anna);
            (await anna.CommandAsync("sign_out_after")).Accepted.Should().BeTrue();
            await call.EndAsync();
        }

        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "SignedOut");
        await WrapUpAsync(anna, first);
        (await UnfinishedAsync(anna)).Should().NotContain(first);
    }

    [LabFact]
    public async Task Who_gives_up_while_it_rings_leaves_nothing_to_wrap_up_and_a_missed_call_that_ends_when_they_are_reached()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using (await lab.PhoneAsync(LabPhoneKind.Silent, "101"))
        {
            await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
            Guid missed;
            await using (var call = lab.Call(Plan with { Patience = TimeSpan.FromSeconds(7) }))
            {
                missed = (await anna.NextAsync<PopEvent>()).Pop.CallId;
                await call.EndAsync();
            }

            await anna.NextAsync<OfferEvent>(e => e is { Outcome: not null, AnsweredBy: null });
            await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
            anna.Seen.OfType<MyStateEvent>().Should().NotContain(e => e.State.State == "WrapUp");
            (await UnfinishedAsync(anna)).Should().NotContain(missed);
            (await MissedAsync(anna, Plan.From)).Kind.Should().Be("Abandoned");
            await anna.CommandAsync("sign_out");
        }

        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", s_ring, s_talk);
        await using var back = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using (await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", s_ring, TimeSpan.FromSeconds(4)))
        {
            (await back.DialAsync(Plan.From)).Accepted.Should().BeTrue();
            await back.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp", TimeSpan.FromSeconds(30));
        }

        await Eventually.BeAsync(() => OpenMissedAsync(back).GetAwaiter().GetResult().All(r => Number(r.Caller) != Plan.From), TimeSpan.FromSeconds(15), "the missed call to be closed by itself");
    }

    [LabFact]
    public async Task Who_calls_outside_the_hours_and_who_calls_a_dead_host_stand_in_the_list_of_missed_calls()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, """update queue set hours = '{}', when_closed = '{"kind":"reject","target":""}' where name = 'Billing'""");
        await using var page = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        await using (var call = lab.Call(Plan with { To = "+390294750003", From = "+393471114001" }))
            await call.StepAsync("refused");
        (await MissedAsync(page, "+393471114001")).Kind.Should().Be("Closed");

        await host.KillAsync();
        await using (var call = lab.Call(Plan with { From = "+393471114002", Talk = TimeSpan.FromSeconds(2) }))
            await call.EndAsync();
        await host.StartAgainAsync();
        await using var again = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        (await MissedAsync(again, "+393471114002")).Kind.Should().Be("Down");
    }

    [LabFact]
    public async Task A_supervisor_sets_the_state_ends_the_call_and_signs_the_agent_out()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        var who = (await MeAsync(anna)).UserId;
        await SuperviseAsync(supervisor, who, "pause");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Paused");
        await SuperviseAsync(supervisor, who, "ready");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");

        await using var call = lab.Call(Plan);
        var talk = await TalkingAsync(anna);
        using (var ended = await supervisor.Http.PostAsJsonAsync($"api/calls/{talk}/end", new CallEnd(Guid.CreateVersion7()), ContractsJson.Default.CallEnd))
            (await ended.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Accepted.Should().BeTrue();
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        (await call.EndAsync(TimeSpan.FromSeconds(10))).Should().Be(0);
        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(10), "the end of all channels");

        await SuperviseAsync(supervisor, who, "sign_out");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "SignedOut");
        using var refused = await anna.Http.PostAsJsonAsync($"api/agents/{who}/commands", new SuperviseRequest(Guid.CreateVersion7(), "ready"), ContractsJson.Default.SuperviseRequest);
        refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [LabFact]
    public async Task Who_is_deactivated_in_a_call_is_out_of_the_page_at_once_the_caller_talks_on_and_the_next_comes_to_another()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(12) });
        await TalkingAsync(anna);

        await using var admin = await AgentPage.OpenAsync(host.Address, "admin", "demo");
        var user = (await admin.Http.GetFromJsonAsync("api/admin", ContractsJson.Default.AdminView))!.Users.Single(u => u.Login == "anna");
        using (var left = await admin.Http.PostAsJsonAsync($"api/admin/users/{user.Id}/leave", new LeaveRequest(Guid.CreateVersion7(), user.Version), ContractsJson.Default.LeaveRequest))
            left.StatusCode.Should().Be(HttpStatusCode.OK, await left.Content.ReadAsStringAsync());
        await Eventually.BeAsync(() => anna.Http.GetAsync("api/session").GetAwaiter().GetResult().StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(10), "the session to end");
        (await lab.ChannelsAsync()).Should().HaveCount(2, "nobody is dropped");

        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");
        await using var next = lab.Call(Plan with { From = "+393471114003", Talk = TimeSpan.FromSeconds(2) });
        await TalkingAsync(luca);
        (await call.EndAsync(TimeSpan.FromSeconds(30))).Should().Be(0, "the first talk went to its end");
    }

    [LabFact]
    public async Task Of_two_who_want_the_same_place_at_once_one_is_heard_and_the_other_told()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo");
        await using var demo = await AgentPage.OpenAsync(host.Address, "demo", "demo");
        var holder = (await MeAsync(anna)).UserId;
        var answers = await Task.WhenAll(new[] { luca, demo }.Select(p => p.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "take_over", Node: lab.Node, Extension: "101", AgentId: holder))));
        answers.Should().ContainSingle(a => a.Accepted);
        answers.Single(a => !a.Accepted).Should().Match<CommandAnswer>(a => a.Reason == "extension_asked" && a.Who != null);

        var ask = (await anna.NextAsync<SeatEvent>(e => e.Outcome is null)).Ask;
        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "seat_allow", AskId: ask.AskId))).Accepted.Should().BeTrue();
        var winner = answers[0].Accepted ? luca : demo;
        await winner.NextAsync<MyStateEvent>(e => e.State.Extension == "101");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "SignedOut");
        anna.Seen.OfType<SeatEvent>().Where(e => e.Outcome is null).Should().ContainSingle("one question at a time");

        await using var call = lab.Call(Plan);
        await winner.CommandAsync("ready");
        await TalkingAsync(winner);
    }

    [LabFact]
    public async Task A_client_is_handed_to_a_person_a_queue_and_a_number_and_a_question_is_taken_back()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 0");
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102,103", ring: TimeSpan.FromSeconds(2), talk: s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102", ready: false);
        await using var marta = await AgentPage.OpenAsync(host.Address, "marta", "demo", lab.Node, "103");
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(90) });
        var id = await TalkingAsync(anna);
        await luca.CommandAsync("ready");
        var catalog = await anna.Http.GetFromJsonAsync("api/catalog", ContractsJson.Default.CatalogView);

        // A question that is taken back while the colleague's phone rings: they are together again.
        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", id, ToAgent: (await MeAsync(luca)).UserId))).Accepted.Should().BeTrue();
        await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Ringing");
        (await anna.CommandAsync("cancel_transfer", id)).Accepted.Should().BeTrue();
        await anna.NextAsync<CallEvent>(e => e.Call.Transfer?.Step is "Cancelled" or null);
        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 2, TimeSpan.FromSeconds(10), "client and agent alone");

        // At once to a person, …
        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", id, ToAgent: (await MeAsync(luca)).UserId))).Accepted.Should().BeTrue();
        (await luca.NextAsync<PopEvent>(e => e.Pop.CallId == id)).Pop.Transfer!.From.Should().Be("Anna Bianchi");
        await luca.NextAsync<CallEvent>(e => e.Call.CallId == id && e.Call.State == "Talking");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");

        // … to a queue, …
        (await luca.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", id, ToQueue: catalog!.Queues.Single(q => q.Name == "Support").Id))).Accepted.Should().BeTrue();
        (await marta.NextAsync<PopEvent>(e => e.Pop.CallId == id)).Pop.QueueName.Should().Be("Support");
        await marta.NextAsync<CallEvent>(e => e.Call.CallId == id && e.Call.State == "Talking");
        await luca.NextAsync<MyStateEvent>(e => e.State.State == "Ready");

        // … and to a number outside.
        await using var outside = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", s_ring, TimeSpan.FromSeconds(5));
        (await marta.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", id, Number: "+390699998888"))).Accepted.Should().BeTrue();
        await outside.StepAsync("answered", TimeSpan.FromSeconds(15));
        await marta.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        (await call.EndAsync(TimeSpan.FromSeconds(60))).Should().Be(0, "the client was never dropped");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        await Eventually.BeAsync(() => supervisor.Http.GetFromJsonAsync($"api/calls/{id}", ContractsJson.Default.CallDetailView).GetAwaiter().GetResult() is { Call.State: "Ended" }, TimeSpan.FromSeconds(15), "the call to be over");
    }

    [LabFact]
    public async Task A_number_dialled_on_the_phones_own_keypad_opens_the_clients_card_and_is_written_up()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.SoftphoneAsync("101");
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        var client = (await anna.Http.GetFromJsonAsync("api/clients?limit=20", ContractsJson.Default.ListPageClientRow))!.Items.First(c => c.Phone is { } p && p.StartsWith("+39 3", StringComparison.Ordinal));
        await using var outside = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", s_ring, TimeSpan.FromSeconds(4));
        await phone.DialAsync(client.Phone!.Replace(" ", "", StringComparison.Ordinal));
        var call = (await anna.NextAsync<CallEvent>(e => e.Call.Direction == "Outbound")).Call.CallId;
        await anna.NextAsync<CardEvent>(e => e.CallId == call && e.Card?.Id == client.Id);
        await anna.NextAsync<CallEvent>(e => e.Call.State == "Talking");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp", TimeSpan.FromSeconds(20));
        await WrapUpAsync(anna, call);
    }

    [LabFact]
    public async Task The_pop_says_which_brand_was_called_and_how_to_greet()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "103", ring: TimeSpan.FromSeconds(2), talk: s_talk);
        await using var marta = await AgentPage.OpenAsync(host.Address, "marta", "demo", lab.Node, "103");
        await using var call = lab.Call(Plan with { To = "+390294750002", Talk = TimeSpan.FromSeconds(2) });
        (await marta.NextAsync<PopEvent>()).Pop.Should().BeEquivalentTo(new { NumberName = "Service line", Greeting = "Good day, customer service of CallCrm Demo.", QueueName = "Support" });
    }

    /// <summary>The call that comes to this page's agent, once they talk.</summary>
    static async Task<Guid> TalkingAsync(AgentPage page)
    {
        var pop = (await page.NextAsync<PopEvent>()).Pop;
        await page.NextAsync<CallEvent>(e => e.Call.CallId == pop.CallId && e.Call.State == "Talking");
        return pop.CallId;
    }

    static async Task<IEnumerable<Guid>> UnfinishedAsync(AgentPage page) =>
        (await page.Http.GetFromJsonAsync("api/wrap-ups/unfinished", ContractsJson.Default.UnfinishedView))!.Items.Select(i => i.CallId);

    static async Task<IReadOnlyList<MissedRow>> OpenMissedAsync(AgentPage page) => (await page.Http.GetFromJsonAsync("api/missed", ContractsJson.Default.ListPageMissedRow))!.Items;

    static Task<MissedRow> MissedAsync(AgentPage page, string number) => Eventually.GetAsync(
        () => OpenMissedAsync(page).GetAwaiter().GetResult().FirstOrDefault(r => Number(r.Caller) == number), TimeSpan.FromSeconds(45), $"a missed call of {number}");

    static string Number(CallerView caller) => (caller.Number ?? "").Replace(" ", "", StringComparison.Ordinal);

    static async Task SuperviseAsync(AgentPage supervisor, Guid agent, string kind)
    {
        using var answer = await supervisor.Http.PostAsJsonAsync($"api/agents/{agent}/commands", new SuperviseRequest(Guid.CreateVersion7(), kind), ContractsJson.Default.SuperviseRequest);
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer)).Should().Match<CommandAnswer>(a => a.Accepted);
    }
}
