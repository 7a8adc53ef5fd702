using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace CallCrm.CrmApi.Tests.Live;

[Trait("Category", "Slow")]
public sealed class FeedTests(ApiHost host, ITestOutputHelper output) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    static Guid New() => Guid.CreateVersion7();

    [PostgresFact]
    public async Task A_known_client_pops_whole_at_the_offered_agent_and_nowhere_else()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (desk, other) = (await anna.OpenAsync(), await luca.OpenAsync());
        var (call, offer, before) = (New(), New(), desk.Answer.Desk!.Today);
        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null), .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi, deal: Seeds.RossiDeal, name: Seeds.EvilName),
            .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi)]);

        var pop = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop;
        pop.Should().BeEquivalentTo(new { CallId = call, Lookup = "Known", QueueName = "Sales", NumberName = "Web site", Greeting = "Good morning, Example", Device = "PJSIP/101", CanAnswer = true, Rings_s = 20 });
        pop.CallNumber.Should().BePositive();
        pop.Caller.Should().Be(new CallerView("+39 02 1234 5678", "E164", Seeds.EvilName, "IT"));
        pop.Card!.Should().BeEquivalentTo(new { Id = Seeds.Rossi, Name = "Mario Rossi", SegmentName = "VIP", ResponsibleName = "Anna Verdi" });
        pop.Card!.OpenDeals.Single().Should().BeEquivalentTo(new { Title = "New boilers", StageName = "Negotiation", Amount = 1250.00m });
        pop.Reason.Should().BeEquivalentTo(new { Rule = "LeastBusy", Chosen = "Anna Verdi", PreferredBy = "Responsible", PreferredState = "Talking" });
        pop.Reason.Candidates.Single().Should().Be(new ReasonCandidateView("Anna Verdi", 1, 18.5m, 40));
        pop.Script!.Script.Steps.Should().HaveCountGreaterThan(5);

        await story.WriteAsync(story.Rings(call, offer, Seeds.Anna, "101"));
        (await desk.NextAsync<OfferEvent>(e => e.OfferId == offer && e.Ringing)).Outcome.Should().BeNull();
        await story.WriteAsync(story.Answers(call, offer, Seeds.Anna, "101"));
        (await desk.NextAsync<OfferEvent>(e => e.OfferId == offer && e.Outcome == "Answered")).CallId.Should().Be(call);
        var live = (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking")).Call;
        live.Should().BeEquivalentTo(new { Wait_s = 4, CanHold = true, QueueName = "Sales" });
        live.Card!.Id.Should().Be(Seeds.Rossi);
        (live.Script, live.ScriptKept).Should().Be((null, true), "it came with the pop, and is most of what the event would weigh");
        await story.WriteAsync(story.Holds(call, Seeds.Anna));
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.HeldSince is not null);
        await story.WriteAsync(story.Resumes(call, Seeds.Anna));
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Ended")).Call.Should().BeEquivalentTo(new { Outcome = "Answered", EndedBy = "Caller" });
        var wrapUp = await desk.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp" && e.State.CallId == call);
        wrapUp.State.CanExtend.Should().BeTrue();
        (wrapUp.Today.Calls - before.Calls, wrapUp.Today.Talk_s - before.Talk_s).Should().Be((1, 60));
        await story.WriteAsync(story.Extends(call, Seeds.Anna));
        await desk.NextAsync<MyStateEvent>(e => e.State is { State: "WrapUp", CanExtend: false });
        await story.WriteAsync(story.Agent(Seeds.Anna, AgentState.Ready, "101", null));
        other.Events.Should().NotContain(e => e is PopEvent || e is OfferEvent || e is CallEvent || e is MyStateEvent || e is AgentEvent || e is BoardEvent);
    }

    [PostgresFact]
    public async Task A_shared_number_offers_the_choice_and_a_withheld_one_no_card()
    {
        await using var luca = await host.SignInAsync("luca");
        var desk = await luca.OpenAsync();
        var (call, offer) = (New(), New());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390311111111"), LookupOutcome.Several, null, [Seeds.Twin2, Seeds.Twin1]), .. story.Offers(call, offer, Seeds.Luca, "102")]);
        var pop = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop;
        pop.Card.Should().BeNull();
        pop.Candidates.Select(c => c.Name).Should().Equal("Piera Twin", "Paolo Twin");
        await story.WriteAsync([.. story.Answers(call, offer, Seeds.Luca, "102"),
            new CallIdentified(LookupOutcome.Known, Seeds.Twin1, null, [Seeds.Twin1], Seeds.Luca, false) { Seq = story.Last + 1, At = TimeProvider.System.GetUtcNow(), Call = call }]);
        await story.DisposeAsync();
        story = await Story.BeginAsync(host);
        var card = await desk.NextAsync<CardEvent>(e => e.CallId == call && e.Card is not null);
        (card.Card!.Name, card.Candidates.Count).Should().Be(("Paolo Twin", 0));
        await story.WriteAsync(story.Ends(call, Seeds.Luca, "102", Seeds.Twin1));

        var (hidden, second) = (New(), New());
        await story.WriteAsync([.. story.Arrives(hidden, PhoneNumber.Withheld, LookupOutcome.Withheld, null), .. story.Offers(hidden, second, Seeds.Luca, "102")]);
        var bare = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == second)).Pop;
        bare.Caller.Number.Should().BeNull();
        bare.Lookup.Should().Be("Withheld");
        await story.WriteAsync(story.Fails(hidden, second, Seeds.Luca, "102", OfferOutcome.NoAnswer));
        (await desk.NextAsync<MyStateEvent>(e => e.Today.Missed == 1)).State.State.Should().Be("Ready");
        await story.WriteAsync(story.Abandons(hidden, 30_000));
    }

    [PostgresFact]
    public async Task A_script_is_told_anew_when_its_words_change_and_when_another_call_came_between()
    {
        await using var anna = await host.SignInAsync("anna");
        var desk = await anna.OpenAsync();
        var (call, offer) = (New(), New());
        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null), .. story.Arrives(call, Story.From("+390311111111"), LookupOutcome.Several, null, [Seeds.Twin2, Seeds.Twin1]), .. story.Offers(call, offer, Seeds.Anna, "101")]);
        var nameless = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop.Script!;
        await story.WriteAsync(story.Answers(call, offer, Seeds.Anna, "101"));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking")).Call.Should().BeEquivalentTo(new { ScriptKept = true });

        // Who it is is known now: the card brings the script with their name, and the call does not repeat that one either.
        await story.WriteAsync([new CallIdentified(LookupOutcome.Known, Seeds.Twin1, null, [Seeds.Twin1], Seeds.Anna, false) { Seq = story.Last + 1, At = TimeProvider.System.GetUtcNow(), Call = call }]);
        await story.DisposeAsync();
        story = await Story.BeginAsync(host);
        var named = (await desk.NextAsync<CardEvent>(e => e.CallId == call && e.Card is not null)).Script!;
        JsonSerializer.Serialize(named, ContractsJson.Default.ScriptChoiceView).Should().Contain("Paolo Twin").And.NotBe(JsonSerializer.Serialize(nameless, ContractsJson.Default.ScriptChoiceView));
        await story.WriteAsync(story.Holds(call, Seeds.Anna));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.HeldSince is not null)).Call.ScriptKept.Should().BeTrue();

        // A page that comes now has nothing yet.
        (await anna.OpenAsync()).Answer.Desk!.Call.Should().BeEquivalentTo(new { CallId = call, ScriptKept = false, Script = new { named.Id } });

        var (second, other) = (New(), New());
        await story.WriteAsync([.. story.Arrives(second, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(second, other, Seeds.Anna, "101", Seeds.Rossi)]);
        (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == other)).Pop.Script.Should().NotBeNull();
        await story.WriteAsync([.. story.Fails(second, other, Seeds.Anna, "101", OfferOutcome.NoAnswer), story.Abandons(second, 30_000), story.Agent(Seeds.Anna, AgentState.Talking, "101", call), story.Resumes(call, Seeds.Anna)]);
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && !e.Call.ScriptKept)).Call.Should().BeEquivalentTo(new { State = "Talking", HeldSince = (DateTimeOffset?)null, Script = new { named.Id } }, "the pop's script came last");
        await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", Seeds.Twin1), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
    }

    [PostgresFact]
    public async Task A_page_that_comes_in_mid_call_finds_everything_in_its_snapshot()
    {
        await using var mila = await host.SignInAsync("mila");
        var (call, offer) = (New(), New());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+74951234567"), LookupOutcome.Known, Seeds.Ivanov), .. story.Offers(call, offer, Seeds.Mila, "103", Seeds.Ivanov)]);
        await Until(() => host.Feed.State.Seq >= story.Last);
        (await mila.OpenAsync()).Answer.Desk!.Pop!.Card!.Name.Should().Be("Иван Иванов");

        await story.WriteAsync(story.Answers(call, offer, Seeds.Mila, "103"));
        using (await mila.Http.PutAsJsonAsync($"api/calls/{call}/draft/note", new DraftWrite("half a note", "p1"), ContractsJson.Default.DraftWrite))
        {
        }

        await Until(() => host.Feed.State.Seq >= story.Last);
        foreach (var restarted in new[] { false, true })
        {
            if (restarted) await host.RestartAsync();
            var desk = (await mila.OpenAsync()).Answer;
            desk.Snapshot.Should().BeTrue();
            desk.Board.Should().BeNull("an agent sees no board");
            desk.Desk!.Pop.Should().BeNull();
            desk.Desk.Call.Should().BeEquivalentTo(new { CallId = call, State = "Talking", Lookup = "Known" });
            desk.Desk.Call!.Card!.Id.Should().Be(Seeds.Ivanov);
            desk.Desk.Call.Script.Should().NotBeNull();
            desk.Desk.Call.Draft.Single().Should().BeEquivalentTo(new { Field = "note", Value = "half a note", Version = 1, PageId = "p1" });
        }

        await story.WriteAsync([.. story.Ends(call, Seeds.Mila, "103", Seeds.Ivanov), story.Agent(Seeds.Mila, AgentState.Ready, "103", null)]);
    }

    [PostgresFact]
    public async Task The_state_led_by_entries_equals_the_one_loaded_from_the_projections()
    {
        var random = new Random(20261123);
        Guid[] agents = [Seeds.Anna, Seeds.Luca, Seeds.Mila];
        var ends = new List<JournalEntry[]>();
        for (var i = 0; i < 40; i++)
        {
            var (call, offer, agent) = (New(), New(), agents[random.Next(3)]);
            var extension = $"10{Array.IndexOf(agents, agent) + 1}";
            var told = new List<JournalEntry>(story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi));
            var depth = random.Next(7);
            if (depth == 0) told.Add(story.Abandons(call, 3000, brief: true));
            if (depth > 1) told.AddRange(story.Offers(call, offer, agent, extension, Seeds.Rossi));
            if (depth == 2) told.AddRange(story.Fails(call, offer, agent, extension, OfferOutcome.NoAnswer));
            if (depth > 2) told.AddRange(story.Rings(call, offer, agent, extension));
            if (depth > 3) told.AddRange(story.Answers(call, offer, agent, extension));
            if (depth == 4) told.AddRange([story.Holds(call, agent), story.Agent(agent, AgentState.Talking, extension, call, leaves: i % 2 == 0)]);
            if (depth > 4) told.AddRange(story.Ends(call, agent, extension, Seeds.Rossi));
            if (depth > 5) told.AddRange([story.Agent(agent, AgentState.Paused, extension, null, "break"), (AgentChanged)story.Agent(agent, AgentState.Ready, extension, null) with { Before_ms = 40 + i }]);
            await story.WriteAsync([.. told]);
        }

        await story.WriteAsync(story.Pbx(false));
        await Until(() => host.Feed.State.Seq >= story.Last);
        var led = host.Feed.State;
        var loaded = await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", CancellationToken.None);
        loaded.Seq.Should().Be(led.Seq);
        loaded.Offers.Keys.Should().BeEquivalentTo(led.Offers.Keys);
        loaded.Offers.Values.Where(o => o.Ring_s != 20).Should().BeEmpty();
        loaded.Calls.Keys.Should().BeEquivalentTo(led.Calls.Keys);
        foreach (var (id, call) in led.Calls)
        {
            loaded.Calls[id].Should().BeEquivalentTo(call, o => o.Excluding(c => c.Decision).Excluding(c => c.Dialled)
                .Using<DateTimeOffset>(c => c.Subject.Should().BeCloseTo(c.Expectation, TimeSpan.FromMilliseconds(1))).WhenTypeIs<DateTimeOffset>(), $"call {id}");
        }

        foreach (var (id, agent) in led.Agents)
        {
            loaded.Agent(id).Should().BeEquivalentTo(agent, o => o.ComparingByMembers<LiveToday>()
                .Using<DateTimeOffset>(c => c.Subject.Should().BeCloseTo(c.Expectation, TimeSpan.FromMilliseconds(1))).WhenTypeIs<DateTimeOffset>(), $"agent {id}");
        }

        await story.WriteAsync([story.Pbx(true), .. agents.Select((a, i) => story.Agent(a, AgentState.Ready, $"10{i + 1}", null)), .. led.Calls.Values.Where(c => c.State != CallState.Ended).Select(c => story.Abandons(c.Id, 1000))]);
    }

    [PostgresFact]
    public async Task Through_random_disconnects_every_pop_comes_once_and_none_is_lost()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (desk, lead) = (await anna.OpenAsync(), await sara.OpenAsync());
        using var stop = new CancellationTokenSource();
        var cutting = Task.Run(async () =>
        {
            for (var cuts = 0; ; cuts++)
            {
                await Task.Delay(random.Next(5, 60));
                if (stop.IsCancellationRequested) return cuts;
                if (random.Next(2) == 0) host.Services.GetRequiredService<FeedConnections>().CloseAll();
                await desk.ReconnectAsync();
                await lead.ReconnectAsync();
            }
        });
        var offers = new List<Guid>();
        for (var i = 0; i < 120; i++)
        {
            var (call, offer) = (New(), New());
            offers.Add(offer);
            await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi)]);
            if (random.Next(3) == 0) await Task.Delay(random.Next(10));
            await story.WriteAsync([.. story.Answers(call, offer, Seeds.Anna, "101")]);
            await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        }

        await stop.CancelAsync();
        output.WriteLine($"{await cutting} cuts");
        await desk.ReconnectAsync();
        await lead.ReconnectAsync();
        await Until(() => host.Feed.State.Seq >= story.Last);
        await desk.ReconnectAsync();
        desk.Messages.Count(m => m.Snapshot).Should().Be(1, "the ring covers every short absence");
        var popped = desk.Events.OfType<PopEvent>().Select(e => e.Pop.OfferId).ToList();
        output.WriteLine($"lost {offers.Except(popped).Count()}, double {popped.Count - popped.Distinct().Count()}, foreign {popped.Except(offers).Count()}");
        popped.Should().Equal(offers);
        desk.Events.OfType<PopEvent>().Should().OnlyContain(e => e.Pop.Card != null);
        desk.Events.OfType<OfferEvent>().Where(e => e.Outcome == "Answered").Select(e => e.OfferId).Should().Equal(offers);
        desk.Events.OfType<MyStateEvent>().Last().State.State.Should().Be("Ready");
        lead.Messages.Count(m => m.Snapshot).Should().Be(1);
        lead.Events.OfType<AgentEvent>().Last(e => e.Agent.AgentId == Seeds.Anna).Agent.State.Should().Be("Ready");
        desk.Events.OfType<BoardEvent>().Should().BeEmpty();
    }

    [PostgresFact]
    public async Task After_too_long_an_absence_or_with_nonsense_a_snapshot_comes()
    {
        await using var anna = await host.SignInAsync("anna");
        var first = await anna.OpenAsync();
        var old = first.Position!;
        await story.WriteAsync([.. Enumerable.Range(0, 1100).Select(i => story.Agent(Seeds.Gone, i % 2 == 0 ? AgentState.Ready : AgentState.Paused, "103", null))]);
        await Until(() => host.Feed.State.Seq >= story.Last);
        foreach (var position in new[] { old, "", "nonsense", "1.main:99999999999", "1.other:5", "1.main:-1", new string('x', 5000) })
            (await anna.OpenAsync(position)).Answer.Snapshot.Should().BeTrue(position.Length > 50 ? "long" : position);
        var recent = (await anna.OpenAsync()).Position;
        var answer = (await anna.OpenAsync(recent)).Answer;
        (answer.Snapshot, answer.Events.Count).Should().Be((false, 0));
    }

    [PostgresFact]
    public async Task An_idle_page_hears_its_position_within_seconds()
    {
        await using var mila = await host.SignInAsync("mila");
        var desk = await mila.OpenAsync();
        var before = FeedPosition.Of(desk.Position, "main")!.Value;
        await story.WriteAsync(story.Agent(Seeds.Gone, AgentState.Ready, "103", null), story.Agent(Seeds.Gone, AgentState.SignedOut, null, null));
        await Until(() => FeedPosition.Of(desk.Position, "main") > before, TimeSpan.FromSeconds(12));
    }

    [PostgresFact]
    public async Task The_painted_pop_is_told_to_the_router_at_once_and_only_by_the_one_it_was_for()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (desk, other) = (await anna.OpenAsync(), await luca.OpenAsync());
        var took = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var (call, offer) = (New(), New());
            var seen = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            desk.On = e =>
            {
                if (e is PopEvent pop && pop.Pop.OfferId == offer) seen.TrySetResult(Stopwatch.GetTimestamp());
            };
            var began = Stopwatch.GetTimestamp();
            await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi)]);
            took.Add(Stopwatch.GetElapsedTime(began, await seen.Task.WaitAsync(TimeSpan.FromSeconds(5))).TotalMilliseconds);
            await other.PopSeenAsync(offer, true);
            host.Router.PopsSeen.Should().NotContain(p => p.Offer == offer);
            await desk.PopSeenAsync(offer, true);
            host.Router.PopsSeen.Should().Contain(p => p.Offer == offer);
            await story.WriteAsync([.. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        }

        output.WriteLine($"append → pop at the client: median {took.Order().ElementAt(10):0.0} ms, worst {took.Max():0.0} ms");
        took.Order().ElementAt(10).Should().BeLessThan(150);
    }

    [PostgresFact]
    public async Task The_router_hears_who_has_a_page()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (one, two) = (await anna.OpenAsync(), await anna.OpenAsync());
        await sara.OpenAsync();
        await Until(() => host.Router.Pages.LastOrDefault()?.Agents is [var only] && only == Seeds.Anna);
        await one.DisposeAsync();
        await Task.Delay(200);
        host.Router.Pages.Last().Agents.Should().Equal(Seeds.Anna);
        await two.DisposeAsync();
        await Until(() => host.Router.Pages.Last().Agents.Count == 0);
    }

    [PostgresFact]
    public async Task A_page_that_does_not_drain_is_disconnected_and_hurts_nobody()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var healthy = await luca.OpenAsync();
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.Cookies = anna.Cookies;
        socket.Options.SetRequestHeader("Origin", anna.Origin);
        await socket.ConnectAsync(new Uri(anna.Origin.Replace("http", "ws") + "/hubs/live"), CancellationToken.None);
        async Task Send(string text) => await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(text + "\u001e"), System.Net.WebSockets.WebSocketMessageType.Text, true, CancellationToken.None);
        await Send("""{"protocol":"json","version":1}""");
        await Send("""{"type":1,"invocationId":"1","target":"Resume","arguments":[null,"stuck"]}""");
        var pages = host.Services.GetRequiredService<FeedConnections>();
        await Until(() => pages.Of(Seeds.Anna) is [{ Attached: true }]);
        var load = new string('x', 20_000);
        for (var i = 0; i < 1500 && !pages.Of(Seeds.Anna).IsEmpty; i++)
        {
            host.Feed.Tell(Audience.Everyone, new HintEvent("load", load, i));
            // The healthy one keeps up, however slow the machine is.
            if (i % 20 == 0) await healthy.NextAsync<HintEvent>(e => e.Subject == "load" && e.Version == i);
        }

        await Until(() => pages.Of(Seeds.Anna).IsEmpty);
        host.Feed.Tell(Audience.Everyone, new HintEvent("after", "all", null));
        await healthy.NextAsync<HintEvent>(e => e.Subject == "after");
    }

    [PostgresFact]
    public async Task What_one_page_does_the_persons_other_pages_hear_within_200_ms()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (one, two, other) = (await anna.OpenAsync(), await anna.OpenAsync(), await luca.OpenAsync());
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        var took = new List<TimeSpan>();
        for (var n = 0; n < 9; n++)
        {
            var call = New();
            var began = Stopwatch.GetTimestamp();
            using (var answer = await anna.Http.PostAsJsonAsync("api/commands", new CommandRequest(New(), "hold", call, PageId: one.PageId), ContractsJson.Default.CommandRequest)) answer.EnsureSuccessStatusCode();
            var done = await two.NextAsync<DoneElsewhereEvent>(e => e.CallId == call);
            took.Add(Stopwatch.GetElapsedTime(began));
            (done.Action, done.PageId).Should().Be(("hold", one.PageId));
        }

        // The middle one: the first makes everything ready, and others may have the processor for a moment.
        took.Order().ElementAt(took.Count / 2).Should().BeLessThan(TimeSpan.FromMilliseconds(200));
        one.Events.OfType<DoneElsewhereEvent>().Should().BeEmpty();
        other.Events.OfType<DoneElsewhereEvent>().Should().BeEmpty();
    }

    [PostgresFact]
    public async Task What_changes_of_a_call_is_told_to_who_took_part_and_to_who_sees_their_calls()
    {
        await using var luca = await host.SignInAsync("luca");
        await using var mila = await host.SignInAsync("mila");
        await using var sara = await host.SignInAsync("sara");
        var (desk, other, lead) = (await luca.OpenAsync(), await mila.OpenAsync(), await sara.OpenAsync());
        var (call, offer) = (New(), New());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Luca, "102", Seeds.Bianchi), .. story.Answers(call, offer, Seeds.Luca, "102"),
            .. story.Ends(call, Seeds.Luca, "102", Seeds.Bianchi), story.Agent(Seeds.Luca, AgentState.Ready, "102", null)]);
        await using var hints = new CallFlow.ChangeHints(host.Database, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<CallFlow.ChangeHints>.Instance);
        await hints.AddAsync("recording", "r1", null, call);
        foreach (var page in new[] { desk, lead })
            (await page.NextAsync<HintEvent>(e => e.Key == "r1")).Should().BeEquivalentTo(new { Subject = "recording", Call = (Guid?)call, Clients = new[] { Seeds.Bianchi } });
        // What comes behind it for all has come: the other page had nothing of the call.
        await hints.AddAsync("deal", "d1");
        await other.NextAsync<HintEvent>(e => e.Key == "d1");
        other.Events.OfType<HintEvent>().Should().NotContain(e => e.Key == "r1");
    }

    [PostgresFact]
    public async Task Calls_from_the_PBXs_own_record_are_hinted_to_all_and_count_for_the_agents_day()
    {
        await using var luca = await host.SignInAsync("luca");
        await using var marco = await host.SignInAsync("marco");
        var (desk, lead) = (await luca.OpenAsync(), await marco.OpenAsync());
        var (call, today, began) = (New(), desk.Answer.Desk!.Today, TimeProvider.System.GetUtcNow().AddSeconds(1));
        await story.WriteAsync(story.Imports(call, Seeds.Luca, Seeds.Rossi, began, 6000));
        foreach (var page in new[] { desk, lead }) await page.NextAsync<HintEvent>(e => e.Subject == "call" && e.Key == call.ToString());
        var me = await desk.NextAsync<MyStateEvent>(e => e.Today.Calls == today.Calls + 1);
        (me.Today.Talk_s - today.Talk_s).Should().Be(6);
        var old = New();
        await story.WriteAsync(story.Imports(old, Seeds.Luca, Seeds.Rossi, began.AddDays(-3), 6000), story.Corrects(call, Seeds.Luca, began, 6000), story.Agent(Seeds.Luca, AgentState.Ready, "102", null));
        foreach (var id in new[] { old, call }) await lead.NextAsync<HintEvent>(e => e.Subject == "call" && e.Key == id.ToString());
        (await desk.NextAsync<MyStateEvent>(e => e.State.State == "Ready")).Today.Should().BeEquivalentTo(me.Today, "that was another day");
    }

    [PostgresFact]
    public async Task A_correction_reaches_the_desk_that_still_wraps_the_call_up()
    {
        await using var luca = await host.SignInAsync("luca");
        var desk = await luca.OpenAsync();
        var (call, offer) = (New(), New());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Luca, "102", Seeds.Bianchi),
            .. story.Answers(call, offer, Seeds.Luca, "102"), .. story.Ends(call, Seeds.Luca, "102", Seeds.Bianchi)]);
        var ended = (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Ended")).Call;
        await story.WriteAsync(story.Corrects(call, Seeds.Luca, ended.StartedAt, 60_000));
        var corrected = (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.EndedBy == "Agent")).Call;
        corrected.EndedAt.Should().Be(ended.StartedAt.AddSeconds(64));
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null));
    }

    [PostgresFact]
    public async Task A_number_that_the_PBX_dials_shows_on_the_desk_of_who_dials_out()
    {
        await using var luca = await host.SignInAsync("luca");
        var desk = await luca.OpenAsync();
        var call = New();
        await story.WriteAsync([.. story.Dials(call, Seeds.Luca, "102").Select(e => e is CallStarted s ? s with { Direction = CallDirection.Internal, Dialled = new PhoneNumber("0699998888", NumberKind.Unparsed) } : e)]);
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call.Should().BeEquivalentTo(new { Direction = "Internal", NumberName = (string?)null });
        await story.WriteAsync(story.Outward(call));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.Direction == "Outbound")).Call.Caller.Number.Should().Be("+39 06 9999 8888");
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null));
    }

    [PostgresFact]
    public async Task A_call_out_shows_the_own_phone_then_the_number_and_that_nobody_took_it()
    {
        await using var luca = await host.SignInAsync("luca");
        await using var anna = await host.SignInAsync("anna");
        var (desk, other, call) = (await luca.OpenAsync(), await anna.OpenAsync(), New());
        await story.WriteAsync(story.Dials(call, Seeds.Luca, "102"));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call.Should().BeEquivalentTo(new { Direction = "Outbound", State = "Routing", Caller = new { Number = "+39 06 9999 8888", Kind = "E164" } });
        await story.WriteAsync(story.Recognises(call, Seeds.Rossi));
        (await desk.NextAsync<CardEvent>(e => e.CallId == call)).Card!.Id.Should().Be(Seeds.Rossi);
        await story.WriteAsync(story.Reaches(call));
        var rings = (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Ringing")).Call;
        (rings.Card!.Id, rings.CanHold).Should().Be((Seeds.Rossi, true), "what the own phone can do holds for calls out, too");
        await story.WrittenAsync(host);
        var loaded = (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).Calls[call];
        loaded.Should().BeEquivalentTo(new { ClientCalled = true, Dialler = (Guid?)Seeds.Luca });
        loaded.Holders.Values.Should().Equal(Seeds.Luca);
        // As the router writes it: the agent is free a moment before the call is over.
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null), story.Fails(call, CallOutcome.Busy, Seeds.Rossi));
        (await desk.NextAsync<CallOutEvent>(e => e.CallId == call)).Should().BeEquivalentTo(new { Outcome = "Busy", ClientId = (Guid?)Seeds.Rossi, ClientName = "Mario Rossi", Caller = new { Number = "+39 06 9999 8888" } });
        other.Events.OfType<CallOutEvent>().Should().BeEmpty();
        await story.WrittenAsync(host);
        (await luca.GetAsync("api/calls?outcome=Busy", ContractsJson.Default.ListPageCallRow)).Items.Single(c => c.Id == call).Should().BeEquivalentTo(new { Direction = "Outbound", AgentName = luca.Session.Name, ClientName = "Mario Rossi", Caller = new { Number = "+39 06 9999 8888" } });
    }

    [PostgresFact]
    public async Task A_call_out_that_is_announced_after_its_agent_became_busy_is_on_their_desk()
    {
        await using var luca = await host.SignInAsync("luca");
        var (desk, call) = (await luca.OpenAsync(), New());
        var told = story.Dials(call, Seeds.Luca, "102");
        // The PBX's channel makes them busy; whether it is a call of its own is known 0.3 s later.
        await story.WriteAsync(story.InOrder(told[2], told[0], told[1]));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call.Direction.Should().Be("Outbound");
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null), story.Fails(call, CallOutcome.Cancelled, null));
        (await desk.NextAsync<CallOutEvent>(e => e.CallId == call)).Outcome.Should().Be("Cancelled");
    }

    [PostgresFact]
    public async Task A_card_saved_during_the_call_is_sent_anew_to_the_agent_and_hinted_to_all()
    {
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        var (desk, lead) = (await luca.OpenAsync(), await sara.OpenAsync());
        var (call, offer) = (New(), New());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Luca, "102", Seeds.Bianchi), .. story.Answers(call, offer, Seeds.Luca, "102")]);
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call);
        var card = await luca.GetAsync($"api/clients/{Seeds.Bianchi}", ContractsJson.Default.ClientCardView);
        var save = new ClientSave(card.Kind, "Giulia Bianchi Verdi", card.Company, card.Email, "Napoli", card.Note, card.Language, card.Segment, card.ResponsibleId,
            [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, call);
        using (var answer = await luca.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave)) answer.EnsureSuccessStatusCode();
        (await desk.NextAsync<CardEvent>(e => e.Card?.City == "Napoli")).CallId.Should().Be(call);
        await lead.NextAsync<HintEvent>(e => e.Subject == "client" && e.Key == card.Id.ToString());
        (await lead.NextAsync<AgentEvent>(e => e.Agent.ClientName == "Giulia Bianchi Verdi")).Agent.AgentId.Should().Be(Seeds.Luca);
        await story.WriteAsync([.. story.Ends(call, Seeds.Luca, "102", Seeds.Bianchi), story.Agent(Seeds.Luca, AgentState.Ready, "102", null)]);
    }

    [PostgresFact]
    public async Task A_card_that_came_already_is_not_told_again_but_after_a_snapshot()
    {
        await using var luca = await host.SignInAsync("luca");
        var desk = await luca.OpenAsync();
        var hints = host.Services.GetRequiredService<CallFlow.ChangeHints>();
        var (call, offer) = (New(), New());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Luca, "102", Seeds.Bianchi)]);
        var pop = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop;
        pop.Script.Should().NotBeNull();
        await TellAsync();
        await TellAsync();
        desk.Events.OfType<CardEvent>().Where(e => e.CallId == call).Should().BeEmpty("nothing on the card is other than in the pop");

        await using (var connection = await host.Database.OpenConnectionAsync()) await connection.ExecuteAsync("update client set tags = tags || '{once}' where id = @id", new { id = Seeds.Bianchi });
        await TellAsync();
        var card = await desk.NextAsync<CardEvent>(e => e.CallId == call);
        card.Card!.Tags.Should().Contain("once");
        card.Script.Should().BeNull("no word of it changed");

        // What a page was given as it opened is newer than what was told: who knows by how much.
        var second = await luca.OpenAsync();
        await TellAsync();
        (await second.NextAsync<CardEvent>(e => e.CallId == call)).Card!.Tags.Should().Contain("once");
        await story.WriteAsync([.. story.Fails(call, offer, Seeds.Luca, "102", OfferOutcome.NoAnswer), story.Abandons(call, 30_000), story.Agent(Seeds.Luca, AgentState.Ready, "102", null)]);

        async Task TellAsync()
        {
            await hints.AddAsync("client", Seeds.Bianchi.ToString());
            await desk.NextAsync<HintEvent>(e => e.Subject == "client" && e.Key == Seeds.Bianchi.ToString());
        }
    }

    static async Task Until(Func<bool> holds, TimeSpan? within = null)
    {
        var began = Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (Stopwatch.GetElapsedTime(began) > (within ?? TimeSpan.FromSeconds(10))) throw new TimeoutException("It did not come to hold.");
            await Task.Delay(10);
        }
    }
}
