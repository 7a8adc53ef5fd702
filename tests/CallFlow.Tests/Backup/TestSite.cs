using System.Runtime.Versioning;
using CallCrm.CallFlow.Backup;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace CallCrm.CallFlow.Tests.Backup;

/// <summary>A site as a host leaves it: database, recordings, configuration, scripts and key in folders of its own.</summary>
[SupportedOSPlatform("linux")]
sealed class TestSite : IAsyncDisposable
{
    readonly string root = Directory.CreateTempSubdirectory("callcrm-site-").FullName;

    TestSite()
    {
        // CreateTempSubdirectory closes it to the database's user.
        File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        Settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["CallCrm:DataFolder"] = Path.Combine(root, "data"),
            ["CallCrm:ConfigFile"] = Path.Combine(root, "callcrm.json"),
            ["Scripts:Folder"] = Path.Combine(root, "scripts"),
        };
        Directory.CreateDirectory(Data);
        File.WriteAllText(Settings["CallCrm:ConfigFile"]!, "{}");
    }

    public Dictionary<string, string?> Settings { get; }

    public string Data => Path.Combine(root, "data");

    public string Backups => Path.Combine(root, "backups");

    public string Recordings => Path.Combine(Data, "recordings");

    public string Key => Path.Combine(Data, "keys", "master.key");

    public string ConfigFile => Settings["CallCrm:ConfigFile"]!;

    public string ScriptsFolder => Settings["Scripts:Folder"]!;

    public IConfiguration Configuration => new ConfigurationBuilder().AddInMemoryCollection(Settings).Build();

    public BackupSite Site => BackupSite.From(Configuration);

    public string ConnectionString => Site.Database.ConnectionString;

    /// <summary>No data, no database: what a new machine is before the first start.</summary>
    public static TestSite Empty() => new();

    /// <summary>On a database of its own server, with what a company has.</summary>
    public static async Task<TestSite> FilledAsync(PostgresFixture postgres, int recordings = 3)
    {
        var site = new TestSite();
        site.Settings["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(site.Key)!);
        File.WriteAllText(site.Key, Convert.ToBase64String(new byte[32]));
        File.WriteAllText(site.ConfigFile, """{ "Pbx": [{ "Node": "milan-1", "Host": "10.0.0.5" }] }""");
        Directory.CreateDirectory(site.ScriptsFolder);
        File.WriteAllText(Path.Combine(site.ScriptsFolder, "new-caller.yaml"), "id: new-caller");
        Directory.CreateDirectory(Path.Combine(site.Data, "script-versions"));
        File.WriteAllText(Path.Combine(site.Data, "script-versions", "v1.yaml"), "id: old");
        await site.ExecuteAsync("""
            insert into domain (name) values ('main');
            insert into settings_version (domain) values ('main');
            insert into client (id, name, note, created_at, updated_at) select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Client ' || n, E'tab\there, "quotes", привет', now(), now() from generate_series(1, 200) n;
            """);
        for (var n = 0; n < recordings; n++) await site.RecordAsync(n);
        return site;
    }

    public static string PathOf(int n) => RecordingFiles.PathOf(Id(n), new DateTimeOffset(2026, 11, 1 + n % 20, 9, 0, 0, TimeSpan.Zero));

    public static Guid Id(int n) => new($"00000000-0000-7000-8000-{n:x12}");

    public static byte[] Sound(int n)
    {
        var sound = new byte[10_000 + n];
        new Random(n).NextBytes(sound);
        return sound;
    }

    /// <summary>As the recorder does: the file first, then the row.</summary>
    public async Task RecordAsync(int n)
    {
        var file = new RecordingFiles(Recordings).FullPath(PathOf(n));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file + ".tmp", Sound(n));
        File.Move(file + ".tmp", file);
        await ExecuteAsync("insert into recording (id, node, pbx_unique_id, status, path, created_at) values (@id, 'n1', @unique, 'ready', @path, now())",
            new { id = Id(n), unique = $"u{n}", path = PathOf(n) });
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.ExecuteAsync(sql, parameters);
    }

    public async Task<T?> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        return await connection.ExecuteScalarAsync<T>(sql);
    }

    public Task<BackupResult> BackUpAsync(int? keep = null, Func<string, long>? free = null, TimeProvider? time = null) =>
        new BackupRun(Site, time ?? TimeProvider.System, free).RunAsync(Backups, keep, CancellationToken.None);

    public async Task<RestoreResult> RestoreAsync(string backup, bool replace = false, bool answer = true, bool configuration = true, Func<string, long>? free = null)
    {
        // Of the pools of the test, which would count as a running host.
        NpgsqlConnection.ClearAllPools();
        return await new RestoreRun(Site, TimeProvider.System, _ => answer, free).RunAsync(new RestoreWish(backup, replace, configuration), CancellationToken.None);
    }

    /// <summary>The private cluster, for as long as the test looks at it.</summary>
    public Task<SiteDatabase> OpenAsync() => SiteDatabase.OpenAsync(Site.Database, TimeProvider.System, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(root, recursive: true);
        await ValueTask.CompletedTask;
    }
}
