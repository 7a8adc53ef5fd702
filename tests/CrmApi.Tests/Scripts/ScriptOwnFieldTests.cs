using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.CrmApi.Tests.Reports;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>A script over the site's own fields, from the pop to the card, the call's page, the file and the report.</summary>
[Trait("Category", "Slow")]
public sealed class ScriptOwnFieldTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly (string Code, string Kind, NamedCode[] Options)[] Own =
    [
        ("plan", "choice", [new("gold", "Gold"), new("silver", "Silver")]), ("likes", "choices", [new("roof", "Roof"), new("heat", "Heating")]), ("floors", "number", []), ("rate", "money", []),
        ("ends", "date", []), ("insured", "yes_no", []), ("remark", "text", []), ("passing", "text", []),
    ];

    static async Task FieldAsync(Page admin, ClientFieldSetup field)
    {
        using var answer = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{field.Code}", field, ContractsJson.Default.ClientFieldSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The fields, known to the live state as well.</summary>
    async Task MakeFieldsAsync()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var database = await host.Database.OpenConnectionAsync();
        foreach (var (code, kind, options) in Own)
        {
            if (!await database.ExecuteScalarAsync<bool>("select exists (select from client_field where code = @code)", new { code })) await FieldAsync(ada, new ClientFieldSetup(code, "The " + code, kind, options, 10, false, 0));
        }

        await KnownAsync(fields => Own.All(o => fields.Any(f => f.Code == o.Code)));
    }

    async Task KnownAsync(Func<IReadOnlyList<CustomField>, bool> so)
    {
        var facts = host.Services.GetRequiredService<LiveFacts>();
        for (var n = 0; !so(facts.Names.Fields); n++)
        {
            n.Should().BeLessThan(500, "the settings' hint brings them");
            await Task.Delay(20);
        }
    }

    /// <summary>Long enough for the library; goes before all others for Rossi, by a condition on a field.</summary>
    static string Yaml(string id, string city) => $$$"""
        id: {{{id}}}
        title: Own fields
        language: en
        priority: 900
        for:
          client: known
          deal: open
          direction: inbound
          deal_stage: [negotiation, open]
          where:
            - { field: client.city, is: {{{city}}} }
            - { field: client.custom.passing, empty: true }
        greeting: "Hello, {{client.name|there}}."
        steps:
          - id: ask
            title: Ask
            questions:
              - { id: plan, ask: "Which plan?", kind: choice, fills: client.custom.plan }
              - { id: likes, ask: "What do you like?", kind: choices, fills: client.custom.likes }
              - { id: floors, ask: "How many floors?", kind: number, fills: client.custom.floors }
              - { id: rate, ask: "Which rate?", kind: money, fills: client.custom.rate }
              - { id: ends, ask: "When does it end?", kind: date, fills: client.custom.ends }
              - { id: insured, ask: "Insured?", kind: yes/no, fills: client.custom.insured }
              - { id: remark, ask: "Anything else?", kind: text, fills: client.custom.remark }
              - { id: passing, ask: "For the moment?", kind: text, fills: client.custom.passing }
              - { id: mail, ask: "Your address?", kind: text, fills: client.email }
              - { id: untold, ask: "Only for us?", kind: text }
            branches:
              - when: { field: client.custom.plan, is: gold }
                goto: gold
          - { id: plain, title: Plain, say: "Plain.", goto: end }
          - { id: gold, title: Gold, say: "Gold.", when: { field: client.custom.floors, at_least: 2 } }
          - id: way
            title: Way
            questions: [{ id: way, ask: "Which way?", kind: yes/no, answers: [{ id: yes, goto: end }, { id: no, goto: five }] }]
          - { id: five, title: Five, say: "Five." }
          - { id: six, title: Six, say: "Six." }
        objections:
          - { id: a, when: "A", say: "A." }
          - { id: b, when: "B", say: "B." }
          - { id: c, when: "C", say: "C." }
        """;

    static async Task PublishAsync(Page page, string id, string yaml)
    {
        using var saved = await page.Http.PutAsJsonAsync($"api/script-edits/{id}/draft", new ScriptDraftSave(yaml, 0, 0), ContractsJson.Default.ScriptDraftSave);
        saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
        var draft = (await saved.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptEditView))!;
        draft.Problems.Should().BeEmpty();
        using var published = await page.Http.PostAsJsonAsync($"api/script-edits/{id}/publish", new ScriptPublish(draft.Draft), ContractsJson.Default.ScriptPublish);
        published.StatusCode.Should().Be(HttpStatusCode.OK, await published.Content.ReadAsStringAsync());
    }

    static async Task<Guid> TalkAsync(Story story)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null), .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi, deal: Seeds.RossiDeal),
            .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        return call;
    }

    static async Task AnswerAsync(Page page, Guid call, params (string Field, string Value)[] fields)
    {
        foreach (var (field, value) in fields)
        {
            using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/draft/{field}", new DraftWrite(value, "p"), ContractsJson.Default.DraftWrite);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }
    }

    static async Task WrapUpAsync(Page page, Guid call, string disposition = "sale", Guid? deal = null, string? stage = null)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave(disposition, "", "", false, "p", Guid.Empty, Deal: deal, Stage: stage), ContractsJson.Default.WrapUpSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    static async Task<Dictionary<string, string>> CardAsync(Page page) =>
        (await page.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView)).Custom!.ToDictionary(c => c.Key, c => c.Value.GetRawText());

    static async Task<WrapUpView> SaidAsync(Page page, Guid call) => (await page.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).WrapUps!.Single();

    static (string, string, string?)[] Told(WrapUpView said) => [.. said.Answers!.Select(a => (a.Id, a.Text, a.NotTaken))];

    [PostgresFact]
    public async Task Answers_go_onto_the_card_as_far_as_it_takes_them_and_all_of_them_stay_with_the_call()
    {
        await MakeFieldsAsync();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set custom = '{}', email = '', city = 'Milano' where id = @Rossi", new { Seeds.Rossi });
        await using var marco = await host.SignInAsync("marco");
        await PublishAsync(marco, "own-fields", Yaml("own-fields", "Milano"));
        await using var anna = await host.SignInAsync("anna");
        await using var story = await Story.BeginAsync(host);
        var desk = await anna.OpenAsync();
        var call = await TalkAsync(story);
        var led = (await desk.NextAsync<PopEvent>(e => e.Pop.CallId == call)).Pop.Script!.Script;
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        led.Id.Should().Be("own-fields");
        led.Why!.Met.Should().Contain(new ScriptConditionMet("field", "Milano", "client.city", ScriptOperator.Is)).And.Contain(new ScriptConditionMet("field", "", "client.custom.passing", ScriptOperator.Empty));
        led.Steps[0].Questions[0].Answers.Select(a => (a.Id, a.Label)).Should().Equal(("gold", "Gold"), ("silver", "Silver"));
        var walked = new Dictionary<string, string> { ["plan"] = "gold" };
        ScriptWalk.Next(led, led.Steps[0], walked).Should().Be("way", "of the floors nothing is known, so gold is passed over");
        ScriptWalk.Next(led, led.Steps[0], new Dictionary<string, string>(walked) { ["floors"] = "3" }).Should().Be("gold");

        await AnswerAsync(anna, call, ("script.step", "ask way five six end"), ("answer.plan", "gold"), ("answer.likes", "heat,roof"), ("answer.floors", "many"), ("answer.rate", "1250.5"), ("answer.ends", "2027-01-31"),
            ("answer.insured", "no"), ("answer.remark", "<b>=1+1</b>"), ("answer.passing", "soon gone"), ("answer.mail", "not an address"), ("answer.untold", "between us"), ("answer.way", "no"));
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        await story.WrittenAsync(host);
        await WrapUpAsync(anna, call);

        (await CardAsync(anna)).Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["plan"] = "\"gold\"",
            ["likes"] = """["roof","heat"]""",
            ["rate"] = """{"amount":1250.50,"currency":"EUR"}""",
            ["ends"] = "\"2027-01-31\"",
            ["insured"] = "false",
            ["remark"] = "\"<b>=1+1</b>\"",
            ["passing"] = "\"soon gone\"",
        }, "what does not fit stays away, and takes nothing with it");
        Told(await SaidAsync(anna, call)).Should().Equal(("plan", "Gold", null), ("likes", "Heating, Roof", null), ("floors", "many", "expected a number such as 12.5"), ("rate", "1250.5", null), ("ends", "2027-01-31", null), ("insured", "No", null),
            ("remark", "<b>=1+1</b>", null), ("passing", "soon gone", null), ("mail", "not an address", "expected an address such as anna@example.com"), ("untold", "between us", null), ("way", "No", null));
        var audited = (await database.QueryAsync<(string Before, string After)>("select detail ->> 'before', detail ->> 'after' from audit where action = 'client.filled' and object_id = @id and user_id = @Anna", new { id = Seeds.Rossi.ToString(), Seeds.Anna })).Single();
        JsonSerializer.Deserialize<Dictionary<string, string>>(audited.After).Should().Contain("custom.plan", "\"gold\"").And.NotContainKeys("custom.floors", "email", "name");
        JsonSerializer.Deserialize<Dictionary<string, string>>(audited.Before)!["custom.plan"].Should().BeEmpty();

        // Gone back and answered otherwise: the value changes; what fits now is taken.
        await AnswerAsync(anna, call, ("answer.plan", "silver"), ("answer.floors", "4"), ("answer.mail", "mario@example.com"));
        await WrapUpAsync(anna, call);
        (await CardAsync(anna)).Should().Contain("plan", "\"silver\"").And.Contain("floors", "4");
        Told(await SaidAsync(anna, call)).Where(a => a.Item3 is not null).Should().BeEmpty();
        (await database.ExecuteScalarAsync<string>("select email from client where id = @Rossi", new { Seeds.Rossi })).Should().Be("mario@example.com");

        // A field that is put away, one of another kind, and one that the layout closes: said, and nothing lost.
        await using var ada = await host.SignInAsync("ada");
        await FieldAsync(ada, new ClientFieldSetup("passing", "The passing", "text", [], 10, true, 1));
        await FieldAsync(ada, new ClientFieldSetup("insured", "The insured", "text", [], 10, false, 1));
        await KnownAsync(fields => fields.All(f => f.Code != "passing") && fields.Single(f => f.Code == "insured").Kind == "text");
        using (await ada.Http.PutAsJsonAsync("api/admin/card-layouts", new CardLayout("agent", null, [new CardGroup("Main", [new CardField("custom.plan", CardLayouts.ReadOnly)])], 0), ContractsJson.Default.CardLayout))
        {
        }

        await AnswerAsync(anna, call, ("answer.plan", "gold"), ("answer.passing", "said again"), ("answer.insured", "yes"), ("answer.remark", "changed"));
        await WrapUpAsync(anna, call);
        (await CardAsync(anna)).Should().Contain("plan", "\"silver\"").And.Contain("remark", "\"changed\"").And.Contain("insured", "\"yes\"", "a text takes a yes");
        Told(await SaidAsync(anna, call)).Where(a => a.Item3 is not null).Should().Equal(("plan", "Gold", "a field that your card lets you change"), ("passing", "said again", "the code of a field that is in use"));
        (await database.ExecuteScalarAsync<string>("select answers ->> 'passing' from wrap_up where call_id = @call", new { call })).Should().Be("said again");
        await database.ExecuteAsync("delete from card_layout");

        // By those who may export, a row per wrap-up and a column per question.
        await using var sara = await host.SignInAsync("sara");
        using var file = await sara.Http.GetAsync("api/reports/scripts/answers?script=own-fields&period=today");
        file.StatusCode.Should().Be(HttpStatusCode.OK, await file.Content.ReadAsStringAsync());
        var table = Csv.Read((await file.Content.ReadAsStringAsync()).TrimStart('\ufeff'));
        table[0].Skip(2).Should().Equal("Agent", "Client number", "Client", "Disposition", "Way", "Which plan?", "What do you like?", "How many floors?", "Which rate?", "When does it end?", "Insured?", "Anything else?", "For the moment?",
            "Your address?", "Only for us?", "Which way?");
        table[1].Skip(2).Where((_, n) => n != 1).Should().Equal("Anna Verdi", "Mario Rossi", "Sale", "ask way five six end", "Gold", "Heating, Roof", "4", "1250.5", "2027-01-31", "Yes", "changed", "said again", "mario@example.com", "between us", "No");
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'export' and object = 'questionnaire' and object_id like 'csv own-fields %'")).Should().Be(1);
        (await anna.ProblemAsync(HttpMethod.Get, "api/reports/scripts/answers?script=own-fields")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await sara.ProblemAsync(HttpMethod.Get, "api/reports/scripts/answers")).Problem.Errors!.Keys.Should().Equal("script");
        (await sara.ProblemAsync(HttpMethod.Get, "api/reports/scripts/answers?script=x&format=pdf")).Problem.Errors!.Keys.Should().Equal("format");
    }

    [PostgresFact]
    public async Task Fields_that_one_does_not_see_are_left_out_of_the_answers()
    {
        await MakeFieldsAsync();
        var script = ScriptText.Good(Yaml("veiled", "Milano"));
        var questionnaires = host.Services.GetRequiredService<Questionnaires>();
        IEnumerable<string> Seen(Veil veil) => questionnaires.View(script, """{"mail":"a@b.example","plan":"gold","untold":"x","gone":"kept"}""", "{}", veil).Select(a => $"{a.Id} {a.Ask}: {a.Text}");
        Seen(Veil.None).Should().Equal("plan Which plan?: Gold", "mail Your address?: a@b.example", "untold Only for us?: x", "gone gone: kept");
        Seen(new Veil(false, ["email", "custom.plan"])).Should().Equal("untold Only for us?: x", "gone gone: kept");
    }

    [PostgresFact]
    public async Task The_editor_names_what_does_not_fit_the_sites_fields_and_publishes_with_warnings_alone()
    {
        await MakeFieldsAsync();
        await using var marco = await host.SignInAsync("marco");
        async Task<ScriptTryView> TryAsync(string yaml, Guid? client = null)
        {
            using var answer = await marco.Http.PostAsJsonAsync("api/script-edits/try", new ScriptTry(yaml, "tried-own", client), ContractsJson.Default.ScriptTry);
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptTryView))!;
        }

        var yaml = Yaml("tried-own", "Torino").Replace("client.custom.remark", "client.custom.remarks", StringComparison.Ordinal);
        var tried = await TryAsync(yaml, Seeds.Rossi);
        tried.Problems.Should().ContainSingle().Which.Should().Match<ScriptProblemView>(p => p.Warning && p.Line == 24 && p.Message.Contains("this site has no field \"client.custom.remarks\", did you mean \"remark\"?"));
        tried.Unmet.Should().Equal(new ScriptConditionMet("field", "Torino", "client.city", ScriptOperator.Is));
        tried.View!.Steps[0].Questions[0].Answers.Should().HaveCount(2, "as the agent sees it");
        (await TryAsync(yaml.Replace("client.custom.plan, is: gold", "client.custom.plan, at_least: 3", StringComparison.Ordinal))).Problems.Where(p => !p.Warning)
            .Should().ContainSingle().Which.Message.Should().Be("\"at_least\" does not fit field \"client.custom.plan\", a choice, expected one of: is, is_not, one_of, filled, empty");

        using var saved = await marco.Http.PutAsJsonAsync("api/script-edits/tried-own/draft", new ScriptDraftSave(yaml.Replace("at_least: 2", "at_least: \"2\"", StringComparison.Ordinal), 0, 0), ContractsJson.Default.ScriptDraftSave);
        var draft = (await saved.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptEditView))!;
        using var published = await marco.Http.PostAsJsonAsync("api/script-edits/tried-own/publish", new ScriptPublish(draft.Draft), ContractsJson.Default.ScriptPublish);
        published.StatusCode.Should().Be(HttpStatusCode.OK, await published.Content.ReadAsStringAsync());
    }

    [PostgresFact]
    public async Task Moves_of_deals_are_kept_with_the_call_and_counted_by_way_and_answer()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set stage = 'negotiation', version = 1 where id = @RossiDeal; delete from call_stage_change; delete from wrap_up", new { Seeds.RossiDeal });
        await using var anna = await host.SignInAsync("anna");
        await using var story = await Story.BeginAsync(host);
        var desk = await anna.OpenAsync();
        var call = await TalkAsync(story);
        var script = (await desk.NextAsync<PopEvent>(e => e.Pop.CallId == call)).Pop.Script!.Script;
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        var (first, choice) = (script.Steps[0], script.Steps[0].Questions.First(q => q.Answers.Count > 0));
        await AnswerAsync(anna, call, ("script.step", first.Id), ($"answer.{choice.Id}", choice.Answers[0].Id));
        using (var moved = await anna.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}/stage", new DealMove("open", 1), ContractsJson.Default.DealMove)) moved.StatusCode.Should().Be(HttpStatusCode.OK);
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        await story.WrittenAsync(host);
        await WrapUpAsync(anna, call, deal: Seeds.RossiDeal, stage: "negotiation");
        (await database.QueryAsync<string>("select before || ' ' || after from call_stage_change where call_id = @call and agent_id = @Anna and deal_id = @RossiDeal order by id", new { call, Seeds.Anna, Seeds.RossiDeal }))
            .Should().Equal("negotiation open", "open negotiation");
        await using var sara = await host.SignInAsync("sara");
        Task<ScriptReportView> ReportAsync() => sara.GetAsync($"api/reports/scripts?period=today&script={script.Id}", ContractsJson.Default.ScriptReportView);
        (await ReportAsync()).Paths.Single().Stages.Should().BeEmpty("there and back again is no move");

        await WrapUpAsync(anna, call, deal: Seeds.RossiDeal, stage: "open");
        var report = await ReportAsync();
        var expected = new ScriptStageRow(new NamedCode("order", "Order"), new NamedCode("negotiation", "Negotiation"), new NamedCode("open", "Open"), null, 1);
        report.Paths.Single().Stages.Should().Equal(expected);
        var answer = report.Answers!.Single();
        (answer.Question.Code, answer.Answer.Name, answer.Calls).Should().Be((choice.Id, choice.Answers[0].Label, 1));
        answer.Dispositions.Should().Equal(new ScriptOutcomeRow("sale", "Sale", "positive", 1));
        answer.Stages.Should().Equal(expected);

        using var file = await sara.Http.GetAsync($"api/reports/scripts/csv?period=today&script={script.Id}");
        file.StatusCode.Should().Be(HttpStatusCode.OK);
        var table = Csv.Read((await file.Content.ReadAsStringAsync()).TrimStart('\ufeff'));
        table.Should().OnlyContain(row => row.Length == 19);
        table.Where(r => r[6] == "stage").Select(r => string.Join("|", r[0], r[3], r[9], r[10], r[11], r[13])).Should().Equal("way||Order|Negotiation|Open|1", $"answer|{choice.Answers[0].Label}|Order|Negotiation|Open|1");
        table.Should().Contain(r => r[0] == "step" && r[1] == first.Title);
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'export' and object = 'report' and object_id like 'scripts %'")).Should().Be(1);
        (await anna.ProblemAsync(HttpMethod.Get, "api/reports/scripts/csv")).Status.Should().Be(HttpStatusCode.Forbidden);
        await database.ExecuteAsync("update deal set stage = 'negotiation', version = 1 where id = @RossiDeal", new { Seeds.RossiDeal });
    }

    /// <summary>By hand: two calls on one way, each with a deal of its own moved from open to negotiation; one of them moved it on and back; a third moved nothing.</summary>
    [PostgresFact]
    public async Task The_moves_of_the_report_are_what_was_counted_by_hand()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        async Task StoredAsync(string path, string answers, params string[] moves)
        {
            var (call, deal) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            await database.ExecuteAsync(
                """
                insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, agent_id, started_at, answered_at, ended_at, outcome, last_seq)
                values (@call, 'main', 'pbx', 'Inbound', 'Ended', true, '+390212345678', 'E164', '390233334444', @Anna, '2025-05-05 10:00+00', '2025-05-05 10:00+00', '2025-05-05 10:05+00', 'Answered', 0);
                insert into wrap_up (call_id, agent_id, disposition, script_id, script_version, path, answers, created_at) values (@call, @Anna, 'callback', 'known-client', '000000000000', @path, @answers::jsonb, '2025-05-05 10:06+00');
                insert into deal (id, client_id, deal_type, stage, title, amount, stage_since, created_at) values (@deal, @Bianchi, 'order', 'open', 'By hand', 1, now(), now());
                """, new { call, deal, path = path.Split(' '), answers, Seeds.Anna, Seeds.Bianchi });
            foreach (var move in moves.Select(m => m.Split('>')))
                await database.ExecuteAsync("insert into call_stage_change (call_id, agent_id, deal_id, deal_type, before, after, made_at) values (@call, @Anna, @deal, 'order', @before, @after, now())", new { call, deal, before = move[0], after = move[1], Seeds.Anna });
        }

        await StoredAsync("reason service", """{"call_reason":"question","solved":"yes"}""", "open>negotiation");
        await StoredAsync("reason service", """{"call_reason":"question"}""", "open>negotiation", "negotiation>open", "open>negotiation");
        await StoredAsync("reason service", """{"call_reason":"question"}""", "open>negotiation", "negotiation>open");
        await StoredAsync("reason complaint", """{"call_reason":"complaint","complaint_words":"question"}""", ">open");

        await using var sara = await host.SignInAsync("sara");
        var report = await sara.GetAsync("api/reports/scripts?from=2025-05-05&to=2025-05-05&script=known-client", ContractsJson.Default.ScriptReportView);
        string Moves(IReadOnlyList<ScriptStageRow> rows) => string.Join(", ", rows.Select(s => $"{s.Before?.Name ?? "new"} > {s.After.Name} {s.Calls}"));
        report.Paths.Select(p => $"{string.Join(" ", p.Steps.Select(s => s.Code))} {p.Calls}: {Moves(p.Stages!)}").Should().Equal("reason service 3: Open > Negotiation 2", "reason complaint 1: new > Open 1");
        report.Answers!.Select(a => $"{a.Question.Code} {a.Answer.Code} {a.Calls} {a.Dispositions.Sum(d => d.Calls)}: {Moves(a.Stages)}")
            .Should().Equal("call_reason question 3 3: Open > Negotiation 2", "call_reason complaint 1 1: new > Open 1", "solved yes 1 1: Open > Negotiation 1");
        await database.ExecuteAsync("delete from call_stage_change; delete from deal where title = 'By hand'");
    }
}
