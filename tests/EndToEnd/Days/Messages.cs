using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>Nobody is there: the caller leaves a message, and who calls back hears it from the list.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Messages(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task A_message_stands_in_the_list_of_missed_calls_and_can_be_played()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112281", Talk = TimeSpan.FromSeconds(18) });
        await watch.UserEventAsync("CallCrmMessage", TimeSpan.FromSeconds(20));
        (await call.EndAsync()).Should().Be(0);

        await using var page = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        var row = await ReadyAsync(page);
        row.Kind.Should().Be("Voicemail");
        var recording = await page.Http.GetFromJsonAsync($"api/recordings/{row.Message!.Recording}", ContractsJson.Default.RecordingView);
        recording!.Parts.Should().Contain(p => p.Kind == "message" && p.To_ms - p.From_ms > 2000);
        recording.Client.Max().Should().BeGreaterThan(20, "the caller is heard");
        using var sound = await page.Http.GetAsync($"api/recordings/{row.Message.Recording}/audio");
        sound.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    static async Task<MissedRow> ReadyAsync(AgentPage page)
    {
        for (var left = 450; left > 0; left--)
        {
            var rows = await page.Http.GetFromJsonAsync("api/missed", ContractsJson.Default.ListPageMissedRow);
            if (rows!.Items.FirstOrDefault(r => r.Caller.Number?.Replace(" ", "", StringComparison.Ordinal) == "+393471112281") is { Message.Status: "ready" } row)
                return row;
            await Task.Delay(100);
        }

        throw new TimeoutException("No message within 45 s");
    }
}
