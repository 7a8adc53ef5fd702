namespace CallCrm.Engine;

/// <summary>Somebody wants the extension that another holds, and waits for an answer.</summary>
internal sealed class SeatAsk(Guid id, Agent asker, Agent holder, Extension extension, DateTimeOffset untilUtc)
{
    public Guid Id { get; } = id;

    public Agent Asker { get; } = asker;

    public Agent Holder { get; } = holder;

    public Extension Extension { get; } = extension;

    /// <summary>Where the asker sat when they asked; null: nowhere.</summary>
    public Extension? From { get; init; }

    public DateTimeOffset UntilUtc { get; } = untilUtc;

    public EngineTimer? Timer { get; set; }
}
