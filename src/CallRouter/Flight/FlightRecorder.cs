using CallCrm.Engine;
using CallCrm.Engine.Wire;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// Keeps every input of the engine, and the entries it led to. The engine's side hands references over and never waits; a thread of
/// its own writes. What cannot be written (a slow or full disk) is missing in the log alone: counted, named once, and the next file
/// begins with the state after it. One engine, one recorder.
/// </summary>
sealed class FlightRecorder : IDisposable
{
    const int WakeEvery = 2048;
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    readonly FlightOptions _options;
    readonly FlightRing _ring;
    readonly FlightLog _log;
    readonly Thread _thread;
    readonly AutoResetEvent _wake = new(initialState: false);
    readonly WireWriter?[] _images = [new(), new()];
    TimeSpan _nextLook = TimeSpan.MinValue;
    TimeSpan _nextMark = TimeSpan.MinValue;
    TimeSpan _fileEnds = TimeSpan.MinValue;
    int _unheard;
    long _putAtState;
    long _stateCost;
    bool _losing;
    long _lost;
    DateTimeOffset _lostSince;
    volatile bool _stopping;
    volatile bool _flushNow;
    volatile int _rounds;

    public FlightRecorder(FlightOptions options, TimeProvider time, ILogger log)
    {
        _options = options;
        _ring = new FlightRing(options.Waiting);
        _log = new FlightLog(options, time, log);
        _thread = new Thread(Write) { IsBackground = true, Name = "flight recorder" };
        _thread.Start();
    }

    /// <summary>Inputs that are in no file.</summary>
    public long Lost => Volatile.Read(ref _lost) + _log.Lost;

    public string? File => _log.File;

    /// <summary>What waits for the writer.</summary>
    public int Backlog => _ring.Count;

    /// <summary>To be called with each input before the engine handles it.</summary>
    public void Take(in Moment at, EngineInput input, CallEngine engine)
    {
        if (--_unheard > 0 && at.Stamp < _nextLook && !_losing && _ring.TryPut(at, input))
            return;
        TakeSlowly(at, input, engine);
    }

    void TakeSlowly(Moment at, EngineInput input, CallEngine engine)
    {
        if (_unheard <= 0)
            Wake();
        if (at.Stamp >= _nextLook)
            Look(at, engine);
        if (_losing)
            GoOn(at, engine);
        if (!_losing && _ring.TryPut(at, input))
            return;

        Lose(at);
        _lost++;
    }

    /// <summary>To be called with each entry that the last input led to.</summary>
    public void Take(in Moment at, JournalEntry entry)
    {
        if (!_losing && !_ring.TryPut(entry))
            Lose(at);
    }

    void Lose(Moment at)
    {
        if (!_losing)
            (_losing, _lostSince) = (true, at.Utc);
    }

    /// <summary>Writes what is waiting, at most for some seconds, and ends the file.</summary>
    /// <param name="engine">Null when it failed: its state is not to be trusted.</param>
    public void Close(Moment at, CallEngine? engine)
    {
        if (_stopping)
            return;
        // The images come back when what waits is written.
        if (engine is not null && !_losing)
            SpinWait.SpinUntil(() => _images[0] is not null || _images[1] is not null, TimeSpan.FromSeconds(1));
        if (engine is not null && !_losing)
            GiveState(at, engine);
        _stopping = true;
        _wake.Set();
        _thread.Join(TimeSpan.FromSeconds(5));
    }

    /// <summary>For tests: all that was handed over stands in the file, or is lost.</summary>
    internal void WaitUntilWritten()
    {
        var written = _rounds;
        _flushNow = true;
        SpinWait.SpinUntil(() =>
        {
            _wake.Set();
            return _rounds > written + 1;
        });
    }

    public void Dispose()
    {
        Close(default, null);
        if (!_thread.IsAlive)
            _wake.Dispose();
    }

    /// <summary>A hash for the running file, or the beginning of the next one.</summary>
    void GiveState(Moment at, CallEngine engine)
    {
        var newFile = at.Stamp >= _fileEnds || _log.WantsState;
        if (_losing || Rent() is not { } image)
            return;
        EngineImage.Write(engine, image);
        var bytes = image.Count;
        if (!_ring.TryPut(at, new FlightState(image, newFile, null)))
        {
            Return(image);
            return;
        }

        Given(at, newFile, bytes);
    }

    /// <summary>After a loss nothing is worth anything before the state is known again.</summary>
    void GoOn(Moment at, CallEngine engine)
    {
        if (_ring.Count > _options.Waiting / 2 || Rent() is not { } image)
            return;
        EngineImage.Write(engine, image);
        var bytes = image.Count;
        _ring.TryPut(at, new FlightState(image, NewFile: true, new FlightGap(_lost, _lostSince)));
        _log.CountLost(_lost);
        (_losing, _lost) = (false, 0);
        Given(at, newFile: true, bytes);
    }

    void Given(Moment at, bool newFile, int bytes)
    {
        _putAtState = _ring.Put;
        _stateCost = (long)(bytes * _options.InputsPerByte);
        if (newFile)
        {
            _fileEnds = at.Stamp + _options.FileAge;
            _log.WantsState = false;
        }

        _nextMark = at.Stamp + _options.MarkEvery < _fileEnds ? at.Stamp + _options.MarkEvery : _fileEnds;
        Wake();
    }

    /// <summary>Whether the state is due, once a second: the road of every input stays short.</summary>
    void Look(Moment at, CallEngine engine)
    {
        _nextLook = at.Stamp + LookEvery;
        if (_log.WantsState || at.Stamp >= _fileEnds || (at.Stamp >= _nextMark && _ring.Put - _putAtState >= _stateCost))
            GiveState(at, engine);
    }

    void Wake()
    {
        _unheard = WakeEvery;
        _wake.Set();
    }

    WireWriter? Rent() => Interlocked.Exchange(ref _images[0], null) ?? Interlocked.Exchange(ref _images[1], null);

    void Return(WireWriter image)
    {
        if (Interlocked.CompareExchange(ref _images[0], image, null) is not null)
            _images[1] = image;
    }

    void Write()
    {
        while (true)
        {
            var stopping = _stopping;
            while (_ring.TryTake(out var at, out var item))
            {
                _log.Write(at, item);
                if (item is FlightState state)
                    Return(state.Image);
            }

            if (stopping)
                break;
            _log.FlushDue(_flushNow);
            _flushNow = false;
            _rounds++;
            _wake.WaitOne(TimeSpan.FromMilliseconds(200));
        }

        _log.End();
    }
}

/// <param name="Gap">What was lost before it.</param>
sealed record FlightState(WireWriter Image, bool NewFile, FlightGap? Gap);
