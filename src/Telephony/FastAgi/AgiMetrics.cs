using System.Diagnostics.Metrics;

namespace CallCrm.Telephony.FastAgi;

/// <summary>Counters of all FastAGI servers of this process.</summary>
static class AgiMetrics
{
    static readonly Meter s_meter = new("CallCrm.Telephony.FastAgi");

    /// <summary>Sessions open now.</summary>
    public static readonly UpDownCounter<int> Open = s_meter.CreateUpDownCounter<int>("callcrm_agi_sessions");

    /// <summary>Connections closed before their environment was read: <c>peer</c> or <c>full</c>.</summary>
    public static readonly Counter<long> Refused = s_meter.CreateCounter<long>("callcrm_agi_refused");

    /// <summary>Sessions that did not go as they should: <c>stalled</c>, <c>too_long</c>, <c>not_agi</c>, <c>flood</c>,
    /// <c>handler</c>, <c>command_timeout</c>, <c>accept</c>.</summary>
    public static readonly Counter<long> Failed = s_meter.CreateCounter<long>("callcrm_agi_failed");

    /// <summary>From accept to close.</summary>
    public static readonly Histogram<double> Duration = s_meter.CreateHistogram<double>("callcrm_agi_session_ms", "ms");

    public static void Refuse(string reason) => Refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public static void Fail(string reason) => Failed.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
