using System.Globalization;
using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.Engine;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Pbx;

/// <summary>
/// Tries what the page can do with a phone: rings it, asks it by SIP NOTIFY to answer and to hold, else rings it anew with the headers on which phones
/// answer by themselves. Its channels are no calls: by their ids their events come here instead of to the engine. The agent is to leave the phone alone.
/// </summary>
sealed class PhoneTest(AmiClient ami, string device, bool notifies, TimeProvider time)
{
    static readonly TimeSpan RingsWithin = TimeSpan.FromSeconds(5);

    /// <summary>Who answers before anything was asked of the phone did so without us.</summary>
    static readonly TimeSpan Untouched = TimeSpan.FromSeconds(1.5);
    static readonly TimeSpan DoesWithin = TimeSpan.FromSeconds(4);
    readonly Channel<AmiEvent> _events = Channel.CreateUnbounded<AmiEvent>();
    volatile RoadPhoneTest _result = new("ringing", device, notifies);
    string _id = "";
    string? _channel;
    bool _ringing, _up, _held, _gone;

    public RoadPhoneTest Result => _result;

    public bool Runs => _result.Step != "done";

    /// <summary>Of any test, also one of an earlier router.</summary>
    public static bool IsOurs(AmiEvent e) => PhoneTests.IsChannel(e["Uniqueid"]) || PhoneTests.IsChannel(e["DestUniqueid"]);

    public void Hear(AmiEvent e) => _events.Writer.TryWrite(e);

    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await TryAsync(cancel);
        }
        finally
        {
            await HangUpAsync(cancel);
            _result = _result with { Step = "done" };
        }
    }

    async Task TryAsync(CancellationToken cancel)
    {
        if (!await CallAsync(lift: false, cancel) || !await UntilAsync(() => _ringing || _up || _gone, RingsWithin, cancel) || (_gone && !_ringing && !_up))
            return;
        _result = _result with { Rang = true };
        await UntilAsync(() => _up || _gone, Untouched, cancel);
        if (_up || _gone)
        {
            _result = _result with { Answers = _up ? "at_once" : "refused" };
        }
        else if (notifies)
        {
            _result = _result with { Step = "button" };
            await ami.SendAsync(PbxActions.ToAmi(new PbxAction.Answer(device, _channel), null!), cancel);
            await UntilAsync(() => _up || _gone, DoesWithin, cancel);
            if (_up)
                _result = _result with { Answers = "button" };
        }

        if (_result.Answers is null)
            await ByItselfAsync(cancel);
        if (_up && notifies)
            await HoldAsync(cancel);
    }

    async Task ByItselfAsync(CancellationToken cancel)
    {
        await HangUpAsync(cancel);
        await UntilAsync(() => _gone, DoesWithin, cancel);
        _result = _result with { Step = "itself", Answers = "no" };
        if (await CallAsync(lift: true, cancel) && await UntilAsync(() => _up || _gone, RingsWithin, cancel) && _up)
            _result = _result with { Answers = "itself" };
    }

    async Task HoldAsync(CancellationToken cancel)
    {
        _result = _result with { Step = "hold" };
        await ami.SendAsync(PbxActions.ToAmi(new PbxAction.Hold(device, _channel), null!), cancel);
        var holds = await UntilAsync(() => _held || _gone, DoesWithin, cancel) && _held;
        _result = _result with { Hold = holds };
        if (!holds)
            return;
        await ami.SendAsync(PbxActions.ToAmi(new PbxAction.Answer(device, _channel), null!), cancel);
        // A phone that holds and never comes back is one to be held by hand.
        _result = _result with { Hold = await UntilAsync(() => !_held || _gone, DoesWithin, cancel) && !_held };
    }

    async Task<bool> CallAsync(bool lift, CancellationToken cancel)
    {
        (_id, _channel, _ringing, _up, _held, _gone) = ($"{PhoneTests.Prefix}{Guid.CreateVersion7(time.GetUtcNow()):N}", null, false, false, false, false);
        return (await ami.SendAsync(PbxActions.Test(_id, device, lift), cancel)).IsSuccess;
    }

    async Task HangUpAsync(CancellationToken cancel)
    {
        if (_channel is { } channel && !_gone)
            await ami.SendAsync(PbxActions.ToAmi(new PbxAction.HangUp(channel, 16), null!), cancel);
    }

    async Task<bool> UntilAsync(Func<bool> done, TimeSpan within, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        while (!done())
        {
            var left = within - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                return false;
            try
            {
                if (await _events.Reader.WaitToReadAsync(cancel).AsTask().WaitAsync(left, time, cancel))
                    Take();
            }
            catch (TimeoutException)
            {
                return done();
            }
        }

        return true;
    }

    void Take()
    {
        while (_events.Reader.TryRead(out var e))
        {
            if (e["Uniqueid"] != _id)
                continue;
            _channel = e["Channel"] ?? _channel;
            var state = int.TryParse(e["ChannelState"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
            _ringing |= state == 5;
            _up |= state == 6;
            _held = e.Name switch { "Hold" => true, "Unhold" => false, _ => _held };
            _gone |= e.Name == "Hangup";
        }
    }
}
