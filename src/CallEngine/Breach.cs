namespace CallCrm.Engine;

/// <summary>Something that must always hold does not.</summary>
/// <param name="Code">Stable, for metrics.</param>
internal sealed record Breach(string Code, string Detail, Agent? Agent = null, Call? Call = null, QueueState? Queue = null)
{
    public override string ToString() => Detail;
}
