using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>A question of the PBX on its way: answered, or closed without an answer.</summary>
internal sealed class SimAsk(Guid request, Action wake)
{
    public Guid Request { get; } = request;

    public RouteAnswer? Answer { get; set; }

    public Guid Call { get; set; }

    public bool Closed { get; set; }

    public bool Over => Answer is not null || Closed;

    public void Wake() => wake();
}

/// <summary>What the PBX does when the router says so.</summary>
internal interface ISimPbx
{
    bool Redirect(string channel, bool unlessBridged);

    bool HangUp(string channel);
}

/// <summary>
/// The router around model and engine, with every seam that breaks: AMI may be cut, late or overflow, FastAGI is a stream of its own,
/// the process may be killed (also between a decision and its commit) and comes back from its journal, the database may be away.
/// </summary>
internal sealed partial class SimRouter(SimClock clock, PbxTruth truth, Random random, EngineSettings settings, string node)
{
    static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    readonly Dictionary<Guid, SimAsk> _asks = [];
    readonly Random _callsOut = new(1);
    PbxModel _model = new(node);
    CallEngine? _engine;
    TimeSpan _bornAt;
    TimeSpan? _tick;
    int _life;
    int _pbxLife;
    int _ids = 1_000_000;

    public SimJournal Journal { get; } = new();

    public ISimPbx? Pbx { get; set; }

    public CallEngine? Engine => _engine;

    public bool DatabaseAway { get; set; }

    /// <summary>The process is killed after the next decision, before it is safe.</summary>
    public bool DieUncommitted { get; set; }

    /// <summary>The first thing that must never be.</summary>
    public string? Broken { get; set; }

    public List<EngineEffect.Report> Reports { get; } = [];

    /// <summary>What came and what it led to, for whoever looks into a seed.</summary>
    public Action<string>? Log { get; set; }

    /// <summary>When each channel last asked, whether or not AMI was there.</summary>
    public Dictionary<string, TimeSpan> AskedAt { get; } = new(StringComparer.Ordinal);

    public DateTimeOffset UtcOf(TimeSpan moment) => Start + moment;

    public bool Alive => _engine is not null;

    public DateTimeOffset Utc => Start + clock.Now;

    /// <summary>A new process: nothing but what the journal kept.</summary>
    public void Launch()
    {
        if (Alive)
            return;
        _life++;
        _engine = new CallEngine("main");
        (_model, _bornAt, _tick, _saidAt) = (new PbxModel(node), clock.Now, null, clock.Now);
        Send(new EngineInput.Restored(Journal.Restore(Utc)));
        Send(new EngineInput.SettingsChanged(settings));
        Connect();
    }

    public void Kill()
    {
        Log?.Invoke($"{clock.Now} killed");
        foreach (var silence in _silences)
            silence.Forgotten |= silence.Healed is not { } healed || clock.Now - healed < TimeSpan.FromSeconds(1);
        _life++;
        _engine = null;
        (Link, HalfOpen, DieUncommitted) = (SimLink.Down, false, false);
        _wire.Clear();
        foreach (var ask in _asks.Values.ToArray())
            Close(ask);
        _asks.Clear();
    }

    /// <param name="late_ms">How late events are, of <see cref="SimFault.Slow"/>.</param>
    public void Suffer(SimFault fault, double late_ms)
    {
        switch (fault)
        {
            case SimFault.Cut:
                Cut();
                break;
            case SimFault.HalfOpen:
                HalfOpen = true;
                break;
            case SimFault.Slow:
                Delay_ms = late_ms;
                break;
            case SimFault.Overflow:
                Overflow();
                break;
            case SimFault.Kill:
                Kill();
                break;
            case SimFault.KillUncommitted:
                DieUncommitted = true;
                break;
            case SimFault.Crash:
                PbxDied();
                break;
            case SimFault.Database:
                DatabaseAway = true;
                break;
        }
    }

    public Guid NewId() => new(++_ids, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>Only while this process lives.</summary>
    void Later(double ms, Action what)
    {
        var life = _life;
        clock.After(ms, () =>
        {
            if (life == _life)
                what();
        });
    }

    public void Send(EngineInput input)
    {
        if (_engine is not { } engine || Broken is not null)
            return;
        // The stamp starts anew with each process.
        var step = engine.Handle(new Moment(clock.Now - _bornAt, Utc), input);
        var effects = step.Effects.ToArray();
        Log?.Invoke($"{clock.Now} {input}{string.Concat(effects.Select(e => "\n      -> " + e))}");
        if (engine.CheckInvariants() is { Count: > 0 } broken)
            Broken ??= $"{string.Join("; ", broken)} after {input}";
        if (DieUncommitted && effects.Length > 0)
        {
            Kill();
            return;
        }

        foreach (var effect in effects)
        {
            if (effect is EngineEffect.Write write)
                Journal.Append(write.Entry);
            else if (effect is EngineEffect.Report report)
                Reports.Add(report);
            else
                Later(DatabaseAway ? 150 : random.Next(4), () => LetOut(effect));
        }

        Broken ??= Journal.Broken;
        if (step.NextDeadline is { } due)
            TickAt(_bornAt + due);
    }

    void TickAt(TimeSpan due)
    {
        if (_tick is { } set && set <= due)
            return;
        _tick = due;
        var life = _life;
        clock.At(due, () =>
        {
            if (life != _life || _tick != due)
                return;
            _tick = null;
            Send(EngineInput.Tick.Instance);
        });
    }

    /// <summary>FastAGI: one connection, one question.</summary>
    public SimAsk Ask(TruthChannel from, RequestState state, PhoneNumber caller, string dialled, DialResult? last, Action wake)
    {
        var ask = new SimAsk(NewId(), wake);
        if (!Alive)
        {
            ask.Closed = true;
            return ask;
        }

        _asks.Add(ask.Request, ask);
        AskedAt[from.UniqueId] = clock.Now;
        var asked = new EngineInput.RouteAsked(ask.Request, NewId(), new LegId(node, from.UniqueId), from.Name, state, caller, "Ada", new PhoneNumber(dialled, NumberKind.Unparsed), last, TellsFallback: true);
        Later(random.Next(8), () =>
        {
            if (!ask.Closed)
                Send(asked);
        });
        Later(1500 + random.Next(8), () => Abandon(ask));
        return ask;
    }

    /// <summary>The channel left AGI, or our patience is over.</summary>
    public void Abandon(SimAsk ask)
    {
        if (ask.Over)
            return;
        Close(ask);
        if (_asks.Remove(ask.Request))
            Later(random.Next(5), () => Send(new EngineInput.RouteClosed(ask.Request)));
    }

    /// <summary>The PBX died, and its connections with it.</summary>
    public void PbxDied()
    {
        _pbxLife++;
        foreach (var ask in _asks.Values.ToArray())
            Abandon(ask);
        Cut();
    }

    static void Close(SimAsk ask)
    {
        if (ask.Over)
            return;
        ask.Closed = true;
        ask.Wake();
    }

    void LetOut(EngineEffect effect)
    {
        switch (effect)
        {
            case EngineEffect.AnswerRoute answer when _asks.TryGetValue(answer.Request, out var ask):
                Later(answer.AwaitPop is null ? 2 : random.Next(2, 150), () => Tell(ask, answer));
                break;
            case EngineEffect.Act act:
                Later(act.AwaitPop is null ? 2 : random.Next(2, 150), () => Act(act));
                break;
            case EngineEffect.LookUp look:
                var dice = look.MayCreate ? random : _callsOut;
                Later(dice.Next(10) == 0 ? dice.Next(200, 900) : dice.Next(1, 40), () => Send(new EngineInput.LookupArrived(look.Call, Found(look, dice))));
                break;
        }
    }

    void Tell(SimAsk ask, EngineEffect.AnswerRoute answer)
    {
        if (ask.Over)
            return;
        _asks.Remove(ask.Request);
        if (answer.Answer is RouteAnswer.Fallback)
        {
            Close(ask);
            Later(random.Next(5), () => Send(new EngineInput.RouteClosed(ask.Request)));
            return;
        }

        (ask.Call, ask.Answer) = (answer.Call, answer.Answer);
        var pbx = _pbxLife;
        Later(random.Next(6), () => Send(pbx == _pbxLife ? new EngineInput.RouteTaken(ask.Request) : new EngineInput.RouteClosed(ask.Request)));
        ask.Wake();
    }

    void Act(EngineEffect.Act act)
    {
        var ok = Link != SimLink.Down && act.What switch
        {
            PbxAction.Redirect redirect => Pbx!.Redirect(redirect.Channel, redirect.UnlessBridged),
            PbxAction.HangUp hangUp => Pbx!.HangUp(hangUp.Channel),
            _ => true,
        };
        // A cut line answers nothing: the action counts as failed when its deadline passes.
        Later(Link == SimLink.Down ? 1 : random.Next(1, 15), () => Send(new EngineInput.ActionDone(act.Action, ok, ok ? "" : "Channel does not exist.")));
    }

    LookupResult Found(EngineEffect.LookUp look, Random dice)
    {
        if (DatabaseAway)
            return new LookupResult(LookupOutcome.Failed, [], look.Late);
        var client = NewId();
        return dice.Next(look.MayCreate ? 4 : 3) switch
        {
            0 => new LookupResult(LookupOutcome.Unknown, [], look.Late),
            1 when look.MayCreate => new LookupResult(LookupOutcome.Created, [new ClientMatch(client, null, null, [])], look.Late),
            _ => new LookupResult(LookupOutcome.Known, [new ClientMatch(client, settings.Agents[dice.Next(settings.Agents.Length)].Id, null, [])], look.Late),
        };
    }
}
