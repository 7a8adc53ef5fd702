using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Calls;

/// <summary>Transfers from the desk: the road to the router, the directory, and what sender and receiver are shown.</summary>
[Trait("Category", "Slow")]
public sealed class TransferTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<HttpStatusCode> SendAsync(Page page, CommandRequest request)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/commands", request, ContractsJson.Default.CommandRequest);
        return answer.StatusCode;
    }

    [PostgresTheory]
    [InlineData("transfer")]
    [InlineData("consult")]
    public async Task A_transfer_goes_to_the_router_with_its_one_target(string kind)
    {
        await using var page = await host.SignInAsync("anna");
        host.Router.Answer = _ => new RoadAnswer(true, null);
        var (call, id) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        (await SendAsync(page, new CommandRequest(id, kind, call, ToAgent: Seeds.Luca))).Should().Be(HttpStatusCode.OK);
        host.Router.Commands.Single(c => c.Id == id).Command.Should().Be(new RoadCommand(kind, call, ToAgent: Seeds.Luca));
        (await SendAsync(page, new CommandRequest(id = Guid.CreateVersion7(), kind, call, ToQueue: Seeds.Sales))).Should().Be(HttpStatusCode.OK);
        host.Router.Commands.Single(c => c.Id == id).Command.Should().Be(new RoadCommand(kind, call, ToQueue: Seeds.Sales));
        (await SendAsync(page, new CommandRequest(id = Guid.CreateVersion7(), kind, call, Number: " 06 9999 8888 "))).Should().Be(HttpStatusCode.OK);
        host.Router.Commands.Single(c => c.Id == id).Command.Should().Be(new RoadCommand(kind, call, Number: "06 9999 8888", E164: "+390699998888"));
    }

    [PostgresTheory]
    [InlineData("transfer")]
    [InlineData("consult")]
    [InlineData("swap")]
    [InlineData("join")]
    [InlineData("cancel_transfer")]
    [InlineData("complete_transfer")]
    public async Task Only_agents_transfer_nobody_for_them_and_never_without_a_call(string kind)
    {
        await using var agent = await host.SignInAsync("anna");
        (await SendAsync(agent, new CommandRequest(Guid.CreateVersion7(), kind, ToAgent: Seeds.Luca))).Should().Be(HttpStatusCode.BadRequest);
        foreach (var login in new[] { "sara", "marco", "ada" })
        {
            await using var page = await host.SignInAsync(login);
            var id = Guid.CreateVersion7();
            (await SendAsync(page, new CommandRequest(id, kind, Guid.CreateVersion7(), ToAgent: Seeds.Luca))).Should().Be(HttpStatusCode.Forbidden);
            using var instead = await page.Http.PostAsJsonAsync($"api/agents/{Seeds.Anna}/commands", new SuperviseRequest(id, kind), ContractsJson.Default.SuperviseRequest);
            instead.StatusCode.Should().Be(login == "marco" ? HttpStatusCode.Forbidden : HttpStatusCode.BadRequest);
            host.Router.Commands.Should().NotContain(c => c.Id == id);
        }
    }

    [PostgresFact]
    public async Task A_target_that_is_missing_or_not_one_is_named()
    {
        await using var page = await host.SignInAsync("anna");
        foreach (var request in new[]
        {
            new CommandRequest(Guid.CreateVersion7(), "transfer", Guid.CreateVersion7()),
            new CommandRequest(Guid.CreateVersion7(), "transfer", Guid.CreateVersion7(), ToAgent: Seeds.Luca, ToQueue: Seeds.Sales),
            new CommandRequest(Guid.CreateVersion7(), "consult", Guid.CreateVersion7(), ToAgent: Seeds.Luca, Number: "102"),
            new CommandRequest(Guid.CreateVersion7(), "consult", Guid.CreateVersion7(), Number: "  "),
        })
        {
            using var answer = await page.Http.PostAsJsonAsync("api/commands", request, ContractsJson.Default.CommandRequest);
            answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
            (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Should().ContainKey("toAgent");
        }

        using var longNumber = await page.Http.PostAsJsonAsync("api/commands", new CommandRequest(Guid.CreateVersion7(), "transfer", Guid.CreateVersion7(), Number: new string('1', 81)), ContractsJson.Default.CommandRequest);
        (await longNumber.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Should().ContainKey("number");
    }

    [PostgresFact]
    public async Task The_directory_shows_people_and_queues_as_they_are_without_oneself()
    {
        await using var story = await Story.BeginAsync(host);
        await using var page = await host.SignInAsync("anna");
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null));
        var directory = await Eventually(page, d => d.People.Any(p => p.Id == Seeds.Luca && p.State == "Ready"));
        directory.People.Should().NotContain(p => p.Id == Seeds.Anna);
        directory.People.Single(p => p.Id == Seeds.Luca).Should().BeEquivalentTo(new { State = "Ready", Extension = "102" });
        directory.People.Select(p => p.State == "SignedOut").Should().BeInAscendingOrder("who is not here comes last");
        directory.Queues.Should().Contain(q => q.Id == Seeds.Sales && q.Open && !q.Full);
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Paused, "102", null, "break"));
        await Eventually(page, d => d.People.Any(p => p is { State: "Paused", Reason: "break" } && p.Id == Seeds.Luca));
    }

    [PostgresFact]
    public async Task Who_is_asked_sees_the_client_the_note_and_the_place_in_the_script_and_the_sender_how_far_it_is()
    {
        await using var story = await Story.BeginAsync(host);
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (sender, receiver) = (await anna.OpenAsync(), await luca.OpenAsync());
        var (call, offer, second) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Seeds.Luca, AgentState.Ready, "102", null), .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
            .. story.Answers(call, offer, Seeds.Anna, "101")]);
        await sender.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        foreach (var (field, value) in new[] { ("note", "Wants the red one"), ("script.step", "opening need") })
        {
            using var written = await anna.Http.PutAsJsonAsync($"api/calls/{call}/draft/{field}", new DraftWrite(value, "p1"), ContractsJson.Default.DraftWrite);
            written.EnsureSuccessStatusCode();
        }

        await story.WriteAsync([story.Transfer(call, TransferStep.Ringing, Seeds.Anna, Seeds.Luca), .. story.OffersBy(RouteRule.Consult, call, second, Seeds.Luca, "102", Seeds.Rossi)]);
        var pop = (await receiver.NextAsync<PopEvent>(e => e.Pop.OfferId == second)).Pop;
        pop.Transfer.Should().Be(new TransferView("Ringing", true, false, "Anna Verdi", "Luca Neri", null, null, null));
        (pop.ScriptStep, pop.Card!.Id).Should().Be(("opening need", Seeds.Rossi));
        pop.Notes!.Select(n => (n.By, n.Value)).Should().Equal(("Anna Verdi", "Wants the red one"));
        var ringing = (await sender.NextAsync<CallEvent>(e => e.Call is { Transfer.Step: "Ringing" } c && c.CallId == call)).Call;
        (ringing.State, ringing.Transfer!.Mine).Should().Be(("Talking", true), "the sender goes on talking");

        await story.WriteAsync([story.Agent(Seeds.Luca, AgentState.Talking, "102", call), story.Transfer(call, TransferStep.Consulting, Seeds.Anna, Seeds.Luca)]);
        (await receiver.NextAsync<CallEvent>(e => e.Call is { Transfer.Step: "Consulting" } c && c.CallId == call)).Call.Should().BeEquivalentTo(new { State = "Talking", Transfer = new { Mine = false, From = "Anna Verdi" } });
        await story.WrittenAsync(host);
        await host.RestartAsync();
        await using var again = await host.SignInAsync("anna");
        (await again.OpenAsync()).Answer.Desk!.Call!.Should().BeEquivalentTo(new { State = "Talking", Transfer = new { Step = "Consulting", Attended = true, Mine = true, To = "Luca Neri" } }, "a page that comes back sees how far it is");
    }

    [PostgresFact]
    public async Task After_a_hand_over_both_go_on_typing_and_nobodys_text_is_lost()
    {
        await using var story = await Story.BeginAsync(host);
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        async Task<long> TypeAsync(Page page, string field, string value)
        {
            using var written = await page.Http.PutAsJsonAsync($"api/calls/{call}/draft/{field}", new DraftWrite(value, page == anna ? "anna's" : "luca's"), ContractsJson.Default.DraftWrite);
            written.EnsureSuccessStatusCode();
            return (await written.Content.ReadFromJsonAsync(ContractsJson.Default.DraftFieldView))!.Version;
        }

        async Task<Dictionary<string, string>> SeesAsync(Page page) =>
            (await page.GetAsync($"api/calls/{call}/draft", ContractsJson.Default.IReadOnlyListDraftFieldView)).ToDictionary(f => f.Field, f => f.Value);

        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101"), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        await story.WrittenAsync(host);
        await using var sender = await anna.OpenAsync();
        await using var receiver = await luca.OpenAsync();
        await TypeAsync(anna, "note", "wants the red one");
        await TypeAsync(anna, "answer.size", "small");
        await TypeAsync(anna, "answer.city", "Roma");
        await TypeAsync(anna, "script.step", "opening need");
        await story.WriteAsync([.. story.Transfers(call, Seeds.Anna, Seeds.Luca, "102", 9_000), story.Agent(Seeds.Anna, AgentState.WrapUp, "101", call), story.Agent(Seeds.Luca, AgentState.Talking, "102", call)]);
        await story.WrittenAsync(host);
        (await receiver.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call.Draft.Select(f => (f.Field, f.Value, f.By)).Should().BeEquivalentTo(
            [($"note.{Seeds.Anna}", "wants the red one", "Anna Verdi"), ("answer.size", "small", null), ("answer.city", "Roma", null), ("script.step", "opening need", (string?)null)], "he starts where she left it, with a note of his own");

        (await TypeAsync(luca, "answer.size", "large")).Should().Be(2, "a page takes only what is newer than what it has");
        await TypeAsync(luca, "note", "takes two");
        await TypeAsync(luca, "script.step", "opening need close");
        await TypeAsync(anna, "note", "wants the red one, hurry");
        await TypeAsync(anna, "answer.size", "medium");
        (await SeesAsync(anna)).Should().BeEquivalentTo(new Dictionary<string, string>
        { ["note"] = "wants the red one, hurry", [$"note.{Seeds.Luca}"] = "takes two", ["answer.size"] = "medium", ["answer.city"] = "Roma", ["script.step"] = "opening need" });
        (await SeesAsync(luca)).Should().BeEquivalentTo(new Dictionary<string, string>
        { ["note"] = "takes two", [$"note.{Seeds.Anna}"] = "wants the red one, hurry", ["answer.size"] = "large", ["answer.city"] = "Roma", ["script.step"] = "opening need close" });
        (await receiver.NextAsync<DraftEvent>(e => e.Field.By == "Anna Verdi")).Field.Value.Should().Be("wants the red one, hurry");
        (await sender.NextAsync<DraftEvent>(e => e.Field.By == "Luca Neri")).Field.Value.Should().Be("takes two");
        receiver.Events.OfType<DraftEvent>().Where(e => e.Field.PageId == "anna's").Should().OnlyContain(e => e.Field.By != null, "answers and the place are each one's own");
        sender.Events.OfType<DraftEvent>().Where(e => e.Field.PageId == "luca's").Should().OnlyContain(e => e.Field.By != null);

        foreach (var (page, note) in new[] { (anna, "wants the red one, hurry"), (luca, "takes two") })
        {
            using var saved = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave("sale", note, "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave);
            saved.EnsureSuccessStatusCode();
        }

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(Guid, string, string)>("select agent_id, note, answers ->> 'size' from wrap_up where call_id = @call", new { call }))
            .Should().BeEquivalentTo([(Seeds.Anna, "wants the red one, hurry", "medium"), (Seeds.Luca, "takes two", "large")]);
        await story.WriteAsync([.. story.Ends(call, Seeds.Luca, "102", Seeds.Rossi, leg: 3), story.Agent(Seeds.Anna, AgentState.Ready, "101", null), story.Agent(Seeds.Luca, AgentState.Ready, "102", null)]);
    }

    static async Task<DirectoryView> Eventually(Page page, Func<DirectoryView, bool> good)
    {
        for (var left = 100; ; left--)
        {
            var directory = await page.Http.GetFromJsonAsync("api/directory", ContractsJson.Default.DirectoryView);
            if (good(directory!)) return directory!;
            left.Should().BePositive("the directory follows the journal");
            await Task.Delay(50);
        }
    }
}
