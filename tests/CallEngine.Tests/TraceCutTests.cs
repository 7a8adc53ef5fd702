using CallCrm.Engine;
using CallCrm.TestKit.Chaos;

namespace CallCrm.CallEngine.Tests;

/// <summary>Every capture with each fault (the line cut, dead or slow, the queue overflown, router, PBX or database gone) at every one of its events.</summary>
[Trait("Category", "Slow")]
public sealed class TraceCutTests
{
    static readonly SimFault[] s_faults = Enum.GetValues<SimFault>();
    static readonly int[] s_lost = [0, 1, 3, 8, 20];

    public static TheoryData<string> All() => [.. PbxModelTraces.All.Where(s => !s.StartsWith("21-", StringComparison.Ordinal)).Concat(PbxModelTraces.Captures).Where(s => EventsOf(s).Count > 0)];

    [Theory]
    [MemberData(nameof(All))]
    public void Undisturbed_the_state_is_the_truth_at_every_moment(string name) => TraceWorld.Play(EventsOf(name)).Broken.Should().BeNull();

    [Theory]
    [MemberData(nameof(All))]
    public void After_a_fault_at_any_event_the_state_is_the_truth(string name)
    {
        var events = EventsOf(name);
        var broken = new List<string>();
        for (var at = 0; at < events.Count; at++)
        {
            foreach (var fault in s_faults)
            {
                var lost = s_lost[(at + (int)fault) % s_lost.Length];
                if (TraceWorld.Play(events, fault, at, lost).Broken is { } what)
                    broken.Add($"{fault} before event {at} ({events[at].Event.Name}), {lost} lost: {what}");
            }
        }

        broken.Take(5).Should().BeEmpty($"{broken.Count} faults of {events.Count * s_faults.Length} broke it");
    }

    /// <summary>What the model reads or the dialplan's place tells; the rest of the events changes nothing anywhere.</summary>
    static IReadOnlyList<(double AtMs, PbxEvent Event)> EventsOf(string name)
    {
        var all = PbxModelTraces.Captures.Contains(name) ? PbxModelTraces.Capture(name) : PbxModelTraces.Events(name);
        return [.. all.Where(e => (PbxModel.EventNames.Contains(e.Event.Name) && e.Event["ActionID"] is null && e.Event is not { Name: "VarSet" } || e.Event["Variable"] == "DIALSTATUS") || e.Event.Name == "Newexten")];
    }
}
