using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CallCrm.TestKit.Lab;

/// <summary>
/// The tests' own eyes on the PBX: every event of the user <c>watch</c>, and actions. On purpose not the
/// product's AMI client, which is among the things under test.
/// </summary>
public sealed class LabAmi : IAsyncDisposable
{
    readonly TcpClient _tcp = new();
    readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> _messages = new();
    StreamReader? _reader;
    Task? _reading;
    int _actions;

    /// <summary>All events that came, in order. A repeated key keeps its last value.</summary>
    public IEnumerable<IReadOnlyDictionary<string, string>> Events => _messages.Where(m => m.ContainsKey("Event"));

    internal static async Task<LabAmi> ConnectAsync(int port)
    {
        var ami = new LabAmi();
        await ami._tcp.ConnectAsync("127.0.0.1", port);
        ami._reader = new StreamReader(ami._tcp.GetStream(), Encoding.UTF8);
        await ami._reader.ReadLineAsync();
        ami._reading = ami.ReadAsync();
        var answer = await ami.SendAsync("Login", ("Username", "watch"), ("Secret", "watch"));
        if (answer["Response"] != "Success")
            throw new InvalidOperationException("The lab refused its watcher: " + answer.GetValueOrDefault("Message"));
        return ami;
    }

    /// <summary>Sends an action and waits for its response.</summary>
    public async Task<IReadOnlyDictionary<string, string>> SendAsync(string action, params (string Key, string Value)[] headers)
    {
        var id = "watch-" + Interlocked.Increment(ref _actions).ToString(CultureInfo.InvariantCulture);
        var text = new StringBuilder($"Action: {action}\r\nActionID: {id}\r\n");
        foreach (var (key, value) in headers)
            text.Append(CultureInfo.InvariantCulture, $"{key}: {value}\r\n");
        await _tcp.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text.Append("\r\n").ToString()));
        return await Eventually.GetAsync(
            () => _messages.FirstOrDefault(m => m.ContainsKey("Response") && m.GetValueOrDefault("ActionID") == id),
            TimeSpan.FromSeconds(5), $"the response to {action}");
    }

    /// <summary>The first (or, counted from 0, a later) event of this name that fits.</summary>
    public Task<IReadOnlyDictionary<string, string>> EventAsync(
        string name, Func<IReadOnlyDictionary<string, string>, bool>? fits = null, TimeSpan? within = null, int index = 0) =>
        Eventually.GetAsync(
            () => Events.Where(e => e["Event"] == name && (fits is null || fits(e))).ElementAtOrDefault(index),
            within ?? TimeSpan.FromSeconds(10), $"the event {name}");

    /// <summary>The first (or a later) UserEvent of this name.</summary>
    /// <summary>Unix seconds at which Asterisk made the event.</summary>
    public static double AtSeconds(IReadOnlyDictionary<string, string> made) => double.Parse(made["Timestamp"], System.Globalization.CultureInfo.InvariantCulture);

    public Task<IReadOnlyDictionary<string, string>> UserEventAsync(string name, TimeSpan? within = null, int index = 0) =>
        EventAsync("UserEvent", e => e["UserEvent"] == name, within, index);

    public async ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        if (_reading is not null)
            await _reading;
    }

    async Task ReadAsync()
    {
        var message = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            while (await _reader!.ReadLineAsync() is { } line)
            {
                if (line.Length > 0)
                {
                    var parts = line.Split(": ", 2);
                    message[parts[0].TrimEnd(':')] = parts.Length > 1 ? parts[1] : "";
                }
                else if (message.Count > 0)
                {
                    _messages.Enqueue(message);
                    message = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The PBX was killed, or we are done.
        }
    }
}
