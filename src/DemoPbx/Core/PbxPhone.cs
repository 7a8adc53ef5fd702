using CallCrm.DemoPbx.Ami;
using CallCrm.DemoPbx.Recording;

namespace CallCrm.DemoPbx.Core;

/// <summary>What became of calling a phone.</summary>
internal enum RingEnd
{
    Answered,
    Refused,
    HungUp,
}

/// <summary>A SIP phone: rings, answers, holds, hangs up.</summary>
internal class PbxPhone(Exchange exchange, DemoPhoneOptions options)
{
    private readonly List<PbxChannel> _legs = [];
    private TaskCompletionSource<(RingEnd End, HangupCause Cause)>? _ringing;
    private PbxChannel? _ringingLeg;

    public string Name => options.Name;

    public virtual string Extension => options.Name[(options.Name.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>What is dialled to reach it: the contact of a phone.</summary>
    public virtual string DialString => $"{Extension}/{Contact}";

    /// <summary>Whether it is the outside world behind the trunk.</summary>
    public virtual bool IsCustomer => false;

    public string Display => options.Display.Length > 0 ? options.Display : Extension;

    private string Contact => $"sip:{Extension}@127.0.0.1:5071;ob";

    public DemoPhoneOptions Options => options;

    public bool Registered { get; private set; } = options.Registered;

    public PbxChannel? TalkingLeg => _legs.FindLast(l => l.State == ChannelState.Up && !l.Ended);

    public bool IsRinging => _ringing is { Task.IsCompleted: false };

    /// <summary>The INVITE reaches the phone.</summary>
    public Task<(RingEnd End, HangupCause Cause)> Call(PbxChannel leg)
    {
        var engaged = _legs.Count > 0;
        _legs.Add(leg);
        leg.Phone = this;
        var ringing = new TaskCompletionSource<(RingEnd, HangupCause)>(TaskCreationOptions.RunContinuationsAsynchronously);
        switch (options.Behaviour)
        {
            case DemoPhoneBehaviour.Busy:
            case DemoPhoneBehaviour.Ring when engaged:
                ringing.SetResult((RingEnd.Refused, new HangupCause(17, 486)));
                return ringing.Task;
            case DemoPhoneBehaviour.DoNotDisturb:
                ringing.SetResult((RingEnd.Refused, new HangupCause(19, 480)));
                return ringing.Task;
            case DemoPhoneBehaviour.Decline:
                ringing.SetResult((RingEnd.Refused, new HangupCause(21, 603)));
                return ringing.Task;
            case DemoPhoneBehaviour.Vanished:
                return ringing.Task;
        }

        (_ringing, _ringingLeg) = (ringing, leg);
        leg.State = ChannelState.Ringing;
        exchange.Emit("Newstate", leg);
        exchange.Devices.Refresh(Name);
        if (options.AnswerAfterMin is { } soonest)
        {
            var delay = exchange.Between(soonest, options.AnswerAfterMax);
            exchange.Loop.Spawn(async () =>
            {
                await exchange.WaitAsync(delay, CancellationToken.None);
                ringing.TrySetResult((RingEnd.Answered, default));
            }, "an answering phone");
        }

        return ringing.Task;
    }

    public bool Answer() => IsRinging && _ringing!.TrySetResult((RingEnd.Answered, default));

    public bool Decline() => IsRinging && _ringing!.TrySetResult((RingEnd.Refused, new HangupCause(21, 603)));

    public bool Hold(bool on)
    {
        if (TalkingLeg is { Bridge: null, Application: "Wait" } alone && alone.Held != on)
        {
            alone.Held = on;
            exchange.Emit(on ? "Hold" : "Unhold", alone);
            return true;
        }

        if (TalkingLeg is not { Bridge: { } bridge } leg || bridge.Channels.Find(c => c != leg) is not { } other || other.Held == on)
        {
            return false;
        }

        other.Held = on;
        exchange.Emit(on ? "Hold" : "Unhold", leg, t =>
        {
            if (on)
            {
                t.Line("MusicClass", "default");
            }
        });
        if (on)
        {
            exchange.Emit("MusicOnHoldStart", other, t => t.Line("Class", "default"));
        }
        else
        {
            exchange.Emit("MusicOnHoldStop", other);
        }

        exchange.Devices.Refresh(other.Device);
        other.Recording?.Mark(exchange.Time.GetUtcNow(), on ? CallSound.Music : CallSound.Talk);
        exchange.Calls.Find(c => c.Leg == other)?.Move(on ? DemoCallPlace.Held : DemoCallPlace.Talking, Name);
        return true;
    }

    public bool ToggleHold() =>
        TalkingLeg is { } leg && Hold(!(leg.Bridge?.Channels.Exists(c => c != leg && c.Held) ?? leg.Held));

    /// <summary>The person hangs up (BYE), or declines what rings.</summary>
    public bool HangUp()
    {
        if (TalkingLeg is { } leg)
        {
            exchange.HangupRequest(leg, HangupCause.Normal);
            leg.Cause ??= HangupCause.Normal;
            leg.Interrupt(Interruption.Hangup);
            return leg.Gone.TrySetResult(HangupCause.Normal);
        }

        return Decline();
    }

    /// <summary>Somebody else hangs up on one of the phone's legs (AMI Hangup).</summary>
    public void CutLeg(PbxChannel leg, HangupCause cause)
    {
        if (leg == _ringingLeg)
        {
            _ringing?.TrySetResult((RingEnd.HungUp, cause));
        }

        leg.Gone.TrySetResult(cause);
    }

    public void Forget(PbxChannel leg)
    {
        _legs.Remove(leg);
        if (leg == _ringingLeg)
        {
            _ringing?.TrySetResult((RingEnd.HungUp, HangupCause.Normal));
            (_ringing, _ringingLeg) = (null, null);
        }
    }

    public void Register(bool registered)
    {
        if (Registered == registered)
        {
            return;
        }

        Registered = registered;
        TellContact(registered ? "NonQualified" : "Removed");
        Peer(registered ? "Reachable" : "Unreachable");
        exchange.Devices.Refresh(Name);
        if (registered)
        {
            TellContact("Reachable", 500 + exchange.Random.Next(300));
        }
    }

    private void TellContact(string status, int microseconds = 0) =>
        exchange.Events.Emit(AmiClasses.System, "ContactStatus", t => t
            .Line("URI", Contact)
            .Line("ContactStatus", status)
            .Line("AOR", Extension)
            .Line("EndpointName", Extension)
            .Line("RoundtripUsec", microseconds));

    private void Peer(string status) =>
        exchange.Events.Emit(AmiClasses.System, "PeerStatus", t => t
            .Line("ChannelType", "PJSIP")
            .Line("Peer", Name)
            .Line("PeerStatus", status));
}
