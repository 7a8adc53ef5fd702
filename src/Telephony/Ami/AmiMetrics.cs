using System.Diagnostics.Metrics;

namespace CallCrm.Telephony.Ami;

/// <summary>Counters of one client; all carry the tag <c>node</c>.</summary>
sealed class AmiMetrics(string node)
{
    static readonly Meter s_meter = new("CallCrm.Telephony.Ami");
    static readonly Counter<long> s_bytes = s_meter.CreateCounter<long>("callcrm_ami_received_bytes", "By");
    static readonly Counter<long> s_messages = s_meter.CreateCounter<long>("callcrm_ami_messages");
    static readonly Counter<long> s_skipped = s_meter.CreateCounter<long>("callcrm_ami_events_skipped");
    static readonly Counter<long> s_malformed = s_meter.CreateCounter<long>("callcrm_ami_malformed");
    static readonly Counter<long> s_overflowed = s_meter.CreateCounter<long>("callcrm_ami_events_dropped");
    static readonly Counter<long> s_orphans = s_meter.CreateCounter<long>("callcrm_ami_orphan_replies");
    static readonly Counter<long> s_lost = s_meter.CreateCounter<long>("callcrm_ami_connections_lost");
    static readonly Counter<long> s_handlerErrors = s_meter.CreateCounter<long>("callcrm_ami_handler_errors");
    static readonly Histogram<double> s_action = s_meter.CreateHistogram<double>("callcrm_ami_action_ms", "ms");

    readonly KeyValuePair<string, object?> _node = new("node", node);

    public void Read(long bytes, long messages, long skipped)
    {
        s_bytes.Add(bytes, _node);
        s_messages.Add(messages, _node);
        if (skipped > 0)
            s_skipped.Add(skipped, _node);
    }

    public void Malformed(string what) => s_malformed.Add(1, _node, new("what", what));

    public void Dropped(int events) => s_overflowed.Add(events, _node);

    public void Orphan() => s_orphans.Add(1, _node);

    public void Lost(AmiLostReason reason) => s_lost.Add(1, _node, new("reason", reason.ToString()));

    public void HandlerError() => s_handlerErrors.Add(1, _node);

    public void Action(string name, AmiOutcome outcome, TimeSpan took) =>
        s_action.Record(took.TotalMilliseconds, _node, new("action", name), new("outcome", outcome.ToString()));
}
