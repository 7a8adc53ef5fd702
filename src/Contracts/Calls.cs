namespace CallCrm.Contracts;

/// <summary>GET /api/calls?query=&amp;direction=&amp;outcome=&amp;agent=&amp;queue=&amp;from=&amp;to=&amp;cursor=&amp;limit=: newest first. Agents see their own, others all.</summary>
/// <param name="Outcome">CallOutcome name; null while the call lives.</param>
/// <param name="RecordingStatus">pending, ready, missing, broken; null = not recorded.</param>
public sealed record CallRow(Guid Id, long Number, string Direction, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, CallerView Caller, string? DialledName, string? QueueName,
    Guid? ClientId, string? ClientName, string? AgentName, string? Outcome, string State, int Wait_s, int Talk_s, int Hold_s, string? Disposition, string? Note,
    string? RecordingStatus, Guid? RecordingId, bool Estimated);

/// <summary>GET /api/calls/{id}.</summary>
/// <param name="WrapUps">What each agent said of it, in the order they did.</param>
public sealed record CallDetailView(CallRow Call, ReasonView? Reason, IReadOnlyList<OfferView> Offers, IReadOnlyList<LegView> Legs, RecordingView? Recording,
    IReadOnlyList<WrapUpView>? WrapUps = null);

/// <param name="Disposition">Its code; also one that is put away by now.</param>
/// <param name="ChangeUntil">Whoever asks may change the disposition until then; null: they may not.</param>
/// <param name="Changes">Of the disposition, oldest first.</param>
public sealed record WrapUpView(Guid AgentId, string AgentName, string Disposition, string DispositionName, string Outcome, string Note, string NextStep, DateTimeOffset At,
    DateTimeOffset? ChangeUntil, IReadOnlyList<DispositionChangeView> Changes);

public sealed record DispositionChangeView(DateTimeOffset At, string Who, string Before, string After);

/// <summary>PUT /api/calls/{id}/wrap-ups/{agent}/disposition. 409 with errorId wrap_up_closed when it is given for longer than 24 hours.</summary>
public sealed record DispositionChange(string Disposition);

/// <summary>GET /api/wrap-ups/unfinished: one's own calls that wait for a disposition, newest first.</summary>
/// <param name="Count">Of all; Items are at most 50.</param>
public sealed record UnfinishedView(int Count, IReadOnlyList<UnfinishedRow> Items);

/// <param name="Typed">The beginning of what was typed about it; empty: nothing.</param>
public sealed record UnfinishedRow(Guid CallId, long Number, DateTimeOffset StartedAt, string Direction, CallerView Caller, string? ClientName, string? QueueName, string Typed);

public sealed record OfferView(Guid Id, string AgentName, DateTimeOffset OfferedAt, DateTimeOffset? RangAt, DateTimeOffset? EndedAt, string? Outcome, string Rule);

public sealed record LegView(string Channel, string? AgentName, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? EndedAt, int? Cause, int? Talk_s, int? Hold_s, bool Recorded);

/// <summary>GET /api/recordings/{id}; the sound itself: GET /api/recordings/{id}/audio (Ogg Opus, byte ranges; client left, agent right).</summary>
/// <param name="Client">Peaks of the client's side, 0–255, ten a second.</param>
/// <param name="Agent">Peaks of what the client heard.</param>
/// <param name="Parts">Whose each part is, in order; null when the call is not known.</param>
public sealed record RecordingView(Guid Id, string Status, string? Error, int Duration_ms, long Size_bytes, IReadOnlyList<int> Client, IReadOnlyList<int> Agent,
    IReadOnlyList<RecordingPartView>? Parts = null);

/// <summary>PUT /api/calls/{id}/wrap-up: idempotent per call and agent. 409 with errorId wrap_up_closed when one was saved more than 24 hours ago.</summary>
/// <param name="Finish">Also end the wrap-up time and become ready.</param>
public sealed record WrapUpSave(string Disposition, string Note, string NextStep, bool Finish, string PageId, Guid CommandId);
