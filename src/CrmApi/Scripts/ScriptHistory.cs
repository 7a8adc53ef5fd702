using System.Collections.Concurrent;

namespace CallCrm.CrmApi.Scripts;

/// <summary>
/// Every version that was in use, so that a call goes on with the one it started with: in memory, and in a folder when one is set
/// (<c>versions/ID@VERSION.yaml</c>, <c>last-good/FILE</c>).
/// </summary>
internal sealed partial class ScriptHistory
{
    /// <summary>Versions held in memory; more edits than that within one call's life do not happen.</summary>
    private const int MostInMemory = 1_000;

    private readonly ConcurrentDictionary<(string Id, string Version), Script> _versions = new();
    private readonly ConcurrentQueue<(string Id, string Version)> _order = new();
    private readonly string? _folder;
    private readonly ILogger<ScriptHistory> _log;

    public ScriptHistory(string? folder, ILogger<ScriptHistory> log)
    {
        _folder = string.IsNullOrWhiteSpace(folder) ? null : folder;
        _log = log;
    }

    public void Keep(Script script)
    {
        var key = (script.Id, script.Version);
        if (_versions.TryAdd(key, script))
        {
            _order.Enqueue(key);
            if (_order.Count > MostInMemory && _order.TryDequeue(out var oldest)) _versions.TryRemove(oldest, out _);
        }

        if (_folder is null) return;
        try
        {
            Write(VersionPath(script.Id, script.Version), script.Source, overwrite: false);
            Write(LastGoodPath(script.File), script.Source, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(script.Id, script.Version, e.Message);
        }
    }

    public Script? Find(string id, string version)
    {
        if (_versions.TryGetValue((id, version), out var script)) return script;
        // Both come from a request: only the two plain forms may become part of a path.
        if (_folder is null || !IsCode(id) || !IsVersion(version)) return null;
        var bytes = Bytes(VersionPath(id, version));
        // The rules of the day it was used were met then; today's may be stricter.
        return bytes is null ? null : ScriptReader.Read(id + ".yaml", bytes, ScriptShape.Any).Script;
    }

    /// <summary>The bytes of a file when it was last good, from an earlier run.</summary>
    public byte[]? LastGood(string file) => _folder is null ? null : Bytes(LastGoodPath(file));

    private string VersionPath(string id, string version) => Path.Combine(_folder!, "versions", $"{id}@{version}.yaml");

    private string LastGoodPath(string file) => Path.Combine(_folder!, "last-good", Path.GetFileName(file));

    private static byte[]? Bytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whole or not at all: a crash leaves the old file.</summary>
    private static void Write(string path, byte[] bytes, bool overwrite)
    {
        if (!overwrite && File.Exists(path)) return;
        if (overwrite && Bytes(path) is { } same && same.AsSpan().SequenceEqual(bytes)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".new";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, path, overwrite: true);
    }

    private static bool IsCode(string id) => id.Length is > 0 and <= 60 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    private static bool IsVersion(string version) => version.Length == 12 && version.All(char.IsAsciiHexDigitLower);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Script {Id} version {Version} could not be kept on disk ({Error}); a restart forgets it")]
    private partial void LogNotKept(string id, string version, string error);
}
