using System.Globalization;

namespace CallCrm.CallFlow.Backup;

/// <summary>A line of <c>recordings.list</c>, ordered by path.</summary>
/// <param name="Modified_ms">Of the store's file, since 1970: with path and size it tells that it is the same as last time.</param>
/// <param name="Path">Inside the store, and inside the backup's <c>recordings</c>.</param>
internal readonly record struct RecordingLine(string Sha256, long Bytes, long Modified_ms, string Path)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Sha256} {Bytes} {Modified_ms} {Path}");

    /// <exception cref="BackupException">Damaged: the line is named.</exception>
    public static IEnumerable<RecordingLine> Read(string file)
    {
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            var parts = line.Split(' ', 4);
            if (parts.Length != 4 || parts[0].Length != 64 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                || !long.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var modified) || parts[3].Length == 0)
            {
                throw new BackupException($"The backup is damaged: line {number} of {System.IO.Path.GetFileName(file)} cannot be read.", BackupException.Damaged);
            }

            yield return new RecordingLine(parts[0], bytes, modified, parts[3]);
        }
    }
}

/// <summary>A recording to be taken into the backup.</summary>
/// <param name="Hash">Known from the backup before, which holds the same file; null: it is new.</param>
internal readonly record struct PlannedRecording(string Path, long Bytes, long Modified_ms, string? Hash)
{
    /// <summary>Both lists are ordered by path, so neither is held in memory: there may be millions.</summary>
    /// <param name="wanted">Paths that the database names.</param>
    /// <param name="before">The backup before.</param>
    /// <param name="missing">Told each path whose file is not in the store.</param>
    public static IEnumerable<PlannedRecording> Of(IEnumerable<string> wanted, IEnumerable<RecordingLine> before, RecordingFiles store, Action<string> missing)
    {
        using var known = before.GetEnumerator();
        var more = known.MoveNext();
        foreach (var path in wanted)
        {
            while (more && string.CompareOrdinal(known.Current.Path, path) < 0) more = known.MoveNext();
            var file = new FileInfo(store.FullPath(path));
            if (!file.Exists)
            {
                missing(path);
                continue;
            }

            var modified = new DateTimeOffset(file.LastWriteTimeUtc).ToUnixTimeMilliseconds();
            var same = more && known.Current.Path == path && known.Current.Bytes == file.Length && known.Current.Modified_ms == modified;
            yield return new PlannedRecording(path, file.Length, modified, same ? known.Current.Sha256 : null);
        }
    }
}
