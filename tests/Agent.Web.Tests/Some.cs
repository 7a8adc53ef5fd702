using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>What the server may send, with everything beside the point filled in.</summary>
static class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 5, 12, 0, 0, TimeSpan.Zero);
    public static readonly Guid CallId = Guid.Parse("0190b000-0000-7000-8000-000000000001");
    public static readonly Guid OfferId = Guid.Parse("0190b000-0000-7000-8000-000000000002");
    public static readonly Guid ClientId = Guid.Parse("0190b000-0000-7000-8000-000000000003");

    public static CallerView Caller(string? number = "+39 02 1234 5678", string name = "", string kind = "E164") => new(number, kind, name, "IT");

    public static ReasonView Reason(string rule = "LeastBusy", string? chosen = null, string? preferred = null, string? preferredBy = null, string? preferredState = null,
        DateTimeOffset? lastContact = null, params ReasonCandidateView[] candidates) =>
        new(rule, chosen, preferred, preferredBy, preferredState, lastContact, candidates, candidates.Length);

    public static ClientCardView Card(string name = "Ilaria Gentile", int version = 1) =>
        new(ClientId, 7, "person", name, "", "", "", "", null, null, null, "", "", null, null, true, version, [], [], null, Noon);

    public static PopView Pop(Guid? offer = null, Guid? call = null, ClientCardView? card = null, ScriptChoiceView? script = null) =>
        new(offer ?? OfferId, call ?? CallId, 11, Noon, 20, 3, Caller(), card is null ? "None" : "One", "Sales", "Website", null, Reason(), card, [], script, "PJSIP/110", true, true, false);

    public static LiveCallView Call(string state = "Talking", Guid? id = null, ScriptChoiceView? script = null, params DraftFieldView[] draft) =>
        new(id ?? CallId, 11, "Inbound", state, Caller(), "One", "Sales", "Website", Noon, Noon, null, state == "Ended" ? Noon : null, null, null, 3,
            Reason(), null, [], script, true, true, true, draft);

    public static DraftFieldView Field(string field, string value, long version, string page = "other") => new(field, value, version, page, Noon);

    public static DraftFieldView OthersNote(string by, string value, long version) => Field("note.0190b000-0000-7000-8000-0000000000a1", value, version) with { By = by };

    public static AgentStateView State(string state = "Ready", string? reason = null, DateTimeOffset? until = null, bool canExtend = false) =>
        new(state, reason, "pbx", "110", Noon, until, null, canExtend);

    public static MyStateEvent Me(string state) => new(State(state), Today);

    public static TodayView Today { get; } = new(1, 60, 10, 0);

    public static DeskView Desk(string state = "Ready", PopView? pop = null, LiveCallView? call = null) => new(State(state), Today, pop, call, [], false);

    public static FeedMessage Snapshot(DeskView desk) => new("1", [], Snapshot: true, Desk: desk);

    public static FeedMessage Message(params LiveEvent[] events) => new("2", events);

    public static LineView Line(string text) => new([new LinePart(text)]);

    public static AnswerView Answer(string id, string? leadsTo = null) => new(id, id, id, leadsTo is not null, leadsTo, []);

    /// <summary>why (need or question → details, complaint → sorry) → details (budget, required; name) → end.</summary>
    public static ScriptChoiceView Script()
    {
        var why = new QuestionView("reason", Line("Why do you call?"), QuestionKind.Choice, true, null, null, null, null, [Answer("need"), Answer("question"), Answer("complaint", "sorry")]);
        var budget = new QuestionView("budget", Line("Is there a budget?"), QuestionKind.YesNo, true, null, null, null, null, [Answer("yes"), Answer("no")]);
        var name = new QuestionView("name", Line("Who decides?"), QuestionKind.Text, false, null, null, null, null, []);
        var script = new ScriptView("known", "1", "Known client", "en", [Line("Good morning.")], "why",
        [
            new StepView("why", "Reason", [Line("What can I do?")], null, [why], "details", 2),
            new StepView("details", "Details", [Line("Let me note that.")], null, [budget, name], null, 1),
            new StepView("sorry", "Complaint", [Line("I am sorry.")], null, [], null, 1),
        ], [new ObjectionView("busy", "I have no time", [Line("One minute.")], null, false, null)]);
        return new ScriptChoiceView("known", "1", "Known client", script);
    }

    public static SessionView Session { get; } =
        new(Guid.Parse("0190b000-0000-7000-8000-000000000009"), "demo", "Alex Romano", ["agent"], true, "en", "Europe/Rome", [new ExtensionView("pbx", "110", "110", true, true, null)], Guid.Empty,
            Rights: new Dictionary<string, string> { ["client.view"] = "all", ["client.create"] = "all", ["client.edit"] = "own", ["call.view"] = "own", ["recording.listen"] = "own", ["missed.work"] = "own", ["script.view"] = "all", ["deal.create"] = "own", ["deal.edit"] = "own", ["task.view"] = "own", ["task.create"] = "own", ["task.edit"] = "own", ["task.delete"] = "own" });

    /// <summary>With the rights that the server gives this role.</summary>
    public static SessionView As(string role)
    {
        string[] rights = ["client.view", "client.create", "client.edit", "call.view", "recording.listen", "missed.work", "script.view", "deal.create", "deal.edit", "task.view", "task.create", "task.edit", "task.delete"];
        if (role != "agent") rights = [.. rights, "client.review", "board.view", "missed.figures", "report.view", "report.export"];
        if (role is "supervisor" or "admin") rights = [.. rights, "agent.supervise", "call.edit", "call.listen", "block.edit"];
        if (role != "agent") rights = [.. rights, "client.merge", "client.delete", "client.import", "client.export", "deal.export", "task.export", "call.export", "file.delete"];
        if (role is "manager" or "admin") rights = [.. rights, "script.edit"];
        if (role == "admin") rights = [.. rights, "settings.configure"];
        return Session with { Roles = [role], Model = role, Rights = rights.ToDictionary(r => r, r => role == "agent" && r != "client.view" ? "own" : "all") };
    }

    public static CatalogView Catalog { get; } = new([new PauseReasonView("break", "Break", 15)],
        [new DispositionView("solved", "Solved", "positive"), new DispositionView("order", "Order", "positive"), new DispositionView("wrong", "Wrong number", "neutral")], [], [], [], []);
}
