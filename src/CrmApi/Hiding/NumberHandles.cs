using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;

namespace CallCrm.CrmApi.Hiding;

/// <summary>
/// A number that can be dialled, saved or blocked by who may not read it: <c>~</c> and the number, encrypted by a key of the site. The same number has the same
/// handle (its nonce is its own HMAC, as in RFC 5297), so that a card which nobody changed looks unchanged.
/// </summary>
internal sealed class NumberHandles(MasterKey master)
{
    const char Mark = '~';
    const int NonceSize = 16;
    readonly Lazy<(byte[] Encrypt, byte[] Sign)> keys = new(() => (Derive(master, "encrypt"), Derive(master, "sign")));

    public string Seal(string number)
    {
        var plain = Encoding.UTF8.GetBytes(number);
        var nonce = Nonce(plain);
        using var aes = Cipher();
        return Mark + Base64Url.EncodeToString([.. nonce, .. aes.EncryptCbc(plain, nonce)]);
    }

    /// <summary>The number; what is no handle of ours stays as it is, and is then no number.</summary>
    public string Open(string text)
    {
        if (text.Length < 2 || text[0] != Mark) return text;
        try
        {
            var sealedNumber = Base64Url.DecodeFromChars(text.AsSpan(1).Trim());
            if (sealedNumber.Length <= NonceSize) return text;
            using var aes = Cipher();
            var plain = aes.DecryptCbc(sealedNumber.AsSpan(NonceSize), sealedNumber.AsSpan(0, NonceSize));
            return CryptographicOperations.FixedTimeEquals(Nonce(plain), sealedNumber.AsSpan(0, NonceSize)) ? Encoding.UTF8.GetString(plain) : text;
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return text;
        }
    }

    /// <summary>What a page may send with handles in it.</summary>
    public object? Open(object? argument) => argument switch
    {
        CommandRequest { Number: { } number } command => command with { Number = Open(number) },
        ClientSave save => Open(save),
        ClientCreate create => create with { Client = Open(create.Client) },
        BlockCreate block => block with { Number = Open(block.Number) },
        DuplicateAsk ask => ask with { Phones = [.. ask.Phones.Select(Open)] },
        _ => argument,
    };

    ClientSave Open(ClientSave save) => save with { Phones = [.. save.Phones.Select(p => p with { Number = Open(p.Number) })] };

    byte[] Nonce(byte[] plain) => HMACSHA256.HashData(keys.Value.Sign, plain)[..NonceSize];

    Aes Cipher()
    {
        var aes = Aes.Create();
        aes.Key = keys.Value.Encrypt;
        return aes;
    }

    static byte[] Derive(MasterKey master, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, master.Bytes, 32, info: Encoding.ASCII.GetBytes("number handle " + purpose));
}
