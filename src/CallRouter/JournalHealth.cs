using CallCrm.CallFlow;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CallCrm.CallRouter;

/// <summary>The journal of the domain this router holds: degraded while its entries are on disk or in memory instead of the database.</summary>
sealed class JournalHealth : IHealthCheck
{
    volatile JournalWriter? _journal;

    public JournalHealth() => RouterMetrics.ShowJournal(() => _journal is { IsSpilling: true }, () => _journal is { IsAtRisk: true });

    /// <summary>Null: the domain is not held.</summary>
    public void Watch(JournalWriter? journal) => _journal = journal;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(_journal switch
    {
        { IsAtRisk: true } => HealthCheckResult.Degraded("Neither the database nor the spill's disk takes entries; they are in memory alone."),
        { IsSpilling: true } => HealthCheckResult.Degraded("The database is slow or away; entries go to the spill."),
        _ => HealthCheckResult.Healthy(),
    });
}
