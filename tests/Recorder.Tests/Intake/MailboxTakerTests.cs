using System.Security.Cryptography;
using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Recorder.Tests.Intake;

/// <summary>The sound of messages in the PBX's own mailboxes, which are never touched.</summary>
[Trait("Category", "Slow")]
public sealed class MailboxTakerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("callcrm-voicemail-").FullName;
    private RecorderBench _bench = null!;

    public async Task InitializeAsync() => _bench = await RecorderBench.StartAsync(postgres);

    public async Task DisposeAsync()
    {
        await _bench.DisposeAsync();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    /// <summary>As a new process would begin.</summary>
    private MailboxTaker Taker(bool hasFolder = true)
    {
        var options = Microsoft.Extensions.Options.Options.Create(_bench.Options);
        return new MailboxTaker(new MailboxSources(hasFolder ? [new VoicemailFolder("milan", _folder, true)] : []), new MailboxTable(_bench.Database, _bench.Time), _bench.Table, _bench.Store, new Transcoder(options, TimeProvider.System), options, _bench.Time,
            NullLogger<MailboxTaker>.Instance);
    }

    private string Inbox => Directory.CreateDirectory(Path.Combine(_folder, "default/145/INBOX")).FullName;

    private async Task LookAsync(MailboxTaker taker, double after = 0)
    {
        _bench.Time.Advance(TimeSpan.FromSeconds(after));
        await taker.LookAsync(CancellationToken.None);
    }

    /// <summary>A message in the tables and on the PBX's disk.</summary>
    private async Task<Guid> LeaveAsync(int n, byte[]? sound, string state = "New", bool key = true, bool text = true)
    {
        var (call, id, at) = (await _bench.AddCallAsync("milan", $"1.{n}", answered: false, recorded: false), Guid.CreateVersion7(), _bench.Time.GetUtcNow());
        await using var connection = await _bench.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "insert into call_message (id, domain, call_id, node, unique_id, mailbox, message_key, left_at, duration_ms, state, state_at, last_seq) values (@id, 'main', @call, 'milan', @unique, '145@default', @key, @at, 2000, @state, @at, 1)",
            new { id, call, unique = $"1.{n}", key = key ? $"{at.ToUnixTimeSeconds()} PJSIP/trunk-{n}" : null, at, state });
        if (text) await File.WriteAllTextAsync(Path.Combine(Inbox, $"msg{n:0000}.txt"), $"[message]\norigmailbox=145\ncallerchan=PJSIP/trunk-{n}\ncallerid=1\norigtime={at.ToUnixTimeSeconds()}\nduration=2\n");
        if (sound is not null) await File.WriteAllBytesAsync(Path.Combine(Inbox, $"msg{n:0000}.wav"), sound);
        return call;
    }

    private (string Name, string Hash)[] Lying() => [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Order().Select(f => (f, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))))];

    [PostgresFact]
    public async Task Two_messages_at_once_are_stored_hashed_each_with_its_call_and_the_PBX_keeps_its_own()
    {
        var (soft, loud) = (WavFiles.Tone(1, level: 8_000), WavFiles.Tone(3, level: 20_000));
        var (first, second) = (await LeaveAsync(0, soft), await LeaveAsync(1, loud));
        var before = Lying();
        await LookAsync(Taker());
        var rows = await _bench.RowsAsync();
        rows.Select(r => (r.CallId, r.Status, r.DurationMs, r.Sha256In, r.Sha256Out)).Should().BeEquivalentTo([
            ((Guid?)first, "ready", (int?)1000, Convert.ToHexStringLower(SHA256.HashData(soft)), (string?)null),
            (second, "ready", 3000, Convert.ToHexStringLower(SHA256.HashData(loud)), null)]);
        var (seconds, left, right) = await WavFiles.DecodeAsync(_bench.Store.FullPath(rows.Single(r => r.CallId == second).Path!));
        seconds.Should().BeApproximately(3, 0.05);
        left.Should().OnlyContain(l => l > 0.35, "the caller speaks on the left");
        right.Should().OnlyContain(r => r < 0.02);
        Lying().Should().Equal(before);
        Directory.GetFiles(Path.Combine(_bench.Store.Folder, "tmp")).Should().BeEmpty();

        // Looked at again, also by a new process: nothing new, and the channel's own recording is another thing.
        await LookAsync(Taker(), 60);
        (await _bench.RowsAsync()).Should().BeEquivalentTo(rows);
        (await _bench.OrphanedAsync()).Should().Be(0);
    }

    [PostgresFact]
    public async Task Killed_after_each_step_it_is_stored_once()
    {
        await LeaveAsync(0, WavFiles.Tone(1));
        foreach (var step in new[] { "row", "copied", "published" })
        {
            var taker = Taker();
            taker.AfterStep = done => { if (done == step) throw new InvalidOperationException("killed"); };
            var look = () => LookAsync(taker, 5);
            await look.Should().ThrowAsync<InvalidOperationException>();
            (await _bench.RowAsync()).Status.Should().Be("pending");
        }

        await LookAsync(Taker(), 5);
        (await _bench.RowAsync()).Status.Should().Be("ready");
        _bench.Stored().Should().ContainSingle();
    }

    [PostgresFact]
    public async Task A_folder_that_cannot_be_read_shows_the_message_as_missing_until_it_can()
    {
        await LeaveAsync(0, WavFiles.Tone(1));
        Directory.Move(_folder, _folder + "-away");
        var taker = Taker();
        await LookAsync(taker);
        (await _bench.RowsAsync()).Should().BeEmpty("it may come yet");
        await LookAsync(taker, 301);
        (await _bench.RowAsync()).Should().BeEquivalentTo(new { Status = "missing" });
        (await _bench.RowAsync()).Error.Should().Contain(_folder).And.Contain("cannot be read");
        await LookAsync(taker, 10);
        (await _bench.HintsAsync()).Should().Be(1, "said once");
        Directory.Move(_folder + "-away", _folder);
        await LookAsync(taker, 10);
        (await _bench.RowAsync()).Should().BeEquivalentTo(new { Status = "ready", Error = (string?)null, DurationMs = 1000 });
    }

    [PostgresFact]
    public async Task Each_way_to_have_no_sound_is_said()
    {
        var calls = new Dictionary<Guid, (string Status, string Why)>
        {
            [await LeaveAsync(0, null)] = ("missing", "no msg0000.wav"),
            [await LeaveAsync(1, null, text: false)] = ("missing", "not in the voicemail folder"),
            [await LeaveAsync(2, null, state: "Removed", text: false)] = ("missing", "deleted on the phone"),
            [await LeaveAsync(3, null, key: false, text: false)] = ("missing", "not in the voicemail folder"),
            [await LeaveAsync(4, [1, 2, 3])] = ("broken", "msg0004.wav"),
        };
        await LookAsync(Taker(), 301);
        var rows = (await _bench.RowsAsync()).ToDictionary(r => r.CallId!.Value);
        foreach (var (call, (status, why)) in calls)
        {
            rows[call].Status.Should().Be(status);
            rows[call].Error.Should().Contain(why);
        }
    }

    [PostgresFact]
    public async Task Without_a_folder_it_is_said_how_to_set_one()
    {
        await LeaveAsync(0, WavFiles.Tone(1));
        await LookAsync(Taker(hasFolder: false), 301);
        (await _bench.RowAsync()).Error.Should().Contain("VoicemailFolder");
    }
}
