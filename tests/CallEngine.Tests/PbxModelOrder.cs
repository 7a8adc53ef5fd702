using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

/// <summary>What must hold for the facts of one connection, whatever the events were.</summary>
sealed class PbxModelOrder
{
    readonly HashSet<string> _dialled = [];
    readonly HashSet<string> _dialEnded = [];
    readonly HashSet<string> _rang = [];
    readonly HashSet<string> _up = [];
    readonly HashSet<string> _holding = [];
    readonly Dictionary<string, string> _bridge = [];

    public HashSet<string> Created { get; } = [];

    public HashSet<string> Ended { get; } = [];

    public List<string> Broken { get; } = [];

    public void Add(IEnumerable<PbxFact> facts)
    {
        foreach (var fact in facts)
            Add(fact);
    }

    void Add(PbxFact fact)
    {
        switch (fact)
        {
            case PbxFact.LegCreated f:
                Check(Created.Add(f.Leg.UniqueId), fact, "created twice");
                Check(!f.ChannelName.StartsWith("Local/", StringComparison.OrdinalIgnoreCase), fact, "a Local channel");
                break;
            case PbxFact.DialBegan f:
                Check(Lives(f.Dialled), fact, "not alive");
                Check(_dialled.Add(f.Dialled.UniqueId), fact, "dialled twice");
                Check(f.Caller is null || (Lives(f.Caller.Value) && f.Caller != f.Dialled), fact, "caller not alive");
                break;
            case PbxFact.DialEnded f:
                Check(f.Caller is not null || f.Dialled is not null, fact, "of nobody");
                if (f.Dialled is { } dialled)
                    Check(Lives(dialled) && _dialEnded.Add(dialled.UniqueId), fact, "ended twice");
                break;
            case PbxFact.LegRang f:
                Check(Lives(f.Leg) && _rang.Add(f.Leg.UniqueId), fact, "rang twice");
                break;
            case PbxFact.LegUp f:
                Check(Lives(f.Leg) && _up.Add(f.Leg.UniqueId), fact, "up twice");
                break;
            case PbxFact.LegJoined f:
                Check(Lives(f.Leg) && _bridge.TryAdd(f.Leg.UniqueId, f.BridgeId), fact, "in two bridges");
                break;
            case PbxFact.LegLeft f:
                Check(_bridge.Remove(f.Leg.UniqueId, out var joined) && joined == f.BridgeId, fact, "left where it was not");
                break;
            case PbxFact.HoldBegan f:
                Check(Lives(f.Holder) && _holding.Add(f.Holder.UniqueId), fact, "held twice");
                break;
            case PbxFact.HoldEnded f:
                Check(_holding.Remove(f.Holder.UniqueId), fact, "not held");
                break;
            case PbxFact.LegEnded f:
                Check(Lives(f.Leg) && Ended.Add(f.Leg.UniqueId), fact, "ended twice");
                Check(!_bridge.ContainsKey(f.Leg.UniqueId), fact, "still in a bridge");
                Check(!_holding.Contains(f.Leg.UniqueId), fact, "still holding");
                Check(!_dialled.Contains(f.Leg.UniqueId) || _dialEnded.Contains(f.Leg.UniqueId), fact, "its ring did not end");
                break;
            case PbxFact.LegLinked f:
                Check(Lives(f.Leg), fact, "not alive");
                break;
            case PbxFact.CallerChanged f:
                Check(Lives(f.Leg), fact, "not alive");
                break;
        }
    }

    bool Lives(LegId leg) => Created.Contains(leg.UniqueId) && !Ended.Contains(leg.UniqueId);

    void Check(bool holds, PbxFact fact, string what)
    {
        if (!holds)
            Broken.Add($"{what}: {fact}");
    }
}
