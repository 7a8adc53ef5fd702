using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CallCrm.CallFlow;

/// <summary>
/// Gives back what only the start of a process took: the compiler's memory, what was read from the database, a made-up company of weeks. Nothing would make a host at rest do so
/// for days. Once, when the parts have settled; it holds everything up for some 30 ms.
/// </summary>
internal sealed partial class StartLeavings(TimeProvider time, ILogger<StartLeavings> log) : BackgroundService
{
    static readonly TimeSpan Settled = TimeSpan.FromSeconds(20);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(Settled, time, stoppingToken);
        var (before, began) = (Environment.WorkingSet, time.GetTimestamp());
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var held = time.GetElapsedTime(began);
        if (OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "malloc_trim", out _)) _ = malloc_trim(0);
        GaveBack((before - Environment.WorkingSet) >> 20, held.TotalMilliseconds);
    }

    // glibc's own: others give back by themselves.
    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int malloc_trim(nuint keep);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Gave back {Megabytes} MB that the start had taken; held up for {Milliseconds:F0} ms")]
    partial void GaveBack(long megabytes, double milliseconds);
}
