using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Calls;

/// <summary>Wrap-ups that ran out, and dispositions that are changed.</summary>
[Trait("Category", "Slow")]
public sealed class WrapUpTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    /// <summary>Anna spoke; her wrap-up runs.</summary>
    async Task<Guid> EndedAsync(Guid agent, string extension = "101")
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([
            .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, agent, extension, Seeds.Rossi),
            .. story.Answers(call, offer, agent, extension), .. story.Ends(call, agent, extension, Seeds.Rossi),
        ]);
        return call;
    }

    async Task OverAsync(Guid agent, string extension)
    {
        await story.WriteAsync(story.Agent(agent, AgentState.Ready, extension, null));
        await story.WrittenAsync(host);
    }

    static Task<HttpResponseMessage> TypeAsync(Page page, Guid call, string field, string value) =>
        page.Http.PutAsJsonAsync($"api/calls/{call}/draft/{field}", new DraftWrite(value, "p"), ContractsJson.Default.DraftWrite);

    static async Task<HttpStatusCode> SaveAsync(Page page, Guid call, string disposition, string note = "")
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave(disposition, note, "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave);
        return answer.StatusCode;
    }

    static async Task<Guid[]> UnfinishedAsync(Page page) => [.. (await page.GetAsync("api/wrap-ups/unfinished", ContractsJson.Default.UnfinishedView)).Items.Select(i => i.CallId)];

    static Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(Page page, Guid call, Guid agent, string disposition) =>
        page.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-ups/{agent}/disposition", $$"""{"disposition":"{{disposition}}"}""");

    static async Task<CallDetailView> ChangeAsync(Page page, Guid call, Guid agent, string disposition)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-ups/{agent}/disposition", new DispositionChange(disposition), ContractsJson.Default.DispositionChange);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CallDetailView))!;
    }

    [PostgresFact]
    public async Task A_call_that_was_handed_on_shows_on_the_history_what_each_agent_noted()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([
            .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101"),
            .. story.Transfers(call, Seeds.Anna, Seeds.Luca, "102", 20_000), .. story.Ends(call, Seeds.Luca, "102", Seeds.Rossi, leg: 3),
        ]);
        await story.WrittenAsync(host);
        async Task<TimelineItem> ItemAsync() => (await anna.GetAsync($"api/clients/{Seeds.Rossi}/timeline?limit=100", ContractsJson.Default.ListPageTimelineItem)).Items.Single(i => i.Id == call.ToString());
        (await SaveAsync(anna, call, "sale", "Wants two")).Should().Be(HttpStatusCode.OK);
        (await ItemAsync()).Should().Match<TimelineItem>(i => i.Notes == null && i.Call!.Note == "Wants two", "one alone is the call's own");
        (await SaveAsync(luca, call, "sale")).Should().Be(HttpStatusCode.OK);
        (await ItemAsync()).Notes.Should().Equal(new CallNoteView("Anna Verdi", "Wants two"));
        (await SaveAsync(luca, call, "sale", "Sold three")).Should().Be(HttpStatusCode.OK);
        (await ItemAsync()).Notes.Should().Equal(new CallNoteView("Anna Verdi", "Wants two"), new CallNoteView("Luca Neri", "Sold three"));
        await OverAsync(Seeds.Anna, "101");
        await OverAsync(Seeds.Luca, "102");
    }

    [PostgresFact]
    public async Task What_was_typed_waits_under_unfinished_until_it_has_a_disposition()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var call = await EndedAsync(Seeds.Anna);
        (await TypeAsync(anna, call, "note", "wants 20 seats")).Dispose();
        (await UnfinishedAsync(anna)).Should().NotContain(call, "its wrap-up still runs");
        await OverAsync(Seeds.Anna, "101");
        var list = await anna.GetAsync("api/wrap-ups/unfinished", ContractsJson.Default.UnfinishedView);
        list.Count.Should().Be(list.Items.Count);
        list.Items.Single(i => i.CallId == call).Should().BeEquivalentTo(new { Typed = "wants 20 seats", ClientName = "Mario Rossi", QueueName = "Sales", Direction = "Inbound" });
        (await UnfinishedAsync(luca)).Should().NotContain(call);
        (await anna.GetAsync($"api/calls/{call}/draft", ContractsJson.Default.IReadOnlyListDraftFieldView)).Should().ContainSingle(f => f.Field == "note" && f.Value == "wants 20 seats");
        (await SaveAsync(anna, call, "sale", "wants 20 seats")).Should().Be(HttpStatusCode.OK);
        (await UnfinishedAsync(anna)).Should().NotContain(call);
    }

    [PostgresFact]
    public async Task A_call_that_only_rang_is_not_unfinished()
    {
        await using var anna = await host.SignInAsync("anna");
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101"),
            .. story.Rings(call, offer, Seeds.Anna, "101"), .. story.Fails(call, offer, Seeds.Anna, "101", OfferOutcome.NoAnswer), story.Abandons(call, 30_000)]);
        await story.WrittenAsync(host);
        (await TypeAsync(anna, call, "note", "heard it ring")).Dispose();
        (await UnfinishedAsync(anna)).Should().NotContain(call);
    }

    [PostgresFact]
    public async Task A_call_that_only_rang_takes_no_wrap_up_and_one_of_a_ring_group_only_from_who_took_it()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (rang, first, taken, missed, won) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(rang, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(rang, first, Seeds.Anna, "101"),
            .. story.Rings(rang, first, Seeds.Anna, "101"), .. story.Fails(rang, first, Seeds.Anna, "101", OfferOutcome.Declined), story.Abandons(rang, 30_000),
            .. story.Arrives(taken, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(taken, missed, Seeds.Anna, "101"),
            story.Say(new LegStarted("pbx", $"{taken:N}.9", "PJSIP/101-9", Seeds.Anna, false, false) { Seq = 0, At = default }, taken),
            .. story.Rings(taken, missed, Seeds.Anna, "101"), .. story.Fails(taken, missed, Seeds.Anna, "101", OfferOutcome.NoAnswer),
            story.Say(new LegEnded("pbx", $"{taken:N}.9", Seeds.Anna, 26, null, 0, 0, false) { Seq = 0, At = default }, taken),
            .. story.Offers(taken, won, Seeds.Luca, "102"), .. story.Answers(taken, won, Seeds.Luca, "102"), .. story.Ends(taken, Seeds.Luca, "102", Seeds.Rossi)]);
        await story.WrittenAsync(host);
        foreach (var call in new[] { rang, taken })
        {
            var (status, problem) = await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{call}/wrap-up", $$"""{"disposition":"sale","note":"","nextStep":"","finish":false,"pageId":"p","commandId":"{{Guid.Empty}}"}""");
            (status, problem.ErrorId).Should().Be((HttpStatusCode.Conflict, "not_reached"));
        }

        (await SaveAsync(luca, taken, "sale")).Should().Be(HttpStatusCode.OK);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(Guid, Guid)>("select call_id, agent_id from wrap_up where call_id = any(@calls)", new { calls = new[] { rang, taken } })).Should().Equal((taken, Seeds.Luca));
        await using var sara = await host.SignInAsync("sara");
        (await ChangeAsync(sara, taken, Seeds.Luca, "callback")).WrapUps!.Single().Disposition.Should().Be("callback", "a supervisor, whom the call never reached either, corrects");
        await OverAsync(Seeds.Luca, "102");
    }

    [PostgresFact]
    public async Task A_call_out_is_wrapped_up_by_who_made_it_also_when_nobody_answered()
    {
        await using var anna = await host.SignInAsync("anna");
        var call = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Dials(call, Seeds.Anna, "101"), story.Reaches(call), story.Fails(call, CallOutcome.NoAnswer, null)]);
        await story.WrittenAsync(host);
        (await SaveAsync(anna, call, "callback")).Should().Be(HttpStatusCode.OK);
        await OverAsync(Seeds.Anna, "101");
    }

    [PostgresFact]
    public async Task Each_agent_of_a_transferred_call_gives_a_disposition_of_their_own()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101"),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Transfers(call, Seeds.Anna, Seeds.Luca, "102", 9_000), story.Agent(Seeds.Anna, AgentState.WrapUp, "101", call)]);
        await story.WrittenAsync(host);
        foreach (var (field, value) in new[] { ("disposition", "callback"), ("next_step", "anna's"), ("note", "anna's own") })
        {
            using var typed = await TypeAsync(anna, call, field, value);
            typed.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        await OverAsync(Seeds.Anna, "101");
        (await UnfinishedAsync(anna)).Should().Contain(call);
        (await UnfinishedAsync(luca)).Should().NotContain(call, "he is still in it");
        await story.WriteAsync([.. story.Ends(call, Seeds.Luca, "102", Seeds.Rossi, leg: 3)]);
        await story.WrittenAsync(host);
        var lucas = await luca.GetAsync($"api/calls/{call}/draft", ContractsJson.Default.IReadOnlyListDraftFieldView);
        lucas.Select(f => (f.Field, f.Value, f.By)).Should().Equal(($"note.{Seeds.Anna}", "anna's own", "Anna Verdi"));
        var desk = await luca.OpenAsync();
        desk.Answer.Desk!.Call!.Draft.Select(f => f.Field).Should().Equal($"note.{Seeds.Anna}");
        (await SaveAsync(luca, call, "sale")).Should().Be(HttpStatusCode.OK);
        (await UnfinishedAsync(anna)).Should().Contain(call);
        (await SaveAsync(anna, call, "callback")).Should().Be(HttpStatusCode.OK);
        var detail = await luca.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView);
        detail.WrapUps!.Select(w => (w.AgentName, w.Disposition, w.ChangeUntil is not null)).Should().BeEquivalentTo([("Luca Neri", "sale", true), ("Anna Verdi", "callback", false)]);
        await OverAsync(Seeds.Luca, "102");
    }

    [PostgresFact]
    public async Task A_disposition_is_changed_by_who_gave_it_or_a_supervisor_and_the_book_says_who()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        await using var marco = await host.SignInAsync("marco");
        var call = await EndedAsync(Seeds.Anna);
        await OverAsync(Seeds.Anna, "101");
        (await RefusedAsync(anna, call, Seeds.Anna, "sale")).Status.Should().Be(HttpStatusCode.NotFound, "none is given yet");
        (await SaveAsync(anna, call, "callback", "will call")).Should().Be(HttpStatusCode.OK);

        (await RefusedAsync(luca, call, Seeds.Anna, "sale")).Status.Should().Be(HttpStatusCode.NotFound, "it is no call of his");
        (await RefusedAsync(marco, call, Seeds.Anna, "sale")).Problem.ErrorId.Should().Be("not_allowed");
        (await RefusedAsync(anna, call, Seeds.Anna, "nonsense")).Problem.Errors!.Keys.Should().Equal("disposition");
        (await RefusedAsync(anna, call, Seeds.Luca, "sale")).Status.Should().Be(HttpStatusCode.NotFound);

        (await ChangeAsync(anna, call, Seeds.Anna, "sale")).Call.Disposition.Should().Be("Sale");
        var after = (await ChangeAsync(sara, call, Seeds.Anna, "callback")).WrapUps!.Single();
        (after.Disposition, after.Note).Should().Be(("callback", "will call"));
        after.Changes.Select(c => (c.Who, c.Before, c.After)).Should().Equal(("Anna Verdi", "Call back", "Sale"), ("Sara Conti", "Sale", "Call back"));
        (await ChangeAsync(sara, call, Seeds.Anna, "callback")).WrapUps!.Single().Changes.Should().HaveCount(2, "the same again is no change");
        (await SaveAsync(anna, call, "sale", "sold")).Should().Be(HttpStatusCode.OK);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(Guid, string, string)>(
            "select user_id, detail ->> 'before', detail ->> 'after' from audit where action = 'disposition.changed' and object_id = @key order by id", new { key = $"{call}/{Seeds.Anna}" }))
            .Should().Equal((Seeds.Anna, "callback", "sale"), (Seeds.Sara, "sale", "callback"), (Seeds.Anna, "callback", "sale"));

        await using var ada = await host.SignInAsync("ada");
        var told = await ada.GetAsync($"api/audit?action=disposition.changed&kind=call&object={call}", ContractsJson.Default.ListPageAuditView);
        told.Items.Select(r => (r.Who, r.CallId, r.Changes.Single().Before, r.Changes.Single().After)).Should().Equal(
            ("Anna Verdi", call, "Call back", "Sale"), ("Sara Conti", call, "Sale", "Call back"), ("Anna Verdi", call, "Call back", "Sale"));
    }

    [PostgresFact]
    public async Task After_a_day_it_stays_as_it_is_and_says_why()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var call = await EndedAsync(Seeds.Anna);
        await OverAsync(Seeds.Anna, "101");
        (await SaveAsync(anna, call, "callback")).Should().Be(HttpStatusCode.OK);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update wrap_up set created_at = now() - interval '23 hours 59 minutes' where call_id = @call", new { call });
        (await ChangeAsync(anna, call, Seeds.Anna, "sale")).WrapUps!.Single().Disposition.Should().Be("sale");
        await database.ExecuteAsync("update wrap_up set created_at = now() - interval '24 hours 1 second' where call_id = @call", new { call });
        foreach (var page in new[] { anna, sara })
        {
            var (status, problem) = await RefusedAsync(page, call, Seeds.Anna, "callback");
            (status, problem.ErrorId).Should().Be((HttpStatusCode.Conflict, "wrap_up_closed"));
            problem.Detail.Should().Contain("24 hours");
        }

        (await SaveAsync(anna, call, "callback")).Should().Be(HttpStatusCode.Conflict);
        var given = (await sara.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).WrapUps!.Single();
        (given.Disposition, given.ChangeUntil).Should().Be(("sale", null));
    }
}
