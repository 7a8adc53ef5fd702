using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>What is asked of an endpoint about the things of one person.</summary>
/// <param name="Url">About whose; a list is asked for once, whoever's things are in it.</param>
/// <param name="Mark">What stands in the answer of who may read it, and in no other.</param>
/// <param name="Also">Rights that narrow it and are not among the endpoint's policies.</param>
sealed record Probe(string Endpoint, Func<Things, string> Url, Func<Things, string>? Mark, params string[] Also)
{
    /// <summary>The rights that narrow it, where those of the policies are about something else that is asked with it.</summary>
    public string[]? By { get; init; }

    public Func<Things, HttpContent>? Body { get; init; }

    /// <summary>All are in one answer.</summary>
    public bool IsList { get; init; }

    /// <summary>One's own in every scope, and nothing else: the desk.</summary>
    public bool IsOwn { get; init; }

    /// <summary>The answer is how many there are.</summary>
    public Func<string, int>? Count { get; init; }

    /// <summary>An administrator merged the two cards of each before.</summary>
    public bool Merged { get; init; }

    /// <summary>Something of one's own is asked about as well, and is another after it.</summary>
    public bool Shared { get; init; }

    public bool Writes => Method != "GET" && Mark is null;

    public string Method => Endpoint.Split(' ')[0];

    public HttpRequestMessage Request(Things of) => new(new HttpMethod(Method), Url(of)) { Content = Body?.Invoke(of) };

    public override string ToString() => $"{Endpoint} ({Url(ReachPlants.Ghost)})";
}

/// <summary>Every endpoint that takes or answers with what is in somebody's name. A new endpoint needs a line here, or one in <see cref="Unowned"/> if nothing of it is anybody's.</summary>
static class ReachProbes
{
    static readonly ContractsJson Json = ContractsJson.Default;
    static readonly DateTimeOffset Then = new(2030, 1, 1, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Endpoints, or where they begin, and why what they hold is in nobody's name. None of them may ask for a right that has a scope.</summary>
    public static readonly Dictionary<string, string> Unowned = new()
    {
        ["/api/session"] = "the person's own",
        ["/api/sessions"] = "the person's own",
        ["/api/admin"] = "the site's settings",
        ["/api/guides"] = "texts",
        ["/api/script-edits"] = "the site's scripts",
        ["/api/scripts"] = "the site's scripts",
        ["/api/blocks"] = "the site's list",
        ["/api/imports"] = "of all who may import; whoever sees not all fields sees their own (HidingTests)",
        ["/api/web-forms"] = "for a key alone",
        ["/api/mails#POST"] = "for a key alone",
        ["/api/seats"] = "places",
        ["/api/directory"] = "colleagues, for transfers",
        ["/api/catalog"] = "lists to choose from",
        ["/api/clock"] = "the time",
        ["/api/practice"] = "an invented client",
        ["/api/clients#POST"] = "a new card; what is told of an id that is taken: ScopeTests",
        ["/api/missed/figures"] = "sums of the whole site",
        ["/api/recordings/{id}/transcript#POST"] = "an administrator's, of the whole site",
    };

    public static IReadOnlyList<Probe> All { get; } =
    [
        // Clients.
        List("GET /api/clients", "api/clients?limit=100", "client"),
        List("GET /api/clients", "api/clients?limit=100&query=client-zq", "client"),
        One("GET /api/clients", t => $"api/clients?responsible={t.Person}", "client"),
        List("GET /api/clients/sources", "api/clients/sources", "source"),
        List("GET /api/clients/export", "api/clients/export", "client", Rights.WorkWithClients),
        One("GET /api/clients/{id}", t => $"api/clients/{t.Client}", "client"),
        One("GET /api/clients/{id}", t => $"api/clients/{t.Client}", "deal", Rights.SeeDeals),
        One("GET /api/clients/{id}/timeline", t => $"api/clients/{t.Client}/timeline", "note"),
        One("GET /api/clients/{id}/timeline", t => $"api/clients/{t.Client}/timeline", "deal", Rights.SeeDeals),
        One("GET /api/clients/{id}/timeline", t => $"api/clients/{t.Client}/timeline", "task", Rights.SeeTasks),
        One("GET /api/clients/{id}/timeline", t => $"api/clients/{t.Client}/timeline", "said", Rights.Listen),
        One("GET /api/links", t => $"api/links?target=client&id={t.Client}", "client"),
        One("GET /api/links", t => $"api/links?target=deal&id={t.Deal}", "deal", Rights.SeeDeals),
        List("GET /api/links", "api/links?target=client&query=client-zq", "client"),
        List("GET /api/links", "api/links?target=deal&query=deal-zq", "deal", Rights.SeeDeals),
        List("GET /api/links", "api/links?target=deal&query=deal-zq", "client", Rights.SeeDeals),
        Write("PUT /api/clients/{id}", t => $"api/clients/{t.Client}", Save, Json.ClientSave, Rights.WorkWithClients),
        Write("PUT /api/clients/{id}", t => $"api/clients/{t.Client}", t => Save(t) with { ResponsibleId = Host.Seeds.Luca }, Json.ClientSave, Rights.WorkWithClients, Rights.ReassignClients),
        Write("PUT /api/clients/{id}/do-not-call", t => $"api/clients/{t.Client}/do-not-call", _ => new DoNotCallSet(true), Json.DoNotCallSet, Rights.WorkWithClients),
        Write("POST /api/clients/{id}/notes", t => $"api/clients/{t.Client}/notes", _ => new NoteNew(Guid.CreateVersion7(), "A word"), Json.NoteNew, Rights.WorkWithClients),
        Do("DELETE /api/clients/{id}/notes/{note}", t => $"api/clients/{t.Client}/notes/{t.Note}") with { By = [Rights.WorkWithClients] },
        Do("DELETE /api/clients/{id}", t => $"api/clients/{t.Client}?version=1"),
        Do("POST /api/clients/{id}/restore", t => $"api/clients/{t.BinnedClient}/restore"),
        List("GET /api/clients/bin", "api/clients/bin?limit=100", "bin"),
        List("GET /api/clients/bin/export", "api/clients/bin/export", "bin"),
        List("GET /api/clients/unconfirmed", "api/clients/unconfirmed?limit=100", "fresh"),
        List("GET /api/clients/unconfirmed/export", "api/clients/unconfirmed/export", "fresh"),
        Counts("GET /api/clients/unconfirmed/count", "api/clients/unconfirmed/count"),
        Write("POST /api/clients/{id}/confirm", t => $"api/clients/{t.Fresh}/confirm", _ => new CardConfirm(1), Json.CardConfirm),
        Do("POST /api/clients/{id}/hide", t => $"api/clients/{t.Fresh}/hide"),
        Do("POST /api/clients/{id}/show", t => $"api/clients/{t.Fresh}/show"),
        // Duplicates.
        List("GET /api/clients/duplicates", "api/clients/duplicates?limit=100", "twin"),
        List("GET /api/clients/duplicates/export", "api/clients/duplicates/export", "twin"),
        new("POST /api/clients/duplicates/check", _ => "api/clients/duplicates/check", t => t.Mark("twin")) { IsList = true, Body = _ => JsonContent.Create(new DuplicateAsk(null, "", "", "", [.. ReachPlants.People.Select(p => p.Number)], [], ""), Json.DuplicateAsk) },
        Write("PUT /api/clients/duplicates/different", _ => "api/clients/duplicates/different", t => new DifferentSet(t.Client, t.Twin, true), Json.DifferentSet),
        Write("PUT /api/clients/duplicates/different", _ => "api/clients/duplicates/different", t => new DifferentSet(ReachPlants.Me.Client, t.Twin, true), Json.DifferentSet),
        Write("POST /api/clients/{id}/merge", t => $"api/clients/{t.Client}/merge", t => new ClientMergeRequest(Guid.CreateVersion7(), t.Twin, 1, 1, []), Json.ClientMergeRequest),
        Write("POST /api/clients/{id}/merge", _ => $"api/clients/{ReachPlants.Me.Client}/merge", t => new ClientMergeRequest(Guid.CreateVersion7(), t.Twin, 1, 1, []), Json.ClientMergeRequest) with { Shared = true },
        One("GET /api/clients/{id}/merges", t => $"api/clients/{t.Client}/merges", "twin") with { Merged = true },
        Do("POST /api/clients/merges/{id}/undo", t => $"api/clients/merges/{t.Merge}/undo") with { Merged = true },
        // Deals.
        List("GET /api/deals", "api/deals?limit=100", "deal"),
        One("GET /api/deals", t => $"api/deals?client={t.Client}", "deal"),
        List("GET /api/deals/export", "api/deals/export", "deal", Rights.WorkWithClients),
        One("GET /api/deals/{id}", t => $"api/deals/{t.Deal}", "deal", Rights.WorkWithClients),
        Write("POST /api/deals", _ => "api/deals", t => new DealCreate(Guid.CreateVersion7(), t.Client, "order", "Made"), Json.DealCreate) with { By = [Rights.WorkWithClients, Rights.CreateDeals] },
        Write("PUT /api/deals/{id}", t => $"api/deals/{t.Deal}", _ => new DealSave("Changed", 5m, Version: 1), Json.DealSave, Rights.WorkWithClients),
        Write("PUT /api/deals/{id}", t => $"api/deals/{t.Deal}", _ => new DealSave("Changed", 5m, ResponsibleId: Host.Seeds.Luca, Version: 1), Json.DealSave, Rights.WorkWithClients, Rights.ReassignDeals),
        Write("PUT /api/deals/{id}", _ => $"api/deals/{ReachPlants.Me.Deal}", t => new DealSave("Changed", 5m, ClientId: t.Client, Version: 1), Json.DealSave) with { By = [Rights.WorkWithClients, Rights.CreateDeals], Shared = true },
        Write("PUT /api/deals/{id}/stage", t => $"api/deals/{t.Deal}/stage", _ => new DealMove("negotiation", 1), Json.DealMove, Rights.WorkWithClients),
        Do("DELETE /api/deals/{id}", t => $"api/deals/{t.Deal}?version=1", Rights.SeeDeals, Rights.WorkWithClients),
        List("GET /api/deals/bin", "api/deals/bin?limit=100", "bin", Rights.SeeDeals, Rights.WorkWithClients),
        List("GET /api/deals/bin/export", "api/deals/bin/export", "bin", Rights.SeeDeals, Rights.WorkWithClients),
        Do("POST /api/deals/{id}/restore", t => $"api/deals/{t.BinnedDeal}/restore", Rights.SeeDeals, Rights.WorkWithClients),
        // Tasks.
        List("GET /api/tasks", "api/tasks?limit=100", "task"),
        One("GET /api/tasks", t => $"api/tasks?client={t.Client}", "task", Rights.WorkWithClients),
        One("GET /api/tasks", t => $"api/tasks?person={t.Person}", "task"),
        List("GET /api/tasks", "api/tasks?limit=100", "client", Rights.WorkWithClients),
        List("GET /api/tasks/export", "api/tasks/export", "task"),
        One("GET /api/tasks/{id}", t => $"api/tasks/{t.Task}", "task"),
        Write("POST /api/tasks", _ => "api/tasks", t => new TaskCreate(Guid.CreateVersion7(), "Made", Then, UserId: t.Person), Json.TaskCreate),
        Write("POST /api/tasks", _ => "api/tasks", t => new TaskCreate(Guid.CreateVersion7(), "Made", Then, ClientId: t.Client), Json.TaskCreate) with { By = [Rights.WorkWithClients] },
        Write("PUT /api/tasks/{id}", t => $"api/tasks/{t.Task}", _ => new TaskSave("Changed", Then, Version: 1), Json.TaskSave),
        Write("PUT /api/tasks/{id}", _ => $"api/tasks/{ReachPlants.Me.Task}", t => new TaskSave("Changed", Then, ClientId: t.Client, Version: 1), Json.TaskSave) with { By = [Rights.WorkWithClients], Shared = true },
        Write("PUT /api/tasks/{id}", t => $"api/tasks/{t.Task}", _ => new TaskSave("Changed", Then, UserId: ReachPlants.Me.Person, Version: 1), Json.TaskSave, Rights.ReassignTasks),
        Write("PUT /api/tasks/{id}", _ => $"api/tasks/{ReachPlants.Me.Task}", t => new TaskSave("Changed", Then, UserId: t.Person, Version: 1), Json.TaskSave) with { By = [Rights.ReassignTasks], Shared = true },
        Write("PUT /api/tasks/{id}/done", t => $"api/tasks/{t.Task}/done", _ => new TaskDone(true), Json.TaskDone),
        Do("DELETE /api/tasks/{id}", t => $"api/tasks/{t.Task}?version=1"),
        List("GET /api/tasks/bin", "api/tasks/bin?limit=100", "bin"),
        List("GET /api/tasks/bin/export", "api/tasks/bin/export", "bin"),
        Do("POST /api/tasks/{id}/restore", t => $"api/tasks/{t.BinnedTask}/restore"),
        List("GET /api/day", "api/day", "task") with { IsOwn = true },
        // Files and mails.
        One("GET /api/files", t => $"api/files?kind=client&object={t.Client}", "file", Rights.WorkWithClients),
        One("GET /api/files/export", t => $"api/files/export?kind=client&object={t.Client}", "file", Rights.WorkWithClients, Rights.ExportClients),
        One("GET /api/files/{id}", t => $"api/files/{t.File}", "file", Rights.WorkWithClients),
        new("GET /api/files/{id}/content", t => $"api/files/{t.File}/content", t => t.Content, Rights.WorkWithClients),
        new("POST /api/files", t => $"api/files?id={Guid.CreateVersion7()}&kind=client&object={t.Client}&name=a.txt", null, Rights.WorkWithClients) { Body = _ => new StringContent("Some text") },
        new("POST /api/files", t => $"api/files?id={Guid.CreateVersion7()}&kind=deal&object={t.Deal}&name=a.txt", null, Rights.WorkWithClients, Rights.SeeDeals) { Body = _ => new StringContent("Some text") },
        new("POST /api/files", t => $"api/files?id={Guid.CreateVersion7()}&kind=call&object={t.Call}&name=a.txt", null, Rights.SeeCalls) { Body = _ => new StringContent("Some text") },
        Write("PUT /api/files/{id}", t => $"api/files/{t.File}", _ => new FileSave("another.txt", 1), Json.FileSave, Rights.WorkWithClients, Rights.DeleteFiles),
        Do("DELETE /api/files/{id}", t => $"api/files/{t.File}?version=1", Rights.WorkWithClients, Rights.DeleteFiles),
        Do("POST /api/files/{id}/restore", t => $"api/files/{t.BinnedFile}/restore", Rights.WorkWithClients, Rights.DeleteFiles),
        new("POST /api/clients/{id}/mails", t => $"api/clients/{t.Client}/mails", null, Rights.WorkWithClients) { Body = _ => new StringContent("From: a@b.example\r\nTo: c@d.example\r\nSubject: Word\r\n\r\nText", Encoding.UTF8, "message/rfc822") },
        One("GET /api/clients/{id}/mails/{mail}", t => $"api/clients/{t.Client}/mails/{t.Mail}", "mail"),
        Do("DELETE /api/clients/{id}/mails/{mail}", t => $"api/clients/{t.Client}/mails/{t.Mail}?version=1", Rights.WorkWithClients),
        Do("POST /api/clients/{id}/mails/{mail}/restore", t => $"api/clients/{t.Client}/mails/{t.BinnedMail}/restore", Rights.WorkWithClients),
        List("GET /api/mails", "api/mails?limit=100", "mail"),
        One("GET /api/mails", t => $"api/mails?client={t.Client}", "mail"),
        List("GET /api/mails/export", "api/mails/export", "mail"),
        List("GET /api/mails/bin", "api/mails/bin?limit=100", "bin"),
        List("GET /api/mails/bin/export", "api/mails/bin/export", "bin"),
        // Calls and recordings.
        List("GET /api/calls", "api/calls?limit=100", "call"),
        One("GET /api/calls", t => $"api/calls?agent={t.Person}", "call"),
        One("GET /api/calls", t => $"api/calls?client={t.Client}", "call"),
        List("GET /api/calls", "api/calls?limit=100&said=said", "call", Rights.Listen),
        List("GET /api/calls/export", "api/calls/export", "call", Rights.SeeCalls),
        One("GET /api/calls/{id}", t => $"api/calls/{t.Call}", "call"),
        new("GET /api/calls/{id}/timeline", t => $"api/calls/{t.Call}/timeline", t => t.Call.ToString()),
        new("GET /api/calls/{id}/draft", t => $"api/calls/{t.Call}/draft", _ => "["),
        Write("PUT /api/calls/{id}/draft/{field}", t => $"api/calls/{t.Call}/draft/note", _ => new DraftWrite("typed", "p"), Json.DraftWrite),
        Write("PUT /api/calls/{id}/wrap-ups/{agent}/disposition", t => $"api/calls/{t.Call}/wrap-ups/{t.Person}/disposition", _ => new DispositionChange("callback"), Json.DispositionChange, Rights.SeeCalls),
        Write("PUT /api/calls/{id}/wrap-up", t => $"api/calls/{t.Unfinished}/wrap-up", _ => new WrapUpSave("sale", "", "", false, "p", Guid.Empty), Json.WrapUpSave) with { IsOwn = true },
        Do("POST /api/calls/{id}/wrap-up/proposal", t => $"api/calls/{t.Unfinished}/wrap-up/proposal") with { IsOwn = true },
        Write("POST /api/calls/{id}/spam", t => $"api/calls/{t.Call}/spam", _ => new SpamMark(Guid.CreateVersion7(), false, false, Guid.Empty, true), Json.SpamMark) with { IsOwn = true },
        new("GET /api/wrap-ups/unfinished", _ => "api/wrap-ups/unfinished", t => t.Unfinished.ToString()) { IsList = true, IsOwn = true },
        Write("POST /api/calls/{id}/end", t => $"api/calls/{t.Call}/end", _ => new CallEnd(Guid.CreateVersion7()), Json.CallEnd),
        new("GET /api/recordings/{id}", t => $"api/recordings/{t.Recording}", t => t.Recording.ToString()),
        One("GET /api/recordings/{id}/audio", t => $"api/recordings/{t.Recording}/audio", "sound"),
        One("GET /api/recordings/{id}/transcript", t => $"api/recordings/{t.Recording}/transcript", "said"),
        One("GET /api/recordings/{id}/transcript/text", t => $"api/recordings/{t.Recording}/transcript/text", "said"),
        // Missed calls.
        List("GET /api/missed", "api/missed?limit=100", "queue"),
        List("GET /api/missed/export", "api/missed/export", "queue"),
        One("GET /api/missed", t => $"api/missed?queue={t.Missed}", "queue"),
        Counts("GET /api/missed/count", "api/missed/count"),
        Do("POST /api/missed/{id}/claim", t => $"api/missed/{t.Missed}/claim"),
        Do("POST /api/missed/{id}/release", t => $"api/missed/{t.Missed}/release"),
        Write("POST /api/missed/{id}/done", t => $"api/missed/{t.Missed}/done", _ => new MissedDone("solved"), Json.MissedDone),
        // People at work.
        Write("POST /api/commands", _ => "api/commands", t => new CommandRequest(Guid.CreateVersion7(), "dial", ClientId: t.Client, Number: t.Number), Json.CommandRequest, Rights.WorkWithClients),
        Write("POST /api/commands", _ => "api/commands", t => new CommandRequest(Guid.CreateVersion7(), "attach_client", CallId: ReachPlants.Me.Call, ClientId: t.Client), Json.CommandRequest, Rights.WorkWithClients),
        Write("POST /api/agents/{id}/commands", t => $"api/agents/{t.Person}/commands", _ => new SuperviseRequest(Guid.CreateVersion7(), "pause"), Json.SuperviseRequest),
        Write("POST /api/agents/{id}/listening", t => $"api/agents/{t.Person}/listening", _ => new ListenRequest(Guid.CreateVersion7(), Guid.CreateVersion7(), false), Json.ListenRequest),
        new("GET /api/live/board", _ => "api/live/board", t => t.Person.ToString()) { IsList = true },
        // Reports and the audit.
        List("GET /api/reports", "api/reports?by=agent&step=day&period=today", "person"),
        List("GET /api/reports/csv", "api/reports/csv?by=agent&step=day&period=today", "person"),
        List("GET /api/reports/scripts", "api/reports/scripts?script=zq&period=today", "person"),
        // It names nobody: how many calls went the one way is whose they are.
        Counts("GET /api/reports/scripts/csv", "api/reports/scripts/csv?script=zq&period=today") with { Count = csv => csv.Split("\r\n").Where(l => l.StartsWith("way,", StringComparison.Ordinal)).Sum(l => int.Parse(l.Split(',')[5], System.Globalization.CultureInfo.InvariantCulture)) },
        List("GET /api/reports/scripts/answers", "api/reports/scripts/answers?script=zq&period=today", "client"),
        List("GET /api/reports/prefill", "api/reports/prefill?period=today", "person"),
        List("GET /api/reports/prefill/csv", "api/reports/prefill/csv?period=today", "person"),
        List("GET /api/reports/filling", "api/reports/filling?period=today", "person"),
        List("GET /api/reports/filling/csv", "api/reports/filling/csv?period=today", "person"),
        List("GET /api/reports/clients", "api/reports/clients?by=responsible&period=today", "person"),
        List("GET /api/reports/clients/csv", "api/reports/clients/csv?by=responsible&period=today", "person"),
        List("GET /api/audit", "api/audit?action=probe", "audit"),
        One("GET /api/audit", t => $"api/audit?action=probe&user={t.Person}", "audit"),
        List("GET /api/audit/export", "api/audit/export?action=probe", "audit"),
        List("GET /api/imports/export", "api/imports/export", "import"),
    ];

    /// <summary>What else might tell of what stands on one's own card and is another's: <see cref="ReachPlants.Foreign"/>.</summary>
    public static readonly string[] MayTell = ["api/reports/clients?by=custom.about&period=today", "api/reports/clients/csv?by=custom.about&period=today", "api/clients/export?query=client-zq", "api/clients?query=foreign", "api/clients/export?query=foreign"];

    static Probe List(string endpoint, string url, string mark, params string[] also) => new(endpoint, _ => url, t => t.Mark(mark), also) { IsList = true };

    static Probe One(string endpoint, Func<Things, string> url, string mark, params string[] also) => new(endpoint, url, t => t.Mark(mark), also);

    static Probe Counts(string endpoint, string url) => new(endpoint, _ => url, _ => "") { IsList = true, Count = body => System.Text.Json.Nodes.JsonNode.Parse(body)!.AsObject().Single().Value!.GetValue<int>() };

    static Probe Do(string endpoint, Func<Things, string> url, params string[] also) => new(endpoint, url, null, also);

    static Probe Write<T>(string endpoint, Func<Things, string> url, Func<Things, T> body, JsonTypeInfo<T> json, params string[] also) => new(endpoint, url, null, also) { Body = t => JsonContent.Create(body(t), json) };

    static ClientSave Save(Things t) => new("person", "Changed", "", "", "", "", null, null, t.Person, [new PhoneSave(t.Number, "", true)], 1);
}
