using System.Diagnostics.Metrics;
using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.CallFlow.Https;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Https;

/// <summary>
/// The certificate in use: taken again when its files change, the last good one kept when the new one is broken. Metrics
/// <c>callcrm_certificate_expires_seconds</c> and <c>callcrm_certificate_refused</c>, warnings in the log and for administrators' pages.
/// </summary>
internal sealed partial class CertificateWatch : BackgroundService
{
    public static readonly TimeSpan WarnWithin = TimeSpan.FromDays(14);
    static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    readonly IConfiguration _configuration;
    readonly TimeProvider _time;
    readonly ILogger<CertificateWatch> _log;
    readonly Lock _looking = new();
    volatile ServerCertificate _current;
    volatile string? _problem;
    string _known;
    string? _suspect;
    bool _toldSoon;

    /// <exception cref="ConfigurationException">There is none, or it cannot be used: the host does not start.</exception>
    public CertificateWatch(IConfiguration configuration, IMeterFactory meters, TimeProvider time, ILogger<CertificateWatch> log)
    {
        (_configuration, _time, _log) = (configuration, time, log);
        try
        {
            var files = Files() ?? throw new CertificateException("there is none: name yours in Web:CertificateFile, or make one by ./callcrm certificate NAME");
            RenewOwn(files);
            (_known, _current) = (files.Fingerprint(), ServerCertificate.Load(files));
        }
        catch (CertificateException e)
        {
            throw new ConfigurationException($"Web:Urls has an https address, which needs a certificate: {e.Message}", e);
        }

        var meter = meters.Create("CallCrm.CrmApi");
        meter.CreateObservableGauge("callcrm_certificate_expires_seconds", () => (_current.ExpiresAt - _time.GetUtcNow()).TotalSeconds, "s", "Until the certificate for HTTPS ends; negative: it has ended");
        meter.CreateObservableGauge("callcrm_certificate_refused", () => _problem is null ? 0 : 1, description: "1: a newer certificate file cannot be used, the former one is still in use");
    }

    public ServerCertificate Current => _current;

    public CertificateView Now() => new(_current.ExpiresAt, _current.ExpiresAt - _time.GetUtcNow() < WarnWithin, _problem is not null);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Every, _time, stoppingToken);
            Look();
        }
    }

    /// <summary>One look at a time: a certificate that is just made anew is taken by whoever made it.</summary>
    internal void Look()
    {
        lock (_looking)
            LookOnce();
    }

    void LookOnce()
    {
        try
        {
            var files = Files() ?? throw new CertificateException("the certificate is not there any more");
            RenewOwn(files);
            Take(files);
        }
        catch (CertificateException e)
        {
            // Files that are just being exchanged do not fit for a moment: what is wrong twice is wrong.
            if (_suspect == e.Message && _problem != e.Message)
            {
                _problem = e.Message;
                LogRefused(e.Message);
            }

            _suspect = e.Message;
        }

        var soon = _current.ExpiresAt - _time.GetUtcNow() < WarnWithin;
        if (soon && !_toldSoon) LogSoon(Moment(_current.ExpiresAt));
        _toldSoon = soon;
    }

    void Take(CertificateFiles files)
    {
        var now = files.Fingerprint();
        if (now != _known)
        {
            _current = ServerCertificate.Load(files);
            _known = now;
            LogTaken(Moment(_current.ExpiresAt));
        }

        (_problem, _suspect) = (null, null);
    }

    CertificateFiles? Files() => CertificateFiles.From(_configuration);

    void RenewOwn(CertificateFiles files)
    {
        if (!files.Own) return;
        var ends = ServerCertificate.Load(files).ExpiresAt;
        if (ends - _time.GetUtcNow() >= OwnAuthority.RenewBefore) return;
        var own = new OwnAuthority(DataFolder.From(_configuration));
        using var authority = own.Authority();
        // An authority that ends itself cannot make a longer one; then the warning stays.
        if (authority.NotAfter.ToUniversalTime() - TimeSpan.FromDays(1) > ends.UtcDateTime) own.MakeServer(own.Names(), _time.GetUtcNow());
    }

    static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Information, Message = "A new certificate for HTTPS is in use, until {Until}")]
    private partial void LogTaken(string until);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate for HTTPS ends {Until}: renew it, browsers will refuse this server then")]
    private partial void LogSoon(string until);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The new certificate for HTTPS cannot be used, the former one stays in use: {Problem}")]
    private partial void LogRefused(string problem);
}
