using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow;

/// <summary>A PBX's voicemail folder as this machine sees it.</summary>
/// <param name="Named">It stands in the settings; else it is where Asterisk keeps it, should it be there.</param>
public sealed record VoicemailFolder(string Node, string Path, bool Named);

/// <summary>Where the PBXs' own mailboxes lie: <c>Pbx:N:VoicemailFolder</c>.</summary>
public static class VoicemailFolders
{
    /// <summary>Asterisk's own place (<c>astspooldir</c>), FreePBX's too.</summary>
    public const string Default = "/var/spool/asterisk/voicemail";

    /// <summary>One per PBX at most. Unnamed, only a PBX of this machine has one; a folder belongs to the first that has it.</summary>
    public static IReadOnlyList<VoicemailFolder> From(IConfiguration configuration)
    {
        var folders = new List<VoicemailFolder>();
        foreach (var pbx in configuration.GetSection("Pbx").GetChildren())
        {
            if (pbx["Node"] is not { Length: > 0 } node || Of(node, pbx["VoicemailFolder"], pbx["Host"]) is not { } folder) continue;
            if (!folders.Exists(f => f.Path == folder.Path)) folders.Add(folder);
        }

        return folders;
    }

    /// <param name="given">As set; empty means none.</param>
    public static VoicemailFolder? Of(string node, string? given, string? host) => given switch
    {
        { Length: > 0 } => new VoicemailFolder(node, Path.GetFullPath(given), true),
        null when host is null or "127.0.0.1" or "::1" or "localhost" => new VoicemailFolder(node, Default, false),
        _ => null,
    };
}
