namespace CallCrm.Engine;

/// <summary>The effects of the running step, and the journal's numbering.</summary>
internal sealed class Outbox
{
    private readonly List<EngineEffect> _effects = [];
    private long _action;

    public IReadOnlyList<EngineEffect> Effects => _effects;

    public long NextSeq { get; set; } = 1;

    /// <summary>Things that made no sense so far, by code; for metrics.</summary>
    public SortedDictionary<string, long> Reports { get; } = new(StringComparer.Ordinal);

    public void Begin() => _effects.Clear();

    /// <summary>The number of the entry about to be written. Taken exactly once per entry, in the initializer of what goes to <see cref="Write"/>.</summary>
    public long TakeSeq() => NextSeq++;

    public void Write(JournalEntry entry) => _effects.Add(new EngineEffect.Write(entry));

    public void Add(EngineEffect effect) => _effects.Add(effect);

    public long Act(string node, PbxAction what, Guid? awaitPop)
    {
        _effects.Add(new EngineEffect.Act(++_action, node, what, awaitPop));
        return _action;
    }

    public void Report(string code, string detail)
    {
        Reports[code] = Reports.GetValueOrDefault(code) + 1;
        _effects.Add(new EngineEffect.Report(code, detail));
    }
}
