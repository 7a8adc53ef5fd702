using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace CallCrm.Benchmarks.Host;

/// <summary>
/// A line between browser and host as slow as an office's worst: so many bits a second each way, shared by all connections, and so long there and
/// back. Below the browser, so that the live feed's WebSocket goes through it too, which the browser's own throttling leaves out.
/// </summary>
sealed class SlowLine : IAsyncDisposable
{
    /// <summary>IP and TCP headers of a full segment, beside its 1,460 bytes.</summary>
    const double Headers = 1 + 40 / 1460.0;
    const int Piece_bytes = 1460;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly int _target;
    readonly CancellationTokenSource _end = new();
    readonly ConcurrentBag<Task> _running = [];
    readonly Task _accepting;
    readonly Direction _up = new();
    readonly Direction _down = new();
    volatile bool _slow;
    double _bytesPerSecond = double.PositiveInfinity;
    TimeSpan _oneWay;

    public SlowLine(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>All that went through, both ways, headers of IP and TCP counted in.</summary>
    public long Bytes => (long)((_up.Bytes + _down.Bytes) * Headers);

    /// <summary>From now on; before, the line is as fast as the machine.</summary>
    public void Slow(int bitsPerSecond, TimeSpan roundTrip) => (_bytesPerSecond, _oneWay, _slow) = (bitsPerSecond / 8.0, roundTrip / 2, true);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_running);
        _end.Dispose();
    }

    /// <summary>One way of the line: the moment at which it is free again.</summary>
    sealed class Direction
    {
        readonly Lock _lock = new();
        TimeSpan _free;
        long _bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        public TimeSpan Take(TimeSpan now, int bytes, double bytesPerSecond)
        {
            Interlocked.Add(ref _bytes, bytes);
            lock (_lock)
            {
                _free = (_free > now ? _free : now) + TimeSpan.FromSeconds(bytes * Headers / bytesPerSecond);
                return _free;
            }
        }
    }

    static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    async Task AcceptAsync()
    {
        try
        {
            while (true)
                _running.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            // The figure is taken.
        }
    }

    async Task ServeAsync(TcpClient browser)
    {
        using var host = new TcpClient();
        using (browser)
        {
            try
            {
                browser.NoDelay = host.NoDelay = true;
                // The handshake of TCP goes there and back before the first byte.
                if (_slow)
                    await Task.Delay(_oneWay * 2, _end.Token);
                await host.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
                await Task.WhenAll(CopyAsync(browser, host, _up), CopyAsync(host, browser, _down));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
            {
                // One side is gone.
            }
        }
    }

    async Task CopyAsync(TcpClient from, TcpClient to, Direction direction)
    {
        var late = Channel.CreateUnbounded<(TimeSpan At, byte[] Bytes)>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var arriving = ArriveAsync(late.Reader, to);
        var buffer = new byte[Piece_bytes];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _end.Token) is > 0 and var count)
            {
                if (!_slow)
                {
                    direction.Take(default, count, double.PositiveInfinity);
                    late.Writer.TryWrite((default, buffer[..count]));
                    continue;
                }

                var sent = direction.Take(Now, count, _bytesPerSecond);
                late.Writer.TryWrite((sent + _oneWay, buffer[..count]));
                // Nothing more is taken from the sender before this piece is on the line.
                await UntilAsync(sent);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut, or gone before it began.
        }

        late.Writer.TryComplete();
        await arriving;
    }

    async Task ArriveAsync(ChannelReader<(TimeSpan At, byte[] Bytes)> late, TcpClient to)
    {
        try
        {
            await foreach (var (at, bytes) in late.ReadAllAsync(_end.Token))
            {
                await UntilAsync(at);
                await to.GetStream().WriteAsync(bytes, _end.Token);
            }

            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The other side is gone.
        }
    }

    async Task UntilAsync(TimeSpan at)
    {
        if (at - Now is var wait && wait > TimeSpan.FromMilliseconds(1))
            await Task.Delay(wait, _end.Token);
    }
}
