using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CallCrm.CallFlow.Https;

/// <summary>
/// A certificate authority for this installation alone, in <c>tls</c> of the data folder. It can speak for its own names only (name constraints, RFC 5280
/// 4.2.1.10), so that machines that trust it risk nothing else by it.
/// </summary>
public sealed class OwnAuthority(string dataFolder)
{
    static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);

    /// <summary>Apple's systems take no longer ones than 825 days, others 398.</summary>
    static readonly TimeSpan ServerLife = TimeSpan.FromDays(397);

    /// <summary>Made anew when less is left.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    public string Folder { get; } = Path.Combine(dataFolder, "tls");

    /// <summary>What the other machines are given; no secret.</summary>
    public string AuthorityFile => Path.Combine(Folder, "ca.pem");

    public string ServerFile => Path.Combine(Folder, "server.pem");

    public string ServerKeyFile => Path.Combine(Folder, "server.key");

    string AuthorityKeyFile => Path.Combine(Folder, "ca.key");

    public bool HasServer => File.Exists(ServerFile);

    public bool HasAuthority => File.Exists(AuthorityFile);

    /// <exception cref="CertificateException">It is not there, or no certificate.</exception>
    public X509Certificate2 Authority() => Load(AuthorityFile);

    /// <summary>The names the server's certificate has.</summary>
    public IReadOnlyList<string> Names()
    {
        using var server = Load(ServerFile);
        return NamesOf(server);
    }

    static X509Certificate2 Load(string file)
    {
        try
        {
            return X509CertificateLoader.LoadCertificateFromFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CertificateException($"{file} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Host names and addresses as they stand in a certificate; null: one of them is neither.</summary>
    public static IReadOnlyList<string>? Read(IEnumerable<string> given, out string? wrong)
    {
        var names = new List<string>();
        wrong = null;
        foreach (var name in given)
        {
            var plain = name.Trim().TrimEnd('.');
            try
            {
                if (!IPAddress.TryParse(plain, out _)) plain = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(plain).ToLowerInvariant();
            }
            catch (ArgumentException)
            {
                plain = "";
            }

            if (Uri.CheckHostName(plain) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            {
                wrong = name;
                return null;
            }

            names.Add(plain);
        }

        return [.. names.Concat(["localhost", "127.0.0.1"]).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Whether the authority that is here may speak for all of these.</summary>
    public bool Covers(IEnumerable<string> names)
    {
        using var authority = Authority();
        return names.Except(NamesOf(authority), StringComparer.Ordinal).ToList() is [];
    }

    public void MakeAuthority(IReadOnlyList<string> names, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(names);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=CallCrm authority of {names[0]} ({now.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}), O=CallCrm", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(Constraints(names));
        // Names are read back from here.
        request.CertificateExtensions.Add(Alternatives(names));
        using var authority = request.CreateSelfSigned(now - TimeSpan.FromHours(1), now + AuthorityLife);
        Directory.CreateDirectory(Folder);
        Write(AuthorityKeyFile, key.ExportPkcs8PrivateKeyPem(), secret: true);
        Write(AuthorityFile, authority.ExportCertificatePem(), secret: false);
    }

    /// <summary>A new key and certificate for the server, signed by the authority that is here.</summary>
    /// <exception cref="CertificateException">The authority cannot be read, or has ended.</exception>
    public void MakeServer(IReadOnlyList<string> names, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(names);
        try
        {
            using var authority = X509Certificate2.CreateFromPemFile(AuthorityFile, AuthorityKeyFile);
            var ends = Earlier(now + ServerLife, new DateTimeOffset(authority.NotAfter));
            if (ends <= now) throw new CertificateException($"The authority in {Folder} has ended: make a new one, ./callcrm certificate --new-authority {string.Join(' ', names)}");
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // serverAuth
            request.CertificateExtensions.Add(Alternatives(names));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
            // No clock is quite like the server's.
            var begins = Later(now - TimeSpan.FromHours(1), new DateTimeOffset(authority.NotBefore));
            using var made = request.Create(authority, begins, ends, RandomNumberGenerator.GetBytes(16));
            Write(ServerKeyFile, key.ExportPkcs8PrivateKeyPem(), secret: true);
            Write(ServerFile, made.ExportCertificatePem(), secret: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CertificateException($"A certificate could not be made in {Folder}: {e.Message}", e);
        }
    }

    static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    static List<string> NamesOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is { } names
            ? [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(a => a.ToString())]
            : [];

    static X509Extension Alternatives(IEnumerable<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) builder.AddIpAddress(address);
            else builder.AddDnsName(name);
        }

        return builder.Build();
    }

    /// <summary>permittedSubtrees [0]: these host names (and what is below them) and these addresses; of a kind that is not among them, everything is excluded [1].</summary>
    static X509Extension Constraints(IReadOnlyList<string> names)
    {
        var addresses = names.Where(n => IPAddress.TryParse(n, out _)).Select(IPAddress.Parse).ToList();
        var hosts = names.Where(n => !IPAddress.TryParse(n, out _)).ToList();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                foreach (var host in hosts)
                {
                    using (writer.PushSequence()) writer.WriteCharacterString(UniversalTagNumber.IA5String, host, new Asn1Tag(TagClass.ContextSpecific, 2));
                }

                foreach (var address in addresses)
                {
                    // The address and a mask of all ones.
                    var bytes = address.GetAddressBytes();
                    using (writer.PushSequence()) writer.WriteOctetString([.. bytes, .. Enumerable.Repeat((byte)0xff, bytes.Length)], new Asn1Tag(TagClass.ContextSpecific, 7));
                }
            }

            if (addresses.TrueForAll(a => a.AddressFamily != AddressFamily.InterNetworkV6))
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                using (writer.PushSequence())
                    writer.WriteOctetString(new byte[32], new Asn1Tag(TagClass.ContextSpecific, 7));
            }
        }

        return new X509Extension("2.5.29.30", writer.Encode(), critical: true);
    }

    /// <summary>Beside and then into place, so that a reader never sees half a file.</summary>
    static void Write(string file, string text, bool secret)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | (secret ? UnixFileMode.None : UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Delete(file + ".new");
        using (var writer = new StreamWriter(new FileStream(file + ".new", options))) writer.Write(text + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }
}
