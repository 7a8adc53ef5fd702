using System.Collections.Concurrent;
using CallCrm.CallFlow;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallRouter.Tests;

/// <summary>A router on real PostgreSQL with the demo PBX on real sockets; commands by the real road.</summary>
sealed class RouterBench : IAsyncDisposable
{
    public static readonly Guid Sales = Guid.Parse("00000000-0000-7000-8000-0000000000a1");
    public static readonly Guid Anna = Guid.Parse("00000000-0000-7000-8000-0000000000b1");
    public static readonly Guid Luca = Guid.Parse("00000000-0000-7000-8000-0000000000b2");

    public const string Dialled = "560001";

    public const string Node = "pbx1";

    readonly Func<string, WebApplication> _build;
    WebApplication _app;
    bool _stopped;
    readonly CancellationTokenSource _reading = new();
    readonly List<JournalEntry> _entries = [];
    readonly ServiceProvider _reader;

    RouterBench(Func<string, WebApplication> build, WebApplication app, DemoPbxServer pbx, NpgsqlDataSource database, string connection) =>
        (_build, _app, Pbx, Database, _reader) = (build, app, pbx, database, Reader(connection));

    /// <summary>Reads the journal for itself, so that it outlives a router.</summary>
    static ServiceProvider Reader(string connection)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:CallCrm", connection)]).Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddCallFlow(configuration);
        return services.BuildServiceProvider();
    }

    public IServiceProvider Services => _app.Services;

    public DemoPbxServer Pbx { get; }

    public NpgsqlDataSource Database { get; }

    public required string FlightFolder { get; init; }

    /// <summary>The lines that its routers logged.</summary>
    public required ConcurrentQueue<string> Said { get; init; }

    public RouterRoad Road => _app.Services.GetRequiredService<RouterRoad>();

    public static async Task<RouterBench> StartAsync(PostgresFixture postgres, Dictionary<string, string?>? settings = null, Action<DemoPbxOptions>? phones = null, bool inSight = true) =>
        await StartAsync(await postgres.NewDatabaseAsync(), settings, phones, inSight: inSight);

    /// <param name="connection">To a migrated, empty database.</param>
    /// <param name="split">The PBX's questions go to each router at once; null: to the first alone.</param>
    /// <param name="through">By which way to the same database a router of this name goes; null: the straight one.</param>
    public static async Task<RouterBench> StartAsync(string connection, Dictionary<string, string?>? settings = null, Action<DemoPbxOptions>? phones = null, AgiSplit? split = null,
        bool inSight = true, Func<string, string>? through = null, TimeProvider? time = null)
    {
        var (ami, agi) = (Ports.Free(), split?.Port ?? Ports.Free());
        var options = new DemoPbxOptions
        {
            Node = Node,
            AmiPort = ami,
            AgiAddress = $"agi://127.0.0.1:{agi}/route",
            // On a busy machine a router that answers "at once" may take a while; who tests the fallback sets its own.
            AgiTimeout = TimeSpan.FromSeconds(30),
            Users = [new DemoAmiUser { Name = "callcrm", Secret = "s3cret" }],
            Phones = [new DemoPhoneOptions { Name = "PJSIP/101" }, new DemoPhoneOptions { Name = "PJSIP/102" }],
        };
        phones?.Invoke(options);
        var flight = Directory.CreateTempSubdirectory("flight").FullName;
        var pbx = new DemoPbxServer(options);
        await pbx.StartAsync();
        var spill = Directory.CreateTempSubdirectory("spill").FullName;
        var said = new ConcurrentQueue<string>();
        WebApplication Make(string router) => Build(through?.Invoke(router) ?? connection, ami, split?.Add(router) ?? (router == "first" ? agi : Ports.Free()), new KeptLog(router, said), Path.Combine(spill, router), Path.Combine(flight, router), settings, time);
        var app = Make("first");
        var database = NpgsqlDataSource.Create(connection);
        await SeedAsync(database);
        await app.StartAsync();
        var bench = new RouterBench(Make, app, pbx, database, connection) { FlightFolder = Path.Combine(flight, "first"), Said = said };
        _ = bench.ReadJournalAsync();
        if (inSight)
            await bench.UntilAsync(e => e is PbxChanged { Connected: true });
        return bench;
    }

    static WebApplication Build(string connection, int ami, int agi, KeptLog log, string spill, string flight, Dictionary<string, string?>? settings, TimeProvider? time)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(log);
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:CallCrm"] = connection,
            ["Router:AgiPort"] = agi.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Router:InternalKey"] = "a-key-for-tests-only",
            ["Router:SpillFolder"] = spill,
            ["Router:FlightFolder"] = flight,
            ["Pbx:0:Node"] = Node,
            ["Pbx:0:AmiPort"] = ami.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Pbx:0:User"] = "callcrm",
            ["Pbx:0:Secret"] = "s3cret",
            ["Pbx:0:TrunkEndpoints:0"] = "PJSIP/trunk",
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.Services.AddHttpClient(RouterRoad.HttpClientName);
        builder.Services.Configure<RouterRoadOptions>(builder.Configuration.GetSection(RouterRoadOptions.Section));
        builder.Services.AddSingleton<RouterRoad>();
        builder.Services.AddCallFlow(builder.Configuration);
        builder.Services.AddCallRouter(builder.Configuration);
        var app = builder.Build();
        app.MapCallRouter();
        return app;
    }

    /// <summary>A further router of the same domain, at the same database and PBX; the caller ends it.</summary>
    public async Task<WebApplication> StartAnotherAsync(string name)
    {
        var app = _build(name);
        await app.StartAsync();
        return app;
    }

    public bool HoldsDomain => !_stopped && _app.Services.GetRequiredService<RouterSeat>().Current is not null;

    public async Task StopRouterAsync()
    {
        _stopped = true;
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public async Task StartRouterAsync()
    {
        _app = _build("first");
        _stopped = false;
        await _app.StartAsync();
    }

    static async Task SeedAsync(NpgsqlDataSource database)
    {
        await using var connection = await database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into domain (name) values ('main');
            insert into queue (id, domain, name, ring_s, wrap_up_s, max_wait_s) values (@Sales, 'main', 'Sales', 20, 30, 60);
            insert into dialled_number (number, domain, name, queue_id, source) values (@Dialled, 'main', 'Sales line', @Sales, 'hotline');
            """,
            new { Sales, Dialled });
        foreach (var (id, login, extension) in new[] { (Anna, "anna", "101"), (Luca, "luca", "102") })
        {
            await connection.ExecuteAsync(
                """
                insert into app_user (id, login, name, role, domain, security_stamp, needs_page, created_at) values (@id, @login, @login, 'agent', 'main', @id, false, now());
                insert into queue_agent (queue_id, user_id) values (@Sales, @id);
                insert into extension (node, number, domain) values (@Node, @extension, 'main');
                insert into device (node, name, extension, can_answer, can_hold) values (@Node, 'PJSIP/' || @extension, @extension, true, true);
                """,
                new { id, login, extension, Sales, Node });
        }

        await connection.ExecuteAsync("insert into settings_version (domain, version) values ('main', 1)");
    }

    /// <summary>Changes what the router reads as settings; done when it works with them.</summary>
    public async Task ChangeAsync(string sql, object? values = null)
    {
        await using var database = await Database.OpenConnectionAsync();
        await database.ExecuteAsync(sql, values);
        var version = await database.ExecuteScalarAsync<long>("update settings_version set version = version + 1 returning version");
        await database.ExecuteAsync("notify callcrm_settings");
        await Eventually.BeAsync(() => Said.Contains($"Settings version {version} in force"), TimeSpan.FromSeconds(20), $"settings version {version} in force");
    }

    public async Task SignInAsync(Guid agent, string extension, bool ready = true)
    {
        await DoAsync(agent, new RoadCommand("sign_in", Node: Node, Extension: extension));
        if (ready)
            await DoAsync(agent, new RoadCommand("ready"));
    }

    public async Task DoAsync(Guid agent, RoadCommand command)
    {
        var answer = await Road.CommandAsync(Guid.CreateVersion7(), agent, command, CancellationToken.None);
        answer.Accepted.Should().BeTrue($"{command.Kind} should be taken, not refused with {answer.Reason}");
    }

    async Task ReadJournalAsync()
    {
        try
        {
            await foreach (var batch in _reader.GetRequiredService<JournalReader>().ReadAsync("main", 0, _reading.Token))
            {
                lock (_entries)
                    _entries.AddRange(batch);
            }
        }
        catch (OperationCanceledException)
        {
            // The bench ends.
        }
    }

    public IReadOnlyList<JournalEntry> Entries
    {
        get
        {
            lock (_entries)
                return [.. _entries];
        }
    }

    public async Task<T> UntilAsync<T>(Func<T, bool>? fits = null, TimeSpan? within = null) where T : JournalEntry =>
        (T)await UntilAsync(e => e is T entry && (fits is null || fits(entry)), within);

    public async Task<JournalEntry> UntilAsync(Func<JournalEntry, bool> fits, TimeSpan? within = null)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < (within ?? TimeSpan.FromSeconds(20)))
        {
            if (Entries.FirstOrDefault(fits) is { } found)
                return found;
            await Task.Delay(20);
        }

        throw new TimeoutException("No such entry came. Journal:\n" + string.Join('\n', Entries.Select(e => e.ToString())) + "\nLog:\n" + KeptLog.Text());
    }

    /// <summary>Ends the router as a stop of the host does; the rest stays.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _reading.CancelAsync();
        if (!_stopped)
            await StopRouterAsync();
        await _reader.DisposeAsync();
        await Pbx.DisposeAsync();
        await Database.DisposeAsync();
    }
}
