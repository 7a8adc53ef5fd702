using CallCrm.Recorder.Transcripts;
using CallCrm.TestKit;

namespace CallCrm.Recorder.Tests.Transcripts;

[Trait("Category", "Slow")]
public sealed class TranscriberTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private Task<TranscriptBench> BenchAsync() => TranscriptBench.StartAsync(postgres);

    private static void TwoSpeak(TranscriptBench bench)
    {
        bench.Hears("agent", "it", (0, 500, " Buongiorno."), (700, 1000, " Certo, dica."));
        bench.Hears("client", "it", (500, 700, " Buongiorno, un preventivo."), (1000, 1900, " Per cinquanta caldaie."));
    }

    [PostgresFact]
    public async Task Both_sides_become_one_conversation_and_the_pages_hear_of_it()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        var recording = await bench.RecordAsync();
        await bench.BeginAndLookAsync();
        (await bench.LinesAsync(recording)).Should().Equal("agent 0-500 Buongiorno.", "client 500-700 Buongiorno, un preventivo.", "agent 700-1000 Certo, dica.", "client 1000-1900 Per cinquanta caldaie.");
        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "done", Error = (string?)null, Attempts = 1, NextAt = (DateTimeOffset?)null, Model = "small", Language = "it" });
        (await bench.StateAsync(recording)).Opening.Should().Be("Buongiorno. – Buongiorno, un preventivo. – Certo, dica. – Per cinquanta caldaie.");
        (await bench.AskAsync<long>("select count(*) from change where kind = 'transcript' and key = @key and call_id is not null", new { key = recording.ToString() })).Should().Be(2, "it waits, and it is there");
        (await bench.AskAsync<bool>("select found @@ 'caldaie' and found @@ 'prev:*' and not found @@ 'preventiv' from transcript")).Should().BeTrue();
        bench.Calls().Should().HaveCount(2).And.OnlyContain(c => c.StartsWith("-m /models/ggml-small.bin -l auto -t 2 -oj -of ", StringComparison.Ordinal));
        Directory.Exists(Path.Combine(bench.Transcriber.Folder, recording.ToString("N"))).Should().BeFalse("sound and answers are cleared away");
    }

    [PostgresFact]
    public async Task A_silent_side_is_not_sent_and_what_nobody_said_leaves_no_lines()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        bench.Hears("agent", "en", (0, 1000, " [BLANK_AUDIO]"), (0, 900, " (music)"), (100, 900, " ♪ la la ♪"), (0, 500, " Thanks for watching!"));
        var recording = await bench.RecordAsync(client: 0);
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "silent", Language = "en", Opening = "" });
        bench.Calls().Should().ContainSingle().Which.Should().Contain("-of agent");
        (await bench.LinesAsync(recording)).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task Cut_off_in_the_middle_it_begins_again_and_asked_for_anew_nothing_is_there_twice()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        var recording = await bench.RecordAsync();
        await bench.Worker.BeginAsync(CancellationToken.None);
        await bench.Table.QueueAsync(DateTimeOffset.MinValue.AddYears(1), CancellationToken.None);
        (await bench.Table.NextAsync(CancellationToken.None))!.Recording.Should().Be(recording);
        // Killed here.
        bench.Restart();
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "done", Attempts = 2 });
        var lines = await bench.LinesAsync(recording);
        lines.Should().HaveCount(4);
        await WishAsync(bench, recording);
        await bench.Worker.LookAsync(CancellationToken.None);
        (await bench.LinesAsync(recording)).Should().Equal(lines);
        bench.Calls().Should().HaveCount(4);
        await bench.Worker.LookAsync(CancellationToken.None);
        bench.Calls().Should().HaveCount(4, "one wish is heeded once");
    }

    private static async Task WishAsync(TranscriptBench bench, Guid recording)
    {
        await bench.ExecuteAsync(
            """
            insert into domain (name) values ('main') on conflict do nothing;
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at) values ('019a0000-0000-7000-8000-000000000001', 'a', 'A', '', 'admin', false, 'main', gen_random_uuid(), now()) on conflict do nothing;
            insert into transcript_wish (recording_id, asked_at, asked_by) values (@recording, @now, '019a0000-0000-7000-8000-000000000001') on conflict (recording_id) do update set asked_at = excluded.asked_at
            """, new { recording, now = bench.Recorder.Time.GetUtcNow().UtcDateTime });
    }

    [PostgresTheory]
    [InlineData("echo 'failed to load model' >&2; exit 3", "whisper.cpp ended with 3: failed to load model")]
    [InlineData("echo 'no JSON' >$of.json", "*not what whisper.cpp writes*")]
    [InlineData("echo '{\"transcription\": [{\"text\": \"a\"}]}' >$of.json", "*not what whisper.cpp writes*")]
    [InlineData("exit 0", "*wrote no answer*")]
    [InlineData("exit 127", "*is not there*")]
    [InlineData("kill -9 $$", "whisper.cpp ended with *")]
    public async Task What_went_wrong_is_said_and_it_is_tried_again_with_longer_rests_until_somebody_asks(string script, string error)
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        bench.Program(script);
        var recording = await bench.RecordAsync();
        await bench.BeginAndLookAsync();
        var state = await bench.StateAsync(recording);
        state.State.Should().Be("failed");
        state.Error.Should().Match(error);
        state.NextAt.Should().Be(bench.Recorder.Time.GetUtcNow() + bench.Options.RetryAfter);
        foreach (var rest in new[] { 2, 4, 8 })
        {
            await bench.Worker.LookAsync(CancellationToken.None);
            bench.Recorder.Time.Advance(TimeSpan.FromMinutes(rest));
            await bench.Worker.LookAsync(CancellationToken.None);
        }

        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "failed", Attempts = 4, NextAt = (DateTimeOffset?)null });
        bench.Recorder.Time.Advance(TimeSpan.FromDays(1));
        await bench.Worker.LookAsync(CancellationToken.None);
        (await bench.StateAsync(recording)).Attempts.Should().Be(4, "it was given up");
        bench.Program("cp \"$answers/$of.json\" .");
        await WishAsync(bench, recording);
        await bench.Worker.LookAsync(CancellationToken.None);
        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "done", Error = (string?)null, Attempts = 1 });
    }

    [PostgresFact]
    public async Task A_program_that_is_not_there_and_one_that_hangs_are_said_so()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        var program = bench.Options.Program;
        bench.Options.Program = "/nowhere/whisper-cli --quiet";
        bench.Restart();
        var recording = await bench.RecordAsync();
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(recording)).Error.Should().Contain("is not there");
        bench.Options.Program = program;
        bench.Program("sleep 600");
        bench.Restart();
        var work = bench.BeginAndLookAsync();
        while (bench.Calls().Length == 0) await Task.Delay(20);
        bench.Recorder.Time.Advance(TimeSpan.FromMinutes(1));
        await work;
        (await bench.StateAsync(recording)).Error.Should().Be("whisper.cpp took longer than 00:01:00.");
    }

    [PostgresFact]
    public async Task Stopped_in_the_middle_no_attempt_is_counted_and_one_that_ends_the_host_each_time_is_given_up()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        bench.Program("sleep 600");
        var recording = await bench.RecordAsync();
        await bench.Worker.BeginAsync(CancellationToken.None);
        using (var stop = new CancellationTokenSource())
        {
            var work = bench.Worker.LookAsync(stop.Token);
            while (bench.Calls().Length == 0) await Task.Delay(20);
            (await bench.StateAsync(recording)).Attempts.Should().Be(1);
            await stop.CancelAsync();
            await work.Awaiting(w => w).Should().ThrowAsync<OperationCanceledException>();
        }

        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "waiting", Attempts = 0 });
        for (var killed = 0; killed < 4; killed++) await bench.Table.NextAsync(CancellationToken.None);
        bench.Restart();
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "failed", Error = TranscriptTable.CutOff, NextAt = (DateTimeOffset?)null });
        bench.Calls().Should().HaveCount(1);
        bench.Restart();
        await bench.BeginAndLookAsync();
        bench.Calls().Should().HaveCount(1, "nor does another start try it");
    }

    [PostgresFact]
    public async Task The_newest_goes_first_a_long_one_not_at_all_and_an_old_one_only_when_asked_for()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        var old = await bench.RecordAsync();
        bench.Recorder.Time.Advance(bench.Options.Back);
        var first = await bench.RecordAsync();
        var second = await bench.RecordAsync();
        var longest = await bench.RecordAsync();
        await bench.ExecuteAsync("update recording set duration_ms = 7200001 where id = @longest", new { longest });
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(longest)).Should().BeEquivalentTo(new { State = "too_long", NextAt = (DateTimeOffset?)null });
        (await bench.AskAsync<bool>("select (select finished_at from transcript where recording_id = @second) <= (select finished_at from transcript where recording_id = @first)", new { first, second })).Should().BeTrue();
        (await bench.AskAsync<string>("select string_agg(key, ' ' order by id) from change where kind = 'transcript' and id > (select max(id) - 5 from change where kind = 'transcript')"))
            .Should().ContainAll(second.ToString(), first.ToString());
        (await bench.AskAsync<long>("select min(c.id) filter (where key = @first) - min(c.id) filter (where key = @second) from (select key, max(id) as id from change where kind = 'transcript' group by key) c", new { first = first.ToString(), second = second.ToString() })).Should().BePositive("the newer one was done before");
        (await bench.AskAsync<long>("select count(*) from transcript where recording_id = @old", new { old })).Should().Be(0);
        await WishAsync(bench, old);
        await bench.Worker.LookAsync(CancellationToken.None);
        (await bench.StateAsync(old)).State.Should().Be("done");
    }

    [PostgresTheory]
    [InlineData("auto", "ru", "it", "ru")]
    [InlineData("auto", null, "it", "it")]
    [InlineData("auto", null, null, "auto")]
    [InlineData("detect", "ru", "it", "auto")]
    [InlineData("en", "ru", "it", "en")]
    public async Task The_language_is_the_clients_else_the_dialled_numbers_else_what_is_heard(string setting, string? ofClient, string? ofNumber, string expected)
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        bench.Options.Language = setting;
        var recording = await bench.RecordAsync();
        await bench.ExecuteAsync(
            """
            insert into domain (name) values ('main') on conflict do nothing;
            insert into client (id, kind, name, language, source, created_at, updated_at) select '019a0000-0000-7000-8000-000000000002', 'person', 'A', @ofClient, '', now(), now() where @ofClient is not null;
            insert into queue (id, domain, name) values ('019a0000-0000-7000-8000-000000000003', 'main', 'Q');
            insert into dialled_number (number, domain, name, queue_id, source, language) select '3902', 'main', 'N', '019a0000-0000-7000-8000-000000000003', '', @ofNumber where @ofNumber is not null;
            update call set dialled_raw = '3902', client_id = (select id from client)
            """, new { ofClient, ofNumber });
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(recording)).State.Should().Be("done");
        bench.Calls().Should().HaveCount(2).And.OnlyContain(c => c.Contains($" -l {expected} ", StringComparison.Ordinal));
    }

    [PostgresFact]
    public async Task Switched_off_nothing_waits_for_ever_and_what_was_written_down_stays()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        var (done, again) = (await bench.RecordAsync(), await bench.RecordAsync());
        await bench.BeginAndLookAsync();
        bench.Recorder.Time.Advance(TimeSpan.FromSeconds(1));
        await WishAsync(bench, again);
        var waiting = await bench.RecordAsync();
        await bench.Table.QueueAsync(bench.Recorder.Time.GetUtcNow().AddDays(-1), CancellationToken.None);
        (await bench.Table.CountAsync(CancellationToken.None)).Should().Be((2, 0));
        bench.Options.Model = "";
        bench.Restart();
        await bench.Worker.BeginAsync(CancellationToken.None);
        (await bench.StateAsync(done)).State.Should().Be("done");
        (await bench.StateAsync(again)).Should().BeEquivalentTo(new { State = "done", NextAt = (DateTimeOffset?)null });
        (await bench.AskAsync<long>("select count(*) from transcript where recording_id = @waiting", new { waiting })).Should().Be(0);
        (await bench.AskAsync<long>("select count(*) from transcriber")).Should().Be(0);
    }

    [PostgresFact]
    public async Task A_recording_whose_file_is_gone_fails_and_one_that_is_deleted_meanwhile_leaves_nothing()
    {
        await using var bench = await BenchAsync();
        TwoSpeak(bench);
        var gone = await bench.RecordAsync();
        File.Delete(bench.Recorder.Stored().Single());
        await bench.BeginAndLookAsync();
        (await bench.StateAsync(gone)).Error.Should().Be("The recording's file is gone.");
        var deleted = await bench.RecordAsync();
        bench.Program("cp \"$answers/$of.json\" .; sleep 1");
        var work = bench.Worker.LookAsync(CancellationToken.None);
        while (bench.Calls().Length == 0) await Task.Delay(20);
        await bench.ExecuteAsync("delete from recording where id = @deleted", new { deleted });
        await work;
        (await bench.AskAsync<long>("select count(*) from transcript_line")).Should().Be(0);
    }
}
