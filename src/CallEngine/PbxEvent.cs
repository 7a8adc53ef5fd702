namespace CallCrm.Engine;

/// <summary>One AMI event as plain text, copied out of the reader's buffer. Keys are compared without case and may repeat.</summary>
/// <param name="Node">The PBX's name in our configuration, equal to its <c>systemname</c> where one is set.</param>
/// <param name="PbxTime">The PBX's own <c>Timestamp</c> header (timestampevents=yes); null when it sends none.</param>
public sealed record PbxEvent(string Node, string Name, IReadOnlyList<KeyValuePair<string, string>> Fields, DateTimeOffset? PbxTime)
{
    public string? this[string key]
    {
        get
        {
            foreach (var field in Fields)
            {
                if (string.Equals(field.Key, key, StringComparison.OrdinalIgnoreCase))
                    return field.Value;
            }

            return null;
        }
    }
}
