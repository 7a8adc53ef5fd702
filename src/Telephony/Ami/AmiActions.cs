using System.Globalization;

namespace CallCrm.Telephony.Ami;

/// <summary>The actions CallCrm sends, with their headers spelled once.</summary>
public static class AmiActions
{
    /// <summary>Keep-alive.</summary>
    public static AmiAction Ping() => new("Ping");

    /// <summary>Versions and <c>SystemName</c>. Needs <c>reporting</c>.</summary>
    public static AmiAction CoreSettings() => new("CoreSettings");

    /// <summary>List of all channels with bridge, linked id, context and application. Needs <c>reporting</c>.</summary>
    public static AmiAction CoreShowChannels() => new("CoreShowChannels");

    /// <summary>List of all device states. Needs <c>call</c> or <c>reporting</c>.</summary>
    public static AmiAction DeviceStateList() => new("DeviceStateList");

    /// <summary>
    /// Moves a channel to a labelled priority. The label is required on purpose: with a number Asterisk says Success even
    /// when the target does not exist, and the caller is lost.
    /// </summary>
    public static AmiAction Redirect(string channel, string context, string exten, string label)
    {
        if (label.Length == 0 || char.IsAsciiDigit(label[0]))
            throw new ArgumentException($"A redirect target is named by a label, not by '{label}'", nameof(label));
        return new("Redirect") { { "Channel", channel }, { "Context", context }, { "Exten", exten }, { "Priority", label } };
    }

    /// <summary>Hangs a channel up, with a Q.850 cause where given.</summary>
    public static AmiAction Hangup(string channel, int? cause = null)
    {
        var action = new AmiAction("Hangup") { { "Channel", channel } };
        if (cause is { } number)
            action.Add("Cause", number.ToString(CultureInfo.InvariantCulture));
        return action;
    }

    /// <summary>NOTIFY within the dialog of a channel: <c>talk</c> answers a phone, <c>hold</c> toggles hold. Needs <c>system</c>.</summary>
    public static AmiAction PjsipNotify(string channel, string eventName) =>
        new("PJSIPNotify") { { "Channel", channel }, { "Variable", "Event=" + eventName } };

    /// <summary>Silences (or not) both directions of every recording on a channel.</summary>
    public static AmiAction MixMonitorMute(string channel, bool mute) =>
        new("MixMonitorMute") { { "Channel", channel }, { "Direction", "both" }, { "State", mute ? "1" : "0" } };

    /// <summary>Adds an event filter to this session (Asterisk 18 to 22 syntax, for example <c>!Event: RTCPSent</c>). Needs <c>system</c>.</summary>
    public static AmiAction Filter(string filter) => new("Filter") { { "Operation", "Add" }, { "Filter", filter } };
}
