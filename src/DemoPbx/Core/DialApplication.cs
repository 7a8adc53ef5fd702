using CallCrm.DemoPbx.Recording;

namespace CallCrm.DemoPbx.Core;

/// <summary>Dial: rings one phone for a caller and lets the two talk. The order of its events is that of traces 02 to 08c and 24.</summary>
internal sealed class DialApplication(Exchange exchange, PbxChannel caller, CdrKeeper cdr, DemoCall? call)
{
    private PbxBridge? _bridge;

    /// <summary>Options g and F: whoever of the two is left goes on in the dialplan.</summary>
    public bool GoesOn { get; init; }

    /// <summary>Option b: what is done on the called leg before it is called.</summary>
    public Action<PbxChannel>? BeforeDial { get; init; }

    /// <summary>Rings and talks; gives DIALSTATUS. After a talk the caller is to be hung up, unless it was redirected.</summary>
    public Task<string> RunAsync(string device, TimeSpan ring, bool isFallback = false) =>
        RunAsync(exchange.FindPhone(device), ring, isFallback);

    public async Task<string> RunAsync(PbxPhone? phone, TimeSpan ring, bool isFallback = false)
    {
        exchange.SetVariable(caller, "DIALSTATUS", "");
        if (phone is not { Registered: true })
        {
            return Status("CHANUNAVAIL");
        }

        cdr.GoesOn();
        var leg = CreateLeg(phone);
        cdr.Dialled(leg, caller.ApplicationData);
        Begin(leg, phone);
        var ringing = phone.Call(leg);
        if (leg.State == ChannelState.Ringing)
        {
            caller.Busies = true;
            Dial("DialState", leg, "RINGING");
            exchange.Devices.Refresh(caller.Device);
            call?.Move(isFallback ? DemoCallPlace.Fallback : DemoCallPlace.Ringing, phone.Name);
        }

        if (!await WaitForEndOfRingingAsync(ringing, ring))
        {
            return NotAnswered(leg, caller.Pending == Interruption.None ? HangupCause.Unknown : CancelCause());
        }

        var (end, cause) = await ringing;
        return end == RingEnd.Answered
            ? await TalkAsync(leg, phone, isFallback)
            : Refused(leg, cause, byPhone: end == RingEnd.Refused);
    }

    /// <summary>Waits for phone, caller or time; true when it was the phone.</summary>
    private async Task<bool> WaitForEndOfRingingAsync(Task<(RingEnd End, HangupCause Cause)> ringing, TimeSpan ring)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(caller.Interrupted, exchange.PowerCut.Token);
        var timeout = Task.Delay(ring, exchange.Time, stop.Token);
        var first = await Task.WhenAny(ringing, timeout);
        exchange.PowerCut.Token.ThrowIfCancellationRequested();
        await stop.CancelAsync();

        // A caller who left in the same instant goes before the answer.
        return first == ringing && caller.Pending == Interruption.None;
    }

    private PbxChannel CreateLeg(PbxPhone phone)
    {
        var leg = exchange.NewChannel(phone.Name, ChannelState.Down, caller.Linkedid);
        (leg.CallerNumber, leg.CallerName) = phone.IsCustomer ? ("", "") : (phone.Extension, phone.Display);
        (leg.Context, leg.Exten) = (phone.IsCustomer ? "from-trunk" : "from-internal", "s");
        exchange.Emit("Newchannel", leg);
        foreach (var name in caller.Inherited)
        {
            leg.Set("__" + name, caller.Get(name));
        }

        (leg.ConnectedNumber, leg.ConnectedName) = (caller.CallerNumber, caller.CallerName);
        (leg.Application, leg.ApplicationData) = ("AppDial", "(Outgoing Line)");
        leg.Exten = caller.Exten;
        if (phone.IsCustomer)
        {
            (leg.CallerNumber, leg.CallerName) = (phone.Extension, caller.CallerName);
            exchange.NewCallerid(leg);
        }

        exchange.Emit("NewConnectedLine", leg);
        BeforeDial?.Invoke(leg);
        return leg;
    }

    private void Begin(PbxChannel leg, PbxPhone phone)
    {
        Dial("DialBegin", leg, null, phone.DialString);
        (caller.ConnectedNumber, caller.ConnectedName) = (leg.CallerNumber, leg.CallerName);
        exchange.Emit("NewConnectedLine", caller);
    }

    private string NotAnswered(PbxChannel leg, HangupCause cause)
    {
        var status = caller.Pending == Interruption.None ? "NOANSWER" : "CANCEL";
        Dial("DialEnd", leg, status);
        cdr.NotAnswered("NO ANSWER");
        var result = Status(status);
        exchange.End(leg, cause);
        return result;
    }

    /// <summary>Trace 05b: a call never answered is cancelled by SIP; one that waited on hold before is just hung up.</summary>
    private HangupCause CancelCause() =>
        caller.Pending == Interruption.Hangup && caller.State != ChannelState.Up ? HangupCause.LegOfCancelledCall : HangupCause.Normal;

    private string Refused(PbxChannel leg, HangupCause cause, bool byPhone)
    {
        if (byPhone)
        {
            exchange.HangupRequest(leg, cause);
        }

        Dial("DialEnd", leg, cause.Q850 == 17 ? "BUSY" : "NOANSWER");
        cdr.NotAnswered(cause.Q850 == 17 ? "BUSY" : "NO ANSWER");

        // A declined call ends as NOANSWER for the leg and CHANUNAVAIL for the caller (trace 07c).
        var status = Status(cause.Q850 switch { 17 => "BUSY", 21 => "CHANUNAVAIL", _ => "NOANSWER" });
        exchange.End(leg, cause);
        return status;
    }

    private async Task<string> TalkAsync(PbxChannel leg, PbxPhone phone, bool isFallback)
    {
        exchange.Answer(leg);
        exchange.Devices.Refresh(leg.Device);
        leg.Exten = "";
        Status("ANSWER");
        Dial("DialEnd", leg, "ANSWER");
        exchange.Answer(caller);
        exchange.Devices.Refresh(caller.Device);

        var bridge = _bridge = exchange.CreateBridge();
        exchange.Join(bridge, leg);
        exchange.Join(bridge, caller);
        (caller.Recording ?? leg.Recording)?.Mark(exchange.Time.GetUtcNow(), CallSound.Talk);
        call?.Move(isFallback ? DemoCallPlace.Fallback : DemoCallPlace.Talking, phone.Name);
        LimitTalk(leg, phone);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(caller.Interrupted, exchange.PowerCut.Token);
        var interrupted = Task.Delay(Timeout.InfiniteTimeSpan, exchange.Time, stop.Token);
        while (!leg.Gone.Task.IsCompleted && !interrupted.IsCompleted && caller.Bridge is not null && leg.Bridge == bridge)
        {
            await Task.WhenAny(leg.Gone.Task, interrupted, leg.Moved, caller.Moved);
            exchange.PowerCut.Token.ThrowIfCancellationRequested();
        }

        await stop.CancelAsync();
        (caller.Recording ?? leg.Recording)?.Mark(exchange.Time.GetUtcNow(), CallSound.Silence);
        if (!leg.Gone.Task.IsCompleted && leg.Bridge != bridge)
        {
            LegGoesItsWay(leg);
        }
        else if (GoesOn)
        {
            await PartAsync(leg);
        }
        else if (leg.Gone.Task.IsCompleted)
        {
            await LegLeavesAsync(leg);
        }
        else
        {
            CallerLeaves(leg);
        }

        return "ANSWER";
    }

    /// <summary>The leg was taken into another talk, or redirected: it lives on, and the caller's dial is over.</summary>
    private void LegGoesItsWay(PbxChannel leg)
    {
        if (caller.Pending == Interruption.Redirect)
        {
            (caller.Context, caller.Exten, caller.Priority) = (caller.Target.Context, caller.Target.Exten, 1);
            cdr.LegLeft();
        }

        exchange.Part(caller);
        Status("ANSWER");
        Follow(leg);
    }

    /// <summary>Of a consultation: who hung up is out, the other one (or two, of three) goes on.</summary>
    private async Task PartAsync(PbxChannel leg)
    {
        var hungUp = leg.Gone.Task.IsCompleted;
        if (hungUp)
        {
            var cause = await leg.Gone.Task;
            exchange.Part(leg);
            exchange.End(leg, cause);
            await new WaitingPlace(exchange, caller).StayAsync(Timeout.InfiniteTimeSpan, null);
        }
        else
        {
            exchange.Part(caller);
            Follow(leg);
        }

        Status("ANSWER");
    }

    /// <summary>A leg without a Dial around it: held when its talk is over, unless it was sent elsewhere.</summary>
    private void Follow(PbxChannel leg)
    {
        if (leg.Onward)
        {
            return;
        }

        (leg.Exten, leg.Onward) = ("held", true);
        exchange.Loop.Spawn(() => new ConsultLeg(exchange, leg).RunAsync(), "a leg that stays");
    }

    /// <summary>Trace 03: the agent hung up, the caller follows.</summary>
    private async Task LegLeavesAsync(PbxChannel leg)
    {
        var cause = await leg.Gone.Task;
        exchange.Leave(leg);
        StopMusic();
        exchange.Leave(caller);
        exchange.Destroy(_bridge!);
        Status("ANSWER");
        exchange.End(leg, cause);
        caller.Cause ??= HangupCause.Normal;
    }

    /// <summary>Traces 02, 12 and 24: the caller hung up or was redirected, the agent's leg ends.</summary>
    private void CallerLeaves(PbxChannel leg)
    {
        StopMusic();
        if (caller.Pending == Interruption.Redirect)
        {
            (caller.Context, caller.Exten, caller.Priority) = (caller.Target.Context, caller.Target.Exten, 1);
            cdr.LegLeft();
        }

        exchange.Leave(caller);
        exchange.Leave(leg);
        exchange.Destroy(_bridge!);
        Status("ANSWER");
        exchange.End(leg, HangupCause.Normal);
    }

    private void StopMusic()
    {
        if (caller.Held)
        {
            caller.Held = false;
            exchange.Emit("MusicOnHoldStop", caller);
        }
    }

    /// <summary>Simulated people come to an end: one of the two sides hangs up, by the seed.</summary>
    private void LimitTalk(PbxChannel leg, PbxPhone phone)
    {
        var own = phone.Options.TalkMin is { } least ? exchange.Between(least, phone.Options.TalkMax) : (TimeSpan?)null;
        var limit = call?.Caller.TalkFor ?? own ?? call?.Caller.TalkAtMost;
        if (limit is not { } time)
        {
            return;
        }

        var agentEndsIt = call is null || (call.Caller.TalkFor is null && own is not null && exchange.Random.Next(2) == 0);
        exchange.Loop.Spawn(async () =>
        {
            await exchange.WaitAsync(time, CancellationToken.None);
            if (leg.Ended || leg.Bridge is null)
            {
                return;
            }

            if (agentEndsIt)
            {
                phone.HangUp();
            }
            else
            {
                call!.HangUpNow?.Invoke(call);
            }
        }, "a talk");
    }

    private string Status(string status)
    {
        exchange.SetVariable(caller, "DIALSTATUS", status);
        return status;
    }

    private void Dial(string name, PbxChannel leg, string? status, string? dialString = null) =>
        exchange.Emit(name, caller, t =>
        {
            t.Channel(leg, exchange.Options.ChannelVariables, "Dest");
            if (dialString is not null)
            {
                t.Line("DialString", dialString);
            }

            if (status is not null)
            {
                t.Line("DialStatus", status);
            }
        });
}
