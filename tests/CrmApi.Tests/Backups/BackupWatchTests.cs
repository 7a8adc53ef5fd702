using System.Diagnostics.Metrics;
using CallCrm.CallFlow.Backup;
using CallCrm.Contracts;
using CallCrm.CrmApi.Backups;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Backups;

/// <summary>How old the last backup is: what administrators and meters are told.</summary>
public sealed class BackupWatchTests(ApiHost host) : IClassFixture<ApiHost>
{
    sealed class KeptWarnings : ILogger<BackupWatch>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Warnings.Add(formatter(state, exception));
    }

    readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    readonly KeptWarnings log = new();

    string DataFolder => Path.GetDirectoryName(host.RecordingFolder)!;

    BackupWatch Watch(TimeSpan warnAfter) => new(host.Services.GetRequiredService<NpgsqlDataSource>(), host.Services.GetRequiredService<IConfiguration>(),
        Options.Create(new BackupOptions { WarnAfter = warnAfter }), host.Services.GetRequiredService<IMeterFactory>(), time, log);

    void Made(DateTimeOffset at) => File.WriteAllText(Path.Combine(DataFolder, "last-backup.json"), $$"""{"at":"{{at:O}}","folder":"/backups/callcrm-x"}""");

    [PostgresFact]
    public async Task A_backup_that_is_too_old_is_told_once_and_no_more_after_the_next_one()
    {
        Made(time.GetUtcNow().AddHours(-25));
        using var watch = Watch(TimeSpan.FromHours(26));
        await watch.LookAsync(default);
        watch.Now().Late.Should().BeFalse();
        time.Advance(TimeSpan.FromHours(2));
        await watch.LookAsync(default);
        await watch.LookAsync(default);
        watch.Now().Should().Be(new BackupView(time.GetUtcNow().AddHours(-27), true));
        log.Warnings.Should().ContainSingle().Which.Should().Contain("is older than 1.02:00:00");
        Made(time.GetUtcNow());
        await watch.LookAsync(default);
        watch.Now().Late.Should().BeFalse();
    }

    [PostgresFact]
    public async Task Without_any_backup_the_age_counts_from_the_first_start_and_0_warns_never()
    {
        File.Delete(Path.Combine(DataFolder, "last-backup.json"));
        using var watch = Watch(TimeSpan.FromHours(26));
        await watch.LookAsync(default);
        watch.Now().Should().Be(new BackupView(null, false), "the site is young");
        time.Advance(TimeSpan.FromHours(48));
        await watch.LookAsync(default);
        watch.Now().Should().Be(new BackupView(null, true));
        log.Warnings.Should().ContainSingle().Which.Should().Contain("never made");

        using var off = Watch(TimeSpan.Zero);
        await off.LookAsync(default);
        off.Now().Late.Should().BeFalse();
        log.Warnings.Should().HaveCount(1);
    }

    [PostgresFact]
    public async Task Administrators_and_meters_get_it()
    {
        Made(time.GetUtcNow().AddDays(-3));
        await using var ada = await host.SignInAsync("ada");
        var view = await ada.GetAsync("api/admin/backup", ContractsJson.Default.BackupView);
        view.Late.Should().BeTrue("the default is 26 hours");
        view.LastAt.Should().BeCloseTo(time.GetUtcNow().AddDays(-3), TimeSpan.FromSeconds(1));

        var ages = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "callcrm_backup_age_seconds") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => ages.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        ages.Should().Contain(a => a > 3 * 86_400 - 60 && a < 3 * 86_400 + 600);
    }
}
