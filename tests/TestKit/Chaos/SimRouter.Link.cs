using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

internal enum SimLink { Down, Resyncing, Up }

/// <summary>The AMI connection, as PbxLink handles it.</summary>
internal sealed partial class SimRouter
{
    readonly Queue<(TimeSpan Due, PbxEvent Event)> _wire = new();
    int _connection;
    TimeSpan _lastDue;

    public SimLink Link { get; private set; }

    /// <summary>How late events are; a slow line keeps their order.</summary>
    public double Delay_ms { get; set; }

    /// <summary>The line is dead and nobody has noticed yet: what the PBX says is lost.</summary>
    public bool HalfOpen { get; set; }

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
        (Link, HalfOpen) = (SimLink.Down, false);
        _connection++;
        _wire.Clear();
        if (Alive)
            Send(new EngineInput.Fact(_model.Reset("cut")));
    }

    public void Connect()
    {
        if (!Alive || Link != SimLink.Down)
            return;
        (Link, HalfOpen) = (SimLink.Resyncing, false);
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
        OnThisConnection(random.Next(20), () =>
        {
            _wire.Clear();
            var devices = truth.DeviceList();
            OnThisConnection(random.Next(1, 30), () =>
            {
                // Asterisk lists them in the order of its hash table.
                var channels = truth.ChannelList(clock.Now).ToArray();
                random.Shuffle(channels);
                OnThisConnection(random.Next(1, 30), () =>
                {
                    Send(new EngineInput.Fact(_model.TakeSnapshot(StaysBlind ? [] : channels, devices), NewId()));
                    // Killed by it, before it was committed.
                    if (Link == SimLink.Down)
                        return;
                    Link = SimLink.Up;
                    TakeDue();
                });
            });
        });
    }

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
            foreach (var fact in _model.Handle(next.Event))
                Send(new EngineInput.Fact(fact, fact is PbxFact.LegCreated ? NewId() : default));
        }
    }
}
