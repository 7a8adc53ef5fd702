using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.Ami;

/// <summary>Every captured connection, its bytes cut in every way a network may cut them, against what was captured apart.</summary>
public sealed class AmiTraceTests
{
    public static TheoryData<string, string> Connections()
    {
        var data = new TheoryData<string, string>();
        foreach (var scenario in TraceLibrary.Scenarios)
        {
            foreach (var connection in TraceLibrary.Load(scenario).Connections)
                data.Add(scenario, connection);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Connections))]
    public void Every_message_of_a_trace_is_read_in_order_and_whole(string scenario, string connection)
    {
        var trace = TraceLibrary.Load(scenario);
        var bytes = trace.AmiBytes(connection);
        var expected = trace.Messages(connection).Select(Grouped).ToArray();

        var (texts, left) = AmiReplay.Read(bytes);

        texts.Select(Grouped).Should().Equal(expected);
        (left == 0 || scenario.StartsWith("28-", StringComparison.Ordinal)).Should().BeTrue("{0} bytes are left over", left);
    }

    static string Grouped(TraceMessage message) => Grouped(message.Headers);

    /// <summary>The captured list gathers repeated keys at their first place; bring both into that order.</summary>
    static string Grouped(IReadOnlyList<KeyValuePair<string, string>> headers) =>
        string.Join("\n", headers.GroupBy(h => h.Key).SelectMany(g => g).Select(h => $"{h.Key}={h.Value}"));
}
