using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using CallCrm.CallFlow.Https;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Https;

/// <summary>The published host with the certificate of its own authority, as <c>callcrm certificate</c> makes it.</summary>
[Trait("Category", "EndToEnd")]
public sealed class OverHttps(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task Whoever_trusts_the_authority_works_over_HTTPS_and_a_renewed_certificate_needs_no_restart()
    {
        var settings = DemoSite.Settings(await postgres.NewDatabaseAsync());
        var (code, output) = await CallCrmHost.RunAsync(settings, "certificate", "localhost");
        code.Should().Be(0, output);
        var own = new OwnAuthority(settings["CallCrm:DataFolder"]);
        using var authority = own.Authority();
        var port = Ports.Free();
        var https = new Uri($"https://localhost:{port}/");
        await using var host = await CallCrmHost.StartAsync(settings, moreUrls: $"https://127.0.0.1:{port}");

        await using (var page = await AgentPage.OpenAsync(https, "demo", "demo", "demo", "110", authority: authority))
            await page.NextAsync<PopEvent>(within: TimeSpan.FromSeconds(60));

        var first = await ShownAsync(https, authority);
        (await CallCrmHost.RunAsync(settings, "certificate", "--renew")).Code.Should().Be(0);
        await Eventually.BeAsync(() => host.Output.Contains("A new certificate for HTTPS is in use", StringComparison.Ordinal), TimeSpan.FromSeconds(30), "the renewed certificate to be taken");
        (await ShownAsync(https, authority)).Should().NotBe(first);
    }

    [PostgresFact]
    public async Task An_https_address_without_a_certificate_ends_the_start_and_says_what_to_do()
    {
        var settings = DemoSite.Settings("Host=127.0.0.1;Port=1;Database=none;Username=none");
        settings["Web:Urls"] = "https://0.0.0.0:443";
        var (code, output) = await CallCrmHost.RunAsync(settings);
        code.Should().Be(78, output);
        output.Should().Contain("Web:CertificateFile").And.Contain("callcrm certificate NAME").And.NotContain("   at ");
    }

    /// <summary>The certificate that a new connection is shown.</summary>
    static async Task<string> ShownAsync(Uri https, X509Certificate2 authority)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(https.Host, https.Port);
        await using var tls = new SslStream(tcp.GetStream());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = https.Host, CertificateChainPolicy = policy });
        return tls.RemoteCertificate!.GetCertHashString();
    }
}
