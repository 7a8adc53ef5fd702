using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Missed;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.CrmApi.Tests.Missed;

[Trait("Category", "Slow")]
public sealed class MissedTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync()
    {
        story = await Story.BeginAsync(host);
        await ExecuteAsync("delete from blocked_number; truncate missed_call, missed_claim, missed_done, call_message; truncate call cascade");
    }

    public async Task DisposeAsync() => await story.DisposeAsync();

    static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(sql, parameters);
    }

    /// <summary>A caller of the Sales queue who gives up.</summary>
    async Task<Guid> MissAsync(string number, Guid? client = null, bool brief = false)
    {
        var call = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Arrives(call, Story.From(number), client is null ? LookupOutcome.Unknown : LookupOutcome.Known, client), story.Abandons(call, brief ? 2000 : 40_000, brief)]);
        await story.WrittenAsync(host);
        return call;
    }

    async Task AnswerAsync(Guid agent, string extension, string number, Guid? client)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From(number), LookupOutcome.Known, client), .. story.Offers(call, offer, agent, extension, client), .. story.Answers(call, offer, agent, extension),
            .. story.Ends(call, agent, extension, client)]);
        await story.WrittenAsync(host);
    }

    static async Task<IReadOnlyList<MissedRow>> ListAsync(Page page, string query = "") => (await page.GetAsync($"api/missed{query}", ContractsJson.Default.ListPageMissedRow)).Items;

    static async Task<(HttpStatusCode Status, MissedRow? Row, ProblemView? Problem)> PostAsync(Page page, Guid id, string what, MissedDone? body = null)
    {
        using var answer = await page.Http.PostAsync($"api/missed/{id}/{what}", body is null ? null : JsonContent.Create(body, ContractsJson.Default.MissedDone));
        return answer.IsSuccessStatusCode
            ? (answer.StatusCode, await answer.Content.ReadFromJsonAsync(ContractsJson.Default.MissedRow), null)
            : (answer.StatusCode, null, await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView));
    }

    [PostgresFact]
    public async Task A_number_is_one_row_however_often_it_was_missed_and_leaves_when_it_is_answered()
    {
        await MissAsync("+390212345678", Seeds.Rossi, brief: true);
        var last = await MissAsync("+390212345678", Seeds.Rossi);
        await MissAsync("+390299990000", brief: true);
        await using var anna = await host.SignInAsync("anna");
        var rows = await ListAsync(anna);
        rows.Select(r => (r.Caller.Number, r.Times, r.Short, r.Kind)).Should().Equal(("+39 02 9999 0000", 1, true, "Short"), ("+39 02 1234 5678", 2, false, "Abandoned"));
        rows[1].Should().BeEquivalentTo(new { ClientId = Seeds.Rossi, ClientName = "Mario Rossi", QueueName = "Sales", LastCallId = last, ClaimedBy = (string?)null });
        rows[1].FirstAt.Should().BeBefore(rows[1].LastAt);
        (await anna.GetAsync("api/missed/count", ContractsJson.Default.MissedCount)).Waiting.Should().Be(1, "who hung up at once does not ask to be called back");

        await AnswerAsync(Seeds.Luca, "102", "+390212345678", Seeds.Rossi);
        (await ListAsync(anna)).Select(r => r.Caller.Number).Should().Equal("+39 02 9999 0000");
        (await ListAsync(anna, "?state=closed")).Should().ContainSingle().Which.Should().BeEquivalentTo(new { ClosedHow = "Rang", ClosedBy = "Luca Neri", Times = 2, Id = rows[1].Id });

        await MissAsync("+390212345678", Seeds.Rossi);
        (await ListAsync(anna)).First().Should().BeEquivalentTo(new { Times = 1, Id = rows[1].Id }, "the same row is open again");
    }

    [PostgresFact]
    public async Task Closed_as_junk_the_number_is_blocked_for_the_queue_and_a_clients_is_asked_back_first()
    {
        await MissAsync("+390212345678", Seeds.Rossi);
        await MissAsync("+390299991111");
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (junk, client) = ((await ListAsync(anna))[0], (await ListAsync(anna))[1]);
        (await PostAsync(anna, junk.Id, "done", new MissedDone("spam"))).Status.Should().Be(HttpStatusCode.OK);
        var refused = await PostAsync(anna, client.Id, "done", new MissedDone("spam"));
        (refused.Status, refused.Problem!.ErrorId).Should().Be((HttpStatusCode.Conflict, "confirm_needed"));
        (await ListAsync(anna)).Should().ContainSingle("it is still open").Which.Id.Should().Be(client.Id);
        (await BlocksAsync()).Should().Equal(("+390299991111", "Sales"));

        (await PostAsync(anna, client.Id, "done", new MissedDone("spam", Confirmed: true))).Status.Should().Be(HttpStatusCode.OK);
        (await ListAsync(anna)).Should().BeEmpty();
        (await BlocksAsync()).Should().Equal(("+390212345678", "Sales"), ("+390299991111", "Sales"));

        async Task<IEnumerable<(string, string?)>> BlocksAsync() =>
            (await sara.GetAsync("api/blocks", ContractsJson.Default.ListPageBlockRow)).Items.Select(b => (b.Number, b.QueueName));
    }

    [PostgresFact]
    public async Task Agents_see_and_claim_those_of_their_queues_and_leads_all()
    {
        await MissAsync("+390212345678", Seeds.Rossi);
        await using var anna = await host.SignInAsync("anna");
        await using var mila = await host.SignInAsync("mila"); // Support alone.
        await using var sara = await host.SignInAsync("sara");
        var row = (await ListAsync(anna)).Single();
        (await ListAsync(mila)).Should().BeEmpty();
        (await ListAsync(sara)).Should().ContainSingle();
        (await ListAsync(sara, $"?queue={Seeds.Support}")).Should().BeEmpty();
        (await ListAsync(sara, $"?queue={Seeds.Sales}")).Should().ContainSingle();
        foreach (var what in new[] { "claim", "release" }) (await PostAsync(mila, row.Id, what)).Status.Should().Be(HttpStatusCode.NotFound);
        (await PostAsync(mila, row.Id, "done", new MissedDone("spam"))).Problem!.ErrorId.Should().Be("missed_closed");
        (await ListAsync(anna)).Should().ContainSingle("others' refused attempts changed nothing");

        (await PostAsync(sara, row.Id, "claim")).Row!.ClaimedBy.Should().Be("Sara Conti");
        (await PostAsync(anna, row.Id, "release")).Status.Should().Be(HttpStatusCode.Conflict);
        (await PostAsync(anna, row.Id, "done", new MissedDone("spam"))).Problem!.ErrorId.Should().Be("claimed_by_other");
        (await PostAsync(sara, row.Id, "release")).Row!.ClaimedBy.Should().BeNull();
        (await PostAsync(anna, row.Id, "claim")).Row!.ClaimedById.Should().Be(Seeds.Anna);
        (await PostAsync(sara, row.Id, "release")).Row!.ClaimedBy.Should().BeNull("a lead gives back anybody's");
    }

    [PostgresFact]
    public async Task Who_gives_up_after_a_transfer_into_a_queue_waits_to_be_called_back_by_that_queue()
    {
        await MissAsync("+390212345678", Seeds.Rossi);
        await using var mila = await host.SignInAsync("mila"); // Support alone.
        await using var luca = await host.SignInAsync("luca"); // Sales.
        await using var sara = await host.SignInAsync("sara");
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393470000009"), LookupOutcome.Unknown, null), .. story.Offers(call, offer, Seeds.Anna, "101"), .. story.Answers(call, offer, Seeds.Anna, "101"),
            story.Say(new TransferChanged(TransferStep.Ringing, TransferKind.Blind, Seeds.Anna, null, Seeds.Support, null, null) { Seq = 0, At = default }, call),
            story.Say(new LegEnded("pbx", $"{call:N}.2", Seeds.Anna, 16, null, 20_000, 0, false) { Seq = 0, At = default }, call), story.Agent(Seeds.Anna, AgentState.Ready, "101", null),
            story.Say(new TransferChanged(TransferStep.Done, TransferKind.Blind, Seeds.Anna, null, Seeds.Support, null, null) { Seq = 0, At = default }, call),
            story.Say(new CallQueued(Seeds.Support, 1) { Seq = 0, At = default }, call)]);
        await story.WrittenAsync(host);
        (await ListAsync(mila)).Should().BeEmpty("they still wait");

        await story.WriteAsync(story.Say(new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, Seeds.Anna, null, Seeds.Support, 4000, 20_000, 0, false) { Seq = 0, At = default }, call));
        await story.WrittenAsync(host);
        (await ListAsync(mila)).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = "Abandoned", QueueName = "Support", Times = 1, LastCallId = call });
        (await mila.GetAsync("api/missed/count", ContractsJson.Default.MissedCount)).Waiting.Should().Be(1);
        (await ListAsync(luca)).Should().ContainSingle("only his queue's").Which.QueueName.Should().Be("Sales");
        (await sara.Http.GetFromJsonAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView))!.Call.Outcome.Should().Be("Answered");

        var (again, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(again, Story.From("+393470000009"), LookupOutcome.Unknown, null), .. story.Offers(again, second, Seeds.Anna, "101"), .. story.Answers(again, second, Seeds.Anna, "101")]);
        await story.WrittenAsync(host);
        (await ListAsync(mila)).Should().BeEmpty("Sales speaks with them");
        await story.WriteAsync([.. story.Ends(again, Seeds.Anna, "101", null)]);
        (await ListAsync(sara)).Should().ContainSingle().Which.QueueName.Should().Be("Sales");
    }

    [PostgresFact]
    public async Task A_message_in_a_mailbox_is_shown_to_its_owner_with_its_own_sound_and_what_became_of_it_on_the_phone()
    {
        var (call, message, of, recording) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        // Mila sits at the extension and serves none of the call's queue.
        await ExecuteAsync("insert into agent_state (agent_id, domain, state, node, extension, since, last_seq) values (@owner, 'main', 'Ready', 'pbx', '101', now() - interval '1 hour', 0) on conflict (agent_id) do update set node = 'pbx', extension = '101', since = excluded.since",
            new { owner = Seeds.Mila });
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), story.Leaves(call, message), story.Abandons(call, 40_000)]);
        await story.WrittenAsync(host);
        await using var mila = await host.SignInAsync("mila");
        var row = (await ListAsync(mila)).Should().ContainSingle().Which;
        (row.Kind, row.Message).Should().Be(("Voicemail", new MissedMessage(call, null, "pending", "101@default", 12_000)));
        foreach (var (id, holds, status) in new[] { (of, (Guid?)null, "ready"), (recording, message, "ready") })
        {
            await ExecuteAsync("insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, created_at, message_id) values (@id, 'pbx', @unique, @call, @status, 12000, 10, 'nowhere.opus', now() - interval '1 minute' * @late, @holds)",
                new { id, unique = $"{id:N}", call, status, holds, late = holds is null ? 0 : 1 });
        }

        (await ListAsync(mila)).Single().Message!.Recording.Should().Be(recording, "the call's own recording, though newer, holds no message");
        var view = await mila.Http.GetFromJsonAsync($"api/recordings/{recording}", ContractsJson.Default.RecordingView);
        view!.Parts.Should().Equal(new RecordingPartView(0, 12_000, "message", null, null));
        await using var sara = await host.SignInAsync("sara");
        var log = await sara.Http.GetFromJsonAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView);
        (log!.Call.RecordingId, log.Recording!.Id).Should().Be((recording, recording), "the card's timeline plays it, too");

        await story.WriteAsync(story.Leaves(call, message, MailboxState.Heard));
        await story.WrittenAsync(host);
        var heard = (await ListAsync(mila)).Single();
        (heard.Message!.Phone, heard.ClosedAt).Should().Be(("heard", null));
        heard.Message.PhoneAt.Should().NotBeNull();
        await using var anna = await host.SignInAsync("anna"); // Her queue.
        (await ListAsync(anna)).Should().ContainSingle();
        await ExecuteAsync("delete from agent_state where agent_id = @owner", new { owner = Seeds.Mila });
    }

    [PostgresFact]
    public async Task A_message_is_heard_by_who_is_shown_its_number_and_nobody_else()
    {
        var (call, other, recording, unheard) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), story.Speaks(call, 12), story.Abandons(call, 40_000),
            .. story.Arrives(other, Story.From("+390212340000"), LookupOutcome.Unknown, null), story.Abandons(other, 40_000)]);
        await story.WrittenAsync(host);
        await using var anna = await host.SignInAsync("anna");
        var row = (await ListAsync(anna)).Single(r => r.LastCallId == call);
        (row.Kind, row.Message).Should().Be(("Voicemail", new MissedMessage(call, null, "pending")));
        foreach (var (id, of) in new[] { (recording, call), (unheard, other) })
        {
            await ExecuteAsync("insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, created_at) values (@id, 'pbx', @unique, @of, 'ready', 12000, 10, 'nowhere.opus', now())",
                new { id, unique = $"{of:N}.1", of });
        }

        (await ListAsync(anna)).Select(r => (r.LastCallId == call, r.Message)).Should().BeEquivalentTo([(true, new MissedMessage(call, recording, "ready")), (false, (MissedMessage?)null)],
            "the recording of somebody who only waited is no message");
        await using var mila = await host.SignInAsync("mila"); // Support alone.
        await using var sara = await host.SignInAsync("sara");
        foreach (var (page, id, seen) in new[] { (anna, recording, true), (mila, recording, false), (sara, recording, true), (anna, unheard, false) })
        {
            using var answer = await page.Http.GetAsync($"api/recordings/{id}");
            answer.StatusCode.Should().Be(seen ? HttpStatusCode.OK : HttpStatusCode.NotFound);
            using var sound = await page.Http.GetAsync($"api/recordings/{id}/audio");
            (await sound.Content.ReadAsStringAsync()).Contains("recording_missing", StringComparison.Ordinal).Should().Be(seen, "who may hear it is told that the file is gone, others nothing");
        }

        var parts = (await anna.GetAsync($"api/recordings/{recording}", ContractsJson.Default.RecordingView)).Parts!;
        parts.Should().Contain(p => p.Kind == "message").And.NotContain(p => p.Kind == "talk");
    }

    [PostgresFact]
    public async Task A_message_without_a_number_is_heard_and_closed_by_hand_and_who_left_none_is_only_counted()
    {
        await using var anna = await host.SignInAsync("anna");
        var feed = await anna.OpenAsync();
        await feed.NextAsync<HintEvent>(e => e.Subject == "missed");
        feed.Events.Clear();
        var (withheld, unread, silent, down, recording) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var strange = new PhoneNumber("99", NumberKind.Unparsed);
        await story.WriteAsync([
            .. story.Arrives(withheld, PhoneNumber.Withheld, LookupOutcome.Withheld, null), story.Speaks(withheld, 12), story.Abandons(withheld, 40_000),
            .. story.Arrives(unread, strange, LookupOutcome.Unknown, null), story.Leaves(unread, Guid.CreateVersion7()), story.Abandons(unread, 40_000),
            .. story.Arrives(silent, PhoneNumber.Withheld, LookupOutcome.Withheld, null), story.Abandons(silent, 40_000),
            .. story.Arrives(down, PhoneNumber.Withheld, LookupOutcome.Withheld, null), story.Say(new CallEnded(CallOutcome.Lost, EndedBy.Unknown, 16, null, null, Seeds.Sales, 4000, 0, 0, true) { Seq = 0, At = default }, down)]);
        await story.WrittenAsync(host);
        await feed.NextAsync<HintEvent>(e => e.Subject == "missed" && e.Key == "2");
        var rows = await ListAsync(anna);
        rows.Select(r => (r.Id, r.LastCallId, r.Caller.Number, r.Caller.Kind, r.Kind, r.Times, r.Message!.CallId)).Should().BeEquivalentTo([
            (withheld, withheld, (string?)null, "Withheld", "Voicemail", 1, withheld), (unread, unread, "99", "Unparsed", "Voicemail", 1, unread)]);
        (await anna.GetAsync("api/missed/count", ContractsJson.Default.MissedCount)).Waiting.Should().Be(2);

        foreach (var (id, of) in new[] { (recording, withheld), (Guid.CreateVersion7(), down) })
        {
            await ExecuteAsync("insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, created_at) values (@id, 'pbx', @unique, @of, 'ready', 12000, 10, 'nowhere.opus', now())",
                new { id, unique = $"{of:N}.1", of });
        }

        await feed.NextAsync<HintEvent>(e => e.Subject == "missed" && e.Key == "3");
        (await ListAsync(anna)).Select(r => r.LastCallId).Should().BeEquivalentTo([withheld, unread, down], "of a down time the recording tells that there is a message");
        await using var mila = await host.SignInAsync("mila"); // Support alone.
        (await ListAsync(mila)).Should().BeEmpty();
        foreach (var (page, status) in new[] { (anna, HttpStatusCode.OK), (mila, HttpStatusCode.NotFound) })
        {
            using var answer = await page.Http.GetAsync($"api/recordings/{recording}");
            answer.StatusCode.Should().Be(status);
        }

        (await PostAsync(mila, withheld, "claim")).Status.Should().Be(HttpStatusCode.NotFound);
        (await PostAsync(anna, withheld, "claim")).Row!.ClaimedBy.Should().Be("Anna Verdi");
        await using var luca = await host.SignInAsync("luca");
        (await PostAsync(luca, withheld, "done", new MissedDone("solved"))).Problem!.ErrorId.Should().Be("claimed_by_other");
        (await PostAsync(anna, withheld, "done", new MissedDone("solved"))).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync(anna, unread, "done", new MissedDone("spam"))).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync(anna, withheld, "done", new MissedDone("solved"))).Problem!.ErrorId.Should().Be("missed_closed");
        (await ListAsync(anna)).Select(r => r.LastCallId).Should().Equal(down);
        (await ListAsync(anna, "?state=closed")).Select(r => (r.Id, r.ClosedHow, r.ClosedBy)).Should().BeEquivalentTo([(withheld, "solved", "Anna Verdi"), (unread, "spam", "Anna Verdi")]);
        await using var sara = await host.SignInAsync("sara");
        (await sara.GetAsync("api/blocks", ContractsJson.Default.ListPageBlockRow)).Items.Should().BeEmpty("there is no number to block");
        (await sara.GetAsync("api/missed/figures", ContractsJson.Default.MissedFiguresView)).All.Should().BeEquivalentTo(new { Callers = 0, Withheld = 4 }, "nobody of these can be called back");
    }

    [PostgresFact]
    public async Task Who_is_calling_right_now_is_marked_and_claimed_by_nobody_until_they_give_up()
    {
        await MissAsync("+390212345678", Seeds.Rossi);
        await MissAsync("+390299990000");
        await using var anna = await host.SignInAsync("anna");
        var feed = await anna.OpenAsync();
        await feed.NextAsync<HintEvent>(e => e.Subject == "missed");
        var (other, row) = ((await ListAsync(anna))[0], (await ListAsync(anna))[1]);
        row.CallingSince.Should().BeNull();

        // From another number of theirs.
        var call = Guid.CreateVersion7();
        feed.Events.Clear();
        await story.WriteAsync(story.Arrives(call, Story.From("+393470000009"), LookupOutcome.Known, Seeds.Rossi));
        await story.WrittenAsync(host);
        await feed.NextAsync<HintEvent>(e => e.Subject == "missed");
        var rows = (await ListAsync(anna)).ToDictionary(r => r.Id);
        rows[row.Id].CallingSince.Should().BeCloseTo(Now, TimeSpan.FromSeconds(20));
        rows[other.Id].CallingSince.Should().BeNull();
        var refused = await PostAsync(anna, row.Id, "claim");
        (refused.Status, refused.Problem!.ErrorId).Should().Be((HttpStatusCode.Conflict, "calling_now"));
        (await PostAsync(anna, other.Id, "claim")).Status.Should().Be(HttpStatusCode.OK);

        feed.Events.Clear();
        await story.WriteAsync(story.Abandons(call, 30_000));
        await story.WrittenAsync(host);
        await feed.NextAsync<HintEvent>(e => e.Subject == "missed");
        (await ListAsync(anna)).Should().OnlyContain(r => r.CallingSince == null);
        (await PostAsync(anna, row.Id, "claim")).Row!.ClaimedById.Should().Be(Seeds.Anna);

        // They ring once more and are answered: closed as ever, and whoever holds it keeps nothing.
        var (again, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(again, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(again, offer, Seeds.Luca, "102", Seeds.Rossi)]);
        await story.WrittenAsync(host);
        (await ListAsync(anna, "?state=mine")).Single(r => r.Id == row.Id).CallingSince.Should().NotBeNull("it rings at a colleague");
        await story.WriteAsync(story.Answers(again, offer, Seeds.Luca, "102"));
        await story.WrittenAsync(host);
        (await ListAsync(anna)).Should().NotContain(r => r.Id == row.Id);
        await story.WriteAsync(story.Ends(again, Seeds.Luca, "102", Seeds.Rossi));
    }

    [PostgresFact]
    public async Task Of_two_who_claim_at_once_one_wins_and_the_other_is_told_who()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        for (var round = 0; round < 10; round++)
        {
            await MissAsync($"+3902123400{round:00}");
            var row = (await ListAsync(anna))[0];
            var answers = await Task.WhenAll(PostAsync(anna, row.Id, "claim"), PostAsync(luca, row.Id, "claim"));
            answers.Count(a => a.Status == HttpStatusCode.OK).Should().Be(1);
            var winner = answers.Single(a => a.Status == HttpStatusCode.OK).Row!.ClaimedBy;
            var loser = answers.Single(a => a.Status == HttpStatusCode.Conflict).Problem!;
            (loser.ErrorId, loser.Detail).Should().Be(("claimed_by_other", $"{winner} has it."));
        }

        var (annas, lucas) = (await ListAsync(anna, "?state=mine"), await ListAsync(luca, "?state=mine"));
        (annas.Count + lucas.Count).Should().Be(10);
        annas.Should().OnlyContain(r => r.ClaimedBy == "Anna Verdi");
        (await anna.GetAsync("api/missed/count", ContractsJson.Default.MissedCount)).Waiting.Should().Be(annas.Count, "what others have is not waiting for her");
    }

    [PostgresFact]
    public async Task A_claim_that_nobody_works_on_lapses_and_a_call_to_the_client_keeps_it()
    {
        await MissAsync("+390212345678", Seeds.Rossi);
        var time = new FakeTimeProvider(Now);
        var store = ActivatorUtilities.CreateInstance<MissedStore>(host.Services, (TimeProvider)time);
        var (anna, luca) = (Someone(Seeds.Anna), Someone(Seeds.Luca));
        var id = (await store.ListAsync(anna, "open", null, null, 10, default)).Items.Single().Id;
        var claimed = (await store.ClaimAsync(id, anna, default)).Row!;
        claimed.ClaimLapsesAt.Should().BeCloseTo(time.GetUtcNow().AddMinutes(30), TimeSpan.FromMilliseconds(1));
        time.Advance(TimeSpan.FromMinutes(29));
        (await store.ClaimAsync(id, luca, default)).Refusal.Should().Be("claimed_by_other");

        // Anna tries them on another number of theirs; nobody answers.
        await ExecuteAsync("insert into client_phone (client_id, e164, raw, added_at) values (@Rossi, '+393470000001', '', now()) on conflict do nothing", new { Seeds.Rossi });
        var began = time.GetUtcNow();
        var call = Guid.CreateVersion7();
        await ExecuteAsync("""
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, dialled_e164, started_at, ended_at, outcome, last_seq)
            values (@call, 'main', 'pbx', 'Outbound', 'Ended', false, '101', 'Extension', '+393470000001', '+393470000001', @began, @ends, 'Failed', 0);
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at) values ('pbx', @call::text, @call, 'PJSIP/101-1', @Anna, false, @began)
            """, new { call, began, ends = began.AddSeconds(20), Seeds.Anna });
        time.Advance(TimeSpan.FromMinutes(30));
        (await store.ClaimAsync(id, luca, default)).Refusal.Should().Be("claimed_by_other", "it is worked on");
        time.Advance(TimeSpan.FromSeconds(20));
        var taken = await store.ClaimAsync(id, luca, default);
        (taken.Refusal, taken.Row!.ClaimedBy).Should().Be(((string?)null, "Luca Neri"));
        (await store.ListAsync(anna, "mine", null, null, 10, default)).Items.Should().BeEmpty();
    }

    static Person Someone(Guid id) => new(id, Guid.NewGuid(), Guid.NewGuid(), "x", "X", "agent", true) { Grants = Some.Grants(id, "agent") };

    [PostgresFact]
    public async Task A_claim_from_before_they_were_reached_does_not_hold_when_they_are_missed_again()
    {
        await MissAsync("+393331112222", Seeds.Bianchi);
        await using var anna = await host.SignInAsync("anna");
        var id = (await ListAsync(anna)).Single().Id;
        (await PostAsync(anna, id, "claim")).Status.Should().Be(HttpStatusCode.OK);
        await AnswerAsync(Seeds.Anna, "101", "+393331112222", Seeds.Bianchi);
        (await PostAsync(anna, id, "claim")).Status.Should().Be(HttpStatusCode.NotFound);
        await MissAsync("+393331112222", Seeds.Bianchi);
        (await ListAsync(anna)).Single().ClaimedBy.Should().BeNull();
    }

    [PostgresFact]
    public async Task Closed_without_a_call_it_says_why_and_the_next_miss_opens_it_again()
    {
        await MissAsync("+390212345678", Seeds.Rossi);
        await using var anna = await host.SignInAsync("anna");
        var id = (await ListAsync(anna)).Single().Id;
        async Task<IEnumerable<string>> Wrong(string json) => (await anna.ProblemAsync(HttpMethod.Post, $"api/missed/{id}/done", json)).Problem.Errors!.Keys;
        (await Wrong("""{"reason":"because"}""")).Should().Equal("reason");
        (await Wrong("""{"reason":"other"}""")).Should().Equal("note");
        (await Wrong($$"""{"reason":"mail","note":"{{new string('x', 501)}}"}""")).Should().Equal("note");
        (await anna.ProblemAsync(HttpMethod.Get, "api/missed?state=all")).Problem.Errors!.Keys.Should().Equal("state");

        (await PostAsync(anna, id, "claim")).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync(anna, id, "done", new MissedDone("other", "wrote \0 to them"))).Status.Should().Be(HttpStatusCode.OK);
        (await ListAsync(anna)).Should().BeEmpty();
        (await ListAsync(anna, "?state=closed")).Single().Should().BeEquivalentTo(new { ClosedHow = "other", Note = "wrote  to them", ClosedBy = "Anna Verdi" });
        (await PostAsync(anna, id, "done", new MissedDone("mail"))).Status.Should().Be(HttpStatusCode.NotFound);
        await MissAsync("+390212345678", Seeds.Rossi);
        (await ListAsync(anna)).Single().Should().BeEquivalentTo(new { Id = id, Times = 1, ClaimedBy = (string?)null });
    }

    [PostgresFact]
    public async Task The_list_goes_on_at_its_cursor()
    {
        for (var n = 0; n < 7; n++) await MissAsync($"+39021239990{n}");
        await using var anna = await host.SignInAsync("anna");
        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await anna.GetAsync($"api/missed?limit=3{(cursor is null ? "" : "&cursor=" + cursor)}", ContractsJson.Default.ListPageMissedRow);
            seen.AddRange(page.Items.Select(i => i.Id));
            cursor = page.Next;
        }
        while (cursor is not null);
        seen.Should().HaveCount(7).And.OnlyHaveUniqueItems();
    }

    [PostgresFact]
    public async Task Pages_are_told_what_waits_for_them_and_nobody_elses()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var mila = await host.SignInAsync("mila");
        var (annas, lucas, milas) = (await anna.OpenAsync(), await luca.OpenAsync(), await mila.OpenAsync());
        static bool Says(HintEvent e, string key) => e.Subject == "missed" && e.Key == key;
        await annas.NextAsync<HintEvent>(e => Says(e, "0"));
        await milas.NextAsync<HintEvent>(e => Says(e, "0"));
        await MissAsync("+390212345678", Seeds.Rossi);
        await annas.NextAsync<HintEvent>(e => Says(e, "1"));
        await lucas.NextAsync<HintEvent>(e => Says(e, "1"));
        lucas.Events.Clear();
        (await PostAsync(anna, (await ListAsync(anna)).Single().Id, "claim")).Status.Should().Be(HttpStatusCode.OK);
        await lucas.NextAsync<HintEvent>(e => Says(e, "0"));
        milas.Events.OfType<HintEvent>().Where(e => e.Subject == "missed").Should().OnlyContain(e => e.Key == "0");
    }

    /// <summary>
    /// By hand, at noon, in time = 30 min. Sales: A missed 9:00 and 9:05, called 9:20 (20 min, in time); B missed 9:00, called 10:00 (60 min, late); C missed 10:00, rang 10:10 by
    /// itself (in neither); D missed 11:00, open (late); E missed 11:45, open (time not over: in neither); F spam by hand 9:10 after 9:00 (in neither); one short, one withheld.
    /// Callers 6, open 2, called back 2 after (20 + 60) / 2 = 40 min; in time 1 ÷ (1 + 2) = 33.3 %. Support: G missed 9:00, called 9:30: 100 %; Z missed yesterday 23:50 and
    /// today 0:10, called 0:20: a caller of both days, after 30 min (in time) and after 10 min. Yesterday Support also Y, open since 22:00 (late).
    /// </summary>
    [PostgresFact]
    public async Task The_figures_are_those_computed_by_hand()
    {
        var clock = host.Services.GetRequiredService<SiteClock>();
        var noon = clock.DayStart.AddHours(12);
        await ExecuteAsync(
            """
            insert into missed_call (call_id, domain, number_id, e164, queue_id, kind, missed_at, reached_at, reached_call, reached_by)
            select gen_random_uuid(), 'main', md5(n)::uuid, n, q, kind, @noon - missed, @noon - reached, case when reached is not null then gen_random_uuid() end, by
            from (values
              ('A', @Sales, 'Abandoned', interval '3:00', interval '2:40', 'Called'), ('A', @Sales, 'Abandoned', '2:55', '2:40', 'Called'), ('B', @Sales, 'Down', '3:00', '2:00', 'Called'),
              ('C', @Sales, 'Closed', '2:00', '1:50', 'Rang'), ('D', @Sales, 'Refused', '1:00', null, null), ('E', @Sales, 'Abandoned', '0:15', null, null), ('F', @Sales, 'Abandoned', '3:00', null, null),
              ('H', @Sales, 'Short', '2:00', null, null), (null, @Sales, 'Abandoned', '2:00', null, null), ('G', @Support, 'Abandoned', '3:00', '2:30', 'Called'),
              ('Z', @Support, 'Abandoned', '12:10', '11:40', 'Called'), ('Z', @Support, 'Abandoned', '11:50', '11:40', 'Called'), ('Y', @Support, 'Abandoned', '14:00', null, null)) as v(n, q, kind, missed, reached, by);
            insert into missed_done (number_id, at, user_id, reason) values (md5('F')::uuid, @noon - interval '2:50', @Anna, 'spam');
            """,
            new { noon, Seeds.Sales, Seeds.Support, Seeds.Anna });
        var time = new FakeTimeProvider(noon);
        var site = new SiteClock(host.Services.GetRequiredService<IOptions<SiteOptions>>(), time);
        var store = ActivatorUtilities.CreateInstance<MissedStore>(host.Services, (TimeProvider)time, site);
        Task<MissedFiguresView> Of(string period) => store.FiguresAsync(ReportAsk.Read(site, null, "whole", period, null, null, null, null, out _)!, default);
        var figures = await Of("today");
        figures.Queues.Select(q => (q.QueueName, q.Figures)).Should().Equal(
            ("Sales", new MissedFigures(6, 2, 2, 33.3m, 2400, 1, 1, 2400, 1)), ("Support", new MissedFigures(2, 0, 2, 100m, 1200, 0, 0, 1200)));
        // Half of 10, 20, 30 and 60 min are below 25.
        figures.All.Should().Be(new MissedFigures(8, 2, 4, 60m, 1800, 1, 1, 1500, 1));
        (figures.Within_s, figures.From, figures.To, figures.Zone).Should().Be((1800, site.Today, site.Today, site.ZoneId));
        var yesterday = await Of("yesterday");
        yesterday.Queues.Select(q => (q.QueueName, q.Figures)).Should().Equal(("Support", new MissedFigures(2, 1, 1, 50m, 1800, 0, 0, 1800)));
        (yesterday.From, yesterday.To).Should().Be((site.Today.AddDays(-1), site.Today.AddDays(-1)));
        (await Of("last_7_days")).All.Should().BeEquivalentTo(new { Callers = 10, Open = 3, CalledBack = 5, CallBack_s = 1800, CallBackMedian_s = 1800 });

        await using var sara = await host.SignInAsync("sara");
        foreach (var period in new[] { "today", "yesterday", "last_7_days" })
        {
            var page = (await sara.GetAsync("api/missed/figures?period=" + period, ContractsJson.Default.MissedFiguresView)).All;
            var report = (await sara.GetAsync("api/reports?by=queue&step=whole&period=" + period, ContractsJson.Default.ReportView)).Total;
            (report.Missed, report.CalledBack).Should().Be((page.Callers, page.CalledBack), period);
        }

        await ExecuteAsync("truncate missed_call");
        (await sara.GetAsync("api/missed/figures", ContractsJson.Default.MissedFiguresView)).All.Should().Be(new MissedFigures(0, 0, 0, null, null, 0, 0));
    }

    [PostgresTheory]
    [InlineData("period=week", "period")]
    [InlineData("period=today&from=2026-01-01&to=2026-01-02", "period")]
    [InlineData("from=2026-01-02&to=2026-01-01", "to")]
    [InlineData("from=2025-01-01&to=2026-01-02", "to")]
    [InlineData("from=yesterday&to=2026-01-02", "from")]
    [InlineData("zone=Rome", "zone")]
    public async Task Days_that_cannot_be_understood_are_refused_with_the_field(string query, string field)
    {
        await using var sara = await host.SignInAsync("sara");
        var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, "api/missed/figures?" + query);
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
    }
}
