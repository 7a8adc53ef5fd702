using CallCrm.CallRouter.Flight;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.CallRouter.Tests.Flight;

/// <summary>Faults of the disk and sudden ends: the engine goes on, and what is in the files is whole.</summary>
[Trait("Category", "Slow")]
public sealed class RecorderTests
{
    [Fact]
    public void A_file_cut_at_any_byte_is_whole_up_to_there()
    {
        using var recording = new Recording();
        recording.Run(ReplayTests.Site(minutes: 2, agents: 4));
        var bytes = File.ReadAllBytes(recording.Files[0]);
        var cut = Path.Combine(recording.Folder, "cut.flight");
        var opened = 0;
        for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 150)
        {
            File.WriteAllBytes(cut, bytes[..length]);
            try
            {
                using var file = FlightFile.Open(cut);
                new FlightReplay(file).Run().Difference.Should().BeNull();
                file.Ending.Should().Be(FlightEnding.Torn);
                opened++;
            }
            catch (FlightException e)
            {
                e.IsEmpty.Should().BeTrue("{0} of {1} bytes: {2}", length, bytes.Length, e.Message);
            }
        }

        opened.Should().BeGreaterThan(10);
    }

    [Fact]
    public void Damage_in_the_middle_is_named_with_what_was_read_before()
    {
        using var recording = new Recording();
        // Flushed many times, so that there are many blocks.
        var recorder = recording.Run([], close: false);
        var inputs = ReplayTests.Site(minutes: 5, agents: 10).ToList();
        foreach (var chunk in inputs.Chunk(inputs.Count / 3))
        {
            foreach (var (at, input) in chunk)
                recording.Handle(recorder, at, input);
            recorder.WaitUntilWritten();
        }

        recorder.Close(inputs[^1].At, recording.Engine);
        var bytes = File.ReadAllBytes(recording.Files[0]);
        bytes[^(bytes.Length / 10)] ^= 0x40;
        File.WriteAllBytes(recording.Files[0], bytes);

        var (code, output, _) = recording.Command("replay");
        code.Should().Be(65);
        output.Should().MatchRegex("is damaged at byte [0-9]+: the checksum is wrong. Read before: [1-9][0-9]* inputs, the last of 2026-11-23");
    }

    [Fact]
    public void What_is_no_flight_file_is_told_so()
    {
        using var recording = new Recording();
        recording.Command("replay").Should().Match<(int Code, string Output, string Errors)>(r => r.Code == 66 && r.Errors.Contains("no flight recorder's files"));
        File.WriteAllText(Path.Combine(recording.Folder, "a.flight"), "hello, this is no flight file");
        recording.Command("replay").Should().Match<(int Code, string Output, string Errors)>(r => r.Code == 65 && r.Output.Contains("a.flight is no flight recorder's file"));
        recording.Command("replay", "/nowhere/x").Code.Should().Be(66);
        recording.Command("replay", "--call", "x").Should().Match<(int Code, string Output, string Errors)>(r => r.Code == 64 && r.Errors.Contains("is no call's id"));
        recording.Command("replay", "--wrong").Code.Should().Be(64);
        recording.Command("bundle").Code.Should().Be(64);
    }

    [Fact]
    public void A_full_disk_is_named_once_and_the_log_goes_on_when_there_is_room()
    {
        using var recording = new Recording();
        var (full, logged, time) = (false, new Lines(), new FakeTimeProvider());
        var options = recording.Options with { Create = path => new Disk(File.Create(path), () => full) };
        var recorder = new FlightRecorder(options, time, logged);
        var inputs = ReplayTests.Site(minutes: 8, agents: 10).ToList();
        for (var i = 0; i < inputs.Count; i++)
        {
            if (i % (inputs.Count / 8) == 0)
            {
                // Full from the second to the fifth eighth; more than a retry's time passes at each.
                full = i / (inputs.Count / 8) is >= 2 and < 5;
                time.Advance(TimeSpan.FromSeconds(11));
                recorder.WaitUntilWritten();
                time.Advance(TimeSpan.FromSeconds(11));
                recorder.WaitUntilWritten();
            }

            recording.Handle(recorder, inputs[i].At, inputs[i].Input);
        }

        recorder.Close(inputs[^1].At, recording.Engine);
        recorder.Lost.Should().BeGreaterThan(0);
        logged.All.Count(l => l.Contains("cannot write")).Should().Be(1);
        logged.All.Should().ContainSingle(l => l.Contains("goes on in") && l.Contains($"{recorder.Lost} inputs before it are missing"));
        Replayed(recording, inputs.Count, recorder.Lost);
    }

    [Fact]
    public void What_was_written_is_on_the_disk_within_half_a_minute_and_not_more_often()
    {
        using var recording = new Recording();
        var (time, flushed) = (new FakeTimeProvider(), 0);
        var recorder = new FlightRecorder(recording.Options with { Create = path => new WatchedFile(path, () => Interlocked.Increment(ref flushed)) }, time, NullLogger.Instance);
        var inputs = ReplayTests.Site(minutes: 2, agents: 3).ToList();
        void Second(int n)
        {
            recording.Handle(recorder, inputs[n].At, inputs[n].Input);
            recorder.WaitUntilWritten();
            time.Advance(TimeSpan.FromSeconds(1));
            recorder.WaitUntilWritten();
        }

        for (var n = 0; n <= 28; n++)
        {
            Second(n);
            flushed.Should().Be(1, "the state that a file opens with, then not before 30 s");
        }

        Second(29);
        Second(30);
        flushed.Should().Be(2);
        time.Advance(TimeSpan.FromSeconds(60));
        recorder.WaitUntilWritten();
        var all = flushed;
        time.Advance(TimeSpan.FromSeconds(60));
        recorder.WaitUntilWritten();
        flushed.Should().Be(all, "nothing came");
        recorder.Close(inputs[30].At, recording.Engine);
        flushed.Should().Be(all + 1, "the end");
    }

    [Fact]
    public void A_writer_that_cannot_keep_up_loses_from_the_log_alone_and_begins_anew()
    {
        using var recording = new Recording();
        using var gate = new ManualResetEventSlim(initialState: true);
        var options = recording.Options with { Waiting = 128, FileAge = TimeSpan.FromMinutes(1), Create = path => new Disk(File.Create(path), () => { gate.Wait(); return false; }) };
        var recorder = recording.Run([], options, close: false);
        var inputs = ReplayTests.Site(minutes: 8, agents: 10).ToList();
        for (var i = 0; i < inputs.Count; i++)
        {
            if (i == inputs.Count / 4)
                gate.Reset();
            if (i == inputs.Count / 2)
            {
                gate.Set();
                recorder.WaitUntilWritten();
            }

            recording.Handle(recorder, inputs[i].At, inputs[i].Input);
            if (i % 100 == 0 && gate.IsSet)
                recorder.WaitUntilWritten();
        }

        recorder.Close(inputs[^1].At, recording.Engine);
        recorder.Lost.Should().BeInRange(1, inputs.Count / 2);
        Replayed(recording, inputs.Count, recorder.Lost);
    }

    [Fact]
    public void Old_files_go_by_age_and_by_size_and_the_running_one_never()
    {
        using var recording = new Recording();
        string Old(string name, int days)
        {
            var path = Path.Combine(recording.Folder, name);
            File.WriteAllBytes(path, new byte[100_000]);
            File.SetLastWriteTimeUtc(path, new DateTime(2026, 11, 23, 0, 0, 0, DateTimeKind.Utc).AddDays(-days));
            return path;
        }

        var aged = Old("main-20261101T000000.000Z-0001.flight", 22);
        var tooMuch = Old("main-20261122T000000.000Z-0001.flight", 1);
        var kept = Old("main-20261122T100000.000Z-0001.flight", 1);
        var others = Old("main-2-20261101T000000.000Z-0001.flight", 22);
        recording.Run(ReplayTests.Site(minutes: 1, agents: 3), recording.Options with { FileBytes = 50_000, TotalBytes = 200_000 });

        File.Exists(aged).Should().BeFalse();
        File.Exists(tooMuch).Should().BeFalse();
        File.Exists(kept).Should().BeTrue();
        File.Exists(others).Should().BeTrue();
        recording.Files.Should().Contain(f => f.Contains("main-20261123T"));
    }

    [Fact]
    public void A_large_file_is_followed_by_the_next()
    {
        using var recording = new Recording();
        var recorder = recording.Run([], recording.Options with { FileBytes = 60_000 }, close: false);
        var inputs = ReplayTests.Site(minutes: 12, agents: 20, callsPerSecond: 0.4).ToList();
        foreach (var chunk in inputs.Chunk(500))
        {
            foreach (var (at, input) in chunk)
                recording.Handle(recorder, at, input);
            recorder.WaitUntilWritten();
        }

        recorder.Close(inputs[^1].At, recording.Engine);
        recording.Files.Should().HaveCountGreaterThan(2);
        recording.Files.Select(f => new FileInfo(f).Length).Should().OnlyContain(l => l < 200_000);
        Replayed(recording, inputs.Count, lost: 0);
    }

    /// <summary>All files tell the same again, and together they have every input that was not lost.</summary>
    static void Replayed(Recording recording, int inputs, long lost)
    {
        var (found, missing) = (0L, 0L);
        foreach (var path in recording.Files)
        {
            using var file = FlightFile.Open(path);
            missing += file.Head.Gap?.Inputs ?? 0;
            var result = new FlightReplay(file).Run();
            result.Difference.Should().BeNull(path);
            found += result.Inputs;
        }

        missing.Should().Be(lost);
        found.Should().Be(inputs - lost);
    }

    /// <summary>A disk that is full while somebody says so.</summary>
    sealed class WatchedFile(string path, Action flushed) : FileStream(path, FileMode.CreateNew)
    {
        public override void Flush(bool flushToDisk)
        {
            base.Flush(flushToDisk);
            if (flushToDisk)
                flushed();
        }
    }

    sealed class Disk(FileStream file, Func<bool> full) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => throw new NotSupportedException(); }

        public override void Flush() => file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (full())
                throw new IOException("No space left on device");
            file.Write(buffer);
        }

        protected override void Dispose(bool disposing) => file.Dispose();
    }

    sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (All)
                All.Add(formatter(state, exception));
        }
    }
}
