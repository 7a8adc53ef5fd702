using System.Globalization;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Exports;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Missed;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Recordings;

/// <summary>What was said in a recording: for who may hear it, and audited as hearing it is.</summary>
internal static class TranscriptEndpoints
{
    public static void Map(RouteGroupBuilder recordings, IEndpointRouteBuilder api)
    {
        recordings.MapGet("/{id}/transcript", GetAsync).WithName("GetTranscript").WithSummary("What was said in a recording, line by line with its times and who said it; audited as listening");
        recordings.MapGet("/{id}/transcript/text", TextAsync).WithName("ExportTranscript").WithSummary("The same as a text file, in the words of a language (en, it, ru); audited")
            .Produces(StatusCodes.Status200OK, contentType: "text/plain");
        api.MapPost("/recordings/{id}/transcript", AskAsync).RequireAuthorization(Rights.Configure).WithTags("Recordings").WithName("RedoTranscript")
            .WithSummary("Have a recording written down anew; what was there stays until then. The hint transcript tells when it is there");
    }

    static async Task<Results<Ok<TranscriptView>, ProblemHttpResult>> GetAsync(Guid id, HttpContext http, Person person, RecordingStore store, CallStore calls, MissedStore missed, CallTimelines timelines, LiveFacts facts,
        TranscriptStore transcripts, Listens listens, CancellationToken cancel)
    {
        if (await RecordingEndpoints.FindAsync(id, person, store, calls, missed, cancel) is not { } recording) return Problems.NotFound("recording");
        var (row, lines) = await transcripts.FindAsync(id, cancel);
        var configures = person.May(Rights.Configure);
        var mayRedo = configures && recording is { Status: "ready", Duration_ms: > 0 } && await transcripts.IsOnAsync(cancel);
        if (row is null) return TypedResults.Ok(new TranscriptView(id, "off", null, null, null, [], MayRedo: mayRedo));
        if (lines.Count > 0) await listens.AddAsync(person, id, http.Connection.RemoteIpAddress?.ToString(), cancel, Listens.Reading);
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.Ok(new TranscriptView(id, row.State, row.Language, row.Model, row.FinishedAt, await NamedAsync(recording, lines, timelines, facts, cancel),
            row.State == "failed" ? row.NextAt : null, configures ? row.Error : null, mayRedo));
    }

    static async Task<Results<FileContentHttpResult, ProblemHttpResult>> TextAsync(Guid id, HttpContext http, Person person, RecordingStore store, CallStore calls, MissedStore missed, CallTimelines timelines, LiveFacts facts,
        TranscriptStore transcripts, Listens listens, NumberMask mask, SiteClock clock, CancellationToken cancel, string language = "en")
    {
        if (Array.IndexOf(ExportTexts.Languages, language) < 0) return Problems.Invalid("language", "one of en, it, ru");
        if (await RecordingEndpoints.FindAsync(id, person, store, calls, missed, cancel) is not { } recording) return Problems.NotFound("recording");
        var (_, lines) = await transcripts.FindAsync(id, cancel);
        if (lines.Count == 0) return Problems.NotFound("transcript");
        var number = recording.CallId is { } call ? (await calls.RowsAsync([call], cancel)).GetValueOrDefault(call)?.Number : null;
        await listens.AddAsync(person, id, http.Connection.RemoteIpAddress?.ToString(), cancel, Listens.Reading);
        var text = Text(await NamedAsync(recording, lines, timelines, facts, cancel), number, recording.StartedAt is { } at ? TimeZoneInfo.ConvertTime(at, clock.Zone) : null, language);
        // A file is no answer that is veiled on its way out.
        if (person.Veil.Numbers) text = string.Join(Line, text.Split(Line).Select(mask.Text));
        var name = number is { } n ? string.Create(CultureInfo.InvariantCulture, $"transcript-{n}.txt") : "transcript.txt";
        // With the mark, else some editors take Cyrillic for something else.
        return TypedResults.File([.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)], "text/plain; charset=utf-8", name);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> AskAsync(Guid id, Person person, RecordingStore store, TranscriptStore transcripts, CancellationToken cancel)
    {
        if (await store.FindAsync(id, cancel) is not { } recording) return Problems.NotFound("recording");
        if (recording.Status != "ready") return Problems.Of(StatusCodes.Status409Conflict, $"recording_{recording.Status}", recording.Error ?? $"The recording is {recording.Status}.");
        if (!await transcripts.IsOnAsync(cancel)) return Problems.Of(StatusCodes.Status409Conflict, "transcripts_off", "Recordings are not written down here: no model is set (Transcripts:Model).");
        await transcripts.AskAsync(id, person.Id, cancel);
        return TypedResults.NoContent();
    }

    /// <summary>Whoever speaks with the client at that time is who the client hears.</summary>
    static async Task<IReadOnlyList<TranscriptLineView>> NamedAsync(RecordingRow recording, IReadOnlyList<TranscriptLineView> lines, CallTimelines timelines, LiveFacts facts, CancellationToken cancel)
    {
        if (lines.Count == 0 || recording.MessageId is not null || recording.CallId is not { } call || await timelines.ReadAsync(call, cancel) is not { } timeline) return lines;
        var parts = RecordingParts.Of(timeline, RecordingClock.Of(timeline, recording.StartedAt, recording.Duration_ms, recording.PbxUniqueId), facts.Names.Person);
        return [.. lines.Select(l => l.Side == "agent" ? l with { Who = Speaker(parts, (l.From_ms + l.To_ms) / 2) } : l)];
    }

    static string? Speaker(IReadOnlyList<RecordingPartView> parts, int at) => parts.FirstOrDefault(p => at >= p.From_ms && at < p.To_ms) is { Kind: "talk" } part ? part.Agent : null;

    const string Line = "\r\n";

    internal static string Text(IReadOnlyList<TranscriptLineView> lines, long? call, DateTimeOffset? begun, string language)
    {
        var (client, agent, title) = language switch { "it" => ("Cliente", "Operatore", "Trascrizione della chiamata"), "ru" => ("Клиент", "Оператор", "Расшифровка звонка"), _ => ("Client", "Agent", "Transcript of call") };
        var text = new StringBuilder(title);
        if (call is { } number) text.Append(CultureInfo.InvariantCulture, $" #{number}");
        if (begun is { } at) text.Append(CultureInfo.InvariantCulture, $", {at:yyyy-MM-dd HH:mm}");
        text.Append(Line).Append(Line);
        foreach (var line in lines)
        {
            var from = TimeSpan.FromMilliseconds(line.From_ms);
            text.Append(CultureInfo.InvariantCulture, $"[{(int)from.TotalMinutes:00}:{from.Seconds:00}] {(line.Side == "client" ? client : line.Who ?? agent)}: {line.Text}").Append(Line);
        }

        return text.ToString();
    }
}
