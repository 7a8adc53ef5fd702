using System.Diagnostics.Metrics;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.Recorder.Intake;

/// <summary>
/// Recordings that belong to nobody: their (node, unique id) is still no leg of any call when the time limits are over. Metric
/// <c>callcrm_recordings_orphaned</c>, meter <c>CallCrm.Recorder</c>; must stay 0.
/// </summary>
internal sealed partial class RecordingOrphans
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private readonly NpgsqlDataSource _database;
    private readonly IOptions<RecorderOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RecordingOrphans> _log;
    private DateTimeOffset _next;
    private long _count;

    public RecordingOrphans(NpgsqlDataSource database, IOptions<RecorderOptions> options, TimeProvider time, IMeterFactory meters, ILogger<RecordingOrphans> log)
    {
        (_database, _options, _time, _log) = (database, options, time, log);
        meters.Create("CallCrm.Recorder").CreateObservableGauge("callcrm_recordings_orphaned", () => Interlocked.Read(ref _count),
            description: "Recordings whose channel is a leg of no call, after the time limits");
    }

    public async Task LookAsync(CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        if (now < _next) return;
        _next = now + Interval;
        await using var connection = await _database.OpenConnectionAsync(ct);
        // A leg may be journaled late (PostgreSQL was away) or come from CEL after a restart: until then it is only young.
        var found = (await connection.QueryAsync<string>(new CommandDefinition(
            """
            select r.node || '-' || r.pbx_unique_id from recording r
            where r.call_id is null and r.created_at < @limit
              and not exists (select from call_leg l where l.node = r.node and l.unique_id = r.pbx_unique_id)
            order by r.created_at desc
            """,
            new { limit = (now - _options.Value.MissingAfter).UtcDateTime }, cancellationToken: ct))).AsList();
        if (found.Count > Interlocked.Exchange(ref _count, found.Count)) LogOrphaned(found.Count, string.Join(", ", found.Take(5)));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} recordings belong to no call, the newest: {Keys}")]
    private partial void LogOrphaned(int count, string keys);
}
