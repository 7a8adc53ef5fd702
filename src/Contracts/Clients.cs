namespace CallCrm.Contracts;

/// <summary>The head of a client's card.</summary>
/// <param name="Confirmed">False: made from a call and not yet saved by a person.</param>
/// <param name="Hidden">Put away as junk: in no list, until somebody shows or saves it.</param>
public sealed record ClientCardView(Guid Id, long Number, string Kind, string Name, string Company, string Email, string City, string Note, string? Language,
    string? Segment, string? SegmentName, string SegmentReason, string Source, Guid? ResponsibleId, string? ResponsibleName, bool Confirmed, int Version,
    IReadOnlyList<PhoneView> Phones, IReadOnlyList<DealView> OpenDeals, LastCallView? LastCall, DateTimeOffset CreatedAt,
    bool Hidden = false);

public sealed record PhoneView(string E164, string Display, string Label, bool IsMain);

public sealed record LastCallView(Guid CallId, DateTimeOffset At, string? AgentName, int Talk_s, string? Disposition, string? Note);

public sealed record DealView(Guid Id, long Number, string DealType, string DealTypeName, string Stage, string StageName, string Title, decimal? Amount, string Currency,
    string? ResponsibleName, DateTimeOffset StageSince, int Version);

/// <summary>One of several clients who share a number.</summary>
public sealed record CandidateView(Guid Id, long Number, string Name, string Company, string? City, DateTimeOffset? LastCallAt);

/// <summary>PUT /api/clients/{id}: the whole editable head. Version is the one read; 409 edit_conflict carries the newer card.</summary>
/// <param name="Name">1 to 200 characters.</param>
public sealed record ClientSave(string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment, Guid? ResponsibleId,
    IReadOnlyList<PhoneSave> Phones, int Version, Guid? CallId = null);

/// <param name="Number">As typed; becomes E.164 in the site's region.</param>
public sealed record PhoneSave(string Number, string Label, bool IsMain);

/// <summary>POST /api/clients: a new card made by a person (id = UUID v7 of the page), attached to the call when CallId is given.</summary>
public sealed record ClientCreate(Guid Id, ClientSave Client);

/// <param name="Next">Cursor of the next page; null at the end.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>GET /api/clients?query=&amp;cursor=&amp;limit= (limit 1–100, default 50).</summary>
public sealed record ClientRow(Guid Id, long Number, string Name, string Company, string? SegmentName, string? ResponsibleName, string? Phone, DateTimeOffset? LastCallAt, bool Confirmed,
    bool Hidden = false);

/// <summary>GET /api/clients/{id}/timeline?cursor=&amp;limit=: newest first.</summary>
/// <param name="Kind">call, note, deal, task, file (Title is its name, Text its size in bytes).</param>
public sealed record TimelineItem(string Kind, string Id, DateTimeOffset At, string? AgentName, CallRow? Call, string? Title, string? Text);
