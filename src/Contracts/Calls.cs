namespace CallCrm.Contracts;

/// <summary>GET /api/calls?query=&amp;direction=&amp;outcome=&amp;agent=&amp;queue=&amp;campaign=&amp;from=&amp;to=&amp;said=&amp;cursor=&amp;limit=: newest first. Agents see their own, others all.</summary>
/// <param name="Outcome">CallOutcome name; null while the call lives.</param>
/// <param name="RecordingStatus">pending, ready, missing, broken; null = not recorded.</param>
/// <param name="Said">For who may hear the recording: its first words on a client's timeline, the line that has the words where calls are looked for by what was said.</param>
/// <param name="Campaign">For which it came in, as it was then, or was made; null: for none.</param>
public sealed record CallRow(Guid Id, long Number, string Direction, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, CallerView Caller, string? DialledName, string? QueueName,
    Guid? ClientId, string? ClientName, string? AgentName, string? Outcome, string State, int Wait_s, int Talk_s, int Hold_s, string? Disposition, string? Note,
    string? RecordingStatus, Guid? RecordingId, bool Estimated, string? Said = null, NamedCode? Campaign = null);

/// <summary>GET /api/calls/{id}.</summary>
/// <param name="WrapUps">What each agent said of it, in the order they did.</param>
/// <param name="Notice">After a change of a disposition: as in CommandAnswer.</param>
public sealed record CallDetailView(CallRow Call, ReasonView? Reason, IReadOnlyList<OfferView> Offers, IReadOnlyList<LegView> Legs, RecordingView? Recording,
    IReadOnlyList<WrapUpView>? WrapUps = null, string? Notice = null);

/// <param name="Disposition">Its code; also one that is put away by now.</param>
/// <param name="ChangeUntil">Whoever asks may change the disposition until then; null: they may not.</param>
/// <param name="Changes">Of the disposition, oldest first.</param>
/// <param name="Script">What led the conversation; null: nothing did.</param>
/// <param name="Answers">To the script's questions, in its order; without those that fill a field one does not see.</param>
public sealed record WrapUpView(Guid AgentId, string AgentName, string Disposition, string DispositionName, string Outcome, string Note, string NextStep, DateTimeOffset At,
    DateTimeOffset? ChangeUntil, IReadOnlyList<DispositionChangeView> Changes, string Subject = "", DateTimeOffset? NextAt = null,
    NamedCode? Script = null, IReadOnlyList<ScriptAnswerView>? Answers = null);

/// <summary>An answer that was kept with the call.</summary>
/// <param name="Id">Of the question.</param>
/// <param name="Ask">The question in words; its id where the script is not remembered.</param>
/// <param name="Text">As people read it.</param>
/// <param name="Field">The field that it fills.</param>
/// <param name="NotTaken">It is not on the client's card: what was expected there.</param>
public sealed record ScriptAnswerView(string Id, string Ask, string Text, string? Field = null, string? NotTaken = null);

public sealed record DispositionChangeView(DateTimeOffset At, string Who, string Before, string After);

/// <summary>PUT /api/calls/{id}/wrap-ups/{agent}/disposition. 409 with errorId wrap_up_closed when it is given for longer than 24 hours.</summary>
/// <param name="NextAt">When the next step is due; a disposition that asks for it wants a time to come. Null: as it was.</param>
/// <param name="NextStep">Null: as it was.</param>
public sealed record DispositionChange(string Disposition, DateTimeOffset? NextAt = null, string? NextStep = null);

/// <summary>GET /api/wrap-ups/unfinished: one's own calls that wait for a disposition, newest first.</summary>
/// <param name="Count">Of all; Items are at most 50.</param>
public sealed record UnfinishedView(int Count, IReadOnlyList<UnfinishedRow> Items);

/// <param name="Typed">The beginning of what was typed about it; empty: nothing.</param>
public sealed record UnfinishedRow(Guid CallId, long Number, DateTimeOffset StartedAt, string Direction, CallerView Caller, string? ClientName, string? QueueName, string Typed, NamedCode? Campaign = null);

public sealed record OfferView(Guid Id, string AgentName, DateTimeOffset OfferedAt, DateTimeOffset? RangAt, DateTimeOffset? EndedAt, string? Outcome, string Rule);

public sealed record LegView(string Channel, string? AgentName, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? EndedAt, int? Cause, int? Talk_s, int? Hold_s, bool Recorded);

/// <summary>GET /api/recordings/{id}; the sound itself: GET /api/recordings/{id}/audio (Ogg Opus, byte ranges; client left, agent right).</summary>
/// <param name="Client">Peaks of the client's side, 0–255, ten a second.</param>
/// <param name="Agent">Peaks of what the client heard.</param>
/// <param name="Parts">Whose each part is, in order; null when the call is not known.</param>
/// <param name="Missing_ms">Time of the call of which there is no sound, beyond the ringing before anybody was there: neither side sent any, so nothing was
/// written. Below 0: the file is longer than its channel lived. 0: no more than 100 ms, or not known.</param>
public sealed record RecordingView(Guid Id, string Status, string? Error, int Duration_ms, long Size_bytes, IReadOnlyList<int> Client, IReadOnlyList<int> Agent,
    IReadOnlyList<RecordingPartView>? Parts = null, int Missing_ms = 0);

/// <summary>PUT /api/calls/{id}/wrap-up: idempotent per call and agent. 409 with errorId wrap_up_closed when one was saved more than 24 hours ago, not_reached for a call that only rang at this person.</summary>
/// <param name="Finish">Also end the wrap-up time and become ready.</param>
/// <param name="Subject">What it was about, at most 200 characters.</param>
/// <param name="Contact">With whom of a company's people it was.</param>
/// <param name="Deal">Which deal of the client it was about: the script's answers fill it. Null: they fill the client's only open one, and the rules take the only open one of their type.</param>
/// <param name="NewDeal">A deal to be made; instead of Deal.</param>
/// <param name="Stage">Where the deal is now, given or made; goes before the disposition's rule.</param>
/// <param name="NextAt">When the next step is due. With a next step, or a disposition that asks for it, a task or callback is made.</param>
/// <param name="Prefilled">The fields that were filled from the proposal (<see cref="WrapUpProposal"/>), by their draft names.</param>
/// <param name="DealAmount">What the deal is worth, given or made; 0 to 999999999, at most two decimals, in the deal's currency. Null: as it is, or as the script's answers say.</param>
public sealed record WrapUpSave(string Disposition, string Note, string NextStep, bool Finish, string PageId, Guid CommandId, string Subject = "", Guid? Contact = null, Guid? Deal = null,
    DealNew? NewDeal = null, string? Stage = null, DateTimeOffset? NextAt = null, IReadOnlyList<string>? Prefilled = null, decimal? DealAmount = null);

/// <param name="Id">A UUID v7 made by the page; repeated, no second one is made.</param>
/// <param name="Title">1 to 200 characters; empty: what the script's answers say (<c>deal.title</c>), else the wrap-up's subject.</param>
/// <param name="Amount">Null: what the script's answers say (<c>deal.amount</c>), if anything.</param>
public sealed record DealNew(Guid Id, string DealType, string Title, decimal? Amount = null);

/// <summary>POST /api/calls/{id}/wrap-up/proposal: the record of the contact as far as it can be told from what is stored. Nothing is saved by it.</summary>
/// <param name="Fields">By the draft's names: subject, contact, deal, disposition, next_step, next_at, note; only those that something can be said of.</param>
/// <param name="Because">Why this disposition: script (it names one), history (most of the like calls), talk (how far the script and the talk came); null: none is proposed.</param>
public sealed record WrapUpProposal(IReadOnlyDictionary<string, string> Fields, string? Because);

/// <summary>GET /api/day: what waits for who asks, and what they did today.</summary>
/// <param name="Tasks">Own ones that are open and due today or before, the earliest first, then those done today; at most 200.</param>
/// <param name="Calls">Own ones of today, newest first, at most 20.</param>
/// <param name="Later">Open ones that are due after today.</param>
public sealed record DayView(IReadOnlyList<DayTask> Tasks, IReadOnlyList<CallRow> Calls, int Later);

/// <param name="Kind">task or callback.</param>
/// <param name="ClientId">Null also where the client's card is out of reach.</param>
/// <param name="Phone">The client's main number, E.164; null where nobody may call it.</param>
/// <param name="Extension">Of that number.</param>
/// <param name="CallId">The call that it follows from.</param>
public sealed record DayTask(Guid Id, string Kind, string Title, DateTimeOffset DueAt, DateTimeOffset? DoneAt, Guid? ClientId, string? ClientName, [property: NumberHandle] string? Phone, bool DoNotCall, int Version = 0, string? Extension = null, Guid? CallId = null);

/// <summary>PUT /api/tasks/{id}/done.</summary>
public sealed record TaskDone(bool Done);

/// <summary>GET /api/reports/prefill?period=…: how much of what was proposed at wrap-ups was saved as it was.</summary>
public sealed record PrefillReportView(DateOnly From, DateOnly To, string Zone, IReadOnlyList<PrefillRow> Agents, IReadOnlyList<PrefillRow> Queues, IReadOnlyList<PrefillFieldRow> Fields);

/// <param name="Id">Null: calls of no queue.</param>
/// <param name="WrapUps">All of them.</param>
/// <param name="With">Those of them that something was filled into.</param>
/// <param name="Filled">Fields that were filled from the proposal.</param>
/// <param name="Kept">Those of them saved as proposed.</param>
public sealed record PrefillRow(Guid? Id, string? Name, long WrapUps, long With, long Filled, long Kept);

/// <param name="Field">By its draft name.</param>
public sealed record PrefillFieldRow(string Field, long Filled, long Kept);
