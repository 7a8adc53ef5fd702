using System.Net.Sockets;
using System.Text;

namespace CallCrm.DemoPbx.Tests;

/// <summary>One AMI message as it came: lines in their order.</summary>
internal sealed record AmiReceived(IReadOnlyList<KeyValuePair<string, string>> Lines)
{
    public bool IsEvent => Lines[0].Key == "Event";

    public string Name => Lines[0].Value;

    public string? this[string key] => Lines.FirstOrDefault(l => l.Key == key).Value;

    public IEnumerable<string> All(string key) => Lines.Where(l => l.Key == key).Select(l => l.Value);

    public override string ToString() => string.Join(" | ", Lines.Select(l => $"{l.Key}={l.Value}"));
}

/// <summary>A plain AMI client, written apart from the code under test.</summary>
internal sealed class AmiProbe : IAsyncDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly List<AmiReceived> _messages = [];
    private readonly List<(Func<AmiReceived, bool> Wanted, TaskCompletionSource<AmiReceived> Found)> _waiting = [];
    private Task _reading = Task.CompletedTask;
    private int _actions;

    public string Banner { get; private set; } = "";

    public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<AmiReceived> Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    public static async Task<AmiProbe> ConnectAsync(int port)
    {
        var probe = new AmiProbe();
        await probe._client.ConnectAsync("127.0.0.1", port);
        var reader = new StreamReader(probe._client.GetStream(), new UTF8Encoding(false));
        probe.Banner = await reader.ReadLineAsync() ?? "";
        probe._reading = probe.ReadAsync(reader);
        return probe;
    }

    public static async Task<AmiProbe> LogInAsync(int port, string user = "callcrm", string secret = "demo-secret")
    {
        var probe = await ConnectAsync(port);
        var answer = await probe.DoAsync("Login", ("Username", user), ("Secret", secret));
        answer.Name.Should().Be("Success");
        return probe;
    }

    public Task<AmiReceived> DoAsync(string action, params IEnumerable<(string Key, string Value)> lines)
    {
        var id = $"p-{Interlocked.Increment(ref _actions)}";
        var answer = WaitAsync(m => !m.IsEvent && m["ActionID"] == id);
        var text = new StringBuilder($"Action: {action}\r\nActionID: {id}\r\n");
        foreach (var (key, value) in lines)
        {
            text.Append(key).Append(": ").Append(value).Append("\r\n");
        }

        return SendThenAsync(text.Append("\r\n").ToString(), answer);
    }

    /// <summary>Does an action that answers with a list; gives the list's events.</summary>
    public async Task<IReadOnlyList<AmiReceived>> ListAsync(string action, params IEnumerable<(string Key, string Value)> lines)
    {
        var first = await DoAsync(action, lines);
        var id = first["ActionID"];
        await WaitAsync(m => m.IsEvent && m["ActionID"] == id && m["EventList"] == "Complete");
        return [.. Messages.Where(m => m.IsEvent && m["ActionID"] == id)];
    }

    public Task SendRawAsync(string text) => _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    /// <summary>The first message, past or to come, that is wanted.</summary>
    public Task<AmiReceived> WaitAsync(Func<AmiReceived, bool> wanted)
    {
        lock (_messages)
        {
            if (_messages.Find(m => wanted(m)) is { } found)
            {
                return Task.FromResult(found);
            }

            var waiter = new TaskCompletionSource<AmiReceived>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, waiter));
            return waiter.Task.WaitAsync(TimeSpan.FromSeconds(15));
        }
    }

    public Task<AmiReceived> EventAsync(string name, Func<AmiReceived, bool>? wanted = null) =>
        WaitAsync(m => m.IsEvent && m.Name == name && wanted?.Invoke(m) != false);

    /// <summary>What was sent before this has been read after it: for assertions about what did not come.</summary>
    public Task CaughtUpAsync() => DoAsync("Ping");

    public IReadOnlyList<AmiReceived> Events(string name) => [.. Messages.Where(m => m.IsEvent && m.Name == name)];

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _reading;
    }

    private async Task<AmiReceived> SendThenAsync(string text, Task<AmiReceived> answer)
    {
        await SendRawAsync(text);
        return await answer;
    }

    private async Task ReadAsync(StreamReader reader)
    {
        var lines = new List<KeyValuePair<string, string>>();
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.Length > 0)
                {
                    var colon = line.IndexOf(": ", StringComparison.Ordinal);
                    lines.Add(KeyValuePair.Create(line[..colon], line[(colon + 2)..]));
                }
                else
                {
                    Take(new AmiReceived(lines));
                    lines = [];
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }

        Closed.TrySetResult();
    }

    private void Take(AmiReceived message)
    {
        lock (_messages)
        {
            _messages.Add(message);
            foreach (var (_, found) in _waiting.FindAll(w => w.Wanted(message)))
            {
                found.TrySetResult(message);
            }

            _waiting.RemoveAll(w => w.Found.Task.IsCompleted);
        }
    }
}
