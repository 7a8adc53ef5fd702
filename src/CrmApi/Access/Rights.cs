using Microsoft.AspNetCore.Authorization;

namespace CallCrm.CrmApi.Access;

/// <summary>
/// Who may do what, in one place. Every endpoint and hub names one of these; a test fails for any that names none.
/// Roles: agent, supervisor, manager, admin. Taking calls is apart from the role: a supervisor may take calls as well.
/// </summary>
internal static class Rights
{
    /// <summary>Anyone signed in: own session, catalog, live feed.</summary>
    public const string SignedIn = "signed_in";

    /// <summary>People who take calls: commands, the call's draft and wrap-up.</summary>
    public const string TakeCalls = "take_calls";

    /// <summary>Client cards: list, read, save, create. All roles.</summary>
    public const string WorkWithClients = "work_with_clients";

    /// <summary>The call log: agents see their own calls, the others all (<see cref="Person.SeesAllCalls"/>).</summary>
    public const string SeeCalls = "see_calls";

    /// <summary>The timeline of a call with the reasons of its routes: agents of their own calls, the others of all.</summary>
    public const string SeeTimeline = "see_timeline";

    /// <summary>Recordings, with the same scope as the calls; each listen is audited.</summary>
    public const string Listen = "listen";

    /// <summary>The live board with everyone's state.</summary>
    public const string SeeBoard = "see_board";

    /// <summary>Acting in an agent's place: set ready, pause, sign out, end a call; each is audited.</summary>
    public const string Supervise = "supervise";

    /// <summary>Hearing a live call on the own phone, where the site has it on; each time is audited and, unless the site hides it, shown to the agent.</summary>
    public const string ListenLive = "listen_live";

    /// <summary>The script library and how its files stand.</summary>
    public const string SeeScripts = "see_scripts";

    /// <summary>The draft and wrap-up of a call: its own agents, and the leads for reading along.</summary>
    public const string WriteDrafts = "write_drafts";

    /// <summary>People, queues, extensions, numbers and the lists agents choose from; every change is kept with who made it.</summary>
    public const string Configure = "configure";

    /// <summary>Another disposition for a wrap-up within 24 hours: whoever gave it; supervisors and administrators any (<see cref="Person.MayChangeAnyDisposition"/>).</summary>
    public const string ChangeDisposition = "change_disposition";

    /// <summary>Missed calls: agents those of their queues, the others all (<see cref="Person.SeesAllCalls"/>).</summary>
    public const string WorkMissed = "work_missed";

    /// <summary>How soon missed callers are called back, for the day and per queue.</summary>
    public const string SeeMissedFigures = "see_missed_figures";

    /// <summary>The day and hour reports, and their export, which is audited.</summary>
    public const string SeeReports = "see_reports";

    /// <summary>Mark the caller of one's own call as junk, and take one's own mark back.</summary>
    public const string MarkSpam = "mark_spam";

    /// <summary>The block list: read, add, import, remove; every change is kept.</summary>
    public const string ManageBlocks = "manage_blocks";

    /// <summary>Files on clients, deals and calls; of calls agents see those of their own. Into the bin: who uploaded it, and leads.</summary>
    public const string WorkWithFiles = "work_with_files";

    /// <summary>Clients and deals from files; each import is audited.</summary>
    public const string ImportClients = "import_clients";

    /// <summary>The list of clients as a file; each export is audited.</summary>
    public const string ExportClients = "export_clients";

    /// <summary>The call log as a file; each export is audited.</summary>
    public const string ExportCalls = "export_calls";

    /// <summary>Cards made from calls that nobody has confirmed: look through, confirm, hide, show again.</summary>
    public const string ReviewCards = "review_cards";

    static readonly string[] Everyone = ["agent", "supervisor", "manager", "admin"];
    public const string Admin = "admin";
    static readonly string[] Leads = ["supervisor", "manager", "admin"];

    public static void Define(AuthorizationOptions options)
    {
        options.AddPolicy(SignedIn, p => p.RequireAuthenticatedUser());
        options.AddPolicy(TakeCalls, p => p.RequireAuthenticatedUser().RequireClaim(Person.AgentClaim, "1"));
        options.AddPolicy(WorkWithClients, p => p.RequireRole(Everyone));
        options.AddPolicy(SeeCalls, p => p.RequireRole(Everyone));
        options.AddPolicy(SeeTimeline, p => p.RequireRole(Everyone));
        options.AddPolicy(Listen, p => p.RequireRole(Everyone));
        options.AddPolicy(SeeBoard, p => p.RequireRole(Leads));
        options.AddPolicy(Supervise, p => p.RequireRole("supervisor", Admin));
        options.AddPolicy(ListenLive, p => p.RequireRole("supervisor", Admin));
        options.AddPolicy(SeeScripts, p => p.RequireRole(Everyone));
        options.AddPolicy(WriteDrafts, p => p.RequireRole(Everyone));
        options.AddPolicy(ChangeDisposition, p => p.RequireAssertion(c => Person.From(c.User) is { } person && (person.IsAgent || person.MayChangeAnyDisposition)));
        options.AddPolicy(WorkMissed, p => p.RequireRole(Everyone));
        options.AddPolicy(SeeMissedFigures, p => p.RequireRole(Leads));
        options.AddPolicy(SeeReports, p => p.RequireRole(Leads));
        options.AddPolicy(MarkSpam, p => p.RequireAssertion(c => Person.From(c.User) is { } person && (person.IsAgent || person.ManagesBlocks)));
        options.AddPolicy(ManageBlocks, p => p.RequireRole("supervisor", Admin));
        options.AddPolicy(ReviewCards, p => p.RequireRole(Leads));
        options.AddPolicy(WorkWithFiles, p => p.RequireRole(Everyone));
        options.AddPolicy(ImportClients, p => p.RequireRole(Leads));
        options.AddPolicy(ExportClients, p => p.RequireRole(Leads));
        options.AddPolicy(ExportCalls, p => p.RequireRole(Leads));
        options.AddPolicy(Configure, p => p.RequireRole(Admin));
    }

    /// <summary>As <see cref="ListenLive"/> says.</summary>
    public static bool MayListenLive(string role) => role is "supervisor" or Admin;

    public static bool IsLead(string role) => Array.IndexOf(Leads, role) >= 0;
}
