namespace CallCrm.Contracts;

/// <summary>GET /api/calls/{id}/timeline: a call's life as lanes and events. Agents see it for their own calls, others for all.</summary>
/// <param name="From">Where the picture begins.</param>
/// <param name="To">Where it ends; null while anything goes on: open bars then reach to the present.</param>
/// <param name="Now">By the server's clock, when this was read.</param>
/// <param name="Estimated">Some times are not known exactly (the PBX was out of sight).</param>
public sealed record CallTimelineView(CallRow Call, DateTimeOffset From, DateTimeOffset? To, DateTimeOffset Now, bool Estimated, IReadOnlyList<LaneView> Lanes,
    IReadOnlyList<TimelineEventView> Events);

/// <param name="Kind">client, agent, other.</param>
/// <param name="Name">Of the agent; null for the client and for devices of nobody.</param>
public sealed record LaneView([property: NotANumber] string Id, string Kind, string? Name, string? Device, IReadOnlyList<BarView> Bars);

/// <param name="Kind">wait, offer, ring, talk, hold, park, conference, listen, wrapup.</param>
/// <param name="To">Null while it goes on.</param>
/// <param name="Queue">Of a wait.</param>
/// <param name="With">The agent whom the client talks with.</param>
/// <param name="Outcome">OfferOutcome name of a ring that is over.</param>
public sealed record BarView(string Kind, DateTimeOffset From, DateTimeOffset? To, string? Queue = null, string? With = null, string? Outcome = null, bool Estimated = false);

/// <summary>One event. The page makes the sentence by its kind, in its own language; what the fields hold depends on it.</summary>
/// <param name="Kind">The journal's kind of entry; wrap_up_started for the agent's.</param>
/// <param name="Lane">Id of the lane it belongs to.</param>
/// <param name="Who">The agent; of an identification the client; of a call's start the caller's number (null: withheld).</param>
/// <param name="Other">Whom or what it went to: the agent or number of a transfer, the extension of an offer, the dialled number.</param>
/// <param name="Code">CallDirection, LookupOutcome, RouteRule, OfferOutcome, CallOutcome, TransferKind, or whose leg: client, agent, other.</param>
/// <param name="Detail">Channel or device; EndedBy of the end; late, observed.</param>
/// <param name="Number">Place in line, attempt, number of candidates, hangup cause (Q.850) or SIP status.</param>
/// <param name="Span_ms">Wait until the answer, ring, or the leg's talk.</param>
public sealed record TimelineEventView(string Kind, DateTimeOffset At, [property: NotANumber] string? Lane = null, [property: ClientNumber] string? Who = null, [property: ClientNumber] string? Other = null, string? Queue = null, string? Code = null,
    string? Detail = null, int? Number = null, int? Span_ms = null, bool Estimated = false, RouteView? Route = null);

/// <summary>Why the call went there, with all candidates of that moment (at most 20 are kept) and their figures.</summary>
/// <param name="Target">Where it left to, when to no agent: another queue, an extension, a recording.</param>
public sealed record RouteView(ReasonView Reason, string? Queue, string? Target, int? Place);

/// <summary>Whose a part of a recording is.</summary>
/// <param name="Kind">talk, hold, wait (nobody speaks with the client: queue, ringing, prompts), message (the client speaks one after the tone).</param>
/// <param name="Agent">Who talks, or holds.</param>
public sealed record RecordingPartView(int From_ms, int To_ms, string Kind, Guid? AgentId, string? Agent);
