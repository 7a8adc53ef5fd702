using System.Buffers;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Benchmarks.Ami;

/// <summary>Bytes of the load trace to views with every header indexed, on one core, from reads of 64 KB as a socket gives them.</summary>
sealed class AmiIndexFigure : IFigure
{
    const int Read = 64 * 1024;
    const int Rounds = 20;

    public string Name => "ami.index";

    public string Unit => "MB/s";

    public string Better => "higher";

    public string Goal => "≥ 400";

    public Task<double[]> RunAsync()
    {
        var bytes = TraceLibrary.Load("21").AmiBytes();
        for (var i = 0; i < 5; i++)
            Pass(bytes);
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
        {
            // Time on the processor, not on the wall: others may share the core, and the goal is for a core of its own.
            var started = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Rounds; i++)
                Pass(bytes);
            runs[run] = (double)bytes.Length * Rounds / 1_000_000 / (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        }

        return Task.FromResult(runs);
    }

    static void Pass(byte[] bytes)
    {
        var framer = new AmiFramer();
        var index = new AmiHeaderIndex();
        var (from, headers, messages) = (0, 0L, 0);
        for (var to = 0; to < bytes.Length;)
        {
            to = Math.Min(to + Read, bytes.Length);
            var buffer = new ReadOnlySequence<byte>(bytes, from, to - from);
            while (framer.TryReadFrame(ref buffer, out var frame) is var kind and not AmiFrameKind.None)
            {
                if (kind != AmiFrameKind.Message)
                    continue;
                headers += index.Read(frame).Count;
                messages++;
            }

            from = to - (int)buffer.Length;
        }

        if (from != bytes.Length || messages < 10_000 || headers < 10 * messages)
            throw new InvalidOperationException($"Read {messages} messages with {headers} headers up to byte {from} of {bytes.Length}");
    }
}
