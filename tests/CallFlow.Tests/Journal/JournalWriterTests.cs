using System.Diagnostics;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class JournalWriterTests(PostgresFixture postgres) : JournalDatabase(postgres)
{
    static Task NoteAsync(JournalWriter writer, long from, int count = 1) =>
        writer.AppendAsync([.. Enumerable.Range(0, count).Select(n => Note(from + n))], default).AsTask();

    [PostgresFact]
    public async Task A_second_writer_waits_for_the_first_and_goes_on_with_its_numbers()
    {
        var first = await OpenAsync();
        await NoteAsync(first, 1, 5);
        var second = OpenAsync();
        await Task.Delay(300);
        second.IsCompleted.Should().BeFalse();
        await first.DisposeAsync();
        await using var writer = await second.WaitAsync(TimeSpan.FromSeconds(10));
        writer.Restored.NextSeq.Should().Be(6);
        await NoteAsync(writer, 6);
        await ShouldHoldAsync(6);
    }

    [PostgresFact]
    public async Task Who_loses_the_lock_cannot_append_and_is_told()
    {
        await using var writer = await OpenAsync();
        await NoteAsync(writer, 1);
        var second = OpenAsync();
        await UntilAsync(() => ScalarAsync<bool>("select exists (select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database()))"), "the second waits");
        await ExecuteAsync("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())");
        await using var taken = await second.WaitAsync(TimeSpan.FromSeconds(10));
        await UntilAsync(() => Task.FromResult(writer.Lost.IsCancellationRequested), "the first is told without appending anything");
        var late = () => NoteAsync(writer, 2);
        await late.Should().ThrowAsync<JournalLostException>();
        await NoteAsync(taken, 2);
        await ShouldHoldAsync(2);
    }

    [PostgresFact]
    public async Task A_cut_connection_is_made_again_and_nothing_is_lost()
    {
        await using var writer = await OpenAsync();
        for (var n = 1; n <= 50; n++)
        {
            await NoteAsync(writer, n);
            if (n % 20 == 0) await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'callcrm-journal%'");
        }

        await UntilAsync(() => Task.FromResult(!writer.IsSpilling), "online again");
        writer.Lost.IsCancellationRequested.Should().BeFalse();
        await ShouldHoldAsync(50);
    }

    [PostgresFact]
    public async Task Something_else_under_a_used_number_is_a_loud_error()
    {
        await using var writer = await OpenAsync();
        await NoteAsync(writer, 1, 3);
        await NoteAsync(writer, 1, 3);
        var other = async () => await writer.AppendAsync([new PbxChanged("n2", true, null, null) { Seq = 2, At = CallScript.Begin }], default);
        await other.Should().ThrowAsync<JournalLostException>().WithMessage("*something else under number 2*");
        await UntilAsync(() => Task.FromResult(writer.Lost.IsCancellationRequested), "lost");
    }

    [PostgresFact]
    public async Task A_slow_database_makes_nobody_wait_and_gets_everything_in_order_later()
    {
        await using var writer = await OpenAsync(new JournalOptions { SpillFolder = SpillFolder, CommitWithin = TimeSpan.FromMilliseconds(150) });
        var script = new CallScript().WholeCall(Id(1), Mario, Anna, Sales);
        await using (var blocker = new NpgsqlConnection(ConnectionString))
        {
            await blocker.OpenAsync();
            await using var transaction = await blocker.BeginTransactionAsync();
            await using (var block = new NpgsqlCommand("lock table journal in access exclusive mode", blocker, transaction)) await block.ExecuteNonQueryAsync();
            var clock = Stopwatch.StartNew();
            foreach (var entry in script.Entries) await writer.AppendAsync([entry], default);
            clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
            writer.IsSpilling.Should().BeTrue();
            (await File.ReadAllLinesAsync(SpillPath)).Should().HaveCount(script.Entries.Count);
            await transaction.RollbackAsync();
        }

        await UntilAsync(() => Task.FromResult(!writer.IsSpilling), "the spill is in");
        await ShouldHoldAsync(script.Entries.Count);
        new FileInfo(SpillPath).Length.Should().Be(0);
        (await ScalarAsync<string>("select state || ' ' || talk_ms from call")).Should().Be("Ended 60000");
        await NoteAsync(writer, script.NextSeq);
        await ShouldHoldAsync(script.NextSeq);
    }

    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_full_disk_while_the_database_is_away_stops_no_call_and_loses_nothing(bool diskFirst)
    {
        var full = true;
        await using var writer = await OpenAsync(new JournalOptions
        {
            SpillFolder = SpillFolder,
            CommitWithin = TimeSpan.FromMilliseconds(150),
            SpillFault = () => full ? new IOException("No space left on device") : null,
        });
        var script = new CallScript().WholeCall(Id(1), Mario, Anna, Sales).WholeCall(Id(2), Mario, Luca, Sales);
        await using (var blocker = new NpgsqlConnection(ConnectionString))
        {
            await blocker.OpenAsync();
            await using var transaction = await blocker.BeginTransactionAsync();
            await using (var block = new NpgsqlCommand("lock table journal in access exclusive mode", blocker, transaction)) await block.ExecuteNonQueryAsync();
            var half = script.Entries.Count / 2;
            foreach (var entry in script.Entries.Take(half)) await writer.AppendAsync([entry], default);
            writer.IsAtRisk.Should().BeTrue("it is told");
            new FileInfo(SpillPath).Length.Should().Be(0, "no torn line is left behind");
            full = !diskFirst;
            foreach (var entry in script.Entries.Skip(half)) await writer.AppendAsync([entry], default);
            writer.IsAtRisk.Should().Be(!diskFirst);
            if (diskFirst) (await File.ReadAllLinesAsync(SpillPath)).Should().HaveCount(script.Entries.Count, "the disk has room again: all of it is there");
            await transaction.RollbackAsync();
        }

        await UntilAsync(() => Task.FromResult(!writer.IsSpilling), "all is in");
        writer.IsAtRisk.Should().BeFalse();
        writer.Lost.IsCancellationRequested.Should().BeFalse();
        await ShouldHoldAsync(script.Entries.Count);
        await NoteAsync(writer, script.NextSeq);
        await ShouldHoldAsync(script.NextSeq);
    }

    [PostgresFact]
    public async Task What_an_earlier_run_spilled_is_brought_in_at_the_start_without_the_torn_last_line()
    {
        var script = new CallScript().WholeCall(Id(1), Mario, Anna, Sales);
        await using (var before = await OpenAsync()) await before.AppendAsync([.. script.Entries.Take(6)], default);
        using (var spill = SpillFile.Open(SpillFolder, "main", _ => { }))
        {
            // The first three had been committed after all.
            spill.Append(script.Entries.Skip(3).Select(JournalLine.From));
        }

        await File.AppendAllTextAsync(SpillPath, "0badc0de {\"kind\":\"call_en");
        await using var writer = await OpenAsync();
        writer.Restored.NextSeq.Should().Be(script.NextSeq);
        await ShouldHoldAsync(script.Entries.Count);
        (await ScalarAsync<string>("select state || ' ' || talk_ms from call")).Should().Be("Ended 60000");
    }

    [PostgresFact]
    public async Task A_spill_that_contradicts_the_journal_is_kept_aside()
    {
        await using (var before = await OpenAsync()) await NoteAsync(before, 1, 3);
        using (var spill = SpillFile.Open(SpillFolder, "main", _ => { }))
        {
            spill.Append([JournalLine.From(new PbxChanged("elsewhere", true, null, null) { Seq = 3, At = CallScript.Begin })]);
        }

        await using var writer = await OpenAsync();
        writer.Restored.NextSeq.Should().Be(4);
        Directory.EnumerateFiles(SpillFolder, "*.conflict-*").Should().ContainSingle();
        await NoteAsync(writer, 4);
        await ShouldHoldAsync(4);
    }

    [PostgresFact]
    public async Task Open_calls_agents_and_their_load_are_restored()
    {
        var now = TimeProvider.System.GetUtcNow();
        var shift = (now - CallScript.Begin).TotalSeconds - 120;
        var call = Id(1);
        var offer = DerivedId.From(call, DerivedId.Offer, 1);
        await ExecuteAsync($"insert into client (id, name, responsible_id, created_at, updated_at) values ('{Mario}', 'Mario', '{Luca}', now(), now())");
        var script = new CallScript().After(shift)
            .Agent(Anna, AgentState.Ready, AgentState.SignedOut, 0).After(60)
            .Start(call)
            .Say(new CallIdentified(LookupOutcome.Known, Mario, null, [Mario], null, false) { Seq = 0, At = default }, call)
            .Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, call)
            .Say(new LegSpan("n1", "1.1", null, SpanKind.Talk, "b", CallScript.Begin.AddSeconds(shift + 61), CallScript.Begin.AddSeconds(shift + 64)) { Seq = 0, At = default }, call)
            .Say(new LegSpan("n1", "1.1", null, SpanKind.Hold, "b", CallScript.Begin.AddSeconds(shift + 64), CallScript.Begin.AddSeconds(shift + 65.5)) { Seq = 0, At = default }, call)
            .Offer(call, offer, Anna, Sales)
            .Agent(Anna, AgentState.Ringing, AgentState.Ready, 60, call, reason: "lunch", leaves: true)
            .Start(Id(2), "7.7")
            .Say(new LegEnded("n1", "7.7", null, 16, null, 0, 0, false) { Seq = 0, At = default }, Id(2));
        await using (var before = await OpenAsync()) await AppendAsync(before, script);
        await using var writer = await OpenAsync();
        var restored = writer.Restored;
        (restored.Agents.Single().Leaves, restored.Agents.Single().Queue).Should().Be((true, Sales));
        restored.NextSeq.Should().Be(script.NextSeq + 1, "the call without a living leg was closed");
        (await ScalarAsync<string>($"select outcome || ' ' || estimated from call where id = '{Id(2)}'")).Should().Be("Lost true");
        var open = restored.Calls.Single();
        open.Call.Should().Be(call);
        open.State.Should().Be(CallState.Ringing);
        open.Caller.Should().Be(CallScript.Caller);
        open.Attempts.Should().Be(1);
        open.Offer.Should().Be(new RestoredOffer(offer, Anna));
        var leg = open.Legs.Single();
        leg.Leg.Should().Be(new LegId("n1", "1.1"));
        (leg.Talk_ms, leg.Hold_ms).Should().Be((3_000, 1_500), "what was booked before the restart stays booked");
        leg.DoneUntil.Should().BeCloseTo(CallScript.Begin.AddSeconds(shift + 65.5), TimeSpan.FromMilliseconds(1));
        open.Lookup!.Candidates.Single().Responsible.Should().Be(Luca);
        var agent = restored.Agents.Single();
        (agent.Agent, agent.State, agent.Reason, agent.Extension, agent.Call).Should().Be((Anna, AgentState.Ringing, "lunch", "101", call));
        agent.Load.Sum(m => m.Busy_ms).Should().BeInRange(59_000, 75_000);
        agent.Load.Sum(m => m.SignedIn_ms).Should().BeInRange(118_000, 135_000);
    }

    [PostgresFact]
    public async Task A_hold_and_a_question_to_a_colleague_are_restored_while_they_last()
    {
        TransferChanged Asked(TransferStep step, string? reason = null) => new(step, TransferKind.Attended, Anna, Luca, null, null, reason) { Seq = 0, At = default };
        var script = new CallScript().After((TimeProvider.System.GetUtcNow() - CallScript.Begin).TotalSeconds - 60)
            .Start(Id(1))
            .Say(Asked(TransferStep.Ringing), Id(1)).Say(Asked(TransferStep.Consulting), Id(1)).Say(new CallHeld(Anna) { Seq = 0, At = default }, Id(1))
            .Start(Id(2), "7.7")
            .Say(Asked(TransferStep.Consulting), Id(2)).Say(Asked(TransferStep.Cancelled), Id(2))
            .Say(new CallHeld(Anna) { Seq = 0, At = default }, Id(2)).Say(new CallResumed(Anna) { Seq = 0, At = default }, Id(2));
        await using (var before = await OpenAsync()) await AppendAsync(before, script);
        await using var writer = await OpenAsync();
        writer.Restored.Calls.Select(c => (c.Call, c.Consult, c.Held)).Should().BeEquivalentTo(
            [(Id(1), new RestoredConsult(TransferStep.Consulting, Anna, Luca, null, null), true), (Id(2), (RestoredConsult?)null, false)]);
    }

    [PostgresFact]
    public async Task A_call_that_ended_while_agents_still_speak_in_it_is_restored_as_ended()
    {
        var call = Id(1);
        var script = new CallScript().After((TimeProvider.System.GetUtcNow() - CallScript.Begin).TotalSeconds - 60)
            .Start(call)
            .Say(new LegStarted("n1", "1.2", "PJSIP/101-1", Anna, false, false) { Seq = 0, At = default }, call)
            .Say(new LegEnded("n1", "1.1", null, 16, null, 0, 0, false) { Seq = 0, At = default }, call)
            .Say(new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, Anna, null, null, 0, 0, 0, false) { Seq = 0, At = default }, call);
        await using (var before = await OpenAsync()) await AppendAsync(before, script);
        await using var writer = await OpenAsync();
        var restored = writer.Restored.Calls.Should().ContainSingle().Subject;
        (restored.Call, restored.State, restored.Legs.Single().Leg).Should().Be((call, CallState.Ended, new LegId("n1", "1.2")));
        writer.Restored.NextSeq.Should().Be(script.NextSeq, "nothing is closed anew");
    }

    [PostgresFact]
    public async Task Old_entries_go_portion_by_portion_while_appends_never_pause_and_the_last_one_stays()
    {
        await OldAsync(250);
        await using (var writer = await OpenAsync(Trimming()))
        {
            var next = 251L;
            await UntilAsync(async () =>
            {
                await writer.AppendAsync([Note(next++) with { At = TimeProvider.System.GetUtcNow() }], default);
                return await ScalarAsync<long>("select min(seq) from journal") == 251;
            }, "thirteen portions are gone");
            writer.IsSpilling.Should().BeFalse();
            (await ScalarAsync<long>("select count(*) from journal")).Should().Be(next - 251, "what is new stays");
        }

        await ExecuteAsync("update journal set at = now() - interval '20 days'");
        await using var again = await OpenAsync(Trimming());
        await UntilAsync(async () => await ScalarAsync<long>("select count(*) from journal") == 1, "all but the last are gone");
        (await ScalarAsync<long>("select seq from journal")).Should().Be(again.Restored.NextSeq - 1);
    }

    async Task OldAsync(int count)
    {
        await using var writer = await OpenAsync();
        await NoteAsync(writer, 1, count);
        await ExecuteAsync("update journal set at = now() - interval '20 days'");
    }

    JournalOptions Trimming()
    {
        var options = Options;
        (options.TrimEvery, options.TrimPortion, options.TrimPause) = (TimeSpan.FromMilliseconds(50), 20, TimeSpan.FromMilliseconds(1));
        return options;
    }

    [PostgresFact]
    public async Task A_reader_gets_every_entry_once_in_order_and_within_a_second()
    {
        await using var writer = await OpenAsync();
        await NoteAsync(writer, 1, 3);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var reader = new JournalReader(Source, TimeProvider.System, NullLogger<JournalReader>.Instance);
        var seen = new List<long>();
        var reading = Task.Run(async () =>
        {
            await foreach (var entries in reader.ReadAsync("main", 1, limit.Token))
            {
                lock (seen) seen.AddRange(entries.Select(e => e.Seq));
                if (seen.Count == 2501) return;
            }
        }, limit.Token);
        for (var n = 4; n <= 2502; n += 17)
        {
            await NoteAsync(writer, n, Math.Min(17, 2503 - n));
            if (n == 854) await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen%'");
        }

        await reading;
        seen.Should().Equal(Enumerable.Range(2, 2501).Select(n => (long)n));
        (await reader.LastSeqAsync("main", default)).Should().Be(2502);
    }
}
