using CallCrm.Contracts;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Scripts;

/// <summary>
/// The scripts in use: choose one for a call, find a version again, see how the files stand.
/// Readers take the library of the moment without a lock; <see cref="Refresh"/> swaps it whole.
/// </summary>
internal sealed partial class ScriptShelf
{
    private readonly Lock _refreshing = new();
    private readonly ScriptFolder _folder;
    private readonly ScriptHistory _history;
    private readonly ILogger<ScriptShelf> _log;
    private IReadOnlyList<Script> _published = [];
    private volatile ScriptLibrary _current = ScriptLibrary.Empty;
    private volatile IReadOnlyDictionary<string, Script> _files = new Dictionary<string, Script>(StringComparer.Ordinal);

    public ScriptShelf(IOptions<ScriptsOptions> options, IHostEnvironment host, TimeProvider time, ILoggerFactory logs)
    {
        var folder = string.IsNullOrWhiteSpace(options.Value.Folder) ? ScriptsOptions.DefaultFolder : options.Value.Folder;
        FolderPath = Path.GetFullPath(folder, host.ContentRootPath);
        var history = string.IsNullOrWhiteSpace(options.Value.HistoryFolder) ? null : Path.GetFullPath(options.Value.HistoryFolder, host.ContentRootPath);
        _history = new ScriptHistory(history, logs.CreateLogger<ScriptHistory>());
        _folder = new ScriptFolder(FolderPath, ScriptShape.Library, time, _history.LastGood);
        _log = logs.CreateLogger<ScriptShelf>();
    }

    /// <summary>Called after each swap, outside the lock: tell the pages that the library changed, no more.</summary>
    public event EventHandler? Changed;

    public string FolderPath { get; }

    public ScriptLibrary Current => _current;

    /// <summary>Ids that files of the library carry, in use or not.</summary>
    public IEnumerable<string> LibraryIds => _files.Keys;

    /// <summary>What the library's file says, also when something else was published under its id.</summary>
    public string? LibraryText(string id) => _files.TryGetValue(id, out var script) ? System.Text.Encoding.UTF8.GetString(script.Source) : null;

    /// <summary>The script for a call, filled and with the reason, or null when none fits.</summary>
    public ScriptView? Choose(ScriptCall call, ScriptContext context) =>
        ScriptChoice.Choose(_current.Scripts, call) is { } chosen ? ScriptRendering.View(chosen.Script, context, chosen.Why) : null;

    /// <summary>The very version a call started with, whatever the file says by now; null when it is not known any more.</summary>
    public ScriptView? View(string id, string version, ScriptContext context) =>
        Find(id, version) is { } script ? ScriptRendering.View(script, context) : null;

    public Script? Find(string id, string version) => _history.Find(id, version);

    /// <summary>The version in use now.</summary>
    public Script? Find(string id) => _current.Scripts.FirstOrDefault(s => s.Id == id);

    public ScriptLibraryView Overview() => new(
        [.. _current.Scripts.Select(ScriptRendering.Summary)],
        [.. _current.Files.Select(f => new ScriptFileView(
            f.Name,
            f switch { { Broken: false } => ScriptFileState.Good, { InUse: not null } => ScriptFileState.LastGood, _ => ScriptFileState.Broken },
            f.InUse?.Id ?? f.ClaimedId,
            f.InUse?.Version,
            [.. f.Problems.Select(p => p.View)],
            f.Since))]);

    /// <summary>Takes up what changed in the folder. True when the library was swapped.</summary>
    /// <param name="published">What was published in the page, all of it: used instead of the files with these ids. Null: as before.</param>
    public bool Refresh(IReadOnlyList<Script>? published = null)
    {
        ScriptLibrary before, now;
        lock (_refreshing)
        {
            before = _current;
            _published = published ?? _published;
            var files = _folder.Read();
            _files = files.Scripts.ToDictionary(s => s.Id, StringComparer.Ordinal);
            now = files with { Scripts = [.. _published.Concat(files.Scripts).DistinctBy(s => s.Id, StringComparer.Ordinal).OrderBy(s => s.Id, StringComparer.Ordinal)] };
            foreach (var script in now.Scripts.Except(before.Scripts)) _history.Keep(script);
            if (now.SameAs(before)) return false;
            _current = now;
        }

        Tell(before, now);
        Changed?.Invoke(this, EventArgs.Empty);
        return true;
    }

    private void Tell(ScriptLibrary before, ScriptLibrary now)
    {
        LogLibrary(now.Scripts.Length, FolderPath);
        foreach (var file in now.Files.Where(f => f.Broken))
        {
            if (before.Files.Any(b => b.Name == file.Name && b.Problems.SequenceEqual(file.Problems))) continue;
            var kept = file.InUse is { } script ? $"version {script.Version} stays in use" : "no good version is known";
            LogBroken(file.Name, kept, file.Problems.Count, file.Problems[0].ToString());
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Script library: {Count} scripts in use from {Folder}")]
    private partial void LogLibrary(int count, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Script file {File} is broken, {Kept}; {Count} problems, the first: {First}")]
    private partial void LogBroken(string file, string kept, int count, string first);
}
