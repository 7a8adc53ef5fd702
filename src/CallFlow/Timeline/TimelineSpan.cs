using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>What somebody did for a while in a call. <see cref="Offer"/>: offered, and the phone does not ring yet.</summary>
public enum TimelineKind { Wait, Offer, Ring, Talk, Hold, Park, Conference, Listen, Message, WrapUp }

/// <summary>A stretch of time known from elsewhere than the call's entries: it counts for more than what is derived from them.</summary>
/// <param name="Node">With <paramref name="UniqueId"/> the leg; empty for what has none (wrap-up).</param>
/// <param name="To">Null while it goes on.</param>
public sealed record TimelineSpan(string Node, string UniqueId, Guid? Agent, TimelineKind Kind, string? Bridge, DateTimeOffset From, DateTimeOffset? To);

public enum LaneKind { Client, Agent, Other }

/// <summary>One party's line in the picture: the client's channel, an agent with all their channels, or another device.</summary>
/// <param name="Id">Stable within the call: <c>client.1</c>, <c>agent.{id}</c>, <c>other.{device}</c>.</param>
/// <param name="Device">Channel name without its suffix; null when no channel of it was announced.</param>
public sealed record TimelineLane(string Id, LaneKind Kind, Guid? Agent, string? Device, IReadOnlyList<TimelineBar> Bars)
{
    /// <summary>All bars of this kind together; open ones until <paramref name="now"/>.</summary>
    public TimeSpan Total(TimelineKind kind, DateTimeOffset now) =>
        Bars.Where(b => b.Kind == kind).Aggregate(TimeSpan.Zero, (sum, b) => sum + ((b.To ?? (now > b.From ? now : b.From)) - b.From));
}

/// <param name="To">Null while it goes on.</param>
/// <param name="Queue">Of a wait.</param>
/// <param name="With">Whom the client talks with.</param>
/// <param name="Outcome">Of a ring or offer that is over.</param>
/// <param name="Estimated">Begin or end is not known exactly.</param>
public sealed record TimelineBar(TimelineKind Kind, DateTimeOffset From, DateTimeOffset? To, Guid? Queue = null, Guid? With = null, OfferOutcome? Outcome = null, bool Estimated = false);

/// <param name="Lane">Where it belongs in the picture; null for what concerns the whole call.</param>
public sealed record TimelineEvent(string? Lane, JournalEntry Entry)
{
    public DateTimeOffset At => Entry.At;

    /// <summary>The entry's kind in the journal; <c>wrap_up_started</c> for the one agent's state that is an event here.</summary>
    public string Kind => Entry is AgentChanged ? "wrap_up_started" : JournalText.KindOf(Entry);
}
