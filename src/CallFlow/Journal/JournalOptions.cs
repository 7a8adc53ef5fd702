namespace CallCrm.CallFlow;

/// <summary>How the journal is written.</summary>
public sealed class JournalOptions
{
    /// <summary>Folder of the spill files, one per domain; must outlive a restart and belong to this machine alone.</summary>
    public string SpillFolder { get; set; } = Path.Combine("data", "spill");

    /// <summary>An append not committed within this is made safe in the spill file instead. 20 ms to 2 s, default 150 ms.</summary>
    public TimeSpan CommitWithin { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>How often the one who held the domain tries to come back. Default 200 ms.</summary>
    public TimeSpan ReconnectEvery { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a waiting standby holds back after PostgreSQL went away, so that the active router, which went on meanwhile, gets the domain again. Default 5 s.</summary>
    public TimeSpan StandbyDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How often an idle connection, and with it the lock, is checked; a standby that got the lock holds back twice as long, so that the
    /// former holder, should it live, knows. Default 250 ms.
    /// </summary>
    public TimeSpan CheckEvery { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Entries in one transaction. 1 to 10,000, default 1,000.</summary>
    public int MostPerBatch { get; set; } = 1000;

    /// <summary>
    /// Entries kept in memory when the spill's disk is full or broken as well. They are lost should the process end before database or disk
    /// are back; at this many the domain is given up. Default 500,000 (about 200 MB, half an hour of 250 entries/s).
    /// </summary>
    public int MostHeld { get; set; } = 500_000;

    internal Func<IOException?>? SpillFault { get; set; }

    /// <summary>How long entries stay in the journal; it is a feed, not the archive. Default 14 days.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How often older entries are looked for. Default 10 minutes.</summary>
    public TimeSpan TrimEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Entries deleted at once. 1 to 10,000, default 1,000.</summary>
    public int TrimPortion { get; set; } = 1000;

    /// <summary>The pause after each full portion. Default 250 ms, so 4,000 entries/s at most.</summary>
    public TimeSpan TrimPause { get; set; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>The domain is another router's now, or its journal holds something else under our numbers. Nothing more can be appended.</summary>
public sealed class JournalLostException(string detail, Exception? inner = null) : Exception(detail, inner);
