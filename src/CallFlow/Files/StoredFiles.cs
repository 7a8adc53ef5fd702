using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow;

/// <summary>Where people's files lie: <c>files</c> in the data folder, each under the SHA-256 of its content, so that what has a name never changes.</summary>
public sealed class StoredFiles(string folder)
{
    const string Incoming = ".incoming";

    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>For what is being uploaded; on the same disk, so that it is moved in one step.</summary>
    public string IncomingFolder => Path.Combine(Folder, Incoming);

    public static StoredFiles From(IConfiguration configuration) => new(Path.Combine(DataFolder.From(configuration), "files"));

    public string PathOf(string sha256) =>
        sha256 is { Length: 64 } && sha256.All(char.IsAsciiHexDigitLower) ? Path.Combine(Folder, sha256[..2], sha256) : throw new InvalidDataException($"\"{sha256}\" is no SHA-256: the row is damaged.");

    /// <summary>All that is there, with paths inside the folder, in their order; not what is being uploaded.</summary>
    public static IEnumerable<string> In(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal).Where(d => Path.GetFileName(d) is { Length: 2 }).SelectMany(d => Directory.EnumerateFiles(d).Order(StringComparer.Ordinal))
                .Where(f => Path.GetFileName(f) is { Length: 64 } name && name.All(char.IsAsciiHexDigitLower))
            : [];
}
