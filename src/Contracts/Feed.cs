using System.Globalization;
using System.Text.Json.Serialization;

namespace CallCrm.Contracts;

/// <summary>
/// Hub /hubs/live. Client calls: <c>Resume(position, pageId)</c> → FeedMessage (what was missed, or a snapshot), <c>PopSeen(offerId, painted)</c>.
/// Server calls: <c>Feed(FeedMessage)</c>. On one connection nothing comes twice, and no Feed comes before Resume has answered, so the page
/// compares nothing: it applies each message and keeps its position (a client library may hand over a Feed before the awaiter of Resume has run: hold it back). Messages of a connection it has given up are dropped.
/// </summary>
/// <param name="Position">Opaque; the page keeps the last one and names it when it returns (null the first time). Several messages may carry the same.</param>
/// <param name="Snapshot">True: forget what you show and take <see cref="Desk"/> (and Board, where the role has it) as the whole truth.</param>
public sealed record FeedMessage([property: NotANumber] string Position, IReadOnlyList<LiveEvent> Events, bool Snapshot = false, DeskView? Desk = null, BoardView? Board = null);

[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(PopEvent), "pop")]
[JsonDerivedType(typeof(OfferEvent), "offer")]
[JsonDerivedType(typeof(CallEvent), "call")]
[JsonDerivedType(typeof(MyStateEvent), "me")]
[JsonDerivedType(typeof(CallOutEvent), "call_out")]
[JsonDerivedType(typeof(CardEvent), "card")]
[JsonDerivedType(typeof(DraftEvent), "draft")]
[JsonDerivedType(typeof(DoneElsewhereEvent), "done_elsewhere")]
[JsonDerivedType(typeof(SeatEvent), "seat")]
[JsonDerivedType(typeof(AgentEvent), "agent")]
[JsonDerivedType(typeof(BoardEvent), "board")]
[JsonDerivedType(typeof(PbxEventView), "pbx")]
[JsonDerivedType(typeof(HintEvent), "hint")]
public abstract record LiveEvent
{
    public DateTimeOffset At { get; init; }
}

/// <summary>Show the card: an offer to this agent. Comes before the phone rings; the page answers PopSeen once it is painted.</summary>
public sealed record PopEvent(PopView Pop) : LiveEvent;

/// <summary>The offer changed: ringing, or ended with an outcome (OfferOutcome name); an ended unanswered offer closes its pop.</summary>
public sealed record OfferEvent(Guid OfferId, Guid CallId, bool Ringing, string? Outcome, string? AnsweredBy) : LiveEvent;

/// <summary>The running call of this agent changed.</summary>
public sealed record CallEvent(LiveCallView Call) : LiveEvent;

/// <summary>A call that this agent made is over, and nobody took it.</summary>
/// <param name="Caller">Whom they called.</param>
/// <param name="Outcome">Busy, NoAnswer, Cancelled, Failed.</param>
public sealed record CallOutEvent(Guid CallId, CallerView Caller, Guid? ClientId, string? ClientName, string Outcome) : LiveEvent;

/// <summary>This agent's own presence changed, with today's figures.</summary>
public sealed record MyStateEvent(AgentStateView State, TodayView Today) : LiveEvent;

/// <summary>The identity of the running call changed: card made late, client attached or saved.</summary>
/// <param name="Script">Null: the one that was told last, or none.</param>
public sealed record CardEvent(Guid CallId, string Lookup, ClientCardView? Card, IReadOnlyList<CandidateView> Candidates, ScriptChoiceView? Script) : LiveEvent;

/// <summary>A field of the call's draft was written, by this page or another.</summary>
public sealed record DraftEvent(Guid CallId, DraftFieldView Field) : LiveEvent;

/// <summary>Another tab of the same person acted.</summary>
public sealed record DoneElsewhereEvent(Guid CallId, string Action, string PageId) : LiveEvent;

/// <summary>A question for an extension: to who is asked and to who asks.</summary>
/// <param name="Outcome">Null: it is open. SeatOutcome name: Allowed, Refused, Unanswered, Left, InCall, Withdrawn, NobodyThere.</param>
public sealed record SeatEvent(SeatAskView Ask, string? Outcome) : LiveEvent;

/// <summary>Supervisors: one agent's tile.</summary>
public sealed record AgentEvent(AgentTileView Agent) : LiveEvent;

/// <summary>Supervisors: the figures and waiting calls, at most once a second.</summary>
public sealed record BoardEvent(BoardFiguresView Figures, IReadOnlyList<WaitingCallView> Waiting) : LiveEvent;

/// <summary>A PBX came into sight (logged in, and all its calls and phones read) or went out of it: then states of phones and calls there are as they were.</summary>
/// <param name="Since">Of this sight or its loss.</param>
/// <param name="Reason">Why it is away: AmiLostReason name.</param>
public sealed record PbxEventView(string Node, bool Connected, DateTimeOffset Since, string? Reason) : LiveEvent;

/// <summary>Something that pages may show has changed: reload it. Kind: client, deal, task, day (of a person), wrap_up, recording, transcript (of a recording), call (a past one came into the log or was corrected), settings, scripts; pops_late and router_away with key on or off; missed with <see cref="MissedCount"/> as key; cards: values of calculated fields, of the cards whose numbers are in the <see cref="NumberRange"/> of the key.</summary>
/// <param name="Call">Of a recording, transcript, wrap-up or logged call: which call; those of somebody else's calls come only to who sees these.</param>
/// <param name="Clients">Whose call it is: the client, and their company.</param>
public sealed record HintEvent(string Subject, string Key, long? Version, Guid? Call = null, IReadOnlyList<Guid>? Clients = null) : LiveEvent;

/// <summary>Of cards, written <c>after-upto</c>.</summary>
/// <param name="After">Not itself in it.</param>
public sealed record NumberRange(long After, long UpTo)
{
    public static NumberRange? Parse(string text) =>
        text.Split('-') is [var after, var upTo] && long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var from) && long.TryParse(upTo, NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            ? new NumberRange(from, to) : null;

    public bool Contains(long number) => number > After && number <= UpTo;
}

/// <param name="Greeting">What to say first on the dialled number, in the client's language, else the number's, else the agent's; names are filled in.</param>
/// <param name="Wait_s">How long the caller had waited at the offer.</param>
/// <param name="Transfer">It comes from a colleague, or back from one.</param>
/// <param name="Notes">Of a transferred call: what each of those who had it noted; <paramref name="ScriptStep"/> is where the script is.</param>
/// <param name="Rings_s">Full ring time.</param>
public sealed record PopView(Guid OfferId, Guid CallId, long CallNumber, DateTimeOffset OfferedAt, int Rings_s, int Wait_s, CallerView Caller, string Lookup, string? QueueName,
    string? NumberName, string? Greeting, ReasonView Reason, ClientCardView? Card, IReadOnlyList<CandidateView> Candidates, ScriptChoiceView? Script,
    string Device, bool CanAnswer, bool CanHold, bool Ringing, TransferView? Transfer = null, IReadOnlyList<DraftFieldView>? Notes = null, string? ScriptStep = null);

/// <summary>A transfer from the desk.</summary>
/// <param name="Step">TransferStep name: Ringing, Consulting, WithClient, Together, Returning, Done, Failed, Cancelled.</param>
/// <param name="Attended">The target is asked first.</param>
/// <param name="Mine">This agent began it; else it comes to them.</param>
/// <param name="To">The person; of a queue that is asked first, the one chosen.</param>
/// <param name="Reason">Returning, Failed: busy, no_answer, declined, unreachable, cancelled, left, pbx_refused.</param>
public sealed record TransferView(string Step, bool Attended, bool Mine, string? From, string? To, string? ToQueue, [property: ClientNumber] string? Number, string? Reason);

/// <summary>GET /api/directory: where calls may be handed on to, as of now. People who are signed out come last.</summary>
public sealed record DirectoryView(IReadOnlyList<DirectoryPersonView> People, IReadOnlyList<DirectoryQueueView> Queues);

/// <param name="State">AgentState name.</param>
/// <param name="Reason">As in <see cref="AgentStateView"/>.</param>
public sealed record DirectoryPersonView(Guid Id, string Name, string State, string? Reason, string? Extension, DateTimeOffset? Since, string? Queues);

/// <param name="SignedIn">Its agents who are here.</param>
/// <param name="Full">No transfer goes into it now.</param>
public sealed record DirectoryQueueView(Guid Id, string Name, int Waiting, int Ready, int SignedIn, bool Open, bool Full);

/// <param name="Number">For display, formatted; null when withheld.</param>
/// <param name="Kind">E164, Extension, Withheld, Unparsed.</param>
/// <param name="Dial">What to dial, where the number itself is masked for whoever asks.</param>
public sealed record CallerView([property: ClientNumber] string? Number, string Kind, [property: ClientNumber] string Name, string? Country, string? Dial = null);

/// <summary>Why this call is here. The page makes the sentence from it by the rule (RouteRule name) in its own language.</summary>
/// <param name="Preferred">Whom the client should have had, when that was somebody else.</param>
public sealed record ReasonView(string Rule, string? Chosen, string? Preferred, string? PreferredBy, string? PreferredState, DateTimeOffset? LastContactAt,
    IReadOnlyList<ReasonCandidateView> Candidates, int CandidateCount);

public sealed record ReasonCandidateView(string Name, int Level, decimal LoadPercent, int Idle_s);

/// <summary>Which script leads this call, whole, with placeholders filled.</summary>
public sealed record ScriptChoiceView(string Id, string Version, string Name, ScriptView Script);

/// <summary>The agent's own desk, whole.</summary>
/// <param name="SeatAsks">Open questions for extensions, of which the agent is one side.</param>
public sealed record DeskView(AgentStateView State, TodayView Today, PopView? Pop, LiveCallView? Call, IReadOnlyList<PbxEventView> Pbxs, bool RouterAway,
    IReadOnlyList<SeatAskView>? SeatAsks = null);

/// <param name="State">AgentState name: SignedOut, Ready, Reserved, Ringing, Talking, WrapUp, Paused, Away.</param>
/// <param name="Reason">Pause reason code, no_answer, page_gone, taken_over; ready, why no calls come to the phone: unreachable, busy, do_not_disturb.</param>
/// <param name="Until">End of wrap-up.</param>
/// <param name="Leaves">Signed out when the call and its wrap-up are over. In a call, Reason is the pause that follows otherwise.</param>
public sealed record AgentStateView(string State, string? Reason, string? Node, string? Extension, DateTimeOffset Since, DateTimeOffset? Until, Guid? CallId, bool CanExtend, bool Leaves = false);

/// <param name="Pauses">Pauses that are over, by reason; the running one goes on from the state's Since.</param>
/// <param name="DayStart">When this day began: of a pause that began before, only the rest counts.</param>
public sealed record TodayView(int Calls, int Talk_s, int WrapUp_s, int Missed, IReadOnlyList<PauseUseView>? Pauses = null, DateTimeOffset? DayStart = null);

public sealed record PauseUseView(string Code, int Used_s);

/// <summary>The call this agent is in, or is wrapping up.</summary>
/// <param name="State">CallState name; Ended while wrapping up. Of a call out: Routing while the agent's own phone is called, Ringing while the number is.</param>
/// <param name="Caller">The other party: of a call out, who is called.</param>
/// <param name="Node">The PBX it lives on.</param>
/// <param name="Routed">False: it did not come through CallCrm (an own or private call, or the PBX's own queue); no other is offered meanwhile.</param>
/// <param name="ListenedBy">Names of supervisors who hear it now, where the site shows them; null: none.</param>
/// <param name="Campaign">For which it came in or was made; null: for none.</param>
/// <param name="ScriptKept">The script is the one this person was told last, word for word, and does not come again.</param>
public sealed record LiveCallView(Guid CallId, long CallNumber, string Direction, string State, CallerView Caller, string Lookup, string? QueueName, string? NumberName,
    DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? HeldSince, DateTimeOffset? EndedAt, string? Outcome, string? EndedBy, int Wait_s,
    ReasonView? Reason, ClientCardView? Card, IReadOnlyList<CandidateView> Candidates, ScriptChoiceView? Script, bool CanAnswer, bool CanHold, bool Recorded,
    IReadOnlyList<DraftFieldView> Draft, string? Node = null, bool Routed = true, string? Greeting = null, TransferView? Transfer = null,
    IReadOnlyList<string>? ListenedBy = null, NamedCode? Campaign = null, bool ScriptKept = false);

/// <summary>PUT /api/calls/{id}/draft/{field} with DraftWrite; fields: note, disposition, next_step, next_at, subject, contact, deal (an id, or new), deal_type, deal_title, deal_stage, deal_amount, prefill, script.step, answer.{question id}, card.{field}.
/// What another agent of the call noted comes as note.{agent id}, to be read only.</summary>
/// <param name="By">Of such a note: whose it is.</param>
public sealed record DraftFieldView(string Field, string Value, long Version, string PageId, DateTimeOffset UpdatedAt, string? By = null)
{
    /// <summary>Typed by whoever it is sent to: they may see all of it.</summary>
    [JsonIgnore]
    public bool Own { get; init; }
}

/// <param name="Value">Text as typed, at most 20,000 characters.</param>
/// <param name="PageId">The page that typed it; its own echo is ignored.</param>
public sealed record DraftWrite(string Value, string PageId);

/// <summary>The live board (supervisor, manager, admin).</summary>
public sealed record BoardView(BoardFiguresView Figures, IReadOnlyList<WaitingCallView> Waiting, IReadOnlyList<AgentTileView> Agents, IReadOnlyList<PbxEventView> Pbxs);

/// <summary>Today, in the site's zone. Denominator 0 → null, shown "–". Definitions as in the report glossary.</summary>
public sealed record BoardFiguresView(int Waiting, int LongestWait_s, decimal? ServiceLevelPercent, int ServiceLevel_s, int Offered, int Answered, int Abandoned, int ShortAbandoned,
    decimal? AbandonPercent, int? Asa_s, int? Aht_s, int AgentsReady, int AgentsInCall, int AgentsWrapUp, int AgentsPaused, int AgentsSignedIn, IReadOnlyList<int> OfferedPerHalfHour);

public sealed record WaitingCallView(Guid CallId, long CallNumber, CallerView Caller, string? ClientName, string? QueueName, DateTimeOffset Since, int? Place, string State);

/// <param name="Reason">As in <see cref="AgentStateView"/>.</param>
/// <param name="Node">The PBX of the extension: while it is out of sight, state and phone are as they were.</param>
/// <param name="OwnCall">In a call that did not come through CallCrm.</param>
/// <param name="Pauses">As in <see cref="TodayView"/>.</param>
/// <param name="ListenedBy">Who hears this agent's talk; null: nobody.</param>
/// <param name="ListensTo">Whose talk this person hears.</param>
public sealed record AgentTileView(Guid AgentId, string Name, string State, string? Reason, string? Extension, DateTimeOffset Since, Guid? CallId, string? ClientName, string? QueueNames, int CallsToday,
    string? Node = null, bool OwnCall = false, IReadOnlyList<PauseUseView>? Pauses = null, DateTimeOffset? DayStart = null, IReadOnlyList<ListenerView>? ListenedBy = null, string? ListensTo = null);

public sealed record ListenerView(Guid Id, string Name);
