using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>Calls from their first to their last step.</summary>
internal sealed partial class SimPbx
{
    const string Route = "callcrm-route";

    /// <summary>From the trunk into CallCrm's dialplan.</summary>
    public void CallIn()
    {
        var caller = NewLeg(Trunk, "4", number: $"+39333{_random.Next(1_000_000, 9_999_999)}", exten: "800100", context: "from-trunk");
        Patience(caller, Between(1_000, 45_000));
        Run(caller, Inbound(caller));
    }

    /// <summary>From the trunk to a phone, past CallCrm: only observed.</summary>
    public void CallPast()
    {
        if (Idle() is not { } phone)
            return;
        var caller = NewLeg(Trunk, "4", number: $"+39347{_random.Next(1_000_000, 9_999_999)}", exten: "999", context: "from-trunk");
        Patience(caller, Between(1_000, 45_000));
        Run(caller, Chance(50) ? Straight(caller, phone) : ByLocal(caller, phone));
    }

    /// <summary>A phone calls out, or another phone.</summary>
    public void CallOut()
    {
        if (Idle() is not { } from || _unregistered.Contains(from))
            return;
        var to = Chance(60) ? Trunk : Idle();
        if (to is null || to == from)
            return;
        var caller = NewLeg(from, "4", number: from["PJSIP/".Length..], exten: to == Trunk ? "0039333111222" : to["PJSIP/".Length..], context: "from-internal");
        ShowDevice(from);
        Patience(caller, Between(2_000, 30_000));
        Run(caller, Straight(caller, to));
    }

    void Patience(SimLeg leg, double ms) => _clock.After(ms, () =>
    {
        if (leg.Gone || leg.HangUpDue)
            return;
        leg.HangUpDue = true;
        leg.Script?.Wake();
    });

    /// <summary>The loop of <c>callcrm-route</c>: ask, do what is answered, ask again.</summary>
    IEnumerable<double> Inbound(SimLeg caller)
    {
        yield return Between(1, 10);
        var number = new PhoneNumber(caller.Channel.CallerNumber, NumberKind.E164, caller.Channel.CallerNumber);
        var state = RequestState.New;
        DialResult? last = null;
        while (!caller.HangUpDue)
        {
            caller.RedirectDue = false;
            At(caller, "AGI", Route, "s");
            var ask = _router.Ask(caller.Channel, state, number, "800100", last, () => caller.Script!.Wake());
            last = null;
            while (!ask.Over && !caller.Interrupted)
                yield return 2_000;
            // A Redirect or a hang-up takes the channel out of AGI.
            _router.Abandon(ask);
            if (caller.HangUpDue)
                break;
            if (caller.RedirectDue)
            {
                state = RequestState.Redirected;
                continue;
            }

            SetCallId(caller, ask);
            switch (ask.Answer)
            {
                case RouteAnswer.Hold hold:
                    foreach (var wait in Held(caller, hold))
                        yield return wait;
                    state = caller.RedirectDue ? RequestState.Redirected : RequestState.Held;
                    break;
                case RouteAnswer.Dial dial when IsIdle(dial.Device):
                    var told = new SimDialled();
                    foreach (var wait in DialAndTalk(caller, dial.Device, dial.Ring.TotalMilliseconds, told, 0))
                        yield return wait;
                    if (caller.Gone)
                        yield break;
                    (state, last) = caller.RedirectDue ? (RequestState.Redirected, null) : (RequestState.Next, StatusOf(told));
                    break;
                case RouteAnswer.Dial:
                    Status(caller, "BUSY");
                    yield return 5;
                    (state, last) = (RequestState.Next, DialResult.Busy);
                    break;
                case RouteAnswer.Goto or RouteAnswer.Play or RouteAnswer.Reject:
                    At(caller, "Playback", "site-message", "s");
                    yield return Between(200, 4_000);
                    caller.HangUpDue = true;
                    break;
                default:
                    foreach (var wait in ByFallback(caller))
                        yield return wait;
                    if (caller.Gone)
                        yield break;
                    caller.HangUpDue = true;
                    break;
            }
        }

        HangUp(caller, caller.Channel.State == "6" ? 0 : 127, caller.Channel.State == "6" ? null : 487, asked: Chance(80));
    }

    /// <summary>AGI knows the five words of DIALSTATUS and no more.</summary>
    static DialResult? StatusOf(SimDialled told) => told.Status switch
    {
        "NOANSWER" => DialResult.NoAnswer,
        "BUSY" => DialResult.Busy,
        "CHANUNAVAIL" => DialResult.Unreachable,
        "CANCEL" => DialResult.Cancelled,
        _ => null,
    };

    static void SetCallId(SimLeg caller, SimAsk ask)
    {
        if (ask.Answer is null)
            return;
        caller.Channel.Variables.RemoveAll(v => v.StartsWith("CALLCRM_CALLID", StringComparison.Ordinal));
        caller.Channel.Variables.Add($"CALLCRM_CALLID={ask.Call:N}");
    }

    IEnumerable<double> Held(SimLeg caller, RouteAnswer.Hold hold)
    {
        SetState(caller, "6");
        At(caller, "Answer", Route, "hold");
        Emit("UserEvent", caller, new KeyValuePair<string, string>("UserEvent", "CallCrmHold"));
        At(caller, "Wait", Route, "hold");
        yield return hold.Turn.TotalMilliseconds;
    }

    IEnumerable<double> DialAndTalk(SimLeg caller, string device, double ring_ms, SimDialled told, int depth)
    {
        foreach (var wait in Dial(caller, device, ring_ms, told))
            yield return wait;
        if (told.Other is not { } phone)
            yield break;
        var sentTo = new List<string>();
        foreach (var wait in Talk(caller, phone, sentTo))
            yield return wait;
        if (sentTo.Count == 0)
            yield break;
        At(caller, "Goto", "callcrm-extension", sentTo[0]["PJSIP/".Length..]);
        told.Other = null;
        foreach (var wait in DialAndTalk(caller, sentTo[0], 8_000, told, depth + 1))
            yield return wait;
    }

    IEnumerable<double> ByFallback(SimLeg caller)
    {
        Emit("UserEvent", caller, new KeyValuePair<string, string>("UserEvent", "CallCrmFallback"));
        At(caller, "Playback", "callcrm-fallback", "s");
        yield return Between(50, 2_000);
        if (caller.Interrupted || !IsIdle(Fallback))
            yield break;
        foreach (var wait in DialAndTalk(caller, Fallback, 15_000, new SimDialled(), 0))
            yield return wait;
    }

    IEnumerable<double> Straight(SimLeg caller, string device)
    {
        yield return Between(1, 400);
        foreach (var wait in DialAndTalk(caller, device, 15_000, new SimDialled(), 0))
            yield return wait;
        HangUp(caller, 16, asked: caller.HangUpDue);
    }

    /// <summary>A queue of <c>Local/…/n</c> members, as FreePBX has them: two halves between caller and phone that stay.</summary>
    IEnumerable<double> ByLocal(SimLeg caller, string device)
    {
        SetState(caller, "6");
        At(caller, "Queue", "ext-queues", "700");
        yield return Between(1, 300);
        var name = $"Local/{device["PJSIP/".Length..]}@from-queue-{_channels:x8}";
        var one = NewLeg("", "0", caller.Channel.LinkedId, name: name + ";1", context: "from-queue");
        var two = NewLeg("", "4", caller.Channel.LinkedId, name: name + ";2", context: "from-queue");
        Emit("LocalBridge", [new("LocalOneUniqueid", one.Channel.UniqueId), new("LocalTwoUniqueid", two.Channel.UniqueId)]);
        EmitDial("DialBegin", caller, one);
        var told = new SimDialled();
        foreach (var wait in Dial(caller, device, 12_000, told, local: two))
            yield return wait;
        if (told.Other is { } phone)
        {
            SetState(one, "6");
            EmitDial("DialEnd", caller, one, new KeyValuePair<string, string>("DialStatus", "ANSWER"));
            var near = Join(phone);
            Join(one, caller);
            Enter(two, near);
            caller.Talks = true;
            yield return Between(500, 15_000);
            caller.Talks = false;
            EndBoth(caller, phone, caller.HangUpDue || Chance(50) ? caller : phone);
        }
        else
        {
            EmitDial("DialEnd", caller, one, new KeyValuePair<string, string>("DialStatus", told.Status == "CHANUNAVAIL" ? "CHANUNAVAIL" : "CANCEL"));
        }

        HangUp(one, 16);
        HangUp(two, 16);
        HangUp(caller, 16, asked: caller.HangUpDue);
    }
}
