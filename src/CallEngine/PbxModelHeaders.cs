using System.Collections.Frozen;

namespace CallCrm.Engine;

/// <summary>
/// The headers that <see cref="PbxModel"/> reads. All others are left behind when an event is copied, so that copies, and the
/// flight recorder's log of them, are small. A header read in the model stands here (a test compares the two).
/// </summary>
public static class PbxModelHeaders
{
    private const string ChanVariable = "ChanVariable";

    private static readonly FrozenSet<string> s_read = new[]
    {
        "AppData", "Application", "ApplicationData", "BridgeId", "BridgeTechnology", "BridgeType", "BridgeUniqueid", "CallerIDName", "CallerIDNum", "Cause", ChanVariable, "Channel", "ChannelState",
        "CID-CallingPres", "ContactStatus", "Context", "DestApp", "DestBridgeUniqueid", "DestChannel", "DestChannelState", "DestLinkedid", "DestUniqueid",
        "Device", "DialStatus", "DialString", "Duration", "EndpointName", "Exten", "Extension", "FromBridgeUniqueid", "Hint", "Linkedid", "LocalOneUniqueid",
        "LocalTwoUniqueid", "Newname", "OrigTransfererUniqueid", "Result", "SecondTransfererUniqueid", "SourceUniqueid", "SpyeeUniqueid", "SpyerUniqueid", "State", "Status", "SwapUniqueid", "TargetUniqueid", "TechCause",
        "TransferTargetUniqueid", "TransfereeUniqueid", "TransfererUniqueid", "Uniqueid", "UserEvent", "Value", "Variable",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Of the many channel variables these alone are read.</summary>
    private static readonly string[] s_variables = ["CALLERID(num-pres)=", "CALLCRM_CALLID="];

    public static IReadOnlyCollection<string> Names => s_read;

    /// <summary>What the model reads of an event, in order; keys are shared instances.</summary>
    public static KeyValuePair<string, string>[] Cut(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var kept = new KeyValuePair<string, string>[headers.Count];
        var count = 0;
        for (var i = 0; i < kept.Length; i++)
        {
            var (key, value) = headers[i];
            if (s_read.TryGetValue(key, out var shared) && (!ReferenceEquals(shared, ChanVariable) || IsRead(value)))
                kept[count++] = new(shared, value);
        }

        Array.Resize(ref kept, count);
        return kept;
    }

    private static bool IsRead(string variable)
    {
        foreach (var start in s_variables)
        {
            if (variable.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
