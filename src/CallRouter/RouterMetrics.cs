using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>What the router tells the meters; each latency of the data's way is a histogram.</summary>
static class RouterMetrics
{
    static readonly Meter Meter = new("CallCrm.Router");

    public static readonly Histogram<double> LookupSeconds = Meter.CreateHistogram<double>("callcrm_lookup_seconds", "s", "Identifying a caller, until the engine has the answer.");
    public static readonly Histogram<double> CommitSeconds = Meter.CreateHistogram<double>("callcrm_journal_commit_seconds", "s", "Journal batch until it is safe.");
    public static readonly Histogram<double> RouteSeconds = Meter.CreateHistogram<double>("callcrm_route_seconds", "s", "FastAGI request until the answer is on its way, the wait for the page included.");
    public static readonly Histogram<double> PopSeconds = Meter.CreateHistogram<double>("callcrm_pop_seconds", "s", "Offer committed until its pop was painted.");
    public static readonly Counter<long> PopsSeen = Meter.CreateCounter<long>("callcrm_pops_seen", description: "Pops painted before the phone was let ring.");
    public static readonly Counter<long> PopsLate = Meter.CreateCounter<long>("callcrm_pops_late", description: "Offers whose pop was not painted within PopLead.");
    public static readonly Counter<long> Inputs = Meter.CreateCounter<long>("callcrm_engine_inputs", description: "Inputs handled by the engine.");
    public static readonly Counter<long> Reports = Meter.CreateCounter<long>("callcrm_engine_reports", description: "Inputs that made no sense, by code.");
    public static readonly Counter<long> Breaches = Meter.CreateCounter<long>("callcrm_invariant_breaches", description: "Things that must always hold and did not, by code; each was mended and logged.");
    public static readonly Counter<long> Fallbacks = Meter.CreateCounter<long>("callcrm_route_fallbacks", description: "Requests left to the dialplan's fallback, by reason.");
    public static readonly Counter<long> FlightLost = Meter.CreateCounter<long>("callcrm_flight_lost_inputs", description: "Inputs that the flight recorder could not keep: slow or full disk.");
    public static readonly Counter<long> FlightBytes = Meter.CreateCounter<long>("callcrm_flight_bytes", "By", "Written by the flight recorder.");
    public static readonly Counter<long> Resyncs = Meter.CreateCounter<long>("callcrm_pbx_resyncs", description: "Snapshots taken after a connection or an overflow.");
    public static readonly Histogram<double> ResyncSeconds = Meter.CreateHistogram<double>("callcrm_pbx_resync_seconds", "s", "From a login, or a loss of events, until what the snapshot led to is safe: the state is the PBX's again.");
    public static readonly Histogram<double> EventDelaySeconds = Meter.CreateHistogram<double>("callcrm_pbx_event_delay_seconds", "s", "From the PBX's timestamp of an event until it was read, less the shortest such way seen lately.");

    static readonly ConcurrentDictionary<string, double> s_offsets = new(StringComparer.Ordinal);

    public static readonly ObservableGauge<double> ClockOffsetSeconds = Meter.CreateObservableGauge("callcrm_pbx_clock_offset_seconds",
        () => s_offsets.Select(o => new Measurement<double>(o.Value, new KeyValuePair<string, object?>("node", o.Key))), "s", "Host's clock minus the PBX's.");

    static readonly ConcurrentDictionary<string, PbxModelCounters> s_models = new(StringComparer.Ordinal);

    public static readonly ObservableCounter<long> EventsIgnored = Meter.CreateObservableCounter("callcrm_pbx_events_ignored",
        () => s_models.SelectMany(m => Ignored(m.Key, m.Value)), description: "Events of a PBX that changed nothing because they did not fit what is known of it, by reason.");

    public static readonly ObservableCounter<long> LegsEvicted = Meter.CreateObservableCounter("callcrm_pbx_legs_evicted",
        () => s_models.Select(m => new Measurement<long>(m.Value.Evicted, Node(m.Key))), description: "Channels given up because there were too many: their end must have been lost.");

    public static readonly Counter<long> ClockSteps = Meter.CreateCounter<long>("callcrm_clock_steps", description: "Times this machine's clock was set by more than two seconds while the router worked.");

    public static readonly Counter<long> LookupsRemembered = Meter.CreateCounter<long>("callcrm_lookups_remembered", description: "Callers identified from memory because the database was slow or away.");
    public static readonly Counter<long> CelCalls = Meter.CreateCounter<long>("callcrm_cel_calls", description: "Calls corrected or added from the PBX's CEL file.");
    public static readonly Counter<long> CelBadLines = Meter.CreateCounter<long>("callcrm_cel_bad_lines", description: "Lines of a CEL file that could not be read.");
    public static readonly Counter<long> CelDropped = Meter.CreateCounter<long>("callcrm_cel_dropped", description: "Calls of a CEL file given up because their end never came.");
    public static readonly Counter<long> CelFailures = Meter.CreateCounter<long>("callcrm_cel_failures", description: "Looks at a CEL file that failed: file or database away.");

    /// <summary>What became of a PBX's events since this session began.</summary>
    public static void Read(string node, PbxModelCounters counters) => s_models[node] = counters;

    static IEnumerable<Measurement<long>> Ignored(string node, PbxModelCounters counters) =>
    [
        new(counters.UnknownLeg, Node(node), Reason("unknown_leg")), new(counters.AfterEnd, Node(node), Reason("after_end")),
        new(counters.Repeated, Node(node), Reason("repeated")), new(counters.Malformed, Node(node), Reason("malformed")),
    ];

    static KeyValuePair<string, object?> Node(string node) => new("node", node);

    static KeyValuePair<string, object?> Reason(string reason) => new("reason", reason);

    public static void Heard(string node, TimeSpan offset, TimeSpan delay)
    {
        s_offsets[node] = offset.TotalSeconds;
        EventDelaySeconds.Record(delay.TotalSeconds, new KeyValuePair<string, object?>("node", node));
    }

    /// <summary>1 while it is so.</summary>
    public static void ShowJournal(Func<bool> isSpilling, Func<bool> isAtRisk)
    {
        Meter.CreateObservableGauge("callcrm_journal_spilling", () => isSpilling() ? 1 : 0, description: "1 while entries go to the spill because the database is slow or away.");
        Meter.CreateObservableGauge("callcrm_journal_at_risk", () => isAtRisk() ? 1 : 0, description: "1 while entries are in memory alone because the spill's disk takes none either.");
    }
}
