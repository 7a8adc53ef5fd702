using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow.Https;

/// <summary>A certificate that cannot be used; the message names the file and what was expected.</summary>
public sealed class CertificateException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where the certificate for HTTPS lies.</summary>
/// <param name="KeyFile">May be the same file.</param>
/// <param name="Own">Made by the authority in the data folder, which makes it anew before it ends.</param>
public sealed record CertificateFiles(string File, string KeyFile, string? Password, bool Own)
{
    /// <summary>The one named by <c>Web:CertificateFile</c>, else that of the own authority; null: neither is there.</summary>
    public static CertificateFiles? From(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration["Web:CertificateFile"] is { Length: > 0 } file)
            return new CertificateFiles(Path.GetFullPath(file), Path.GetFullPath(configuration["Web:CertificateKeyFile"] is { Length: > 0 } key ? key : file), configuration["Web:CertificatePassword"] is { Length: > 0 } password ? password : null, Own: false);
        var own = new OwnAuthority(DataFolder.From(configuration));
        return own.HasServer ? new CertificateFiles(own.ServerFile, own.ServerKeyFile, null, Own: true) : null;
    }

    /// <summary>Tells a change by the content: file times of links and copies say little.</summary>
    /// <exception cref="CertificateException">One of them cannot be read.</exception>
    public string Fingerprint()
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(System.IO.File.ReadAllBytes(File));
            hash.AppendData(System.IO.File.ReadAllBytes(KeyFile));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException(e.Message, e);
        }
    }
}

/// <summary>A certificate with its key and what leads from it to an authority, ready to be shown to browsers.</summary>
public sealed class ServerCertificate
{
    ServerCertificate(X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        Leaf = leaf;
        Context = SslStreamCertificateContext.Create(leaf, chain, offline: true);
        (ExpiresAt, BeginsAt) = (new DateTimeOffset(leaf.NotAfter), new DateTimeOffset(leaf.NotBefore));
    }

    public X509Certificate2 Leaf { get; }

    public SslStreamCertificateContext Context { get; }

    public DateTimeOffset BeginsAt { get; }

    public DateTimeOffset ExpiresAt { get; }

    /// <exception cref="CertificateException">Says which file and why.</exception>
    public static ServerCertificate Load(CertificateFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        try
        {
            var bytes = File.ReadAllBytes(files.File);
            return bytes is [0x30, ..] ? FromPkcs12(bytes, files) : FromPem(files);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{files.File} cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"{files.File}{(files.KeyFile == files.File ? "" : $" with the key {files.KeyFile}")} cannot be used: {e.Message} Expected is a PEM certificate with its chain and the key that belongs to it, or a PKCS #12 file.", e);
        }
    }

    static ServerCertificate FromPem(CertificateFiles files)
    {
        var (text, key) = (File.ReadAllText(files.File), File.ReadAllText(files.KeyFile));
        var leaf = files.Password is { } password ? X509Certificate2.CreateFromEncryptedPem(text, key, password) : X509Certificate2.CreateFromPem(text, key);
        var all = new X509Certificate2Collection();
        all.ImportFromPem(text);
        return new ServerCertificate(leaf, [.. all.Skip(1)]);
    }

    static ServerCertificate FromPkcs12(byte[] bytes, CertificateFiles files)
    {
        var all = X509CertificateLoader.LoadPkcs12Collection(bytes, files.Password, X509KeyStorageFlags.EphemeralKeySet);
        var leaf = all.FirstOrDefault(c => c.HasPrivateKey) ?? throw new CryptographicException("It holds no key.");
        return new ServerCertificate(leaf, [.. all.Where(c => c != leaf)]);
    }
}
