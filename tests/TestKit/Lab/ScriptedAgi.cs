using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CallCrm.TestKit.Lab;

/// <summary>What a <see cref="ScriptedAgi"/> got with one request.</summary>
public sealed record AgiAsked(string State, string Dialled, string DialStatus, IReadOnlyDictionary<string, string> Environment);

/// <summary>One answer of a <see cref="ScriptedAgi"/>: variables in their order, after a pause, or a misbehaviour.</summary>
public sealed record AgiAnswer(params (string Name, string Value)[] Variables)
{
    public TimeSpan After { get; init; }

    /// <summary>After what it has to say, if anything, it neither speaks nor closes.</summary>
    public bool Freeze { get; init; }

    /// <summary>Closes with a reset instead of an end.</summary>
    public bool Reset { get; init; }

    /// <summary>Bytes sent as they are, before the variables.</summary>
    public string? Raw { get; init; }

    public static AgiAnswer Dial(string device, int ringSeconds = 10, bool record = false) =>
        new(("__CALLCRM_CALLID", Guid.NewGuid().ToString("N")), ("CALLCRM_DEVICE", device), ("CALLCRM_RING", $"{ringSeconds}"),
            ("CALLCRM_RECORD", record ? "1" : "0"), ("CALLCRM_ACTION", "dial"));

    public static AgiAnswer Hold(int seconds, int? place = null) =>
        new(("__CALLCRM_CALLID", "0123456789abcdef0123456789abcdef"), ("CALLCRM_HOLD", $"{seconds}"), ("CALLCRM_PLACE", $"{place}"), ("CALLCRM_ACTION", "hold"));

    public static AgiAnswer Goto(string place) => new(("CALLCRM_GOTO", place), ("CALLCRM_ACTION", "goto"));

    public static AgiAnswer Play(string sound) => new(("CALLCRM_PLAY", sound), ("CALLCRM_ACTION", "play"));

    public static AgiAnswer Reject(int cause) => new(("CALLCRM_CAUSE", $"{cause}"), ("CALLCRM_ACTION", "reject"));

    public static AgiAnswer Keep(int seconds = 20) => new(("CALLCRM_HOLD", $"{seconds}"), ("CALLCRM_ACTION", "keep"));

    public static AgiAnswer Join(string channel) => new(("CALLCRM_PEER", channel), ("CALLCRM_ACTION", "join"));

    public static AgiAnswer Call(string number, string from = "101", int ringSeconds = 20) =>
        new(("CALLCRM_NUMBER", number), ("CALLCRM_FROM", from), ("CALLCRM_RING", $"{ringSeconds}"), ("CALLCRM_ACTION", "call"));

    public static AgiAnswer Nothing() => new();
}

/// <summary>A FastAGI server that answers from a list (the last answer again and again), well or badly.</summary>
public sealed class ScriptedAgi : IAsyncDisposable
{
    readonly TcpListener _listener;
    readonly CancellationTokenSource _end = new();
    readonly ConcurrentQueue<AgiAnswer> _answers;
    readonly ConcurrentQueue<AgiAsked> _asked = new();
    readonly Task _accepting;
    bool _gone;

    /// <summary>Answers from the list of now on first.</summary>
    public void Next(AgiAnswer answer)
    {
        _answers.Clear();
        _answers.Enqueue(answer);
    }

    public ScriptedAgi(int port, params AgiAnswer[] answers)
    {
        _answers = new ConcurrentQueue<AgiAnswer>(answers);
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public IReadOnlyList<AgiAsked> Asked => _asked.ToArray();

    /// <summary>The first (or, counted from 0, a later) request in this state.</summary>
    public Task<AgiAsked> AskedAsync(string state, TimeSpan? within = null, int index = 0) =>
        Eventually.GetAsync(() => _asked.Where(a => a.State == state).ElementAtOrDefault(index), within ?? TimeSpan.FromSeconds(10),
            $"an AGI request '{state}'; there came: {string.Join(", ", _asked.Select(a => a.State))}");

    /// <summary>Also before its test is over, to be gone for the PBX.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_gone)
            return;
        _gone = true;
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    async Task AcceptAsync()
    {
        List<Task> sessions = [];
        try
        {
            while (true)
                sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            await Task.WhenAll(sessions);
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var closing = client;
        try
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
            var environment = new Dictionary<string, string>(StringComparer.Ordinal);
            while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } line)
            {
                var parts = line.Split(": ", 2);
                environment[parts[0].TrimEnd(':')] = parts.Length > 1 ? parts[1] : "";
            }

            _asked.Enqueue(new AgiAsked(Argument(environment, 1), Argument(environment, 2), Argument(environment, 3), environment));
            await AnswerAsync(client, reader, Next());
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The PBX left, or the test is over.
        }
    }

    async Task AnswerAsync(TcpClient client, StreamReader reader, AgiAnswer answer)
    {
        await Task.Delay(answer.After, _end.Token);
        if (answer.Raw is { } raw)
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(raw), _end.Token);
        foreach (var (name, value) in answer.Variables)
        {
            var escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes($"SET VARIABLE {name} \"{escaped}\"\n"), _end.Token);
            await reader.ReadLineAsync(_end.Token);
        }

        if (answer.Freeze)
            await Task.Delay(Timeout.Infinite, _end.Token);
        if (answer.Reset)
            client.Client.LingerState = new LingerOption(true, 0);
    }

    AgiAnswer Next()
    {
        if (_answers.Count > 1 && _answers.TryDequeue(out var next))
            return next;
        return _answers.TryPeek(out var last) ? last : AgiAnswer.Nothing();
    }

    static string Argument(Dictionary<string, string> environment, int number) => environment.GetValueOrDefault($"agi_arg_{number}", "");
}
