namespace CallCrm.CallRouter.Doctor;

static class FolderCheck
{
    /// <summary>By listing it, and writing and deleting a file of no name that anything takes; null when that works.</summary>
    public static string? WhyNotWritable(string folder)
    {
        try
        {
            _ = Directory.EnumerateFileSystemEntries(folder).FirstOrDefault();
            var probe = Path.Combine(folder, $".callcrm-doctor-{Environment.ProcessId}-{Guid.NewGuid():N}");
            using var file = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is DirectoryNotFoundException ? "it does not exist" : e.Message;
        }
    }
}
