using System.Collections.Immutable;

namespace CallCrm.CrmApi.Scripts;

/// <summary>How one file stands.</summary>
/// <param name="InUse">The script that serves calls: this file's as it is, or its last good version, or none.</param>
/// <param name="Problems">What is wrong with the file as it is now.</param>
internal sealed record ScriptFile(
    string Name, string Version, Script? InUse, string? ClaimedId, IReadOnlyList<ScriptProblem> Problems, DateTimeOffset Since)
{
    public bool Broken => Problems.Any(p => !p.Warning);
}

/// <summary>All scripts at one moment. Immutable, swapped whole.</summary>
internal sealed record ScriptLibrary(ImmutableArray<Script> Scripts, ImmutableArray<ScriptFile> Files)
{
    public static readonly ScriptLibrary Empty = new([], []);

    /// <summary>Whether people would see a difference.</summary>
    public bool SameAs(ScriptLibrary other) => Files.Select(Seen).SequenceEqual(other.Files.Select(Seen)) && Scripts.Select(s => (s.Id, s.Version)).SequenceEqual(other.Scripts.Select(s => (s.Id, s.Version)));

    private static (string, string, string?, string) Seen(ScriptFile file) =>
        (file.Name, file.Version, file.InUse?.Version, string.Join('\n', file.Problems));
}

/// <summary>Reads the folder again and again; only files that changed are parsed. Not safe for several threads at a time.</summary>
/// <param name="lastGood">Gives the bytes of a file's last good version from an earlier run, or null.</param>
/// <param name="fields">The site's own, to check against; null: they are not known, or change while the scripts are in use.</param>
/// <param name="campaigns">Likewise the codes of its campaigns.</param>
internal sealed class ScriptFolder(string folder, ScriptShape shape, TimeProvider time, Func<string, byte[]?> lastGood, IReadOnlyList<CallFlow.CustomField>? fields = null,
    IReadOnlyCollection<string>? campaigns = null)
{
    /// <summary>Files beyond this many are not read: somebody pointed at the wrong folder.</summary>
    public const int MaxFiles = 500;

    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private Dictionary<string, string> _owners = new(StringComparer.Ordinal);

    /// <summary>The library as the folder says now, built on what was good before.</summary>
    public ScriptLibrary Read()
    {
        var (names, folderProblem) = Names();
        foreach (var gone in _known.Keys.Except(names, StringComparer.Ordinal).ToArray())
        {
            // A folder that is not there (a mount gone, a deployment under way) is no reason to take scripts out of agents' hands.
            if (folderProblem is null) _known.Remove(gone);
        }

        foreach (var name in names) Look(name);

        var files = RefuseDuplicates([.. _known.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => k.Value.File)]);
        if (folderProblem is not null) files = files.Insert(0, new ScriptFile("", "", null, null, [folderProblem], time.GetUtcNow()));
        return new ScriptLibrary(
            [.. files.Select(f => f.InUse).OfType<Script>().OrderBy(s => s.Id, StringComparer.Ordinal)], files);
    }

    private (string[] Names, ScriptProblem? Problem) Names()
    {
        try
        {
            var names = Directory.EnumerateFiles(folder, "*.yaml")
                .Concat(Directory.EnumerateFiles(folder, "*.yml"))
                .Select(p => Path.GetFileName(p))
                .Where(n => !n.StartsWith('.'))
                .Order(StringComparer.Ordinal)
                .ToArray();
            return names.Length <= MaxFiles
                ? (names, null)
                : (names[..MaxFiles], new ScriptProblem(folder, Place.Start, $"the folder holds {names.Length} scripts, expected at most {MaxFiles}: the rest is not read"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ([], new ScriptProblem(folder, Place.Start, $"the folder cannot be read ({e.Message}), expected a folder of scripts"));
        }
    }

    private void Look(string name)
    {
        var before = _known.GetValueOrDefault(name);
        try
        {
            var info = new FileInfo(Path.Combine(folder, name));
            var stamp = (info.LastWriteTimeUtc, info.Length);
            if (before is not null && before.Stamp == stamp) return;

            var bytes = ReadLimited(info.FullName);
            var version = ScriptReader.VersionOf(bytes);
            _known[name] = before is not null && before.File.Version == version
                ? before with { Stamp = stamp }
                : new Known(stamp, Take(name, version, ScriptReader.Read(name, bytes, shape, fields, campaigns), before?.File));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var problem = new ScriptProblem(name, Place.Start, $"the file cannot be read: {e.Message}");
            if (before is { File.Problems: [var same] } && same == problem) return;
            _known[name] = new Known(default, Take(name, "", new ScriptReading(null, null, [problem]), before?.File));
        }
    }

    private ScriptFile Take(string name, string version, ScriptReading reading, ScriptFile? before)
    {
        var inUse = reading.Script ?? before?.InUse ?? FromEarlierRun(name);
        return new ScriptFile(name, version, inUse, reading.Id, reading.Problems, time.GetUtcNow());
    }

    private Script? FromEarlierRun(string name) =>
        lastGood(name) is { } bytes ? ScriptReader.Read(name, bytes, shape).Script : null;

    /// <summary>One id belongs to one file: the one that had it before, else the first by name. The others are told, and not used.</summary>
    private ImmutableArray<ScriptFile> RefuseDuplicates(ImmutableArray<ScriptFile> files)
    {
        var owners = new Dictionary<string, ScriptFile>(StringComparer.Ordinal);
        foreach (var file in files.OrderBy(f => f.InUse is { } s && _owners.GetValueOrDefault(s.Id) == f.Name ? 0 : 1))
        {
            if (file.InUse is { } script) owners.TryAdd(script.Id, file);
        }

        _owners = owners.ToDictionary(o => o.Key, o => o.Value.Name, StringComparer.Ordinal);
        return [.. files.Select(f => f.InUse is { } script && owners[script.Id] is var owner && owner != f ? Refused(f, script, owner) : f)];
    }

    private static ScriptFile Refused(ScriptFile file, Script script, ScriptFile owner) => file with
    {
        InUse = null,
        Problems =
        [
            .. file.Problems,
            new ScriptProblem(file.Name, script.IdAt, $"script id \"{script.Id}\" is used twice, first in {owner.Name} on line {owner.InUse!.IdAt.Line}"),
        ],
    };

    /// <summary>One byte more than allowed is enough to refuse a file; a file of gigabytes is never read whole.</summary>
    private static byte[] ReadLimited(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[ScriptReader.MaxBytes + 1];
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return buffer[..length];
    }

    private sealed record Known((DateTime, long) Stamp, ScriptFile File);
}
