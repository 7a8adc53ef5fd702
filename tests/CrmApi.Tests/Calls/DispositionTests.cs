using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Calls;

/// <summary>The tree of dispositions, and what follows from one: tasks, stages, the mark, once each.</summary>
[Trait("Category", "Slow")]
public sealed class DispositionTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    static readonly FollowUpRule InTwoDays = new("Ring again", 2, "10:00");

    static readonly CodeSetup[] Tree =
    [
        new("sale", "Sale", "positive", Rule: new DispositionRule(Task: new FollowUpRule("Send the papers", 1, "09:00"), Stage: new StageRule("order", "open"))),
        new("callback", "Call back", "neutral", Rule: new DispositionRule(Callback: InTwoDays)),
        new("not_now", "Not now", Group: true),
        new("agreed", "A time was agreed", "neutral", Parent: "not_now", Rule: new DispositionRule(Callback: new FollowUpRule("Ring as agreed", 0, Ask: true))),
        new("never", "Never again", "negative", Parent: "not_now", Rule: new DispositionRule(DoNotCall: true)),
        new("fault", "A fault", "negative", Queues: [Seeds.Support]),
        new("plain", "Nothing follows", "neutral"),
    ];

    Story story = null!;
    Page ada = null!, anna = null!, sara = null!;

    public async Task InitializeAsync()
    {
        story = await Story.BeginAsync(host);
        (ada, anna, sara) = (await host.SignInAsync("ada"), await host.SignInAsync("anna"), await host.SignInAsync("sara"));
        await PlantAsync();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from wrap_up_effect; delete from wrap_up; delete from task where call_id is not null;
            delete from deal where id <> @deal; update deal set stage = 'negotiation', closed_at = null where id = @deal; update client set do_not_call_at = null, do_not_call_by = null
            """, new { deal = Seeds.RossiDeal });
    }

    public async Task DisposeAsync()
    {
        await story.DisposeAsync();
        foreach (var page in new[] { ada, anna, sara }) await page.DisposeAsync();
    }

    async Task PlantAsync()
    {
        using var answer = await ada.Http.PutAsJsonAsync("api/admin/dispositions", new CodesSave(Tree), ContractsJson.Default.CodesSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    async Task<Guid> EndedAsync()
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([
            .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null),
        ]);
        await story.WrittenAsync(host);
        return call;
    }

    static WrapUpSave Say(string disposition, string nextStep = "") => new(disposition, "", nextStep, false, "p", Guid.Empty);

    async Task SaveAsync(Guid call, WrapUpSave save)
    {
        using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save, ContractsJson.Default.WrapUpSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    async Task<IReadOnlyDictionary<string, string[]>> RefusedAsync(Guid call, WrapUpSave save)
    {
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-up", JsonSerializer.Serialize(save, ContractsJson.Default.WrapUpSave));
        status.Should().Be(HttpStatusCode.BadRequest);
        return problem.Errors!;
    }

    async Task ChangeAsync(Page page, Guid call, string disposition)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-ups/{Seeds.Anna}/disposition", new DispositionChange(disposition), ContractsJson.Default.DispositionChange);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    sealed record Work(string Kind, string Title, DateTimeOffset DueAt, DateTimeOffset? DoneAt, Guid UserId, Guid? ClientId);

    async Task<List<Work>> TasksAsync(Guid call)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return (await database.QueryAsync<Work>("select kind, title, due_at, done_at, user_id, client_id from task where call_id = @call order by kind", new { call })).AsList();
    }

    async Task<T?> OneAsync<T>(string sql, object? values = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<T>(sql, values);
    }

    Task<string?> StageAsync() => OneAsync<string>("select stage from deal where id = @deal", new { deal = Seeds.RossiDeal });

    Task<long> CountAsync(string action) => OneAsync<long>("select count(*) from audit where action = @action", new { action });

    async Task<IReadOnlyDictionary<string, string[]>> ChangeRefusedAsync(Guid call, DispositionChange change)
    {
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-ups/{Seeds.Anna}/disposition", JsonSerializer.Serialize(change, ContractsJson.Default.DispositionChange));
        status.Should().Be(HttpStatusCode.BadRequest);
        return problem.Errors!;
    }

    [PostgresFact]
    public async Task Changed_to_one_that_asks_for_a_time_it_needs_one_to_come_and_makes_nothing_overdue()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("plain"));
        (await ChangeRefusedAsync(call, new DispositionChange("agreed")))["nextAt"].Should().Equal("the day and time that this disposition asks for");
        (await ChangeRefusedAsync(call, new DispositionChange("agreed", TimeProvider.System.GetUtcNow().AddHours(-1))))["nextAt"].Should().Equal("a time to come, within two years");
        (await ChangeRefusedAsync(call, new DispositionChange("agreed", TimeProvider.System.GetUtcNow().AddYears(3))))["nextAt"].Should().Equal("a time to come, within two years");
        (await ChangeRefusedAsync(call, new DispositionChange("agreed", TimeProvider.System.GetUtcNow().AddHours(1), new string('x', 2001))))["nextStep"].Should().Equal("at most 2000 characters");
        (await OneAsync<string>("select disposition from wrap_up where call_id = @call", new { call })).Should().Be("plain");
        (await TasksAsync(call)).Should().BeEmpty("what was refused made no callback");

        var at = new DateTimeOffset(TimeProvider.System.GetUtcNow().Date.AddDays(3).AddHours(15), TimeSpan.Zero);
        using (var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-ups/{Seeds.Anna}/disposition", new DispositionChange("agreed", at, "ask for Mara"), ContractsJson.Default.DispositionChange))
        {
            var given = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CallDetailView))!.WrapUps!.Single();
            (given.Disposition, given.NextAt, given.NextStep).Should().Be(("agreed", at, "ask for Mara"));
        }

        (await TasksAsync(call)).Single().Should().BeEquivalentTo(new { Kind = "callback", Title = "ask for Mara", DueAt = at, UserId = Seeds.Anna });

        // What was agreed stays through a change and back, unless that time has passed.
        await ChangeAsync(anna, call, "callback");
        await ChangeAsync(anna, call, "agreed");
        (await TasksAsync(call)).Should().ContainSingle(t => t.Kind == "callback").Which.DueAt.Should().Be(at);
        await ChangeAsync(anna, call, "callback");
        await OneAsync<int>("update wrap_up set next_at = now() - interval '1 hour' where call_id = @call returning 1", new { call });
        (await ChangeRefusedAsync(call, new DispositionChange("agreed"))).Keys.Should().Equal("nextAt");
    }

    [PostgresFact]
    public async Task A_time_that_is_given_with_a_change_to_one_that_brings_nothing_wants_to_know_what_for()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("callback"));
        var at = TimeProvider.System.GetUtcNow().AddDays(1);
        (await ChangeRefusedAsync(call, new DispositionChange("plain", at)))["nextStep"].Should().Equal("what is to be done at that time");
    }

    [PostgresFact]
    public async Task The_tree_goes_to_the_agents_and_back_to_the_form_as_it_was_saved()
    {
        (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Dispositions.Should().BeEquivalentTo(Tree, o => o.WithStrictOrdering());
        var catalog = await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView);
        catalog.Dispositions.Select(d => (d.Code, d.Parent, d.Group)).Should().Equal(
            ("sale", null, false), ("callback", null, false), ("not_now", null, true), ("agreed", "not_now", false), ("never", "not_now", false), ("fault", null, false), ("plain", null, false));
        catalog.Dispositions.Single(d => d.Code == "callback").Rule.Should().Be(new DispositionRule(Callback: InTwoDays));
        catalog.Dispositions.Single(d => d.Code == "fault").Queues.Should().Equal(Seeds.Support);
        var change = (await ada.GetAsync("api/admin/changes?limit=100", ContractsJson.Default.ListPageSettingsChangeView)).Items.Last(c => c.Kind == "dispositions");
        change.After.Should().Contain("Ring as agreed");
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { """{"code":"a","name":"A","outcome":"positive","parent":"sale"},{"code":"sale","name":"Sale","outcome":"positive"}""", "below branches of this list only" },
        { """{"code":"a","name":"A","outcome":"positive","parent":"gone"}""", "below branches of this list only" },
        { """{"code":"a","name":"A","group":true,"parent":"b"},{"code":"b","name":"B","group":true,"parent":"a"},{"code":"c","name":"C","outcome":"neutral"}""", "at most 3 levels, none below itself" },
        { """{"code":"a","name":"A","group":true},{"code":"b","name":"B","group":true,"parent":"a"},{"code":"c","name":"C","group":true,"parent":"b"},{"code":"d","name":"D","outcome":"neutral","parent":"c"}""", "at most 3 levels, none below itself" },
        { """{"code":"a","name":"A","group":true,"rule":{"doNotCall":true}},{"code":"b","name":"B","outcome":"neutral"}""", "no rule for a branch" },
        { """{"code":"a","name":"A","outcome":"great"}""", "one of positive, neutral, negative" },
        { """{"code":"a","name":"A","outcome":"neutral","queues":["0190b000-0000-7000-8000-000000000000"]}""", "queues that there are" },
        { """{"code":"a","name":"A","outcome":"neutral","queues":["00000000-0000-7000-8000-000000000015"]}""", "at least one disposition for every queue" },
        { """{"code":"a","name":"A","group":true}""", "at least one disposition for every queue" },
        { """{"code":"a","name":"A","outcome":"neutral","rule":{"task":{"title":"","days":1}}}""", "a task or callback with a title of 1 to 200 characters" },
        { """{"code":"a","name":"A","outcome":"neutral","rule":{"task":{"title":"x","days":366}}}""", "due in 0 to 365 days" },
        { """{"code":"a","name":"A","outcome":"neutral","rule":{"callback":{"title":"x","days":1,"at":"25:00"}}}""", "a time of the day such as 10:00" },
        { """{"code":"a","name":"A","outcome":"neutral","rule":{"callback":{"title":"x","days":1,"at":"10:00","minutes":5}}}""", "0 to 1440 minutes, and only without a time of the day" },
        { """{"code":"a","name":"A","outcome":"neutral","rule":{"task":{"title":"x","days":1,"ask":true},"callback":{"title":"y","days":1,"ask":true}}}""", "the agent is asked once: for the task or for the callback" },
        { """{"code":"a","name":"A","outcome":"neutral","rule":{"stage":{"dealType":"order","stage":"moon"}}}""", "stages that there are" },
    };

    [PostgresTheory]
    [MemberData(nameof(Wrong))]
    public async Task A_tree_that_cannot_be_is_refused_and_says_why(string items, string expected)
    {
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/dispositions", $$"""{"items":[{{items}}]}""");
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!["items"].Should().Equal(expected);
    }

    [PostgresTheory]
    [InlineData("not_now")]
    [InlineData("fault")]
    [InlineData("nonsense")]
    public async Task A_branch_another_queues_and_an_unknown_one_cannot_be_given(string disposition)
    {
        var call = await EndedAsync();
        (await RefusedAsync(call, Say(disposition)))["disposition"].Should().Equal("one of the catalog's dispositions");
        await SaveAsync(call, Say("plain"));
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-ups/{Seeds.Anna}/disposition", $$"""{"disposition":"{{disposition}}"}""");
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "disposition"));
    }

    [PostgresFact]
    public async Task What_follows_is_done_once_however_often_it_is_saved()
    {
        var call = await EndedAsync();
        for (var i = 0; i < 3; i++) await SaveAsync(call, Say("sale", "with the new price"));
        var task = (await TasksAsync(call)).Should().ContainSingle().Subject;
        (task.Kind, task.Title, task.UserId, task.ClientId).Should().Be(("task", "with the new price", Seeds.Anna, Seeds.Rossi));
        (await StageAsync()).Should().Be("open");
        (await OneAsync<long>("select count(*) from audit where action = 'deal.moved' and object_id = @deal and detail ->> 'before' = 'negotiation' and detail ->> 'after' = 'open' and user_id = @anna",
            new { deal = Seeds.RossiDeal.ToString(), Seeds.Anna })).Should().BeGreaterThan(0);
        var moves = await CountAsync("deal.moved");
        await SaveAsync(call, Say("sale", "with the new price"));
        (await CountAsync("deal.moved")).Should().Be(moves);
    }

    [PostgresFact]
    public async Task Two_saves_at_once_make_one_task()
    {
        var call = await EndedAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SaveAsync(call, Say("callback"))));
        (await TasksAsync(call)).Should().ContainSingle();
        (await OneAsync<long>("select count(*) from wrap_up_effect where call_id = @call", new { call })).Should().Be(1);
    }

    [PostgresFact]
    public async Task Another_disposition_takes_an_open_task_away_and_the_deal_back()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("sale"));
        await ChangeAsync(sara, call, "callback");
        var task = (await TasksAsync(call)).Should().ContainSingle().Subject;
        (task.Kind, task.Title, task.UserId).Should().Be(("callback", "Ring again", Seeds.Anna));
        (await StageAsync()).Should().Be("negotiation");
        await ChangeAsync(anna, call, "plain");
        (await TasksAsync(call)).Should().BeEmpty();
        (await OneAsync<long>("select count(*) from wrap_up_effect where call_id = @call", new { call })).Should().Be(0);
        (await OneAsync<string>("select detail ->> 'before' from audit where action = 'task.withdrawn' order by id desc limit 1")).Should().StartWith("Ring again | ");
        await ChangeAsync(anna, call, "sale");
        (await TasksAsync(call)).Should().ContainSingle(t => t.Kind == "task");
        (await StageAsync()).Should().Be("open");
    }

    [PostgresFact]
    public async Task A_task_that_is_done_stays_and_no_second_one_comes()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("callback"));
        await using (var database = await host.Database.OpenConnectionAsync()) await database.ExecuteAsync("update task set done_at = now() where call_id = @call", new { call });
        await ChangeAsync(anna, call, "plain");
        await ChangeAsync(anna, call, "callback");
        (await TasksAsync(call)).Should().ContainSingle(t => t.DoneAt != null);
    }

    [PostgresFact]
    public async Task A_deal_that_somebody_moved_on_stays_where_it_is()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("sale"));
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into stage (deal_type, code, name, position, outcome) values ('order', 'won', 'Won', 3, 'won') on conflict do nothing; update deal set stage = 'won' where id = @deal", new { deal = Seeds.RossiDeal });
        await ChangeAsync(anna, call, "callback");
        (await StageAsync()).Should().Be("won");
        await ChangeAsync(anna, call, "sale");
        (await StageAsync()).Should().Be("won");
    }

    [PostgresFact]
    public async Task With_two_open_deals_the_rule_moves_the_one_that_is_named()
    {
        var call = await EndedAsync();
        var other = new DealNew(Guid.CreateVersion7(), "order", "Second deal", 10.5m);
        await SaveAsync(call, Say("plain") with { NewDeal = other, Stage = "negotiation" });
        await SaveAsync(call, Say("plain") with { NewDeal = other, Stage = "negotiation" });
        (await OneAsync<long>("select count(*) from deal where title = 'Second deal' and responsible_id = @Anna and client_id = @Rossi and amount = 10.50", new { Seeds.Anna, Seeds.Rossi })).Should().Be(1);
        await SaveAsync(call, Say("sale"));
        (await StageAsync()).Should().Be("negotiation", "it could be either");
        await SaveAsync(call, Say("plain"));
        await SaveAsync(call, Say("sale") with { Deal = other.Id });
        (await OneAsync<string>("select stage from deal where id = @Id", new { other.Id })).Should().Be("open");
        (await StageAsync()).Should().Be("negotiation");
    }

    [PostgresFact]
    public async Task A_deal_is_made_and_changed_at_a_wrap_up_as_far_as_the_rights_go()
    {
        var call = await EndedAsync();
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("update deal set responsible_id = @Luca where id = @RossiDeal; update client set responsible_id = @Luca where id = @Rossi", new { Seeds.Luca, Seeds.RossiDeal, Seeds.Rossi });
        try
        {
            (await RefusedAsync(call, Say("plain") with { Deal = Seeds.RossiDeal, Stage = "open" }))["stage"].Should().Equal("none for a deal that you may not change");
            (await RefusedAsync(call, Say("plain") with { Deal = Seeds.RossiDeal, DealAmount = 7 }))["dealAmount"].Should().Equal("none for a deal that you may not change");
            (await RefusedAsync(call, Say("plain") with { NewDeal = new DealNew(Guid.CreateVersion7(), "order", "Theirs") }))["newDeal"].Should().Equal("a client for whom you may make deals");
            (await StageAsync()).Should().Be("negotiation");
            (await OneAsync<long>("select count(*) from wrap_up where call_id = @call", new { call })).Should().Be(0);
            // Naming it changes nothing.
            await SaveAsync(call, Say("plain") with { Deal = Seeds.RossiDeal, Stage = "negotiation" });
        }
        finally
        {
            await using var database = await host.Database.OpenConnectionAsync();
            await database.ExecuteAsync("update deal set responsible_id = @Anna where id = @RossiDeal; update client set responsible_id = @Anna where id = @Rossi", new { Seeds.Anna, Seeds.RossiDeal, Seeds.Rossi });
        }
    }

    [PostgresFact]
    public async Task While_a_call_lends_the_card_its_deals_are_made_and_moved_whosever_they_are()
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var live = await anna.OpenAsync();
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("update deal set responsible_id = @Luca where id = @RossiDeal; update client set responsible_id = @Luca where id = @Rossi", new { Seeds.Luca, Seeds.RossiDeal, Seeds.Rossi });
        try
        {
            await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101")]);
            await live.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
            var made = new DealNew(Guid.CreateVersion7(), "order", "Made in the call");
            await SaveAsync(call, Say("plain") with { Deal = Seeds.RossiDeal, Stage = "open" });
            (await StageAsync()).Should().Be("open");
            await SaveAsync(call, Say("plain") with { NewDeal = made });
            await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
            await live.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
            // The same once more, after the card was given back: the deal is there.
            await SaveAsync(call, Say("plain") with { NewDeal = made });
        }
        finally
        {
            await using var database = await host.Database.OpenConnectionAsync();
            await database.ExecuteAsync("update deal set responsible_id = @Anna where id = @RossiDeal; update client set responsible_id = @Anna where id = @Rossi", new { Seeds.Anna, Seeds.RossiDeal, Seeds.Rossi });
        }
    }

    [PostgresFact]
    public async Task What_the_agent_says_of_the_deal_goes_before_the_rule()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("sale") with { Deal = Seeds.RossiDeal, Stage = "negotiation" });
        (await StageAsync()).Should().Be("negotiation");
        await SaveAsync(call, Say("plain") with { Deal = Seeds.RossiDeal, Stage = "open" });
        (await StageAsync()).Should().Be("open");
    }

    [PostgresFact]
    public async Task A_time_that_is_asked_for_must_be_given()
    {
        var call = await EndedAsync();
        (await RefusedAsync(call, Say("agreed")))["nextAt"].Should().Equal("the day and time that this disposition asks for");
        var at = new DateTimeOffset(Now.UtcDateTime.Date.AddDays(3).AddHours(8), TimeSpan.Zero);
        await SaveAsync(call, Say("agreed") with { NextAt = at });
        (await TasksAsync(call)).Single().Should().BeEquivalentTo(new { Kind = "callback", Title = "Ring as agreed", DueAt = at });
        await SaveAsync(call, Say("agreed", "ask for Mara") with { NextAt = at.AddHours(1) });
        (await TasksAsync(call)).Single().Should().BeEquivalentTo(new { Title = "ask for Mara", DueAt = at.AddHours(1) }, "it is the same one, moved");
    }

    [PostgresFact]
    public async Task Bad_input_names_the_field_and_leaves_nothing_behind()
    {
        var call = await EndedAsync();
        var deal = new DealNew(Guid.CreateVersion7(), "order", "x");
        var future = Now.AddDays(1);
        (string Field, WrapUpSave Save)[] wrong =
        [
            ("nextAt", Say("plain", "x") with { NextAt = Now.AddDays(-1) }), ("nextAt", Say("plain", "x") with { NextAt = Now.AddYears(3) }), ("nextStep", Say("plain") with { NextAt = future }),
            ("subject", Say("plain") with { Subject = new string('x', 201) }), ("deal", Say("plain") with { Deal = Guid.CreateVersion7() }), ("newDeal", Say("plain") with { NewDeal = deal, Deal = Seeds.RossiDeal }),
            ("newDeal", Say("plain") with { NewDeal = deal with { Title = " " } }), ("newDeal", Say("plain") with { NewDeal = deal with { DealType = "moon" } }), ("newDeal", Say("plain") with { NewDeal = deal with { Id = Guid.Empty } }),
            ("newDeal", Say("plain") with { NewDeal = deal with { Amount = -1 } }), ("stage", Say("plain") with { NewDeal = deal, Stage = "moon" }), ("stage", Say("plain") with { Deal = Seeds.RossiDeal, Stage = "moon" }),
            ("stage", Say("plain") with { Stage = "open" }), ("contact", Say("plain") with { Contact = Seeds.Bianchi }), ("prefilled", Say("plain") with { Prefilled = ["moon"] }),
        ];
        foreach (var (field, save) in wrong) (await RefusedAsync(call, save)).Keys.Should().Equal([field], $"{save}");
        (await OneAsync<long>("select (select count(*) from wrap_up where call_id = @call) + (select count(*) from deal where title = 'x')", new { call })).Should().Be(0);
    }

    [PostgresFact]
    public async Task Who_wants_no_calls_is_marked_on_the_card_and_dialled_by_nobody_until_it_is_taken_back()
    {
        async Task<CommandAnswer> DialAsync(Guid? client, string number)
        {
            using var answer = await anna.Http.PostAsJsonAsync("api/commands", new CommandRequest(Guid.CreateVersion7(), "dial", ClientId: client, Number: number), ContractsJson.Default.CommandRequest);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!;
        }

        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        var call = await EndedAsync();
        await SaveAsync(call, Say("never"));
        (await anna.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView)).DoNotCall!.Who.Should().Be("Anna Verdi");
        (await DialAsync(Seeds.Rossi, "+390212345678")).Should().BeEquivalentTo(new { Accepted = false, Reason = "do_not_call" });
        (await DialAsync(null, "02 1234 5678")).Reason.Should().Be("do_not_call");
        (await DialAsync(Seeds.Bianchi, "+393331112222")).Accepted.Should().BeTrue();
        await ChangeAsync(anna, call, "plain");
        (await DialAsync(Seeds.Rossi, "+390212345678")).Accepted.Should().BeTrue("the disposition that set it was a mistake");

        using (var marked = await sara.Http.PutAsJsonAsync($"api/clients/{Seeds.Rossi}/do-not-call", new DoNotCallSet(true), ContractsJson.Default.DoNotCallSet))
            (await marked.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.DoNotCall!.Who.Should().Be("Sara Conti");
        await ChangeAsync(anna, call, "never");
        await ChangeAsync(anna, call, "plain");
        (await DialAsync(Seeds.Rossi, "+390212345678")).Reason.Should().Be("do_not_call", "another one set it");
        using (var free = await sara.Http.PutAsJsonAsync($"api/clients/{Seeds.Rossi}/do-not-call", new DoNotCallSet(false), ContractsJson.Default.DoNotCallSet))
            (await free.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.DoNotCall.Should().BeNull();
        (await DialAsync(Seeds.Rossi, "+390212345678")).Accepted.Should().BeTrue();
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(Guid, string)>("select user_id, detail ->> 'after' from audit where action = 'client.do_not_call' order by id")).TakeLast(4)
            .Should().Equal((Seeds.Anna, "yes"), (Seeds.Anna, "no"), (Seeds.Sara, "yes"), (Seeds.Sara, "no"));
    }

    [PostgresFact]
    public async Task The_mark_of_a_card_that_went_into_another_counts_and_luca_may_not_set_one_on_annas_client()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set do_not_call_at = now(), do_not_call_by = @Sara, merged_into = @Twin1 where id = @Twin2", new { Seeds.Sara, Seeds.Twin1, Seeds.Twin2 });
        (await sara.GetAsync($"api/clients/{Seeds.Twin1}", ContractsJson.Default.ClientCardView)).DoNotCall.Should().NotBeNull();
        (await sara.Http.PutAsJsonAsync($"api/clients/{Seeds.Twin1}/do-not-call", new DoNotCallSet(false), ContractsJson.Default.DoNotCallSet)).Dispose();
        (await sara.GetAsync($"api/clients/{Seeds.Twin1}", ContractsJson.Default.ClientCardView)).DoNotCall.Should().BeNull();
        await database.ExecuteAsync("update client set merged_into = null where id = @Twin2", new { Seeds.Twin2 });
        await using var luca = await host.SignInAsync("luca");
        (await luca.ProblemAsync(HttpMethod.Put, $"api/clients/{Seeds.Rossi}/do-not-call", """{"on":true}""")).Problem.ErrorId.Should().Be("not_allowed");
        (await luca.ProblemAsync(HttpMethod.Put, $"api/clients/{Guid.NewGuid()}/do-not-call", """{"on":true}""")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task The_day_has_what_is_due_and_what_was_done_of_one_self_alone()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("plain", "today") with { NextAt = Now });
        var day = await anna.GetAsync("api/day", ContractsJson.Default.DayView);
        day.Calls.Should().Contain(c => c.Id == call);
        day.Tasks.Should().Contain(t => t.Title == "Send the offer" && t.ClientName == "Mario Rossi" && t.Phone == "+390212345678", "it is overdue since March");
        var task = day.Tasks.Single(t => t.Title == "today");
        await using var luca = await host.SignInAsync("luca");
        (await luca.GetAsync("api/day", ContractsJson.Default.DayView)).Tasks.Should().NotContain(t => t.Id == task.Id);
        (await luca.ProblemAsync(HttpMethod.Put, $"api/tasks/{task.Id}/done", """{"done":true}""")).Status.Should().Be(HttpStatusCode.NotFound);
        (await anna.Http.PutAsJsonAsync($"api/tasks/{task.Id}/done", new TaskDone(true), ContractsJson.Default.TaskDone)).Dispose();
        (await anna.GetAsync("api/day", ContractsJson.Default.DayView)).Tasks.Last().Should().BeEquivalentTo(new { task.Id, Title = "today" }).And.Match<DayTask>(t => t.DoneAt != null);
        (await anna.Http.PutAsJsonAsync($"api/tasks/{task.Id}/done", new TaskDone(false), ContractsJson.Default.TaskDone)).Dispose();
        (await anna.GetAsync("api/day", ContractsJson.Default.DayView)).Tasks.Single(t => t.Id == task.Id).DoneAt.Should().BeNull();
        (await OneAsync<long>("select count(*) from audit where action = 'task.done' and object_id = @id", new { id = task.Id.ToString() })).Should().Be(2);
        await SaveAsync(call, Say("never"));
        var marked = (await anna.GetAsync("api/day", ContractsJson.Default.DayView)).Tasks.Single(t => t.Title == "Send the offer");
        (marked.DoNotCall, marked.Phone).Should().Be((true, null));
    }

    [PostgresFact]
    public async Task What_was_proposed_and_kept_is_counted_and_reported()
    {
        await using (var database = await host.Database.OpenConnectionAsync()) await database.ExecuteAsync("delete from wrap_up_proposal");
        var call = await EndedAsync();
        using var asked = await anna.Http.PostAsync($"api/calls/{call}/wrap-up/proposal", null);
        asked.StatusCode.Should().Be(HttpStatusCode.OK, await asked.Content.ReadAsStringAsync());
        var proposal = (await asked.Content.ReadFromJsonAsync(ContractsJson.Default.WrapUpProposal))!;
        proposal.Fields["deal"].Should().Be(Seeds.RossiDeal.ToString());
        await using var luca = await host.SignInAsync("luca");
        (await luca.ProblemAsync(HttpMethod.Post, $"api/calls/{call}/wrap-up/proposal")).Status.Should().Be(HttpStatusCode.NotFound);

        // One kept, and one that was never proposed counts for nothing.
        await SaveAsync(call, Say("plain") with { Deal = Seeds.RossiDeal, Prefilled = ["deal", "contact"] });
        async Task<PrefillReportView> ReportAsync() => await sara.GetAsync("api/reports/prefill?period=today", ContractsJson.Default.PrefillReportView);
        var report = await ReportAsync();
        report.Agents.Single(a => a.Id == Seeds.Anna).Should().BeEquivalentTo(new { Name = "Anna Verdi", WrapUps = 1, With = 1, Filled = 1, Kept = 1 });
        report.Queues.Single().Should().BeEquivalentTo(new { Name = "Sales", Filled = 1, Kept = 1 });
        report.Fields.Should().Equal(new PrefillFieldRow("deal", 1, 1));
        await SaveAsync(call, Say("plain") with { Prefilled = ["deal"] });
        (await ReportAsync()).Agents.Single().Kept.Should().Be(0, "another deal, or none, was chosen in the end");
        var csv = await sara.Http.GetStringAsync("api/reports/prefill/csv?period=today");
        csv.Should().Contain("agent,Anna Verdi,1,1,1,0,0.0\r\n").And.Contain("queue,Sales,1,1,1,0,0.0\r\n").And.Contain("field,deal,,,1,0,0.0\r\n");
        (await sara.ProblemAsync(HttpMethod.Get, "api/reports/prefill?period=moon")).Problem.Errors!.Keys.Should().Equal("period");
        (await anna.Http.GetAsync("api/reports/prefill?period=today")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task A_stage_to_which_dispositions_move_deals_is_not_put_away_and_the_answer_names_them()
    {
        async Task<(HttpStatusCode Status, ProblemView Problem)> PutAwayAsync(string stages) => await ada.ProblemAsync(HttpMethod.Put, "api/admin/deal-types",
            $$"""{"items":[{"code":"order","name":"Order","stages":[{{stages}}{"code":"negotiation","name":"Negotiation"}]}],"version":{{(await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).DealTypes!.Version}}}""");
        foreach (var stages in new[] { "", """{"code":"open","name":"Open","retired":true},""" })
        {
            var (status, problem) = await PutAwayAsync(stages);
            status.Should().Be(HttpStatusCode.BadRequest);
            problem.Errors!["items"].Should().Equal("“Open” kept while dispositions move deals there: Sale");
        }
    }

    [PostgresFact]
    public async Task A_rule_whose_stage_was_put_away_before_cannot_be_saved_and_a_wrap_up_says_that_it_moved_nothing()
    {
        await OneAsync<int>("update stage set retired = true where deal_type = 'order' and code = 'open'");
        try
        {
            var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/dispositions", JsonSerializer.Serialize(new CodesSave(Tree), ContractsJson.Default.CodesSave));
            status.Should().Be(HttpStatusCode.BadRequest);
            problem.Errors!["items"].Should().Equal("a stage that is not put away in the rule of “Sale”, which names “Open”");

            var call = await EndedAsync();
            async Task<string?> NoticeAsync(WrapUpSave save)
            {
                using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save, ContractsJson.Default.WrapUpSave);
                return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Notice;
            }

            (await NoticeAsync(Say("plain"))).Should().BeNull();
            (await NoticeAsync(Say("sale"))).Should().Be("stage_retired");
            (await StageAsync()).Should().Be("negotiation");
            (await TasksAsync(call)).Should().ContainSingle("the rest of the rule is carried out");
            (await NoticeAsync(Say("sale") with { Deal = Seeds.RossiDeal, Stage = "won" })).Should().BeNull("the agent said where it is");
            await OneAsync<int>("update deal set stage = 'negotiation', closed_at = null where id = @deal", new { deal = Seeds.RossiDeal });
            await SaveAsync(call, Say("plain"));
            using var changed = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-ups/{Seeds.Anna}/disposition", new DispositionChange("sale"), ContractsJson.Default.DispositionChange);
            (await changed.Content.ReadFromJsonAsync(ContractsJson.Default.CallDetailView))!.Notice.Should().Be("stage_retired");
        }
        finally
        {
            await OneAsync<int>("update stage set retired = false");
        }
    }

    [PostgresFact]
    public async Task A_deal_whose_old_stage_was_put_away_since_stays_and_that_is_said()
    {
        var call = await EndedAsync();
        await SaveAsync(call, Say("sale"));
        await OneAsync<int>("update stage set retired = true where deal_type = 'order' and code = 'negotiation'");
        try
        {
            using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", Say("plain"), ContractsJson.Default.WrapUpSave);
            (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Notice.Should().Be("stage_retired");
            (await StageAsync()).Should().Be("open");
        }
        finally
        {
            await OneAsync<int>("update stage set retired = false");
        }
    }
}
