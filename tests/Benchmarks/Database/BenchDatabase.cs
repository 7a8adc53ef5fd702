using System.Diagnostics;
using CallCrm.CallFlow;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.Benchmarks.Database;

/// <summary>A durable cluster of its own with a million clients, two million conversations and a thousand agents; removed at the end.</summary>
sealed class BenchDatabase : IAsyncDisposable
{
    public const int Clients = 1_000_000;
    public const int Agents = 1_000;
    readonly EmbeddedPostgres _server;
    readonly string _root;

    BenchDatabase(EmbeddedPostgres server, string root)
    {
        (_server, _root) = (server, root);
        Router = RouterDatabase.Create(server.Folders.ConnectionString("callcrm"), 12);
        Pages = NpgsqlDataSource.Create(server.Folders.ConnectionString("callcrm"));
    }

    public RouterDatabase Router { get; }

    public NpgsqlDataSource Pages { get; }

    public string SpillFolder => Path.Combine(_root, "spill");

    /// <param name="clients">False: the tables stay empty.</param>
    /// <param name="history">Clients with names as people have them, 300,000 deals and 5,000,000 calls as well.</param>
    public static async Task<BenchDatabase> StartAsync(bool clients, bool history = false)
    {
        var root = Directory.CreateDirectory($"/var/tmp/callcrm-bench-{Environment.ProcessId}-{Guid.NewGuid():N}").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        var folders = ClusterFolders.For(Path.Combine(root, "postgres"));
        var server = await EmbeddedPostgres.StartAsync(folders, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        await Migrator.MigrateAsync(folders.ConnectionString("callcrm"), TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var database = new BenchDatabase(server, root);
        if (clients)
            await database.FillAsync(history);
        return database;
    }

    public static Guid Client(int n) => new($"00000000-0000-7000-9000-{n:x12}");

    public static Guid Agent(int n) => new($"00000000-0000-7000-8000-{n:x12}");

    /// <summary>The number of client <paramref name="n"/>, 1 to a million.</summary>
    public static string Number(int n) => $"+39333{n:D7}";

    /// <summary>Names are 24 first and 24 family names, so that fragments of them find a few and many thousands.</summary>
    static readonly string[] History =
    [
        """
        update client c set
          name = (array['Mario','Giulia','Anna','Luca','Paolo','Olga','Ivan','Emma','Oliver','Chiara','Piera','Denis','Vera','Thomas','Priya','Elisa','Matteo','Sara','Marco','Nina','Igor','Laura','Carlo','Zoe'])[1 + n % 24]
            || ' ' || (array['Rossi','Bianchi','Ferrari','Russo','Ivanova','Smirnov','Smith','Hughes','Grant','Nair','Brunetti','Fontana','Marchetti','Ruggeri','Orlova','Lebedev','Conti','Riva','Esposito','Gallo','Costa','Greco','Volkov','O’Neill'])[1 + (n / 24) % 24],
          email = case when n % 2 = 0 then 'client' || n || '@mail.example' else '' end,
          city = (array['Milano','Roma','Torino','Leeds','Bristol','Kazan','Tver','Bari'])[1 + n % 8]
        from (select id, row_number() over (order by id)::int as n from client) o where o.id = c.id
        """,
        "insert into deal_type (code, name) values ('order', 'Order')",
        "insert into stage (deal_type, code, name, position) values ('order', 'open', 'Open', 1)",
        "insert into deal (id, client_id, deal_type, stage, title, stage_since, closed_at, created_at) select gen_random_uuid(), ('00000000-0000-7000-9000-' || lpad(to_hex(n * 3), 12, '0'))::uuid, 'order', 'open', 'Roof ' || n, now(), case when n % 2 = 0 then now() end, now() from generate_series(1, 300000) n",
        """
        insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, dialled_raw, client_id, agent_id, started_at, ended_at, outcome, talk_ms, last_seq)
        select gen_random_uuid(), 'main', 'pbx', 'Inbound', 'Ended', true, '', 'E164', '+39333' || lpad((n % 1000000 + 1)::text, 7, '0'), '', ('00000000-0000-7000-9000-' || lpad(to_hex(n % 1000000 + 1), 12, '0'))::uuid,
          ('00000000-0000-7000-8000-' || lpad(to_hex(n % 997 + 1), 12, '0'))::uuid, now() - make_interval(secs => n * 6), now() - make_interval(secs => n * 6 - 3), 'Answered', 60000, n
        from generate_series(1, 5000000) n
        """,
    ];

    public async ValueTask DisposeAsync()
    {
        await Router.DisposeAsync();
        await Pages.DisposeAsync();
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    async Task FillAsync(bool history)
    {
        var clock = Stopwatch.StartNew();
        string[] steps =
        [
            "insert into domain (name) values ('main')",
            "insert into queue (id, domain, name) values ('00000000-0000-7000-8000-0000000f4241', 'main', 'Sales')",
            $"insert into app_user (id, login, name, role, domain, security_stamp, created_at) select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'agent' || n, 'Agent ' || n, 'agent', 'main', gen_random_uuid(), now() from generate_series(1, {Agents}) n",
            "drop index client_search_trgm, client_name_alike, client_name_lower",
            $"insert into client (id, name, company, source, responsible_id, created_at, updated_at, phone_words) select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Client ' || n, case when n % 3 = 0 then 'Company ' || n / 10 else '' end, 'website', case when n % 3 < 2 then ('00000000-0000-7000-8000-' || lpad(to_hex(n % {Agents} + 1), 12, '0'))::uuid end, now() - make_interval(mins => n), now(), '+39333' || lpad(n::text, 7, '0') from generate_series(1, {Clients}) n",
            // What they keep is written at once below.
            "alter table client_phone disable trigger user",
            $"insert into client_phone (client_id, e164, raw, is_main, added_at) select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, '+39333' || lpad(n::text, 7, '0'), '', true, now() from generate_series(1, {Clients}) n",
            $"insert into client_phone (client_id, e164, raw, added_at) select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, '+39333' || lpad((n + 1)::text, 7, '0'), '', now() from generate_series(1, {Clients} - 1, 33) n",
            "update client set phone_words = client_phone_words(id) where id in (select client_id from client_phone where not is_main)",
            "alter table client_phone enable trigger user",
            $"insert into client_contact (client_id, call_id, agent_id, at, talk_ms) select ('00000000-0000-7000-9000-' || lpad(to_hex(n % {Clients} + 1), 12, '0'))::uuid, gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(n % 997 + 1), 12, '0'))::uuid, now() - make_interval(mins => n / 20), 5000 + n % 300000 from generate_series(1, 2 * {Clients}) n",
            .. history ? History : [],
            "create index client_search_trgm on client using gin (search gin_trgm_ops)",
            "create index client_name_alike on client using gin (name gin_trgm_ops)",
            "create index client_name_lower on client (lower(name)) where name <> ''",
            // Else autovacuum would read the new tables through in the middle of the measurement.
            "vacuum analyze",
            "checkpoint",
        ];
        foreach (var step in steps)
        {
            await using var admin = new NpgsqlConnection(_server.Folders.ConnectionString("callcrm", step == "checkpoint" ? "postgres" : "callcrm") + ";Pooling=false;Command Timeout=900");
            await admin.OpenAsync();
            await using var command = new NpgsqlCommand(step, admin);
            await command.ExecuteNonQueryAsync();
        }

        await Console.Error.WriteLineAsync($"  {Clients:N0} clients in {clock.Elapsed.TotalSeconds:F0} s");
    }
}
