using System.ComponentModel.DataAnnotations;

namespace CallCrm.CrmApi.Access;

/// <summary>Section <c>Access</c>.</summary>
public sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>A session unused this long has ended. 5 min to 7 days, default 12 h.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "7.00:00:00")]
    public TimeSpan SessionIdle { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Failed sign-ins in a row before a login is locked. 3 to 100, default 10.</summary>
    [Range(3, 100)]
    public int FailuresBeforeLock { get; set; } = 10;

    /// <summary>How long a login stays locked. 1 min to 1 day, default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan LockFor { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Sign-ins from one address within a minute. 1 to 100,000, default 60 (an office behind one address starts its day).</summary>
    [Range(1, 100_000)]
    public int SignInsPerMinute { get; set; } = 60;

    /// <summary>Requests of one person a second, over a longer time; ten times as many at once. 1 to 100,000, default 50.</summary>
    [Range(1, 100_000)]
    public int RequestsPerSecond { get; set; } = 50;

    /// <summary>Requests of one program's key a second, likewise. 1 to 100,000, default 20.</summary>
    [Range(1, 100_000)]
    public int KeyRequestsPerSecond { get; set; } = 20;
}

/// <summary>Section <c>Web</c>.</summary>
public sealed class WebOptions
{
    public const string Section = "Web";

    public const string DefaultUrls = "http://127.0.0.1:8080";

    /// <summary>Addresses of page, API and live feed, separated by semicolons; <c>--urls</c> and ASPNETCORE_URLS win. Default http://127.0.0.1:8080.</summary>
    public string Urls { get; set; } = DefaultUrls;

    /// <summary>Serve plain HTTP to other machines. Default false: plain HTTP answers this machine alone.</summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>The certificate for https addresses: PEM with its chain, or PKCS #12. Read again when it changes. Default: that of <c>callcrm certificate</c>.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>Its key in PEM. Default: in the same file.</summary>
    public string CertificateKeyFile { get; set; } = "";

    /// <summary>Of an encrypted key or PKCS #12 file; from the environment. Default none.</summary>
    public string CertificatePassword { get; set; } = "";

    /// <summary>Addresses or networks of proxies whose X-Forwarded-For, -Proto and -Host are believed, such as 10.0.0.9 or 10.0.0.0/24. Default none.</summary>
    public string[] TrustedProxies { get; set; } = [];
}
