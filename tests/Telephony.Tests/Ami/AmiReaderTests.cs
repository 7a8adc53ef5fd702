using System.Buffers;
using System.Globalization;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.Ami;

public sealed class AmiReaderTests
{
    [Fact]
    public void Events_nobody_asked_for_cost_no_allocation()
    {
        var bytes = TraceLibrary.Load("21").AmiBytes();
        var reader = NewReader(new AmiEventFilter().Want("NoSuchEvent").WantVariable("NO_SUCH_VARIABLE"), out var queue);
        queue.Connected(new AmiConnected(1, "", "", "", true, null));
        Consume(reader, bytes, 0, 2_000_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Consume(reader, bytes, 2_000_000, 12_000_000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        reader.Sequence.Should().BeGreaterThan(15_000);
        allocated.Should().Be(0);
    }

    [Fact]
    public async Task Load_trace_over_a_socket_delivers_every_wanted_event_in_order()
    {
        var trace = TraceLibrary.Load("21");
        var wanted = new[] { "Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave", "Hangup" };
        var expected = trace.Messages().Where(m => m.Kind == "event"
            && (wanted.Contains(m.Name) || (m.Name == "VarSet" && m.Get("Variable") == "DIALSTATUS"))).ToArray();
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server, new AmiEventFilter().Want(wanted).WantVariable("DIALSTATUS")));
        await client.NextAsync<AmiConnected>();
        var session = await server.NextLoginAsync();
        var bytes = trace.AmiBytes();

        var sending = session.SendAsync(bytes.AsMemory(bytes.AsSpan().IndexOf("\r\n"u8) + 2));
        var sequence = 0L;
        foreach (var message in expected)
        {
            var received = await client.NextAsync<AmiEvent>();
            received.Sequence.Should().BeGreaterThan(sequence);
            sequence = received.Sequence;
            if (!received.Headers.SequenceEqual(message.Headers))
                received.Headers.Should().Equal(message.Headers);
        }

        await sending;
        expected.Length.Should().BeGreaterThan(3000);
    }

    [Fact]
    public void Overflow_keeps_the_last_change_of_the_connection_and_counts_the_rest()
    {
        var queue = new AmiSignalQueue(16, new AmiMetrics("test"));
        queue.Connected(new AmiConnected(1, "", "", "", true, null));
        for (var i = 0; i < 100; i++)
            queue.Add(new AmiEvent(i.ToString(CultureInfo.InvariantCulture), AmiHeaders.Empty));
        queue.Lost(new AmiLost(1, AmiLostReason.Broken, ""));
        queue.Add(new AmiEvent("after the loss", AmiHeaders.Empty));
        queue.Connected(new AmiConnected(2, "", "", "", true, null));

        var signals = new List<AmiSignal>();
        while (queue.Reader.TryRead(out var signal))
            signals.Add(signal);

        signals[0].Should().BeOfType<AmiConnected>();
        var overflow = signals[1].Should().BeOfType<AmiOverflow>().Subject;
        (overflow.Dropped + signals.OfType<AmiEvent>().Count()).Should().Be(100);
        signals[^2].Should().BeOfType<AmiLost>();
        signals[^1].Should().BeOfType<AmiConnected>().Which.SessionNumber.Should().Be(2);
    }

    static AmiReader NewReader(AmiEventFilter filter, out AmiSignalQueue queue)
    {
        var metrics = new AmiMetrics("test");
        queue = new AmiSignalQueue(65_536, metrics);
        return new AmiReader(filter, new AmiPending(metrics), queue, metrics);
    }

    static void Consume(AmiReader reader, byte[] bytes, int from, int to)
    {
        const int Read = 16 * 1024;
        for (var at = from; at < to;)
        {
            at = Math.Min(at + Read, to);
            var buffer = new ReadOnlySequence<byte>(bytes, from, at - from);
            reader.Consume(ref buffer, 0, default);
            from = at - (int)buffer.Length;
        }
    }
}
