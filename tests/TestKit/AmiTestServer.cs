using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace CallCrm.TestKit;

/// <summary>
/// An AMI server on a real socket whose manners a test decides. Left alone it behaves as Asterisk 22: banner, MD5 or plain
/// login (user <c>callcrm</c>, secret <c>lab</c>), FullyBooted, CoreSettings, Ping, Filter.
/// It reads lines on its own and shares nothing with the library under test.
/// </summary>
public sealed class AmiTestServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Channel<AmiTestSession> _sessions = Channel.CreateUnbounded<AmiTestSession>();
    readonly ConcurrentBag<Task> _running = [];
    readonly Task _accepting;

    public AmiTestServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Banner { get; set; } = "Asterisk Call Manager/11.0.0\r\n";

    public string User { get; set; } = "callcrm";

    public string Secret { get; set; } = "lab";

    /// <summary>Null: the event is never sent, as to a user without the read class system.</summary>
    public string? FullyBooted { get; set; } = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 1234\r\nLastReload: 1234\r\nStatus: Fully Booted\r\n\r\n";

    public X509Certificate2? Certificate { get; set; }

    /// <summary>Sees each action before the default manners; true means that it dealt with it.</summary>
    public Func<AmiTestSession, AmiTestAction, Task<bool>>? OnAction { get; set; }

    /// <summary>Connections so far.</summary>
    public int Accepted { get; private set; }

    /// <summary>The next connection that logged in.</summary>
    public async Task<AmiTestSession> NextLoginAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _sessions.Reader.ReadAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_running);
        _stop.Dispose();
        Certificate?.Dispose();
    }

    internal void LoggedIn(AmiTestSession session) => _sessions.Writer.TryWrite(session);

    /// <summary>A certificate nobody vouches for, for localhost.</summary>
    public static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(30), DateTimeOffset.UnixEpoch.AddYears(150));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                client.NoDelay = true;
                Accepted++;
                _running.Add(ServeAsync(client));
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // The test is over; a listener stopped between two calls says that it was never started.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            Stream stream = client.GetStream();
            if (Certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
                stream = secure;
            }

            var session = new AmiTestSession(this, client, stream);
            await session.SendAsync(Banner);
            await session.RunAsync(_stop.Token);
        }
        catch (Exception e) when (_stop.IsCancellationRequested || e is OperationCanceledException or IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // Cut by either side.
        }
    }
}

/// <summary>An action as received.</summary>
public sealed record AmiTestAction(IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    public string Name => this["Action"] ?? "";

    public string? ActionId => this["ActionID"];

    public string? this[string key] => Headers.FirstOrDefault(h => string.Equals(h.Key, key, StringComparison.OrdinalIgnoreCase)).Value;
}

/// <summary>One connection to an <see cref="AmiTestServer"/>.</summary>
public sealed class AmiTestSession(AmiTestServer server, TcpClient client, Stream stream)
{
    readonly SemaphoreSlim _write = new(1);
    string _challenge = "";

    /// <summary>All actions so far, in order.</summary>
    public ConcurrentQueue<AmiTestAction> Actions { get; } = new();

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        await _write.WaitAsync();
        try
        {
            await stream.WriteAsync(bytes);
        }
        finally
        {
            _write.Release();
        }
    }

    public Task EventAsync(string name, params (string Key, string Value)[] headers) =>
        SendAsync($"Event: {name}\r\nPrivilege: call,all\r\n{string.Concat(headers.Select(h => $"{h.Key}: {h.Value}\r\n"))}\r\n");

    public Task RespondAsync(AmiTestAction action, string response, string rest = "") =>
        SendAsync($"Response: {response}\r\nActionID: {action.ActionId}\r\n{rest}\r\n");

    /// <summary>Ends the connection in order.</summary>
    public void Close() => client.Close();

    /// <summary>Ends the connection by a reset.</summary>
    public void Reset()
    {
        client.LingerState = new LingerOption(true, 0);
        client.Close();
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, false, 4096, leaveOpen: true);
        var headers = new List<KeyValuePair<string, string>>();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length > 0)
            {
                var parts = line.Split(':', 2);
                headers.Add(new(parts[0], parts.Length > 1 ? parts[1].TrimStart() : ""));
                continue;
            }

            var action = new AmiTestAction(headers.ToArray());
            headers.Clear();
            Actions.Enqueue(action);
            if (server.OnAction is null || !await server.OnAction(this, action))
                await DefaultAsync(action);
        }
    }

    async Task DefaultAsync(AmiTestAction action)
    {
        switch (action.Name)
        {
            case "Challenge":
                _challenge = "271828182";
                await RespondAsync(action, "Success", $"Challenge: {_challenge}\r\n");
                break;
            case "Login" when IsRight(action):
                await RespondAsync(action, "Success", "Message: Authentication accepted\r\n");
                if (server.FullyBooted is { } booted)
                    await SendAsync(booted);
                server.LoggedIn(this);
                break;
            case "Login":
                await RespondAsync(action, "Error", "Message: Authentication failed\r\n");
                Close();
                break;
            case "CoreSettings":
                await RespondAsync(action, "Success", "AMIversion: 11.0.0\r\nAsteriskVersion: 22.10.1\r\nSystemName: pbx-1\r\n");
                break;
            case "Ping":
                await RespondAsync(action, "Success", "Ping: Pong\r\nTimestamp: 1795448267.480890\r\n");
                break;
            default:
                await RespondAsync(action, "Success", "Message: done\r\n");
                break;
        }
    }

    bool IsRight(AmiTestAction action)
    {
        if (action["Username"] != server.User)
            return false;
        return action["AuthType"] == "MD5"
            ? action["Key"] == Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(_challenge + server.Secret)))
            : action["Secret"] == server.Secret;
    }
}
