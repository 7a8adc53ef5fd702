using System.Collections.Concurrent;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Missed;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace CallCrm.CrmApi.Recordings;

/// <param name="Path">Inside the store's folder, <see cref="RecordingFiles"/>.</param>
internal sealed record RecordingRow(Guid Id, Guid? CallId, string Status, string? Error, int Duration_ms, long Size_bytes, byte[] Waveform, string? Path, DateTimeOffset? StartedAt,
    string PbxUniqueId, Guid? MessageId)
{
    public RecordingView View(IReadOnlyList<RecordingPartView>? parts = null, int missing_ms = 0)
    {
        var sides = CallFlow.Waveform.FromBytes(Waveform);
        return new RecordingView(Id, Status, Error, Duration_ms, Size_bytes, [.. sides.Client.Select(b => (int)b)], [.. sides.Agent.Select(b => (int)b)], parts, missing_ms);
    }
}

internal sealed class RecordingStore(NpgsqlDataSource database)
{
    public const string Columns =
        """
        select id, call_id, status, error, coalesce(duration_ms, 0) as duration_ms, coalesce(size_bytes, 0) as size_bytes, coalesce(waveform, '') as waveform, path,
          started_at, pbx_unique_id, message_id from recording
        """;

    public async Task<RecordingRow?> FindAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<RecordingRow>(new CommandDefinition($"{Columns} where id = @id", new { id }, cancellationToken: cancel));
    }
}

/// <summary>Recordings: what they look like, and their sound with seeking. Every listen is audited.</summary>
internal static class RecordingEndpoints
{
    public static void AddRecordings(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<RecordingStore>();
        services.AddSingleton<TranscriptStore>();
        services.AddSingleton<Listens>();
        services.TryAddSingleton(RecordingFiles.From(configuration));
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/recordings").WithTags("Recordings").RequireAuthorization(Rights.Listen);
        group.MapGet("/{id}", GetAsync).WithName("GetRecording").WithSummary("A recording's state, length and waveform of both sides");
        group.MapGet("/{id}/audio", PlayAsync).WithName("PlayRecording").WithSummary("The sound (Ogg Opus; client left, agent right), with byte ranges; audited")
            .Produces(StatusCodes.Status200OK, contentType: "audio/ogg").Produces(StatusCodes.Status206PartialContent, contentType: "audio/ogg");
        TranscriptEndpoints.Map(group, api);
    }

    static async Task<Results<Ok<RecordingView>, ProblemHttpResult>> GetAsync(Guid id, Person person, RecordingStore store, CallStore calls, MissedStore missed, CallTimelines timelines, LiveFacts facts,
        CancellationToken cancel)
    {
        if (await FindAsync(id, person, store, calls, missed, cancel) is not { } row) return Problems.NotFound("recording");
        // A message in a mailbox of the PBX holds nothing but what the caller said.
        if (row is { MessageId: not null, Duration_ms: > 0 }) return TypedResults.Ok(row.View([new RecordingPartView(0, row.Duration_ms, "message", null, null)]));
        if (row.CallId is not { } call || row.Duration_ms == 0 || await timelines.ReadAsync(call, cancel) is not { } timeline) return TypedResults.Ok(row.View());
        var clock = RecordingClock.Of(timeline, row.StartedAt, row.Duration_ms, row.PbxUniqueId);
        return TypedResults.Ok(row.View(RecordingParts.Of(timeline, clock, facts.Names.Person), clock.Missing_ms));
    }

    static async Task<Results<PhysicalFileHttpResult, ProblemHttpResult>> PlayAsync(Guid id, HttpContext http, Person person, RecordingStore store, CallStore calls, MissedStore missed, RecordingFiles files,
        Listens listens, CancellationToken cancel)
    {
        if (await FindAsync(id, person, store, calls, missed, cancel) is not { } row) return Problems.NotFound("recording");
        if (row.Status != "ready") return Problems.Of(StatusCodes.Status404NotFound, $"recording_{row.Status}", row.Error ?? $"The recording is {row.Status}.");
        if (row.Path is not { } path || files.FullPath(path) is not { } file || !File.Exists(file))
            return Problems.Of(StatusCodes.Status404NotFound, "recording_missing", "The recording was taken in, but its file is gone.");
        await listens.AddAsync(person, id, http.Connection.RemoteIpAddress?.ToString(), cancel);
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.PhysicalFile(file, "audio/ogg", enableRangeProcessing: true, lastModified: new DateTimeOffset(File.GetLastWriteTimeUtc(file)));
    }

    /// <summary>A recording of a call that is not one's own, nor a message of a missed caller, looks like one that does not exist.</summary>
    internal static async Task<RecordingRow?> FindAsync(Guid id, Person person, RecordingStore store, CallStore calls, MissedStore missed, CancellationToken cancel)
    {
        var row = await store.FindAsync(id, cancel);
        var within = person.Within(Rights.Listen);
        if (row is null || within.IsEveryone) return row;
        return row.CallId is { } call && (await calls.IsOfAsync(call, within, cancel) || await missed.MayHearAsync(call, person, cancel)) ? row : null;
    }
}

/// <summary>One line of audit per listen, and per reading of what was said: a player asks for many ranges, which are one listen while they follow within five minutes.</summary>
internal sealed class Listens(AuditStore audit, TimeProvider time)
{
    public const string Listening = "listen";
    public const string Reading = "transcript";

    static readonly TimeSpan One = TimeSpan.FromMinutes(5);
    readonly ConcurrentDictionary<(Guid Session, Guid Recording, string How), long> recent = new();

    public async Task AddAsync(Person person, Guid recording, string? address, CancellationToken cancel, string how = Listening)
    {
        var key = (person.Session, recording, how);
        var now = time.GetTimestamp();
        var known = recent.TryGetValue(key, out var last) && time.GetElapsedTime(last, now) < One;
        if (!known) await audit.AddAsync(person.Id, how, "recording", recording.ToString(), address, cancel);
        recent[key] = now;
        if (recent.Count < 10_000) return;
        foreach (var (old, at) in recent)
        {
            if (time.GetElapsedTime(at, now) >= One) recent.TryRemove(old, out _);
        }
    }
}
