using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>The files of a recorder, oldest first.</summary>
static class FlightFolder
{
    static readonly TimeSpan Slack = TimeSpan.FromMinutes(5);

    /// <param name="path">A file, or a folder of them.</param>
    /// <exception cref="FlightException">There is none.</exception>
    public static IReadOnlyList<string> Files(string path)
    {
        if (File.Exists(path))
            return [path];
        if (!Directory.Exists(path))
            throw new FlightException($"there is no file or folder {path}");
        var files = Directory.GetFiles(path, "*" + FlightFormat.Extension).Order(StringComparer.Ordinal).ToArray();
        return files.Length > 0 ? files : throw new FlightException($"there are no flight recorder's files (*{FlightFormat.Extension}) in {path}");
    }

    /// <summary>Files in a row that tell of a call, from its first sign to its end.</summary>
    /// <exception cref="FlightException">None does.</exception>
    public static IReadOnlyList<string> FilesOf(Guid call, IReadOnlyList<string> files)
    {
        var found = new List<string>();
        var from = StartOf(call) - Slack;
        for (var i = 0; i < files.Count; i++)
        {
            // What was over before the call began is passed over unread.
            if (from is { } begun && i + 1 < files.Count && StartedAt(files[i + 1]) is { } next && next < begun)
                continue;
            var (has, ended) = Mentions(call, files[i]);
            if (has || found.Count > 0)
                found.Add(files[i]);
            if (ended)
                break;
        }

        return found.Count > 0 ? found : throw new FlightException($"no call {call} in {Names(files)}");
    }

    static (bool Has, bool Ended) Mentions(Guid call, string path)
    {
        using var file = FlightFile.Open(path);
        var (has, ended, id) = (false, false, call);
        while (file.Next())
        {
            if (file.Kind != RecordKind.Entry)
                continue;
            if (file.Entry is CallMerged { From: var from, Call: { } into } && from == id)
                (has, id) = (true, into);
            has |= file.Entry!.Call == id;
            ended |= file.Entry is CallEnded && file.Entry.Call == id;
        }

        return (has, ended);
    }

    /// <summary>A UUID v7 begins with its time (RFC 9562): Unix milliseconds in 48 bits.</summary>
    static DateTimeOffset? StartOf(Guid call)
    {
        if (call.Version != 7)
            return null;
        Span<byte> bytes = stackalloc byte[16];
        call.TryWriteBytes(bytes, bigEndian: true, out _);
        var ms = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes) >> 16;
        return ms is > 1_500_000_000_000 and < 100_000_000_000_000 ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
    }

    static DateTimeOffset? StartedAt(string path)
    {
        using var file = FlightFile.Open(path);
        return file.Head.StartedAt;
    }

    static string Names(IReadOnlyList<string> files) =>
        files.Count == 1 ? Path.GetFileName(files[0]) : $"{files.Count} files from {Path.GetFileName(files[0])} to {Path.GetFileName(files[^1])}";
}
