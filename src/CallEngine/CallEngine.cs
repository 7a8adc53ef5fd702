using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>
/// Decides where calls go, and knows what every call and agent of one routing domain is doing. Pure: inputs in, effects out; no clock,
/// no tasks, no I/O, no randomness, so the same inputs give the same entries, byte for byte. Not for two threads at once.
/// An input that comes late or makes no sense is counted and reported (<see cref="EngineEffect.Report"/>); it never throws.
/// </summary>
public sealed partial class CallEngine
{
    /// <summary>More timers than this in one step mean that one sets itself again and again.</summary>
    private const int MostTimersPerStep = 100_000;

    private readonly EngineState _state;
    private readonly AgentBoard _board;
    private readonly PageWatch _pages;
    private readonly SeatDesk _seats;
    private readonly OfferDesk _offers;
    private readonly CallBook _book;
    private readonly Router _router;
    private readonly IdentityDesk _identity;
    private readonly RouteDesk _routes;
    private readonly LegFacts _legs;
    private readonly TalkClock _talk;
    private readonly PbxHealing _pbx;
    private readonly DialDesk _dials;
    private readonly TransferDesk _transfers;
    private readonly ListenDesk _listens;
    private readonly CommandDesk _commands;
    private readonly SettingsDesk _settings;
    private readonly Restoring _restoring;
    private readonly CelDesk _cel;
    private readonly MailboxDesk _mailboxes;
    private readonly Watchdog _watchdog;
    private readonly EngineTimer _loads;
    private int _loadsFrom;

    public CallEngine(string domain)
    {
        _state = new EngineState(domain);
        _board = new AgentBoard(_state);
        _pages = new PageWatch(_state, _board);
        _seats = new SeatDesk(_state, _board, _pages);
        _offers = new OfferDesk(_state, _board);
        var spans = new LegSpans(_state);
        _book = new CallBook(_state, _board, _offers, spans);
        _router = new Router(_state, _offers, _book);
        _identity = new IdentityDesk(_state, _book, _router);
        _transfers = new TransferDesk(_state, _offers, _book, _router);
        _routes = new RouteDesk(_state, _board, _offers, _book, _router, _identity, _transfers);
        _talk = new TalkClock(_state, _board, _book, spans);
        _listens = new ListenDesk(_state, _board, _book);
        _legs = new LegFacts(_state, _board, _book, _offers, _routes, _router, _identity, _talk, _transfers, _listens);
        _pbx = new PbxHealing(_state, _board, _book, _legs, _routes, _router, _listens);
        _dials = new DialDesk(_state, _board, _book, _legs, _identity);
        _commands = new CommandDesk(_state, _board, _pages, _offers, _book, _router, _identity, _dials, _transfers, _seats, _listens);
        _settings = new SettingsDesk(_state, _board, _commands, _router);
        _restoring = new Restoring(_state, _board, _book, _seats, _transfers);
        _cel = new CelDesk(_state, _book);
        _mailboxes = new MailboxDesk(_state, _book, _legs);
        _watchdog = new Watchdog(_state, _board, _book, _offers, _routes);
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
        _state.Happened = input switch
        {
            EngineInput.PbxSaid { Event: var e } => _state.ClockOf(e.Node).Happened(e.PbxTime, at),
            EngineInput.Fact { Value: var fact } => _state.ClockOf(fact.Node).Happened(fact.PbxTime, at),
            _ => at,
        };
        Dispatch(input);
        Settle();
        RunTimers(at, inclusive: true);
        _watchdog.AfterStep();
        return new EngineStep(_state.Out.Effects, _state.Timers.NextDue);
    }

    /// <summary>What is waiting and who is doing what, for metrics and health; cheap enough for once a second.</summary>
    public EngineView Snapshot() => EngineView.Of(_state);

    /// <summary>All extensions by PBX and number, and who sits there.</summary>
    public ImmutableArray<SeatView> Seats() => SeatView.Of(_state, _pages);

    /// <summary>How far the host's clock is ahead of this PBX's, and how late its last event was read; null while its events carry no time.</summary>
    public (TimeSpan Offset, TimeSpan Delay)? ClockOf(string node) =>
        _state.Clocks.TryGetValue(node, out var clock) && clock.Offset is { } offset ? (offset, clock.Delay) : null;

    /// <summary>What must always hold; empty when all is well. For tests and a watchdog.</summary>
    public IReadOnlyList<string> CheckInvariants() => Invariants.Check(_state);

    /// <summary>Who became free meets who waits; ends because each match takes an agent.</summary>
    private void Settle()
    {
        _talk.Settle();
        _state.Happened = _state.Now;
        _seats.Settle();
        while (true)
        {
            if (_state.Freed.TryDequeue(out var agent))
                _router.Match(agent);
            else if (_state.Emptied.TryDequeue(out var queue))
                _router.Emptied(queue);
            else
                break;
        }

        _talk.Settle();
    }

    private void RunTimers(Moment at, bool inclusive)
    {
        for (var i = 0; i < MostTimersPerStep; i++)
        {
            if (_state.Timers.TakeDue(at.Stamp, inclusive) is not { } timer)
                return;
            // A late tick must not stretch time: what was due happens at its own moment.
            var due = timer.Due > _state.Now.Stamp ? timer.Due : _state.Now.Stamp;
            _state.Now = _state.Happened = new Moment(due, at.Utc - (at.Stamp - due));
            Fire(timer);
            Settle();
        }

        _state.Out.Report("timers_do_not_end", _state.Timers.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private void LoadTurn()
    {
        var share = (_state.AgentOrder.Count + 59) / 60;
        _board.RefreshLoads(_loadsFrom, share);
        _loadsFrom += share;
        if (_loadsFrom >= _state.AgentOrder.Count)
            _loadsFrom = 0;
        _watchdog.Turn();
        _state.Timers.Set(_loads, _state.Now.Stamp + TimeSpan.FromSeconds(1));
    }
}
