using System.Security.Cryptography;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Files;

/// <summary>A request's body on the disk, under a name of its own until it is moved to its place; else nothing of it stays.</summary>
internal sealed class Upload : IDisposable
{
    public const long Most_bytes = 100L << 20;
    public const string Part = ".part";
    const int Block_bytes = 128 * 1024;
    bool kept;

    Upload(string path) => Path = path;

    public string Path { get; }

    public long Size_bytes { get; private set; }

    /// <summary>Lower-case hexadecimal.</summary>
    public string Sha256 { get; private set; } = "";

    public static ProblemHttpResult TooLarge => Problems.Of(StatusCodes.Status413PayloadTooLarge, "too_large", $"A file may have at most {Most_bytes >> 20} MB.");

    /// <returns>Null: too large. A line that breaks throws, and leaves nothing.</returns>
    public static async Task<Upload?> TakeAsync(HttpContext http, string folder, CancellationToken cancel, long most_bytes = Most_bytes)
    {
        if (http.Request.ContentLength > most_bytes) return null;
        // Our own limit, told in our own words; the server's is lower.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        MakeFolder(folder);
        var upload = new Upload(System.IO.Path.Combine(folder, Guid.NewGuid().ToString("N") + Part));
        try
        {
            return await upload.FillAsync(http.Request.Body, most_bytes, cancel) ? upload : Refused(upload);
        }
        catch
        {
            upload.Dispose();
            throw;
        }
    }

    /// <summary>Of what came inside something else, and is no larger than that.</summary>
    public static async Task<Upload> OfAsync(Stream body, string folder, CancellationToken cancel)
    {
        MakeFolder(folder);
        var upload = new Upload(System.IO.Path.Combine(folder, Guid.NewGuid().ToString("N") + Part));
        try
        {
            await upload.FillAsync(body, long.MaxValue, cancel);
            return upload;
        }
        catch
        {
            upload.Dispose();
            throw;
        }
    }

    static Upload? Refused(Upload upload)
    {
        upload.Dispose();
        return null;
    }

    async Task<bool> FillAsync(Stream body, long most_bytes, CancellationToken cancel)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(Path, options);
        var block = new byte[Block_bytes];
        while (await body.ReadAsync(block, cancel) is > 0 and var count)
        {
            Size_bytes += count;
            if (Size_bytes > most_bytes) return false;
            hash.AppendData(block, 0, count);
            await file.WriteAsync(block.AsMemory(0, count), cancel);
        }

        file.Flush(flushToDisk: true);
        Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        return true;
    }

    /// <summary>It stays, under this name; one that is there already is the same file. Done once, it is done for all that name it.</summary>
    public void MoveTo(string target)
    {
        if (kept) return;
        MakeFolder(System.IO.Path.GetDirectoryName(target)!);
        File.Move(Path, target, overwrite: true);
        kept = true;
    }

    public void Dispose()
    {
        if (!kept) File.Delete(Path);
    }

    static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>What a process that was killed left.</summary>
    public static void RemoveLeft(string folder, DateTimeOffset before)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var left in Directory.EnumerateFiles(folder, "*" + Part))
        {
            if (File.GetLastWriteTimeUtc(left) < before.UtcDateTime) File.Delete(left);
        }
    }
}
