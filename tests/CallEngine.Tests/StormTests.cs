using CallCrm.Engine;
using CallCrm.TestKit.Chaos;

namespace CallCrm.CallEngine.Tests;

/// <summary>
/// Captures of a real Asterisk on which calls, originates, redirects, transfers, parking, pickup, listening and hang-ups came at random,
/// several a second: whatever Asterisk makes of them, the state is what it has.
/// </summary>
[Trait("Category", "Slow")]
public sealed class StormTests
{
    const int Step = 29;
    static readonly SimFault[] s_faults = Enum.GetValues<SimFault>();
    static readonly int[] s_lost = [0, 2, 7, 25];

    public static TheoryData<string> All() => [.. PbxModelTraces.Storms];

    [Theory]
    [MemberData(nameof(All))]
    public void The_state_is_the_truth_at_every_moment(string name) => TraceWorld.Play(PbxModelTraces.Storm(name)).Broken.Should().BeNull();

    [Theory]
    [MemberData(nameof(All))]
    public void After_a_fault_at_any_moment_the_state_is_the_truth(string name)
    {
        var events = PbxModelTraces.Storm(name);
        var broken = new List<string>();
        for (var at = 0; at < events.Count; at += Step)
        {
            var (fault, lost) = (s_faults[at / Step % s_faults.Length], s_lost[at % s_lost.Length]);
            if (TraceWorld.Play(events, fault, at, lost).Broken is { } what)
                broken.Add($"{fault} before event {at} ({events[at].Event.Name}), {lost} lost: {what}");
        }

        broken.Take(5).Should().BeEmpty($"{broken.Count} faults broke it");
    }
}
