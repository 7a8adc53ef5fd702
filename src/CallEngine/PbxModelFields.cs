using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CallCrm.Engine;

/// <summary>
/// The headers that the frequent events need, found in one pass. Case of keys does not matter; of a repeated key the first
/// value counts, except <c>ChanVariable</c>, of which all are looked at.
/// </summary>
struct PbxModelFields
{
    const string PresentationVariable = "CALLERID(num-pres)=";

    public string? Channel, UniqueId, LinkedId, ChannelState, CallerNumber, CallerName, Exten, Context;
    public string? DestChannel, DestUniqueId, DestLinkedId, DestState, DialStatus, DialString;
    public string? Cause, TechCause, BridgeId, BridgeTechnology, BridgeType, SwapUniqueId;
    public string? Variable, Value, UserEvent, Device, State;

    /// <summary>The caller's presentation (channelvars must carry <c>CALLERID(num-pres)</c>); null when not told.</summary>
    public bool? Restricted;

    public static PbxModelFields Read(PbxEvent e)
    {
        var fields = default(PbxModelFields);
        switch (e.Fields)
        {
            case KeyValuePair<string, string>[] array:
                fields.ReadAll(array);
                break;
            case List<KeyValuePair<string, string>> list:
                fields.ReadAll(CollectionsMarshal.AsSpan(list));
                break;
            default:
                fields.ReadAll(e.Fields.ToArray());
                break;
        }

        return fields;
    }

    void ReadAll(ReadOnlySpan<KeyValuePair<string, string>> all)
    {
        foreach (ref readonly var field in all)
        {
            var (key, value) = (field.Key, field.Value);
            if (key is not null && value is not null)
                Take(key, value);
        }
    }

    /// <summary>By length first: most headers are told apart, or left out, without comparing a letter.</summary>
    void Take(string key, string value)
    {
        switch (key.Length)
        {
            case 5:
                _ = Is(key, "Exten", value, ref Exten) || Is(key, "Cause", value, ref Cause) || Is(key, "Value", value, ref Value) || Is(key, "State", value, ref State);
                break;
            case 6:
                Is(key, "Device", value, ref Device);
                break;
            case 7:
                _ = Is(key, "Channel", value, ref Channel) || Is(key, "Context", value, ref Context);
                break;
            case 8:
                _ = Is(key, "Uniqueid", value, ref UniqueId) || Is(key, "Linkedid", value, ref LinkedId) || Is(key, "Variable", value, ref Variable);
                break;
            case 9:
                _ = Is(key, "TechCause", value, ref TechCause) || Is(key, "UserEvent", value, ref UserEvent);
                break;
            case 10:
                _ = Is(key, "DialStatus", value, ref DialStatus) || Is(key, "BridgeType", value, ref BridgeType) || Is(key, "DialString", value, ref DialString);
                break;
            case 11:
                _ = Is(key, "CallerIDNum", value, ref CallerNumber) || Is(key, "DestChannel", value, ref DestChannel);
                break;
            case 12:
                TakeTwelve(key, value);
                break;
            case 14:
                Is(key, "BridgeUniqueid", value, ref BridgeId);
                break;
            case 16:
                _ = Is(key, "DestChannelState", value, ref DestState) || Is(key, "BridgeTechnology", value, ref BridgeTechnology);
                break;
        }
    }

    void TakeTwelve(string key, string value)
    {
        switch (key[0] | 0x20)
        {
            case 'c':
                if (!Is(key, "ChannelState", value, ref ChannelState) && !Is(key, "CallerIDName", value, ref CallerName)
                    && string.Equals(key, "ChanVariable", StringComparison.OrdinalIgnoreCase)
                    && value.StartsWith(PresentationVariable, StringComparison.OrdinalIgnoreCase))
                {
                    Restricted = PbxModelText.IsProhibited(value.AsSpan(PresentationVariable.Length));
                }

                break;
            case 'd':
                _ = Is(key, "DestUniqueid", value, ref DestUniqueId) || Is(key, "DestLinkedid", value, ref DestLinkedId);
                break;
            case 's':
                Is(key, "SwapUniqueid", value, ref SwapUniqueId);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Is(string key, string wanted, string value, ref string? slot)
    {
        if (!string.Equals(key, wanted, StringComparison.OrdinalIgnoreCase))
            return false;
        slot ??= value;
        return true;
    }
}
