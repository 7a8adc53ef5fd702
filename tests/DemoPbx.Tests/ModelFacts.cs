using System.Text.RegularExpressions;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.DemoPbx.Tests;

/// <summary>
/// What the router's own model of a PBX makes of a stream of events: its facts without ids, times, places in the dialplan,
/// sorted, as the order of independent facts is free.
/// </summary>
internal static partial class ModelFacts
{
    public static List<string> Of(AmiProbe ami) => Read(ami.Messages.Where(m => m.IsEvent).Select(m => m.Lines));

    public static List<string> OfTrace(string scenario) =>
        Read(TraceLibrary.Load(scenario).Messages().Where(m => m.Kind == "event").Select(m => m.Headers));

    private static List<string> Read(IEnumerable<IReadOnlyList<KeyValuePair<string, string>>> events)
    {
        var model = new PbxModel("n");
        var roles = new Dictionary<string, string>(StringComparer.Ordinal);
        var facts = new List<string>();
        foreach (var lines in events)
        {
            // The traces were taken without the presentation among the channel variables.
            var fields = lines.Where(l => !l.Value.StartsWith("CALLERID(num-pres)", StringComparison.Ordinal)).ToList();
            // Their snippet did not tell of its fallback either.
            foreach (var fact in model.Handle(new PbxEvent("n", lines[0].Value, fields, null)).Where(f => f is not PbxFact.FellBack))
            {
                facts.Add(Id().Replace(Free().Replace($"{fact}", ""), m => Role(roles, m.Value)));
            }
        }

        model.Counters.Malformed.Should().Be(0);
        facts.Should().NotBeEmpty();
        facts.Sort(StringComparer.Ordinal);
        return facts;
    }

    private static string Role(Dictionary<string, string> roles, string id)
    {
        if (!roles.TryGetValue(id, out var role))
        {
            roles.Add(id, role = ((char)('A' + roles.Count)).ToString());
        }

        return role;
    }

    /// <summary>What is free to differ: times, the dialplan's places, the site's channel variables, ids of bridges and channel names.</summary>
    [GeneratedRegex(@"(PbxTime|BridgeId|Context|DialledNumber|PresentationTold) = [^,}]*|(?<=ChannelName = \S+)-[0-9a-f]{8}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Free();

    [GeneratedRegex(@"(demo-)?\d{10}\.\d+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Id();
}
