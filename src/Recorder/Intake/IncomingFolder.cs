namespace CallCrm.Recorder.Intake;

/// <summary>The files of one recording as they lie in an incoming folder.</summary>
/// <param name="Node">The node whose folder it is, when that is known.</param>
/// <param name="Quiet">How long nothing about them has changed, as far as was watched.</param>
internal sealed record FoundRecording(string Folder, string? Node, string Stem, bool HasIn, bool HasOut, bool Done, TimeSpan Quiet, DateTimeOffset LastWrite)
{
    public string In => Path.Combine(Folder, Stem + "-in.wav");

    public string Out => Path.Combine(Folder, Stem + "-out.wav");

    public IEnumerable<RecordingKey> Cuts => RecordingName.Cuts(Stem, Node);

    public string Mark => Path.Combine(Folder, Stem + ".done");
}

/// <summary>Looks at one folder again and again, and remembers since when each recording's files have not changed.</summary>
internal sealed class IncomingFolder(string folder, string? node, TimeProvider time)
{
    private Dictionary<string, (string Stamp, long Since)> _seen = new(StringComparer.Ordinal);

    public string Path => folder;

    /// <summary>The folder's recordings, oldest first. A folder that cannot be read throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    public IReadOnlyList<FoundRecording> Look()
    {
        var now = time.GetTimestamp();
        var seen = new Dictionary<string, (string, long)>(StringComparer.Ordinal);
        var found = new List<FoundRecording>();
        var files = new DirectoryInfo(folder).EnumerateFiles()
            .Select(f => (Stem: RecordingName.Stem(f.Name), File: f))
            .Where(f => f.Stem is not null && f.File.LinkTarget is null)
            .GroupBy(f => f.Stem!, f => f.File, StringComparer.Ordinal);
        foreach (var group in files)
        {
            var parts = group.OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
            var stamp = string.Join('|', parts.Select(f => $"{f.Name}:{f.Length}:{f.LastWriteTimeUtc.Ticks}"));
            var since = _seen.TryGetValue(group.Key, out var before) && before.Stamp == stamp ? before.Since : now;
            seen[group.Key] = (stamp, since);
            found.Add(new FoundRecording(
                folder, node, group.Key, Has("-in.wav"), Has("-out.wav"), Has(".done"),
                time.GetElapsedTime(since, now), parts.Max(f => new DateTimeOffset(f.LastWriteTimeUtc))));

            bool Has(string ending) => Array.Exists(parts, f => f.Name.EndsWith(ending, StringComparison.Ordinal));
        }

        _seen = seen;
        found.Sort((a, b) => (a.LastWrite, a.Stem).CompareTo((b.LastWrite, b.Stem)));
        return found;
    }
}
