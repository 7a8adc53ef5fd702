namespace CallCrm.Engine;

/// <summary>
/// Decides where calls go, and knows what every call and agent of one routing domain is doing. Pure: inputs in, effects out; no clock,
/// no tasks, no I/O, no randomness, so the same inputs give the same entries, byte for byte. Not for two threads at once.
/// An input that comes late or makes no sense is counted and reported (<see cref="EngineEffect.Report"/>); it never throws.
/// </summary>
public sealed class CallEngine
{
    /// <summary>More timers than this in one step mean that one sets itself again and again.</summary>
    private const int MostTimersPerStep = 100_000;

    private readonly EngineState _state;
    private readonly AgentBoard _board;
    private readonly PageWatch _pages;
    private readonly OfferDesk _offers;
    private readonly CallBook _book;
    private readonly Router _router;
    private readonly IdentityDesk _identity;
    private readonly RouteDesk _routes;
    private readonly LegFacts _legs;
    private readonly PbxHealing _pbx;
    private readonly CommandDesk _commands;
    private readonly SettingsDesk _settings;
    private readonly Restoring _restoring;
    private readonly EngineTimer _loads;
    private int _loadsFrom;

    public CallEngine(string domain)
    {
        _state = new EngineState(domain);
        _board = new AgentBoard(_state);
        _pages = new PageWatch(_state, _board);
        _offers = new OfferDesk(_state, _board);
        _book = new CallBook(_state, _board, _offers);
        _router = new Router(_state, _offers, _book);
        _identity = new IdentityDesk(_state, _router);
        _routes = new RouteDesk(_state, _board, _offers, _book, _router, _identity);
        var talk = new TalkClock(_state, _board, _book);
        _legs = new LegFacts(_state, _board, _book, _offers, _routes, _router, talk);
        _pbx = new PbxHealing(_state, _board, _book, _legs, _routes, _router);
        _commands = new CommandDesk(_state, _board, _pages, _offers, _book, _router, _identity);
        _settings = new SettingsDesk(_state, _board, _commands, _router);
        _restoring = new Restoring(_state, _board, _book);
        _loads = new EngineTimer(TimerKind.LoadTurn, this);
    }

    internal EngineState State => _state;

    /// <summary>Takes one input in. What fell due before it happens first; an input at the very deadline is in time.</summary>
    public EngineStep Handle(Moment at, EngineInput input)
    {
        _state.Out.Begin();
        if (at.Stamp < _state.Now.Stamp)
            at = at with { Stamp = _state.Now.Stamp };
        RunTimers(at, inclusive: false);
        _state.Now = at;
        Dispatch(input);
        Settle();
        RunTimers(at, inclusive: true);
        return new EngineStep(_state.Out.Effects, _state.Timers.NextDue);
    }

    /// <summary>What is waiting and who is doing what, for metrics and health; cheap enough for once a second.</summary>
    public EngineView Snapshot() => EngineView.Of(_state);

    /// <summary>What must always hold; empty when all is well. For tests and a watchdog.</summary>
    public IReadOnlyList<string> CheckInvariants() => Invariants.Check(_state);

    private void Dispatch(EngineInput input)
    {
        switch (input)
        {
            case EngineInput.Fact fact:
                Dispatch(fact.Value, fact.NewCall);
                break;
            case EngineInput.RouteAsked asked:
                _routes.Asked(asked);
                break;
            case EngineInput.RouteTaken taken:
                _routes.Taken(taken.Request);
                break;
            case EngineInput.RouteClosed closed:
                _routes.Closed(closed.Request);
                break;
            case EngineInput.LookupArrived arrived when _book.Find(arrived.Call) is { } call:
                _identity.Arrived(call, arrived.Result);
                break;
            case EngineInput.LookupArrived arrived:
                _state.Out.Report("lookup_for_no_call", arrived.Call.ToString("N"));
                break;
            case EngineInput.ActionDone done:
                _routes.ActionDone(done);
                break;
            case EngineInput.Command command:
                _commands.Take(command);
                break;
            case EngineInput.PagesReported pages:
                _pages.Take(pages);
                break;
            case EngineInput.SettingsChanged changed:
                _settings.Take(changed.Settings);
                _restoring.PutBack();
                if (!_loads.IsSet)
                    _state.Timers.Set(_loads, _state.Now.Stamp + TimeSpan.FromSeconds(1));
                break;
            case EngineInput.Restored restored:
                _restoring.Take(restored.State);
                break;
        }
    }

    private void Dispatch(PbxFact fact, Guid newCall)
    {
        switch (fact)
        {
            case PbxFact.LegCreated created:
                _legs.Created(created, newCall);
                break;
            case PbxFact.LegLinked linked:
                _legs.Linked(linked);
                break;
            case PbxFact.CallerChanged changed:
                _legs.CallerChanged(changed);
                break;
            case PbxFact.DialBegan began:
                _legs.DialBegan(began);
                break;
            case PbxFact.LegRang rang:
                _legs.Rang(rang);
                break;
            case PbxFact.DialEnded ended:
                _legs.DialEnded(ended);
                break;
            case PbxFact.LegJoined joined:
                _legs.Joined(joined);
                break;
            case PbxFact.LegLeft left:
                _legs.Left(left);
                break;
            case PbxFact.HoldBegan hold:
                _legs.Held(hold.Holder, holds: true);
                break;
            case PbxFact.HoldEnded resume:
                _legs.Held(resume.Holder, holds: false);
                break;
            case PbxFact.HoldMarked marked:
                _legs.HoldMarked(marked.Leg);
                break;
            case PbxFact.Transferred transferred:
                _legs.Transferred(transferred);
                break;
            case PbxFact.RecordingBegan recording:
                _legs.RecordingBegan(recording.Leg);
                break;
            case PbxFact.LegEnded gone:
                _legs.Ended(gone);
                break;
            case PbxFact.DeviceChanged device:
                DeviceChanged(device);
                break;
            case PbxFact.Connected connected:
                _pbx.Connected(connected);
                break;
            case PbxFact.Lost lost:
                _pbx.Lost(lost);
                break;
            case PbxFact.Snapshot snapshot:
                _pbx.Snapshot(snapshot, newCall);
                break;
        }
    }

    private void DeviceChanged(PbxFact.DeviceChanged fact)
    {
        if (_state.FindDevice(fact.Node, fact.Device) is not { } device || device.State == fact.State)
            return;
        var idle = fact.State == DeviceState.NotInUse;
        var returned = idle && device.Gone;
        var hungUp = idle && device.State is DeviceState.InUse or DeviceState.Busy;
        device.State = fact.State;
        if (device.Extension?.Holder is not { } holder)
            return;
        if ((returned && holder.BackOff == "unreachable") || (hungUp && holder.BackOff == "busy"))
            _board.EndBackOff(holder);
        _board.Refresh(holder);
    }

    /// <summary>Who became free meets who waits; ends because each match takes an agent.</summary>
    private void Settle()
    {
        while (true)
        {
            if (_state.Freed.TryDequeue(out var agent))
                _router.Match(agent);
            else if (_state.Emptied.TryDequeue(out var queue))
                _router.Emptied(queue);
            else
                return;
        }
    }

    private void RunTimers(Moment at, bool inclusive)
    {
        for (var i = 0; i < MostTimersPerStep; i++)
        {
            if (_state.Timers.TakeDue(at.Stamp, inclusive) is not { } timer)
                return;
            // A late tick must not stretch time: what was due happens at its own moment.
            var due = timer.Due > _state.Now.Stamp ? timer.Due : _state.Now.Stamp;
            _state.Now = new Moment(due, at.Utc - (at.Stamp - due));
            Fire(timer);
            Settle();
        }

        _state.Out.Report("timers_do_not_end", _state.Timers.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private void Fire(EngineTimer timer)
    {
        switch (timer.Kind, timer.Subject)
        {
            case (TimerKind.Announce, Call call):
                _book.Announce(call);
                break;
            case (TimerKind.Lookup, Call call):
                _identity.Late(call);
                break;
            case (TimerKind.MaxWait, Call call):
                _router.WaitOver(call);
                break;
            case (TimerKind.Patience, Call call):
                _router.PatienceOver(call);
                break;
            case (TimerKind.CallGone, Call call):
                _book.End(call, estimated: false);
                break;
            case (TimerKind.Forget, Call call):
                _book.Forget(call);
                break;
            case (TimerKind.RequestDue, RouteRequest request):
                _routes.RequestDue(request);
                break;
            case (TimerKind.DialResult, RouteRequest request):
                _routes.DialResultDue(request);
                break;
            case (TimerKind.Redirect, Redirect redirect):
                _routes.RedirectFailed(redirect);
                break;
            case (TimerKind.Ringing, Offer offer):
                _routes.NoRinging(offer);
                break;
            case (TimerKind.OfferEnd, Offer offer):
                _routes.OfferDue(offer);
                break;
            case (TimerKind.WrapUp, Agent agent):
                _board.EndWrapUp(agent);
                _board.Refresh(agent);
                break;
            case (TimerKind.Doubt, Leg leg):
                _legs.Gone(leg, cause: 0, null, hungUp: false, estimated: true);
                break;
            case (TimerKind.PageGrace, Agent agent):
                _pages.GraceOver(agent);
                break;
            case (TimerKind.BackOff, Agent agent):
                _board.EndBackOff(agent);
                _board.Refresh(agent);
                break;
            case (TimerKind.LoadTurn, _):
                LoadTurn();
                break;
        }
    }

    private void LoadTurn()
    {
        var share = (_state.AgentOrder.Count + 59) / 60;
        _board.RefreshLoads(_loadsFrom, share);
        _loadsFrom += share;
        if (_loadsFrom >= _state.AgentOrder.Count)
            _loadsFrom = 0;
        _state.Timers.Set(_loads, _state.Now.Stamp + TimeSpan.FromSeconds(1));
    }
}
