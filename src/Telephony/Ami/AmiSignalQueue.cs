using System.Threading.Channels;

namespace CallCrm.Telephony.Ami;

/// <summary>
/// The bounded way from the reader to the one consumer. The reader never waits: when the queue is full, all that is queued
/// is dropped and one <see cref="AmiOverflow"/> stands for it. The latest change of the connection is never dropped.
/// </summary>
sealed class AmiSignalQueue(int length, AmiMetrics metrics)
{
    // Room beyond the length, so that what must stand after an overflow always fits.
    const int Reserve = 8;

    readonly Channel<AmiSignal> _channel = Channel.CreateBounded<AmiSignal>(
        new BoundedChannelOptions(length + Reserve) { FullMode = BoundedChannelFullMode.Wait, SingleWriter = false, SingleReader = false });

    readonly Lock _lock = new();
    volatile AmiConnected? _session;

    public ChannelReader<AmiSignal> Reader => _channel.Reader;

    /// <summary>The session whose events are let through; null before the login is complete and after the loss.</summary>
    public AmiConnected? Session => _session;

    public void Connected(AmiConnected session)
    {
        lock (_lock)
        {
            _session = session;
            Put_NeedsLock(session);
        }
    }

    public void Lost(AmiLost lost)
    {
        lock (_lock)
        {
            _session = null;
            Put_NeedsLock(lost);
        }
    }

    /// <summary>Adds an event, or an overflow the reader saw; ignored outside a session, whose snapshot will tell.</summary>
    public void Add(AmiSignal signal)
    {
        lock (_lock)
        {
            if (_session is not null)
                Put_NeedsLock(signal);
        }
    }

    /// <summary>What is queued counts as lost: an <see cref="AmiOverflow"/> stands for it.</summary>
    public void Distrust(AmiSignal moment)
    {
        lock (_lock)
        {
            if (_session is not null)
                DropAll_NeedsLock(moment);
        }
    }

    public void Complete()
    {
        lock (_lock)
            _channel.Writer.TryComplete();
    }

    void Put_NeedsLock(AmiSignal signal)
    {
        if (_channel.Reader.Count >= length)
            DropAll_NeedsLock(signal);
        _channel.Writer.TryWrite(signal);
    }

    void DropAll_NeedsLock(AmiSignal next)
    {
        var dropped = 0;
        AmiSignal? connection = null;
        while (_channel.Reader.TryRead(out var signal))
        {
            if (signal is AmiConnected or AmiLost)
                connection = signal;
            else
                dropped += signal is AmiOverflow earlier ? earlier.Dropped : 1;
        }

        metrics.Dropped(dropped);
        if (connection is not null)
            _channel.Writer.TryWrite(connection);
        _channel.Writer.TryWrite(new AmiOverflow(dropped) { Sequence = next.Sequence, ReceivedAt = next.ReceivedAt, ReceivedUtc = next.ReceivedUtc });
    }
}
