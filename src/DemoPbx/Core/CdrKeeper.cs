using System.Globalization;
using CallCrm.DemoPbx.Ami;

namespace CallCrm.DemoPbx.Core;

/// <summary>
/// The call detail records of one channel: one a dialled leg, and one more when the call went on after the last dialled leg.
/// All are told when the channel ends, as cdr_manager does.
/// </summary>
internal sealed class CdrKeeper(Exchange exchange, PbxChannel channel)
{
    private readonly List<Entry> _entries = [];
    private Entry _open = new(exchange.Time.GetUtcNow());

    /// <summary>A leg is dialled: it belongs to the open record, unless that already has one.</summary>
    public void Dialled(PbxChannel leg, string data)
    {
        if (_open.Destination.Length > 0)
        {
            Close();
        }

        (_open.Destination, _open.Application, _open.Data) = (leg.Name, "Dial", data);
    }

    /// <summary>The dialled leg ended without an answer.</summary>
    public void NotAnswered(string disposition) => (_open.Disposition, _open.LegDone) = (disposition, true);

    /// <summary>The dialplan goes on after a leg that was not answered, or was redirected away from one.</summary>
    public void GoesOn()
    {
        if (_open.LegDone)
        {
            var disposition = _open.Disposition;
            Close();
            _open.Disposition = disposition;
        }
    }

    /// <summary>The bridge with the dialled leg is over, the channel lives on.</summary>
    public void LegLeft() => _open.LegDone = true;

    /// <param name="cancelled">The caller gave up before the answer, which is NO ANSWER and not FAILED (trace 23).</param>
    public void TellAll(bool cancelled)
    {
        if (cancelled && _open.Disposition.Length == 0)
        {
            _open.Disposition = "NO ANSWER";
        }

        Close();
        foreach (var entry in _entries)
        {
            exchange.Events.Emit(AmiClasses.Cdr, "Cdr", t => Write(t, entry));
        }

        _entries.Clear();
    }

    private void Close()
    {
        _open.End = exchange.Time.GetUtcNow();
        if (_open.Application.Length == 0)
        {
            (_open.Application, _open.Data) = (channel.Application, channel.ApplicationData);
        }

        _open.Answered = channel.State == ChannelState.Up ? Latest(channel.AnsweredAt, _open.Start) : null;
        _entries.Add(_open);
        _open = new Entry(exchange.Time.GetUtcNow());
    }

    private static DateTimeOffset? Latest(DateTimeOffset? answered, DateTimeOffset start) => answered > start ? answered : start;

    private void Write(AmiText text, Entry entry)
    {
        var disposition = entry.Answered is not null ? "ANSWERED" : entry.Disposition.Length > 0 ? entry.Disposition : "FAILED";
        text.Line("AccountCode", "")
            .Line("Source", channel.CallerNumber)
            .Line("Destination", channel.Dnid.Length > 0 ? channel.Dnid : channel.Exten)
            .Line("DestinationContext", channel.Context)
            .Line("CallerID", $"\"{channel.CallerName}\" <{channel.CallerNumber}>")
            .Line("Channel", channel.Name)
            .Line("DestinationChannel", entry.Destination)
            .Line("LastApplication", entry.Application)
            .Line("LastData", entry.Data)
            .Line("StartTime", Time(entry.Start))
            .Line("AnswerTime", entry.Answered is { } answered ? Time(answered) : "")
            .Line("EndTime", Time(entry.End))
            .Line("Duration", Seconds(entry.End - entry.Start))
            .Line("BillableSeconds", entry.Answered is { } from ? Seconds(entry.End - from) : 0)
            .Line("Disposition", disposition)
            .Line("AMAFlags", "DOCUMENTATION")
            .Line("UniqueID", channel.Uniqueid)
            .Line("UserField", "");
    }

    private static long Seconds(TimeSpan span) => (long)span.TotalSeconds;

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private sealed class Entry(DateTimeOffset start)
    {
        public DateTimeOffset Start { get; } = start;

        public DateTimeOffset End { get; set; }

        public DateTimeOffset? Answered { get; set; }

        public string Destination { get; set; } = "";

        public string Application { get; set; } = "";

        public string Data { get; set; } = "";

        public string Disposition { get; set; } = "";

        public bool LegDone { get; set; }
    }
}
