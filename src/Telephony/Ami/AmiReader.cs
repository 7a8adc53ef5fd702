using System.Buffers;
using System.Globalization;
using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>
/// What is done with received bytes, apart from where they come from: frames are cut, answers go to whoever waits, wanted
/// events are copied into the queue, all others are skipped without an allocation. Never waits, never throws on bytes.
/// </summary>
sealed class AmiReader(AmiEventFilter filter, AmiPending pending, AmiSignalQueue queue, AmiMetrics metrics)
{
    static readonly TimeSpan s_betweenDoubts = TimeSpan.FromSeconds(10);

    readonly AmiHeaderIndex _index = new();
    readonly AmiCopier _copier = new();
    AmiFramer _framer = new();
    long _receivedAt;
    DateTimeOffset _receivedUtc;
    long _skipped;
    DateTimeOffset _doubtedAt;

    /// <summary>Messages read so far, over all sessions.</summary>
    public long Sequence { get; private set; }

    /// <summary>Bytes read so far, over all sessions: any growth is a sign of life.</summary>
    public long Received { get; private set; }

    /// <summary>Monotonic stamp of the last sign of life of this session: bytes, or the end that the peer announced.</summary>
    public long HeardAt => Volatile.Read(ref _receivedAt);

    /// <summary>Completes with the greeting line of this session.</summary>
    public TaskCompletionSource<string> Banner { get; private set; } = NewSource<string>();

    /// <summary>Completes when the PBX says that its boot is over, with its uptime if told.</summary>
    public TaskCompletionSource<TimeSpan?> Booted { get; private set; } = NewSource<TimeSpan?>();

    /// <summary>True once the PBX has announced its end.</summary>
    public bool ShutdownSeen { get; private set; }

    /// <param name="now">Connected: that is the first sign of life.</param>
    public void BeginSession(long now)
    {
        Volatile.Write(ref _receivedAt, now);
        _framer = new AmiFramer();
        Banner = NewSource<string>();
        Booted = NewSource<TimeSpan?>();
        ShutdownSeen = false;
    }

    /// <summary>Takes all whole frames off the buffer. False: this is not an AMI server, stop.</summary>
    public bool Consume(ref ReadOnlySequence<byte> buffer, long receivedAt, DateTimeOffset receivedUtc)
    {
        Volatile.Write(ref _receivedAt, receivedAt);
        (_receivedUtc, _skipped) = (receivedUtc, 0);
        var (before, length) = (Sequence, buffer.Length);
        while (_framer.TryReadFrame(ref buffer, out var frame) is var kind and not AmiFrameKind.None)
        {
            switch (kind)
            {
                case AmiFrameKind.Message:
                    Sequence++;
                    OnMessage(_index.Join(frame));
                    break;
                case AmiFrameKind.Banner:
                    if (!OnBanner(Encoding.UTF8.GetString(frame)))
                        return false;
                    break;
                case AmiFrameKind.TooLong:
                    Sequence++;
                    metrics.Malformed("frame_too_long");
                    queue.Add(Stamp(new AmiOverflow(1) { Cause = AmiOverflowCause.MalformedFrame }));
                    break;
                default:
                    metrics.Malformed("no_banner");
                    return false;
            }
        }

        Received += length - buffer.Length;
        metrics.Read(length - buffer.Length, Sequence - before, _skipped);
        return true;
    }

    bool OnBanner(string banner)
    {
        // "Asterisk Call Manager/11.0.0"; some builds and proxies change the first words, none the slash and the version.
        if (!banner.Contains("Call Manager", StringComparison.OrdinalIgnoreCase))
        {
            metrics.Malformed("no_banner");
            return false;
        }

        Banner.TrySetResult(banner);
        return true;
    }

    void OnMessage(ReadOnlySpan<byte> bytes)
    {
        AmiEventPredicate? keep = null;
        var wanted = false;
        var isEvent = bytes.StartsWith("Event: "u8);
        if (isEvent)
        {
            var end = bytes.IndexOf("\r\n"u8);
            var name = end < 0 ? bytes["Event: ".Length..] : bytes["Event: ".Length..end];
            wanted = filter.IsWanted(name, out keep);
            OnLifeSign(name, bytes);
            if (!wanted && !pending.HasLists)
            {
                _skipped++;
                return;
            }
        }

        var message = _index.Read(bytes);
        if (isEvent)
            OnEvent(message, wanted, keep);
        else if (message.Kind != AmiMessageKind.Response)
            Doubt();
        else if (!pending.OnResponse(message, _copier, Sequence))
            metrics.Orphan();
    }

    /// <summary>What cannot be read may have been anything: the consumer takes a snapshot, not more often than it can matter.</summary>
    void Doubt()
    {
        metrics.Malformed("neither_event_nor_response");
        if ((_receivedUtc - _doubtedAt).Duration() < s_betweenDoubts)
            return;
        _doubtedAt = _receivedUtc;
        queue.Add(Stamp(new AmiOverflow(1) { Cause = AmiOverflowCause.MalformedFrame }));
    }

    void OnEvent(in AmiMessage message, bool wanted, AmiEventPredicate? keep)
    {
        if (pending.OnEvent(message, _copier, Sequence, _receivedAt, _receivedUtc))
            return;
        if (wanted && queue.Session is not null && Keeps(keep, message))
            queue.Add(_copier.Event(message, Sequence, _receivedAt, _receivedUtc));
        else
            _skipped++;
    }

    bool Keeps(AmiEventPredicate? keep, in AmiMessage message)
    {
        try
        {
            return keep is null || keep(message);
        }
        catch (Exception)
        {
            // A faulty predicate is no reason to lose the line, nor the event.
            metrics.HandlerError();
            return true;
        }
    }

    void OnLifeSign(ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        if (name.SequenceEqual("Shutdown"u8))
        {
            ShutdownSeen = true;
        }
        else if (name.SequenceEqual("FullyBooted"u8))
        {
            TimeSpan? uptime = _index.Read(bytes).TryGet("Uptime"u8, out var text)
                && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && seconds < int.MaxValue
                    ? TimeSpan.FromSeconds(seconds)
                    : null;
            Booted.TrySetResult(uptime);
            if (queue.Session is { FullyBooted: false } session)
                queue.Connected(Stamp(session with { FullyBooted = true, Uptime = uptime }));
        }
    }

    T Stamp<T>(T signal)
        where T : AmiSignal =>
        (T)(signal with { Sequence = Sequence, ReceivedAt = _receivedAt, ReceivedUtc = _receivedUtc });

    static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
