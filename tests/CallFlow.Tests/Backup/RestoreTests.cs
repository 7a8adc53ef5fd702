using System.Runtime.Versioning;
using CallCrm.CallFlow.Backup;
using CallCrm.TestKit;
using DbUp;
using Npgsql;

namespace CallCrm.CallFlow.Tests.Backup;

/// <summary>Bringing backups back: nothing is touched before all of it was checked, nothing that was there is lost.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "Slow")]
public sealed class RestoreTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresTheory]
    [InlineData("database.dump", "database.dump is not what was written")]
    [InlineData("RECORDING", "recordings/2026/11/02/00000000000070008000000000000001.opus is not what was written")]
    [InlineData("recordings.list", "recordings.list is not what was written")]
    [InlineData("manifest.json", "manifest.json is not what was written")]
    [InlineData("manifest.sha256", "manifest.json is not what was written")]
    [InlineData("keys/master.key", "keys/master.key is not what was written")]
    [InlineData("config/callcrm.json", "config/callcrm.json is not what was written")]
    public async Task One_damaged_byte_is_named_and_nothing_is_touched(string file, string message)
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        var made = await site.BackUpAsync();
        var path = Path.Combine(made.Folder, file == "RECORDING" ? "recordings/" + TestSite.PathOf(1) : file);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        var (code, _, errors) = await BackupTests.CommandAsync(target, "restore", made.Folder);

        code.Should().Be(BackupException.Damaged, errors);
        errors.Should().Contain(message);
        Directory.GetFileSystemEntries(target.Data).Should().BeEmpty();
        File.ReadAllText(target.ConfigFile).Should().Be("{}");
        (await BackupTests.CommandAsync(target, "restore", made.Folder, "--check")).Code.Should().Be(BackupException.Damaged);
    }

    [PostgresTheory]
    [InlineData("database.dump")]
    [InlineData("RECORDING")]
    [InlineData("manifest.sha256")]
    public async Task A_missing_file_is_named(string file)
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var made = await site.BackUpAsync();
        var path = file == "RECORDING" ? "recordings/" + TestSite.PathOf(1) : file;
        File.Delete(Path.Combine(made.Folder, path));
        var check = () => RestoreRun.CheckAsync(site.Backups, default);
        (await check.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain($"{path} is missing");
    }

    [PostgresFact]
    public async Task The_check_alone_says_that_a_good_one_is_whole()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var made = await site.BackUpAsync();
        var (code, output, _) = await BackupTests.CommandAsync(site, "restore", site.Backups, "--check");
        code.Should().Be(0);
        output.Should().Contain($"{made.Folder} is whole").And.Contain("3 recordings");
    }

    [PostgresFact]
    public async Task Files_of_clients_are_in_the_backup_once_and_come_back()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        byte[] content = "an offer"u8.ToArray();
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        var path = site.Site.Files.PathOf(hash);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, content);
        Directory.CreateDirectory(site.Site.Files.IncomingFolder);
        await File.WriteAllTextAsync(Path.Combine(site.Site.Files.IncomingFolder, "half.part"), "half");

        await site.BackUpAsync();
        var made = await site.BackUpAsync();
        made.Manifest.Files.Where(f => f.Path.StartsWith("files/", StringComparison.Ordinal)).Should().Equal(new BackupFile($"files/{hash[..2]}/{hash}", content.Length, hash));
        var twice = BackupRun.Whole(site.Backups).Select(b => Path.Combine(b, "files", hash[..2], hash)).ToArray();
        twice.Should().HaveCount(2);
        // One file on the disk under both names.
        await File.WriteAllTextAsync(twice[0], "AN OFFER");
        (await File.ReadAllTextAsync(twice[1])).Should().Be("AN OFFER");
        await File.WriteAllBytesAsync(twice[0], content);

        await target.RestoreAsync(made.Folder);
        (await File.ReadAllBytesAsync(target.Site.Files.PathOf(hash))).Should().Equal(content);
        Directory.GetFiles(target.Site.Files.Folder, "*", SearchOption.AllDirectories).Should().ContainSingle();
    }

    [PostgresFact]
    public async Task A_backup_of_a_newer_program_is_refused_and_says_so()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        var made = await site.BackUpAsync();
        Rewrite(made.Folder, made.Manifest with { Program = "9.9.9", Migrations = [.. made.Manifest.Migrations, "CallCrm.CallFlow.Migrations.2099-01-01_01_Future.sql"] });
        var (code, _, errors) = await BackupTests.CommandAsync(target, "restore", made.Folder);
        code.Should().Be(BackupException.Failed);
        errors.Should().Contain("newer CallCrm (version 9.9.9").And.Contain("2099-01-01_01_Future").And.Contain("update the program first");

        Rewrite(made.Folder, made.Manifest with { Format = 2 });
        (await BackupTests.CommandAsync(target, "restore", made.Folder)).Errors.Should().Contain("newer CallCrm (format 2");
        Directory.GetFileSystemEntries(target.Data).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_backup_of_an_older_program_is_migrated_afterwards()
    {
        await using var site = await TestSite.FilledAsync(postgres, recordings: 1);
        await using var target = TestSite.Empty();
        site.Settings["ConnectionStrings:CallCrm"] = await EmptyDatabaseAsync();
        var last = Migrator.Scripts()[^1];
        DeployChanges.To.PostgresqlDatabase(site.ConnectionString).WithScriptsEmbeddedInAssembly(typeof(Migrator).Assembly, n => n.Contains(".Migrations.", StringComparison.Ordinal) && n != last)
            .WithVariablesDisabled().WithTransactionPerScript().JournalToPostgresqlTable("public", "schema_version").LogToNowhere().Build().PerformUpgrade().Successful.Should().BeTrue();
        await site.ExecuteAsync("insert into domain (name) values ('main')");
        var made = await site.BackUpAsync();

        var result = await target.RestoreAsync(made.Folder);

        result.Newer.Should().Equal(last);
        await using var database = await target.OpenAsync();
        await using var connection = await database.ConnectAsync(default);
        (await SiteDatabase.ListAsync(connection, "select scriptname::text from schema_version order by 1", default)).Should().Equal(Migrator.Scripts());
        (await SiteDatabase.ListAsync(connection, "select name from domain", default)).Should().Equal("main");
    }

    [PostgresFact]
    public async Task A_site_with_data_is_replaced_only_when_asked_and_what_was_there_is_put_aside()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        var made = await site.BackUpAsync();
        await target.RestoreAsync(made.Folder);
        await using (var database = await target.OpenAsync()) await target.ExecuteAsync("insert into domain (name) values ('former')");
        File.WriteAllText(Path.Combine(target.Recordings, "2026", "former.opus"), "former");
        File.WriteAllText(target.Key, "former");
        File.WriteAllText(target.ConfigFile, """{ "Site": {} }""");
        Directory.CreateDirectory(Path.Combine(target.Data, "spill"));
        File.WriteAllText(Path.Combine(target.Data, "spill", "main.spill"), "former");

        (await BackupTests.CommandAsync(target, "restore", made.Folder)).Errors.Should().Contain("This site is not empty").And.Contain("a database in").And.Contain("recordings in").And.Contain("--replace");
        (await BackupTests.CommandAsync(target, "restore", made.Folder, "--replace")).Errors.Should().Contain("Nothing was changed");
        await using (var database = await target.OpenAsync()) (await target.ScalarAsync<long>("select count(*) from domain")).Should().Be(2);

        var result = await target.RestoreAsync(made.Folder, replace: true);

        await using (var database = await target.OpenAsync()) (await target.ScalarAsync<string>("select string_agg(name, ',') from domain")).Should().Be("main");
        Directory.GetFiles(target.Recordings, "*.opus", SearchOption.AllDirectories).Where(f => !f.Contains("/.replaced-")).Should().HaveCount(3);
        File.ReadAllText(target.Key).Should().Be(File.ReadAllText(site.Key));
        Directory.Exists(Path.Combine(target.Data, "spill")).Should().BeFalse("its entries follow another journal");
        result.Aside.Should().HaveCount(4);
        result.Aside.Should().ContainSingle(a => Directory.Exists(Path.Combine(a, "base")), "the former cluster is whole");
        var kept = result.Aside.SelectMany(a => Directory.EnumerateFiles(a, "*", SearchOption.AllDirectories)).ToList();
        kept.Should().Contain(f => f.EndsWith("former.opus")).And.Contain(f => f.EndsWith("main.spill")).And.Contain(f => f.EndsWith("master.key")).And.Contain(f => f.EndsWith("callcrm.json"));
        Directory.GetFileSystemEntries(target.Data).Select(Path.GetFileName).Should().NotContain(n => n!.Contains(".restoring"));
    }

    [PostgresFact]
    public async Task Without_configuration_the_machine_keeps_its_own_and_gets_the_key()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        var made = await site.BackUpAsync();
        await target.RestoreAsync(made.Folder, configuration: false);
        File.ReadAllText(target.ConfigFile).Should().Be("{}");
        Directory.Exists(target.ScriptsFolder).Should().BeFalse();
        File.ReadAllText(target.Key).Should().Be(File.ReadAllText(site.Key));
        File.Exists(Path.Combine(target.Data, "script-versions", "v1.yaml")).Should().BeTrue("they belong to the calls");
    }

    [PostgresFact]
    public async Task On_a_server_of_its_own_the_database_is_replaced_in_one_transaction()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        target.Settings["ConnectionStrings:CallCrm"] = await EmptyDatabaseAsync();
        var made = await site.BackUpAsync();
        await target.RestoreAsync(made.Folder);
        (await target.ScalarAsync<long>("select count(*) from client")).Should().Be(200);
        (await target.ScalarAsync<long>("select nextval('client_number_seq')")).Should().Be(201, "sequences go on");
        await target.ExecuteAsync("insert into domain (name) values ('former'); create table later (n int)");

        // A dump that breaks off: the hash is right, so only the restore itself can find it.
        var bad = made.Folder + "-bad";
        await ProgramResult.RunAsync("cp", ["-r", made.Folder, bad], null, default);
        var dump = await File.ReadAllBytesAsync(Path.Combine(bad, "database.dump"));
        await File.WriteAllBytesAsync(Path.Combine(bad, "database.dump"), dump[..(dump.Length * 3 / 4)]);
        Rewrite(bad, made.Manifest with { Files = [await BackupFiles.HashAsync(Path.Combine(bad, "database.dump"), "database.dump", default), .. made.Manifest.Files.Skip(1)] });
        var restore = () => target.RestoreAsync(bad, replace: true);
        (await restore.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("could not be restored");
        (await target.ScalarAsync<long>("select count(*) from domain")).Should().Be(2, "all of it or nothing");

        await target.RestoreAsync(made.Folder, replace: true);
        (await target.ScalarAsync<long>("select count(*) from domain")).Should().Be(1);
        (await target.ScalarAsync<string>("select to_regclass('later')::text")).Should().BeNull();
    }

    [PostgresFact]
    public async Task A_host_that_uses_the_database_keeps_the_restore_away()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        var made = await site.BackUpAsync();
        await using var router = RouterDatabase.Create(site.ConnectionString);
        await using var connection = await router.Source.OpenConnectionAsync();
        var restore = () => new RestoreRun(site.Site, TimeProvider.System, _ => true).RunAsync(new RestoreWish(made.Folder, true, true), default);
        (await restore.Should().ThrowAsync<BackupException>()).Which.Should().Match<BackupException>(e => e.Code == BackupException.Busy && e.Message.Contains("end it first"));
    }

    [PostgresFact]
    public async Task Without_room_nothing_is_changed()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        var made = await site.BackUpAsync();
        var restore = () => target.RestoreAsync(made.Folder, free: _ => 1000);
        var refusal = (await restore.Should().ThrowAsync<BackupException>()).Which;
        refusal.Code.Should().Be(BackupException.NoRoom);
        refusal.Message.Should().MatchRegex(@"needs about \d+ bytes, 1000 bytes are available");
        Directory.GetDirectories(target.Data).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task It_says_what_to_do_next()
    {
        await using var site = await TestSite.FilledAsync(postgres);
        await using var target = TestSite.Empty();
        var made = await site.BackUpAsync();
        Rewrite(made.Folder, made.Manifest with { Environment = ["Pbx__0__Secret"] });
        var (code, output, errors) = await BackupTests.CommandAsync(target, "restore", site.Backups);
        code.Should().Be(0, errors);
        output.Should().Contain("are not set here: Pbx__0__Secret").And.Contain("milan-1 (10.0.0.5)").And.Contain("./callcrm up");
    }

    [PostgresTheory]
    [InlineData(BackupException.Usage)]
    [InlineData(BackupException.Usage, "BACKUPS", "--what")]
    [InlineData(BackupException.NoInput, "/nowhere")]
    [InlineData(BackupException.NoInput, "DATA")]
    public async Task What_cannot_be_done_has_its_exit_code(int code, params string[] args)
    {
        await using var site = TestSite.Empty();
        var (found, _, errors) = await BackupTests.CommandAsync(site, ["restore", .. args.Select(a => a.Replace("DATA", site.Data).Replace("BACKUPS", site.Backups))]);
        found.Should().Be(code, errors);
        errors.Should().StartWith("callcrm restore: FAILED: ");
    }

    /// <summary>A manifest that is right by its own hash.</summary>
    static void Rewrite(string folder, BackupManifest manifest)
    {
        File.Delete(Path.Combine(folder, "manifest.json"));
        File.Delete(Path.Combine(folder, "manifest.sha256"));
        manifest.Write(folder);
    }

    async Task<string> EmptyDatabaseAsync()
    {
        var migrated = new NpgsqlConnectionStringBuilder(await postgres.NewDatabaseAsync());
        var name = migrated.Database + "_empty";
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(migrated.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"create database {name}", connection);
        await create.ExecuteNonQueryAsync();
        migrated.Database = name;
        return migrated.ConnectionString;
    }
}
