namespace CallCrm.Engine;

/// <summary>What one input led to.</summary>
/// <param name="Effects">In order. The list is the engine's own and valid until the next <see cref="CallEngine.Handle"/>.</param>
/// <param name="NextDeadline">Monotonic stamp at which a Tick is due, if no input comes before; null = nothing is waited for.</param>
public readonly record struct EngineStep(IReadOnlyList<EngineEffect> Effects, TimeSpan? NextDeadline);
