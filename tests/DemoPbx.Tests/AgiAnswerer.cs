using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CallCrm.DemoPbx.Tests;

/// <summary>A scripted FastAGI server on a real socket: every request gets the next script, the last one again and again.</summary>
internal sealed class AgiAnswerer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Queue<Func<AgiTalk, Task>> _scripts;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private Func<AgiTalk, Task> _last;

    public AgiAnswerer(params IEnumerable<Func<AgiTalk, Task>> scripts)
    {
        _scripts = new Queue<Func<AgiTalk, Task>>(scripts);
        _last = _ => Task.CompletedTask;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"agi://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/route";

    /// <summary>All requests, in their order.</summary>
    public ConcurrentQueue<AgiTalk> Talks { get; } = new();

    public static Func<AgiTalk, Task> Dial(string device, int ring = 15, bool record = false, string callId = "c0ffee") => talk =>
        talk.SetAsync(("__CALLCRM_CALLID", callId), ("CALLCRM_DEVICE", device), ("CALLCRM_RING", $"{ring}"),
            ("CALLCRM_RECORD", record ? "1" : "0"), ("CALLCRM_ACTION", "dial"));

    public static Func<AgiTalk, Task> Hold(int seconds = 20, string callId = "c0ffee") => talk =>
        talk.SetAsync(("__CALLCRM_CALLID", callId), ("CALLCRM_HOLD", $"{seconds}"), ("CALLCRM_PLACE", "1"), ("CALLCRM_ACTION", "hold"));

    public static Func<AgiTalk, Task> Reject(int cause = 21) => talk =>
        talk.SetAsync(("CALLCRM_CAUSE", $"{cause}"), ("CALLCRM_ACTION", "reject"));

    public static Func<AgiTalk, Task> Say(params (string Name, string Value)[] variables) => talk => talk.SetAsync(variables);

    /// <summary>Reads the request and closes without a word.</summary>
    public static Task CloseAtOnce(AgiTalk talk) => Task.CompletedTask;

    /// <summary>Resets the connection (RST) after the request.</summary>
    public static Task Reset(AgiTalk talk)
    {
        talk.Client.LingerState = new LingerOption(enable: true, 0);
        return Task.CompletedTask;
    }

    /// <summary>Reads and never answers.</summary>
    public static async Task Silent(AgiTalk talk)
    {
        while (await talk.Reader.ReadLineAsync() is { } line)
        {
            talk.Received.Add(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = TalkAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using var _ = client;
        client.NoDelay = true;
        var talk = new AgiTalk(client);
        while (await talk.Reader.ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            talk.Environment.Add(KeyValuePair.Create(line[..colon], line[(colon + 1)..].TrimStart()));
        }

        Talks.Enqueue(talk);
        lock (_scripts)
        {
            _last = _scripts.TryDequeue(out var next) ? next : _last;
        }

        try
        {
            await _last(talk);
        }
        catch (IOException)
        {
            // The PBX closed first: the caller is gone.
        }

        talk.Done.TrySetResult();
    }
}

/// <summary>One request for a route.</summary>
internal sealed class AgiTalk(TcpClient client)
{
    public TcpClient Client => client;

    public StreamReader Reader { get; } = new(client.GetStream(), new UTF8Encoding(false));

    public List<KeyValuePair<string, string>> Environment { get; } = [];

    public List<string> Received { get; } = [];

    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string this[string key] => Environment.Find(e => e.Key == "agi_" + key).Value ?? "";

    /// <summary>State, dialled number and DIALSTATUS, as the router reads them.</summary>
    public string Arguments => $"{this["arg_1"]}|{this["arg_2"]}|{this["arg_3"]}";

    public async Task<string> SendAsync(string command)
    {
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(command + "\n"));
        var line = await Reader.ReadLineAsync() ?? throw new IOException("The PBX closed the dialogue.");
        Received.Add(line);
        if (line.StartsWith("520-", StringComparison.Ordinal))
        {
            while (!line.StartsWith("520 ", StringComparison.Ordinal))
            {
                Received.Add(line = await Reader.ReadLineAsync() ?? "520 ");
            }
        }

        return line;
    }

    public async Task SetAsync(params IEnumerable<(string Name, string Value)> variables)
    {
        foreach (var (name, value) in variables)
        {
            await SendAsync($"SET VARIABLE {name} \"{value}\"");
        }
    }
}
