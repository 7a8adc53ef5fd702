using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Calls;

[Trait("Category", "Slow")]
public sealed class CallTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    async Task<Guid> TalkAsync(Guid agent, string extension, Guid client, string number, bool end = true)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From(number), LookupOutcome.Known, client), .. story.Offers(call, offer, agent, extension, client), .. story.Answers(call, offer, agent, extension)]);
        if (end) await story.WriteAsync(story.Ends(call, agent, extension, client));
        return call;
    }

    [PostgresFact]
    public async Task Agents_see_their_own_calls_and_leads_see_all()
    {
        var (annas, lucas) = (await TalkAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678"), await TalkAsync(Seeds.Luca, "102", Seeds.Bianchi, "+393331112222"));
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        async Task<Guid[]> Seen(Page page, string filter = "") => [.. (await page.GetAsync("api/calls?limit=100" + filter, ContractsJson.Default.ListPageCallRow)).Items.Select(c => c.Id)];
        (await Seen(anna)).Should().Contain(annas).And.NotContain(lucas);
        (await Seen(sara)).Should().Contain([annas, lucas]).And.BeInDescendingOrder(c => c);
        (await Seen(sara, $"&agent={Seeds.Luca}")).Should().Contain(lucas).And.NotContain(annas);
        (await Seen(sara, "&query=bianchi")).Should().Contain(lucas).And.NotContain(annas);
        (await Seen(sara, "&query=0212345")).Should().Contain(annas).And.NotContain(lucas);
        (await Seen(sara, "&outcome=Abandoned")).Should().NotContain([annas, lucas]);
        (await Seen(sara, "&direction=inbound&outcome=answered&queue=" + Seeds.Sales)).Should().Contain([annas, lucas]);
        (await Seen(sara, "&from=2030-01-01T00:00:00Z")).Should().BeEmpty();
        (await Seen(sara, "&to=2020-01-01T00:00:00%2B02:00")).Should().BeEmpty();
        (await Seen(sara, $"&client={Seeds.Bianchi}")).Should().Contain(lucas).And.NotContain(annas);
        (await Seen(anna, $"&client={Seeds.Bianchi}")).Should().NotContain(lucas, "a filter reaches no further than the right");
        (await Seen(sara, "&dialled=390233334444")).Should().Contain([annas, lucas]);
        (await Seen(sara, "&dialled=%2B39%2002%203333%204444")).Should().Contain([annas, lucas]);
        (await Seen(sara, "&dialled=39023333444")).Should().BeEmpty("a part of a number is none");
        (await Seen(sara, "&minTalk=60")).Should().Contain([annas, lucas]);
        (await Seen(sara, "&minTalk=61")).Should().BeEmpty();
        (await Seen(sara, "&sort=started")).Should().BeInAscendingOrder().And.Contain([annas, lucas]);
        (await Seen(sara, "&sort=-talk")).Should().Contain([annas, lucas]);
        (await sara.ProblemAsync(HttpMethod.Get, "api/calls?minTalk=-1")).Problem.Errors!.Keys.Should().Equal("minTalk");
        (await sara.ProblemAsync(HttpMethod.Get, "api/calls?sort=agent")).Problem.Errors!["sort"].Single().Should().Contain("started, talk, wait");
        var first = await sara.GetAsync("api/calls?limit=1&sort=-talk", ContractsJson.Default.ListPageCallRow);
        (await sara.GetAsync($"api/calls?limit=1&sort=-talk&cursor={first.Next}", ContractsJson.Default.ListPageCallRow)).Items.Single().Id.Should().NotBe(first.Items.Single().Id);
        (await anna.ProblemAsync(HttpMethod.Get, $"api/calls/{lucas}")).Status.Should().Be(HttpStatusCode.NotFound);
        var detail = await anna.GetAsync($"api/calls/{annas}", ContractsJson.Default.CallDetailView);
        detail.Reason!.Rule.Should().Be("LeastBusy");
        detail.Offers.Single().Should().BeEquivalentTo(new { AgentName = "Anna Verdi", Outcome = "Answered", Rule = "LeastBusy" });
        detail.Legs.Should().Contain(l => l.AgentName == "Anna Verdi" && l.Talk_s == 60);
    }

    [PostgresFact]
    public async Task Live_calls_stand_among_the_ended_ones_in_every_order_and_on_every_page()
    {
        Guid[] ours = [await TalkAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678"), await TalkAsync(Seeds.Luca, "102", Seeds.Bianchi, "+393331112222", end: false), await TalkAsync(Seeds.Mila, "103", Seeds.Rossi, "+390212345678")];
        await story.WrittenAsync(host);
        await using var sara = await host.SignInAsync("sara");
        foreach (var (sort, newest) in new[] { ("-started", true), ("started", false), ("-talk", true), ("talk", false), ("-wait", true), ("wait", false) })
        {
            var whole = (await sara.GetAsync($"api/calls?limit=100&sort={sort}", ContractsJson.Default.ListPageCallRow)).Items;
            whole.Select(c => c.Id).Should().OnlyHaveUniqueItems().And.Contain(ours, sort);
            whole.Single(c => c.Id == ours[1]).State.Should().Be("Talking");
            var key = sort.TrimStart('-') switch { "talk" => (Func<CallRow, long>)(c => c.Talk_s), "wait" => c => c.Wait_s, _ => c => c.StartedAt.Ticks };
            if (newest) whole.Select(key).Should().BeInDescendingOrder(sort);
            else whole.Select(key).Should().BeInAscendingOrder(sort);

            var paged = new List<Guid>();
            string? next = null;
            do
            {
                var page = await sara.GetAsync($"api/calls?limit=1&sort={sort}" + (next is null ? "" : $"&cursor={next}"), ContractsJson.Default.ListPageCallRow);
                paged.AddRange(page.Items.Select(c => c.Id));
                next = page.Next;
            } while (next is not null);

            paged.Should().Equal(whole.Select(c => c.Id), sort);
        }
    }

    [PostgresFact]
    public async Task The_log_is_of_this_hosts_domain_as_the_reports_are()
    {
        var ours = await TalkAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678");
        var theirs = Guid.CreateVersion7();
        await story.WrittenAsync(host);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into domain (name) values ('elsewhere') on conflict do nothing");
        (await database.ExecuteAsync(
            """
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, client_id, agent_id, started_at, ended_at, outcome, last_seq)
            select @theirs, 'elsewhere', node, direction, state, routed, caller_raw, caller_kind, dialled_raw, client_id, agent_id, started_at, ended_at, outcome, 1 from call where id = @ours
            """, new { ours, theirs })).Should().Be(1);
        await using var sara = await host.SignInAsync("sara");
        foreach (var filter in new[] { "", $"&client={Seeds.Rossi}", $"&agent={Seeds.Anna}" })
            (await sara.GetAsync("api/calls?limit=100" + filter, ContractsJson.Default.ListPageCallRow)).Items.Select(c => c.Id).Should().Contain(ours).And.NotContain(theirs);
        (await sara.GetAsync($"api/clients/{Seeds.Rossi}/timeline?limit=100", ContractsJson.Default.ListPageTimelineItem)).Items.Should().Contain(i => i.Id == theirs.ToString(), "a card has the calls of all");
        await database.ExecuteAsync("delete from call where id = @theirs", new { theirs });
    }

    [PostgresFact]
    public async Task A_draft_is_one_document_of_a_persons_pages_and_anothers_note_stands_beside_it()
    {
        var call = await TalkAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678", end: false);
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        var (one, two) = (await anna.OpenAsync(), await anna.OpenAsync());
        async Task<DraftFieldView> Put(Page page, string field, string value, string pageId)
        {
            using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/draft/{field}", new DraftWrite(value, pageId), ContractsJson.Default.DraftWrite);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.DraftFieldView))!;
        }

        (await Put(anna, "note", "one \0 \ud83e\udd8a <script>", one.PageId)).Should().BeEquivalentTo(new { Version = 1, Value = "one  \ud83e\udd8a <script>", PageId = one.PageId });
        (await Put(anna, "note", "two", two.PageId)).Version.Should().Be(2);
        (await Put(anna, "answer.q1", "yes", one.PageId)).Version.Should().Be(1);
        (await Put(sara, "note", "three", "sara's")).Version.Should().Be(3);
        (await two.NextAsync<DraftEvent>(e => e.Field is { Field: "note", Version: 1 })).CallId.Should().Be(call);
        (await one.NextAsync<DraftEvent>(e => e.Field is { Field: "note", Version: 2 })).Field.Value.Should().Be("two");
        (await one.NextAsync<DraftEvent>(e => e.Field.By is not null)).Field.Should().BeEquivalentTo(new { Field = $"note.{Seeds.Sara}", Value = "three", Version = 3, By = "Sara Conti" });
        one.Events.OfType<DraftEvent>().Should().NotContain(e => e.Field.PageId == one.PageId);
        var fields = await anna.Http.GetFromJsonAsync<List<DraftFieldView>>($"api/calls/{call}/draft");
        fields!.Select(f => (f.Field, f.Value)).Should().BeEquivalentTo([("note", "two"), ($"note.{Seeds.Sara}", "three"), ("answer.q1", "yes")]);

        (await luca.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/draft/note", """{"value":"x","pageId":"p"}""")).Status.Should().Be(HttpStatusCode.NotFound);
        (await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/draft/evil%20field", """{"value":"x","pageId":"p"}""")).Problem.Errors!.Keys.Should().Equal("field");
        (await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/draft/note", $$"""{"value":"{{new string('x', 20_001)}}","pageId":"p"}""")).Problem.Errors!.Keys.Should().Equal("value");
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
    }

    [PostgresFact]
    public async Task Writers_at_the_same_time_get_versions_without_gap_or_repeat()
    {
        var call = await TalkAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678");
        await using var anna = await host.SignInAsync("anna");
        var versions = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/draft/note", new DraftWrite($"text {i}", "p"), ContractsJson.Default.DraftWrite);
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.DraftFieldView))!.Version;
        }));
        versions.Order().Should().Equal(Enumerable.Range(1, 30).Select(i => (long)i));
    }

    [PostgresFact]
    public async Task A_wrap_up_is_stored_once_with_its_answers_and_ends_the_wrap_up()
    {
        var call = await TalkAsync(Seeds.Luca, "102", Seeds.Bianchi, "+393331112222");
        await using var luca = await host.SignInAsync("luca");
        await using var anna = await host.SignInAsync("anna");
        var (one, two) = (await luca.OpenAsync(), await luca.OpenAsync());
        using (await luca.Http.PutAsJsonAsync($"api/calls/{call}/draft/answer.topic", new DraftWrite("price", one.PageId), ContractsJson.Default.DraftWrite))
        {
        }

        var save = new WrapUpSave("sale", "bought", "send invoice", Finish: true, one.PageId, Guid.CreateVersion7());
        for (var repeat = 0; repeat < 2; repeat++)
        {
            using var answer = await luca.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save, ContractsJson.Default.WrapUpSave);
            (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Accepted.Should().BeTrue();
        }

        (await two.NextAsync<DoneElsewhereEvent>(e => e.CallId == call)).Action.Should().Be("wrap_up");
        host.Router.Commands.Where(c => c.Command is { Kind: "finish_wrap_up" } && c.Command.CallId == call).Select(c => c.Id).Should().Equal(save.CommandId, save.CommandId);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(string, string, string, string, bool)>("select disposition, note, next_step, answers ->> 'topic', script_id is not null from wrap_up where call_id = @call", new { call }))
            .Should().Be(("sale", "bought", "send invoice", "price", true));
        var row = (await luca.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).Call;
        (row.Disposition, row.Note).Should().Be(("Sale", "bought"));
        (await luca.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-up", $$"""{"disposition":"nonsense","note":"","nextStep":"","finish":false,"pageId":"p","commandId":"{{Guid.NewGuid()}}"}""")).Problem.Errors!.Keys.Should().Equal("disposition");
        (await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-up", $$"""{"disposition":"sale","note":"","nextStep":"","finish":false,"pageId":"p","commandId":"{{Guid.NewGuid()}}"}""")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task What_the_scripts_answers_fill_stands_on_the_card_after_the_wrap_up()
    {
        await using var luca = await host.SignInAsync("luca");
        var desk = await luca.OpenAsync();
        var client = Guid.CreateVersion7();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into client (id, confirmed, created_at, updated_at) values (@client, false, now(), now())", new { client });
        var call = await TalkAsync(Seeds.Luca, "102", client, "+393339998888");
        var script = (await desk.NextAsync<PopEvent>(e => e.Pop.CallId == call)).Pop.Script!.Script;
        var question = script.Steps.SelectMany(s => s.Questions).First(q => q.Field is "client.name" or "client.company" && q.Kind == QuestionKind.Text);
        using (await luca.Http.PutAsJsonAsync($"api/calls/{call}/draft/answer.{question.Id}", new DraftWrite("Neve Bianca", "p"), ContractsJson.Default.DraftWrite))
        {
        }

        using (await luca.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave("sale", "", "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave))
        {
        }

        var card = await luca.GetAsync($"api/clients/{client}", ContractsJson.Default.ClientCardView);
        (question.Field == "client.name" ? card.Name : card.Company).Should().Be("Neve Bianca");
        card.Confirmed.Should().BeTrue();
    }
}
