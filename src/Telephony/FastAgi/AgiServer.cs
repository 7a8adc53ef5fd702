using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace CallCrm.Telephony.FastAgi;

/// <summary>
/// A FastAGI server on a plain socket. Each connection of an allowed peer gets its environment read, then the handler; when
/// the handler returns, the connection is closed and the dialplan goes on.
/// </summary>
public sealed class AgiServer : IAsyncDisposable
{
    static readonly TimeSpan s_stopWait = TimeSpan.FromSeconds(5);

    readonly AgiServerOptions _options;
    readonly Func<AgiSession, CancellationToken, Task> _handler;
    readonly TimeProvider _time;
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<long, Task> _sessions = new();
    volatile IReadOnlySet<IPAddress> _allowed;
    Socket? _listener;
    Task _accepting = Task.CompletedTask;
    long _accepted;
    int _open;

    /// <summary>Makes a server; <see cref="Start"/> opens the port.</summary>
    /// <param name="options">Where and for whom.</param>
    /// <param name="handler">Answers one session. Its token ends with the connection or the server, not with <c>HANGUP</c>.</param>
    /// <param name="time">Clock for the limits.</param>
    public AgiServer(AgiServerOptions options, Func<AgiSession, CancellationToken, Task> handler, TimeProvider? time = null)
    {
        _options = options;
        _handler = handler;
        _time = time ?? TimeProvider.System;
        _allowed = Plain(options.AllowedPeers);
    }

    /// <summary>Address and port bound (the port taken when 0 was asked).</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)(_listener?.LocalEndPoint ?? throw new InvalidOperationException("Not started"));

    /// <summary>Sessions open now.</summary>
    public int OpenSessions => Volatile.Read(ref _open);

    /// <summary>Who may connect; may be exchanged while running, for connections to come.</summary>
    public IReadOnlySet<IPAddress> AllowedPeers
    {
        get => _allowed;
        set => _allowed = Plain(value);
    }

    /// <summary>Opens the port and begins to accept.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public void Start()
    {
        var listener = new Socket(_options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (_options.Address.Equals(IPAddress.IPv6Any))
            listener.DualMode = true;
        listener.Bind(new IPEndPoint(_options.Address, _options.Port));
        listener.Listen(512);
        _listener = listener;
        _accepting = AcceptAsync(listener);
    }

    /// <summary>Closes the port and all sessions, and waits for their handlers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync().ConfigureAwait(false);
        _listener?.Dispose();
        await _accepting.ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_sessions.Values).WaitAsync(s_stopWait, _time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A handler that does not heed its token is left to itself.
        }
    }

    async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                Begin(socket);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException || _stop.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or a peer gone before it was accepted. A short breath, so that it cannot become a spin.
                AgiMetrics.Fail("accept");
                await Task.Delay(TimeSpan.FromMilliseconds(20), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    void Begin(Socket socket)
    {
        var peer = (socket.RemoteEndPoint as IPEndPoint)?.Address;
        if (peer is null || !_allowed.Contains(Plain(peer)))
        {
            AgiMetrics.Refuse("peer");
            socket.Dispose();
            if (peer is not null)
                _options.PeerRefused?.Invoke(Plain(peer));
            return;
        }

        if (Interlocked.Increment(ref _open) > _options.MaxSessions)
        {
            Interlocked.Decrement(ref _open);
            AgiMetrics.Refuse("full");
            socket.Dispose();
            return;
        }

        var number = ++_accepted;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _sessions[number] = done.Task;
        _ = ServeAsync(number, socket, Plain(peer), done);
    }

    async Task ServeAsync(long number, Socket socket, IPAddress peer, TaskCompletionSource done)
    {
        // Whatever can be done at once must not be done by the accepting loop.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var started = _time.GetTimestamp();
        AgiMetrics.Open.Add(1);
        try
        {
            using (socket)
            {
                socket.NoDelay = true;
                var stream = new NetworkStream(socket, ownsSocket: false);
                await using var _ = stream.ConfigureAwait(false);
                await ServeAsync(socket, stream, peer).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The peer or the server is gone.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            AgiMetrics.Open.Add(-1);
            AgiMetrics.Duration.Record(_time.GetElapsedTime(started).TotalMilliseconds);
            _sessions.TryRemove(number, out var _);
            done.SetResult();
        }
    }

    async Task ServeAsync(Socket socket, NetworkStream stream, IPAddress peer)
    {
        var lines = new AgiLines(stream);
        if (await ReadEnvironmentAsync(lines, peer).ConfigureAwait(false) is not { } request)
        {
            await lines.CompleteAsync().ConfigureAwait(false);
            return;
        }

        var session = new AgiSession(request, socket, stream, lines, _options.CommandTimeout, _time);
        var reading = session.ReadAsync(_stop.Token);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(session.ClosedToken, _stop.Token);
        try
        {
            await _handler(session, end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The session ended under the handler.
        }
        catch (Exception e)
        {
            AgiMetrics.Fail("handler");
            _options.HandlerFailed?.Invoke(request, e);
        }
        finally
        {
            session.Close();
            await reading.ConfigureAwait(false);
        }
    }

    async Task<AgiRequest?> ReadEnvironmentAsync(AgiLines lines, IPAddress peer)
    {
        using var deadline = new CancellationTokenSource(_options.EnvironmentTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        try
        {
            return await AgiEnvironment.ReadAsync(lines, peer, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            AgiMetrics.Fail("stalled");
        }
        catch (InvalidDataException e)
        {
            AgiMetrics.Fail(e.Message == "not_agi" ? "not_agi" : "too_long");
        }

        return null;
    }

    static HashSet<IPAddress> Plain(IReadOnlySet<IPAddress> addresses) => addresses.Select(Plain).ToHashSet();

    static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
