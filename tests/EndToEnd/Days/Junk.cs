using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>A caller nobody wants to speak with, on the real Asterisk.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Junk(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Caller = "+393471113901";

    static readonly LabCallPlan Plan = new(LabHost.Sales) { From = Caller, Talk = TimeSpan.FromSeconds(3) };

    [LabFact]
    public async Task Marked_while_it_rings_the_caller_hears_busy_and_so_does_the_next_call()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromSeconds(15));
        await using var other = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var call = lab.Call(Plan);
        var pop = (await anna.NextAsync<PopEvent>()).Pop;
        await anna.NextAsync<OfferEvent>(e => e.OfferId == pop.OfferId && e.Ringing);
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");

        var mark = new SpamMark(Guid.CreateVersion7(), AllQueues: false, EndCall: true, Guid.CreateVersion7());
        using var answer = await anna.Http.PostAsJsonAsync($"api/calls/{pop.CallId}/spam", mark, ContractsJson.Default.SpamMark);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.SpamMarked)).Should().BeEquivalentTo(new { Ended = true, CardHidden = true });

        await call.StepAsync("refused");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        await using var again = lab.Call(Plan);
        await again.StepAsync("refused");
        luca.Seen.OfType<PopEvent>().Should().BeEmpty("they ring at nobody");
        await using var friend = lab.Call(Plan with { From = "+393471113902" });
        await Eventually.BeAsync(() => anna.Seen.Concat(luca.Seen).OfType<PopEvent>().Any(e => e.Pop.Caller.Number?.EndsWith("3902", StringComparison.Ordinal) == true), TimeSpan.FromSeconds(15), "the next caller at whoever is least busy");
    }
}
