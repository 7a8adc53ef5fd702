using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using static CallCrm.EndToEnd.Days.DaySteps;

namespace CallCrm.EndToEnd.Days;

/// <summary>Calls that did not come in by us: made by the agent, or led by the PBX. They are kept or not as the site says, and handed on like any other.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class OtherCalls(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Unknown = "+390699997766", Group = "+390294750600";
    static readonly TimeSpan s_ring = TimeSpan.FromMilliseconds(400), s_talk = TimeSpan.FromSeconds(120);

    [LabFact]
    public async Task A_number_nobody_has_dialled_on_the_phone_is_work_and_where_the_site_calls_it_private_nothing_of_it_is_kept()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.SoftphoneAsync("101");
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var admin = await AgentPage.OpenAsync(host.Address, "admin", "demo");
        await using var outside = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", s_ring, TimeSpan.FromSeconds(4));

        var work = await KeyAsync(phone, anna);
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp", TimeSpan.FromSeconds(20));
        await WrapUpAsync(anna, work);
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        await Eventually.BeAsync(() => RowAsync(admin, work).GetAwaiter().GetResult().RecordingStatus == "ready", TimeSpan.FromSeconds(45), "the recording");

        var seen = host.Output.Split("Settings version").Length;
        using (var answer = await admin.Http.PutAsJsonAsync("api/admin/calls", new CallSetup(false, 0, UnknownPrivate: true), ContractsJson.Default.CallSetup))
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
        await Eventually.BeAsync(() => host.Output.Split("Settings version").Length > seen, TimeSpan.FromSeconds(10), "the setting to be in force");

        var before = Directory.GetFiles(lab.RecordingFolder);
        var own = await KeyAsync(phone, anna);
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready", TimeSpan.FromSeconds(20));
        await Eventually.BeAsync(() => RowAsync(admin, own).GetAwaiter().GetResult() is { State: "Ended", RecordingStatus: null, RecordingId: null }, TimeSpan.FromSeconds(30), "the recording to be gone");
        await Eventually.BeAsync(() => !Directory.GetFiles(lab.RecordingFolder).Except(before).Any(), TimeSpan.FromSeconds(15), "the PBX's files to be gone");
        anna.Seen.OfType<MyStateEvent>().Count(e => e.State.State == "WrapUp").Should().Be(1, "the private call has none");
        (await RowAsync(admin, work)).RecordingStatus.Should().Be("ready", "what is kept stays");
    }

    [LabFact]
    public async Task A_client_who_was_called_is_handed_to_a_colleague_at_once_and_after_asking()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, "update queue set wrap_up_s = 0");
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", s_ring, s_talk);
        await using var outside = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", s_ring, TimeSpan.FromSeconds(60));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");
        var (annas, lucas) = ((await MeAsync(anna)).UserId, (await MeAsync(luca)).UserId);

        (await anna.DialAsync(Unknown)).Accepted.Should().BeTrue();
        var call = (await anna.NextAsync<CallEvent>(e => e.Call is { Direction: "Outbound", State: "Talking" }, TimeSpan.FromSeconds(20))).Call.CallId;
        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", call, ToAgent: lucas))).Should().BeEquivalentTo(new { Accepted = true });
        (await luca.NextAsync<PopEvent>(e => e.Pop.CallId == call)).Pop.Transfer!.From.Should().Be("Anna Bianchi");
        await luca.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");

        // Back again, asked first.
        (await luca.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", call, ToAgent: annas))).Should().BeEquivalentTo(new { Accepted = true });
        await luca.NextAsync<CallEvent>(e => e.Call.Transfer?.Step == "Consulting", TimeSpan.FromSeconds(20));
        (await luca.CommandAsync("complete_transfer", call)).Accepted.Should().BeTrue();
        await luca.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 2, TimeSpan.FromSeconds(10), "the client and Anna alone");
        await anna.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");

        (await anna.CommandAsync("hang_up", call)).Accepted.Should().BeTrue();
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        var row = await Eventually.GetAsync(() => RowAsync(supervisor, call).GetAwaiter().GetResult() is { State: "Ended", RecordingStatus: "ready" } ended ? ended : null, TimeSpan.FromSeconds(45), "the end and the recording");
        (row.Direction, row.Outcome).Should().Be(("Outbound", "Answered"));
        var detail = await supervisor.Http.GetFromJsonAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView);
        detail!.Legs.Where(l => l.Talk_s > 0 || l.AgentName is not null).Select(l => l.AgentName).Distinct().Should().BeEquivalentTo("Anna Bianchi", "Luca Moretti");
    }

    [LabFact]
    public async Task A_call_that_the_PBX_led_to_an_agent_is_handed_on_from_the_desk()
    {
        var lab = await LabAsync();
        await using var site = await LabSite.StartAsync(lab, await postgres.NewDatabaseAsync(), 3);
        // Both ring in the group: the one is lifted long before the other.
        await using var first = await lab.PhoneAsync(LabPhoneKind.Answer, "102", s_ring, s_talk);
        await using var later = await lab.PhoneAsync(LabPhoneKind.Answer, "103", TimeSpan.FromSeconds(4), s_talk);
        await site.SitDownAsync(["102", "103"], ready: false);
        var (bruno, carla) = (site.Pages[0], site.Pages[1]);
        (await bruno.CommandAsync("ready")).Accepted.Should().BeTrue();
        await using var caller = lab.Call(new LabCallPlan(Group) { From = "+390288887771", Talk = TimeSpan.FromSeconds(60), Patience = TimeSpan.FromSeconds(60) });
        var call = (await bruno.NextAsync<PopEvent>()).Pop;
        call.Reason.Rule.Should().Be("Observed");
        var answered = await bruno.NextAsync<CallEvent>(e => e.Call.CallId == call.CallId && e.Call.State == "Talking", TimeSpan.FromSeconds(20));
        answered.Call.Routed.Should().BeFalse("the PBX led it here");
        (await carla.CommandAsync("ready")).Accepted.Should().BeTrue();
        (await bruno.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", call.CallId, ToAgent: (await MeAsync(carla)).UserId))).Should().BeEquivalentTo(new { Accepted = true });
        (await carla.NextAsync<PopEvent>(e => e.Pop.Transfer is not null)).Pop.CallId.Should().Be(call.CallId);
        await carla.NextAsync<CallEvent>(e => e.Call.CallId == call.CallId && e.Call.State == "Talking");
        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 2, TimeSpan.FromSeconds(10), "the client and the colleague alone");
        (await carla.CommandAsync("hang_up", call.CallId)).Accepted.Should().BeTrue();
        (await caller.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped before");
    }

    [LabFact]
    public async Task To_oneself_into_a_closed_or_a_full_queue_and_to_a_busy_number_nobody_is_handed_and_nobody_dropped()
    {
        var lab = await LabAsync();
        await using var host = await LabHost.StartAsync(postgres, lab, """
            update queue set wrap_up_s = 0;
            update queue set hours = '{}' where name = 'Billing';
            update queue set most_waiting = 1 where name = 'Support'
            """);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101,103", s_ring, s_talk);
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var marta = await AgentPage.OpenAsync(host.Address, "marta", "demo", lab.Node, "103", ready: false);
        var queues = (await anna.Http.GetFromJsonAsync("api/catalog", ContractsJson.Default.CatalogView))!.Queues;
        Guid Queue(string name) => queues.Single(q => q.Name == name).Id;

        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471114050", Talk = TimeSpan.FromSeconds(60), Patience = TimeSpan.FromSeconds(60) });
        var pop = (await anna.NextAsync<PopEvent>()).Pop.CallId;
        await anna.NextAsync<CallEvent>(e => e.Call.CallId == pop && e.Call.State == "Talking");
        await using var waiting = lab.Call(new LabCallPlan("+390294750002") { From = "+393471114051", Talk = TimeSpan.FromSeconds(3), Patience = TimeSpan.FromSeconds(90) });
        await waiting.StepAsync("answered", TimeSpan.FromSeconds(20));

        var annas = (await MeAsync(anna)).UserId;
        foreach (var kind in new[] { "transfer", "consult" })
        {
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), kind, pop, ToAgent: annas))).Should().BeEquivalentTo(new { Accepted = false, Reason = "to_oneself" });
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), kind, pop, Number: "101"))).Should().BeEquivalentTo(new { Accepted = false, Reason = "to_oneself" });
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), kind, pop, ToQueue: Queue("Billing")))).Should().BeEquivalentTo(new { Accepted = false, Reason = "queue_closed" });
        }

        (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "transfer", pop, ToQueue: Queue("Support")))).Should().BeEquivalentTo(new { Accepted = false, Reason = "queue_full" });
        (await lab.ChannelsAsync()).Should().HaveCount(3, "the client, Anna, and who waits");

        await using (await lab.PhoneAsync(LabPhoneKind.Busy, "trunk"))
        {
            (await anna.CommandAsync(new CommandRequest(Guid.CreateVersion7(), "consult", pop, Number: Unknown))).Accepted.Should().BeTrue();
            (await anna.NextAsync<CallEvent>(e => e.Call.Transfer is { Step: "Failed" }, TimeSpan.FromSeconds(20))).Call.Transfer!.Reason.Should().Be("busy");
        }

        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 3, TimeSpan.FromSeconds(15), "the client to be with Anna again");
        (await anna.CommandAsync("hang_up", pop)).Accepted.Should().BeTrue();
        (await call.EndAsync(TimeSpan.FromSeconds(20))).Should().Be(0, "the client was never dropped before");
        (await marta.CommandAsync("ready")).Accepted.Should().BeTrue();
        (await waiting.EndAsync(TimeSpan.FromSeconds(40))).Should().Be(0, "nor did who waited lose the place");
    }

    static async Task<Guid> KeyAsync(LabSoftphone phone, AgentPage page)
    {
        await phone.DialAsync(Unknown);
        var call = (await page.NextAsync<CallEvent>(e => e.Call is { Direction: "Outbound", State: "Talking" }, TimeSpan.FromSeconds(20))).Call.CallId;
        return call;
    }

    static async Task<CallRow> RowAsync(AgentPage page, Guid call) => (await page.Http.GetFromJsonAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView))!.Call;
}
