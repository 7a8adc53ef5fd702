using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class MissedCallTests(PostgresFixture postgres) : JournalDatabase(postgres)
{
    const string Home = "+390212345678", Mobile = "+393331112222", Stranger = "+390255556666";

    /// <summary>Each miss with how it was closed and how long after; in order.</summary>
    const string Picture = """
        select coalesce(string_agg(concat_ws(' ', right(e164, 4), m.kind, q.name, extract(epoch from m.missed_at - timestamptz '2026-11-23 10:00+00')::int, m.reached_by,
          extract(epoch from m.reached_at - m.missed_at)::int), '|' order by m.missed_at, m.call_id), '') from missed_call m left join queue q on q.id = m.queue_id
        """;

    long next = 1;
    int calls = 100;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await ExecuteAsync($"""
            insert into client (id, name, created_at, updated_at) values ('{Mario}', 'Mario', now(), now());
            insert into client_phone (client_id, e164, raw, added_at) values ('{Mario}', '{Home}', '{Home}', now()), ('{Mario}', '{Mobile}', '{Mobile}', now());
            insert into dialled_number (number, domain, name, queue_id, source) values ('0200000', 'main', 'Line', '{Sales}', 'web');
            """);
    }

    static PhoneNumber From(string e164) => new(e164, NumberKind.E164, e164);

    static DateTimeOffset At(double seconds) => CallScript.Begin.AddSeconds(seconds);

    JournalEntry Entry(JournalEntry entry, double at, Guid? call) => entry with { Seq = next++, At = At(at), Call = call };

    JournalEntry Starts(Guid call, double at, PhoneNumber caller, CallDirection direction = CallDirection.Inbound, PhoneNumber? dialled = null, bool routed = true) =>
        Entry(new CallStarted("n1", $"{call:N}.1", $"{call:N}.1", direction, caller, dialled ?? CallScript.Dialled, "", routed, false) { Seq = 0, At = default }, at, call);

    JournalEntry[] Missed(double at, CallOutcome outcome = CallOutcome.Abandoned, string caller = Home, Guid? client = null, Guid? queue = null, int message = 0) =>
        Missed(at, outcome, From(caller), client, queue, message: message);

    /// <summary>Comes half a minute before <paramref name="at"/>, when it ends, having spoken after the tone for <paramref name="message"/> seconds.</summary>
    JournalEntry[] Missed(double at, CallOutcome outcome, PhoneNumber caller, Guid? client, Guid? queue, bool routed = true, int message = 0)
    {
        var call = Id(calls++);
        return
        [
            Starts(call, at - 30, caller, routed: routed),
            Entry(new CallIdentified(client is null ? LookupOutcome.Unknown : LookupOutcome.Known, client, null, [], null, false) { Seq = 0, At = default }, at - 30, call),
            .. routed ? [Entry(new CallQueued(queue ?? Sales, 1) { Seq = 0, At = default }, at - 30, call)] : Array.Empty<JournalEntry>(),
            .. message > 0 ? [Entry(new LegSpan("n1", $"{call:N}.1", null, SpanKind.Message, null, At(at - message), At(at), null) { Seq = 0, At = default }, at, call)] : Array.Empty<JournalEntry>(),
            Entry(new CallEnded(outcome, EndedBy.Caller, 16, null, client, routed ? queue ?? Sales : null, 30_000, 0, 0, false) { Seq = 0, At = default }, at, call),
        ];
    }

    /// <summary>An answered call, either way, over a minute later.</summary>
    JournalEntry[] Spoken(double at, CallDirection direction, string number, Guid? client = null)
    {
        var call = Id(calls++);
        return
        [
            direction == CallDirection.Inbound ? Starts(call, at - 5, From(number)) : Starts(call, at - 5, new PhoneNumber("101", NumberKind.Extension), CallDirection.Internal, new PhoneNumber(number, NumberKind.Unparsed), routed: false),
            .. direction == CallDirection.Outbound ? [Entry(new CallDialled(CallDirection.Outbound, From(number)) { Seq = 0, At = default }, at - 4, call)] : Array.Empty<JournalEntry>(),
            .. client is null ? Array.Empty<JournalEntry>() : [Entry(new CallIdentified(LookupOutcome.Known, client, null, [client.Value], null, false) { Seq = 0, At = default }, at - 4, call)],
            Entry(new CallAnswered(null, Anna, "n1", $"{call:N}.2", 5000) { Seq = 0, At = default }, at, call),
            Entry(new LegEnded("n1", $"{call:N}.2", Anna, 16, null, 60_000, 0, false) { Seq = 0, At = default }, at + 60, call),
            Entry(new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, Anna, client, null, 5000, 60_000, 0, false) { Seq = 0, At = default }, at + 60, call),
        ];
    }

    async Task<string> AfterAsync(params JournalEntry[][] parts)
    {
        await using var writer = await OpenAsync();
        foreach (var part in parts) await writer.AppendAsync(part, default);
        return (await ScalarAsync<string>(Picture))!;
    }

    [PostgresFact]
    public async Task Every_way_to_miss_a_call_has_its_kind()
    {
        (await AfterAsync(Missed(100, CallOutcome.Abandoned), Missed(200, CallOutcome.ShortAbandon), Missed(300, CallOutcome.Closed, queue: Support), Missed(400, CallOutcome.Rejected),
                Missed(500, CallOutcome.Overflow), Missed(600, CallOutcome.Lost), Missed(700, CallOutcome.Fallback)))
            .Should().Be("5678 Abandoned Sales 100|5678 Short Sales 200|5678 Closed Support 300|5678 Refused Sales 400|5678 Refused Sales 500|5678 Down Sales 600|5678 Down Sales 700");
        (await ScalarAsync<long>("select count(distinct number_id) from missed_call")).Should().Be(1, "one row of the list per number");
    }

    [PostgresFact]
    public async Task Who_leaves_a_message_has_left_one_however_the_call_ended_but_not_who_hangs_up_at_the_tone()
    {
        (await AfterAsync(Missed(100, CallOutcome.Closed, message: 12), Missed(200, CallOutcome.Overflow, message: 1), Missed(300, CallOutcome.ShortAbandon, message: 3)))
            .Should().Be("5678 Voicemail Sales 100|5678 Refused Sales 200|5678 Voicemail Sales 300");
    }

    /// <summary>A message in a mailbox of the PBX.</summary>
    JournalEntry Left(Guid call, double at, string? key = null, MailboxState state = MailboxState.New, int id = 1, string mailbox = "101@default") =>
        Entry(new MessageLeft(Id(900 + id), "n1", $"{call:N}.1", mailbox, key, At(at), key is null ? null : 12_000, state) { Seq = 0, At = default }, at, call);

    [PostgresFact]
    public async Task A_message_in_a_mailbox_is_one_however_the_PBX_led_the_call_and_gone_is_who_left_none()
    {
        var (routed, observed, strange) = (Missed(100, CallOutcome.Overflow), Missed(200, CallOutcome.Observed, From(Home), null, null, routed: false), Missed(300, CallOutcome.Observed, From(Home), null, null, routed: false));
        strange = [.. strange.Select(e => e is CallStarted started ? started with { Dialled = new PhoneNumber("0299999", NumberKind.Unparsed) } : e)];
        observed = [.. observed.Select(e => e is CallStarted started ? started with { Dialled = new PhoneNumber("0299999", NumberKind.Unparsed) } : e)];
        // Told by AMI before the call's end, and by the folder long after it.
        JournalEntry[] all = [.. routed[..^1], Left(routed[0].Call!.Value, 100), routed[^1], .. observed, .. strange, Left(observed[0].Call!.Value, 190, "1 PJSIP/trunk-1", id: 2)];
        (await AfterAsync([.. all.Select((e, i) => e with { Seq = i + 1 })])).Should().Be("5678 Voicemail Sales 100|5678 Voicemail 200");
    }

    [PostgresFact]
    public async Task What_the_folder_says_takes_the_place_of_what_AMI_said_and_comes_once()
    {
        var missed = Missed(100, CallOutcome.Abandoned);
        var call = missed[0].Call!.Value;
        const string Messages = "select coalesce(string_agg(concat_ws(' ', message_key, state, duration_ms, extract(epoch from state_at - timestamptz '2026-11-23 10:00+00')::int), '|' order by left_at, id), '') from call_message";
        await AfterAsync(missed, [Left(call, 99)]);
        (await ScalarAsync<string>(Messages)).Should().Be("New 99");
        (await AfterAsync([Left(call, 110, "1 PJSIP/trunk-1", id: 2)])).Should().Be("5678 Voicemail Sales 100");
        (await ScalarAsync<string>(Messages)).Should().Be("1 PJSIP/trunk-1 New 12000 110");
        // Again, then heard, again heard; and AMI's word once more, late.
        await AfterAsync([Left(call, 120, "1 PJSIP/trunk-1", id: 2)], [Left(call, 130, "1 PJSIP/trunk-1", MailboxState.Heard, id: 2), Left(call, 140, "1 PJSIP/trunk-1", MailboxState.Heard, id: 2)], [Left(call, 150)]);
        (await ScalarAsync<string>(Messages)).Should().Be("1 PJSIP/trunk-1 Heard 12000 140");
        (await ScalarAsync<long>("select count(*) from missed_call where reached_at is null")).Should().Be(1, "who hears a message has called nobody back");
    }

    [PostgresFact]
    public async Task A_message_belongs_to_who_sits_at_the_extension_when_it_comes()
    {
        await ExecuteAsync($"insert into agent_state (agent_id, domain, state, node, extension, since, last_seq) values ('{Anna}', 'main', 'Ready', 'n1', '101', '2026-11-23 09:00+00', 0)");
        var (own, others) = (Missed(100, CallOutcome.Abandoned), Missed(200, CallOutcome.Abandoned));
        await AfterAsync(own, others, [Left(own[0].Call!.Value, 99, "1 PJSIP/trunk-1"), Left(others[0].Call!.Value, 199, "2 PJSIP/trunk-2", id: 2, mailbox: "102@default")]);
        (await ScalarAsync<string>("select string_agg(coalesce(owner_id::text, '-'), ' ' order by missed_at) from missed_call")).Should().Be($"{Anna} -");
    }

    [PostgresFact]
    public async Task A_message_goes_along_when_its_call_turns_out_to_be_another()
    {
        var older = Id(calls++);
        JournalEntry[] first = [Starts(older, 60, From(Home))];
        var missed = Missed(100, CallOutcome.Abandoned);
        await AfterAsync(first, missed, [Left(missed[0].Call!.Value, 99, "1 PJSIP/trunk-1")], [Entry(new CallMerged(missed[0].Call!.Value) { Seq = 0, At = default }, 120, older)]);
        (await ScalarAsync<Guid>("select call_id from call_message")).Should().Be(older);
    }

    [PostgresFact]
    public async Task Whom_we_did_not_let_through_is_not_missed()
    {
        (await AfterAsync(Missed(100, CallOutcome.Blocked), Missed(200, CallOutcome.Abandoned))).Should().Be("5678 Abandoned Sales 200");
    }

    [PostgresFact]
    public async Task Withheld_callers_are_counted_but_cannot_be_called_back_and_colleagues_are_not_missed()
    {
        await AfterAsync(Missed(100, CallOutcome.Abandoned, PhoneNumber.Withheld, null, null), Missed(200, CallOutcome.Abandoned, new PhoneNumber("105", NumberKind.Extension), null, null),
            Spoken(300, CallDirection.Inbound, Home));
        (await ScalarAsync<string>("select string_agg(concat_ws(' ', kind, number_id is null, e164 is null, reached_at is null), '|') from missed_call")).Should().Be("Abandoned t t t");
    }

    [PostgresFact]
    public async Task Who_was_answered_by_somebody_is_not_missed()
    {
        var fallback = Missed(700, CallOutcome.Fallback);
        var call = fallback[0].Call!.Value;
        var talk = Entry(new LegSpan("n1", $"{call:N}.7", null, SpanKind.Talk, "b", At(690), At(699)) { Seq = 0, At = default }, 699, call) with { Seq = fallback[^1].Seq };
        (await AfterAsync(Spoken(100, CallDirection.Inbound, Home), [.. fallback[..^1], talk, fallback[^1] with { Seq = talk.Seq + 1 }])).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_call_that_the_PBX_led_by_itself_counts_when_it_came_for_one_of_our_numbers()
    {
        var own = Missed(100, CallOutcome.Observed, From(Home), null, null, routed: false);
        var elsewhere = Missed(200, CallOutcome.Observed, From(Stranger), null, null, routed: false);
        elsewhere[0] = ((CallStarted)elsewhere[0]) with { Dialled = new PhoneNumber("0299999", NumberKind.Unparsed) };
        (await AfterAsync(own, elsewhere)).Should().Be("5678 Abandoned Sales 100");
    }

    static readonly Guid Bruno = Guid.Parse("00000000-0000-7000-8000-0000000000b2");

    /// <summary>Answered in Sales a minute before <paramref name="at"/>, when the call ends, and talked with until half a minute before; what happens then is up to <paramref name="then"/>.</summary>
    JournalEntry[] Handed(double at, string caller, Func<Guid, JournalEntry[]> then, Guid? last = null)
    {
        var call = Id(calls++);
        return
        [
            Starts(call, at - 65, From(caller)),
            Entry(new CallQueued(Sales, 1) { Seq = 0, At = default }, at - 65, call),
            Entry(new CallAnswered(null, Anna, "n1", $"{call:N}.2", 5000) { Seq = 0, At = default }, at - 60, call),
            Talks(call, 2, at - 60, at - 30),
            .. then(call),
            Entry(new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, Anna, null, last ?? Sales, 5000, 30_000, 0, false) { Seq = 0, At = default }, at, call),
        ];
    }

    JournalEntry Talks(Guid call, int leg, double from, double to) => Entry(new LegSpan("n1", $"{call:N}.{leg}", null, SpanKind.Talk, "b", At(from), At(to)) { Seq = 0, At = default }, to, call);

    JournalEntry Step(Guid call, double at, TransferStep step, TransferKind kind = TransferKind.Blind, string? reason = null, Guid? queue = null) =>
        Entry(new TransferChanged(step, kind, Anna, queue is null ? Bruno : null, queue, null, reason) { Seq = 0, At = default }, at, call);

    JournalEntry Sent(Guid call, double at, TransferKind kind = TransferKind.Blind) => Entry(new CallTransferred(kind, Anna, null, "102") { Seq = 0, At = default }, at, call);

    JournalEntry Answers(Guid call, double at, Guid agent, int leg) => Entry(new CallAnswered(null, agent, "n1", $"{call:N}.{leg}", 5000) { Seq = 0, At = default }, at, call);

    /// <summary>Sent into Support half a minute before <paramref name="at"/>.</summary>
    JournalEntry[] ToSupport(Guid call, double at) =>
    [
        Step(call, at - 30, TransferStep.Ringing, queue: Support), Sent(call, at - 30),
        Entry(new LegEnded("n1", $"{call:N}.2", Anna, 16, null, 30_000, 0, false) { Seq = 0, At = default }, at - 30, call),
        Step(call, at - 29.9, TransferStep.Done, queue: Support), Entry(new CallQueued(Support, 1) { Seq = 0, At = default }, at - 29.9, call),
    ];

    [PostgresFact]
    public async Task Who_is_sent_on_into_a_queue_and_gives_up_there_is_missed_in_that_queue_until_they_are_reached()
    {
        (await AfterAsync(Handed(100, Home, call => ToSupport(call, 100), Support), Handed(200, Stranger, call => [.. ToSupport(call, 200), Answers(call, 190, Bruno, 3), Talks(call, 3, 190, 200)], Support)))
            .Should().Be("5678 Abandoned Support 100", "the other one was answered there");
        (await ScalarAsync<string>("select string_agg(distinct outcome, ' ') from call")).Should().Be("Answered", "the call log says what it said");
        (await AfterAsync(Spoken(400, CallDirection.Outbound, Home))).Should().Be("5678 Abandoned Support 100 Called 300");
    }

    [PostgresFact]
    public async Task Who_leaves_a_message_after_being_handed_on_has_left_one()
    {
        (await AfterAsync(Handed(100, Home, call => [.. ToSupport(call, 100), Entry(new LegSpan("n1", $"{call:N}.1", null, SpanKind.Message, null, At(90), At(100)) { Seq = 0, At = default }, 100, call)], Support)))
            .Should().Be("5678 Voicemail Support 100");
    }

    [PostgresFact]
    public async Task Who_gives_up_while_it_rings_where_they_were_sent_is_missed_and_who_comes_back_to_the_sender_is_not()
    {
        var gaveUp = Handed(100, Home, call => [Step(call, 70, TransferStep.Ringing), Sent(call, 70)]);
        var rangBack = Handed(200, Home, call => [Step(call, 170, TransferStep.Ringing), Sent(call, 170), Step(call, 180, TransferStep.Returning, reason: "no_answer")]);
        var back = Handed(300, Stranger, call => [Step(call, 270, TransferStep.Ringing), Sent(call, 270), Step(call, 280, TransferStep.Returning, reason: "no_answer"), Answers(call, 285, Anna, 3),
            Step(call, 285, TransferStep.Failed, reason: "no_answer"), Talks(call, 3, 285, 300)]);
        var taken = Handed(400, Stranger, call => [Step(call, 370, TransferStep.Ringing), Sent(call, 370), Step(call, 380, TransferStep.Done), Answers(call, 380, Bruno, 3)]);
        (await AfterAsync(gaveUp, rangBack, back, taken)).Should().Be("5678 Abandoned Sales 100 Rang 40|5678 Abandoned Sales 200", "the second time Sales had spoken with them");
    }

    [PostgresFact]
    public async Task Sent_on_by_the_phones_own_key_counts_the_same_and_whoever_spoke_with_them_there_need_be_no_agent()
    {
        (await AfterAsync(Handed(100, Home, call => [Sent(call, 70)]), Handed(200, Stranger, call => [Sent(call, 170), Talks(call, 7, 175, 200)]),
            // To a number outside, from the desk.
            Handed(300, Stranger, call => [Step(call, 270, TransferStep.Ringing), Sent(call, 270), Step(call, 280, TransferStep.Done), Talks(call, 8, 280, 300)])))
            .Should().Be("5678 Abandoned Sales 100");
    }

    [PostgresFact]
    public async Task Who_was_not_moved_or_waited_for_one_who_asks_a_colleague_was_with_us_to_the_end()
    {
        (await AfterAsync(Handed(100, Home, call => [Step(call, 70, TransferStep.Ringing), Sent(call, 70), Step(call, 71, TransferStep.Failed, reason: "pbx_refused")]),
            Handed(200, Home, call => [Step(call, 170, TransferStep.Ringing, TransferKind.Attended), Step(call, 180, TransferStep.Consulting, TransferKind.Attended), Step(call, 200, TransferStep.Cancelled, TransferKind.Attended, "client_gone")]),
            Handed(300, Home, call => [Step(call, 270, TransferStep.Ringing, TransferKind.Attended), Sent(call, 280, TransferKind.Attended), Step(call, 280, TransferStep.Done, TransferKind.Attended)])))
            .Should().BeEmpty();
    }

    [PostgresFact]
    public async Task It_closes_when_we_call_back_and_when_they_ring_again_and_are_answered()
    {
        (await AfterAsync(Missed(100), Missed(200), Missed(300, caller: Stranger), Spoken(800, CallDirection.Outbound, Home), Spoken(900, CallDirection.Inbound, Stranger)))
            .Should().Be("5678 Abandoned Sales 100 Called 700|5678 Abandoned Sales 200 Called 600|6666 Abandoned Sales 300 Rang 600");
    }

    [PostgresFact]
    public async Task Whoever_calls_a_client_has_spoken_with_them_last_as_one_who_is_called()
    {
        await AfterAsync(Spoken(400, CallDirection.Outbound, Home, Mario), Spoken(900, CallDirection.Inbound, Home, Mario));
        (await ScalarAsync<string>("select string_agg(concat_ws(' ', c.direction, k.client_id = c.client_id, k.talk_ms), ',' order by k.at) from client_contact k join call c on c.id = k.call_id"))
            .Should().Be("Outbound t 60000,Inbound t 60000");
    }

    [PostgresFact]
    public async Task An_attempt_that_nobody_answers_closes_nothing()
    {
        var call = Id(calls++);
        JournalEntry[] attempt =
        [
            Starts(call, 200, new PhoneNumber("101", NumberKind.Extension), CallDirection.Outbound, From(Home), routed: false),
            Entry(new CallEnded(CallOutcome.Failed, EndedBy.Agent, 19, null, null, null, 0, 0, 0, false) { Seq = 0, At = default }, 220, call),
        ];
        (await AfterAsync(Missed(100), attempt, Missed(300))).Should().Be("5678 Abandoned Sales 100|5678 Abandoned Sales 300");
    }

    [PostgresFact]
    public async Task Any_number_of_the_client_reaches_them_and_so_does_a_call_that_is_known_to_be_theirs()
    {
        (await AfterAsync(Missed(100, client: Mario), Spoken(400, CallDirection.Outbound, Mobile), Missed(1000, client: Mario), Spoken(2000, CallDirection.Inbound, Stranger, Mario)))
            .Should().Be("5678 Abandoned Sales 100 Called 300|5678 Abandoned Sales 1000 Rang 1000");
    }

    [PostgresFact]
    public async Task A_new_miss_opens_the_same_number_again_and_further_ones_add_up()
    {
        await AfterAsync(Missed(100), Spoken(400, CallDirection.Outbound, Home), Missed(1000), Missed(1100));
        (await ScalarAsync<string>("""
            select concat_ws(' ', count(*), count(*) filter (where reached_at is null), count(distinct number_id), extract(epoch from min(missed_at) filter (where reached_at is null) - timestamptz '2026-11-23 10:00+00')::int)
            from missed_call
            """)).Should().Be("3 2 1 1000");
    }

    [PostgresFact]
    public async Task Who_speaks_with_us_at_that_moment_is_not_left_open_and_an_earlier_talk_closes_nothing()
    {
        // Talks from 400 to 460; a second line of theirs gives up at 430. The miss at 500 comes after it.
        var talk = Spoken(400, CallDirection.Inbound, Home);
        (await AfterAsync([.. talk[..^2]], Missed(430), [.. talk[^2..]], Missed(500))).Should().Be("5678 Abandoned Sales 430 Rang 0|5678 Abandoned Sales 500");
    }

    [PostgresFact]
    public async Task What_the_PBXs_record_tells_later_is_taken_in_and_what_it_corrects_is_no_miss()
    {
        var lost = Missed(100, CallOutcome.Lost);
        var imported = new CallImported("n1", "9.1", CallDirection.Inbound, From(Stranger), CallScript.Dialled, "", At(30), null, At(50), CallOutcome.Abandoned, EndedBy.Caller, 16, null, null, null, [], 20_000, 0, true, false,
            [new ImportedLeg("9.1", "PJSIP/trunk-1", null, true, At(30), null, At(50), 16, 0)])
        { Seq = 0, At = default };
        var corrected = new CallCorrected(CallOutcome.Answered, EndedBy.Agent, 16, Anna, At(80), At(100), 8000, 20_000, false, []) { Seq = 0, At = default };
        (await AfterAsync(lost, Spoken(200, CallDirection.Outbound, Stranger), [Entry(imported, 600, Id(90))])).Should().Be("6666 Down Sales 50 Called 150|5678 Down Sales 100", "it had been called back before we knew of it");
        (await AfterAsync([Entry(corrected, 700, lost[0].Call)])).Should().Be("6666 Down Sales 50 Called 150");
    }

    [PostgresFact]
    public async Task Who_they_were_may_be_known_later()
    {
        var missed = Missed(100);
        var talk = Spoken(300, CallDirection.Outbound, Stranger);
        (await AfterAsync(missed, talk)).Should().Be("5678 Abandoned Sales 100");
        // An agent says afterwards that the stranger was Mario, whose card the missed call gets late.
        (await AfterAsync([Entry(new CallIdentified(LookupOutcome.Created, Mario, null, [Mario], null, true) { Seq = 0, At = default }, 400, missed[0].Call)],
            [Entry(new CallIdentified(LookupOutcome.Known, Mario, null, [Mario], Anna, false) { Seq = 0, At = default }, 410, talk[0].Call)])).Should().Be("5678 Abandoned Sales 100 Called 200");
    }

    [PostgresFact]
    public async Task However_entries_are_batched_and_repeated_the_misses_are_the_same()
    {
        JournalEntry[] script =
        [
            .. Missed(100, client: Mario), .. Missed(200, CallOutcome.Closed, Stranger), .. Missed(250, CallOutcome.Abandoned, PhoneNumber.Withheld, null, null), .. Spoken(400, CallDirection.Outbound, Mobile),
            .. Missed(600, client: Mario), .. Missed(700, CallOutcome.ShortAbandon, Stranger), .. Spoken(900, CallDirection.Inbound, Stranger), .. Missed(1200, CallOutcome.Lost, Stranger),
            .. Handed(1400, Mobile, call => ToSupport(call, 1400), Support),
        ];
        var whole = await AfterAsync(script);
        whole.Should().Be("5678 Abandoned Sales 100 Called 300|6666 Closed Sales 200 Rang 700|Abandoned Sales 250|5678 Abandoned Sales 600 Rang 740|6666 Short Sales 700 Rang 200|6666 Down Sales 1200|2222 Abandoned Support 1400");
        foreach (var size in new[] { 1, 3, 7 })
        {
            await ExecuteAsync("truncate journal, call, call_leg, offer, route_decision, call_span, client_contact, missed_call");
            foreach (var part in script.Chunk(size))
            {
                // Each part is written by a process that is gone right after, and again by the next, which knows nothing of it.
                for (var again = 0; again < 2; again++)
                {
                    await using var connection = new JournalConnection(Router, "main", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
                    await connection.WaitForDomainAsync(TimeSpan.Zero, TimeProvider.System, default);
                    await connection.AppendAsync([.. part.Select(JournalLine.From)], default);
                }
            }

            (await ScalarAsync<string>(Picture)).Should().Be(whole, $"batches of {size}");
        }
    }
}
