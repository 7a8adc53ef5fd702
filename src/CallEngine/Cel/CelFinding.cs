using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>A call that CEL tells of, with what the tables have of it. Either they have nothing, or what they have is an estimate.</summary>
/// <param name="NewCall">The call's id should it be added: made from node and linked id, so that a second run makes the same.</param>
/// <param name="Client">Who it is, where the number is known.</param>
/// <param name="Known">Calls of ours that share a channel with it, oldest first; one of them at least was closed by estimate.</param>
public sealed record CelFinding(CelCall Call, Guid NewCall, PhoneNumber Caller, PhoneNumber Dialled, LookupResult? Client, ImmutableArray<CelKnown> Known);

/// <param name="Estimated">Closed by estimate.</param>
public sealed record CelKnown(Guid Call, bool Estimated, bool Routed, DateTimeOffset StartedAt, DateTimeOffset? QueuedAt, DateTimeOffset? AnsweredAt, int? Wait_ms, int Hold_ms, ImmutableArray<CelKnownLeg> Legs)
{
    /// <summary>Our clock less the PBX's, by a leg whose beginning both saw; 0 when there is none.</summary>
    public TimeSpan ClockOf(CelCall seen)
    {
        foreach (var leg in Legs)
        {
            if (!leg.Estimated && seen.Legs.FirstOrDefault(l => l.UniqueId == leg.UniqueId) is { } same)
                return leg.StartedAt - same.StartedAt;
        }

        return TimeSpan.Zero;
    }

    public Guid? AgentOf(CelLeg seen) => Legs.FirstOrDefault(l => l.UniqueId == seen.UniqueId)?.Agent;
}

/// <param name="Estimated">Its beginning was: it was adopted from a snapshot.</param>
public sealed record CelKnownLeg(string UniqueId, Guid? Agent, DateTimeOffset StartedAt, bool Estimated);
