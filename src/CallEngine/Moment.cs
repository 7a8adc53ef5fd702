namespace CallCrm.Engine;

/// <summary>When an input reached the engine.</summary>
/// <param name="Stamp">Monotonic time since the router started: timers and durations use this alone, so a clock step changes none.</param>
/// <param name="Utc">Wall clock of the host, for display and storage.</param>
public readonly record struct Moment(TimeSpan Stamp, DateTimeOffset Utc);
