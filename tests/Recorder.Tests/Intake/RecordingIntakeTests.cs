using System.Security.Cryptography;
using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.Recorder.Tests.Intake;

[Trait("Category", "Slow")]
public sealed class RecordingIntakeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Id = "1795449837.12";
    private const string Stem = "milan-" + Id;

    [PostgresFact]
    public async Task A_pair_with_its_mark_becomes_one_stereo_file_tied_to_its_call()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var call = await bench.AddCallAsync("milan", Id, ended: false);
        bench.WritePair(Stem);

        await bench.LookAsync();

        var row = await bench.RowAsync();
        row.Should().BeEquivalentTo(new { Node = "milan", UniqueId = Id, CallId = (Guid?)call, Status = "ready", DurationMs = 2000, Error = (string?)null });
        row.Sha256In.Should().Be(Convert.ToHexStringLower(SHA256.HashData(WavFiles.Tone(2, level: 20_000))));
        row.Sha256Out.Should().Be(Convert.ToHexStringLower(SHA256.HashData(WavFiles.Tone(1, level: 8_000, hertz: 1_000))));
        row.Path.Should().Be($"2026/03/05/{row.Id:N}.opus");
        row.StartedAt.Should().Be(bench.Time.GetUtcNow() - TimeSpan.FromSeconds(2));
        row.SizeBytes.Should().Be(new FileInfo(bench.Store.FullPath(row.Path!)).Length).And.BeInRange(2_000, 20_000);

        var wave = Waveform.FromBytes(row.Waveform);
        wave.Client.Should().HaveCount(20).And.OnlyContain(p => p > 150);
        wave.Agent[..10].Should().OnlyContain(p => p > 55 && p < 70);
        wave.Agent[10..].Should().OnlyContain(p => p == 0);

        var (seconds, left, right) = await WavFiles.DecodeAsync(bench.Store.FullPath(row.Path!));
        seconds.Should().BeApproximately(2, 0.05);
        left.Should().OnlyContain(l => l > 0.35, "the client speaks on the left all the time");
        right[0].Should().BeInRange(0.12, 0.25, "the agent speaks on the right for the first half");
        right[1].Should().BeLessThan(0.02);

        bench.Files().Should().BeEmpty();
        bench.Files(RecordingTaker.TakenFolder).Should().Equal(Stem + "-in.wav", Stem + "-out.wav");
        (await bench.HintsAsync()).Should().Be(2, "pending and ready");
    }

    [PostgresFact]
    public async Task What_is_not_to_be_kept_is_deleted_and_a_call_out_is_not_taken_before_that_is_said()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var call = await bench.AddCallAsync("milan", Id, ended: false, direction: "Outbound");
        bench.WritePair(Stem);
        await bench.LookAsync();
        (await bench.RowAsync()).Status.Should().Be("pending", "the call is not over: nobody knows yet");

        await bench.UnkeepAsync(call);
        await bench.EndCallAsync(call);
        await bench.LookAfterAsync(TimeSpan.FromSeconds(6));

        (await bench.RowsAsync()).Should().BeEmpty();
        bench.Stored().Should().BeEmpty();
        bench.Files().Concat(bench.Files(RecordingTaker.TakenFolder)).Should().BeEmpty("nothing of it is left anywhere");
        (await bench.OrphanedAsync()).Should().Be(0);
    }

    [PostgresTheory]
    [InlineData("milan-" + Id, Id)]
    [InlineData("-milan-" + Id, "milan-" + Id)]
    public async Task One_that_was_taken_before_that_was_known_goes_with_its_originals_also_when_killed_in_the_middle(string stem, string uniqueId)
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        bench.FolderNode = "milan";
        bench.Restart();
        bench.WritePair(stem);
        bench.WritePair("milan-1.1");
        var other = await bench.AddCallAsync("milan", "1.1");
        await bench.LookAfterAsync(TimeSpan.FromMinutes(10));
        bench.Stored().Should().HaveCount(2, "its call was not known: nobody could say that it is not to be kept");
        var call = await bench.AddCallAsync("milan", uniqueId, direction: "Outbound");
        await using (var connection = await bench.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("update call_leg set started_at = started_at - interval '11 minutes' where call_id = @call", new { call });
        }

        await bench.UnkeepAsync(call);
        // A share that is away may hold a copy.
        Directory.Move(bench.Incoming, bench.Incoming + ".away");
        bench.Time.Advance(TimeSpan.FromSeconds(6));
        await bench.LookAsync();
        (await bench.RowsAsync()).Should().HaveCount(2);
        Directory.Move(bench.Incoming + ".away", bench.Incoming);

        bench.Taker.AfterStep = step => throw new InvalidOperationException(step);
        bench.Time.Advance(TimeSpan.FromSeconds(6));
        await bench.Invoking(b => b.LookAsync()).Should().ThrowAsync<InvalidOperationException>();
        (await bench.RowsAsync()).Should().HaveCount(2);
        bench.Restart();
        await bench.LookAsync();

        (await bench.RowsAsync()).Should().ContainSingle().Which.CallId.Should().Be(other);
        bench.Stored().Should().ContainSingle();
        bench.Files(RecordingTaker.TakenFolder).Should().Equal("milan-1.1-in.wav", "milan-1.1-out.wav");
    }

    [PostgresFact]
    public async Task Without_a_mark_the_files_must_rest_and_the_call_must_be_over()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var call = await bench.AddCallAsync("milan", Id, ended: false);
        bench.WritePair(Stem, done: false);

        await bench.LookAfterAsync(TimeSpan.FromMinutes(20));
        (await bench.RowAsync()).Status.Should().Be("pending", "two silent sides write nothing: the call may go on");

        await bench.EndCallAsync(call);
        await bench.LookAsync();
        (await bench.RowAsync()).Status.Should().Be("pending", "its end is not 10 s ago");

        bench.Time.Advance(TimeSpan.FromSeconds(8));
        bench.Write(Stem + "-in.wav", WavFiles.Tone(3));
        await bench.LookAfterAsync(TimeSpan.FromSeconds(9));
        (await bench.RowAsync()).Status.Should().Be("pending", "a file changed 9 s ago");

        await bench.LookAfterAsync(TimeSpan.FromSeconds(1));
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "ready", DurationMs = 3000 });
    }

    [PostgresFact]
    public async Task A_recording_of_an_unknown_call_is_taken_later_and_tied_when_the_call_is_known()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        bench.WritePair("milan-1-milan-1-" + Id, done: false);

        await bench.LookAfterAsync(TimeSpan.FromMinutes(4));
        (await bench.RowsAsync()).Should().BeEmpty();
        await bench.LookAfterAsync(TimeSpan.FromMinutes(1));
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Node = "milan-1", UniqueId = "milan-1-" + Id, CallId = (Guid?)null, Status = "ready" });

        var call = await bench.AddCallAsync("milan-1", "milan-1-" + Id);
        await bench.LookAfterAsync(TimeSpan.FromSeconds(10));
        (await bench.RowAsync()).CallId.Should().Be(call);

        var older = await bench.AddCallAsync("milan-1", "1.1", recorded: false);
        await using (var connection = await bench.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("update call set merged_into = @older where id = @call", new { older, call });
        }

        await bench.LookAfterAsync(TimeSpan.FromSeconds(10));
        (await bench.RowAsync()).CallId.Should().Be(older, "recordings follow a merged call");
    }

    [PostgresTheory]
    [InlineData("-" + Id, Id)]
    [InlineData("pbx-7-" + Id, Id)]
    [InlineData("pbx-7-pbx-7-" + Id, "pbx-7-" + Id)]
    public async Task A_file_without_the_nodes_name_is_told_by_its_folder(string stem, string uniqueId)
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        bench.FolderNode = "milan";
        bench.Restart();
        var call = await bench.AddCallAsync("milan", uniqueId);
        bench.WritePair(stem);

        await bench.LookAsync();

        (await bench.RowAsync()).Should().BeEquivalentTo(new { Node = "milan", UniqueId = uniqueId, CallId = (Guid?)call, Status = "ready" });
    }

    [PostgresTheory]
    [InlineData(1, "row", 1)]
    [InlineData(1, "transcoded", 1)]
    [InlineData(1, "published", 1)]
    [InlineData(1, "closed", 1)]
    [InlineData(1, "one away", 1)]
    [InlineData(1, "one away", 2)]
    [InlineData(3, "row", 2)]
    [InlineData(3, "transcoded", 1)]
    [InlineData(3, "published", 1)]
    [InlineData(3, "published", 2)]
    [InlineData(3, "closed", 2)]
    [InlineData(3, "one away", 3)]
    public async Task After_a_crash_at_any_step_a_new_run_converges(int recordings, string step, int time)
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        for (var n = 1; n <= recordings; n++)
        {
            await bench.AddCallAsync("milan", $"{n}.1");
            bench.WritePair($"milan-{n}.1");
        }

        bench.Taker.AfterStep = done =>
        {
            if (done == step && --time == 0) throw new InvalidOperationException("the power is cut");
        };

        await FluentActions.Awaiting(bench.LookAsync).Should().ThrowAsync<InvalidOperationException>();
        bench.Restart();
        bench.Watch.ClearTemporary();
        await bench.LookAsync();
        await bench.LookAsync();

        var rows = await bench.RowsAsync();
        rows.Should().HaveCount(recordings).And.OnlyContain(r => r.Status == "ready");
        bench.Stored().Should().BeEquivalentTo(rows.Select(r => bench.Store.FullPath(r.Path!)));
        bench.Files().Should().BeEmpty();
        bench.Files(RecordingTaker.TakenFolder).Should().HaveCount(2 * recordings);
    }

    [PostgresFact]
    public async Task Several_of_one_look_are_made_by_one_start_of_ffmpeg_and_each_is_as_if_made_alone()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var starts = await bench.CountingFfmpegAsync();
        bench.WritePair("milan-1.1");
        await bench.LookAsync();
        var alone = await File.ReadAllBytesAsync(bench.Stored().Single());

        for (var n = 2; n <= 6; n++) bench.WritePair($"milan-{n}.1");
        bench.Write("milan-7.1-in.wav", WavFiles.Tone(3, level: 20_000));
        bench.Write("milan-7.1.done", []);
        await bench.LookAsync();

        (await File.ReadAllLinesAsync(starts)).Should().HaveCount(2);
        var rows = await bench.RowsAsync();
        rows.Should().HaveCount(7).And.OnlyContain(r => r.Status == "ready");
        rows.Should().OnlyContain(r => r.UniqueId == "7.1" ? r.DurationMs == 3000 && r.Error == "Agent's side is silent: no file came." : r.DurationMs == 2000 && r.Error == null);
        foreach (var row in rows.Where(r => r.UniqueId != "7.1")) (await File.ReadAllBytesAsync(bench.Store.FullPath(row.Path!))).Should().Equal(alone);
        bench.Files().Should().BeEmpty();
    }

    [PostgresFact]
    public async Task One_that_ffmpeg_does_not_take_is_broken_and_those_beside_it_are_stored()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.CountingFfmpegAsync(refuses: "milan-2.1");
        for (var n = 1; n <= 3; n++) bench.WritePair($"milan-{n}.1");

        await bench.LookAsync();

        (await bench.RowsAsync()).Select(r => (r.UniqueId, r.Status)).Should().BeEquivalentTo([("1.1", "ready"), ("2.1", "broken"), ("3.1", "ready")]);
        bench.Files(RecordingTaker.BrokenFolder).Should().Equal("milan-2.1-in.wav", "milan-2.1-out.wav");
        bench.Files().Should().BeEmpty();
    }

    [PostgresFact]
    public async Task The_same_channel_in_two_folders_is_stored_once_and_what_differs_beside_it()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        bench.Time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1);
        bench.AddFolder("second");
        bench.AddFolder("third");
        foreach (var folder in new[] { "", "second" }) bench.WritePair(Path.Combine(folder, Stem));
        bench.Write(Path.Combine("third", Stem + "-in.wav"), WavFiles.Tone(4, level: 9_000));
        bench.Write(Path.Combine("third", Stem + ".done"), []);

        await bench.LookAsync();

        (await bench.RowsAsync()).Select(r => (r.Status, r.DurationMs)).Should().Equal(("ready", 2000), ("ready", 4000));
        bench.Stored().Should().HaveCount(2);
        foreach (var folder in new[] { "", "second", "third" }) bench.Files(folder).Should().BeEmpty();
    }

    public static TheoryData<string, string?, string?, string, string?> Sides => new()
    {
        { "no agent's side", "tone", null, "ready", "Agent's side is silent: no file came." },
        { "no client's side", null, "tone", "ready", "Client's side is silent: no file came." },
        { "an empty agent's side", "tone", "empty", "ready", "Agent's side is silent: empty: a header and no sound." },
        { "a damaged client's side", "text", "tone", "ready", "Client's side is silent: not a WAV file." },
        { "a killed PBX", "unfinished", "unfinished", "ready", "Client's side: the header was never finished, read to the end of the file. Agent's side: the header was never finished, read to the end of the file." },
        { "both empty", "empty", "empty", "broken", "No sound. Client's side: empty: a header and no sound. Agent's side: empty: a header and no sound." },
        { "both damaged", "text", "text", "broken", "No sound. Client's side: not a WAV file. Agent's side: not a WAV file." },
        { "only the mark", null, null, "broken", "No sound. Client's side: no file came. Agent's side: no file came." },
    };

    [PostgresTheory]
    [MemberData(nameof(Sides))]
    public async Task One_sided_and_broken_recordings_are_named(string what, string? client, string? agent, string status, string? error)
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var call = await bench.AddCallAsync("milan", Id);
        if (client is not null) bench.Write(Stem + "-in.wav", Bytes(client));
        if (agent is not null) bench.Write(Stem + "-out.wav", Bytes(agent));
        bench.Write(Stem + ".done", []);

        await bench.LookAsync();
        await bench.LookAsync();

        (await bench.RowAsync()).Should().BeEquivalentTo(new { CallId = (Guid?)call, Status = status, Error = error }, what);
        bench.Files().Should().BeEmpty("nothing is taken twice");
        bench.Files(status == "broken" ? RecordingTaker.BrokenFolder : RecordingTaker.TakenFolder).Should()
            .HaveCount((client is null ? 0 : 1) + (agent is null ? 0 : 1), "nothing is thrown away");
        if (status != "ready") return;
        var (_, left, right) = await WavFiles.DecodeAsync(bench.Stored().Single());
        (left[0] > 0.2).Should().Be(client is "tone" or "unfinished");
        (right[0] > 0.2).Should().Be(agent is "tone" or "unfinished");

        static byte[] Bytes(string kind) => kind switch
        {
            "tone" => WavFiles.Tone(1),
            "unfinished" => WavFiles.Tone(1, finished: false),
            "empty" => WavFiles.Tone(0),
            _ => "this is a text, and not a short one at all"u8.ToArray(),
        };
    }

    [PostgresFact]
    public async Task A_call_that_nobody_answered_has_nothing_to_record()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.AddCallAsync("milan", Id, answered: false);
        bench.Write(Stem + "-in.wav", WavFiles.Tone(0));
        bench.Write(Stem + "-out.wav", WavFiles.Tone(0));
        bench.Write(Stem + ".done", []);

        await bench.LookAsync();

        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "missing", Error = "The call was not answered: there was nothing to record." });
    }

    [PostgresFact]
    public async Task A_recording_that_does_not_come_is_missing_and_one_that_comes_late_is_taken()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var call = await bench.AddCallAsync("milan", Id, ended: false);
        await bench.AddCallAsync("milan", "2.2", recorded: false);

        await bench.LookAsync();
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "pending", CallId = (Guid?)call }, "the page shows that it is being recorded");

        await bench.EndCallAsync(call);
        await bench.LookAfterAsync(TimeSpan.FromMinutes(4));
        (await bench.RowAsync()).Status.Should().Be("pending");

        await bench.LookAfterAsync(TimeSpan.FromMinutes(1));
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "missing", Error = $"No file {Stem}-in.wav or -out.wav came within 00:05:00 of the call's end." });

        bench.WritePair(Stem);
        await bench.LookAsync();
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "ready", Error = (string?)null, CallId = (Guid?)call });
    }

    [PostgresFact]
    public async Task Nothing_is_missing_while_a_folder_cannot_be_read()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.AddCallAsync("milan", Id);
        Directory.Move(bench.Incoming, bench.Incoming + "-away");

        await bench.LookAfterAsync(TimeSpan.FromHours(1));
        (await bench.RowAsync()).Status.Should().Be("pending");

        Directory.Move(bench.Incoming + "-away", bench.Incoming);
        await bench.LookAfterAsync(TimeSpan.FromSeconds(10));
        (await bench.RowAsync()).Status.Should().Be("missing");
    }

    [PostgresFact]
    public async Task After_a_start_files_have_as_long_to_come_as_after_a_call()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.AddCallAsync("milan", Id);
        await bench.LookAsync();
        bench.Time.Advance(TimeSpan.FromDays(20));
        bench.Restart();

        await bench.LookAfterAsync(TimeSpan.FromMinutes(4));
        (await bench.RowAsync()).Status.Should().Be("pending");

        await bench.LookAfterAsync(TimeSpan.FromMinutes(1));
        (await bench.RowAsync()).Status.Should().Be("missing", "calls from before the start are looked through once more when their files have had their time");
    }

    [PostgresFact]
    public async Task The_same_name_with_other_sound_is_a_second_recording()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var call = await bench.AddCallAsync("milan", Id);
        bench.WritePair(Stem);
        await bench.LookAsync();
        bench.Time.Advance(TimeSpan.FromMinutes(1));

        bench.WritePair(Stem);
        await bench.LookAsync();
        (await bench.RowsAsync()).Should().ContainSingle("these are the same files");

        bench.Write(Stem + "-in.wav", WavFiles.Tone(5));
        bench.Write(Stem + ".done", []);
        await bench.LookAsync();
        (await bench.RowsAsync()).Select(r => (r.Status, r.DurationMs, r.CallId)).Should().Equal(("ready", 2000, call), ("ready", 5000, call));
    }

    [PostgresFact]
    public async Task While_nothing_can_be_stored_a_recording_stays_pending_with_the_reason()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.AddCallAsync("milan", Id);
        bench.WritePair(Stem);
        bench.Options.Ffmpeg = "no-such-ffmpeg";

        await bench.LookAsync();
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "pending" });
        (await bench.RowAsync()).Error.Should().StartWith("not stored yet: ").And.Contain("no-such-ffmpeg");
        bench.Files().Should().HaveCount(3);

        bench.Options.Ffmpeg = "ffmpeg";
        await bench.LookAfterAsync(TimeSpan.FromSeconds(31));
        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "ready", Error = (string?)null });
    }

    [PostgresFact]
    public async Task An_ffmpeg_that_hangs_is_ended_and_the_recording_is_broken()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        await bench.AddCallAsync("milan", Id);
        bench.WritePair(Stem);
        var hanging = Path.Combine(Path.GetDirectoryName(bench.Incoming)!, "hanging");
        await File.WriteAllTextAsync(hanging, "#!/bin/sh\nsleep 600\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(hanging, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        bench.Options.Ffmpeg = hanging;
        bench.Options.TranscodeTimeout = TimeSpan.FromSeconds(1);

        await bench.LookAsync();

        (await bench.RowAsync()).Should().BeEquivalentTo(new { Status = "broken", Error = "ffmpeg took longer than 00:00:01" });
        bench.Files(RecordingTaker.BrokenFolder).Should().HaveCount(2);
    }

    [PostgresFact]
    public async Task Originals_are_deleted_when_their_time_is_over_or_at_once()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        bench.WritePair(Stem);
        await bench.LookAsync();
        bench.Time.Advance(TimeSpan.FromDays(8));
        await bench.LookAsync();
        bench.Files(RecordingTaker.TakenFolder).Should().BeEmpty();

        bench.Options.KeepOriginals = TimeSpan.Zero;
        bench.WritePair("milan-2.2");
        await bench.LookAsync();
        bench.Files(RecordingTaker.TakenFolder).Should().BeEmpty();
        bench.Files().Should().BeEmpty();
        bench.Stored().Should().HaveCount(2);
    }

    [PostgresFact]
    public async Task Eight_at_once_make_one_row()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        var key = new RecordingKey("milan", Id);

        var rows = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => bench.Table.FindOrAddAsync(key, [key], null, CancellationToken.None)));

        rows.Select(r => r.Id).Distinct().Should().ContainSingle();
        (await bench.RowsAsync()).Should().ContainSingle();
    }

    [PostgresFact]
    public async Task Foreign_files_are_left_alone()
    {
        await using var bench = await RecorderBench.StartAsync(postgres);
        bench.Write("holiday.wav", WavFiles.Tone(1));
        bench.Write("milan-x-in.wav", WavFiles.Tone(1));
        File.CreateSymbolicLink(Path.Combine(bench.Incoming, "milan-9.9-in.wav"), "/etc/hostname");

        await bench.LookAfterAsync(TimeSpan.FromHours(1));

        (await bench.RowsAsync()).Should().BeEmpty();
        bench.Files().Should().HaveCount(3);
    }
}
