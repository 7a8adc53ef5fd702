using CallCrm.Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.AgentWeb.Live;

/// <summary>
/// The page's end of the live feed. Reconnects by itself with growing pauses and jitter, names its last position and gets what
/// it missed or a snapshot; the state it holds stays shown meanwhile.
/// </summary>
sealed class FeedClient(Uri hub, TimeProvider time) : IAsyncDisposable
{
    static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(8);

    // Two of the server's signs of life missed.
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    HubConnection? _connection;
    CancellationTokenSource? _running;
    string? _position;
    List<FeedMessage>? _early;
    TaskCompletionSource _online = new();

    /// <summary>This page among all tabs; also the author of its drafts.</summary>
    public string PageId { get; } = Guid.NewGuid().ToString("N")[..12];

    public DeskState State { get; private set; } = DeskState.Empty;

    public bool Connected { get; private set; }

    /// <summary>Since when the line is down; null while it is up.</summary>
    public DateTimeOffset? LostSince { get; private set; }

    /// <summary>State or connection changed; the message that did it, or null.</summary>
    public event Action<FeedMessage?>? Changed;

    public void Start()
    {
        if (_running is not null)
            return;
        _running = new CancellationTokenSource();
        _ = KeepConnectedAsync(_running.Token);
    }

    /// <summary>The browser saw the network go or come: said at once, and tried again at once.</summary>
    public void LineChanged(bool online)
    {
        if (online)
        {
            _online.TrySetResult();
            return;
        }

        (Connected, LostSince) = (false, LostSince ?? time.GetUtcNow());
        Changed?.Invoke(null);
        _ = _connection?.StopAsync(CancellationToken.None);
    }

    /// <param name="painted">False when the tab is hidden and paints nothing: applied is all it can promise.</param>
    public async Task PopSeenAsync(Guid offer, bool painted)
    {
        if (_connection is { State: HubConnectionState.Connected } connection)
            await connection.SendAsync("PopSeen", offer, painted, CancellationToken.None);
    }

    /// <summary>A draft field this page saved: known at once, without waiting for its echo.</summary>
    public void TakeOwn(Guid call, DraftFieldView field)
    {
        State = State.Apply(new FeedMessage(_position ?? "", [new DraftEvent(call, field)]));
        Changed?.Invoke(null);
    }

    /// <summary>What this person read or did here, of which the feed knows nothing.</summary>
    public void Change(Func<DeskState, DeskState> change)
    {
        var before = State;
        State = change(before);
        if (!ReferenceEquals(before, State))
            Changed?.Invoke(null);
    }

    /// <summary>Ends the line of a person who signed out; the next one starts empty.</summary>
    public async Task StopAsync()
    {
        if (_running is { } running)
            await running.CancelAsync();
        (_running, _position, State, Connected, LostSince) = (null, null, DeskState.Empty, false, null);
        Changed?.Invoke(null);
    }

    async Task KeepConnectedAsync(CancellationToken cancel)
    {
        for (var failures = 0; !cancel.IsCancellationRequested;)
        {
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var connection = Build(closed);
            try
            {
                await connection.StartAsync(cancel);
                _connection = connection;
                TakeAnswer(await connection.InvokeAsync<FeedMessage>("Resume", _position, PageId, cancel));
                (failures, Connected, LostSince) = (0, true, null);
                Changed?.Invoke(null);
                await closed.Task.WaitAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or Microsoft.AspNetCore.SignalR.HubException or OperationCanceledException or TimeoutException)
            {
                failures++;
            }

            _connection = null;
            (Connected, LostSince) = (false, LostSince ?? time.GetUtcNow());
            Changed?.Invoke(null);
            _online = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await Task.WhenAny(Task.Delay(Pause(failures), time, CancellationToken.None), _online.Task);
        }
    }

    HubConnection Build(TaskCompletionSource closed)
    {
        var connection = new HubConnectionBuilder()
            .WithUrl(hub)
            .AddJsonProtocol(o => o.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default))
            .WithServerTimeout(Silence)
            .Build();
        // The awaiter of Resume may run after the handler of a message that came behind its answer: such messages wait for it.
        _early = [];
        connection.On<FeedMessage>("Feed", message =>
        {
            if (_early is { } early)
                early.Add(message);
            else
                Take(message);
        });
        connection.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        return connection;
    }

    /// <summary>0.2 s, 0.4 s … 8 s, ± 30 %: thousands of pages must not come back in the same moment.</summary>
    static TimeSpan Pause(int failures)
    {
        var pause = Math.Min(LongestPause.TotalSeconds, 0.2 * Math.Pow(2, Math.Min(failures, 10)));
        return TimeSpan.FromSeconds(pause * (0.7 + (Random.Shared.NextDouble() * 0.6)));
    }

    void TakeAnswer(FeedMessage answer)
    {
        Take(answer);
        var early = _early ?? [];
        _early = null;
        foreach (var message in early)
            Take(message);
    }

    /// <summary>One message, in the order of the hub.</summary>
    public void Take(FeedMessage message)
    {
        _position = message.Position;
        // A sign of life brings a position and nothing to draw.
        if (message is { Snapshot: false, Events.Count: 0 })
            return;
        State = State.Apply(message);
        if (State.NeedsSnapshot)
        {
            _position = null;
            _ = _connection?.StopAsync(CancellationToken.None);
        }

        Changed?.Invoke(message);
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is { } running)
            await running.CancelAsync();
        if (_connection is { } connection)
            await connection.DisposeAsync();
    }
}
