using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CallCrm.CallFlow;
using CallCrm.CallFlow.Https;
using CallCrm.Contracts;
using CallCrm.CrmApi.Https;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.CrmApi.Tests.Https;

/// <summary>HTTPS on real sockets: the certificate that is shown, before and after its file changes.</summary>
public sealed class CertificateWatchTests : IAsyncLifetime, IDisposable
{
    sealed class KeptLog : ILoggerProvider, ILogger
    {
        public List<string> Warnings { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
                lock (Warnings) Warnings.Add(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }

    readonly string _data = Directory.CreateTempSubdirectory("callcrm-https").FullName;
    readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    readonly KeptLog _log = new();
    WebApplication? _app;

    string CertificateFile => Path.Combine(_data, "cert.pem");

    string KeyFile => Path.Combine(_data, "key.pem");

    CertificateWatch Watch => _app!.Services.GetRequiredService<CertificateWatch>();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    async Task StartAsync(bool given = true)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = _data });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [WebHostDefaults.ServerUrlsKey] = "https://127.0.0.1:0",
            ["CallCrm:DataFolder"] = _data,
            ["Web:CertificateFile"] = given ? CertificateFile : null,
            ["Web:CertificateKeyFile"] = given ? KeyFile : null,
        });
        builder.Logging.ClearProviders().AddProvider(_log);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddHttps(builder.Configuration);
        _app = builder.Build();
        await _app.StartAsync();
    }

    /// <summary>A new certificate, as a renewal writes it, signed by an authority in between that no client knows.</summary>
    X509Certificate2 Renew(int days = 90)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var betweenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (from, to) = (_time.GetUtcNow().AddDays(-1), _time.GetUtcNow().AddDays(days));
        var rootRequest = Authority("Test root", rootKey);
        var root = rootRequest.CreateSelfSigned(from, to.AddDays(1));
        using var between = Authority("Test between", betweenKey).Create(root, from, to.AddDays(1), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(betweenKey);
        var request = new CertificateRequest("CN=a.example", leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("a.example");
        request.CertificateExtensions.Add(names.Build());
        using var leaf = request.Create(between, from, to, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(KeyFile, leafKey.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(CertificateFile, leaf.ExportCertificatePem() + "\n" + between.ExportCertificatePem());
        return root;

        static CertificateRequest Authority(string name, ECDsa key)
        {
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            return request;
        }
    }

    /// <summary>Whether a client that trusts this root alone takes what it is shown.</summary>
    async Task<bool> IsTakenAsync(X509Certificate2 root)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", new Uri(_app!.Urls.First(u => u.StartsWith("https", StringComparison.Ordinal))).Port);
        await using var tls = new SslStream(tcp.GetStream());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(root);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "a.example", CertificateChainPolicy = policy });
            return true;
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_renewed_file_is_served_with_its_chain_without_a_restart()
    {
        using var first = Renew();
        await StartAsync();
        (await IsTakenAsync(first)).Should().BeTrue("the chain is sent");

        using var second = Renew(30);
        (await IsTakenAsync(second)).Should().BeFalse();
        await TestKit.Eventually.BeAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            return (Watch.Current.ExpiresAt - _time.GetUtcNow()).TotalDays < 31;
        }, TimeSpan.FromSeconds(10), "the new file to be taken");
        (await IsTakenAsync(second)).Should().BeTrue();
        (await IsTakenAsync(first)).Should().BeFalse();
        Watch.Now().Should().Be(new CertificateView(Watch.Current.ExpiresAt, false, false));
        _log.Warnings.Should().BeEmpty();
    }

    [Theory]
    [InlineData("half")]
    [InlineData("other key")]
    [InlineData("gone")]
    public async Task A_broken_file_keeps_the_last_good_one_and_warns_until_it_is_mended(string how)
    {
        using var first = Renew();
        await StartAsync();
        var (certificate, key) = (File.ReadAllText(CertificateFile), File.ReadAllText(KeyFile));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (how == "half") File.WriteAllText(CertificateFile, certificate[..200]);
        else if (how == "gone") File.Delete(CertificateFile);
        else File.WriteAllText(KeyFile, other.ExportPkcs8PrivateKeyPem());

        Watch.Look();
        Watch.Now().Refused.Should().BeFalse("two files cannot be exchanged in one moment");
        Watch.Look();
        Watch.Look();
        Watch.Now().Refused.Should().BeTrue();
        (await IsTakenAsync(first)).Should().BeTrue();
        _log.Warnings.Should().ContainSingle().Which.Should().Contain("the former one stays in use").And.Contain(CertificateFile);

        File.WriteAllText(CertificateFile, certificate);
        File.WriteAllText(KeyFile, key);
        Watch.Look();
        Watch.Now().Refused.Should().BeFalse();
    }

    [Fact]
    public async Task The_end_of_a_certificate_is_told_14_days_before_to_log_page_and_meters()
    {
        using var root = Renew(20);
        await StartAsync();
        var left = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "callcrm_certificate_expires_seconds") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => left.Add(value));
        listener.Start();

        Watch.Look();
        Watch.Now().Soon.Should().BeFalse();
        _time.Advance(TimeSpan.FromDays(6) + TimeSpan.FromHours(1));
        Watch.Look();
        Watch.Look();
        Watch.Now().Soon.Should().BeTrue();
        _log.Warnings.Should().ContainSingle().Which.Should().Contain("renew it");
        listener.RecordObservableInstruments();
        left.Should().Contain(s => Math.Abs(s - (13 * 86_400 + 23 * 3600)) < 60);
    }

    [Fact]
    public async Task The_own_authoritys_certificate_is_made_anew_30_days_before_its_end()
    {
        var own = new OwnAuthority(_data);
        own.MakeAuthority(OwnAuthority.Read(["a.example"], out _)!, _time.GetUtcNow());
        own.MakeServer(["a.example", "localhost"], _time.GetUtcNow());
        await StartAsync(given: false);
        var first = Watch.Current.ExpiresAt;
        _time.Advance(TimeSpan.FromDays(360));
        Watch.Look();
        Watch.Current.ExpiresAt.Should().Be(first);
        _time.Advance(TimeSpan.FromDays(8));
        Watch.Look();
        Watch.Current.ExpiresAt.Should().BeAfter(first.AddDays(300));
        Watch.Current.Leaf.MatchesHostname("a.example").Should().BeTrue();
        Watch.Now().Soon.Should().BeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("no certificate")]
    public async Task An_authority_that_is_gone_or_broken_stops_nothing_and_is_told_when_it_is_needed(string? left)
    {
        var own = new OwnAuthority(_data);
        own.MakeAuthority(OwnAuthority.Read(["a.example"], out _)!, _time.GetUtcNow());
        own.MakeServer(["a.example"], _time.GetUtcNow());
        await StartAsync(given: false);
        var first = Watch.Current.ExpiresAt;
        File.Delete(own.AuthorityFile);
        if (left is not null) await File.WriteAllTextAsync(own.AuthorityFile, left);
        Watch.Look();
        Watch.Look();
        _log.Warnings.Should().BeEmpty("it is not needed yet");
        _time.Advance(TimeSpan.FromDays(370));
        Watch.Look();
        Watch.Look();
        Watch.Look();
        _log.Warnings.Should().ContainSingle(w => w.Contains(own.AuthorityFile)).Which.Should().Contain("the former one stays in use");
        Watch.Current.ExpiresAt.Should().Be(first);
    }

    [Fact]
    public async Task Without_a_certificate_it_does_not_start_and_says_what_to_do()
    {
        (await FluentActions.Awaiting(() => StartAsync(given: false)).Should().ThrowAsync<ConfigurationException>())
            .WithMessage("*Web:CertificateFile*callcrm certificate NAME*");
        await DisposeAsync();
        File.WriteAllText(CertificateFile, "no certificate");
        File.WriteAllText(KeyFile, "no key");
        (await FluentActions.Awaiting(() => StartAsync()).Should().ThrowAsync<ConfigurationException>()).WithMessage($"*{CertificateFile}*");
    }

    [Fact]
    public async Task What_runs_on_this_machine_needs_no_certificate()
    {
        using var root = Renew();
        await StartAsync();
        _app!.Urls.Should().ContainSingle(u => u.StartsWith("http://127.0.0.1:", StringComparison.Ordinal)).And.HaveCount(2);
    }
}
