using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace CallCrm.Engine;

public enum CallDirection { Inbound, Outbound, Internal }

public enum CallState { Routing, Waiting, Ringing, Talking, Ended }

/// <summary>
/// Of calls we made and nobody took: Busy (also refused), NoAnswer, Cancelled (given up here, or the own phone was not lifted: the other side
/// may never have rung), Failed (the number could not be reached, or the PBX did not do it). Blocked: a caller we did not let through.
/// </summary>
public enum CallOutcome { Answered, Abandoned, ShortAbandon, Closed, Overflow, Rejected, Fallback, Observed, Failed, Lost, Busy, NoAnswer, Cancelled, Blocked }

public enum EndedBy { Unknown, Caller, Agent, Pbx, System }

public enum OfferOutcome { Answered, NoAnswer, Declined, Busy, DoNotDisturb, Unreachable, CallerGaveUp, AnsweredElsewhere, Cancelled }

/// <summary>
/// What a leg did for a while. Ring: its phone rang. Talk: it shared a bridge with somebody who could hear it. Hold: it held
/// the others or was held. Wait: it heard music or an announcement (our hold loop, app_queue, the dialplan's music). Park: in a
/// parking lot. Conference: in a ConfBridge with others. Listen: it heard another leg (ChanSpy) and was no party to the call.
/// Message: it spoke after the tone.
/// </summary>
public enum SpanKind { Ring, Talk, Hold, Wait, Park, Conference, Listen, Message }

/// <summary>Of a message in one of the PBX's mailboxes: nobody heard it there, it was heard, it was deleted.</summary>
public enum MailboxState { New, Heard, Removed }

/// <summary>How a question for somebody's extension ended; <see cref="SeatDesk"/> has what each means.</summary>
public enum SeatOutcome { Allowed, Refused, Unanswered, Left, InCall, Withdrawn, NobodyThere }

public enum AgentState { SignedOut, Ready, Reserved, Ringing, Talking, WrapUp, Paused, Away }

/// <summary>
/// How far a transfer from the desk is. Ringing: at the target. Consulting: sender and target talk, the client waits. WithClient: the target
/// waits. Together: all three talk. Returning: nobody took it, the sender's phone rings. Done, Failed (the client is the sender's again, or a
/// queue's), Cancelled (by the sender): it is over.
/// </summary>
public enum TransferStep { Ringing, Consulting, WithClient, Together, Returning, Done, Failed, Cancelled }

/// <summary>Why the call went where it went; Observed: the PBX rang there by itself. The page turns rule and figures into a sentence.</summary>
public enum RouteRule { LastContacted, Responsible, LeastBusy, Hold, QueueClosed, NobodySignedIn, MaxWait, UnknownNumber, Fallback, Pickup, Transfer, Blocked, TransferBack, Consult, Observed }

/// <summary>
/// One line of the journal: kind, version and body. Fields are only ever added. Carries ids and numbers, never names or texts.
/// The (domain, seq) is given by the engine without gaps.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CallStarted), "call_started")]
[JsonDerivedType(typeof(CallRouted), "call_routed")]
[JsonDerivedType(typeof(CallIdentified), "call_identified")]
[JsonDerivedType(typeof(CallQueued), "call_queued")]
[JsonDerivedType(typeof(RouteDecided), "route_decided")]
[JsonDerivedType(typeof(CallOffered), "call_offered")]
[JsonDerivedType(typeof(OfferRang), "offer_rang")]
[JsonDerivedType(typeof(OfferEnded), "offer_ended")]
[JsonDerivedType(typeof(LegStarted), "leg_started")]
[JsonDerivedType(typeof(LegEnded), "leg_ended")]
[JsonDerivedType(typeof(CallAnswered), "call_answered")]
[JsonDerivedType(typeof(CallHeld), "call_held")]
[JsonDerivedType(typeof(CallResumed), "call_resumed")]
[JsonDerivedType(typeof(RecordingStarted), "recording_started")]
[JsonDerivedType(typeof(RecordingUnkept), "recording_unkept")]
[JsonDerivedType(typeof(CallMerged), "call_merged")]
[JsonDerivedType(typeof(CallTransferred), "call_transferred")]
[JsonDerivedType(typeof(TransferChanged), "transfer_changed")]
[JsonDerivedType(typeof(CallEnded), "call_ended")]
[JsonDerivedType(typeof(CallCorrected), "call_corrected")]
[JsonDerivedType(typeof(CallImported), "call_imported")]
[JsonDerivedType(typeof(AgentChanged), "agent_changed")]
[JsonDerivedType(typeof(WrapUpExtended), "wrap_up_extended")]
[JsonDerivedType(typeof(PbxChanged), "pbx_changed")]
[JsonDerivedType(typeof(LegSpan), "leg_span")]
[JsonDerivedType(typeof(CallDialled), "call_dialled")]
[JsonDerivedType(typeof(SeatAsked), "seat_asked")]
[JsonDerivedType(typeof(SeatAnswered), "seat_answered")]
[JsonDerivedType(typeof(CallListened), "call_listened")]
[JsonDerivedType(typeof(CallerRead), "caller_read")]
[JsonDerivedType(typeof(MessageLeft), "message_left")]
public abstract record JournalEntry
{
    /// <summary>Number in the domain, from 1, without gaps.</summary>
    public required long Seq { get; init; }

    /// <summary>By the host's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The call it belongs to; null for agents and PBXs.</summary>
    public Guid? Call { get; init; }
}

/// <param name="Campaign">The dialled number's, as it was set up at that moment; of a call out the one that the agent makes it for. Null: none.</param>
public sealed record CallStarted(string Node, string UniqueId, string LinkedId, CallDirection Direction, PhoneNumber Caller, PhoneNumber Dialled,
    string CallerName, bool Routed, bool Estimated, string? Campaign = null) : JournalEntry;

/// <summary>A call that was only observed so far asked us for a route (after an own menu of the PBX, say). Corrects what CallStarted said.</summary>
public sealed record CallRouted(PhoneNumber Caller, PhoneNumber Dialled, string CallerName, string? Campaign = null) : JournalEntry;

/// <param name="Client">The one shown; null for several, withheld, unknown.</param>
public sealed record CallIdentified(LookupOutcome Outcome, Guid? Client, Guid? Deal, ImmutableArray<Guid> Candidates, Guid? ByAgent, bool Late) : JournalEntry;

/// <param name="Place">In line, from 1.</param>
public sealed record CallQueued(Guid Queue, int Place) : JournalEntry;

/// <param name="Agent">Null when the target is no agent.</param>
/// <param name="Preferred">The last-contacted or responsible agent, even when not chosen.</param>
/// <param name="PreferredState">Their state at that moment.</param>
/// <param name="Candidates">Free agents in order, at most 20.</param>
/// <param name="CandidateCount">All of them.</param>
public sealed record RouteDecided(RouteRule Rule, Guid? Agent, Guid? Queue, string? Target, Guid? Preferred, RouteRule? PreferredBy, AgentState? PreferredState,
    DateTimeOffset? LastContactAt, ImmutableArray<RouteCandidate> Candidates, int CandidateCount, int? Place) : JournalEntry;

/// <param name="LoadPercent">0 to 100, one decimal.</param>
public readonly record struct RouteCandidate(Guid Agent, int Level, decimal LoadPercent, int Idle_s);

/// <param name="Attempt">From 1 within the call.</param>
public sealed record CallOffered(Guid Offer, Guid Agent, string Node, string Extension, string Device, Guid? Queue, Guid? Client, int Attempt, int Ring_s,
    RouteRule Rule, bool CanAnswer, bool CanHold) : JournalEntry;

public sealed record OfferRang(Guid Offer, Guid Agent) : JournalEntry;

/// <param name="AnsweredBy">Of one answered elsewhere: who answered, where it was an agent.</param>
public sealed record OfferEnded(Guid Offer, Guid Agent, OfferOutcome Outcome, int? TechCause, int Ring_ms,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? AnsweredBy = null) : JournalEntry;

/// <param name="CanHold">An agent's: the page may hold and resume it on its phone.</param>
public sealed record LegStarted(string Node, string UniqueId, string ChannelName, Guid? Agent, bool IsClient, bool Estimated,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool CanHold = false) : JournalEntry;

/// <param name="Cause">Q.850.</param>
public sealed record LegEnded(string Node, string UniqueId, Guid? Agent, int Cause, int? TechCause, int Talk_ms, int Hold_ms, bool Estimated) : JournalEntry;

/// <summary>The agent's leg and the client's are in one bridge: talk begins.</summary>
/// <param name="Estimated">It began earlier, while nobody looked.</param>
public sealed record CallAnswered(Guid? Offer, Guid Agent, string Node, string UniqueId, int Wait_ms, bool Estimated = false) : JournalEntry;

public sealed record CallHeld(Guid? Agent) : JournalEntry;

public sealed record CallResumed(Guid? Agent) : JournalEntry;

/// <summary>Files are <c>NODE-UNIQUEID-in.wav</c> and <c>-out.wav</c>.</summary>
public sealed record RecordingStarted(string Node, string UniqueId) : JournalEntry;

/// <summary>What the PBX recorded on this leg is not to be kept: the call was private, or no queue of its agent is recorded. Comes before the call's end.</summary>
public sealed record RecordingUnkept(string Node, string UniqueId) : JournalEntry;

/// <summary>Another call was found to be this one; its notes, pops and recordings follow.</summary>
public sealed record CallMerged(Guid From) : JournalEntry;

public sealed record CallTransferred(TransferKind Transfer, Guid? FromAgent, Guid? ToAgent, string Target) : JournalEntry;

/// <summary>A transfer from the desk went on by one step. That the client was handed over <see cref="CallTransferred"/> tells besides.</summary>
/// <param name="ToAgent">Also the one chosen from a queue that was asked first, and who sits at the number.</param>
/// <param name="Reason">
/// Returning, Failed: busy, no_answer, declined, unreachable, cancelled, left (the target hung up), pbx_refused. Cancelled: null, client_gone.
/// </param>
public sealed record TransferChanged(TransferStep Step, TransferKind Transfer, Guid FromAgent, Guid? ToAgent, Guid? ToQueue, string? Number, string? Reason) : JournalEntry;

/// <param name="Agent">Who spoke last with the client.</param>
/// <param name="Talk_ms">All agents' talk, without hold.</param>
public sealed record CallEnded(CallOutcome Outcome, EndedBy By, int Cause, Guid? Agent, Guid? Client, Guid? Queue, int Wait_ms, int Talk_ms, int Hold_ms, bool Estimated) : JournalEntry;

/// <param name="Reason">
/// Paused: the reason asked for (also our own "practice"), "no_answer", "by_supervisor", "wrap_up_over", or "signed_in" (not ready yet). Ready: null, or why no calls come ("unreachable", "busy",
/// "do_not_disturb"). Busy states: the pause that will follow. SignedOut: null, "taken_over", "removed", "by_supervisor", "after_call". Away: "page_gone".
/// </param>
/// <param name="Until">Wrap-up ends by itself then.</param>
/// <param name="Leaves">They are signed out when the call and its wrap-up are over.</param>
public sealed record AgentChanged(Guid Agent, AgentState State, string? Reason, string? Node, string? Extension, DateTimeOffset? Until, AgentState Before, int Before_ms,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Leaves = false) : JournalEntry;

public sealed record WrapUpExtended(Guid Agent, DateTimeOffset Until) : JournalEntry;

/// <summary>An agent wants the extension that another holds, who is asked.</summary>
/// <param name="Agent">Who wants it.</param>
/// <param name="Until">The holder may say no until then.</param>
public sealed record SeatAsked(Guid Ask, string Node, string Extension, Guid Agent, Guid Holder, DateTimeOffset Until) : JournalEntry;

/// <summary>A question ended, or (NobodyThere) none was needed. Where the extension changed hands, both agents' changes follow.</summary>
public sealed record SeatAnswered(Guid Ask, string Node, string Extension, Guid Agent, Guid Holder, SeatOutcome Outcome) : JournalEntry;

/// <param name="Connected">Logged in, and its snapshot taken in; or out of sight.</param>
public sealed record PbxChanged(string Node, bool Connected, string? Reason, string? Version) : JournalEntry;

/// <summary>
/// A leg did one thing from then until then; written when it is over. The spans of one leg never overlap; the talk and
/// conference spans of an agent's leg sum to its talk, the hold spans to its hold. Belongs to the call of the leg; a Listen span
/// to the call that is listened to.
/// </summary>
/// <param name="Bridge">Talk, Hold, Conference: spans of one bridge that overlap in time were with each other.</param>
/// <param name="FromAt">By the host's clock, from the PBX's timestamps where it sends them.</param>
/// <param name="Other">Unique id of another leg. Hold: who holds this one (null: it holds the others itself). Listen: who is heard.</param>
public sealed record LegSpan(string Node, string UniqueId, Guid? Agent, SpanKind What, string? Bridge, DateTimeOffset FromAt, DateTimeOffset ToAt,
    string? Other = null) : JournalEntry;

/// <summary>The PBX dials out in a call that began at one of its own phones or was originated: it is outbound. Corrects what CallStarted said.</summary>
public sealed record CallDialled(CallDirection Direction, PhoneNumber Dialled) : JournalEntry;

/// <summary>What the number of a caller whom we only observe means, once it was looked up. Corrects what CallStarted said.</summary>
public sealed record CallerRead(PhoneNumber Caller) : JournalEntry;

/// <summary>
/// A caller left a message in one of the PBX's own mailboxes. Told at once by AMI, without a key; with it once the PBX's folder was read, which
/// replaces what AMI said of the leg; and again when somebody hears or deletes it there.
/// </summary>
/// <param name="Id">Of the message: the same each time it is told of.</param>
/// <param name="UniqueId">Of the caller's channel.</param>
/// <param name="Mailbox"><c>101@default</c>; empty when it was not told.</param>
/// <param name="Key">By it the PBX's folder has the message: <c>ORIGTIME CHANNEL</c>.</param>
/// <param name="LeftAt">When it began, by the PBX's clock in whole seconds; without a key when it was over.</param>
public sealed record MessageLeft(Guid Id, string Node, string UniqueId, string Mailbox, string? Key, DateTimeOffset LeftAt, int? Duration_ms, MailboxState State) : JournalEntry;

/// <summary>
/// A supervisor begins to hear the talk of this call, or hears it no longer. Their own channel is no call and no leg of this one. The end
/// names the channel above all: a call may meanwhile have become part of another.
/// </summary>
/// <param name="By">The supervisor.</param>
/// <param name="Agent">Whose talk is heard.</param>
/// <param name="UniqueId">Of the listener's channel.</param>
/// <param name="Listens">False: it is over.</param>
public sealed record CallListened(Guid By, Guid? Agent, string Node, string UniqueId, bool Listens) : JournalEntry;

/// <summary>A call that was closed by estimate (nobody looked when it ended) has its true end, by the PBX's own record. Replaces what was said before.</summary>
/// <param name="Legs">All of the call, also those we never saw; times by our clock.</param>
/// <param name="Estimated">The PBX died in the midst of it: it lasted at least so long.</param>
/// <param name="StartedAt">It began earlier than we saw it.</param>
public sealed record CallCorrected(CallOutcome Outcome, EndedBy By, int Cause, Guid? Agent, DateTimeOffset? AnsweredAt, DateTimeOffset EndedAt, int Wait_ms, int Talk_ms,
    bool Estimated, ImmutableArray<ImportedLeg> Legs, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? StartedAt = null) : JournalEntry;

/// <summary>A call that began and ended while nobody looked, from the PBX's own record. Comes once and whole: no other entry tells of it before.</summary>
/// <param name="Routed">It came to our dialplan, which served it without us.</param>
public sealed record CallImported(string Node, string LinkedId, CallDirection Direction, PhoneNumber Caller, PhoneNumber Dialled, string CallerName,
    DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset EndedAt, CallOutcome Outcome, EndedBy By, int Cause, Guid? Agent, Guid? Client, LookupOutcome? Lookup,
    ImmutableArray<Guid> Candidates, int Wait_ms, int Talk_ms, bool Routed, bool Estimated, ImmutableArray<ImportedLeg> Legs, string? Campaign = null) : JournalEntry;

public sealed record ImportedLeg(string UniqueId, string ChannelName, Guid? Agent, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset EndedAt,
    int Cause, int Talk_ms);
