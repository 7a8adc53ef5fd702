using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>What a script's answers fill of the deal: which deal, by whose rights, and what stays with the call.</summary>
public sealed class ScriptDealTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Yaml = """
        id: fills-deals
        title: Fills deals
        language: en
        priority: 900
        for:
          direction: inbound
          queue: Sales
        greeting: "Hello."
        steps:
          - id: ask
            title: Ask
            questions:
              - { id: what, ask: "What is it about?", kind: text, fills: deal.title }
              - { id: sum, ask: "At which amount?", kind: money, fills: deal.amount }
              - { id: competitor, ask: "Who else offers?", kind: text, fills: deal.competitor }
          - id: way
            title: Way
            questions: [{ id: way, ask: "Which way?", kind: yes/no, answers: [{ id: yes, goto: end }, { id: no, goto: five }] }]
          - id: three
            title: Three
            questions: [{ id: topic, ask: "Which topic?", kind: text, fills: call.summary }, { id: need, ask: "And?", kind: text, fills: client.need }]
          - { id: five, title: Five, say: "Five." }
          - id: six
            title: Six
            questions: [{ id: other, ask: "Other?", kind: yes/no, answers: [{ id: yes, goto: three }, { id: no, goto: seven }] }]
          - { id: seven, title: Seven, say: "Seven." }
        objections:
          - { id: a, when: "A", say: "A." }
          - { id: b, when: "B", say: "B." }
          - { id: c, when: "C", say: "C." }
        """;

    Page anna = null!;
    Page marco = null!;
    Story story = null!;
    LedCalls calls = null!;

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from wrap_up; delete from call_stage_change; delete from deal where id <> @RossiDeal;
            update deal set title = 'Boilers', amount = 100, currency = 'USD', stage = 'open', responsible_id = @Anna, closed_at = null, deleted_at = null, deleted_by = null, version = 1 where id = @RossiDeal;
            delete from audit where object = 'deal'
            """, new { Seeds.RossiDeal, Seeds.Anna });
        (anna, marco) = (await host.SignInAsync("anna"), await host.SignInAsync("marco"));
        await LedCalls.PublishAsync(host, marco, "fills-deals", Yaml);
        story = await Story.BeginAsync(host);
        calls = new LedCalls(host, anna, story, "fills-deals");
    }

    public async Task DisposeAsync()
    {
        if (story is null) return;
        await story.DisposeAsync();
        await anna.DisposeAsync();
        await marco.DisposeAsync();
    }

    static readonly WrapUpSave Plain = new("callback", "", "", false, "p", Guid.Empty);

    async Task WrapUpAsync(Guid call, WrapUpSave? save = null)
    {
        using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save ?? Plain, ContractsJson.Default.WrapUpSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    async Task<(string Title, decimal? Amount, string Currency, int Version)> DealAsync(Guid deal)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.QuerySingleAsync<(string, decimal?, string, int)>("select title, amount, currency::text, version from deal where id = @deal", new { deal });
    }

    async Task<string[]> NotTakenAsync(Guid call) =>
        [.. (await anna.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).WrapUps!.Single().Answers!.Where(a => a.NotTaken is not null).Select(a => $"{a.Id} {a.Text}: {a.NotTaken}")];

    async Task<DealDetailView> NewDealAsync(string title)
    {
        using var answer = await anna.Http.PostAsJsonAsync("api/deals", new DealCreate(Guid.CreateVersion7(), Seeds.Rossi, "order", title), ContractsJson.Default.DealCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!;
    }

    [PostgresFact]
    public async Task What_the_client_needs_is_added_to_the_notes_of_the_card_once()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set note = 'Rings late' where id = @Rossi", new { Seeds.Rossi });
        var call = await calls.AnsweredAsync(("need", "A quiet one"));
        for (var again = 0; again < 2; again++)
        {
            await WrapUpAsync(call);
            (await database.ExecuteScalarAsync<string>("select note from client where id = @Rossi", new { Seeds.Rossi })).Should().Be("Rings late\nA quiet one");
        }

        (await NotTakenAsync(call)).Should().BeEmpty();
        // On a card whose notes are closed it stays with the call, and says so.
        await database.ExecuteAsync("insert into card_layout (role, deal_type, groups) values ('agent', null, '[{\"name\":\"Main\",\"fields\":[{\"code\":\"note\",\"mode\":\"read_only\"}]}]')");
        await calls.AnswerAsync(call, ("need", "A loud one"));
        await WrapUpAsync(call);
        (await database.ExecuteScalarAsync<string>("select note from client where id = @Rossi", new { Seeds.Rossi })).Should().Be("Rings late\nA quiet one");
        (await NotTakenAsync(call)).Should().ContainSingle().Which.Should().StartWith("need A loud one:");
        await database.ExecuteAsync("delete from card_layout; update client set note = '' where id = @Rossi", new { Seeds.Rossi });
    }

    [PostgresFact]
    public async Task Answers_fill_the_only_open_deal_in_its_currency_and_again_change_what_was_answered_otherwise()
    {
        var call = await calls.AnsweredAsync(("what", "  Two boilers "), ("sum", "1250.5"), ("competitor", "Caldo"));
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Should().Be(("Two boilers", 1250.50m, "USD", 2));
        (await NotTakenAsync(call)).Should().BeEmpty("what no deal has is an answer alone");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(string, string, Guid)>("select detail ->> 'before', detail ->> 'after', user_id from audit where object = 'deal' and action = 'deal.filled' and object_id = @id", new { id = Seeds.RossiDeal.ToString() }))
            .Should().Be(("""{"title":"Boilers","amount":"100.00","currency":"USD"}""", """{"title":"Two boilers","amount":"1250.50","currency":"USD"}""", Seeds.Anna));

        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Version.Should().Be(2, "the same again changes nothing");
        await calls.AnswerAsync(call, ("sum", "900"));
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Should().Be(("Two boilers", 900m, "USD", 3));
    }

    [PostgresFact]
    public async Task What_somebody_changed_after_the_answer_stays_theirs_and_is_told()
    {
        var call = await calls.AnsweredAsync(("what", "Two boilers"), ("sum", "1250"));
        using (var saved = await marco.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}", new DealSave("Boilers", 700m, Version: 1), ContractsJson.Default.DealSave)) saved.StatusCode.Should().Be(HttpStatusCode.OK);
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Should().Be(("Two boilers", 700m, "USD", 3), "the title was not touched meanwhile");
        (await NotTakenAsync(call)).Should().Equal("sum 1250: no newer value in the deal: it was changed after the answer");
        await calls.AnswerAsync(call, ("sum", "800"));
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Amount.Should().Be(800m, "answered again, the answer is the newer");
        (await NotTakenAsync(call)).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task Of_several_the_chosen_one_is_filled_and_until_one_is_chosen_the_answers_wait()
    {
        var second = await NewDealAsync("Pumps");
        var call = await calls.AnsweredAsync(("what", "Four pumps"), ("sum", "40"));
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Title.Should().Be("Boilers");
        (await NotTakenAsync(call)).Should().Equal("what Four pumps: a deal, chosen or made at the wrap-up", "sum 40: a deal, chosen or made at the wrap-up");
        await WrapUpAsync(call, Plain with { Deal = second.Id });
        (await DealAsync(second.Id)).Should().Be(("Four pumps", 40m, "EUR", 2));
        (await DealAsync(Seeds.RossiDeal)).Version.Should().Be(1);
        (await NotTakenAsync(call)).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_deal_that_the_wrap_up_makes_takes_what_was_not_typed_there_and_repeated_nothing_changes()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set closed_at = now() where id = @RossiDeal", new { Seeds.RossiDeal });
        var call = await calls.AnsweredAsync(("what", "A heat pump"), ("sum", "9000"));
        await WrapUpAsync(call);
        (await NotTakenAsync(call)).Should().HaveCount(2, "a closed deal is not filled unless it is named");
        var made = Plain with { NewDeal = new DealNew(Guid.CreateVersion7(), "order", ""), Subject = "Heating" };
        for (var n = 0; n < 2; n++)
        {
            await WrapUpAsync(call, made);
            (await DealAsync(made.NewDeal!.Id)).Should().Be(("A heat pump", 9000m, "EUR", 2), "once made, once filled");
            (await NotTakenAsync(call)).Should().BeEmpty();
        }

        var typed = Plain with { NewDeal = new DealNew(Guid.CreateVersion7(), "order", "My own words", 5m) };
        await WrapUpAsync(call, typed);
        (await DealAsync(typed.NewDeal!.Id)).Should().Be(("My own words", 5m, "EUR", 1));
        (await NotTakenAsync(call)).Should().Equal("what A heat pump: what the wrap-up says of the new deal", "sum 9000: what the wrap-up says of the new deal");

        await calls.AnswerAsync(call, ("what", ""));
        var about = Plain with { NewDeal = new DealNew(Guid.CreateVersion7(), "order", ""), Subject = "Heating" };
        await WrapUpAsync(call, about);
        (await DealAsync(about.NewDeal!.Id)).Title.Should().Be("Heating", "of a deal that nobody named the subject is the title");
        using var nameless = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", about with { Subject = "" }, ContractsJson.Default.WrapUpSave);
        (await nameless.Content.ReadAsStringAsync()).Should().Contain("newDeal").And.Contain("a title of 1 to 200 characters");
    }

    [PostgresFact]
    public async Task What_does_not_fit_or_is_not_ones_to_change_stays_with_the_call()
    {
        var call = await calls.AnsweredAsync(("what", new string('x', 201)), ("sum", "-1"));
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Should().Be(("Boilers", 100m, "USD", 1));
        (await NotTakenAsync(call)).Should().Equal($"what {new string('x', 201)}: a title of 1 to 200 characters", "sum -1: an amount of 0 to 999999999 with at most two decimals");

        // In the bin it is not there; brought back, the answers find it.
        await calls.AnswerAsync(call, ("what", "Found"), ("sum", "2"));
        using (var deleted = await marco.Http.DeleteAsync($"api/deals/{Seeds.RossiDeal}?version=1")) deleted.StatusCode.Should().Be(HttpStatusCode.OK);
        await WrapUpAsync(call);
        (await NotTakenAsync(call)).Should().HaveCount(2);
        using (var restored = await marco.Http.PostAsync($"api/deals/{Seeds.RossiDeal}/restore", null)) restored.StatusCode.Should().Be(HttpStatusCode.OK);
        await WrapUpAsync(call);
        (await DealAsync(Seeds.RossiDeal)).Title.Should().Be("Found");
    }

    [PostgresFact]
    public async Task The_check_names_targets_that_no_deal_has()
    {
        var wrong = Yaml.Replace("fills: deal.amount", "fills: deal.amont", StringComparison.Ordinal);
        using var answer = await marco.Http.PostAsJsonAsync("api/script-edits/try", new ScriptTry(wrong, "fills-deals", null), ContractsJson.Default.ScriptTry);
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptTryView))!.Problems.Should().ContainSingle()
            .Which.Should().Match<ScriptProblemView>(p => p.Line == 14 && !p.Warning && p.Message == "unknown field \"deal.amont\", did you mean \"deal.amount\"?");
        ScriptText.Good(Yaml).Id.Should().Be("fills-deals");
    }
}
