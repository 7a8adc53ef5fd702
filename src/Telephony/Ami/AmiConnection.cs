using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;

namespace CallCrm.Telephony.Ami;

/// <summary>How a connection ended.</summary>
readonly record struct AmiEnd(AmiLostReason Reason, string Detail);

/// <summary>The bytes of one connection: socket, TLS, the read loop and the write loop. Knows no message.</summary>
sealed class AmiConnection(AmiClientOptions options, TimeProvider time) : IAsyncDisposable
{
    // Actions waiting for the socket: a PBX that takes none for that many is as good as gone.
    const int MaxWaitingActions = 1024;

    readonly Channel<ReadOnlyMemory<byte>> _outgoing = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(MaxWaitingActions) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    Socket? _socket;
    Stream? _stream;

    /// <summary>Connects; null when it worked.</summary>
    public async Task<AmiEnd?> OpenAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var what = AmiLostReason.ConnectFailed;
        try
        {
            _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _socket.ConnectAsync(options.Host, options.Port, both.Token).ConfigureAwait(false);
            _stream = new NetworkStream(_socket, ownsSocket: true);
            if (options.Tls)
            {
                what = AmiLostReason.TlsFailed;
                _stream = await SecureAsync(_stream, both.Token).ConfigureAwait(false);
            }

            return null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new AmiEnd(AmiLostReason.Stopped, "stopped while connecting");
        }
        catch (OperationCanceledException)
        {
            return new AmiEnd(what, $"no connection within {options.ConnectTimeout.TotalSeconds:F1} s");
        }
        catch (Exception e)
        {
            // Name not found, refused, TLS of many kinds, a faulty validation of the site's own: tried again in any case.
            return new AmiEnd(what, e.Message);
        }
    }

    /// <summary>Queues bytes for sending; false when too many are waiting.</summary>
    public bool TrySend(ReadOnlyMemory<byte> message) => _outgoing.Writer.TryWrite(message);

    /// <summary>Bytes have come that nobody has read yet: the machine is behind, not the peer silent.</summary>
    public bool HasUnread
    {
        get
        {
            try
            {
                return _socket is { Available: > 0 };
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Hands everything received to the reader, until the connection ends.</summary>
    public async Task<AmiEnd> ReadAsync(AmiReader reader, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(_stream!, new StreamPipeReaderOptions(bufferSize: 64 * 1024, minimumReadSize: 4096, leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
                var buffer = read.Buffer;
                var goesOn = reader.Consume(ref buffer, time.GetTimestamp(), time.GetUtcNow());
                pipe.AdvanceTo(buffer.Start, buffer.End);
                if (!goesOn)
                    return new AmiEnd(AmiLostReason.NotAmi, "the peer does not greet as an Asterisk manager");
                if (read.IsCompleted)
                    return reader.ShutdownSeen
                        ? new AmiEnd(AmiLostReason.Shutdown, "the PBX announced its end")
                        : new AmiEnd(AmiLostReason.ClosedByPbx, "the PBX closed the connection");
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return new AmiEnd(AmiLostReason.Broken, e.Message);
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends what is queued, in order, until the connection ends.</summary>
    public async Task<AmiEnd> WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in _outgoing.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                await _stream!.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            return new AmiEnd(AmiLostReason.Stopped, "nothing more to send");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return new AmiEnd(AmiLostReason.Broken, e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _outgoing.Writer.TryComplete();
        // An SslStream says good-bye when disposed, which a dead line never takes: end the socket first.
        _socket?.Dispose();
        if (_stream is not null)
            await _stream.DisposeAsync().ConfigureAwait(false);
    }

    async Task<Stream> SecureAsync(Stream plain, CancellationToken cancellationToken)
    {
        var secure = new SslStream(plain, leaveInnerStreamOpen: false);
        var settings = new SslClientAuthenticationOptions { TargetHost = options.Host };
        if (options.TlsValidation is { } validation)
            settings.RemoteCertificateValidationCallback = validation;
        else if (options.TlsFingerprint.Length > 0)
            settings.RemoteCertificateValidationCallback = (_, certificate, _, _) => HasFingerprint(certificate, options.TlsFingerprint);
        await secure.AuthenticateAsClientAsync(settings, cancellationToken).ConfigureAwait(false);
        return secure;
    }

    static bool HasFingerprint(X509Certificate? certificate, string fingerprint) =>
        certificate is not null
        && string.Equals(
            certificate.GetCertHashString(HashAlgorithmName.SHA256),
            fingerprint.Replace(":", "", StringComparison.Ordinal).Trim(),
            StringComparison.OrdinalIgnoreCase);
}
