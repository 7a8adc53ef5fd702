using System.Buffers;
using System.Threading.Channels;

namespace CallCrm.Telephony.Ami;

/// <summary>
/// One PBX by Asterisk Manager Interface: keeps a logged-in connection, delivers wanted events in order through one
/// bounded queue, sends actions. <see cref="RunAsync"/> runs for the life of the client; everything else may be called
/// from any thread.
/// </summary>
public sealed class AmiClient
{
    readonly AmiClientOptions _options;
    readonly TimeProvider _time;
    readonly AmiMetrics _metrics;
    readonly AmiPending _pending;
    readonly AmiSignalQueue _queue;
    readonly AmiReader _reader;
    volatile AmiConnection? _connection;
    volatile AmiStatus _status;
    long _clockOffsetTicks = long.MinValue;
    int _sessions;
    int _running;

    /// <summary>Makes a client; nothing happens before <see cref="RunAsync"/>.</summary>
    public AmiClient(AmiClientOptions options, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _metrics = new AmiMetrics(options.Node.Length > 0 ? options.Node : options.Host);
        _pending = new AmiPending(_metrics);
        _queue = new AmiSignalQueue(options.QueueLength, _metrics);
        _reader = new AmiReader(options.Events, _pending, _queue, _metrics);
        _status = new AmiStatus(AmiState.Stopped, _time.GetUtcNow(), null, "not started");
    }

    /// <summary>
    /// The one subscription: events and changes of the connection, in order. One consumer. It completes when
    /// <see cref="RunAsync"/> ends.
    /// </summary>
    public ChannelReader<AmiSignal> Signals => _queue.Reader;

    /// <summary>Where the client stands now.</summary>
    public AmiStatus Status => _status;

    /// <summary>The PBX's clock less ours, by the last Ping; null before the first.</summary>
    public TimeSpan? ClockOffset => Interlocked.Read(ref _clockOffsetTicks) is var ticks and not long.MinValue ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Called by the client's own loop at each change; must return soon. The same changes stand in <see cref="Signals"/>.</summary>
    public Action<AmiStatus>? StatusChanged { get; set; }

    /// <summary>Connects, logs in, and does so again after each loss, until cancelled. Called once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
            throw new InvalidOperationException("This client already runs or has run");
        try
        {
            for (var failures = 0; !cancellationToken.IsCancellationRequested;)
            {
                Report(AmiState.Connecting, null, failures == 0 ? "connecting" : $"connecting, attempt {failures + 1}");
                var (end, wasLoggedIn) = await RunSessionAsync(cancellationToken).ConfigureAwait(false);
                if (end.Reason == AmiLostReason.Stopped)
                    break;
                _metrics.Lost(end.Reason);
                Report(end.Reason == AmiLostReason.LoginRefused ? AmiState.LoginRefused : AmiState.Lost, end.Reason, end.Detail);
                failures = wasLoggedIn ? 1 : failures + 1;
                await Task.Delay(BackOff(_options, end.Reason, failures, Random.Shared.NextDouble()), _time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Told to stop while waiting.
        }
        finally
        {
            Report(AmiState.Stopped, AmiLostReason.Stopped, "stopped");
            _queue.Complete();
        }
    }

    /// <summary>Sends an action and waits for its response. Any end but cancellation is a value.</summary>
    public async Task<AmiResponse> SendAsync(AmiAction action, CancellationToken cancellationToken) =>
        _queue.Session is null
            ? new AmiResponse(AmiOutcome.NotConnected, "not logged in", AmiHeaders.Empty, 0)
            : (await SendCoreAsync(action, isList: false, cancellationToken).ConfigureAwait(false)).Response;

    /// <summary>
    /// What was delivered so far is doubted: events not yet taken are dropped, and an <see cref="AmiOverflow"/> tells the consumer to take
    /// a snapshot. Nothing outside of a session, which begins with one.
    /// </summary>
    public void Distrust() => _queue.Distrust(new AmiOverflow(0) { ReceivedAt = _time.GetTimestamp(), ReceivedUtc = _time.GetUtcNow() });

    /// <summary>Sends a list action and waits for all its entries up to <c>EventList: Complete</c>.</summary>
    public async Task<AmiListResponse> SendListAsync(AmiAction action, CancellationToken cancellationToken) =>
        _queue.Session is null
            ? new AmiListResponse(new AmiResponse(AmiOutcome.NotConnected, "not logged in", AmiHeaders.Empty, 0), [], 0)
            : await SendCoreAsync(action, isList: true, cancellationToken).ConfigureAwait(false);

    async Task<(AmiEnd End, bool WasLoggedIn)> RunSessionAsync(CancellationToken cancellationToken)
    {
        var connection = new AmiConnection(_options, _time);
        await using var _ = connection.ConfigureAwait(false);
        if (await connection.OpenAsync(cancellationToken).ConfigureAwait(false) is { } failed)
            return (failed, false);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _reader.BeginSession(_time.GetTimestamp());
        _pending.Open();
        _connection = connection;
        Task<AmiEnd>[] parts =
        [
            Guarded(connection.ReadAsync(_reader, stop.Token)),
            Guarded(connection.WriteAsync(stop.Token)),
            Guarded(LogInAndWatchAsync(stop.Token)),
        ];
        var first = await (await Task.WhenAny(parts).ConfigureAwait(false)).ConfigureAwait(false);
        if (cancellationToken.IsCancellationRequested)
            first = new AmiEnd(AmiLostReason.Stopped, "stopped");
        await stop.CancelAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
        _connection = null;
        _pending.Close(first.Detail);
        await Task.WhenAll(parts).ConfigureAwait(false);
        var session = _queue.Session;
        if (session is not null)
            _queue.Lost(Stamped(new AmiLost(session.SessionNumber, first.Reason, first.Detail) { Silence = _time.GetElapsedTime(_reader.HeardAt) }));
        // A login answered with a refusal and then closed is a refusal, whichever part of ours saw it first.
        return (await BetterAsync(first, parts[2]).ConfigureAwait(false), session is not null);
    }

    static async Task<AmiEnd> BetterAsync(AmiEnd first, Task<AmiEnd> login) =>
        await login.ConfigureAwait(false) is { Reason: AmiLostReason.LoginRefused } refused && first.Reason != AmiLostReason.Stopped ? refused : first;

    static async Task<AmiEnd> Guarded(Task<AmiEnd> part)
    {
        try
        {
            return await part.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new AmiEnd(AmiLostReason.Stopped, "stopped");
        }
        catch (Exception e)
        {
            // Not expected; the connection is made anew rather than the client lost.
            return new AmiEnd(AmiLostReason.Broken, e.ToString());
        }
    }

    async Task<AmiEnd> LogInAndWatchAsync(CancellationToken cancellationToken)
    {
        var login = new AmiLogin(_options, _time, _reader, (action, token) => SendCoreAsync(action, isList: false, token));
        if (await login.RunAsync(cancellationToken).ConfigureAwait(false) is { } failed)
            return failed;
        var session = Stamped(login.Session(++_sessions));
        _status = new AmiStatus(AmiState.LoggedIn, _time.GetUtcNow(), null, session.Banner) { Session = session };
        _queue.Connected(session);
        Tell(_status); // Last: who is told may send at once.
        // FullyBooted may have come between the look and the line above.
        if (!session.FullyBooted && _reader.Booted.Task.IsCompletedSuccessfully)
            _queue.Connected(Stamped(session with { FullyBooted = true, Uptime = await _reader.Booted.Task.ConfigureAwait(false) }));
        return await KeepAliveAsync(cancellationToken).ConfigureAwait(false);
    }

    async Task<AmiEnd> KeepAliveAsync(CancellationToken cancellationToken)
    {
        var ping = new AmiAction("Ping") { Deadline = _options.KeepAliveTimeout };
        while (true)
        {
            // The line may have gone without any wait having seen it; asking then would be answered at once, again and again.
            cancellationToken.ThrowIfCancellationRequested();
            var received = _reader.Received;
            var pinged = _time.GetTimestamp();
            var sent = _time.GetUtcNow();
            var answer = (await SendCoreAsync(ping, isList: false, cancellationToken).ConfigureAwait(false)).Response;
            if (answer.IsSuccess && AmiText.ParseTimestamp(answer["Timestamp"]) is { } pbx)
                Interlocked.Exchange(ref _clockOffsetTicks, (pbx - (sent + (_time.GetUtcNow() - sent) / 2)).Ticks);
            // A long queue of events before the answer is life too, and so is what came while we had no time to read it.
            else if (answer.Outcome is AmiOutcome.TimedOut or AmiOutcome.NotSent && _reader.Received == received && _connection is not { HasUnread: true })
                return new AmiEnd(AmiLostReason.KeepAlive, $"no sign of life for {_time.GetElapsedTime(_reader.HeardAt).TotalSeconds:F1} s");
            await QuietAsync(pinged, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Until nothing was heard for a while, or the next Ping is due anyway.</summary>
    async Task QuietAsync(long pinged, CancellationToken cancellationToken)
    {
        while (true)
        {
            var toPing = _options.KeepAliveInterval - _time.GetElapsedTime(pinged);
            var toQuiet = _options.KeepAliveQuiet - _time.GetElapsedTime(_reader.HeardAt);
            var left = toPing < toQuiet ? toPing : toQuiet;
            if (left <= TimeSpan.Zero)
                return;
            // A timer knows whole milliseconds and would come too early.
            await Task.Delay(left + TimeSpan.FromMilliseconds(1), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    async Task<AmiListResponse> SendCoreAsync(AmiAction action, bool isList, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var result = await TrySendAsync(action, isList, cancellationToken).ConfigureAwait(false);
        _metrics.Action(action.Name, result.Response.Outcome, _time.GetElapsedTime(started));
        return result;
    }

    async Task<AmiListResponse> TrySendAsync(AmiAction action, bool isList, CancellationToken cancellationToken)
    {
        if (!_pending.TryBegin(isList, out var number, out var actionId, out var waiting))
            return Ended(waiting, AmiOutcome.NotConnected, "not connected");
        var message = new ArrayBufferWriter<byte>(256);
        try
        {
            AmiWriter.WriteAction(message, action, actionId);
            if (_connection is not { } connection || !connection.TrySend(message.WrittenMemory))
                return Ended(waiting, AmiOutcome.NotSent, "too many actions are waiting to be sent");
            return await waiting.Done.Task.WaitAsync(action.Deadline ?? _options.ActionDeadline, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (AmiFormatException e)
        {
            return Ended(waiting, AmiOutcome.NotSent, e.Message);
        }
        catch (OperationCanceledException) when (waiting.Done.Task.IsCompletedSuccessfully)
        {
            // The answer was there first: a PBX that refuses the login says so and closes in one breath.
            return await waiting.Done.Task.ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return Ended(waiting, AmiOutcome.TimedOut, "no whole answer in time");
        }
        finally
        {
            _pending.Forget(number);
        }
    }

    static AmiListResponse Ended(AmiPendingAction action, AmiOutcome outcome, string message) => action.End(outcome, message);

    /// <summary>Wait before the next try: doubled each time, never above 5 s, spread by chance (0 to 1) over its upper half.</summary>
    internal static TimeSpan BackOff(AmiClientOptions options, AmiLostReason reason, int failures, double chance)
    {
        var longest = options.MaxBackOff < TimeSpan.FromSeconds(5) ? options.MaxBackOff : TimeSpan.FromSeconds(5);
        // A wrong secret does not become right by haste, and many tries look like an attack.
        if (reason == AmiLostReason.LoginRefused)
            return longest;
        var wait = options.FirstBackOff * Math.Pow(2, Math.Min(failures - 1, 16));
        return (wait < longest ? wait : longest) * (0.5 + chance / 2);
    }

    T Stamped<T>(T signal)
        where T : AmiSignal =>
        (T)(signal with { Sequence = _reader.Sequence, ReceivedAt = _time.GetTimestamp(), ReceivedUtc = _time.GetUtcNow() });

    void Report(AmiState state, AmiLostReason? reason, string detail) => Tell(_status = new AmiStatus(state, _time.GetUtcNow(), reason, detail));

    void Tell(AmiStatus status)
    {
        try
        {
            StatusChanged?.Invoke(status);
        }
        catch (Exception)
        {
            // A handler's bug is not a disconnect.
            _metrics.HandlerError();
        }
    }
}
