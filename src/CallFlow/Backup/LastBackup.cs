using System.Text.Json;

namespace CallCrm.CallFlow.Backup;

/// <summary>When the last good backup was made: a file in the data folder that the backup writes, and hosts and doctor read. It names no secret.</summary>
/// <param name="At">The moment whose data it holds.</param>
/// <param name="Folder">Where it lies.</param>
public sealed record LastBackup(DateTimeOffset At, string Folder)
{
    const string Name = "last-backup.json";

    /// <summary>Null: none was made yet, or what stands there cannot be read.</summary>
    public static LastBackup? Read(string dataFolder)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(dataFolder, Name)), BackupJson.Default.LastBackup);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    internal void Write(string dataFolder)
    {
        var path = Path.Combine(dataFolder, Name);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(this, BackupJson.Default.LastBackup));
        File.Move(path + ".new", path, overwrite: true);
    }
}
