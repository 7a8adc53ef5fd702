using System.Text;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow.Backup;

/// <summary>Everything that a backup holds, and where it lies on this machine.</summary>
/// <param name="ConfigFile">Null: none is used.</param>
/// <param name="Folders">Further folders by their name in the backup, whether they are there or not.</param>
/// <param name="GivenKey">The master key of the environment; null: it is the file's.</param>
/// <param name="Environment">Names of settings that come from the environment.</param>
internal sealed record BackupSite(string DataFolder, DatabaseAddress Database, RecordingFiles Recordings, string SpillFolder, string? ConfigFile,
    IReadOnlyDictionary<string, string> Folders, string? GivenKey, IReadOnlyList<string> Environment)
{
    /// <summary>Files on clients, deals and calls: each under the hash of its content.</summary>
    public StoredFiles Files { get; } = new(Path.Combine(DataFolder, "files"));

    /// <summary>Set by the command itself: they say where things lie here, not how the site works.</summary>
    static readonly string[] OfThisMachine = ["CallCrm__DataFolder", "CallCrm__ConfigFile", "Scripts__Folder"];

    public string MasterKeyFile => Path.Combine(DataFolder, "keys", "master.key");

    /// <summary>Held by a backup and by a restore.</summary>
    public string LockFile => Path.Combine(DataFolder, "backup.lock");

    public static BackupSite From(IConfiguration configuration)
    {
        var data = CallFlow.DataFolder.From(configuration);
        return new BackupSite(data, DatabaseAddress.From(configuration), RecordingFiles.From(configuration),
            Given("Router:SpillFolder") ?? Path.Combine(data, "spill"),
            ConfigurationFile.Find(configuration),
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [BackupManifest.ScriptFolder] = Path.GetFullPath(Given("Scripts:Folder") ?? "scripts-library"),
                [BackupManifest.Certificates] = Path.Combine(data, "tls"),
                [BackupManifest.ScriptHistory] = Path.GetFullPath(Given("Scripts:HistoryFolder") ?? Path.Combine(data, "script-versions")),
            },
            Given("CallCrm:MasterKey"),
            [.. System.Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsSetting).Order(StringComparer.Ordinal)]);

        string? Given(string key) => configuration[key] is { Length: > 0 } value ? value : null;
    }

    static bool IsSetting(string name) =>
        name.Contains("__", StringComparison.Ordinal) && ConfigurationCheck.Ours.Contains(name[..name.IndexOf("__", StringComparison.Ordinal)], StringComparer.OrdinalIgnoreCase)
        && !OfThisMachine.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The key in force; null when none was made yet.</summary>
    public byte[]? MasterKey() => GivenKey is { } given ? Encoding.ASCII.GetBytes(given) : File.Exists(MasterKeyFile) ? File.ReadAllBytes(MasterKeyFile) : null;
}
