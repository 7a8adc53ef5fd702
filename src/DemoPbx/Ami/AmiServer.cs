using System.Net;
using System.Net.Sockets;
using CallCrm.DemoPbx.Core;
using Microsoft.Extensions.Logging;

namespace CallCrm.DemoPbx.Ami;

/// <summary>Listens for AMI clients and brings their actions to the loop, one after the other.</summary>
internal sealed partial class AmiServer(DemoPbxOptions options, TimeProvider time, PbxLoop loop, AmiEvents events, ILogger logger) : IAsyncDisposable
{
    private static readonly byte[] Banner = "Asterisk Call Manager/11.0.0\r\n"u8.ToArray();
    private readonly HashSet<AmiSession> _open = [];
    private readonly List<Task> _serving = [];
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public int Port { get; private set; }

    /// <summary>Who answers the actions; set anew at each boot.</summary>
    public AmiActions? Actions { get; set; }

    public void Listen()
    {
        if (!IPAddress.TryParse(options.ListenAddress, out var address))
        {
            throw new InvalidOperationException($"DemoPbx:ListenAddress '{options.ListenAddress}' is not an IP address.");
        }

        if (!IPAddress.IsLoopback(address) && !options.AllowRemote)
        {
            throw new InvalidOperationException(
                $"DemoPbx:ListenAddress {options.ListenAddress} can be reached from other machines; set DemoPbx:AllowRemote to allow that.");
        }

        _listener = new TcpListener(address, Port > 0 ? Port : options.AmiPort);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(() => AcceptAsync(_listener));
        LogListening(Port);
    }

    /// <summary>The process dies: no connection is accepted, the open ones are gone.</summary>
    public async Task StopAsync(bool politely)
    {
        _listener?.Stop();
        await _accepting.ConfigureAwait(false);
        await loop.Ask(() =>
        {
            foreach (var session in _open)
            {
                if (politely)
                {
                    session.FinishWriting();
                }
                else
                {
                    session.Cut();
                }
            }

            return true;
        }).ConfigureAwait(false);
        await Task.WhenAll(_serving).ConfigureAwait(false);
        _serving.Clear();
    }

    public async ValueTask DisposeAsync() => await StopAsync(politely: false).ConfigureAwait(false);

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync().ConfigureAwait(false);
                _serving.RemoveAll(t => t.IsCompleted);
                _serving.Add(ServeAsync(socket));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped; an invalid operation when that was before the first accept.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var session = new AmiSession(socket, options, time);
        session.Send(Banner);
        var writing = session.WriteAsync();
        await loop.Ask(() => _open.Add(session)).ConfigureAwait(false);
        try
        {
            await ReadAsync(session).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or was cut.
        }

        await loop.Ask(() =>
        {
            _open.Remove(session);
            events.Remove(session);
            session.FinishWriting();
            return true;
        }).ConfigureAwait(false);
        await writing.ConfigureAwait(false);
    }

    private async Task ReadAsync(AmiSession session)
    {
        var requests = new AmiRequestReader(session.Stream);
        using var limit = new CancellationTokenSource(options.LoginTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(session.Closed, limit.Token);
        while (true)
        {
            var cancel = session.User is null ? both.Token : session.Closed;
            if (await requests.ReadAsync(cancel).ConfigureAwait(false) is not { } request)
            {
                return;
            }

            // A refused login holds up this connection for its second, nobody else.
            var goOn = await (await loop.Ask(() => Actions!.HandleAsync(session, request)).ConfigureAwait(false)).ConfigureAwait(false);
            if (!goOn)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Demo PBX: AMI on port {Port}")]
    private partial void LogListening(int port);
}
