using System.Text;
using System.Text.Json;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.Ami;

/// <summary>Every captured connection, its bytes cut in every way a network may cut them, against what was captured apart.</summary>
[Trait("Category", "Slow")]
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
        var expected = trace.Messages(connection).Select(m => Grouped(m.Headers)).ToArray();

        var (messages, left) = AmiReplay.Read(trace.AmiBytes(connection));

        var texts = messages.Select(Grouped).ToArray();
        // The assertion that explains is slow on 36,000 messages, so only where there is something to explain.
        if (!texts.SequenceEqual(expected))
            texts.Should().Equal(expected);
        (left == 0 || scenario.StartsWith("28-", StringComparison.Ordinal)).Should().BeTrue("{0} bytes are left over", left);
    }

    [Theory]
    [MemberData(nameof(Connections))]
    public void Trace_reads_the_same_when_it_comes_in_pieces_of_any_size(string scenario, string connection)
    {
        var bytes = TraceLibrary.Load(scenario).AmiBytes(connection);
        var expected = AmiReplay.ReadWhole(bytes);
        var isLarge = bytes.Length > 1_000_000;

        // Pieces of one byte cut at every position of the trace at once.
        foreach (var size in isLarge ? new[] { 1, 13, 1460 } : [1, 3, 61, 1460])
            AmiReplay.ReadsAs(bytes, Every(size, bytes.Length), false, expected).Should().BeTrue("pieces of {0} bytes", size);
        foreach (var size in isLarge ? new[] { 1460, 65_536 } : [13, 1460])
            AmiReplay.ReadsAs(bytes, Every(size, bytes.Length), true, expected).Should().BeTrue("segments of {0} bytes", size);
        var random = new Random(bytes.Length);
        for (var round = 0; round < (isLarge ? 1 : 2); round++)
        {
            var cuts = Enumerable.Range(0, bytes.Length / 100 + 1).Select(_ => random.Next(1, bytes.Length)).Distinct().Order().ToArray();
            AmiReplay.ReadsAs(bytes, cuts, round % 2 == 0, expected).Should().BeTrue("random pieces, seed {0}", bytes.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Connections))]
    public void Trace_reads_the_same_with_one_cut_at_each_position(string scenario, string connection)
    {
        const int Edge = 1000;
        var bytes = TraceLibrary.Load(scenario).AmiBytes(connection);
        // The first and the last bytes of the connection; a cut only ever touches the message it falls into.
        foreach (var part in new[] { Head(bytes, Edge), Tail(bytes, Edge) })
        {
            var expected = AmiReplay.ReadWhole(part);
            for (var cut = 1; cut < part.Length; cut++)
                AmiReplay.ReadsAs(part, [cut], cut % 2 == 0, expected).Should().BeTrue("cut at {0}", cut);
        }
    }

    [Fact]
    public void Load_trace_holds_the_events_its_own_book_keeping_counted()
    {
        var trace = TraceLibrary.Load("21");
        using var truth = JsonDocument.Parse(trace.Text("ground-truth.json"));
        var expected = truth.RootElement.GetProperty("events_by_name").EnumerateObject()
            .ToDictionary(p => p.Name, p => p.Value.GetProperty("count").GetInt32());

        var counted = AmiReplay.Read(trace.AmiBytes()).Messages
            .Where(m => m[0].Key == "Event").CountBy(m => m[0].Value).ToDictionary();

        counted.Should().BeEquivalentTo(expected);
    }

    static IEnumerable<int> Every(int size, int length)
    {
        for (var cut = size; cut < length; cut += size)
            yield return cut;
    }

    static byte[] Head(byte[] bytes, int length) => bytes[..Math.Min(length, bytes.Length)];

    /// <summary>The end of a trace from a message border, with a banner in front.</summary>
    static byte[] Tail(byte[] bytes, int length)
    {
        var border = bytes.Length <= length ? -1 : bytes.AsSpan(bytes.Length - length).IndexOf("\r\n\r\n"u8);
        return border < 0 ? bytes : [.. Encoding.ASCII.GetBytes("Asterisk Call Manager/11.0.0\r\n"), .. bytes[(bytes.Length - length + border + 4)..]];
    }

    /// <summary>The captured list gathers repeated keys at their first place; bring both into that order.</summary>
    static string Grouped(IReadOnlyList<KeyValuePair<string, string>> headers) =>
        string.Join("\n", headers.OrderBy(h => h.Key, FirstPlace(headers)).Select(h => $"{h.Key}={h.Value}"));

    static Comparer<string> FirstPlace(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var place = new Dictionary<string, int>();
        foreach (var header in headers)
            place.TryAdd(header.Key, place.Count);
        return Comparer<string>.Create((a, b) => place[a].CompareTo(place[b]));
    }
}
