namespace CallCrm.TestKit.Chaos;

/// <summary>What a channel does, step by step: each step says how many milliseconds pass before the next, unless it is woken.</summary>
internal sealed class SimScript(SimClock clock, IEnumerator<double> steps, Func<bool> lives)
{
    int _step;
    bool _done;

    public void Go(double after_ms)
    {
        var step = _step;
        clock.After(after_ms, () =>
        {
            if (step == _step && !_done && lives())
                Resume();
        });
    }

    /// <summary>Something happened to it: it goes on now, not when its time is over.</summary>
    public void Wake() => Go(0);

    void Resume()
    {
        _step++;
        if (steps.MoveNext())
            Go(steps.Current);
        else
            _done = true;
    }
}

/// <summary>A channel with the will of whoever is at it.</summary>
internal sealed class SimLeg(TruthChannel channel)
{
    public TruthChannel Channel { get; } = channel;

    public SimScript? Script { get; set; }

    /// <summary>Its person has hung up; the PBX sees it at its next step.</summary>
    public bool HangUpDue { get; set; }

    public bool RedirectDue { get; set; }

    public bool Talks { get; set; }

    public bool Gone { get; set; }

    public bool Interrupted => HangUpDue || RedirectDue || Gone;
}

internal enum PhoneMood { Answers, Silent, Busy, Declines, Disturbed, Dead }

/// <summary>How a Dial ended.</summary>
internal sealed class SimDialled
{
    public Engine.DialResult Result { get; set; }

    public string Status { get; set; } = "";

    public SimLeg? Other { get; set; }
}
