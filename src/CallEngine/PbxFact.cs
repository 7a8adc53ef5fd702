using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>A channel of one PBX. Unique per node and boot: Asterisk's counters start again, so ended ids are forgotten.</summary>
public readonly record struct LegId(string Node, string UniqueId)
{
    public override string ToString() => $"{Node}/{UniqueId}";
}

public enum DeviceState { Unknown, NotInUse, InUse, Busy, Invalid, Unavailable, Ringing, RingInUse, OnHold }

/// <summary>How one ring at one device ended, told apart by DialStatus and TechCause (PBX contract, hangup causes).</summary>
public enum DialResult { Answered, NoAnswer, Busy, DoNotDisturb, Declined, Cancelled, AnsweredElsewhere, Congestion, Unreachable }

public enum TransferKind { Blind, Attended }

/// <summary>What a leg waits in, alone: music (the dialplan's, BridgeWait), app_queue, a parking lot; or it speaks a message after the tone.</summary>
public enum WaitKind { Music, Queue, Parked, Message }

/// <summary>
/// What happened at the PBX, free of Asterisk's oddities. <see cref="PbxModel"/> makes them, <see cref="CallEngine"/> reads them.
/// </summary>
/// <param name="PbxTime">By the PBX's clock when it tells, else null. Shown; never subtracted from our own clock.</param>
public abstract record PbxFact(string Node, DateTimeOffset? PbxTime)
{
    /// <summary>A channel came to be. <paramref name="Device"/> is the channel name without its suffix, e.g. <c>PJSIP/101</c>.</summary>
    /// <param name="NumberRestricted">Withheld; CallerNumber and CallerName are empty then.</param>
    /// <param name="PresentationTold">
    /// Whether it is withheld is certain. At its creation a channel always says "allowed", so a caller's number is certain only
    /// by the <see cref="CallerChanged"/> that follows (channelvars must carry <c>CALLERID(num-pres)</c>) or by FastAGI.
    /// </param>
    /// <param name="Called">The PBX calls it (dialled, originated); else it called the PBX.</param>
    public sealed record LegCreated(string Node, DateTimeOffset? PbxTime, LegId Leg, string LinkedId, string ChannelName, string Device,
        string CallerNumber, string CallerName, string DialledNumber, string Context, bool NumberRestricted, bool PresentationTold = false, bool Called = false)
        : PbxFact(Node, PbxTime);

    /// <summary>
    /// Number, name or presentation of this leg's own party is another than was said before (set by the dialplan), or the
    /// presentation of one who calls us is now certain.
    /// </summary>
    public sealed record CallerChanged(string Node, DateTimeOffset? PbxTime, LegId Leg, string CallerNumber, string CallerName, bool NumberRestricted,
        bool PresentationTold = false) : PbxFact(Node, PbxTime);

    /// <summary>The channel's linked id changed: two calls are becoming one. The older id wins.</summary>
    public sealed record LegLinked(string Node, DateTimeOffset? PbxTime, LegId Leg, string LinkedId) : PbxFact(Node, PbxTime);

    /// <summary>A channel began dialling another. <paramref name="Caller"/> is null for an originated leg.</summary>
    /// <param name="Number">The number in the dial string, empty when it names a device only.</param>
    public sealed record DialBegan(string Node, DateTimeOffset? PbxTime, LegId? Caller, LegId Dialled, string Device, string Number = "") : PbxFact(Node, PbxTime);

    /// <summary>The dialled phone rings (180), said once per leg.</summary>
    public sealed record LegRang(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <summary>A ring ended, said once per dialled leg. <paramref name="Dialled"/> is null when there never was a channel (CHANUNAVAIL).</summary>
    public sealed record DialEnded(string Node, DateTimeOffset? PbxTime, LegId? Caller, LegId? Dialled, DialResult Result, int? TechCause) : PbxFact(Node, PbxTime);

    /// <summary>The channel was answered (Up). For a caller this is no sign that an agent spoke: hold answers too.</summary>
    public sealed record LegUp(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <param name="Conference">A bridge to meet in (ConfBridge, ARI): who is in it keeps their own call.</param>
    public sealed record LegJoined(string Node, DateTimeOffset? PbxTime, LegId Leg, string BridgeId, bool Conference = false) : PbxFact(Node, PbxTime);

    public sealed record LegLeft(string Node, DateTimeOffset? PbxTime, LegId Leg, string BridgeId) : PbxFact(Node, PbxTime);

    /// <summary>The person at this leg pressed hold; the other side hears music.</summary>
    public sealed record HoldBegan(string Node, DateTimeOffset? PbxTime, LegId Holder) : PbxFact(Node, PbxTime);

    public sealed record HoldEnded(string Node, DateTimeOffset? PbxTime, LegId Holder) : PbxFact(Node, PbxTime);

    /// <summary>The leg waits with nobody to hear it. A further one of another kind replaces it.</summary>
    public sealed record WaitBegan(string Node, DateTimeOffset? PbxTime, LegId Leg, WaitKind Kind) : PbxFact(Node, PbxTime);

    public sealed record WaitEnded(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <summary>ChanSpy: <paramref name="Listener"/> hears what <paramref name="Heard"/> says and hears, and is no party to its call.</summary>
    public sealed record ListenBegan(string Node, DateTimeOffset? PbxTime, LegId Listener, LegId Heard) : PbxFact(Node, PbxTime);

    public sealed record ListenEnded(string Node, DateTimeOffset? PbxTime, LegId Listener) : PbxFact(Node, PbxTime);

    /// <summary><c>UserEvent(CallCrmHold)</c>: this caller is in our hold loop and may be redirected.</summary>
    public sealed record HoldMarked(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <summary><c>UserEvent(CallCrmFallback)</c>: we gave this caller no route, the dialplan serves them.</summary>
    public sealed record FellBack(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <summary>The PBX's own VoiceMail kept a message from this leg (VMSTATUS is SUCCESS; who hangs up at the tone leaves none).</summary>
    /// <param name="Mailbox"><c>101@default</c>; empty when it was not told.</param>
    public sealed record MessageLeft(string Node, DateTimeOffset? PbxTime, LegId Leg, string Mailbox) : PbxFact(Node, PbxTime);

    /// <param name="Target">Blind: the extension dialled. Attended: the number of who was consulted, or their device when they have none.</param>
    public sealed record Transferred(string Node, DateTimeOffset? PbxTime, TransferKind Kind, LegId Transferer, LegId? Transferee, string Target) : PbxFact(Node, PbxTime);

    /// <summary>A MixMonitor runs on this channel.</summary>
    public sealed record RecordingBegan(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <summary>
    /// The person at this leg hung up (HangupRequest). The channel may live on for seconds, while an AGI thinks or the dialplan's
    /// extension h runs; only its <see cref="LegEnded"/> ends it.
    /// </summary>
    public sealed record LegHungUp(string Node, DateTimeOffset? PbxTime, LegId Leg) : PbxFact(Node, PbxTime);

    /// <summary>The channel is gone. <paramref name="HungUp"/>: this side asked for it (HangupRequest).</summary>
    public sealed record LegEnded(string Node, DateTimeOffset? PbxTime, LegId Leg, int Cause, int? TechCause, bool HungUp) : PbxFact(Node, PbxTime);

    public sealed record DeviceChanged(string Node, DateTimeOffset? PbxTime, string Device, DeviceState State) : PbxFact(Node, PbxTime);

    /// <summary>Logged in and told who it is; a <see cref="Snapshot"/> follows.</summary>
    public sealed record Connected(string Node, DateTimeOffset? PbxTime, string Version) : PbxFact(Node, PbxTime);

    /// <param name="Silence">How long nothing had been heard when that was noticed.</param>
    public sealed record Lost(string Node, DateTimeOffset? PbxTime, string Reason, TimeSpan Silence = default) : PbxFact(Node, PbxTime);

    /// <summary>All channels and device states that the PBX has now; what is not in it has ended.</summary>
    public sealed record Snapshot(string Node, DateTimeOffset? PbxTime, ImmutableArray<SnapshotLeg> Legs,
        ImmutableArray<KeyValuePair<string, DeviceState>> Devices) : PbxFact(Node, PbxTime);
}

/// <summary>A living channel as CoreShowChannels lists it.</summary>
/// <param name="Age">How long the channel has lived (its Duration line).</param>
/// <param name="NumberRestricted">Withheld; CallerNumber and CallerName are empty then.</param>
public sealed record SnapshotLeg(LegId Leg, string LinkedId, string ChannelName, string Device, string CallerNumber, string CallerName,
    string DialledNumber, string Context, string Application, bool Up, bool Ringing, string? BridgeId, TimeSpan Age, string? CallId, bool NumberRestricted = false, bool PresentationTold = false,
    WaitKind? Waits = null, bool Conference = false);
