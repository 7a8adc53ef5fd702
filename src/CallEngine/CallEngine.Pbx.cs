namespace CallCrm.Engine;

/// <summary>What the PBXs say becomes facts, one model per PBX.</summary>
public sealed partial class CallEngine
{
    private readonly SortedDictionary<string, PbxModel> _models = new(StringComparer.Ordinal);

    /// <summary>What the models did with their events since the start, by PBX.</summary>
    public IEnumerable<KeyValuePair<string, PbxModelCounters>> PbxCounters => _models.Select(m => KeyValuePair.Create(m.Key, m.Value.Counters));

    private void Take(EngineInput.PbxSaid said)
    {
        var model = ModelOf(said.Event.Node);
        model.SaidAt = _state.Now.Stamp;
        var facts = model.Read(said.Event);
        var happened = _state.Happened;
        for (var i = 0; i < facts.Count; i++)
        {
            // Who one fact made free is matched before the next is looked at, as if each came alone.
            if (i > 0)
            {
                Settle();
                _state.Happened = happened;
            }

            Dispatch(facts[i], said.NewCall);
        }
    }

    private void Take(EngineInput.PbxLists lists) =>
        Dispatch(ModelOf(lists.Node).TakeSnapshot(lists.Channels, lists.Devices), lists.NewCall);

    private void Take(EngineInput.PbxLost lost)
    {
        // What it said last was handled a moment after it was heard, and nothing ends before that.
        var model = ModelOf(lost.Node);
        var since = _state.Now.Stamp - model.SaidAt;
        Dispatch(model.Reset(lost.Reason, lost.Silence < since ? lost.Silence : since), default);
    }

    private PbxModel ModelOf(string node)
    {
        if (!_models.TryGetValue(node, out var model))
            _models.Add(node, model = new PbxModel(node));
        return model;
    }
}
