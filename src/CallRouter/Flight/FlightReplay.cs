using System.Text.Json;
using CallCrm.Engine;
using CallCrm.Engine.Wire;

namespace CallCrm.CallRouter.Flight;

/// <param name="Checked">State hashes that were compared; none across engine versions.</param>
/// <param name="Difference">The first one, in words; null when all is the same.</param>
sealed record FlightResult(long Inputs, long Entries, int Checked, DateTimeOffset? From, DateTimeOffset? To, bool SameEngine, string? Difference);

/// <summary>
/// Runs a file again. Each entry must come as it was written, and by the same engine each state hash must be arrived at.
/// </summary>
sealed class FlightReplay(FlightFile file)
{
    // Both see the same texts in the same order, so equal entries give equal bytes until the first that differs.
    readonly WireWriter _then = new();
    readonly WireWriter _now = new();
    readonly Queue<JournalEntry> _made = new();
    readonly bool _sameEngine = file.Head.Engine == EngineVersion.Text;
    long _inputs;
    long _entries;
    int _checked;
    DateTimeOffset? _from;
    DateTimeOffset? _to;

    /// <param name="engine">Taken further; by default a new one in the state at the file's start.</param>
    /// <param name="watch">Sees every input after the engine has handled it, with what it led to.</param>
    public FlightResult Run(CallEngine? engine = null, Action<CallEngine, Moment, EngineInput, IReadOnlyList<EngineEffect>>? watch = null)
    {
        engine ??= file.Engine();
        while (file.Next())
        {
            var difference = file.Kind switch
            {
                RecordKind.Input => Handle(engine, watch),
                RecordKind.Entry => Compare(file.Entry!),
                RecordKind.Mark => Leftover() ?? Check(engine),
                _ => null,
            };
            if (difference is not null)
                return Result(difference);
        }

        // What the last input led to may have been cut off.
        return Result(null);
    }

    string? Handle(CallEngine engine, Action<CallEngine, Moment, EngineInput, IReadOnlyList<EngineEffect>>? watch)
    {
        if (Leftover() is { } missing)
            return missing;
        _inputs++;
        _from ??= file.At.Utc;
        _to = file.At.Utc;
        var effects = engine.Handle(file.At, file.Input!).Effects;
        for (var i = 0; i < effects.Count; i++)
        {
            if (effects[i] is EngineEffect.Write write)
                _made.Enqueue(write.Entry);
        }

        watch?.Invoke(engine, file.At, file.Input!, effects);
        return null;
    }

    string? Compare(JournalEntry then)
    {
        _entries++;
        if (!_made.TryDequeue(out var now))
            return $"after input {_inputs} at {Where()}: recorded {Text(then)}\n  now nothing";
        _then.Clear();
        _now.Clear();
        _then.Record(then);
        _now.Record(now);
        return _then.Written.SequenceEqual(_now.Written) ? null : $"after input {_inputs} at {Where()}: recorded {Text(then)}\n  now      {Text(now)}";
    }

    string? Leftover() => _made.TryDequeue(out var now) ? $"after input {_inputs} at {Where()}: recorded nothing\n  now      {Text(now)}" : null;

    string? Check(CallEngine engine)
    {
        if (!_sameEngine)
            return null;
        _checked++;
        var hash = EngineImage.Hash(engine);
        return hash.AsSpan().SequenceEqual(file.Hash) ? null
            : $"after input {_inputs} at {Where()}: the state's hash was {Convert.ToHexStringLower(file.Hash.AsSpan(0, 8))}…, now it is {Convert.ToHexStringLower(hash.AsSpan(0, 8))}…; all entries up to there are the same";
    }

    FlightResult Result(string? difference) => new(_inputs, _entries, _checked, _from, _to, _sameEngine, difference);

    string Where() => _to is { } at ? $"{at:yyyy-MM-dd HH:mm:ss.fff} UTC" : "the start";

    internal static string Text(JournalEntry entry) => $"#{entry.Seq} {JsonSerializer.Serialize(entry, JournalJson.Default.JournalEntry)}";
}
