using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>Calls between colleagues: no card, and a recording only when an administrator wants it.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class InternalCalls(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task They_are_recorded_once_it_is_switched_on_by_click_and_by_key_and_can_be_played()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(3));
        await using var keypad = await lab.SoftphoneAsync("103");
        await using var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using var luca = await AgentPage.OpenAsync(host.Address, "luca", "demo", lab.Node, "102");
        await using var marta = await AgentPage.OpenAsync(host.Address, "marta", "demo", lab.Node, "103");
        await using var admin = await AgentPage.OpenAsync(host.Address, "admin", "demo");

        var off = await ClickAsync(anna);
        await SwitchAsync(admin, new CallSetup(true, 0), host);
        var clicked = await ClickAsync(anna);
        var keyed = await KeyAsync(keypad, marta);

        foreach (var call in new[] { clicked, keyed })
        {
            var row = await Eventually.GetAsync(() => RowAsync(admin, call).GetAwaiter().GetResult() is { RecordingStatus: "ready" } ready ? ready : null, TimeSpan.FromSeconds(45), $"the recording of {call}");
            (row.Direction, row.ClientId).Should().Be(("Internal", null), "no card is made");
            // Who took part in the call may hear it, another agent does not see that it is there.
            var (mine, other) = call == clicked ? (anna, marta) : (marta, anna);
            (await PlayAsync(mine, row.RecordingId!.Value)).Should().Be(HttpStatusCode.OK);
            (await PlayAsync(luca, row.RecordingId.Value)).Should().Be(HttpStatusCode.OK, "the colleague was in it");
            (await PlayAsync(other, row.RecordingId.Value)).Should().Be(HttpStatusCode.NotFound);
            var recording = await admin.Http.GetFromJsonAsync($"api/recordings/{row.RecordingId}", ContractsJson.Default.RecordingView);
            recording!.Client.Max().Should().BeGreaterThan(20, "the called one is heard");
            recording.Agent.Max().Should().BeGreaterThan(20, "and who called");
        }

        (await RowAsync(admin, off)).Should().BeEquivalentTo(new { RecordingId = (Guid?)null, RecordingStatus = (string?)null }, "it was not recorded");
    }

    static async Task<Guid> ClickAsync(AgentPage page)
    {
        (await page.DialAsync("102")).Accepted.Should().BeTrue();
        var call = (await page.NextAsync<CallEvent>(e => e.Call.Direction == "Internal")).Call.CallId;
        await page.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        return call;
    }

    static async Task<Guid> KeyAsync(LabSoftphone keypad, AgentPage page)
    {
        await keypad.DialAsync("102");
        var call = (await page.NextAsync<CallEvent>(e => e.Call.Direction == "Internal")).Call.CallId;
        await page.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        return call;
    }

    static async Task SwitchAsync(AgentPage admin, CallSetup calls, CallCrmHost host)
    {
        var seen = host.Output.Split("Settings version").Length;
        using var answer = await admin.Http.PutAsJsonAsync("api/admin/calls", calls, ContractsJson.Default.CallSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        await Eventually.BeAsync(() => host.Output.Split("Settings version").Length > seen, TimeSpan.FromSeconds(10), "the setting to be in force");
    }

    static async Task<CallRow?> RowAsync(AgentPage page, Guid call) => (await page.Http.GetFromJsonAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView))?.Call;

    static async Task<HttpStatusCode> PlayAsync(AgentPage page, Guid recording)
    {
        using var sound = await page.Http.GetAsync($"api/recordings/{recording}/audio");
        return sound.StatusCode;
    }
}
