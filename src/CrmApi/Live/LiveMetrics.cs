using System.Diagnostics.Metrics;

namespace CallCrm.CrmApi.Live;

/// <summary>Figures of the feed, meter <c>CallCrm.CrmApi</c>.</summary>
internal sealed class LiveMetrics
{
    readonly Histogram<double> lag;
    readonly Histogram<double> pop;
    readonly Histogram<double> dress;
    readonly Counter<long> failures;
    readonly Counter<long> popsSeen;

    public LiveMetrics(IMeterFactory meters, FeedConnections pages)
    {
        var meter = meters.Create("CallCrm.CrmApi");
        meter.CreateObservableGauge("callcrm_pages", () => pages.Count, description: "Pages connected to the live feed");
        lag = meter.CreateHistogram<double>("callcrm_feed_lag_seconds", "s", "From the journal entry's time to its leaving for the pages");
        dress = meter.CreateHistogram<double>("callcrm_feed_read_seconds", "s", "Reading cards for a batch");
        pop = meter.CreateHistogram<double>("callcrm_pop_seen_seconds", "s", "From the offer to the page's word that the pop is painted (or applied, in a hidden tab)");
        popsSeen = meter.CreateCounter<long>("callcrm_pops_seen", description: "Pops that a page has seen, by painted");
        failures = meter.CreateCounter<long>("callcrm_feed_failures", description: "Failures of the feed's reader, by what");
    }

    public void Sent(TimeSpan since) => lag.Record(Math.Max(0, since.TotalSeconds));

    public void Dressed(TimeSpan took) => dress.Record(took.TotalSeconds);

    public void Failed(string what) => failures.Add(1, new KeyValuePair<string, object?>("what", what));

    public void PopSeen(bool painted, TimeSpan since)
    {
        var tag = new KeyValuePair<string, object?>("painted", painted);
        popsSeen.Add(1, tag);
        pop.Record(Math.Max(0, since.TotalSeconds), tag);
    }
}
