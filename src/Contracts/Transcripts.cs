namespace CallCrm.Contracts;

/// <summary>GET /api/recordings/{id}/transcript: what was said. Reading one is audited as listening is. POST to the same asks for it anew.</summary>
/// <param name="State">off (recordings are not written down here, or this one is from before), waiting, done, silent (nobody said anything), failed, too_long.</param>
/// <param name="Language">ISO 639-1, as it was told or heard.</param>
/// <param name="Model">Of the speech recognition.</param>
/// <param name="At">When it was made, or failed.</param>
/// <param name="Lines">By time. Also while it waits or failed, when it was asked for anew: then what it said before.</param>
/// <param name="Again">When a failed one is tried again; null: only when somebody asks.</param>
/// <param name="Error">What failed, in English, for who may configure; else null.</param>
/// <param name="MayRedo">Whoever asks may have it made anew.</param>
public sealed record TranscriptView(Guid Recording, string State, string? Language, string? Model, DateTimeOffset? At, IReadOnlyList<TranscriptLineView> Lines,
    DateTimeOffset? Again = null, string? Error = null, bool MayRedo = false);

/// <param name="Side">client or agent (all that the client heard).</param>
/// <param name="From_ms">From the recording's begin.</param>
/// <param name="Who">The agent who speaks with the client then; null for the client, and where nobody does.</param>
public sealed record TranscriptLineView(string Side, int From_ms, int To_ms, string Text, string? Who = null);
