using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

internal enum SimLink { Down, Resyncing, Up }

/// <summary>The line was lost, and nothing had been heard for a while when that was noticed.</summary>
/// <param name="Heard">When it was last heard: what the PBX said from here on nobody knows.</param>
/// <param name="Noticed">When its loss was.</param>
/// <param name="Entries">How many entries the journal had then: what it booked in good faith.</param>
internal sealed record SimSilence(TimeSpan Heard, TimeSpan Noticed, int Entries)
{
    /// <summary>When there was a line again, on which all is heard.</summary>
    public TimeSpan? Back { get; set; }

    /// <summary>When the router had the whole picture again.</summary>
    public TimeSpan? Healed { get; set; }

    /// <summary>It was killed before that, or while it still doubted what it saw.</summary>
    public bool Forgotten { get; set; }
}

/// <summary>The AMI connection, as AmiClient and PbxLink handle it.</summary>
internal sealed partial class SimRouter
{
    /// <summary>After so much quiet it is asked, and answers at once (AmiClientOptions.KeepAliveQuiet).</summary>
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    readonly List<SimSilence> _silences = [];
    readonly Queue<(TimeSpan Due, PbxEvent Event)> _wire = new();
    int _connection;
    TimeSpan _lastDue;
    TimeSpan _heardAt;
    TimeSpan _saidAt;
    bool _halfOpen;

    public SimLink Link { get; private set; }

    /// <summary>How late events are; a slow line keeps their order.</summary>
    public double Delay_ms { get; set; }

    /// <summary>The line is dead and nobody has noticed yet: what the PBX says is lost.</summary>
    public bool HalfOpen
    {
        get => _halfOpen;
        set
        {
            if (value && !_halfOpen)
                _heardAt = LastSign();
            _halfOpen = value;
        }
    }

    /// <summary>All losses of the line, in their order.</summary>
    public IReadOnlyList<SimSilence> Silences => _silences;

    /// <summary>When the line was last heard: by what the PBX said, or by its answer to the question that follows a quiet time.</summary>
    TimeSpan LastSign() => HalfOpen ? _heardAt : clock.Now - TimeSpan.FromTicks((clock.Now - _heardAt).Ticks % Quiet.Ticks);

    /// <summary>Its snapshots are all empty.</summary>
    public bool StaysBlind { get; set; }

    /// <summary>All that the PBX said so far has been taken in.</summary>
    public bool CaughtUp => Link == SimLink.Up && _wire.Count == 0 && !HalfOpen;

    /// <summary>The PBX says something.</summary>
    public void Hear(PbxEvent e)
    {
        Log?.Invoke($"{clock.Now} {(Link == SimLink.Up && !HalfOpen ? "" : "UNHEARD ")}{e.Name} {e["Channel"]} {e["Uniqueid"]} {e["DestChannel"]} {e["DialStatus"]} {e["State"]} {e["BridgeUniqueid"]} {e["Application"]} {e["Context"]}");
        if (Link == SimLink.Down || HalfOpen)
            return;
        var due = clock.Now + TimeSpan.FromMilliseconds(Delay_ms);
        _lastDue = due > _lastDue ? due : _lastDue;
        _wire.Enqueue((_lastDue, e));
        if (_lastDue <= clock.Now)
            TakeDue();
        else
            OnThisConnection((_lastDue - clock.Now).TotalMilliseconds, TakeDue);
    }

    public void Cut()
    {
        if (Link == SimLink.Down)
            return;
        var heard = LastSign();
        (Link, HalfOpen) = (SimLink.Down, false);
        _connection++;
        _wire.Clear();
        if (!Alive)
            return;
        _silences.Add(new SimSilence(heard, clock.Now, Journal.Entries.Count));
        // As the client tells it, and as the engine takes it in: nothing ends before what was said last.
        var silence = clock.Now - heard;
        Send(new EngineInput.Fact(_model.Reset("cut", silence < clock.Now - _saidAt ? silence : clock.Now - _saidAt)));
    }

    public void Connect()
    {
        if (!Alive || Link != SimLink.Down)
            return;
        (Link, HalfOpen) = (SimLink.Resyncing, false);
        _heardAt = clock.Now;
        foreach (var silence in _silences)
            silence.Back ??= clock.Now;
        _connection++;
        Send(new EngineInput.Fact(new PbxFact.Connected(node, null, "22.10.1")));
        Resync();
    }

    /// <summary>The queue was full: what is in it is dropped, and all is asked anew on the same connection.</summary>
    public void Overflow()
    {
        if (Link != SimLink.Up || HalfOpen)
            return;
        Link = SimLink.Resyncing;
        Resync();
    }

    /// <summary>Two lists, one after the other: what happens from the first on is taken in after both, so part of it comes twice.</summary>
    void Resync()
    {
        AnswerOnThisConnection(random.Next(20), () =>
        {
            _wire.Clear();
            var devices = truth.DeviceList();
            AnswerOnThisConnection(random.Next(1, 30), () =>
            {
                // Asterisk lists them in the order of its hash table.
                var channels = truth.ChannelList(clock.Now).ToArray();
                random.Shuffle(channels);
                AnswerOnThisConnection(random.Next(1, 30), () =>
                {
                    Send(new EngineInput.Fact(_model.TakeSnapshot(StaysBlind ? [] : channels, devices), NewId()));
                    // Killed by it, before it was committed.
                    if (Link == SimLink.Down)
                        return;
                    Link = SimLink.Up;
                    foreach (var silence in _silences)
                        silence.Healed ??= clock.Now;
                    TakeDue();
                });
            });
        });
    }

    /// <summary>A dead line answers nothing: it stays so until its loss is noticed.</summary>
    void AnswerOnThisConnection(double ms, Action what) => OnThisConnection(ms, () =>
    {
        if (HalfOpen)
            return;
        _heardAt = clock.Now;
        what();
    });

    void OnThisConnection(double ms, Action what)
    {
        var connection = _connection;
        Later(ms, () =>
        {
            if (connection == _connection && Link != SimLink.Down)
                what();
        });
    }

    void TakeDue()
    {
        while (Link == SimLink.Up && _wire.TryPeek(out var next) && next.Due <= clock.Now)
        {
            _wire.Dequeue();
            // Also what was on its way when the line died.
            (_heardAt, _saidAt) = (clock.Now, clock.Now);
            foreach (var fact in _model.Handle(next.Event))
                Send(new EngineInput.Fact(fact, fact is PbxFact.LegCreated ? NewId() : default));
        }
    }
}
