namespace CallCrm.Engine;

/// <summary>
/// Turns the events of one Asterisk (18 to 22, AMI) into facts, and is the only place that knows Asterisk's oddities.
/// Pure: no clock, no I/O; a late, doubled, unknown or impossible event is ignored and counted, it never throws.
/// One thread at a time.
/// </summary>
/// <remarks>
/// What is made of a leg's events, by what is known of the leg (– = ignored and counted):
/// <code>
/// event             unknown   created          dialled              ringing        up             ended
/// Newchannel        created   –                –                    –              –              –
/// DialBegin (Dest)  –         DialBegan        –                    –              DialBegan      –
/// Ringing           –         kept for later   LegRang              –              –              –
/// Up                –         LegUp            LegUp                LegUp          –              –
/// DialEnd ANSWER    –         DialEnded        DialEnded            DialEnded      DialEnded      –
/// DialEnd other     –         DialEnded ¹      DialEnded ¹          DialEnded ¹    DialEnded ¹    –
/// BridgeEnter       –         LegJoined        LegJoined            LegJoined      LegJoined      –
/// BridgeLeave       –         LegLeft if it is in that bridge, else –                             –
/// Hold, Unhold      –         HoldBegan, HoldEnded, each only when it changes something           –
/// VMSTATUS          –         MessageLeft when it is SUCCESS                                      –
/// music, queue, lot –         WaitBegan, WaitEnded, when it is in no bridge with others           –
/// HangupRequest     –         LegHungUp, once                                                       –
/// Hangup            –         LegEnded, after what is still open: DialEnded, LegLeft, HoldEnded   –
/// </code>
/// ¹ said at once when the phone's own word came before (HangupRequest), else kept until the leg's Hangup, which
/// carries the cause; see <see cref="PbxModelDialResult"/>.
///
/// Order that the facts keep, whatever the events did: LegCreated first, DialBegan before LegRang, DialEnded once per leg
/// and before LegEnded, LegLeft before LegEnded, LegEnded once and last.
///
/// Local channels (and others without a line behind them) make no facts: who dials through one is the leg on its other
/// side, and bridges that one connects are shown as one bridge.
/// </remarks>
public sealed partial class PbxModel
{
    /// <summary>Above this a Hangup must have been lost: 10,000 agents in talk are 20,000 channels.</summary>
    public const int DefaultMaxLegs = 65_536;

    /// <summary>All events that are read here, for the filters of the connection. Of VarSet only DIALSTATUS and VMSTATUS, of Newexten only VoiceMail, of UserEvent only CallCrmHold, CallCrmFallback and CallCrmMessage.</summary>
    public static IReadOnlyList<string> EventNames { get; } =
    [
        "Newchannel", "Newstate", "NewCallerid", "Rename", "HangupRequest", "Hangup", "Hold", "Unhold", "UserEvent", "MixMonitorStart", "MixMonitorStop",
        "DialBegin", "DialState", "DialEnd", "Pickup", "VarSet", "BridgeEnter", "BridgeLeave", "BridgeDestroy", "BridgeMerge", "LocalBridge",
        "LocalOptimizationBegin", "LocalOptimizationEnd", "BlindTransfer", "AttendedTransfer", "MusicOnHoldStart", "MusicOnHoldStop", "QueueCallerJoin",
        "QueueCallerLeave", "ChanSpyStart", "ChanSpyStop", "DeviceStateChange", "ExtensionStatus", "ContactStatus", "Newexten",
    ];

    /// <summary>Whether such an event may be the first sign of a call, which then needs an id.</summary>
    public static bool MayBeginCall(string eventName) => eventName == "Newchannel";

    readonly string _node;
    readonly int _maxLegs;
    readonly List<PbxFact> _facts = [];
    readonly Dictionary<string, Leg> _legs = new(StringComparer.Ordinal);
    readonly EndedLegs _ended = new();
    DateTimeOffset? _time;
    long _events;
    long _said;
    long _unwanted;
    long _malformed;
    long _unknownLeg;
    long _afterEnd;
    long _repeated;
    long _evicted;

    public PbxModel(string node, int maxLegs = DefaultMaxLegs)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLegs, 1);
        _node = node;
        _maxLegs = maxLegs;
    }

    /// <summary>When the engine took its last event.</summary>
    internal TimeSpan SaidAt { get; set; }

    public PbxModelCounters Counters => new(_events, _said, _unwanted, _malformed, _unknownLeg, _afterEnd, _repeated, _evicted, _legs.Count, _bridges.Count);

    /// <summary>What one event means; empty for most.</summary>
    public IReadOnlyList<PbxFact> Handle(PbxEvent e) => Read(e) is { Count: > 0 } facts ? facts.ToArray() : [];

    /// <summary>The same in the model's own list, which the next event changes.</summary>
    internal List<PbxFact> Read(PbxEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        _facts.Clear();
        _time = e.PbxTime;
        _events++;
        Dispatch(e);
        _said += _facts.Count;
        return _facts;
    }

    /// <summary>
    /// The connection is lost: all is forgotten, ended ids too, because a PBX that restarted gives them out again.
    /// What the PBX has now is told by the next <see cref="TakeSnapshot"/>.
    /// </summary>
    public PbxFact.Lost Reset(string reason, TimeSpan silence = default)
    {
        Forget();
        _ended.Clear();
        _devices.Clear();
        return new PbxFact.Lost(_node, null, reason, silence);
    }

    void Dispatch(PbxEvent e)
    {
        switch (e.Name)
        {
            case "Newchannel": OnNewchannel(PbxModelFields.Read(e)); break;
            case "Newstate": OnNewstate(PbxModelFields.Read(e)); break;
            case "NewCallerid": OnNewCallerid(e, PbxModelFields.Read(e)); break;
            case "Rename": OnRename(e); break;
            case "HangupRequest": OnHangupRequest(PbxModelFields.Read(e)); break;
            case "Hangup": OnHangup(PbxModelFields.Read(e)); break;
            case "Hold": OnHold(PbxModelFields.Read(e), true); break;
            case "Unhold": OnHold(PbxModelFields.Read(e), false); break;
            case "UserEvent": OnUserEvent(PbxModelFields.Read(e)); break;
            case "MixMonitorStart": OnRecording(PbxModelFields.Read(e), true); break;
            case "MixMonitorStop": OnRecording(PbxModelFields.Read(e), false); break;
            case "DialBegin": OnDialBegin(PbxModelFields.Read(e)); break;
            case "DialState": OnDialState(PbxModelFields.Read(e)); break;
            case "DialEnd": OnDialEnd(PbxModelFields.Read(e)); break;
            case "Pickup": OnPickup(e); break;
            case "VarSet": OnVarSet(PbxModelFields.Read(e)); break;
            case "Newexten": OnNewexten(e); break;
            case "BridgeEnter": OnBridgeEnter(PbxModelFields.Read(e)); break;
            case "BridgeLeave": OnBridgeLeave(PbxModelFields.Read(e)); break;
            case "BridgeDestroy": OnBridgeDestroy(PbxModelFields.Read(e)); break;
            case "BridgeMerge": OnBridgeMerge(e); break;
            case "LocalBridge": OnLocalBridge(e); break;
            case "LocalOptimizationBegin": OnOptimization(e, true); break;
            case "LocalOptimizationEnd": OnOptimization(e, false); break;
            case "BlindTransfer": OnBlindTransfer(e); break;
            case "AttendedTransfer": OnAttendedTransfer(e); break;
            case "MusicOnHoldStart": OnMusic(PbxModelFields.Read(e), true); break;
            case "MusicOnHoldStop": OnMusic(PbxModelFields.Read(e), false); break;
            case "QueueCallerJoin": OnQueueCaller(PbxModelFields.Read(e), true); break;
            case "QueueCallerLeave": OnQueueCaller(PbxModelFields.Read(e), false); break;
            case "ChanSpyStart": OnListen(e, true); break;
            case "ChanSpyStop": OnListen(e, false); break;
            case "DeviceStateChange": OnDeviceStateChange(PbxModelFields.Read(e)); break;
            case "ExtensionStatus": OnExtensionStatus(e); break;
            case "ContactStatus": OnContactStatus(e); break;
            default: _unwanted++; break;
        }
    }

    void Say(PbxFact fact) => _facts.Add(fact);

    /// <summary>The living leg an event names; null (counted) when there is none.</summary>
    Leg? Find(string? uniqueId)
    {
        if (string.IsNullOrEmpty(uniqueId))
            _malformed++;
        else if (_legs.TryGetValue(uniqueId, out var leg))
            return leg;
        else if (_ended.Contains(uniqueId))
            _afterEnd++;
        else
            _unknownLeg++;
        return null;
    }

    void Forget()
    {
        _legs.Clear();
        _bridges.Clear();
        _shownLegs.Clear();
        _localHalves.Clear();
        _oldest = _newest = null;
    }
}
