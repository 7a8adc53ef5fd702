using System.Text.Json;

namespace CallCrm.Contracts;

/// <summary>Everything an administrator sets up, in one answer: small, and whatever is chosen from the rest is at hand.</summary>
/// <param name="Nodes">Names of the PBXs in the configuration.</param>
/// <param name="Rights">Every right a role may have.</param>
/// <param name="SensitiveFields">Of the card, by code; only roles with client.sensitive see them.</param>
[NotANumber]
public sealed record AdminView(IReadOnlyList<UserSetup> Users, IReadOnlyList<QueueSetup> Queues, IReadOnlyList<ExtensionSetup> Extensions, IReadOnlyList<NumberSetup> Numbers,
    IReadOnlyList<CodeSetup> PauseReasons, IReadOnlyList<CodeSetup> Dispositions, IReadOnlyList<string> Nodes,
    IReadOnlyList<RoleSetup>? Roles = null, IReadOnlyList<DepartmentSetup>? Departments = null, IReadOnlyList<RightView>? Rights = null,
    IReadOnlyList<ClientFieldSetup>? ClientFields = null, IReadOnlyList<string>? SensitiveFields = null,
    IReadOnlyList<CardLayout>? CardLayouts = null, IReadOnlyList<RequiredRuleSetup>? RequiredRules = null,
    CallSetup? Calls = null, SegmentList? Segments = null, DealTypeList? DealTypes = null, SkillList? Skills = null,
    CampaignList? Campaigns = null);

/// <param name="Scoped">It has a scope: own, department (one's own and all below it) or all. Else it stands with all.</param>
public sealed record RightView(string Code, bool Scoped);

/// <summary>What holds for all calls and not for one queue's.</summary>
/// <param name="RecordInternal">Calls between colleagues are recorded, too.</param>
/// <param name="Version">0: nobody has set it yet; else as read.</param>
/// <param name="RecordOut">Calls out of agents who serve no queue are recorded; those of the others as their queues say.</param>
/// <param name="WrapUpOut_s">Wrap-up after calls out of agents who serve no queue, 0 to 3,600 s.</param>
/// <param name="UnknownPrivate">Numbers that no client has, dialled on the phone itself, are private: no wrap-up, no recording is kept.</param>
public sealed record CallSetup(bool RecordInternal, int Version, bool RecordOut = true, int WrapUpOut_s = 30, bool UnknownPrivate = false);

/// <param name="Code">1 to 40 small letters, digits and _; never changes.</param>
/// <param name="Name">Empty for a builtin role that nobody renamed: the page says it in the reader's language.</param>
/// <param name="Rights">Scope by right; what is not there the role has not.</param>
/// <param name="Version">0 for a new one; else as read.</param>
/// <param name="CopyOf">Of a new one: the role it was copied from. Rights of a later release are given to it as to that one's builtin model.</param>
public sealed record RoleSetup(string Code, string Name, bool Builtin, IReadOnlyDictionary<string, string> Rights, int Version, string? CopyOf = null) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Parent">Null: at the top.</param>
public sealed record DepartmentSetup(Guid Id, string Name, Guid? Parent, int Version) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Role">The code of a role.</param>
/// <param name="IsAgent">Takes calls, whatever the role.</param>
/// <param name="NeedsPage">Gets calls only while a page is open. False for who works by phone alone.</param>
/// <param name="Version">0 for a new one; else as read: somebody else's change in between is a conflict.</param>
/// <param name="HasPassword">Read only, like the three after it.</param>
public sealed record UserSetup(Guid Id, string Login, string Name, string Role, string Language, string TimeZone, bool IsAgent, bool NeedsPage, bool Active, int Version,
    bool HasPassword = false, DateTimeOffset? LockedUntil = null, DateTimeOffset? SeenAt = null, bool SecondFactor = false, Guid? Department = null) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Ring_s">1 to 120 s.</param>
/// <param name="WrapUp_s">0 to 3,600 s.</param>
/// <param name="PreferredPatience_s">How long a caller waits for the preferred manager, 0 to 600 s.</param>
/// <param name="MaxWait_s">5 to 7,200 s.</param>
/// <param name="ServiceLevel_s">1 to 600 s.</param>
/// <param name="AfterWrapUp">When the wrap-up's time runs out: ready or paused.</param>
/// <param name="WhenBlocked">What blocked callers get: busy, reject, play or goto. Null: busy.</param>
/// <param name="BlockWithheld">Who withholds the number is blocked, too.</param>
/// <param name="MostWaiting">So many in line make it full: transfers into it are refused. 1 to 10,000; null: never.</param>
/// <param name="Skills">Who has them all serves it, beside its members. Null: none.</param>
/// <param name="Hours">By weekday (mon … sun), spans such as 09:00-18:00; a day not named is closed. Null: always open.</param>
public sealed record QueueSetup(Guid Id, string Name, int Ring_s, int WrapUp_s, int PreferredPatience_s, int MaxWait_s, int ServiceLevel_s,
    OverflowSetup AfterMaxWait, OverflowSetup WhenClosed, OverflowSetup WhenNobody, string TimeZone, IReadOnlyDictionary<string, IReadOnlyList<string>>? Hours,
    IReadOnlyList<HolidaySetup> Holidays, int LastContactDays, int LastContactTalk_s, bool Record, IReadOnlyList<MemberSetup> Members, int Version, string AfterWrapUp = "ready",
    OverflowSetup? WhenBlocked = null, bool BlockWithheld = false, int? MostWaiting = null, IReadOnlyList<QueueSkill>? Skills = null) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Kind">queue, goto, play or reject; for blocked callers busy instead of queue.</param>
/// <param name="Target">Another queue's id; <c>context,exten,label</c>; a sound's name; empty.</param>
public sealed record OverflowSetup(string Kind, string Target);

public sealed record HolidaySetup(DateOnly Day, string Name);

/// <param name="Level">1 to 9: 1 is offered first. It goes before the level that skills would give.</param>
public sealed record MemberSetup(Guid User, int Level);

/// <param name="Name">What people call the place, at most 60 characters; may be empty.</param>
public sealed record ExtensionSetup(string Node, string Number, IReadOnlyList<DeviceSetup> Devices, int Version, string Name = "") : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Name">As the PBX dials it: PJSIP/101.</param>
/// <param name="CanAnswer">From the page: by SIP NOTIFY, or as AutoAnswer says.</param>
/// <param name="CanHold">From the page, by SIP NOTIFY.</param>
/// <param name="AutoAnswer">It is answered by ringing it anew, with headers on which it answers by itself.</param>
public sealed record DeviceSetup(string Name, bool CanAnswer, bool CanHold, bool AutoAnswer = false);

/// <param name="Number">As the dialplan sends it.</param>
/// <param name="Name">What agents see of it.</param>
/// <param name="Source">Where its callers come from; new cards get it.</param>
/// <param name="Greeting">What the agent says first, in the number's language; with placeholders as scripts have them, such as <c>{{agent.name}}</c>.</param>
/// <param name="Greetings">The same in other languages (en, it, ru).</param>
/// <param name="Campaign">The code of the campaign it is advertised for: calls to it are that campaign's while it runs. Null: none.</param>
public sealed record NumberSetup(string Number, string Name, Guid Queue, string Source, string Language, string Greeting, int Version,
    IReadOnlyDictionary<string, string>? Greetings = null, string? Campaign = null) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Outcome">Of a disposition that is no branch: positive, neutral or negative.</param>
/// <param name="Allowance_min">Of a pause reason: minutes a day, 1 to 1,440; null: no limit.</param>
/// <param name="Parent">Of a disposition: the branch it stands below, at most three deep; null: at the top.</param>
/// <param name="Group">Of a disposition: a branch, which nobody can give.</param>
/// <param name="Queues">Of a disposition: only for calls of these; null: every queue. What is below a branch is in its queues at most.</param>
/// <param name="Rule">Of a disposition that is no branch: what follows from it.</param>
/// <param name="Campaigns">Of a disposition: only for calls of these; null: every call. What is below a branch is in its campaigns at most.</param>
public sealed record CodeSetup(string Code, string Name, string? Outcome = null, int? Allowance_min = null, string? Parent = null, bool Group = false,
    IReadOnlyList<Guid>? Queues = null, DispositionRule? Rule = null, IReadOnlyList<string>? Campaigns = null);

/// <summary>A field of the site's own on every client's card.</summary>
/// <param name="Code">1 to 40 small letters, digits and _, a letter first; it never changes.</param>
/// <param name="Kind">text, number, money, date, choice, choices, yes_no, link or calculated. Another one is taken only when every stored value fits it.</param>
/// <param name="Options">Of choice and choices, in order.</param>
/// <param name="Position">Order on the card, 1 to 999.</param>
/// <param name="Archived">On no card; what was entered is kept.</param>
/// <param name="Target">Of link: client, deal or person.</param>
/// <param name="Expression">Of calculated: a formula of at most 1,000 characters.</param>
/// <param name="Result">Of calculated: text, number, date or yes_no, as it follows from the formula; what is sent counts for nothing.</param>
public sealed record ClientFieldSetup(string Code, string Name, string Kind, IReadOnlyList<NamedCode> Options, int Position, bool Archived, int Version,
    string? Target = null, string? Expression = null, string? Result = null) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <summary>POST /api/admin/client-fields/{code}/try: what a formula gives for a client; nothing is saved.</summary>
public sealed record FormulaTry(ClientFieldSetup Field, Guid Client);

/// <param name="Result">text, number, date, yes_no.</param>
/// <param name="Value">In the form of that kind; null: empty.</param>
public sealed record FormulaTryView(string Result, JsonElement? Value);

/// <summary>GET /api/admin/client-fields/calculation: how far the cards are that a changed formula, or a new day, calculates anew.</summary>
public sealed record CalculationView(bool Running, int Percent, DateTimeOffset? EndedAt);

/// <summary>Fields of the card that must be filled before something is done. What is null the rule holds for all of.</summary>
/// <param name="Occasion">save (a card is saved), stage (a deal leaves its stage), wrap_up (a call is wrapped up).</param>
/// <param name="DealType">Of stage: the deal's; else the client has an open deal of it.</param>
/// <param name="DealStage">Of stage: the one that is left; else the open deal stands there. Only with DealType.</param>
/// <param name="Role">The code of the role of who does it.</param>
/// <param name="Fields">name, company, companyId, roles, phones, email, city, address, language, timeZone, segment, responsibleId, taxId, tags, note, and custom.CODE.</param>
/// <param name="Version">0 for a new one; else as read.</param>
public sealed record RequiredRuleSetup(Guid Id, string Name, string Occasion, string? Segment, string? DealType, string? DealStage, string? Role, IReadOnlyList<string> Fields, bool Active, int Version) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

public sealed record CodesSave(IReadOnlyList<CodeSetup> Items);

/// <summary>A link that sets a password, once.</summary>
/// <param name="Path">On this site, e.g. <c>/welcome#…</c>; what follows the hash never reaches a server's log.</param>
public sealed record LinkView(string Path, DateTimeOffset ExpiresAt);

/// <summary>What is in a person's name: clients, open deals, open tasks and callbacks.</summary>
public sealed record BelongingsView(int Clients, int Deals, int Tasks, int Callbacks);

/// <param name="Now">What an heir would get.</param>
/// <param name="Handovers">Newest first, at most 20.</param>
public sealed record LeavingView(BelongingsView Now, IReadOnlyList<HandoverView> Handovers);

/// <param name="Heir">Null: nobody.</param>
/// <param name="Deactivated">The person was deactivated by it, and is active again after an undo.</param>
/// <param name="Returned">How many rows an undo gave back.</param>
public sealed record HandoverView(Guid Id, DateTimeOffset At, string Who, string? Heir, bool Deactivated, BelongingsView Moved, DateTimeOffset? UndoneAt, int Returned);

/// <param name="Id">A UUID v7 made by the page; repeated, it moves nothing again.</param>
/// <param name="Version">Of the person, as read.</param>
/// <param name="Heir">Null: nobody for now.</param>
public sealed record LeaveRequest(Guid Id, int Version, Guid? Heir = null);

public sealed record LinkUse(string Token, string Password);

/// <summary>Whose password was set: with it they sign in.</summary>
public sealed record SignInName(string Login);

/// <param name="Before">JSON; null: it was new.</param>
/// <param name="After">JSON; null: it was taken away.</param>
public sealed record SettingsChangeView(long Id, DateTimeOffset At, string Who, string Kind, string Name, string? Before, string? After);

/// <summary>GET /api/admin/backup.</summary>
/// <param name="LastAt">The moment whose data the last good backup holds; null: none was made.</param>
/// <param name="Late">Too long ago by Backup:WarnAfter.</param>
public sealed record BackupView(DateTimeOffset? LastAt, bool Late);

/// <summary>GET /api/admin/certificate.</summary>
/// <param name="ExpiresAt">Of the certificate for HTTPS in use; null: the host serves none.</param>
/// <param name="Soon">Within 14 days, or it has ended.</param>
/// <param name="Refused">A newer file cannot be used; the former certificate is still in use.</param>
public sealed record CertificateView(DateTimeOffset? ExpiresAt, bool Soon, bool Refused);

/// <summary>GET /api/admin/pbx/{node}: what the PBX has set up, beside what stands here.</summary>
/// <param name="Source">What told of the phones: PJSIPShowEndpoints, SIPpeers or DeviceStateList.</param>
/// <param name="Notifies">CallCrm may send its phones SIP NOTIFY.</param>
public sealed record PbxImportView(string Node, string Source, bool Notifies, IReadOnlyList<ImportExtension> Extensions, IReadOnlyList<ImportQueue> Queues);

/// <param name="Number">Empty: the PBX tells of no extension that rings these.</param>
/// <param name="Devices">All of them; of one that is here, those that would be added are in Added.</param>
/// <param name="State">new, changed (a device is added), known, taken (a device belongs to another extension here, Other), trunk, unnumbered. Only new and changed can be imported.</param>
public sealed record ImportExtension(string Number, IReadOnlyList<string> Devices, string State, IReadOnlyList<string> Added, string? Other = null);

/// <param name="State">new, changed (people are added), known.</param>
/// <param name="Added">Names of the people who would serve it.</param>
/// <param name="Unknown">Members of the PBX's queue in whom nobody here is recognised.</param>
public sealed record ImportQueue(string Name, string State, IReadOnlyList<string> Added, IReadOnlyList<string> Unknown);

/// <summary>POST /api/admin/pbx/{node}/import: these rows, as the PBX has them then.</summary>
public sealed record PbxImportRequest(IReadOnlyList<string> Extensions, IReadOnlyList<string> Queues);

/// <param name="Done">How many were made or changed; each stands in the changes.</param>
public sealed record PbxImportResult(AdminView View, int Done, IReadOnlyList<ImportRefusal> Refused);

/// <param name="Kind">extension or queue.</param>
public sealed record ImportRefusal(string Kind, string Name, string Reason);
