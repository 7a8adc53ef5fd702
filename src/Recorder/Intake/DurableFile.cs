using System.Runtime.InteropServices;

namespace CallCrm.Recorder.Intake;

/// <summary>Moves that survive a power cut: a file is only there under its name once its bytes are on the disk.</summary>
internal static class DurableFile
{
    /// <summary>Flushes the file, gives it its name, and flushes the folder that now holds the name.</summary>
    public static void Publish(string temporary, string path)
    {
        using (var file = File.OpenHandle(temporary, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.FlushToDisk(file);
        }

        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>.NET opens no folders, so the C library does; elsewhere than on Unix the move itself has to do.</summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = open(folder, 0);
        if (descriptor < 0) return;
        _ = fsync(descriptor);
        _ = close(descriptor);
    }

#pragma warning disable SYSLIB1054, CA2101, IDE1006 // Three plain calls are not worth unsafe code.
    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int open(string path, int flags);

    [DllImport("libc")]
    private static extern int fsync(int descriptor);

    [DllImport("libc")]
    private static extern int close(int descriptor);
#pragma warning restore SYSLIB1054, CA2101, IDE1006
}
