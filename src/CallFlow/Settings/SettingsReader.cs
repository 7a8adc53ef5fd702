using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using CallCrm.Engine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>What routing is set up with: queues, agents, extensions and numbers from the database, PBXs and time limits from the configuration.</summary>
public sealed partial class SettingsReader(RouterDatabase database, IConfiguration configuration, TimeProvider time, ILogger<SettingsReader> log)
{
    /// <summary>Whoever changes settings raises settings_version in the same transaction and sends this NOTIFY after it.</summary>
    public const string Channel = "callcrm_settings";

    static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    /// <summary>Opening hours are worked out for 15 days; long before they run out they are worked out anew.</summary>
    static readonly TimeSpan RenewEvery = TimeSpan.FromHours(24);

    /// <summary>All settings of one moment. Version 0 when the domain has none yet. Bad rows are logged by name and get safe defaults.</summary>
    public async Task<EngineSettings> LoadAsync(string domain, CancellationToken ct)
    {
        var rows = await SettingsRows.ReadAsync(database.Source, domain, ct);
        return SettingsBuilder.Build(domain, rows, Pbxs(rows), Options(), time.GetUtcNow(), BadSetting);
    }

    /// <summary>The settings as they are, then each newer version, and once a day the same with new opening hours.</summary>
    public async IAsyncEnumerable<EngineSettings> WatchAsync(string domain, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var listener = new Listener(database.Source, Channel, time);
        long? known = null;
        var renewed = time.GetTimestamp();
        while (true)
        {
            EngineSettings? settings = null;
            try
            {
                await listener.OpenAsync(ct);
                if (known is null || time.GetElapsedTime(renewed) >= RenewEvery || await VersionAsync(domain, ct) != known) settings = await LoadAsync(domain, ct);
            }
            catch (Exception e) when (DatabaseAway.MayPass(e))
            {
                ReadFailed(e.Message);
            }

            if (settings is not null)
            {
                known = settings.Version;
                renewed = time.GetTimestamp();
                yield return settings;
            }

            await listener.WaitAsync(PollEvery, ct);
        }
    }

    /// <summary>For whoever changes settings, in their transaction.</summary>
    public static async Task RaiseVersionAsync(NpgsqlTransaction transaction, string domain, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "insert into settings_version (domain) values ($1) on conflict (domain) do update set version = settings_version.version + 1", transaction.Connection, transaction)
        {
            Parameters = { new() { Value = domain } },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    async Task<long> VersionAsync(string domain, CancellationToken ct)
    {
        await using var command = database.Source.CreateCommand("select version from settings_version where domain = $1");
        command.Parameters.AddWithValue(domain);
        return await command.ExecuteScalarAsync(ct) as long? ?? 0;
    }

    ImmutableArray<PbxSettings> Pbxs(SettingsRows rows)
    {
        var found = ImmutableArray.CreateBuilder<PbxSettings>();
        foreach (var pbx in configuration.GetSection("Pbx").GetChildren())
        {
            var trunks = pbx.GetSection("TrunkEndpoints").GetChildren().Select(t => t.Value ?? "").Where(t => t.Length > 0);
            found.Add(new PbxSettings(pbx["Node"] ?? "", [.. trunks.Select(t => t.Contains('/', StringComparison.Ordinal) ? t : "PJSIP/" + t)], DefaultQueue(pbx, rows)));
        }

        return found.ToImmutable();
    }

    Guid? DefaultQueue(IConfigurationSection pbx, SettingsRows rows)
    {
        if (pbx["DefaultQueue"] is not { Length: > 0 } wanted) return null;
        if (rows.Queues.Find(q => q.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase) || q.Id.ToString().Equals(wanted, StringComparison.OrdinalIgnoreCase)) is { } queue) return queue.Id;
        BadSetting($"{pbx.Path}:DefaultQueue: there is no queue '{wanted}'; numbers that no row names go to the dialplan's fallback");
        return null;
    }

    EngineOptions Options()
    {
        var options = new EngineOptions { ReadyWithoutPhone = configuration.GetValue("Router:ReadyWithoutPhone", defaultValue: false) };
        if (configuration.GetValue<TimeSpan?>("Router:LookupTimeout") is { } limit && limit > TimeSpan.Zero)
            options = options with { LookupTimeout = limit };
        if (configuration.GetValue<TimeSpan?>("Router:SeatAnswerWithin") is { } answer && answer > TimeSpan.Zero)
            options = options with { SeatAnswerWithin = answer };
        return options;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Setting not usable: {Problem}")]
    partial void BadSetting(string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Settings cannot be read just now: {Reason}")]
    partial void ReadFailed(string reason);
}
