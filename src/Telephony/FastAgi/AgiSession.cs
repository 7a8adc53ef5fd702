using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CallCrm.Telephony.FastAgi;

/// <summary>
/// One FastAGI session: one channel waiting in the dialplan for what we say. Commands go one at a time; each way they can
/// end is a value. The session is over when the handler returns.
/// </summary>
public sealed class AgiSession
{
    // A PBX sends a stray line or two at a hangup; more than this is somebody else.
    const int MaxStrayLines = 256;

    readonly Socket _socket;
    readonly Stream _stream;
    readonly AgiLines _lines;
    readonly TimeSpan _commandTimeout;
    readonly TimeProvider _time;
    readonly SemaphoreSlim _oneAtATime = new(1);
    readonly CancellationTokenSource _hangup = new();
    readonly CancellationTokenSource _closed = new();
    readonly AgiReplyParser _parser = new();
    readonly Lock _lock = new();
    TaskCompletionSource<AgiReply>? _waiting;
    bool _over;

    internal AgiSession(AgiRequest request, Socket socket, Stream stream, AgiLines lines, TimeSpan commandTimeout, TimeProvider time)
    {
        Request = request;
        _socket = socket;
        _stream = stream;
        _lines = lines;
        _commandTimeout = commandTimeout;
        _time = time;
    }

    /// <summary>What was asked.</summary>
    public AgiRequest Request { get; }

    /// <summary>
    /// Set by <c>HANGUP</c>. It does not mean that the caller hung up: a Redirect of the channel and the absolute timeout
    /// send it too, while the caller lives on. Only AMI's Hangup ends a call.
    /// </summary>
    public CancellationToken HangupToken => _hangup.Token;

    /// <summary>True after <c>HANGUP</c>.</summary>
    public bool IsHungUp => _hangup.IsCancellationRequested;

    /// <summary>Set when the connection is gone.</summary>
    internal CancellationToken ClosedToken => _closed.Token;

    /// <summary>Sets a channel variable; <c>__NAME</c> is inherited by the legs dialled.</summary>
    public Task<AgiReply> SetVariableAsync(string name, string value, CancellationToken cancellationToken) =>
        AgiCommand.IsName(name)
            ? SendAsync($"SET VARIABLE {name} {AgiCommand.Quote(value)}", cancellationToken)
            : NotSent($"'{name}' is no variable name");

    /// <summary>Value of a variable or function (<c>CALLERID(num)</c>), null when it is not set or could not be read.</summary>
    public async Task<string?> GetVariableAsync(string name, CancellationToken cancellationToken) =>
        AgiCommand.IsName(name)
        && await SendAsync("GET VARIABLE " + name, cancellationToken).ConfigureAwait(false) is { IsOk: true, Result: "1" } reply
            ? reply.Value
            : null;

    /// <summary>Runs a dialplan application. Result <c>-2</c>: unknown application.</summary>
    public Task<AgiReply> ExecAsync(string application, string arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        AgiCommand.IsName(application)
            ? SendAsync($"EXEC {application} {AgiCommand.Quote(arguments)}", timeout, cancellationToken)
            : NotSent($"'{application}' is no application name");

    /// <summary>Writes to the PBX's console and log.</summary>
    public Task<AgiReply> VerboseAsync(string message, int level, CancellationToken cancellationToken) =>
        SendAsync($"VERBOSE {AgiCommand.Quote(message)} {level.ToString(CultureInfo.InvariantCulture)}", cancellationToken);

    /// <summary>Answers the channel.</summary>
    public Task<AgiReply> AnswerAsync(CancellationToken cancellationToken) => SendAsync("ANSWER", cancellationToken);

    /// <summary>Hangs the channel up.</summary>
    public Task<AgiReply> HangupAsync(CancellationToken cancellationToken) => SendAsync("HANGUP", cancellationToken);

    /// <summary>Sends any command line and waits for its reply.</summary>
    public Task<AgiReply> SendAsync(string command, CancellationToken cancellationToken) => SendAsync(command, _commandTimeout, cancellationToken);

    /// <summary>Sends any command line and waits for its reply, for as long as that command may take.</summary>
    public async Task<AgiReply> SendAsync(string command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (AgiCommand.Fault(command) is { } fault)
            return AgiReply.Ended(AgiOutcome.NotSent, fault);
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var waiting = new TaskCompletionSource<AgiReply>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_lock)
            {
                if (_over)
                    return AgiReply.Ended(AgiOutcome.Closed, "the session is over");
                _waiting = waiting;
            }

            return await ExchangeAsync(command, waiting, timeout, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Reads until the connection ends, so that a <c>HANGUP</c> is seen at any moment.</summary>
    internal async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var stray = 0; await _lines.ReadAsync(cancellationToken).ConfigureAwait(false) is { } line;)
            {
                if (!Take(line) && ++stray > MaxStrayLines)
                    throw new InvalidDataException("flood");
            }
        }
        catch (InvalidDataException)
        {
            AgiMetrics.Fail("flood");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is gone, which is all there is to know.
        }
        finally
        {
            End(AgiReply.Ended(AgiOutcome.Closed, "the PBX closed the session"));
            await _lines.CompleteAsync().ConfigureAwait(false);
            await _closed.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends the session: whatever waits is told so, the socket is closed.</summary>
    internal void Close()
    {
        End(AgiReply.Ended(AgiOutcome.Closed, "the session was closed"));
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Already gone.
        }

        _socket.Dispose();
    }

    async Task<AgiReply> ExchangeAsync(string command, TaskCompletionSource<AgiReply> waiting, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\n"), both.Token).ConfigureAwait(false);
            return await waiting.Task.WaitAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Half sent or unanswered: what comes next could not be told apart.
            Close();
            if (cancellationToken.IsCancellationRequested)
                throw;
            AgiMetrics.Fail("command_timeout");
            return AgiReply.Ended(AgiOutcome.TimedOut, $"no reply within {timeout.TotalSeconds:F1} s");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return AgiReply.Ended(AgiOutcome.Closed, e.Message);
        }
    }

    bool Take(string line)
    {
        switch (_parser.Add(line, out var reply))
        {
            case AgiLineKind.Hangup:
                // Not awaited: what hangs on the token must not hold up the reader.
                _ = _hangup.CancelAsync();
                return false;
            case AgiLineKind.Partial:
                return true;
            case AgiLineKind.Reply:
                TaskCompletionSource<AgiReply>? waiting;
                lock (_lock)
                    (waiting, _waiting) = (_waiting, null);
                return waiting?.TrySetResult(reply!) ?? false;
            default:
                return false;
        }
    }

    void End(AgiReply reply)
    {
        TaskCompletionSource<AgiReply>? waiting;
        lock (_lock)
        {
            _over = true;
            (waiting, _waiting) = (_waiting, null);
        }

        waiting?.TrySetResult(reply);
    }

    static Task<AgiReply> NotSent(string why) => Task.FromResult(AgiReply.Ended(AgiOutcome.NotSent, why));
}
