using System.Collections.Immutable;
using System.Globalization;

namespace CallCrm.Engine;

/// <summary>A call as CEL tells it, whole. Times are the PBX's.</summary>
/// <param name="LinkedId">Of its first channel.</param>
/// <param name="Withheld">Null when CEL does not tell (the call never came to our snippet): the number is shown and matches nobody.</param>
/// <param name="AskedUs">It came to our snippet.</param>
/// <param name="PickedUp">Something answered the client's channel: a person, a menu, music.</param>
/// <param name="Fallback">The dialplan's fallback served it.</param>
/// <param name="HangupSource">Channel name of the side that hung up; empty when nobody did.</param>
/// <param name="CutOff">The PBX died before its end: it lasted at least until then.</param>
public sealed record CelCall(string LinkedId, CallDirection Direction, string CallerNumber, string CallerName, bool? Withheld, string Dialled,
    DateTimeOffset StartedAt, DateTimeOffset EndedAt, bool AskedUs, bool PickedUp, bool Fallback, string HangupSource, int Cause, bool CutOff, ImmutableArray<CelLeg> Legs)
{
    /// <param name="isTrunk">Whether the outside world is behind this device.</param>
    /// <returns>Null when nobody real took part (Local channels only), when it is but a listener's channel, or its beginning was not read.</returns>
    public static CelCall? Read(CelStory story, Func<string, bool> isTrunk)
    {
        var legs = CelLegs.Read(story.Rows, isTrunk);
        // A supervisor who listened had no call of their own; nor has a phone that was tried.
        if (legs.Length == 0 || story.Rows.Any(r => ListenDesk.IsListener(r.UniqueId) || PhoneTests.IsChannel(r.UniqueId)))
            return null;
        var root = story.Rows.FirstOrDefault(r => r.Event == "CHAN_START");
        var first = root ?? story.Rows[0];
        var isInbound = root is not null && isTrunk(ChannelNames.Device(root.Channel));
        var mark = story.Rows.FirstOrDefault(r => r.Event == CelRow.CallMark);
        var (withheld, dialled) = Mark(mark);
        var client = legs.FirstOrDefault(l => l.IsClient) ?? legs[0];
        var caller = mark ?? first;
        var hangUp = story.Rows.LastOrDefault(r => r.Event == "HANGUP" && r.UniqueId == client.UniqueId);
        return new CelCall(first.LinkedId,
            isInbound ? CallDirection.Inbound : legs.Any(l => l.IsClient) ? CallDirection.Outbound : CallDirection.Internal,
            withheld == true ? "" : caller.CallerNumber, withheld == true ? "" : caller.CallerName, withheld,
            dialled.Length > 0 ? dialled : DialledOf(story.Rows, first), first.At, story.Rows.Max(r => r.At),
            mark is not null || story.Rows.Any(r => r.Context == "callcrm-route"),
            story.Rows.Any(r => r.Event == "ANSWER" && r.UniqueId == client.UniqueId),
            // A site's fallback may go on to any context of its own; who hung up on the way there was not served by it.
            story.Rows.Any(r => r.Context.StartsWith("callcrm-fallback", StringComparison.Ordinal))
                || (story.Rows.Any(r => r.Event == CelRow.FallbackMark) && hangUp?.Context != "callcrm-route"),
            hangUp?.ExtraField("hangupsource") ?? "", client.Cause, story.IsCutOff, legs);
    }

    /// <summary>The earliest moment at which anybody spoke with the other side.</summary>
    public DateTimeOffset? AnsweredAt => Legs.Where(l => !l.IsClient).Select(l => l.AnsweredAt).Min();

    /// <summary>Cut off: who was there at CEL's last word was there until then.</summary>
    public CelCall LastingUntil(DateTimeOffset end) => end <= EndedAt ? this : this with
    {
        EndedAt = end,
        Legs = [.. Legs.Select(l => l.EndedAt < EndedAt ? l : l with { EndedAt = end, Talk_ms = l.AnsweredAt is null ? 0 : l.Talk_ms + Span.Milliseconds(end - EndedAt) })],
    };

    /// <summary><c>allowed_not_screened:+39029475</c>, as CALLERID(num-pres) and the filtered digits.</summary>
    private static (bool? Withheld, string Dialled) Mark(CelRow? mark)
    {
        if (mark?.ExtraField("extra") is not { } text)
            return (null, "");
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var presentation = colon < 0 ? text : text[..colon];
        return (presentation.Length == 0 ? null : !presentation.StartsWith("allowed", StringComparison.Ordinal), colon < 0 ? "" : text[(colon + 1)..]);
    }

    /// <summary>A phone's channel begins at what was dialled; one made by Originate at <c>s</c>.</summary>
    private static string DialledOf(IReadOnlyList<CelRow> rows, CelRow first) =>
        rows.FirstOrDefault(r => r.UniqueId == first.UniqueId && r.Exten.Length > 0 && (char.IsAsciiDigit(r.Exten[0]) || r.Exten[0] is '+' or '*'))?.Exten ?? "";
}

/// <param name="AnsweredAt">When it first met the other side in a bridge; null when it never did.</param>
/// <param name="Talk_ms">In a bridge with the other side. CEL knows no hold, so hold is in it.</param>
/// <param name="Agent">Who held the extension of its device then; found by the shell.</param>
public sealed record CelLeg(string UniqueId, string ChannelName, string Device, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt,
    DateTimeOffset EndedAt, int Cause, int Talk_ms, Guid? Agent = null);

/// <summary>Who was in a bridge with whom, and for how long.</summary>
internal sealed class CelLegs
{
    private readonly Dictionary<string, Channel> _channels = new(StringComparer.Ordinal);
    private readonly List<Channel> _order = [];

    private sealed class Channel(CelRow first, bool isClient)
    {
        public CelRow First { get; } = first;

        public bool IsClient { get; } = isClient;

        /// <summary>Both halves of a Local channel have the same.</summary>
        public string? Local { get; } = first.Channel.StartsWith("Local/", StringComparison.Ordinal) ? first.Channel[..^2] : null;

        public string? Bridge { get; set; }

        public DateTimeOffset? Met { get; set; }

        public DateTimeOffset? TalksSince { get; set; }

        public TimeSpan Talk { get; set; }

        public DateTimeOffset Ended { get; set; } = first.At;

        public bool Over { get; set; }

        public int Cause { get; set; }
    }

    public static ImmutableArray<CelLeg> Read(IReadOnlyList<CelRow> rows, Func<string, bool> isTrunk)
    {
        var legs = new CelLegs();
        foreach (var row in rows)
            legs.Take(row, isTrunk);
        return
        [
            .. legs._order.Where(c => c.Local is null).Select(c => new CelLeg(c.First.UniqueId, c.First.Channel, ChannelNames.Device(c.First.Channel), c.IsClient,
                c.First.At, c.Met, c.Over ? c.Ended : rows[^1].At, c.Cause, Span.Milliseconds(c.Talk + (c.TalksSince is { } since ? rows[^1].At - since : TimeSpan.Zero)))),
        ];
    }

    private void Take(CelRow row, Func<string, bool> isTrunk)
    {
        if (!_channels.TryGetValue(row.UniqueId, out var channel))
        {
            if (row.Channel.Length == 0 || row.Event == "LINKEDID_END")
                return;
            _channels.Add(row.UniqueId, channel = new Channel(row, isTrunk(ChannelNames.Device(row.Channel))));
            _order.Add(channel);
        }

        switch (row.Event)
        {
            case "BRIDGE_ENTER":
                // In a parking lot or a waiting room nobody speaks.
                channel.Bridge = row.ExtraField("bridge_technology") == "holding_bridge" ? null : row.ExtraField("bridge_id");
                break;
            case "BRIDGE_EXIT":
                channel.Bridge = null;
                break;
            case "HANGUP":
                channel.Cause = int.TryParse(row.ExtraField("hangupcause"), NumberStyles.None, CultureInfo.InvariantCulture, out var cause) ? cause : 0;
                channel.Bridge = null;
                break;
            case "CHAN_END":
                (channel.Bridge, channel.Ended, channel.Over) = (null, row.At, true);
                break;
            default:
                return;
        }

        Book(row.At);
    }

    private void Book(DateTimeOffset at)
    {
        var hasClient = _order.Exists(c => c is { IsClient: true, Over: false });
        foreach (var channel in _order)
        {
            if (channel.Local is not null)
                continue;
            var talks = Rooms(channel) is { } rooms && _order.Exists(o => !ReferenceEquals(o, channel) && o.Local is null
                && o.Bridge is { } bridge && rooms.Contains(bridge) && (o.IsClient || channel.IsClient || !hasClient));
            if (talks && channel.TalksSince is null)
            {
                channel.TalksSince = at;
                channel.Met ??= at;
            }
            else if (!talks && channel.TalksSince is { } since)
            {
                channel.Talk += at - since;
                channel.TalksSince = null;
            }
        }
    }

    /// <summary>The bridge of a channel, with those that Local channels join to it.</summary>
    private HashSet<string>? Rooms(Channel channel)
    {
        if (channel.Bridge is not { } own)
            return null;
        var rooms = new HashSet<string>(StringComparer.Ordinal) { own };
        for (var grew = true; grew;)
        {
            grew = false;
            foreach (var half in _order)
            {
                if (half.Local is null || half.Bridge is null || !rooms.Contains(half.Bridge))
                    continue;
                var other = _order.Find(o => !ReferenceEquals(o, half) && o.Local == half.Local);
                grew |= other?.Bridge is { } room && rooms.Add(room);
            }
        }

        return rooms;
    }
}
