using System.Text.RegularExpressions;

namespace CallCrm.Recorder.Intake;

/// <summary>The channel a recording belongs to: the key of the call leg.</summary>
internal readonly record struct RecordingKey(string Node, string UniqueId)
{
    public override string ToString() => $"{Node}-{UniqueId}";
}

/// <summary>What a file's name says: <c>NODE-UNIQUEID-in.wav</c>, <c>NODE-UNIQUEID-out.wav</c>, <c>NODE-UNIQUEID.done</c>.</summary>
internal static partial class RecordingName
{
    /// <summary>The part before side and ending, or null when the file is none of ours.</summary>
    public static string? Stem(string fileName)
    {
        foreach (var ending in (ReadOnlySpan<string>)["-in.wav", "-out.wav", ".done"])
        {
            if (fileName.EndsWith(ending, StringComparison.Ordinal) && Form().IsMatch(fileName[..^ending.Length])) return fileName[..^ending.Length];
        }

        return null;
    }

    /// <summary>
    /// Every way to cut a stem in node and unique id. Both may hold hyphens: with a system name set, Asterisk's unique ids begin
    /// with it (<c>milan-1-1795449837.0</c>), so <c>milan-1-milan-1-1795449837.0</c> is node <c>milan-1</c>. The call legs tell which cut is meant.
    /// </summary>
    /// <param name="folderNode">The node whose folder the file lay in, when that is known: it counts too, as the dialplan may write another name, or none.</param>
    public static IEnumerable<RecordingKey> Cuts(string stem, string? folderNode)
    {
        for (var i = stem.IndexOf('-', StringComparison.Ordinal); i >= 0; i = stem.IndexOf('-', i + 1))
        {
            if (i > 0) yield return new RecordingKey(stem[..i], stem[(i + 1)..]);
            if (folderNode is not null && folderNode != stem[..i]) yield return new RecordingKey(folderNode, stem[(i + 1)..]);
        }
    }

    /// <summary>
    /// The likeliest cut when no call leg is known: the folder's node where the name begins with it or with none, else a unique id with the
    /// node's name before it, else one as short as it can be. The node is the folder's, where that is known.
    /// </summary>
    public static RecordingKey Guess(string stem, string? folderNode)
    {
        if (folderNode is not null && stem.StartsWith(folderNode + "-", StringComparison.Ordinal)) return new RecordingKey(folderNode, stem[(folderNode.Length + 1)..]);
        if (stem[0] == '-') return new RecordingKey(folderNode ?? "unknown", stem[1..]);
        var cuts = Cuts(stem, null).ToArray();
        var likeliest = cuts.Where(c => c.UniqueId.StartsWith(c.Node + "-", StringComparison.Ordinal)).Concat(cuts.Reverse()).First();
        return likeliest with { Node = folderNode ?? likeliest.Node };
    }

    /// <summary>The name before the hyphen is empty when the PBX has no <c>systemname</c> and no <c>CALLCRM_NODE</c>.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9_-]*-[0-9]+\.[0-9]+$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
