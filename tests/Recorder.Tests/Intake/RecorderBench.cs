using System.Diagnostics.Metrics;
using CallCrm.CallFlow;
using CallCrm.Recorder.Intake;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CallCrm.Recorder.Tests.Intake;

/// <summary>A recorder on real PostgreSQL and real ffmpeg, with folders of its own and a clock that stands still.</summary>
internal sealed class RecorderBench : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("callcrm-recorder-").FullName;
    private readonly List<string> _folders = [];

    private RecorderBench(NpgsqlDataSource database)
    {
        Database = database;
        Directory.CreateDirectory(Incoming);
        Store = new RecordingFiles(Path.Combine(_root, "store"));
        Restart();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 5, 10, 0, 0, TimeSpan.Zero));

    public RecorderOptions Options { get; } = new();

    /// <summary>Takes effect at <see cref="Restart"/>.</summary>
    public string? FolderNode { get; set; }

    public NpgsqlDataSource Database { get; }

    public RecordingFiles Store { get; }

    public RecordingTable Table { get; private set; } = null!;

    public RecordingTaker Taker { get; private set; } = null!;

    public RecordingWatch Watch { get; private set; } = null!;

    public string Incoming => Path.Combine(_root, "incoming");

    public static async Task<RecorderBench> StartAsync(PostgresFixture postgres) =>
        new(NpgsqlDataSource.Create(await postgres.NewDatabaseAsync()));

    /// <summary>As a new process would begin: nothing remembered.</summary>
    public void Restart()
    {
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        Table = new RecordingTable(Database, Time);
        Taker = new RecordingTaker(Table, Store, new Transcoder(options, TimeProvider.System), options, NullLogger<RecordingTaker>.Instance);
        Watch = new RecordingWatch(
            new RecordingSources([new RecordingSource(Incoming, FolderNode), .. _folders.Select(f => new RecordingSource(f, FolderNode))]), Table, Taker, Store, options, Time, NullLogger<RecordingWatch>.Instance);
    }

    /// <summary>One more, below the incoming one, as of another PBX that writes under the same name.</summary>
    public void AddFolder(string name)
    {
        _folders.Add(Directory.CreateDirectory(Path.Combine(Incoming, name)).FullName);
        Restart();
    }

    /// <summary>The real ffmpeg, of which each start is written down.</summary>
    /// <param name="refuses">It ends with an error when an argument has this in it.</param>
    /// <returns>The file with a line for each start.</returns>
    public async Task<string> CountingFfmpegAsync(string refuses = "nothing")
    {
        var (program, starts) = (Path.Combine(_root, "ffmpeg"), Path.Combine(_root, "starts"));
        await File.WriteAllTextAsync(program, $"""
            #!/bin/sh
            echo start >>'{starts}'
            case "$*" in *{refuses}*) echo 'cannot read it' >&2; exit 1;; esac
            exec ffmpeg "$@"

            """);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Options.Ffmpeg = program;
        return starts;
    }

    /// <summary>As the metric would be read after a look.</summary>
    public async Task<long> OrphanedAsync()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var orphans = new RecordingOrphans(Database, Microsoft.Extensions.Options.Options.Create(Options), Time, services.GetRequiredService<IMeterFactory>(), NullLogger<RecordingOrphans>.Instance);
        await orphans.LookAsync(CancellationToken.None);
        var value = -1L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "callcrm_recordings_orphaned" && ReferenceEquals(instrument.Meter.Scope, services.GetRequiredService<IMeterFactory>())) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, measured, _, _) => value = measured);
        listener.Start();
        listener.RecordObservableInstruments();
        return value;
    }

    public Task LookAsync() => Watch.LookAsync(CancellationToken.None);

    /// <summary>Looks, lets the time pass, and looks again.</summary>
    public async Task LookAfterAsync(TimeSpan time)
    {
        await LookAsync();
        Time.Advance(time);
        await LookAsync();
    }

    public void Write(string name, byte[] bytes)
    {
        var path = Path.Combine(Incoming, name);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, Time.GetUtcNow().UtcDateTime);
    }

    /// <summary>A whole recording: 2 s of a loud client, 1 s of a soft agent, and the mark.</summary>
    public void WritePair(string stem, bool done = true)
    {
        Write(stem + "-in.wav", WavFiles.Tone(2, level: 20_000));
        Write(stem + "-out.wav", WavFiles.Tone(1, level: 8_000, hertz: 1_000));
        if (done) Write(stem + ".done", []);
    }

    public string[] Files(string folder = "") =>
        Directory.Exists(Path.Combine(Incoming, folder)) ? [.. Directory.GetFiles(Path.Combine(Incoming, folder)).Select(f => Path.GetFileName(f)).Order()] : [];

    /// <summary>Every sound in the store, unfinished ones too.</summary>
    public string[] Stored() =>
        Directory.Exists(Store.Folder) ? [.. Directory.GetFiles(Store.Folder, "*.opus", SearchOption.AllDirectories)] : [];

    public async Task<Guid> AddCallAsync(string node, string uniqueId, bool ended = true, bool answered = true, bool recorded = true, string direction = "Inbound")
    {
        var call = Guid.CreateVersion7();
        var now = Time.GetUtcNow().UtcDateTime;
        await using var connection = await Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, started_at, answered_at, ended_at, last_seq)
            values (@call, 'main', @node, @direction, @state, true, '', 'Withheld', '', @now, @answeredAt, @endedAt, 1);
            insert into call_leg (node, unique_id, call_id, channel, is_client, started_at, ended_at, recorded)
            values (@node, @uniqueId, @call, 'PJSIP/trunk-1', true, @now, @endedAt, @recorded)
            """,
            new
            {
                call,
                node,
                uniqueId,
                now,
                recorded,
                direction,
                state = ended ? "Ended" : "Talking",
                answeredAt = answered ? now : (DateTime?)null,
                endedAt = ended ? now : (DateTime?)null,
            });
        return call;
    }

    public async Task EndCallAsync(Guid call)
    {
        await using var connection = await Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "update call_leg set ended_at = @now where call_id = @call; update call set state = 'Ended', ended_at = @now where id = @call", new { call, now = Time.GetUtcNow().UtcDateTime });
    }

    /// <summary>As the journal says it before the call's end.</summary>
    public async Task UnkeepAsync(Guid call)
    {
        await using var connection = await Database.OpenConnectionAsync();
        await connection.ExecuteAsync("update call_leg set recorded = false, unkept = true where call_id = @call", new { call });
    }

    public async Task<IReadOnlyList<StoredRow>> RowsAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        return (await connection.QueryAsync<StoredRow>(
            """
            select id, node, pbx_unique_id as uniqueId, call_id as callId, status, sha256_in as sha256In, sha256_out as sha256Out, duration_ms as durationMs,
                   size_bytes as sizeBytes, path, waveform, error, started_at as startedAt
            from recording order by created_at, id
            """)).AsList();
    }

    public async Task<StoredRow> RowAsync() => (await RowsAsync()).Should().ContainSingle().Which;

    public async Task<long> HintsAsync()
    {
        await using var connection = await Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select count(*) from change where kind = 'recording'");
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}

internal sealed record StoredRow(
    Guid Id, string Node, string UniqueId, Guid? CallId, string Status, string? Sha256In, string? Sha256Out, int? DurationMs,
    long? SizeBytes, string? Path, byte[]? Waveform, string? Error, DateTimeOffset? StartedAt);
