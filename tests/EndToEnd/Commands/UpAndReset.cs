using System.Globalization;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Commands;

/// <summary><c>./callcrm up</c> and <c>./callcrm reset</c>, the first commands a new user types.</summary>
[Trait("Category", "EndToEnd")]
public sealed class UpAndReset
{
    static readonly TimeSpan s_start = TimeSpan.FromSeconds(120);

    [PostgresFact]
    public async Task Up_prints_address_and_sign_ins_Ctrl_C_ends_it_the_data_stays_and_reset_deletes_it_after_asking()
    {
        var site = DemoSite.Settings(null);
        var data = site["CallCrm:DataFolder"];
        var port = Ports.Free().ToString(CultureInfo.InvariantCulture);
        site["Router:AgiPort"] = Ports.Free().ToString(CultureInfo.InvariantCulture);
        var address = new Uri($"http://127.0.0.1:{port}/");
        Guid client;
        await using (var up = CallCrmCommand.Start(site, "up", "--port", port))
        {
            await up.SaysAsync("Ctrl-C ends it", s_start);
            up.Output.Should().Contain($"CallCrm is ready: http://127.0.0.1:{port}").And.MatchRegex("Sign in: .*demo");
            client = (await ClientsAsync(address)).First().Id;
            await TakesAFirstCallAsync(address);

            // What is in use is neither started twice nor deleted.
            (await CallCrmCommand.RunAsync(site, "up", "--port", port)).Should().Match<(int Code, string Output)>(r => r.Code == 1 && r.Output.Contains("already running"));
            (await CallCrmCommand.RunAsync(site, "reset", "--yes")).Should().Match<(int Code, string Output)>(r => r.Code == 1 && r.Output.Contains("CallCrm is running on"));
            var elsewhere = DemoSite.Settings(null);
            (await CallCrmCommand.RunAsync(elsewhere, "up", "--port", port)).Should().Match<(int Code, string Output)>(r => r.Code == 1 && r.Output.Contains($"port {port} is in use"));

            (await up.CtrlCAsync()).Should().Be(0);
            up.Output.Should().Contain("Stopping");
        }

        File.Exists(Path.Combine(data, "postgres", "postmaster.pid")).Should().BeFalse("PostgreSQL was ended in order");
        (await File.ReadAllTextAsync(Path.Combine(data, "postgres", "server.log"))).TrimEnd().Should().EndWith("database system is shut down");

        // Once more, on the same data: no new company, no new sign-ins.
        await using (var again = CallCrmCommand.Start(site, "up", "--port", port))
        {
            await again.SaysAsync("Ctrl-C ends it", s_start);
            (await ClientsAsync(address)).Should().Contain(c => c.Id == client);
            (await again.CtrlCAsync()).Should().Be(0);
        }

        (await CallCrmCommand.RunAsync(site, "reset")).Should().Match<(int Code, string Output)>(r => r.Code == 1 && r.Output.Contains("reset --yes"), "nobody is there to be asked");
        (await CallCrmCommand.AnswerAsync(site, "no", "reset")).Should().Match<(int Code, string Output)>(r => r.Code == 1 && r.Output.Contains("Nothing deleted"));
        Directory.Exists(data).Should().BeTrue();
        (await CallCrmCommand.AnswerAsync(site, "yes", "reset")).Should().Match<(int Code, string Output)>(r => r.Code == 0 && r.Output.Contains($"Deleted {data}"));
        Directory.Exists(data).Should().BeFalse();
        (await CallCrmCommand.RunAsync(site, "reset")).Should().Match<(int Code, string Output)>(r => r.Code == 0 && r.Output.Contains("There is no data"));
    }

    [Theory]
    [InlineData("--port wants a number, not 'eighty'", "up", "--port", "eighty")]
    [InlineData("up does not know '--fast'", "up", "--fast")]
    [InlineData("reset does not know 'all'", "reset", "all")]
    [InlineData("Unknown command: upp", "upp")]
    [InlineData("--rate wants calls per minute (1 to 9999), not '0'", "lab", "--rate", "0")]
    [InlineData("--calls wants a number (0: without end), not 'many'", "lab", "--calls", "many")]
    public async Task What_a_command_does_not_understand_is_named(string error, params string[] args)
    {
        var (code, output) = await CallCrmCommand.RunAsync(DemoSite.Settings(null), args);
        code.Should().NotBe(0);
        output.Should().Contain(error);
    }

    [Fact]
    public async Task Reset_deletes_no_folder_that_no_host_has_made()
    {
        var site = DemoSite.Settings(null);
        await File.WriteAllTextAsync(Path.Combine(site["CallCrm:DataFolder"], "letter.txt"), "Dear");
        var (code, output) = await CallCrmCommand.RunAsync(site, "reset", "--yes");
        code.Should().Be(1);
        output.Should().Contain("does not look like a data folder");
        File.Exists(Path.Combine(site["CallCrm:DataFolder"], "letter.txt")).Should().BeTrue();
    }

    /// <summary>Whoever signs in at the browser and is ready need not wait for a call, whatever else the demo does.</summary>
    static async Task TakesAFirstCallAsync(Uri address)
    {
        await using var guest = await AgentPage.OpenAsync(address, "demo", "demo", "demo", "110");
        var offer = await guest.NextAsync<PopEvent>(within: TimeSpan.FromSeconds(20));
        await guest.NextAsync<OfferEvent>(o => o.OfferId == offer.Pop.OfferId && o.Ringing);
        (await guest.CommandAsync("answer", offer.Pop.CallId)).Accepted.Should().BeTrue("the demo's phone is answered from the page");
        await guest.NextAsync<MyStateEvent>(s => s.State.State == "Talking");
        (await guest.CommandAsync("hang_up", offer.Pop.CallId)).Accepted.Should().BeTrue();
        await guest.NextAsync<MyStateEvent>(s => s.State.State == "WrapUp");
        (await guest.CommandAsync("finish_wrap_up", offer.Pop.CallId)).Accepted.Should().BeTrue();
    }

    static async Task<IReadOnlyList<ClientRow>> ClientsAsync(Uri address)
    {
        await using var page = await AgentPage.OpenAsync(address, "manager", "demo");
        return (await page.Http.GetFromJsonAsync("api/clients", ContractsJson.Default.ListPageClientRow))!.Items;
    }
}
