using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Document;

/// <param name="Request">Null: it has no body.</param>
/// <param name="Response">Null: it answers with none, or a file.</param>
internal sealed record Example(JsonNode? Request, JsonNode? Response);

/// <summary>Examples by the operation's name, made of the contracts themselves, so that they cannot say anything else.</summary>
internal static class Examples
{
    static readonly ContractsJson Json = ContractsJson.Default;
    static readonly DateTimeOffset Then = new(2026, 11, 28, 17, 2, 11, TimeSpan.Zero);
    static readonly Guid Client = Id(1), Other = Id(2), Deal = Id(3), Task = Id(4), Anna = Id(5), Merge = Id(6);

    static readonly ClientSave Save = new("company", "Mario Rossi", "Rossi Impianti", "mario@rossi.example", "Milano", "Calls back after six", "it", "vip", Anna, [new PhoneSave("02 12345678", "office", true, "12")], 4, Tags: ["fair"]);

    static readonly ClientCardView Card = new(Client, 1207, "company", "Mario Rossi", "Rossi Impianti", "mario@rossi.example", "Milano", "Calls back after six", "it", "vip", "VIP", "", "web", Anna, "Anna Verdi", true, 5,
        [new PhoneView("+390212345678", "+39 02 1234 5678", "office", true, "12")],
        [new DealView(Deal, 311, "sale", "Sale", "proposal", "Proposal", "New boilers", 1250m, "EUR", "Anna Verdi", Then, 2, Anna)], null, Then, Tags: ["fair"]);

    static readonly DealDetailView Boilers = new(Deal, 311, Client, "Mario Rossi", "sale", "Sale", "proposal", "Proposal", "New boilers", 1250m, "EUR", Anna, "Anna Verdi", Then, null, Then.AddDays(-3), 2);

    static readonly TaskView Offer = new(Task, "task", "Send the offer", Then.AddDays(1), null, Anna, "Anna Verdi", Client, "Mario Rossi", null, Then, 1);

    static readonly FileView OfferFile = new(Id(7), "client", Client, null, "offer.pdf", 48_213, "pdf", "Anna Verdi", Then, null, MayDelete: true, Version: 2);

    static readonly MailRowView OfferMail = new(Id(8), Client, "Mario Rossi", "in", "Mario Rossi", "mario@rossi.example", "sales@example.org", "", "New boilers", Then, "Could you send the offer?", "Anna Verdi", Then, 1);

    static readonly DuplicateView Alike = new(Other, 988, "Mario Rosi", "Rossi Impianti", "Milano", "+39 02 1234 5678", ["phone", "name"], 82);

    static readonly ClientsReportFigures Renewing = new(12, 2, 7, 9, 8, 1, 5, 4, 2340, 3, 2, 1, 4, [new CurrencySum("EUR", 2500m, 2, 1250m)], []);

    public static FrozenDictionary<string, Example> ByOperation { get; } = new Dictionary<string, Example>(StringComparer.Ordinal)
    {
        ["ListClients"] = Read(Page(new ClientRow(Client, 1207, "Mario Rossi", "Rossi Impianti", "VIP", "Anna Verdi", "+39 02 1234 5678", Then, true, Tags: ["fair"])), Json.ListPageClientRow),
        ["GetClientsReport"] = Read(new ClientsReportView("custom.renewal", null, new DateOnly(2026, 11, 1), new DateOnly(2026, 11, 30), "Europe/Rome", true, true,
            [new ClientsReportRow("value", "will_renew", "Will renew", Renewing, Filter: "custom.renewal=will_renew"), new ClientsReportRow("without", null, null, Renewing with { Clients = 30, New = 0, WonAmounts = [] })],
            Renewing with { Clients = 42 }, [new ClientsReportField("segment", null, "list"), new ClientsReportField("custom.renewal", "Renewal", "choice"), new ClientsReportField("custom.employees", "Employees", "number", true)]), Json.ClientsReportView),
        ["GetClient"] = Read(Card, Json.ClientCardView),
        ["SaveClient"] = Write(Save, Json.ClientSave, Card, Json.ClientCardView),
        ["CreateClient"] = Write(new ClientCreate(Client, Save with { Version = 0 }), Json.ClientCreate, Card with { Version = 1, OpenDeals = [] }, Json.ClientCardView),
        ["GetTimeline"] = Read(Page(new TimelineItem("deal", Deal.ToString(), Then, "Anna Verdi", null, "New boilers", "Proposal")), Json.ListPageTimelineItem),
        ["AddClientNote"] = new(Node(new NoteNew(Task, "Prefers to be rung after four"), Json.NoteNew), null),
        ["SendCommand"] = Write(new CommandRequest(Task, "dial", ClientId: Client, Number: "+390212345678", Campaign: "winter"), Json.CommandRequest, new CommandAnswer(Task, true, null), Json.CommandAnswer),
        ["AddClientMail"] = Read(new MailTaken(Task, Client, true), Json.MailTaken),
        ["ListMails"] = Read(Page(OfferMail), Json.ListPageMailRowView),
        ["ListMailBin"] = Read(Page(new MailBinRow(Task, Client, "Mario Rossi", "New boilers", "mario@rossi.example", Then.AddDays(-1), Then, "Anna Verdi", Then.AddDays(30))), Json.ListPageMailBinRow),
        ["TakeMail"] = Read(new MailsTaken([new MailTaken(Task, Client, true)]), Json.MailsTaken),
        ["GetClientMail"] = Read(new MailView(Task, "in", "Mario Rossi", "mario@rossi.example", "sales@example.org", "", "New boilers", Then, "Could you send the offer?", false, [], [], "Anna Verdi", Then, true, MayRemove: true), Json.MailView),
        ["DeleteClient"] = Read(Card with { Version = 6, DeletedAt = Then }, Json.ClientCardView),
        ["RestoreClient"] = Read(Card with { Version = 7 }, Json.ClientCardView),
        ["ListBin"] = Read(Page(new BinRow(Client, 1207, "Mario Rossi", "Rossi Impianti", Then, "Sara Conti", Then.AddDays(30))), Json.ListPageBinRow),
        ["SetDoNotCall"] = Write(new DoNotCallSet(true), Json.DoNotCallSet, Card with { DoNotCall = new DoNotCallView(Then, "Anna Verdi") }, Json.ClientCardView),
        ["ListUnconfirmed"] = Read(Page(new UnconfirmedRow(Client, 1207, "Mario Rossi", "", "+390212345678", "+39 02 1234 5678", "web", Then, 2, 1, Then, "Anna Verdi", 1)), Json.ListPageUnconfirmedRow),
        ["CountUnconfirmed"] = Read(new UnconfirmedCount(12), Json.UnconfirmedCount),
        ["ConfirmClient"] = Write(new CardConfirm(4), Json.CardConfirm, Card, Json.ClientCardView),
        ["HideClient"] = Read(Card with { Confirmed = false, Hidden = true, OpenDeals = [] }, Json.ClientCardView),
        ["ShowClient"] = Read(Card with { Confirmed = false, OpenDeals = [] }, Json.ClientCardView),
        ["CheckDuplicates"] = Write(new DuplicateAsk(null, "Mario Rossi", "", "Milano", ["02 12345678"], [], ""), Json.DuplicateAsk, [Alike], Json.IReadOnlyListDuplicateView),
        ["ListDuplicates"] = Read(Page(new DuplicatePair(Alike with { Id = Client, Number = 1207, Name = "Mario Rossi" }, Alike)), Json.ListPageDuplicatePair),
        ["SetDifferent"] = new(Node(new DifferentSet(Client, Other, true), Json.DifferentSet), null),
        ["ListClientSources"] = Read(new ClientSources(["import", "manual", "web"]), Json.ClientSources),
        ["MergeClients"] = Write(new ClientMergeRequest(Merge, Other, 4, 2, ["email"]), Json.ClientMergeRequest, Card, Json.ClientCardView),
        ["ListMerges"] = Read([new ClientMergeView(Merge, Then, "Sara Conti", Other, 988, "Mario Rosi", null)], Json.IReadOnlyListClientMergeView),
        ["UndoMerge"] = Read(new ClientUnmergedView(Card, Card with { Id = Other, Number = 988, Name = "Mario Rosi", OpenDeals = [] }, ["city"], 1, 0, 0), Json.ClientUnmergedView),
        ["ListLinkTargets"] = Read([new LinkChoice(Other, "Mario Rosi", "#988 Rossi Impianti")], Json.IReadOnlyListLinkChoice),
        ["ListDeals"] = Read(Page(Boilers), Json.ListPageDealDetailView),
        ["GetDeal"] = Read(Boilers, Json.DealDetailView),
        ["CreateDeal"] = Write(new DealCreate(Deal, Client, "sale", "New boilers", 1250m, "EUR"), Json.DealCreate, Boilers with { Version = 1 }, Json.DealDetailView),
        ["SaveDeal"] = Write(new DealSave("New boilers", 1250m, "EUR", Anna, "proposal", Version: 1), Json.DealSave, Boilers, Json.DealDetailView),
        ["MoveDeal"] = Write(new DealMove("proposal", 1), Json.DealMove, Boilers, Json.DealDetailView),
        ["DeleteDeal"] = Read(Boilers with { Version = 3, DeletedAt = Then }, Json.DealDetailView),
        ["RestoreDeal"] = Read(Boilers with { Version = 4 }, Json.DealDetailView),
        ["ListDealBin"] = Read(Page(new DealBinRow(Deal, 311, "New boilers", "Mario Rossi", Then, "Sara Conti", Then.AddDays(30))), Json.ListPageDealBinRow),
        ["GetTranscript"] = Read(new TranscriptView(Deal, "done", "en", "small", Then, [new TranscriptLineView("agent", 1200, 3400, "Good morning, how can I help you?", "Anna Verdi"),
            new TranscriptLineView("client", 3900, 6100, "I am calling about the two boilers.")], MayRedo: false), Json.TranscriptView),
        ["ListFiles"] = Read(new FilesView([OfferFile], "MTIwNw"), Json.FilesView),
        ["GetFile"] = Read(OfferFile, Json.FileView),
        ["RenameFile"] = Write(new FileSave("offer.pdf", 1), Json.FileSave, OfferFile, Json.FileView),
        ["ListTasks"] = Read(Page(Offer), Json.ListPageTaskView),
        ["GetTask"] = Read(Offer, Json.TaskView),
        ["CreateTask"] = Write(new TaskCreate(Task, "Send the offer", Then.AddDays(1), "task", ClientId: Client), Json.TaskCreate, Offer, Json.TaskView),
        ["SaveTask"] = Write(new TaskSave("Send the offer", Then.AddDays(2), Version: 1), Json.TaskSave, Offer with { DueAt = Then.AddDays(2), Version = 2 }, Json.TaskView),
        ["SetTaskDone"] = new(Node(new TaskDone(true), Json.TaskDone), null),
        ["DeleteTask"] = Read(Offer with { Version = 2, DeletedAt = Then }, Json.TaskView),
        ["RestoreTask"] = Read(Offer with { Version = 3 }, Json.TaskView),
        ["ListTaskBin"] = Read(Page(new TaskBinRow(Task, "task", "Send the offer", "Anna Verdi", Then, "Anna Verdi", Then.AddDays(30))), Json.ListPageTaskBinRow),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What each webhook is told.</summary>
    public static FrozenDictionary<string, JsonNode> ByEvent { get; } = WebhookEvents.All.Append(WebhookEvents.Ping).ToFrozenDictionary(e => e, e => Node(Told(e), Json.WebhookMessage)!, StringComparer.Ordinal);

    static WebhookMessage Told(string what)
    {
        var told = new WebhookMessage(Id(9), what, Then, Id(10).ToString());
        return what switch
        {
            WebhookEvents.ClientSaved => told with { Key = Client.ToString(), Client = Card },
            WebhookEvents.ClientMerged => told with { Key = Merge.ToString(), Merge = new MergeTold(Merge, Client, Other, Then, "Sara Conti", ["email"]) },
            WebhookEvents.ClientUnmerged => told with { Key = Merge.ToString(), Merge = new MergeTold(Merge, Client, Other, Then.AddDays(-1), "Sara Conti", ["email"], Then, "Sara Conti", []) },
            WebhookEvents.CallStarted or WebhookEvents.CallAnswered or WebhookEvents.CallEnded or WebhookEvents.WrapUpSaved or WebhookEvents.RecordingReady => told with { Call = Samples.Of(typeof(CallRow))!.Deserialize(Json.CallRow) },
            WebhookEvents.DealSaved => told with { Key = Deal.ToString(), Deal = Boilers },
            WebhookEvents.DealMoved => told with { Key = Deal.ToString(), Deal = Boilers, From = "open", To = "proposal" },
            WebhookEvents.TaskSaved => told with { Key = Task.ToString(), Task = Offer },
            WebhookEvents.TaskDone => told with { Key = Task.ToString(), Task = Offer with { DoneAt = Then } },
            WebhookEvents.NoteAdded => told with { Note = new NoteTold(Id(10), Client, Then, "Anna Verdi", "Prefers to be rung after four") },
            WebhookEvents.MailAdded or WebhookEvents.MailRestored => told with { Key = OfferMail.Id.ToString(), Mail = OfferMail },
            WebhookEvents.FileAdded or WebhookEvents.FileRenamed or WebhookEvents.FileRestored => told with { Key = OfferFile.Id.ToString(), File = OfferFile with { MayDelete = false } },
            _ => told,
        };
    }

    static Guid Id(int n) => new($"0193b6c0-7a3e-7000-8000-{n:x12}");

    static ListPage<T> Page<T>(T item) => new([item], "MTIwNw");

    static Example Read<T>(T answer, JsonTypeInfo<T> json) => new(null, Node(answer, json));

    static Example Write<TBody, TAnswer>(TBody body, JsonTypeInfo<TBody> ofBody, TAnswer answer, JsonTypeInfo<TAnswer> ofAnswer) => new(Node(body, ofBody), Node(answer, ofAnswer));

    static JsonNode? Node<T>(T value, JsonTypeInfo<T> json) => JsonSerializer.SerializeToNode(value, json);
}
