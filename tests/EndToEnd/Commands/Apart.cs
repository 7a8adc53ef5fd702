using CallCrm.Contracts;
using CallCrm.DemoPbx;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Commands;

/// <summary>Router and pages' server as processes of their own: the one lives on while the other is gone.</summary>
[Trait("Category", "EndToEnd")]
public sealed class Apart(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [PostgresFact]
    public async Task Calls_go_on_while_the_pages_server_is_gone_and_nobody_is_away_when_it_comes_back()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync(),
            ["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-apart").FullName,
            ["Router:AgiPort"] = $"{Ports.Free()}",
            ["Pbx:0:Node"] = "pbx-1",
            ["Pbx:0:AmiPort"] = $"{Ports.Free()}",
            ["Pbx:0:User"] = "callcrm",
            ["Pbx:0:Secret"] = "s3cret",
            ["Pbx:0:TrunkEndpoints:0"] = "PJSIP/trunk",
        };
        await SeedAsync(settings);
        await using var pbx = new DemoPbxServer(new DemoPbxOptions
        {
            Node = "pbx-1",
            AmiPort = int.Parse(settings["Pbx:0:AmiPort"], System.Globalization.CultureInfo.InvariantCulture),
            AgiAddress = $"agi://127.0.0.1:{settings["Router:AgiPort"]}/route",
            AgiTimeout = TimeSpan.FromSeconds(30),
            Users = { new DemoAmiUser { Name = "callcrm", Secret = "s3cret" } },
            Phones = { new DemoPhoneOptions { Name = "PJSIP/101" }, new DemoPhoneOptions { Name = "PJSIP/102" } },
        });
        await pbx.StartAsync();
        await using var router = await CallCrmHost.StartAsync(settings, part: "CallRouter");
        await using var api = await CallCrmHost.StartAsync(settings, part: "CrmApi");
        await using var anna = await AgentPage.OpenAsync(api.Address, "anna", "demo", "pbx-1", "101");
        await using var luca = await AgentPage.OpenAsync(api.Address, "luca", "demo", "pbx-1", "102", ready: false);

        var first = pbx.PlaceCall(new DemoCaller("390212345670", Sales));
        var call = (await anna.NextAsync<PopEvent>()).Pop.CallId;
        await first.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        (await pbx.Phone("PJSIP/101").Answer()).Should().BeTrue();
        await anna.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        (await luca.CommandAsync("ready")).Accepted.Should().BeTrue();

        await api.KillAsync();
        var second = pbx.PlaceCall(new DemoCaller("390212345671", Sales));
        await second.Reached(DemoCallPlace.Ringing, "PJSIP/102").WaitAsync(s_soon);
        (await pbx.Phone("PJSIP/102").Answer()).Should().BeTrue();
        await second.Reached(DemoCallPlace.Talking, "PJSIP/102").WaitAsync(s_soon);

        await api.StartAgainAsync();
        await anna.ConnectAsync();
        await luca.ConnectAsync();
        (anna.Desk!.State.State, anna.Desk.Call!.CallId, anna.Desk.Call.State).Should().Be(("Talking", call, "Talking"));
        (luca.Desk!.State.State, luca.Desk.Call!.State).Should().Be(("Talking", "Talking"));
        pbx.FallbackCalls.Should().Be(0);

        (await anna.CommandAsync("hang_up", call)).Accepted.Should().BeTrue("the pages' server finds the router by the domain's row");
        await anna.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp", s_soon);
    }

    [Theory]
    [InlineData("CallRouter", "Router:InternalKey", "", "InternalKey")]
    [InlineData("CallRouter", "Router:PopLead", "00:00:30", "Router:PopLead: expected 00:00:00 to 00:00:01")]
    [InlineData("CallRouter", "Router:AgiAddress", "office", "Router:AgiAddress is 'office': expected an IP address")]
    [InlineData("CallRouter", "Pbx:0:Hst", "10.0.0.5", "Pbx:0:Hst: unknown key")]
    [InlineData("CrmApi", "Router:InternalKey", "", "Router:InternalKey")]
    [InlineData("Recorder", "Recorder:TranscodeTimeout", "soon", "Recorder:TranscodeTimeout is 'soon': expected a duration")]
    public async Task A_part_that_cannot_be_started_so_says_why(string part, string key, string value, string says)
    {
        var (code, output) = await CallCrmHost.RunPartAsync(part, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:CallCrm"] = "Host=127.0.0.1;Port=1",
            ["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-apart").FullName,
            ["Router:InternalKey"] = "a-key-for-tests-only",
            [key] = value,
        }, "--urls", "http://127.0.0.1:0");
        code.Should().Be(78, output);
        output.Should().Contain(says).And.NotContain("   at ");
    }

    const string Sales = "390294750001";

    /// <summary>The demo company, made by the all-in-one host, which is gone then.</summary>
    static async Task SeedAsync(Dictionary<string, string> settings)
    {
        await using var host = await CallCrmHost.StartAsync(new Dictionary<string, string>(settings, StringComparer.Ordinal)
        {
            ["Demo:Company"] = "true",
            ["Demo:Simulate"] = "false",
            ["Demo:Node"] = "pbx-1",
            ["Demo:Clients"] = "20",
            ["Demo:Days"] = "1",
        });
        await host.StopAsync();
    }
}
