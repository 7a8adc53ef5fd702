using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.Ami;

public sealed class AmiLoginTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_logs_in_before_anything_else_and_says_who_the_pbx_is(bool md5)
    {
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(With(server, md5));

        var connected = await client.NextAsync<AmiConnected>();

        connected.Should().BeEquivalentTo(new
        {
            SessionNumber = 1,
            Banner = "Asterisk Call Manager/11.0.0",
            SystemName = "pbx-1",
            AsteriskVersion = "22.10.1",
            FullyBooted = true,
            Uptime = (TimeSpan?)TimeSpan.FromSeconds(1234),
        });
        var session = await server.NextLoginAsync();
        session.Actions.Select(a => a.Name).Take(md5 ? 4 : 3).Should().Equal(
            md5 ? ["Challenge", "Login", "Filter", "CoreSettings"] : ["Login", "Filter", "CoreSettings"]);
        session.Actions.First(a => a.Name == "Login")["Secret"].Should().Be(md5 ? null : "lab");
        client.Client.Status.State.Should().Be(AmiState.LoggedIn);
    }

    [Fact]
    public async Task Who_is_told_of_the_login_can_send_at_once()
    {
        await using var server = new AmiTestServer();
        var client = new AmiClient(With(server, md5: true));
        var answer = new TaskCompletionSource<Task<AmiResponse>>();
        client.StatusChanged = status =>
        {
            if (status.State == AmiState.LoggedIn)
                answer.SetResult(client.SendAsync(new AmiAction("Ping"), default));
        };
        using var stop = new CancellationTokenSource();
        var running = client.RunAsync(stop.Token);

        (await await answer.Task.WaitAsync(TimeSpan.FromSeconds(10))).Outcome.Should().Be(AmiOutcome.Success);

        await stop.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Refused_login_is_named_and_tried_again(bool md5)
    {
        await using var server = new AmiTestServer { Secret = "another" };
        await using var client = new RunningAmiClient(With(server, md5));

        var refused = await client.StatusAsync(s => s.State == AmiState.LoginRefused);

        refused.Reason.Should().Be(AmiLostReason.LoginRefused);
        refused.Detail.Should().Contain("Authentication failed");
        server.Secret = "lab";
        (await client.NextAsync<AmiConnected>()).SessionNumber.Should().Be(1);
    }

    [Fact]
    public async Task Self_signed_certificate_is_accepted_by_its_fingerprint()
    {
        await using var server = new AmiTestServer { Certificate = AmiTestServer.SelfSigned() };
        await using var client = new RunningAmiClient(WithTls(server, server.Certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256)));

        await client.NextAsync<AmiConnected>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("00:11:22")]
    public async Task Unknown_certificate_is_refused(string fingerprint)
    {
        await using var server = new AmiTestServer { Certificate = AmiTestServer.SelfSigned() };
        await using var client = new RunningAmiClient(WithTls(server, fingerprint));

        (await client.StatusAsync(s => s.Reason is not null)).Reason.Should().Be(AmiLostReason.TlsFailed);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    public async Task Another_service_on_the_port_is_named(string greeting)
    {
        await using var server = new AmiTestServer { Banner = greeting };
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server));

        (await client.StatusAsync(s => s.Reason is not null)).Reason.Should().Be(AmiLostReason.NotAmi);
    }

    [Fact]
    public async Task Nobody_listening_is_a_failed_connection()
    {
        var options = new AmiClientOptions { Port = 1, User = "u", MaxBackOff = TimeSpan.FromMilliseconds(20), FirstBackOff = TimeSpan.FromMilliseconds(1) };
        await using var client = new RunningAmiClient(options);

        (await client.StatusAsync(s => s.Reason is not null)).Reason.Should().Be(AmiLostReason.ConnectFailed);
    }

    [Fact]
    public async Task Pbx_that_says_later_that_it_is_booted_is_announced_again()
    {
        await using var server = new AmiTestServer { FullyBooted = null };
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server, bootWait: TimeSpan.FromMilliseconds(100)));

        (await client.NextAsync<AmiConnected>()).FullyBooted.Should().BeFalse();
        var session = await server.NextLoginAsync();
        await session.SendAsync("Event: FullyBooted\r\nUptime: 7\r\n\r\n");
        var again = await client.NextAsync<AmiConnected>();

        again.Should().BeEquivalentTo(new { SessionNumber = 1, FullyBooted = true, Uptime = (TimeSpan?)TimeSpan.FromSeconds(7) });
    }

    [Fact]
    public async Task Refused_filter_does_not_matter()
    {
        await using var server = new AmiTestServer();
        server.OnAction = async (session, action) =>
        {
            if (action.Name is not ("Filter" or "CoreSettings"))
                return false;
            await session.RespondAsync(action, "Error", "Message: Permission denied\r\n");
            return true;
        };
        await using var client = new RunningAmiClient(With(server, md5: false));

        (await client.NextAsync<AmiConnected>()).SystemName.Should().BeEmpty();
    }

    static AmiClientOptions With(AmiTestServer server, bool md5) => new()
    {
        Host = "127.0.0.1",
        Port = server.Port,
        User = "callcrm",
        Secret = "lab",
        Md5Challenge = md5,
        ServerFilters = ["!Event: RTCPSent"],
        FirstBackOff = TimeSpan.FromMilliseconds(10),
        MaxBackOff = TimeSpan.FromMilliseconds(50),
    };

    static AmiClientOptions WithTls(AmiTestServer server, string fingerprint) => new()
    {
        Host = "localhost",
        Port = server.Port,
        User = "callcrm",
        Secret = "lab",
        Tls = true,
        TlsFingerprint = fingerprint,
    };
}
