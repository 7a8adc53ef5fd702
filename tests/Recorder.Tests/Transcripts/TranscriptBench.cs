using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Recorder.Tests.Intake;
using CallCrm.Recorder.Transcripts;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Recorder.Tests.Transcripts;

/// <summary>
/// Recordings as the recorder really stores them, and a program in whisper's place: a shell script that is called as whisper-cli is, and writes answers of the
/// same shape (<c>whisper-cli.json</c>).
/// </summary>
internal sealed class TranscriptBench : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("callcrm-transcripts-").FullName;
    private int _recordings;

    private TranscriptBench(RecorderBench recorder)
    {
        Recorder = recorder;
        Options.Program = $"sh {Script}";
        Options.Model = "/models/ggml-small.bin";
        Program("cp \"$answers/$of.json\" .");
        Restart();
    }

    /// <summary>All it was called with.</summary>
    public const string Given = "\"$@\"";

    public RecorderBench Recorder { get; }

    private string Script => Path.Combine(_root, "whisper");

    public TranscriptOptions Options { get; } = new();

    public TranscriptTable Table { get; private set; } = null!;

    public Transcriber Transcriber { get; private set; } = null!;

    public TranscriptWorker Worker { get; private set; } = null!;

    public static async Task<TranscriptBench> StartAsync(PostgresFixture postgres) => new(await RecorderBench.StartAsync(postgres));

    /// <summary>As a new process would begin: nothing remembered.</summary>
    public void Restart()
    {
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        Table = new TranscriptTable(Recorder.Database, Recorder.Time);
        Transcriber = new Transcriber(Table, Recorder.Store, new Whisper(options, Microsoft.Extensions.Options.Options.Create(Recorder.Options), Recorder.Time), options, Recorder.Time, NullLogger<Transcriber>.Instance);
        Worker = new TranscriptWorker(Table, Transcriber, Recorder.Store, options, Recorder.Time, new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(),
            NullLogger<TranscriptWorker>.Instance);
    }

    public async Task BeginAndLookAsync()
    {
        await Worker.BeginAsync(CancellationToken.None);
        await Worker.LookAsync(CancellationToken.None);
    }

    /// <summary>What the program does with <c>$of</c> (the side's name), <c>$here</c> and <see cref="Given"/>; each call is noted.</summary>
    public void Program(string script)
    {
        File.WriteAllText(Script,
            $"""
            #!/bin/sh
            answers={_root}
            echo "$*" >>"$answers/calls"
            here=$(pwd); of=; last=
            for word in "$@"; do [ "$last" != -of ] || of=$word; last=$word; done
            {script}
            """);
    }

    /// <summary>How the program was called, each time.</summary>
    public string[] Calls() => File.Exists(Path.Combine(_root, "calls")) ? File.ReadAllLines(Path.Combine(_root, "calls")) : [];

    /// <summary>What is heard on a side from now on.</summary>
    public void Hears(string side, string language, params (int From, int To, string Text)[] pieces) => File.WriteAllText(Path.Combine(_root, side + ".json"), Answer(language, pieces));

    public static string Answer(string language, params (int From, int To, string Text)[] pieces)
    {
        static string Stamp(int ms) => TimeSpan.FromMilliseconds(ms).ToString(@"hh\:mm\:ss\,fff", CultureInfo.InvariantCulture);
        var lines = pieces.Select(p => $$"""{"timestamps": {"from": "{{Stamp(p.From)}}", "to": "{{Stamp(p.To)}}"}, "offsets": {"from": {{p.From}}, "to": {{p.To}}}, "text": {{System.Text.Json.JsonSerializer.Serialize(p.Text)}}}""");
        return $$"""{"systeminfo": "", "model": {"type": "small"}, "params": {"language": "auto"}, "result": {"language": "{{language}}"}, "transcription": [{{string.Join(",", lines)}}]}""";
    }

    /// <summary>A call with its recording, stored: 2 s of the client, 1 s of the agent.</summary>
    /// <param name="client">Loudness of the client's side; 0: silence.</param>
    public async Task<Guid> RecordAsync(short client = 20_000, short agent = 8_000)
    {
        var stem = $"milan-{++_recordings}.1";
        await Recorder.AddCallAsync("milan", $"{_recordings}.1");
        Recorder.Write(stem + "-in.wav", WavFiles.Tone(2, level: client));
        Recorder.Write(stem + "-out.wav", WavFiles.Tone(1, level: agent, hertz: 1_000));
        Recorder.Write(stem + ".done", []);
        await Recorder.LookAsync();
        var row = (await Recorder.RowsAsync())[^1];
        row.Status.Should().Be("ready", row.Error);
        Recorder.Time.Advance(TimeSpan.FromMilliseconds(10));
        return row.Id;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Recorder.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public async Task<T?> AskAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Recorder.Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<T>(sql, parameters);
    }

    public async Task<TranscriptState> StateAsync(Guid recording)
    {
        await using var connection = await Recorder.Database.OpenConnectionAsync();
        return await connection.QuerySingleAsync<TranscriptState>("select state, error, attempts, next_at as nextAt, model, language, opening from transcript where recording_id = @recording", new { recording });
    }

    public async Task<string[]> LinesAsync(Guid recording)
    {
        await using var connection = await Recorder.Database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("select side || ' ' || from_ms || '-' || to_ms || ' ' || text from transcript_line where recording_id = @recording order by n", new { recording })];
    }

    public async ValueTask DisposeAsync()
    {
        await Recorder.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}

internal sealed record TranscriptState(string State, string? Error, int Attempts, DateTimeOffset? NextAt, string? Model, string? Language, string Opening);
