using System.Buffers;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Benchmarks.Ami;

/// <summary>Bytes allocated for each event of the load trace that nobody asked for, through the client's whole reading path.</summary>
sealed class AmiSkipAllocFigure : IFigure
{
    const int Read = 64 * 1024;

    public string Name => "ami.skip_alloc";

    public string Unit => "bytes/event";

    public string Better => "lower";

    public string Goal => "0";

    public Task<double[]> RunAsync()
    {
        var bytes = TraceLibrary.Load("21").AmiBytes();
        var metrics = new AmiMetrics("bench");
        var queue = new AmiSignalQueue(65_536, metrics);
        var reader = new AmiReader(new AmiEventFilter().Want("NoSuchEvent").WantVariable("NO_SUCH_VARIABLE"), new AmiPending(metrics), queue, metrics);
        queue.Connected(new AmiConnected(1, "", "", "", true, null));
        Pass(reader, bytes);
        return Task.FromResult(Enumerable.Range(0, 3).Select(_ =>
        {
            var events = reader.Sequence;
            return Pass(reader, bytes) / (double)(reader.Sequence - events);
        }).ToArray());
    }

    static long Pass(AmiReader reader, byte[] bytes)
    {
        // From the first event on: banner and login belong to the start of a session.
        var from = bytes.AsSpan().IndexOf("Event: Newchannel"u8);
        reader.BeginSession(0);
        var banner = new ReadOnlySequence<byte>("Asterisk Call Manager/11.0.0\r\n"u8.ToArray());
        reader.Consume(ref banner, 0, default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var to = from; to < bytes.Length;)
        {
            to = Math.Min(to + Read, bytes.Length);
            var buffer = new ReadOnlySequence<byte>(bytes, from, to - from);
            reader.Consume(ref buffer, 0, default);
            from = to - (int)buffer.Length;
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
