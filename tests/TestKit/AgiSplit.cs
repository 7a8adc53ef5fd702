using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CallCrm.TestKit.Host;

namespace CallCrm.TestKit;

/// <summary>
/// Stands where the PBX asks for routes and asks all routers the same at once. The first that says anything is heard; whether a
/// second one spoke is remembered: of two routers of one domain only one may. Or it asks them in turn, as a site's relay does: the next
/// one when the one before closes or says nothing.
/// </summary>
public sealed class AgiSplit : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    readonly TcpListener _listener;
    readonly bool _inTurn;
    readonly ConcurrentQueue<string> _order = new();
    readonly ConcurrentDictionary<string, int> _ports = new(StringComparer.Ordinal);
    readonly CancellationTokenSource _stop = new();
    readonly Task _serving;
    int _twice;

    /// <param name="port">Where the PBX asks; 0: any free one.</param>
    public AgiSplit(int port = 0, bool inTurn = false)
    {
        _inTurn = inTurn;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = ServeAsync();
    }

    public int Port { get; }

    /// <summary>Questions that two routers answered.</summary>
    public int Twice => _twice;

    /// <summary>Who answered, a line a question.</summary>
    public ConcurrentQueue<string> Answers { get; } = new();

    public int Add(string router)
    {
        _order.Enqueue(router);
        return _ports[router] = Ports.Free();
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
                _ = AskAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
        }
    }

    async Task AskAsync(TcpClient pbx)
    {
        using var _ = pbx;
        var question = new StringBuilder();
        var stream = pbx.GetStream();
        var block = new byte[4096];
        try
        {
            while (!question.ToString().Contains("\n\n", StringComparison.Ordinal))
            {
                var count = await stream.ReadAsync(block, _stop.Token);
                if (count == 0)
                    return;
                question.Append(Encoding.UTF8.GetString(block, 0, count));
            }

            var turn = new Turn();
            foreach (var router in _inTurn ? _order : [])
            {
                if (turn.Speaker is null)
                    await ConverseAsync(router, _ports[router], question.ToString(), stream, turn);
            }

            if (_inTurn)
                return;
            await Task.WhenAll(_ports.Select(p => ConverseAsync(p.Key, p.Value, question.ToString(), stream, turn)));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The PBX hung up.
        }
    }

    sealed class Turn
    {
        public string? Speaker;
    }

    async Task ConverseAsync(string router, int port, string question, NetworkStream pbx, Turn turn)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.UTF8.GetBytes(question), _stop.Token);
            var block = new byte[4096];
            Task? back = null;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            if (_inTurn)
                patience.CancelAfter(Patience);
            for (int count; (count = await stream.ReadAsync(block, patience.Token)) > 0;)
            {
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
                var first = Interlocked.CompareExchange(ref turn.Speaker, router, null);
                if (first is not null && first != router)
                {
                    Interlocked.Increment(ref _twice);
                    return;
                }

                if (first is null)
                    Answers.Enqueue(router);
                await pbx.WriteAsync(block.AsMemory(0, count), _stop.Token);
                back ??= pbx.CopyToAsync(stream, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // This router is not there.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Stop();
        _stop.Dispose();
    }
}
