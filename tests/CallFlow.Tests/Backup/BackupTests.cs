using System.Runtime.Versioning;
using CallCrm.CallFlow.Backup;
using CallCrm.TestKit;
using FluentAssertions.Execution;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CallCrm.CallFlow.Tests.Backup;

/// <summary>Making backups: consistent while calls go on, whole or not there, private, small the second time.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "Slow")]
public sealed class BackupTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task A_backup_made_while_calls_are_written_comes_back_whole_on_an_empty_machine()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        using var enough = new CancellationTokenSource();
        var writing = WriteCallsAsync(site, enough.Token);
        var recording = RecordCallsAsync(site, enough.Token);
        await UntilAsync(async () => await site.ScalarAsync<long>("select count(*) from journal") > 50);

        var made = await site.BackUpAsync();
        await enough.CancelAsync();
        var written = await writing;
        await recording;
        await using var before = new NpgsqlConnection(site.ConnectionString);
        await before.OpenAsync();
        var source = await SiteDatabase.ListAsync(before, "select seq || ' ' || kind || ' ' || body::text from journal order by seq", default);
        source.Should().HaveCount((int)written).And.HaveCountGreaterThan((int)made.Manifest.Rows["journal"], "it went on during the backup, else this shows nothing");

        var result = await target.RestoreAsync(made.Folder);

        result.Newer.Should().BeEmpty();
        result.Aside.Should().ContainSingle("the new machine's own configuration").Which.Should().Contain("settings.replaced-");
        await using var database = await target.OpenAsync();
        await using var after = await database.ConnectAsync(default);
        var restored = await SiteDatabase.ListAsync(after, "select seq || ' ' || kind || ' ' || body::text from journal order by seq", default);
        restored.Should().HaveCountGreaterThan(50).And.Equal(source.Take(restored.Count), "the journal has no gap and no half call batch");
        foreach (var table in new[] { "client", "domain", "schema_version", "settings_version" })
            (await HashAsync(after, table)).Should().Be(await HashAsync(before, table), table);
        var paths = await SiteDatabase.ListAsync(after, "select path from recording order by created_at", default);
        paths.Should().HaveCountGreaterThan(3);
        foreach (var path in paths)
            File.ReadAllBytes(Path.Combine(target.Recordings, path)).Should().Equal(File.ReadAllBytes(Path.Combine(site.Recordings, path)), path);
        Directory.GetFiles(target.Recordings, "*.opus", SearchOption.AllDirectories).Should().HaveCount(paths.Count, "nothing that no row names");
        File.ReadAllText(target.Key).Should().Be(File.ReadAllText(site.Key));
        File.ReadAllText(target.ConfigFile).Should().Contain("milan-1");
        File.ReadAllText(Path.Combine(target.ScriptsFolder, "new-caller.yaml")).Should().Be("id: new-caller");
        File.ReadAllText(Path.Combine(target.Data, "script-versions", "v1.yaml")).Should().Be("id: old");
        LastBackup.Read(target.Data).Should().Be(new LastBackup(made.Manifest.At, made.Folder));
        LastBackup.Read(site.Data).Should().Be(new LastBackup(made.Manifest.At, made.Folder));
    }

    [PostgresFact]
    public async Task Nobody_else_can_read_it()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var made = await site.BackUpAsync();
        using var all = new AssertionScope();
        foreach (var folder in Directory.GetDirectories(site.Backups, "*", SearchOption.AllDirectories).Append(site.Backups))
            File.GetUnixFileMode(folder).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, folder);
        foreach (var file in Directory.GetFiles(site.Backups, "*", SearchOption.AllDirectories))
            File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
        Directory.GetFiles(made.Folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(made.Folder, f)).Should()
            .Contain(["database.dump", "manifest.json", "manifest.sha256", "recordings.list", "config/callcrm.json", "keys/master.key"]).And.NotContain("recordings.wanted");
    }

    [PostgresFact]
    public async Task The_second_time_only_what_is_new_is_copied_and_old_ones_go()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 28, 2, 0, 0, TimeSpan.Zero));
        var first = await site.BackUpAsync(time: time);
        first.New.Should().Be(3);
        Path.GetFileName(first.Folder).Should().Be("callcrm-20261128T020000Z");
        await site.RecordAsync(7);
        var changed = Path.Combine(site.Recordings, TestSite.PathOf(1));
        await File.WriteAllBytesAsync(changed, [1, 2, 3]);

        time.Advance(TimeSpan.FromDays(1));
        var second = await site.BackUpAsync(time: time);
        second.New.Should().Be(2);
        second.Manifest.Recordings.Files.Should().Be(4);
        (await LinksAsync(Path.Combine(second.Folder, "recordings", TestSite.PathOf(0)))).Should().Be("2", "an unchanged recording takes no room again");
        File.ReadAllBytes(Path.Combine(second.Folder, "recordings", TestSite.PathOf(1))).Should().Equal(1, 2, 3);
        File.ReadAllBytes(Path.Combine(first.Folder, "recordings", TestSite.PathOf(1))).Should().Equal(TestSite.Sound(1), "the first one is as it was");

        time.Advance(TimeSpan.FromDays(1));
        var third = await site.BackUpAsync(keep: 2, time: time);
        (third.New, third.Kept, third.Removed).Should().Be((0, 2, 1));
        Directory.GetDirectories(site.Backups).Should().BeEquivalentTo(second.Folder, third.Folder);
        await RestoreRun.CheckAsync(second.Folder, default);
        await RestoreRun.CheckAsync(third.Folder, default);
    }

    [PostgresFact]
    public async Task A_damaged_backup_before_is_not_built_upon()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var first = await site.BackUpAsync();
        await File.AppendAllTextAsync(Path.Combine(first.Folder, "manifest.json"), " ");
        var second = await site.BackUpAsync();
        second.New.Should().Be(3);
        await RestoreRun.CheckAsync(second.Folder, default);
    }

    [PostgresFact]
    public async Task A_recording_that_is_gone_is_named_and_the_rest_is_saved()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        File.Delete(Path.Combine(site.Recordings, TestSite.PathOf(2)));
        var (code, output, _) = await CommandAsync(site, "backup", site.Backups);
        code.Should().Be(0);
        output.Should().Contain("WARNING: 1 recordings").And.Contain(TestSite.PathOf(2)).And.Contain("callcrm backup: OK ").And.Contain("2 recordings (2 new");
    }

    [PostgresFact]
    public async Task A_data_folder_without_room_makes_no_failure_of_a_backup_that_is_whole()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        // Nothing can be written in its place.
        Directory.CreateDirectory(Path.Combine(site.Data, "last-backup.json", "in the way"));
        var made = await site.BackUpAsync();
        made.Unmarked.Should().NotBeNullOrEmpty();
        Directory.GetDirectories(site.Backups).Should().Equal(made.Folder);
        using var command = BackupProcess.Start(site.Settings, "backup", site.Backups);
        var output = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        command.ExitCode.Should().Be(0);
        output.Should().Contain($"WARNING: that it was made cannot be written into {site.Data}").And.Contain("callcrm backup: OK ");
    }

    [PostgresFact]
    public async Task Without_room_it_says_what_it_needs_and_leaves_nothing()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var backup = () => site.BackUpAsync(free: _ => 1_000_000);
        var refusal = (await backup.Should().ThrowAsync<BackupException>()).Which;
        refusal.Code.Should().Be(BackupException.NoRoom);
        refusal.Message.Should().MatchRegex(@"needs about \d{8,} bytes \(database \d+, new recordings 30003, new files 0\), 1000000 bytes are available");
        Directory.GetDirectories(site.Backups).Should().BeEmpty();
        LastBackup.Read(site.Data).Should().BeNull();
    }

    [PostgresFact]
    public async Task Killed_in_the_middle_it_leaves_no_backup_and_the_next_run_clears_up()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var good = await site.BackUpAsync();
        await using var blocker = new NpgsqlConnection(site.ConnectionString);
        await blocker.OpenAsync();
        await using (var transaction = await blocker.BeginTransactionAsync())
        {
            // The backup comes to this table and waits there.
            await using (var command = new NpgsqlCommand("lock table client in access exclusive mode", blocker)) await command.ExecuteNonQueryAsync();
            using var process = BackupProcess.Start(site.Settings, "backup", site.Backups);
            await UntilAsync(() => Task.FromResult(Directory.GetDirectories(site.Backups, "*.partial").Length == 1));

            // Meanwhile a second one, and a restore, are refused.
            (await CommandAsync(site, "backup", site.Backups)).Code.Should().Be(BackupException.Busy);
            var (code, _, errors) = await CommandAsync(site, "backup", Path.Combine(site.Backups, "elsewhere"));
            code.Should().Be(BackupException.Busy);
            errors.Should().Contain("is running");
            (await CommandAsync(site, "restore", good.Folder, "--replace", "--yes")).Code.Should().Be(BackupException.Busy);

            process.Kill();
            await process.WaitForExitAsync();
        }

        Directory.GetDirectories(site.Backups, "*.partial").Should().HaveCount(1, "it was killed in the middle");
        BackupRun.Whole(site.Backups).Should().Equal(good.Folder);
        LastBackup.Read(site.Data)!.Folder.Should().Be(good.Folder);

        var again = await site.BackUpAsync();
        Directory.GetDirectories(site.Backups).Where(d => d.StartsWith(site.Backups + "/callcrm-", StringComparison.Ordinal)).Should().BeEquivalentTo(good.Folder, again.Folder);
        await RestoreRun.CheckAsync(again.Folder, default);
    }

    [PostgresFact]
    public async Task Told_to_stop_it_takes_away_what_it_had_begun()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var blocker = new NpgsqlConnection(site.ConnectionString);
        await blocker.OpenAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("lock table client in access exclusive mode", blocker)) await command.ExecuteNonQueryAsync();
        using var process = BackupProcess.Start(site.Settings, "backup", site.Backups);
        await UntilAsync(() => Task.FromResult(Directory.Exists(site.Backups) && Directory.GetDirectories(site.Backups, "*.partial").Length == 1));

        await TestKit.Host.Signal.SendAsync(process.Id, "TERM");
        await process.WaitForExitAsync();

        process.ExitCode.Should().Be(1);
        Directory.GetDirectories(site.Backups).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task The_private_cluster_is_saved_while_the_host_runs_and_while_it_does_not()
    {
        await using var filled = await TestSite.FilledAsync(postgres);
        await using var site = TestSite.Empty();
        await site.RestoreAsync((await filled.BackUpAsync()).Folder);

        (await site.BackUpAsync()).Manifest.Rows["client"].Should().Be(200, "it was started for this");
        await using (var running = await EmbeddedPostgres.StartAsync(site.Site.Database.Cluster!, TimeProvider.System, NullLogger.Instance, default, durable: false))
        {
            var made = await site.BackUpAsync();
            made.Manifest.Rows["client"].Should().Be(200);
            made.New.Should().Be(0, "the restored store is the same as the one that was saved");
            running.IsRunning().Should().BeTrue();
            var restore = () => site.RestoreAsync(made.Folder, replace: true);
            (await restore.Should().ThrowAsync<BackupException>()).Which.Should().Match<BackupException>(e => e.Code == BackupException.Busy && e.Message.Contains("end it first"));
        }
    }

    [PostgresTheory]
    [InlineData(BackupException.Usage, "--keep")]
    [InlineData(BackupException.Usage, "BACKUPS", "--keep", "0")]
    [InlineData(BackupException.Usage, "BACKUPS", "more")]
    [InlineData(BackupException.Usage, "DATA/backups")]
    [InlineData(BackupException.Failed, "/proc/backups")]
    public async Task What_cannot_be_done_has_its_exit_code(int code, params string[] args)
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var (found, output, errors) = await CommandAsync(site, ["backup", .. args.Select(a => a.Replace("DATA", site.Data).Replace("BACKUPS", site.Backups))]);
        found.Should().Be(code, errors);
        output.Should().BeEmpty();
        errors.Should().StartWith("callcrm backup: FAILED: ").And.NotContain("   at ");
        Directory.Exists(Path.Combine(site.Data, "backups")).Should().BeFalse();
    }

    [PostgresFact]
    public async Task A_machine_that_was_never_started_has_nothing_to_save()
    {
        await using var site = TestSite.Empty();
        var (code, _, errors) = await CommandAsync(site, "backup", site.Backups);
        code.Should().Be(BackupException.NoInput);
        errors.Should().Contain("has not been started");
        Directory.GetDirectories(site.Backups).Should().BeEmpty();
    }

    [Fact]
    public void The_address_of_the_database_goes_to_the_programs_by_the_environment()
    {
        var variables = PostgresTools.Variables("Host=db;Port=5433;Username=u;Password=p w;Database=d;SSL Mode=VerifyFull;Root Certificate=/ca.pem");
        variables.Should().Contain(new Dictionary<string, string> { ["PGHOST"] = "db", ["PGPORT"] = "5433", ["PGUSER"] = "u", ["PGPASSWORD"] = "p w", ["PGDATABASE"] = "d", ["PGSSLMODE"] = "verify-full", ["PGSSLROOTCERT"] = "/ca.pem" });
    }

    internal static async Task<(int Code, string Output, string Errors)> CommandAsync(TestSite site, params string[] args)
    {
        NpgsqlConnection.ClearAllPools();
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await BackupCommand.RunAsync(args, site.Configuration, TimeProvider.System, TextReader.Null, output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    static async Task<long> WriteCallsAsync(TestSite site, CancellationToken enough)
    {
        await using var router = RouterDatabase.Create(site.ConnectionString);
        await using var writer = await JournalWriter.OpenAsync(router, "main", new JournalOptions { SpillFolder = Path.Combine(site.Data, "spill"), CommitWithin = TimeSpan.FromSeconds(20) },
            TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var script = new CallScript();
        while (!enough.IsCancellationRequested)
        {
            var from = script.Entries.Count;
            script.WholeCall(Guid.CreateVersion7(), Guid.Empty, Guid.Empty, Guid.Empty);
            foreach (var batch in script.Entries.Skip(from).Chunk(5)) await writer.AppendAsync(batch, CancellationToken.None);
        }

        return script.Entries.Count;
    }

    static async Task RecordCallsAsync(TestSite site, CancellationToken enough)
    {
        for (var n = 100; !enough.IsCancellationRequested; n++)
        {
            await site.RecordAsync(n);
            await Task.Delay(5, CancellationToken.None);
        }
    }

    static async Task<string> HashAsync(NpgsqlConnection connection, string table) =>
        await SiteDatabase.ScalarAsync<string>(connection, $"select md5(string_agg(t::text, '|' order by t::text)) from public.{table} t", default);

    static async Task<string> LinksAsync(string file) => (await ProgramResult.RunAsync("stat", ["-c", "%h", file], null, default)).OrThrow("stat").Output;

    internal static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            TimeProvider.System.GetElapsedTime(began).TotalSeconds.Should().BeLessThan(30);
            await Task.Delay(20);
        }
    }
}
