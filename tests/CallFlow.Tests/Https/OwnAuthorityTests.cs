using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CallCrm.CallFlow.Https;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow.Tests.Https;

/// <summary>The authority of an installation: good for its own names, and for nothing else.</summary>
public sealed class OwnAuthorityTests : IDisposable
{
    readonly string _data = Directory.CreateTempSubdirectory("callcrm-tls").FullName;
    readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    OwnAuthority Own => new(_data);

    public void Dispose() => Directory.Delete(_data, recursive: true);

    async Task<(int Code, string Output, string Errors)> RunAsync(params string[] args)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["CallCrm:DataFolder"] = _data }).Build();
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await CertificateCommand.RunAsync(["certificate", .. args], configuration, TimeProvider.System, output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    /// <summary>As a browser that trusts the authority, and nothing else, sees it.</summary>
    bool Trusts(X509Certificate2 certificate)
    {
        using var root = Own.Authority();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    [Fact]
    public async Task The_command_makes_a_certificate_for_the_names_and_says_how_each_system_comes_to_trust_it()
    {
        var (code, output, errors) = await RunAsync("CallCenter.example.com", "10.0.0.9");

        code.Should().Be(0, errors);
        using var server = ServerCertificate.Load(new CertificateFiles(Own.ServerFile, Own.ServerKeyFile, null, Own: true)).Leaf;
        Trusts(server).Should().BeTrue();
        server.MatchesHostname("callcenter.example.com").Should().BeTrue();
        server.MatchesHostname("10.0.0.9").Should().BeTrue();
        server.MatchesHostname("localhost").Should().BeTrue();
        server.MatchesHostname("other.example.com").Should().BeFalse();
        (new DateTimeOffset(server.NotAfter) - _now).TotalDays.Should().BeInRange(396, 398, "browsers take no longer ones than 398 days");
        using var root = Own.Authority();
        output.Should().Contain(string.Join(':', root.GetCertHash(HashAlgorithmName.SHA256).Select(b => b.ToString("X2", CultureInfo.InvariantCulture))))
            .And.Contain("Windows").And.Contain("macOS").And.Contain("Firefox").And.Contain("Debian").And.Contain("Android").And.Contain("iPhone").And.Contain("https://callcenter.example.com/");
        if (!OperatingSystem.IsWindows())
        {
            foreach (var key in new[] { "ca.key", "server.key" })
                File.GetUnixFileMode(Path.Combine(Own.Folder, key)).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite, key);
        }
    }

    [Theory]
    [InlineData("bank.example.net")]
    [InlineData("192.168.7.7")]
    [InlineData("2001:db8::7")]
    public void Whoever_steals_its_key_cannot_speak_for_another_name(string other)
    {
        Own.MakeAuthority(OwnAuthority.Read(["callcenter.example.com"], out _)!, _now);

        // As the thief would: the other name is written into the server's certificate all the same.
        Own.MakeServer([other], _now);

        using var server = X509CertificateLoader.LoadCertificateFromFile(Own.ServerFile);
        server.MatchesHostname(other).Should().BeTrue();
        Trusts(server).Should().BeFalse();
    }

    [Fact]
    public async Task A_renewal_keeps_the_authority_and_another_name_needs_a_new_one_that_is_asked_for()
    {
        await RunAsync("callcenter.example.com");
        var (authority, server) = (File.ReadAllText(Own.AuthorityFile), File.ReadAllText(Own.ServerFile));

        (await RunAsync("--renew")).Code.Should().Be(0);
        File.ReadAllText(Own.AuthorityFile).Should().Be(authority);
        File.ReadAllText(Own.ServerFile).Should().NotBe(server);
        Own.Names().Should().BeEquivalentTo("callcenter.example.com", "localhost", "127.0.0.1");

        server = File.ReadAllText(Own.ServerFile);
        var (code, _, errors) = await RunAsync("callcenter.example.com", "crm.example.com");
        code.Should().Be(1);
        errors.Should().Contain("--new-authority callcenter.example.com crm.example.com");
        File.ReadAllText(Own.ServerFile).Should().Be(server);

        (await RunAsync("--new-authority", "callcenter.example.com", "crm.example.com")).Code.Should().Be(0);
        File.ReadAllText(Own.AuthorityFile).Should().NotBe(authority);
        using var renewed = X509CertificateLoader.LoadCertificateFromFile(Own.ServerFile);
        Trusts(renewed).Should().BeTrue();
    }

    [Theory]
    [InlineData(64, "Usage")]
    [InlineData(64, "Usage", "--what", "a.example")]
    [InlineData(1, "'https://a.example' is neither a host name nor an address", "https://a.example")]
    [InlineData(1, "'a b' is neither", "a b")]
    [InlineData(1, "'*.example.com' is neither", "*.example.com")]
    [InlineData(1, "nothing to renew", "--renew")]
    public async Task What_cannot_be_is_said_and_nothing_is_made(int expected, string message, params string[] args)
    {
        var (code, _, errors) = await RunAsync(args);

        code.Should().Be(expected);
        errors.Should().Contain(message);
        Directory.Exists(Own.Folder).Should().BeFalse();
    }

    [Fact]
    public void A_certificate_that_cannot_be_used_names_its_file()
    {
        Own.MakeAuthority(OwnAuthority.Read(["a.example"], out _)!, _now);
        Own.MakeServer(["a.example"], _now);
        var (pfx, plain) = (Path.Combine(_data, "server.pfx"), Path.Combine(_data, "plain.pem"));
        using var pair = X509Certificate2.CreateFromPemFile(Own.ServerFile, Own.ServerKeyFile);
        File.WriteAllBytes(pfx, pair.ExportPkcs12(Pkcs12ExportPbeParameters.Pbes2Aes256Sha256, "secret"));
        File.WriteAllText(plain, "nothing of that kind");

        ServerCertificate.Load(new CertificateFiles(pfx, pfx, "secret", Own: false)).Leaf.HasPrivateKey.Should().BeTrue();
        Loading(pfx, pfx, "wrong").Should().Throw<CertificateException>().WithMessage($"{pfx} cannot be used*");
        Loading(Own.ServerFile, Path.Combine(Own.Folder, "ca.key")).Should().Throw<CertificateException>().WithMessage($"{Own.ServerFile} with the key *ca.key cannot be used*");
        Loading(plain, plain).Should().Throw<CertificateException>().WithMessage($"{plain} cannot be used*");
        Loading(plain + ".gone", plain).Should().Throw<CertificateException>().WithMessage("*plain.pem.gone*");

        static Action Loading(string file, string key, string? password = null) => () => ServerCertificate.Load(new CertificateFiles(file, key, password, Own: false));
    }
}
