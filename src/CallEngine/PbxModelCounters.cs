namespace CallCrm.Engine;

/// <summary>What a <see cref="PbxModel"/> did with its events since it was made.</summary>
/// <param name="Events">All events handed in.</param>
/// <param name="Facts">Facts said (snapshots not counted).</param>
/// <param name="Unwanted">Events of a kind that says nothing to us.</param>
/// <param name="Malformed">Wanted events without the keys they need.</param>
/// <param name="UnknownLeg">Events about a channel that was never announced.</param>
/// <param name="AfterEnd">Events about a channel that had ended.</param>
/// <param name="Repeated">Events that said what was known already, or could not be in this state.</param>
/// <param name="Evicted">Legs ended by us because there were too many: their Hangup must have been lost.</param>
/// <param name="Legs">Channels alive now, Local ones included.</param>
/// <param name="Bridges">Bridges with at least one channel now.</param>
public sealed record PbxModelCounters(long Events, long Facts, long Unwanted, long Malformed, long UnknownLeg, long AfterEnd, long Repeated,
    long Evicted, int Legs, int Bridges);
