using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CallCrm.Telephony.Tests.FastAgi;

/// <summary>Asterisk's side of a FastAGI session on a real socket, as a test wants it.</summary>
sealed class AgiPeer : IDisposable
{
    readonly TcpClient _client;
    readonly StreamReader _reader;

    AgiPeer(TcpClient client)
    {
        _client = client;
        _reader = new StreamReader(client.GetStream(), new UTF8Encoding(false));
    }

    public static async Task<AgiPeer> ConnectAsync(IPEndPoint server, IPAddress? from = null)
    {
        var client = from is null ? new TcpClient() : new TcpClient(new IPEndPoint(from, 0));
        client.NoDelay = true;
        await client.ConnectAsync(server);
        return new AgiPeer(client);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public Task SendAsync(byte[] bytes) => _client.GetStream().WriteAsync(bytes).AsTask();

    public Task EnvironmentAsync(string script = "route", params string[] arguments) =>
        SendAsync($"agi_network: yes\nagi_network_script: {script}\nagi_channel: PJSIP/trunk-1\nagi_uniqueid: 1.1\n"
            + string.Concat(arguments.Select((a, i) => $"agi_arg_{i + 1}: {a}\n")) + "\n");

    /// <summary>The next command, or null when the server closed.</summary>
    public async Task<string?> CommandAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            return await _reader.ReadLineAsync(limit.Token);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Reset()
    {
        _client.LingerState = new LingerOption(true, 0);
        _client.Close();
    }

    public void Dispose() => _client.Dispose();
}
