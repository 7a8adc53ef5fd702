using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CallCrm.TestKit.Lab;

/// <summary>A wire between a host and its PBX that can be cut, and made slow.</summary>
public sealed class TcpRelay : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly EndPoint _target;
    readonly CancellationTokenSource _end = new();
    readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    readonly ConcurrentBag<Task> _running = [];
    readonly Task _accepting;
    volatile bool _down;

    public TcpRelay(int target)
        : this(new IPEndPoint(IPAddress.Loopback, target))
    {
    }

    /// <param name="target">Also the socket of a program of this machine.</param>
    public TcpRelay(EndPoint target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How late what the PBX says arrives, in its order.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Made anew for each connection: is told what the host sends on it, before it goes on.</summary>
    public Func<Action<string>>? Overhear { get; set; }

    /// <summary>Resets what is connected; nothing connects before <see cref="Mend"/>.</summary>
    public void Cut()
    {
        _down = true;
        foreach (var client in _open.Keys)
            Reset(client);
    }

    public void Mend() => _down = false;

    public async Task CutAsync(TimeSpan length)
    {
        Cut();
        await Task.Delay(length);
        Mend();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        Cut();
        await _accepting;
        await Task.WhenAll(_running);
        _end.Dispose();
    }

    static void Reset(TcpClient client)
    {
        try
        {
            if (client.Client is { } socket)
                socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // Gone already.
        }

        client.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
                _running.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    async Task ServeAsync(TcpClient host)
    {
        using var pbx = _target is UnixDomainSocketEndPoint ? new TcpClient { Client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) } : new TcpClient();
        try
        {
            _open[host] = _open[pbx] = true;
            if (_down)
                return;
            await pbx.Client.ConnectAsync(_target, _end.Token);
            host.NoDelay = true;
            if (_target is not UnixDomainSocketEndPoint)
                pbx.NoDelay = true;
            await Task.WhenAny(CopyAsync(host, pbx, late: false, Overhear?.Invoke()), CopyAsync(pbx, host, late: true, told: null));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The PBX is not there, or the wire was cut meanwhile.
        }
        finally
        {
            _open.TryRemove(host, out _);
            _open.TryRemove(pbx, out _);
            Reset(host);
            Reset(pbx);
        }
    }

    async Task CopyAsync(TcpClient from, TcpClient to, bool late, Action<string>? told)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _end.Token) is > 0 and var count)
            {
                if (late && Delay > TimeSpan.Zero)
                    await Task.Delay(Delay, _end.Token);
                told?.Invoke(Encoding.Latin1.GetString(buffer, 0, count));
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }
}
