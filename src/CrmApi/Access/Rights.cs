using Microsoft.AspNetCore.Authorization;

namespace CallCrm.CrmApi.Access;

/// <summary>
/// The names of what may be done. Every endpoint and hub method names one of these as its policy; a test fails for any that names none. Who has which
/// right by default, and which rights have a scope, stands in <see cref="RightCatalog"/>; who has it now, in the roles (<see cref="RoleBook"/>).
/// Taking calls is apart from the role: a supervisor may take calls as well.
/// </summary>
internal static class Rights
{
    /// <summary>Any person signed in: own session, live feed. No program's key.</summary>
    public const string SignedIn = "signed_in";

    /// <summary>The lists to choose from: anyone signed in, and programs that see clients.</summary>
    public const string SeeCatalog = "see_catalog";

    /// <summary>People who take calls: commands, the call's draft and wrap-up.</summary>
    public const string TakeCalls = "take_calls";

    /// <summary>Client cards: find and read. Scope: who is responsible.</summary>
    public const string WorkWithClients = "client.view";

    /// <summary>Clients' numbers as they are. Without it they are masked everywhere, and can be dialled all the same.</summary>
    public const string SeeNumbers = "client.numbers";

    /// <summary>Fields of the card that an administrator marked as sensitive.</summary>
    public const string SeeSensitive = "client.sensitive";

    public const string CreateClients = "client.create";

    /// <summary>Save a card. A card that nobody is responsible for may be saved in any scope.</summary>
    public const string EditClients = "client.edit";

    /// <summary>Give a card to somebody else, or take it; scope as for saving.</summary>
    public const string ReassignClients = "client.reassign";

    /// <summary>Make one card of two; scope: both.</summary>
    public const string MergeClients = "client.merge";

    /// <summary>Cards into the bin, and back. Scope as for merging.</summary>
    public const string DeleteClients = "client.delete";

    /// <summary>Take a list of clients out; audited.</summary>
    public const string ExportClients = "client.export";

    public const string ImportClients = "client.import";

    /// <summary>Hand in what was filled in a form of the site: for the key of the site's server, which needs nothing else.</summary>
    public const string SubmitForms = "webform.submit";

    /// <summary>For the key of a mail gateway.</summary>
    public const string TakeMails = "mail.submit";

    /// <summary>Cards made from calls that nobody has confirmed: look through, confirm, hide, show again. Reaches those whose responsible it reaches, and those with whose calls one of them talked.</summary>
    public const string ReviewCards = "client.review";

    /// <summary>Deals on the card and its timeline. Scope: who is responsible.</summary>
    public const string SeeDeals = "deal.view";

    /// <summary>A new deal for a client that one sees. Scope: who is responsible for the client; for nobody's in any scope.</summary>
    public const string CreateDeals = "deal.create";

    /// <summary>Change and move a deal that one sees. Scope: who is responsible for it, or for its client; nobody's in any scope.</summary>
    public const string EditDeals = "deal.edit";

    /// <summary>Give a deal to somebody else, or take it. Scope: who is responsible for it.</summary>
    public const string ReassignDeals = "deal.reassign";

    /// <summary>Take a list of deals that one sees out; audited. Scope: who is responsible.</summary>
    public const string ExportDeals = "deal.export";

    /// <summary>Tasks and callbacks: find and read; one's own stand in one's day all the same. Scope, as of all that follow: whose they are.</summary>
    public const string SeeTasks = "task.view";

    public const string CreateTasks = "task.create";

    /// <summary>Another title, time or client, and ticking off.</summary>
    public const string EditTasks = "task.edit";

    /// <summary>Give a task to somebody else: both whose it is and who gets it must be reached.</summary>
    public const string ReassignTasks = "task.reassign";

    /// <summary>Tasks into the bin, and back.</summary>
    public const string DeleteTasks = "task.delete";

    /// <summary>Take a list of tasks that one sees out; audited.</summary>
    public const string ExportTasks = "task.export";

    /// <summary>Deals into the bin, and back. Scope: who is responsible.</summary>
    public const string DeleteDeals = "deal.delete";

    /// <summary>The call log, a call with its timeline and the reasons of its routes. Scope: who was offered it or took part.</summary>
    public const string SeeCalls = "call.view";

    /// <summary>The call log as a file, as far as one sees it; each export is audited.</summary>
    public const string ExportCalls = "call.export";

    /// <summary>Files on cards, deals and calls that one sees.</summary>
    public const string WorkWithFiles = "file.use";

    /// <summary>Files that others uploaded: another name, into the bin; one's own need no right.</summary>
    public const string DeleteFiles = "file.delete";

    /// <summary>Another disposition for somebody's wrap-up within 24 hours; one's own needs no right.</summary>
    public const string EditCalls = "call.edit";

    /// <summary>Hearing a live call on the own phone, where the site has it on; each time is audited and, unless the site hides it, shown to the agent.</summary>
    public const string ListenLive = "call.listen";

    /// <summary>Recordings. Scope as for calls; each listen is audited.</summary>
    public const string Listen = "recording.listen";

    /// <summary>Conversation scripts in the page: draft, try, publish, take back; who published what is kept.</summary>
    public const string EditScripts = "script.edit";

    /// <summary>The live board. Scope: whose state.</summary>
    public const string SeeBoard = "board.view";

    /// <summary>Acting in an agent's place: set ready, pause, sign out, end a call; each is audited.</summary>
    public const string Supervise = "agent.supervise";

    /// <summary>Missed calls. Scope: of the queues that these people serve.</summary>
    public const string WorkMissed = "missed.work";

    /// <summary>How soon missed callers are called back, for the day and per queue.</summary>
    public const string SeeMissedFigures = "missed.figures";

    /// <summary>The day and hour reports. Scope: which people are listed.</summary>
    public const string SeeReports = "report.view";

    /// <summary>The same as a file; audited.</summary>
    public const string ExportReports = "report.export";

    /// <summary>The audit: who saw and changed what. Scope: whose doings. Fields that one may not see stay hidden there, too.</summary>
    public const string SeeAudit = "audit.view";

    /// <summary>The script library and how its files stand.</summary>
    public const string SeeScripts = "script.view";

    /// <summary>The block list: read, add, import, remove; every change is kept.</summary>
    public const string ManageBlocks = "block.edit";

    /// <summary>People, roles, departments, queues, extensions, numbers and the lists agents choose from; every change is kept with who made it.</summary>
    public const string Configure = "settings.configure";

    /// <summary>A card: by one's right, or because a call lends it (<see cref="Clients.CardAccess"/>).</summary>
    public const string OpenCards = "open_cards";

    /// <summary>Saving a card, likewise.</summary>
    public const string SaveCards = "save_cards";

    /// <summary>The draft and wrap-up of a call: its own agents, and who sees the call for reading along.</summary>
    public const string WriteDrafts = "write_drafts";

    /// <summary>A disposition's change: whoever gave it, and who has <see cref="EditCalls"/>.</summary>
    public const string ChangeDisposition = "change_disposition";

    /// <summary>Mark the caller of one's own call as junk, and take one's own mark back.</summary>
    public const string MarkSpam = "mark_spam";

    public static void Define(AuthorizationOptions options)
    {
        options.AddPolicy(SignedIn, p => p.RequireAssertion(c => Person.From(c.User) is { Key: null }));
        options.AddPolicy(SeeCatalog, p => p.RequireAssertion(c => Person.From(c.User) is { } person && (person.Key is null || person.May(WorkWithClients))));
        options.AddPolicy(TakeCalls, p => p.RequireAssertion(c => Person.From(c.User) is { IsAgent: true }));
        foreach (var right in RightCatalog.All) options.AddPolicy(right.Code, p => p.RequireAssertion(c => Person.From(c.User)?.May(right.Code) == true));
        foreach (var (policy, right) in RightCatalog.OrOwnCall)
            options.AddPolicy(policy, p => p.RequireAssertion(c => Person.From(c.User) is { } person && (person.IsAgent || person.May(right))));
    }
}
