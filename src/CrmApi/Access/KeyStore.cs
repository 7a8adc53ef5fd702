using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using CallCrm.CallFlow;
using Dapper;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>Data-protection keys in the database, so that every process reads the same cookies. Its callers know no async.</summary>
internal sealed class KeyStore(NpgsqlDataSource database, TimeProvider time) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var connection = database.OpenConnection();
        return [.. connection.Query<string>("select xml from data_protection_key order by created_at").Select(XElement.Parse)];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var connection = database.OpenConnection();
        connection.Execute("insert into data_protection_key (id, xml, created_at) values (@id, @xml, @now)",
            new { id = friendlyName, xml = element.ToString(SaveOptions.DisableFormatting), now = time.GetUtcNow() });
    }
}

/// <summary>
/// The key that wraps the keys, so that a copy of the database alone signs nobody in: <c>CallCrm:MasterKey</c> (base64 of 32 bytes) from the environment,
/// else the file <c>keys/master.key</c> in the data folder, made at the first start and readable by its owner alone.
/// </summary>
internal sealed class MasterKey(IConfiguration configuration)
{
    readonly Lazy<byte[]> key = new(() => Load(configuration));

    public byte[] Bytes => key.Value;

    static byte[] Load(IConfiguration configuration)
    {
        if (configuration["CallCrm:MasterKey"] is { Length: > 0 } given)
            return Checked(given, "CallCrm:MasterKey");
        var file = Path.Combine(DataFolder.From(configuration), "keys", "master.key");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        try
        {
            // CreateNew: of two processes that start at once only one makes it.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var stream = new FileStream(file, options);
            stream.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));
        }
        catch (IOException) when (File.Exists(file))
        {
        }

        return Checked(File.ReadAllText(file), file);
    }

    static byte[] Checked(string text, string where)
    {
        var bytes = new byte[33];
        return Convert.TryFromBase64String(text.Trim(), bytes, out var length) && length == 32
            ? bytes[..32]
            : throw new InvalidOperationException($"{where} must be 32 bytes in base64.");
    }
}

/// <summary>AES-256-GCM (NIST SP 800-38D): 12 bytes nonce, 16 bytes tag, then the text.</summary>
internal sealed class KeyWrapper(MasterKey master) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = new byte[28 + plain.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, 12));
        using var aes = new AesGcm(master.Bytes, 16);
        aes.Encrypt(sealedBytes.AsSpan(0, 12), plain, sealedBytes.AsSpan(28), sealedBytes.AsSpan(12, 16));
        return new EncryptedXmlInfo(new XElement("wrapped", Convert.ToBase64String(sealedBytes)), typeof(KeyUnwrapper));
    }
}

/// <summary>Made by data protection from the type's name, which stands beside each wrapped key.</summary>
internal sealed class KeyUnwrapper(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var bytes = Convert.FromBase64String(encryptedElement.Value);
        var plain = new byte[bytes.Length - 28];
        using var aes = new AesGcm(services.GetRequiredService<MasterKey>().Bytes, 16);
        aes.Decrypt(bytes.AsSpan(0, 12), bytes.AsSpan(28), bytes.AsSpan(12, 16), plain);
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }
}
