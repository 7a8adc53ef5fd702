namespace CallCrm.Contracts;

/// <summary>GET /api/blocks?query=&amp;cursor=&amp;limit=: the numbers that are not let through, the latest first. The query is a fragment of a number or a note.</summary>
/// <param name="Number">E.164.</param>
/// <param name="QueueName">Null: all queues.</param>
/// <param name="Reason">spam, robot, abuse, other.</param>
/// <param name="Until">Null: for good.</param>
/// <param name="Calls">Turned away since.</param>
public sealed record BlockRow(Guid Id, [property: NumberHandle] string Number, [property: ClientNumber] string Display, Guid? QueueId, string? QueueName, string Reason, string Note, string Who, DateTimeOffset At, DateTimeOffset? Until,
    Guid? ClientId, string? ClientName, int Calls, DateTimeOffset? LastCallAt);

/// <summary>POST /api/blocks. 409 confirm_needed names in <c>confirm</c> why it should be looked at twice; 409 already_blocked, list_full.</summary>
/// <param name="Id">UUID v7 of the page: repeated, it blocks nothing again.</param>
/// <param name="Number">As typed.</param>
/// <param name="Queue">Null: all queues.</param>
/// <param name="Reason">spam, robot, abuse, other.</param>
/// <param name="Note">At most 200 characters.</param>
/// <param name="Confirmed">Also when it is a client's or our own number.</param>
/// <param name="HideClient">A card made from a call, to be put away with it.</param>
public sealed record BlockCreate(Guid Id, string Number, Guid? Queue, string Reason, string Note = "", DateTimeOffset? Until = null, bool Confirmed = false, Guid? HideClient = null);

/// <summary>POST /api/blocks/import: one number a line; behind a comma, semicolon or tab its note.</summary>
/// <param name="Text">At most 5,000 lines; empty ones and those that begin with # are skipped.</param>
public sealed record BlockImport(string Text, Guid? Queue, string Reason, DateTimeOffset? Until = null);

/// <param name="Known">Were blocked already, or stand twice.</param>
/// <param name="Errors">Of the lines that were left out, at most 200; <see cref="Failed"/> counts them all.</param>
public sealed record BlockImported(int Added, int Known, int Failed, IReadOnlyList<BlockImportError> Errors);

/// <param name="Line">From 1.</param>
/// <param name="Error">not_a_number, client, responsible, deals, own_number (to be added by hand, with a confirmation), list_full.</param>
public sealed record BlockImportError(int Line, string Text, string Error);

/// <summary>
/// POST /api/calls/{id}/spam: the caller of one's own call is junk. Their number is blocked, a card that nobody confirmed is put away, the call ends if wished.
/// 409 no_number, confirm_needed (with <c>confirm</c>), list_full.
/// </summary>
/// <param name="Id">Of the block, a UUID v7 of the page.</param>
/// <param name="AllQueues">Else the call's queue.</param>
/// <param name="EndCall">It ends, and rings at nobody else.</param>
/// <param name="CommandId">Of the command that ends it.</param>
public sealed record SpamMark(Guid Id, bool AllQueues, bool EndCall, Guid CommandId, bool Confirmed = false);

/// <param name="CardHidden">Was put away by this.</param>
/// <param name="EndRefused">Why the call did not end: a command's reason, or router_away.</param>
public sealed record SpamMarked(Guid BlockId, [property: ClientNumber] string Display, string? QueueName, bool CardHidden, bool Ended, string? EndRefused);

/// <summary>GET /api/clients/unconfirmed?cursor=&amp;limit=: cards made from calls that nobody has confirmed, the latest first.</summary>
/// <param name="Number">Of its calls.</param>
/// <param name="LastAgent">Who spoke with them last.</param>
/// <param name="Version">To confirm it.</param>
public sealed record UnconfirmedRow(Guid Id, long Number, string Name, string Company, [property: NumberHandle] string? Phone, [property: ClientNumber] string? PhoneDisplay, string Source, DateTimeOffset CreatedAt, int Calls, int Answered,
    DateTimeOffset? LastCallAt, string? LastAgent, int Version, string Extension = "");

/// <summary>GET /api/clients/unconfirmed/count.</summary>
public sealed record UnconfirmedCount(int Waiting);

/// <summary>POST /api/clients/{id}/confirm. 409 edit_conflict when somebody saved it since; 400 while it has no name.</summary>
public sealed record CardConfirm(int Version);
