using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CallCrm.CallFlow.Backup;

/// <summary>A file of a backup.</summary>
/// <param name="Path">Inside the backup's folder.</param>
internal sealed record BackupFile(string Path, long Bytes, string Sha256);

/// <param name="List">Names each with its hash; see <see cref="RecordingLine"/>.</param>
/// <param name="Missing">Named by the database, but not in the store when the backup was made.</param>
internal sealed record BackupRecordings(long Files, long Bytes, BackupFile List, IReadOnlyList<string> Missing);

/// <summary>What a backup holds: <c>manifest.json</c>, whose own hash stands in <c>manifest.sha256</c>.</summary>
/// <param name="Format">Of the folder.</param>
/// <param name="Program">Version of the program that made it.</param>
/// <param name="At">The moment whose data it holds.</param>
/// <param name="Migrations">Those that had been applied, in order: the level of the schema.</param>
/// <param name="PostgresMajor">Of the program that wrote the dump; it takes this one or a later one to read it.</param>
/// <param name="DatabaseBytes">The database's size then: about what it will take again.</param>
/// <param name="Rows">By table, from the dump's own snapshot.</param>
/// <param name="Files">All but the recordings: dump, configuration, scripts, key.</param>
/// <param name="Environment">Names of settings that came from the environment; their values are not in the backup.</param>
internal sealed record BackupManifest(int Format, string Program, DateTimeOffset At, IReadOnlyList<string> Migrations, int PostgresMajor, long DatabaseBytes,
    SortedDictionary<string, long> Rows, IReadOnlyList<BackupFile> Files, BackupRecordings Recordings, IReadOnlyList<string> Environment)
{
    public const int CurrentFormat = 1;
    public const string Name = "manifest.json";
    public const string Dump = "database.dump";
    public const string RecordingList = "recordings.list";
    public const string RecordingFolder = "recordings";
    public const string ConfigFile = "config/callcrm.json";
    public const string ScriptFolder = "config/scripts";
    public const string ScriptHistory = "config/script-versions";
    public const string PeoplesFiles = "files";
    public const string MasterKey = "keys/master.key";
    public const string Certificates = "keys/tls";
    const string HashName = "manifest.sha256";

    public void Write(string folder)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(this, BackupJson.Default.BackupManifest);
        Write(Name, bytes);
        // As sha256sum writes it, for "sha256sum -c".
        Write(HashName, Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {Name}\n"));

        void Write(string name, byte[] content)
        {
            using var file = BackupFiles.Create(Path.Combine(folder, name));
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
    }

    /// <exception cref="BackupException">No backup, a damaged one, or one of a later program.</exception>
    public static BackupManifest Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path)) throw new BackupException($"{folder} is no backup: it holds no {Name}.", BackupException.NoInput);
        var bytes = File.ReadAllBytes(path);
        var hashPath = Path.Combine(folder, HashName);
        if (!File.Exists(hashPath)) throw new BackupException($"The backup is damaged: {HashName} is missing.", BackupException.Damaged);
        if (File.ReadAllText(hashPath) != $"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {Name}\n")
            throw new BackupException($"The backup is damaged: {Name} is not what was written (see {HashName}).", BackupException.Damaged);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var format = document.RootElement.GetProperty("format").GetInt32();
            if (format > CurrentFormat)
                throw new BackupException($"The backup was made by a newer CallCrm (format {format}, this program knows {CurrentFormat}): update the program first.", BackupException.Damaged);
            return document.Deserialize(BackupJson.Default.BackupManifest) ?? throw new JsonException("It is empty.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BackupException($"The backup is damaged: {Name} cannot be read ({e.Message}).", BackupException.Damaged, e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BackupManifest))]
[JsonSerializable(typeof(LastBackup))]
internal sealed partial class BackupJson : JsonSerializerContext;
