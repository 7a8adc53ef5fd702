using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow;

/// <summary>Where finished recordings lie. The column <c>recording.path</c> holds the path inside this folder.</summary>
public sealed class RecordingFiles(string folder)
{
    /// <summary>The store's folder, absolute.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary><c>Recorder:StoreFolder</c>, else <c>recordings</c> in the data folder.</summary>
    public static RecordingFiles From(IConfiguration configuration)
    {
        var given = configuration["Recorder:StoreFolder"];
        return new RecordingFiles(string.IsNullOrWhiteSpace(given) ? Path.Combine(DataFolder.From(configuration), "recordings") : given);
    }

    /// <summary>The path inside the store for a recording: a folder per UTC day.</summary>
    public static string PathOf(Guid id, DateTimeOffset startedAt) =>
        $"{startedAt.UtcDateTime.ToString("yyyy'/'MM'/'dd", CultureInfo.InvariantCulture)}/{id:N}.opus";

    /// <summary>The file itself. A path that leads out of the store throws: it can only come from a damaged row.</summary>
    public string FullPath(string path)
    {
        var full = Path.GetFullPath(Path.Combine(Folder, path));
        return full.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? full
            : throw new InvalidDataException($"Recording path \"{path}\" leads out of the store.");
    }
}
