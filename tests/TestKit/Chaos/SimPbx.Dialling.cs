using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>Rings and talks, with the event orders of the traces.</summary>
internal sealed partial class SimPbx
{
    /// <summary>Application Dial: one phone, until it answers, refuses, or the time is over (README of the traces, hangup causes).</summary>
    IEnumerable<double> Dial(SimLeg caller, string device, double ring_ms, SimDialled told, SimLeg? local = null)
    {
        var from = local ?? caller;
        At(from, "Dial");
        Status(from, "");
        if (_unregistered.Contains(device))
        {
            (told.Result, told.Status) = (DialResult.Unreachable, "CHANUNAVAIL");
            Status(from, "CHANUNAVAIL");
            yield break;
        }

        var phone = NewLeg(device, "0", from.Channel.LinkedId);
        phone.Channel.Application = local is null ? "AppDial" : "AppQueue";
        var mood = Mood(device);
        var early = Chance(6) && mood is PhoneMood.Answers or PhoneMood.Silent;
        if (early)
            SetState(phone, "5");
        EmitDial("DialBegin", from, phone);
        yield return Between(1, 60);
        if (!caller.Interrupted && mood is PhoneMood.Answers or PhoneMood.Silent or PhoneMood.Declines)
        {
            SetState(phone, "5");
            EmitDial("DialState", from, phone, new KeyValuePair<string, string>("DialStatus", "RINGING"));
        }

        var thinks = mood switch { PhoneMood.Answers => Between(200, 9_000), PhoneMood.Declines => Between(300, 4_000), PhoneMood.Silent or PhoneMood.Dead => ring_ms, _ => Between(5, 80) };
        if (!caller.Interrupted)
            yield return Math.Min(thinks, ring_ms);
        if (caller.Interrupted)
            EndRing(from, phone, told, DialResult.Cancelled, "CANCEL", caller.RedirectDue ? 16 : 127, caller.RedirectDue ? null : 500);
        else if (thinks >= ring_ms)
            EndRing(from, phone, told, DialResult.NoAnswer, "NOANSWER", 0, null);
        else if (mood != PhoneMood.Answers)
            Refuse(from, phone, told, mood);
        else
            Answer(from, phone, told);
    }

    void Answer(SimLeg from, SimLeg phone, SimDialled told)
    {
        SetState(phone, "6");
        EmitDial("DialEnd", from, phone, new KeyValuePair<string, string>("DialStatus", "ANSWER"));
        Status(from, "ANSWER");
        SetState(from, "6");
        (told.Result, told.Status, told.Other) = (DialResult.Answered, "ANSWER", phone);
    }

    void Refuse(SimLeg from, SimLeg phone, SimDialled told, PhoneMood mood)
    {
        var (result, status, cause, sip) = mood switch
        {
            PhoneMood.Busy => (DialResult.Busy, "BUSY", 17, 486),
            PhoneMood.Declines => (DialResult.Declined, "NOANSWER", 21, 603),
            _ => (DialResult.DoNotDisturb, "NOANSWER", 19, 480),
        };
        Emit("HangupRequest", phone, new("Cause", Text(cause)), new("TechCause", Text(sip)));
        EndRing(from, phone, told, result, status, cause, sip);
    }

    void EndRing(SimLeg from, SimLeg phone, SimDialled told, DialResult result, string status, int cause, int? sip)
    {
        EmitDial("DialEnd", from, phone, new KeyValuePair<string, string>("DialStatus", status));
        // Queue says it twice.
        if (Chance(5))
            EmitDial("DialEnd", from, phone, new KeyValuePair<string, string>("DialStatus", status));
        HangUp(phone, cause, sip);
        Status(from, status);
        (told.Result, told.Status) = (result, status);
    }

    void Status(SimLeg leg, string status) => Emit("VarSet", leg, new("Variable", "DIALSTATUS"), new("Value", status));

    string Join(params SimLeg[] legs)
    {
        var bridge = $"bridge-{++_bridges}";
        foreach (var leg in legs)
            Enter(leg, bridge);
        return bridge;
    }

    void Enter(SimLeg leg, string bridge, SimLeg? swap = null) =>
        Emit("BridgeEnter", leg, [new("BridgeUniqueid", bridge), new("BridgeTechnology", "simple_bridge"), .. swap is null ? [] : new KeyValuePair<string, string>[] { new("SwapUniqueid", swap.Channel.UniqueId) }]);

    void Leave(SimLeg leg)
    {
        if (leg.Channel.Bridge is { } bridge)
            Emit("BridgeLeave", leg, new KeyValuePair<string, string>("BridgeUniqueid", bridge));
    }

    /// <summary>Both are gone: in either order, as under load.</summary>
    void EndBoth(SimLeg a, SimLeg b, SimLeg hungUp)
    {
        Emit("HangupRequest", hungUp, new KeyValuePair<string, string>("Cause", "16"));
        var bridge = a.Channel.Bridge;
        Leave(hungUp);
        Leave(ReferenceEquals(hungUp, a) ? b : a);
        if (bridge is not null)
            Emit("BridgeDestroy", [new("BridgeUniqueid", bridge)]);
        var (first, second) = Chance(58) ? (b, a) : (a, b);
        HangUp(first, 16);
        HangUp(second, 16);
    }

    PhoneMood Mood(string device) => device == Trunk || device == Fallback
        ? (_random.Next(10) switch { 0 => PhoneMood.Busy, 1 => PhoneMood.Silent, _ => PhoneMood.Answers })
        : _random.Next(20) switch { 0 or 1 or 2 => PhoneMood.Silent, 3 => PhoneMood.Busy, 4 => PhoneMood.Declines, 5 => PhoneMood.Disturbed, 6 => PhoneMood.Dead, _ => PhoneMood.Answers };
}
