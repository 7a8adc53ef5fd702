using System.Globalization;
using System.Text;
using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

/// <summary>Facts as a table that a person can check against what was done in the scenario.</summary>
static class PbxModelTable
{
    public static string Of(string scenario)
    {
        var table = new StringBuilder();
        var model = new PbxModel(PbxModelTraces.Node);
        var bridges = new List<string>();
        foreach (var connection in PbxModelTraces.Connections(scenario))
        {
            if (table.Length > 0)
                table.Append("----- connection lost, and again there\n");
            model.Reset("test");
            Add(table, model, bridges, PbxModelTraces.Events(scenario, connection));
        }

        return table.ToString();
    }

    public static string Of(IEnumerable<(double AtMs, PbxEvent Event)> events)
    {
        var table = new StringBuilder();
        Add(table, new PbxModel(PbxModelTraces.Node), [], events);
        return table.ToString();
    }

    static void Add(StringBuilder table, PbxModel model, List<string> bridges, IEnumerable<(double AtMs, PbxEvent Event)> events)
    {
        foreach (var (at, e) in events)
        {
            foreach (var fact in model.Handle(e))
                table.Append(string.Create(CultureInfo.InvariantCulture, $"{at,9:F1}  {Line(fact, bridges)}\n"));
        }
    }

    public static string Line(PbxFact fact, List<string> bridges) => fact switch
    {
        PbxFact.LegCreated f => $"created    {Name(f.Leg)} {f.Device} of {Number(f.CallerNumber, f.CallerName, f.NumberRestricted)} to '{f.DialledNumber}' in {f.Context}, linked {Tail(f.LinkedId)}",
        PbxFact.CallerChanged f => $"caller     {Name(f.Leg)} is {Number(f.CallerNumber, f.CallerName, f.NumberRestricted)}{(f.PresentationTold ? ", certain" : "")}",
        PbxFact.LegLinked f => $"linked     {Name(f.Leg)} now {Tail(f.LinkedId)}",
        PbxFact.DialBegan f => $"dial       {Name(f.Caller)} -> {Name(f.Dialled)} {f.Device}",
        PbxFact.LegRang f => $"rang       {Name(f.Leg)}",
        PbxFact.DialEnded f => $"dial ended {Name(f.Caller)} -> {Name(f.Dialled)} {f.Result}{Tech(f.TechCause)}",
        PbxFact.LegUp f => $"up         {Name(f.Leg)}",
        PbxFact.LegJoined f => $"joined     {Name(f.Leg)} {Bridge(f.BridgeId, bridges)}{(f.Conference ? ", a conference" : "")}",
        PbxFact.LegLeft f => $"left       {Name(f.Leg)} {Bridge(f.BridgeId, bridges)}",
        PbxFact.HoldBegan f => $"hold       by {Name(f.Holder)}",
        PbxFact.HoldEnded f => $"hold ended by {Name(f.Holder)}",
        PbxFact.WaitBegan f => $"waits      {Name(f.Leg)} {f.Kind}",
        PbxFact.WaitEnded f => $"wait ended {Name(f.Leg)}",
        PbxFact.ListenBegan f => $"listens    {Name(f.Listener)} to {Name(f.Heard)}",
        PbxFact.ListenEnded f => $"listened   {Name(f.Listener)}",
        PbxFact.FellBack f => $"fallback   {Name(f.Leg)}",
        PbxFact.HoldMarked f => $"hold mark  {Name(f.Leg)}",
        PbxFact.Transferred f => $"transfer   {f.Kind} by {Name(f.Transferer)} of {Name(f.Transferee)} to '{f.Target}'",
        PbxFact.RecordingBegan f => $"recording  {Name(f.Leg)}",
        PbxFact.MessageLeft f => $"message    {Name(f.Leg)} in {f.Mailbox}",
        PbxFact.LegHungUp f => $"hung up    {Name(f.Leg)}",
        PbxFact.LegEnded f => $"ended      {Name(f.Leg)} cause {f.Cause}{Tech(f.TechCause)}{(f.HungUp ? ", hung up itself" : "")}",
        PbxFact.DeviceChanged f => $"device     {f.Device} {f.State}",
        _ => fact.ToString(),
    };

    static string Name(LegId? leg) => leg is { } id ? Tail(id.UniqueId) : "nobody";

    static string Tail(string id) => id.LastIndexOf('.') is var dot && dot >= 0 ? id[dot..] : id;

    static string Number(string number, string name, bool restricted) => restricted ? "(withheld)" : $"'{number}' \"{name}\"";

    static string Tech(int? cause) => cause is { } sip ? $" (SIP {sip})" : "";

    static string Bridge(string id, List<string> bridges)
    {
        if (!bridges.Contains(id))
            bridges.Add(id);
        return $"bridge {(char)('A' + bridges.IndexOf(id))}";
    }
}
