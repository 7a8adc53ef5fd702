using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>The PBX's own mailboxes: who leaves a message there is in the list of missed calls, also when CallCrm was down.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Mailboxes(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    /// <summary>Nobody answers there, and the mailbox's tone comes at once.</summary>
    const string Direct = "+390294750145";
    const string Twice = "+393471112291", Silent = "+393471112292", Down = "+393471112293";

    static LabCallPlan Speaks(string from, double seconds) => new(Direct) { From = from, Talk = TimeSpan.FromSeconds(seconds) };

    [LabFact]
    public async Task Messages_left_in_a_mailbox_of_the_PBX_stand_in_the_list_with_their_own_sound()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        var inbox = Path.Combine(lab.VoicemailFolder, "default/145/INBOX");
        if (Directory.Exists(inbox)) Directory.Delete(inbox, recursive: true);
        await using var host = await LabHost.StartAsync(postgres, lab);
        Guid first;
        await using (var page = await AgentPage.OpenAsync(host.Address, "supervisor", "demo"))
        {
            // Two at once from one number, and one who hangs up at the tone.
            await using var brief = lab.Call(Speaks(Twice, 4));
            await using var lengthy = lab.Call(Speaks(Twice, 7));
            await using var silent = lab.Call(Speaks(Silent, 1));
            foreach (var call in new[] { brief, lengthy, silent }) (await call.EndAsync()).Should().Be(0);

            var row = await RowAsync(page, Twice, r => r is { Times: 2, Message.Status: "ready" });
            row.Should().BeEquivalentTo(new { Kind = "Voicemail", Message = new { Mailbox = "145@default", Phone = (string?)null } });
            first = row.Message!.Recording!.Value;
            var view = await page.Http.GetFromJsonAsync($"api/recordings/{first}", ContractsJson.Default.RecordingView);
            view!.Parts.Should().ContainSingle().Which.Kind.Should().Be("message");
            view.Client.Max().Should().BeGreaterThan(20, "the caller is heard");
            using (var sound = await page.Http.GetAsync($"api/recordings/{first}/audio")) sound.StatusCode.Should().Be(HttpStatusCode.OK);
            (await TextAsync(host, "select count(*) from missed_call where e164 = '" + Silent + "'")).Should().Be("0", "who left nothing came for no number of ours");
            // Each message with its own call: the longer call has the longer message.
            await Eventually.BeAsync(() => TextAsync(host, Sounds).GetAwaiter().GetResult() is "2|2", TimeSpan.FromSeconds(30), "both sounds");
            (await TextAsync(host, """
                select string_agg((round(extract(epoch from l.ended_at - l.started_at)) - round(r.duration_ms / 1000.0) between 0 and 2)::text, ' ')
                from call_message m join call_leg l on l.node = m.node and l.unique_id = m.unique_id join recording r on r.message_id = m.id
                """)).Should().Be("true true");
            Directory.GetFiles(inbox).Should().HaveCount(4, "the PBX's own files stay");

            // Heard by phone: the mailbox moves it.
            var old = Directory.CreateDirectory(Path.Combine(lab.VoicemailFolder, "default/145/Old")).FullName;
            foreach (var file in Directory.GetFiles(inbox)) File.Move(file, Path.Combine(old, Path.GetFileName(file)), overwrite: true);
            (await RowAsync(page, Twice, r => r.Message?.Phone == "heard")).ClosedAt.Should().BeNull("nobody called back");
        }

        await host.KillAsync();
        await using (var down = lab.Call(Speaks(Down, 4))) (await down.EndAsync()).Should().Be(0);
        await host.StartAgainAsync();
        await using var again = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        var missed = await RowAsync(again, Down, r => r.Message is { Status: "ready" });
        (missed.Kind, missed.Times).Should().Be(("Voicemail", 1));
        (await TextAsync(host, "select count(*) || ' ' || count(distinct call_id) from call_message")).Should().Be("3 3", "each once");
        Directory.Delete(Path.Combine(lab.VoicemailFolder, "default/145"), recursive: true);
    }

    const string Sounds = "select count(*) || '|' || count(distinct r.call_id) from recording r where r.message_id is not null and r.status = 'ready'";

    static async Task<string?> TextAsync(CallCrmHost host, string sql)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(host.Connection);
        await using var command = database.CreateCommand(sql);
        return (await command.ExecuteScalarAsync())?.ToString();
    }

    static async Task<MissedRow> RowAsync(AgentPage page, string number, Func<MissedRow, bool> fits)
    {
        MissedRow? last = null;
        for (var left = 450; left > 0; left--)
        {
            var rows = await page.Http.GetFromJsonAsync("api/missed", ContractsJson.Default.ListPageMissedRow);
            last = rows!.Items.FirstOrDefault(r => r.Caller.Number?.Replace(" ", "", StringComparison.Ordinal) == number);
            if (last is not null && fits(last)) return last;
            await Task.Delay(100);
        }

        throw new TimeoutException($"Not within 45 s; the row is {last}");
    }
}
