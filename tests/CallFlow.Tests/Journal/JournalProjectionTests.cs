using System.Text.Json;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class JournalProjectionTests(PostgresFixture postgres) : JournalDatabase(postgres)
{
    /// <summary>Everything the call log, the card and the board read, as text.</summary>
    const string Picture = """
        select string_agg(line, e'\n' order by line) from (
          select 'call ' || row_to_json(c)::text as line from (select id, direction, state, routed, caller_e164, caller_kind, caller_name, dialled_raw, queue_id, lookup, client_id, candidates,
            agent_id, place, started_at, queued_at, answered_at, held_since, ended_at, outcome, ended_by, cause, wait_ms, talk_ms, hold_ms, estimated, merged_into, decision, last_seq from call) c
          union all select 'leg ' || row_to_json(l)::text from call_leg l
          union all select 'offer ' || row_to_json(o)::text from offer o
          union all select 'decision ' || row_to_json(d)::text from route_decision d
          union all select 'agent ' || row_to_json(a)::text from agent_state a
          union all select 'span ' || row_to_json(s)::text from agent_state_span s
          union all select 'doing ' || row_to_json(t)::text from call_span t
          union all select 'listening ' || row_to_json(h)::text from listening h
          union all select 'contact ' || row_to_json(k)::text from client_contact k
          union all select 'seat ' || row_to_json(q)::text from seat_ask q
          union all select 'pbx ' || row_to_json(p)::text from pbx_state p) all_lines
        """;

    [PostgresFact]
    public async Task A_whole_call_stands_in_the_tables_as_it_was()
    {
        await using (var writer = await OpenAsync()) await AppendAsync(writer, new CallScript().WholeCall(Id(1), Mario, Anna, Sales));
        (await ScalarAsync<string>("""
            select concat_ws(' ', number, direction, state, routed, caller_e164, caller_name, lookup, outcome, ended_by, cause, wait_ms, talk_ms, hold_ms, estimated, place, held_since,
              extract(epoch from queued_at - started_at)::int, extract(epoch from answered_at - started_at)::int, extract(epoch from ended_at - started_at)::int, decision ->> 'rule') from call
            """)).Should().Be("1 Inbound Ended t +390212345678 Mario Known Answered Caller 16 8000 60000 10000 f 0 8 78 LeastBusy");
        (await ScalarAsync<bool>($"select client_id = '{Mario}' and agent_id = '{Anna}' and queue_id = '{Sales}' from call")).Should().BeTrue();
        (await ScalarAsync<string>("""
            select string_agg(concat_ws(' ', unique_id, is_client, extract(epoch from answered_at - started_at)::int, cause, tech_cause, talk_ms, hold_ms, wrap_up_ms, recorded), '|' order by unique_id) from call_leg
            """)).Should().Be("1.1 t 8 16 0 0 t|1.2 f 5 16 200 60000 10000 20000 f");
        (await ScalarAsync<string>("select concat_ws(' ', outcome, ring_ms, attempt, rule, extract(epoch from ended_at - offered_at)::int, rang_at is not null) from offer")).Should().Be("Answered 5000 1 LeastBusy 5 t");
        (await ScalarAsync<string>("select concat_ws(' ', talk_ms, extract(epoch from at - timestamptz '2026-11-23 10:00+00')::int) from client_contact")).Should().Be("60000 78");
        (await ScalarAsync<string>("select string_agg(concat_ws(' ', state, span_ms, call_id is not null), '|' order by seq) from agent_state_span"))
            .Should().Be("Ready 100000 f|Reserved 500 t|Ringing 5000 t|Talking 70000 t|WrapUp 20000 t");
        (await ScalarAsync<string>("select concat_ws(' ', state, extension, call_id is null, until is null) from agent_state")).Should().Be("Ready 101 t t");
    }

    [PostgresFact]
    public async Task However_entries_are_batched_and_repeated_the_tables_are_the_same()
    {
        var script = new CallScript().WholeCall(Id(1), Mario, Anna, Sales).WholeCall(Id(2), Mario, Luca, Support).Spans(Id(2), Luca).Start(Id(3), "3.1").Spans(Id(3), Luca)
            .Say(new CallListened(Anna, Luca, "n1", "callcrm-listen-1", true) { Seq = 0, At = default }, Id(3))
            .Say(new CallMerged(Id(3)) { Seq = 0, At = default }, Id(2)).Spans(Id(2), Luca)
            .Say(new SeatAsked(Id(20), "n1", "101", Mario, Anna, CallScript.Begin.AddMinutes(5)) { Seq = 0, At = default }).Agent(Luca, AgentState.Ready, AgentState.Paused, 5)
            .Say(new SeatAnswered(Id(20), "n1", "101", Mario, Anna, SeatOutcome.Allowed) { Seq = 0, At = default })
            .After(5).Say(new CallListened(Anna, Luca, "n1", "callcrm-listen-1", false) { Seq = 0, At = default }, Id(2))
            .Say(new PbxChanged("n1", true, null, "22") { Seq = 0, At = default });
        await using (var writer = await OpenAsync()) await AppendAsync(writer, script);
        var whole = await ScalarAsync<string>(Picture);
        whole.Should().Contain("listening");
        (await ScalarAsync<string>($"select concat_ws(' ', call_id = '{Id(2)}', user_id = '{Anna}', agent_id = '{Luca}', extract(epoch from ended_at - started_at)::int) from listening")).Should().Be("t t t 5");
        foreach (var size in new[] { 1, 5, 17 })
        {
            await ExecuteAsync("truncate journal, call, call_leg, offer, route_decision, agent_state, agent_state_span, call_span, listening, client_contact, seat_ask, pbx_state");
            foreach (var part in script.Entries.Chunk(size).Chunk(4))
            {
                // A new connection in between: what was in memory is read back. The last part comes again, as after a spill.
                await using var connection = new JournalConnection(Router, "main", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
                await connection.WaitForDomainAsync(TimeSpan.Zero, TimeProvider.System, default);
                foreach (var batch in part) await connection.AppendAsync([.. batch.Select(JournalLine.From)], default);
                await connection.AppendAsync([.. part[^1].Select(JournalLine.From)], default);
            }

            (await ScalarAsync<string>(Picture)).Should().Be(whole, $"batches of {size}");
            await ShouldHoldAsync(script.Entries.Count);
        }
    }

    [PostgresFact]
    public async Task A_call_keeps_its_campaign_through_all_that_follows_and_gives_it_to_the_call_it_becomes_part_of()
    {
        var script = new CallScript()
            .Say(new CallStarted("n1", "1.1", "1.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "", true, false, "winter") { Seq = 0, At = default }, Id(1))
            .Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, Id(1))
            .Start(Id(2), "2.1").Say(new CallRouted(CallScript.Caller, CallScript.Dialled, "", "spring") { Seq = 0, At = default }, Id(2))
            .Start(Id(3), "3.1").Start(Id(4), "4.1").Say(new CallRouted(CallScript.Caller, CallScript.Dialled, "", "autumn") { Seq = 0, At = default }, Id(4))
            .Say(new CallMerged(Id(4)) { Seq = 0, At = default }, Id(3));
        await using (var writer = await OpenAsync()) await AppendAsync(writer, script);
        // What is read back and written again has it, too.
        await using (var writer = await OpenAsync()) await AppendAsync(writer, new CallScript(writer.Restored.NextSeq).Say(new CallQueued(Sales, 2) { Seq = 0, At = default }, Id(1)));
        (await ScalarAsync<string>("select string_agg(coalesce(campaign, '-'), ' ' order by id) from call")).Should().Be("winter spring autumn autumn");
    }

    [PostgresFact]
    public async Task An_abandoned_caller_and_a_refused_offer_are_told_apart()
    {
        var call = Id(3);
        var offer = DerivedId.From(call, DerivedId.Offer, 1);
        var script = new CallScript().Start(call).Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, call).Offer(call, offer, Anna, Sales).After(2)
            .Say(new OfferEnded(offer, Anna, OfferOutcome.Declined, 603, 2000) { Seq = 0, At = default }, call)
            .Say(new CallQueued(Sales, 2) { Seq = 0, At = default }, call);
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        (await ScalarAsync<string>("select state || ' ' || place from call")).Should().Be("Waiting 2");
        var rest = new CallScript(script.NextSeq).After(30).Say(new LegEnded("n1", "1.1", null, 16, null, 0, 0, false) { Seq = 0, At = default }, call)
            .Say(new CallEnded(CallOutcome.Abandoned, EndedBy.Caller, 16, null, null, Sales, 30_000, 0, 0, false) { Seq = 0, At = default }, call);
        await AppendAsync(writer, rest);
        (await ScalarAsync<string>("select concat_ws(' ', state, outcome, ended_by, wait_ms, talk_ms, agent_id) from call")).Should().Be("Ended Abandoned Caller 30000 0");
        (await ScalarAsync<string>("select outcome || ' ' || tech_cause from offer")).Should().Be("Declined 603");
        (await ScalarAsync<long>("select count(*) from client_contact")).Should().Be(0);
    }

    [PostgresFact]
    public async Task A_recording_that_is_not_to_be_kept_is_marked_before_the_call_is_over()
    {
        var call = Id(6);
        var script = new CallScript().Start(call).Say(new RecordingStarted("n1", "1.1") { Seq = 0, At = default }, call);
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        (await ScalarAsync<string>("select recorded || ' ' || unkept from call_leg")).Should().Be("true false");
        await AppendAsync(writer, new CallScript(script.NextSeq).After(30).Say(new RecordingUnkept("n1", "1.1") { Seq = 0, At = default }, call));
        (await ScalarAsync<string>("select recorded || ' ' || unkept || ' ' || (ended_at is null) from call_leg")).Should().Be("false true true");
    }

    [PostgresFact]
    public async Task A_merged_call_gives_its_legs_and_its_talk_to_the_older_one()
    {
        var (older, younger) = (Id(4), Id(5));
        var script = new CallScript().Start(older, "2.1").Start(younger, "2.2")
            .Say(new CallIdentified(LookupOutcome.Known, Mario, null, [Mario], null, false) { Seq = 0, At = default }, younger)
            .Say(new LegStarted("n1", "2.3", "PJSIP/101-3", Anna, false, false) { Seq = 0, At = default }, younger)
            .Say(new CallAnswered(null, Anna, "n1", "2.3", 100) { Seq = 0, At = default }, younger)
            .Say(new CallMerged(younger) { Seq = 0, At = default }, older).After(9)
            .Say(new LegEnded("n1", "2.3", Anna, 16, null, 9000, 0, false) { Seq = 0, At = default }, older)
            .Say(new CallEnded(CallOutcome.Answered, EndedBy.Agent, 16, Anna, Mario, null, 100, 9000, 0, false) { Seq = 0, At = default }, older);
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        (await ScalarAsync<string>("select string_agg(concat_ws(' ', state, client_id is not null, merged_into is not null, outcome), '|' order by number) from call"))
            .Should().Be("Ended t f Answered|Ended t t");
        (await ScalarAsync<bool>($"select bool_and(call_id = '{older}') and count(*) = 3 from call_leg")).Should().BeTrue();
        (await ScalarAsync<string>($"select string_agg(talk_ms::text, ',') from client_contact where call_id = '{older}' and client_id = '{Mario}'")).Should().Be("9000");
    }

    [PostgresFact]
    public async Task What_each_leg_did_stands_in_a_row_each_and_follows_a_merge()
    {
        var (older, younger) = (Id(12), Id(13));
        var script = new CallScript().Start(older, "5.1").Start(younger, "5.2").Spans(younger, Anna);
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        (await ScalarAsync<string>("""
            select string_agg(concat_ws(' ', node, unique_id, kind, bridge, other_id, extract(epoch from from_at - timestamptz '2026-11-23 10:00+00')::numeric(9, 3),
              extract(epoch from to_at - from_at)::numeric(9, 3), agent_id is not null, call_id), '|' order by seq) from call_span
            """)).Should().Be($"n1 1.2 Ring 1.000 2.500 t {younger}|n1 1.2 Talk b1 3.500 4.000 t {younger}|n1 1.1 Hold b1 1.2 7.500 1.250 f {younger}");
        await AppendAsync(writer, new CallScript(script.NextSeq).Say(new CallMerged(younger) { Seq = 0, At = default }, older).Spans(older, Anna));
        (await ScalarAsync<bool>($"select bool_and(call_id = '{older}') and count(*) = 6 from call_span")).Should().BeTrue();
    }

    [PostgresFact]
    public async Task A_client_attached_after_the_call_gets_the_conversation()
    {
        var script = new CallScript().WholeCall(Id(6), Mario, Anna, Sales);
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        var other = Guid.NewGuid();
        await AppendAsync(writer, new CallScript(script.NextSeq).Say(new CallIdentified(LookupOutcome.Known, other, null, [other], Anna, true) { Seq = 0, At = default }, Id(6)));
        (await ScalarAsync<Guid>("select client_id from client_contact")).Should().Be(other);
        (await ScalarAsync<Guid>("select client_id from call")).Should().Be(other);
    }

    [PostgresFact]
    public async Task Characters_that_PostgreSQL_cannot_hold_and_an_entry_it_refuses_stop_nothing()
    {
        await using var writer = await OpenAsync();
        var script = new CallScript().Start(Id(7), name: "a\0b \\u0000 \ud83d <b>")
            // No such row can be: the tables' check refuses it.
            .Say(new CallStarted("n1", "9", "9", (CallDirection)9, CallScript.Caller, CallScript.Dialled, "", true, false) { Seq = 0, At = default }, Id(8))
            .Start(Id(9), "3.1");
        await AppendAsync(writer, script);
        await ShouldHoldAsync(script.Entries.Count);
        (await ScalarAsync<string>($"select caller_name from call where id = '{Id(7)}'")).Should().Be("ab \\u0000 \ufffd <b>");
        (await ScalarAsync<long>($"select count(*) from call where id in ('{Id(7)}', '{Id(9)}')")).Should().Be(2);
    }

    [PostgresFact]
    public async Task Every_kind_of_entry_comes_back_as_it_was_written()
    {
        var script = new CallScript().WholeCall(Id(10), Mario, Anna, Sales)
            .Say(new CallRouted(CallScript.Caller, CallScript.Dialled, "x") { Seq = 0, At = default }, Id(10))
            .Say(new CallMerged(Id(11)) { Seq = 0, At = default }, Id(10))
            .Say(new RecordingUnkept("n1", "1.1") { Seq = 0, At = default }, Id(10))
            .Spans(Id(10), Anna)
            .Say(new CallDialled(CallDirection.Outbound, CallScript.Dialled) { Seq = 0, At = default }, Id(10))
            .Say(new CallTransferred(TransferKind.Blind, Anna, null, "102") { Seq = 0, At = default }, Id(10))
            .Say(new CallListened(Luca, Anna, "n1", "callcrm-listen-2", true) { Seq = 0, At = default }, Id(10))
            .Say(new CallerRead(CallScript.Caller) { Seq = 0, At = default }, Id(10))
            .Say(new TransferChanged(TransferStep.Failed, TransferKind.Attended, Anna, null, Sales, "+390612345678", "busy") { Seq = 0, At = default }, Id(10))
            .Say(Corrected(), Id(10))
            .Say(Imported(), Id(12))
            .Say(new SeatAsked(Id(20), "n1", "101", Mario, Anna, CallScript.Begin.AddMinutes(5)) { Seq = 0, At = default })
            .Say(new SeatAnswered(Id(20), "n1", "101", Mario, Anna, SeatOutcome.Left) { Seq = 0, At = default })
            .Say(new MessageLeft(Id(30), "n1", "1.1", "101@default", "1764000000 PJSIP/trunk-1", CallScript.Begin, 12_000, MailboxState.New) { Seq = 0, At = default }, Id(10))
            .Say(new PbxChanged("n1", false, "cut", null) { Seq = 0, At = default });
        script.Entries.Select(e => e.GetType()).Distinct().Should().BeEquivalentTo(
            typeof(JournalEntry).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(JournalEntry))), "a new kind must be tested here");
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        await using var reading = new JournalReader(Source, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<JournalReader>.Instance)
            .ReadAsync("main", 0, default).GetAsyncEnumerator();
        (await reading.MoveNextAsync()).Should().BeTrue();
        static string Text(IEnumerable<JournalEntry> entries) => string.Join('\n', entries.Select(e => JsonSerializer.Serialize(e, JournalJson.Default.JournalEntry)));
        Text(reading.Current).Should().Be(Text(script.Entries));
    }

    [PostgresFact]
    public async Task The_PBXs_own_record_replaces_what_was_estimated_and_adds_what_was_missing()
    {
        var script = new CallScript().WholeCall(Id(10), Mario, Anna, Sales).Say(Corrected() with { StartedAt = CallScript.Begin.AddSeconds(-3) }, Id(10)).Say(Imported(), Id(12)).Say(Imported(), Id(12));
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        (await ScalarAsync<string>("select string_agg(concat_ws(' ', state, outcome, ended_by, talk_ms, wait_ms, estimated, client_id is not null, extract(epoch from ended_at - started_at)::int), '|' order by number) from call"))
            .Should().Be("Ended Answered Agent 50000 8000 f t 69|Ended Fallback Caller 6000 3000 f t 9");
        (await ScalarAsync<string>("select string_agg(concat_ws(' ', unique_id, is_client, agent_id is not null, talk_ms, hold_ms, recorded), '|' order by unique_id) from call_leg"))
            .Should().Be("1.1 t f 0 0 t|1.2 f t 40000 10000 f|1.3 f f 0 0 f|9.1 t f 0 0 f|9.2 f t 6000 0 f");
        (await ScalarAsync<string>("select string_agg(talk_ms::text, ',' order by talk_ms) from client_contact")).Should().Be("6000,40000");
    }

    /// <summary>The router that watched the ring ended; the next found them in talk 9 s later. At the end CEL has the moment of the answer.</summary>
    [PostgresFact]
    public async Task A_ring_that_nobody_watched_any_more_and_that_was_answered_is_an_answered_offer()
    {
        DateTimeOffset At(double seconds) => CallScript.Begin.AddSeconds(seconds);
        var call = Id(40);
        var script = new CallScript().Start(call).Offer(call, Id(41), Luca, Sales).After(1).Say(new OfferEnded(Id(41), Luca, OfferOutcome.Cancelled, null, 0) { Seq = 0, At = default }, call)
            .Offer(call, Id(42), Anna, Sales, attempt: 2).After(1).Say(new OfferRang(Id(42), Anna) { Seq = 0, At = default }, call)
            .Say(new LegStarted("n1", "1.2", "PJSIP/101-2", Anna, false, false) { Seq = 0, At = default }, call)
            .After(8).Say(new OfferEnded(Id(42), Anna, OfferOutcome.Cancelled, null, 0) { Seq = 0, At = default }, call)
            .After(1).Say(new CallAnswered(null, Anna, "n1", "1.2", 11_000, Estimated: true) { Seq = 0, At = default }, call)
            .After(9).Say(new CallEnded(CallOutcome.Answered, EndedBy.Unknown, 0, Anna, Mario, Sales, 11_000, 9_000, 0, true) { Seq = 0, At = default }, call);
        var corrected = new CallCorrected(CallOutcome.Answered, EndedBy.Caller, 16, Anna, At(5), At(20), 5000, 15_000, false,
            [new ImportedLeg("1.1", "PJSIP/trunk-1", null, true, At(0), At(5), At(20), 16, 0), new ImportedLeg("1.2", "PJSIP/101-2", Anna, false, At(2), At(5), At(20), 16, 15_000)])
        { Seq = 0, At = default };
        const string Offers = "select string_agg(concat_ws(' ', attempt, outcome, ring_ms, extract(epoch from ended_at - offered_at)::int), '|' order by attempt) from offer";
        await using var writer = await OpenAsync();
        await AppendAsync(writer, script);
        (await ScalarAsync<string>(Offers)).Should().Be("1 Cancelled 0 1|2 Answered 9000 10", "as far as was seen; Luca's ring was cancelled");
        await writer.AppendAsync([.. new CallScript(script.NextSeq).Say(corrected, call).Entries], default);
        (await ScalarAsync<string>(Offers)).Should().Be("1 Cancelled 0 1|2 Answered 3000 4");
    }

    /// <summary>Adopted at 20 s in the midst of a talk; the record has its beginnings. Waits, rings and sums fit to them, and no row stands twice.</summary>
    [PostgresFact]
    public async Task A_correction_moves_the_beginnings_of_call_and_legs_together()
    {
        DateTimeOffset At(double seconds) => CallScript.Begin.AddSeconds(seconds);
        var call = Id(40);
        var adopted = new CallScript().After(20)
            .Say(new CallStarted("n1", "1.1", "1.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "", true, true) { Seq = 0, At = default }, call)
            .Say(new LegStarted("n1", "1.1", "PJSIP/trunk-1", null, true, true) { Seq = 0, At = default }, call)
            .Say(new LegStarted("n1", "1.2", "PJSIP/101-2", Anna, false, true) { Seq = 0, At = default }, call)
            .Say(new CallAnswered(null, Anna, "n1", "1.2", 0, Estimated: true) { Seq = 0, At = default }, call)
            .Offer(call, Id(41), Luca, Sales).After(2).Say(new OfferEnded(Id(41), Luca, OfferOutcome.NoAnswer, null, 2000) { Seq = 0, At = default }, call)
            // One that was seen from its first moment on.
            .After(8).Say(new LegStarted("n1", "1.3", "PJSIP/102-3", Luca, false, false) { Seq = 0, At = default }, call)
            .Say(new RecordingStarted("n1", "1.1") { Seq = 0, At = default }, call).After(20)
            .Say(new LegEnded("n1", "1.1", null, 0, null, 0, 0, true) { Seq = 0, At = default }, call).Say(new LegEnded("n1", "1.2", Anna, 0, null, 30_000, 0, true) { Seq = 0, At = default }, call)
            .Say(new LegEnded("n1", "1.3", Luca, 0, null, 0, 0, true) { Seq = 0, At = default }, call)
            .Say(new CallEnded(CallOutcome.Answered, EndedBy.Unknown, 0, Anna, Mario, Sales, 0, 30_000, 0, true) { Seq = 0, At = default }, call);
        var corrected = new CallCorrected(CallOutcome.Answered, EndedBy.Caller, 16, Anna, At(8), At(66), 8000, 58_000, false,
        [
            new ImportedLeg("1.1", "PJSIP/trunk-1", null, true, At(0), At(8), At(66), 16, 0),
            new ImportedLeg("1.2", "PJSIP/101-2", Anna, false, At(3), At(8), At(66), 16, 58_000),
            new ImportedLeg("1.3", "PJSIP/102-3", Luca, false, At(30), null, At(40), 19, 0),
        ], At(0))
        { Seq = 0, At = default };
        const string Rows = """
            select (select concat_ws(' ', extract(epoch from c.started_at - $1)::int, extract(epoch from answered_at - c.started_at)::int, extract(epoch from c.ended_at - c.started_at)::int, wait_ms, talk_ms) from call c)
              || '|' || (select string_agg(concat_ws(' ', unique_id, extract(epoch from l.started_at - $1)::int, extract(epoch from answered_at - l.started_at)::int, extract(epoch from l.ended_at - l.started_at)::int, talk_ms, recorded), '|'
                order by l.started_at, unique_id) from call_leg l)
              || '|' || (select concat_ws(' ', extract(epoch from offered_at - $1)::int, ring_ms) from offer)
            """;
        const string Right = "0 8 66 8000 58000|1.1 0 8 66 0 t|1.2 3 5 63 58000 f|1.3 30 10 0 f|20 2000";
        var rows = Rows.Replace("$1", "timestamptz '2026-11-23 10:00+00'", StringComparison.Ordinal);

        foreach (var apart in new[] { true, false })
        {
            // In a batch of its own, by a router that has to read the rows; and in one batch with what it corrects, told twice.
            await ExecuteAsync("truncate journal, call, call_leg, offer, route_decision, agent_state, agent_state_span, call_span, client_contact");
            await using var connection = new JournalConnection(Router, "main", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            await connection.WaitForDomainAsync(TimeSpan.Zero, TimeProvider.System, default);
            JournalEntry[] correction = [.. new CallScript(adopted.NextSeq).After(90).Say(corrected, call).Entries];
            if (apart)
                await connection.AppendAsync([.. adopted.Entries.Select(JournalLine.From)], default);
            await using var next = new JournalConnection(Router, "main", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            if (apart)
            {
                await connection.DisposeAsync();
                await next.WaitForDomainAsync(TimeSpan.Zero, TimeProvider.System, default);
            }

            var writer = apart ? next : connection;
            JournalLine[] batch = [.. (apart ? correction : [.. adopted.Entries, .. correction]).Select(JournalLine.From)];
            await writer.AppendAsync(batch, default);
            (await ScalarAsync<string>(rows)).Should().Be(Right);
            await writer.AppendAsync(batch, default);
            (await ScalarAsync<string>(rows)).Should().Be(Right, "what comes again changes nothing");
            (await ScalarAsync<bool>("select bool_and(l.started_at >= c.started_at and l.ended_at <= c.ended_at and coalesce(l.talk_ms, 0) <= extract(epoch from l.ended_at - coalesce(l.answered_at, l.started_at)) * 1000) from call_leg l join call c on c.id = l.call_id"))
                .Should().BeTrue("no leg is longer than its call, no talk than its leg");
            (await ScalarAsync<string>("select string_agg(concat_ws(' ', talk_ms, extract(epoch from at - timestamptz '2026-11-23 10:00+00')::int), ',') from client_contact")).Should().Be("58000 66");
        }
    }

    [PostgresFact]
    public async Task Questions_for_a_place_stand_in_the_table_and_the_open_ones_come_back_at_a_restart()
    {
        var (luca, until) = (Guid.NewGuid(), CallScript.Begin.AddSeconds(30));
        var script = new CallScript()
            .Say(new SeatAsked(Id(20), "n1", "101", luca, Anna, until) { Seq = 0, At = default })
            .Say(new SeatAsked(Id(21), "n1", "102", luca, Anna, until) { Seq = 0, At = default });
        await using (var writer = await OpenAsync())
        {
            await AppendAsync(writer, script);
            // Answered in a later batch, told twice; and one that needed no question.
            var answer = new CallScript(script.NextSeq).After(9)
                .Say(new SeatAnswered(Id(20), "n1", "101", luca, Anna, SeatOutcome.Refused) { Seq = 0, At = default })
                .Say(new SeatAnswered(Id(22), "n1", "103", luca, Anna, SeatOutcome.NobodyThere) { Seq = 0, At = default });
            await AppendAsync(writer, answer);
        }

        (await ScalarAsync<string>("select string_agg(concat_ws(' ', extension, outcome, extract(epoch from ended_at - asked_at)::int, extract(epoch from until - asked_at)::int), '|' order by extension) from seat_ask"))
            .Should().Be("101 Refused 9 30|102 30|103 NobodyThere 0");
        await using var again = await OpenAsync();
        again.Restored.SeatAsks.Should().Equal(new RestoredSeatAsk(Id(21), "n1", "102", luca, Anna, until));
    }

    static CallCorrected Corrected() => new(CallOutcome.Answered, EndedBy.Agent, 16, Anna, CallScript.Begin.AddSeconds(8), CallScript.Begin.AddSeconds(66), 8000, 50_000, false,
    [
        new ImportedLeg("1.1", "PJSIP/trunk-1", null, true, CallScript.Begin, CallScript.Begin.AddSeconds(8), CallScript.Begin.AddSeconds(66), 16, 0),
        new ImportedLeg("1.2", "PJSIP/101-2", Anna, false, CallScript.Begin.AddSeconds(2), CallScript.Begin.AddSeconds(8), CallScript.Begin.AddSeconds(66), 16, 50_000),
        new ImportedLeg("1.3", "PJSIP/103-3", null, false, CallScript.Begin.AddSeconds(60), null, CallScript.Begin.AddSeconds(62), 19, 0),
    ])
    { Seq = 0, At = default };

    static CallImported Imported() => new("n1", "9.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "x", CallScript.Begin.AddHours(-1), CallScript.Begin.AddHours(-1).AddSeconds(3),
        CallScript.Begin.AddHours(-1).AddSeconds(9), CallOutcome.Fallback, EndedBy.Caller, 16, Anna, Mario, LookupOutcome.Known, [Mario], 3000, 6000, true, false,
    [
        new ImportedLeg("9.1", "PJSIP/trunk-1", null, true, CallScript.Begin.AddHours(-1), null, CallScript.Begin.AddHours(-1).AddSeconds(9), 16, 0),
        new ImportedLeg("9.2", "PJSIP/101-2", Anna, false, CallScript.Begin.AddHours(-1).AddSeconds(1), CallScript.Begin.AddHours(-1).AddSeconds(3), CallScript.Begin.AddHours(-1).AddSeconds(9), 16, 6000),
    ])
    { Seq = 0, At = default };
}
