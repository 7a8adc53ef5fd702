using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow.Https;

/// <summary><c>callcrm certificate NAME…</c>: HTTPS by an authority of this installation's own, and how other machines come to trust it.</summary>
public static class CertificateCommand
{
    const string Usage = "Usage: certificate NAME… [--new-authority], or certificate --renew; NAME is a host name or an address by which browsers reach this machine";
    const int NotUnderstood = 64;
    const int Failed = 1;

    public static bool Takes(IReadOnlyList<string> args) => args is ["certificate", ..];

    public static async Task<int> RunAsync(IReadOnlyList<string> args, IConfiguration configuration, TimeProvider time, TextWriter output, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(args);
        var options = args.Skip(1).Where(a => a.StartsWith('-')).ToList();
        var given = args.Skip(1).Where(a => !a.StartsWith('-')).ToList();
        var renew = options is ["--renew"] && given.Count == 0;
        if (!renew && (given.Count == 0 || options is not ([] or ["--new-authority"])))
        {
            await errors.WriteLineAsync(Usage);
            return NotUnderstood;
        }

        var authority = new OwnAuthority(DataFolder.From(configuration));
        try
        {
            if (renew && !authority.HasServer) throw new CertificateException($"There is nothing to renew in {authority.Folder}: name the host, ./callcrm certificate NAME");
            var names = OwnAuthority.Read(renew ? authority.Names() : given, out var wrong) ?? throw new CertificateException($"'{wrong}' is neither a host name nor an address, such as callcenter.example.com or 10.0.0.9.");
            var isNew = options.Contains("--new-authority") || !authority.HasAuthority;
            if (!isNew && !authority.Covers(names))
                throw new CertificateException($"The authority in {authority.Folder} speaks only for the names it was made for. Another name needs a new one, which every machine must be told to trust again: ./callcrm certificate --new-authority {string.Join(' ', given)}");
            if (isNew) authority.MakeAuthority(names, time.GetUtcNow());
            authority.MakeServer(names, time.GetUtcNow());
            await TellAsync(authority, names, isNew, configuration, output);
            return 0;
        }
        catch (Exception e) when (e is CertificateException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            await errors.WriteLineAsync($"callcrm certificate: FAILED: {e.Message}");
            return Failed;
        }
    }

    static async Task TellAsync(OwnAuthority authority, IReadOnlyList<string> names, bool isNew, IConfiguration configuration, TextWriter output)
    {
        using var root = authority.Authority();
        using var server = X509CertificateLoader.LoadCertificateFromFile(authority.ServerFile);
        await output.WriteLineAsync($"""
            Made: {authority.ServerFile} for {string.Join(", ", names)}, until {Day(server)}. The host makes it anew by itself 30 days before.
            {(isNew ? "New authority" : "Authority")}: {authority.AuthorityFile}, until {Day(root)}
              SHA-256 {Fingerprint(root)}
              It can speak for these names alone. Its key ({authority.Folder}/ca.key) stays here, and in the backups.
            """);
        if (configuration["Web:CertificateFile"] is { Length: > 0 } other)
            await output.WriteLineAsync($"Not in use: Web:CertificateFile names {other}. Take that out of the configuration.");
        if (!(configuration["Web:Urls"] ?? "").Contains("https:", StringComparison.OrdinalIgnoreCase))
            await output.WriteLineAsync("""Next: in the configuration "Web": { "Urls": "http://127.0.0.1:8080;https://0.0.0.0:443" }, then start CallCrm again.""");
        if (!isNew) return;
        await output.WriteLineAsync($"""

            Each machine with a browser must trust the authority, once: copy ca.pem to it (it is no secret), compare the SHA-256 above, and
              Windows (Edge, Chrome)    as administrator: certutil -addstore -f Root ca.pem
                                        many at once: group policy, Computer Configuration, Public Key Policies, Trusted Root Certification Authorities
              macOS (Safari, Chrome)    sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ca.pem
              Debian, Ubuntu            sudo cp ca.pem /usr/local/share/ca-certificates/callcrm.crt && sudo update-ca-certificates
                Chrome, Chromium there  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n CallCrm -i ca.pem   (package libnss3-tools)
              Firefox, everywhere       Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import, "identify websites"
                                        on Windows and macOS it takes the system's (security.enterprise_roots.enabled)
              Android                   Settings, Security, More, Encryption & credentials, Install a certificate, CA certificate
              iPhone, iPad              open the file, install the profile; then Settings, General, About, Certificate Trust Settings
            Then: https://{names[0]}/
            """);
    }

    static string Day(X509Certificate2 certificate) => certificate.NotAfter.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static string Fingerprint(X509Certificate2 certificate) => string.Join(':', certificate.GetCertHash(HashAlgorithmName.SHA256).Select(b => b.ToString("X2", CultureInfo.InvariantCulture)));
}
