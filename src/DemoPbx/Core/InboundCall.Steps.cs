using System.Globalization;
using System.Text.RegularExpressions;
using CallCrm.DemoPbx.Agi;
using CallCrm.DemoPbx.Recording;

namespace CallCrm.DemoPbx.Core;

/// <summary>The stretches of the snippet: ask, dial, hold, goto, play, reject, fallback.</summary>
internal sealed partial class InboundCall
{
    private const int LongestHold_s = 20;
    private const int MostDials = 50;
    private static readonly TimeSpan BusyTone = TimeSpan.FromSeconds(4);

    private static readonly string[] Answers =
    [
        "CALLCRM_ACTION", "CALLCRM_DEVICE", "CALLCRM_RING", "CALLCRM_RECORD", "CALLCRM_HOLD",
        "CALLCRM_PLACE", "CALLCRM_GOTO", "CALLCRM_PLAY", "CALLCRM_CAUSE", "CALLCRM_NUMBER", "CALLCRM_PEER",
    ];

    private async Task<Step?> RouteAsync(string state)
    {
        _call.Move(DemoCallPlace.Agi);
        _exchange.SetVariable(_caller, "CALLCRM_STATE", state);
        foreach (var answer in Answers)
        {
            _exchange.SetVariable(_caller, answer, "");
        }

        _exchange.Step(_caller, SnippetContexts.Route, "s", 16, "AGI", $"{_exchange.Options.AgiAddress},{state},{_dialled},{_dialStatus},tells");
        _cdr.GoesOn();
        using (LimitTime(_exchange.Options.AgiTimeout))
        {
            var agi = await new AgiDialogue(_exchange, _caller).RunAsync(state, _dialled, _dialStatus);
            _exchange.SetVariable(_caller, "AGISTATUS", agi);
        }

        if (_caller.Pending != Interruption.None)
        {
            return null;
        }

        _dialStatus = "";
        return _caller.Get("AGISTATUS") != "SUCCESS" ? FallbackAsync : _caller.Get("CALLCRM_ACTION") switch
        {
            "dial" => await DialAsync(),
            "hold" => await HoldAsync(),
            "call" => await CallAsync(),
            "keep" => await KeepAsync(),
            "join" => await JoinAsync(),
            "goto" => Goto(),
            "play" when SoundName().IsMatch(_caller.Get("CALLCRM_PLAY")) =>
                () => MessageAsync(new DialplanPoint(SnippetContexts.Route, "play", "1"), _caller.Get("CALLCRM_PLAY")),
            "reject" => await RejectAsync(),
            _ => FallbackAsync,
        };
    }

    private async Task<Step?> DialAsync()
    {
        var device = _caller.Get("CALLCRM_DEVICE");
        if (!DeviceName().IsMatch(device) || ++_dials > MostDials)
        {
            return FallbackAsync;
        }

        if (_exchange.Devices.Of(device) is not ("NOT_INUSE" or "UNAVAILABLE"))
        {
            // Asked just before Dial, so that a phone in use is not rung on its second line.
            _exchange.SetVariable(_caller, "DIALSTATUS", _dialStatus = "BUSY");
            return () => RouteAsync("next");
        }

        if (_caller.Get("CALLCRM_RECORD") == "1")
        {
            StartRecording();
        }

        var ring = Number("CALLCRM_RING", 20, 1, 120);
        _exchange.Step(_caller, SnippetContexts.Route, "dial", 22, "Dial",
            string.Create(CultureInfo.InvariantCulture, $"{device},{ring},t"));
        _dialStatus = await new DialApplication(_exchange, _caller, _cdr, _call).RunAsync(device, TimeSpan.FromSeconds(ring));
        return _dialStatus == "ANSWER" || _caller.Pending != Interruption.None ? null : () => RouteAsync("next");
    }

    /// <summary>Waits for the agent who has the client.</summary>
    private async Task<Step?> KeepAsync()
    {
        _exchange.Answer(_caller);
        _exchange.Devices.Refresh(_caller.Device);
        var turn = Number("CALLCRM_HOLD", LongestHold_s, 1, LongestHold_s);
        _exchange.Step(_caller, SnippetContexts.Route, "keep", 6, "BridgeWait", string.Create(CultureInfo.InvariantCulture, $"callcrm-{_caller.Uniqueid},participant,e(m)S({turn})"));
        _call.Move(DemoCallPlace.Held);
        await new WaitingPlace(_exchange, _caller).WaitAsync(TimeSpan.FromSeconds(turn), music: true);
        return () => RouteAsync("held");
    }

    /// <summary>Into a talk of others.</summary>
    private async Task<Step?> JoinAsync()
    {
        if (_exchange.FindChannel(_caller.Get("CALLCRM_PEER"))?.Bridge is { Waits: false } talk)
        {
            _exchange.Step(_caller, SnippetContexts.Route, "join", 4, "BridgeAdd", _caller.Get("CALLCRM_PEER"));
            _call.Move(DemoCallPlace.Talking);
            await new WaitingPlace(_exchange, _caller).JoinAsync(talk);
        }
        else
        {
            await _exchange.WaitAsync(TimeSpan.FromSeconds(1), _caller.Interrupted);
        }

        return () => RouteAsync("held");
    }

    /// <summary>Handed on to a number of the outside.</summary>
    private async Task<Step?> CallAsync()
    {
        var number = string.Concat(_caller.Get("CALLCRM_NUMBER").Where(c => char.IsAsciiDigit(c) || c is '+' or '*' or '#'));
        if (number.Length == 0 || ++_dials > MostDials)
        {
            return FallbackAsync;
        }

        var ring = Number("CALLCRM_RING", 45, 1, 120);
        _exchange.Step(_caller, SnippetContexts.Route, "call", 11, "Dial", string.Create(CultureInfo.InvariantCulture, $"Local/{number}@callcrm-out,{ring}"));
        _dialStatus = await new DialApplication(_exchange, _caller, _cdr, _call).RunAsync(new CustomerPhone(_exchange, number), TimeSpan.FromSeconds(ring));
        return _dialStatus == "ANSWER" || _caller.Pending != Interruption.None ? null : () => RouteAsync("next");
    }

    private async Task<Step?> HoldAsync()
    {
        _exchange.Step(_caller, SnippetContexts.Route, "hold", 1, "Answer");
        _exchange.Answer(_caller);
        _exchange.Devices.Refresh(_caller.Device);
        Mark("CallCrmHold", SnippetContexts.Route, "hold", 6);
        var turn = Number("CALLCRM_HOLD", LongestHold_s, 1, LongestHold_s);
        _exchange.Step(_caller, SnippetContexts.Route, "hold", 13, "StartMusicOnHold");
        _exchange.Emit("MusicOnHoldStart", _caller, t => t.Line("Class", "default"));
        _caller.Recording?.Mark(_exchange.Time.GetUtcNow(), CallSound.Music);
        _call.Move(DemoCallPlace.Hold);
        if (!_waitedOnHold)
        {
            _waitedOnHold = true;
            HangUpAfter(_call.Caller.HoldPatience, () => !_call.Talked);
        }

        _exchange.Step(_caller, SnippetContexts.Route, "hold", 14, "Wait", turn.ToString(CultureInfo.InvariantCulture));
        try
        {
            await _exchange.WaitAsync(TimeSpan.FromSeconds(turn), _caller.Interrupted);
        }
        finally
        {
            if (!_exchange.PowerCut.IsCancellationRequested)
            {
                _exchange.Emit("MusicOnHoldStop", _caller);
                _caller.Recording?.Mark(_exchange.Time.GetUtcNow(), CallSound.Silence);
            }
        }

        return () => RouteAsync("held");
    }

    private Step? Goto()
    {
        var parts = _caller.Get("CALLCRM_GOTO").Split(',');
        if (parts.Length != 3 || !Array.TrueForAll(parts, p => DialplanWord().IsMatch(p)))
        {
            return FallbackAsync;
        }

        return At(new DialplanPoint(parts[0], parts[1], parts[2]), "redirected") ?? FallbackAsync;
    }

    private async Task<Step?> RejectAsync()
    {
        var cause = Number("CALLCRM_CAUSE", 17, 1, 127);
        if (_caller.State == ChannelState.Up && cause != 16)
        {
            // Who was held before hears the tone; nobody else needs one.
            _exchange.Step(_caller, SnippetContexts.Route, "reject", 4, "PlayTones", cause == 17 ? "busy" : "congestion");
            await _exchange.WaitAsync(BusyTone, _caller.Interrupted);
        }

        _exchange.Step(_caller, SnippetContexts.Route, "reject", 6, "Hangup", cause.ToString(CultureInfo.InvariantCulture));
        _caller.Cause = _caller.State == ChannelState.Up ? new HangupCause(cause) : HangupCause.Rejected(cause);
        return null;
    }

    /// <summary>Answers, plays a message, hangs up.</summary>
    private async Task<Step?> MessageAsync(DialplanPoint point, string sound)
    {
        _exchange.Step(_caller, point.Context, point.Exten, 1, "Answer");
        _exchange.Answer(_caller);
        _exchange.Devices.Refresh(_caller.Device);
        _exchange.Step(_caller, point.Context, point.Exten, 2, "Playback", sound);
        if (_call.WhereAmI != DemoCallPlace.Fallback)
        {
            _call.Move(DemoCallPlace.Playing);
        }

        await _exchange.WaitAsync(_exchange.Options.PlayTime, _caller.Interrupted);
        _exchange.Step(_caller, point.Context, point.Exten, 3, "Hangup");
        return null;
    }

    /// <summary>The caller speaks after the tone, and hangs up.</summary>
    private async Task<Step?> TakeMessageAsync()
    {
        _exchange.Step(_caller, SnippetContexts.Message, "s", 2, "Answer");
        _exchange.Answer(_caller);
        _exchange.Devices.Refresh(_caller.Device);
        _exchange.Step(_caller, SnippetContexts.Message, "s", 6, "Playback", "vm-intro");
        _call.Move(DemoCallPlace.Playing);
        await _exchange.WaitAsync(_exchange.Options.PlayTime, _caller.Interrupted);
        StartRecording();
        Mark("CallCrmMessage", SnippetContexts.Message, "s", 11);
        _call.Move(DemoCallPlace.Message);
        _caller.Recording?.Mark(_exchange.Time.GetUtcNow(), CallSound.Message);
        await _exchange.WaitAsync(_exchange.Options.MessageTime, _caller.Interrupted);
        HangUp();
        return null;
    }

    private async Task<Step?> FallbackAsync()
    {
        _exchange.FallbackCalls++;
        _call.Move(DemoCallPlace.Fallback);
        Mark("CallCrmFallback", SnippetContexts.Route, "fallback", 5);
        if (_exchange.Options.FallbackDevice is { Length: > 0 } device)
        {
            _exchange.Step(_caller, SnippetContexts.Fallback, "s", 2, "Dial", device);
            var status = await new DialApplication(_exchange, _caller, _cdr, _call)
                .RunAsync(device, _exchange.Options.FallbackRing, isFallback: true);
            if (status == "ANSWER" || _caller.Pending != Interruption.None)
            {
                return null;
            }
        }

        return await MessageAsync(new DialplanPoint(SnippetContexts.Fallback, "s", "1"), "vm-goodbye");
    }

    /// <summary>Tells AMI where the caller is now.</summary>
    private void Mark(string what, string context, string extension, int priority)
    {
        var call = _caller.Get("CALLCRM_CALLID");
        _exchange.Step(_caller, context, extension, priority, "UserEvent", $"{what},CallId: {call}");
        _exchange.Emit("UserEvent", _caller, t => t.Line("UserEvent", what).Line("CallId", call), Ami.AmiClasses.User);
    }

    private void StartRecording()
    {
        if (_caller.Recording is not null || _exchange.Recordings.Start(_caller, _exchange.Time.GetUtcNow()) is not { } recording)
        {
            return;
        }

        _caller.Recording = recording;
        _exchange.Step(_caller, SnippetContexts.Route, "dial", 17, "MixMonitor", recording.Arguments);
        _exchange.SetVariable(_caller, "CALLCRM_MIXMON", recording.MixMonitorId);
        _exchange.Emit("MixMonitorStart", _caller);
    }

    private int Number(string variable, int otherwise, int least, int most) =>
        int.TryParse(_caller.Get(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number >= least && number <= most ? number : otherwise;

    [GeneratedRegex("^[A-Za-z0-9]+/[A-Za-z0-9_.-]{1,64}$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DeviceName();

    [GeneratedRegex("^[A-Za-z0-9_-]+$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DialplanWord();

    [GeneratedRegex("^[A-Za-z0-9_/-]+$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SoundName();
}
