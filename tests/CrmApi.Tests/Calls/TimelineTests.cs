using System.Net;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Calls;

[Trait("Category", "Slow")]
public sealed class TimelineTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    async Task<CallTimelineView> ReadAsync(Page page, Guid call)
    {
        await story.WrittenAsync(host);
        return await page.GetAsync($"api/calls/{call}/timeline", ContractsJson.Default.CallTimelineView);
    }

    static string Lanes(CallTimelineView timeline) => string.Join("; ", timeline.Lanes.Select(l =>
        $"{l.Kind} {l.Name}: {string.Join(", ", l.Bars.Select(b => $"{b.Kind} {b.Queue}{b.With}{b.Outcome}{(b.To is null ? "…" : "")}".TrimEnd()))}".Replace(" :", ":", StringComparison.Ordinal)));

    async Task<(Guid Call, Guid Offer)> TalkAsync()
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.ClientLeg(call)]);
        await Task.Delay(5);
        await story.WriteAsync([.. story.Offers(call, offer, Seeds.Luca, "102", Seeds.Rossi), .. story.Rings(call, offer, Seeds.Luca, "102")]);
        await Task.Delay(5);
        await story.WriteAsync(story.Answers(call, offer, Seeds.Luca, "102"));
        await Task.Delay(5);
        return (call, offer);
    }

    [PostgresFact]
    public async Task An_answered_call_tells_who_did_what_and_why_it_went_there_with_all_figures()
    {
        var (call, _) = await TalkAsync();
        await story.WriteAsync(story.Ends(call, Seeds.Luca, "102", Seeds.Rossi, talk_ms: 5));
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null));
        await using var sara = await host.SignInAsync("sara");
        var timeline = await ReadAsync(sara, call);
        Lanes(timeline).Should().Be("client: wait Sales, talk Luca Neri; agent Luca Neri: ring Answered, talk, wrapup");
        timeline.To.Should().NotBeNull();
        timeline.Call.Should().BeEquivalentTo(new { Id = call, ClientName = "Mario Rossi", Outcome = "Answered" });
        var route = timeline.Events.Single(e => e.Kind == "route_decided").Route!;
        route.Should().BeEquivalentTo(new { Queue = "Sales", Target = (string?)null, Place = (int?)null });
        route.Reason.Should().BeEquivalentTo(new
        {
            Rule = "LeastBusy",
            Chosen = "Luca Neri",
            Preferred = "Anna Verdi",
            PreferredBy = "Responsible",
            PreferredState = "Talking",
            CandidateCount = 1,
            Candidates = new[] { new ReasonCandidateView("Luca Neri", 1, 18.5m, 40) },
        });
        timeline.Events.Select(e => e.Kind).Should().Equal("call_started", "call_identified", "call_queued", "leg_started", "recording_started", "route_decided", "call_offered", "offer_rang", "offer_ended",
            "leg_started", "call_answered", "leg_ended", "call_ended", "wrap_up_started");
        timeline.Events[0].Should().BeEquivalentTo(new { Code = "Inbound", Who = "+39 02 1234 5678", Other = "Web site", Lane = "client.1" });
        timeline.Events[1].Should().BeEquivalentTo(new { Code = "Known", Who = "Mario Rossi", Number = 1 });
        timeline.Events.Single(e => e.Kind == "call_ended").Should().BeEquivalentTo(new { Code = "Answered", Detail = "Caller", Number = 16 });
    }

    [PostgresFact]
    public async Task A_transferred_call_gives_each_agent_their_own_talk_and_a_running_one_stays_open()
    {
        var (call, _) = await TalkAsync();
        await story.WriteAsync(story.Holds(call, Seeds.Luca));
        await Task.Delay(5);
        await story.WriteAsync(story.Resumes(call, Seeds.Luca));
        await Task.Delay(5);
        await story.WriteAsync(story.Transfers(call, Seeds.Luca, Seeds.Mila, "103", talk_ms: 10));
        await using var sara = await host.SignInAsync("sara");
        var timeline = await ReadAsync(sara, call);
        Lanes(timeline).Should().Be("client: wait Sales, talk Luca Neri, hold Luca Neri, talk Luca Neri, talk Mila Orlova…; agent Luca Neri: ring Answered, talk, hold, talk; agent Mila Orlova: talk …");
        (timeline.To, timeline.Now > timeline.From).Should().Be((null, true));
        timeline.Events.Single(e => e.Kind == "call_transferred").Should().BeEquivalentTo(new { Code = "Blind", Who = "Luca Neri", Other = "Mila Orlova" });
        await story.WriteAsync([story.Abandons(call, 0)]);
    }

    [PostgresFact]
    public async Task A_call_from_the_PBXs_own_record_says_so_and_has_its_talk()
    {
        var (call, began) = (Guid.CreateVersion7(), new DateTimeOffset(2026, 3, 5, 9, 0, 0, TimeSpan.Zero));
        await story.WriteAsync(story.Imports(call, Seeds.Luca, Seeds.Rossi, began, 6000));
        await using var sara = await host.SignInAsync("sara");
        var timeline = await ReadAsync(sara, call);
        Lanes(timeline).Should().Be("client: talk Luca Neri; agent Luca Neri: talk");
        (timeline.From, timeline.To, timeline.Estimated).Should().Be((began, began.AddSeconds(10), false));
        timeline.Events.Select(e => e.Kind).Should().Equal("call_imported", "call_started", "call_identified", "leg_started", "leg_started", "call_answered", "leg_ended", "leg_ended", "call_ended");
        timeline.Events[0].Should().BeEquivalentTo(new { At = began, Code = "Fallback", Lane = "client.1", Estimated = false });
        timeline.Events[2].Who.Should().Be("Mario Rossi");
    }

    [PostgresFact]
    public async Task A_corrected_call_ends_when_it_did_and_says_where_that_is_from()
    {
        var (call, _) = await TalkAsync();
        await story.WriteAsync([.. story.Ends(call, Seeds.Luca, "102", Seeds.Rossi, talk_ms: 5).Select(e => e switch
        {
            LegEnded leg => leg with { Estimated = true },
            CallEnded end => end with { Outcome = CallOutcome.Lost, Estimated = true },
            _ => e,
        }), story.Agent(Seeds.Luca, AgentState.Ready, "102", null)]);
        await using var sara = await host.SignInAsync("sara");
        var began = (await ReadAsync(sara, call)).From;
        await story.WriteAsync(story.Corrects(call, Seeds.Luca, began, 8000), story.Outward(call));
        var timeline = await ReadAsync(sara, call);
        (timeline.To, timeline.Estimated).Should().Be((began.AddSeconds(12), false));
        timeline.Lanes.Single(l => l.Kind == "agent").Bars.Single(b => b.Kind == "talk").To.Should().Be(began.AddSeconds(12));
        timeline.Events.Single(e => e.Kind == "call_ended").Should().BeEquivalentTo(new { Code = "Answered", Detail = "Agent", At = began.AddSeconds(12), Estimated = false });
        timeline.Events.Single(e => e.Kind == "call_corrected").Code.Should().Be("Answered");
        timeline.Events.Single(e => e.Kind == "call_dialled").Other.Should().Be("+39 06 9999 8888");
    }

    [PostgresFact]
    public async Task An_abandoned_call_has_its_wait_and_no_talk()
    {
        var call = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Arrives(call, PhoneNumber.Withheld, LookupOutcome.Withheld, null), .. story.ClientLeg(call)]);
        await Task.Delay(5);
        await story.WriteAsync([story.Abandons(call, 5)]);
        await using var marco = await host.SignInAsync("marco");
        var timeline = await ReadAsync(marco, call);
        Lanes(timeline).Should().Be("client: wait Sales");
        timeline.Events[0].Who.Should().BeNull();
        timeline.Events[^1].Code.Should().Be("Abandoned");
    }

    [PostgresFact]
    public async Task Agents_see_it_for_their_own_calls_leads_for_all_and_others_as_if_there_were_none()
    {
        var (call, _) = await TalkAsync();
        await story.WriteAsync(story.Ends(call, Seeds.Luca, "102", Seeds.Rossi));
        await using var luca = await host.SignInAsync("luca");
        (await ReadAsync(luca, call)).Call.Id.Should().Be(call);
        foreach (var lead in new[] { "sara", "marco", "ada" })
        {
            await using var page = await host.SignInAsync(lead);
            (await ReadAsync(page, call)).Call.Id.Should().Be(call);
        }

        await story.WrittenAsync(host);
        await using var mila = await host.SignInAsync("mila");
        (await mila.ProblemAsync(HttpMethod.Get, $"api/calls/{call}/timeline")).Should().BeEquivalentTo(await mila.ProblemAsync(HttpMethod.Get, $"api/calls/{Guid.NewGuid()}/timeline"),
            o => o.ComparingByMembers<ProblemView>());
        await using var nobody = Page.Nobody(host.Address);
        (await nobody.Http.GetAsync($"api/calls/{call}/timeline")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [PostgresFact]
    public async Task A_recording_says_which_part_is_whose()
    {
        var (call, _) = await TalkAsync();
        await story.WriteAsync(story.Ends(call, Seeds.Luca, "102", Seeds.Rossi));
        await story.WrittenAsync(host);
        var recording = Guid.CreateVersion7();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, created_at, started_at)
            select @recording, 'pbx', @unique, @call, 'ready', extract(epoch from ended_at - started_at) * 1000, 1, 'x', now(), started_at from call where id = @call
            """,
            new { recording, unique = $"{call:N}.1", call });
        await using var luca = await host.SignInAsync("luca");
        var view = await luca.GetAsync($"api/recordings/{recording}", ContractsJson.Default.RecordingView);
        view.Parts!.Take(2).Select(p => (p.Kind, p.AgentId, p.Agent)).Should().Equal(("wait", null, null), ("talk", Seeds.Luca, "Luca Neri"));
        (view.Parts![0].From_ms, view.Parts[^1].To_ms).Should().Be((0, view.Duration_ms));
        view.Parts[1].From_ms.Should().Be(view.Parts[0].To_ms);
    }
}
