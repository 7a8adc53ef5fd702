namespace CallCrm.DemoPbx.Core;

/// <summary>
/// One caller's way through the project's dialplan snippet (deploy/asterisk/callcrm.conf), acted out:
/// <c>callcrm-in</c> → <c>callcrm-route</c> (AGI, then dial, hold, goto, play or reject) → <c>callcrm-fallback</c>.
/// </summary>
internal sealed partial class InboundCall
{
    private readonly Exchange _exchange;
    private readonly DemoCall _call;
    private readonly PbxChannel _caller;
    private readonly CdrKeeper _cdr;
    private readonly string _dialled;
    private string _dialStatus = "";
    private int _dials;
    private bool _waitedOnHold;

    public InboundCall(Exchange exchange, DemoCall call)
    {
        (_exchange, _call) = (exchange, call);
        var from = call.Caller;
        var anonymous = from.Presentation == DemoPresentation.Anonymous;
        _caller = exchange.NewChannel(exchange.Options.Trunk, ChannelState.Ring, dnid: from.Dialled);
        _caller.CallerNumber = anonymous ? "anonymous" : from.Number;
        _caller.CallerName = anonymous ? "Anonymous" : from.Name ?? "";
        (_caller.Context, _caller.Exten) = (SnippetContexts.In, from.Dialled);
        _cdr = new CdrKeeper(exchange, _caller);
        _dialled = string.Concat(from.Dialled.Where(c => char.IsAsciiDigit(c) || c is '+' or '*' or '#'));
        call.Leg = _caller;
        call.HangUpNow = _ => HangUp();
        call.PressNow = (_, digit) => Keys.Press(exchange, _caller, digit);
    }

    /// <summary>A stretch of dialplan; gives what comes after it, null for a hang-up.</summary>
    private delegate Task<Step?> Step();

    public async Task RunAsync()
    {
        // At its creation a channel says "allowed" whoever calls; the next event knows better.
        _exchange.Emit("Newchannel", _caller);
        _caller.Presentation = _call.Caller.Presentation;
        HangUpAfter(_call.Caller.Patience, () => !_call.Talked);
        _exchange.Step(_caller, SnippetContexts.In, _call.Caller.Dialled, 1, "Set", $"__CALLCRM_DIALLED={_dialled}");
        Step? next = () => RouteAsync("new");
        while (next is not null && _caller.Pending != Interruption.Hangup)
        {
            next = await RunAsync(next);
        }

        End(_caller.Cause ?? HangupCause.Normal);
    }

    private async Task<Step?> RunAsync(Step step)
    {
        Step? next = null;
        try
        {
            next = await step();
        }
        catch (OperationCanceledException) when (!_exchange.PowerCut.IsCancellationRequested)
        {
            // Interrupted: what follows is decided below.
        }

        switch (_caller.Pending)
        {
            case Interruption.Redirect:
                next = At(_caller.Target, "redirected");
                break;
            case Interruption.AbsoluteTimeout:
                next = () =>
                {
                    _exchange.Step(_caller, SnippetContexts.Route, "T", 1, "Set", "TIMEOUT(absolute)=0");
                    return FallbackAsync();
                };
                break;
            case Interruption.Hangup:
                return null;
            default:
                return next;
        }

        _caller.Resume();
        return next;
    }

    /// <summary>Where a Redirect or a <c>goto</c> leads; an extension that does not exist loses the caller, as in Asterisk (trace 04).</summary>
    private Step? At(DialplanPoint point, string state)
    {
        if (point is { Context: SnippetContexts.Route, Exten: "s" })
        {
            return () => RouteAsync(state);
        }

        if (point is { Context: SnippetContexts.Fallback, Exten: "s" })
        {
            return FallbackAsync;
        }

        if (point is { Context: SnippetContexts.Message, Exten: "s" })
        {
            return TakeMessageAsync;
        }

        return SnippetContexts.IsDestination(_exchange.Options, point) ? () => MessageAsync(point, "vm-intro") : null;
    }

    private void HangUp()
    {
        if (_caller.Ended || _caller.Pending == Interruption.Hangup)
        {
            return;
        }

        HangupCause? said = _caller.State != ChannelState.Up
            ? HangupCause.CallerCancelled
            : _caller.Bridge is not null ? HangupCause.Normal : null;
        _exchange.HangupRequest(_caller, said);
        _caller.Cause = said ?? HangupCause.Unknown;
        _caller.Interrupt(Interruption.Hangup);
    }

    private void HangUpAfter(TimeSpan? patience, Func<bool> still)
    {
        if (patience is not { } time)
        {
            return;
        }

        _exchange.Loop.Spawn(async () =>
        {
            await _exchange.WaitAsync(time, CancellationToken.None);
            if (still())
            {
                HangUp();
            }
        }, "a caller's patience");
    }

    /// <summary><c>TIMEOUT(absolute)</c>: the channel leaves whatever it is in when the time is over.</summary>
    private IDisposable LimitTime(TimeSpan limit)
    {
        var stop = new CancellationTokenSource();
        var stopped = stop.Token;
        _exchange.Loop.Spawn(async () =>
        {
            await _exchange.WaitAsync(limit, stopped);
            if (!stopped.IsCancellationRequested)
            {
                _caller.Interrupt(Interruption.AbsoluteTimeout);
            }
        }, "an absolute time-out");
        return new Limit(stop);
    }

    private void End(HangupCause cause)
    {
        _exchange.HangupRequest(_caller, new HangupCause(16, cause.Sip == 487 ? 487 : null), soft: true);
        _cdr.TellAll(cancelled: cause.Sip == 487);
        _exchange.End(_caller, cause);
        _exchange.Calls.Remove(_call);
        _call.Over(cause.Q850);
    }

    private sealed class Limit(CancellationTokenSource stop) : IDisposable
    {
        public void Dispose()
        {
            stop.Cancel();
            stop.Dispose();
        }
    }
}
