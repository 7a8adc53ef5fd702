using CallCrm.CallFlow;

namespace CallCrm.Recorder;

/// <summary>Who works on a store does so alone: another one waits here, and the system frees the lock of one that dies.</summary>
internal static class StoreLock
{
    /// <param name="waits">Told once, with the store and why.</param>
    public static async Task<FileStream> TakeAsync(RecordingFiles store, string name, TimeSpan rest, TimeProvider time, Action<string, string> waits, CancellationToken ct)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                Directory.CreateDirectory(store.Folder);
                return new FileStream(Path.Combine(store.Folder, "." + name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!told) waits(store.Folder, e.Message);
                await Task.Delay(rest, time, ct);
            }
        }
    }
}
