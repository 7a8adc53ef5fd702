using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>
/// An Asterisk with a trunk, phones and the dialplan contract, that says over AMI what Asterisk says, in the orders it was seen to say it
/// (README of the traces). Its truth is kept from its own events; what the router hears of them is another matter.
/// </summary>
internal sealed partial class SimPbx : ISimPbx
{
    public const string Node = "pbx";
    public const string Trunk = "PJSIP/trunk";
    readonly SimClock _clock;
    readonly Random _random;
    readonly SimRouter _router;
    readonly Dictionary<string, SimLeg> _legs = new(StringComparer.Ordinal);
    readonly HashSet<string> _unregistered = new(StringComparer.Ordinal);
    long _epoch = 1_795_448_000;
    int _channels;
    int _bridges;
    int _life;

    public SimPbx(SimClock clock, PbxTruth truth, Random random, SimRouter router)
    {
        (_clock, Truth, _random, _router) = (clock, truth, random, router);
        router.Pbx = this;
        foreach (var device in Agents.Append(Fallback))
            ShowDevice(device);
    }

    public static IReadOnlyList<string> Agents { get; } = [.. Enumerable.Range(101, 8).Select(n => $"PJSIP/{n}")];

    public const string Fallback = "PJSIP/190";

    public PbxTruth Truth { get; }

    /// <summary>Events so far.</summary>
    public int Said { get; private set; }

    /// <summary>Called after each event, once it is true.</summary>
    public Action? AfterEvent { get; set; }

    public bool Redirect(string channel, bool unlessBridged)
    {
        if (_legs.Values.FirstOrDefault(l => !l.Gone && l.Channel.Name == channel) is not { } leg || (unlessBridged && leg.Channel.Bridge is not null))
            return false;
        if (leg.Talks)
            _router.Broken ??= $"{channel} was redirected out of a talk";
        leg.RedirectDue = true;
        leg.Script?.Wake();
        return true;
    }

    public bool HangUp(string channel)
    {
        if (_legs.Values.FirstOrDefault(l => !l.Gone && l.Channel.Name == channel) is not { } leg)
            return false;
        leg.HangUpDue = true;
        leg.Script?.Wake();
        return true;
    }

    /// <summary>kill -9 of the PBX: no event tells, counters start again.</summary>
    public void Crash()
    {
        _life++;
        Truth.Crash();
        foreach (var leg in _legs.Values)
            leg.Gone = true;
        _legs.Clear();
        (_channels, _bridges) = (0, _bridges + 1000);
        _epoch += 1000;
        _router.PbxDied();
        foreach (var device in Agents)
            ShowDevice(device);
    }

    /// <summary>A phone loses its registration, or gets it back.</summary>
    public void Register(string device, bool registered)
    {
        if (registered ? _unregistered.Remove(device) : _unregistered.Add(device))
            ShowDevice(device);
    }

    void Run(SimLeg leg, IEnumerable<double> steps)
    {
        var life = _life;
        leg.Script = new SimScript(_clock, steps.GetEnumerator(), () => life == _life);
        leg.Script.Go(0);
    }

    SimLeg NewLeg(string device, string state, string? linked = null, string number = "", string exten = "s", string context = "from-internal", string name = "")
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{_epoch + (long)_clock.Now.TotalSeconds}.{_channels}");
        Emit("Newchannel", [
            new("Channel", name.Length > 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{device}-{_channels++:x8}")), new("ChannelState", state), new("CallerIDNum", number), new("CallerIDName", "<unknown>"),
            new("Context", context), new("Exten", exten), new("Uniqueid", id), new("Linkedid", linked ?? id), new("ChanVariable", "CALLCRM_CALLID="), new("ChanVariable", "CALLERID(num-pres)=allowed"),
        ]);
        if (name.Length > 0)
            _channels++;
        var leg = new SimLeg(Truth.Find(id)!);
        _legs.Add(id, leg);
        return leg;
    }

    void Emit(string name, List<KeyValuePair<string, string>> fields)
    {
        var e = new PbxEvent(Node, name, fields, null);
        Truth.Apply(e, _clock.Now);
        Said++;
        _router.Hear(e);
        AfterEvent?.Invoke();
    }

    void Emit(string name, SimLeg leg, params KeyValuePair<string, string>[] more) => Emit(name, [.. Picture(leg.Channel, ""), .. more]);

    void EmitDial(string name, SimLeg caller, SimLeg dialled, params KeyValuePair<string, string>[] more) =>
        Emit(name, [.. Picture(caller.Channel, ""), .. Picture(dialled.Channel, "Dest"), .. more]);

    static IEnumerable<KeyValuePair<string, string>> Picture(TruthChannel c, string prefix)
    {
        yield return new(prefix + "Channel", c.Name);
        yield return new(prefix + "ChannelState", c.State);
        yield return new(prefix + "CallerIDNum", c.CallerNumber.Length > 0 ? c.CallerNumber : "<unknown>");
        yield return new(prefix + "CallerIDName", "<unknown>");
        yield return new(prefix + "Context", c.Context);
        yield return new(prefix + "Exten", c.Exten);
        yield return new(prefix + "Uniqueid", c.UniqueId);
        yield return new(prefix + "Linkedid", c.LinkedId);
        foreach (var variable in c.Variables)
            yield return new(prefix + "ChanVariable", variable);
    }

    /// <summary>The channel runs an application of the dialplan (Newexten, which the router never hears).</summary>
    void At(SimLeg leg, string application, string? context = null, string? exten = null)
    {
        (leg.Channel.Context, leg.Channel.Exten) = (context ?? leg.Channel.Context, exten ?? leg.Channel.Exten);
        Emit("Newexten", leg, new("Application", application), new("Extension", leg.Channel.Exten));
    }

    void SetState(SimLeg leg, string state)
    {
        if (leg.Channel.State == state)
            return;
        leg.Channel.State = state;
        Emit("Newstate", leg);
        ShowDevice(leg.Channel.Device);
    }

    void HangUp(SimLeg leg, int cause, int? techCause = null, bool asked = false)
    {
        if (leg.Gone)
            return;
        if (asked)
            Emit("HangupRequest", leg, new KeyValuePair<string, string>("Cause", Text(cause)));
        if (leg.Channel.Bridge is { } bridge)
            Emit("BridgeLeave", leg, new KeyValuePair<string, string>("BridgeUniqueid", bridge));
        leg.Gone = true;
        _legs.Remove(leg.Channel.UniqueId);
        Emit("Hangup", leg, [new("Cause", Text(cause)), .. techCause is { } sip ? new KeyValuePair<string, string>[] { new("TechCause", Text(sip)) } : []]);
        ShowDevice(leg.Channel.Device);
    }

    void ShowDevice(string device)
    {
        if (PbxModelText.IsHidden(device))
            return;
        var states = Truth.Legs.Where(c => c.Device == device).Select(c => c.State).ToHashSet(StringComparer.Ordinal);
        var rings = states.Contains("5");
        var speaks = states.Contains("6") || states.Contains("4");
        var state = _unregistered.Contains(device) && states.Count == 0 ? "UNAVAILABLE" : (rings, speaks) switch
        {
            (true, true) => "RINGINUSE",
            (true, false) => "RINGING",
            (false, true) => "INUSE",
            _ => "NOT_INUSE",
        };
        if (Truth.DeviceState(device) != state)
            Emit("DeviceStateChange", [new("Device", device), new("State", state)]);
    }

    bool IsIdle(string device) => Truth.DeviceState(device) is "NOT_INUSE" or "UNAVAILABLE" && !Truth.Legs.Any(c => c.Device == device);

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    bool Chance(int percent) => _random.Next(100) < percent;

    double Between(int least_ms, int most_ms) => _random.Next(least_ms, most_ms);
}
