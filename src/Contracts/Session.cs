using System.Text.Json.Serialization;

namespace CallCrm.Contracts;

/// <summary>POST /api/session. 401 with errorId sign_in_failed, code_needed or code_wrong, 423 locked_out.</summary>
/// <param name="Code">With a second factor: the six digits, or a recovery code. Sent when code_needed asks for it.</param>
public sealed record SignInRequest(string Login, string Password, string? Code = null);

/// <param name="Since">Null: signing in asks for no code.</param>
public sealed record SecondFactorView(DateTimeOffset? Since, int RecoveryCodesLeft);

public sealed record PasswordGiven(string Password);

/// <summary>PUT /api/session/language: the page's language of who is signed in.</summary>
/// <param name="Language">en, it or ru.</param>
public sealed record LanguageGiven(string Language);

public sealed record CodeGiven(string Code);

/// <summary>What an authenticator app needs; not on before a code of it is confirmed.</summary>
/// <param name="Secret">Base32, to type.</param>
/// <param name="Uri">otpauth://…, to open on the phone itself.</param>
/// <param name="QrPath">The same as a picture: path of an SVG of QrSize by QrSize units.</param>
[NotANumber]
public sealed record TotpSetupView(string Secret, string Uri, string QrPath, int QrSize);

/// <summary>Shown once; each signs in once instead of a code.</summary>
[NotANumber]
public sealed record RecoveryCodesView(IReadOnlyList<string> Codes);

public sealed record OpenSessionsView(IReadOnlyList<OpenSessionView> Items);

/// <param name="UserAgent">As the browser names itself.</param>
/// <param name="This">The session that asks.</param>
[NotANumber]
public sealed record OpenSessionView(Guid Id, DateTimeOffset Since, DateTimeOffset SeenAt, string Address, string UserAgent, bool This);

/// <summary>GET /api/session: who is signed in. 401 when nobody is.</summary>
/// <param name="Roles">The code of the person's role; agent beside it for who takes calls as well.</param>
/// <param name="Extensions">Where this person may sit down, or listen from; the one last used first.</param>
/// <param name="Rights">Scope (own, department, all) by right, such as client.edit. What is not there is not allowed.</param>
/// <param name="Model">The builtin role that the person's role comes from.</param>
/// <param name="Listening">How this person may listen to live calls: shown (the agent sees it) or hidden. Null: not.</param>
public sealed record SessionView(Guid UserId, string Login, string Name, IReadOnlyList<string> Roles, bool IsAgent, string Language, string TimeZone,
    IReadOnlyList<ExtensionView> Extensions, Guid SessionId, string? Listening = null, IReadOnlyDictionary<string, string>? Rights = null, string? Model = null);

/// <param name="Label">What people call the place, e.g. "110".</param>
public sealed record ExtensionView(string Node, string Number, string Label, bool CanAnswer, bool CanHold, string? TakenBy);

/// <summary>GET /api/clock: what the server takes for now.</summary>
public sealed record ClockView(DateTimeOffset Now);

/// <summary>POST /api/commands. The id is a UUID v7 made by the page; a repeated id gets its first answer.</summary>
/// <param name="Kind">sign_in (at a free extension), take_over (asks who holds it; the outcome comes as SeatEvent), seat_allow, seat_refuse (the holder's answer), seat_withdraw, sign_out, sign_out_after (the call and its wrap-up), keep_on (takes that back, or the pause that was to follow), ready, pause, answer, hang_up, hold, resume, finish_wrap_up, extend_wrap_up, attach_client, dial, and of transfers: transfer (at once), consult (after a talk), swap, join (all three), cancel_transfer, complete_transfer.</param>
/// <param name="ClientId">attach_client: who it is. dial: on whose card the number stands, when it was clicked there.</param>
/// <param name="Number">dial: the number as typed, or an extension.</param>
/// <param name="AgentId">take_over: who was seen at the extension.</param>
/// <param name="AskId">seat_allow, seat_refuse, seat_withdraw.</param>
/// <param name="Anyway">ready: also at a phone that is not registered, where the site allows it.</param>
/// <param name="PageId">The page that asks, as it named itself in Resume; the person's other pages are told (DoneElsewhereEvent).</param>
/// <param name="Campaign">dial: the code of a campaign that runs now, which the call is made for. 400 names it when there is none such.</param>
/// <param name="CallBackOf">dial: the call that this one answers or tries again. Where no campaign is given, its campaign goes along while that runs.</param>
public sealed record CommandRequest(Guid Id, string Kind, Guid? CallId = null, string? Node = null, string? Extension = null, string? Reason = null, Guid? ClientId = null,
    string? PageId = null, string? Number = null, Guid? ToAgent = null, Guid? ToQueue = null, Guid? AgentId = null, Guid? AskId = null,
    bool Anyway = false, string? Campaign = null, Guid? CallBackOf = null);

/// <summary>POST /api/agents/{id}/commands: a supervisor acts in the agent's place. The id as in CommandRequest.</summary>
/// <param name="Kind">ready, pause, sign_out.</param>
public sealed record SuperviseRequest(Guid Id, string Kind);

/// <summary>POST /api/calls/{id}/end: a supervisor ends this call. The id as in CommandRequest.</summary>
public sealed record CallEnd(Guid Id);

/// <summary>
/// POST /api/agents/{id}/listening: the phone of who asks rings and lets them hear this agent's talk, or does so no longer. The id as in CommandRequest.
/// </summary>
/// <param name="Listens">False: stop.</param>
/// <param name="Node">Whose phone rings, with Extension; needed by who sits at none.</param>
public sealed record ListenRequest(Guid Id, Guid CallId, bool Listens, string? Node = null, string? Extension = null);

/// <summary>The router's answer. Refusal is no HTTP error: the reason is a stable code, e.g. not_your_call. No router: 503 with errorId router_away.</summary>
/// <param name="Who">The agent who stands in the way: extension_taken, extension_asked, holder_in_call.</param>
/// <param name="Notice">Of a wrap-up that is stored: stage_retired, the stage to which the disposition moves deals is put away, and the deal stays where it is; answers_not_taken, the card did not take all that was answered, and the call says which.</param>
public sealed record CommandAnswer(Guid Id, bool Accepted, string? Reason, string? Who = null, string? Notice = null);

/// <summary>Everything the pages choose from, read once per page and again on the hint "settings".</summary>
/// <param name="CardLayouts">Those that may hold for who asks: of their role, and of every role.</param>
/// <param name="Unseen">Fields of clients that who asks does not see, and cannot ask for; null: none.</param>
public sealed record CatalogView(IReadOnlyList<PauseReasonView> PauseReasons, IReadOnlyList<DispositionView> Dispositions, IReadOnlyList<NamedCode> Segments,
    IReadOnlyList<QueueView> Queues, IReadOnlyList<PersonView> People, IReadOnlyList<DealTypeView> DealTypes,
    IReadOnlyList<ClientFieldView>? ClientFields = null, IReadOnlyList<CardLayout>? CardLayouts = null, IReadOnlyList<string>? Unseen = null,
    IReadOnlyList<CampaignView>? Campaigns = null, IReadOnlyList<NamedCode>? Departments = null);

/// <summary>A campaign with the time in which calls out can be made for it, by the site's zone.</summary>
/// <param name="From">Null: since ever.</param>
/// <param name="Until">Not any more from this moment on; null: without end.</param>
public sealed record CampaignView(string Code, string Name, DateTimeOffset? From = null, DateTimeOffset? Until = null) : NamedCode(Code, Name)
{
    public bool RunsAt(DateTimeOffset at) => !Retired && !(at < From) && !(at >= Until);
}

public record NamedCode(string Code, string Name)
{
    /// <summary>Put away: what has it keeps its name, nothing else gets it.</summary>
    /// <remarks>Set, not init: the JSON reader would ask for it then.</remarks>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Retired { get; set; }
}

/// <param name="Allowance_min">A day; null: no limit.</param>
public sealed record PauseReasonView(string Code, string Name, int? Allowance_min = null);

/// <param name="Parent">The branch it stands below; null: at the top.</param>
/// <param name="Group">A branch: nobody can give it.</param>
/// <param name="Queues">Only for calls of these (and for calls of no queue); null: for every queue.</param>
/// <param name="Rule">What follows from it; null: nothing.</param>
/// <param name="Campaigns">Only for calls of these; null: for every call.</param>
public sealed record DispositionView(string Code, string Name, string Outcome, string? Parent = null, bool Group = false, IReadOnlyList<Guid>? Queues = null, DispositionRule? Rule = null,
    IReadOnlyList<string>? Campaigns = null);

/// <summary>What follows from a disposition, in the transaction that stores it and once.</summary>
/// <param name="Stage">Where the call's deal moves.</param>
/// <param name="DoNotCall">The client wants no calls any more.</param>
public sealed record DispositionRule(FollowUpRule? Task = null, FollowUpRule? Callback = null, StageRule? Stage = null, bool DoNotCall = false);

/// <summary>A task or callback for who wrapped the call up.</summary>
/// <param name="Title">1 to 200 characters; the next step that was typed goes before it.</param>
/// <param name="Days">0 to 365, from the wrap-up on.</param>
/// <param name="At">hh:mm; null: the time of the wrap-up. A callback's is the client's own time, where the card knows it, a task's the agent's.</param>
/// <param name="Minutes">0 to 1,440 more, without At.</param>
/// <param name="Ask">The agent says when; the rest is proposed.</param>
public sealed record FollowUpRule(string Title, int Days, string? At = null, int Minutes = 0, bool Ask = false);

public sealed record StageRule(string DealType, string Stage);

public sealed record QueueView(Guid Id, string Name, int ServiceLevel_s);

public sealed record PersonView(Guid Id, string Name, bool IsAgent);

/// <param name="Stages">In order, those put away last.</param>
public sealed record DealTypeView(string Code, string Name, IReadOnlyList<NamedCode> Stages)
{
    /// <summary>Put away: its deals go on, no new one is made.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Retired { get; set; }
}
