using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CallCrm.CallFlow.Backup;

/// <summary>Files that hold everything: each readable for its owner alone.</summary>
internal static class BackupFiles
{
    const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;
    const int Block_bytes = 1 << 20;

    /// <summary>And those above that are missing: the mode given to .NET is the last one's alone.</summary>
    public static void MakeFolder(string path)
    {
        if (Directory.Exists(path)) return;
        if (Path.GetDirectoryName(path) is { } above) MakeFolder(above);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerFolder);
    }

    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerFile;
        return new FileStream(path, options);
    }

    /// <summary>The file's folder is made as well.</summary>
    public static async Task<BackupFile> CopyAsync(string from, string to, string name, CancellationToken ct)
    {
        await using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan | FileOptions.Asynchronous);
        MakeFolder(Path.GetDirectoryName(to)!);
        await using var target = Create(to);
        var made = await PourAsync(source, target, name, ct);
        target.Flush(flushToDisk: true);
        return made;
    }

    public static async Task<BackupFile> WriteAsync(ReadOnlyMemory<byte> bytes, string to, string name, CancellationToken ct)
    {
        MakeFolder(Path.GetDirectoryName(to)!);
        await using var target = Create(to);
        await target.WriteAsync(bytes, ct);
        target.Flush(flushToDisk: true);
        return new BackupFile(name, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes.Span)));
    }

    public static async Task<BackupFile> HashAsync(string path, string name, CancellationToken ct)
    {
        await using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous);
        return await PourAsync(source, Stream.Null, name, ct);
    }

    public static async Task<BackupFile> PourAsync(Stream source, Stream target, string name, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = ArrayPool<byte>.Shared.Rent(Block_bytes);
        try
        {
            var bytes = 0L;
            while (await source.ReadAsync(block.AsMemory(0, Block_bytes), ct) is > 0 and var count)
            {
                hash.AppendData(block, 0, count);
                await target.WriteAsync(block.AsMemory(0, count), ct);
                bytes += count;
            }

            return new BackupFile(name, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>False where the file system has no hard links or the file is not what it should be: then it is copied.</summary>
    public static bool TryLink(string existing, string path, long bytes)
    {
        MakeFolder(Path.GetDirectoryName(path)!);
        return !OperatingSystem.IsWindows() && new FileInfo(existing) is { Exists: true } file && file.Length == bytes && link(existing, path) == 0;
    }

    /// <summary>The names below are on the disk, as the files are when they are made. Not "sync", which would hold up the database for everybody's writes.</summary>
    public static void FlushFolders(string folder)
    {
        foreach (var below in Directory.GetDirectories(folder)) FlushFolders(below);
        FlushFolder(folder);
    }

    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = open(folder, 0);
        if (descriptor < 0) return;
        _ = fsync(descriptor);
        _ = close(descriptor);
    }

    /// <summary>A lock that the system frees when its holder dies; null when somebody has it.</summary>
    public static FileStream? TryLock(string path)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerFile;
            return new FileStream(path, options);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    public static bool IsInside(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    /// <summary>The path with its links followed as far as it exists, so that two names of one folder are told.</summary>
    public static string RealPath(string path)
    {
        var full = Path.GetFullPath(path);
        var info = new DirectoryInfo(full);
        if (info.Exists && info.ResolveLinkTarget(returnFinalTarget: true) is { } target) return Path.GetFullPath(target.FullName);
        return Path.GetDirectoryName(full) is { } above ? Path.Combine(RealPath(above), Path.GetFileName(full)) : full;
    }

    public static string Size(long bytes) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:F1} MB");

    public static bool IsFull(IOException e) => e.HResult is NoSpace or QuotaExceeded;

    // errno, as .NET hands it on in HResult on Unix.
    const int NoSpace = 28;
    const int QuotaExceeded = 122;

#pragma warning disable SYSLIB1054, CA2101, IDE1006 // Plain calls, not worth unsafe code.
    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int link(string existing, string path);

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int open(string path, int flags);

    [DllImport("libc")]
    static extern int fsync(int descriptor);

    [DllImport("libc")]
    static extern int close(int descriptor);
#pragma warning restore SYSLIB1054, CA2101, IDE1006
}
