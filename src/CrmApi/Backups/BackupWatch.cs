using System.Diagnostics.Metrics;
using CallCrm.CallFlow;
using CallCrm.CallFlow.Backup;
using CallCrm.Contracts;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Backups;

/// <summary>
/// How old the last good backup is: metric <c>callcrm_backup_age_seconds</c>, a warning in the log when it becomes too old, and what administrators' pages ask for.
/// Before the first backup the age is counted from the site's first start.
/// </summary>
internal sealed partial class BackupWatch : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    readonly NpgsqlDataSource _database;
    readonly IOptions<BackupOptions> _options;
    readonly TimeProvider _time;
    readonly ILogger<BackupWatch> _log;
    readonly string _dataFolder;
    DateTimeOffset? _begun;
    bool _told;

    public BackupWatch(NpgsqlDataSource database, IConfiguration configuration, IOptions<BackupOptions> options, IMeterFactory meters, TimeProvider time, ILogger<BackupWatch> log)
    {
        (_database, _options, _time, _log, _dataFolder) = (database, options, time, log, DataFolder.From(configuration));
        meters.Create("CallCrm.CrmApi").CreateObservableGauge("callcrm_backup_age_seconds", Measure, "s", "Since the moment whose data the last good backup holds; without one, since the first start");
    }

    public BackupView Now()
    {
        var last = LastBackup.Read(_dataFolder)?.At;
        var limit = _options.Value.WarnAfter;
        var since = last ?? _begun;
        return new BackupView(last, limit > TimeSpan.Zero && since is { } from && _time.GetUtcNow() - from > limit);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await LookAsync(stoppingToken);
            await Task.Delay(Every, _time, stoppingToken);
        }
    }

    internal async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            _begun ??= await FirstStartAsync(cancel);
        }
        catch (NpgsqlException)
        {
            // The next round.
        }

        var now = Now();
        if (now.Late && !_told) LogLate(now.LastAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture) ?? "never made", _options.Value.WarnAfter);
        _told = now.Late;
    }

    /// <summary>When the first migration was run. DbUp notes the database's own time without a zone.</summary>
    async Task<DateTimeOffset?> FirstStartAsync(CancellationToken cancel)
    {
        await using var connection = await _database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition("select min(applied)::timestamptz from schema_version", cancellationToken: cancel));
    }

    IEnumerable<Measurement<double>> Measure() =>
        (LastBackup.Read(_dataFolder)?.At ?? _begun) is { } since ? [new Measurement<double>(Math.Max(0, (_time.GetUtcNow() - since).TotalSeconds))] : [];

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last backup ({Last}) is older than {Limit}: run ./callcrm backup DIR, or see why its timer did not")]
    private partial void LogLate(string last, TimeSpan limit);
}
