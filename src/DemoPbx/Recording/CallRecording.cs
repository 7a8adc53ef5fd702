namespace CallCrm.DemoPbx.Recording;

/// <summary>What is heard in a stretch of a call.</summary>
internal enum CallSound
{
    Silence,
    Music,
    Talk,

    /// <summary>The client alone speaks.</summary>
    Message,
}

/// <summary>
/// One MixMonitor: notes when what was to be heard, and writes both directions at the end.
/// As in Asterisk nothing is written before the first media.
/// </summary>
internal sealed class CallRecording(string file, string folder, int seed, Recordings owner, string mixMonitorId)
{
    private readonly List<(DateTimeOffset At, CallSound Sound)> _sounds = [];
    private readonly List<(DateTimeOffset At, bool Client, bool Muted)> _mutes = [];
    private DateTimeOffset? _start;
    private bool _over;

    public string MixMonitorId => mixMonitorId;

    /// <summary>The application's arguments, as the snippet has them.</summary>
    public string Arguments => $",r({file}-in.wav)t({file}-out.wav)i(CALLCRM_MIXMON)";

    public void MediaStarts(DateTimeOffset now) => _start ??= now;

    public void Mark(DateTimeOffset now, CallSound sound) => _sounds.Add((now, sound));

    /// <summary>MixMonitorMute: <c>read</c> is what the client says, <c>write</c> what the client hears.</summary>
    public void Mute(DateTimeOffset now, string direction, bool muted)
    {
        if (direction is "both" or "read")
        {
            _mutes.Add((now, true, muted));
        }

        if (direction is "both" or "write")
        {
            _mutes.Add((now, false, muted));
        }
    }

    /// <summary>The channel ended: the files are written and closed, then the mark.</summary>
    public void Finish(DateTimeOffset now) => Write(now, closed: true);

    /// <summary>The power was cut: what was written stays, the headers were never finished, there is no mark.</summary>
    public void Abandon(DateTimeOffset now) => Write(now, closed: false);

    private void Write(DateTimeOffset now, bool closed)
    {
        if (_over)
        {
            return;
        }

        _over = true;
        var plan = _start is { } start ? new SoundPlan(start, now, [.. _sounds], [.. _mutes], seed) : null;
        owner.WriteLater(Path.Combine(folder, file), plan, closed);
    }
}

/// <summary>All that is needed to render a call, detached from the live one.</summary>
internal sealed record SoundPlan(
    DateTimeOffset Start,
    DateTimeOffset End,
    IReadOnlyList<(DateTimeOffset At, CallSound Sound)> Sounds,
    IReadOnlyList<(DateTimeOffset At, bool Client, bool Muted)> Mutes,
    int Seed);
