using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx;

/// <summary>A phone's keys, for tests and for the demo's browser agent. Each answers false when there was nothing to do.</summary>
public sealed class DemoPhone
{
    private readonly Func<Func<PbxPhone, Exchange, bool>, Task<bool>> _do;

    internal DemoPhone(string name, Func<Func<PbxPhone, Exchange, bool>, Task<bool>> perform) => (Name, _do) = (name, perform);

    /// <summary>Device name, for example <c>PJSIP/110</c>.</summary>
    public string Name { get; }

    /// <summary>Lifts the receiver.</summary>
    public Task<bool> Answer() => _do((phone, _) => phone.Answer());

    /// <summary>Declines the ringing call (603).</summary>
    public Task<bool> Decline() => _do((phone, _) => phone.Decline());

    /// <summary>Puts the caller on hold (re-INVITE sendonly).</summary>
    public Task<bool> Hold() => _do((phone, _) => phone.Hold(on: true));

    /// <summary>Takes the caller back.</summary>
    public Task<bool> Unhold() => _do((phone, _) => phone.Hold(on: false));

    /// <summary>Hangs up, or declines what rings.</summary>
    public Task<bool> HangUp() => _do((phone, _) => phone.HangUp());

    /// <summary>Presses keys while talking.</summary>
    public Task<bool> PressDigits(string digits) => _do((phone, exchange) =>
    {
        if (phone.TalkingLeg is not { } leg)
        {
            return false;
        }

        foreach (var digit in digits)
        {
            Keys.Press(exchange, leg, digit);
        }

        return true;
    });

    /// <summary>Registers at the PBX.</summary>
    public Task<bool> Register() => Register(registered: true);

    /// <summary>Unregisters.</summary>
    public Task<bool> Unregister() => Register(registered: false);

    /// <summary>Changes what the phone does from the next call on.</summary>
    public Task<bool> Behave(DemoPhoneBehaviour behaviour) => _do((phone, _) =>
    {
        phone.Options.Behaviour = behaviour;
        return true;
    });

    /// <summary>Whether it rings now.</summary>
    public Task<bool> IsRinging() => _do((phone, _) => phone.IsRinging);

    private Task<bool> Register(bool registered) => _do((phone, _) =>
    {
        phone.Register(registered);
        return true;
    });
}
