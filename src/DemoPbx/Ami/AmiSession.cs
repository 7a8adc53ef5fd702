using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Ami;

/// <summary>
/// One AMI connection. The loop decides what is sent; a writer of its own carries it, so that a client that does not read
/// holds up nobody: it is cut, without a word and in the middle of a message, as Asterisk does (trace 28).
/// </summary>
internal sealed class AmiSession : IDisposable
{
    private readonly Channel<ReadOnlyMemory<byte>> _out =
        Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Socket _socket;
    private readonly DemoPbxOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cut = new();
    private long _backlog_bytes;
    private AmiClasses _mask = AmiClasses.All;

    public AmiSession(Socket socket, DemoPbxOptions options, TimeProvider time)
    {
        (_socket, _options, _time) = (socket, options, time);
        socket.NoDelay = true;
        Stream = new NetworkStream(socket, ownsSocket: false);
    }

    public NetworkStream Stream { get; }

    /// <summary>Cancelled when the connection is over, from either side.</summary>
    public CancellationToken Closed => _cut.Token;

    public DemoAmiUser? User { get; private set; }

    public AmiClasses Read { get; private set; }

    public AmiClasses Write { get; private set; }

    public string Challenge { get; set; } = "";

    public List<AmiFilter> Filters { get; } = [];

    public void LogIn(DemoAmiUser user, AmiClasses mask)
    {
        (User, _mask) = (user, mask);
        (Read, Write) = (AmiClassNames.Parse(user.Read), AmiClassNames.Parse(user.Write));
    }

    public void SetMask(AmiClasses mask) => _mask = mask;

    /// <summary>Whether an event goes to this client: class, mask, then the filters as manager.c applies them.</summary>
    public bool Wants(AmiClasses one, string name, string text)
    {
        if (User is null || (Read & _mask & one) == AmiClasses.None)
        {
            return false;
        }

        if (Filters.Count == 0)
        {
            return true;
        }

        var excluded = Filters.Exists(f => f.Excludes && f.Matches(name, text));
        return !excluded && (Filters.TrueForAll(f => f.Excludes) || Filters.Exists(f => !f.Excludes && f.Matches(name, text)));
    }

    public void Send(AmiText text) => Send(Encoding.UTF8.GetBytes(text.ToString()));

    public void Send(ReadOnlyMemory<byte> bytes)
    {
        if (Interlocked.Add(ref _backlog_bytes, bytes.Length) > _options.WriteBacklog_bytes)
        {
            Cut();
            return;
        }

        _out.Writer.TryWrite(bytes);
    }

    /// <summary>Nothing more will be sent; the connection closes when all before has left.</summary>
    public void FinishWriting() => _out.Writer.TryComplete();

    /// <summary>Closes at once.</summary>
    public void Cut()
    {
        _out.Writer.TryComplete();
        _cut.Cancel();
        _socket.Dispose();
    }

    /// <summary>Carries what was sent to the client until the connection ends.</summary>
    public async Task WriteAsync()
    {
        try
        {
            await foreach (var bytes in _out.Reader.ReadAllAsync(_cut.Token).ConfigureAwait(false))
            {
                using var limit = new CancellationTokenSource(_options.WriteTimeout, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(_cut.Token, limit.Token);
                await Stream.WriteAsync(bytes, both.Token).ConfigureAwait(false);
                Interlocked.Add(ref _backlog_bytes, -bytes.Length);
            }

            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The client does not read, or is gone.
        }

        Cut();
    }

    public void Dispose()
    {
        Cut();
        Stream.Dispose();
    }
}
