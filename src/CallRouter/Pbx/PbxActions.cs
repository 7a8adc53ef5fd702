using System.Globalization;
using CallCrm.Engine;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Pbx;

/// <summary>The engine's actions in AMI's words (see the dialplan snippet for their targets).</summary>
static class PbxActions
{
    /// <summary>The caller waits meanwhile; an answer later than this is treated as none.</summary>
    static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(1);

    public static AmiAction ToAmi(PbxAction what, PbxOptions pbx) => what switch
    {
        PbxAction.Originate originate => Originate(originate, pbx),
        PbxAction.Listen listen => Action("Originate", [
            ("Channel", listen.Device), ("ChannelId", listen.ChannelId), ("Context", "callcrm-listen"), ("Exten", "s"), ("Priority", "1"), ("CallerID", $"<{listen.From}>"),
            ("Timeout", ((int)listen.Ring.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)), ("Async", "true"), ("Variable", $"CALLCRM_HEARD={listen.Heard}"), .. Lift(listen.Device, listen.Lift)]),
        // By label: Asterisk then refuses a missing target; with a number it says Success and the caller is lost.
        PbxAction.Redirect redirect => Action("Redirect",
            ("Channel", redirect.Channel), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm")),
        PbxAction.Consult consult => Action("Redirect",
            ("Channel", consult.Client), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"),
            ("ExtraChannel", consult.Own), ("ExtraContext", "callcrm-consult"), ("ExtraExten", consult.Device ?? DialNumber.Of(consult.Number!, pbx)), ("ExtraPriority", "callcrm")),
        PbxAction.Aside aside => Action("Redirect",
            ("Channel", aside.Channel), ("Context", "callcrm-consult"), ("Exten", aside.Held ? "held" : "wait"), ("Priority", "callcrm")),
        PbxAction.Bridge bridge => Action("Bridge",
            ("Channel1", bridge.First), ("Channel2", bridge.Second), ("Tone", "no")),
        PbxAction.HangUp hangUp => Action("Hangup",
            ("Channel", hangUp.Channel), ("Cause", hangUp.Cause.ToString(CultureInfo.InvariantCulture))),
        PbxAction.Answer answer => Notify(answer.Device, answer.Channel, "talk"),
        PbxAction.Hold hold => Notify(hold.Device, hold.Channel, "hold"),
        _ => throw new ArgumentOutOfRangeException(nameof(what), what.GetType().Name, "no AMI action for it"),
    };

    /// <summary>Rings a phone that is tried, and keeps it in silence once it is answered. An application, not a place in the dialplan: no snippet is needed for it.</summary>
    public static AmiAction Test(string channelId, string device, bool lift) => Action("Originate", [
        ("Channel", device), ("ChannelId", channelId), ("Application", "Wait"), ("Data", "30"), ("CallerID", "\"CallCrm\" <0>"), ("Timeout", "25000"), ("Async", "true"), .. Lift(device, lift)]);

    /// <summary>Not Async would stop all other actions of this line until the phone is lifted. Its OriginateResponse is not read: the channel tells.</summary>
    static AmiAction Originate(PbxAction.Originate what, PbxOptions pbx)
    {
        var number = DialNumber.Of(what.Number, pbx);
        return Action("Originate", [
            ("Channel", what.Device), ("ChannelId", what.ChannelId), ("Context", "callcrm-out"), ("Exten", number), ("Priority", "1"), ("CallerID", $"<{number}>"),
            ("Timeout", ((int)what.Ring.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)), ("Async", "true"),
            ("Variable", $"__CALLCRM_CALLID={what.Call:N}"), ("Variable", $"__CALLCRM_RECORD={(what.Record ? "1" : "0")}"), ("Variable", $"CALLCRM_FROM={what.From}"),
            ("Variable", $"CALLCRM_INTERNAL={(what.Number.Kind == NumberKind.Extension ? "1" : "0")}"), .. Lift(what.Device, what.Lift)]);
    }

    /// <summary>
    /// Headers of the INVITE to the own phone on which it answers by itself; the snippet's callcrm-lift has the same. chan_sip takes them by
    /// variables of its own (as SIPAddHeader does); other technologies have none.
    /// </summary>
    static (string, string)[] Lift(string device, bool lift) => (lift, device[..(device.IndexOf('/', StringComparison.Ordinal) + 1)]) switch
    {
        (true, "PJSIP/") => [("Variable", $"PJSIP_HEADER(add,Call-Info)={CallInfo}"), ("Variable", $"PJSIP_HEADER(add,Alert-Info)={AlertInfo}")],
        (true, "SIP/") => [("Variable", $"SIPADDHEADER01=Call-Info: {CallInfo}"), ("Variable", $"SIPADDHEADER02=Alert-Info: {AlertInfo}")],
        _ => [],
    };

    const string CallInfo = "<sip:callcrm>;answer-after=0";
    const string AlertInfo = "<http://callcrm>;info=alert-autoanswer;delay=0";

    /// <summary>SIP NOTIFY is sent by PJSIPNotify alone.</summary>
    public static bool TakesNotify(string device) => device.StartsWith("PJSIP/", StringComparison.Ordinal);

    /// <summary>Who the channel talks with (BRIDGEPEER); empty when it does not.</summary>
    public static AmiAction AskPeer(string channel) => Action("Getvar", ("Channel", channel), ("Variable", "BRIDGEPEER"));

    /// <summary>Told to all who read this PBX's events of the class user; needs the write class of that name.</summary>
    public static AmiAction Announce(string name, params ReadOnlySpan<(string Key, string Value)> what) => Action("UserEvent", [("UserEvent", name), .. what]);

    /// <summary>A global variable of the dialplan.</summary>
    public static AmiAction SetGlobal(string name, string value) => Action("Setvar", ("Variable", name), ("Value", value));

    /// <summary>In the dialog of the channel where it is known, else to the device's contact.</summary>
    static AmiAction Notify(string device, string? channel, string what) => Action("PJSIPNotify",
        channel is null ? ("Endpoint", device[(device.IndexOf('/', StringComparison.Ordinal) + 1)..]) : ("Channel", channel),
        ("Variable", $"Event={what}"));

    static AmiAction Action(string name, params ReadOnlySpan<(string Key, string Value)> headers)
    {
        var action = new AmiAction(name) { Deadline = AnswerWithin };
        foreach (var (key, value) in headers)
            action.Add(key, value);
        return action;
    }

    /// <summary>
    /// As in manager-callcrm.conf. An expression is looked for in the whole event (manager.c, match_filter), a caller's name included: without
    /// the anchor, who calls himself "Event: RTCPSent" would hide every event of his call.
    /// </summary>
    internal static readonly IReadOnlyList<string> ServerFilters =
        ["!^Event: RTCP", "!^Event: Newexten.*[[:cntrl:]]Application: ([^V]|V[^o]|Vo[^i]|Voi[^c]|Voic[^e]|Voice[^M])", "!^Event: AGIExec"];

    /// <summary>Only the events the model reads; of the many VarSet only DIALSTATUS, the one sign of an unregistered phone, and VMSTATUS, that of a message in a mailbox.</summary>
    public static AmiClientOptions ClientOptions(PbxOptions pbx) => new()
    {
        Node = pbx.Node,
        Host = pbx.Host,
        Port = pbx.AmiPort,
        User = pbx.User,
        Secret = pbx.Secret,
        Tls = pbx.Tls,
        TlsFingerprint = pbx.TlsThumbprint ?? "",
        Events = new AmiEventFilter()
            .Want([.. PbxModel.EventNames.Where(name => name is not ("VarSet" or "Newexten"))])
            .Want("Newexten", (in AmiMessage message) => message.Is("Application"u8, "VoiceMail"u8))
            .WantVariables("DIALSTATUS", "VMSTATUS"),
        ServerFilters = ServerFilters,
    };
}
