namespace CallCrm.Contracts;

/// <summary>GET /api/calls?query=&amp;direction=&amp;outcome=&amp;agent=&amp;queue=&amp;from=&amp;to=&amp;cursor=&amp;limit=: newest first. Agents see their own, others all.</summary>
/// <param name="Outcome">CallOutcome name; null while the call lives.</param>
/// <param name="RecordingStatus">pending, ready, missing, broken; null = not recorded.</param>
public sealed record CallRow(Guid Id, long Number, string Direction, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, CallerView Caller, string? DialledName, string? QueueName,
    Guid? ClientId, string? ClientName, string? AgentName, string? Outcome, string State, int Wait_s, int Talk_s, int Hold_s, string? Disposition, string? Note,
    string? RecordingStatus, Guid? RecordingId, bool Estimated);

/// <summary>GET /api/calls/{id}.</summary>
public sealed record CallDetailView(CallRow Call, ReasonView? Reason, IReadOnlyList<OfferView> Offers, IReadOnlyList<LegView> Legs, RecordingView? Recording);

public sealed record OfferView(Guid Id, string AgentName, DateTimeOffset OfferedAt, DateTimeOffset? RangAt, DateTimeOffset? EndedAt, string? Outcome, string Rule);

public sealed record LegView(string Channel, string? AgentName, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? EndedAt, int? Cause, int? Talk_s, int? Hold_s, bool Recorded);

/// <summary>GET /api/recordings/{id}; the sound itself: GET /api/recordings/{id}/audio (Ogg Opus, byte ranges; client left, agent right).</summary>
/// <param name="Client">Peaks of the client's side, 0–255, ten a second.</param>
/// <param name="Agent">Peaks of what the client heard.</param>
/// <param name="Parts">Whose each part is, in order; null when the call is not known.</param>
public sealed record RecordingView(Guid Id, string Status, string? Error, int Duration_ms, long Size_bytes, IReadOnlyList<int> Client, IReadOnlyList<int> Agent,
    IReadOnlyList<RecordingPartView>? Parts = null);

/// <summary>PUT /api/calls/{id}/wrap-up: idempotent per call and agent.</summary>
/// <param name="Finish">Also end the wrap-up time and become ready.</param>
public sealed record WrapUpSave(string Disposition, string Note, string NextStep, bool Finish, string PageId, Guid CommandId);
